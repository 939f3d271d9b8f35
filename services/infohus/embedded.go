package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/infohus/infohus/pkg/bus"
	natslocal "github.com/infohus/infohus/pkg/bus/local"
	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	pglocal "github.com/infohus/infohus/pkg/pg/local"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
)

// embedded is a hub's private servers: a Postgres of its own, and NATS in this
// process.
type embedded struct {
	data     data
	postgres *pglocal.Server
	nats     *natslocal.Server
}

// startEmbedded starts the private servers, side by side. The caller holds the
// data's lock.
func startEmbedded(ctx context.Context, d data, services []service.Service, say func(string, ...any)) (*embedded, error) {
	if err := d.secrets().Make(host.Names(services)...); err != nil {
		return nil, d.explain(err)
	}
	accounts, err := d.secrets().Accounts()
	if err != nil {
		return nil, err
	}
	e := &embedded{data: d}
	var wait sync.WaitGroup
	var errs [2]error
	wait.Go(func() { e.postgres, errs[0] = startPostgres(ctx, d, say) })
	wait.Go(func() { e.nats, errs[1] = natslocal.Start(natslocal.Options{Dir: d.nats(), Accounts: accounts}) })
	wait.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		e.stop()
		return nil, err
	}
	return e, nil
}

func startPostgres(ctx context.Context, d data, say func(string, ...any)) (*pglocal.Server, error) {
	bin, err := pglocal.Find()
	if errors.Is(err, pglocal.ErrNone) {
		say("no Postgres is installed here; fetching one")
		bin, err = pglocal.Fetch(ctx, pglocal.CacheDir(), os.Stdout)
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // recovery after a crash may take its time
	defer cancel()
	s, err := pglocal.Start(ctx, pglocal.Options{Dir: d.postgres()})
	if err != nil {
		return nil, err
	}
	say("Postgres %d, private, in %s", s.Major, d.postgres())
	if bin.Fetched {
		say("the fetched Postgres is a beta with an old OpenSSL: for development only, and on a socket only")
	}
	return s, nil
}

// stop ends the servers in order: nobody must be using them any more.
func (e *embedded) stop() error {
	var problems []error
	if e.nats != nil {
		e.nats.Stop()
	}
	if e.postgres != nil {
		problems = append(problems, e.postgres.Stop())
	}
	os.Remove(e.data.running())
	return errors.Join(problems...)
}

// address is where the database is, without a user.
func (e *embedded) address() string { return e.postgres.DSN("", "", "postgres") }

// prepare makes or brings up to date what the rooms need, and notes where the
// servers are for the operator's other commands.
func (e *embedded) prepare(ctx context.Context, services []service.Service, st *structure.Structure, issuer func(hub.AuthorityID) string) error {
	admin, err := e.data.secrets().Stream(bus.Config{InProcess: e.nats}, bus.Admin)
	if err != nil {
		return err
	}
	owner := host.Servers{Postgres: e.postgres.Owner(), Bus: admin, Secrets: e.data.secrets(), Issuer: issuer}
	if err := host.Setup(ctx, owner, services, st, func(string) {}); err != nil {
		return err
	}
	return e.data.writeRunning(servers{Postgres: e.address()})
}

// config is how the rooms reach the servers.
func (e *embedded) config() host.Config {
	return host.Config{
		Postgres: func(room string) (string, error) { return e.data.secrets().Database(e.address(), room) },
		Bus: func(room string) (bus.Config, error) {
			return e.data.secrets().Stream(bus.Config{InProcess: e.nats}, room)
		},
		Keys: e.data.keys(),
	}
}

// logFile is where the embedded hub writes its log: the terminal is for people.
func (d data) logFile() (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(string(d), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, d.explain(err)
	}
	return f, nil
}

// sayer prints progress with the time since the start.
func sayer(began time.Time) func(string, ...any) {
	var one sync.Mutex
	return func(format string, args ...any) {
		one.Lock()
		defer one.Unlock()
		fmt.Printf("→ %4.1f s  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
}
