package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// Servers are the servers of a hub, as their owner reaches them.
type Servers struct {
	Postgres string     // address, the owner's user and password in it
	Bus      bus.Config // signs in as the owner
	Secrets  Secrets    // of the rooms; made where they are missing
	// Issuer names the issuer of an authority that names none, in development;
	// nil where all do.
	Issuer func(hub.AuthorityID) string
}

// Setup makes what the rooms need, with the owner's rights: roles, schemas and
// grants, the structure's hats and legal bases, streams and consumers. It may be
// run again at any time, and must be after an upgrade or a change of the
// structure. say is told each step.
func Setup(ctx context.Context, s Servers, services []service.Service, st *structure.Structure, say func(string)) error {
	names := Names(services)
	if err := s.Secrets.Make(names...); err != nil {
		return err
	}
	passwords, err := s.Secrets.Passwords(postgres, names...)
	if err != nil {
		return err
	}
	say("roles, schemas and grants")
	if err := SetupDatabase(ctx, s.Postgres, services, passwords); err != nil {
		return err
	}
	say("who works where, under which rules")
	if err := SyncStructure(ctx, s, st, time.Now()); err != nil {
		return err
	}
	say("streams and consumers")
	if err := bus.Setup(ctx, s.Bus); err != nil {
		return fmt.Errorf("%w; does the NATS server include the accounts that infohus setup accounts writes?", err)
	}
	return nil
}

// SetupDatabase makes roles, schemas and grants, at the address of the
// database's owner.
func SetupDatabase(ctx context.Context, owner string, services []service.Service, passwords map[string]string) error {
	schemas := make([]pg.RoomSchema, len(services))
	for i, v := range services {
		schemas[i] = pg.RoomSchema{Name: v.Name, Writes: v.Writes}
		if v.Schema == nil {
			continue
		}
		var err error
		if schemas[i].Migrations, err = fs.Sub(v.Schema, "migrations"); err != nil {
			return fmt.Errorf("room %s: %w", v.Name, err)
		}
	}
	return pg.Setup(ctx, owner, schemas, passwords)
}

// SyncStructure makes the access facts in the database say what the structure
// says at an instant.
func SyncStructure(ctx context.Context, s Servers, st *structure.Structure, now time.Time) error {
	var posts []pg.Post
	for _, p := range st.Posts() {
		if p.Issuer == "" && s.Issuer != nil {
			p.Issuer = s.Issuer(p.Authority)
		}
		posts = append(posts, pg.Post{Hat: p.Hat, Issuer: p.Issuer, Subject: p.Subject})
	}
	var agreements []pg.Agreement
	for _, a := range st.Agreements {
		agreements = append(agreements, pg.Agreement{ID: a.ID, Parties: a.Parties, Basis: a.Basis, From: a.From, Until: a.Until})
	}
	on := bases(st, now)
	for i, b := range on {
		on[i].Agreements = st.Carriers(b.Code)
	}
	return pg.SyncStructure(ctx, s.Postgres, now, posts, on, agreements)
}

// bases lists the legal bases. One whose wording has changed stands in the
// structure several times, for spans that do not overlap; what counts is the
// span in force, or else the last.
func bases(st *structure.Structure, now time.Time) []pg.Basis {
	var all []pg.Basis
	for _, b := range st.LegalBases {
		x := pg.Basis{Code: b.Code, Source: b.Source, From: b.From, Until: b.Until}
		i := slices.IndexFunc(all, func(y pg.Basis) bool { return y.Code == b.Code })
		if i < 0 {
			all = append(all, x)
		} else if b.Holds(now) || all[i].Until.Before(b.Until) && !now.Before(all[i].Until) {
			all[i] = x
		}
	}
	return all
}

// Names lists the names of services.
func Names(services []service.Service) []string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name
	}
	return names
}

// Accounts writes the accounts of a NATS server for its configuration to
// include: a user for each room with just its permissions, and the one that setup signs in
// as.
func (s Secrets) Accounts() (string, error) {
	passwords, err := s.Passwords(stream, bus.Users()...)
	if err != nil {
		return "", err
	}
	return bus.Accounts(passwords), nil
}

// Database gives the address of a database for one of our credentials: the
// server's address with the user and password in it.
func (s Secrets) Database(server, who string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("the address of the Postgres server cannot be read") // the error would quote it
	}
	user, password, err := s.Get(who, postgres)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(user, password)
	return u.String(), nil
}

// Stream gives a way to a NATS server for one of our credentials.
func (s Secrets) Stream(server bus.Config, who string) (bus.Config, error) {
	user, password, err := s.Get(who, stream)
	if err != nil {
		return bus.Config{}, err
	}
	server.User, server.Password = user, password
	return server, nil
}

// Issuers lists who may vouch for the people of a structure. The credentials of
// an issuer stand in the file of the first authority that uses it
// ("koege.oidc", one line client-id:client-secret); without one we are the
// public client "infohus". Below NSIS Substantial nobody is let in (A038).
func (s Secrets) Issuers(st *structure.Structure) ([]web.Issuer, error) {
	var issuers []web.Issuer
	seen := map[string]int{}
	for _, a := range st.Authorities {
		if a.Issuer == "" {
			continue
		}
		if i, ok := seen[a.Issuer]; ok {
			for lang := range issuers[i].Name {
				issuers[i].Name[lang] += ", " + a.Name
			}
			continue
		}
		is := web.Issuer{URL: a.Issuer, ClientID: "infohus", Name: map[string]string{"da": a.Name, "en": a.Name}, MinLoA: "Substantial", NumberClaim: a.NumberClaim, HomeClaim: a.HomeClaim}
		if _, err := os.Stat(s.file(string(a.ID), "oidc")); err == nil {
			if is.ClientID, is.Secret, err = s.Get(string(a.ID), "oidc"); err != nil {
				return nil, err
			}
		}
		seen[a.Issuer] = len(issuers)
		issuers = append(issuers, is)
	}
	return issuers, nil
}

// LoadStructure reads a structure file.
func LoadStructure(file string) (*structure.Structure, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("INFOHUS_STRUCTURE: %w", err)
	}
	defer f.Close()
	return structure.Load(f, filepath.Base(file))
}
