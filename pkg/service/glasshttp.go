package service

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
)

// breakers are led to the door from the foot of each page, and from that of what is
// not there. It is no right:
// the rules decide.
var breakers = []hub.Role{hub.Receiver, hub.CoreGroup, hub.LocalPolice}

// Routes are break-glass as it is asked: of items at /<kind>s. The door itself names
// none, so that it is the same for what is there and what is not.
func (x Glass) Routes() []web.Route {
	at, noun := "/"+x.Kind+"s", strings.ToUpper(x.Kind[:1])+x.Kind[1:]
	return []web.Route{
		{Method: "GET", Path: at + "/glass", Do: x.page, Urgent: true, Nav: web.Nav{Word: x.Room + ".glass.title", Roles: breakers, Order: 85, Foot: true}, Lost: web.Nav{Word: x.Room + ".glass.door", Roles: breakers}},
		{Method: "POST", Path: at + "/glass", Do: x.form},
		{Method: "GET", Path: at + "/{id}/glass/{glass}", Do: x.answerPage, Urgent: true},
		{Method: "POST", Path: at + "/{id}/glass/{glass}", Do: x.answerForm},
		{Method: "POST", Path: at + "/{id}/glass/{glass}/end", Do: x.endForm},

		web.API("break"+noun+"Glass", "POST", "/api"+at+"/{id}/glass", "Open one "+x.Kind+" in an emergency, for some minutes: need-to-know inside your own authority is set aside, and the data-protection officer is told.",
			func(r *web.Request, in Breaking) (GlassReceipt, error) {
				id, err := r.PathID("id")
				if err != nil {
					id = ""
				}
				return x.Break(r, id, in)
			}),
		web.API("read"+noun+"Glass", "GET", "/api"+at+"/{id}/glass/{glass}", "Read, as a second person, why a "+x.Kind+" is asked to be opened in an emergency, while it waits: with the content that the answer names.",
			func(r *web.Request, _ struct{}) (GlassWait, error) {
				id, glass := ids(r)
				return x.Waiting(r, id, glass)
			}),
		web.API("answer"+noun+"Glass", "POST", "/api"+at+"/{id}/glass/{glass}/answer", "Say yes or no, as a second person, to a "+x.Kind+" being opened in an emergency.",
			func(r *web.Request, in Seconding) (GlassReceipt, error) {
				id, glass := ids(r)
				return x.Answer(r, id, glass, in)
			}),
		web.API("end"+noun+"Glass", "DELETE", "/api"+at+"/{id}/glass/{glass}", "Give back a "+x.Kind+" that you opened in an emergency.",
			func(r *web.Request, _ struct{}) (GlassReceipt, error) {
				id, glass := ids(r)
				return x.End(r, id, glass)
			}),
	}
}

// ids are the item and the break-glass that the path names. What cannot be one is
// asked about and recorded like any other that is not there.
func ids(r *web.Request) (id, glass hub.ID) {
	id, _ = r.PathID("id")
	glass, _ = r.PathID("glass")
	return id, glass
}

// doorData is the page at which a glass is broken.
type doorData struct {
	Again      string // where to come back to, of whoever must sign in again first
	Categories []web.Option
	Minutes    []web.Option
}

// page is the door, to whoever may ever break a glass: it looks for nothing.
func (x Glass) page(w http.ResponseWriter, r *web.Request) error {
	answer, err := x.DB.Advise(r.Context(), x.door(r.Who, r.Now))
	if err != nil {
		return err
	}
	if !answer.Allow {
		return hub.NotFound()
	}
	var d doorData
	if Obliged(r, answer.Obligations, notSteppedUp) != nil {
		d.Again = r.URL.Path
	}
	for _, c := range Categories {
		d.Categories = append(d.Categories, web.Option{Value: c, Label: r.T("web.glass.category." + c)})
	}
	usual, most := x.Structure.GlassMinutes()
	for m := 10; m <= most; m += 10 {
		d.Minutes = append(d.Minutes, web.Option{Value: strconv.Itoa(m), Label: r.T("web.glass.minutes", m)})
	}
	r.Fill("minutes", strconv.Itoa(usual))
	return x.Web.Page(w, r, http.StatusOK, x.Room, "glass", d)
}

// form breaks a glass, and opens the item's ordinary page.
func (x Glass) form(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := Breaking{Category: f.Line("category"), Reason: Typed(f.Text("reason"))}
	in.Minutes, _ = strconv.Atoi(f.Line("minutes"))
	_, most := x.Structure.GlassMinutes()
	id := referenceIn(f.Line("reference"))
	if id == "" { // with whatever else is wrong, at once
		var p hub.Problems
		p.Add("reference", "error.glass.reference")
		return append(p, in.check(most)...).Err()
	}
	done, err := x.Break(r, id, in)
	if err != nil {
		return err
	}
	if done.Waits {
		r.Toast(w, "web.glass.asked")
		return r.Redirect(w, "/")
	}
	return r.Redirect(w, "/"+x.Kind+"s/"+string(id))
}

// referenceIn finds the reference in what somebody typed: the reference itself, or
// the address of the page.
func referenceIn(typed string) hub.ID {
	for _, part := range strings.FieldsFunc(typed, func(c rune) bool { return strings.ContainsRune("/?# ", c) }) {
		if id, err := hub.ParseID(strings.ToLower(part)); err == nil {
			return id
		}
	}
	return ""
}

