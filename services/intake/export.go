package intake

import (
	"context"
	"errors"
	"html/template"
	"net/http"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// lineCells are the columns of a list as a file.
var lineCells = []string{"id", "state", "name", "urgency", "received_at", "due", "child_due"}

// exportList gives the list as a file: the lines that may go out, each by its own
// decision in the one snapshot (A100).
func (x *room) exportList(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	page, err := x.listed(r.Context(), r.Who, wanted{Filter: Filter{State: State(f.Line("state")), Limit: service.ExportRows}, out: r})
	if err != nil {
		return err
	}
	var subjects []hub.ID
	for _, l := range page.Concerns {
		if l.Subject != "" {
			subjects = append(subjects, l.Subject)
		}
	}
	names, err := x.Web.CellsOf(r, "person.name_cells", subjects...)
	if err != nil {
		return err
	}
	lines := make([][]web.Cell, 0, len(page.Concerns))
	for _, l := range page.Concerns {
		lines = append(lines, append(x.Web.Cells(r.Lang, "intake", l, "actions", "overdue", "waits", "subject"), names[l.Subject]...))
	}
	return x.Web.CSV(w, r, "infohus", web.Ended(web.Table(lines, lineCells...), service.LeftOut(r, page.leaves, page.Total)))
}

// exportConcern gives one concern as a file: what its page and the API give, and
// who it is about.
func (x *room) exportConcern(w http.ResponseWriter, r *web.Request) error {
	id, err := r.PathID("id")
	if err != nil {
		id = ""
	}
	v, err := x.look(r.Context(), r.Who, id, false, r)
	if err != nil {
		return err
	}
	cells := x.Named(r.Lang, x.Web.Cells(r.Lang, "intake", v, "version", "subject", "actions", "fields"))
	if v.Subject != "" {
		who, err := x.Web.CellsOf(r, "person.cells", v.Subject)
		if err != nil {
			return err
		}
		cells = append(cells, who[v.Subject]...)
	}
	return x.Web.CSV(w, r, "infohus", web.Ended(x.Web.Sheet(r.Lang, cells), x.Provenance(r, v.rel)))
}

// gate is whether a hat takes concerns out at all: its own that are received.
func gate(who hub.Actor) policies.Act {
	return pg.Relation{Relation: "own", ReceivedBy: who.Kind, State: string(Received)}.Act(who, service.Export, hub.Prevention)
}

func (x *room) mayExport(ctx context.Context, who hub.Actor) bool {
	a, err := x.DB.Advise(ctx, gate(who))
	return err == nil && a.Allow
}

// leaving leaves the sets of attributes with which a concern may go out.
func (x *room) leaving(ctx context.Context, tx *pg.Tx, r *web.Request, all []tuple) ([]tuple, error) {
	denied := new(policies.Denial)
	g, err := tx.Ask(ctx, gate(tx.Who()))
	if errors.As(err, &denied) {
		return nil, errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActExport, Object: hub.Object{Kind: "concerns"}}), err)
	}
	if err == nil {
		if err = service.Obliged(r, g.Obligations(), "error.step_up"); err != nil {
			err = errors.Join(tx.Withhold(ctx, pg.Entry{Act: hub.ActExport, Object: hub.Object{Kind: "concerns"}}), err)
		}
	}
	if err != nil {
		return nil, err
	}
	var list []tuple
	for _, t := range all {
		if t.Glass {
			continue // nothing goes out on broken glass
		}
		t.out, err = tx.Ask(ctx, t.leave())
		switch {
		case err == nil:
			list = append(list, t)
		case !errors.As(err, new(*policies.Denial)):
			return nil, err
		}
	}
	return list, nil
}

// countable is up to how many lines a list says how many would leave as a file.
const countable = 500

// leaves is how many of the list would leave as a file, by the questions that the
// file asks; nothing leaves here, and nothing is told but a number.
func (x *room) leaves(ctx context.Context, tx *pg.Tx, in wanted, few pg.Few, all []tuple) (int, error) {
	var out []tuple
	for _, t := range all {
		a, err := x.DB.Advise(ctx, t.leave())
		if err != nil {
			return 0, err
		}
		if a.Allow && !t.Glass {
			out = append(out, t)
		}
	}
	return x.total(ctx, tx, in, few, out)
}

// total is how many concerns of some sets of attributes a list has.
func (x *room) total(ctx context.Context, tx *pg.Tx, in wanted, few pg.Few, of []tuple) (int, error) {
	var page Page
	in.After, in.Limit = "", 1
	_, err := x.page(ctx, tx, in, few, of, &page)
	return page.Total, err
}

// leave is the question whether a concern may leave as a file.
func (t tuple) leave() policies.Act {
	return policies.Act{Action: service.Export, Role: t.Role, Kind: t.Kind, Relation: t.Relation, ReceivedBy: t.ReceivedBy, SharedBy: t.SharedBy,
		State: t.State, Assigned: t.Assigned, Author: t.Author, Recused: t.Recused, Purpose: t.Purpose}
}

// about shows the concerns about somebody who was found; found the one that was
// asked for by its reference. Both are the list, of less.
func (x *room) about(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.hits(ctx, who, lang, ids, func(id hub.ID) wanted { return wanted{Filter: Filter{Subject: id, Limit: 100}} })
}

func (x *room) found(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.hits(ctx, who, lang, ids, func(id hub.ID) wanted { return wanted{Filter: Filter{Limit: 100}, item: id} })
}

func (x *room) hits(ctx context.Context, who hub.Actor, lang string, ids []hub.ID, of func(hub.ID) wanted) (map[hub.ID]template.HTML, error) {
	out := map[hub.ID]template.HTML{}
	for _, id := range ids {
		page, err := x.listed(ctx, who, of(id))
		if err != nil {
			return nil, err
		}
		if len(page.Concerns) > 0 {
			if out[id], err = x.Web.Fragment(lang, "intake", "hits", page); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
