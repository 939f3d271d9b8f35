package structure

import (
	"bufio"
	"flag"
	"os"
	"strings"
	"testing"
)

func small(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func load(text string) (*Structure, error) { return Load(strings.NewReader(text), "x.yaml") }

// TestBrokenFiles breaks the small file in one way after another, as
// testdata/broken.txt says: what is found, what is put instead, and the errors
// that are told, each with its line.
func TestBrokenFiles(t *testing.T) {
	whole := small(t)
	if _, err := load(whole); err != nil {
		t.Fatal(err)
	}
	all := broken(t)
	for i, c := range all {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(whole, c.find) != 1 {
				t.Fatalf("%q is in the small file %d times, want once", c.find, strings.Count(whole, c.find))
			}
			_, err := load(strings.Replace(whole, c.find, c.put, 1))
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.ReplaceAll(err.Error(), "x.yaml:", "")
			all[i].want = got
			if got != c.want && !*update {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	if len(all) < 100 {
		t.Errorf("only %d cases were read", len(all))
	}
	if *update {
		write(t, all)
	}
}

// update writes the errors as they are into the table, to be read by a human.
var update = flag.Bool("update", false, "write testdata/broken.txt anew")

const preface = `# How a structure file can be wrong, and what its writer is told. Every case
# breaks small.yaml in one place: ! names it, - is what is found, + what is put
# instead, = the error, after its line. See TestBrokenFiles.
`

func write(t *testing.T, all []breakage) {
	t.Helper()
	b := strings.Builder{}
	b.WriteString(preface)
	line := func(mark, text string) {
		b.WriteString(strings.TrimRight(mark+" "+strings.ReplaceAll(text, "\n", `\n`), " ") + "\n")
	}
	for _, c := range all {
		b.WriteString("\n")
		line("!", c.name)
		line("-", c.find)
		line("+", c.put)
		for _, w := range strings.Split(c.want, "\n") {
			line("=", w)
		}
	}
	if err := os.WriteFile("testdata/broken.txt", []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

type breakage struct{ name, find, put, want string }

// broken reads the table. A case is lines that begin with ! name, - find,
// + put, and = for each error wanted; \n stands for a new line.
func broken(t *testing.T) []breakage {
	t.Helper()
	f, err := os.Open("testdata/broken.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []breakage
	for in := bufio.NewScanner(f); in.Scan(); {
		line := in.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		mark, rest := line[0], strings.ReplaceAll(strings.TrimPrefix(line[1:], " "), `\n`, "\n")
		if mark == '!' {
			all = append(all, breakage{name: rest})
			continue
		}
		c := &all[len(all)-1]
		switch mark {
		case '-':
			c.find = rest
		case '+':
			c.put = rest
		case '=':
			if c.want != "" {
				c.want += "\n"
			}
			c.want += rest
		default:
			t.Fatalf("broken.txt: %q", line)
		}
	}
	return all
}

func TestFilesThatAreNoStructure(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":      {"", "x.yaml:1: the file is empty; begin with the demo's file deploy/infohus.yaml"},
		"a list":     {"- a", "x.yaml:1: the file is to have the fields demo, district, authorities, policy, infohus, legal_bases, purposes, agreements, instruments, catalogue, closing_reasons, retention, break_glass, closed_days, review, look_ups, leaving, trail, samples, anomalies, people, each with a colon"},
		"not UTF-8":  {"a: \xff", "x.yaml:1: the file is not UTF-8; save it as UTF-8"},
		"too long":   {strings.Repeat("#", maxSize+1), "x.yaml:1: the file is longer than a structure file can be (1 MB); is it the right file?"},
		"two":        {"a: 1\n---\nb: 2", "x.yaml:2: a second document begins here; a structure file is one document: take away the --- line"},
		"not YAML":   {"a: 1\nb: [", "x.yaml:2: this is not YAML: did not find expected node content; look at the indentation and the colons here and on the line before"},
		"a bomb":     {"a: &a [x, x]\nb: &b [*a, *a]\ndistrict: *b", ""},
		"only nulls": {"~", ""},
	} {
		_, err := load(c.text)
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if c.want != "" && err.Error() != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, err, c.want)
		}
	}
}

// Whatever it is given, Load tells where something is wrong, and never panics.
func FuzzLoad(f *testing.F) {
	f.Add(small(f))
	f.Add("a: *b")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := load(text); err != nil && !strings.HasPrefix(err.Error(), "x.yaml:") {
			t.Errorf("an error without a place: %v", err)
		}
	})
}

// With any line gone, or cut anywhere, the file is read, or refused with a place.
func TestLinesGone(t *testing.T) {
	whole := small(t)
	lines := strings.SplitAfter(whole, "\n")
	for i := range lines {
		text := strings.Join(append(append([]string{}, lines[:i]...), lines[i+1:]...), "")
		if _, err := load(text); err != nil && !strings.HasPrefix(err.Error(), "x.yaml:") {
			t.Errorf("without line %d: %v", i+1, err)
		}
	}
	for i := 0; i < len(whole); i += 13 {
		_, _ = load(whole[:i])
	}
}
