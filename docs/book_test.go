package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
	"github.com/infohus/infohus/policies/book"
)

// TestPolicyBook checks that the policy book is what the rules and their data
// say, in both languages, and that every code of theirs has a word. After a change
// of the rules: go test ./docs -update
func TestPolicyBook(t *testing.T) {
	engine, err := policies.New()
	if err != nil {
		t.Fatal(err)
	}
	law, err := engine.Readable()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"da", "en"} {
		words := catalogue(t, lang)
		b, err := book.New(law, words)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range b.Missing {
			t.Errorf("%s: no word for %s: put one where policies/book looks for it (catalogues)", lang, code)
		}
		matches(t, "policy-book."+lang+".md", renderBook(b, words))
	}
}

// matches holds a rendered document to its file, or writes it.
func matches(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(name); err != nil {
		t.Error(err)
	} else if string(got) != want {
		t.Errorf("%s is not what the code says: run go test ./docs -update, and read the difference", name)
	}
}

var place = regexp.MustCompile(`\{[0-9]\}`)

// catalogue reads the words of every room in a language.
func catalogue(t *testing.T, lang string) book.Words {
	t.Helper()
	files, err := filepath.Glob("../services/*/pages/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range append(files, "../pkg/web/pages/"+lang+".json") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &all); err != nil { // adds to what is there
			t.Fatalf("%s: %v", file, err)
		}
	}
	has := func(key string) bool { return all[key] != "" }
	demo, err := structure.Load(bytes.NewReader(deploy.Demo()), deploy.DemoName)
	if err != nil {
		t.Fatal(err)
	}
	return book.Words{Lang: lang, Has: has, Relied: demo.Relied, Text: func(key string, args ...any) string {
		if !has(key) {
			t.Errorf("%s: no word %s", lang, key)
		}
		return place.ReplaceAllStringFunc(all[key], func(p string) string { return fmt.Sprint(args[p[1]-'0']) })
	}}
}

// renderBook writes a book in Markdown.
func renderBook(b book.Book, words book.Words) string {
	var s strings.Builder
	fmt.Fprintf(&s, "# %s\n\n%s `go test ./docs -update`.\n\n", words.Text("rules.title"), words.Text("rules.rendered"))
	for _, p := range b.Parts {
		fmt.Fprintf(&s, "%s- [%s](#%s)\n", strings.Repeat("  ", p.Level-2), p.Title, anchor(p.Title))
	}
	for _, p := range b.Parts {
		fmt.Fprintf(&s, "\n%s %s\n", strings.Repeat("#", p.Level), p.Title)
		for _, c := range p.Text {
			fmt.Fprintf(&s, "\n%s\n", inline(c))
		}
		for _, table := range p.Tables {
			fmt.Fprintf(&s, "\n**%s**\n\n| %s |\n|%s\n", table.Caption, strings.Join(table.Head, " | "), strings.Repeat("--|", len(table.Head)))
			for _, row := range table.Rows {
				for i, c := range row {
					if i == 0 {
						c.Text = "**" + c.Text + "**"
					}
					s.WriteString("| " + strings.ReplaceAll(inline(c), "|", `\|`) + " ")
				}
				s.WriteString("|\n")
			}
			if table.Note != "" {
				fmt.Fprintf(&s, "\n%s\n", table.Note)
			}
		}
	}
	return s.String()
}

func inline(c book.Cell) string {
	text := c.Text
	if c.Law != "" {
		text = strings.TrimSpace(text + " *" + c.Law + "*")
	}
	if c.En != "" {
		text += " *" + c.En + "*"
	}
	if text == "" {
		return book.None
	}
	return text
}

var unheard = regexp.MustCompile(`[^\pL\pN -]`)

// anchor is where a heading is found in rendered Markdown.
func anchor(title string) string {
	return strings.ReplaceAll(unheard.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}
