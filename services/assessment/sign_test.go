//go:build !race

package assessment

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// A draft is kept as it is, half written, and sealed; what was written is what
// is read.
func TestHalfDraftIsKept(t *testing.T) {
	w := run(t)
	w.met()
	half := JointDraft{Joint: Joint{Rationale: "Kort.", Dimensions: []Dimension{{Code: "family", For: []Evidence{{Text: "Onklen henter ham."}}, Gaps: []Gap{{What: "Hvem er onklen?"}}}}}}
	w.does("gudrun", "PUT", "/assessment", half)
	v := w.sees("thorkild")
	if v.Edit != 1 || v.State != drafted || v.Rationale != "Kort." || len(v.Dimensions) != 9 || v.Dimensions[6].For[0].Text != "Onklen henter ham." || v.Dimensions[6].Gaps[0].What != "Hvem er onklen?" ||
		v.Level != "" || v.Instrument != "helhedsvurdering" || v.Drafter != "Gudrun Modelborg" || v.Content == "" || v.Broken {
		t.Errorf("thorkild reads %#v", v)
	}
	w.does("gudrun", "PUT", "/assessment", JointDraft{Edit: 1, Joint: Joint{Rationale: "Kort."}})
	if v := w.sees("thorkild"); v.Edit != 2 || v.Dimensions[6].For != nil || v.Dimensions[6].Gaps != nil {
		t.Errorf("what was taken out is still there: %#v", v.Dimensions[6])
	}
	for _, table := range w.SQL(`select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables where schemaname in ('assessment', 'audit', 'access')`) {
		for _, row := range w.SQL(`select t::text from ` + table[0] + ` t`) {
			if strings.Contains(row[0], "Onklen") || strings.Contains(row[0], "onklen") {
				t.Errorf("%s holds it in clear", table[0])
			}
		}
	}
	w.refused("gudrun", "PUT", "/assessment", `{"edit":2,"dimensions":[],"score":7}`).is(t, 400, "score", "error.json.unknown")
	w.refused("gudrun", "PUT", "/assessment", JointDraft{Edit: 2, Joint: Joint{Level: "7"}}).is(t, 400, "level", "error.choose")
	w.refused("gudrun", "PUT", "/assessment", JointDraft{Edit: 2, Joint: Joint{Dimensions: []Dimension{{Code: "religion"}}}}).is(t, 400, "dimensions.0.code", "error.choose")
	for _, login := range []string{"liv", "tage", "sigrid", "rune", "dagny"} {
		if p := w.refused(login, "PUT", "/assessment", half); p.Status != http.StatusNotFound {
			t.Errorf("%s: %+v", login, p)
		}
	}
}

// Two editors lose nothing: the second is a Conflict, and sees the first's text.
func TestTwoEditors(t *testing.T) {
	w := run(t)
	w.met()
	w.does("gudrun", "PUT", "/assessment", JointDraft{Joint: Joint{Rationale: "Den første."}})
	w.refused("thorkild", "PUT", "/assessment", JointDraft{Joint: Joint{Rationale: "Samtidig."}}).is(t, 409, "", jointChanged)
	w.does("thorkild", "PUT", "/assessment", JointDraft{Edit: 1, Joint: Joint{Rationale: "Den anden."}})
	w.refused("gudrun", "PUT", "/assessment", JointDraft{Edit: 1, Joint: Joint{Rationale: "Den tredje."}}).is(t, 409, "", jointChanged)
	w.refused("gudrun", "PUT", "/assessment", JointDraft{Edit: 7, Joint: Joint{Rationale: "Den tredje."}}).is(t, 409, "", jointChanged)
	if v := w.sees("gudrun"); v.Rationale != "Den anden." || v.Edit != 2 {
		t.Errorf("kept %q, edit %d", v.Rationale, v.Edit)
	}
	// The same text once more changes nothing, and makes nobody the drafter.
	w.does("gudrun", "PUT", "/assessment", JointDraft{Edit: 2, Joint: Joint{Rationale: "Den anden."}})
	if v := w.sees("gudrun"); v.Edit != 2 || v.Drafter != "Thorkild Prøvebo" {
		t.Errorf("edit %d by %s", v.Edit, v.Drafter)
	}
}

