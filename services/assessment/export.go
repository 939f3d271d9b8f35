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
	left := service.LeftOut(r, page.leaves, page.Total)
	if page.More {
		left = r.T("web.export.only")
	}
	return x.Web.CSV(w, r, "infohus", web.Ended(web.Table(lines, lineCells...), left))
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

// leaving gives the cases that leave as a file, with the grants for it by set, and
// says how many the list has: up to as many as a file may.
func (x *room) leaving(ctx context.Context, tx *pg.Tx, in wanted, asked *pg.Listing, page *Cases) (all []hit, out []policies.Grant, err error) {
	denied := new(policies.Denial)
	g, err := tx.Ask(ctx, gate(tx.Who()))
	if errors.As(err, &denied) {
		return nil, nil, errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActExport, Object: hub.Object{Kind: "cases"}}), err)
	}
	if err == nil {
		if err = service.Obliged(in.out, g.Obligations(), "error.step_up"); err != nil {
			err = errors.Join(tx.Withhold(ctx, pg.Entry{Act: hub.ActExport, Object: hub.Object{Kind: "cases"}}), err)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return taken(ctx, tx, in, asked, page)
}

// taken is leaving for somebody who may take out a file.
func taken(ctx context.Context, tx *pg.Tx, in wanted, asked *pg.Listing, page *Cases) (all []hit, out []policies.Grant, err error) {
	asked.Only = func(s pg.Set) (bool, error) {
		_, ok, err := leave(ctx, tx, s)
		return ok, err
	}
	few, whole, err := asked.Few(ctx, string(in.State), service.ExportRows)
	if err == nil && !whole {
		err = hub.Invalid("state", "assessment.error.export_many", service.ExportRows)
	}
	if err != nil {
		return nil, nil, err
	}
	if all, err = sorted(ctx, tx, in, few, asked.Sets, page); err != nil {
		return nil, nil, err
	}
	listed, whole, err := tx.Listing("case", hub.Prevention).Few(ctx, string(in.State), service.ExportRows)
	page.leaves, page.Total, page.More = page.Total, len(listed.IDs), !whole
	for _, s := range asked.Sets {
		g, _, no := leave(ctx, tx, s)
		out, err = append(out, g), errors.Join(err, no)
	}
	return all, out, err
}

// leave asks whether a case with these attributes may leave as a file: on broken
// glass nothing does.
func leave(ctx context.Context, tx *pg.Tx, s pg.Set) (policies.Grant, bool, error) {
	if s.Glass {
		return policies.Grant{}, false, nil
	}
	g, err := tx.Ask(ctx, s.Relation.Act(tx.Who(), service.Export, hub.Prevention))
	if errors.As(err, new(*policies.Denial)) {
		return g, false, nil
	}
	return g, err == nil, err
}

// leaves is how many of a list would leave as a file, by the questions that the
// file asks; nothing leaves here, and nothing is told but a number.
func (x *room) leaves(ctx context.Context, who hub.Actor, all pg.Few, sets pg.Sets) (n int, err error) {
	may := make([]bool, len(sets))
	for i, s := range sets {
		a, err := x.DB.Advise(ctx, s.Relation.Act(who, service.Export, hub.Prevention))
		if err != nil {
			return 0, err
		}
		may[i] = a.Allow && !s.Glass
	}
	for _, set := range all.Sets {
		if may[set] {
			n++
		}
	}
	return n, nil
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

// caseOf leads from a concern to the case that it became, for whoever sees that case.
func (x *room) caseOf(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	out := map[hub.ID]template.HTML{}
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		for _, concern := range ids {
			var id hub.ID
			if err := tx.QueryRow(ctx, `select coalesce(max(id), '') from cases where concern = $1`, concern).Scan(&id); err != nil || id == "" {
				return err
			}
			rel, err := tx.Relation(ctx, "case", id)
			if err != nil || !tx.Sees(ctx, rel) {
				return err
			}
			if out[concern], err = x.Web.Fragment(lang, "assessment", "case-of", id); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}
