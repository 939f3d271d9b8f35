package service

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/infohus/infohus/pkg/hub"
)

// NumberPeriod is the period of the blind indexes of CPR numbers that are made at an
// instant: a year, so that their keys can be destroyed with it. The room that knows
// whom a thing is about and the room that knows who works here make them alike, or no
// employee would be known as whom a thing is about.
func NumberPeriod(now time.Time) string {
	return "cpr/" + strconv.Itoa(now.In(hub.Copenhagen).Year())
}

// AddressForm is an address in the one form in which two are compared, for a blind index
// under the key of the numbers: as it is written, without case and without what joins
// its parts. What has not both a letter and a digit is no address, and is empty.
func AddressForm(p hub.Personal) hub.Personal {
	line := strings.ToLower(hub.CleanLine(p.Reveal(context.Background())))
	if !strings.ContainsFunc(line, unicode.IsLetter) || !strings.ContainsFunc(line, unicode.IsDigit) {
		return hub.Personal{}
	}
	parts := strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) })
	return hub.NewPersonal("address:" + strings.Join(parts, " "))
}

// Houses are the forms of an address's house, and of those beside it: street, number and
// postcode, without what tells two doors of a house apart. The first is its own; none where
// the line has no number after a street, or no postcode after that.
func Houses(p hub.Personal) (all []hub.Personal) {
	parts := strings.Fields(strings.TrimPrefix(AddressForm(p).Reveal(context.Background()), "address:"))
	at := slices.IndexFunc(parts, func(s string) bool { return s[0] >= '0' && s[0] <= '9' })
	if at < 1 {
		return nil
	}
	digits := strings.IndexFunc(parts[at]+" ", func(r rune) bool { return r < '0' || r > '9' })
	n, err := strconv.Atoi(parts[at][:digits])
	post := slices.IndexFunc(parts[at+1:], func(s string) bool { return len(s) == 4 && strings.Trim(s, "0123456789") == "" })
	if err != nil || post < 0 {
		return nil
	}
	for _, by := range []int{0, -2, -1, 1, 2} { // on the same side of the street, and across it
		if n+by > 0 {
			all = append(all, hub.NewPersonal("house:"+strings.Join(parts[:at], " ")+" "+strconv.Itoa(n+by)+" "+parts[at+1+post]))
		}
	}
	return all
}
