package structure

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// wear gives people and hats their IDs, once the file is found sound.
func (s *Structure) wear() {
	for i := range s.People {
		p := &s.People[i]
		p.ID = derive("person", p.Login)
		for j := range p.Posts {
			h := &p.Posts[j]
			a, _ := s.Authority(h.Authority)
			h.ID = hatID(p.Login, h.Authority, h.Role, h.Department)
			h.Person, h.Name, h.Kind = p.ID, p.Name, a.Kind
			h.Login, h.Issuer, h.Subject = p.Login, a.Issuer, s.subject(*p, *h)
			h.DeputyOf = s.hatOf(h.deputyOf, h.Authority, h.Role)
			h.Manager = s.hatOf(h.manager, h.Authority, hub.Manager)
			s.posts = append(s.posts, *h)
		}
	}
}

// subject is what a hat's issuer calls its wearer: the hat's own subject, else
// the person's, else, in a demo, the login.
func (s *Structure) subject(p Person, h Post) string {
	switch {
	case h.Subject != "":
		return h.Subject
	case p.Subject != "":
		return p.Subject
	case s.Demo:
		return p.Login
	}
	return ""
}

// hatOf is the ID of a person's hat of a role at an authority, or "".
func (s *Structure) hatOf(login string, a hub.AuthorityID, role hub.Role) hub.ID {
	for _, p := range s.People {
		if login == "" || p.Login != login {
			continue
		}
		for _, h := range p.Posts {
			if h.Authority == a && h.Role == role && h.deputyOf == "" {
				return hatID(p.Login, h.Authority, h.Role, h.Department)
			}
		}
	}
	return ""
}

// hatID is the stable ID of a hat: the same on every machine, and another for
// another person, authority, role or department.
func hatID(login string, a hub.AuthorityID, role hub.Role, department string) hub.ID {
	return derive("hat", login, string(a), string(role), department)
}

func derive(parts ...string) hub.ID {
	h := sha256.New()
	h.Write([]byte("infohus structure"))
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		h.Write([]byte(p))
	}
	return hub.MakeID([16]byte(h.Sum(nil)))
}

func (c *checker) people() {
	logins := map[string]int{}
	subjects := map[[2]string]string{}
	for _, p := range c.s.People {
		if first, twice := logins[p.Login]; twice {
			c.at(p.of("login"), "the login %q stands twice, first on line %d; give this person another, or put the hats together", p.Login, first)
			continue
		}
		logins[p.Login] = p.of("login")
		if len(p.Posts) == 0 {
			c.at(p.of("hats"), "%s has no hat; give one under hats, or take the person away", p.Login)
		}
		for i, h := range p.Posts {
			c.hat(p, h)
			for _, o := range p.Posts[:i] {
				if o.Role == h.Role && o.Authority == h.Authority && o.Department == h.Department {
					c.at(h.of("role"), "%s has this hat twice, first on line %d; give the one the whole time", p.Login, o.of("role"))
				}
			}
			a, ok := c.s.Authority(h.Authority)
			if !ok {
				continue
			}
			if a.Issuer == "" && !c.s.Demo {
				c.at(a.of(""), "%s has people and no issuer; write the address of the OpenID provider that signs them in", a.ID)
			}
			sub := [2]string{a.Issuer, c.s.subject(p, h)}
			if sub[1] == "" {
				c.at(p.of(""), "%s has no subject; write what %s calls this person in its sub claim", p.Login, a.ID)
			} else if other, taken := subjects[sub]; taken && other != p.Login {
				c.at(p.of("subject"), "%s and %s have the same subject %q at the same issuer; each signs in as one person", p.Login, other, sub[1])
			}
			subjects[sub] = p.Login
		}
		c.alone(p)
	}
}

// alone keeps the data-protection officer and the administrator from wearing
// another kind of hat (GDPR art. 38(6), 32).
func (c *checker) alone(p Person) {
	for _, role := range []hub.Role{hub.DPO, hub.Administrator} {
		own := slices.IndexFunc(p.Posts, func(h Post) bool { return h.Role == role })
		for _, h := range p.Posts {
			if own >= 0 && h.Role != role {
				c.at(h.of("role"), "%s is %s, and so has no other kind of hat; take this one away, or give it to somebody else", p.Login, role)
			}
		}
	}
}

