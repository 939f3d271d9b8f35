package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// What a citizen is told of the log: when their data was looked up, for what and by which
// authority (L21). The officer prepares it, another person releases it, and it stays as
// it was handed out. Which look-ups stand in it is policy, and what is withheld leaves no
// trace in it: not in a number, not in an order, not in a word (A033, P5).

// Choices are what the officer decides of an answer.
type Choices struct {
	Informed []hub.ID     `json:"informed,omitempty" doc:"Of ExtractView.Matters, those that the person has been told of. What is about another one is withheld."`
	Names    bool         `json:"names,omitempty" doc:"Say who it was: only where the citizen's rights need it, and why says how."`
	Why      hub.Personal `json:"why,omitzero" min:"20" max:"2000"`
}

// Preparing is whom an answer is about, and what is decided of it.
type Preparing struct {
	Reference string `json:"reference" doc:"The person, or a concern or a case about them. Whole; or its end, at least 6 characters."`
	Received  string `json:"received" doc:"The day on which the citizen's request was received, YYYY-MM-DD in Copenhagen: the month of GDPR art. 12(3) runs from it."`
	Choices
}

// PreparingAgain is what is decided of an answer that is gathered anew.
type PreparingAgain struct {
	Received string `json:"received,omitempty" doc:"The day on which the request was received, where it is another than was said. Without one it stays as it was."`
	Choices
}

// Releasing is one person's yes to what they read.
type Releasing struct {
	Content string `json:"content"` // ExtractView.Content of what was read
	Unknown bool   `json:"unknown,omitempty" doc:"Needed where ExtractView.Unknown is: whoever hands it out has held the reference against the request."`
}

// ExtractReceipt says what came of it.
type ExtractReceipt struct {
	ID      hub.ID    `json:"id"`
	Content string    `json:"content"` // the hash of what was gathered
	At      time.Time `json:"at"`
}

// NewExtract is the receipt of an answer that there was not before.
type NewExtract struct{ ExtractReceipt }

// Created is true.
func (NewExtract) Created() bool { return true }

// LookUp is one line of an answer: what was looked up on one day by the people of one
// authority for one end.
type LookUp struct {
	Day       string          `json:"day"` // YYYY-MM-DD in Copenhagen
	Purpose   hub.Purpose     `json:"purpose"`
	Authority hub.AuthorityID `json:"authority"`
	By        string          `json:"authority_name"`
	Times     int             `json:"times"`
	Names     []string        `json:"names,omitempty" doc:"Who it was, where it was decided to say so."`
}

// On is the day.
func (l LookUp) On() time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, l.Day, hub.Copenhagen) // written by us
	return t
}

// CitizenAnswer is what is handed out.
type CitizenAnswer struct {
	Reference hub.ID            `json:"reference"` // of the answer
	Authority hub.AuthorityID   `json:"authority"` // who answers, about its own data
	Of        string            `json:"authority_name"`
	Until     string            `json:"until"`    // the day on which it was gathered, YYYY-MM-DD
	LookUps   []LookUp          `json:"look_ups"` // the newest first
	Note      map[string]string `json:"note" doc:"By language: always the same words, that something may be left out, and where to complain."`
}

// Gathered is the day on which it was.
func (a CitizenAnswer) Gathered() time.Time { return LookUp{Day: a.Until}.On() }

// Matter is a concern of the own authority's about the person, with all that came of it; or
// a case, where that is the first.
type Matter struct {
	ID       hub.ID `json:"id"`
	Kind     string `json:"kind"`
	Informed bool   `json:"informed"` // the officer said that the person has been told of it
	state    string
	since    time.Time
}

// Held is how many rows of the trail are withheld, and by which rule. It is for those who
// prepare and release, and stands in nothing that is handed out.
type Held struct {
	Reasons []string `json:"reasons"`
	Rows    int      `json:"rows"`
}

// sheet is the answer as a page, in one language.
type sheet struct{ Title, HTML string }

