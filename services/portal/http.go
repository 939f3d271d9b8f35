package portal

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// What web asks of the keeper of sessions: see web.Sessions. Until somebody is
// known, it is the hub itself that asks the database.

func (x *room) nobody() hub.Actor { return hub.System(x.Now(), x.NewID()) }

// keeping is what a refusal of the hub's own acts would be about.
var keeping = pg.Entry{Act: hub.ActAdmin, Object: hub.Object{Kind: "session"}}

func (x *room) change(ctx context.Context, fn func(tx *pg.Tx) error) error {
	return x.DB.Command(ctx, x.nobody(), keeping, fn)
}

func (x *room) begin(ctx context.Context, hash, ticket []byte, i web.Identity) error {
	marks, err := x.marks(ctx, i)
	if err != nil {
		return err
	}
	id := x.NewID()
	var worn []hub.Hat
	var first bool
	err = x.change(ctx, func(tx *pg.Tx) (err error) {
		if worn, err = hats(ctx, tx, i); err != nil || len(worn) == 0 {
			return err
		}
		s := session{ID: id, Person: worn[0].Person, Identity: i}
		if len(worn) == 1 {
			s.Hat = worn[0].ID
		}
		if first, err = putSession(ctx, tx, hash, ticket, s); err != nil || i.Number.Empty() {
			return err
		}
		return marks.put(ctx, tx, s.Person, i.Issuer)
	})
	switch {
	case err != nil:
		return err
	case len(worn) == 0:
		return hub.Denied("error.hat.none")
	case !first:
		return hub.Conflict("error.signin.failed")
	}
	return nil
}

func (x *room) find(ctx context.Context, hash []byte) (web.Session, error) {
	var s session
	var worn []hub.Hat
	var known bool
	var now time.Time
	err := x.DB.View(ctx, x.nobody(), func(tx *pg.Tx) (err error) {
		now = tx.Now
		if s, known, err = findSession(ctx, tx, hash); err != nil || !known {
			return err
		}
		worn, err = hats(ctx, tx, s.Identity)
		return err
	})
	if err != nil {
		return web.Session{}, err
	}
	if !known {
		return web.Session{}, hub.NotFound()
	}
	seen := s.seen(now, x.named(worn))
	if seen.Live && s.stale(now) {
		err = x.change(ctx, func(tx *pg.Tx) error { return useSession(ctx, tx, s.ID) })
		s.Used = now
		seen.Ends = s.ends()
	}
	return seen, err
}

// named gives departments the names that the structure has for them.
func (x *room) named(worn []hub.Hat) []hub.Hat {
	for i, h := range worn {
		if d, ok := x.Structure.Department(h.Authority, h.Department); ok {
			worn[i].Department = d.Name
		}
	}
	return worn
}

func (x *room) wear(ctx context.Context, old, new []byte, hat hub.ID) error {
	found := false
	err := x.change(ctx, func(tx *pg.Tx) error {
		s, ok, err := findSession(ctx, tx, old)
		if err != nil || !ok || !s.live(tx.Now) {
			return err
		}
		worn, err := hats(ctx, tx, s.Identity)
		if err != nil {
			return err
		}
		for _, h := range worn {
			if h.ID == hat {
				found = true
				return wearHat(ctx, tx, s.ID, hat, new)
			}
		}
		return nil
	})
	if err == nil && !found {
		return hub.NotFound()
	}
	return err
}

func (x *room) end(ctx context.Context, hash []byte) error {
	return x.change(ctx, func(tx *pg.Tx) error { return endSession(ctx, tx, hash) })
}

func (x *room) hatsOf(ctx context.Context, i web.Identity) (worn []hub.Hat, err error) {
	err = x.DB.View(ctx, x.nobody(), func(tx *pg.Tx) error {
		worn, err = hats(ctx, tx, i)
		return err
	})
	if err == nil {
		err = x.caller(ctx, i, worn)
	}
	return x.named(worn), err
}

func (x *room) own(ctx context.Context, person, id hub.ID) (h hub.Hat, holds bool, err error) {
	err = x.DB.View(ctx, x.nobody(), func(tx *pg.Tx) error {
		h, holds, err = ownHat(ctx, tx, person, id)
		return err
	})
	return x.named([]hub.Hat{h})[0], holds, err
}

func (x *room) keep(ctx context.Context, id, person hub.ID, box []byte) error {
	return x.change(ctx, func(tx *pg.Tx) error { return putKept(ctx, tx, id, person, box) })
}

