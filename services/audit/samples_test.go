//go:build !race

package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/services/portal"
)

// lots is a hub in which a period of a week has ended, and the room audit as the tests
// drive it; the period is the one before this week, or the one before that on its first
// morning.
type lots struct {
	*world
	x           *room
	from, until time.Time
}

func drawing(t *testing.T) *lots {
	t.Helper()
	h := hubtest.Open(t, hubtest.Options{Services: []service.Service{portal.Service, Service}, Structure: twoOfficers(t)})
	for _, a := range h.Structure.Authorities {
		if err := h.Vault().Make(vault.AuthorityKey(a.ID)); err != nil {
			t.Fatal(err)
		}
	}
	w := &lots{world: &world{h, t, h.DB("portal")}}
	w.items()
	now, err := time.Parse(time.RFC3339, w.One(`select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`))
	if err != nil {
		t.Fatal(err)
	}
	w.from = monday(now.Add(-2*drawnAfter)).AddDate(0, 0, -7)
	w.until = periodEnd(w.from, 1)
	w.SQL(`create table audit.trail_before partition of audit.trail for values from ('2020-01-01 00:00Z') to ('` + w.One(`select to_char(date_trunc('month', now() at time zone 'UTC'), 'YYYY-MM-DD')`) + ` 00:00Z')`)
	for _, a := range w.Structure.Authorities { // as one that has run for longer
		w.SQL(`insert into audit.sampling (authority, since, weeks, size) values ($1, $2::timestamptz, 1, 5)`, string(a.ID), w.from)
	}
	w.x = &room{Env: w.env()}
	return w
}

// glance is rows of the trail that differ in these.
type glance struct {
	login, act, outcome, purpose string
	of                           hub.AuthorityID // whose data
	object                       hub.ID
	n                            int
	at                           time.Time // of the first; the others a minute apart
}

func (w *lots) looks(l glance) {
	w.t.Helper()
	person, hat, authority, role := "system", "", "", "system"
	if l.login != "system" {
		who := w.As(l.login).Actor()
		person, hat, authority, role = string(who.Person), string(who.Hat.ID), string(who.Authority), string(who.Role)
	}
	or := func(text, usual string) string {
		if text == "" {
			return usual
		}
		return text
	}
	w.SQL(`insert into audit.trail (at, said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations, object_kind, object_id, object_version,
		controller, subjects, fields, purpose, basis, recipient, rows, why_ref, deputy_of)
		select a, a, $2, $3, $4, $5, '', '', '', 'r' || i, '', $6, $7, '', 'null', '', '{}', '{}', 'concern', $8, 1, $9, '{}', '{reference}', $10, '', '', 0, '', ''
		from (select i, $1::timestamptz + i * interval '1 minute' as a from generate_series(0, $11::int - 1) i) x`,
		l.at, person, hat, authority, role, or(l.act, "consult"), or(l.outcome, "allow"), string(l.object), string(l.of), or(l.purpose, "prevention"), fmt.Sprint(max(l.n, 1)))
}

// signs has the rows that wait become leaves, and the checkpoint of them signed so long after
// the period ended; it gives its size.
func (w *lots) signs(after time.Duration) string {
	w.t.Helper()
	wants(w.t, "the tree", w.x.follows(w.t.Context()), "")
	size := w.One(`select max(size) from audit.checkpoint`)
	w.SQL(`update audit.checkpoint set at = $1::timestamptz where size = $2::bigint`, w.until.Add(after), size)
	return size
}

func (w *lots) draws(x *room) {
	w.t.Helper()
	if err := x.samples(w.t.Context()); err != nil {
		w.t.Error(err)
	}
}

// rows are the numbers of rows that a condition finds, in order of them.
func (w *lots) rows(where string) (ids []int64) {
	for _, r := range w.SQL(`select id from audit.trail t where ` + where + ` order by id`) {
		id, _ := strconv.ParseInt(r[0], 10, 64)
		ids = append(ids, id)
	}
	return ids
}

