package service

import (
	"context"
	"errors"
	"slices"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Export is the action of taking something out of the hub as a file.
const Export = "export"

// Exports decides, in the load of a [pg.Read], whether an item goes out as a file:
// the act is recorded with the fields that the ordinary question gives, and that
// is what the read then asks. Where it may not go out, the read asks whether it
// may, and refuses what is forbidden as what never was. Somebody who may, and
// signed in too long ago, is told so.
func (e Env) Exports(ctx context.Context, tx *pg.Tx, r *web.Request, rel pg.Relation, entry pg.Entry) (policies.Question, error) {
	rel.Glass = false // nothing goes out on broken glass
	out, view := rel.Act(tx.Who(), Export, hub.Prevention), rel.View(tx.Who(), hub.Prevention)
	g, err := tx.Ask(ctx, out)
	if errors.As(err, new(*policies.Denial)) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	if err := Obliged(r, g.Obligations(), "error.step_up"); err != nil {
		entry.Act = hub.ActExport
		return nil, errors.Join(tx.Withhold(ctx, entry), err)
	}
	a, err := e.DB.Advise(ctx, view)
	if err != nil || !a.Allow {
		return view, err
	}
	entry.Act, entry.Fields = hub.ActExport, a.Fields
	_, err = tx.Record(ctx, g, entry)
	return view, err
}

// Obliged holds an answer's obligation to have signed in just now (A038); key is
// what is told to whoever has not.
func Obliged(r *web.Request, obligations []string, key string) error {
	if slices.Contains(obligations, "step_up") && !r.SteppedUp() {
		return web.NotSteppedUp(key)
	}
	return nil
}

// ExportRows is the most lines that a list gives as a file.
const ExportRows = 1000

// LeftOut is the last line of a list as a file, where it has fewer lines than the
// list: how many, and why; else empty.
func LeftOut(r *web.Request, lines, listed int) string {
	if lines >= listed {
		return ""
	}
	return r.T("web.export.of", lines, listed)
}

// Taken is what a list has recorded of the things that it shows, as taken out.
func Taken(entries []pg.Entry) []pg.Entry {
	out := slices.Clone(entries)
	for i := range out {
		out[i].Act = hub.ActExport
	}
	return out
}
