package referral

import (
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// Followed is a follow-up (opfølgning) of a case (domain.md 4.6): short, and
// never without the date of the next.
type Followed struct {
	Movements []Movement   `json:"movements"`           // of the dimensions that matter here
	Note      hub.Personal `json:"note"`                // at most 1,500 characters
	NewSigns  bool         `json:"new_signs,omitempty"` // something new was seen: it is a new concern, and not written here
	Done      []hub.ID     `json:"done,omitempty"`      // tasks: the gaps that closed, the dissents that were looked at again
	Next      string       `json:"next"`                // YYYY-MM-DD: the next follow-up; required
}

// Movement is how a dimension has moved since the last time.
type Movement struct {
	Dimension string `json:"dimension" of:"dimensions"`
	Movement  string `json:"movement"` // better, same, worse, unknown
}

// Movements lists what can be said of a dimension.
var Movements = []string{"better", "same", "worse", "unknown"}

// Check finds what is wrong with a follow-up, but for its date.
func (in Followed) Check(i structure.Instrument) (p hub.Problems) {
	if len(in.Movements) == 0 {
		p.Add("movements", "referral.error.movement_missing")
	}
	seen := map[string]bool{}
	for _, m := range in.Movements {
		known := slices.ContainsFunc(i.Dimensions, func(d structure.Dimension) bool { return d.Code == m.Dimension })
		if !known || seen[m.Dimension] {
			p.Add("movements", "referral.error.dimension")
			break
		}
		if !slices.Contains(Movements, m.Movement) {
			p.Add("movement."+m.Dimension, "error.choose")
		}
		seen[m.Dimension] = true
	}
	service.Text(&p, "note", in.Note, 1, maxFollowUp)
	return p
}

// next reads the day of the next follow-up: it must lie ahead, and no later than
// the latest that the structure file allows.
func next(p *hub.Problems, day string, now, latest time.Time) time.Time {
	before := len(*p)
	t := lastDay(p, "next", day, now)
	if len(*p) == before && t.AddDate(0, 0, -1).After(latest) {
		p.Add("next", "referral.error.next_late", latest.In(hub.Copenhagen).Format("02.01.2006"))
	}
	return t
}

// latest is the last day on which the next follow-up may be, after n of them:
// first within 30 days and then within 90, where the structure file says no less
// (S8).
func (x *room) latest(c *course, now time.Time) time.Time {
	limit, ok := x.Structure.Limit(string(FollowUp), c.Municipality, now)
	if c.FollowUps > 0 {
		limit, ok = x.Structure.LaterLimit(string(FollowUp), c.Municipality, now)
	}
	if !ok || limit.N == 0 {
		limit = structure.Limit{N: 30 * 24, Unit: structure.Hours}
	}
	return x.Structure.Due(now, limit)
}

// due is when a state should be left, by the structure file's limit: a case
// always has a next date.
func (x *room) due(s State, municipality hub.AuthorityID, now time.Time) time.Time {
	limit, ok := x.Structure.Limit(string(s), municipality, now)
	if !ok || limit.N == 0 {
		return now.AddDate(0, 0, 14)
	}
	return x.Structure.Due(now, limit)
}
