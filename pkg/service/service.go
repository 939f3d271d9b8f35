// Package service says what a room is, and what it is given to work with.
package service

import (
	"context"
	"crypto/ed25519"
	"io/fs"
	"log/slog"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
)

// Service is the door plate of a room: everything the host must know before
// the room is opened.
type Service struct {
	Name   string                  // schema, login role, NATS user: one word
	Schema fs.FS                   // migrations/0001_init.sql …, run by setup as the owner
	Writes []string                // kinds of items it may write in the access facts: "concern", [pg.SubjectKind]; a kind that no room names, nobody may
	Pages  fs.FS                   // pages/*.html, and pages/da.json and pages/en.json with its words
	Open   func(Env) (Room, error) // builds the room; no I/O
	Keeps  bool                    // it keeps the sessions: says who asks
}

// Room is an opened service: what it answers and what it reacts to.
type Room struct {
	Begin  func(ctx context.Context) error // what must be done before the door opens; nil is nothing
	Routes []web.Route                     // what is asked of it
	Marks  map[string]web.Mark             // what it renders for other rooms' pages
	On     map[string]Reaction             // event type to reaction; the same set as event.Table gives it
	Chores []Chore                         // what it does by the clock
	Odd    func() error                    // what somebody should look at while it works, for /readyz and the log; nil is nothing
}

// Reaction is how a room reacts to a fact, in the transaction that also notes
// the fact as done. A nil error commits; an error with code Invalid parks the
// fact as a dead letter; any other is tried again later.
type Reaction func(ctx context.Context, tx *pg.Tx, e event.Envelope, f event.Fact) error

// Chore is work done by the clock: reminders, drafts that have run out.
type Chore struct {
	Name  string
	Every time.Duration
	Do    func(ctx context.Context) error
}

// Keys is what a room asks of the keys: the vault, or another process that holds
// it. Texts that belong together are sealed and opened together, because that is
// one round trip then.
type Keys interface {
	Make(keys ...hub.ID) error
	Destroy(keys ...hub.ID) error
	Seal(key hub.ID, where string, p hub.Personal) ([]byte, error)
	SealAll(texts ...vault.Plain) ([][]byte, error)
	Open(r hub.Receipt, key hub.ID, where string, box []byte) (hub.Personal, error)
	OpenAll(boxes ...vault.Box) []vault.Opened
	Pseudonym(subject hub.ID) string
	Blind(a hub.AuthorityID, period string, p hub.Personal) (string, error)
	Sign(name string, text []byte) ([]byte, error)
	Public(name string) (ed25519.PublicKey, error)
}

var _, _ Keys = (*vault.Vault)(nil), (*vault.Remote)(nil)

// Env is what a room is given.
type Env struct {
	DB        *pg.DB
	Vault     Keys
	Web       *web.Site
	Structure *structure.Structure
	Now       func() time.Time
	NewID     func() hub.ID
	Log       *slog.Logger
}
