package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
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
	Choices
}

// Releasing is one person's yes to what they read.
type Releasing struct {
	Content string `json:"content"` // ExtractView.Content of what was read
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
	Answer   CitizenAnswer
	Sheets   map[string]sheet // by language
	Matters  []Matter
	Withheld []Held
	Names    bool
	Why      string // names stand in it
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
	near                   bool // the actor is too close to whom it is about
}

// ExtractLine is one of those that wait, or were released.
type ExtractLine struct {
	ID         hub.ID     `json:"id"`
	PreparedBy string     `json:"prepared_by"`
	PreparedAt time.Time  `json:"prepared_at"`
	ReleasedBy string     `json:"released_by,omitempty"`
	ReleasedAt *time.Time `json:"released_at,omitempty"`
}

// ExtractList is what waits, and then what was released last.
type ExtractList struct {
	Extracts []ExtractLine `json:"extracts"`
}

// ExtractView is an answer as those who prepare and release it read it.
type ExtractView struct {
	ExtractLine
	Subject  hub.ID        `json:"subject"`
	Content  string        `json:"content"` // the hash of all that follows, as a release must say it
	Matters  []Matter      `json:"matters"`
	Names    bool          `json:"names"`
	Why      string        `json:"why,omitempty"`
	Withheld []Held        `json:"withheld"`
	Answer   CitizenAnswer `json:"answer"`
	Prepares bool          `json:"prepares"` // the asker may gather it anew
	Releases bool          `json:"releases"` // the asker may release it
	sheets   map[string]sheet
}

// mostExtracts is how many are listed.
const mostExtracts = 50

func extractPlace(id hub.ID) string { return "audit.extract/" + string(id) }

func (f filed) line() ExtractLine {
	l := ExtractLine{ID: f.id, PreparedBy: f.preparer, PreparedAt: f.preparedAt, ReleasedBy: f.releaser}
	if f.releasedBy != "" {
		l.ReleasedAt = &f.releasedAt
	}
	return l
}

