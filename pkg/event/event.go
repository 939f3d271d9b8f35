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
// open_case is what the joint assessment begins from.
type ConcernTriaged struct {
	Concern   hub.ID          `json:"concern"`
	Subject   hub.ID          `json:"subject"`
	Authority hub.AuthorityID `json:"authority"`
	Police    hub.AuthorityID `json:"police"`
	Outcome   string          `json:"outcome"` // unfounded, other_track, open_case
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

func (f SubjectIdentified) Key() hub.ID { return f.Subject }
func (f DraftDiscarded) Key() hub.ID    { return f.Concern }
func (f ConcernReceived) Key() hub.ID   { return f.Concern }
func (f ConcernRerouted) Key() hub.ID   { return f.Concern }
func (f CheckRequested) Key() hub.ID    { return f.Concern }
func (f CheckCompleted) Key() hub.ID    { return f.Concern }
func (f ConcernTriaged) Key() hub.ID    { return f.Concern }
func (f StepOverdue) Key() hub.ID       { return f.Concern }
func (f AccessChanged) Key() hub.ID     { return f.Concern }

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
	{"intake.check.completed.v1", "intake", []string{"portal"}, hub.Internal, CheckCompleted{},
		"The police said whether it may be treated: an outcome, no reasons (S2, A030)."},
	{"intake.concern.triaged.v1", "intake", []string{"portal"}, hub.Internal, ConcernTriaged{},
		"Both coordinators triaged it (S3). With open_case the joint assessment begins."},
	{"intake.step.overdue.v1", "intake", []string{"portal"}, hub.Internal, StepOverdue{},
		"A step's time limit passed; owner, deputy or manager is told, without content."},
	{"intake.access.changed.v1", "intake", []string{"portal"}, hub.Internal, AccessChanged{},
		"A person was given or lost an assignment to a concern."},
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
