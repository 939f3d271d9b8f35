package intake

import (
	"slices"
	"strconv"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
)

// State is where a concern stands (domain.md 2.2, S0 to S3, the ends they lead to
// here, and S10 of the case that came of it).
type State string

// The states. The Danish names stand in pages/da.json as "state.draft" and so on.
const (
	Draft       State = "draft"        // S0 Kladde
	Received    State = "received"     // S1 Modtaget
	Rerouted    State = "rerouted"     // S1b Omvisiteret
	PoliceCheck State = "police_check" // S2 Politiets afklaring
	Acute       State = "acute"        // S2a Akut
	PoliceOnly  State = "police_only"  // S2x Politiet alene
	Triage      State = "triage"       // S3 Visitering
	Unfounded   State = "unfounded"    // closed at triage
	OtherTrack  State = "other_track"  // closed at triage: another track has it
	Case        State = "case"         // the joint assessment has it (S4 onwards)
	CaseClosed  State = "case_closed"  // S10: the case that came of it is closed
)

// States lists every state, in the order of the process.
var States = []State{Draft, Received, Rerouted, PoliceCheck, Acute, PoliceOnly, Triage, Unfounded, OtherTrack, Case, CaseClosed}

// Action is something a person can do with a concern. Who may is policy
// (policies/act.go); whether it makes sense now is [Moves].
type Action string

// The actions.
const (
	Edit     Action = "edit"     // write in the draft
	Discard  Action = "discard"  // throw the draft away
	Submit   Action = "submit"   // hand it in
	Forward  Action = "forward"  // put it before the police
	Recall   Action = "recall"   // take it back from the other authority, before that one has decided
	Reroute  Action = "reroute"  // it belongs to another track
	Release  Action = "release"  // police: may be treated here
	Keep     Action = "keep"     // police: the police alone
	CallOut  Action = "acute"    // police: acute
	Confirm  Action = "confirm"  // police: still the police alone
	Notify   Action = "notify"   // the duty to notify about a child is assessed (L25)
	Judge    Action = "triage"   // one coordinator's triage
	Assign   Action = "assign"   // let a named colleague in
	Unassign Action = "unassign" // and out again
)

// Actions lists every action.
var Actions = []Action{Edit, Discard, Submit, Forward, Recall, Reroute, Release, Keep, CallOut, Confirm, Notify, Judge, Assign, Unassign}

// Gone is where a discarded draft goes: it is not kept.
const Gone State = ""

// Moves is the state × action table: what may be done in which state, and
// where it leads. Pages draw their buttons from it, the commands refuse by it
// and the tests walk it. Judge leads onward only when both coordinators agree.
// Between Case and CaseClosed no action leads: the concern follows its case (on.go).
var Moves = map[State]map[Action]State{
	Draft:       {Edit: Draft, Discard: Gone, Submit: Received},
	Received:    {Forward: PoliceCheck, Reroute: Rerouted, Notify: Received, Assign: Received, Unassign: Received},
	PoliceCheck: {Recall: Received, Release: Triage, Keep: PoliceOnly, CallOut: Acute, Notify: PoliceCheck, Assign: PoliceCheck, Unassign: PoliceCheck},
	Acute:       {Release: Triage, Keep: PoliceOnly, Notify: Acute, Assign: Acute, Unassign: Acute},
	PoliceOnly:  {Release: Triage, Confirm: PoliceOnly, Notify: PoliceOnly, Assign: PoliceOnly, Unassign: PoliceOnly},
	Triage:      {Recall: PoliceCheck, Judge: Triage, Notify: Triage, Assign: Triage, Unassign: Triage},
	Case:        {Notify: Case, Assign: Case, Unassign: Case},
	Rerouted:    {Notify: Rerouted, Unassign: Rerouted},
	Unfounded:   {Notify: Unfounded, Unassign: Unfounded},
	OtherTrack:  {Notify: OtherTrack, Unassign: OtherTrack},
	CaseClosed:  {Notify: CaseClosed, Unassign: CaseClosed},
}