// extracting is the question whether the actor may take a step with an answer.
func (x *room) extracting(tx *pg.Tx, step string, f filed) policies.Extract {
	who := tx.Who()
	return policies.Extract{Step: step, Role: who.Role, Kind: who.Kind, Purpose: hub.LogControl, SameAuthority: f.authority == who.Authority, Recused: f.near,
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
		for _, f := range list {
			if !f.near { // to them it is as one that is not there (A012)
				out.Extracts = append(out.Extracts, f.line())
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
	return f, g, err
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
		if err != nil {
			return err
		}
		if act == hub.ActExport && f.releasedBy == "" {
			return hub.Conflict("audit.error.extract.waits")
		}
		if f.box, err = boxOf(ctx, tx, g, id); err != nil {
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
	if err != nil {
		return f, in, q, err
	}
	text := []byte(p.Reveal(ctx))
	if sum := sha256.Sum256(text); !slices.Equal(sum[:], f.content) {
		return f, in, q, errors.New("audit: what is in the box of an extract is not what its hash says")
	}
	return f, in, q, json.Unmarshal(text, &in)
}

// readExtract reads an answer with what was decided of it.
func (x *room) readExtract(r *web.Request, _ struct{}) (ExtractView, error) {
	f, in, q, err := x.openExtract(r, hub.ActConsult)
	if err != nil {
		return ExtractView{}, err
	}
	v := ExtractView{ExtractLine: f.line(), Subject: f.subject, Content: hex.EncodeToString(f.content), Matters: in.Matters, Names: in.Names, Why: in.Why, Withheld: in.Withheld,
		Answer: in.Answer, sheets: in.Sheets}
	if f.releasedBy != "" {
		return v, nil
	}
	for step, may := range map[string]*bool{"prepare": &v.Prepares, "release": &v.Releases} {
		q.Step = step
		a, err := x.DB.Advise(r.Context(), q)
		if err != nil {
			return v, err
		}
		*may = a.Allow
	}
	return v, nil
}

// takeExtract gives what was handed out, as it was.
func (x *room) takeExtract(r *web.Request, _ struct{}) (CitizenAnswer, error) {
	_, in, _, err := x.openExtract(r, hub.ActExport)
	return in.Answer, err
}

// prepareExtract gathers the answer to somebody who asks for the first time.
func (x *room) prepareExtract(r *web.Request, in Preparing) (done NewExtract, err error) {
	err = x.preparing(r, &done.ExtractReceipt, func(ctx context.Context, tx *pg.Tx) (f filed, c Choices, err error) {
		f = filed{authority: r.Who.Authority, preparedBy: r.Who.Person}
		g, err := x.may(ctx, tx, "prepare", f, hub.ActCombine)
		if err != nil {
			return f, c, err
		}
		if in.Reference == "" {
			return f, c, hub.Invalid("reference", "error.required")
		}
		_, refs, err := x.seeks(ctx, tx, g, Search{Part: Part{Ground: Grounds[0], Reference: in.Reference}})
		if err != nil {
			return f, c, err
		}
		if f.subject, err = x.person(ctx, tx, g, refs.subject); err != nil {
			return f, c, err
		}
		f.id = x.NewID()
		f.near, err = nearTo(ctx, tx, g, f.subject)
		return f, in.Choices, err
	})
	return done, err
}

// prepareAgain gathers it anew, with other choices or because something has changed.
func (x *room) prepareAgain(r *web.Request, in Choices) (done ExtractReceipt, err error) {
	err = x.preparing(r, &done, func(ctx context.Context, tx *pg.Tx) (filed, Choices, error) {
		id, _ := r.PathID("extract")
		f, err := extractByID(ctx, tx, id, false)
		return f, in, err
	})
	return done, err
}

// preparing gathers an answer and keeps it.
func (x *room) preparing(r *web.Request, done *ExtractReceipt, of func(context.Context, *pg.Tx) (filed, Choices, error)) error {
	ctx := r.Context()
	return x.DB.Command(ctx, r.Who, pg.Entry{Act: hub.ActCombine, Object: hub.Object{Kind: "extract"}}, func(tx *pg.Tx) error {
		operation := "prepare extract " + r.PathValue("extract")
		if had, err := x.Again(ctx, tx, r, operation, done); err != nil || had {
			return err
		}
		f, in, err := of(ctx, tx)
		if err != nil {
			return err
		}
		g, err := x.may(ctx, tx, "prepare", f, hub.ActCombine)
		if err == nil && f.n > 0 {
			f, g, err = x.held(ctx, tx, "prepare", f.id, hub.ActCombine)
		}
		if err != nil {
			return err
		}
		if f.releasedBy != "" {
			return hub.Conflict("audit.error.extract.released")
		}
		f.n++
		e, err := x.entry(hub.ActCombine, f)
		if err != nil {
			return err
		}
		if in.Names {
			if err := x.naming(ctx, tx, f, in.Why); err != nil {
				return err
			}
		}
		what, err := x.gather(ctx, tx, g, f, in)
		if err != nil {
			return err
		}
		text, err := json.Marshal(what)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		f.content = sum[:]
		if f.box, err = x.Vault.Seal(vault.AuthorityKey(f.authority), extractPlace(f.id), hub.NewPersonal(string(text))); err != nil {
			return err
		}
		if err := putExtract(ctx, tx, g, f); err != nil {
			return err
		}
		e.Rows = len(what.Answer.LookUps)
		if _, err := tx.Record(ctx, g, e); err != nil {
			return err
		}
		*done = ExtractReceipt{ID: f.id, Content: hex.EncodeToString(f.content), At: tx.Now}
		return x.Keep(ctx, tx, r, operation, *done)
	})
}

// naming decides that names stand in an answer: an act of its own, with its reason
// (C-579/21).
func (x *room) naming(ctx context.Context, tx *pg.Tx, f filed, why hub.Personal) error {
	g, err := x.may(ctx, tx, "name", f, hub.ActDecide)
	if err != nil {
		return err
	}
	var p hub.Problems
	if service.Text(&p, "why", why, service.MinReason, service.MaxText); p.Err() != nil {
		return p.Err()
	}
	e, err := x.entry(hub.ActDecide, f)
	if err != nil {
		return err
	}
	e.Why = why
	_, err = tx.Record(ctx, g, e)
	return err
}

// languages are those in which an answer is written.
var languages = []string{"da", "en"}

// gather puts the look-ups of somebody's data to the rules, and writes those that are told.
func (x *room) gather(ctx context.Context, tx *pg.Tx, g policies.Grant, f filed, in Choices) (gathered, error) {
	out := gathered{Salt: hub.NewID(), Names: in.Names, Matters: []Matter{}, Withheld: []Held{}, Sheets: map[string]sheet{}}
	if in.Names {
		out.Why = in.Why.Reveal(ctx)
	}
	var err error
	var of map[hub.ID]hub.ID
	if out.Matters, of, err = matters(ctx, tx, g, f, in.Informed); err != nil {
		return out, err
	}
	pseudonym := x.Vault.Pseudonym(f.subject)
	rows, err := looks(ctx, tx, g, f, pseudonym)
	if err != nil {
		return out, err
	}
	s := sifting{room: x, asked: map[policies.Extract]verdict{}, days: map[string]*dayOf{}, held: map[string]int{}, covert: map[hub.ID]bool{}}
	sift := func(l looked, informed bool) error {
		q := x.extracting(tx, "tell", f)
		q.Act, q.SeenFor, q.SeenBy, q.State, q.Informed = l.act, l.purpose, l.kind, l.state, informed
		q.Alone = !slices.ContainsFunc(l.subjects, func(s string) bool { return s != pseudonym }) && (l.item == "" || l.about == f.subject)
		return s.row(ctx, tx, q, l, in.Names)
	}
	// A look-up of the person by itself tells of whatever it was made for: it is told if
	// nothing of the same request is withheld, and if every matter that there was then may be
	// told of. Of one that was erased nobody knows.
	var hidden []time.Time // since when there is something that may not
	for _, m := range out.Matters {
		q := x.extracting(tx, "tell", f)
		q.Act, q.SeenFor, q.SeenBy, q.State, q.Informed, q.Alone = hub.ActConsult, hub.Prevention, q.Kind, m.state, m.Informed, true
		if v, err := s.ask(ctx, tx, q); err != nil {
			return out, err
		} else if !v.told {
			hidden = append(hidden, m.since)
		}
	}
	isPerson := func(l looked) bool { return l.what == "subject" }
	for _, l := range slices.DeleteFunc(slices.Clone(rows), isPerson) {
		if l.item == "" && slices.Contains(things, l.what) {
			hidden = append(hidden, l.at)
		}
		if err := sift(l, of[l.item] != "" && slices.Contains(in.Informed, of[l.item])); err != nil {
			return out, err
		}
	}
	for _, l := range slices.DeleteFunc(rows, func(l looked) bool { return !isPerson(l) }) {
		begun := func(since time.Time) bool { return !since.After(l.at) }
		if err := sift(l, len(in.Informed) > 0 && !s.covert[l.request] && !slices.ContainsFunc(hidden, begun)); err != nil {
			return out, err
		}
	}
	a := CitizenAnswer{Reference: f.id, Authority: f.authority, Of: x.authority(f.authority), Until: tx.Now.In(hub.Copenhagen).Format(time.DateOnly), LookUps: s.lookUps(), Note: map[string]string{}}
	for _, lang := range languages {
		a.Note[lang] = x.Web.T(lang, "audit.answer.note")
	}
	for _, lang := range languages {
		html, err := x.Web.Fragment(lang, "audit", "answer", a)
		if err != nil {
			return out, err
		}
		out.Sheets[lang] = sheet{x.Web.T(lang, "audit.answer.title"), string(html)}
	}
	out.Answer, out.Withheld = a, s.withheld()
	return out, nil
}

// things are the kinds of what somebody's matters are made of.
var things = []string{"concern", "case", "request", "answer", "offer"}

// sifting is rows of the trail on their way into an answer.
type sifting struct {
	*room
	asked  map[policies.Extract]verdict
	days   map[string]*dayOf
	held   map[string]int  // by reasons
	covert map[hub.ID]bool // requests in which something is withheld
}

// verdict is whether a look-up is told, and if not, why.
type verdict struct {
	told bool
	why  string
}

// dayOf is what one line comes to.
type dayOf struct {
	LookUp
	requests map[hub.ID]bool // a page with all that it is made of is one
}

// key is what makes two look-ups one line, and their order.
func (l LookUp) key() string { return l.Day + " " + string(l.Authority) + " " + string(l.Purpose) }

// ask puts a look-up to the rules: each question once.
func (s *sifting) ask(ctx context.Context, tx *pg.Tx, q policies.Extract) (verdict, error) {
	v, asked := s.asked[q]
	if asked {
		return v, nil
	}
	_, err := tx.Ask(ctx, q)
	denied := new(policies.Denial)
	if errors.As(err, &denied) {
		v.why = strings.Join(denied.Reasons(), " ")
	} else if err != nil {
		return v, err
	}
	v.told = err == nil
	s.asked[q] = v
	return v, nil
}

// row takes what is told of one row.
func (s *sifting) row(ctx context.Context, tx *pg.Tx, q policies.Extract, l looked, names bool) error {
	v, err := s.ask(ctx, tx, q)
	if err != nil {
		return err
	}
	if !v.told {
		s.held[v.why]++
		s.covert[l.request] = true
		return nil
	}
	day := LookUp{Day: l.at.In(hub.Copenhagen).Format(time.DateOnly), Purpose: l.purpose, Authority: l.authority}
	on := s.days[day.key()]
	if on == nil {
		on = &dayOf{LookUp: day, requests: map[hub.ID]bool{}}
		on.By = s.authority(l.authority)
		s.days[day.key()] = on
	}
	on.requests[l.request] = true
	if names && !slices.Contains(on.Names, l.name) {
		on.Names = append(on.Names, l.name)
	}
	return nil
}

// lookUps are the lines, the newest first. They stand in an order of their own: where
// something is withheld, no line is missing.
func (s *sifting) lookUps() []LookUp {
	list := make([]LookUp, 0, len(s.days))
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(s.days))) {
		l := s.days[key]
		l.Times = len(l.requests)
		slices.Sort(l.Names)
		list = append(list, l.LookUp)
	}
	return list
}

// withheld is what is not told, by why.
func (s *sifting) withheld() []Held {
	list := make([]Held, 0, len(s.held))
	for _, why := range slices.Sorted(maps.Keys(s.held)) {
		list = append(list, Held{strings.Fields(why), s.held[why]})
	}
	return list
}

// authority is an authority's name.
func (x *room) authority(id hub.AuthorityID) string {
	if a, ok := x.Structure.Authority(id); ok {
		return a.Name
	}
	return string(id)
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
		if errors.As(err, &denied) && !slices.ContainsFunc(denied.Reasons(), func(why string) bool { return why != "self" && why != "linked" }) {
			return hub.Conflict("audit.error.extract.own")
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
		}
		if err := handOut(ctx, tx, g, id); err != nil {
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

// Pages.

func (x *room) extractsPage(w http.ResponseWriter, r *web.Request) error {
	list, err := x.listExtracts(r, struct{}{})
	if err != nil {
		return err
	}
	a, err := x.DB.Advise(r.Context(), policies.Extract{Step: "prepare", Role: r.Who.Role, Kind: r.Who.Kind, Purpose: hub.LogControl, SameAuthority: true})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "extracts", struct {
		ExtractList
		Prepares bool
	}{list, a.Allow})
}

func (x *room) prepareForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.prepareExtract(r, Preparing{Reference: f.Line("reference")})
	if err != nil {
		return err
	}
	return r.Redirect(w, "/extracts/"+string(done.ID))
}

// extractData is an answer with its forms.
type extractData struct {
	ExtractView
	Choices []web.Option
	HTML    template.HTML // the answer, as it would be handed out
	Title   string
}

func (x *room) extractPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.readExtract(r, struct{}{})
	if err != nil {
		return err
	}
	s := v.sheets[r.Lang]
	d := extractData{ExtractView: v, HTML: template.HTML(s.HTML), Title: s.Title} // as we wrote it, sealed since
	var informed []string
	for _, m := range v.Matters {
		d.Choices = append(d.Choices, web.Option{Value: string(m.ID), Label: r.T("audit.object."+m.Kind) + " " + string(m.ID)})
		if m.Informed {
			informed = append(informed, string(m.ID))
		}
	}
	r.Fill("informed[]", informed...)
	r.Fill("why", v.Why)
	if v.Names {
		r.Fill("names", "yes")
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "extract", d)
}

func (x *room) choicesForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := Choices{Names: f.Has("names"), Why: service.Typed(f.Text("why"))}
	for _, id := range f.All("informed[]") {
		in.Informed = append(in.Informed, hub.ID(id))
	}
	done, err := x.prepareAgain(r, in)
	if err != nil {
		return err
	}
	r.Toast(w, "audit.extract.again.done")
	return r.Redirect(w, "/extracts/"+string(done.ID))
}

func (x *room) releaseForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	done, err := x.releaseExtract(r, Releasing{Content: f.Line("content")})
	if err != nil {
		return err
	}
	r.Toast(w, "audit.extract.release.done")
	return r.Redirect(w, "/extracts/"+string(done.ID))
}

// answerPage is what is handed out, as it was released: to print, in the language of the
// page.
func (x *room) answerPage(w http.ResponseWriter, r *web.Request) error {
	f, in, _, err := x.openExtract(r, hub.ActExport)
	if err != nil {
		return err
	}
	s := in.Sheets[r.Lang]
	return x.Web.Page(w, r, http.StatusOK, "audit", "handed", extractData{ExtractView: ExtractView{ExtractLine: f.line()}, HTML: template.HTML(s.HTML), Title: s.Title})
}
