package host

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Settings is what the environment says of a hub. The zero value of each is the
// embedded default.
type Settings struct {
	Listen    string            // INFOHUS_LISTEN, host:port; 127.0.0.1:8080
	Origin    string            // INFOHUS_ORIGIN, the one address people reach it at; http:// and Listen
	Data      string            // INFOHUS_DATA, the directory of everything kept outside Postgres: keys, and all that is embedded
	Postgres  string            // INFOHUS_POSTGRES_URL, without a user; "" is a private server
	NATS      string            // INFOHUS_NATS_URL, without a user; "" is a server in this process
	Secrets   string            // INFOHUS_SECRETS, the directory of the rooms' credentials
	Structure string            // INFOHUS_STRUCTURE, the structure file; "" is the demo structure
	Rooms     map[string]string // INFOHUS_ROOMS, where each process is reached by the others, host:port by name; nil is all in one process
}

const prefix = "INFOHUS_"

// names of the settings, and what each is for.
var names = []struct{ name, about string }{
	{"INFOHUS_LISTEN", "address to listen on (127.0.0.1:8080)"},
	{"INFOHUS_ORIGIN", "the one address people reach the hub at (http:// and the one it listens on)"},
	{"INFOHUS_DATA", "directory of the keys, and of everything embedded"},
	{"INFOHUS_POSTGRES_URL", "Postgres server, without a user (none: a private one)"},
	{"INFOHUS_NATS_URL", "NATS server, without a user (none: one in this process)"},
	{"INFOHUS_SECRETS", "directory of credentials, one file per room and technology"},
	{"INFOHUS_ROOMS", "name=host:port of the keys and of every room, where they run apart (none: all in one process)"},
	{"INFOHUS_STRUCTURE", "structure file: who works together, under which rules (none: the demo)"},
}

// About lists the settings with a line on each, for a help text.
func About() string {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "  %-22s %s\n", n.name, n.about)
	}
	return b.String()
}

// Environment reads the settings out of an environment (os.Environ). A name
// that begins with INFOHUS_ and is none of ours is refused, for a setting that
// is misspelt is a setting that does not work; so are addresses with a user in
// them, because they end up in process lists and logs. Names that begin with
// INFOHUS_TEST_ belong to the tests and are passed over.
func Environment(environ []string) (Settings, error) {
	var problems []error
	set := map[string]string{}
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, prefix) || strings.HasPrefix(name, prefix+"TEST_") {
			continue
		}
		if !known(name) {
			problems = append(problems, fmt.Errorf("unknown setting %s: did you mean %s?", name, nearest(name)))
			continue
		}
		set[name] = value
	}
	s := Settings{Listen: set["INFOHUS_LISTEN"], Origin: set["INFOHUS_ORIGIN"], Data: set["INFOHUS_DATA"], Postgres: set["INFOHUS_POSTGRES_URL"],
		NATS: set["INFOHUS_NATS_URL"], Secrets: set["INFOHUS_SECRETS"], Structure: set["INFOHUS_STRUCTURE"]}
	var err error
	if s.Rooms, err = rooms(set["INFOHUS_ROOMS"]); err != nil {
		problems = append(problems, err)
	}
	if err := s.complete(); err != nil {
		problems = append(problems, err)
	}
	return s, errors.Join(problems...)
}

// rooms reads name=host:port, parted by commas or space.
func rooms(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	var problems []error
	all := map[string]string{}
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }) {
		name, address, _ := strings.Cut(one, "=")
		at, port, err := net.SplitHostPort(address)
		switch {
		case err != nil || at == "" || port == "" || name == "":
			problems = append(problems, fmt.Errorf("INFOHUS_ROOMS has %q: write name=host:port, such as keys=10.0.0.5:8443", one))
		case all[name] != "":
			problems = append(problems, fmt.Errorf("INFOHUS_ROOMS names %s twice", name))
		}
		all[name] = address
	}
	return all, errors.Join(problems...)
}

