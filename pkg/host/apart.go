package host

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
)

// The processes of a hub that are no rooms.
const (
	Keys = "keys" // holds the vault
	Door = "door" // people come in here; it has no database, no stream and no keys
)

const (
	certs     = "tls" // "intake.tls": a certificate, its key, and the authority that all of them trust
	authority = "ca"
	caFor     = 20 * 365 * 24 * time.Hour
	certFor   = 2 * 365 * 24 * time.Hour
	renewLeft = 90 * 24 * time.Hour
)

// Certify makes what the processes show one another, where they have none yet or
// one that ends within 90 days: a file "NAME.tls" for each, good for two years,
// with the name in it, signed by an authority of the hub's own. Its key
// ("ca.tls") is for this alone; no running process reads it.
func (s Secrets) Certify(now time.Time, names ...string) error {
	if err := os.MkdirAll(string(s), 0o700); err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	ca, err := s.pair(authority)
	if errors.Is(err, os.ErrNotExist) {
		if err := s.issue(now, caFor, authority, nil); err != nil {
			return err
		}
		ca, err = s.pair(authority)
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		old, err := s.pair(name)
		if err == nil && old.Leaf.NotAfter.After(now.Add(renewLeft)) && old.Leaf.CheckSignatureFrom(ca.Leaf) == nil {
			continue
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := s.issue(now, certFor, name, &ca); err != nil {
			return err
		}
	}
	return nil
}

// issue writes a new certificate with its key; by is nil for the authority's own.
func (s Secrets) issue(now time.Time, span time.Duration, name string, by *tls.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "infohus " + name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(span),
		BasicConstraintsValid: true}
	parent, signer := c, any(key)
	if by == nil {
		c.IsCA, c.MaxPathLenZero, c.KeyUsage = true, true, x509.KeyUsageCertSign
	} else {
		c.DNSNames, c.KeyUsage = []string{name}, x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if by != nil {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: by.Leaf.Raw})...)
	}
	return s.write(s.file(name, certs), text)
}

// pair reads a certificate, its key and the authority it comes from. A file that
// others may read is refused.
func (s Secrets) pair(name string) (tls.Certificate, error) {
	text, err := s.read(s.file(name, certs))
	if err != nil {
		return tls.Certificate{}, err
	}
	c, err := tls.X509KeyPair(text, text)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("secrets: %s: %w: remove it and run infohus setup accounts", s.file(name, certs), err)
	}
	return c, nil
}

// Until says when a process' certificate ends.
func (s Secrets) Until(name string) (time.Time, error) {
	c, err := s.pair(name)
	if err != nil {
		return time.Time{}, err
	}
	return c.Leaf.NotAfter, nil
}

// mutual is how a process of that name speaks to the others: both sides show a
// certificate of the hub's own authority.
func (s Secrets) mutual(name string) (*tls.Config, error) {
	c, err := s.pair(name)
	if err != nil {
		return nil, err
	}
	if len(c.Certificate) != 2 {
		return nil, fmt.Errorf("secrets: %s does not hold the authority it comes from: remove it and run infohus setup accounts", s.file(name, certs))
	}
	ca, err := x509.ParseCertificate(c.Certificate[1])
	if err != nil {
		return nil, fmt.Errorf("secrets: %s: %w", s.file(name, certs), err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	c.Certificate = c.Certificate[:1]
	return &tls.Config{Certificates: []tls.Certificate{c}, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13}, nil
}

// Peer is the way from one process of the hub to another, at host:port. Only the
// one that has the name's certificate is spoken to, wherever the address leads.
func (s Secrets) Peer(from, to, address string) (web.Peer, error) {
	conf, err := s.mutual(from)
	if err != nil {
		return web.Peer{}, err
	}
	conf.ServerName = to
	return web.Peer{URL: "https://" + address, Via: &http.Transport{
		TLSClientConfig:       conf,
		DialContext:           (&net.Dialer{Timeout: dialTime, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   dialTime,
		ResponseHeaderTimeout: bodyTime,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       30 * time.Second, // before the other side lets go (idleTime)
		DisableCompression:    true,             // as it came
	}}, nil
}

const dialTime = 1500 * time.Millisecond

// ListenInner opens the address at which a process is asked by the hub's others.
// An address with a name in it stands for all of this machine's: the name may be
// one that only leads here.
func (s Secrets) ListenInner(ctx context.Context, name, address string) (net.Listener, error) {
	conf, err := s.mutual(name)
	if err != nil {
		return nil, err
	}
	at, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if net.ParseIP(at) == nil && at != "localhost" {
		address = ":" + port
	}
	l, err := Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	return inner{l, conf}, nil
}

// inner is a listener on which [Serve] lets in nobody without a certificate.
type inner struct {
	net.Listener
	conf *tls.Config
}

// Among lets in, of those who have shown a certificate, the processes of these
// names. To any other there is nothing here.
func Among(names []string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(names, peerName(r)) {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Guarded is what a room answers the hub's other processes: the questions
// between rooms (under /-/) to rooms alone, everything else to the door too.
func Guarded(rooms []string, all http.Handler) http.Handler {
	between := Among(rooms, all)
	open := Among(append([]string{Door}, rooms...), all)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/-/") {
			between.ServeHTTP(w, r)
			return
		}
		open.ServeHTTP(w, r)
	})
}

// peerName is who the other side has shown to be; "" is nobody.
func peerName(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.VerifiedChains[0][0].DNSNames) != 1 {
		return ""
	}
	return r.TLS.VerifiedChains[0][0].DNSNames[0]
}

// signs is the one room that may have texts signed: the trail's checkpoints.
const signs = "audit"

// KeysHandler is what the process of the keys answers: the rooms whatever they
// ask of the vault, the door only how it fares. Signatures are for one room alone.
func KeysHandler(v *vault.Vault, rooms []string, log *slog.Logger) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { health(w, http.StatusOK, nil, nil, nil) })
	m.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := v.Ready(); err != nil {
			log.ErrorContext(r.Context(), "not ready", "what", Keys, "error", err.Error())
			health(w, http.StatusServiceUnavailable, []string{Keys}, nil, nil)
			return
		}
		health(w, http.StatusOK, nil, nil, nil)
	})
	m.Handle("/-/", v.Handler(log))
	m.Handle("/-/keys/sign", Guarded([]string{signs}, v.Handler(log)))
	return Guarded(rooms, m)
}
