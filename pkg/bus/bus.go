// Package bus carries facts between rooms over NATS JetStream.
//
// It promises that
//   - a fact is given out only once the server has written it to disk: Publish
//     returns nil after that and not before. What it could not give out may or
//     may not be there; publishing it again does no harm, because the stream drops
//     an id that it has (within ten minutes) and the inbox of a room drops it for
//     ever;
//   - a fact is acknowledged only when its handler says that it is done, or has
//     been parked where an operator can see it. Anything else comes again, later
//     and later; while one fact waits, the others flow;
//   - facts of one key reach a room in the order of the stream, except for what
//     had to come again: the room's inbox holds those that are early;
//   - a room's user may publish its own facts and read its own consumers, nothing
//     more; all of it follows from [event.Table];
//   - what is wrong shows in Ready, because NATS itself tells a publisher nothing
//     of a forbidden publish.
//
// The stream is transport. Everything in it can be made again from the outbox,
// and no decision depends on it.
//
// Whether a server writes every message to disk before it answers cannot be
// read over an ordinary connection. The embedded server does, by construction,
// and one that cannot say so is refused. A remote server must be configured
// with "sync_interval: always" and, for every stream, three replicas on separate
// power; the default is to write every two minutes, and loses facts that it has
// acknowledged. deploy/nats.conf is an example.
package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// Config says where the stream is, and as whom to speak to it.
type Config struct {
	URL       string                     // of the server, without a user in it; not used with InProcess
	User      string                     // the room, or [Admin] for Setup
	Password  string                     //
	TLS       *tls.Config                // nil: as the URL says, with the machine's roots
	InProcess nats.InProcessConnProvider // the embedded server
	Log       *slog.Logger               // alarms; nil drops them
}

// Admin is the user that makes streams and consumers. It can do nothing else.
const Admin = "admin"

// answer is how long the server may take over one request: a forbidden one is
// never answered at all.
const answer = 2 * time.Second

// Conn is a room's connection to the stream. It is safe for concurrent use, and
// comes back by itself after the server has been away.
type Conn struct {
	room string
	nc   *nats.Conn
	js   jetstream.JetStream
	log  *slog.Logger

	mu    sync.Mutex
	wrong map[string]error // what is wrong now, by what we were doing
}

// durable is what an embedded server must say of itself.
type durable interface{ SyncAlways() bool }

// Connect opens a connection. It fails when the server is not there, does not
// know the user, or is known not to write every message to disk.
func Connect(ctx context.Context, c Config) (*Conn, error) {
	if u, err := url.Parse(c.URL); err != nil || u.User != nil {
		return nil, errors.New("bus: the address of the NATS server must be a URL without a user in it: users and passwords are in the secrets")
	}
	if d, ok := c.InProcess.(durable); c.InProcess != nil && (!ok || !d.SyncAlways()) {
		return nil, errors.New("bus: the embedded NATS server does not say that it writes every message to disk (sync_interval: always): refused")
	}
	conn := &Conn{room: c.User, log: c.Log, wrong: map[string]error{}}
	if conn.log == nil {
		conn.log = slog.New(slog.DiscardHandler)
	}
	options := append(conn.options(), nats.UserInfo(c.User, c.Password))
	if c.InProcess != nil {
		options = append(options, nats.InProcessServer(c.InProcess))
	}
	if c.TLS != nil {
		options = append(options, nats.Secure(c.TLS))
	}
	if end, ok := ctx.Deadline(); ok {
		options = append(options, nats.Timeout(min(max(time.Until(end), time.Millisecond), 5*time.Second)))
	}
	nc, err := nats.Connect(c.URL, options...)
	if err != nil {
		return nil, hub.Unavailable(fmt.Errorf("bus: cannot sign in to the NATS server %s as %s: %w", c.URL, c.User, err))
	}
	conn.nc = nc
	if conn.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(answer)); err != nil {
		nc.Close()
		return nil, fmt.Errorf("bus: %w", err)
	}
	return conn, nil
}

func (c *Conn) options() []nats.Option {
	return []nats.Option{
		nats.Name(c.room),
		nats.CustomInboxPrefix("_INBOX_" + c.room), // the only one it may subscribe to
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, time.Second),
		nats.ReconnectBufSize(-1), // the outbox is the buffer: half a batch later is worse than none
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: we closed it
				c.log.Warn("the stream is away", "room", c.room, "error", err.Error())
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			c.note("permission", nil)
			c.log.Info("the stream is back", "room", c.room)
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				c.note("permission", err) // stays: our permissions do not mend themselves
			}
			c.log.Error("stream", "room", c.room, "error", err.Error())
		}),
	}
}

// note keeps what is wrong with one thing that the connection does; nil is well.
func (c *Conn) note(what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		delete(c.wrong, what)
		return
	}
	c.wrong[what] = err
}

// Close ends the connection. Let Consume end first.
func (c *Conn) Close() { c.nc.Close() }

// Ready says whether facts flow: the server is there, our last words were
// heard, nothing we did was forbidden, and our consumers are there.
func (c *Conn) Ready(ctx context.Context) error {
	if s := c.nc.Status(); s != nats.CONNECTED {
		return hub.Unavailable(fmt.Errorf("bus: %s: not connected to the NATS server (%v)", c.room, s))
	}
	c.mu.Lock()
	for what, err := range c.wrong {
		c.mu.Unlock()
		return hub.Unavailable(fmt.Errorf("bus: %s: %s: %w", c.room, what, err))
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	for _, owner := range event.Owners() {
		if len(event.Heard(c.room, owner)) == 0 {
			continue
		}
		if _, err := c.js.Consumer(ctx, owner, c.room); err != nil {
			return hub.Unavailable(fmt.Errorf("bus: %s: the consumer on stream %s: %w: infohus setup makes it", c.room, owner, err))
		}
	}
	if err := c.nc.FlushWithContext(ctx); err != nil {
		return hub.Unavailable(fmt.Errorf("bus: %s: %w", c.room, err))
	}
	return nil
}