// gathered is what the box holds: everything that a release is of.
type gathered struct {
	Salt     hub.ID // so that nobody finds out what is in it by its hash
	Subject  hub.ID // whom it is about
	Answer   CitizenAnswer
	Sheets   map[string]sheet // by language
	Matters  []Matter
	Withheld []Held
	Names    bool
	Why      string // names stand in it
	Received string // the day of the request
	Unknown  bool   // there is nothing about whom the reference stands for: it may be mistyped
}

// filed is an answer as it is kept.
type filed struct {
	id, subject            hub.ID
	authority              hub.AuthorityID
	n                      int
	box, content           []byte
	preparedBy, releasedBy hub.ID
	preparer, releaser     string // by name
	preparedAt, releasedAt time.Time
	unknown                bool      // the log knows nothing of the reference
	twin                   bool      // another waits about the same person, as it is read
	near, byNear           bool      // the actor, or whoever prepared it, is too close to whom it is about
	received               time.Time // the day of the request; zero where nobody has said it
	rule                   string    // by which it is erased
	eraseAt                time.Time
	extended               *longer
}

// as reports whether an answer stands in clear as its box says. Of one from before the box said
// whom it is about, it is not asked.
func (f filed) as(in gathered) bool {
	var received string
	if !f.received.IsZero() {
		received = f.received.Format(time.DateOnly)
	}
	return (in.Subject == f.subject || in.Subject == "") && in.Received == received && in.Unknown == f.unknown
}

// errExtractChanged is what is told of an answer that is not as it was prepared: with what to do.
var errExtractChanged = hub.Conflict("audit.error.extract.box")

// ExtractLine is one of those that wait, or were released.
type ExtractLine struct {
	ID         hub.ID     `json:"id"`
	PreparedBy string     `json:"prepared_by"`
	PreparedAt time.Time  `json:"prepared_at"`
	ReleasedBy string     `json:"released_by,omitempty"`
	ReleasedAt *time.Time `json:"released_at,omitempty"`
	Received   string     `json:"received,omitempty" doc:"The day of the request. Missing of one from before it was asked for."`
	Due        *time.Time `json:"due,omitempty" doc:"The last minute of the last day on which it is answered in time (GDPR art. 12(3))."`
	Left       int        `json:"days_left" doc:"Of one that waits: days after today until the last; 0 on it and when it is over."`
	Soon       bool       `json:"soon"`     // it waits, and the day of the first warning has come
	Overdue    bool       `json:"overdue"`  // the time had run out before it was released, or has
	Extended   bool       `json:"extended"` // the citizen was told in time that it takes longer
	Changed    bool       `json:"changed,omitempty" doc:"In the register only: it is not as the log names it. Somebody changed it past the hub."`
}

// ReceivedOn is the day of the request.
func (l ExtractLine) ReceivedOn() time.Time { return LookUp{Day: l.Received}.On() }

// ExtractList is what waits, and then what was released last.
type ExtractList struct {
	Extracts []ExtractLine `json:"extracts"`
	Gone     []hub.ID      `json:"gone" doc:"Those that the log names and the register has not: somebody took them out past the hub."`
}

// ExtractView is an answer as those who prepare and release it read it.
type ExtractView struct {
	ExtractLine
	Extension     *Extension    `json:"extension,omitempty"`
	RetentionRule string        `json:"retention_rule"`
	EraseAt       time.Time     `json:"erase_at"`
	Subject       hub.ID        `json:"subject"`
	Content       string        `json:"content"` // the hash of all that follows, as a release must say it
	Unknown       bool          `json:"unknown"` // the own log knows nothing of the reference, which may be mistyped; the answer to the citizen does not say so
	Twin          bool          `json:"twin"`    // another answer to the same person waits
	Unseen        bool          `json:"unseen,omitempty" doc:"Look-ups may be missing: a canary was not found when it was gathered, or is not now. Gather it anew when it is found again. Of what is released it is not said."`
	Matters       []Matter      `json:"matters"`
	Names         bool          `json:"names"`
	Why           string        `json:"why,omitempty"`
	Withheld      []Held        `json:"withheld"`
	Answer        CitizenAnswer `json:"answer"`
	Prepares      bool          `json:"prepares"` // the asker may gather it anew
	Releases      bool          `json:"releases"` // the asker may release it
	Extends       bool          `json:"extends"`  // the asker may say that it takes longer
	Anew          bool          `json:"anew"`     // whoever prepared it is too close to the person: somebody else has to
	sheets        map[string]sheet
}