// L38: no level is set by the hub, by a service, or by a hat that nobody wears.
func TestNoLevelByItself(t *testing.T) {
	s, err := structure.Load(bytes.NewReader([]byte(demo())), "demo")
	if err != nil {
		t.Fatal(err)
	}
	x := &room{service.Env{Structure: s}}
	var human hub.Actor
	for _, p := range s.Posts() {
		if p.Login == "gudrun" {
			human = hub.Actor{Hat: p.Hat}
		}
	}
	if set, err := x.setLevel(human, "concern", "", stamp{}, today); err != nil || set.By != human.Hat.ID || !set.At.Equal(today) {
		t.Errorf("a coordinator sets a level: %v, %v", set, err)
	}
	if set, err := x.setLevel(human, "concern", "concern", stamp{By: "other"}, today); err != nil || set.By != "other" {
		t.Errorf("who leaves the level as it is has set it: %v, %v", set, err)
	}
	other, gone := human, human
	other.Person = "somebody"
	gone.Hat.ID = "service"
	role := human
	role.Role = "system"
	for name, who := range map[string]hub.Actor{"the hub": hub.System(today, "r"), "a service": gone, "nobody": {}, "another person in the hat": other, "another role": role} {
		for _, level := range []string{"concern", ""} {
			if _, err := x.setLevel(who, level, "acute", stamp{}, today); hub.CodeOf(err) != hub.CodeDenied {
				t.Errorf("%s sets the level %q: %v", name, level, err)
			}
		}
	}
	if _, err := x.setLevel(human, "concern", "", stamp{}, today.AddDate(50, 0, 0)); hub.CodeOf(err) != hub.CodeDenied {
		t.Error("a hat that has run out sets a level")
	}
}

// The whole command is refused to the system role, level or not, as where there
// is no such case. L38, A018 in part.
func TestNoDraftBySystem(t *testing.T) {
	w := run(t)
	w.met()
	for _, op := range []func(*web.Request) error{
		func(r *web.Request) error {
			_, err := w.room.draftAssessment(r, JointDraft{Joint: whole(t)})
			return err
		},
		func(r *web.Request) error { _, err := w.room.signAssessment(r, Signing{}); return err },
		func(r *web.Request) error { _, err := w.room.addDissent(r, Dissenting{}); return err },
		func(r *web.Request) error { _, err := w.room.decideInform(r, Informing{Decision: "now"}); return err },
		func(r *web.Request) error { _, err := w.room.reassess(r, struct{}{}); return err },
	} {
		r := &web.Request{Request: httptest.NewRequest("PUT", "/api/x", nil), Who: hub.System(w.Now(), "0123456789abcdefghjkmnpqrs")}
		r.SetPathValue("id", string(w.kase))
		if err := op(r); err == nil {
			t.Errorf("the system is answered %v", err)
		}
	}
	if n := w.One("select count(*) from assessment.assessment"); n != "0" {
		t.Errorf("the system began %s assessments", n)
	}
}