func (w *lots) sampled(authority, rule string) (ids []int64) {
	for _, r := range w.SQL(`select s.row from audit.sampled s join audit.sample d on d.id = s.sample where d.authority = $1 and d.rule = $2 and d.from_at = $3::timestamptz order by s.place`, authority, rule, w.from) {
		id, _ := strconv.ParseInt(r[0], 10, 64)
		ids = append(ids, id)
	}
	return ids
}

// again draws as docs/trail.md says, by what an officer is shown and nothing else of ours.
func again(checkpoint, authority, from, until, rule string, rows []int64, size int) (seed string, drawn []int64) {
	text, signatures, _ := strings.Cut(checkpoint, "\n\n")
	cosigned := strings.SplitAfterN(signatures, "\n", 2)[1] // the first is the log's own
	sum := sha256.Sum256([]byte("infohus sample 1\n" + text + "\n" + cosigned + authority + "\n" + from + "\n" + until + "\n" + rule + "\n"))
	rank := func(row int64) []byte {
		mac := hmac.New(sha256.New, sum[:])
		fmt.Fprint(mac, row)
		return mac.Sum(nil)
	}
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b int64) int { return bytes.Compare(rank(a), rank(b)) })
	return hex.EncodeToString(sum[:]), rows[:min(size, len(rows))]
}

// P11, L20: what is drawn follows from the first checkpoint that was signed an hour after the
// end and is of all of it, so that whoever has that draws the same; and it is drawn from what
// was looked up in the period, of the own data and by the own people, to the last instant.
func TestSamplesAreDrawnByTheTree(t *testing.T) {
	w := drawing(t)
	noon := w.from.Add(12 * time.Hour)
	w.looks(glance{login: "gudrun", of: "koege", object: koege, n: 40, at: noon})
	w.looks(glance{login: "thorkild", of: "koege", object: koege, act: "search", n: 5, at: noon})
	w.looks(glance{login: "gudrun", of: "koege", object: koege, at: w.from})
	w.looks(glance{login: "gudrun", of: "koege", object: koege, act: "export", at: w.until.Add(-time.Microsecond)})
	w.looks(glance{login: "gudrun", of: "roskilde", object: roskilde, act: "break-glass", n: 12, at: noon})
	w.looks(glance{login: "dagny", of: "koege", act: "search", purpose: "log_control", n: 3, at: noon})
	// And what is not drawn: before and after, refused, done by the hub, no look-up, another's.
	w.looks(glance{login: "gudrun", of: "koege", object: koege, n: 9, at: w.from.Add(-9 * time.Minute)})
	w.looks(glance{login: "gudrun", of: "koege", object: koege, n: 9, at: w.until})
	w.looks(glance{login: "gudrun", of: "koege", object: koege, outcome: "deny", n: 9, at: noon})
	w.looks(glance{login: "system", of: "koege", object: koege, n: 9, at: noon})
	w.looks(glance{login: "gudrun", of: "koege", object: koege, act: "change", n: 9, at: noon})
	w.looks(glance{login: "sigrid", of: "roskilde", object: roskilde, n: 9, at: noon})

	w.draws(w.x)
	if n := w.One(`select count(*) from audit.sample where size > 0`); n != "0" {
		t.Fatalf("%s draws before anything is signed", n)
	}
	w.signs(drawnAfter - time.Minute)
	w.draws(w.x)
	if n := w.One(`select count(*) from audit.sample where size > 0`); n != "0" {
		t.Fatalf("%s draws by what was signed too early", n)
	}
	w.writes(3)
	first := w.signs(drawnAfter)
	for n := range 3 {
		w.writes(2)
		w.signs(drawnAfter + time.Duration(n)*time.Minute)
	}
	w.looks(glance{login: "gudrun", of: "koege", object: koege, at: noon}) // written, and no leaf yet
	w.draws(w.x)
	if n := w.One(`select count(*) from audit.sample where authority = 'koege'`); n != "0" {
		t.Fatalf("%s draws while a row of the period is no leaf", n)
	}
	w.SQL(`delete from audit.trail where id in (select id from audit.pending)`)
	w.SQL(`delete from audit.pending`)
	w.draws(w.x)
	w.draws(w.x) // the same again

	const period = `t.at >= (select from_at from audit.sample limit 1) and t.at < (select until_at from audit.sample limit 1) and t.outcome = 'allow' and t.act in ('consult', 'search', 'export', 'break-glass') and t.role <> 'system'`
	days := []string{w.from.Format(time.DateOnly), w.until.Format(time.DateOnly)}
	var q SampleQueue
	w.As("dagny").API("GET", "/api/samples", nil).Must(http.StatusOK).JSON(&q)
	for rule, of := range map[string]struct {
		where string
		n     int
	}{
		"data":   {`t.controller = 'koege' and t.purpose <> 'log_control'`, 47},
		"people": {`t.authority = 'koege' and t.controller = 'roskilde'`, 12},
		"log":    {`t.controller = 'koege' and t.purpose = 'log_control'`, 3},
	} {
		rows := w.rows(of.where + " and " + period)
		i := slices.IndexFunc(q.Draws, func(d SampleDraw) bool { return d.Rule == rule })
		if len(rows) != of.n || i < 0 || q.Draws[i].Eligible != of.n || q.Draws[i].Size != 5 || q.Draws[i].From != days[0] || q.Draws[i].Until != days[1] {
			t.Fatalf("%s: %d rows, %+v", rule, len(rows), q.Draws)
		}
		d := q.Draws[i]
		if lines := strings.Split(d.Checkpoint, "\n"); lines[1] != first {
			t.Errorf("%s: decided by the checkpoint of %s leaves, want %s", rule, lines[1], first)
		}
		seed, want := again(d.Checkpoint, "koege", days[0], days[1], rule, rows, 5)
		if got := w.sampled("koege", rule); !slices.Equal(got, want) || len(got) != min(5, of.n) || d.Seed != seed {
			t.Errorf("%s: drawn are %v by %s, want %v by %s", rule, got, d.Seed, want, seed)
		}
	}
	// Whose data it is and whose people it was draw each by itself.
	if got := w.One(`select string_agg(rule || ' ' || eligible, ', ' order by rule) from audit.sample where authority = 'roskilde' and eligible > 0`); got != "data 21" {
		t.Errorf("at the other authority %s", got)
	}
	if n := w.One(`select count(*) from audit.sample where from_at <> $1::timestamptz`, w.from); n != "0" {
		t.Errorf("%s draws of another period", n)
	}
}

