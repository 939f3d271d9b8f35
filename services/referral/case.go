package referral

import (
	"github.com/infohus/infohus/pkg/hub"
)

// State is where a case stands (domain.md 2.2, S4 to S10). It is kept with the
// access facts, where the room assessment moves it as far as the recommendation.
type State string

// The states in which this room has something to do.
const (
	Opening     State = "opening"     // the coordinators confirm the circle
	Collecting  State = "collecting"  // S4
	Analysis    State = "analysis"    // S5
	Assessment  State = "assessment"  // S6
	Recommended State = "recommended" // S7 Anbefaling afgivet
	FollowUp    State = "follow_up"   // S8 Opfølgning
	Closing     State = "closing"     // S9 Afslutning: one party has closed
	Closed      State = "closed"      // S10 Begrænset opbevaring
)

// States lists them in the order of the process.
var States = []State{Opening, Collecting, Analysis, Assessment, Recommended, FollowUp, Closing, Closed}

// Action is something a person can do in this room. Who may is policy; whether
// it makes sense now is [Moves] and [OfferMoves].
type Action string

// The actions on a case.
const (
	Recommend Action = "recommend" // draft an offer to one authority
	Consent   Action = "consent"   // a signed consent is recorded (L8)
	Unconsent Action = "unconsent" // it was withdrawn
	Follow    Action = "follow"    // a follow-up is recorded
	Close     Action = "close"     // one party closes; the other agrees or proposes another reason
	Resume    Action = "resume"    // not closed after all
	Reopen    Action = "reopen"    // one person asks for it, another agrees (A060)
	TakeBack  Action = "take_back" // the municipality ends what it gave, alone and at once
)

// Actions lists every action on a case in this room.
var Actions = []Action{Recommend, Consent, Unconsent, Follow, Close, Resume, Reopen, TakeBack}

// Moves is the state × action table of a case in this room; the room assessment
// has its own for what comes before. Close leads onward when both parties have
// closed for one reason, Reopen when two people have asked; Resume leads back to
// where the closing began.
var Moves = map[State]map[Action]State{
	Opening:     {TakeBack: Closed},
	Collecting:  {Unconsent: Collecting, Close: Closing, TakeBack: Closed},
	Analysis:    {Unconsent: Analysis, Close: Closing, TakeBack: Closed},
	Assessment:  {Unconsent: Assessment, Close: Closing, TakeBack: Closed},
	Recommended: {Recommend: Recommended, Consent: Recommended, Unconsent: Recommended, Follow: FollowUp, Close: Closing, TakeBack: Closed},
	FollowUp:    {Recommend: FollowUp, Consent: FollowUp, Unconsent: FollowUp, Follow: FollowUp, Close: Closing, TakeBack: Closed},
	Closing:     {Unconsent: Closing, Close: Closing, Resume: FollowUp, TakeBack: Closed},
	Closed:      {Reopen: Closed},
}

// move is where an action leads, or a Conflict where it does not fit the state.
func move(from State, a Action) (State, error) {
	to, ok := Moves[from][a]
	if !ok {
		return from, hub.Conflict("referral.error.step")
	}
	return to, nil
}

// asked is the name under which policy knows an action: to record a consent
// belongs to recommending what needs it, and a consent that is withdrawn lets
// people out again.
func (a Action) asked() string {
	switch a {
	case Consent:
		return string(Recommend)
	case Unconsent:
		return "uninvite"
	}
	return string(a)
}

// onward reports whether a case with these offers is to be followed up: the
// first has been taken up, or none is left to answer and one was answered (S7).
// A statutory notification is answered by being handed over, and is no help that
// was taken up.
func onward(offers []standing) bool {
	answered, open := false, false
	for _, o := range offers {
		switch o.State {
		case TakenUp, OfferEnded:
			if o.Kind != notification {
				return true
			}
			answered = true
		case NotTakenUp:
			answered = true
		case OfferDraft, Offered:
			open = true
		}
	}
	return answered && !open
}

// standing is as much of an offer as [onward] asks for.
type standing struct {
	Kind  string
	State OfferState
}