// TestSign: all faults at once; the duty to inform first (L35); the hash of what
// was read; one byte changed voids; three people complete it; and what was
// signed is never changed. A049.
func TestSign(t *testing.T) {
	w := run(t)
	w.met()
	w.refused("gudrun", "POST", "/sign", Signing{Content: ""}).is(t, 409, "", "assessment.error.nothing_written")
	w.does("gudrun", "PUT", "/assessment", JointDraft{Joint: Joint{Rationale: "Kort."}})
	p := w.refused("gudrun", "POST", "/sign", Signing{Content: w.sees("gudrun").Content})
	for _, f := range []string{"dimensions.0.relevance", "dimensions.8.relevance", "level", "rationale", "none_for", "none_against", "change_test", "valid_until", "inform"} {
		if !slices.ContainsFunc(p.Errors, func(e struct{ Field, Key string }) bool { return e.Field == f }) {
			t.Errorf("%s is not told with the others: %+v", f, p)
		}
	}
	w.does("gudrun", "PUT", "/assessment", w.whole(1))
	w.refused("gudrun", "POST", "/sign", Signing{Content: w.sees("gudrun").Content}).is(t, 400, "inform", "assessment.error.inform")
	w.does("thorkild", "POST", "/inform", informed)

	read := w.sees("gudrun").Content
	w.refused("gudrun", "POST", "/sign", Signing{Content: strings.Repeat("0", 64)}).is(t, 409, "", jointChanged)
	w.refused("gudrun", "POST", "/sign", Signing{}).is(t, 400, "content", "error.required")
	if done := w.signs("gudrun"); done.State != Assessment {
		t.Errorf("one signature leads to %s", done.State)
	}
	w.refused("gudrun", "POST", "/sign", Signing{Content: read}).is(t, 409, "", "assessment.error.signed_already")
	if v := w.sees("thorkild"); len(v.Signatures) != 1 || v.Signatures[0].State != "valid" || !slices.Equal(v.Awaited, []string{Police}) || v.LevelBy != "Gudrun Modelborg" {
		t.Errorf("thorkild sees %+v, awaited %v", v.Signatures, v.Awaited)
	}

	// One byte changed by the deputy: voided, shown, and the old hash is a Conflict.
	old := w.sees("thorkild").Content
	w.does("viggo", "PUT", "/assessment", w.whole(2, func(j *Joint) { j.Rationale = strings.TrimSpace(j.Rationale) + "!" }))
	v := w.sees("thorkild")
	if len(v.Signatures) != 1 || v.Signatures[0].State != "voided" || v.Signatures[0].VoidedAt == nil || len(v.Awaited) != 3 || v.Content == old || v.LevelBy != "Gudrun Modelborg" {
		t.Errorf("after an edit: %+v, awaited %v, level by %s", v.Signatures, v.Awaited, v.LevelBy)
	}
	w.refused("thorkild", "POST", "/sign", Signing{Content: old}).is(t, 409, "", jointChanged)

	// A save that changes nothing voids nothing.
	w.signs("thorkild")
	w.does("gudrun", "PUT", "/assessment", w.whole(3, func(j *Joint) { j.Rationale = strings.TrimSpace(j.Rationale) + "!" }))
	if v := w.sees("gudrun"); v.Signatures[1].State != "valid" || v.Edit != 3 {
		t.Errorf("nothing was changed, and it was voided: %+v", v.Signatures)
	}
	if done := w.signs("gudrun"); done.State != Assessment {
		t.Errorf("without the drafter it is complete: %s", done.State)
	}
	if done := w.signs("viggo"); done.State != Recommended {
		t.Errorf("complete leads to %s", done.State)
	}
	w.Settle()
	if got := counted(w.told()); got["assessment.signed"] != 4 || got["followup.needed"] != 2 {
		t.Errorf("told %v", got)
	}
	if n := w.One(`select count(*) from assessment.outbox where envelope->>'type' = 'assessment.assessment.signed.v1' and (envelope->'data'->>'complete')::bool`); n != "1" {
		t.Errorf("complete was told %s times", n)
	}
	w.refused("gudrun", "PUT", "/assessment", w.whole(3)).is(t, 409, "", "assessment.error.step")
	if v := w.sees("gudrun"); v.State != signed || len(v.Awaited) != 0 || v.Broken {
		t.Errorf("signed: %s, awaited %v", v.State, v.Awaited)
	}
	for login, n := range map[string]int{"gudrun": 1, "liv": 0} { // liv still sees that there is a case, and no meeting of it
		var m Meetings
		w.As(login).API("GET", "/api/meetings", nil).Must(http.StatusOK).JSON(&m)
		if len(m.Meetings) != n {
			t.Errorf("%s is listed %+v", login, m)
		}
	}
}

