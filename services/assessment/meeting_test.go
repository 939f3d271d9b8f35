//go:build !race

package assessment

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

func TestWhenAMeetingCanBe(t *testing.T) {
	for _, c := range []struct{ date, time, field, key string }{
		{"2026-11-21", "13:00", "", ""},
		{"2026-11-21", "09:00", "", ""}, // this morning: it is noted afterwards
		{"2026-11-20", "13:00", "date", "assessment.error.past"},
		{"2027-11-22", "13:00", "date", "assessment.error.far"},
		{"2026-11-31", "13:00", "date", "error.date"},
		{"", "13:00", "date", "error.required"},
		{"2026-11-23", "", "time", "error.required"},
		{"2026-11-23", "25:00", "time", "assessment.error.time"},
		{"2026-11-23", "9.30", "time", "assessment.error.time"},
		{"2027-03-28", "02:30", "time", "assessment.error.time"}, // summer time begins: there is none
		{"2026-11-23", "13:00; drop table", "time", "assessment.error.time"},
	} {
		when, err := Convening{c.date, c.time}.time(today)
		var got string
		if e, ok := err.(hub.Problems); ok && len(e) == 1 {
			got = e[0].Field + " " + e[0].Key
		} else if err != nil {
			got = err.Error()
		}
		if want := strings.TrimSpace(c.field + " " + c.key); got != want {
			t.Errorf("%s %s: %q, wanted %q", c.date, c.time, got, want)
		}
		if err == nil && when.In(hub.Copenhagen).Format("2006-01-02 15:04") != c.date+" "+c.time {
			t.Errorf("%s %s is %s", c.date, c.time, when)
		}
	}
	for typed, want := range map[string]string{"9": "09:00", "9.30": "09:30", "09:30": "09:30", "13": "13:00", "": ""} {
		if got := clock(typed); got != want {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
}

// TestHolding is L44 as a table: a note or a reason for none, and not both.
func TestHolding(t *testing.T) {
	note, there := hub.NewPersonal("Skolen fortalte om den nye omgangskreds."), []hub.ID{"h"}
	for name, c := range map[string]struct {
		in         Holding
		field, key string
	}{
		"a note":                     {Holding{there, note, ""}, "", ""},
		"a reason":                   {Holding{there, hub.Personal{}, "nothing_new"}, "", ""},
		"postponed, nobody there":    {Holding{nil, hub.Personal{}, postponed}, "", ""},
		"neither (L44)":              {Holding{there, hub.Personal{}, ""}, "note", "assessment.error.note"},
		"both":                       {Holding{there, note, "nothing_new"}, "no_note", "assessment.error.note_and_reason"},
		"a reason that there is not": {Holding{there, hub.Personal{}, "coffee"}, "no_note", "error.choose"},
		"a note of spaces":           {Holding{there, hub.NewPersonal(" \n   \n "), ""}, "note", "error.missing"},
		"a note of two words":        {Holding{there, hub.NewPersonal("Intet nyt."), ""}, "note", "error.too_short"},
		"nobody was there":           {Holding{nil, note, ""}, "attendance", "assessment.error.nobody_there"},
	} {
		p := c.in.Check()
		if c.key == "" && len(p) == 0 {
			continue
		}
		if len(p) != 1 || p[0].Field != c.field || p[0].Key != c.key {
			t.Errorf("%s: %v", name, list(p))
		}
	}
}

func TestMeeting(t *testing.T) {
	w := run(t)
	hat := func(login string) hub.ID { return w.As(login).Post.Hat.ID }
	if done := w.does("thorkild", "POST", "/meeting", map[string]any{"date": "2026-11-18", "time": "13:00"}); done.State != Analysis || !done.New && done.ID == w.kase {
		t.Errorf("convened: %+v", done)
	}
	held := map[string]any{"attendance": []hub.ID{hat("gudrun")}, "note": "Skolen fortalte om den nye omgangskreds."}
	w.refused("gudrun", "POST", "/meeting/held", held).is(t, 409, "", "assessment.error.not_yet")
	// Postponed by convening again: it is on one agenda only.
	w.does("gudrun", "POST", "/meeting", map[string]any{"date": "2026-11-19", "time": "09:30"})
	if n := w.One("select count(*) from assessment.agenda"); n != "1" {
		t.Errorf("the case is on %s agendas", n)
	}
	w.Set(time.Date(2026, 11, 19, 11, 0, 0, 0, hub.Copenhagen))
	w.refused("gudrun", "POST", "/meeting/held", map[string]any{"attendance": []hub.ID{hat("gudrun")}}).is(t, 400, "note", "assessment.error.note")
	for _, guest := range []string{"tage", "bodil", "ebbe", "sigrid"} {
		w.refused("gudrun", "POST", "/meeting/held", map[string]any{"attendance": []hub.ID{hat("gudrun"), hat(guest)}, "note": "Skolen fortalte om den nye omgangskreds."}).
			is(t, 400, "attendance", "assessment.error.not_invited")
	}
	// It was not reached: noted, and still to be discussed.
	if done := w.does("gudrun", "POST", "/meeting/held", map[string]any{"attendance": []hub.ID{}, "no_note": "postponed"}); done.State != Analysis {
		t.Errorf("postponed leads to %s", done.State)
	}
	w.refused("gudrun", "POST", "/meeting/held", held).is(t, 409, "", "assessment.error.no_meeting")
	w.refused("gudrun", "POST", "/meeting", map[string]any{"date": "2026-11-19", "time": "09:30"}).is(t, 400, "date", "assessment.error.discussed")
	w.does("gudrun", "POST", "/meeting", map[string]any{"date": "2026-11-19", "time": "10:00"})
	if done := w.does("thorkild", "POST", "/meeting/held", held); done.State != Assessment {
		t.Errorf("held leads to %s", done.State)
	}
	w.Settle()
	if got := counted(w.told()); got["meeting.called"] != 3 || got["meeting.held"] != 1 {
		t.Errorf("told %v", got)
	}
	var v CaseView
	for _, login := range []string{"gudrun", "thorkild", "liv"} {
		v = CaseView{}
		w.As(login).API("GET", w.at(""), nil).Must(http.StatusOK).JSON(&v)
		if len(v.Meetings) != 2 || v.Meetings[0].NoNote != "postponed" || !strings.Contains(v.Meetings[1].Note, "omgangskreds") || !slices.Equal(v.Meetings[1].There, []string{"Gudrun Modelborg"}) ||
			!slices.Equal(v.Meetings[1].Absent, []string{"Liv Påfund"}) {
			t.Errorf("%s sees %+v", login, v.Meetings)
		}
	}
	for _, table := range []string{"agenda", "meeting", "sealed", "step", "outbox"} {
		for _, row := range w.SQL("select t::text from assessment." + table + " t") {
			if strings.Contains(row[0], "omgangskreds") {
				t.Errorf("%s holds the note in clear", table)
			}
		}
	}
}

// A list of meetings holds what single reads would show, and tells nobody of
// more: not by a line, and not by a number. A021 in part: the list of meetings.
func TestMeetings(t *testing.T) {
	w := run(t)
	first := w.kase
	w.does("gudrun", "POST", "/meeting", map[string]any{"date": "2026-11-18", "time": "13:00"})
	w.kase, _ = w.another()
	w.does("gudrun", "POST", "/meeting", map[string]any{"date": "2026-11-18", "time": "13:00"})
	w.SQL("update access.assignment set ended_by = 'x' where item = $1", string(w.kase)) // liv is in the first only
	w.kase, _ = w.another()
	w.does("gudrun", "POST", "/meeting", map[string]any{"date": "2026-12-02", "time": "13:00"})
	w.SQL("update access.assignment set ended_by = 'x' where item = $1", string(w.kase))

	list := func(login, query string) Meetings {
		t.Helper()
		var m Meetings
		w.As(login).API("GET", "/api/meetings"+query, nil).Must(http.StatusOK).JSON(&m)
		return m
	}
	for _, login := range []string{"gudrun", "thorkild"} {
		if m := list(login, ""); len(m.Meetings) != 2 || len(m.Meetings[0].Cases) != 2 || len(m.Meetings[1].Cases) != 1 {
			t.Errorf("%s sees %+v", login, m)
		}
		m := list(login, "?limit=1")
		if len(m.Meetings) != 1 || m.Next != m.Meetings[0].ID {
			t.Errorf("the first page: %+v", m)
		}
		if m := list(login, "?limit=1&after="+string(m.Next)); len(m.Meetings) != 1 || m.Next != "" || len(m.Meetings[0].Cases) != 1 {
			t.Errorf("the second page: %+v", m)
		}
	}
	if m := list("liv", ""); len(m.Meetings) != 1 || len(m.Meetings[0].Cases) != 1 || m.Meetings[0].Cases[0].Case != first {
		t.Errorf("liv sees %+v", m)
	}
	if m := list("tage", ""); len(m.Meetings) != 0 {
		t.Errorf("a seat in the core group shows %+v", m)
	}
	if n := w.One(`select count(*) from audit.trail where act = 'search' and object_id = $1 and outcome = 'allow' and person = $2`, string(first), string(w.As("liv").Post.Person)); n != "1" {
		t.Errorf("that liv was shown the person is recorded %s times", n)
	}
	w.Advance(30 * 24 * time.Hour)
	if m := list("gudrun", "?past=true"); len(m.Meetings) != 2 || !m.Meetings[0].At.After(m.Meetings[1].At) {
		t.Errorf("the past: %+v", m)
	}

	// The pages: the same, and a cover that names nobody.
	meeting := w.One("select meeting from assessment.agenda where case_id = $1", string(first))
	for _, lang := range []string{"da", "en"} {
		for _, login := range []string{"gudrun", "liv"} {
			c := w.As(login)
			c.Lang = lang
			sound(t, c.Get("/meetings").Must(http.StatusOK))
			sound(t, c.Get("/meetings?past=yes").Must(http.StatusOK))
			a := sound(t, c.Get("/meetings/"+meeting).Must(http.StatusOK))
			cover, agenda, _ := strings.Cut(a.Text(), `class="after-cover"`)
			if strings.Contains(cover, "Signe") || !strings.Contains(agenda, "Signe") {
				t.Errorf("%s: the cover names somebody, or the agenda nobody", login)
			}
			if n := strings.Count(agenda, "Signe"); (login == "liv") != (n == 1) {
				t.Errorf("%s is shown %d people", login, n)
			}
		}
	}
	c := w.As("tage")
	none := c.Get("/meetings/" + string(hub.MakeID([16]byte{1}))).Must(http.StatusNotFound)
	if a := c.Get("/meetings/" + meeting).Must(http.StatusNotFound); a.Text() != none.Text() {
		t.Error("that there is such a meeting can be told")
	}
}
