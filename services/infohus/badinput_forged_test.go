//go:build !race

package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

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

func unusedSubject(w *wrong) (api, page *hubtest.Answer) {
	subject := w.somebody(coordinator) // of Køge, and nothing is about them yet
	before := w.counts()
	for login, basis := range map[string]string{deputy: "GDPR6-1-E", policeMan: "RHL"} { // of the same authority, and of another
		if a := w.as(login).API("POST", "/api/concerns", concern(subject, map[string]any{"municipality": "koege", "legal_basis": basis})); a.Status != 400 {
			w.Errorf("%s writes about a person whom they have not registered: %d", login, a.Status)
		}
	}
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
		for op, in := range map[string]any{"forward": map[string]any{"necessity": ""}, "reroute": map[string]any{"track": "x"}, "recall": map[string]any{"reason": "x"}, "check": map[string]any{"outcome": "x"},
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

func jsonSaid(header, value string) func(w *wrong) (api, page *hubtest.Answer) {
	return func(w *wrong) (api, page *hubtest.Answer) {
		a := w.as(coordinator).API("POST", "/api/subjects", `{"name":"Bertram","no_cpr":true}`, header, value)
		return &a, nil
	}
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
