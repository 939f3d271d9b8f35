package host

import (
	"strings"
	"testing"
)

func TestEnvironment(t *testing.T) {
	servers := []string{"INFOHUS_POSTGRES_URL=postgres://db:5432/infohus", "INFOHUS_NATS_URL=nats://n1:4222,nats://n2:4222"}
	for _, c := range []struct {
		name string
		env  []string
		want string // in the error; "" is none
	}{
		{"nothing set is the embedded default", nil, ""},
		{"others' settings are none of ours", []string{"PATH=/bin", "INFOHUSET=1"}, ""},
		{"the tests' settings are passed over", []string{"INFOHUS_TEST_POSTGRES=x"}, ""},
		{"an unknown setting is refused with the nearest known one", []string{"INFOHUS_LISTN=:1"}, "unknown setting INFOHUS_LISTN: did you mean INFOHUS_LISTEN?"},
		{"an old habit is refused too", []string{"INFOHUS_POSTGRES_UR=x"}, "did you mean INFOHUS_POSTGRES_URL?"},
		{"servers need secrets", servers, "set INFOHUS_SECRETS"},
		{"servers need a structure", append([]string{"INFOHUS_SECRETS=/s"}, servers...), "set INFOHUS_STRUCTURE"},
		{"servers with both", append([]string{"INFOHUS_SECRETS=/s", "INFOHUS_STRUCTURE=/f"}, servers...), ""},
		{"one server only", servers[:1], "or neither"},
		{"a user in the address", []string{"INFOHUS_POSTGRES_URL=postgres://me:secret@db/infohus"}, "INFOHUS_POSTGRES_URL names a user"},
		{"a user in the query", []string{"INFOHUS_POSTGRES_URL=postgres://db/infohus?user=me"}, "names a user"},
		{"a user in the second address", []string{"INFOHUS_NATS_URL=nats://a:1,nats://me@b:1"}, "INFOHUS_NATS_URL names a user"},
		{"no address", []string{"INFOHUS_NATS_URL=://se:cret@x"}, "INFOHUS_NATS_URL is no address"},
		{"another kind of server", []string{"INFOHUS_POSTGRES_URL=mysql://db/infohus"}, "write postgres://"},
		{"no port", []string{"INFOHUS_LISTEN=localhost"}, "write host:port"},
		{"an origin with a path", []string{"INFOHUS_ORIGIN=https://a.example/x"}, "write scheme and host alone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Environment(c.env)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("said %v, want %q", err, c.want)
			case err != nil && strings.Contains(err.Error(), "secret"):
				t.Errorf("repeats the password: %v", err)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	s, err := Environment([]string{"INFOHUS_LISTEN=127.0.0.1:9", "INFOHUS_DATA=/d"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Origin != "http://127.0.0.1:9" || s.Data != "/d" || !s.Embedded() {
		t.Errorf("%+v", s)
	}
}
