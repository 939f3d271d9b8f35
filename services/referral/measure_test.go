//go:build !race

package referral

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// TestMeasure is S8: notes of a measure, its owner, its talk.
func TestMeasure(t *testing.T) {
	w := run(t)
	id, _ := w.signedFor("under_18")
	o := w.sends(gudrun, id, offerTo("koege", "velfaerd", "concern_talk"), none)
	w.does(tage, o, "answer", m{"answer": "taken_up"})
	at := "/api/offers/" + string(o) + "/progress"
	talk := m{"status": "held", "mode": "phone", "identity": "called_back", "guardian": "present", "took_part": "Forælder og SSP-konsulent"}
	w.post(tage, at, m{"status": "done", "talk": m{"status": "held", "mode": "phone", "took_part": "x"}}, 400)
	w.post(tage, at, m{"status": "running"}, 400)
	w.post(tage, at, m{"status": "running", "end": w.days(10), "owner": w.As(rune).Post.Hat.ID}, 400)
	w.does(tage, o, "progress", m{"status": "running", "start": w.days(0), "end": w.days(10), "economy": "4 timer", "owner": w.As("sofus").Post.Hat.ID})
	w.does("sofus", o, "progress", m{"status": "running", "end": w.days(10), "talk": talk, "effect": "Han kom i skole hver dag."})
	w.post(sigrid, at, m{"status": "done"}, 404)
	v := w.sees(gudrun, o)
	if len(v.Progress) != 2 || v.Progress[0].Economy != "4 timer" || v.Progress[1].Talk.Guardian != "present" || v.Progress[1].TookPart == "" || v.Owner != "Sofus Skyggeby for Tage Opdigtsen" {
		t.Errorf("the sender sees %+v", v)
	}
	w.does("sofus", o, "end", m{"outcome": "completed", "effect": "Aftalerne er holdt."})
	if v := w.sees(tage, o); v.Task != "" || v.Subject != "" || len(v.Progress) != 0 {
		t.Errorf("after the end the receiver sees %+v", v)
	}
	if v := w.sees(gudrun, o); v.Outcome != "completed" || v.EndEffect == "" {
		t.Errorf("the sender sees %+v", v)
	}
}

