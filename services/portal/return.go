package portal

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// written is what an authority wrote, all of it: in the trail, the thing that is taken
// along.
const written = "written"

// mayTake asks whether the actor takes along what their authority wrote (A017). Only
// to whoever would, if the authority were leaving, it is said that it is not.
func (x *room) mayTake(ctx context.Context, tx *pg.Tx) (g policies.Grant, waits bool, err error) {
	t, err := x.Taking(ctx, tx)
	if err != nil {
		return g, false, err
	}
	q := t.Asks("answer", tx.Who().Authority, false) // of one kind of item as of any
	g, err = tx.Ask(ctx, q)
	if denied := new(policies.Denial); errors.As(err, &denied) {
		if slices.Equal(denied.Reasons(), []string{"not_leaving"}) {
			return g, true, nil
		}
		err = errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActExport, Object: hub.Object{Kind: written}, Controller: tx.Who().Authority}), err)
	}
	return g, false, err
}

// takePage says what an authority takes along when it leaves, from when, and how.
func (x *room) takePage(w http.ResponseWriter, r *web.Request) error {
	var data struct {
		Waits bool // it does not leave
		Days  int  // before the last agreement ends it may begin
	}
	data.Days = x.Structure.Leaving.Days
	if err := x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) (err error) {
		_, data.Waits, err = x.mayTake(r.Context(), tx)
		return err
	}); err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "portal", "take", data)
}

// takeForm gives the file: what each room says that the authority wrote in it, decided
// and recorded there thing by thing. A room that is away makes no file without its part.
func (x *room) takeForm(w http.ResponseWriter, r *web.Request) error {
	ctx := r.Context()
	if err := x.DB.View(ctx, r.Who, func(tx *pg.Tx) error {
		g, waits, err := x.mayTake(ctx, tx)
		e := pg.Entry{Act: hub.ActExport, Object: hub.Object{Kind: written}, Controller: r.Who.Authority, Fields: []string{}}
		switch {
		case err != nil:
			return err
		case waits:
			err = hub.Conflict("refusal.not_leaving")
		default:
			err = service.Obliged(r, g.Obligations(), "error.step_up")
		}
		if err != nil {
			return errors.Join(tx.Withhold(ctx, e), err)
		}
		_, err = tx.Record(ctx, g, e)
		return err
	}); err != nil {
		return err
	}
	var cells []web.Cell
	for _, name := range x.Web.MarkKinds(service.Returned) {
		part, err := x.Web.CellsOf(r, name, r.Who.Hat.ID)
		if err != nil {
			return err
		}
		cells = append(cells, part[r.Who.Hat.ID]...)
	}
	return x.Web.CSV(w, r, "infohus", web.Ended(x.Web.Sheet(r.Lang, cells), r.T("portal.take.last")))
}