func (x *room) take(ctx context.Context, id, person hub.ID) (box []byte, err error) {
	err = x.change(ctx, func(tx *pg.Tx) error {
		box, err = takeKept(ctx, tx, id, person)
		return err
	})
	if err == nil && box == nil {
		return nil, hub.NotFound()
	}
	return box, err
}

func (x *room) drop(ctx context.Context, id hub.ID) error {
	return x.change(ctx, func(tx *pg.Tx) error { return dropKept(ctx, tx, id) })
}

func (x *room) sweep(ctx context.Context) error {
	return x.change(ctx, func(tx *pg.Tx) error {
		if err := sweep(ctx, tx); err != nil {
			return err
		}
		return tx.ForgetMarks(ctx)
	})
}

// Pages.

// shown is how many notices stand on the front page.
const shown = 10

// begins is where a role whose front page is mostly empty begins.
var begins = map[hub.Role]string{hub.DPO: "/trail", hub.Reporter: "/subjects/new"}

// homePage is what waits for the one who asks: what every room has waiting for
// the hat worn, and the notices not yet read.
func (x *room) homePage(w http.ResponseWriter, r *web.Request) error {
	data := struct {
		Hat     hub.ID
		Role    hub.Role
		Go      string // where somebody of that role begins
		Marks   []string
		Glass   []pg.Glass // that somebody asked for and the reader may answer
		Open    []pg.Glass // that the reader has broken, and reads under now
		Review  []service.ToReview
		Asked   []pg.Glass // that the reader asked for and somebody may answer
		Notices []line
		More    bool
	}{Hat: r.Who.Hat.ID, Role: r.Who.Role, Go: begins[r.Who.Role], Marks: x.Web.MarkKinds("waiting")}
	var list []Notice
	err := x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) (err error) {
		if list, err = notices(r.Context(), tx, shown+1); err != nil {
			return err
		}
		if data.Asked, data.Glass, err = x.GlassWaiting(r.Context(), tx); err != nil {
			return err
		}
		if data.Open, err = x.GlassOpen(r.Context(), tx); err != nil {
			return err
		}
		if data.Review, err = x.GlassReviews(r.Context(), tx); err != nil {
			return err
		}
		return x.ended(r.Context(), tx, list)
	})
	if err != nil {
		return err
	}
	if data.More = len(list) > shown; data.More {
		list = list[:shown]
	}
	data.Notices = lines(list)
	return x.Web.Page(w, r, http.StatusOK, "portal", "home", data)
}

// readForm takes notices off the front page: one, or all that stood there.
func (x *room) readForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var ids []hub.ID
	listed := f.All("all[]")
	if f.Has("notice") {
		listed = strings.Fields(f.Line("notice"))
	}
	for _, s := range listed {
		id, err := hub.ParseID(s)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	err = x.DB.Command(r.Context(), r.Who, pg.Entry{Act: hub.ActChange, Object: hub.Object{Kind: "notice"}}, func(tx *pg.Tx) error {
		return read(r.Context(), tx, ids)
	})
	if err != nil {
		return err
	}
	return r.Redirect(w, "/")
}

func (x *room) hatsPage(w http.ResponseWriter, r *web.Request) error {
	if !r.Session().Live {
		return hub.Denied("error.signin")
	}
	type post struct {
		hub.Hat
		Last time.Time // its last moment; zero where no end is known
		For  string    // who it stands in for
	}
	var posts []post
	for _, h := range r.Hats {
		p := post{Hat: h}
		if of, ok := x.Structure.Post(h.DeputyOf); ok {
			p.For = of.Name
		}
		if h.Until.Before(structure.Forever) {
			p.Last = h.Until.Add(-time.Second)
		}
		posts = append(posts, p)
	}
	return x.Web.Page(w, r, http.StatusOK, "portal", "hats", struct {
		To   string
		Worn hub.ID
		Hats []post
	}{r.URL.Query().Get("to"), r.Who.Hat.ID, posts})
}

func (x *room) hatsForm(w http.ResponseWriter, r *web.Request) error {
	if !r.Session().Live {
		return hub.Denied("error.signin")
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	hat, err := hub.ParseID(f.Line("hat"))
	if err != nil {
		return err
	}
	if err := x.Web.Wear(w, r, hat); err != nil {
		return err
	}
	return r.Redirect(w, f.Line("to"))
}

func (x *room) signOutForm(w http.ResponseWriter, r *web.Request) error {
	if err := x.Web.SignOut(w, r); err != nil {
		return err
	}
	return r.Redirect(w, "/signin?why=out")
}

func (x *room) languageForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	x.Web.SetLanguage(w, f.Line("lang"))
	return r.Redirect(w, f.Line("to"))
}

