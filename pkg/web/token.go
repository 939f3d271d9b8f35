package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json"

	"github.com/infohus/infohus/pkg/hub"
)

// algorithms are the signatures a token may have: asymmetric ones only.
var algorithms = []string{oidc.ES256, oidc.ES384, oidc.RS256, oidc.PS256, oidc.EdDSA}

const (
	maxToken  = 8 << 10          // a longer token is refused unread
	maxAnswer = 1 << 20          // of an issuer
	skew      = 60 * time.Second // that clocks may differ by
	keysFor   = 5 * time.Minute  // that an issuer's keys are believed without asking again
)

// claims are what we read of a token.
type claims struct {
	Issuer    string  `json:"iss"`
	Azp       string  `json:"azp"`
	IssuedAt  float64 `json:"iat"`
	NotBefore float64 `json:"nbf"`
	AuthTime  float64 `json:"auth_time"`
	Nonce     string  `json:"nonce"`
	Name      string  `json:"name"`
	Acr       string  `json:"acr"`
	LoA       string  `json:"loa"`
	NSIS      string  `json:"https://data.gov.dk/concept/core/nsis/loa"`
}

// keySet is an issuer's keys: asked for when the first token needs them, and when
// one names a key that is not among them.
type keySet struct {
	oidc.KeySet
	since time.Time
}

// keysOf gives the issuer's keys, asked for again after keysFor: so long a key
// that it has taken back may still be believed.
func (i *issuer) keysOf(p *oidc.Provider) (oidc.KeySet, error) {
	now := i.now()
	if k := i.keys.Load(); k != nil && now.Sub(k.since).Abs() < keysFor {
		return k, nil
	}
	var at struct {
		Keys string `json:"jwks_uri"`
	}
	if err := p.Claims(&at); err != nil {
		return nil, hub.Unavailable(err)
	}
	k := &keySet{oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), i.client), at.Keys), now} // it outlives the request
	i.keys.Store(k)
	return k, nil
}

// verify checks a token's signature, issuer, audience and times, and gives who
// it is about.
func (i *issuer) verify(ctx context.Context, raw, audience string) (Identity, claims, error) {
	refuse := func(err error) (Identity, claims, error) {
		return Identity{}, claims{}, &hub.Error{Code: hub.CodeDenied, Key: signInFirst, Err: err}
	}
	if len(raw) > maxToken || strings.Count(raw, ".") != 2 {
		return refuse(errors.New("not a signed token of a sane size"))
	}
	p, err := i.provider(ctx)
	if err != nil {
		return Identity{}, claims{}, err
	}
	keys, err := i.keysOf(p)
	if err != nil {
		return Identity{}, claims{}, err
	}
	token, err := oidc.NewVerifier(i.URL, keys, &oidc.Config{ClientID: audience, SupportedSigningAlgs: algorithms, Now: i.now}).Verify(ctx, raw)
	if err != nil {
		return refuse(err)
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return refuse(err)
	}
	soon := float64(i.now().Add(skew).Unix())
	switch {
	case c.IssuedAt > soon || c.NotBefore > soon:
		return refuse(errors.New("the token is from the future"))
	case len(token.Audience) > 1 && c.Azp != i.ClientID:
		return refuse(errors.New("the token is for several, and not asked for by us"))
	case token.Subject == "" || len(token.Subject) > 255:
		return refuse(errors.New("the token is about nobody"))
	}
	id := Identity{Issuer: i.URL, Subject: token.Subject, LoA: loa(c), Name: hub.CleanLine(c.Name)}
	if c.AuthTime > 0 {
		id.At = time.Unix(int64(c.AuthTime), 0)
	}
	if id.Number, err = i.number(token); err != nil {
		return refuse(err)
	}
	if id.Home, err = i.home(token); err != nil {
		return refuse(err)
	}
	if rank(id.LoA) < rank(i.MinLoA) {
		return Identity{}, claims{}, &hub.Error{Code: hub.CodeDenied, Key: "error.signin.loa"}
	}
	return id, c, nil
}

