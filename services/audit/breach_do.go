package audit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// The steps of a breach, each with its row of the trail, and the clock.

// breachPlace is where what a step says is sealed to.
func breachPlace(id hub.ID, n int) string {
	return "audit.breach/" + string(id) + "/" + strconv.Itoa(n)
}

// mayBreach asks for the right to the register, and writes the refusal where it is a no:
// the same of what is not there and of what is another's.
func (x *room) mayBreach(ctx context.Context, tx *pg.Tx, e pg.Entry) (policies.Grant, error) {
	g, err := tx.Ask(ctx, readBreaches(tx.Who()))
	denied := new(policies.Denial)
	if errors.As(err, &denied) {
		if err := tx.Refuse(ctx, denied, e); err != nil {
			return g, err
		}
	}
	if err != nil {
		return g, err
	}
	return g, x.Vault.Make(vault.AuthorityKey(tx.Who().Authority))
}

// breachEntry is the row of the trail of a step.
func breachEntry(who hub.Actor, act hub.Act, id hub.ID) pg.Entry {
	return pg.Entry{Act: act, Object: hub.Object{Kind: "breach", ID: id}, Controller: who.Authority, Keys: []hub.ID{vault.AuthorityKey(who.Authority)}, Why: hub.NewPersonal(breachGround)}
}

// listBreaches lists the own authority's register.
func (x *room) listBreaches(r *web.Request, _ struct{}) (BreachList, error) {
	out := BreachList{Breaches: []BreachLine{}}
	ctx := r.Context()
	var list []breach
	var steps map[hub.ID][]boxed
	var receipt hub.Receipt
	err := x.DB.View(ctx, r.Who, func(tx *pg.Tx) error {
		e := breachEntry(r.Who, hub.ActSearch, "")
		g, err := x.mayBreach(ctx, tx, e)
		if err != nil {
			return err
		}
		if list, err = breaches(ctx, tx, g, r.Who.Authority, false); err != nil {
			return err
		}
		ids := make([]hub.ID, len(list))
		for i, b := range list {
			ids[i] = b.id
			out.Breaches = append(out.Breaches, b.line(tx.Now))
		}
		if steps, err = breachStepsOf(ctx, tx, g, ids...); err != nil {
			return err
		}
		if out.Gone, err = gone(ctx, tx, "breach", r.Who.Authority); err != nil {
			return err
		}
		e.Rows = len(list)
		receipt, err = tx.Record(ctx, g, e)
		return err
	})
	if err != nil {
		return out, err
	}
	for i, b := range list {
		_, err := x.unbox(ctx, receipt, b, steps[b.id])
		if err != nil && !errors.Is(err, errBreachChanged) {
			return out, err
		}
		out.Breaches[i].Changed = err != nil || slices.Contains(out.Gone, b.id)
	}
	out.Gone = slices.DeleteFunc(out.Gone, func(id hub.ID) bool { return slices.ContainsFunc(list, func(b breach) bool { return b.id == id }) })
	return out, nil
}

// openBreach reads one of the own authority's, whole.
func (x *room) openBreach(r *web.Request, act hub.Act) (v BreachView, err error) {
	ctx := r.Context()
	id, _ := r.PathID("breach")
	var b breach
	var steps map[hub.ID][]boxed
	var lost []hub.ID
	var receipt hub.Receipt
	err = x.DB.View(ctx, r.Who, func(tx *pg.Tx) error {
		e := breachEntry(r.Who, act, id)
		g, err := x.mayBreach(ctx, tx, e)
		if err != nil {
			return err
		}
		if b, err = breachByID(ctx, tx, g, id, false); err != nil {
			return err
		}
		if steps, err = breachStepsOf(ctx, tx, g, b.id); err != nil {
			return err
		}
		if lost, err = gone(ctx, tx, "breach", r.Who.Authority); err != nil {
			return err
		}
		v.BreachLine, v.RetentionRule, v.EraseAt = b.line(tx.Now), b.rule, b.eraseAt
		may, err := x.DB.Advise(ctx, x.closing(r.Who, b, tx.Now))
		if err != nil {
			return err
		}
		v.Another = !may.Allow
		if b.id != "" {
			e.Rows = 1
		}
		receipt, err = tx.Record(ctx, g, e)
		return err
	})
	if err == nil && slices.Contains(lost, id) {
		err = errBreachChanged
	}
	if err == nil && b.id == "" {
		err = hub.NotFound()
	}
	if err != nil {
		return BreachView{}, err
	}
	said, err := x.unbox(ctx, receipt, b, steps[b.id])
	if err != nil {
		return BreachView{}, err
	}
	for i, s := range steps[b.id] {
		v.add(s, said[i])
	}
	if v.Contact == "" {
		v.Contact = x.officers(b.authority, r.Now)
	}
	return v, nil
}

