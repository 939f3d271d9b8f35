package person

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/policies"
)

// Registration says who a concern is about.
type Registration struct {
	Form
	Purpose    hub.Purpose    `json:"purpose,omitempty"`     // "" is prevention
	LegalBasis hub.LegalBasis `json:"legal_basis,omitempty"` // of your own processing; "" is your authority's usual one
}

// Codes lists what a registration may name.
func (in Registration) Codes() map[string][]string {
	all := in.Form.Codes()
	all["purpose"] = service.Basis{}.Codes()["purpose"]
	return all
}

// Needs says that somebody is named, or not known yet.
func (Registration) Needs() [][]string { return [][]string{{"name"}, {"unknown"}} }

// Registered is the receipt of a registration: a reference, and nothing about
// the person.
type Registered struct {
	Subject  hub.ID    `json:"subject"`
	Existing bool      `json:"existing,omitempty"` // your authority had this person already, and you may see it
	At       time.Time `json:"at"`
}

// Created tells web to answer 201.
func (r Registered) Created() bool { return !r.Existing }

// controller is whose data a subject is that this actor registers: the own
// authority's, or for an institution its municipality's, which receives what it
// reports.
func (x *room) controller(who hub.Actor, now time.Time) hub.AuthorityID {
	if who.Kind != hub.Police {
		if h, ok := x.Structure.HomeOf(who.Authority, now); ok {
			return h.Municipality
		}
	}
	return who.Authority
}

// register keeps a new subject, or gives the one that the own authority has and
// the asker may see. Whether another authority knows the person, or the own one
// in a matter that is not the asker's, changes nothing: a new reference is made
// (A008, A023).
func (x *room) register(ctx context.Context, who hub.Actor, in Registration, key string) (Registered, error) {
	if in.Purpose == "" {
		in.Purpose = hub.Prevention
	}
	id, now := x.NewID(), x.Now()
	identity, problems := in.Identity(Today(now))
	s := Subject{ID: id, Controller: x.controller(who, now), Category: in.category(), Band: in.band(identity.Birth, Today(now)),
		Protected: in.Protected, Number: in.number(), Named: !identity.Name.Empty()}
	about := pg.Entry{Act: hub.ActCollect, Object: hub.Object{Kind: "subject"}, Controller: s.Controller}
	var done Registered
	err := x.DB.Command(ctx, who, about, func(tx *pg.Tx) error {
		g, err := x.mayRegister(ctx, tx, in.Purpose, in.LegalBasis)
		if err != nil {
			return err
		}
		if err := x.notOneself(ctx, tx, g, s.Controller, identity, about); err != nil {
			return err
		}
		if problems != nil { // only now: who may not register learns nothing of what is wrong (A026)
			return problems
		}
		return x.once(ctx, tx, "registerSubject", key, in, &done, func() error {
			had, err := x.find(ctx, tx, g, s.Controller, identity.Number)
			if err != nil {
				return err
			}
			if had != "" {
				done = Registered{Subject: had, Existing: true, At: tx.Now}
				return nil
			}
			done = Registered{Subject: id, At: tx.Now}
			return x.keep(ctx, tx, g, s, identity, func() error { return putSubject(ctx, tx, g, s, in.Purpose, g.Question().(policies.Register).Basis) })
		})
	})
	return done, err
}

// mayRegister asks whether the actor may register subjects. A purpose or basis
// that does not fit is the writer's to mend, not a secret.
func (x *room) mayRegister(ctx context.Context, tx *pg.Tx, purpose hub.Purpose, basis hub.LegalBasis) (policies.Grant, error) {
	q := register(tx.Who(), purpose, basis)
	valid := x.Structure.Basis(q.Basis, tx.Now)
	if !valid {
		q.Basis = ""
	}
	g, err := tx.Ask(ctx, q)
	if denied := new(policies.Denial); errors.As(err, &denied) {
		if _, again := tx.Ask(ctx, register(tx.Who(), hub.Prevention, "")); again == nil {
			return g, hub.Invalid("purpose", "person.error.purpose_basis")
		}
	}
	return g, err
}

