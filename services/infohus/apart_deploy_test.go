package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/host"
)

// What cannot be run apart is refused, by name.
func TestWhatCannotBeApart(t *testing.T) {
	s := host.Settings{Structure: "structure.yaml", Rooms: map[string]string{}}
	for want, args := range map[string][]string{
		"say what to run here":                  nil,
		"there is no room \"cellar\"":           {"cellar"},
		"keys is a process of its own":          {"intake", "keys"},
		"door is a process of its own":          {"door", "intake"},
		"only on servers that they share":       {"intake"},
		"structure.yaml: no such file or direc": {"door"},
	} {
		if _, err := apart(s, args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
}

// The example of a split hub runs every process there is, each with settings that
// are understood and with its own files of the secrets alone.
func TestTheExampleOfRoomsApart(t *testing.T) {
	text, err := os.ReadFile("../../deploy/compose.rooms.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var example struct {
		Services map[string]struct {
			Command     []string
			Environment map[string]string
			Volumes     []string
			Ports       []string
		}
	}
	if err := yaml.Unmarshal(text, &example); err != nil {
		t.Fatal(err)
	}
	all := append(others(), host.Door)
	if n := len(example.Services) - 1; n != len(all) { // hub is switched off there
		t.Errorf("%d processes, want %d", n, len(all))
	}
	for _, name := range all {
		p := example.Services[name]
		if !slices.Equal(p.Command, []string{"run", name}) {
			t.Errorf("%s runs %q", name, p.Command)
		}
		var environ []string
		for k, v := range p.Environment {
			environ = append(environ, k+"="+strings.ReplaceAll(v, "${INFOHUS_ORIGIN:-http://127.0.0.1:8080}", "http://127.0.0.1:8080"))
		}
		s, err := host.Environment(environ)
		if err == nil {
			err = s.Whole(others()...)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := []string{name + ".tls"}
		if name != host.Keys && name != host.Door {
			want = append(want, name+".postgres")
		}
		if slices.Contains(bus.Rooms(), name) {
			want = append(want, name+".nats")
		}
		var secrets []string
		keys := false
		for _, v := range p.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if file, ok := strings.CutPrefix(from, "./secrets/"); ok {
				secrets = append(secrets, file)
			}
			keys = keys || from == "./keys"
		}
		slices.Sort(want)
		slices.Sort(secrets)
		if !slices.Equal(secrets, want) {
			t.Errorf("%s is given %q, want %q", name, secrets, want)
		}
		if keys != (name == host.Keys) || (len(p.Ports) > 0) != (name == host.Door) {
			t.Errorf("%s: keys %v, ports %q", name, keys, p.Ports)
		}
	}
}
