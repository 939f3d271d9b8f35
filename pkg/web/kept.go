package web

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/infohus/infohus/pkg/hub"
)

// A form that cannot be taken now, because the sign-in has ended or another
// hat is worn, is kept for whoever typed it: sealed, with the key in a cookie
// of that browser only and the box in portal's table, for 30 minutes.

// otherHat is the Conflict of a form that was made under another hat (A046).
const otherHat = "error.hat.other"

// keptFor is how long a form is kept, in seconds.
const keptFor = 30 * 60

// keptNotice is the word above a page that is shown again after a sign-in.
const keptNotice = "web.kept"

// keptForm is what lies in the box.
type keptForm struct {
	Page   string     `json:"page"`
	Hat    hub.ID     `json:"hat"`
	Values url.Values `json:"values"`
}

// keep seals the posted form for a person. False: it could not be kept.
func (s *Site) keep(w http.ResponseWriter, r *Request, person hub.ID) bool {
	if r.form == nil || person == "" || s.sessions.Keep == nil {
		return false
	}
	v := r.form.values
	page := v.Get("_page")
	if page == "" {
		page = r.URL.Path
	}
	text, err := json.Marshal(keptForm{local(page), hub.ID(v.Get("_hat")), v})
	if err != nil {
		return false
	}
	var key [chacha20poly1305.KeySize]byte
	rand.Read(key[:])
	seal, err := chacha20poly1305.NewX(key[:])
	if err != nil {
		return false
	}
	id := s.o.NewID()
	nonce := make([]byte, seal.NonceSize(), seal.NonceSize()+len(text)+seal.Overhead())
	rand.Read(nonce)
	box := seal.Seal(nonce, nonce, text, []byte("kept/"+string(id)+"/"+string(person)))
	if s.sessions.Keep(r.Context(), id, person, box) != nil {
		return false
	}
	setCookie(w, cookieKept, string(id)+"."+base64.RawURLEncoding.EncodeToString(key[:]), keptFor)
	return true
}

// keptOf reads the cookie.
func keptOf(r *http.Request) (hub.ID, []byte) {
	id, key, _ := strings.Cut(cookie(r, cookieKept), ".")
	b, err := base64.RawURLEncoding.DecodeString(key)
	if _, bad := hub.ParseID(id); bad != nil || err != nil || len(b) != chacha20poly1305.KeySize {
		return "", nil
	}
	return hub.ID(id), b
}

// take opens the form that this browser has the key to, if it is this person's.
func (s *Site) take(r *Request) (keptForm, error) {
	var k keptForm
	id, key := keptOf(r.Request)
	if key == nil {
		return k, hub.NotFound()
	}
	box, err := s.sessions.Take(r.Context(), id, r.Who.Person)
	if err != nil {
		return k, err
	}
	seal, err := chacha20poly1305.NewX(key)
	if err != nil || len(box) < seal.NonceSize() {
		return k, hub.NotFound()
	}
	n := seal.NonceSize()
	text, err := seal.Open(nil, box[:n], box[n:], []byte("kept/"+string(id)+"/"+string(r.Who.Person)))
	if err != nil || json.Unmarshal(text, &k) != nil {
		return k, hub.NotFound()
	}
	return k, nil
}

// keptPage shows the page again that a form was on, filled in with what was
// typed. Nothing is done yet: the user sees it and sends it.
func (s *Site) keptPage(w http.ResponseWriter, r *Request) error {
	k, err := s.take(r)
	if hub.CodeOf(err) == hub.CodeNotFound && err != nil {
		dropCookie(w, cookieKept)
		return r.Redirect(w, "/")
	}
	if err != nil {
		return err
	}
	if k.Hat != r.Who.Hat.ID {
		made := s.madeUnder(r, k.Hat)
		var left []typedField
		if !made.Here && !made.Elsewhere { // it cannot come back on its page, and is their own
			left = s.typedFields(r.Lang, s.roomOf(k.Page), k.Values, nil)
		}
		return s.hatPage(w, r, made, left)
	}
	if to := s.awayOf(k.Page); to != nil { // the room that owns the page takes the form out itself
		return s.handOn(w.(*counter), r, to)
	}
	if s.showAgain(w, r, k.Values, nil, http.StatusOK, keptNotice) {
		return nil
	}
	f := frame{Title: r.T("web.keptleft.title"), Left: s.typedFields(r.Lang, s.roomOf(k.Page), k.Values, nil)}
	html, _, err := s.render(view{lang: r.Lang, room: "web", name: "keptleft"}, nil)
	if err != nil {
		return err
	}
	f.Body = asHTML(html)
	return s.frame(w, r, http.StatusOK, f)
}