func (c *checker) hat(p Person, h Post) {
	a, ok := c.known(h.of("authority"), "the authority", h.Authority)
	if !ok {
		return
	}
	if !slices.Contains(where[h.Role], a.Kind) {
		c.at(h.of("role"), "%s is a %s, where nobody is %s; that is for: %v", a.ID, a.Kind, h.Role, where[h.Role])
	}
	if h.Department != "" {
		c.department(h.of("department"), h.Authority, h.Department)
	}
	if h.Role == hub.CoreGroup && !c.seated(h) {
		c.at(h.of("department"), "%s has a hat as core_group, and %s (department %q) has no seat at the time in the core group of an infohus", p.Login, a.ID, h.Department)
	}
	if h.deputyOf != "" {
		c.stands(p, h, "deputy_of", h.deputyOf, h.Role)
	}
	if h.manager != "" {
		c.stands(p, h, "manager", h.manager, hub.Manager)
	} else if h.Role == hub.MunicipalCoordinator || h.Role == hub.PoliceCoordinator || h.Role == hub.Receiver {
		c.at(h.of(""), "%s lacks manager; write the login of who is told when a step of a %s is overdue", p.Login, h.Role)
	}
}

// seated reports whether a hat's department has a seat in a core group while
// the hat is worn.
func (c *checker) seated(h Post) bool {
	for _, x := range c.s.Infohus {
		for _, s := range x.CoreGroup {
			if s.Authority == h.Authority && (s.Department == h.Department || s.Department == "") && x.overlaps(Span{h.From, h.Until}) {
				return true
			}
		}
	}
	return false
}

// stands checks that a login which a hat names has a hat of the role there.
func (c *checker) stands(p Person, h Post, what, login string, role hub.Role) {
	var logins []string
	for _, o := range c.s.People {
		logins = append(logins, o.Login)
		if o.Login != login {
			continue
		}
		if login == p.Login {
			c.at(h.of(what), "%s names itself under %s; name somebody else", login, what)
		} else if c.s.hatOf(login, h.Authority, role) == "" {
			c.at(h.of(what), "%s under %s is to have a hat as %s at %s that is nobody's deputy", login, what, role, h.Authority)
		}
		return
	}
	c.at(h.of(what), "%s %q is nobody's login; %s", what, login, oneOf(login, logins))
}

// live lets nobody take part whose processing may not go live (L42), or who
// has no data-protection officer (GDPR art. 37).
func (c *checker) live() {
	for _, a := range c.s.Authorities {
		begin, takes := c.begins(a)
		if !takes {
			continue
		}
		switch {
		case a.DPIA.Reference == "":
			c.at(a.of(""), "%s takes part and has no dpia; write dpia: {reference: …, dpo_advice: …, owner: …}: without an impact assessment nothing goes live (GDPR art. 35)", a.ID)
		case begin.Before(a.DPIA.Advice):
			c.at(a.DPIA.of("dpo_advice"), "%s takes part from %s, before its data-protection officer advised on %s; begin later", a.ID, begin.Format(time.DateOnly), a.DPIA.Advice.Format(time.DateOnly))
		}
		if !slices.ContainsFunc(c.s.People, func(p Person) bool {
			return slices.ContainsFunc(p.Posts, func(h Post) bool { return h.Role == hub.DPO && h.Authority == a.ID })
		}) {
			c.at(a.of(""), "%s takes part and has no data-protection officer; give somebody under people a hat as dpo there", a.ID)
		}
	}
}

// begins is when an authority begins to take part, if it does: with its first
// hat or its infohus. A housing association never gets data about people (L5).
func (c *checker) begins(a Authority) (first time.Time, takes bool) {
	if a.Kind == hub.HousingAssociation {
		return
	}
	note := func(t time.Time) {
		if !takes || t.Before(first) {
			first, takes = t, true
		}
	}
	for _, p := range c.s.People {
		for _, h := range p.Posts {
			if h.Authority == a.ID {
				note(h.From)
			}
		}
	}
	for _, h := range c.s.Infohus {
		if h.Municipality == a.ID || h.Police == a.ID {
			note(h.From)
		}
	}
	return first, takes
}
