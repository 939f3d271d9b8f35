package portal

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// KeptFilter is what the list of receipts is asked for.
type KeptFilter struct {
	After hub.ID `json:"after,omitempty" doc:"The last of the page before."`
}

// KeptLine is a receipt in a list: what was asked, and whether it was a yes.
type KeptLine struct {
	ID    hub.ID          `json:"id"`
	At    time.Time       `json:"at"`
	By    string          `json:"by"`
	Role  hub.Role        `json:"role"`
	Item  string          `json:"item" enum:"concern case request answer offer"`
	State string          `json:"state"`
	To    hub.AuthorityID `json:"to"`
	Allow bool            `json:"allow"`
	Open  bool            `json:"open" doc:"And somebody there could open it."`
}

// KeptList is the answer of listAdvice: the newest first.
type KeptList struct {
	Receipts []KeptLine `json:"receipts"`
	Next     hub.ID     `json:"next,omitempty" doc:"Put it in after for the next page."`
}

// keptPage is how many receipts a page has.
const keptPage = 50

// listAdvice lists the receipts that the actor could open, each by the question of its
// own opening: which is the same of all that were kept in one hat, and asked once of it.
func (x *room) listAdvice(r *web.Request, in KeptFilter) (KeptList, error) {
	ctx, who := r.Context(), r.Who
	var list KeptList
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		e := pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "advice"}, Controller: who.Authority, Fields: []string{}}
		g, err := tx.Ask(ctx, policies.Advice{Role: who.Role, Kind: who.Kind, Step: "list"})
		if denied := new(policies.Denial); errors.As(err, &denied) {
			return cmp.Or(tx.Refuse(ctx, denied, e), err)
		}
		if err != nil {
			return err
		}
		hats, err := keepers(ctx, tx)
		if err != nil {
			return err
		}
		var open []hub.ID
		for _, h := range hats {
			answer, err := x.DB.Advise(ctx, x.opening(who, h))
			if err != nil {
				return err
			}
			if answer.Allow {
				open = append(open, h)
			}
		}
		list = KeptList{Receipts: []KeptLine{}}
		if list.Receipts, err = keptIn(ctx, tx, open, in.After, keptPage+1); err != nil {
			return err
		}
		if len(list.Receipts) > keptPage {
			list.Receipts = list.Receipts[:keptPage]
			list.Next = list.Receipts[keptPage-1].ID
		}
		e.Rows = len(list.Receipts)
		_, err = tx.Record(ctx, g, e)
		return err
	})
	return list, err
}

// opening is the question whether the actor may open what was kept at their own
// authority in a hat.
func (x *room) opening(who hub.Actor, kept hub.ID) policies.Advice {
	by, _ := x.Structure.Post(kept)
	return policies.Advice{Role: who.Role, Kind: who.Kind, Step: "open", Own: true, Asker: kept == who.Hat.ID, Manages: by.Manager != "" && by.Manager == who.Hat.ID}
}

// keepers are the hats in which anything was kept at the actor's own authority.
func keepers(ctx context.Context, tx *pg.Tx) ([]hub.ID, error) {
	rows, err := tx.Query(ctx, `select distinct hat from portal.advice where authority = $1`, tx.Who().Authority)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[hub.ID])
}

// keptIn reads what was kept in some hats, the newest first.
func keptIn(ctx context.Context, tx *pg.Tx, hats []hub.ID, after hub.ID, most int) ([]KeptLine, error) {
	rows, err := tx.Query(ctx, `select id, at, name, role, advice->>'item', advice->'asked'->>'state', advice->'asked'->>'to', (advice->>'allow')::boolean, (advice->>'open')::boolean
		from portal.advice where authority = $1 and hat = any($2)
			and ($3 = '' or (at, id) < (select a.at, a.id from portal.advice a where a.id = $3 and a.authority = $1 and a.hat = any($2)))
		order by at desc, id desc limit $4`, tx.Who().Authority, hats, after, most)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (l KeptLine, err error) {
		err = r.Scan(&l.ID, &l.At, &l.By, &l.Role, &l.Item, &l.State, &l.To, &l.Allow, &l.Open)
		l.At = l.At.UTC()
		return l, err
	})
	if list == nil {
		list = []KeptLine{}
	}
	return list, err
}

func (x *room) receiptsPage(w http.ResponseWriter, r *web.Request) error {
	list, err := x.listAdvice(r, KeptFilter{After: hub.ID(r.URL.Query().Get("after"))})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "portal", "receipts", list)
}