// reviewed is when the accessibility of the pages was last gone through, and
// this statement with it. A year later a test fails (X12).
var reviewed = time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)

func (x *room) accessibilityPage(w http.ResponseWriter, r *web.Request) error {
	return x.Web.Page(w, r, http.StatusOK, "portal", "accessibility", struct {
		Reviewed time.Time
		District string
	}{reviewed, x.Structure.District.Name})
}

// Who is the answer of whoami.
type Who struct {
	Person hub.ID    `json:"person"`
	Name   string    `json:"name"`
	Issuer string    `json:"issuer"`
	LoA    string    `json:"loa" doc:"NSIS level of assurance: Low, Substantial, High; empty where the issuer does not say."`
	Hat    hub.ID    `json:"hat,omitempty" doc:"The hat you ask in; none is chosen where it is missing."`
	Hats   []WhoHat  `json:"hats"`
	At     time.Time `json:"at"`
}

// WhoHat is one post.
type WhoHat struct {
	ID         hub.ID            `json:"id"`
	Authority  hub.AuthorityID   `json:"authority"`
	Kind       hub.AuthorityKind `json:"kind"`
	Department string            `json:"department,omitempty"`
	Role       hub.Role          `json:"role"`
	Until      time.Time         `json:"until" doc:"The first instant at which it no longer holds."`
	DeputyOf   hub.ID            `json:"deputy_of,omitempty" doc:"The hat that it stands in for."`
}

func (x *room) whoami(r *web.Request, _ struct{}) (Who, error) {
	me := Who{Person: r.Who.Person, Name: r.Who.Name, Issuer: r.Who.Issuer, LoA: r.Who.LoA, Hat: r.Who.Hat.ID, At: r.Now}
	for _, h := range r.Hats {
		me.Hats = append(me.Hats, WhoHat{h.ID, h.Authority, h.Kind, h.Department, h.Role, h.Until, h.DeputyOf})
	}
	return me, nil
}

// Notices is the answer of listNotices.
type Notices struct {
	Notices []NoticeLine `json:"notices"`
}

// NoticeLine is one notice not yet read.
type NoticeLine struct {
	ID      hub.ID     `json:"id"`
	What    string     `json:"what" doc:"What happened." enum:"received rerouted check recalled checked shared triaged handled overdue given taken ended case_taken case_ended request_taken request_ended glass_review glass_broken glass_asked glass_yes glass_no glass_late glass_blocked swept glass_justified glass_not_justified glass_breach recused recused_officer recused_you recused_takeover recused_empty recused_seat recusal_lifted recusal_lifted_officer recusal_lifted_you close_tried close_tried_manager trail_changed trail_refused trail_refused_own trail_silent trail_silent_own trail_unseen trail_gone trail_closed trail_opened trail_one_end trail_sampled_less trail_sampled_none trail_listed_less review no_coordinator case_prepared case_opened case_given onward request_given request_settled meeting_called meeting_held case_signed case_recommended case_overdue offer_given offer_answered withdrawn withdrawn_error withdrawn_you withdrawn_you_error followed_up closing case_closed case_reopened"`
	Kind    string     `json:"kind" doc:"Of what it leads to." enum:"concern case request offer"`
	Concern hub.ID     `json:"concern,omitempty"`
	Step    string     `json:"step,omitempty" doc:"Which step is over its time limit."`
	Due     *time.Time `json:"due,omitempty"`
	At      time.Time  `json:"at"`
	Ended   bool       `json:"ended,omitempty" doc:"What it leads to is not open to your hat any more."`
}

func (x *room) listNotices(r *web.Request, _ struct{}) (Notices, error) {
	out := Notices{Notices: []NoticeLine{}}
	var list []Notice
	err := x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) (err error) {
		if list, err = notices(r.Context(), tx, 100); err != nil {
			return err
		}
		return x.ended(r.Context(), tx, list)
	})
	for _, n := range list {
		line := NoticeLine{ID: n.ID, What: n.Word, Kind: n.Kind, Concern: n.Concern, Step: n.Step, At: n.At, Ended: n.Ended}
		if !n.Due.IsZero() {
			line.Due = &n.Due
		}
		out.Notices = append(out.Notices, line)
	}
	return out, err
}
