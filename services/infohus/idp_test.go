//go:build !race

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// idpWorld is a provider on the network, and the clock it reads.
type idpWorld struct {
	t      *testing.T
	p      *idp
	o      idpOptions
	now    time.Time
	origin string
	client *http.Client // follows nothing
}

func newIDPWorld(t *testing.T) *idpWorld {
	t.Helper()
	w := &idpWorld{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.p.Handler().ServeHTTP(rw, r) }))
	t.Cleanup(s.Close)
	w.origin, w.client = s.URL, s.Client()
	w.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.o = idpOptions{Dir: filepath.Join(t.TempDir(), "idp"), Origin: s.URL, Now: func() time.Time { return w.now }, Issuers: []idpIssuer{
		{Authority: "koege", Name: "Køge Kommune", People: []idpPerson{
			{Login: "mette", Subject: "s-mette", Name: "Mette <Opdigtet>", Roles: []hub.Role{hub.Receiver, hub.MunicipalCoordinator}},
			{Login: "anna", Subject: "s-anna", Name: "Anna Opdigtet", Roles: []hub.Role{hub.DPO}}}},
		{Authority: "mvs-politi", Name: "Midt- og Vestsjællands Politi", People: []idpPerson{
			{Login: "poul", Subject: "s-poul", Name: "Poul Opdigtet", Roles: []hub.Role{hub.PoliceCoordinator}},
			{Login: "anna", Subject: "s-anna", Name: "Anna Opdigtet", Roles: []hub.Role{hub.Steering}}}},
	}}
	var err error
	if w.p, err = newIDP(dev{ok: true}, w.o); err != nil {
		t.Fatal(err)
	}
	return w
}

const verifier = "a-verifier-of-at-least-forty-three-characters"

// party is the hub as the provider sees it, built by go-oidc from the
// provider's own description.
func (w *idpWorld) party(authority string) (*oidc.Provider, *oauth2.Config) {
	w.t.Helper()
	p, err := oidc.NewProvider(w.t.Context(), w.origin+"/dev/idp/"+authority)
	if err != nil {
		w.t.Fatal(err)
	}
	return p, &oauth2.Config{ClientID: "infohus", Endpoint: p.Endpoint(), RedirectURL: w.origin + "/signin/callback", Scopes: []string{"openid", "profile"}}
}

func (w *idpWorld) verifier(p *oidc.Provider, audience string) *oidc.IDTokenVerifier {
	return p.Verifier(&oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{oidc.ES256}, Now: func() time.Time { return w.now }})
}