// Nobody signs for both parties: identity decides, not account. A047 in part: of
// signing an assessment.
func TestOnePersonTwoHats(t *testing.T) {
	w := runWith(t, strings.Replace(demo(), `      - {role: municipal_coordinator, authority: koege, department: boern-uddannelse, from: 2025-01-01, until: 2036-01-01, deputy_of: gudrun, manager: hedvig}
`, `      - {role: municipal_coordinator, authority: koege, department: boern-uddannelse, from: 2025-01-01, until: 2036-01-01, deputy_of: gudrun, manager: hedvig}
      - {role: police_coordinator, authority: mvs-politi, department: forebyggelse, from: 2025-01-01, until: 2036-01-01, deputy_of: thorkild, manager: holger}
`, 1))
	w.met()
	w.does("viggo", "PUT", "/assessment", w.whole(0))
	w.does("viggo", "POST", "/inform", informed)
	w.signs("viggo")
	police := w.AsRole("viggo", hub.PoliceCoordinator)
	var v JointView
	police.API("GET", w.at("/assessment"), nil).Must(http.StatusOK).JSON(&v)
	if a := police.API("POST", w.at("/sign"), Signing{Content: v.Content}); a.Status != http.StatusConflict || !strings.Contains(a.Text(), "signed_already") {
		t.Errorf("the same person signs for the police too: %d %s", a.Status, a.Body)
	}
	if done := w.signs("thorkild"); done.State != Recommended {
		t.Errorf("two people of two parties leave it in %s", done.State)
	}
}

var dissent = map[string]any{"about": "level", "level": "attention", "reason": "Opslagene var et spørgsmål til en lærer, ikke en hyldest.", "test": "Hvis der kommer et opslag til.", "due": "2027-01-15"}

// TestDissent: by whoever is let in; as prominent as the majority; it binds the
// signers, and comes back by itself.
func TestDissent(t *testing.T) {
	w := run(t)
	w.met()
	w.refused("liv", "POST", "/dissents", dissent).is(t, 409, "", "assessment.error.nothing_written")
	w.does("gudrun", "PUT", "/assessment", w.whole(0))
	w.does("gudrun", "POST", "/inform", informed)
	w.signs("gudrun")
	before := w.sees("gudrun").Content

	bad := func(field, key string, change map[string]any) {
		t.Helper()
		in := map[string]any{}
		for k, v := range dissent {
			in[k] = v
		}
		for k, v := range change {
			in[k] = v
		}
		w.refused("liv", "POST", "/dissents", in).is(t, 400, field, key)
	}
	bad("about", "error.choose", map[string]any{"about": "religion"})
	bad("level", "error.choose", map[string]any{"level": "5"})
	bad("reason", "error.too_short", map[string]any{"reason": "Nej."})
	bad("test", "error.too_short", map[string]any{"test": "Intet."})
	bad("due", "assessment.error.past", map[string]any{"due": "2026-11-01"})

	w.does("liv", "POST", "/dissents", dissent)
	if p := w.refused("tage", "POST", "/dissents", dissent); p.Status != http.StatusNotFound {
		t.Errorf("somebody who was not let in dissents: %+v", p)
	}
	v := w.sees("thorkild")
	if len(v.Dissents) != 1 || v.Dissents[0].By != "Liv Påfund" || v.Dissents[0].Level != "attention" || !strings.Contains(v.Dissents[0].Reason, "spørgsmål") || v.Dissents[0].Authority != "koege" {
		t.Errorf("the dissent is %+v", v.Dissents)
	}
	if v.Signatures[0].State != "voided" || v.Content == before || v.Broken {
		t.Errorf("a dissent nobody read is signed: %+v", v.Signatures)
	}
	if v := w.sees("liv"); v.Level != "concern" || v.Rationale == "" || v.Dimensions != nil || v.Dissents != nil || v.Content != "" || v.Inform != nil {
		t.Errorf("liv is shown %#v", v)
	}
	w.signs("gudrun")
	w.signs("thorkild")
	w.Settle()
	if got := w.SQL(`select envelope->'data'->>'why', envelope->'data'->>'due' from assessment.outbox where envelope->>'type' = 'assessment.followup.needed.v1' order by 1`); len(got) != 3 ||
		got[0][0] != "dissent" || !strings.HasPrefix(got[0][1], "2027-01-14T23:00") || got[1][0] != "expiry" || got[2][0] != "gap" {
		t.Errorf("what comes back: %v", got)
	}
	w.refused("liv", "POST", "/dissents", dissent).is(t, 409, "", "assessment.error.step")
}

