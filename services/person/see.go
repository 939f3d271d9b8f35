package person

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/policies"
)

// The fields of this room, as policy knows them (policies/data.json, classes
// identity and address).
var (
	cardFields = []string{"age_band", "birth_date", "cpr", "name", "protected"}
	nameFields = []string{"name"}
	allFields  = []string{"address", "age_band", "birth_date", "cpr", "name", "protected"}
)

// sight is what one actor may see of one subject: the union over everything
// that is about it, each field resting on one grant.
type sight struct {
	file    *file
	fields  map[string]bool
	grants  []part // those that gave a field no earlier one gave
	receipt hub.Receipt
	own     bool             // the asker's own authority has it, or it is theirs alone so far
	related bool             // something is about it that the asker stands to
	denial  *policies.Denial // why not, where there is nothing to see
}

// part is what one grant gives.
type part struct {
	grant  policies.Grant
	fields []string
}

// may reports whether a field may be shown.
func (s *sight) may(field string) bool { return s.fields[field] }

// look judges what the asker may see of a subject now, of the fields wanted.
// It asks at least one question, whether there is such a subject or not.
func (x *room) look(ctx context.Context, tx *pg.Tx, f *file, want []string) (*sight, error) {
	s := &sight{file: f, fields: map[string]bool{}}
	for _, q := range questions(tx.Who(), f, x.outgrown(tx.Who(), f)) {
		g, err := tx.Ask(ctx, q)
		denial := new(policies.Denial)
		switch {
		case errors.As(err, &denial):
			s.denial = denial
			continue
		case err != nil:
			return nil, err
		}
		given := g.Fields()
		if q.Question() == (policies.Register{}).Question() {
			given = allFields // what one has written oneself, and nothing is about yet
		}
		s.take(g, given, want)
		v, ok := q.(policies.View)
		s.own = s.own || !ok || v.Relation == "own" && g.Allows("name")
	}
	for _, r := range f.relations {
		s.related = s.related || r.Relation != "" || r.Assigned || r.Author
	}
	return s, nil
}

// take adds the fields that are wanted, given, and not there yet.
func (s *sight) take(g policies.Grant, given, want []string) {
	p := part{grant: g}
	hide := s.file.Protected && slices.Contains(g.Obligations(), "hide_protected_address")
	for _, field := range want {
		if s.fields[field] || !slices.Contains(given, field) || field == "address" && hide {
			continue
		}
		s.fields[field] = true
		p.fields = append(p.fields, field)
	}
	if len(p.fields) > 0 {
		s.grants = append(s.grants, p)
	}
}

// outgrown reports whether the person is past the age up to which the asker's authority, or
// their department, has to do with anybody. Who was let in for the young is let out
// by a fact, a little later; what was learnt of the person meanwhile is not theirs (L27).
func (x *room) outgrown(who hub.Actor, f *file) bool {
	post, _ := x.Structure.Post(who.Hat.ID)
	return service.Outgrown(x.Structure.UntilAge(who.Authority, post.Department), f.Band)
}

// letIn are the kinds of item that somebody is let into for the young only.
var letIn = []string{"case", "request", "answer"}

// questions are what to ask about a subject: one View for each distinct way in
// which the asker stands to something about it; where nothing is, and the asker
// registered it, whether they may register. To whom the person is too old nobody is let in.
// Being recused from one thing about
// a person is being recused from the person, and so is being the person (A012).
func questions(who hub.Actor, f *file, outgrown bool) []policies.Question {
	if f.known && !f.used && f.awake && !f.self && f.By == who.Person && f.At == who.Authority {
		return []policies.Question{register(who, hub.Prevention, "")}
	}
	recused := f.self || slices.ContainsFunc(f.relations, func(r pg.Relation) bool { return r.Recused })
	var list []policies.Question
	for _, r := range f.relations {
		if r.Author && f.known && f.By != who.Person {
			r.Author = false // writing about somebody does not open who it is: having registered them does
		}
		r.Recused = recused
		r.Assigned = r.Assigned && !(outgrown && slices.Contains(letIn, r.Kind))
		if q := r.View(who, hub.Prevention); !slices.Contains(list, policies.Question(q)) {
			list = append(list, q)
		}
	}
	if len(list) == 0 {
		list = append(list, pg.Relation{Recused: recused}.View(who, hub.Prevention))
	}
	return list
}

