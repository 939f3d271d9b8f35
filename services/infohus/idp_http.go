package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// idpCode is what an authorization code stands for.
type idpCode struct {
	issuer                     *idpIssuer
	who                        idpPerson
	redirect, nonce, challenge string
	at                         time.Time
}

// Handler answers below /dev/idp/.
func (p *idp) Handler() http.Handler {
	m := http.NewServeMux()
	at := func(pattern string, do func(http.ResponseWriter, *http.Request, *idpIssuer)) {
		verb, path, _ := strings.Cut(pattern, " ")
		m.HandleFunc(verb+" "+idpPath+"{authority}/"+path, func(w http.ResponseWriter, r *http.Request) {
			i := slices.IndexFunc(p.issuers, func(i *idpIssuer) bool { return string(i.Authority) == r.PathValue("authority") })
			if i < 0 {
				http.NotFound(w, r)
				return
			}
			do(w, r, p.issuers[i])
		})
	}
	at("GET .well-known/openid-configuration", p.discovery)
	at("GET keys", func(w http.ResponseWriter, _ *http.Request, i *idpIssuer) {
		answer(w, http.StatusOK, map[string]any{"keys": []any{i.public}})
	})
	at("GET authorize", p.authorize)
	at("POST authorize", p.authorize)
	at("POST token", p.token)
	m.HandleFunc("GET "+idpPath+"style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Write([]byte(idpStyle))
	})
	// A form of another site must not sign anybody in.
	guarded := http.NewCrossOriginProtection().Handler(m)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self' "+p.o.Origin+"; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
		guarded.ServeHTTP(w, r)
	})
}

func (p *idp) discovery(w http.ResponseWriter, _ *http.Request, i *idpIssuer) {
	answer(w, http.StatusOK, map[string]any{
		"issuer":                                         i.url,
		"authorization_endpoint":                         i.url + "/authorize",
		"token_endpoint":                                 i.url + "/token",
		"jwks_uri":                                       i.url + "/keys",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code"},
		"subject_types_supported":                        []string{"public"},
		"scopes_supported":                               []string{"openid", "profile"},
		"claims_supported":                               []string{"sub", "name", "acr", nsis + "loa", idpNumber},
		"acr_values_supported":                           []string{nsis + "loa/" + idpLoA},
		"ui_locales_supported":                           []string{"da", "en"},
		"id_token_signing_alg_values_supported":          []string{"ES256"},
		"code_challenge_methods_supported":               []string{"S256"},
		"token_endpoint_auth_methods_supported":          []string{"none"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// authorize shows the page, and takes what was chosen there. To an address that
// is not the hub's it sends nobody, not even with an error.
func (p *idp) authorize(w http.ResponseWriter, r *http.Request, i *idpIssuer) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(q["client_id"]) != 1 || q.Get("client_id") != idpClient ||
		len(q["redirect_uri"]) != 1 || q.Get("redirect_uri") != p.redirect() {
		http.Error(w, "This is not a sign-in that the hub asked for.", http.StatusBadRequest)
		return
	}
	back := func(answer url.Values) {
		answer.Set("state", q.Get("state"))
		answer.Set("iss", i.url)
		http.Redirect(w, r, p.redirect()+"?"+answer.Encode(), http.StatusSeeOther)
	}
	if wrong := mistake(q); wrong != "" {
		back(url.Values{"error": {wrong}})
		return
	}
	page := idpPage{Issuer: i, Lang: language(r, q), Query: q}
	if r.Method == http.MethodPost {
		who, err := p.choose(r, i)
		if err == nil {
			back(url.Values{"code": {p.code(i, who, q)}})
			return
		}
		page.Chosen, page.Wrong = r.PostFormValue("login"), err.Error()
	}
	page.write(w)
}

func (p *idp) redirect() string { return p.o.Origin + "/signin/callback" }

// mistake is the OAuth error of a request, "" if it has none.
func mistake(q url.Values) string {
	for name := range q {
		if len(q[name]) != 1 {
			return "invalid_request" // RFC 6749, 3.1: none more than once
		}
	}
	challenge, err := base64.RawURLEncoding.DecodeString(q.Get("code_challenge"))
	switch {
	case q.Get("response_type") != "code":
		return "unsupported_response_type"
	case q.Get("code_challenge_method") != "S256", err != nil, len(challenge) != sha256.Size:
		return "invalid_request"
	case q.Has("request"), q.Has("request_uri"), q.Has("response_mode") && q.Get("response_mode") != "query":
		return "invalid_request"
	case !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		return "invalid_scope"
	case q.Get("prompt") == "none":
		return "login_required" // nobody stays signed in here
	}
	return ""
}

// The errors of the page, as keys of its words.
var (
	errNobody   = errors.New("nobody")
	errPassword = errors.New("wrong")
)

// choose finds who signs in.
func (p *idp) choose(r *http.Request, i *idpIssuer) (idpPerson, error) {
	n := slices.IndexFunc(i.People, func(w idpPerson) bool { return w.Login == r.PostFormValue("login") })
	if n < 0 {
		return idpPerson{}, errNobody
	}
	given := sha256.Sum256([]byte(strings.TrimSpace(r.PostFormValue("password"))))
	if want := sha256.Sum256([]byte(p.password)); subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return idpPerson{}, errPassword
	}
	return i.People[n], nil
}

// code makes an authorization code. It works once, within a minute.
func (p *idp) code(i *idpIssuer, who idpPerson, q url.Values) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	for c, x := range p.codes {
		if now.Sub(x.at) > codeLife {
			delete(p.codes, c)
		}
	}
	code := rand.Text()
	p.codes[code] = idpCode{i, who, q.Get("redirect_uri"), q.Get("nonce"), q.Get("code_challenge"), now}
	return code
}

// take gives what a code stands for. It is spent, whatever comes of it.
func (p *idp) take(code string) (idpCode, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x, ok := p.codes[code]
	delete(p.codes, code)
	return x, ok && p.o.Now().Sub(x.at) <= codeLife
}

// token exchanges a code for tokens.
func (p *idp) token(w http.ResponseWriter, r *http.Request, i *idpIssuer) {
	if err := r.ParseForm(); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	f := r.PostForm
	client, secret, basic := r.BasicAuth() // some libraries send a public client's id so, with an empty password
	if !basic {
		client, secret = f.Get("client_id"), f.Get("client_secret")
	}
	if client != idpClient || secret != "" {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	if f.Get("grant_type") != "authorization_code" {
		answer(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type"})
		return
	}
	x, ok := p.take(f.Get("code"))
	verifier := sha256.Sum256([]byte(f.Get("code_verifier")))
	match := subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(verifier[:])), []byte(x.challenge)) == 1
	if !ok || x.issuer != i || !match || x.redirect != f.Get("redirect_uri") {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	now := p.o.Now()
	id := i.claims(x.who, idpClient, now)
	id["auth_time"] = x.at.Unix()
	if x.nonce != "" {
		id["nonce"] = x.nonce
	}
	idToken, err1 := i.sign(id)
	access, err2 := i.access(x.who, now)
	if err := errors.Join(err1, err2); err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": access, "id_token": idToken, "token_type": "Bearer",
		"expires_in": int(tokenLife.Seconds()), "scope": "openid profile"})
}