// L35.
func TestInform(t *testing.T) {
	why := hub.NewPersonal("Det ville skade den samtale, der er aftalt med familien.")
	for name, c := range map[string]struct {
		in         Informing
		field, key string
	}{
		"now":                          {Informing{Decision: "now"}, "", ""},
		"later":                        {Informing{"later", "", "2026-12-20", why}, "", ""},
		"exempt":                       {Informing{"exempt", "2-4", "2026-12-20", why}, "", ""},
		"nothing":                      {Informing{}, "decision", "error.choose"},
		"something else":               {Informing{Decision: "never"}, "decision", "error.choose"},
		"exempt on no ground (L33)":    {Informing{"exempt", "", "2026-12-20", why}, "ground", "assessment.error.ground"},
		"exempt on another ground":     {Informing{"exempt", "2-11", "2026-12-20", why}, "ground", "assessment.error.ground"},
		"later on a ground":            {Informing{"later", "1", "2026-12-20", why}, "ground", "assessment.error.ground"},
		"exempt for ever":              {Informing{"exempt", "1", "", why}, "again", "error.required"},
		"exempt for two years":         {Informing{"exempt", "1", "2028-12-20", why}, "again", "assessment.error.far"},
		"exempt, looked at in October": {Informing{"exempt", "1", "2026-10-20", why}, "again", "assessment.error.past"},
		"later for no reason":          {Informing{"later", "", "2026-12-20", hub.Personal{}}, "reason", "error.missing"},
		"now, and looked at again":     {Informing{"now", "", "2026-12-20", hub.Personal{}}, "again", "assessment.error.again"},
	} {
		p := c.in.Check(today)
		if c.key == "" && len(p) == 0 {
			continue
		}
		if len(p) != 1 || p[0].Field != c.field || p[0].Key != c.key {
			t.Errorf("%s: %v", name, list(p))
		}
	}
}

// Decided before anything is written it is not lost when the writing begins.
func TestInformBeforeWriting(t *testing.T) {
	w := run(t)
	w.met()
	w.does("gudrun", "POST", "/inform", informed)
	w.does("gudrun", "PUT", "/assessment", w.whole(0))
	v := w.sees("thorkild")
	if v.Inform == nil || v.Inform.Decision != "later" || v.Inform.By != "Gudrun Modelborg" || !strings.Contains(v.Inform.Reason, "familien") || v.Edit != 1 {
		t.Errorf("thorkild sees %+v", v.Inform)
	}
}

// A signed version stands; the next begins as its copy, without what a human
// must judge anew (L38).
func TestReassess(t *testing.T) {
	w := run(t)
	w.met()
	w.does("gudrun", "PUT", "/assessment", w.whole(0))
	w.does("gudrun", "POST", "/inform", informed)
	w.refused("gudrun", "POST", "/reassess", nil).is(t, 409, "", "assessment.error.step")
	w.signs("gudrun")
	w.signs("thorkild")
	first := w.sees("gudrun")
	if done := w.does("thorkild", "POST", "/reassess", nil); done.State != Assessment {
		t.Errorf("assessing again leads to %s", done.State)
	}
	v := w.sees("gudrun")
	if v.Version != 2 || v.State != drafted || v.Level != "" || v.LevelBy != "" || v.ValidUntil != "" || v.Dimensions[0].Movement != "" || v.Inform != nil || len(v.Signatures) != 0 ||
		v.Rationale != first.Rationale || v.Dimensions[0].For[0].Text != first.Dimensions[0].For[0].Text || v.Edit != 1 || v.Drafter != "Thorkild Prøvebo" || v.Broken {
		t.Errorf("version 2 is %#v", v)
	}
	w.does("gudrun", "PUT", "/assessment", w.whole(1, func(j *Joint) {
		j.Level, j.Rationale = "attention", strings.Replace(j.Rationale, "begge", "alle", 1)
		j.Dimensions[0].For[0].Text = "Har slettet opslagene."
	}))
	old := new(JointView)
	w.As("thorkild").API("GET", w.at("/assessment?version=1"), nil).Must(http.StatusOK).JSON(old)
	if old.Content != first.Content || old.Level != "concern" || old.State != signed || old.Broken || len(old.Versions) != 2 {
		t.Errorf("version 1 is now %#v", old)
	}
	w.As("thorkild").API("GET", w.at("/assessment?version=3"), nil).Must(http.StatusNotFound)

	for lang, says := range map[string][]string{"da": {"Tilføjet", "Fjernet", "<del>", "<ins>", "Har slettet opslagene.", "Opmærksomhed"}, "en": {"Added", "Removed", "Attention"}} {
		c := w.As("gudrun")
		c.Lang = lang
		a := sound(t, c.Get("/cases/"+string(w.kase)+"/assessment/diff?from=1&to=2").Must(http.StatusOK))
		for _, word := range says {
			if !strings.Contains(a.Text(), word) {
				t.Errorf("%s: the comparison does not say %q", lang, word)
			}
		}
		sound(t, c.Get("/cases/"+string(w.kase)+"/assessment?version=1").Must(http.StatusOK))
		c.Get("/cases/" + string(w.kase) + "/assessment/diff?from=1&to=9").Must(http.StatusNotFound)
	}
}