// unbox opens what the steps of a breach say, and holds what stands in clear beside it
// against that: a breach that is not as it was written is errBreachChanged.
func (x *room) unbox(ctx context.Context, receipt hub.Receipt, b breach, steps []boxed) ([]said, error) {
	boxes := make([]vault.Box, len(steps))
	for i, s := range steps {
		boxes[i] = vault.Box{Receipt: receipt, Key: vault.AuthorityKey(b.authority), Where: breachPlace(b.id, s.N), Sealed: s.box}
	}
	all := make([]said, len(steps))
	for i, o := range x.Vault.OpenAll(boxes...) {
		if errors.Is(o.Err, vault.ErrBox) {
			return nil, errBreachChanged
		}
		if o.Err != nil {
			return nil, o.Err
		}
		text := []byte(o.Text.Reveal(ctx))
		if sum := sha256.Sum256(text); !slices.Equal(sum[:], steps[i].content) {
			return nil, errBreachChanged
		}
		if err := json.Unmarshal(text, &all[i]); err != nil {
			return nil, err
		}
	}
	if !b.as(steps, all) {
		return nil, errBreachChanged
	}
	return all, nil
}

// as reports whether a breach stands in clear as its steps say. One that was written before
// they said it is held against what they do.
func (b breach) as(steps []boxed, all []said) bool {
	aware := b.first
	for i, s := range steps {
		in := all[i]
		if s.N != i+1 || (s.Step == stepRegistered) != (i == 0) || (s.aware != nil) != (s.Step == stepCorrected) ||
			s.found != (in.Affected != nil) || !slices.Equal(s.says, in.Texts.names()) {
			return false
		}
		if s.aware != nil {
			aware = *s.aware
		}
		if in.Step == "" {
			continue
		}
		if in.Step != s.Step || !in.At.Equal(s.At) || in.By != s.by || !slices.Equal(in.People, s.people) || s.aware != nil && !in.Aware.Equal(*s.aware) ||
			i == 0 && !(in.Aware.Equal(b.first) && in.At.Equal(b.registered) && slices.Equal(in.Kinds, b.kinds) && slices.Equal(in.Tracks, b.tracks)) {
			return false
		}
	}
	return len(steps) > 0 && aware.Equal(b.aware)
}

// add takes a step.
func (v *BreachView) add(s boxed, in said) {
	s.Content = hex.EncodeToString(s.content)
	if s.Step == stepCorrected {
		s.Aware = in.Aware
	}
	s.Inform, s.Reason = in.Texts.Inform, cmp.Or(in.Texts.AwareReason, in.Texts.InformReason, in.Texts.CloseReason)
	v.Steps = append(v.Steps, s.BreachStep)
	v.fill(in.Texts)
	if in.On != nil {
		v.NotifiedOn = in.On
	}
	if in.Affected == nil {
		return
	}
	if v.Since = nil; v.Affected != nil && v.Affected.Found == in.Affected.Found {
		since := in.Affected.since(*v.Affected)
		v.Since = &since
	}
	v.Affected, v.Frozen = in.Affected, s.Content
}

// officers are the data-protection officers of an authority, as whom to ask.
func (x *room) officers(a hub.AuthorityID, at time.Time) string {
	var names []string
	for _, p := range x.Structure.Holders(hub.DPO, a, at) {
		names = append(names, p.Name)
	}
	return strings.Join(append(names, x.authority(a)), ", ")
}