// P11: another root gives another sample, and so does another authority, period or rule; and
// each row is as likely as any other: 50 rows in 4,000 draws of 5, by the chi-squared of their
// counts, which passes 85 (49 degrees) once in a thousand. The seeds are fixed.
func TestEveryRowIsAsLikely(t *testing.T) {
	rows := make([]int64, 50)
	for i := range rows {
		rows[i] = int64(1000 + i*i)
	}
	counts := map[int64]int{}
	d := draw{authority: "koege", from: time.Date(2026, 3, 2, 0, 0, 0, 0, hub.Copenhagen), until: time.Date(2026, 3, 9, 0, 0, 0, 0, hub.Copenhagen), rule: "data"}
	const draws, size = 4000, 5
	for i := range draws {
		for _, row := range pick(seedOf(fmt.Sprintf("log\n%d\nroot\n", i), "", d), rows, size) {
			counts[row]++
		}
	}
	want := float64(draws*size) / float64(len(rows))
	chi := 0.0
	for _, row := range rows {
		off := float64(counts[row]) - want
		chi += off * off / want
	}
	if t.Logf("chi-squared is %.1f", chi); chi > 85 {
		t.Errorf("chi-squared is %.1f of %v", chi, counts)
	}
	base := fmt.Sprint(pick(seedOf("log\n7\nroot\n", "", d), rows, size))
	if again := fmt.Sprint(pick(seedOf("log\n7\nroot\n", "", d), rows, size)); again != base {
		t.Errorf("the same draws %s, and then %s", base, again)
	}
	a, p, r := d, d, d
	a.authority, p.until, r.rule = "roskilde", d.until.AddDate(0, 0, 7), "people"
	for what, seed := range map[string][]byte{"another root": seedOf("log\n7\nroof\n", "", d), "a cosignature": seedOf("log\n7\nroot\n", "— witness AAAA\n", d),
		"another authority": seedOf("log\n7\nroot\n", "", a), "another period": seedOf("log\n7\nroot\n", "", p), "another rule": seedOf("log\n7\nroot\n", "", r)} {
		if got := fmt.Sprint(pick(seed, rows, size)); got == base {
			t.Errorf("%s draws the same", what)
		}
	}
	for _, n := range []int{0, 1, 50, 60} {
		if got := pick(seedOf("", "", d), rows, n); len(got) != min(n, 50) || len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
			t.Errorf("of %d %v", n, got)
		}
	}
}

