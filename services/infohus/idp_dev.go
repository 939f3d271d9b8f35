package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// dev says that this hub is for development. Only [development] makes one that
// counts, and only of a hub that has nothing real.
type dev struct{ ok bool }

// development refuses the development sign-in where anything real is
// configured, servers or an issuer of any authority, and where it could be
// reached from another machine: whoever reaches it can be anybody.
func development(s host.Settings, st *structure.Structure) (dev, error) {
	if s.Postgres != "" || s.NATS != "" {
		return dev{}, errors.New("the development sign-in refuses to start on servers of your own (INFOHUS_POSTGRES_URL, INFOHUS_NATS_URL): name each authority's issuer in the structure file")
	}
	for _, a := range st.Authorities {
		if a.Issuer != "" {
			return dev{}, fmt.Errorf("the development sign-in refuses to start beside a real issuer: %s has %s; name an issuer for every authority, or for none", a.ID, a.Issuer)
		}
	}
	if !loopback(s.Listen) {
		return dev{}, fmt.Errorf("INFOHUS_LISTEN is %s, and the development sign-in refuses to start where other machines can reach it, for everybody there could sign in as anybody: "+
			"listen on 127.0.0.1 (from elsewhere: ssh -L 8080:127.0.0.1:8080), or name an issuer for every authority", s.Listen)
	}
	return dev{ok: true}, nil
}

// idpURL is the issuer of an authority's people in development.
func idpURL(origin string, a hub.AuthorityID) string { return origin + idpPath + string(a) }

// idpNumbers are the numbers that two of the invented people sign in with, so that it
// can be tried what the hub does with whoever types their own, or is whom something is
// about (A012, A013). Substitute numbers, with 60 added to the day; the sign-in page
// shows them.
var idpNumbers = map[string]string{
	"gudrun":   "720181-4016", // kommunal tovholder
	"thorkild": "740276-4020", // politiets tovholder
}

// idpIssuers lists an issuer for every authority that somebody works at, with
// those who do at the instant.
func idpIssuers(st *structure.Structure, at time.Time) []idpIssuer {
	var issuers []idpIssuer
	for _, a := range st.Authorities {
		i := idpIssuer{Authority: a.ID, Name: a.Name}
		for _, post := range st.Posts() {
			if post.Authority != a.ID || !post.Holds(at) {
				continue
			}
			n := slices.IndexFunc(i.People, func(p idpPerson) bool { return p.Login == post.Login && p.Subject == post.Subject })
			if n < 0 {
				n = len(i.People)
				i.People = append(i.People, idpPerson{Login: post.Login, Subject: post.Subject, Name: post.Name, Number: idpNumbers[post.Login]})
			}
			if who := &i.People[n]; !slices.Contains(who.Roles, post.Role) {
				who.Roles = append(who.Roles, post.Role)
			}
		}
		if len(i.People) > 0 {
			issuers = append(issuers, i)
		}
	}
	return issuers
}
