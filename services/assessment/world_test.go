package assessment

import (
	"bytes"
	"context"
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/services/portal"
)

// world is a hub with this room, one case in it, and stand-ins for the others.
type world struct {
	*hubtest.Hub
	t             *testing.T
	env, closes   service.Env // of the rooms that tell of concerns, and of closings
	room          *room
	kase, subject hub.ID
}

// standIn takes a room's place: it hears, and keeps nothing.
func standIn(name string, env *service.Env, marks map[string]web.Mark) service.Service {
	return service.Service{Name: name, Open: func(e service.Env) (service.Room, error) {
		if env != nil {
			*env = e
		}
		on := map[string]service.Reaction{}
		for _, owner := range event.Owners() {
			for _, k := range event.Heard(name, owner) {
				on[k.Type] = func(context.Context, *pg.Tx, event.Envelope, event.Fact) error { return nil }
			}
		}
		return service.Room{On: on, Marks: marks}, nil
	}}
}

// name is what a page shows in the place of a person's card.
func name(_ context.Context, _ hub.Actor, _ string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	out := map[hub.ID]template.HTML{}
	for _, id := range ids {
		out[id] = "Signe Prøvesen"
	}
	return out, nil
}

// run is a world with a case that both coordinators have opened: liv of the
// municipality's core group is in it.
func run(t *testing.T) *world {
	t.Helper()
	return runWith(t, "")
}

func demo() string { return string(deploy.Demo()) }

// runWith is run with another structure file than the demo's.
func runWith(t *testing.T, file string) *world {
	t.Helper()
	w := &world{t: t}
	own := Service
	own.Open = func(e service.Env) (service.Room, error) {
		w.room = &room{e}
		return open(e)
	}
	w.Hub = hubtest.Open(t, hubtest.Options{Structure: file, Services: []service.Service{portal.Service,
		standIn("person", nil, map[string]web.Mark{"card": name, "name": name}), standIn("intake", &w.env, nil), own, standIn("referral", &w.closes, nil), standIn("audit", nil, map[string]web.Mark{"seen": name})}})
	w.kase, w.subject = w.another()
	return w
}