// register is the question whether a hat may register and match subjects.
func register(who hub.Actor, purpose hub.Purpose, basis hub.LegalBasis) policies.Register {
	if basis == "" {
		basis = ownBasis(who.Kind)
	}
	return policies.Register{Role: who.Role, Kind: who.Kind, Purpose: purpose, Basis: basis}
}

// ownBasis is the legal basis that an authority's own processing has unless
// something else is said.
func ownBasis(k hub.AuthorityKind) hub.LegalBasis {
	if k == hub.Police || k == hub.PrisonService {
		return "RHL"
	}
	return "GDPR6-1-E"
}

// consulted is the record of a showing.
func consulted(f *file, act hub.Act, fields []string) pg.Entry {
	e := pg.Entry{Act: act, Object: hub.Object{Kind: "subject", ID: f.ID}, Controller: f.Controller, Fields: fields}
	if f.known || f.used {
		e.Subjects = []hub.ID{f.ID}
	}
	return e
}

// record writes the showing of everything that the sight allows: a row for each
// grant that gave something.
func (s *sight) record(ctx context.Context, tx *pg.Tx, act hub.Act) error {
	for _, p := range s.grants {
		receipt, err := tx.Record(ctx, p.grant, consulted(s.file, act, p.fields))
		if err != nil {
			return err
		}
		s.receipt = receipt // each opens the subject's key
	}
	return nil
}

// read shows subjects to one actor: one snapshot, every showing recorded and
// committed before anything is opened. Sights without any field are among them.
func (x *room) read(ctx context.Context, who hub.Actor, want []string, refuse bool, ids ...hub.ID) (map[hub.ID]*sight, error) {
	sights := map[hub.ID]*sight{}
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		list, err := files(ctx, tx, ids...)
		if err != nil {
			return err
		}
		for _, f := range list {
			s, err := x.look(ctx, tx, f, want)
			if err != nil {
				return err
			}
			sights[f.ID] = s
			switch {
			case len(s.grants) > 0:
				err = s.record(ctx, tx, hub.ActConsult)
			case refuse || !s.related:
				err = s.refuse(ctx, tx, hub.ActConsult)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return sights, err
}

// refuse records that nothing was shown: also where policy gave something, only
// not what was wanted.
func (s *sight) refuse(ctx context.Context, tx *pg.Tx, act hub.Act) error {
	if s.denial == nil {
		return tx.Withhold(ctx, consulted(s.file, act, nil))
	}
	return tx.Refuse(ctx, s.denial, consulted(s.file, act, nil))
}

// one shows one subject, or is NotFound.
func (x *room) one(ctx context.Context, who hub.Actor, want []string, id hub.ID) (*sight, error) {
	sights, err := x.read(ctx, who, want, true, id)
	if err != nil {
		return nil, err
	}
	s := sights[id]
	if s == nil || len(s.grants) == 0 {
		return nil, hub.NotFound()
	}
	return s, nil
}

// where is the place of a sealed text, bound into its box.
func where(id hub.ID, field string) string { return "person.identity/" + string(id) + "/" + field }

// open opens one box of a subject; false where there is none. A subject whose
// key is destroyed has none any more.
func (x *room) open(ctx context.Context, s *sight, receipt hub.Receipt, field string) (string, bool, error) {
	box, ok := s.file.boxes[field]
	if !ok {
		return "", false, nil
	}
	p, err := x.Vault.Open(receipt, s.file.ID, where(s.file.ID, field), box)
	if errors.Is(err, vault.ErrDestroyed) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("person: opening a %s: %w", field, err)
	}
	return p.Reveal(ctx), true, nil
}

// View is a subject as one actor may see it: what policy did not give is not
// there. Page, card and JSON are made from this alone, so that they cannot
// differ (A005).
type View struct {
	Subject   hub.ID   `json:"subject"`
	Name      string   `json:"name,omitempty"`
	CPR       string   `json:"cpr,omitempty"`    // masked: DDMMYY-••••
	Number    string   `json:"number,omitempty"` // given, none, unknown
	BirthDate string   `json:"birth_date,omitempty"`
	Age       *int     `json:"age,omitempty"` // in years, today in Copenhagen
	AgeBand   string   `json:"age_band,omitempty"`
	Protected bool     `json:"protected,omitempty"`
	Address   string   `json:"address,omitempty"`
	Language  string   `json:"language,omitempty"`
	Category  string   `json:"category,omitempty"`
	Fields    []string `json:"fields"` // what policy gave
	Unknown   bool     `json:"unknown,omitempty"`
	Complete  bool     `json:"complete"` // nothing is left to identify
	Own       bool     `json:"-"`        // the asker's own authority has it
}

// Codes lists what a view may say.
func (View) Codes() map[string][]string {
	return map[string][]string{"category": Categories, "age_band": Bands, "number": {NumberGiven, NumberNone, NumberUnknown}}
}

// Years is the age, for a page; 0 where it is not known.
func (v *View) Years() int {
	if v.Age == nil {
		return 0
	}
	return *v.Age
}

// Birth is the birth date as an instant of its day, for a page.
func (v *View) Birth() time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, v.BirthDate, hub.Copenhagen) // written by show
	return t
}