// roomOf is the room that a page belongs to, "" for none.
func (s *Site) roomOf(page string) string {
	r, err := http.NewRequest(http.MethodGet, page, http.NoBody)
	if err != nil {
		return ""
	}
	route, _ := s.find(r)
	if route == nil {
		return ""
	}
	return route.Room
}

// awayOf is the process that a page is shown by; nil is this one, or there is no
// such page.
func (s *Site) awayOf(page string) *Peer {
	r, err := http.NewRequest(http.MethodGet, page, http.NoBody)
	if err != nil {
		return nil
	}
	if route, _ := s.find(r); route != nil && route.Room != "web" {
		return route.away
	}
	return nil
}

// dropKept forgets a kept form once its page has been sent again and done.
func (s *Site) dropKept(w http.ResponseWriter, r *Request) {
	id, key := keptOf(r.Request)
	if key == nil || s.sessions.Drop == nil || r.form.values.Get("_kept") == "" {
		return
	}
	s.sessions.Drop(r.Context(), id) // if it fails, the box goes after 30 minutes
}

// sendToSignIn sends a browser to sign in, or to choose a hat, and back here
// after. What it posted is kept for the person whose session has ended.
func (s *Site) sendToSignIn(w http.ResponseWriter, r *Request) {
	to := r.URL.Path
	why := ""
	if r.session.Gone {
		s.gone(w, r)
		return
	}
	if r.Method == http.MethodPost {
		if !s.keep(w, r, r.session.Person) {
			s.errorPage(w, r, hub.Denied(signInFirst)) // it shows what was typed
			return
		}
		to, why = "/kept", "kept"
	} else if r.session.Person != "" && !r.session.Live {
		why = "ended"
	}
	q := url.Values{"to": {to}}
	next := "/signin"
	if r.session.Live {
		next = "/hats"
	} else if why != "" {
		q.Set("why", why)
	}
	r.Redirect(w, next+"?"+q.Encode())
}

// gone answers somebody who has no hat here any more, with what they typed: to sign
// in again would give them nothing.
func (s *Site) gone(w http.ResponseWriter, r *Request) {
	f := frame{Title: r.T("web.gone.title")}
	if r.form != nil {
		f.Left = s.typedFields(r.Lang, r.routeRoom(), r.form.values, nil)
	}
	html, _, err := s.render(view{lang: r.Lang, room: "web", name: "gone"}, nil)
	if err == nil {
		f.Body = asHTML(html)
		err = s.frame(w, r, http.StatusForbidden, f)
	}
	if err != nil {
		s.errorPage(w, r, err)
	}
}

// madeUnder is the hat that a form was made under, as far as it is the asker's own:
// one that can be put on now, one of another sign-in of theirs, or one that they had.
// Of anybody else's it is nothing, as of one that never was: a hat's id can be guessed.
type madeUnder struct {
	hub.Hat
	Here, Elsewhere bool
}

func (s *Site) madeUnder(r *Request, id hub.ID) (m madeUnder) {
	for _, h := range r.Hats {
		if h.ID == id {
			return madeUnder{Hat: h, Here: true}
		}
	}
	if s.sessions.Own != nil {
		var err error
		if m.Hat, m.Elsewhere, err = s.sessions.Own(r.Context(), r.Who.Person, id); err != nil {
			return madeUnder{} // the page says less
		}
	}
	return m
}

// hatConflict answers a form that was made under another hat. It is kept for who
// sent it, and can be taken up again under the hat it was made under. Where that is
// not theirs, or not any more, they get it back to copy.
func (s *Site) hatConflict(w http.ResponseWriter, r *Request) {
	v := r.form.values
	made := s.madeUnder(r, hub.ID(v.Get("_hat")))
	var left []typedField
	if !(made.Here || made.Elsewhere) || !s.keep(w, r, r.Who.Person) {
		left = s.typedFields(r.Lang, r.routeRoom(), v, nil)
	}
	if err := s.hatPage(w, r, made, left); err != nil {
		s.errorPage(w, r, err)
	}
}

// hatPage says under which hat a form was made and which is worn, and offers to
// change.
func (s *Site) hatPage(w http.ResponseWriter, r *Request, made madeUnder, left []typedField) error {
	data := struct {
		Worn hub.Hat
		Made madeUnder
	}{r.Who.Hat, made}
	html, _, err := s.render(view{lang: r.Lang, room: "web", name: "otherhat"}, data)
	if err != nil {
		return err
	}
	return s.frame(w, r, http.StatusConflict, frame{Title: r.T("web.otherhat.title"), Body: asHTML(html), Left: left})
}
