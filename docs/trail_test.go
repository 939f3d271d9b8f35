package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/tree"
)

// TestTrail holds the columns of a row's entry in trail.md against the code, so that
// somebody else can write a verifier from the document.
func TestTrail(t *testing.T) {
	const from, to = "<!-- columns -->\n", "<!-- /columns -->\n"
	file, err := os.ReadFile("trail.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(file), from)
	_, after, ok2 := strings.Cut(rest, to)
	if !ok1 || !ok2 {
		t.Fatal("trail.md has no place for the columns")
	}
	kinds := map[tree.Kind]string{tree.Text: "text", tree.Number: "number", tree.Time: "time", tree.JSON: "json", tree.List: "list", tree.Bytes: "bytes"}
	var b strings.Builder
	b.WriteString("\n| # | column | kind |\n|--:|--|--|\n")
	for i, c := range tree.Columns {
		fmt.Fprintf(&b, "| %d | `%s` | %s |\n", i+1, c.Name, kinds[c.Kind])
	}
	want := before + from + b.String() + "\n" + to + after
	if *update {
		if err := os.WriteFile("trail.md", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(file) {
		t.Error("trail.md does not have the columns of pkg/tree: go test ./docs -update")
	}
	if !strings.Contains(string(file), "    "+tree.BundleFormat+"\n") {
		t.Errorf("trail.md says nothing of the format %q", tree.BundleFormat)
	}
	if !strings.Contains(string(file), fmt.Sprintf(`"infohus trail row %d"`, tree.Form)) {
		t.Errorf("trail.md says nothing of form %d", tree.Form)
	}
}