// move is where an action leads, or a Conflict where it does not fit the state.
func move(from State, a Action) (State, error) {
	to, ok := Moves[from][a]
	if !ok {
		return from, hub.Conflict("intake.error.step")
	}
	return to, nil
}

// The code lists of a concern. The first of each is what a form starts from;
// urgency and theme start from nothing, because a human sets them.
var (
	Channels      = []string{"phone", "form", "in_person", "letter", "hotline", "monday_line", "prison_service", "psychiatry", "asylum_centre", "secured_institution"}
	ReporterKinds = []string{"professional", "family", "police", "citizen", "anonymous"}
	Themes        = []string{"unclear", "islamist", "right", "left", "mixed", "gang", "youth_crime", "violence"}
	Urgencies     = []string{"acute", "soon", "normal"}
	ChildAnswers  = []string{"unknown", "yes", "no"}
	Kinds         = []string{"fact", "assessment", "hearsay"} // L39
	Tracks        = []string{"statutory_notification", "police_report", "emergency", "violence", "other_municipality"}
	Outcomes      = []State{Unfounded, OtherTrack, Case}
	Notifications = []string{"notified", "not_needed"}
)

// Statement is one thing said about the subject, typed as fact, professional
// assessment or hearsay (L39, LED art. 7).
type Statement struct {
	Kind       string       `json:"kind"`                  // fact, assessment, hearsay
	Text       hub.Personal `json:"text"`                  // at most 2,000 characters
	ObservedOn string       `json:"observed_on,omitempty"` // YYYY-MM-DD; empty if not known
	FirstHand  bool         `json:"first_hand,omitempty"`  // seen or heard by the reporter
}

// Report is what the reporter tells: the content of a concern.
type Report struct {
	Channel       string       `json:"channel,omitempty"`
	ReporterKind  string       `json:"reporter_kind,omitempty"`
	ReporterName  hub.Personal `json:"reporter_name,omitzero"`
	ReporterReach hub.Personal `json:"reporter_contact,omitzero"`
	Theme         string       `json:"theme,omitempty"` // of the concern, never an attribute of the person
	Statements    []Statement  `json:"statements,omitempty"`
	WhyNow        hub.Personal `json:"why_now,omitzero"`
	Context       hub.Personal `json:"context,omitzero"` // what speaks against the concern
	Wishes        hub.Personal `json:"wishes,omitzero"`  // has the person or guardian been told?
	Urgency       string       `json:"urgency,omitempty"`
	UrgencyReason hub.Personal `json:"urgency_reason,omitzero"`
	Child         string       `json:"child,omitempty"` // under 18, or a child in the household: yes, no, unknown
}

// unheard finds the codes that there are not. Nobody half writes one, so that a
// draft has none either.
func (r *Report) unheard() hub.Problems {
	var p hub.Problems
	add := func(field, value string, list []string) {
		if value != "" && !slices.Contains(list, value) {
			p.Add(field, "error.unknown_choice")
		}
	}
	add("channel", r.Channel, Channels)
	add("reporter_kind", r.ReporterKind, ReporterKinds)
	add("theme", r.Theme, Themes)
	add("urgency", r.Urgency, Urgencies)
	add("child", r.Child, ChildAnswers)
	for i, s := range r.Statements {
		if s.Kind != "" && !slices.Contains(Kinds, s.Kind) {
			p.Add("statements."+strconv.Itoa(i)+".kind", "intake.error.statement_kind")
		}
	}
	return p
}

