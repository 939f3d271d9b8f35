package referral

import (
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// Closure is one party's closing of a case (domain.md 4.7).
type Closure struct {
	Reason       string       `json:"reason" of:"closing_reasons"`          // a code of the structure file
	Level        string       `json:"level_at_close,omitempty" of:"levels"` // the level of concern now, of the instrument; set by who closes, never proposed
	OpenGaps     hub.Personal `json:"open_gaps,omitzero"`                   // what nobody came to know
	AfterCare    hub.Personal `json:"after_care,omitzero"`                  // who may be contacted, by role
	Informed     string       `json:"informed"`                             // has the person been told: yes, no, exempt
	InformGround string       `json:"inform_ground,omitempty"`              // of exempt: the number of databeskyttelsesloven § 22
	Why          hub.Personal `json:"why_not_informed,omitzero"`
}

// The code lists of a closing.
var (
	Informed = []string{"yes", "no", "exempt"}
	Grounds  = []string{"22-1", "22-2-1", "22-2-2", "22-2-3", "22-2-4", "22-2-5", "22-2-6", "22-2-7", "22-2-8", "22-2-9", "22-2-10"}
)

// inError is the reason for a case that should never have been one: everything
// is withdrawn, and every recipient is told (L24b).
const inError = "error"

// alone is the reason for a case that the municipality took back: it is not said to
// be an error, and is kept as one that goes on with one authority.
const alone = "handled_by_one_authority"

// Check finds what is wrong with a closing.
func (in Closure) Check(s *structure.Structure) (p hub.Problems) {
	if _, ok := s.ClosingReason(in.Reason); !ok {
		p.Add("reason", "error.choose")
	}
	if in.Level != "" && !slices.ContainsFunc(s.Instruments, func(i structure.Instrument) bool { _, ok := i.Level(in.Level); return ok }) {
		p.Add("level_at_close", "error.choose")
	}
	service.Text(&p, "open_gaps", in.OpenGaps, 0, service.MaxText)
	service.Text(&p, "after_care", in.AfterCare, 0, service.MaxText)
	if !slices.Contains(Informed, in.Informed) {
		p.Add("informed", "error.choose")
	}
	exempt := in.Informed == "exempt"
	if exempt && !slices.Contains(Grounds, in.InformGround) || !exempt && in.InformGround != "" {
		p.Add("inform_ground", "error.choose")
	}
	least := 0
	if in.Informed == "no" || exempt {
		least = 1
	}
	service.Text(&p, "why_not_informed", in.Why, least, service.MaxText)
	return p
}

// Proposal is what one person has said about closing a case, or about opening it
// again.
type Proposal struct {
	Person    hub.ID          `json:"person"`
	Hat       hub.ID          `json:"hat"`
	Authority hub.AuthorityID `json:"authority"`
	Reason    string          `json:"reason,omitempty"`
	At        time.Time       `json:"at"`
	Share     hub.ID          `json:"-"` // of opening again: the municipality's new share to the police
}

// agree reports whether two parties have closed a case for one reason: two
// identities, whatever accounts, of two authorities (S9).
func agree(a, b Proposal) bool {
	return a.Reason != "" && a.Reason == b.Reason && a.Person != "" && b.Person != "" && a.Person != b.Person && a.Authority != b.Authority
}

// TakingBack takes a case back from the police, and from everybody who had
// something of it: one person suffices, because it only takes away.
type TakingBack struct {
	Reason hub.Personal `json:"reason"` // why, at least 30 characters
}

// Check finds what is wrong with it.
func (in TakingBack) Check() (p hub.Problems) {
	service.Text(&p, "reason", in.Reason, service.MinNecessity, service.MaxText)
	return p
}

// Reopening opens a closed case again (A060). Whoever does it for the
// municipality discloses the case to the police anew, on its basis.
type Reopening struct {
	Reason hub.Personal `json:"reason"` // what it is opened for, at least 30 characters
	service.Basis
}

// Check finds what is wrong with a reopening, but for its basis.
func (in Reopening) Check() (p hub.Problems) {
	service.Text(&p, "reason", in.Reason, service.MinNecessity, service.MaxText)
	return p
}
