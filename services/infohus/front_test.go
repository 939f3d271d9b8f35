//go:build !race

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// linesOf are the lines of a page's tables, of what waits and of notices, as they
// are seen.
func linesOf(t *testing.T, a hubtest.Answer) (lines []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(a.Text()))
	if err != nil {
		t.Fatal(err)
	}
	class := func(n *html.Node) string {
		for _, at := range n.Attr {
			if at.Key == "class" {
				return at.Val
			}
		}
		return ""
	}
	for n := range root.Descendants() {
		line := n.Data == "li" && n.Parent != nil && (class(n.Parent) == "notices" || class(n.Parent) == "waits")
		if row := n.Data == "tr" && n.Parent != nil && n.Parent.Data == "tbody"; !row && !line {
			continue
		}
		var text []string
		for x := range n.Descendants() {
			if x.Type == html.TextNode && !strings.Contains(class(x.Parent), "sr-only") {
				text = append(text, strings.Fields(x.Data)...)
			}
		}
		lines = append(lines, strings.Join(text, " "))
	}
	return lines
}

// TestEachLineOfTheFrontPageIsItsOwn: several that wait at the same moment for
// the same step are told apart, on the front page without a name, which it does
// not record as shown; and so are the notices.
func TestEachLineOfTheFrontPageIsItsOwn(t *testing.T) {
	s := &driver{script: begin(t)}
	var ids []hub.ID
	for range 3 {
		ids = append(ids, s.drives("municipality", "received").id)
	}
	for range 2 {
		ids = append(ids, s.drives("municipality", "police_check").id)
	}
	s.Settle()
	apart := func(login, path string, least int) []string {
		t.Helper()
		lines := linesOf(t, s.as(login).Get(path).Must(200))
		if len(lines) < least {
			t.Errorf("%s has %d lines at %s, want %d at least", login, len(lines), path, least)
		}
		if once := slices.Compact(slices.Sorted(slices.Values(lines))); len(once) < len(lines) {
			t.Errorf("%s cannot tell apart at %s:\n%s", login, path, strings.Join(lines, "\n"))
		}
		for _, line := range lines {
			if path == "/" && strings.Contains(line, "Opdigtet Nummer") {
				t.Errorf("%s reads a name on the front page: %s", login, line)
			}
		}
		return lines
	}
	all := strings.Join(apart(coordinator, "/", 8), "\n") // three that wait, five notices
	for _, id := range ids[:3] {
		if !strings.Contains(all, "Reference …"+string(id[len(id)-6:])) {
			t.Errorf("%s is not among them", id)
		}
	}
	apart(policeMan, "/", 4)
	apart(coordinator, "/concerns", 5)
	apart(ssp, "/concerns", 5) // to whom they are assigned, and most of whom they no longer see by name

	// Of overdue steps the owner reads which, a manager how many and no more.
	s.Advance(9 * 24 * time.Hour)
	clear(s.who) // their sign-ins have ended
	if all := strings.Join(apart(coordinator, "/", 8), "\n"); !strings.Contains(all, "Et trin er over fristen. Modtaget. Reference …") && !strings.Contains(all, "Et trin er over fristen. Underretning om et barn. Reference …") {
		t.Errorf("the owner does not read which step:\n%s", all)
	}
	manager := strings.Join(apart(koegeManager, "/", 1), "\n")
	if !strings.Contains(manager, "Et trin er over fristen. Det er sket ") || strings.Contains(manager, "…") || strings.Contains(manager, "Modtaget.") {
		t.Errorf("the manager reads:\n%s", manager)
	}
	s.as(koegeManager).Submit("/notices/read", nil).Must(200)
	if left := linesOf(t, s.as(koegeManager).Get("/")); len(left) > 0 {
		t.Errorf("read, and still there: %v", left)
	}
}