// GlassWait is what a second person reads before the yes: who asks for what, and why.
type GlassWait struct {
	ID        hub.ID          `json:"id"`
	Item      hub.ID          `json:"item"`
	Name      string          `json:"name"`
	Role      hub.Role        `json:"role"`
	Authority hub.AuthorityID `json:"authority"`
	Category  string          `json:"category"`
	Minutes   int             `json:"minutes"`
	Near      bool            `json:"near" doc:"The reason is nearly one that the same person gave before."`
	Asked     time.Time       `json:"asked_at"`
	Reason    string          `json:"reason"`
	Content   string          `json:"content" doc:"Names exactly what was read here: the answer sends it, and is refused where anything has changed since."`
}

// Codes are what it may be asked for, for the document of the API.
func (GlassWait) Codes() map[string][]string { return map[string][]string{"category": Categories} }

// answerData is the page on which a second person answers.
type answerData struct {
	GlassWait
	Answers []web.Option
}

// Waiting shows a second person a break-glass that waits for them.
func (x Glass) Waiting(r *web.Request, id, glass hub.ID) (GlassWait, error) {
	ctx := r.Context()
	var b pg.Glass
	var receipt hub.Receipt
	err := x.DB.View(ctx, r.Who, func(tx *pg.Tx) error {
		rel, found, g, err := x.secondable(ctx, tx, id, glass)
		if err != nil {
			return err
		}
		b = found
		e := glassEntry(hub.ActConsult, x.Kind, id, rel)
		e.Fields = []string{"glass_reason"}
		receipt, err = tx.Record(ctx, g, e)
		return err
	})
	if err != nil {
		return GlassWait{}, err
	}
	reason, err := x.Vault.Open(receipt, b.About, pg.GlassPlace(b.ID), b.Box)
	if err != nil {
		return GlassWait{}, err
	}
	return GlassWait{ID: b.ID, Item: b.Item, Name: x.nameOf(b.Hat), Role: b.Role, Authority: b.Authority, Category: b.Category, Minutes: b.Minutes, Near: b.Near, Asked: b.Asked,
		Reason: reason.Reveal(ctx), Content: GlassContent(b)}, nil
}

// answerPage shows a second person who asks for what and why.
func (x Glass) answerPage(w http.ResponseWriter, r *web.Request) error {
	id, glass := ids(r)
	wait, err := x.Waiting(r, id, glass)
	if err != nil {
		return err
	}
	var answers []web.Option
	for _, a := range []string{"yes", "no"} {
		answers = append(answers, web.Option{Value: a, Label: r.T("web.glass.answer." + a)})
	}
	return x.Web.Page(w, r, http.StatusOK, x.Room, "second", answerData{wait, answers})
}

func (x Glass) answerForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	id, glass := ids(r)
	if _, err := x.Answer(r, id, glass, Seconding{Answer: f.Line("answer"), Content: f.Line("content")}); err != nil {
		return err
	}
	r.Toast(w, "web.glass.answered")
	return r.Redirect(w, "/"+x.Kind+"s/"+string(id))
}

func (x Glass) endForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	id, glass := ids(r)
	if _, err := x.End(r, id, glass); err != nil {
		return err
	}
	if f.Has("asked") { // it never was open
		r.Toast(w, "web.glass.taken_back")
	} else {
		r.Toast(w, "web.glass.ended")
	}
	return r.Redirect(w, "/")
}

// nameOf is who wears a hat, as the structure file says.
func (x Glass) nameOf(hat hub.ID) string {
	if p, ok := x.Structure.Post(hat); ok {
		return p.Name
	}
	return string(hat)
}

// GlassView is a break-glass of an item as its page shows it.
type GlassView struct {
	ID        hub.ID          `json:"id"`
	Name      string          `json:"name"`
	Authority hub.AuthorityID `json:"authority"`
	Category  string          `json:"category"`
	Until     *time.Time      `json:"until,omitempty"`
	Waits     bool            `json:"waits,omitzero"` // for a second person's yes
	Mine      bool            `json:"mine,omitzero"`
	Answer    bool            `json:"answer,omitzero"` // the reader may answer it
}

// Glasses are the break-glasses of an item at an address, for the component
// glass_open.
type Glasses struct {
	At   string
	Open []GlassView
}

// Shown are the break-glasses of an item, for the page of whoever sees it: one's own
// that is open, and to whom who_can_see is given, everybody's.
func (x Glass) Shown(who hub.Actor, now time.Time, list []pg.Glass, all bool) (views []GlassView) {
	for _, b := range list {
		v := GlassView{ID: b.ID, Name: x.nameOf(b.Hat), Authority: b.Authority, Category: b.Category, Waits: b.Waits(now), Mine: b.Person == who.Person && b.Hat == who.Hat.ID}
		if !v.Mine && !all || v.Waits && b.Authority != who.Authority {
			continue
		}
		if !b.From.IsZero() {
			v.Until = &b.Until
		}
		v.Answer = v.Waits && b.Person != who.Person && all
		views = append(views, v)
	}
	return views
}

// Closes makes an open page go when the glass does that it rests on: the browser
// asks again then, and is answered as ever (A015).
func Closes(w http.ResponseWriter, r *web.Request, list []GlassView) {
	for _, v := range list {
		if v.Mine && v.Until != nil {
			w.Header().Set("Refresh", strconv.Itoa(max(1, int(v.Until.Sub(r.Now).Seconds())+1)))
		}
	}
}