// A reopened case goes on with the next version.
func TestWritingAfterReopening(t *testing.T) {
	w := run(t)
	w.met()
	w.does("gudrun", "PUT", "/assessment", w.whole(0))
	w.does("gudrun", "POST", "/inform", informed)
	w.signs("gudrun")
	w.signs("thorkild")
	w.SQL("update access.item set state = 'assessment' where id = $1", string(w.kase)) // the room referral's part
	a := sound(t, w.As("gudrun").Get("/cases/"+string(w.kase)+"/assessment/edit").Must(http.StatusOK))
	if !strings.Contains(a.Text(), "Har delt opslag, der hylder vold.") || strings.Contains(a.Text(), `value="concern" selected`) {
		t.Error("the form does not begin as a copy without the level")
	}
	w.does("gudrun", "PUT", "/assessment", w.whole(0))
	if v := w.sees("gudrun"); v.Version != 2 || v.Edit != 1 || len(v.Versions) != 2 || v.Versions[0].State != signed {
		t.Errorf("version %d, edit %d, %+v", v.Version, v.Edit, v.Versions)
	}
}

// What is kept and was not written so is seen, and nobody can sign it.
func TestTamperedIsSeen(t *testing.T) {
	for name, sql := range map[string]string{
		"another date":     `update assessment.assessment set valid_until = '2027-03-02'`,
		"a text taken out": `delete from assessment.sealed where field = 'dimension.1.family'`,
		"a dissent taken":  `delete from assessment.sealed where field = 'dissent.1.1'`,
		"a hash":           `update assessment.assessment set content = sha256('x')`,
		"what is cited":    `update assessment.assessment set cites = '[{"dimension":"family","answer":"x"}]'`,
	} {
		t.Run(name, func(t *testing.T) {
			w := run(t)
			w.met()
			w.does("gudrun", "PUT", "/assessment", w.whole(0))
			w.does("gudrun", "POST", "/inform", informed)
			w.does("liv", "POST", "/dissents", dissent)
			content := w.sees("gudrun").Content
			if content == "" {
				t.Fatal("it is broken before")
			}
			w.SQL(sql)
			if v := w.sees("gudrun"); !v.Broken || v.Content != "" {
				t.Errorf("nobody sees it: %q", v.Content)
			}
			w.refused("gudrun", "POST", "/sign", Signing{Content: content}).is(t, 409, "", jointChanged)
			sound(t, w.As("gudrun").Get("/cases/"+string(w.kase)+"/assessment").Must(http.StatusOK))
		})
	}
}

