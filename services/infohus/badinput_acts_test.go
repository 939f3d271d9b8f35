//go:build !race

package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// The rows of the table that take more than one request. Each gives what the
// API and the page answered at the end, for the row to be held against; nil
// where it looks for itself.

// browser is somebody at a browser of their own.
func (w *wrong) browser(login string) *hubtest.Client { return w.As(login) }

// posts sends a form as it stands on the last page, with what was typed.
func (w *wrong) posts(c *hubtest.Client, on hubtest.Answer, action string, typed url.Values, headers ...string) *hubtest.Answer {
	w.Helper()
	form := formOn(w.T, on, action)
	maps.Copy(form, typed)
	return w.raw(c, "POST", action, form.Encode(), headers...)
}

// shows holds that a page has a text, or has it not.
func (w *wrong) shows(a *hubtest.Answer, text string, yes bool) {
	w.Helper()
	if strings.Contains(a.Text(), text) != yes {
		w.Errorf("%q is on the page at %s: %v, want %v: %d %s", text, a.Path, !yes, yes, a.Status, a.Text())
	}
}

// same holds that something is as it should be.
func (w *wrong) same(what, got, want string) {
	w.Helper()
	if got != want {
		w.Errorf("%s is %s, want %s", what, got, want)
	}
}

func twoTabs(w *wrong) (api, page *hubtest.Answer) {
	id := w.drafts(coordinator, nil)
	text := func(why string) map[string]any {
		return map[string]any{"subject": "", "version": 1, "statements": []any{}, "why_now": why, "urgency": "soon"}
	}
	path := "/api/concerns/" + string(id) + "/draft"
	w.as(coordinator).API("PUT", path, text("Fra den ene fane."))
	a := w.as(coordinator).API("PUT", path, text("Fra den anden fane."))
	kept := w.as(coordinator).API("GET", "/api/concerns/"+string(id), nil)
	w.shows(&kept, "Fra den ene fane.", true)

	c, at := w.browser(coordinator), "/concerns/"+string(id)+"/draft"
	one, other := c.Get(at), c.Get(at)
	w.same("the first tab", http.StatusText(w.posts(c, one, at, url.Values{"why_now": {"Skrevet i den ene."}, "save": {"1"}}).Status), "See Other")
	b := w.posts(c, other, at, url.Values{"why_now": {"Skrevet i den anden."}, "save": {"1"}})
	w.same("what the second tab keeps", strings.TrimSpace(formOn(w.T, *b, at).Get("why_now")), "Skrevet i den anden.")
	kept = w.as(coordinator).API("GET", "/api/concerns/"+string(id), nil)
	w.shows(&kept, "Skrevet i den ene.", true)
	return &a, b
}

func doubleClick(w *wrong) (api, page *hubtest.Answer) {
	id := w.drafts(coordinator, map[string]any{"child": "no"})
	c, at := w.browser(coordinator), "/concerns/"+string(id)+"/send"
	form := c.Get(at)
	typed := url.Values{"forward": {"yes"}, "necessity": {because}}
	for range 2 {
		a := w.posts(c, form, at, typed)
		if a.Status != 303 || a.Header.Get("Location") != "/concerns/"+string(id) {
			w.Errorf("a click answers %d to %s: %s", a.Status, a.Header.Get("Location"), a.Text())
		}
	}
	w.same("times handed in", w.One("select count(*) from intake.step where action = 'submit' and concern = '"+string(id)+"'"), "1")
	w.same("disclosures", w.One("select count(*) from access.share where item = '"+string(id)+"'"), "1")

	// And of a new draft.
	to := "/concerns/new?subject=" + string(w.somebody(coordinator))
	form = c.Get(to)
	before := atoi(w.One("select count(*) from intake.concern"))
	var went []string
	for range 2 {
		went = append(went, w.posts(c, form, "/concerns/new", url.Values{"save": {"1"}, "why_now": {"En gang."}}).Header.Get("Location"))
	}
	if n := atoi(w.One("select count(*) from intake.concern")) - before; n != 1 || went[0] != went[1] {
		w.Errorf("two clicks made %d drafts: %v", n, went)
	}
	return nil, nil
}

func sentTwice(w *wrong) (api, page *hubtest.Answer) {
	in := concern(w.somebody(coordinator), nil)
	first := w.as(coordinator).API("POST", "/api/concerns", in, "Idempotency-Key", "to gange")
	again := w.as(coordinator).API("POST", "/api/concerns", in, "Idempotency-Key", "to gange")
	w.same("the second receipt", again.Text(), first.Text())
	id := w.drafts(coordinator, nil)
	draft := map[string]any{"draft": id, "purpose": "prevention", "legal_basis": "GDPR6-1-E"}
	one := w.as(coordinator).API("POST", "/api/concerns", draft, "Idempotency-Key", "kladde")
	two := w.as(coordinator).API("POST", "/api/concerns", draft, "Idempotency-Key", "kladde")
	w.same("the second receipt of a draft", two.Text(), one.Text())
	if again.Status != 200 || two.Status != 200 {
		w.Errorf("answered %d and %d", again.Status, two.Status)
	}
	return &first, nil
}

