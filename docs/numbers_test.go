package docs

import (
	"encoding/csv"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// claim is a place that says of a number that it is tested there.
type claim struct {
	number, file, test string // the file from the top; no test for a row of a table that several tests read
	row                string // of which row of a table
	part               bool   // it says "in part"
}

// TestNumbers checks that abuse-cases.md says which abuse cases, legal
// requirements and bars of privacy have a test, and where. After a change of the tests: go test ./docs
// -update
func TestNumbers(t *testing.T) {
	file, err := os.Open("numbers.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read := csv.NewReader(file)
	read.FieldsPerRecord = -1 // what the hub cannot of it, and why, stands last where there is something
	rows, err := read.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range rows {
		if known[r[0]] || areas[r[1]] == "" {
			t.Errorf("numbers.csv: %s is there twice, or of no area: %s", r[0], r[1])
		}
		known[r[0]] = true
	}
	claims := allClaims(t)
	for _, c := range claims {
		if !known[c.number] {
			t.Errorf("%s %s: there is no number %s", c.file, c.test, c.number)
		}
	}
	matches(t, "abuse-cases.md", renderNumbers(rows, claims))
}

// areas are the parts of the work that a number can belong to.
var areas = map[string]string{
	"foundation": "a concern comes in, and the house itself (issue 2)",
	"case":       "from question to closing (issue 3)",
	"sharing":    "who may see what (issue 4)",
	"trail":      "the trail (issue 5)",
	"door":       "signing in",
	"exchange":   "exchange with authorities' own systems",
	"rights":     "the citizen's rights, erasure and keys",
	"records":    "correcting and merging records",
	"statistics": "statistics and public editions",
	"running":    "running and governing it",
}

func renderNumbers(rows [][]string, claims []claim) string {
	tested := map[string]map[string]bool{"A": {}, "L": {}, "P": {}}
	all := map[string]int{}
	var tables [3]strings.Builder
	for _, r := range rows {
		kind := r[0][:1]
		all[kind]++
		mine := slices.DeleteFunc(slices.Clone(claims), func(c claim) bool { return c.number != r[0] })
		where := "**none yet**: " + areas[r[1]]
		if len(mine) > 0 {
			where = places(mine)
			tested[kind][r[0]] = true
		}
		if len(r) > 3 {
			where += "<br>*Not:* " + r[3]
		}
		fmt.Fprintf(&tables[strings.Index("ALP", kind)], "| %s | %s | %s |\n", r[0], r[2], where)
	}
	return fmt.Sprintf(`# What may go wrong, what the law asks, and which test shows it

Rendered from the tests themselves (a number stands in a test's name or in the comment over it, or in the name of a row of its table) and from
`+"`docs/numbers.csv`"+`, by `+"`go test ./docs -update`"+`. "In part" is what the test says of itself. That a number has a test says where to look, and
not that all of it is shown. What says **none yet** has none, or none that claims it. *Not:* is what the hub cannot of it, and why.

%d of %d abuse cases, %d of %d legal requirements and %d of %d bars of privacy have a test.

## Abuse cases

| number | what is tried | tests |
|--|--|--|
%s
## Legal requirements

| number | what is asked | tests |
|--|--|--|
%s
## Bars of privacy

| number | what must hold | tests |
|--|--|--|
%s`, len(tested["A"]), all["A"], len(tested["L"]), all["L"], len(tested["P"]), all["P"], tables[0].String(), tables[1].String(), tables[2].String())
}

// places writes where the claims are: each test once, with its rows.
func places(claims []claim) string {
	var list []string
	for i := 0; i < len(claims); {
		c, rows := claims[i], []string{}
		for ; i < len(claims) && claims[i].file == c.file && claims[i].test == c.test; i++ {
			if claims[i].row != "" {
				rows = append(rows, claims[i].row)
			}
			c.part = c.part && claims[i].part
		}
		name := c.test
		if name == "" {
			name = filepath.Base(c.file)
		}
		text := fmt.Sprintf("[%s](../%s)", name, c.file)
		switch {
		case len(rows) > 2:
			text += fmt.Sprintf(" (%d rows)", len(rows))
		case len(rows) > 0:
			text += " (" + strings.ReplaceAll(strings.Join(rows, "; "), "|", `\|`) + ")"
		}
		if c.part {
			text += " in part"
		}
		list = append(list, text)
	}
	return strings.Join(list, "<br>")
}

var (
	number   = regexp.MustCompile(`\b(A\d{3}|L\d{1,2}[ab]?|P\d{1,2})\b(?:(?: to |-)(A\d{3}|L\d{1,2})\b)?( in part)?`)
	inRow    = regexp.MustCompile(`\(((?:A\d{3}|L\d{1,2}[ab]?)(?:, (?:A\d{3}|L\d{1,2}[ab]?))*)\)`)
	counted  = regexp.MustCompile(`^\d+: `)
	regoTest = regexp.MustCompile(`(?m)((?:^#.*\n)*)^(test_\w+)`)
)

// allClaims reads the claims out of every test of the repository, in the order
// of the files.
func allClaims(t *testing.T) []claim {
	t.Helper()
	var all []claim
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if n := d.Name(); d.IsDir() && (n != ".." && strings.HasPrefix(n, ".") || n == "testdata") {
			return filepath.SkipDir
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		switch {
		case strings.HasSuffix(path, "_test.rego"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range regoTest.FindAllStringSubmatch(string(text), -1) {
				all = append(all, claimed(claim{file: name, test: m[2]}, m[1])...)
			}
		case strings.HasSuffix(path, "_test.go") && d.Name() != "numbers_test.go":
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			all = append(all, goClaims(name, f)...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no test claims a number: this test has gone blind")
	}
	return all
}

// goClaims reads the claims of one file: of each test's name and comment, and of
// the names of rows.
func goClaims(file string, f *ast.File) (all []claim) {
	for _, d := range f.Decls {
		at := claim{file: file}
		if fn, ok := d.(*ast.FuncDecl); ok && isTest(fn.Name.Name) {
			at.test = fn.Name.Name
			all = append(all, claimed(at, strings.ReplaceAll(fn.Name.Name, "_", " "))...)
			all = append(all, claimed(at, fn.Doc.Text())...)
		}
		ast.Inspect(d, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			for _, m := range inRow.FindAllStringSubmatch(text, -1) {
				row := at
				row.row = strings.Join(strings.Fields(strings.ReplaceAll(text, m[0], "")), " ")
				row.row = counted.ReplaceAllString(row.row, "")
				if len(row.row) > 80 || strings.Contains(row.row, "%") {
					row.row = "" // no name, but a sentence that quotes one
				}
				all = append(all, claimed(row, m[1])...)
			}
			return err == nil
		})
	}
	return all
}

func isTest(name string) bool {
	return strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz")
}

// claimed is a claim for each number in a text; "A034 to A039" are six.
func claimed(at claim, text string) (all []claim) {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "#", " ")), " ")
	for _, m := range number.FindAllStringSubmatch(text, -1) {
		at.part = m[3] != ""
		first, _ := strconv.Atoi(strings.Trim(m[1], "ALab"))
		last, _ := strconv.Atoi(strings.Trim(m[2], "AL"))
		if m[2] == "" || m[1][0] != m[2][0] {
			at.number = m[1]
			all = append(all, at)
			continue
		}
		for n := first; n <= last; n++ {
			if at.number = fmt.Sprintf("L%d", n); m[1][0] == 'A' {
				at.number = fmt.Sprintf("A%03d", n)
			}
			all = append(all, at)
		}
	}
	return all
}
