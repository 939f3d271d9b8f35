package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
)

// The development sign-in: an OpenID provider for the invented people of the
// demo world, so that signing in is the real code flow with PKCE. Every
// authority has an issuer of its own, as in life. It is for development only,
// and that cannot be forgotten: newIDP wants a [dev], which nobody gets who has
// configured real servers or real issuers.
//
// It keeps two kinds of file in its directory, which only its owner can enter:
// the password that all the invented people share, random and made once per
// installation, and each issuer's signing key. Who can read a key can sign in as
// anybody of that issuer. That is what infohus token does: it runs as the owner
// of a hub's data, reads the key there, and asks the hub nothing.
type idp struct {
	o        idpOptions
	password string
	issuers  []*idpIssuer

	mu    sync.Mutex
	codes map[string]idpCode
}

// idpOptions say where the provider is and whom it knows.
type idpOptions struct {
	Dir     string           // of password and keys; made when missing
	Found   bool             // Dir must be there already: another process' provider
	Origin  string           // where people reach the hub, such as http://127.0.0.1:8080
	Issuers []idpIssuer      // one per authority
	Now     func() time.Time // nil is the machine's clock
}

// idpIssuer is one authority's provider.
type idpIssuer struct {
	Authority hub.AuthorityID
	Name      string
	People    []idpPerson

	url    string
	public jose.JSONWebKey
	signer jose.Signer
}

// idpPerson is somebody who can sign in.
type idpPerson struct {
	Login   string // what the command line calls them
	Subject string // what tokens call them
	Name    string
	Roles   []hub.Role // at this authority, to tell people apart on the page
	Number  string     // the CPR number that tokens say is theirs: a substitute; "" is none
}

const (
	idpPath     = "/dev/idp/"
	idpClient   = "infohus"     // public: PKCE is what protects the code
	idpAudience = "infohus-api" // of bearer tokens, so that an ID token is none
	idpLoA      = "Substantial" // NSIS level that the invented people are known at
	idpNumber   = "cpr"         // the claim of the number
	nsis        = "https://data.gov.dk/concept/core/nsis/"
	codeLife    = time.Minute
	tokenLife   = 10 * time.Minute
)

// newIDP opens the provider, and makes its password and keys the first time.
func newIDP(d dev, o idpOptions) (*idp, error) {
	if !d.ok {
		return nil, errors.New("the development sign-in was asked for without its being established that this is development")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &idp{o: o, codes: map[string]idpCode{}}
	if o.Found {
		if _, err := os.Stat(o.Dir); err != nil {
			return nil, fmt.Errorf("no hub has been started on these data (%s is missing): start one with infohus run, or set INFOHUS_DATA as it has it", o.Dir)
		}
	} else if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("development sign-in: %w", err)
	}
	var err error
	if p.password, err = p.keep("password", newPassword); err != nil {
		return nil, err
	}
	for _, i := range o.Issuers {
		i.url = idpURL(o.Origin, i.Authority)
		text, err := p.keep(string(i.Authority)+".pem", newKey)
		if err != nil {
			return nil, err
		}
		if err := i.use(text); err != nil {
			return nil, fmt.Errorf("development sign-in: %s.pem in %s: %w: delete it, and everybody signs in again", i.Authority, o.Dir, err)
		}
		p.issuers = append(p.issuers, &i)
	}
	return p, nil
}

// keep reads a file of the provider's, or makes it, whole or not at all.
func (p *idp) keep(name string, make func() (string, error)) (string, error) {
	file := filepath.Join(p.o.Dir, name)
	text, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) || p.o.Found {
		return "", fmt.Errorf("development sign-in: %w: are you the one who started the hub?", err)
	}
	made, err := make()
	if err != nil {
		return "", fmt.Errorf("development sign-in: %w", err)
	}
	if err := os.WriteFile(file+".new", []byte(made+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("development sign-in: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return "", fmt.Errorf("development sign-in: %w", err)
	}
	return made, nil
}

// newPassword is 60 bits that can be typed: "k3vq-7h2m-x4dr".
func newPassword() (string, error) {
	t := strings.ToLower(rand.Text())
	return t[:4] + "-" + t[4:8] + "-" + t[8:12], nil
}

func newKey() (string, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))), nil
}

// use takes the key that the issuer signs with.
func (i *idpIssuer) use(text string) error {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("no key in it")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return errors.New("not a key for ES256")
	}
	i.public = jose.JSONWebKey{Key: key.Public(), Algorithm: string(jose.ES256), Use: "sig"}
	print, err := i.public.Thumbprint(crypto.SHA256)
	if err != nil {
		return err
	}
	i.public.KeyID = fmt.Sprintf("%x", print[:8])
	i.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: i.public.KeyID}},
		(&jose.SignerOptions{}).WithType("JWT"))
	return err
}

// Password is what the invented people sign in with.
func (p *idp) Password() string { return p.password }

// Issuers is how the hub knows the provider.
func (p *idp) Issuers() []web.Issuer {
	var issuers []web.Issuer
	for _, i := range p.issuers {
		issuers = append(issuers, web.Issuer{URL: i.url, ClientID: idpClient, Audience: idpAudience, MinLoA: idpLoA, NumberClaim: idpNumber,
			Name: map[string]string{"da": i.Name, "en": i.Name}})
	}
	return issuers
}

// Token makes a bearer token for somebody, without the page: for the command
// line, the tests and the playing of the demo world. Somebody who is known to
// several authorities gets the first one's, or that of the authority named after
// an @ ("mette@koege").
func (p *idp) Token(login string) (string, error) {
	login, at, _ := strings.Cut(login, "@")
	var known []string
	for _, i := range p.issuers {
		for _, who := range i.People {
			if who.Login == login && (at == "" || at == string(i.Authority)) {
				return i.access(who, p.o.Now())
			}
			if !slices.Contains(known, who.Login) {
				known = append(known, who.Login)
			}
		}
	}
	return "", fmt.Errorf("nobody signs in as %q: there are %s", login, strings.Join(known, ", "))
}

// claims are what every token says.
func (i *idpIssuer) claims(who idpPerson, audience string, now time.Time) map[string]any {
	return map[string]any{"iss": i.url, "sub": who.Subject, "aud": audience, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(tokenLife).Unix(),
		"auth_time": now.Unix(), "jti": rand.Text(), "name": who.Name, "acr": nsis + "loa/" + idpLoA, nsis + "loa": idpLoA, idpNumber: who.Number}
}

func (i *idpIssuer) sign(claims map[string]any) (string, error) {
	return jwt.Signed(i.signer).Claims(claims).Serialize()
}

func (i *idpIssuer) access(who idpPerson, now time.Time) (string, error) {
	return i.sign(i.claims(who, idpAudience, now))
}
