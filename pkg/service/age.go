package service

// Ages is the youngest and the oldest of an age band; of one that is not known,
// of everybody.
func Ages(band string) [2]int {
	switch band {
	case "under_18":
		return [2]int{0, 17}
	case "18_25":
		return [2]int{18, 25}
	case "over_25":
		return [2]int{26, 120}
	}
	return [2]int{0, 120}
}

// Outgrown reports whether somebody of the band is past the age up to which
// something is for people, so that what was let out for it ends by itself (L27).
// An untilAge of 0 is no such age.
func Outgrown(untilAge int, band string) bool {
	return untilAge > 0 && Ages(band)[0] >= untilAge
}