// Only the dimensions to which their own office contributed are shown to those
// who see no others.
func TestOwnDimensions(t *testing.T) {
	w := run(t)
	hat := func(login string) hub.ID { return w.As(login).Post.Hat.ID }
	asks := func(by string, who string, extra map[string]any) hub.ID {
		t.Helper()
		in := map[string]any{"authority": w.As(who).Post.Authority, "hats": []hub.ID{hat(who)}, "questions": "Hvordan går det med skolen og fritiden?",
			"necessity": "Vi skal vide, om bekymringen kan deles af andre."}
		for k, v := range extra {
			in[k] = v
		}
		return w.does(by, "POST", "/requests", in).ID
	}
	w.does("gudrun", "POST", "/circle", map[string]any{"hat": hat("tage"), "reason": "De kender familien og skal kunne svare på det.", "until": "2027-03-01"})
	q := asks("gudrun", "liv", nil)
	w.As("liv").API("POST", "/api/requests/"+string(q)+"/answer", map[string]any{"grade": 2, "conclusion": "Går i skole hver dag og klarer sig.", "contact": "Kontoret",
		"purpose": "prevention", "legal_basis": "RPL115-2", "necessity": "Det skal bruges i den fælles vurdering af sagen."}).Must(http.StatusOK)
	answer := hub.ID(w.One("select id from assessment.answer where request = $1", string(q)))
	w.met()
	cites := w.whole(0, func(j *Joint) { j.Dimensions[0].For[0].Answer = answer })
	w.refused("gudrun", "PUT", "/assessment", w.whole(0, func(j *Joint) { j.Dimensions[0].For[0].Answer = w.subject })).is(t, 400, "dimensions.0.evidence_for.0.answer", "error.choose")
	w.does("gudrun", "PUT", "/assessment", cites)
	if v := w.sees("liv"); !v.Own || len(v.Dimensions) != 1 || v.Dimensions[0].Code != cites.Dimensions[0].Code || v.Dimensions[0].Gaps != nil {
		t.Errorf("liv sees %#v", v.Dimensions)
	}
	if v := w.sees("tage"); len(v.Dimensions) != 0 || v.Level == "" {
		t.Errorf("tage sees %#v", v.Dimensions)
	}
	for _, lang := range []string{"da", "en"} {
		for _, login := range []string{"liv", "tage"} {
			c := w.As(login)
			c.Lang = lang
			a := sound(t, c.Get("/cases/"+string(w.kase)+"/assessment").Must(http.StatusOK))
			if strings.Contains(a.Text(), "opslag") != (login == "liv") {
				t.Errorf("%s's page: %s", login, a.Body)
			}
			sound(t, c.Get("/cases/"+string(w.kase)+"/dissent").Must(http.StatusOK))
		}
	}
	// An answer that was taken back can no longer be built on.
	w.does("gudrun", "POST", "/inform", informed)
	w.As("liv").API("DELETE", "/api/answers/"+string(answer), nil).Must(http.StatusOK)
	w.refused("gudrun", "POST", "/sign", Signing{Content: w.sees("gudrun").Content}).is(t, 400, "dimensions.0.evidence_for.0.answer", "assessment.error.withdrawn")
}

// The same request twice is done once.
func TestOnce(t *testing.T) {
	w := run(t)
	w.met()
	twice := func(login, method, rest string, in any) {
		t.Helper()
		first := w.As(login).API(method, w.at(rest), in, "Idempotency-Key", rest)
		again := w.As(login).API(method, w.at(rest), in, "Idempotency-Key", rest)
		if first.Status >= 300 || first.Text() != again.Text() {
			t.Errorf("%s: %d %s, and again %d %s", rest, first.Status, first.Body, again.Status, again.Body)
		}
	}
	twice("gudrun", "PUT", "/assessment", w.whole(0))
	twice("gudrun", "POST", "/inform", informed)
	twice("liv", "POST", "/dissents", dissent)
	twice("gudrun", "POST", "/sign", Signing{Content: w.sees("gudrun").Content})
	if v := w.sees("gudrun"); v.Edit != 1 || len(v.Dissents) != 1 || len(v.Signatures) != 1 {
		t.Errorf("edit %d, %d dissents, %d signatures", v.Edit, len(v.Dissents), len(v.Signatures))
	}
	w.Advance(time.Minute)
}
