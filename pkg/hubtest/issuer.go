package hubtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

const (
	clientID = "infohus"
	audience = "infohus-api"
)

// Issuer is an OpenID provider that believes whoever asks: the tests' own. As
// in life every authority has an issuer of its own, all of them here on one
// server. Discovery, keys and code flow are real, so that signing in is the real
// code.
type Issuer struct {
	base   string
	now    func() time.Time
	signer jose.Signer
	public jose.JSONWebKey
	mu     sync.Mutex
	codes  map[string]url.Values // what was asked at authorize, by code
	own    map[string]string     // whose token carries which number, by subject
	home   map[string]string     // and which address
}

func newIssuer(t testing.TB, now func() time.Time) *Issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "test"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{now: now, signer: signer, codes: map[string]url.Values{}, own: map[string]string{}, home: map[string]string{},
		public: jose.JSONWebKey{Key: key.Public(), KeyID: "test", Algorithm: "ES256", Use: "sig"}}
	m := http.NewServeMux()
	m.HandleFunc("GET /{authority}/.well-known/openid-configuration", i.discovery)
	m.HandleFunc("GET /{authority}/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.public}})
	})
	m.HandleFunc("GET /{authority}/authorize", i.authorize)
	m.HandleFunc("POST /{authority}/token", i.token)
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	i.base = s.URL
	return i
}

// URL is the issuer of an authority's people.
func (i *Issuer) URL(a hub.AuthorityID) string { return i.base + "/" + string(a) }

// Claims is what a good bearer token says now about somebody in a post. A test
// of bad ones changes it before [Issuer.Sign].
func (i *Issuer) Claims(p structure.Post) map[string]any {
	return i.claims(i.URL(p.Authority), p.Subject, audience)
}

// Carry makes the tokens of somebody in a post carry a number as their own: a
// substitute one, as every number of a test. "" carries none.
func (i *Issuer) Carry(p structure.Post, number string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.own[p.Subject] = number
}

// Live makes them carry an address as where they are registered. "" carries none.
func (i *Issuer) Live(p structure.Post, address string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.home[p.Subject] = address
}

func (i *Issuer) claims(issuer, subject, audience string) map[string]any {
	now := i.now()
	i.mu.Lock()
	defer i.mu.Unlock()
	return map[string]any{"cpr": i.own[subject], "address": i.home[subject], "iss": issuer, "sub": subject, "aud": audience, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "auth_time": now.Unix(), "loa": "Substantial"}
}

// Sign makes a token of claims.
func (i *Issuer) Sign(claims map[string]any) string {
	token, err := jwt.Signed(i.signer).Claims(claims).Serialize()
	if err != nil {
		panic(fmt.Sprintf("hubtest: %v", err)) // cannot happen: maps of strings and numbers
	}
	return token
}

func (i *Issuer) discovery(w http.ResponseWriter, r *http.Request) {
	me := i.base + "/" + r.PathValue("authority")
	answer(w, map[string]any{"issuer": me, "authorization_endpoint": me + "/authorize", "token_endpoint": me + "/token", "jwks_uri": me + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"}})
}

// authorize signs in the subject that login_hint names, without a question.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("response_type") != "code" || q.Get("client_id") != clientID || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" {
		http.Error(w, "not a request for a code with PKCE", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = q
	i.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusSeeOther)
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	q, ok := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") || r.PostFormValue("redirect_uri") != q.Get("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := i.claims(i.base+"/"+r.PathValue("authority"), q.Get("login_hint"), clientID)
	claims["nonce"] = q.Get("nonce")
	answer(w, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 3600, "id_token": i.Sign(claims)})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
