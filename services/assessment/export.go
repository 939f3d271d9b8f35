package assessment

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
var lineCells = []string{"id", "state", "name", "opened_at", "next_date"}

// exportList gives the list as a file: the lines that may go out, each by its own
// decision in the one snapshot (A100).
func (x *room) exportList(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	page, err := x.listed(r.Context(), r.Who, wanted{CaseFilter: CaseFilter{State: State(f.Line("state")), Limit: service.ExportRows}, out: r})
	if err != nil {
		return err
	}
	var subjects []hub.ID
	for _, l := range page.Cases {
		if l.Subject != "" {
			subjects = append(subjects, l.Subject)
		}
	}
	names, err := x.Web.CellsOf(r, "person.name_cells", subjects...)
	if err != nil {
		return err
	}
	lines := make([][]web.Cell, 0, len(page.Cases))
	for _, l := range page.Cases {
		lines = append(lines, append(x.Web.Cells(r.Lang, "assessment", l, "overdue", "waits", "subject"), names[l.Subject]...))
	}
	return x.Web.CSV(w, r, "infohus", web.Ended(web.Table(lines, lineCells...), service.LeftOut(r, page.leaves, page.Total)))
}

// exportCase gives one case as a file: what its page and the API give, who it is
// about, and what the room referral has of it.
func (x *room) exportCase(w http.ResponseWriter, r *web.Request) error {
	id, err := r.PathID("id")
	if err != nil {
		id = ""
	}
	v, err := x.looking(r.Context(), r.Who, id, false, 0, r)
	if err != nil {
		return err
	}
	cells := x.Named(r.Lang, x.Web.Cells(r.Lang, "assessment", v, "version", "subject", "actions", "fields"))
	if v.Subject != "" {
		who, err := x.Web.CellsOf(r, "person.cells", v.Subject)
		if err != nil {
			return err
		}
		cells = append(cells, who[v.Subject]...)
	}
	course, err := x.Web.CellsOf(r, "referral.cells", v.ID)
	if err != nil {
		return err
	}
	return x.Web.CSV(w, r, "infohus", web.Ended(x.Web.Sheet(r.Lang, append(cells, course[v.ID]...)), x.Provenance(r, v.rel)))
}

// gate is whether a hat takes cases out at all: the municipality's own that are
// being worked with, and the police those that it shared.
func gate(who hub.Actor) policies.Act {
	rel := pg.Relation{Relation: "own", ReceivedBy: hub.Municipality, State: string(Collecting)}
	if who.Kind != hub.Municipality {
		rel.Relation, rel.SharedBy = "shared", hub.Municipality
	}
	return rel.Act(who, service.Export, hub.Prevention)
}

func (x *room) mayExport(ctx context.Context, who hub.Actor) bool {
	a, err := x.DB.Advise(ctx, gate(who))
	return err == nil && a.Allow
}

// leaving leaves the sets of attributes with which a case may go out, and the
// grants for it.
func (x *room) leaving(ctx context.Context, tx *pg.Tx, r *web.Request, all pg.Sets) (list pg.Sets, out []policies.Grant, err error) {
	denied := new(policies.Denial)
	g, err := tx.Ask(ctx, gate(tx.Who()))
	if errors.As(err, &denied) {
		return nil, nil, errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActExport, Object: hub.Object{Kind: "cases"}}), err)
	}
	if err == nil {
		if err = service.Obliged(r, g.Obligations(), "error.step_up"); err != nil {
			err = errors.Join(tx.Withhold(ctx, pg.Entry{Act: hub.ActExport, Object: hub.Object{Kind: "cases"}}), err)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	for _, s := range all {
		if s.Glass {
			continue // nothing goes out on broken glass
		}
		g, err := tx.Ask(ctx, s.Relation.Act(tx.Who(), service.Export, hub.Prevention))
		switch {
		case err == nil:
			list, out = append(list, s), append(out, g)
		case !errors.As(err, new(*policies.Denial)):
			return nil, nil, err
		}
	}
	return list, out, nil
}

// leaves is how many of the list would leave as a file, by the questions that the
// file asks; nothing leaves here, and nothing is told but a number.
func (x *room) leaves(ctx context.Context, tx *pg.Tx, in wanted) (int, error) {
	all, err := tx.Sets(ctx, "case", hub.Prevention)
	if err != nil {
		return 0, err
	}
	var out pg.Sets
	for _, s := range all {
		a, err := x.DB.Advise(ctx, s.Relation.Act(tx.Who(), service.Export, hub.Prevention))
		if err != nil {
			return 0, err
		}
		if a.Allow && !s.Glass {
			out = append(out, s)
		}
	}
	return out.Count(string(in.State)), nil
}

// about shows the cases about somebody who was found; found the one that was asked
// for by its reference. Both are the list, of less.
func (x *room) about(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.hits(ctx, who, lang, ids, func(id hub.ID) wanted { return wanted{CaseFilter: CaseFilter{Subject: id, Limit: 100}} })
}

func (x *room) found(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.hits(ctx, who, lang, ids, func(id hub.ID) wanted { return wanted{CaseFilter: CaseFilter{Limit: 100}, item: id} })
}

func (x *room) hits(ctx context.Context, who hub.Actor, lang string, ids []hub.ID, of func(hub.ID) wanted) (map[hub.ID]template.HTML, error) {
	out := map[hub.ID]template.HTML{}
	for _, id := range ids {
		page, err := x.listed(ctx, who, of(id))
		if err != nil {
			return nil, err
		}
		if len(page.Cases) > 0 {
			if out[id], err = x.Web.Fragment(lang, "assessment", "hits", page); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
