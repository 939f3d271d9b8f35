package pg

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
)

// Post is a hat with the identity that may wear it.
type Post struct {
	hub.Hat
	Issuer, Subject string // OIDC iss and sub
}

// Basis is a legal basis and when it is in force; for ever where Until is zero.
type Basis struct {
	Code        hub.LegalBasis
	Source      string
	From, Until time.Time
	Agreements  []hub.LegalBasis // on which an agreement between the two may be that a share on this basis needs, where the law in force says that it needs one
}

// Agreement is what authorities have agreed on, on a basis.
type Agreement struct {
	ID          string
	Parties     []hub.AuthorityID
	Basis       hub.LegalBasis
	From, Until time.Time
}

// SyncStructure makes the access facts say what the structure file says of
// posts, legal bases and agreements. What is no longer in the file ends at now,
// and stays to be read: the trail names it. It waits for the commands that rely
// on what it changes, and works from its commit on, in every room.
func SyncStructure(ctx context.Context, owner string, now time.Time, posts []Post, bases []Basis, agreements []Agreement) error {
	conn, err := enterOwner(ctx, owner)
	if err != nil {
		return err
	}
	defer leave(ctx, conn)
	b := new(pgx.Batch)
	b.Queue(`select pg_advisory_xact_lock(hashtextextended('infohus structure', 0))`)
	b.Queue(`set local role access_owner`)
	var hats, codes, ids []string
	for _, x := range bases {
		codes = append(codes, string(x.Code))
		b.Queue(`insert into access.relied (code, source, from_at, until_at, agreements) values ($1, $2, $3, $4, $5)
			on conflict (code) do update set source = $2, from_at = $3, until_at = $4, agreements = $5`, x.Code, x.Source, x.From, until(x.Until), x.Agreements)
	}
	for _, x := range agreements {
		ids = append(ids, x.ID)
		b.Queue(`insert into access.agreement (id, parties, basis, from_at, until_at) values ($1, $2, $3, $4, $5)
			on conflict (id) do update set parties = $2, basis = $3, from_at = $4, until_at = $5`, x.ID, x.Parties, x.Basis, x.From, until(x.Until))
	}
	for _, x := range posts {
		hats = append(hats, string(x.Hat.ID))
		b.Queue(`insert into access.hat as h (id, person, name, authority, kind, department, role, from_at, until_at, issuer, sub, deputy_of, known_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			on conflict (id) do update set person = $2, name = $3, authority = $4, kind = $5, department = $6, role = $7, from_at = $8, until_at = least($9, h.ended_at), issuer = $10, sub = $11, deputy_of = $12
			where (h.person, h.name, h.authority, h.kind, h.department, h.role, h.from_at, h.until_at, h.issuer, h.sub, h.deputy_of)
			is distinct from ($2, $3, $4, $5, $6, $7, $8::timestamptz, least($9::timestamptz, h.ended_at), $10, $11, $12)`,
			x.Hat.ID, x.Person, x.Name, x.Authority, x.Kind, x.Department, x.Role, x.From, until(x.Until), x.Issuer, x.Subject, x.DeputyOf, now)
	}
	b.Queue(`update access.hat set until_at = $1 where until_at > $1 and not id = any($2)`, now, some(hats))
	b.Queue(`update access.agreement set until_at = $1 where until_at > $1 and not id = any($2)`, now, some(ids))
	b.Queue(`update access.relied set until_at = $1 where until_at > $1 and not code = any($2)`, now, some(codes))
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return tx.SendBatch(ctx, b).Close() })
	if err != nil {
		return fmt.Errorf("pg: access facts of the structure: %w", safe(err))
	}
	return nil
}
