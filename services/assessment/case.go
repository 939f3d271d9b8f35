package assessment

import (
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// State is where a case stands (domain.md 2.2, S4 to S10). It is kept with the
// access facts, where the room referral reads and moves it too.
type State string

// The states. The Danish names are the structure file's.
const (
	Opening     State = "opening"     // drafted; the coordinators confirm the circle
	Collecting  State = "collecting"  // S4 Indsamling
	Analysis    State = "analysis"    // S5 Analyse: a meeting is called
	Assessment  State = "assessment"  // S6 Helhedsvurdering
	Recommended State = "recommended" // S7 Anbefaling afgivet
	FollowUp    State = "follow_up"   // S8 Opfølgning
	Closing     State = "closing"     // S9 Afslutning
	Closed      State = "closed"      // S10 Begrænset opbevaring
)

// States lists every state, in the order of the process.
var States = []State{Opening, Collecting, Analysis, Assessment, Recommended, FollowUp, Closing, Closed}

// Action is something a person can do in this room. Who may is policy; whether
// it makes sense now is [Moves].
type Action string

// The actions on a case.
const (
	Open     Action = "open"     // one coordinator confirms the circle
	Invite   Action = "invite"   // let a named person in
	Onward   Action = "onward"   // let the police bring another authority in
	Recall   Action = "recall"   // take that back
	Uninvite Action = "uninvite" // and out again
	Ask      Action = "ask"      // put questions to one authority
	Convene  Action = "convene"  // say when it is discussed
	Hold     Action = "hold"     // it was discussed: attendance and note
	Draft    Action = "draft"    // write in the joint assessment
	Dissent  Action = "dissent"  // a view of one's own, with its test
	Inform   Action = "inform"   // the duty to inform is decided (L35)
	Sign     Action = "sign"     // one party signs
	Reassess Action = "reassess" // a new version of the assessment
)

// Actions lists every action on a case in this room.
var Actions = []Action{Open, Invite, Onward, Recall, Uninvite, Ask, Convene, Hold, Draft, Dissent, Inform, Sign, Reassess}

// Moves is the state × action table of a case in this room; the room referral
// has its own for what follows. Open leads onward when both have confirmed, Sign
// when everybody who must has signed.
var Moves = map[State]map[Action]State{
	Opening:     {Open: Opening},
	Collecting:  {Invite: Collecting, Onward: Collecting, Recall: Collecting, Uninvite: Collecting, Ask: Collecting, Convene: Analysis},
	Analysis:    {Invite: Analysis, Onward: Analysis, Recall: Analysis, Uninvite: Analysis, Ask: Collecting, Convene: Analysis, Hold: Assessment},
	Assessment:  {Invite: Assessment, Onward: Assessment, Recall: Assessment, Uninvite: Assessment, Ask: Assessment, Draft: Assessment, Dissent: Assessment, Inform: Assessment, Sign: Assessment},
	Recommended: {Recall: Recommended, Uninvite: Recommended, Reassess: Assessment},
	FollowUp:    {Recall: FollowUp, Uninvite: FollowUp, Reassess: Assessment},
	Closing:     {Recall: Closing, Uninvite: Closing},
}

// move is where an action leads, or a Conflict where it does not fit the state.
func move(from State, a Action) (State, error) {
	to, ok := Moves[from][a]
	if !ok {
		return from, hub.Conflict("assessment.error.step")
	}
	return to, nil
}

// Parties of a case: the two that open, sign and close it together.
const (
	Municipality = "municipality"
	Police       = "police"
)

// party is on whose behalf an actor opens or signs.
func party(who hub.Actor) string {
	if who.Kind == hub.Police {
		return Police
	}
	return Municipality
}

// Member is somebody in the circle of a case: proposed from the structure file,
// invited by a coordinator, or out again.
type Member struct {
	ID         hub.ID          `json:"id"`
	Hat        hub.ID          `json:"hat"`
	Person     hub.ID          `json:"person"`
	Authority  hub.AuthorityID `json:"authority"`
	Department string          `json:"department,omitempty"`
	Role       hub.Role        `json:"role"`
	State      string          `json:"state"` // proposed, invited, ended
	Assignment hub.ID          `json:"assignment,omitempty"`
	Share      hub.ID          `json:"share,omitempty"` // where the person's authority is another than the controller
	Until      time.Time       `json:"until,omitzero"`
	Recused    bool            `json:"recused,omitzero"`    // too close to the case, as it is read
	Substitute bool            `json:"substitute,omitzero"` // let in to take over from a colleague, as it is read
}

// What a member is.
const (
	proposed = "proposed"
	invited  = "invited"
	ended    = "ended"
)

// propose drafts the circle of a case from the structure file: who sits in the
// core group (D17). It opens nothing; a coordinator invites.
func (x *room) propose(h structure.Infohus, now time.Time) []Member {
	var circle []Member
	seen := map[hub.ID]bool{}
	for _, seat := range x.Structure.Members(h, now) {
		for _, p := range seat.Posts {
			if seen[p.Person] || p.DeputyOf != "" {
				continue
			}
			seen[p.Person] = true
			circle = append(circle, Member{ID: x.NewID(), Hat: p.Hat.ID, Person: p.Person, Authority: p.Authority,
				Department: p.Department, Role: p.Role, State: proposed})
		}
	}
	return circle
}

// due is when a state should be left, by the structure file's limit; a case
// always has a next date.
func (x *room) due(s State, municipality hub.AuthorityID, now time.Time) time.Time {
	limit, ok := x.Structure.Limit(string(s), municipality, now)
	if !ok || limit.N == 0 {
		return now.AddDate(0, 0, 14)
	}
	return x.Structure.Due(now, limit)
}
