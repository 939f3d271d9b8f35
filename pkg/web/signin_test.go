package web

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/infohus/infohus/pkg/hub"
)

// provider is an OpenID provider that does what a test tells it to.
type provider struct {
	*httptest.Server
	key    *ecdsa.PrivateKey
	claims map[string]any // over the honest ones
	nonces map[string]string
	proofs map[string]string
	asked  atomic.Int32 // for its keys
}

func newProvider(t *testing.T) *provider {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key, claims: map[string]any{}, nonces: map[string]string{}, proofs: map[string]string{}}
	mux := http.NewServeMux()
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	say := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		say(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"ES256", "HS256", "none"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		say(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		code := r.PostFormValue("code")
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if p.proofs[code] == "" || p.proofs[code] != base64.RawURLEncoding.EncodeToString(sum[:]) {
			w.WriteHeader(400)
			say(w, map[string]string{"error": "invalid_grant"})
			return
		}
		delete(p.proofs, code)
		say(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": p.sign(t, map[string]any{"nonce": p.nonces[code]})})
	})
	return p
}

// honest are the claims of a good token.
func (p *provider) honest() map[string]any {
	return map[string]any{"iss": p.URL, "sub": "anna", "aud": "infohus", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "name": "Anna Jensen",
		"https://data.gov.dk/concept/core/nsis/loa": "Substantial"}
}

func (p *provider) sign(t *testing.T, more map[string]any) string {
	c := p.honest()
	maps.Copy(c, more)
	maps.Copy(c, p.claims)
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(s).Claims(c).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// code plays the user at the provider: it gives the code to come back with.
func (p *provider) code(t *testing.T, location string) url.Values {
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" {
		t.Fatalf("not a careful request: %s", location)
	}
	code := rand.Text()
	p.nonces[code], p.proofs[code] = q.Get("nonce"), q.Get("code_challenge")
	return url.Values{"code": {code}, "state": {q.Get("state")}}
}

func oidcWorld(t *testing.T) (*world, *provider) {
	p := newProvider(t)
	w := newWorld(t, Issuer{URL: p.URL, ClientID: "infohus", MinLoA: "Substantial", Audience: "infohus-api", Name: map[string]string{"da": "Køge Kommune"}})
	w.mem.people[p.URL+"|anna"] = []hub.Hat{anna}
	return w, p
}

// start begins a sign-in in a browser and gives the answer that the provider sends it back with.
func start(w *world, p *provider, to string) (*browser, url.Values) {
	b := &browser{w, map[string]string{}}
	a := b.get("/signin?to="+url.QueryEscape(to)).holds(w.T, 200, "Køge Kommune")
	if !strings.Contains(a.Header.Get("Content-Security-Policy"), "form-action 'self' "+p.URL) {
		w.Error("a browser would not follow:", a.Header.Get("Content-Security-Policy"))
	}
	a = b.send("POST", "/signin", url.Values{"issuer": {p.URL}, "to": {to}}).holds(w.T, 303)
	return b, p.code(w.T, a.Header.Get("Location"))
}

// A036 in part: the same answer twice. A041: the cookie.
func TestSignIn(t *testing.T) {
	w, p := oidcWorld(t)
	b, back := start(w, p, "/notes/1")
	a := b.get("/signin/callback?"+back.Encode()).holds(t, 303)
	if a.Header.Get("Location") != "/notes/1" {
		t.Error(a.Header.Get("Location"))
	}
	set := strings.Join(a.Header.Values("Set-Cookie"), "\n")
	for _, want := range []string{"__Host-session=", "HttpOnly; Secure; SameSite=Lax"} {
		if !strings.Contains(set, want) {
			t.Errorf("no %q in %s", want, set)
		}
	}
	b.get("/notes/1").holds(t, 200, "anna Jensen")
	// A036: the same answer again, also with the cookie put back.
	b.get("/signin/callback?"+back.Encode()).holds(t, 400)
}