// texts are the sealed texts of an identity, and the field that policy must give
// for each.
var texts = []struct{ name, needs string }{{"name", "name"}, {"cpr", "cpr"}, {"birth_date", "birth_date"}, {"address", "address"}, {"language", "address"}}

// show opens what sights allow, all of it at once, and gives the views in their
// order.
func (x *room) show(ctx context.Context, sights ...*sight) ([]*View, error) {
	var boxes []vault.Box
	var whose []struct {
		at   int
		name string
	}
	for i, s := range sights {
		for _, t := range texts {
			if box, ok := s.file.boxes[t.name]; ok && s.may(t.needs) {
				boxes = append(boxes, vault.Box{Receipt: s.receipt, Key: s.file.ID, Where: where(s.file.ID, t.name), Sealed: box})
				whose = append(whose, struct {
					at   int
					name string
				}{i, t.name})
			}
		}
	}
	open := make([]map[string]string, len(sights))
	for i := range open {
		open[i] = map[string]string{}
	}
	for i, o := range x.Vault.OpenAll(boxes...) {
		if errors.Is(o.Err, vault.ErrDestroyed) {
			continue // a subject whose key is destroyed has no texts any more
		}
		if o.Err != nil {
			return nil, fmt.Errorf("person: opening a %s: %w", whose[i].name, o.Err)
		}
		open[whose[i].at][whose[i].name] = o.Text.Reveal(ctx)
	}
	views := make([]*View, len(sights))
	for i, s := range sights {
		views[i] = x.view(s, open[i])
	}
	return views, nil
}

// view puts together what was opened.
func (x *room) view(s *sight, text map[string]string) *View {
	f := s.file
	v := &View{Subject: f.ID, Fields: []string{}, Complete: f.Identified(), Unknown: !f.Named, Own: s.own,
		Name: text["name"], CPR: text["cpr"], Address: text["address"], Language: text["language"]}
	for _, p := range s.grants {
		v.Fields = append(v.Fields, p.fields...)
	}
	slices.Sort(v.Fields)
	if s.may("cpr") {
		v.Number = f.Number
		if f.Number == "" {
			v.Number = NumberUnknown
		}
		if v.CPR != "" {
			v.CPR = Masked(v.CPR)
		}
	}
	if day, err := ParseDay(text["birth_date"]); err == nil {
		age := day.Age(Today(x.Now()))
		v.BirthDate, v.Age = text["birth_date"], &age
	}
	if s.may("age_band") {
		v.AgeBand, v.Category = f.Band, f.Category
	}
	v.Protected = s.may("protected") && f.Protected
	return v
}
