package main

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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

// says2 holds that a page has a text.
func (w *wrong) shows(a *hubtest.Answer, text string, yes bool) {
	w.Helper()
	if strings.Contains(a.Text(), text) != yes {
		w.Errorf("%q is on the page at %s: %v, want %v: %d %s", text, a.Path, !yes, yes, a.Status, a.Text())
	}
}

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
		w.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", map[string]any{"hat": w.as(ssp).Post.Hat.ID}, "Idempotency-Key", "ind")
	}
	w.same("assignments made by form and key", w.One(count), "2")
	return nil, nil
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

func othersPath(w *wrong) (api, page *hubtest.Answer) {
	id := w.hands(coordinator, nil)
	a := w.as(roskilde).API("POST", "/api/concerns/"+string(id)+"/forward", toPolice)
	none := w.as(roskilde).API("POST", "/api/concerns/"+string(hub.NewID())+"/forward", toPolice)
	w.same("the answer", a.Text(), none.Text())
	c := w.browser(roskilde)
	c.Get("/")
	b := w.raw(c, "POST", "/concerns/"+string(id)+"/forward", url.Values{"_hat": {string(c.Post.Hat.ID)}, "necessity": {"Min egen tekst om noget andet."}}.Encode())
	w.shows(b, "Min egen tekst om noget andet.", true) // what was typed is given back to whoever typed it
	w.shows(b, "kiosken", false)
	return &a, b
}

func othersDraft(w *wrong) (api, page *hubtest.Answer) {
	id := w.drafts(coordinator, nil)
	a := w.as(deputy).API("POST", "/api/concerns", map[string]any{"draft": id, "purpose": "prevention", "legal_basis": "GDPR6-1-E"})
	w.same("its state", w.One("select state from intake.concern where id = '"+string(id)+"'"), "draft")
	return &a, nil
}

func othersSubject(w *wrong) (api, page *hubtest.Answer) {
	subject := w.somebody(coordinator)
	w.hands(coordinator, map[string]any{"subject": subject})
	before := w.counts()
	a := w.as(roskilde).API("POST", "/api/concerns", concern(subject, nil))
	w.same("what there is", w.counts(), before)
	return &a, nil
}

func inventedSubject(w *wrong) (api, page *hubtest.Answer) {
	before := w.counts()
	a := w.as(coordinator).API("POST", "/api/concerns", concern(hub.NewID(), nil))
	w.same("what there is", w.counts(), before)
	return &a, nil
}

func stranger(w *wrong) (api, page *hubtest.Answer) {
	id := w.hands(coordinator, nil)
	var a hubtest.Answer
	for _, login := range []string{"liv", "rune", koegeDPO, "gerda"} {
		for op, in := range map[string]any{"forward": map[string]any{"necessity": ""}, "reroute": map[string]any{"track": "x"}, "check": map[string]any{"outcome": "x"},
			"triage": map[string]any{"outcome": "x"}, "notification": map[string]any{"outcome": "x"}, "access": map[string]any{"hat": "x"}} {
			for _, id := range []hub.ID{id, hub.NewID()} {
				rows := atoi(w.One("select count(*) from audit.trail"))
				if a = w.as(login).API("POST", "/api/concerns/"+string(id)+"/"+op, in); a.Status != 404 {
					w.Errorf("%s %s: %d %s", login, op, a.Status, a.Body)
				}
				if n := atoi(w.One("select count(*) from audit.trail")) - rows; n != 1 {
					w.Errorf("%s %s: %d rows of the trail", login, op, n)
				}
			}
		}
		for _, path := range []string{"/api/concerns", "/api/concerns/drafts", "/api/subjects"} {
			rows := atoi(w.One("select count(*) from audit.trail"))
			if a = w.as(login).API("POST", path, map[string]any{}); a.Status != 404 {
				w.Errorf("%s %s: %d %s", login, path, a.Status, a.Body)
			}
			if n := atoi(w.One("select count(*) from audit.trail")) - rows; n != 1 {
				w.Errorf("%s %s: %d rows of the trail", login, path, n)
			}
		}
	}
	return &a, nil
}

func othersAccess(w *wrong) (api, page *hubtest.Answer) {
	one := w.hands(coordinator, nil)
	two := w.hands(coordinator, nil)
	var given struct{ Assignment hub.ID }
	w.as(coordinator).API("POST", "/api/concerns/"+string(one)+"/access", map[string]any{"hat": w.as(ssp).Post.Hat.ID}).JSON(&given)
	a := w.as(coordinator).API("DELETE", "/api/concerns/"+string(two)+"/access/"+string(given.Assignment), nil)
	w.same("it is ended by", w.One("select coalesce(ended_by, '') from access.assignment where id = '"+string(given.Assignment)+"'"), "")
	return &a, nil
}

func forgedUser(w *wrong) (api, page *hubtest.Answer) {
	id := w.hands(coordinator, nil)
	who := string(w.as(coordinator).Post.Person)
	a := w.as(roskilde).API("GET", "/api/concerns/"+string(id), nil, "X-Forwarded-For", "127.0.0.1", "X-Real-Ip", "127.0.0.1", "Forwarded", "for=127.0.0.1",
		"X-User", coordinator, "X-Forwarded-User", who, "X-Remote-User", who, "Remote-User", who, "X-Http-Method-Override", "DELETE", "X-Original-Url", "/api/concerns")
	row := w.SQL("select person, outcome from audit.trail order by id desc limit 1")[0]
	if !slices.Equal(row, []string{string(w.as(roskilde).Post.Person), "deny"}) {
		w.Errorf("the trail says %v", row)
	}
	nobody := w.Nobody().API("GET", "/api/concerns/"+string(id), nil, "X-User", coordinator, "X-Forwarded-User", who)
	w.same("as nobody", http.StatusText(nobody.Status), "Unauthorized")
	return &a, nil
}

