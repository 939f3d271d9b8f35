package hub

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// aNumber is a day, and four figures, as a personal number is written in a text; aTime is
// four figures that read as a time of day; spelled is ten figures written one by one.
var (
	aNumber = regexp.MustCompile(`^([0-9]{2})([ .\-/]?)([0-9]{2})([ .\-/]?)((?:18|19|20)?[0-9]{2})([^\pL\pN]{0,3})([0-9]{2} ?[0-9]{2})`)
	aTime   = regexp.MustCompile(`^(?:[01][0-9]|2[0-3]) ?[0-5][0-9]$`)
	spelled = regexp.MustCompile(`(?:[0-9][ .\-/]{1,3}){9}[0-9]`)
)

// Numbered reports whether the text has in it what reads as a personal number (CPR), a
// substitute one among them (L30): ten figures that begin with a day (L29, P15), however they are
// set apart, and with the century too. That it is one nobody can tell. A day with points, dashes
// or strokes in it and a time after it is none.
func (p Personal) Numbered() bool {
	if p.text == nil {
		return false
	}
	text := strings.Map(plainly, *p.text)
	return numbered(text) || numbered(spelled.ReplaceAllStringFunc(text, func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, s)
	}))
}

// plainly is a sign as a keyboard has it: figures of any script, spaces and dashes of any width,
// and nothing of what is not seen.
func plainly(r rune) rune {
	switch {
	case unicode.Is(unicode.Nd, r):
		zero := r
		for unicode.Is(unicode.Nd, zero-1) {
			zero--
		}
		return '0' + (r-zero)%10 // each script has its ten in a row
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r):
		return -1
	case unicode.Is(unicode.Pd, r), r == '\u2212', r == '_':
		return '-'
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

func numbered(text string) bool {
	digit := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9' }
	for i := range text {
		if !digit(i) || digit(i-1) {
			continue
		}
		m := aNumber.FindStringSubmatch(text[i:])
		end := 0
		if m != nil {
			end = i + len(m[0])
		}
		if m == nil || digit(end) {
			continue
		}
		day, _ := strconv.Atoi(m[1]) // figures
		month, _ := strconv.Atoi(m[3])
		substitute := day > 60
		if substitute {
			day -= 60
		}
		if day == 0 || month == 0 || month > 12 || day > time.Date(2024, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day() { // 2024 has a 29 February
			continue
		}
		apart, last := m[2]+m[4], m[7]
		pairs, century := strings.Trim(apart, " ") == "" && len(apart) == 2, len(m[5]) == 4
		set := strings.TrimSpace(m[6])
		switch {
		case strings.Contains(last, " ") && (!pairs || i > 1 && digit(i-2) && text[i-1] == ' ' || digit(end+1) && text[end] == ' '):
			continue // two and two is how a telephone number goes on
		case substitute && !(century && m[6] == ""), apart == "" && !century, pairs && !century, set == "-", century && set == "/":
			return true
		case strings.ContainsAny(set, ",:;.") || aTime.MatchString(last), century && m[6] == "":
			continue
		}
		return true
	}
	return false
}