// notOneself turns away whoever types their own number, or the address where they are
// registered themselves (A013): such a matter is somebody else's to begin. It is asked of
// what was typed and of the sign-in, and of nobody who is here, so that it tells of
// nobody; the try stands in the trail.
func (x *room) notOneself(ctx context.Context, tx *pg.Tx, g policies.Grant, controller hub.AuthorityID, id Identity, about pg.Entry) (err error) {
	q, ok := g.Question().(policies.Register)
	if !ok {
		return errors.New("person: a number is registered on another question")
	}
	if q.Own, err = x.own(ctx, tx, controller, id.Number.Personal()); err != nil {
		return err
	}
	if q.Home, err = x.own(ctx, tx, controller, service.AddressForm(id.Address)); err != nil || !q.Own && !q.Home {
		return err
	}
	return refuseOwn(ctx, tx, q, about)
}

// own reports whether a text that was typed is the actor's own, as the sign-in says it.
func (x *room) own(ctx context.Context, tx *pg.Tx, controller hub.AuthorityID, text hub.Personal) (bool, error) {
	if text.Empty() {
		return false, nil
	}
	marks, err := x.typedMarks(ctx, tx, controller, text)
	if err != nil {
		return false, err
	}
	return tx.OwnNumber(ctx, marks)
}

// refuseOwn asks of the actor's own number or address, and says at its field what to do instead.
func refuseOwn(ctx context.Context, tx *pg.Tx, q policies.Question, about pg.Entry) error {
	_, err := tx.Ask(ctx, q)
	denied := new(policies.Denial)
	if !errors.As(err, &denied) {
		return err
	}
	if err := tx.Refuse(ctx, denied, about); err != nil {
		return err
	}
	if !slices.Contains(denied.Reasons(), "own_number") {
		return hub.Invalid("address", "person.error.address.own")
	}
	return hub.Invalid("cpr", "person.error.cpr.own")
}

// typedMarks are the blind indexes of what was typed at a controller: of every period that
// it has numbers of, and of now.
func (x *room) typedMarks(ctx context.Context, tx *pg.Tx, controller hub.AuthorityID, text hub.Personal) ([]string, error) {
	had, err := periods(ctx, tx, controller)
	if err != nil {
		return nil, err
	}
	marks := make([]string, 0, len(had)+1)
	for _, p := range append(had, service.NumberPeriod(tx.Now)) {
		m, err := x.Vault.Blind(controller, p, text)
		if err != nil {
			return nil, err
		}
		marks = append(marks, m)
	}
	return marks, nil
}

// once runs a command's work the first time it is asked under a key, and gives
// the first receipt every other time. What tells two bodies apart is a keyed
// hash: a plain one of a CPR number could be found by trying.
func (x *room) once(ctx context.Context, tx *pg.Tx, operation, key string, in any, done any, work func() error) error {
	if key == "" {
		return work()
	}
	body, err := json.Marshal(flat(in))
	if err != nil {
		return err
	}
	hash, err := x.Vault.Blind(tx.Who().Authority, "idempotency", hub.NewPersonal(string(body)))
	if err != nil {
		return err
	}
	first, err := tx.Key(ctx, operation, key, []byte(hash))
	if err != nil {
		return err
	}
	if first != nil {
		return json.Unmarshal(first, done)
	}
	if err := work(); err != nil {
		return err
	}
	return tx.Keep(ctx, operation, key, done)
}

// flat is an input with its personal texts spelt out: for hashing only, because
// marshalled as it is every text says the same.
func flat(in any) any {
	switch in := in.(type) {
	case Registration:
		return []any{flat(in.Form), in.Purpose, in.LegalBasis}
	case Form:
		return []any{in.Unknown, in.Category, typed(in.Name), typed(in.CPR), in.NoCPR, typed(in.BirthDate), in.AgeBand, typed(in.Address), in.Protected, typed(in.Language)}
	}
	return in
}