// readBreach reads a breach with all that is known of it.
func (x *room) readBreach(r *web.Request, _ struct{}) (BreachView, error) {
	return x.openBreach(r, hub.ActConsult)
}

// draftBreach gives what Datatilsynet asks for.
func (x *room) draftBreach(r *web.Request, _ struct{}) (BreachDraft, error) {
	v, err := x.openBreach(r, hub.ActExport)
	return x.draft(v, r.Who.Authority), err
}

// breaching takes a step: of a new breach where id is "". What the step says is given by
// do, from the breach as it stands.
// What decides against those whom it hit is another question than keeping the register.
func (x *room) breaching(r *web.Request, id hub.ID, step string, act hub.Act, against bool, done *BreachReceipt, do func(ctx context.Context, tx *pg.Tx, g policies.Grant, b *breach) (said, *BreachRows, error)) error {
	ctx := r.Context()
	return x.DB.Command(ctx, r.Who, pg.Entry{Act: act, Object: hub.Object{Kind: "breach", ID: id}, Controller: r.Who.Authority}, func(tx *pg.Tx) error {
		operation := "breach " + step + " " + string(id)
		if had, err := x.Again(ctx, tx, r, operation, done); err != nil || had {
			return err
		}
		e := breachEntry(r.Who, act, id)
		g, err := x.mayBreach(ctx, tx, e)
		if err != nil {
			return err
		}
		var b breach
		if step != stepRegistered {
			if b, err = breachByID(ctx, tx, g, id, true); err != nil {
				return err
			}
			switch {
			case b.id == "":
				return errors.Join(tx.Withhold(ctx, e), hub.NotFound())
			case b.closed:
				return hub.Conflict("audit.error.breach.closed")
			case b.noted && step == stepNotified:
				return hub.Conflict("audit.error.breach.notified")
			}
		}
		if against {
			decides, err := tx.Ask(ctx, x.closing(r.Who, b, tx.Now))
			denied := new(policies.Denial)
			if errors.As(err, &denied) {
				err = errors.Join(tx.Refuse(ctx, denied, e), hub.Conflict("audit.error.breach.own"))
			}
			if err != nil {
				return err
			}
			g = decides
		}
		in, rows, err := do(ctx, tx, g, &b)
		if err != nil {
			return err
		}
		if step == stepRegistered {
			b.id, b.authority, b.aware, b.kinds, b.tracks = x.NewID(), r.Who.Authority, *in.Aware, in.Kinds, in.Tracks
			if err := putBreach(ctx, tx, g, b); err != nil {
				return err
			}
			e.Object.ID = b.id
		}
		s := boxed{BreachStep: BreachStep{N: b.steps + 1, Step: step}, says: in.Texts.names(), rows: rows, people: []hub.ID{}}
		s.rule, s.eraseAt = x.retained("breach", b.authority, tx.Now)
		if step == stepCorrected {
			s.aware = in.Aware
		}
		if in.Affected != nil {
			s.people = in.Affected.people
			if rows.Person != "" && !slices.Contains(s.people, rows.Person) { // also where nothing was found
				s.people = append(s.people, rows.Person)
			}
		}
		in.Salt, in.Step, in.At, in.By, in.People = hub.NewID(), step, tx.Now, tx.Who().Hat.ID, s.people
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		s.content = sum[:]
		if s.box, err = x.Vault.Seal(vault.AuthorityKey(b.authority), breachPlace(b.id, s.N), hub.NewPersonal(string(text))); err != nil {
			return err
		}
		if err := putStep(ctx, tx, g, b.id, s); err != nil {
			return err
		}
		*done = BreachReceipt{ID: b.id, N: s.N, Content: hex.EncodeToString(s.content), At: tx.Now}
		e.Object.Version, e.Why = s.N, hub.NewPersonal(breachGround+" "+done.Content) // so that the tree of the trail binds it
		if in.Affected != nil {
			e.Rows = in.Affected.Persons
		}
		if _, err := tx.Record(ctx, g, e); err != nil {
			return err
		}
		return x.Keep(ctx, tx, r, operation, *done)
	})
}