// A035 in part: another issuer, a token that is too long. A036 in part: nonce
// and state. A037. A038 in part: at the sign-in.
func TestSignInIsRefused(t *testing.T) {
	for name, claims := range map[string]map[string]any{
		"another audience":       {"aud": "other"},
		"several audiences":      {"aud": []string{"infohus", "other"}},
		"another issuer":         {"iss": "https://evil.example"},
		"expired":                {"exp": now.Add(-time.Minute).Unix()},
		"from the future":        {"iat": now.Add(5 * time.Minute).Unix()},
		"not valid yet":          {"nbf": now.Add(3 * time.Minute).Unix()},
		"another sign-in":        {"nonce": "x"},
		"nobody":                 {"sub": ""},
		"low assurance":          {"https://data.gov.dk/concept/core/nsis/loa": "Low"},
		"no assurance":           {"https://data.gov.dk/concept/core/nsis/loa": ""},
		"somebody unknown":       {"sub": "eve"},
		"far too long":           {"x": strings.Repeat("x", 10_000)},
		"more than one audience": {"aud": []string{"a", "infohus"}, "azp": "a"},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := oidcWorld(t)
			p.claims = claims
			b, back := start(w, p, "/")
			if a := b.get("/signin/callback?" + back.Encode()); a.StatusCode != 400 && a.StatusCode != 403 {
				t.Errorf("status %d", a.StatusCode)
			}
			if b.cookies[cookieSession] != "" {
				t.Error("signed in")
			}
		})
	}
	w, p := oidcWorld(t)
	b, back := start(w, p, "/")
	stranger := &browser{w, map[string]string{}}
	stranger.get("/signin/callback?"+back.Encode()).holds(t, 400) // login CSRF: another browser
	wrong := maps.Clone(back)
	wrong.Set("state", "x")
	b.get("/signin/callback?"+wrong.Encode()).holds(t, 400)
	b, back = start(w, p, "/")
	back.Set("iss", "https://evil.example")
	b.get("/signin/callback?"+back.Encode()).holds(t, 400)
	b, back = start(w, p, "//evil.example")
	if a := b.get("/signin/callback?"+back.Encode()).holds(t, 303); a.Header.Get("Location") != "/" {
		t.Error("sent to", a.Header.Get("Location"))
	}
	b.send("POST", "/signin", url.Values{"issuer": {"https://evil.example"}}).holds(t, 400)
}

// A040 in part: fixation.
func TestASignInEndsTheSessionBefore(t *testing.T) { // A040: fixation
	w, p := oidcWorld(t)
	b, back := start(w, p, "/")
	old := w.signIn(bo)
	b.cookies[cookieSession] = old.cookies[cookieSession]
	b.get("/signin/callback?"+back.Encode()).holds(t, 303)
	if b.cookies[cookieSession] == old.cookies[cookieSession] {
		t.Error("the secret outlived the sign-in")
	}
	old.get("/notes/1").holds(t, 303)
}

