package audit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/pkg/witness"
	"github.com/infohus/infohus/policies"
)

// What happens when the log was longer once than the database has it now, or another
// (A082): a database that is put back has shares in it that were taken back since, and
// people who have left. So nothing is read until somebody has seen to it.

// looked asks every witness what it keeps of the log, at once, and closes the hub where
// one of them proves another past. Who cannot be reached proves nothing: it is asked again
// every half minute, and told when it is away for long (F38).
func (x *room) looked(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var all sync.WaitGroup
	found := make([]error, len(x.asked))
	for i, w := range x.asked {
		all.Go(func() { found[i] = x.holds(ctx, w) })
	}
	all.Wait()
	for i, err := range found {
		var away *unreached
		if errors.As(err, &away) {
			x.Log.Warn("a witness could not be asked at the start what it keeps of the log; the hub goes on, and asks it again",
				"authority", string(x.asked[i].Authority), "error", err.Error())
			found[i] = nil
		}
	}
	if err := errors.Join(found...); err != nil {
		return err
	}
	return x.DB.View(ctx, x.self(), func(tx *pg.Tx) error {
		if err := x.closedNow(ctx, tx); err != nil {
			x.Log.Error("the hub begins closed", "why", err.Error())
		}
		return nil
	})
}

// unreached is the error of a witness that does not answer.
type unreached struct{ error }

// holds holds what a witness keeps of the log against the database, and closes the hub
// where it excludes it. It is believed only in what our own key has signed: one that lies
// closes nothing (F39).
func (x *room) holds(ctx context.Context, w *asked) error {
	v, err := x.verifier()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	signed, err := witness.Keeps(ctx, x.client, w.URL, v.Name())
	if err != nil {
		return &unreached{err}
	}
	kept, err := tree.Open(signed, v)
	if err != nil || kept.Size == 0 {
		return nil // nothing, or nothing of ours
	}
	var had int64
	follows := false
	err = x.DB.View(ctx, x.self(), func(tx *pg.Tx) error { // after it was asked: the tree only grows
		if had, _, _, err = state(ctx, tx); err != nil || had < kept.Size {
			return err
		}
		root, err := tlog.TreeHash(kept.Size, tree.Reader(kept.Size, tiles(ctx, tx)))
		if errors.As(err, new(*tree.Broken)) { // it has not even the hashes
			return nil
		}
		follows = root == kept.Root
		return err
	})
	if err != nil || follows {
		return err
	}
	return x.DB.Command(ctx, x.self(), pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}}, func(tx *pg.Tx) error {
		id := x.NewID()
		first, err := putClosed(ctx, tx, id, w.Key, kept, signed, had)
		if err != nil || !first {
			return err
		}
		x.Log.Error("the hub is closed: the log was longer, or another, as its own key has signed", "witness", string(w.Authority), "kept", kept.Size, "here", had)
		return tx.Tell(ctx, event.TrailOdd{Odd: id, What: oddClosed, Authority: w.Authority})
	})
}

const (
	oddClosed = "closed" // the log was longer, or another: nothing is read or passed on
	oddOpened = "opened" // an officer has seen to that
)

// closedNow is an error while the hub is closed.
func (x *room) closedNow(ctx context.Context, tx *pg.Tx) error {
	list, err := closings(ctx, tx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.OpenedAt == nil {
			return fmt.Errorf("the hub is closed since %s: the log had %d leaves, which its own key has signed, and the database had %d, or others; "+
				"find out whether it was put back to an older state, put back a newer one if there is one, and then let a data-protection officer open the hub again at /witnesses", c.At.Format(time.RFC3339), c.Seen, c.Had)
		}
	}
	return nil
}

// Witnesses is how the log is confirmed.
type Witnesses struct {
	Witnesses    []WitnessLine `json:"witnesses"`
	Least        int           `json:"least" doc:"How many of them are to confirm it."`
	Unwitnessed  int64         `json:"unwitnessed" doc:"How many rows of the log not so many have confirmed yet."`
	Waited       int           `json:"waited" doc:"For how many minutes the first of those has waited."`
	ConfirmAfter int           `json:"confirm_after" doc:"After how many minutes whoever passes something on is asked once more."`
	Closings     []Closing     `json:"closings"`
}

