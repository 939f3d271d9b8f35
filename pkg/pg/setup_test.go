package pg_test

import (
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/infohus/infohus/pkg/pg"
)

// bare is a world that setup has not been run on.
func bare(t *testing.T) *world {
	t.Helper()
	return database(t, "")
}

func intake(pairs ...string) []pg.RoomSchema {
	return []pg.RoomSchema{{Name: "intake", Migrations: files(pairs...)}}
}

func TestSetupMayBeRunAgain(t *testing.T) {
	w := bare(t)
	one := intake("0001_init.sql", `create table concern (id text)`)
	check(t, pg.Setup(ctx, w.owner, one, passwords))
	before := w.ask(`select count(*) || ' ' || max(at) from setup.migration`)
	check(t, pg.Setup(ctx, w.owner, one, passwords))
	w.is(before, `select count(*) || ' ' || max(at) from setup.migration`)
	w.room("intake")

	check(t, pg.Setup(ctx, w.owner, intake("0001_init.sql", `create table concern (id text)`, "0002_more.sql", `alter table concern add more int`), passwords))
	check(t, pg.Setup(ctx, w.owner, append(rooms()[:1], intake("0001_init.sql", `create table concern (id text)`, "0002_more.sql", `alter table concern add more int`)...), passwords))
	w.is("intake_owner true", `select tableowner || ' ' || exists (select from information_schema.columns where column_name = 'more') from pg_tables where tablename = 'concern'`)
	w.room("person")
}

