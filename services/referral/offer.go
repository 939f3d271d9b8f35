package referral

import (
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// OfferState is where an offer of help stands. It is no decision (afgørelse):
// those are made by the authority that takes it up, in its own system (L45).
type OfferState string

// The states of an offer.
const (
	OfferDraft     OfferState = "offer_draft"
	Offered        OfferState = "offered"  // sent: the receiver has a preview without identity
	TakenUp        OfferState = "taken_up" // the receiver has task and identity
	NotTakenUp     OfferState = "not_taken_up"
	OfferWithdrawn OfferState = "offer_withdrawn"
	OfferEnded     OfferState = "offer_ended"  // the measure has ended; of a notification: receipt was given
	OfferClosed    OfferState = "offer_closed" // its case is closed (S10)
)

// OfferStates lists every state of an offer.
var OfferStates = []OfferState{OfferDraft, Offered, TakenUp, NotTakenUp, OfferWithdrawn, OfferEnded, OfferClosed}

// The actions on an offer.
const (
	Send     Action = "send"      // the receiver may see it
	TakeUp   Action = "take_up"   // the receiver takes it up
	TurnDown Action = "turn_down" // or does not, or does something else: no reason is asked for (L4)
	Report   Action = "progress"  // how the measure goes
	End      Action = "end"       // the measure ends; of a notification: receipt is given
	Cancel   Action = "cancel"    // the sender takes it back
)

// OfferActions lists every action on an offer.
var OfferActions = []Action{Send, TakeUp, TurnDown, Report, End, Cancel}

// OfferMoves is the state × action table of an offer.
var OfferMoves = map[OfferState]map[Action]OfferState{
	OfferDraft: {Send: Offered, Cancel: OfferWithdrawn},
	Offered:    {TakeUp: TakenUp, TurnDown: NotTakenUp, Cancel: OfferWithdrawn},
	TakenUp:    {Report: TakenUp, End: OfferEnded, Cancel: OfferWithdrawn},
}

// HandOverMoves is the same for a statutory notification about a child (barnets
// lov § 133, domain.md 2.8). It is a duty: there is nothing to preview or to
// answer, and nothing comes back but the receipt.
var HandOverMoves = map[OfferState]map[Action]OfferState{
	OfferDraft: {Send: TakenUp, Cancel: OfferWithdrawn},
	TakenUp:    {End: OfferEnded, Cancel: OfferWithdrawn},
}

// The kinds of the catalogue, as this room keeps them.
const (
	talk         = string(structure.KindTalk)
	notification = string(structure.KindNotification)
)

// moveOffer is where an action leads an offer of a kind.
func moveOffer(kind string, from OfferState, a Action) (OfferState, error) {
	table := OfferMoves
	if kind == notification {
		table = HandOverMoves
	}
	to, ok := table[from][a]
	if !ok {
		return from, hub.Conflict("referral.error.step")
	}
	return to, nil
}

// over reports whether nothing more happens with an offer.
func (s OfferState) over() bool {
	return s == NotTakenUp || s == OfferWithdrawn || s == OfferEnded || s == OfferClosed
}

// Recommendation drafts an offer: to whom, for what, which help. The preview is
// what the receiver sees before taking it up, and says nothing of who it is.
type Recommendation struct {
	Authority  hub.AuthorityID `json:"authority"`
	Department string          `json:"department,omitempty" of:"departments"`
	Hats       []hub.ID        `json:"hats,omitempty"`            // who receives it there; in one's own authority everybody in the department where none is named
	Dimension  string          `json:"dimension" of:"dimensions"` // of the instrument: what it addresses
	Measure    string          `json:"measure" of:"measures"`     // a code of the catalogue
	Preview    hub.Personal    `json:"preview" max:"500"`         // without identity, 30 to 500 characters; of a notification none
	Task       hub.Personal    `json:"task" min:"1" max:"2000"`   // what they are asked to do
	Due        string          `json:"due,omitempty"`             // YYYY-MM-DD: when an answer is hoped for; the structure file's limit where not given
}

// Limits on the texts, in characters.
const (
	minPreview  = 30
	maxPreview  = 500
	maxFollowUp = 1500 // domain.md 4.6
)

// Check finds what is wrong with a recommendation of a measure of a kind.
func (in Recommendation) Check(kind string) hub.Problems {
	var p hub.Problems
	if kind == notification {
		if !in.Preview.Empty() {
			p.Add("preview", "referral.error.no_preview")
		}
	} else {
		service.Text(&p, "preview", in.Preview, minPreview, maxPreview)
	}
	service.Text(&p, "task", in.Task, 1, service.MaxText)
	return p
}

// fits reports whether a measure may begin for somebody of an age band. One that
// needs the person's consent is for whoever is known to be old enough (exit: 18,
// domain.md 2.7); any other for whoever may be of the age, because a child whose
// age nobody knows is not to go without.
func fits(m structure.Measure, band string) bool {
	if ages := service.Ages(band); m.Consent {
		return m.For(ages[0]) && m.For(ages[1])
	}
	return mayFit(m, band)
}

// mayFit reports whether a measure can be for somebody of an age band.
func mayFit(m structure.Measure, band string) bool {
	ages := service.Ages(band)
	for age := ages[0]; age <= ages[1]; age++ {
		if m.For(age) {
			return true
		}
	}
	return false
}

// Reply is the receiver's answer. To decline needs no reason and costs nothing
// (L4).
type Reply struct {
	Answer string       `json:"answer"`          // taken_up, not_taken_up, other
	Note   hub.Personal `json:"note,omitzero"`   // for the sender; never asked for
	Owner  hub.ID       `json:"owner,omitempty"` // the hat that answers for the measure; the answerer's where not given
}

// Answers lists what can be answered, and what doing so is.
var Answers = []string{"taken_up", "not_taken_up", "other"}

var answerActions = map[string]Action{"taken_up": TakeUp, "not_taken_up": TurnDown, "other": TurnDown}

// offerClasses is everything that a share of an offer can name. What is seen of
// it in which state is policy.
var offerClasses = []string{"identity", "measure", "offer", "offer_preview", "offer_status"}

// lastDay reads a day that must lie ahead, and gives its last second in
// Copenhagen: whatever ends then ends on that day, and is shown so.
func lastDay(p *hub.Problems, field, day string, now time.Time) time.Time {
	t, ok := aDay(p, field, day)
	if ok && t.AddDate(0, 0, 1).Before(now) {
		p.Add(field, "referral.error.past")
	}
	return t.AddDate(0, 0, 1).Add(-time.Second)
}

// aDay reads a day that must be given.
func aDay(p *hub.Problems, field, day string) (time.Time, bool) {
	t, err := time.ParseInLocation(time.DateOnly, day, hub.Copenhagen)
	switch {
	case day == "":
		p.Add(field, "error.required")
	case err != nil || t.Year() < 1900 || t.Year() > 2200:
		p.Add(field, "error.date")
	default:
		return t, true
	}
	return t, false
}
