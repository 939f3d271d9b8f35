package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Sessions is what web asks of the room that keeps the sessions (portal). They
// are function values, so that web needs no database and no room. A secret is
// never given to it, only the SHA-256 of one.
type Sessions struct {
	// Begin starts a session for a verified identity. The ticket is spent by it:
	// a second Begin with the same is a Conflict (a replayed sign-in, A036).
	// Somebody who works nowhere here is Denied.
	Begin func(ctx context.Context, hash, ticket []byte, i Identity) error
	// Find gives a session, and notes that it was used. Unknown is NotFound; an
	// ended one is given with Live false for a while, so that what its owner was
	// typing can be kept for its owner.
	Find func(ctx context.Context, hash []byte) (Session, error)
	// Wear puts on another hat and moves the session to a new secret; the old one
	// is dead from then on. A hat that is not the person's is NotFound.
	Wear func(ctx context.Context, old, new []byte, hat hub.ID) error
	// End kills the session at once.
	End func(ctx context.Context, hash []byte) error
	// Hats lists the hats an identity may wear now, for bearer tokens. Nobody is
	// an empty list.
	Hats func(ctx context.Context, i Identity) ([]hub.Hat, error)
	// Own gives a hat of the person's own, by whichever sign-in it is worn, and
	// whether it holds now; a zero Hat of anybody else's. nil knows none.
	Own func(ctx context.Context, person, hat hub.ID) (h hub.Hat, holds bool, err error)
	// Vouch verifies a bearer token and lists the hats of whom it is about; nil is
	// web's own, with Hats. A room that runs apart lets the keeper of the sessions
	// do it.
	Vouch func(ctx context.Context, token string) (Identity, []hub.Hat, error)
	// Look counts that somebody looks something up, and says how long they must wait
	// first: 0 is not at all (A062). It is asked before the room is, so that it knows
	// nothing of what is looked up (A027). Nil slows nobody.
	Look func(ctx context.Context, who hub.Actor) (time.Duration, error)
	// Keep keeps a sealed form for a person for 30 minutes.
	Keep func(ctx context.Context, id, person hub.ID, box []byte) error
	// Take gives a sealed form to the person it was kept for. For anybody else it
	// forgets it, and is NotFound.
	Take func(ctx context.Context, id, person hub.ID) ([]byte, error)
	// Drop forgets a sealed form. Unknown is no error.
	Drop func(ctx context.Context, id hub.ID) error
}

// Session is a sign-in: one person at one browser, wearing one hat at a time.
type Session struct {
	ID     hub.ID // names it in the trail; not the secret
	Person hub.ID
	Identity
	Hat   hub.Hat   // the one worn; zero until one is chosen, or when it has run out
	Hats  []hub.Hat // all that the person may wear now
	Live  bool      // false: it has ended, and only Person may be used
	Gone  bool      // it has ended because the person has no hat here any more
	Since time.Time // when the person signed in
	Ends  time.Time // when it ends if nothing is asked of us before
}

// UseSessions tells the site who keeps the sessions. Portal calls it when it is
// opened.
func (s *Site) UseSessions(sessions Sessions) { s.sessions = sessions }

// The cookies. Each is of this host alone, unreadable by scripts, and sent only
// over a connection that the browser holds to be safe.
const (
	cookieSession = "__Host-session" // 256 random bits; portal has only its hash
	cookieSignIn  = "__Host-signin"  // a sign-in under way, 10 minutes
	cookieKept    = "__Host-kept"    // name and key of a form kept over a sign-in, 30 minutes
	cookieLang    = "__Host-lang"    // the language
	cookieToast   = "__Host-toast"   // a word for the next page
)

const day365 = 365 * 24 * 60 * 60

// setCookie sets a cookie for so many seconds; 0 is until the browser closes.
func setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func dropCookie(w http.ResponseWriter, name string) { setCookie(w, name, "", -1) }

// sessionLeft is what the script on a page is told: how long is left of the
// sign-in, and the same in words.
type sessionLeft struct {
	Left int    `json:"left"` // in seconds
	Says string `json:"says"`
}

// left asks how long is left. Like everything that is asked of us it is a use of
// the session, and so begins its time anew.
func (s *Site) left(w http.ResponseWriter, r *Request) error {
	return s.JSON(w, r, http.StatusOK, sessionLeft{seconds(r), s.words.text(r.Lang, "web.session.ends", clock(r.Lang, r.session.Ends))})
}

// seconds is how many are left of the session.
func seconds(r *Request) int { return int(r.session.Ends.Sub(r.Now) / time.Second) }

// cookie is the value of a cookie, or "".
func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// newSecret draws 256 random bits, and their hash as portal keeps it.
func newSecret() (secret string, hash []byte) {
	var b [32]byte
	rand.Read(b[:]) // never fails: it ends the process instead
	h := sha256.Sum256(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:]), h[:]
}

// hashOf is the hash of a secret from outside; nil is not one.
func hashOf(secret string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(b) != 32 {
		return nil
	}
	h := sha256.Sum256(b)
	return h[:]
}

// lookUp finds the session of a page's cookie. No session is no error.
func (r *Request) lookUp(ctx context.Context) error {
	hash := hashOf(cookie(r.Request, cookieSession))
	if hash == nil || r.site.sessions.Find == nil {
		return nil
	}
	session, err := r.site.sessions.Find(ctx, hash)
	if hub.CodeOf(err) == hub.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	r.session, r.secret = session, hash
	if session.Live {
		r.Hats = session.Hats
		hat := session.Hat
		if hat.ID == "" && len(session.Hats) > 0 { // a person, in no role yet
			hat = hub.Hat{Person: session.Person, Name: session.Hats[0].Name}
		}
		r.wear(hat, session.ID, session.Identity)
	}
	return nil
}

// wear makes the actor of the request.
func (r *Request) wear(hat hub.Hat, session hub.ID, i Identity) {
	r.Who = hub.Actor{Hat: hat, Session: session, Issuer: i.Issuer, LoA: i.LoA, Request: r.ID, Cause: r.ID}
	r.proved = i.At
}

// Wear puts another hat on the person who asks. The session gets a new secret,
// and the old one is dead (A040).
func (s *Site) Wear(w http.ResponseWriter, r *Request, hat hub.ID) error {
	secret, hash := newSecret()
	if err := s.sessions.Wear(r.Context(), r.secret, hash, hat); err != nil {
		return err
	}
	setCookie(w, cookieSession, secret, 0)
	return nil
}

// SignOut ends the session at once, and tells the browser to forget all it has
// of us (A045).
func (s *Site) SignOut(w http.ResponseWriter, r *Request) error {
	if r.secret != nil {
		if err := s.sessions.End(r.Context(), r.secret); err != nil {
			return err
		}
	}
	for _, name := range []string{cookieSession, cookieSignIn, cookieKept, cookieToast} {
		dropCookie(w, name)
	}
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return nil
}

// SetLanguage remembers the language of a browser for a year. What is not a
// language of ours is the first of [Languages].
func (s *Site) SetLanguage(w http.ResponseWriter, lang string) {
	setCookie(w, cookieLang, language(lang), day365)
}

func language(lang string) string {
	for _, l := range Languages {
		if l == lang {
			return l
		}
	}
	return Languages[0]
}

// Toast leaves a word for the next page to show once at its top; with a time, where
// the word says from when.
func (r *Request) Toast(w http.ResponseWriter, word string, from ...time.Time) {
	for _, t := range from {
		word += "/" + t.Format(time.RFC3339)
	}
	setCookie(w, cookieToast, word, 60)
}
