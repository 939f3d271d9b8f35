//go:build !race

package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// leaves adds the fields of an answer of the API that say something, by their
// paths: what is empty says nothing.
func leaves(v any, at string, out map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			leaves(x, strings.TrimPrefix(at+"."+k, "."), out)
		}
	case []any:
		for i, x := range v {
			leaves(x, fmt.Sprint(at, ".", i+1), out)
		}
	case string:
		out[at] = v != "" && v != "0001-01-01T00:00:00Z"
	case float64:
		out[at] = v != 0
	case bool:
		out[at] = true
	}
	if !out[at] {
		delete(out, at)
	}
}

// saidIn are the fields of an answer but for some, which a file has no use for.
func saidIn(a hubtest.Answer, but ...string) map[string]bool {
	var v map[string]any
	a.JSON(&v)
	for _, name := range but {
		delete(v, name)
	}
	out := map[string]bool{}
	leaves(v, "", out)
	return out
}

// file reads a file as a spreadsheet does.
func (s *script) file(a hubtest.Answer) [][]string {
	s.Helper()
	body, marked := bytes.CutPrefix(a.Must(200).Body, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(body))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil || !marked || !strings.HasPrefix(a.Header.Get("Content-Disposition"), `attachment; filename="infohus-`) || a.Header.Get("Cache-Control") != "no-store" {
		s.Fatalf("no file that Danish Excel reads: %v, %v, %s", err, a.Header, a.Body)
	}
	if number := wholeNumber.Find(body); number != nil {
		s.Errorf("a whole number goes out: %s", number)
	}
	return rows
}

var wholeNumber = regexp.MustCompile(`\b\d{6}[-–]?\d{4}\b`)

// codeAlone is a code of several words.
var codeAlone = regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)+$`)

// rawWord is what a field is called by machines, and codeOfRole what a role is.
var rawWord, codeOfRole = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`), regexp.MustCompile(`^(core_group|local_police|[a-z]+_coordinator)$`)

// posts sends a form that stands on no page of theirs.
func (s *script) posts(login, path string, form url.Values) hubtest.Answer {
	s.Helper()
	c := s.as(login)
	c.Get("/")
	form = maps.Clone(form)
	if form == nil {
		form = url.Values{}
	}
	form.Set("_hat", string(c.Post.Hat.ID))
	return s.ask(c, "POST", path, "", form)
}