// find searches the own authority for a number, and records the search. It
// gives the subject that the asker may see, and "" for every other outcome.
func (x *room) find(ctx context.Context, tx *pg.Tx, g policies.Grant, controller hub.AuthorityID, n Number) (hub.ID, error) {
	if n.Empty() {
		return "", nil
	}
	marks, err := x.typedMarks(ctx, tx, controller, n.Personal())
	if err != nil {
		return "", err
	}
	ids, err := matches(ctx, tx, controller, marks)
	if err != nil {
		return "", err
	}
	var found hub.ID
	list, err := files(ctx, tx, ids...)
	if err != nil {
		return "", err
	}
	for _, f := range list {
		s, err := x.look(ctx, tx, f, nameFields)
		if err != nil {
			return "", err
		}
		if found == "" && s.may("name") && s.own {
			found = f.ID
		}
	}
	e := pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "subject"}, Controller: controller, Fields: []string{"cpr"}}
	if found != "" {
		e.Subjects, e.Rows = []hub.ID{found}, 1
	}
	_, err = tx.Record(ctx, g, e)
	return found, err
}

// keep seals an identity under the subject's key, which is durable before the
// commit that uses it, and writes, records and tells it.
func (x *room) keep(ctx context.Context, tx *pg.Tx, g policies.Grant, s Subject, id Identity, row func() error) error {
	if err := x.Vault.Make(s.ID); err != nil {
		return fmt.Errorf("person: %w", err)
	}
	v, fields, err := x.seal(s, id, tx.Now)
	if err != nil {
		return err
	}
	if err := row(); err != nil {
		return err
	}
	if err := tx.PutSubject(ctx, g, pg.Subject{ID: s.ID, Controller: s.Controller, Author: g.Actor().Person, AgeBand: s.Band}); err != nil {
		return err
	}
	if err := putSealed(ctx, tx, g, s, v); err != nil {
		return err
	}
	if _, err := tx.Record(ctx, g, pg.Entry{Act: hub.ActCollect, Object: hub.Object{Kind: "subject", ID: s.ID}, Controller: s.Controller,
		Subjects: []hub.ID{s.ID}, Fields: fields}); err != nil {
		return err
	}
	return tx.Tell(ctx, event.SubjectIdentified{Subject: s.ID, AgeBand: s.Band, Protected: s.Protected})
}

// seal makes the boxes and marks of an identity.
func (x *room) seal(s Subject, id Identity, now time.Time) (v sealed, fields []string, err error) {
	v.boxes = map[string][]byte{}
	var plain []vault.Plain
	for _, f := range []struct {
		name string
		text hub.Personal
	}{{"name", id.Name}, {"cpr", id.Number.Personal()}, {"birth_date", hub.NewPersonal(id.Birth.String())}, {"address", id.Address}, {"language", id.Language}} {
		if f.text.Empty() {
			continue
		}
		plain = append(plain, vault.Plain{Key: s.ID, Where: where(s.ID, f.name), Text: f.text})
		fields = append(fields, f.name)
	}
	boxes, err := x.Vault.SealAll(plain...)
	if err != nil {
		return v, nil, fmt.Errorf("person: sealing an identity: %w", err)
	}
	for i, name := range fields {
		v.boxes[name] = boxes[i]
	}
	v.period = service.NumberPeriod(now)
	for _, t := range foundBy(id) {
		m, err := x.Vault.Blind(s.Controller, v.period, t)
		if err != nil {
			return v, nil, fmt.Errorf("person: %w", err)
		}
		v.found = append(v.found, m)
	}
	if !id.Number.Empty() {
		if v.number, err = x.Vault.Blind(s.Controller, v.period, id.Number.Personal()); err != nil {
			return v, nil, fmt.Errorf("person: %w", err)
		}
	}
	if v.homes, err = x.homes(s, v.period, id.Address); err != nil {
		return v, nil, err
	}
	for _, m := range Moves(id.Birth, Today(now)) {
		day, err := x.dayMark(s.Controller, m.On)
		if err != nil {
			return v, nil, err
		}
		v.moves = append(v.moves, mark{day, m.Band})
	}
	slices.Sort(fields)
	return v, append(fields, "age_band", "protected"), nil
}

