package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/infohus/infohus/pkg/hub"
)

// Issuer is an OpenID provider that vouches for the people of some authorities.
type Issuer struct {
	URL      string            // the issuer, exactly as in its tokens
	ClientID string            // who we are to it; also the audience of its ID tokens
	Secret   string            // "" is a public client
	Name     map[string]string // what its button says, by language
	MinLoA   string            // least NSIS level of assurance: "", Low, Substantial, High
	Audience string            // of bearer tokens; "" is ClientID
	// NumberClaim is the claim of its tokens that carries a person's own CPR number;
	// "" carries none, and nobody is known by it.
	NumberClaim string
	// HomeClaim is the claim that carries the address where the person is registered.
	HomeClaim string
}

// Identity is what an issuer vouches for: the same subject from another issuer
// is another person (A039).
type Identity struct {
	Issuer  string
	Subject string
	LoA     string    // Low, Substantial, High; "" if the issuer does not say
	Name    string    // for the screen only
	At      time.Time // of a token: when they proved to the issuer who they are; zero if it does not say, and of a session
	// Number is the person's own CPR number, ten digits, where the issuer says it. It
	// is for the keeper of the sessions alone, at the sign-in: it is kept in no session,
	// and goes to no other process.
	Number hub.Personal `json:"-"`
	// Home is the address where the person is registered, where the issuer says it: for
	// the keeper of the sessions alone too.
	Home hub.Personal `json:"-"`
}

// issuer is an issuer and what it has said of itself, asked once.
type issuer struct {
	Issuer
	now    func() time.Time
	client *http.Client
	asking sync.Mutex // one question at a time
	met    atomic.Pointer[oidc.Provider]
	keys   atomic.Pointer[keySet]

	log        *slog.Logger
	numberless sync.Once // a token without the number was logged
}