// WitnessLine is one of them.
type WitnessLine struct {
	Authority hub.AuthorityID `json:"authority"`
	Name      string          `json:"name"`
	Confirmed int64           `json:"confirmed" doc:"How many rows it has confirmed."`
	At        *time.Time      `json:"at,omitempty" doc:"When it confirmed the last of them."`
}

// Closing is a time when the hub was closed.
type Closing struct {
	ID       hub.ID          `json:"id"`
	By       hub.AuthorityID `json:"by,omitempty" doc:"Whose witness has shown it."`
	Seen     int64           `json:"seen" doc:"How many rows the log once had."`
	Had      int64           `json:"had" doc:"How many it had when that was shown; so many or more, and the log is another."`
	At       time.Time       `json:"at"`
	OpenedBy hub.AuthorityID `json:"opened_by,omitempty"`
	OpenedAt *time.Time      `json:"opened_at,omitempty"`
	witness  string
}

// Closed reports whether the hub is closed.
func (w Witnesses) Closed() bool {
	return slices.ContainsFunc(w.Closings, func(c Closing) bool { return c.OpenedAt == nil })
}

// Late reports whether the rows wait for so long that whoever passes something on is asked.
func (w Witnesses) Late() bool { return w.Unwitnessed > 0 && w.Waited >= w.ConfirmAfter }

// listWitnesses says who confirms the log, for whoever may read a trail. It reads nothing of
// the trail, and says nothing of anybody.
func (x *room) listWitnesses(r *web.Request, _ struct{}) (Witnesses, error) {
	if err := x.mayRead(r); err != nil {
		return Witnesses{}, err
	}
	ctx := r.Context()
	keys, least, within := x.Structure.Trail.Confirming()
	out := Witnesses{Witnesses: []WitnessLine{}, Least: least, ConfirmAfter: int(within / time.Minute), Closings: []Closing{}}
	err := x.DB.View(ctx, r.Who, func(tx *pg.Tx) error {
		if len(keys) > 0 {
			l, err := tx.Log(ctx, keys, least)
			if err != nil {
				return err
			}
			out.Unwitnessed, out.Waited = l.Unwitnessed, int(l.Waited/time.Minute)
		}
		for _, w := range x.asked {
			line := WitnessLine{Authority: w.Authority, Name: w.verifier.Name()}
			if err := tx.QueryRow(ctx, `select coalesce(max(size), 0), max(at) from audit.cosignature where witness = $1`, w.Key).Scan(&line.Confirmed, &line.At); err != nil {
				return err
			}
			out.Witnesses = append(out.Witnesses, line)
		}
		list, err := closings(ctx, tx)
		for _, c := range list {
			for _, w := range x.asked {
				if w.Key == c.witness {
					c.By = w.Authority
				}
			}
			out.Closings = append(out.Closings, c)
		}
		return err
	})
	return out, err
}

// Opening is what an officer says who opens the hub again.
type Opening struct {
	Closings []hub.ID     `json:"closings" doc:"All that are open, as the officer has read them." max:"50"`
	Reason   hub.Personal `json:"reason" min:"20" max:"2000"`
}

// Opened is the answer to it.
type Opened struct {
	At time.Time `json:"at"`
}

