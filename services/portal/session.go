package portal

import (
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
)

// The limits of a session, and of what is kept of it.
const (
	idle     = 30 * time.Minute // without use (X5)
	absolute = 10 * time.Hour   // from the sign-in: a long day's work
	keptFor  = 30 * time.Minute // a form kept over a sign-in
	usedEach = time.Minute      // how often use is noted
)

// session is a sign-in as it is kept.
type session struct {
	ID, Person hub.ID
	web.Identity
	Hat         hub.ID
	Begun, Used time.Time
	Ended       bool
}

// live reports whether the session may still be used.
func (s session) live(now time.Time) bool {
	return !s.Ended && now.Before(s.ends())
}

// ends is when the session ends if it is not used before.
func (s session) ends() time.Time {
	if day := s.Begun.Add(absolute); day.Before(s.Used.Add(idle)) {
		return day
	}
	return s.Used.Add(idle)
}

// stale reports whether its use should be noted again.
func (s session) stale(now time.Time) bool { return !now.Before(s.Used.Add(usedEach)) }

// seen is the session as the site is told of it, with the hats that its owner
// has now. Without any it is over: whoever works here no more is signed out.
func (s session) seen(now time.Time, hats []hub.Hat) web.Session {
	w := web.Session{ID: s.ID, Person: s.Person, Identity: s.Identity, Hats: hats, Live: s.live(now) && len(hats) > 0, Gone: s.live(now) && len(hats) == 0, Since: s.Begun, Ends: s.ends()}
	for _, h := range hats {
		if h.ID == s.Hat {
			w.Hat = h
		}
	}
	return w
}
