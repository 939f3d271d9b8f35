package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	pglocal "github.com/infohus/infohus/pkg/pg/local"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
)

// finding is what the doctor found: how a thing stands, or what to do about it.
type finding struct {
	what, how string
	err       error
}

// doctor tries everything that a hub needs here, and says what to do about
// what is wrong. It changes nothing.
func doctor(ctx context.Context, _ []string) error {
	s, err := host.Environment(os.Environ())
	found := []finding{{"settings", "understood", err}}
	if err == nil {
		found = append(found, rules(), space(s.Data))
		if s.Embedded() {
			found = append(found, ownStructure(s), binaries())
		} else {
			found = append(found, servedStructure(s))
			found = append(found, credentials(ctx, s)...)
		}
		found = append(found, answers(ctx, s))
		if len(s.Rooms) > 0 {
			found = append(found, processes(ctx, s)...)
		}
	}
	wrong := 0
	for _, f := range found {
		if f.err == nil {
			fmt.Printf("well   %-12s %s\n", f.what, f.how)
			continue
		}
		wrong++
		fmt.Printf("WRONG  %-12s %s\n", f.what, oneLine(f.err))
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d are wrong", wrong, len(found))
	}
	return nil
}

func rules() finding {
	e, err := policies.New()
	if err != nil {
		return finding{"rules", "", err}
	}
	return finding{"rules", "compile, revision " + e.Revision(), nil}
}

// least is how much room on disk a hub should have: a Postgres' write-ahead log
// alone may take one gigabyte.
const least = 2 << 30

// space looks at the disk of the data directory, or of the nearest directory
// above it that is there.
func space(dir string) finding {
	d := data(dir)
	for {
		if _, err := os.Stat(dir); err == nil {
			break
		} else if errors.Is(err, os.ErrPermission) || filepath.Dir(dir) == dir {
			return finding{"data", "", d.explain(err)}
		}
		dir = filepath.Dir(dir)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return finding{"data", "", d.explain(err)}
	}
	free := fs.Bavail * uint64(fs.Bsize)
	if free < least {
		return finding{"data", "", fmt.Errorf("the disk that holds %s has %d MB left: free some space, a hub wants %d MB", dir, free>>20, least>>20)}
	}
	return finding{"data", fmt.Sprintf("%s, %d MB free", d, free>>20), nil}
}

func ownStructure(s host.Settings) finding {
	st, err := embeddedStructure(s)
	if err != nil {
		return finding{"structure", "", err}
	}
	return finding{"structure", fmt.Sprintf("%d authorities, %d people", len(st.Authorities), len(st.People)), nil}
}

func servedStructure(s host.Settings) finding {
	st, err := realStructure(s)
	if err != nil {
		return finding{"structure", "", err}
	}
	return finding{"structure", fmt.Sprintf("%s, %d authorities, %d people%s", s.Structure, len(st.Authorities), len(st.People), numberless(st)), nil}
}

// numberless names the authorities whose sign-in carries no CPR number: of their people
// the hub cannot know who is whom something is about (A012, A013).
func numberless(st *structure.Structure) string {
	var without []string
	for _, a := range st.Authorities {
		if a.NumberClaim == "" && slices.ContainsFunc(st.Posts(), func(p structure.Post) bool { return p.Authority == a.ID }) {
			without = append(without, string(a.ID))
		}
	}
	if len(without) == 0 {
		return ""
	}
	return fmt.Sprintf("; no number_claim: nobody of %s is kept from what is about themselves unless it is said", strings.Join(without, ", "))
}

func binaries() finding {
	b, err := pglocal.Find()
	if errors.Is(err, pglocal.ErrNone) {
		return finding{"postgres", "none installed: the first run fetches one", nil}
	}
	return finding{"postgres", fmt.Sprintf("%s in %s", b.Version, b.Dir), err}
}

// credentials signs in to the servers as each room.
func credentials(ctx context.Context, s host.Settings) []finding {
	letters, shut, err := deadLetters(ctx, s)
	defer shut()
	found := []finding{{"database", fmt.Sprintf("every room can sign in; %d dead letters", len(letters)), err}}
	found = append(found, revisions(ctx, s))
	secrets := host.Secrets(s.Secrets)
	var wrong []error
	for _, room := range bus.Rooms() {
		c, err := secrets.Stream(bus.Config{URL: s.NATS}, room)
		if err == nil {
			var conn *bus.Conn
			if conn, err = bus.Connect(ctx, c); err == nil {
				err = conn.Ready(ctx)
				conn.Close()
			}
		}
		wrong = append(wrong, err)
	}
	return append(found, finding{"stream", "every room can sign in", errors.Join(wrong...)})
}