// A034, A035 in part, A004.
func TestBearerTokens(t *testing.T) {
	w, p := oidcWorld(t)
	b := &browser{w, map[string]string{}}
	id := string(anna.ID)
	post := func(token, body string, headers ...string) answer {
		t.Helper()
		req, _ := http.NewRequest("POST", w.url+"/api/notes/"+id, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		_, err = io.Copy(&text, res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{res, text.String()}
	}
	good := p.sign(t, map[string]any{"aud": "infohus-api"})
	post(good, `{"text":"a"}`).holds(t, 201, `{"id":"`+id+`","text":"a","at":"2026-11-21T08:32:00Z"}`)
	post(good, `{"text":"a"}`, "Sec-Fetch-Site", "cross-site").holds(t, 403)
	post(good, `{"text":"a"}`, "Infohus-Hat", string(bo.ID)).holds(t, 403, "error.hat.notyours")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(good, ".")[1] + "."
	mac := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + strings.Split(good, ".")[1] + ".eA"
	for name, token := range map[string]string{"nothing": "", "garbage": "a.b.c", "unsigned": unsigned, "symmetric": mac, "nested": "a.b.c.d.e", "long": strings.Repeat("x.", 20_000),
		"ID token": p.sign(t, map[string]any{"nonce": "n"}), "ID token for the API": p.sign(t, map[string]any{"aud": "infohus-api", "nonce": "n"}),
		"another issuer": p.sign(t, map[string]any{"iss": "https://evil.example"}), "expired": p.sign(t, map[string]any{"aud": "infohus-api", "exp": now.Add(-time.Second).Unix()}),
		"changed": good[:len(good)-4] + "AAAA"} {
		a := post(token, `{"text":"a"}`)
		if a.StatusCode != 401 || a.Header.Get("WWW-Authenticate") == "" || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.Body)
		}
	}
	// A cookie opens no API, and a token no page.
	c := w.signIn(anna)
	c.get("/api/notes").holds(t, 401)
	b.send("GET", "/notes/1", nil, "Authorization", "Bearer "+good).holds(t, 303)
	b.send("GET", "/api/notes", nil, "Authorization", "Bearer "+good).holds(t, 200, "[]")
	b.send("GET", "/api/notes?page=2", nil, "Authorization", "Bearer "+good).holds(t, 200)
	b.send("GET", "/api/notes?page=x", nil, "Authorization", "Bearer "+good).holds(t, 400, `"page"`)
	b.send("GET", "/api/notes?pag=1", nil, "Authorization", "Bearer "+good).holds(t, 400, `"pag"`)
	// A004.
	for body, want := range map[string]string{
		`{"text":"a","text":"b"}`:        `"field":"text","key":"error.json.duplicate"`,
		`{"Text":"a"}`:                   `"field":"Text","key":"error.json.unknown"`,
		`{"text":"a","who":1}`:           `"field":"who","key":"error.json.unknown"`,
		`{"text":"a","sub":{"m":1}}`:     `"field":"sub.m"`,
		`{"text":["a"]}`:                 `"field":"text","key":"error.json.kind"`,
		`{"text":"a","sub":{"n":1e400}}`: `"key":"error.json.kind"`,
		`{"text":"a"} {}`:                "error.json.trailing",
		`{"text":"a"`:                    "error.json.syntax",
		``:                               "error.json.syntax",
		"{\"text\":\"\xff\"}":            "error.body.utf8",
		`{"text":"a\u0000"}`:             `"field":"text","key":"error.body.hidden"`,
	} {
		post(good, body).holds(t, 400, want)
	}
	post(good, `{"text":"`+strings.Repeat("x", 10<<20)+`"}`).holds(t, 413)
	post(good, `{"text":"a"}`, "Content-Type", "text/plain").holds(t, 415)
	b.send("POST", "/api/notes/nonsense", url.Values{}, "Authorization", "Bearer "+good, "Content-Type", "application/json").holds(t, 400)
}

// TestKeysAreAskedForOnce: an issuer is not asked for its keys at every request,
// and a key that it has taken back is refused after a while.
func TestKeysAreAskedForOnce(t *testing.T) {
	p, at := newProvider(t), now
	i := newIssuer(Issuer{URL: p.URL, ClientID: "infohus", Audience: "infohus-api"}, func() time.Time { return at }, nil)
	good := p.sign(t, map[string]any{"aud": "infohus-api"})
	verify := func(want bool, asked int32) {
		t.Helper()
		if _, _, err := i.verify(t.Context(), good, i.Audience); (err == nil) != want {
			t.Errorf("the token is believed: %v, want %v", err, want)
		}
		if n := p.asked.Load(); n != asked {
			t.Errorf("the issuer was asked %d times for its keys, want %d", n, asked)
		}
	}
	verify(true, 1)
	verify(true, 1)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.key = key // and the other is taken back
	verify(true, 1)
	at = at.Add(keysFor)
	verify(false, 2)
	good = p.sign(t, map[string]any{"aud": "infohus-api"})
	verify(true, 2)
}

func TestTheAPIAnswersNotFoundWithTheSameBytes(t *testing.T) {
	w, p := oidcWorld(t)
	b := &browser{w, map[string]string{}}
	token := p.sign(t, map[string]any{"aud": "infohus-api"})
	one := b.send("GET", "/api/nowhere", nil, "Authorization", "Bearer "+token).holds(t, 404, `{"type":"/problems/not-found"`)
	if one.Header.Get("Content-Type") != "application/problem+json" {
		t.Error(one.Header)
	}
}

