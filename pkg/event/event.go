// Package event holds every fact that one room tells another: the whole
// conversation on one page, in the order in which a concern meets it.
//
// A fact is in the past tense and carries references, codes, states and times,
// never personal data. From [Table] come the streams, the consumers, the NATS
// permissions of each room and docs/events.md.
//
// Order is promised per stream key (the concern, the subject) and per consumer;
// across rooms there is only the cause's id.
package event

import (
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Fact is something that has happened, told by the room that knows.
type Fact interface {
	// Key is the thing whose facts are told in order.
	Key() hub.ID
}

// SubjectIdentified tells that a subject's age band or protection became known.
type SubjectIdentified struct {
	Subject   hub.ID `json:"subject"`
	AgeBand   string `json:"age_band"`  // under_18, 18_25, over_25, unknown
	Protected bool   `json:"protected"` // name and address protection (L31)
}

// DraftDiscarded tells that a draft was thrown away, by its author or by the
// clock, so that a subject registered only for it is forgotten too.
type DraftDiscarded struct {
	Concern hub.ID `json:"concern"`
	Subject hub.ID `json:"subject"`
}

// ConcernReceived tells that a concern was received by an authority.
type ConcernReceived struct {
	Concern    hub.ID          `json:"concern"`
	Authority  hub.AuthorityID `json:"authority"`
	ReceivedAt time.Time       `json:"received_at"`
	Step       string          `json:"step"` // the step it now waits in
	Due        time.Time       `json:"due"`  // when that step should be done
}

// ConcernRerouted tells that a concern belonged to another track, and was
// closed here (S1b).
type ConcernRerouted struct {
	Concern   hub.ID          `json:"concern"`
	Authority hub.AuthorityID `json:"authority"`
	Track     string          `json:"track"`
}

// CheckRequested tells the police that a concern waits for their check (S2).
type CheckRequested struct {
	Concern   hub.ID          `json:"concern"`
	Authority hub.AuthorityID `json:"authority"` // who received it
	Police    hub.AuthorityID `json:"police"`
	Due       time.Time       `json:"due"`
}

// ConcernRecalled tells an authority that a concern it was put before was taken back:
// it sees it no more (P16).
type ConcernRecalled struct {
	Concern   hub.ID          `json:"concern"`
	Authority hub.AuthorityID `json:"authority"` // who received it
	From      hub.AuthorityID `json:"from"`      // who had it
}

// CheckCompleted tells the outcome of the police check, without reasons.
// Released, kept and acute are told by the same kind of fact (A030).
type CheckCompleted struct {
	Concern   hub.ID          `json:"concern"`
	Authority hub.AuthorityID `json:"authority"`
	Police    hub.AuthorityID `json:"police"`
	Outcome   string          `json:"outcome"` // released, police_only, acute
	Due       time.Time       `json:"due"`     // of the step that follows
}

// ConcernTriaged tells that both coordinators have triaged, and to what (S3).
// case is what the joint assessment begins from.
type ConcernTriaged struct {
	Concern   hub.ID          `json:"concern"`
	Subject   hub.ID          `json:"subject"`
	Authority hub.AuthorityID `json:"authority"`
	Police    hub.AuthorityID `json:"police"`
	Outcome   string          `json:"outcome"` // unfounded, other_track, case
}

// StepOverdue tells that a step's time limit has passed, and who should be
// told next. It says nothing of the content (domain.md 2.2, invariant 7).
type StepOverdue struct {
	Concern   hub.ID          `json:"concern"`
	Authority hub.AuthorityID `json:"authority"` // whose step it is
	Step      string          `json:"step"`
	Due       time.Time       `json:"due"`
	Level     string          `json:"level"` // owner, deputy, manager
}

// AccessChanged tells a person that an assignment was given or taken back. The
// change itself has worked since its commit; no decision waits for this fact.
type AccessChanged struct {
	Concern hub.ID `json:"concern"`
	Person  hub.ID `json:"person"`
	Granted bool   `json:"granted"`
}

// ConcernRecusal tells that somebody is too close to a concern to deal with it
// (inhabil), or is so no more. It has worked since its commit, and reaches all that
// came of the concern; why, is told to nobody.
type ConcernRecusal struct {
	Concern    hub.ID          `json:"concern"`
	Authority  hub.AuthorityID `json:"authority"`            // where they work
	Person     hub.ID          `json:"person"`               // empty where it was told before, and only who takes over is new
	Substitute hub.ID          `json:"substitute,omitempty"` // the person who takes over, where one was chosen
	Lifted     bool            `json:"lifted"`
}

// ConcernGlassBroken tells that somebody set need-to-know aside for a concern (L9), and
// until when: the owner's data-protection officer and the coordinators who may know
// of it are told at once. Why stands in the trail.
type ConcernGlassBroken struct {
	Concern   hub.ID          `json:"concern"`
	Glass     hub.ID          `json:"glass"`
	Owner     hub.AuthorityID `json:"owner"`     // whose it is, and whose officer reviews it
	Authority hub.AuthorityID `json:"authority"` // where whoever broke it works
	Category  string          `json:"category"`
	Until     time.Time       `json:"until"`
}

// ConcernGlassAsked tells the coordinators of an authority that a break-glass of a
// concern waits for a second person's yes (A053).
type ConcernGlassAsked struct {
	Concern   hub.ID          `json:"concern"`
	Glass     hub.ID          `json:"glass"`
	Authority hub.AuthorityID `json:"authority"`
}

// ConcernGlassAnswered tells whoever asked that a second person said yes, or no.
type ConcernGlassAnswered struct {
	Concern   hub.ID          `json:"concern"`
	Glass     hub.ID          `json:"glass"`
	Authority hub.AuthorityID `json:"authority"`
	Person    hub.ID          `json:"person"`
	Granted   bool            `json:"granted"`
}

// CasePrepared tells the coordinators that a case waits for them to confirm its
// circle.
type CasePrepared struct {
	Case      hub.ID          `json:"case"`
	Concern   hub.ID          `json:"concern"`
	Authority hub.AuthorityID `json:"authority"` // whose turn it is
	Due       time.Time       `json:"due"`
}

// CaseOpened tells that both coordinators have confirmed the circle (S4).
type CaseOpened struct {
	Case      hub.ID          `json:"case"`
	Concern   hub.ID          `json:"concern"`
	Authority hub.AuthorityID `json:"authority"` // the municipality
	Police    hub.AuthorityID `json:"police"`
	Due       time.Time       `json:"due"` // of the collecting of answers
}

// CircleChanged tells a person that they were let into a case, a request or
// an offer, or out of it. The change has worked since its commit.
type CircleChanged struct {
	Case    hub.ID `json:"case"`
	Item    hub.ID `json:"item"` // the case itself, or what of it they were let into
	Kind    string `json:"kind"` // case, request
	Person  hub.ID `json:"person"`
	Granted bool   `json:"granted"`
}

// CaseRecusal is the same of a case: it reaches the concern that it came of, and
// all that came of it.
type CaseRecusal struct {
	Case       hub.ID          `json:"case"`
	Authority  hub.AuthorityID `json:"authority"`            // where they work
	Person     hub.ID          `json:"person"`               // empty where it was told before, and only who takes over is new
	Substitute hub.ID          `json:"substitute,omitempty"` // the person who takes over, where one was chosen
	Lifted     bool            `json:"lifted"`
}

// CaseGlassBroken tells that somebody set need-to-know aside for a case (L9), and
// until when: the owner's data-protection officer and the coordinators who may know
// of it are told at once. Why stands in the trail.
type CaseGlassBroken struct {
	Case      hub.ID          `json:"case"`
	Glass     hub.ID          `json:"glass"`
	Owner     hub.AuthorityID `json:"owner"`     // whose it is, and whose officer reviews it
	Authority hub.AuthorityID `json:"authority"` // where whoever broke it works
	Category  string          `json:"category"`
	Until     time.Time       `json:"until"`
}

// CaseGlassAsked tells the coordinators of an authority that a break-glass of a
// case waits for a second person's yes (A053).
type CaseGlassAsked struct {
	Case      hub.ID          `json:"case"`
	Glass     hub.ID          `json:"glass"`
	Authority hub.AuthorityID `json:"authority"`
}

// CaseGlassAnswered tells whoever asked that a second person said yes, or no.
type CaseGlassAnswered struct {
	Case      hub.ID          `json:"case"`
	Glass     hub.ID          `json:"glass"`
	Authority hub.AuthorityID `json:"authority"`
	Person    hub.ID          `json:"person"`
	Granted   bool            `json:"granted"`
}

// OnwardChanged tells the police that the municipality has said yes to their bringing
// another authority into a case, or has taken such a yes back, by the same kind of
// fact: which of the two stands in the case.
type OnwardChanged struct {
	Case      hub.ID          `json:"case"`
	Authority hub.AuthorityID `json:"authority"` // the police, whom the municipality let
}

// InformationRequested tells an authority that a question waits for it.
type InformationRequested struct {
	Case      hub.ID          `json:"case"`
	Request   hub.ID          `json:"request"`
	Authority hub.AuthorityID `json:"authority"` // who is asked
	Due       time.Time       `json:"due"`
}

// InformationSettled tells the asker that a question is settled: answered,
// declined or nothing known, by the same kind of fact (A029, § 115 stk. 4).
type InformationSettled struct {
	Case      hub.ID          `json:"case"`
	Request   hub.ID          `json:"request"`
	Authority hub.AuthorityID `json:"authority"` // who asked
}

// MeetingCalled tells the circle when the case is discussed (S5).
type MeetingCalled struct {
	Case    hub.ID    `json:"case"`
	Meeting hub.ID    `json:"meeting"`
	At      time.Time `json:"at"`
}

// MeetingHeld tells that the case was discussed, and that the joint assessment
// is to be written (S6).
type MeetingHeld struct {
	Case      hub.ID          `json:"case"`
	Meeting   hub.ID          `json:"meeting"`
	Authority hub.AuthorityID `json:"authority"`
	Police    hub.AuthorityID `json:"police"`
	Due       time.Time       `json:"due"`
}

// AssessmentSigned tells that one party signed the joint assessment. With
// complete, everybody who must has: help can be offered (S7).
type AssessmentSigned struct {
	Case      hub.ID          `json:"case"`
	Concern   hub.ID          `json:"concern"`
	Subject   hub.ID          `json:"subject"`
	Version   int             `json:"version"`
	Party     string          `json:"party"` // municipality, police
	Authority hub.AuthorityID `json:"authority"`
	Police    hub.AuthorityID `json:"police"`
	Complete  bool            `json:"complete"`
	Due       time.Time       `json:"due"`
}

// FollowUpNeeded tells that something of a case comes back at a time: what nobody
// knew yet, the test that a dissent named, the day until which an assessment
// holds, or a birthday that let people out of the circle (L27).
type FollowUpNeeded struct {
	Case    hub.ID    `json:"case"`
	Version int       `json:"version"` // of the assessment
	Why     string    `json:"why"`     // gap, dissent, expiry, grown
	N       int       `json:"n"`       // which of them; of grown, the age that the person has reached
	Due     time.Time `json:"due"`
}

// CaseOverdue tells that the time limit of a case's step, or of a question, has
// passed. It says nothing of the content.
type CaseOverdue struct {
	Case      hub.ID          `json:"case"`
	Authority hub.AuthorityID `json:"authority"` // whose step it is
	Step      string          `json:"step"`
	Due       time.Time       `json:"due"`
	Level     string          `json:"level"` // owner, deputy, manager
}

// ReferralSent tells an authority that help was recommended to it (S7).
type ReferralSent struct {
	Case      hub.ID          `json:"case"`
	Offer     hub.ID          `json:"offer"`
	Authority hub.AuthorityID `json:"authority"` // who receives it
	Due       time.Time       `json:"due"`
}

// ReferralAnswered tells the sender that there is an answer, in the same words
// whatever it is.
type ReferralAnswered struct {
	Case      hub.ID          `json:"case"`
	Offer     hub.ID          `json:"offer"`
	Authority hub.AuthorityID `json:"authority"` // who sent it
}

// FollowUpRecorded tells that the case was followed up, and when next (S8).
type FollowUpRecorded struct {
	Case    hub.ID    `json:"case"`
	Concern hub.ID    `json:"concern"`
	Next    time.Time `json:"next"`
	EraseAt time.Time `json:"erase_at"` // the retention clock moved on
}

// FollowUpOverdue tells that a follow-up or a measure is late, without content.
type FollowUpOverdue struct {
	Case      hub.ID          `json:"case"`
	Authority hub.AuthorityID `json:"authority"`
	Step      string          `json:"step"`
	Due       time.Time       `json:"due"`
	Level     string          `json:"level"`
	Person    hub.ID          `json:"person,omitempty"` // the owner of a measure; else the coordinators
}

// ReferralWithdrawn tells a receiver that what was shared with it is taken back
// or corrected (L24b).
type ReferralWithdrawn struct {
	Case      hub.ID          `json:"case"`
	Authority hub.AuthorityID `json:"authority"` // who had it
	Why       string          `json:"why"`       // withdrawn, error, closed
}

// AccessEnded tells whoever had something of a case that it ended with the case,
// or was taken back (L24b): each by name, once, however much it was. Where nobody
// of an authority had it by name, the authority is told.
type AccessEnded struct {
	Case      hub.ID          `json:"case"`
	Authority hub.AuthorityID `json:"authority"`        // where they work
	Person    hub.ID          `json:"person,omitempty"` // who had it by name; else whoever answers for the authority
	Why       string          `json:"why"`              // withdrawn, error, closed
}

// ClosingProposed tells the other coordinator that a closing waits for them (S9).
type ClosingProposed struct {
	Case      hub.ID          `json:"case"`
	Authority hub.AuthorityID `json:"authority"` // whose turn it is
	Due       time.Time       `json:"due"`
}

// CaseClosed tells that the case is closed (S10): by both coordinators, or, where it
// was taken back, by the municipality alone. Why is a code only its own room keeps.
type CaseClosed struct {
	Case          hub.ID          `json:"case"`
	Concern       hub.ID          `json:"concern"`
	Subject       hub.ID          `json:"subject"`
	Authority     hub.AuthorityID `json:"authority"`
	Police        hub.AuthorityID `json:"police"`
	Error         bool            `json:"error"` // it should never have been a case: everything is erased at once
	RetentionRule string          `json:"retention_rule"`
	EraseAt       time.Time       `json:"erase_at"`
}

// CaseReopened tells that two people opened a closed case again, for a purpose
// (A060).
type CaseReopened struct {
	Case          hub.ID          `json:"case"`
	Concern       hub.ID          `json:"concern"`
	Authority     hub.AuthorityID `json:"authority"`
	Police        hub.AuthorityID `json:"police"`
	Due           time.Time       `json:"due"`
	RetentionRule string          `json:"retention_rule"` // of an open case again
	EraseAt       time.Time       `json:"erase_at"`
}

// GlassLate tells that a break-glass has waited too long for its review: for a day
// (late), or for so long that whoever broke it breaks no other (blocked, A054).
type GlassLate struct {
	Glass     hub.ID          `json:"glass"`
	Owner     hub.AuthorityID `json:"owner"` // whose officer reviews it
	Authority hub.AuthorityID `json:"authority"`
	Person    hub.ID          `json:"person"` // who broke it
	Level     string          `json:"level"`  // late, blocked
}

// GlassReviewed tells that the owner's officer reviewed a break-glass. What was
// found, whoever broke it reads where it stands.
type GlassReviewed struct {
	Glass     hub.ID          `json:"glass"`
	Owner     hub.AuthorityID `json:"owner"`
	Authority hub.AuthorityID `json:"authority"`
	Person    hub.ID          `json:"person"`
	Outcome   string          `json:"outcome"` // justified, not_justified, breach
}

// CloseTried tells that somebody tried to reach something that they are too close to:
// about themselves, or from which they are recused (A012, A013). Not what it was, nor
// whether there was anything: that stands in the trail, for the officer.
type CloseTried struct {
	Authority hub.AuthorityID `json:"authority"` // where they work
	Person    hub.ID          `json:"person"`
	Hat       hub.ID          `json:"hat"` // that they wore
}

// TrailOdd tells that something is odd about the trail, once while it lasts: what is
// stored is not what was signed, a witness does not cosign it, what a room looked up is not
// found in it (P6), a register of the officers has not what it names, or a disclosure stands in it at one end only; that the hub was closed
// because the log was longer once, or another, and opened again (A082). Which row or room,
// the log says. And that fewer samples are drawn from it for an authority, or none (L20), or
// less can come on the weekly list of what stood out (P10).
type TrailOdd struct {
	Odd       hub.ID          `json:"odd"`       // this time
	What      string          `json:"what"`      // changed, refused, silent, unseen, gone, closed, opened, one_end, sampled_less, sampled_none, listed_less
	Authority hub.AuthorityID `json:"authority"` // whose witness, disclosure or samples; none where the hub found it
}

// BreachDue tells that a breach of personal data security is neither notified nor closed so
// many hours after the authority became aware of it, once of each. Not what it is of: that
// stands in the register, for the officer.
type BreachDue struct {
	Breach    hub.ID          `json:"breach"`
	Authority hub.AuthorityID `json:"authority"`
	Hours     int             `json:"hours"` // that have passed
	Due       time.Time       `json:"due"`
	Overdue   bool            `json:"overdue"`
}

// ExtractDue tells one of those who can act that an answer to a citizen waits, and that its
// time runs out or has: once of each warning. Not whom it is about, nor what is in it.
type ExtractDue struct {
	Extract   hub.ID          `json:"extract"`
	Authority hub.AuthorityID `json:"authority"`
	Person    hub.ID          `json:"person"` // who is told
	Due       time.Time       `json:"due"`
	Overdue   bool            `json:"overdue"`
}

func (f SubjectIdentified) Key() hub.ID { return f.Subject }
func (f DraftDiscarded) Key() hub.ID    { return f.Concern }
func (f ConcernReceived) Key() hub.ID   { return f.Concern }
func (f ConcernRerouted) Key() hub.ID   { return f.Concern }
func (f CheckRequested) Key() hub.ID    { return f.Concern }
func (f ConcernRecalled) Key() hub.ID   { return f.Concern }
func (f CheckCompleted) Key() hub.ID    { return f.Concern }
func (f ConcernTriaged) Key() hub.ID    { return f.Concern }
func (f StepOverdue) Key() hub.ID       { return f.Concern }
func (f AccessChanged) Key() hub.ID     { return f.Concern }
func (f ConcernRecusal) Key() hub.ID    { return f.Concern }

func (f ConcernGlassBroken) Key() hub.ID   { return f.Concern }
func (f ConcernGlassAsked) Key() hub.ID    { return f.Concern }
func (f ConcernGlassAnswered) Key() hub.ID { return f.Concern }
func (f CaseGlassBroken) Key() hub.ID      { return f.Case }
func (f CaseGlassAsked) Key() hub.ID       { return f.Case }
func (f CaseGlassAnswered) Key() hub.ID    { return f.Case }
func (f GlassLate) Key() hub.ID            { return f.Glass }
func (f GlassReviewed) Key() hub.ID        { return f.Glass }
func (f CloseTried) Key() hub.ID           { return f.Person }
func (f TrailOdd) Key() hub.ID             { return f.Odd }
func (f BreachDue) Key() hub.ID            { return f.Breach }
func (f ExtractDue) Key() hub.ID           { return f.Extract }

func (f CasePrepared) Key() hub.ID         { return f.Case }
func (f CaseOpened) Key() hub.ID           { return f.Case }
func (f CircleChanged) Key() hub.ID        { return f.Case }
func (f CaseRecusal) Key() hub.ID          { return f.Case }
func (f OnwardChanged) Key() hub.ID        { return f.Case }
func (f InformationRequested) Key() hub.ID { return f.Case }
func (f InformationSettled) Key() hub.ID   { return f.Case }
func (f MeetingCalled) Key() hub.ID        { return f.Case }
func (f MeetingHeld) Key() hub.ID          { return f.Case }
func (f AssessmentSigned) Key() hub.ID     { return f.Case }
func (f FollowUpNeeded) Key() hub.ID       { return f.Case }
func (f CaseOverdue) Key() hub.ID          { return f.Case }
func (f ReferralSent) Key() hub.ID         { return f.Case }
func (f ReferralAnswered) Key() hub.ID     { return f.Case }
func (f FollowUpRecorded) Key() hub.ID     { return f.Case }
func (f FollowUpOverdue) Key() hub.ID      { return f.Case }
func (f ReferralWithdrawn) Key() hub.ID    { return f.Case }
func (f AccessEnded) Key() hub.ID          { return f.Case }
func (f ClosingProposed) Key() hub.ID      { return f.Case }
func (f CaseClosed) Key() hub.ID           { return f.Case }
func (f CaseReopened) Key() hub.ID         { return f.Case }

// Kind is a row of the table: one kind of fact.
type Kind struct {
	Type     string   // owner.noun.verb.version; also the NATS subject
	Owner    string   // the only room that may tell it
	Audience []string // the rooms that are told
	Marking  hub.Marking
	Zero     Fact // an empty one, to decode into
	About    string
}

// Table is every kind of fact there is, in the order in which a concern meets
// them. It is the source of streams, permissions and documents.
var Table = []Kind{
	{"person.subject.identified.v1", "person", []string{"intake"}, hub.Internal, SubjectIdentified{},
		"A subject's age band or name and address protection became known. Starts the child clock where it should run (L25)."},
	{"intake.draft.discarded.v1", "intake", []string{"person"}, hub.Internal, DraftDiscarded{},
		"A draft was thrown away (S0). A subject that no other concern is about is forgotten."},
	{"intake.concern.received.v1", "intake", []string{"portal"}, hub.Internal, ConcernReceived{},
		"An authority received a concern (S1)."},
	{"intake.concern.rerouted.v1", "intake", []string{"portal"}, hub.Internal, ConcernRerouted{},
		"The concern belonged elsewhere and was handed over or refused (S1b)."},
	{"intake.check.requested.v1", "intake", []string{"portal"}, hub.Internal, CheckRequested{},
		"The concern was put before the police for their check (S2)."},
	{"intake.concern.recalled.v1", "intake", []string{"portal"}, hub.Internal, ConcernRecalled{},
		"The concern was taken back from the authority that it was put before, which had not decided (P16)."},
	{"intake.check.completed.v1", "intake", []string{"portal"}, hub.Internal, CheckCompleted{},
		"The police said whether it may be treated: an outcome, no reasons (S2, A030)."},
	{"intake.concern.triaged.v1", "intake", []string{"assessment", "portal"}, hub.Internal, ConcernTriaged{},
		"Both coordinators triaged it (S3). With the outcome case the joint assessment begins."},
	{"intake.step.overdue.v1", "intake", []string{"portal"}, hub.Internal, StepOverdue{},
		"A step's time limit passed; owner, deputy or manager is told, without content."},
	{"intake.access.changed.v1", "intake", []string{"portal"}, hub.Internal, AccessChanged{},
		"A person was given or lost an assignment to a concern."},
	{"intake.recusal.changed.v1", "intake", []string{"portal"}, hub.Internal, ConcernRecusal{},
		"Somebody is too close to a concern to deal with it, or is so no more (forvaltningsloven § 3)."},
	{"intake.glass.broken.v1", "intake", []string{"portal"}, hub.Internal, ConcernGlassBroken{},
		"Somebody set need-to-know aside for a concern, for some minutes (break-glass, L9)."},
	{"intake.glass.asked.v1", "intake", []string{"portal"}, hub.Internal, ConcernGlassAsked{},
		"A break-glass of a concern waits for a second person's yes (A053)."},
	{"intake.glass.answered.v1", "intake", []string{"portal"}, hub.Internal, ConcernGlassAnswered{},
		"A second person said yes or no to a break-glass of a concern."},
	{"assessment.case.prepared.v1", "assessment", []string{"portal"}, hub.Internal, CasePrepared{},
		"A case was drafted with its circle, for a coordinator to confirm (S4)."},
	{"assessment.case.opened.v1", "assessment", []string{"portal"}, hub.Internal, CaseOpened{},
		"Both coordinators confirmed the circle, and the authorities can be asked (S4)."},
	{"assessment.circle.changed.v1", "assessment", []string{"portal"}, hub.Internal, CircleChanged{},
		"A person was let into a case or a question, or out of it."},
	{"assessment.recusal.changed.v1", "assessment", []string{"portal"}, hub.Internal, CaseRecusal{},
		"Somebody is too close to a case to deal with it, or is so no more (forvaltningsloven § 3)."},
	{"assessment.onward.changed.v1", "assessment", []string{"portal"}, hub.Internal, OnwardChanged{},
		"The municipality said yes to passing a case on to an authority, or took it back (L1, D15)."},
	{"assessment.glass.broken.v1", "assessment", []string{"portal"}, hub.Internal, CaseGlassBroken{},
		"Somebody set need-to-know aside for a case, for some minutes (break-glass, L9)."},
	{"assessment.glass.asked.v1", "assessment", []string{"portal"}, hub.Internal, CaseGlassAsked{},
		"A break-glass of a case waits for a second person's yes (A053)."},
	{"assessment.glass.answered.v1", "assessment", []string{"portal"}, hub.Internal, CaseGlassAnswered{},
		"A second person said yes or no to a break-glass of a case."},
	{"assessment.information.requested.v1", "assessment", []string{"portal"}, hub.Internal, InformationRequested{},
		"An authority was asked (S4)."},
	{"assessment.information.settled.v1", "assessment", []string{"portal"}, hub.Internal, InformationSettled{},
		"A question was answered, declined, or nothing was known: the same fact for all (S4, A029)."},
	{"assessment.meeting.called.v1", "assessment", []string{"portal"}, hub.Internal, MeetingCalled{},
		"It was said when the case is discussed (S5)."},
	{"assessment.meeting.held.v1", "assessment", []string{"portal"}, hub.Internal, MeetingHeld{},
		"The case was discussed, with attendance and a note (S5, L44)."},
	{"assessment.assessment.signed.v1", "assessment", []string{"portal", "referral"}, hub.Internal, AssessmentSigned{},
		"A party signed the joint assessment; when all have, help is offered (S6)."},
	{"assessment.followup.needed.v1", "assessment", []string{"referral"}, hub.Internal, FollowUpNeeded{},
		"A gap or a dissent of a signed assessment comes back at a time, and so does the assessment when it holds no longer (S8)."},
	{"assessment.step.overdue.v1", "assessment", []string{"portal"}, hub.Internal, CaseOverdue{},
		"A case's time limit passed; owner, deputy or manager is told, without content."},
	{"referral.referral.sent.v1", "referral", []string{"portal"}, hub.Internal, ReferralSent{},
		"Help was recommended to an authority (S7)."},
	{"referral.referral.answered.v1", "referral", []string{"portal"}, hub.Internal, ReferralAnswered{},
		"The authority answered; what, is for policy to show (S7)."},
	{"referral.referral.withdrawn.v1", "referral", []string{"portal"}, hub.Internal, ReferralWithdrawn{},
		"What was shared with an authority was taken back or corrected (L24b)."},
	{"referral.access.ended.v1", "referral", []string{"portal"}, hub.Internal, AccessEnded{},
		"What somebody had of a case ended with it, or was taken back (L24b)."},
	{"referral.followup.recorded.v1", "referral", []string{"assessment", "intake", "portal"}, hub.Internal, FollowUpRecorded{},
		"The case was followed up, and has a next date (S8)."},
	{"referral.step.overdue.v1", "referral", []string{"portal"}, hub.Internal, FollowUpOverdue{},
		"A follow-up or a measure is late; owner, deputy or manager is told, without content."},
	{"referral.closing.proposed.v1", "referral", []string{"portal"}, hub.Internal, ClosingProposed{},
		"One coordinator closed the case; it waits for the other (S9)."},
	{"referral.case.closed.v1", "referral", []string{"assessment", "intake", "portal"}, hub.Internal, CaseClosed{},
		"Both coordinators closed the case (S10), or the municipality took it back; the retention clock moved on."},
	{"referral.case.reopened.v1", "referral", []string{"assessment", "intake", "portal"}, hub.Internal, CaseReopened{},
		"Two people opened a closed case again, for a purpose (A060)."},
	{"audit.glass.late.v1", "audit", []string{"portal"}, hub.Internal, GlassLate{},
		"A break-glass has waited a day for its review, or so long that whoever broke it breaks no other (A054)."},
	{"audit.glass.reviewed.v1", "audit", []string{"portal"}, hub.Internal, GlassReviewed{},
		"The owner's data-protection officer reviewed a break-glass."},
	{"audit.close.tried.v1", "audit", []string{"portal"}, hub.Internal, CloseTried{},
		"Somebody tried to reach something about themselves, or that they are recused from; the officer and the manager are told, without content (A012, A013)."},
	{"audit.trail.odd.v1", "audit", []string{"portal"}, hub.Internal, TrailOdd{},
		"The trail is not what was signed, or a witness does not cosign it; every data-protection officer is told, once while it lasts (A079-A082). Of a disclosure that stands in it at one end only, those of its two authorities are; and of samples that are drawn no more, or fewer, those of theirs (L20)."},
	{"audit.breach.due.v1", "audit", []string{"portal"}, hub.Internal, BreachDue{},
		"A breach of personal data security waits to be notified or closed; its authority's officers and managers are told, without content (L52, P13)."},
	{"audit.extract.due.v1", "audit", []string{"portal"}, hub.Internal, ExtractDue{},
		"An answer to a citizen waits, and its time runs out (GDPR art. 12(3)); an officer or a manager of its authority is told, without content, and nobody who is too close to the person."},
}

// Owners lists the rooms that tell facts, in the order of the table. Each has
// a stream of its own.
func Owners() []string {
	var owners []string
	for _, k := range Table {
		if len(owners) == 0 || owners[len(owners)-1] != k.Owner {
			owners = append(owners, k.Owner)
		}
	}
	return owners
}

// Heard lists the kinds that a room is told by an owner; none means no
// consumer.
func Heard(room, owner string) []Kind {
	var kinds []Kind
	for _, k := range Table {
		for _, a := range k.Audience {
			if a == room && k.Owner == owner {
				kinds = append(kinds, k)
			}
		}
	}
	return kinds
}