// homes are the blind indexes of where somebody lives, by which the list of anomalies finds who
// looks up those they live with, or near (P10): only where a sign-in carries an employee's own
// address, and none of a protected one. A protected one takes back what was there.
func (x *room) homes(s Subject, period string, address hub.Personal) ([][]string, error) {
	if s.Protected {
		return [][]string{{}, {}}, nil
	}
	carried := x.Structure.Demo || slices.ContainsFunc(x.Structure.Authorities, func(a structure.Authority) bool { return a.HomeClaim != "" }) // the invented world's sign-in does
	if address.Empty() || !carried {
		return nil, nil
	}
	kinds, marks := []string{}, []string{}
	texts := append([]hub.Personal{service.AddressForm(address)}, service.Houses(address)...)
	for i, kind := range []string{"home", "house"}[:min(2, len(texts))] {
		if texts[i].Empty() {
			continue
		}
		m, err := x.Vault.Blind(s.Controller, period, texts[i])
		if err != nil {
			return nil, fmt.Errorf("person: %w", err)
		}
		kinds, marks = append(kinds, kind), append(marks, m)
	}
	return [][]string{kinds, marks}, nil
}

// dayMark is the blind index of a day on which somebody moves to another band.
func (x *room) dayMark(a hub.AuthorityID, d Day) (string, error) {
	m, err := x.Vault.Blind(a, "moves", hub.NewPersonal(d.String()))
	if err != nil {
		return "", fmt.Errorf("person: %w", err)
	}
	return m, nil
}

// identify completes a subject that was not known, or only in part. What is
// known stays as it is: correcting it is another act.
func (x *room) identify(ctx context.Context, who hub.Actor, id hub.ID, in Form, key string) (Registered, error) {
	now := x.Now()
	identity, problems := in.Addition(Today(now))
	about := pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "subject", ID: id}, Subjects: []hub.ID{id}}
	var done Registered
	err := x.DB.Command(ctx, who, about, func(tx *pg.Tx) error {
		if err := lockSubject(ctx, tx, id); err != nil {
			return err
		}
		list, err := files(ctx, tx, id)
		if err != nil {
			return err
		}
		f := list[0]
		sight, err := x.look(ctx, tx, f, nameFields)
		if err != nil {
			return err
		}
		if !sight.own || !sight.may("name") {
			if sight.denial != nil {
				return sight.denial
			}
			return hub.NotFound()
		}
		g, err := x.mayRegister(ctx, tx, hub.Prevention, "")
		if err != nil {
			return err
		}
		controller := f.Controller
		if !f.known { // only a reference so far
			controller = x.controller(who, tx.Now)
		}
		if err := x.notOneself(ctx, tx, g, controller, identity, about); err != nil {
			return err
		}
		if problems != nil {
			return problems
		}
		return x.once(ctx, tx, "identifySubject "+string(id), key, in, &done, func() error {
			done = Registered{Subject: id, Existing: true, At: tx.Now}
			return x.complete(ctx, tx, g, f, in, identity)
		})
	})
	if errors.Is(err, vault.ErrDestroyed) {
		return Registered{}, hub.NotFound()
	}
	return done, err
}

// complete adds what a form tells to what is known.
func (x *room) complete(ctx context.Context, tx *pg.Tx, g policies.Grant, f *file, in Form, id Identity) error {
	var p hub.Problems
	for _, had := range []struct {
		field string
		again bool
	}{
		{"name", f.Named && !id.Name.Empty()},
		{"cpr", f.Number == NumberGiven && in.number() != NumberUnknown},
		{"address", f.boxes["address"] != nil && !id.Address.Empty()},
	} {
		if had.again {
			p.Add(had.field, "person.error.subject.known")
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	s := f.Subject
	row := func() error { return change(ctx, tx, g, s) }
	if !f.known { // only a reference so far: an anonymous report
		s.Controller, s.Category = x.controller(tx.Who(), tx.Now), in.category()
		row = func() error { return putSubject(ctx, tx, g, s, hub.Prevention, g.Question().(policies.Register).Basis) }
	}
	s.Named = s.Named || !id.Name.Empty()
	if n := in.number(); n != NumberUnknown || s.Number == "" {
		s.Number = n
	}
	if id.Birth != (Day{}) || in.AgeBand != "" && f.boxes["birth_date"] == nil {
		s.Band = in.band(id.Birth, Today(tx.Now))
	}
	s.Protected = s.Protected || in.Protected
	return x.keep(ctx, tx, g, s, id, row)
}