// Check finds everything that is wrong with a report that is to be handed in.
// A draft is not checked so: what is half written is kept as it is.
func (r *Report) Check(today time.Time) hub.Problems {
	r.fill()
	p := r.unheard()
	if r.Urgency == "" { // the only one without a default
		p.Add("urgency", "error.choose")
	}
	if len(r.Statements) == 0 {
		p.Add("statements", "intake.error.statement_missing")
	}
	if len(r.Statements) > 20 {
		p.Add("statements", "intake.error.too_many", 20)
	}
	for i, s := range r.Statements {
		s.check(&p, "statements."+strconv.Itoa(i), today)
	}
	service.Text(&p, "why_now", r.WhyNow, 1, service.MaxText)
	service.Text(&p, "context", r.Context, 0, service.MaxText)
	service.Text(&p, "wishes", r.Wishes, 0, service.MaxText)
	service.Text(&p, "urgency_reason", r.UrgencyReason, 0, service.MaxText)
	service.Text(&p, "reporter_name", r.ReporterName, 0, service.MaxLine)
	service.Text(&p, "reporter_contact", r.ReporterReach, 0, service.MaxLine)
	if r.ReporterKind == "anonymous" && (!r.ReporterName.Empty() || !r.ReporterReach.Empty()) {
		p.Add("reporter_name", "intake.error.anonymous_named") // N9: an anonymous reporter's identity is never kept
	}
	if r.Urgency == "acute" && r.UrgencyReason.Empty() {
		p.Add("urgency_reason", "intake.error.acute_reason")
	}
	return p
}

// fill defaults what the hat makes plain, so that a phone call needs five
// answers (trust.md T1). Urgency has no default.
func (r *Report) fill() {
	for _, c := range []struct {
		value *string
		first string
	}{{&r.Channel, Channels[0]}, {&r.ReporterKind, ReporterKinds[0]}, {&r.Theme, Themes[0]}, {&r.Child, ChildAnswers[0]}} {
		if *c.value == "" {
			*c.value = c.first
		}
	}
}

func (s Statement) check(p *hub.Problems, field string, today time.Time) {
	if s.Kind == "" {
		p.Add(field+".kind", "intake.error.statement_kind")
	}
	service.Text(p, field+".text", s.Text, 1, service.MaxText)
	if s.ObservedOn == "" {
		return
	}
	on, err := time.ParseInLocation(time.DateOnly, s.ObservedOn, hub.Copenhagen)
	switch {
	case err != nil:
		p.Add(field+".observed_on", "error.date")
	case on.After(today):
		p.Add(field+".observed_on", "intake.error.future")
	case on.Year() < 1900:
		p.Add(field+".observed_on", "error.date")
	}
}

// Judgement is one coordinator's triage.
type Judgement struct {
	Outcome   State        `json:"outcome"`         // unfounded, other_track, case
	Track     string       `json:"track,omitempty"` // which, for other_track
	Rationale hub.Personal `json:"rationale" min:"30" max:"2000"`
	Version   int          `json:"version,omitempty" doc:"Of the concern that was read: if it has changed since, nothing is judged. Where a colleague has judged already it is required."`
}

// Check finds what is wrong with a judgement. The rationale is required of
// each coordinator: nobody triages by silence.
func (j Judgement) Check() hub.Problems {
	var p hub.Problems
	if !slices.Contains(Outcomes, j.Outcome) {
		p.Add("outcome", "error.choose")
	}
	if (j.Outcome == OtherTrack || j.Track != "") && !slices.Contains(Tracks, j.Track) {
		p.Add("track", "error.choose")
	}
	service.Text(&p, "rationale", j.Rationale, service.MinNecessity, service.MaxText)
	return p
}

// agree is the state that two judgements lead to: triage, until both
// coordinators have judged and say the same. There is no casting vote.
func agree(municipal, police *Judgement) State {
	if municipal == nil || police == nil || municipal.Outcome != police.Outcome || municipal.Track != police.Track {
		return Triage
	}
	return municipal.Outcome
}

// childDue is when the duty to notify about a child must have been assessed:
// 24 hours after the municipality received it, weekends and clock changes
// included; zero where there is no child (L25, L60). Where the police received
// it, the police coordinator is to notify the municipality within the same
// 24 hours. It runs whatever the police check says.
func childDue(child string, receivedAt time.Time) time.Time {
	if child == "no" || child == "" {
		return time.Time{}
	}
	return receivedAt.Add(24 * time.Hour)
}
