//go:build !race

package audit

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
)

// L52, P13: 72 hours of real time from when the authority became aware, whatever the day and
// whatever the clocks do meanwhile; and the warnings by the same time.
func TestABreachHas72HoursOfRealTime(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04", s, hub.Copenhagen)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ name, aware, due, last string }{
		{"over a weekend", "2026-11-20 16:00", "Mon 2026-11-23 16:00 CET", "Mon 2026-11-23 15:00 CET"},
		{"when summer time begins", "2026-03-27 16:00", "Mon 2026-03-30 17:00 CEST", "Mon 2026-03-30 16:00 CEST"},
		{"when it ends", "2026-10-23 16:00", "Mon 2026-10-26 15:00 CET", "Mon 2026-10-26 14:00 CET"},
		{"over Christmas", "2026-12-24 09:00", "Sun 2026-12-27 09:00 CET", "Sun 2026-12-27 08:00 CET"},
	} {
		aware := at(c.aware)
		due := lawOfBreaches.due(aware)
		if got := due.In(hub.Copenhagen).Format("Mon 2006-01-02 15:04 MST"); got != c.due || due.Sub(aware) != 72*time.Hour {
			t.Errorf("%s: due %s, want %s", c.name, got, c.due)
		}
		before := fmt.Sprint(lawOfBreaches.passed(aware, due.Add(-time.Hour-time.Second)))
		if at := fmt.Sprint(lawOfBreaches.passed(aware, due.Add(-time.Hour))); before != "[24 48 66]" || at != "[24 48 66 71]" || due.Add(-time.Hour).In(hub.Copenhagen).Format("Mon 2006-01-02 15:04 MST") != c.last {
			t.Errorf("%s: the warnings are %s and then %s", c.name, before, at)
		}
		if all := fmt.Sprint(lawOfBreaches.passed(aware, due)); all != "[24 48 66 71 72]" {
			t.Errorf("%s: at the limit %s are passed", c.name, all)
		}
		b := breach{aware: aware}
		if l := b.line(due.Add(-time.Second)); l.Overdue || l.Left != 0 || !b.line(due).Overdue || b.line(aware).Left != 72 || b.line(aware.Add(time.Second)).Left != 71 {
			t.Errorf("%s: the hours left are %+v", c.name, l)
		}
	}
	for kind, want := range map[hub.AuthorityKind]string{hub.Police: "[gdpr33 rhl28] [rhl28]", hub.Municipality: "[gdpr33] [gdpr33]", "housing_association": "[] []"} {
		if can, usual := lawOfBreaches.tracks(kind); fmt.Sprint(can, usual) != want {
			t.Errorf("%s notifies under %v, usually %v; want %s", kind, can, usual, want)
		}
	}
}

const whatHappened = "En medarbejder slog op uden grund."

func (w *world) registers(login string, in map[string]any) (done BreachReceipt) {
	w.t.Helper()
	all := map[string]any{"happened": whatHappened, "kinds": []string{"confidentiality"}}
	for k, v := range in {
		all[k] = v
	}
	w.As(login).API("POST", "/api/breaches", all).Must(http.StatusCreated).JSON(&done)
	return done
}

func (w *world) breach(id hub.ID) (v BreachView) {
	w.t.Helper()
	w.As("dagny").API("GET", "/api/breaches/"+string(id), nil).Must(http.StatusOK).JSON(&v)
	return v
}