func TestOpenAPI(t *testing.T) {
	w, _ := oidcWorld(t)
	b := &browser{w, map[string]string{}}
	a := b.get("/openapi.json").holds(t, 200, `"operationId": "changeNote"`, `"additionalProperties": false`, `"maxLength": 20`)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		}
	}
	if err := json.Unmarshal([]byte(a.Body), &doc); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.site.Routes() {
		if path, _ := parts(r.Path); r.Op != "" && doc.Paths[path][strings.ToLower(r.Method)].OperationID != r.Op {
			t.Error("not described:", r.Op)
		}
	}
}

// TestTheNumberThatASignInCarries: it is read of the claim that is named for it, in one
// form; what is no number is none, keeps nobody out and is logged once, without it; and
// however it is printed it is not there. A012 in part.
func TestTheNumberThatASignInCarries(t *testing.T) {
	p := newProvider(t)
	var log bytes.Buffer
	i := newIssuer(Issuer{URL: p.URL, ClientID: "infohus", NumberClaim: "https://data.gov.dk/model/core/eid/cprNumber"}, func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	for _, c := range []struct {
		said   any
		number string
		logged bool
	}{
		{"7201814016", "7201814016", false},
		{"720181-4016", "7201814016", false},
		{"", "", false}, // the issuer knows none
		{"720181-401", "", true},
		{"72018140166", "", true},
		{"72018140l6", "", true},
		{7201814016, "", true},
		{nil, "", true},
	} {
		log.Reset()
		i.numberless = sync.Once{}
		for range 2 {
			id, _, err := i.verify(t.Context(), p.sign(t, map[string]any{"aud": "infohus", i.NumberClaim: c.said, "cpr": "1111111111"}), "infohus")
			if err != nil {
				t.Fatal(err)
			}
			if got := id.Number.Reveal(t.Context()); got != c.number {
				t.Errorf("%v is read as %q, want %q", c.said, got, c.number)
			}
			if all := fmt.Sprintf("%v %+v %#v", id, id, id); strings.Contains(all, "4016") {
				t.Errorf("the identity prints as %s", all)
			}
			if b, err := json.Marshal(id); err != nil || strings.Contains(string(b), "umber") {
				t.Errorf("it goes to another process: %s %v", b, err)
			}
		}
		if lines := strings.Count(log.String(), "\n"); (lines == 1) != c.logged || strings.Contains(log.String(), "72018") {
			t.Errorf("%v: the log says %s", c.said, log.String())
		}
	}
	i.NumberClaim = ""
	i.HomeClaim = "home"
	for said, want := range map[any]string{"Prøvevej 1, 4600 Køge": "Prøvevej 1, 4600 Køge", 14: "",
		`{"formatted":"Prøvevej 1\n4600 Køge\nDanmark","street_address":"Prøvevej 1","postal_code":"4600","locality":"Køge"}`: "Prøvevej 1, 4600 Køge",
		`{"formatted":"Prøvevej 1\n4600 Køge"}`: "Prøvevej 1\n4600 Køge"} {
		claim := said
		if object, is := said.(string); is && object[0] == '{' {
			claim = json.RawMessage(object)
		}
		id, _, err := i.verify(t.Context(), p.sign(t, map[string]any{"aud": "infohus", "home": claim, "address": "Andetsteds 2"}), "infohus")
		if got := id.Home.Reveal(t.Context()); err != nil || got != want {
			t.Errorf("the address %v is read as %q, want %q: %v", said, got, want, err)
		}
		if all := fmt.Sprintf("%v %+v %#v", id, id, id); strings.Contains(all, "vej") {
			t.Errorf("the identity prints as %s", all)
		}
		if b, err := json.Marshal(id); err != nil || strings.Contains(string(b), "vej") {
			t.Errorf("it goes to another process: %s %v", b, err)
		}
	}
	if id, _, err := i.verify(t.Context(), p.sign(t, map[string]any{"aud": "infohus", "cpr": "7201814016"}), "infohus"); err != nil || !id.Number.Empty() {
		t.Errorf("a claim that nobody named is read: %v", err)
	}
}
