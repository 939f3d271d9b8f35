package pg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"
)

// scope is one line of migrations: whose they are, and where they run.
type scope struct {
	name   string
	role   string // NOLOGIN; owns what they make
	schema string
	files  fs.FS
}

// migration is one file.
type migration struct{ name, text, sum string }

var migrationName = regexp.MustCompile(`^\d{4}_[a-z0-9_]+\.sql$`)

// migrate checks every scope against what has been run, and only then runs
// what is missing.
func migrate(ctx context.Context, conn *pgx.Conn, plan []scope) error {
	missing := make([][]migration, len(plan))
	for i, s := range plan {
		var err error
		if missing[i], err = pending(ctx, conn, s); err != nil {
			return err
		}
	}
	for i, s := range plan {
		for _, m := range missing[i] {
			if err := step(ctx, conn, s, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// pending reads a scope's files and gives those that have not been run. What has
// been run must be the beginning of what is there, byte for byte.
func pending(ctx context.Context, conn *pgx.Conn, s scope) ([]migration, error) {
	files, err := read(s)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, `select name, '', sum from setup.migration where scope = $1 order by name`, s.name)
	if err != nil {
		return nil, fmt.Errorf("pg: setup: %w", safe(err))
	}
	done, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (m migration, err error) {
		return m, r.Scan(&m.name, &m.text, &m.sum)
	})
	if err != nil {
		return nil, fmt.Errorf("pg: setup: %w", safe(err))
	}
	for i, d := range done {
		switch {
		case i >= len(files) || files[i].name > d.name:
			return nil, fmt.Errorf("pg: migration %s of %s has been run, and is gone: put it back", d.name, s.name)
		case files[i].name < d.name:
			return nil, fmt.Errorf("pg: migration %s of %s comes before %s, which has been run: give it a later number", files[i].name, s.name, d.name)
		case files[i].sum != d.sum:
			return nil, fmt.Errorf("pg: migration %s of %s has been run, and was changed since: put it back, and write a new one", d.name, s.name)
		}
	}
	return files[len(done):], nil
}

// read gives a scope's files in order.
func read(s scope) ([]migration, error) {
	entries, err := fs.ReadDir(s.files, ".")
	if err != nil {
		return nil, fmt.Errorf("pg: migrations of %s: %w", s.name, err)
	}
	var files []migration
	for _, e := range entries {
		if !migrationName.MatchString(e.Name()) {
			return nil, fmt.Errorf("pg: migration %s of %s is not named like 0001_init.sql", e.Name(), s.name)
		}
		text, err := fs.ReadFile(s.files, e.Name())
		if err != nil {
			return nil, fmt.Errorf("pg: migrations of %s: %w", s.name, err)
		}
		sum := sha256.Sum256(text)
		files = append(files, migration{e.Name(), string(text), hex.EncodeToString(sum[:])})
	}
	slices.SortFunc(files, func(a, b migration) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	for i := 1; i < len(files); i++ {
		if files[i].name[:4] == files[i-1].name[:4] {
			return nil, fmt.Errorf("pg: migrations %s and %s of %s have the same number", files[i-1].name, files[i].name, s.name)
		}
	}
	return files, nil
}

// step runs one migration and notes it, in one transaction.
func step(ctx context.Context, conn *pgx.Conn, s scope, m migration) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, sql := range []string{"set local role " + s.role, "set local search_path = " + s.schema, m.text, "set local role none", "set local search_path = public"} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `insert into setup.migration (scope, name, sum) values ($1, $2, $3)`, s.name, m.name, m.sum)
		return err
	})
	if err != nil {
		return fmt.Errorf("pg: migration %s of %s: %w", m.name, s.name, err)
	}
	return nil
}