// L20: a period begins on a Monday at midnight in Copenhagen, and is seven days also where one
// of them has 23 or 25 hours.
func TestPeriodsBeginOnMondays(t *testing.T) {
	for _, c := range []struct {
		at, from, until string
		weeks           int
	}{
		{"2026-03-25T12:00:00+01:00", "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 1},
		{"2026-03-29T23:59:59+02:00", "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 1},
		{"2026-03-29T22:00:00Z", "2026-03-30T00:00:00+02:00", "2026-04-06T00:00:00+02:00", 1},
		{"2026-10-25T22:59:59Z", "2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 1},
		{"2026-10-25T23:00:00Z", "2026-10-26T00:00:00+01:00", "2026-11-02T00:00:00+01:00", 1},
		{"2026-10-01T10:00:00Z", "2026-09-28T00:00:00+02:00", "2027-03-29T00:00:00+02:00", 26},
	} {
		at, _ := time.Parse(time.RFC3339, c.at)
		from := monday(at)
		if got := [2]string{from.Format(time.RFC3339), periodEnd(from.UTC(), c.weeks).Format(time.RFC3339)}; got != [2]string{c.from, c.until} {
			t.Errorf("%s is in %v, want %s to %s", c.at, got, c.from, c.until)
		}
	}
}

// P11: where witnesses cosign, the lot waits for as many as there must be, and their word is
// part of it: the hub cannot draw before it asked them.
func TestASampleWaitsForTheWitnesses(t *testing.T) {
	w := drawing(t)
	w.looks(glance{login: "gudrun", of: "koege", object: koege, n: 30, at: w.from.Add(time.Hour)})
	w.signs(2 * drawnAfter)
	w.still()
	a, b := anothers(t, w.world, w.x, "koege.example/witness"), anothers(t, w.world, w.x, "mvsj-politi.example/witness")
	x := w.witnessed(0, a, b)
	w.draws(x)
	if n := w.One(`select count(*) from audit.sample`); n != "0" {
		t.Fatalf("%s draws before a witness was asked", n)
	}
	wants(t, "asked", x.asks(t), "")
	w.SQL(`update audit.cosignature set at = at - interval '1 minute' where witness like 'mvsj%'`)
	x = w.witnessed(2, a, b)
	w.draws(x)
	checkpoint := w.One(`select checkpoint from audit.sample where authority = 'koege' and rule = 'data'`)
	if i, j := strings.Index(checkpoint, "— mvsj-politi.example/witness "), strings.Index(checkpoint, "— koege.example/witness "); i < 0 || j < i {
		t.Errorf("it was drawn by %s", checkpoint)
	}
	seed, want := again(checkpoint, "koege", w.from.Format(time.DateOnly), w.until.Format(time.DateOnly), "data", w.rows(`t.object_id = '`+string(koege)+`'`), 5)
	if got := w.sampled("koege", "data"); !slices.Equal(got, want) || w.One(`select encode(seed, 'hex') from audit.sample where authority = 'koege' and rule = 'data'`) != seed {
		t.Errorf("drawn are %v, want %v", got, want)
	}
}

// L20, A055, A087: an officer goes through what was drawn at their own authority, and says
// what they found, as a row of the trail; who is asked is decided of later; nobody decides of
// their own; and to everybody else it is as if it never was.
func TestSamplesAreDecided(t *testing.T) {
	w := drawing(t)
	noon := w.from.Add(12 * time.Hour)
	w.looks(glance{login: "gudrun", of: "koege", object: koege, n: 3, at: noon})
	w.looks(glance{login: "gudrun", of: "koege", object: stranger, act: "export", at: noon})
	w.looks(glance{login: "dagny", of: "koege", act: "search", purpose: "log_control", at: noon})
	w.looks(glance{login: "sigrid", of: "roskilde", object: roskilde, at: noon})
	w.signs(drawnAfter)
	w.draws(w.x)
	dagny := w.As("dagny")
	list := func(login string) (q SampleQueue) {
		t.Helper()
		w.As(login).API("GET", "/api/samples", nil).Must(http.StatusOK).JSON(&q)
		return q
	}
	says := func(login string, id hub.ID, outcome, note string) hubtest.Answer {
		in := map[string]any{"outcome": outcome}
		if note != "" {
			in["note"] = note
		}
		return w.As(login).API("POST", "/api/samples/"+string(id)+"/decision", in)
	}
	q := list("dagny")
	if q.Yours != 4 || q.Others != 1 || len(q.Waiting) != 5 || !q.Waiting[4].Another || q.Waiting[4].Rule != "log" || len(list("esther").Waiting) != 1 {
		t.Fatalf("waiting are %+v", q)
	}
	own := q.Waiting[4].ID
	// Nobody else knows of it, and what never was is the same.
	for _, login := range []string{"esther", "signe", "gudrun", "hedvig", "rune"} {
		for _, id := range []hub.ID{q.Waiting[0].ID, own} {
			none := hub.MakeID([16]byte{7})
			if a, b := w.As(login).API("GET", "/api/samples/"+string(id), nil).Must(http.StatusNotFound), w.As(login).API("GET", "/api/samples/"+string(none), nil).Must(http.StatusNotFound); string(a.Body) != string(b.Body) {
				t.Errorf("%s is told %s, and %s of one that never was", login, a.Body, b.Body)
			}
			if a, b := says(login, id, "in_order", "").Must(http.StatusNotFound), says(login, none, "in_order", "").Must(http.StatusNotFound); string(a.Body) != string(b.Body) {
				t.Errorf("%s is told %s, and %s of one that never was", login, a.Body, b.Body)
			}
		}
	}
	// Their own, they see and do not decide.
	says("dagny", own, "in_order", "").Must(http.StatusConflict)
	if n := w.One(`select count(*) from audit.trail where object_kind = 'sample' and object_id = $1 and outcome = 'deny' and 'self' = any(reasons)`, string(own)); n != "1" {
		t.Errorf("%s refusals of the own stand in the trail", n)
	}
	// One at a time, with the keyboard alone: a choice and a button.
	for lang, words := range map[string][3]string{"da": {"4 stikprøver venter på dig", "Spørg personen først", "De næste trækkes <time"}, "en": {"4 samples wait for you", "Ask the person first", "The next are drawn on <time"}} {
		c := w.As("dagny")
		c.Lang = lang
		if a := sound(t, c.Get("/").Must(http.StatusOK)); !strings.Contains(a.Text(), words[0]) || !strings.Contains(a.Text(), `href="/samples"`) {
			t.Errorf("%s: the front page does not say that they wait: %s", lang, a.Body)
		}
		if a := sound(t, c.Get("/samples").Must(http.StatusOK)); !strings.Contains(a.Text(), words[0]) || !strings.Contains(a.Text(), words[2]) || strings.Count(a.Text(), `href="/samples/`) != 5 {
			t.Errorf("%s: %s", lang, a.Body)
		}
		at := "/samples/" + string(q.Waiting[0].ID)
		if a := sound(t, c.Get(at).Must(http.StatusOK)); !strings.Contains(a.Text(), words[1]) || !strings.Contains(a.Text(), fmt.Sprintf(`href="/trail/%d"`, q.Waiting[0].Row)) || strings.Count(a.Text(), `type="radio"`) != 3 || strings.Contains(a.Text(), `value="in_order" checked`) {
			t.Errorf("%s: %s", lang, a.Body)
		}
		if a := sound(t, c.Submit(at, url.Values{"note": {"Et ord"}}).Must(http.StatusBadRequest)); !strings.Contains(a.Text(), `id="outcome-error"`) || !strings.Contains(a.Text(), "Et ord") {
			t.Errorf("%s: nothing was chosen: %s", lang, a.Body)
		}
		if a := sound(t, c.Get("/samples/"+string(own)).Must(http.StatusOK)); strings.Contains(a.Text(), `type="radio"`) {
			t.Errorf("%s: there is a form for the own: %s", lang, a.Body)
		}
	}
	if a := w.As("gudrun").Get("/").Must(http.StatusOK); strings.Contains(a.Text(), "/samples") {
		t.Error("somebody else's front page tells of samples")
	}
	dagny.Get("/samples/" + string(q.Waiting[0].ID))
	if a := dagny.Submit("/samples/"+string(q.Waiting[0].ID), url.Values{"outcome": {"asked"}, "note": {"Jeg ringer til Gudrun i morgen."}}).Must(http.StatusOK); !strings.HasSuffix(a.Path, "/samples/"+string(q.Waiting[1].ID)) {
		t.Errorf("the next that is shown is %s", a.Path)
	}
	says("dagny", q.Waiting[1].ID, "in_order", "").Must(http.StatusOK)
	says("dagny", q.Waiting[1].ID, "not_in_order", "").Must(http.StatusConflict)
	says("dagny", q.Waiting[2].ID, "perhaps", "").Must(http.StatusBadRequest)
	says("dagny", q.Waiting[2].ID, "", "").Must(http.StatusBadRequest)
	if got := list("dagny"); got.Yours != 3 || len(got.Decided) != 1 || got.Waiting[0].ID != q.Waiting[2].ID || got.Waiting[2].Outcome != "asked" || got.Waiting[3].ID != own {
		t.Errorf("then wait %+v", got)
	}
	says("dagny", q.Waiting[0].ID, "not_in_order", "Der var ingen sag om personen.").Must(http.StatusOK)
	var v SampleView
	dagny.API("GET", "/api/samples/"+string(q.Waiting[0].ID), nil).Must(http.StatusOK).JSON(&v)
	if len(v.Steps) != 2 || v.Steps[0].Outcome != "asked" || v.Steps[0].Note != "Jeg ringer til Gudrun i morgen." || v.Steps[1].Outcome != "not_in_order" || v.Steps[1].By != w.As("dagny").Post.Name || v.Look.ID != q.Waiting[0].Row {
		t.Errorf("read is %+v", v)
	}
	// On record: what was found stands in the row, so in the tree; the note is sealed.
	for _, s := range v.Steps {
		if got := w.One(`select concat_ws(' ', act, outcome, object_kind, object_id, controller, input ->> 'category', why_ref <> '') from audit.trail where id = $1::bigint`, fmt.Sprint(s.Row)); got != fmt.Sprintf("decide allow sample %s koege %s t", v.ID, s.Outcome) {
			t.Errorf("the trail says %s", got)
		}
	}
	if n := w.One(`select count(*) from audit.reason where box::text like '%ingen sag%'`); n != "0" {
		t.Error("the note is not sealed")
	}
	w.decidedIsHeld(sampleBook, "/samples", v.ID)
	// Each reading is recorded.
	if n := w.One(`select count(*) from audit.trail where object_kind = 'trail' and act = 'consult' and person = $1 and outcome = 'allow'`, string(dagny.Post.Person)); n == "0" {
		t.Error("that a sample was read is not in the trail")
	}
	// What the database holds beside the rules.
	for what, sql := range map[string]string{
		"of the own":                  `insert into audit.sample_decision values ('` + string(own) + `', 1, 'in_order', '` + string(dagny.Post.Person) + `', 'h', now(), true)`,
		"of one that they decided of": `insert into audit.sample_decision values ('` + string(q.Waiting[1].ID) + `', 2, 'asked', '` + string(dagny.Post.Person) + `', 'h', now(), true)`,
	} {
		if n := w.One(`select count(*) from audit.sample_decision`); !fails(w.world, sql) {
			t.Errorf("a decision %s is kept, beside %s", what, n)
		}
	}
}

// fails reports whether the database refuses a statement.
func fails(w *world, sql string) bool {
	w.SQL(`create or replace function public.refused(sql text) returns text language plpgsql as $$ begin execute sql; return 'no'; exception when others then return 'yes'; end $$`)
	return w.One(`select public.refused($1)`, sql) == "yes"
}

// L20: that less is drawn, or nothing, is told to the officers of whom it is, once; also where
// the file said so only as long as the period lasted. What was not drawn stands in the list.
func TestLessIsTold(t *testing.T) {
	w := drawing(t)
	w.looks(glance{login: "gudrun", of: "koege", object: koege, n: 30, at: w.from.Add(time.Hour)})
	w.signs(drawnAfter)
	ruled := func(rules ...structure.Sample) *room {
		st := *w.Structure
		st.Samples = rules
		x := &room{Env: w.env()}
		x.Structure = &st
		return x
	}
	always := structure.Span{From: w.from.AddDate(-1, 0, 0), Until: structure.Forever}
	then := structure.Span{From: w.from, Until: w.until}
	told := func(what, want string, x *room) {
		t.Helper()
		w.draws(x)
		w.draws(x)
		if got := w.One(`select coalesce(string_agg(concat_ws(' ', envelope->'data'->>'what', envelope->'data'->>'authority'), ', ' order by id), '')
			from audit.outbox where envelope->>'type' = 'audit.trail.odd.v1'`); got != want {
			t.Errorf("%s: told are %q, want %q", what, got, want)
		}
	}
	// The file of today says that nothing was to be drawn of that week, and nobody was told then.
	told("while it lasted", "sampled_none koege", ruled(structure.Sample{Authority: "koege", Weeks: 1, Size: 0, Span: then}))
	if got := w.One(`select string_agg(concat_ws(' ', rule, size, eligible, (select count(*) from audit.sampled where sample = d.id)), ', ' order by rule) from audit.sample d where authority = 'koege'`); got != "data 0 30 0, log 0 0 0, people 0 0 0" {
		t.Errorf("of koege %s", got)
	}
	if got := w.One(`select count(*) from audit.sample where authority = 'roskilde' and size = 5`); got != "3" {
		t.Errorf("of another authority %s", got)
	}
	told("as usual", "sampled_none koege", ruled())
	told("more", "sampled_none koege", ruled(structure.Sample{Weeks: 1, Size: 20, Span: always}))
	const less = "sampled_none koege, sampled_less roskilde"
	told("fewer, of one", less, ruled(structure.Sample{Weeks: 1, Size: 20, Span: always}, structure.Sample{Authority: "roskilde", Weeks: 1, Size: 19, Span: always}))
	told("later, of the other", less+", sampled_less mvs-politi", ruled(structure.Sample{Weeks: 1, Size: 20, Span: always}, structure.Sample{Authority: "roskilde", Weeks: 1, Size: 19, Span: always},
		structure.Sample{Authority: "mvs-politi", Weeks: 4, Size: 200, Span: always}))
	told("turned off", less+", sampled_less mvs-politi, sampled_none roskilde", ruled(structure.Sample{Weeks: 1, Size: 20, Span: always}, structure.Sample{Authority: "roskilde", Weeks: 1, Size: 0, Span: always},
		structure.Sample{Authority: "mvs-politi", Weeks: 4, Size: 200, Span: always}))
	told("a file that begins with nothing", less+", sampled_less mvs-politi, sampled_none roskilde, sampled_none psykiatrien", func() *room {
		w.SQL(`delete from audit.sampling where authority = 'psykiatrien'`)
		return ruled(structure.Sample{Weeks: 1, Size: 20, Span: always}, structure.Sample{Authority: "roskilde", Weeks: 1, Size: 0, Span: always},
			structure.Sample{Authority: "mvs-politi", Weeks: 4, Size: 200, Span: always}, structure.Sample{Authority: "psykiatrien", Size: 0, Weeks: 1, Span: always})
	}())
	if a := sound(t, w.As("dagny").Get("/samples").Must(http.StatusOK)); !strings.Contains(a.Text(), "Ingen af 30: der trækkes ikke") {
		t.Errorf("the page does not say that nothing was drawn: %s", a.Body)
	}
}