// openHub opens the hub again: by a named officer, with a reason that is recorded for
// every authority, sealed for its officers, since the log is that of all.
func (x *room) openHub(r *web.Request, in Opening) (Opened, error) {
	ctx := r.Context()
	entry := pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "trail"}, Fields: []string{}}
	var done Opened
	err := x.DB.Command(ctx, r.Who, entry, func(tx *pg.Tx) error {
		if had, err := x.Again(ctx, tx, r, "open hub", &done); err != nil || had {
			return err
		}
		g, err := tx.Ask(ctx, policies.Trail{Role: r.Who.Role, Kind: r.Who.Kind, Purpose: hub.LogControl, Own: true, Open: true})
		if err != nil {
			return err
		}
		if err := service.Obliged(r, g.Obligations(), "error.step_up"); err != nil {
			return errors.Join(tx.Withhold(ctx, entry), err)
		}
		var p hub.Problems
		if len(in.Closings) == 0 {
			p.Add("closings", "error.required")
		}
		service.Text(&p, "reason", in.Reason, service.MinReason, service.MaxText)
		if err := p.Err(); err != nil {
			return err
		}
		list, err := closings(ctx, tx)
		if err != nil {
			return err
		}
		opens := 0
		for _, c := range list {
			if c.OpenedAt != nil {
				continue
			}
			if !slices.Contains(in.Closings, c.ID) { // which came after the page was read
				return hub.Conflict("audit.error.closed.more")
			}
			if err := putOpened(ctx, tx, g, c.ID); err != nil {
				return err
			}
			opens++
		}
		if opens == 0 {
			return hub.Conflict("audit.error.closed.open")
		}
		var rows []pg.Entry
		for _, a := range x.Structure.Authorities {
			e := entry
			e.Controller, e.Why, e.Rows = a.ID, in.Reason, opens
			rows = append(rows, e)
		}
		if _, err := tx.Record(ctx, g, rows...); err != nil {
			return err
		}
		done = Opened{At: tx.Now}
		if err := tx.Tell(ctx, event.TrailOdd{Odd: x.NewID(), What: oddOpened, Authority: r.Who.Authority}); err != nil {
			return err
		}
		return x.Keep(ctx, tx, r, "open hub", done)
	})
	return done, err
}

// closings are the times when the hub was closed, the newest first.
func closings(ctx context.Context, tx *pg.Tx) ([]Closing, error) {
	rows, err := tx.Query(ctx, `select c.id, c.witness, c.size, c.had, c.at, coalesce(o.authority, ''), o.at
		from audit.closed c left join audit.opened o on o.closed = c.id order by o.closed is not null, c.at desc, c.id limit 50`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (c Closing, err error) {
		err = r.Scan(&c.ID, &c.witness, &c.Seen, &c.Had, &c.At, &c.OpenedBy, &c.OpenedAt)
		return c, err
	})
}

// putClosed closes the hub; first: it was not closed by this checkpoint before.
func putClosed(ctx context.Context, tx *pg.Tx, id hub.ID, witness string, c tree.Checkpoint, signed []byte, had int64) (first bool, err error) {
	tag, err := tx.Exec(ctx, `insert into audit.closed (id, witness, size, root, note, had) values ($1, $2, $3, $4, $5, $6) on conflict (size, root) do nothing`,
		id, witness, c.Size, c.Root[:], string(signed), had)
	return err == nil && tag.RowsAffected() > 0, err
}

func putOpened(ctx context.Context, tx *pg.Tx, g policies.Grant, closed hub.ID) error {
	_, err := tx.Exec(ctx, `insert into audit.opened (closed, person, authority) values ($1, $2, $3)`, closed, g.Actor().Person, g.Actor().Authority)
	return err
}

// Pages.

// witnessesData is the page of it, with the form that opens the hub again.
type witnessesData struct {
	Witnesses
	Open string // the closings that are not opened
}

func (x *room) witnessesPage(w http.ResponseWriter, r *web.Request) error {
	all, err := x.listWitnesses(r, struct{}{})
	if err != nil {
		return err
	}
	d := witnessesData{Witnesses: all}
	for _, c := range all.Closings {
		if c.OpenedAt == nil {
			d.Open += string(c.ID) + " "
		}
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "witnesses", d)
}

func (x *room) openForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := Opening{Reason: service.Typed(f.Text("reason"))}
	for _, id := range strings.Fields(f.Line("closings")) {
		in.Closings = append(in.Closings, hub.ID(id))
	}
	if _, err := x.openHub(r, in); err != nil {
		return err
	}
	r.Toast(w, "audit.witnesses.opened")
	return r.Redirect(w, "/witnesses")
}