// mostExtracts is how many are listed.
const mostExtracts = 50

func extractPlace(id hub.ID) string { return "audit.extract/" + string(id) }

func (f filed) line(now time.Time) ExtractLine {
	l := ExtractLine{ID: f.id, PreparedBy: f.preparer, PreparedAt: f.preparedAt, ReleasedBy: f.releaser, Extended: f.extended != nil}
	if f.releasedBy != "" {
		l.ReleasedAt, now = &f.releasedAt, f.releasedAt
	}
	if due, ok := f.due(); ok {
		l.Received, l.Due, l.Overdue = f.received.Format(time.DateOnly), &due, overdue(due, now)
		if l.ReleasedAt == nil {
			l.Left, l.Soon = left(due, now), lawOfAnswers.soon(due, now)
		}
	}
	return l
}

// strange reports whether an answer is to somebody as one that is not there: others prepared
// it, and they are too close (A012). What they prepared themselves they know; that they
// are is not told then, or it would tell them whom the reference stands for.
func (f filed) strange(me hub.ID) bool { return f.near && f.preparedBy != me }

// extracting is the question whether the actor may take a step with an answer.
func (x *room) extracting(tx *pg.Tx, step string, f filed) policies.Extract {
	who := tx.Who()
	return policies.Extract{Step: step, Role: who.Role, Kind: who.Kind, Purpose: hub.LogControl, SameAuthority: f.authority == who.Authority, Recused: f.strange(who.Person), ByRecused: f.byNear,
		Self: f.preparedBy == who.Person, Linked: x.Linked(who.Person, f.preparedBy, tx.Now)}
}

// entry is the row of the trail of a step with an answer, with its ground.
func (x *room) entry(act hub.Act, f filed) (pg.Entry, error) {
	e := pg.Entry{Act: act, Object: hub.Object{Kind: "extract", ID: f.id, Version: f.n}, Controller: f.authority, Why: hub.NewPersonal(Grounds[0])}
	if f.subject != "" {
		e.Subjects = []hub.ID{f.subject}
	}
	key := vault.AuthorityKey(f.authority)
	e.Keys = []hub.ID{key}
	return e, x.Vault.Make(key)
}

// listExtracts lists the own authority's answers.
func (x *room) listExtracts(r *web.Request, _ struct{}) (ExtractList, error) {
	out := ExtractList{Extracts: []ExtractLine{}}
	err := x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) error {
		none := filed{authority: r.Who.Authority}
		g, err := x.may(r.Context(), tx, "read", none, hub.ActSearch)
		if err != nil {
			return err
		}
		list, err := extracts(r.Context(), tx, g, r.Who.Authority)
		if err != nil {
			return err
		}
		if out.Gone, err = gone(r.Context(), tx, "extract", r.Who.Authority); err != nil {
			return err
		}
		for _, f := range list {
			i := slices.Index(out.Gone, f.id)
			if i >= 0 {
				out.Gone = slices.Delete(out.Gone, i, i+1)
			}
			if !f.strange(r.Who.Person) {
				l := f.line(tx.Now)
				l.Changed = i >= 0
				out.Extracts = append(out.Extracts, l)
			}
		}
		e, err := x.entry(hub.ActSearch, none)
		if err != nil {
			return err
		}
		e.Rows = len(out.Extracts)
		_, err = tx.Record(r.Context(), g, e)
		return err
	})
	return out, err
}