// revisions looks at the signed revisions of the rules' data, as a room reads them.
func revisions(ctx context.Context, s host.Settings) finding {
	engine, err := trusted(s)
	if err != nil {
		return finding{"policy", "", err}
	}
	url, err := host.Secrets(s.Secrets).Database(s.Postgres, host.Names(rooms())[0])
	if err != nil {
		return finding{"policy", "", err}
	}
	db, err := pg.Open(ctx, pg.Config{URL: url, Room: host.Names(rooms())[0], Now: time.Now, NewID: hub.NewID, Engine: engine, Sealer: noKeys{}, MaxConns: 4})
	if err != nil {
		return finding{"policy", "", err}
	}
	defer db.Close()
	all, at := engine.Revisions()
	return finding{"policy", fmt.Sprintf("revision %d of the data is in force", all[at].Number), db.Rules(ctx)}
}

// processes asks each of the hub's processes how it fares, as the door does, and
// looks at how long their certificates still hold.
func processes(ctx context.Context, s host.Settings) []finding {
	found := []finding{{"rooms", "INFOHUS_ROOMS names them all", s.Whole(others()...)}}
	secrets, now := host.Secrets(s.Secrets), time.Now()
	var first time.Time
	var wrong []error
	for _, name := range append(others(), host.Door) {
		until, err := secrets.Until(name)
		if err == nil && until.Before(now.AddDate(0, 1, 0)) {
			err = fmt.Errorf("the certificate of %s ends on %s: run infohus setup accounts, and start it again", name, until.Format(time.DateOnly))
		}
		wrong = append(wrong, err)
		if first.IsZero() || until.Before(first) {
			first = until
		}
	}
	found = append(found, finding{"certificates", "hold until " + first.Format(time.DateOnly), errors.Join(wrong...)})
	for _, name := range others() {
		at, err := secrets.Peer(host.Door, name, s.Rooms[name])
		if err == nil {
			asking, cancel := context.WithTimeout(ctx, 5*time.Second)
			var failing []string
			if failing, err = host.Fares(asking, at, "/readyz"); err == nil && len(failing) > 0 {
				err = fmt.Errorf("it cannot use: %s; its log says why", strings.Join(failing, ", "))
			}
			cancel()
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			err = fmt.Errorf("it does not run at %s: start it with infohus run %s", s.Rooms[name], name)
		}
		found = append(found, finding{name, "runs at " + s.Rooms[name] + " and is ready", err})
	}
	return found
}

// answers asks the hub at the address, if one runs there, how it fares.
func answers(ctx context.Context, s host.Settings) finding {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Listen+"/readyz", nil)
	if err != nil {
		return finding{"hub", "", err}
	}
	resp, err := http.DefaultClient.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return finding{"hub", "none runs at " + s.Listen, nil}
	} else if err != nil {
		return finding{"hub", "", fmt.Errorf("something listens at %s and does not answer as a hub: stop it, or choose another address with INFOHUS_LISTEN", s.Listen)}
	}
	defer resp.Body.Close()
	var health struct {
		OK      *bool    `json:"ok"`
		Failing []string `json:"failing"`
		Odd     []string `json:"odd"`
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16)) // cut short it does not decode
	switch {
	case json.Unmarshal(body, &health) != nil || health.OK == nil:
		return finding{"hub", "", fmt.Errorf("what listens at %s is no hub: stop it, or choose another address with INFOHUS_LISTEN", s.Listen)}
	case !*health.OK:
		return finding{"hub", "", fmt.Errorf("the hub at %s cannot use: %s; its log says why", s.Listen, strings.Join(health.Failing, ", "))}
	}
	if len(health.Odd) > 0 {
		return finding{"hub", "", fmt.Errorf("the hub at %s works, and has something to say about: %s; its log says what, and of policy so does infohus policy show", s.Listen, strings.Join(health.Odd, ", "))}
	}
	return finding{"hub", "runs at " + s.Listen + " and is ready", nil}
}