func forgedHost(w *wrong) (api, page *hubtest.Answer) {
	ask := func(path string) *hubtest.Answer {
		r := httptest.NewRequestWithContext(w.Context(), "GET", path, nil)
		r.Host = "hub.example"
		r.Header.Set("X-Forwarded-Host", "hub.test")
		r.Header.Set("Authorization", "Bearer "+w.Issuer.Sign(w.Issuer.Claims(w.as(coordinator).Post)))
		got := httptest.NewRecorder()
		w.Handler().ServeHTTP(got, r)
		a := w.as(coordinator).API("GET", "/api/whoami", nil) // for an answer that knows its test
		a.Status, a.Header, a.Body, a.Path = got.Code, got.Header(), got.Body.Bytes(), path
		return &a
	}
	page = ask("/signin")
	if bytes.Contains(page.Body, []byte("hub.example")) {
		w.Error("the page repeats the address")
	}
	return ask("/api/concerns"), page
}

func forgedHat(w *wrong) (api, page *hubtest.Answer) {
	a := w.as(roskilde).API("GET", "/api/concerns", nil, "Infohus-Hat", string(w.as(coordinator).Post.Hat.ID))
	return &a, nil
}

func cookieAtAPI(w *wrong) (api, page *hubtest.Answer) {
	c := w.browser(coordinator)
	c.Get("/")
	return w.raw(c, "GET", "/api/concerns", ""), nil
}

func bearerAtPage(w *wrong) (api, page *hubtest.Answer) {
	return nil, w.raw(w.Nobody(), "GET", "/concerns", "", "Authorization", "Bearer "+w.Issuer.Sign(w.Issuer.Claims(w.as(coordinator).Post)))
}

// sends discards a draft by its form, with headers, and holds whether it was.
func (w *wrong) sends(headers ...string) *hubtest.Answer {
	w.Helper()
	id := w.drafts(coordinator, nil)
	c := w.browser(coordinator)
	form := c.Get("/concerns/" + string(id) + "/draft")
	a := w.posts(c, form, "/concerns/"+string(id)+"/discard", nil, headers...)
	w.same("drafts left", w.One("select count(*) from intake.concern where id = '"+string(id)+"'"), "1")
	return a
}

func crossSite(w *wrong) (api, page *hubtest.Answer) {
	w.sends("Origin", "https://evil.example", "Sec-Fetch-Site", "")
	w.sends("Origin", "null", "Sec-Fetch-Site", "")
	w.sends("Sec-Fetch-Site", "same-site")
	return nil, w.sends("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
}

func noOrigin(w *wrong) (api, page *hubtest.Answer) {
	return nil, w.sends("Origin", "", "Sec-Fetch-Site", "")
}

func getWithEffect(w *wrong) (api, page *hubtest.Answer) {
	id := w.drafts(coordinator, nil)
	c := w.browser(coordinator)
	c.Get("/")
	var a *hubtest.Answer
	for _, path := range []string{"/signout", "/notices/read", "/concerns/" + string(id) + "/discard"} {
		for _, method := range []string{"HEAD", "GET"} {
			if a = w.raw(c, method, path, ""); a.Status != 405 {
				w.Errorf("%s %s: %d", method, path, a.Status)
			}
		}
	}
	if b := w.as(coordinator).API("GET", "/api/concerns/"+string(id)+"/forward", nil); b.Status != 405 {
		w.Errorf("GET of a command: %d", b.Status)
	}
	w.same("its state", w.One("select state from intake.concern where id = '"+string(id)+"'"), "draft")
	if c.Get("/").Path != "/" {
		w.Error("the GET signed out")
	}
	return nil, a
}

func plainJSON(w *wrong) (api, page *hubtest.Answer) {
	a := w.as(coordinator).API("POST", "/api/subjects", `{"name":"Bertram","no_cpr":true}`, "Content-Type", "text/plain")
	return &a, nil
}

func multipart(w *wrong) (api, page *hubtest.Answer) {
	c := w.browser(coordinator)
	c.Get("/")
	return nil, w.raw(c, "POST", "/subjects/new?next=concern", "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nBertram\r\n--x--\r\n", "Content-Type", "multipart/form-data; boundary=x")
}

func bigForm(w *wrong) (api, page *hubtest.Answer) {
	c := w.browser(coordinator)
	form := c.Get("/concerns/new?subject=" + string(w.somebody(coordinator)))
	before := w.counts()
	a := w.posts(c, form, "/concerns/new", url.Values{"why_now": {strings.Repeat("Ord. ", 2<<20)}, "save": {"1"}})
	w.same("what there is", w.counts(), before)
	return nil, a
}

// formWith sends a draft's form with something in it as it is, and looks for
// what is kept of it.
func formWith(raw, field, kept string) func(w *wrong) (api, page *hubtest.Answer) {
	return func(w *wrong) (api, page *hubtest.Answer) {
		c := w.browser(coordinator)
		form := c.Get("/concerns/new?subject=" + string(w.somebody(coordinator)))
		before := w.counts()
		typed := formOn(w.T, form, "/concerns/new")
		typed.Del("why_now")
		typed["context"] = []string{"Står også."}
		a := w.raw(c, "POST", "/concerns/new", typed.Encode()+"&save=1&"+raw)
		w.same("what there is", w.counts(), before)
		if field != "" {
			stands := formOn(w.T, *a, "/concerns/new")
			w.same("what the form keeps of it", stands.Get(field), kept)
			w.same("what it keeps besides", stands.Get("context"), "Står også.")
		}
		return nil, a
	}
}