// TestWhatIsDueFirstStandsFirst: a notification of a child that is overdue stands
// above what is due tomorrow, in the list and on the front page, also where the
// concern's own step has days left (L25).
func TestWhatIsDueFirstStandsFirst(t *testing.T) {
	s := &driver{script: begin(t)}
	child := s.drives("municipality", "triage").id
	s.Advance(25 * time.Hour)
	clear(s.who) // their sign-ins have ended
	fresh := s.drives("municipality", "received").id
	for _, path := range []string{"/", "/concerns"} {
		text := s.as(coordinator).Get(path).Must(200).Text()
		text = text[strings.Index(text, "<main"):]
		first, then := strings.Index(text, "/concerns/"+string(child)), strings.Index(text, "/concerns/"+string(fresh))
		if first < 0 || then < first {
			t.Errorf("at %s the child's concern is at %d, the fresh one at %d", path, first, then)
		}
	}
	// Those were two lists, after the front page at signing in, and that is what the
	// concern says of who has seen it; of the number, only the mask.
	if text := s.as(coordinator).Get("/concerns/" + string(child)).Must(200).Text(); !strings.Contains(text, "Åbnet 1 gang den dag<br>Vist som en linje i en liste 3 gange") ||
		!strings.Contains(text, "personnummer uden de sidste fire cifre (databeskyttelsesloven § 11)") {
		t.Errorf("who has seen it: %s", text[strings.Index(text, "Hvem har set"):])
	}
}

// TestAFormThatMayNotBeSentIsNotThere: who may register nobody, and hand in
// nothing, is shown neither of the two pages, in the very bytes of a page that
// there never was; and the trail has it, as it has the sending.
func TestAFormThatMayNotBeSentIsNotThere(t *testing.T) {
	s := begin(t)
	for _, login := range []string{koegeDPO, koegeManager, "rune", "aksel"} {
		none := s.as(login).Get("/nowhere").Must(404).Text()
		refused := `select count(*) from audit.trail where act = 'collect' and outcome = 'deny' and person = $1`
		before := s.One(refused, string(s.as(login).Post.Person))
		for _, path := range []string{"/subjects/new", "/subjects/new?next=concern", "/concerns/new?subject=" + string(hub.NewID())} {
			if a := s.as(login).Get(path); a.Status != 404 || a.Text() != none {
				t.Errorf("%s is answered %d at %s, and not as if it were not there", login, a.Status, path)
			}
		}
		if after := s.One(refused, string(s.as(login).Post.Person)); before != "0" || after != "3" {
			t.Errorf("%s has %s refusals in the trail, and had %s", login, after, before)
		}
	}
	for _, login := range []string{coordinator, teacher, policeMan} {
		s.as(login).Get("/subjects/new").Must(200)
	}
}

// Of a concern whose case is closed, and of which nobody has assessed whether to notify
// about the child (L25 in part), what waits says both: it is not read as a case that goes on.
func TestWhatWaitsOfAClosedCaseSaysSo(t *testing.T) {
	s := begin(t)
	d := &desk{driver: &driver{script: s}}
	subject := s.registers(coordinator, map[string]any{"name": "Opdigtet Barn", "no_cpr": true, "birth_date": "05-05-2011"})
	var got done
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, map[string]any{"child": "yes", "forward": toPolice})).Must(201).JSON(&got)
	d.does(policeMan, "check", got.ID, says("released"))
	for _, login := range []string{coordinator, policeMan} {
		d.does(login, "triage", got.ID, judge("case"))
	}
	w := d.from(driven{id: got.ID, subject: subject})
	waits := func() string {
		_, line, _ := strings.Cut(mainOf(s.as(coordinator).Get("/").Must(200).Text()), `href="/concerns/`+string(got.ID)+`">`)
		line, _, _ = strings.Cut(line, "<")
		return strings.TrimSpace(line)
	}
	if open := waits(); open != "Vurdér underretningspligten" {
		t.Errorf("of a case that goes on it says %q", open)
	}
	d.brings(w, "closed")
	if closed := waits(); closed != "Sagen er afsluttet, men ingen har vurderet, om der skal underrettes om barnet" {
		t.Errorf("of a closed one it says %q", closed)
	}
}