// takes asks for a thing as a file, and holds it against what the API gives of it
// and of whom it is about: the same fields, not one more and not one less (A005).
// Whoever may not take it out is answered as for one that never was.
func (s *script) takesOut(login, kind string, id hub.ID, may bool, parts ...map[string]bool) {
	s.Helper()
	path := "/" + kind + "/" + string(id) + "/export"
	a := s.posts(login, path, nil)
	if !may {
		invented := "/" + kind + "/" + string(hub.NewID()) + "/export"
		s.alike(login, asking{method: "POST", path: path, invented: invented, form: url.Values{"_hat": {string(s.as(login).Post.Hat.ID)}}})
		if a.Status != 404 {
			s.Errorf("%s takes %s %s out: %d", login, kind, id, a.Status)
		}
		return
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, p := range parts {
		maps.Copy(want, p)
	}
	codes := map[string]bool{}
	for _, i := range s.Structure.Instruments {
		for _, l := range i.Levels {
			codes[l.Code] = true
		}
		for _, dim := range i.Dimensions {
			codes[dim.Code] = true
		}
	}
	for _, m := range s.Structure.Measures {
		codes[m.Code] = true
	}
	for _, c := range s.Structure.Closings {
		codes[c.Code] = true
	}
	rows := s.file(a)[1:]
	if last := rows[len(rows)-1]; last[2] == "" { // of another's it says whose, on what, and what for
		shared := s.One("select controller <> $2 from access.item where id = $1", string(id), string(s.as(login).Post.Authority)) == "t"
		if rows = rows[:len(rows)-1]; !shared || !strings.HasPrefix(last[0], "Delt af ") || !strings.Contains(last[0], "§ 115") || !strings.Contains(last[0], "aldrig til efterforskning") {
			s.Errorf("%s %s ends with %q", login, kind, last)
		}
	} else if s.One("select controller <> $2 from access.item where id = $1", string(id), string(s.as(login).Post.Authority)) == "t" {
		s.Errorf("%s takes %s of another's out, and it does not say whose", login, kind)
	}
	for _, row := range rows {
		if got[row[2]] = true; row[0] == "" || row[1] == "" {
			s.Errorf("a field without words or text: %q", row)
		}
		if codes[row[1]] || codeAlone.MatchString(row[1]) {
			s.Errorf("a code stands without its word: %q", row)
		}
		if rawWord.MatchString(row[0]) || row[1] == "proposed" || row[1] == "case" || codeOfRole.MatchString(row[1]) {
			s.Errorf("a code stands for a word: %q", row)
		}
	}
	for field := range union2(want, got) {
		if want[field] != got[field] {
			s.Errorf("%s: the field %s of %s is in the file %v, in the API %v", login, field, kind, got[field], want[field])
		}
	}
	if n := s.One("select count(*) from audit.trail where act = 'export' and outcome = 'allow' and request = '" + a.Header.Get("X-Request-Id") + "'"); atoi(n) < 2 {
		s.Errorf("%s took a %s out, and %s rows of the trail say so", login, kind, n)
	}
}

func union2(a, b map[string]bool) map[string]bool {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// person are the fields of who it is about, where somebody may see that.
func (s *script) person(login string, subject hub.ID) map[string]bool {
	s.Helper()
	a := s.as(login).API("GET", "/api/subjects/"+string(subject), nil)
	if a.Status != 200 {
		return nil
	}
	return saidIn(a, "subject", "fields", "complete", "unknown")
}

// TestSixForms is A005: page, JSON, file, search hit and list give the same fields
// of a concern, to everybody, in every state; what is refused in one form is
// refused in all. What is printed is the page (TestPrintedIsThePage).
func TestSixForms(t *testing.T) {
	s := &driver{script: begin(t)}
	exports := map[string]string{
		coordinator + " municipality": "received police_check triage case", coordinator + " police": "triage case",
		policeMan + " police": "received police_check triage case", policeMan + " municipality": "triage case",
	}
	for _, by := range []string{" police", " municipality"} {
		exports["freja"+by] = exports[policeMan+by] // his deputy
	}
	shown, taken := 0, 0
	for _, by := range []string{"municipality", "police"} {
		for _, state := range []string{"received", "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "case"} {
			d := s.drives(by, state)
			s.Settle() // nothing else is under way while statements are compared
			cpr := fmt.Sprintf("67%02d%02d-0%03d", 1+s.n%12, s.n/12%90, s.n%1000)
			for _, login := range []string{coordinator, policeMan, ssp, "freja", teacher, "liv", roskilde, koegeDPO} {
				at := "/concerns/" + string(d.id)
				a, page := s.as(login).API("GET", "/api"+at, nil), s.as(login).Get(at)
				if a.Status != page.Status {
					t.Errorf("%s, %s %s: JSON is %d, page %d", login, by, state, a.Status, page.Status)
				}
				var v struct {
					Subject hub.ID
					WhyNow  string `json:"why_now"`
				}
				var about map[string]bool
				if a.Status == 200 {
					shown++
					a.JSON(&v)
					if in := strings.Contains(page.Text(), "Ny omgangskreds"); in != (v.WhyNow != "") {
						t.Errorf("%s, %s %s: why_now is on the page %v, in JSON %v", login, by, state, in, v.WhyNow != "")
					}
					if v.Subject != "" {
						about = s.person(login, v.Subject)
					}
					may := among(exports[login+" "+by], state)
					if may {
						taken++
					}
					if strings.Contains(page.Text(), at+"/export") != may {
						t.Errorf("%s, %s %s: the page offers a file %v, may %v", login, by, state, !may, may)
					}
					s.takesOut(login, "concerns", d.id, may, saidIn(a, "version", "subject", "actions", "fields"), about)
				} else {
					s.takesOut(login, "concerns", d.id, false)
				}
				s.finds(login, d, cpr, v.Subject, about)
			}
		}
	}
	t.Logf("%d showings, %d files", shown, taken)
}

// finds holds a search against what its hits show: somebody is found exactly where
// a read of theirs would show the number, and with them the concerns that a read
// would show by name.
func (s *driver) finds(login string, d driven, cpr string, subject hub.ID, about map[string]bool) {
	s.Helper()
	a := s.as(login).API("POST", "/api/subjects/search", map[string]any{"cpr": cpr})
	page := s.posts(login, "/search", url.Values{"find": {cpr}})
	if !slices.Contains([]int{200, 404}, a.Status) || a.Status != page.Status {
		s.Fatalf("%s searches: %d %s and %d", login, a.Status, a.Body, page.Status)
	}
	hit, listed := strings.Contains(a.Text(), string(d.subject)), false
	if list := s.as(login).API("GET", "/api/concerns?subject="+string(d.subject), nil); list.Status == 200 {
		listed = strings.Contains(list.Text(), string(d.id))
	}
	if own := s.person(login, d.subject); hit != own["cpr"] {
		s.Errorf("%s finds %v, and reads the number %v", login, hit, own["cpr"])
	}
	if listed != (subject != "") && a.Status == 200 {
		s.Errorf("%s is listed the concern about them %v, and reads whom it is about %v", login, listed, subject != "")
	}
	if strings.Contains(page.Text(), "/subjects/"+string(d.subject)) != hit || strings.Contains(page.Text(), "/concerns/"+string(d.id)) != (hit && listed) {
		s.Errorf("%s: the page of the search shows another thing than the API: hit %v, listed %v", login, hit, listed)
	}
	if strings.Contains(page.Text(), strings.ReplaceAll(cpr, "-", "")) || strings.Contains(a.Text(), cpr) {
		s.Errorf("%s: the hit shows the whole number", login)
	}
}

// TestSixFormsOfACase is A005 and A016 for cases: the file has what the rooms'
// answers have, a list what a list has; and whoever is let out of a case has it in
// no form any more, an older version included.
func TestSixFormsOfACase(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	for _, state := range []string{"opening", "collecting", "written", "follow_up", "closing", "closed"} {
		w := d.works(state)
		d.Settle()
		for _, login := range []string{coordinator, policeMan, "liv", "bodil", roskilde} {
			at := "/cases/" + string(w.kase)
			a := d.as(login).API("GET", "/api"+at, nil)
			may := slices.Contains([]string{coordinator, policeMan}, login) && !slices.Contains([]string{"opening", "closed"}, state)
			if a.Status != 200 {
				d.takesOut(login, "cases", w.kase, false)
				continue
			}
			var v struct{ Subject hub.ID }
			a.JSON(&v)
			course := map[string]bool{}
			if c := d.as(login).API("GET", "/api"+at+"/course", nil); c.Status == 200 {
				course = saidIn(c, "id", "state", "version", "subject", "next_date", "actions", "fields")
			}
			if !may {
				d.takesOut(login, "cases", w.kase, false)
				continue
			}
			d.takesOut(login, "cases", w.kase, true, saidIn(a, "version", "subject", "actions", "fields"), d.person(login, v.Subject), course)
		}
	}
	d.listsOut()
	w := d.works("recommended")
	at := "/cases/" + string(w.kase)
	forms := []string{at, at + "/assessment", at + "/assessment?version=1", "/api" + at, "/api" + at + "/assessment"}
	see := func(want int) {
		t.Helper()
		had := 0
		for _, path := range forms {
			a := d.as("liv").Get(path)
			if strings.HasPrefix(path, "/api/") {
				a = d.as("liv").API("GET", path, nil)
			}
			if a.Status == 200 {
				had++
			}
		}
		if had > 0 != (want == 200) {
			t.Errorf("liv has it in %d forms, want %d", had, want)
		}
		if in := strings.Contains(d.as("liv").API("GET", "/api/cases?limit=100", nil).Text(), string(w.kase)); in != (want == 200) {
			t.Errorf("liv has it in the list: %v", in)
		}
		if in := strings.Contains(d.posts("liv", "/search", url.Values{"find": {string(w.kase)}}).Text(), at+`"`); in != (want == 200) {
			t.Errorf("liv finds it by its reference: %v", in)
		}
	}
	see(200)
	d.as(coordinator).API("DELETE", "/api"+at+"/circle/"+string(w.member), nil).Must(201)
	see(404)
}

// listsOut holds the lists as files against the lists: of each line the same, but
// for the lines that may not go out.
func (d *desk) listsOut() {
	d.Helper()
	left := 0
	for _, login := range []string{coordinator, policeMan} {
		for kind, states := range map[string]string{"concerns": "received police_check triage case", "cases": "collecting analysis assessment recommended follow_up closing"} {
			var page map[string]json.RawMessage
			d.as(login).API("GET", "/api/"+kind+"?limit=100", nil).Must(200).JSON(&page)
			var lines []struct {
				ID, Subject hub.ID
				State       string
			}
			if err := json.Unmarshal(page[kind], &lines); err != nil {
				d.Fatal(err)
			}
			want := map[string]bool{}
			for _, l := range lines {
				if among(states, l.State) {
					want[string(l.ID)] = l.Subject != ""
				}
			}
			a := d.posts(login, "/"+kind+"/export", nil)
			rows := d.file(a)
			if all := len(lines); len(want) < all { // the page says so beside the button, and the file at its end
				said := fmt.Sprintf("%d af %d: Kun det, du må trække ud", len(want), all)
				if last := rows[len(rows)-1][0]; !strings.HasPrefix(last, said) {
					d.Errorf("%s: the file of %s ends with %q, want %q", login, kind, last, said)
				}
				if !strings.Contains(d.as(login).Get("/"+kind).Text(), said) {
					d.Errorf("%s: the list of %s does not say %q", login, kind, said)
				}
				rows, left = rows[:len(rows)-1], left+1
			}
			who := slices.Index(rows[0], "Navn")
			for _, row := range rows[1:] {
				named, there := want[row[0]]
				if !there || (who >= 0 && row[who] != "") != named {
					d.Errorf("%s: the line %q of the file is another than in the list: there %v, named %v", login, row, there, named)
				}
				delete(want, row[0])
			}
			if len(want) > 0 || len(rows) < 2 {
				d.Errorf("%s: the file lacks %v", login, want)
			}
			of := "select count(*) from audit.trail where act = 'export' and outcome = 'allow' and request = '" + a.Header.Get("X-Request-Id") + "' and object_kind = '" + strings.TrimSuffix(kind, "s") + "'"
			if n := atoi(d.One(of)); n != len(rows)-1 {
				d.Errorf("%s: %d lines went out, and %d rows say so (A100)", login, len(rows)-1, n)
			}
		}
	}
	if left == 0 {
		d.Error("every line of every list leaves as a file: nothing is tried")
	}
	for _, login := range []string{"liv", ssp, teacher, koegeDPO} {
		for _, kind := range []string{"concerns", "cases"} {
			if a := d.posts(login, "/"+kind+"/export", nil); a.Status != 404 {
				d.Errorf("%s takes the list of %s out: %d", login, kind, a.Status)
			}
		}
	}
}

// TestSealedInEveryForm is A011 and L51: a protected address, and who told it to the
// hub, stand in no form for anybody without the right to them.
func TestSealedInEveryForm(t *testing.T) {
	s := begin(t)
	subject := s.registers(coordinator, map[string]any{"name": "Bertram Eksempel", "cpr": "670308-4019", "address": "Opdigtet Allé 12", "protected": true})
	var got done
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, map[string]any{"reporter_name": "Tove Tavle", "reporter_contact": "Skolens kontor", "forward": toPolice})).Must(201).JSON(&got)
	s.does(policeMan, "check", got.ID, says("released"))
	at, who := "/concerns/"+string(got.ID), "/subjects/"+string(subject)
	hidden, told := 0, 0
	for _, login := range []string{coordinator, deputy, policeMan} {
		c := s.as(login)
		reporter := strings.Contains(c.API("GET", "/api"+at, nil).Must(200).Text(), "Tove Tavle")
		if reporter {
			told++
		}
		if reporter != (login == coordinator) {
			t.Errorf("%s is told who reported it: %v", login, reporter)
		}
		for form, a := range map[string]hubtest.Answer{
			"page": c.Get(at), "page of the person": c.Get(who), "JSON of the person": c.API("GET", "/api"+who, nil), "list": c.Get("/concerns"),
			"file": s.posts(login, at+"/export", nil), "list as a file": s.posts(login, "/concerns/export", nil),
			"search": s.posts(login, "/search", url.Values{"find": {"670308-4019"}}), "search, as JSON": c.API("POST", "/api/subjects/search", map[string]any{"cpr": "670308-4019"}),
			"search by reference": s.posts(login, "/search", url.Values{"find": {string(got.ID)}}),
		} {
			a.Must(200)
			hidden++
			if strings.Contains(a.Text(), "Opdigtet Allé") {
				t.Errorf("%s: the protected address stands in the %s", login, form)
			}
			if wholeNumber.MatchString(strings.ReplaceAll(a.Text(), "010190-1234", "")) { // which a hint shows
				t.Errorf("%s: a whole number stands in the %s", login, form)
			}
			if strings.Contains(a.Text(), "Tove Tavle") != (reporter && (form == "page" || form == "file")) {
				t.Errorf("%s: who reported it stands in the %s: %v", login, form, !reporter)
			}
		}
	}
	if s.Settle(); s.One("select count(*) from (select envelope::text from intake.outbox union all select envelope::text from person.outbox) e(t) where t ~ 'Opdigtet|Tove|Bertram|670308'") != "0" {
		t.Error("a fact tells of the person")
	}
	if told != 1 || hidden == 0 {
		t.Errorf("%d were told who reported it", told)
	}
}

