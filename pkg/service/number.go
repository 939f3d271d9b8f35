package service

import (
	"strconv"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// NumberPeriod is the period of the blind indexes of CPR numbers that are made at an
// instant: a year, so that their keys can be destroyed with it. The room that knows
// whom a thing is about and the room that knows who works here make them alike, or no
// employee would be known as whom a thing is about.
func NumberPeriod(now time.Time) string {
	return "cpr/" + strconv.Itoa(now.In(hub.Copenhagen).Year())
}