func newIssuer(i Issuer, now func() time.Time, log *slog.Logger) *issuer {
	if i.Audience == "" {
		i.Audience = i.ClientID
	}
	return &issuer{Issuer: i, now: now, log: log, client: &http.Client{Timeout: 10 * time.Second, Transport: bounded{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// bounded reads at most maxAnswer of any answer.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

// provider asks the issuer about itself, until it has answered once.
func (i *issuer) provider(ctx context.Context) (*oidc.Provider, error) {
	if p := i.met.Load(); p != nil {
		return p, nil
	}
	i.asking.Lock()
	defer i.asking.Unlock()
	if p := i.met.Load(); p != nil {
		return p, nil
	}
	// The provider keeps this context for its keys: it must outlive the request.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), i.client), i.URL)
	if err != nil {
		return nil, hub.Unavailable(err)
	}
	i.met.Store(p)
	return p, nil
}

// meet asks all issuers that were not asked before, at the same time, and waits
// a second for them: one that is down keeps nobody from signing in elsewhere.
func (s *Site) meet(ctx context.Context) {
	var asked sync.WaitGroup
	for _, i := range s.issuers {
		if i.met.Load() == nil {
			asked.Go(func() { i.provider(ctx) }) // if it does not answer, pressing its button will say so
		}
	}
	done := make(chan struct{})
	go func() { asked.Wait(); close(done) }()
	wait, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	select {
	case <-done:
	case <-wait.Done():
	}
}

func (i *issuer) oauth(p *oidc.Provider, s *Site) *oauth2.Config {
	return &oauth2.Config{ClientID: i.ClientID, ClientSecret: i.Secret, Endpoint: p.Endpoint(),
		RedirectURL: s.o.Origin + "/signin/callback", Scopes: []string{oidc.ScopeOpenID, "profile"}}
}

// A sign-in under way is nothing but a secret in the browser's own cookie.
// State, nonce and verifier are made from it, so that nothing needs to be kept
// here and every node can finish what another began; the issuer and the page to
// go to are bound into each of them.
type signIn struct{ secret, issuer, to string }

func (x signIn) derive(what string) string {
	m := hmac.New(sha256.New, []byte(x.secret))
	fmt.Fprintf(m, "%s|%q|%q", what, x.issuer, x.to)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (x signIn) cookie() string {
	return x.secret + "." + base64.RawURLEncoding.EncodeToString([]byte(x.issuer)) + "." + base64.RawURLEncoding.EncodeToString([]byte(x.to))
}

func signInOf(cookie string) (signIn, bool) {
	parts := strings.Split(cookie, ".")
	if len(parts) != 3 || hashOf(parts[0]) == nil {
		return signIn{}, false
	}
	issuer, err1 := base64.RawURLEncoding.DecodeString(parts[1])
	to, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	return signIn{parts[0], string(issuer), local(string(to))}, err1 == nil && err2 == nil
}

// issuerButton is one way to sign in.
type issuerButton struct{ URL, Name string }

func (s *Site) signInPage(w http.ResponseWriter, r *Request) error {
	data := struct {
		To, Why string
		Issuers []issuerButton
		Doors   []navLine // for whoever need not sign in
	}{To: local(r.URL.Query().Get("to")), Why: r.URL.Query().Get("why")}
	if !s.words.has("web.signin.why." + data.Why) {
		data.Why = ""
	}
	s.meet(r.Context())
	for _, i := range s.issuers {
		name := i.Name[r.Lang]
		if name == "" {
			name = i.Name[Languages[0]]
		}
		data.Issuers = append(data.Issuers, issuerButton{i.URL, name})
	}
	for _, t := range s.routes {
		if t.Door != "" {
			data.Doors = append(data.Doors, navLine{Href: t.Path, Word: t.Door})
		}
	}
	s.headers(w, r) // again: formTargets may know more now
	return s.Page(w, r, http.StatusOK, "web", "signin", data)
}

// formTargets are the other addresses that a form may lead to: on the sign-in
// page those of the issuers, because browsers hold the policy against where a
// form is sent on to.
func (s *Site) formTargets() string {
	var targets []string
	for _, i := range s.issuers {
		addresses := []string{i.URL}
		if p := i.met.Load(); p != nil {
			addresses = append(addresses, p.Endpoint().AuthURL)
		}
		for _, a := range addresses {
			if u, err := url.Parse(a); err == nil && u.Host != "" {
				targets = append(targets, " "+u.Scheme+"://"+u.Host)
			}
		}
	}
	slices.Sort(targets)
	return strings.Join(slices.Compact(targets), "")
}

func (s *Site) signInStart(w http.ResponseWriter, r *Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	for _, i := range s.issuers {
		if i.URL != f.values.Get("issuer") {
			continue
		}
		p, err := i.provider(r.Context())
		if err != nil {
			return err
		}
		secret, _ := newSecret()
		x := signIn{secret, i.URL, local(f.values.Get("to"))}
		setCookie(w, cookieSignIn, x.cookie(), 600)
		to := i.oauth(p, s).AuthCodeURL(x.derive("state"), oidc.Nonce(x.derive("nonce")), oauth2.S256ChallengeOption(x.derive("verifier")),
			oauth2.SetAuthURLParam("ui_locales", r.Lang))
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	return hub.Invalid("issuer", "error.signin.issuer")
}

func (s *Site) signInDone(w http.ResponseWriter, r *Request) error {
	failed := func(err error) error {
		return &hub.Error{Code: hub.CodeInvalid, Key: "error.signin.failed", Err: err}
	}
	x, ok := signInOf(cookie(r.Request, cookieSignIn))
	dropCookie(w, cookieSignIn) // whatever comes of it, it was tried
	q := r.URL.Query()
	if !ok || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(x.derive("state"))) != 1 {
		return failed(errors.New("not begun in this browser"))
	}
	if iss := q.Get("iss"); iss != "" && iss != x.issuer {
		return failed(errors.New("answered by another issuer"))
	}
	if q.Get("code") == "" {
		return failed(errors.New("the issuer gave no code"))
	}
	for _, i := range s.issuers {
		if i.URL == x.issuer {
			who, err := s.exchange(r, i, x, q.Get("code"))
			if err != nil {
				return err
			}
			return s.begin(w, r, x, who)
		}
	}
	return failed(errors.New("unknown issuer"))
}

// exchange turns the code into a verified identity.
func (s *Site) exchange(r *Request, i *issuer, x signIn, code string) (Identity, error) {
	p, err := i.provider(r.Context())
	if err != nil {
		return Identity{}, err
	}
	ctx := oidc.ClientContext(r.Context(), i.client)
	token, err := i.oauth(p, s).Exchange(ctx, code, oauth2.VerifierOption(x.derive("verifier")))
	if err != nil {
		return Identity{}, &hub.Error{Code: hub.CodeInvalid, Key: "error.signin.failed", Err: errors.New("the issuer refused the code")}
	}
	raw, _ := token.Extra("id_token").(string)
	who, c, err := i.verify(ctx, raw, i.ClientID)
	if err != nil {
		var e *hub.Error
		if errors.As(err, &e) && e.Key == signInFirst {
			e.Code, e.Key = hub.CodeInvalid, "error.signin.failed"
		}
		return Identity{}, err
	}
	if subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(x.derive("nonce"))) != 1 {
		return Identity{}, &hub.Error{Code: hub.CodeInvalid, Key: "error.signin.failed", Err: errors.New("the token is for another sign-in")}
	}
	return who, nil
}

// begin starts the session. Whatever session the browser had is ended first: a
// secret that was there before a sign-in never outlives it (A040).
func (s *Site) begin(w http.ResponseWriter, r *Request, x signIn, who Identity) error {
	if r.session.Live {
		if err := s.sessions.End(r.Context(), r.secret); err != nil {
			return err
		}
	}
	secret, hash := newSecret()
	ticket := sha256.Sum256([]byte(x.derive("nonce")))
	if err := s.sessions.Begin(r.Context(), hash, ticket[:], who); err != nil {
		return err
	}
	setCookie(w, cookieSession, secret, 0)
	if cookie(r.Request, cookieKept) != "" {
		x.to = "/kept"
	}
	return r.Redirect(w, x.to)
}