// Whole checks that INFOHUS_ROOMS says of each of these where it is, and of
// nothing else.
func (s Settings) Whole(names ...string) error {
	var problems []error
	for _, name := range names {
		if s.Rooms[name] == "" {
			problems = append(problems, fmt.Errorf("INFOHUS_ROOMS does not say where %s is: add %s=host:port", name, name))
		}
	}
	for name := range s.Rooms {
		if !slices.Contains(names, name) {
			problems = append(problems, fmt.Errorf("INFOHUS_ROOMS names %q: nothing of that name is asked by the others; they are %s", name, strings.Join(names, ", ")))
		}
	}
	return errors.Join(problems...)
}

// Embedded reports whether the hub brings its own servers.
func (s Settings) Embedded() bool { return s.Postgres == "" }

// complete fills in the defaults and checks what does not go together.
func (s *Settings) complete() error {
	var problems []error
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if s.Listen == "" {
		s.Listen = "127.0.0.1:8080"
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		refuse("INFOHUS_LISTEN is %q: write host:port, such as 127.0.0.1:8081", s.Listen)
	}
	if s.Origin == "" && len(s.Rooms) > 0 {
		refuse("set INFOHUS_ORIGIN: where rooms run apart, each must know the one address that people reach the hub at")
	}
	if s.Origin == "" {
		s.Origin = "http://" + s.Listen
	} else if u, err := url.Parse(s.Origin); err != nil || u.Host == "" || u.Path != "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		refuse("INFOHUS_ORIGIN is %q: write scheme and host alone, such as https://infohus.example", s.Origin)
	}
	if s.Data == "" {
		dir, err := dataDir()
		if err != nil {
			refuse("no place for data: set INFOHUS_DATA to a directory (%v)", err)
		}
		s.Data = dir
	}
	if err := addresses("INFOHUS_POSTGRES_URL", s.Postgres, "postgres", "postgresql"); err != nil {
		problems = append(problems, err)
	}
	if err := addresses("INFOHUS_NATS_URL", s.NATS, "nats", "tls"); err != nil {
		problems = append(problems, err)
	}
	switch {
	case (s.Postgres == "") != (s.NATS == ""):
		refuse("set both INFOHUS_POSTGRES_URL and INFOHUS_NATS_URL, or neither: a hub has its own servers or yours, not one of each")
	case s.Postgres != "" && s.Secrets == "":
		refuse("set INFOHUS_SECRETS: the directory with the rooms' credentials for your servers, made by infohus setup")
	case len(s.Rooms) > 0 && s.Secrets == "":
		refuse("set INFOHUS_SECRETS: the directory with the certificates that the rooms show one another, made by infohus setup accounts")
	case s.Postgres != "" && s.Structure == "":
		refuse("set INFOHUS_STRUCTURE: with servers of your own the demo structure is not used")
	}
	return errors.Join(problems...)
}

// addresses checks a setting that holds one or more addresses, parted by
// commas: of a known kind, and with no user.
func addresses(name, value string, schemes ...string) error {
	if value == "" {
		return nil
	}
	for one := range strings.SplitSeq(value, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		switch {
		case err != nil: // the error would quote the address, and with it a password
			return fmt.Errorf("%s is no address: write %s://host:port", name, schemes[0])
		case u.User != nil || u.Query().Has("user") || u.Query().Has("password"):
			return fmt.Errorf("%s names a user: leave it out, each room's credentials stand in the directory INFOHUS_SECRETS", name)
		case !slices.Contains(schemes, u.Scheme):
			return fmt.Errorf("%s begins with %q: write %s://host:port", name, u.Scheme, schemes[0])
		}
	}
	return nil
}

func known(name string) bool {
	for _, n := range names {
		if n.name == name {
			return true
		}
	}
	return false
}

// nearest is the known setting that is fewest keystrokes away.
func nearest(name string) string {
	best, least := "", 1<<30
	for _, n := range names {
		if d := distance(name, n.name); d < least {
			best, least = n.name, d
		}
	}
	return best
}

// distance counts the insertions, deletions and changes from a to b
// (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// dataDir is where a hub keeps its data when nobody says. Root's home is closed
// to the user that Postgres runs as, so root's data stands elsewhere.
func dataDir() (string, error) {
	if os.Getuid() == 0 {
		return "/var/lib/infohus", nil
	}
	if d := os.Getenv("XDG_STATE_HOME"); d != "" {
		return filepath.Join(d, "infohus"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "infohus"), nil
	}
	return filepath.Join(home, ".local", "state", "infohus"), nil
}