// TestFollowUp: never without a next date, never later than allowed; tasks come by
// themselves and stand until they are ticked (S8).
func TestFollowUp(t *testing.T) {
	w := run(t)
	id := w.signed()
	w.tell(event.FollowUpNeeded{Case: id, Version: 1, Why: "gap", N: 1, Due: w.Now().AddDate(0, 0, 14)}, event.FollowUpNeeded{Case: id, Version: 1, Why: "dissent", N: 2, Due: w.Now().AddDate(0, 0, 20)})
	at := "/api/cases/" + string(id) + "/followups"
	none := w.followUp(20)
	delete(none, "next")
	for name, in := range map[string]m{"no date": none, "too late": w.followUp(31), "past": w.followUp(-1)} {
		if a := w.As(gudrun).API("POST", at, in); a.Status != 400 || !strings.Contains(a.Text(), `"next"`) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if a := w.As(gudrun).API("POST", at, w.followUp(31)); !strings.Contains(a.Text(), "16.12.2026") {
		t.Errorf("the refusal does not say the latest day: %s", a.Body)
	}
	w.post(gudrun, at, w.followUp(30), 200)
	w.is(w.state(id), "follow_up", "the case")
	tasks := w.course(thorkild, id).Tasks
	if len(tasks) != 2 {
		t.Fatalf("the tasks are %+v", tasks)
	}
	w.post(thorkild, at, w.followUp(91), 400)
	in := w.followUp(90)
	in["done"] = []hub.ID{tasks[0].ID, w.id()}
	w.post(gudrun, at, in, 400)
	in["done"] = []hub.ID{tasks[0].ID}
	w.post(thorkild, at, in, 200)
	w.post(thorkild, at, in, 400) // ticked already
	v := w.course(gudrun, id)
	if len(v.FollowUps) != 2 || v.FollowUps[0].Note != "Det går fremad." || len(v.Tasks) != 1 || v.Tasks[0].ID != tasks[1].ID {
		t.Errorf("the course is %+v", v)
	}
	w.Settle()
	facts := w.told("referral.followup.recorded.v1")
	f := facts[len(facts)-1].(event.FollowUpRecorded)
	if len(facts) != 2 || !f.Next.Equal(v.FollowUps[0].Next) || !f.EraseAt.After(f.Next) || f.Concern == "" {
		t.Errorf("told %+v", facts)
	}
	for _, nobody := range []string{tage, liv, sigrid, rune, jytte} {
		w.post(nobody, at, w.followUp(20), 404)
	}
	w.is(w.One(`select count(*) from referral.course where next_at is null`), "0", "cases without a next date")
	w.is(w.One(`select is_nullable from information_schema.columns where table_schema = 'referral' and table_name = 'course' and column_name = 'next_at'`), "NO", "a next date may be missing")
}

// TestClocks: a late follow-up and a late measure go to owner, deputy, manager,
// each once and without content.
func TestClocks(t *testing.T) {
	w := run(t)
	id := w.signed()
	o := w.sends(gudrun, id, offerTo("koege", "velfaerd", "mentor"), none)
	w.does(tage, o, "answer", m{"answer": "taken_up"})
	w.does(tage, o, "progress", m{"status": "running", "end": w.days(3)})
	w.post(gudrun, "/api/cases/"+string(id)+"/followups", w.followUp(20), 200)
	late := func() (levels []string) {
		for _, f := range w.told("referral.step.overdue.v1") {
			f := f.(event.FollowUpOverdue)
			levels = append(levels, f.Step+" "+f.Level+" "+string(f.Authority)+" "+map[bool]string{true: "tage"}[f.Person == w.As(tage).Post.Person])
		}
		return levels
	}
	w.Advance(3 * 24 * time.Hour)
	w.is(len(late()), 0, "told on the last day")
	for range 3 {
		w.Advance(24 * time.Hour)
		w.Advance(time.Minute)
	}
	if got := late(); !slices.Equal(got, []string{"measure owner koege tage", "measure deputy koege tage", "measure manager koege tage"}) {
		t.Errorf("of the measure: %q", got)
	}
	w.Advance(20 * 24 * time.Hour)
	if got := late()[3:]; len(got) != 6 || got[0] != "follow_up owner koege " || got[5] != "follow_up manager mvs-politi " {
		t.Errorf("of the case: %q", got)
	}
}

// TestOutgrown: on the 18th birthday what was let out by child law ends by itself,
// and a task is left to both coordinators (L27).
func TestOutgrown(t *testing.T) {
	w := run(t)
	id, subject := w.signedFor("under_18")
	child := w.sends(gudrun, id, offerTo("koege", "velfaerd", "street_team"), none)
	w.does(tage, child, "answer", m{"answer": "taken_up"})
	over := w.sends(gudrun, id, offerTo("koege", "velfaerd", "street_team"), none)
	w.does(tage, over, "answer", m{"answer": "taken_up"})
	w.does(tage, over, "end", m{"outcome": "completed", "effect": "Aftalerne er holdt."})
	mentor := w.sends(gudrun, id, offerTo("koege", "velfaerd", "mentor"), none)
	w.Advance(time.Minute)
	w.is(w.state(child), "taken_up", "the day before")
	if w.sees(tage, over) == nil {
		t.Error("what is over is not seen the day before")
	}
	w.SQL(`update access.subject set band = '18_25' where id = $1`, string(subject))
	w.Advance(time.Minute)
	w.is(w.state(child)+" "+w.state(mentor), "offer_ended offered", "after the birthday")
	if w.sees(tage, child) != nil || w.sees(tage, over) != nil || w.sees(tage, mentor) == nil {
		t.Error("the birthday ends too little or too much")
	}
	if v := w.course(gudrun, id); len(v.Tasks) != 1 || v.Tasks[0].Why != "outgrown" {
		t.Errorf("the tasks are %+v", v.Tasks)
	}
	w.Advance(time.Minute)
	w.is(w.One(`select count(*) from referral.task`), "1", "tasks")
}