// may asks for the right to a step, and writes the refusal where it is a no: the same of
// what is not there and of what is another's.
func (x *room) may(ctx context.Context, tx *pg.Tx, step string, f filed, act hub.Act) (policies.Grant, error) {
	g, err := tx.Ask(ctx, x.extracting(tx, step, f))
	denied := new(policies.Denial)
	if errors.As(err, &denied) {
		if err := tx.Refuse(ctx, denied, pg.Entry{Act: act, Object: hub.Object{Kind: "extract", ID: f.id}, Controller: tx.Who().Authority}); err != nil {
			return g, err
		}
	}
	return g, err
}

// held reads an answer that nobody else changes meanwhile, and asks again: only of whoever
// may, so that nobody waits for what is nothing to them (A027).
func (x *room) held(ctx context.Context, tx *pg.Tx, step string, id hub.ID, act hub.Act) (filed, policies.Grant, error) {
	f, err := extractByID(ctx, tx, id, true)
	if err != nil {
		return f, policies.Grant{}, err
	}
	g, err := x.may(ctx, tx, step, f, act)
	if err == nil {
		err = x.asNamed(ctx, tx, f)
	}
	return f, g, err
}

// asNamed refuses an answer that is not as the log names it.
func (x *room) asNamed(ctx context.Context, tx *pg.Tx, f filed) error {
	ids, err := gone(ctx, tx, "extract", f.authority)
	if err == nil && slices.Contains(ids, f.id) {
		err = errExtractChanged
	}
	return err
}

// openExtract opens an answer for one of those who may read it.
func (x *room) openExtract(r *web.Request, act hub.Act) (f filed, in gathered, q policies.Extract, err error) {
	ctx := r.Context()
	id, _ := r.PathID("extract")
	var receipt hub.Receipt
	err = x.DB.View(ctx, r.Who, func(tx *pg.Tx) error {
		if f, err = extractByID(ctx, tx, id, false); err != nil {
			return err
		}
		q = x.extracting(tx, "release", f)
		g, err := x.may(ctx, tx, "read", f, act)
		if err == nil {
			err = x.asNamed(ctx, tx, f)
		}
		if err != nil {
			return err
		}
		if act == hub.ActExport && f.releasedBy == "" {
			return hub.Conflict("audit.error.extract.waits")
		}
		if f.box, err = boxOf(ctx, tx, g, id); err != nil {
			return err
		}
		if f.twin, err = waitsToo(ctx, tx, g, f); err != nil {
			return err
		}
		e, err := x.entry(act, f)
		if err != nil {
			return err
		}
		receipt, err = tx.Record(ctx, g, e)
		return err
	})
	if err != nil {
		return f, in, q, err
	}
	p, err := x.Vault.Open(receipt, vault.AuthorityKey(f.authority), extractPlace(id), f.box)
	if errors.Is(err, vault.ErrBox) {
		err = errExtractChanged
	}
	if err != nil {
		return f, in, q, err
	}
	text := []byte(p.Reveal(ctx))
	if sum := sha256.Sum256(text); !slices.Equal(sum[:], f.content) {
		return f, in, q, errExtractChanged
	}
	if f.extended != nil && act == hub.ActConsult {
		if f.extended.reason, err = x.Vault.Open(receipt, vault.AuthorityKey(f.authority), extensionPlace(id), f.extended.box); err != nil {
			return f, in, q, err
		}
	}
	if err = json.Unmarshal(text, &in); err == nil && !f.as(in) {
		err = errExtractChanged
	}
	return f, in, q, err
}