// ask is the address of the page, with something changed.
func (w *idpWorld) ask(authority string, change func(url.Values)) string {
	_, c := w.party(authority)
	u, err := url.Parse(c.AuthCodeURL("a-state", oidc.Nonce("a-nonce"), oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		w.t.Fatal(err)
	}
	q := u.Query()
	if change != nil {
		change(q)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func (w *idpWorld) do(method, address string, form url.Values, header ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(body)
}

// code signs somebody in on the page.
func (w *idpWorld) code(authority, login string) string {
	w.t.Helper()
	res, body := w.do("POST", w.ask(authority, nil), url.Values{"login": {login}, "password": {w.p.Password()}})
	to, err := res.Location()
	if err != nil || res.StatusCode != http.StatusSeeOther {
		w.t.Fatalf("%d %v %s", res.StatusCode, err, body)
	}
	if !strings.HasPrefix(to.String(), w.origin+"/signin/callback?") || to.Query().Get("state") != "a-state" || to.Query().Get("iss") != w.origin+"/dev/idp/"+authority {
		w.t.Errorf("sent to %s", to)
	}
	return to.Query().Get("code")
}

func TestIDPSignsIn(t *testing.T) {
	w := newIDPWorld(t)
	p, c := w.party("koege")
	token, err := c.Exchange(t.Context(), w.code("koege", "mette"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw := token.Extra("id_token").(string)
	id, err := w.verifier(p, "infohus").Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]any{"sub": "s-mette", "name": "Mette <Opdigtet>", "nonce": "a-nonce", "acr": nsis + "loa/Substantial", nsis + "loa": "Substantial"} {
		if claims[k] != want {
			t.Errorf("%s is %v, want %v", k, claims[k], want)
		}
	}
	if life := id.Expiry.Sub(id.IssuedAt); life > 10*time.Minute {
		t.Errorf("the ID token lives for %v", life)
	}
	access, err := w.verifier(p, "infohus-api").Verify(t.Context(), token.AccessToken)
	if err != nil || access.Subject != "s-mette" || access.Nonce != "" {
		t.Errorf("access token: %+v, %v", access, err)
	}
	if _, err := w.verifier(p, "infohus-api").Verify(t.Context(), raw); err == nil {
		t.Error("an ID token is good for the API")
	}
	other, _ := w.party("mvs-politi")
	if _, err := w.verifier(other, "infohus").Verify(t.Context(), raw); err == nil {
		t.Error("one authority's token is good at another's")
	}
	w.now = w.now.Add(11 * time.Minute)
	if _, err := w.verifier(p, "infohus").Verify(t.Context(), raw); err == nil {
		t.Error("the token is good for ever")
	}
}

func TestIDPCodes(t *testing.T) {
	w := newIDPWorld(t)
	_, c := w.party("koege")
	exchange := func(authority string, change func(url.Values)) (int, string) {
		f := url.Values{"grant_type": {"authorization_code"}, "client_id": {"infohus"}, "code": {w.code("koege", "mette")}, "redirect_uri": {c.RedirectURL}, "code_verifier": {verifier}}
		change(f)
		res, body := w.do("POST", w.origin+"/dev/idp/"+authority+"/token", f)
		if res.Header.Get("Cache-Control") != "no-store" {
			t.Error("tokens may be stored")
		}
		return res.StatusCode, body
	}
	if status, body := exchange("koege", func(url.Values) {}); status != 200 {
		t.Fatal(status, body)
	}
	for name, x := range map[string]struct {
		authority string
		change    func(url.Values)
		want      string
	}{
		"no verifier":    {"koege", func(f url.Values) { f.Del("code_verifier") }, "invalid_grant"},
		"other verifier": {"koege", func(f url.Values) { f.Set("code_verifier", verifier+"x") }, "invalid_grant"},
		"the challenge":  {"koege", func(f url.Values) { f.Set("code_verifier", oauth2.S256ChallengeFromVerifier(verifier)) }, "invalid_grant"},
		"other redirect": {"koege", func(f url.Values) { f.Set("redirect_uri", c.RedirectURL+"/") }, "invalid_grant"},
		"no redirect":    {"koege", func(f url.Values) { f.Del("redirect_uri") }, "invalid_grant"},
		"other issuer":   {"mvs-politi", func(f url.Values) {}, "invalid_grant"},
		"other client":   {"koege", func(f url.Values) { f.Set("client_id", "somebody") }, "invalid_client"},
		"a secret":       {"koege", func(f url.Values) { f.Set("client_secret", "x") }, "invalid_client"},
		"a guess":        {"koege", func(f url.Values) { f.Set("code", "guess") }, "invalid_grant"},
		"password grant": {"koege", func(f url.Values) { f.Set("grant_type", "password") }, "unsupported_grant_type"},
		"refresh":        {"koege", func(f url.Values) { f.Set("grant_type", "refresh_token") }, "unsupported_grant_type"},
		"after a minute": {"koege", func(f url.Values) { w.now = w.now.Add(codeLife + time.Second) }, "invalid_grant"},
		"unknown issuer": {"nobody", func(f url.Values) {}, "404"},
		"ten megabytes":  {"koege", func(f url.Values) { f.Set("code", strings.Repeat("x", 10<<20)) }, "invalid_request"},
	} {
		if status, body := exchange(x.authority, x.change); status == 200 || !strings.Contains(body, x.want) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	// A code that was tried with the wrong verifier, or used, is spent.
	code := w.code("koege", "mette")
	for _, v := range []string{"wrong", verifier} {
		if _, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(v)); err == nil {
			t.Errorf("verifier %q: the code still works", v)
		}
	}
	code = w.code("koege", "mette")
	if _, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err != nil {
		t.Error(err)
	}
	if _, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err == nil {
		t.Error("a code works twice")
	}
}

func TestIDPRequests(t *testing.T) {
	w := newIDPWorld(t)
	set := func(k, v string) func(url.Values) { return func(q url.Values) { q.Set(k, v) } }
	callback := w.origin + "/signin/callback"
	for _, to := range []string{"", callback + "/", callback + "?x=1", callback + "#x", strings.Replace(callback, "http://", "https://", 1), strings.Replace(callback, "http://", "http://x@", 1),
		strings.ToUpper(callback), "http://evil.example/signin/callback", "//evil.example", callback + "/../../x", strings.Replace(callback, "127.0.0.1", "localhost", 1)} {
		for _, method := range []string{"GET", "POST"} {
			res, _ := w.do(method, w.ask("koege", set("redirect_uri", to)), url.Values{"login": {"mette"}, "password": {w.p.Password()}})
			if res.StatusCode != 400 || res.Header.Get("Location") != "" {
				t.Errorf("redirect_uri %q: %d, sent to %q", to, res.StatusCode, res.Header.Get("Location"))
			}
		}
	}
	for name, change := range map[string]func(url.Values){
		"other client":  set("client_id", "somebody"),
		"no client":     func(q url.Values) { q.Del("client_id") },
		"two clients":   func(q url.Values) { q["client_id"] = []string{"infohus", "infohus"} },
		"two redirects": func(q url.Values) { q["redirect_uri"] = []string{callback, "http://evil.example"} },
	} {
		if res, _ := w.do("GET", w.ask("koege", change), nil); res.StatusCode != 400 || res.Header.Get("Location") != "" {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	for name, x := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"implicit flow":    {set("response_type", "id_token token"), "unsupported_response_type"},
		"no PKCE":          {func(q url.Values) { q.Del("code_challenge"); q.Del("code_challenge_method") }, "invalid_request"},
		"plain PKCE":       {set("code_challenge_method", "plain"), "invalid_request"},
		"short challenge":  {set("code_challenge", "abc"), "invalid_request"},
		"request object":   {set("request_uri", "http://evil.example"), "invalid_request"},
		"fragment":         {set("response_mode", "fragment"), "invalid_request"},
		"no openid":        {set("scope", "profile"), "invalid_scope"},
		"silently":         {set("prompt", "none"), "login_required"},
		"two of something": {func(q url.Values) { q["nonce"] = []string{"a", "b"} }, "invalid_request"},
	} {
		for _, method := range []string{"GET", "POST"} {
			res, body := w.do(method, w.ask("koege", x.change), url.Values{"login": {"mette"}, "password": {w.p.Password()}})
			to, err := res.Location()
			if err != nil || to.Query().Get("error") != x.want || to.Query().Has("code") || !strings.HasPrefix(to.String(), callback+"?") {
				t.Errorf("%s: %d %v %s", name, res.StatusCode, to, body)
			}
		}
	}
	if res, _ := w.do("POST", w.ask("koege", nil), url.Values{"login": {"mette"}, "password": {w.p.Password()}}, "Sec-Fetch-Site", "cross-site"); res.StatusCode != 403 {
		t.Errorf("a form of another site signed somebody in: %d", res.StatusCode)
	}
}

func TestIDPPage(t *testing.T) {
	w := newIDPWorld(t)
	res, page := w.do("GET", w.ask("koege", nil), nil)
	for _, want := range []string{`lang="da"`, "Køge Kommune", "Mette &lt;Opdigtet&gt;", "modtager, kommunal tovholder", "Anna Opdigtet", "Kun til udvikling"} {
		if res.StatusCode != 200 || !strings.Contains(page, want) {
			t.Errorf("the page lacks %q: %d %s", want, res.StatusCode, page)
		}
	}
	if strings.Contains(page, "Poul") || strings.Contains(page, "<script") || strings.Contains(page, w.p.Password()) || strings.Contains(page, "style=") {
		t.Errorf("too much on the page: %s", page)
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
		t.Errorf("CSP: %s", csp)
	}
	_, english := w.do("GET", w.ask("koege", func(q url.Values) { q.Set("ui_locales", "en") }), nil)
	_, browser := w.do("GET", w.ask("koege", nil), nil, "Accept-Language", "en-GB,da;q=0.5")
	for _, page := range []string{english, browser} {
		if !strings.Contains(page, `lang="en"`) || !strings.Contains(page, "For development only") || strings.Contains(page, "Kun til") {
			t.Errorf("not English: %s", page)
		}
	}
	for name, f := range map[string]url.Values{
		"wrong password":      {"login": {"mette"}, "password": {"guess"}},
		"no password":         {"login": {"mette"}},
		"nobody":              {"password": {w.p.Password()}},
		"another authority's": {"login": {"poul"}, "password": {w.p.Password()}},
	} {
		res, page := w.do("POST", w.ask("koege", nil), f)
		if res.StatusCode != 401 || !strings.Contains(page, `role="alert"`) || strings.Contains(page, "guess") {
			t.Errorf("%s: %d %s", name, res.StatusCode, page)
		}
		if f.Get("login") == "mette" && !strings.Contains(page, `value="mette" required checked`) {
			t.Errorf("%s: the choice is lost: %s", name, page)
		}
	}
	if res, css := w.do("GET", w.origin+"/dev/idp/style.css", nil); res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/css") || css == "" {
		t.Errorf("style: %d", res.StatusCode)
	}
}

func TestIDPWords(t *testing.T) {
	for key := range idpWords["da"] {
		if idpWords["en"][key] == "" {
			t.Errorf("%q has no English", key)
		}
		if idpWords["en"][key] == idpWords["da"][key] {
			t.Errorf("%q is the same in both languages", key)
		}
	}
	if len(idpWords["da"]) != len(idpWords["en"]) {
		t.Error("English has more words than Danish")
	}
	for _, r := range hub.Roles {
		if idpRoles[string(r)]["da"] == "" || idpRoles[string(r)]["en"] == "" {
			t.Errorf("role %s has no name", r)
		}
	}
}

func TestIDPKeeps(t *testing.T) {
	w := newIDPWorld(t)
	for name, want := range map[string]os.FileMode{"": 0o700, "password": 0o600, "koege.pem": 0o600, "mvs-politi.pem": 0o600} {
		if i, err := os.Stat(filepath.Join(w.o.Dir, name)); err != nil || i.Mode().Perm() != want {
			t.Errorf("%q: %v, %v", name, i.Mode(), err)
		}
	}
	p, _ := w.party("koege") // the running hub's keys
	o := w.o
	o.Found = true // infohus token, another process
	other, err := newIDP(dev{ok: true}, o)
	if err != nil {
		t.Fatal(err)
	}
	if other.Password() != w.p.Password() {
		t.Error("another password after a restart")
	}
	for login, want := range map[string]string{"mette": "koege", "anna": "koege", "anna@mvs-politi": "mvs-politi"} {
		raw, err := other.Token(login)
		if err != nil {
			t.Fatal(err)
		}
		p, _ = w.party(want)
		if _, err := w.verifier(p, "infohus-api").Verify(t.Context(), raw); err != nil {
			t.Errorf("%s: %v", login, err)
		}
	}
	if _, err := other.Token("nobody"); err == nil || !strings.Contains(err.Error(), "mette, anna, poul") {
		t.Error(err)
	}
	o.Dir = filepath.Join(t.TempDir(), "none")
	if _, err := newIDP(dev{ok: true}, o); err == nil || !strings.Contains(err.Error(), "no hub has been started") {
		t.Errorf("no hub there: %v", err)
	}
	o.Found = false
	fresh, err := newIDP(dev{ok: true}, o)
	if err != nil {
		t.Fatal(err)
	}
	if fresh.Password() == w.p.Password() {
		t.Error("two installations have the same password")
	}
	raw, err := fresh.Token("poul")
	if err != nil {
		t.Fatal(err)
	}
	p, _ = w.party("mvs-politi")
	if _, err := w.verifier(p, "infohus-api").Verify(context.WithoutCancel(t.Context()), raw); err == nil {
		t.Error("another installation's token is good here")
	}
}

// A112 in part: no default accounts.
func TestIDPOnlyInDevelopment(t *testing.T) {
	demo := &structure.Structure{Authorities: []structure.Authority{{ID: "koege"}}}
	home := host.Settings{Listen: "127.0.0.1:8080"}
	d, err := development(home, demo)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newIDP(d, idpOptions{Dir: t.TempDir()}); err != nil {
		t.Error(err)
	}
	if _, err := newIDP(dev{}, idpOptions{Dir: t.TempDir()}); err == nil {
		t.Error("it starts without the marker")
	}
	for name, x := range map[string]struct {
		s  host.Settings
		st *structure.Structure
	}{
		"Postgres":    {host.Settings{Listen: home.Listen, Postgres: "postgres://db.example/infohus"}, demo},
		"NATS":        {host.Settings{Listen: home.Listen, NATS: "nats://nats.example"}, demo},
		"everywhere":  {host.Settings{Listen: "0.0.0.0:8080"}, demo},
		"any address": {host.Settings{Listen: ":8080"}, demo},
		"any IPv6":    {host.Settings{Listen: "[::]:8080"}, demo},
		"a network":   {host.Settings{Listen: "192.0.2.1:8080"}, demo},
		"a name":      {host.Settings{Listen: "hub.example:8080"}, demo},
		"nothing":     {host.Settings{}, demo},
		"issuer":      {home, &structure.Structure{Authorities: []structure.Authority{{ID: "koege"}, {ID: "mvs-politi", Issuer: "https://idp.example"}}}},
	} {
		if d, err := development(x.s, x.st); err == nil || d.ok {
			t.Errorf("%s: the development sign-in starts", name)
		}
	}
}

// TestTheDemoWorldStaysAtHome: make run on an address that other machines reach
// is refused, before anything is started, with the way to do it. A112 in part.
func TestTheDemoWorldStaysAtHome(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hub")
	t.Setenv("INFOHUS_DATA", dir)
	for _, address := range []string{"0.0.0.0:0", "[::]:0", ":0"} {
		t.Setenv("INFOHUS_LISTEN", address)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // it would run for ever
		err := run(ctx, nil)
		cancel()
		if err == nil || !strings.HasPrefix(oneLine(err), "INFOHUS_LISTEN is "+address+", and the development sign-in refuses to start where other machines can reach it") {
			t.Errorf("on %s: %v", address, err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("something was begun")
	}
	for _, address := range []string{"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.0.0.2:0"} {
		if !loopback(address) {
			t.Errorf("%s is not home", address)
		}
	}
}

// TestIDPKnowsTheDemo: everybody of the demo world signs in somewhere, under
// the authority of each of their hats.
func TestIDPKnowsTheDemo(t *testing.T) {
	st, err := structure.Load(strings.NewReader(string(deploy.Demo())), "infohus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	issuers := idpIssuers(st, now)
	for _, post := range st.Posts() {
		if !post.Holds(now) {
			continue
		}
		i := slices.IndexFunc(issuers, func(i idpIssuer) bool { return i.Authority == post.Authority })
		if i < 0 || !slices.ContainsFunc(issuers[i].People, func(p idpPerson) bool {
			return p.Login == post.Login && p.Subject == post.Subject && slices.Contains(p.Roles, post.Role)
		}) {
			t.Errorf("%s cannot sign in as %s at %s", post.Login, post.Role, post.Authority)
		}
	}
	t.Logf("%d issuers, %d people", len(issuers), len(st.People))
}