// language is Danish unless the hub or the browser asks for English.
func language(r *http.Request, q url.Values) string {
	for _, l := range append(strings.Fields(q.Get("ui_locales")), strings.Split(r.Header.Get("Accept-Language"), ",")...) {
		l, _, _ = strings.Cut(strings.TrimSpace(l), "-")
		l, _, _ = strings.Cut(l, ";")
		if l == "da" || l == "en" {
			return l
		}
	}
	return "da"
}

// idpPage is the page on which somebody is chosen.
type idpPage struct {
	Issuer        *idpIssuer
	Lang          string
	Chosen, Wrong string
	Query         url.Values
}

//go:embed idp.html
var idpHTML string

//go:embed idp.css
var idpStyle string

func (g idpPage) write(w http.ResponseWriter) {
	other := url.Values{}
	for k, v := range g.Query {
		other[k] = v
	}
	words, switched := idpWords[g.Lang], "en"
	if g.Lang == "en" {
		switched = "da"
	}
	other.Set("ui_locales", switched)
	page, err := template.New("idp").Funcs(template.FuncMap{
		"t":    func(key string) string { return words[key] },
		"role": func(code string) string { return idpRoles[code][g.Lang] },
	}).Parse(idpHTML)
	var b bytes.Buffer
	if err == nil {
		err = page.Execute(&b, map[string]any{"Page": g, "Lang": g.Lang, "Other": switched, "Switch": "?" + other.Encode(), "Action": "?" + g.Query.Encode(), "Style": idpPath + "style.css"})
	}
	if err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError) // a fault in the page; the tests would have met it
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", g.Lang)
	if g.Wrong != "" {
		w.WriteHeader(http.StatusUnauthorized)
	}
	b.WriteTo(w)
}