// said writes those affected as the statement of [world.direct] does.
func (a Affected) said() string {
	var out []string
	for _, l := range a.Lines {
		var got []string
		for _, id := range l.Recipients {
			got = append(got, string(id))
		}
		out = append(out, fmt.Sprint(l.Subject, " ", l.Controller, " ", l.Rows, " ", strings.Join(l.Fields, ","), " ", strings.Join(got, ","), " ", l.First.UTC().Format(time.RFC3339), " ", l.Last.UTC().Format(time.RFC3339)))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// direct asks the trail itself who is affected by some of its rows.
func (w *world) direct(where string, args ...any) string {
	w.t.Helper()
	return w.One(`select coalesce(string_agg(line, E'\n' order by line collate "C"), '') from (
		select u || ' ' || controller || ' ' || count(*) || ' ' ||
			(select string_agg(distinct f collate "C", ',' order by f collate "C") from audit.trail x, unnest(x.fields) f where u = any(x.subjects) and x.outcome = 'allow' and x.controller = t.controller and `+strings.ReplaceAll(where, "t.", "x.")+`) || ' ' ||
			string_agg(distinct case when recipient = '' then authority else recipient end, ',') || ' ' ||
			to_char(min(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || ' ' || to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as line
		from audit.trail t, unnest(t.subjects) u where t.outcome = 'allow' and (t.controller = 'koege' or t.authority = 'koege') and `+where+` group by u, controller) l`, args...)
}

// L52, P13, T13: whose data, which fields, who got them and when, as the trail itself says, by
// each way; frozen with its hash, and computed again with what has come since; nobody changes
// a step. The log's own control is no part of it.
func TestThoseAffectedAreComputedFromTheTrail(t *testing.T) {
	w := answering(t)
	w.SQL(`update audit.trail set fields = '{name,reference}' where act = 'search' and outcome = 'allow'`)
	w.search("dagny", Search{Part: Part{Reference: string(covert)}}) // about the person, for log control
	dagny := string(w.As("dagny").Actor().Person)
	gudrun, thorkild := string(w.As("gudrun").Actor().Person), string(w.As("thorkild").Actor().Person)
	first, last := w.day(0).Format(time.DateOnly), w.day(40).Format(time.DateOnly)
	p := w.Vault().Pseudonym(covert)
	var ids []hub.ID
	for _, c := range []struct {
		name  string
		in    map[string]any
		where string
		args  []any
	}{
		{"an employee", map[string]any{"way": "person", "person": gudrun}, `t.person = $1`, []any{gudrun}},
		{"the officer", map[string]any{"way": "person", "person": dagny}, `t.person = $1`, []any{dagny}},
		{"another authority's", map[string]any{"way": "person", "person": thorkild, "from": first, "until": w.day(1).Format(time.DateOnly)}, `t.person = $1 and t.at < $2`, []any{thorkild, w.day(2).Truncate(24 * time.Hour)}},
		{"a citizen", map[string]any{"way": "subject", "reference": covert}, `(t.object_id = $1 or t.subjects && array[$1]) and t.purpose <> 'log_control'`, []any{p}},
		{"a case", map[string]any{"way": "item", "reference": cases[known]}, `t.object_id = $1`, []any{string(cases[known])}},
		{"a period", map[string]any{"way": "period", "from": first, "until": last}, `t.at >= $1 and t.purpose <> 'log_control'`, []any{w.day(0).Truncate(24 * time.Hour)}},
	} {
		done := w.registers("dagny", c.in)
		ids = append(ids, done.ID)
		v := w.breach(done.ID)
		if v.Affected == nil {
			t.Fatalf("%s: nobody is affected", c.name)
		}
		if want := w.direct(c.where, c.args...); v.Affected.said() != want || want == "" {
			t.Errorf("%s: affected are\n%s\nand the trail says\n%s", c.name, v.Affected.said(), want)
		}
		subjects := map[string]bool{}
		for _, l := range v.Affected.Lines {
			subjects[l.Subject] = true
		}
		if v.Affected.Persons != len(subjects) || v.Frozen != done.Content || v.Happened != whatHappened {
			t.Errorf("%s: %+v", c.name, v)
		}
	}

	id := ids[0]
	before := w.breach(id)
	fresh := named(3, 9)
	w.looked("gudrun", "consult", "case", named(4, 9), "follow_up", 12, fresh)
	if again := w.breach(id); again.Affected.said() != before.Affected.said() || again.Frozen != before.Frozen {
		t.Error("what was frozen has changed")
	}
	var done BreachReceipt
	w.As("dagny").API("POST", "/api/breaches/"+string(id)+"/affected", map[string]any{}).Must(http.StatusOK).JSON(&done)
	now := w.breach(id)
	if now.Since == nil || now.Since.Persons != 1 || now.Since.Rows != 1 || now.Frozen != done.Content || now.Frozen == before.Frozen || len(now.Steps) != 2 || now.Steps[0].Content != before.Frozen ||
		now.Affected.said() != w.direct(`t.person = $1`, gudrun) {
		t.Errorf("%+v", now)
	}
	if n := w.One(`select count(*) from audit.breach_step where content <> sha256(box)`); n == "0" {
		t.Error("the hash is of the box")
	}
	room, err := pgx.Connect(t.Context(), w.Room("audit"))
	if err != nil {
		t.Fatal(err)
	}
	defer room.Close(t.Context()) //nolint:errcheck // a test's
	for _, sql := range []string{`update audit.breach set aware_at = now()`, `delete from audit.breach`, `update audit.breach_step set box = 'x'`, `delete from audit.breach_step`, `delete from audit.breach_told`} {
		if _, err := room.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s goes through", sql)
		}
	}
	w.SQL(`update audit.breach_step set content = sha256('x') where breach = $1 and n = 1`, string(id))
	w.As("dagny").API("GET", "/api/breaches/"+string(id), nil).Must(http.StatusConflict)

	// A number that was shown masked is told as masked, and one that was shown whole as whole.
	w.SQL(`update audit.trail set fields = '{cpr}' where object_id = $1`, string(named(4, 9)))
	row := `select id from audit.trail where object_id = $1`
	for question, want := range map[string]string{`{"action": "reveal"}`: "cpr", `{"action": "check"}`: "cpr_masked"} {
		w.SQL(`update audit.trail set question = 'act', input = $2::jsonb where id = (`+row+`)`, string(named(4, 9)), question)
		v := w.breach(w.registers("dagny", map[string]any{"way": "item", "reference": named(4, 9)}).ID)
		if len(v.Affected.Lines) != 1 || fmt.Sprint(v.Affected.Fields) != "["+want+"]" || fmt.Sprint(v.Affected.Lines[0].Fields) != "["+want+"]" {
			t.Errorf("%s shows %+v", question, v.Affected)
		}
	}
}

// L52, P13: open, notified, closed, and overdue; each warning is told once, to the officers and
// managers of the authority and without content; late takes a reason, and so does to close.
func TestABreachIsNotifiedInTimeOrSaysWhyNot(t *testing.T) {
	w := answering(t)
	began := w.Now()
	id := w.registers("dagny", nil).ID
	path := "/api/breaches/" + string(id)
	told := func() string {
		return w.One(`select coalesce(string_agg(word || ' ' || n, ', ' order by word), '') from (select word, count(*) || ' ' || string_agg(distinct authority || ' ' || role, ' ') as n from portal.notice where word like 'breach%' and concern = '' and item = '' group by word) x`)
	}
	page := func(login, path string) string {
		return mainPart(sound(t, w.As(login).Get(path).Must(http.StatusOK)).Text())
	}
	if !strings.Contains(page("dagny", "/"), "71 timer tilbage") && !strings.Contains(page("dagny", "/"), "72 timer tilbage") {
		t.Errorf("the front page does not say it: %s", page("dagny", "/"))
	}
	for _, login := range []string{"gudrun", "hedvig", "esther"} {
		if text := page(login, "/"); strings.Contains(text, "/breaches/") {
			t.Errorf("%s's front page has it: %s", login, text)
		}
	}
	for _, c := range []struct {
		hours int
		want  string
	}{{23, ""}, {24, "breach_due 2"}, {25, "breach_due 2"}, {48, "breach_due 4"}, {66, "breach_due 6"}, {71, "breach_due 8"}, {71, "breach_due 8"}, {72, "breach_due 8|breach_overdue 2"}, {73, "breach_due 8|breach_overdue 2"}} {
		w.Set(began.Add(time.Duration(c.hours)*time.Hour + time.Minute))
		w.Settle()
		want := strings.ReplaceAll(c.want, "|", " koege dpo koege manager, ")
		if want != "" {
			want += " koege dpo koege manager"
		}
		if got := told(); got != want {
			t.Errorf("after %d hours told is %q, want %q", c.hours, got, want)
		}
	}
	if v := w.breach(id); !v.Overdue || v.State != "open" || !slices.Contains(v.Gaps(), "delay") {
		t.Errorf("%+v", v)
	}
	for _, at := range []string{"/", "/breaches", "/breaches/" + string(id)} {
		if text := page("dagny", at); !strings.Contains(text, "Fristen") {
			t.Errorf("%s does not say that it is overdue: %s", at, text)
		}
	}
	dagny := w.As("dagny")
	a := dagny.API("POST", path+"/notification", map[string]any{"case_number": "2026-442-1"})
	if a.Status != http.StatusBadRequest || !strings.Contains(a.Text(), `"delay"`) {
		t.Errorf("late without a reason is answered %d %s", a.Status, a.Body)
	}
	if a := dagny.API("POST", path+"/notification", map[string]any{"case_number": "2026-442-1", "on": w.Now().AddDate(1, 0, 0)}).Must(http.StatusBadRequest); !strings.Contains(a.Text(), `"on"`) || strings.Contains(a.Text(), `"delay"`) {
		t.Errorf("notified next year is answered %s", a.Body)
	}
	dagny.API("POST", path+"/notification", map[string]any{"case_number": "2026-442-1", "on": began.Add(-time.Minute), "delay": "Vi ventede på it-afdelingens svar."}).Must(http.StatusBadRequest)
	dagny.API("POST", path+"/description", map[string]any{"delay": "Vi ventede på it-afdelingens svar.", "measures": "Adgangen er lukket."}).Must(http.StatusOK)
	dagny.API("POST", path+"/notification", map[string]any{"case_number": "2026-442-1"}).Must(http.StatusOK)
	dagny.API("POST", path+"/notification", map[string]any{"case_number": "2026-442-2"}).Must(http.StatusConflict)
	if v := w.breach(id); v.State != "notified" || v.Overdue || v.CaseNumber != "2026-442-1" || v.NotifiedOn == nil || v.Delay == "" || strings.Contains(page("dagny", "/"), "timer tilbage") {
		t.Errorf("%+v", v)
	}
	dagny.API("POST", path+"/inform", map[string]any{"inform": "maybe", "reason": whatHappened}).Must(http.StatusBadRequest)
	dagny.API("POST", path+"/inform", map[string]any{"inform": "no", "reason": "kort"}).Must(http.StatusBadRequest)
	dagny.API("POST", path+"/inform", map[string]any{"inform": "yes", "reason": whatHappened, "text_en": "We write to you."}).Must(http.StatusOK)
	if v := w.breach(id); v.Inform != "yes" || !strings.Contains(v.TextDa, "Køge") || !strings.Contains(v.TextDa, "[…]") || v.TextEn != "We write to you." {
		t.Errorf("%+v", v.BreachTexts)
	}
	var d BreachDraft
	dagny.API("GET", path+"/draft", nil).Must(http.StatusOK).JSON(&d)
	if fmt.Sprint(d.Gaps) != "[affected categories consequences]" || d.Happened != whatHappened || !strings.Contains(d.Contact, dagny.Post.Name) || d.Measures == "" || fmt.Sprint(d.Tracks) != "[gdpr33]" {
		t.Errorf("%+v", d)
	}
	for lang, gap := range map[string]string{"da": "Mangler", "en": "Missing"} {
		dagny.Lang = lang
		for _, at := range []string{"/breaches", "/breaches/" + string(id), "/breaches/" + string(id) + "/draft"} {
			text := sound(t, dagny.Get(at).Must(http.StatusOK)).Text()
			if strings.HasSuffix(at, "draft") && !strings.Contains(text, "We write to you.") {
				t.Errorf("what the citizens are told is not on it: %s", text)
			}
			if strings.HasSuffix(at, "draft") && strings.Count(text, gap) != 5 {
				t.Errorf("%s says %d gaps: %s", at, strings.Count(text, gap), text)
			}
		}
	}
	if a := dagny.Get("/breaches/" + string(id) + "/draft?as=json").Must(http.StatusOK); !strings.Contains(a.Text(), whatHappened) || !strings.Contains(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file is %v %s", a.Header, a.Body)
	}
	dagny.API("POST", path+"/close", map[string]any{"reason": "kort"}).Must(http.StatusBadRequest)
	dagny.API("POST", path+"/close", map[string]any{"reason": "Datatilsynet har svaret og lukket sagen."}).Must(http.StatusOK)
	for step, in := range map[string]map[string]any{"/close": {"reason": whatHappened}, "/description": {}, "/affected": {}, "/inform": {"inform": "no", "reason": whatHappened}, "/notification": {"case_number": "1"}} {
		dagny.API("POST", path+step, in).Must(http.StatusConflict)
	}
	if v := w.breach(id); v.State != "closed" || v.CloseReason == "" || len(v.Steps) != 5 {
		t.Errorf("%+v", v)
	}

	// One that is found out late is told of once, and one that is closed in time never.
	w.SQL(`delete from portal.notice`)
	w.registers("dagny", map[string]any{"aware": w.Now().Add(-50 * time.Hour)})
	quiet := w.registers("dagny", nil).ID
	w.As("dagny").API("POST", "/api/breaches/"+string(quiet)+"/close", map[string]any{"reason": "Det er usandsynligt, at det rammer nogen."}).Must(http.StatusOK)
	w.Set(w.Now().Add(time.Minute))
	w.Settle()
	if got := told(); got != "breach_due 2 koege dpo koege manager" {
		t.Errorf("of one that is found out late %s", got)
	}
	if got := w.One(`select string_agg(act || ' ' || outcome || case when why_ref = '' then ' ungrounded' else '' end, ', ' order by at, id) from audit.trail where object_kind = 'breach' and object_id = $1 and act not in ('consult', 'export')`, string(id)); got !=
		"collect allow, change allow, decide allow, decide allow, decide allow" {
		t.Errorf("the trail says %s", got)
	}
	if w.One(`select case when count(*) > 9 and bool_and(why_ref <> '') then 'yes' else 'no' end from audit.trail where object_kind = 'breach' and object_id = $1 and act in ('consult', 'export') and outcome = 'allow'`, string(id)) != "yes" {
		t.Error("reading it is not in the trail")
	}
}

// L52, A086, A087: nobody but the authority's own officers learns that there is a breach: the same bytes
// of one that is there and of one that is not. And what is wrong is told at its field.
func TestABreachIsTheOwnOfficersAlone(t *testing.T) {
	w := answering(t)
	real := string(w.registers("dagny", nil).ID)
	for _, login := range []string{"gudrun", "hedvig", "rune", "thorkild", "esther", "signe", "bertil"} {
		c := w.As(login)
		for _, ask := range []struct{ method, path string }{{"GET", ""}, {"GET", "/draft"}, {"POST", "/affected"}, {"POST", "/description"}, {"POST", "/inform"}, {"POST", "/notification"}, {"POST", "/close"}} {
			var in map[string]any
			if ask.method == "POST" {
				in = map[string]any{"reason": whatHappened, "inform": "no", "case_number": "1"}
				if ask.path == "/affected" || ask.path == "/description" {
					in = map[string]any{}
				} else if ask.path == "/close" {
					in = map[string]any{"reason": whatHappened}
				} else if ask.path == "/notification" {
					in = map[string]any{"case_number": "1"}
				} else {
					delete(in, "case_number")
				}
			}
			none := string(hub.NewID())
			a, b := c.API(ask.method, "/api/breaches/"+real+ask.path, in), c.API(ask.method, "/api/breaches/"+none+ask.path, in)
			if a.Status != http.StatusNotFound || anyID.ReplaceAllString(a.Text(), "") != anyID.ReplaceAllString(b.Text(), "") {
				t.Errorf("%s: %s %s is answered %d %s, and one that is not there %d %s", login, ask.method, ask.path, a.Status, a.Body, b.Status, b.Body)
			}
		}
		if login == "esther" || login == "signe" {
			var list BreachList
			if c.API("GET", "/api/breaches", nil).Must(http.StatusOK).JSON(&list); len(list.Breaches) != 0 {
				t.Errorf("%s reads another authority's register", login)
			}
			continue
		}
		c.API("GET", "/api/breaches", nil).Must(http.StatusNotFound)
		c.Get("/breaches").Must(http.StatusNotFound)
		c.API("POST", "/api/breaches", map[string]any{"happened": whatHappened, "kinds": []string{"integrity"}}).Must(http.StatusNotFound)
	}
	if n := w.One(`select count(*) from audit.breach`); n != "1" {
		t.Errorf("there are %s", n)
	}

	dagny := w.As("dagny")
	for _, c := range []struct {
		name, field string
		in          map[string]any
	}{
		{"a word for what happened", "happened", map[string]any{"happened": "Brud"}},
		{"no kind", "kinds", map[string]any{"kinds": []string{}}},
		{"a kind that there is not", "kinds", map[string]any{"kinds": []string{"integrity", "fun"}}},
		{"the police's track", "tracks", map[string]any{"tracks": []string{"rhl28"}}},
		{"aware tomorrow", "aware", map[string]any{"aware": w.Now().Add(24 * time.Hour)}},
		{"aware long ago", "aware", map[string]any{"aware": "1789-07-14T12:00:00Z"}},
		{"a way that there is not", "way", map[string]any{"way": "all", "from": "2026-01-01"}},
		{"rows without a way", "way", map[string]any{"from": "2026-01-01"}},
		{"nobody", "person", map[string]any{"way": "person"}},
		{"no reference", "reference", map[string]any{"way": "subject"}},
		{"a name for a reference", "reference", map[string]any{"way": "item", "reference": "Ib"}},
		{"a personal number for a reference", "reference", map[string]any{"way": "subject", "reference": "6703084019"}},
		{"no first day", "from", map[string]any{"way": "period"}},
		{"no day", "from", map[string]any{"way": "period", "from": "31-31-2026"}},
		{"backwards", "until", map[string]any{"way": "disclosure", "from": "2026-02-01", "until": "2026-01-01"}},
	} {
		all := map[string]any{"happened": whatHappened, "kinds": []string{"integrity"}}
		for k, v := range c.in {
			all[k] = v
		}
		if a := dagny.API("POST", "/api/breaches", all); a.Status != http.StatusBadRequest || !strings.Contains(a.Text(), `"field":"`+c.field+`"`) {
			t.Errorf("%s is answered %d %s", c.name, a.Status, a.Body)
		}
	}
	// What is chosen twice is chosen.
	v := w.breach(w.registers("dagny", map[string]any{"kinds": []string{"integrity", "confidentiality", "integrity"}, "tracks": []string{"gdpr33", "gdpr33"}}).ID)
	if fmt.Sprint(v.Kinds, v.Tracks) != "[confidentiality integrity] [gdpr33]" {
		t.Errorf("it stands as %v %v", v.Kinds, v.Tracks)
	}
	// The police may notify on both; by the page as by the API; of an hour that comes twice it is the first.
	merete := w.As("signe")
	sound(t, merete.Get("/breaches").Must(http.StatusOK))
	form := func(time string) url.Values {
		return url.Values{"happened": {whatHappened}, "kinds[]": {"confidentiality", "integrity"}, "tracks[]": {"gdpr33", "rhl28"}, "aware-day": {"25"}, "aware-month": {"10"}, "aware-year": {"2026"}, "aware_time": {time}}
	}
	if a := sound(t, merete.Submit("/breaches", form("25.30")).Must(http.StatusBadRequest)); !strings.Contains(a.Text(), "Skriv klokken") {
		t.Errorf("a time that there is not: %s", a.Text())
	}
	sound(t, merete.Submit("/breaches", form("2.30")).Must(http.StatusOK))
	if got := w.One(`select to_char(aware_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' ' || array_to_string(tracks, ',') || ' ' || authority from audit.breach where authority <> 'koege'`); !strings.HasPrefix(got, "2026-10-25 00:30 gdpr33,rhl28 ") {
		t.Errorf("it stands as %s", got)
	}
	for _, step := range []url.Values{{"step": {"gathered"}, "way": {"period"}, "from-day": {"1"}, "from-month": {"1"}, "from-year": {"2026"}}, {"step": {"described"}, "categories": {"Unge"}, "delay": {"Vi ventede på it-afdelingen."}},
		{"step": {"informed"}, "inform": {"no"}, "reason": {"Oplysningerne var krypteret, og ingen så dem."}}, {"step": {"notified"}, "case_number": {"2026-1"}}, {"step": {"closed"}, "reason": {"Der er ikke mere at gøre ved det."}}} {
		sound(t, merete.Submit(merete.At(), step).Must(http.StatusOK))
	}
	if got := w.One(`select string_agg(step, ' ' order by n) from audit.breach_step s join audit.breach b on b.id = s.breach where b.authority <> 'koege'`); got != "registered gathered described informed notified closed" {
		t.Errorf("the steps are %s", got)
	}
}