// TestAFileNeedsASignInJustNow is A038 and A099: on an old sign-in there is no file,
// whoever may take it out; and it is the answer itself, at no address.
func TestAFileNeedsASignInJustNow(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	at := "/concerns/" + string(id)
	s.file(s.posts(coordinator, at+"/export", nil))
	s.file(s.posts(coordinator, "/concerns/export", nil))
	s.Advance(16 * time.Minute)
	s.as(coordinator).Get(at).Must(200)
	for _, path := range []string{at + "/export", "/concerns/export"} {
		a := s.posts(coordinator, path, nil)
		if a.Status != 403 || !strings.Contains(a.Text(), "log ind igen") || strings.Contains(a.Text(), "Bertram") {
			t.Errorf("on an old sign-in %s is answered %d %s", path, a.Status, a.Body)
		}
		if n := s.One("select count(*) from audit.trail where act = 'export' and outcome = 'deny' and request = '" + a.Header.Get("X-Request-Id") + "'"); n != "1" {
			t.Errorf("%s rows say that it was refused", n)
		}
		if a := s.as(coordinator).Get(path); a.Status != 404 && a.Status != 405 {
			t.Errorf("the file lies at %s: %d", path, a.Status)
		}
	}
	if a := s.posts(roskilde, at+"/export", nil); a.Status != 404 {
		t.Errorf("a stranger on a new sign-in is answered %d", a.Status)
	}
	s.as(coordinator).SignIn()
	s.file(s.posts(coordinator, at+"/export", nil))
}

// Whoever is refused at the door gets back what they typed by the labels of that
// form, and not by those of another form of the room with a field of that name.
func TestARefusedGlassIsGivenBackInItsWords(t *testing.T) {
	s := begin(t)
	s.as("ebbe").SignIn()
	door := s.as("ebbe").Get("/cases/glass").Must(200).Text()
	labels := regexp.MustCompile(`name="_labels" value="([^"]+)"`).FindStringSubmatch(door)
	if labels == nil {
		t.Fatalf("the door does not say what its fields are called: %s", mainOf(door))
	}
	a := s.posts("ebbe", "/cases/glass", url.Values{"reference": {string(hub.NewID())}, "category": {"life"}, "reason": {inDanger[0]}, "minutes": {"30"}, "_labels": {labels[1]}})
	if a.Status != 404 {
		t.Errorf("what is not there is answered %d", a.Status)
	}
	s.saysAll(a.Text(), "Referencen, eller adressen på siden", "Hvorfor?", "Nogens liv eller helbred er i fare", "Skriv med dine egne ord", inDanger[0],
		"!Hvad skal de med til?", "!>category<", "!>reference<", "!>life<")
}