func keyReused(w *wrong) (api, page *hubtest.Answer) {
	in := concern(w.somebody(coordinator), nil)
	w.as(coordinator).API("POST", "/api/concerns", in, "Idempotency-Key", "brugt")
	in["why_now"] = "Noget andet."
	a := w.as(coordinator).API("POST", "/api/concerns", in, "Idempotency-Key", "brugt")
	return &a, nil
}

func longKey(w *wrong) (api, page *hubtest.Answer) {
	a := w.as(coordinator).API("POST", "/api/concerns", concern(w.somebody(coordinator), nil), "Idempotency-Key", strings.Repeat("k", 101))
	return &a, nil
}

func letInTwice(w *wrong) (api, page *hubtest.Answer) {
	id := w.hands(coordinator, nil)
	c, at := w.browser(coordinator), "/concerns/"+string(id)+"/access"
	form := c.Get(at)
	for range 2 {
		w.posts(c, form, at, url.Values{"hat": {string(w.as(ssp).Post.Hat.ID)}})
	}
	count := "select count(*) from access.assignment where why = 'colleague' and item = '" + string(id) + "'"
	w.same("assignments made by one form", w.One(count), "1")
	for range 2 {
		w.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", map[string]any{"hat": w.AsRole("birk", hub.Receiver).Post.Hat.ID}, "Idempotency-Key", "ind")
	}
	w.same("assignments made by form and key", w.One(count), "2")
	return nil, nil
}

func inAlready(w *wrong) (api, page *hubtest.Answer) {
	id := w.hands(coordinator, nil)
	in := map[string]any{"hat": w.as(ssp).Post.Hat.ID}
	w.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", in)
	a := w.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", in)
	w.same("assignments", w.One("select count(*) from access.assignment where why = 'colleague' and item = '"+string(id)+"'"), "1")
	return &a, nil
}

func endedTwice(w *wrong) (api, page *hubtest.Answer) {
	id := w.hands(coordinator, nil)
	var given struct{ Assignment hub.ID }
	path := "/api/concerns/" + string(id) + "/access"
	w.as(coordinator).API("POST", path, map[string]any{"hat": w.as(ssp).Post.Hat.ID}).JSON(&given)
	c, at := w.browser(coordinator), "/concerns/"+string(id)+"/access"
	form := c.Get(at)
	end := at + "/" + string(given.Assignment) + "/end"
	for range 2 { // one form, sent twice, is done once
		if a := w.posts(c, form, end, nil); a.Status != 303 {
			w.Errorf("a click answers %d: %s", a.Status, a.Text())
		}
	}
	w.same("revocations", w.One("select count(*) from audit.trail where act = 'revoke' and outcome = 'allow' and object_id = '"+string(id)+"'"), "1")
	a := w.as(coordinator).API("DELETE", path+"/"+string(given.Assignment), nil)
	return &a, nil
}

// types opens a form and gives the page, after which the sign-in has ended.
func (w *wrong) types(c *hubtest.Client, at string) hubtest.Answer {
	form := c.Get(at)
	w.SQL("update portal.session set used_at = used_at - interval '31 minutes' where person = '" + string(c.Post.Person) + "'")
	return form
}

func signInEnds(w *wrong) (api, page *hubtest.Answer) {
	c, at := w.browser(deputy), "/concerns/new?subject="+string(w.somebody(deputy))
	form := w.types(c, at)
	typed := "Ny omgangskreds.\nOg mere: <b>æøå</b> & \"alt\" 'det andet'."
	a := w.posts(c, form, "/concerns/new", url.Values{"why_now": {typed}, "urgency": {"soon"}, "save": {"1"}})
	if a.Status != 303 || !strings.HasPrefix(a.Header.Get("Location"), "/signin?") {
		w.Errorf("the form is answered %d to %s", a.Status, a.Header.Get("Location"))
	}
	w.same("forms kept", w.One("select count(*) from portal.kept where person = '"+string(c.Post.Person)+"'"), "1")
	c.SignIn()
	kept := c.Get("/kept")
	stands := formOn(w.T, kept, "/concerns/new")
	w.same("what is shown again", stands.Get("why_now"), typed)
	w.same("what is chosen again", stands.Get("urgency"), "soon")
	w.same("drafts begun meanwhile", w.One("select count(*) from intake.concern where author = '"+string(c.Post.Person)+"' and state = 'draft'"), "0")
	done := w.posts(c, kept, "/concerns/new", url.Values{"save": {"1"}})
	if done.Status != 303 {
		w.Errorf("sent again it is answered %d: %s", done.Status, done.Text())
	}
	w.same("forms kept after it was done", w.One("select count(*) from portal.kept where person = '"+string(c.Post.Person)+"'"), "0")
	return nil, &kept
}