// another is one more case.
func (w *world) another() (kase, subject hub.ID) {
	w.t.Helper()
	subject, concern := w.env.NewID(), w.env.NewID()
	if err := w.env.Vault.Make(subject); err != nil {
		w.t.Fatal(err)
	}
	who := hub.System(w.Now(), w.env.NewID())
	err := w.env.DB.Command(w.t.Context(), who, pg.Entry{}, func(tx *pg.Tx) error {
		return tx.Tell(w.t.Context(), event.ConcernTriaged{Concern: concern, Subject: subject, Authority: "koege", Police: "mvs-politi", Outcome: "case"})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Settle()
	kase = hub.ID(w.One("select id from assessment.cases where concern = $1", string(concern)))
	liv := w.One("select id from assessment.member where case_id = $1 and hat = $2", string(kase), string(w.As("liv").Post.Hat.ID))
	why := "De kender skolegangen og skal kunne svare på det."
	w.As("gudrun").API("POST", "/api/cases/"+string(kase)+"/open", map[string]any{"members": []string{liv}, "reason": why, "terms": "within_cooperation",
		"legal_basis": "RPL115-2", "purpose": "prevention", "necessity": "Politiet skal kunne vurdere sagen sammen med os."}).Must(http.StatusOK)
	w.As("thorkild").API("POST", "/api/cases/"+string(kase)+"/open", map[string]any{"members": []string{}, "reason": why}).Must(http.StatusOK)
	w.Settle()
	return kase, subject
}

func (w *world) at(rest string) string { return "/api/cases/" + string(w.kase) + rest }

// does sends a command about the case, and expects that it is done.
func (w *world) does(login, method, rest string, in any) CaseReceipt {
	w.t.Helper()
	a := w.As(login).API(method, w.at(rest), in)
	if a.Status != http.StatusOK && a.Status != http.StatusCreated {
		w.t.Fatalf("%s %s %s: %d %s", login, method, rest, a.Status, a.Body)
	}
	var done CaseReceipt
	a.JSON(&done)
	return done
}

// problem is what a refused command is told.
type problem struct {
	Status int
	Errors []struct{ Field, Key string }
}

// refused sends a command, and gives what it was told.
func (w *world) refused(login, method, rest string, in any) problem {
	w.t.Helper()
	a := w.As(login).API(method, w.at(rest), in)
	if a.Status < 400 || a.Status >= 500 {
		w.t.Fatalf("%s %s %s: %d %s", login, method, rest, a.Status, a.Body)
	}
	var p problem
	a.JSON(&p)
	return p
}

func (p problem) is(t *testing.T, status int, field, key string) {
	t.Helper()
	if len(p.Errors) == 0 && p.Status == status && field == "" {
		return
	}
	for _, e := range p.Errors {
		if p.Status == status && e.Field == field && e.Key == key {
			return
		}
	}
	t.Errorf("told %+v, wanted %d: %s at %q", p, status, key, field)
}

// sees is the joint assessment as somebody sees it.
func (w *world) sees(login string) *JointView {
	w.t.Helper()
	v := new(JointView)
	w.As(login).API("GET", w.at("/assessment"), nil).Must(http.StatusOK).JSON(v)
	return v
}

// meets convenes a meeting an hour from now, and lets it be then.
func (w *world) meets() {
	w.t.Helper()
	when := w.Now().Add(time.Hour).In(hub.Copenhagen)
	w.does("gudrun", "POST", "/meeting", map[string]any{"date": when.Format(time.DateOnly), "time": when.Format("15:04")})
	w.Advance(2 * time.Hour)
}

// met takes the case past its meeting.
func (w *world) met() {
	w.t.Helper()
	w.meets()
	w.does("gudrun", "POST", "/meeting/held", map[string]any{"attendance": []hub.ID{w.As("gudrun").Post.Hat.ID, w.As("liv").Post.Hat.ID}, "note": "Skolen fortalte om den nye omgangskreds."})
	w.Settle()
}

// whole is a draft that can be signed.
func (w *world) whole(edit int, change ...func(*Joint)) JointDraft {
	j := whole(w.t)
	for _, c := range change {
		c(&j)
	}
	return JointDraft{Edit: edit, Joint: j}
}

// told lists the kinds of facts that were told of the case, in order.
func (w *world) told() (list []string) {
	for _, row := range w.SQL(`select envelope->>'type' from assessment.outbox where envelope->>'data' like '%' || $1 || '%' or (envelope->'data')::text like '%' || $1 || '%' order by 1`, string(w.kase)) {
		list = append(list, strings.TrimSuffix(strings.TrimPrefix(row[0], "assessment."), ".v1"))
	}
	return list
}

func (w *world) state() string {
	w.t.Helper()
	return w.One("select state from access.item where id = $1", string(w.kase))
}

// unworded finds a text that is missing in the catalogues: "[assessment.x]".
var unworded = regexp.MustCompile(`\[[a-z_]+\.[a-z_.0-9-]+\]`)

// sound checks what every page must be: worded in its language.
func sound(t *testing.T, a hubtest.Answer) hubtest.Answer {
	t.Helper()
	for found := range maps.Keys(counted(unworded.FindAllString(a.Text(), -1))) {
		t.Errorf("%s has no words for %s", a.Path, found)
	}
	return a
}

func counted(list []string) map[string]int {
	n := map[string]int{}
	for _, s := range list {
		n[s]++
	}
	return n
}

var informed = map[string]any{"decision": "later", "again": "2026-12-20", "reason": "Det ville skade den samtale, der er aftalt med familien."}

func (w *world) signs(login string) CaseReceipt {
	w.t.Helper()
	return w.does(login, "POST", "/sign", Signing{Content: w.sees(login).Content})
}

var today = time.Date(2026, 11, 21, 12, 0, 0, 0, hub.Copenhagen)

// held is what the demo's assessments are held against.
func held(t testing.TB) table {
	t.Helper()
	s, err := structure.Load(bytes.NewReader(deploy.Demo()), deploy.DemoName)
	if err != nil {
		t.Fatal(err)
	}
	in, ok := s.InstrumentAt(today)
	if !ok || len(in.Dimensions) != 9 {
		t.Fatalf("the instrument has %d dimensions, wanted nine", len(in.Dimensions))
	}
	return table{in, func(id hub.AuthorityID) bool { _, ok := s.Authority(id); return ok }, today}
}

func says(text string, cited bool) Evidence {
	return Evidence{Text: text, Kind: "fact", Source: "samtale på skolen", AsOf: "2026-11-01", Cited: cited}
}

// whole is an assessment that can be signed.
func whole(t testing.TB) Joint {
	by := held(t)
	j := Joint{Level: "concern", Rationale: strings.Repeat("Gruppen ser begge sider af sagen. ", 4), ChangeTest: "Hvis den nye omgangskreds er væk.", ValidUntil: "2027-03-01"}
	for _, d := range by.Dimensions {
		j.Dimensions = append(j.Dimensions, Dimension{Code: d.Code, Relevance: "none"})
	}
	j.Dimensions[0] = Dimension{Code: by.Dimensions[0].Code, Relevance: "central", Movement: "worse", Confidence: "low",
		For: []Evidence{says("Har delt opslag, der hylder vold.", true)}, Against: []Evidence{says("Har selv slettet opslagene.", true)},
		Protective: []Evidence{says("Går til fodbold to gange om ugen.", false)}}
	j.Dimensions[3] = Dimension{Code: by.Dimensions[3].Code, Relevance: notAssessable, Gaps: []Gap{{What: "Hvem er den nye omgangskreds?", Who: "mvs-politi", Due: "2026-12-10"}}}
	return j
}
