package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
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

// How an answer to a citizen is gathered: each look-up is put to the rules, and what they do not
// tell leaves nothing behind.

// prepareExtract gathers the answer to somebody who asks for the first time.
func (x *room) prepareExtract(r *web.Request, in Preparing) (done NewExtract, err error) {
	err = x.preparing(r, &done.ExtractReceipt, func(ctx context.Context, tx *pg.Tx) (f filed, c Choices, received string, err error) {
		f = filed{authority: r.Who.Authority, preparedBy: r.Who.Person}
		g, err := x.may(ctx, tx, "prepare", f, hub.ActCombine)
		if err != nil {
			return f, c, "", err
		}
		var p hub.Problems
		search := Search{Part: Part{Ground: Grounds[0], Reference: in.Reference}}
		if in.Reference == "" {
			p.Add("reference", "error.required")
		} else if _, err := search.filter(f.authority); !errors.As(err, &p) && err != nil {
			return f, c, "", err
		}
		if dayOn(&p, "received", in.Received, tx.Now); p.Err() != nil {
			return f, c, "", p.Err()
		}
		_, refs, err := x.seeks(ctx, tx, g, search)
		if err != nil {
			return f, c, "", err
		}
		if f.subject, err = x.person(ctx, tx, g, refs.subject); err != nil {
			return f, c, "", err
		}
		f.id = x.NewID()
		return f, in.Choices, in.Received, nil
	})
	return done, err
}

// prepareAgain gathers it anew, with other choices or because something has changed.
func (x *room) prepareAgain(r *web.Request, in PreparingAgain) (done ExtractReceipt, err error) {
	err = x.preparing(r, &done, func(ctx context.Context, tx *pg.Tx) (filed, Choices, string, error) {
		id, _ := r.PathID("extract")
		f, err := extractByID(ctx, tx, id, false)
		return f, in.Choices, in.Received, err
	})
	return done, err
}

// preparing gathers an answer and keeps it.
func (x *room) preparing(r *web.Request, done *ExtractReceipt, of func(context.Context, *pg.Tx) (filed, Choices, string, error)) error {
	ctx := r.Context()
	return x.DB.Command(ctx, r.Who, pg.Entry{Act: hub.ActCombine, Object: hub.Object{Kind: "extract"}}, func(tx *pg.Tx) error {
		operation := "prepare extract " + r.PathValue("extract")
		if had, err := x.Again(ctx, tx, r, operation, done); err != nil || had {
			return err
		}
		f, in, received, err := of(ctx, tx)
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
		if received != "" {
			var p hub.Problems
			if f.received = dayOn(&p, "received", received, tx.Now); p.Err() != nil {
				return p.Err()
			}
		}
		f.n++
		f.rule, f.eraseAt = x.retained("answer", f.authority, tx.Now)
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
		f.content, f.unknown = sum[:], what.Unknown
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
	out := gathered{Salt: hub.NewID(), Subject: f.subject, Names: in.Names, Matters: []Matter{}, Withheld: []Held{}, Sheets: map[string]sheet{}}
	if in.Names {
		out.Why = in.Why.Reveal(ctx)
	}
	if !f.received.IsZero() {
		out.Received = f.received.Format(time.DateOnly)
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
	out.Unknown = len(out.Matters) == 0 && !slices.ContainsFunc(rows, func(l looked) bool { return !slices.Contains(papers, l.what) })
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

// papers are the kinds of what officers themselves read and write: what they ask of a reference
// makes nothing known of it.
var papers = []string{"trail", "extract", "sample", "breach"}

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