func somebodyElse(w *wrong) (api, page *hubtest.Answer) {
	c, at := w.browser(deputy), "/concerns/new?subject="+string(w.somebody(deputy))
	form := w.types(c, at)
	w.posts(c, form, "/concerns/new", url.Values{"why_now": {"Kun for den, der skrev det."}, "save": {"1"}})
	c.Login, c.Post = coordinator, w.as(coordinator).Post
	c.SignIn()
	kept := c.Get("/kept")
	w.shows(&kept, "Kun for den", false)
	w.same("where it leads", kept.Path, "/")
	w.same("forms kept", w.One("select count(*) from portal.kept"), "0")
	c.Login, c.Post = deputy, w.as(deputy).Post // and the first one back: it is gone for good
	c.SignIn()
	again := c.Get("/kept")
	w.shows(&again, "Kun for den", false)
	return nil, &kept
}

func otherHat(w *wrong) (api, page *hubtest.Answer) {
	c := w.AsRole("birk", hub.Receiver)
	one, two := string(c.Post.Hat.ID), string(hub.NewID())
	w.SQL("insert into access.hat select '" + two + "', person, name, authority, kind, department, 'reporter', from_at, until_at, issuer, sub from access.hat where id = '" + one + "'")
	c.SignIn()
	form := c.Get("/subjects/new?next=concern")
	w.raw(c, "POST", "/hats", url.Values{"hat": {two}}.Encode())
	persons := w.One("select count(*) from person.subject")
	a := w.posts(c, form, "/subjects/new?next=concern", url.Values{"name": {"Bertram Hat"}, "no_cpr": {"yes"}})
	w.same("persons", w.One("select count(*) from person.subject"), persons)
	w.raw(c, "POST", "/hats", url.Values{"hat": {one}}.Encode())
	kept := c.Get("/kept")
	w.same("what is shown again", formOn(w.T, kept, "/subjects/new?next=concern").Get("name"), "Bertram Hat")
	return nil, a
}

func backAfterSignOut(w *wrong) (api, page *hubtest.Answer) {
	id := w.hands(coordinator, nil)
	c := w.browser(coordinator)
	c.Get("/")
	ask := httptest.NewRequestWithContext(w.Context(), "GET", "/concerns/"+string(id), nil)
	seen := c.Do(ask)
	w.shows(&seen, "kiosken", true)
	w.same("Cache-Control", seen.Header.Get("Cache-Control"), "no-store")
	out := w.raw(c, "POST", "/signout", "")
	if !strings.Contains(out.Header.Get("Clear-Site-Data"), `"cache"`) || !strings.Contains(out.Header.Get("Clear-Site-Data"), `"storage"`) {
		w.Errorf("Clear-Site-Data is %s", out.Header.Get("Clear-Site-Data"))
	}
	if len(out.Header["Set-Cookie"]) < 2 || out.Status != 303 {
		w.Errorf("signing out answers %d %v", out.Status, out.Header)
	}
	back := httptest.NewRequestWithContext(w.Context(), "GET", "/concerns/"+string(id), nil)
	back.Header.Set("Cookie", ask.Header.Get("Cookie")) // as a browser that forgot nothing would
	a := w.Nobody().Do(back)
	w.shows(&a, "kiosken", false)
	return nil, &a
}

func outOfOrder(w *wrong) (api, page *hubtest.Answer) {
	id := w.hands(coordinator, nil)
	a := w.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/triage", judge("case"))
	c := w.browser(coordinator)
	form := c.Get("/concerns/" + string(id) + "/reroute")
	typed := url.Values{"_hat": formOn(w.T, form, "/concerns/"+string(id)+"/reroute")["_hat"], "outcome": {"case"}, "rationale": {"Skrevet på en side, som ikke gælder længere."}}
	b := w.raw(c, "POST", "/concerns/"+string(id)+"/triage", typed.Encode())
	w.shows(b, "Skrevet på en side, som ikke gælder længere.", true)
	w.same("its state", w.One("select state from intake.concern where id = '"+string(id)+"'"), "received")
	return &a, b
}