func TestSetupRefuses(t *testing.T) {
	w := bare(t)
	init := `create table concern (id text)`
	check(t, pg.Setup(ctx, w.owner, intake("0002_init.sql", init), passwords))
	before := w.ask(`select string_agg(scope || name || sum || at, ' ' order by scope, name) from setup.migration`)
	for name, c := range map[string]struct {
		rooms []pg.RoomSchema
		says  string
	}{
		"a changed migration":  {intake("0002_init.sql", init+` `), "was changed since"},
		"a lost migration":     {intake("0003_next.sql", init), "is gone"},
		"no migrations at all": {intake(), "is gone"},
		"an earlier one":       {intake("0001_early.sql", `create table early ()`, "0002_init.sql", init), "comes before"},
		"the same number":      {intake("0002_init.sql", init, "0002_twin.sql", `create table twin ()`), "same number"},
		"an odd name":          {intake("0002_init.sql", init, "next.sql", init), "not named like"},
		"a room named access":  {[]pg.RoomSchema{{Name: "access"}}, "cannot be the name"},
		"an injected name":     {[]pg.RoomSchema{{Name: `x"; drop table y`}}, "cannot be the name"},
		"no password":          {[]pg.RoomSchema{{Name: "stranger"}}, "no password"},
		"a changed one beside a new one": {append([]pg.RoomSchema{{Name: "portal", Migrations: files("0001_init.sql", `create table seen ()`)}},
			intake("0002_init.sql", init+` `)...), "was changed since"},
	} {
		if err := pg.Setup(ctx, w.owner, c.rooms, passwords); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	w.is(before, `select string_agg(scope || name || sum || at, ' ' order by scope, name) from setup.migration`)
}

// TestSetupGoesOnAfterACrash kills the set-up's connection in a migration.
func TestSetupGoesOnAfterACrash(t *testing.T) {
	w := bare(t)
	crash := func() fs.FS {
		return files("0001_init.sql", `create table one (x int)`,
			"0002_crash.sql", `create table two (x int); do $$ begin if current_setting('infohus.crash', true) = 'on' then reset role; perform pg_terminate_backend(pg_backend_pid()); end if; end $$;`,
			"0003_next.sql", `create table three (x int)`)
	}
	plan := []pg.RoomSchema{{Name: "intake", Migrations: crash()}}
	w.sql(`alter database ` + w.name + ` set infohus.crash = 'on'`)
	if err := pg.Setup(ctx, w.owner, plan, passwords); sqlState(err) != "57P01" {
		t.Fatalf("it did not crash: %v", err)
	}
	w.is("one", `select string_agg(tablename, ' ' order by tablename) from pg_tables where tablename in ('one', 'two', 'three')`)
	w.sql(`alter database ` + w.name + ` reset infohus.crash`)
	check(t, pg.Setup(ctx, w.owner, plan, passwords))
	w.is("one three two", `select string_agg(tablename, ' ' order by tablename) from pg_tables where tablename in ('one', 'two', 'three')`)
	w.room("intake")
}

// TestAMigrationIsNotedWithWhatItDid kills the connection after a migration and
// before it is noted: then it has not been run, and can be run again.
func TestAMigrationIsNotedWithWhatItDid(t *testing.T) {
	w := bare(t)
	check(t, pg.Setup(ctx, w.owner, intake("0001_init.sql", `create table one (x int)`), passwords))
	w.sql(`create function crash() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$`,
		`create trigger crash before insert on setup.migration for each row execute function crash()`)
	two := intake("0001_init.sql", `create table one (x int)`, "0002_next.sql", `create table two (x int)`)
	if err := pg.Setup(ctx, w.owner, two, passwords); sqlState(err) != "57P01" {
		t.Fatalf("it did not crash: %v", err)
	}
	w.sql(`drop trigger crash on setup.migration`)
	check(t, pg.Setup(ctx, w.owner, two, passwords))
}

func TestManySetupsAtOnce(t *testing.T) {
	worlds := []*world{bare(t), bare(t)}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if err := pg.Setup(ctx, worlds[i%2].owner, rooms(), passwords); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, w := range worlds {
		w.room("audit")
	}
}

// TestSetupWithoutASuperuser is how a real server's owner is: it may make roles,
// and owns one database.
func TestSetupWithoutASuperuser(t *testing.T) {
	w := bare(t)
	// Roles of its own: those of the other tests belong to the superuser.
	renamed := []pg.RoomSchema{{Name: "solo", Writes: []string{"thing", pg.SubjectKind}, Migrations: files("0001_init.sql", `create table x (id int); grant select on x to solo`)}}
	for _, r := range []string{"access_owner", "trail_owner", "audit_owner", "audit"} {
		check(t, sql(shared.server.Owner(), fmt.Sprintf(`alter role %s rename to held_%s`, r, r)))
		defer func() {
			check(t, sql(shared.server.Owner(), fmt.Sprintf(`alter role held_%s rename to %s`, r, r)))
		}()
	}
	check(t, sql(shared.server.Owner(), `create role operator login createrole password 'operator-pw'`, `alter database `+w.name+` owner to operator`))
	defer func() {
		check(t, sql(w.owner, `drop owned by access_owner, trail_owner, audit_owner, solo_owner, audit, solo, operator cascade`))
		check(t, sql(shared.server.Owner(), `drop database `+w.name, `create database `+w.name, `drop role access_owner, trail_owner, audit_owner, solo_owner, audit, solo, operator`))
	}()
	owner := shared.server.DSN("operator", "operator-pw", w.name)
	for range 2 {
		check(t, pg.Setup(ctx, owner, renamed, map[string]string{"solo": "solo-pw"}))
		check(t, pg.SyncStructure(ctx, owner, start, posts, bases, nil))
	}
	c := w.config("solo")
	c.URL = shared.server.DSN("solo", "solo-pw", w.name)
	db, err := pg.Open(ctx, c)
	check(t, err)
	defer db.Close()
	check(t, db.Ready(ctx))
}

func TestOpenRefusesAnotherRoomsRole(t *testing.T) {
	w := newWorld(t)
	c := w.config("intake")
	c.Room = "portal"
	if db, err := pg.Open(ctx, c); err == nil {
		db.Close()
		t.Error("portal opened as intake")
	}
	c = w.config("intake")
	c.URL = strings.Replace(c.URL, "intake-pw", "wrong", 1)
	db, err := pg.Open(ctx, c)
	if err == nil {
		db.Close()
		t.Fatal("opened with a wrong password")
	}
	if strings.Contains(err.Error(), "wrong") {
		t.Errorf("the error tells the password: %v", err)
	}
}
