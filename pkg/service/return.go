package service

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// Returned is the kind of the marks by which rooms give what the asker's authority
// wrote in them, as cells, for the file that it takes along when it leaves (A017).
const Returned = "returned"

// Taking is one room's part of that file: each thing is asked about and recorded by
// itself, on the transaction that reads it.
type Taking struct {
	tx      *pg.Tx
	leaving bool
	known   map[policies.Return]policies.Grant // not valid: a no
}

// Taking begins it.
func (e Env) Taking(ctx context.Context, tx *pg.Tx) (*Taking, error) {
	leaving, err := tx.Leaving(ctx, e.Structure.Leaving.Days)
	return &Taking{tx, leaving, map[policies.Return]policies.Grant{}}, err
}

// Asks is the question whether what an authority wrote in an item of a kind is taken
// along; from an item to which the asker is too close nothing is.
func (t *Taking) Asks(item string, by hub.AuthorityID, tooClose bool) policies.Return {
	who := t.tx.Who()
	return policies.Return{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention, Item: item, Own: by == who.Authority, Leaving: t.leaving, Recused: tooClose}
}

// may asks it, once for what is alike; a grant that is not valid is a no.
func (t *Taking) may(ctx context.Context, item string, by hub.AuthorityID, tooClose bool) (policies.Grant, error) {
	q := t.Asks(item, by, tooClose)
	if g, ok := t.known[q]; ok {
		return g, nil
	}
	g, err := t.tx.Ask(ctx, q)
	if errors.As(err, new(*policies.Denial)) {
		g, err = policies.Grant{}, nil
	}
	if err == nil {
		t.known[q] = g
	}
	return g, err
}

// Wrote is a thing in which an authority wrote, and that it goes out.
type Wrote struct {
	Object     hub.Object
	Controller hub.AuthorityID // whose the thing is
	Subject    hub.ID
	By         hub.AuthorityID // who wrote
	TooClose   bool            // the asker is
	Grant      policies.Grant
	Receipt    hub.Receipt
}

// Itself is w, of whatever a room keeps beside it.
func (w *Wrote) Itself() *Wrote { return w }

// Takes reads what an authority wrote of one kind, asks of each, records what goes out
// with those of the fields that it may carry, and gives that. The statement has the
// authority ($1) and the person ($2), and begins with id, version, controller, subject,
// who wrote and whether the asker is too close; into says where the rest of it goes.
func Takes[T any, P interface {
	*T
	Itself() *Wrote
}](ctx context.Context, t *Taking, item, sql string, into func(P) []any, fields ...string) (list []P, err error) {
	who := t.tx.Who()
	rows, err := t.tx.Query(ctx, sql, who.Authority, who.Person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []P
	for rows.Next() {
		o := P(new(T))
		w := o.Itself()
		w.Object.Kind = item
		if err := rows.Scan(append([]any{&w.Object.ID, &w.Object.Version, &w.Controller, &w.Subject, &w.By, &w.TooClose}, into(o)...)...); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, o := range all {
		goes, err := t.out(ctx, o.Itself(), fields)
		if err != nil {
			return nil, err
		}
		if goes {
			list = append(list, o)
		}
	}
	return list, nil
}

// out asks, and records that what was written goes out.
func (t *Taking) out(ctx context.Context, w *Wrote, fields []string) (goes bool, err error) {
	if w.Grant, err = t.may(ctx, w.Object.Kind, w.By, w.TooClose); err != nil || !w.Grant.Valid() {
		return false, err
	}
	given := []string{}
	for _, f := range fields {
		if w.Grant.Allows(f) {
			given = append(given, f)
		}
	}
	w.Receipt, err = t.tx.Record(ctx, w.Grant, pg.Entry{Act: hub.ActExport, Object: w.Object, Controller: w.Controller, Subjects: []hub.ID{w.Subject}, Fields: given})
	return err == nil, err
}

// Cells is a view as the cells of a mark: for each of the ids the same.
func (e Env) Cells(lang, room string, view any, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	text, err := json.Marshal(e.Named(lang, e.Web.Cells(lang, room, view)))
	if err != nil {
		return nil, err
	}
	out := map[hub.ID]template.HTML{}
	for _, id := range ids {
		out[id] = template.HTML(text) // of letters that mean nothing in HTML: encoding/json escapes the rest
	}
	return out, nil
}
