package service

import (
	"context"
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