// names are the texts that say something.
func (t BreachTexts) names() (names []string) {
	var all map[string]string
	b, _ := json.Marshal(t) // of texts alone
	_ = json.Unmarshal(b, &all)
	for name, text := range all {
		if text != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// finds gathers those that rows of the trail are about.
func (x *room) finds(ctx context.Context, tx *pg.Tx, g policies.Grant, rows BreachRows, p hub.Problems) (*Affected, error) {
	search, wrong := rows.search()
	_, faults := search.filter(tx.Who().Authority)
	p = append(p, wrong...)
	if list := (hub.Problems{}); errors.As(faults, &list) {
		p = append(p, list...)
	} else if faults != nil {
		return nil, faults
	}
	if p.Err() != nil {
		return nil, p.Err()
	}
	f, refs, err := x.seeks(ctx, tx, g, search)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `set local plan_cache_mode = force_custom_plan`); err != nil {
		return nil, err
	}
	a, err := affected(ctx, tx, g, f, refs, rows)
	return &a, err
}

// registerBreach puts a breach into the register, with those that it affects.
func (x *room) registerBreach(r *web.Request, in RegisteringBreach) (done NewBreach, err error) {
	err = x.breaching(r, "", stepRegistered, hub.ActCollect, false, &done.BreachReceipt, func(ctx context.Context, tx *pg.Tx, g policies.Grant, _ *breach) (s said, rows *BreachRows, err error) {
		var p hub.Problems
		var aware time.Time
		aware, s.Tracks, p = in.check(r.Who.Kind, tx.Now)
		s.Aware, s.Kinds = &aware, among(lawOfBreaches.Kinds, in.Kinds)
		if in.none() {
			err = p.Err()
		} else {
			s.Affected, err = x.finds(ctx, tx, g, in.BreachRows, p)
			rows = &in.BreachRows
		}
		if err == nil {
			s.Texts.Happened = in.Happened.Reveal(ctx)
		}
		return s, rows, err
	})
	return done, err
}

// gatherBreach gathers those affected again: by other rows, or by the same with what has
// come since. What was gathered before stays as it was.
func (x *room) gatherBreach(r *web.Request, in BreachRows) (done BreachReceipt, err error) {
	id, _ := r.PathID("breach")
	err = x.breaching(r, id, stepGathered, hub.ActCombine, false, &done, func(ctx context.Context, tx *pg.Tx, g policies.Grant, b *breach) (s said, rows *BreachRows, err error) {
		if rows = &in; in.none() && b.rows != nil {
			rows = b.rows
		}
		s.Affected, err = x.finds(ctx, tx, g, *rows, nil)
		return s, rows, err
	})
	return done, err
}

// described is a text that may be left out, of at least so many characters where it is not.
func described(ctx context.Context, p *hub.Problems, field string, text hub.Personal, least, most int) string {
	if text.Empty() {
		return ""
	}
	if service.Text(p, field, text, least, most); len(*p) > 0 {
		return ""
	}
	return text.Reveal(ctx)
}

// describeBreach says more of a breach.
func (x *room) describeBreach(r *web.Request, in DescribingBreach) (done BreachReceipt, err error) {
	id, _ := r.PathID("breach")
	err = x.breaching(r, id, stepDescribed, hub.ActChange, false, &done, func(ctx context.Context, _ *pg.Tx, _ policies.Grant, _ *breach) (s said, _ *BreachRows, err error) {
		var p hub.Problems
		s.Texts.Categories = described(ctx, &p, "categories", in.Categories, 0, service.MaxText)
		s.Texts.Consequences = described(ctx, &p, "consequences", in.Consequences, 0, service.MaxText)
		s.Texts.Measures = described(ctx, &p, "measures", in.Measures, 0, service.MaxText)
		s.Texts.Contact = described(ctx, &p, "contact", in.Contact, 0, service.MaxText)
		s.Texts.Delay = described(ctx, &p, "delay", in.Delay, service.MinReason, service.MaxText)
		return s, nil, p.Err()
	})
	return done, err
}