// number is the CPR number that a token carries in the claim named for it, in its one
// form. A claim that is missing, or is not ten digits, carries none: that keeps nobody
// from their work, and the log says it once, without what stood there.
func (i *issuer) number(token *oidc.IDToken) (hub.Personal, error) {
	if i.NumberClaim == "" {
		return hub.Personal{}, nil
	}
	var all map[string]any
	if err := token.Claims(&all); err != nil {
		return hub.Personal{}, err
	}
	said, is := all[i.NumberClaim].(string)
	if is && said == "" { // the issuer knows none of this person's
		return hub.Personal{}, nil
	}
	digits := strings.NewReplacer("-", "", " ", "").Replace(said)
	if len(digits) != 10 || strings.Trim(digits, "0123456789") != "" {
		i.numberless.Do(func() {
			if i.log != nil {
				i.log.Warn("the issuer's token carries no CPR number in the claim that the structure file names", "issuer", i.URL, "number_claim", i.NumberClaim)
			}
		})
		return hub.Personal{}, nil
	}
	return hub.NewPersonal(digits), nil
}

// home is the address that a token carries in the claim named for it: a line, or the
// address of OpenID Connect, by its parts or as one text. Anything else is none.
func (i *issuer) home(token *oidc.IDToken) (hub.Personal, error) {
	if i.HomeClaim == "" {
		return hub.Personal{}, nil
	}
	var all map[string]any
	if err := token.Claims(&all); err != nil {
		return hub.Personal{}, err
	}
	line, _ := all[i.HomeClaim].(string)
	if parts, is := all[i.HomeClaim].(map[string]any); is {
		part := func(name string) string { s, _ := parts[name].(string); return s }
		if line = part("formatted"); part("street_address") != "" {
			line = part("street_address") + ", " + part("postal_code") + " " + part("locality")
		}
	}
	return hub.NewPersonal(line), nil
}

// loa reads the NSIS level of assurance, as it is spelled in practice.
func loa(c claims) string {
	for _, s := range []string{c.NSIS, c.LoA, c.Acr} {
		s = s[strings.LastIndexAny(s, "/:")+1:]
		if rank(s) > 0 {
			return s
		}
	}
	return ""
}

func rank(loa string) int {
	return map[string]int{"Low": 1, "Substantial": 2, "High": 3}[loa]
}

// bearer verifies the token of an API request, and finds the hat it is asked
// under: the header Infohus-Hat, or the only one there is.
func (r *Request) bearer() error {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return hub.Denied(signInFirst)
	}
	who, hats, err := r.site.vouch(r.Context(), raw)
	if err != nil {
		return err
	}
	r.Hats = hats
	sum := sha256.Sum256([]byte(raw))
	session := hub.MakeID([16]byte(sum[:16]))
	want := hub.ID(r.Header.Get("Infohus-Hat"))
	for _, h := range r.Hats {
		if h.ID == want || (want == "" && len(r.Hats) == 1) {
			r.wear(h, session, who)
			return nil
		}
	}
	if len(r.Hats) > 0 && want == "" {
		if r.route.AnyHat {
			r.wear(hub.Hat{Person: r.Hats[0].Person, Name: r.Hats[0].Name}, session, who)
			return nil
		}
		return hub.Invalid("Infohus-Hat", "error.hat.choose")
	}
	if len(r.Hats) > 0 {
		return hub.Denied("error.hat.notyours")
	}
	return hub.Denied("error.hat.none")
}

// vouch verifies a bearer token, and lists the hats of whom it is about.
func (s *Site) vouch(ctx context.Context, raw string) (Identity, []hub.Hat, error) {
	if len(raw) > maxToken || strings.Count(raw, ".") != 2 {
		return Identity{}, nil, hub.Denied(signInFirst)
	}
	if s.sessions.Vouch != nil {
		return s.sessions.Vouch(ctx, raw)
	}
	i := s.issuerOf(raw)
	if i == nil || s.sessions.Hats == nil {
		return Identity{}, nil, hub.Denied(signInFirst)
	}
	who, c, err := i.verify(ctx, raw, i.Audience)
	if err != nil {
		return Identity{}, nil, err
	}
	if c.Nonce != "" && i.Audience != i.ClientID {
		return Identity{}, nil, hub.Denied(signInFirst) // an ID token is for us to read, not for anybody to act with
	}
	hats, err := s.sessions.Hats(ctx, who)
	who.Number, who.Home = hub.Personal{}, hub.Personal{} // the keeper of the sessions has seen it, and nobody else does
	return who, hats, err
}

// issuerOf finds whom a token says it is from, without believing it yet.
func (s *Site) issuerOf(raw string) *issuer {
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		return nil
	}
	var c struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(b, &c) != nil {
		return nil
	}
	for _, i := range s.issuers {
		if i.URL == c.Issuer {
			return i
		}
	}
	return nil
}