// readExtract reads an answer with what was decided of it.
func (x *room) readExtract(r *web.Request, _ struct{}) (ExtractView, error) {
	f, in, q, err := x.openExtract(r, hub.ActConsult)
	if err != nil {
		return ExtractView{}, err
	}
	v := ExtractView{ExtractLine: f.line(r.Now), Extension: f.extended.shown(r.Context()), RetentionRule: f.rule, EraseAt: f.eraseAt, Subject: f.subject, Content: hex.EncodeToString(f.content), Unknown: in.Unknown, Matters: in.Matters, Names: in.Names, Why: in.Why, Withheld: in.Withheld,
		Answer: in.Answer, sheets: in.Sheets}
	if f.releasedBy != "" {
		return v, nil
	}
	if err := x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) error {
		return tx.QueryRow(r.Context(), `select exists (select from audit.odd_told where what = 'unseen' and (ended_at is null or ended_at > $1))`, f.preparedAt).Scan(&v.Unseen)
	}); err != nil {
		return v, err
	}
	v.Anew, v.Twin = anew(q), f.twin && !f.near
	for step, may := range map[string]*bool{"prepare": &v.Prepares, "release": &v.Releases} {
		q.Step = step
		a, err := x.DB.Advise(r.Context(), q)
		if err != nil {
			return v, err
		}
		*may = a.Allow
	}
	v.Extends = v.Prepares && v.Due != nil && f.extended == nil
	return v, nil
}

// takeExtract gives what was handed out, as it was.
func (x *room) takeExtract(r *web.Request, _ struct{}) (CitizenAnswer, error) {
	_, in, _, err := x.openExtract(r, hub.ActExport)
	return in.Answer, err
}

// releaseExtract hands an answer out: by somebody else than who prepared it, and of
// nothing but what they read (P4).
func (x *room) releaseExtract(r *web.Request, in Releasing) (done ExtractReceipt, err error) {
	ctx := r.Context()
	id, _ := r.PathID("extract")
	entry := pg.Entry{Act: hub.ActDecide, Object: hub.Object{Kind: "extract", ID: id}, Controller: r.Who.Authority}
	err = x.DB.Command(ctx, r.Who, entry, func(tx *pg.Tx) error {
		operation := "release extract " + string(id)
		if had, err := x.Again(ctx, tx, r, operation, &done); err != nil || had {
			return err
		}
		f, err := extractByID(ctx, tx, id, false)
		if err != nil {
			return err
		}
		g, err := x.may(ctx, tx, "release", f, hub.ActDecide)
		if err == nil {
			f, g, err = x.held(ctx, tx, "release", id, hub.ActDecide)
		}
		var denied *policies.Denial
		if errors.As(err, &denied) {
			switch why := denied.Reasons(); {
			case slices.ContainsFunc(why, func(w string) bool { return w != "self" && w != "linked" && w != "by_recused" }): // is not told of it
			case slices.Contains(why, "self"), slices.Contains(why, "linked"):
				return hub.Conflict("audit.error.extract.own")
			default:
				return hub.Conflict("audit.error.extract.anew")
			}
		}
		if err != nil {
			return err
		}
		if err := service.Obliged(r, g.Obligations(), "error.step_up"); err != nil {
			return errors.Join(tx.Withhold(ctx, entry), err)
		}
		read, now := in.Content, hex.EncodeToString(f.content)
		switch {
		case f.releasedBy != "":
			return hub.Conflict("audit.error.extract.released")
		case read == "":
			return hub.Invalid("content", "error.required")
		case read != now:
			return hub.Conflict("audit.error.extract.changed")
		case f.unknown && !in.Unknown:
			return hub.Invalid("unknown", "audit.error.extract.unknown")
		}
		f.rule, f.eraseAt = x.retained("answer", f.authority, tx.Now)
		if err := handOut(ctx, tx, g, f); err != nil {
			return err
		}
		e, err := x.entry(hub.ActDecide, f)
		if err != nil {
			return err
		}
		e.Why = hub.NewPersonal(Grounds[0] + " " + now) // so that the tree of the trail binds it
		if _, err := tx.Record(ctx, g, e); err != nil {
			return err
		}
		done = ExtractReceipt{ID: id, Content: now, At: tx.Now}
		return x.Keep(ctx, tx, r, operation, done)
	})
	return done, err
}
