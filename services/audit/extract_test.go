//go:build !race

package audit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/services/portal"
)

// The people of these tests: two whose cases are alike, but that the police have a
// concern of one of them alone; and of the other one somebody else's case too.
var (
	known   = named(3, 1)
	covert  = named(3, 2)
	nothing = named(3, 3)
	secret  = named(3, 4)
	cases   = map[hub.ID]hub.ID{known: named(4, 1), covert: named(4, 2)}
)

// named is a reference with an end of its own.
func named(a, b byte) hub.ID { return hub.MakeID([16]byte{a, b, 13: a, 14: b}) }

// answering is a hub in which the same has been looked up of two people, and more of the
// second: what is withheld.
func answering(t testing.TB) *world {
	t.Helper()
	h := hubtest.Run(t, portal.Service, Service)
	for _, a := range h.Structure.Authorities {
		if err := h.Vault().Make(vault.AuthorityKey(a.ID)); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{h, t, h.DB("portal")}
	police := named(4, 3)
	w.item("case", cases[known], known, "follow_up")
	w.item("case", cases[covert], covert, "follow_up")
	w.item("concern", police, covert, "police_only")
	w.item("concern", named(4, 4), secret, "police_only")
	for day := range 3 {
		for _, whom := range []hub.ID{covert, known} { // the withheld ones before, between and after
			w.looked("gudrun", "consult", "case", cases[whom], "follow_up", day, whom)
			if whom == covert {
				w.looked("thorkild", "consult", "concern", police, "police_only", day, whom)
				w.looked("gudrun", "search", "subject", whom, "police_check", day, whom)
				w.looked("gudrun", "search", "cases", "", "follow_up", day, whom, known, nothing) // a list of several
				w.looked("gudrun", "change", "case", cases[whom], "follow_up", day, whom)
				w.looked("gudrun", "consult", "concern", police, "police_only", day+10, whom)
			}
		}
	}
	for n, whom := range []hub.ID{known, covert} { // what came of the case is the same matter
		offer := named(5, byte(n))
		w.item("offer", offer, whom, "taken_up")
		w.SQL(`update access.item set came_of = $1 where id = $2`, string(cases[whom]), string(offer))
		w.looked("gudrun", "consult", "offer", offer, "taken_up", 2, whom)
		w.looked("thorkild", "consult", "case", cases[whom], "follow_up", 1, whom)
	}
	w.looked("gudrun", "consult", "concern", named(4, 4), "police_only", 1, secret)
	return w
}

// item makes a thing of Køge's known.
func (w *world) item(kind string, id, about hub.ID, state string) {
	w.t.Helper()
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, author) values ($1, $2, $3, 'koege', 'municipality', $4, 'nobody')`, string(id), kind, string(about), state)
}

// day is noon on one of the days of these tests, for which there is a partition.
func (w *world) day(n int) time.Time {
	w.t.Helper()
	at, err := time.Parse(time.RFC3339, w.One(`select to_char(date_trunc('month', now() at time zone 'UTC') + interval '1 month 9 days 12 hours', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`))
	if err != nil {
		w.t.Fatal(err)
	}
	return at.AddDate(0, 0, n)
}

// looked writes a row of the trail about Køge's data.
func (w *world) looked(login, act, kind string, id hub.ID, state string, day int, subjects ...hub.ID) {
	w.t.Helper()
	w.lookedIn(hub.NewID(), login, act, kind, id, state, day, subjects...)
}

// lookedIn is looked, in a request.
func (w *world) lookedIn(request hub.ID, login, act, kind string, id hub.ID, state string, day int, subjects ...hub.ID) {
	w.t.Helper()
	who := w.As(login).Actor()
	var marks []string
	for _, s := range subjects {
		marks = append(marks, w.Vault().Pseudonym(s))
	}
	object := string(id)
	if kind == "subject" {
		object = w.Vault().Pseudonym(id)
	}
	w.SQL(`insert into audit.trail (at, said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations, object_kind, object_id, object_version,
		controller, subjects, fields, purpose, basis, recipient, rows, why_ref, deputy_of)
		values ($1::timestamptz, $1::timestamptz, $2, $3, $4, $5, '', '', '', $6, '', $7, 'allow', 'view', json_build_object('state', $8::text), '', '{}', '{}', $9, $10, 1, 'koege', string_to_array($11, ' '), '{reference}', 'prevention', '', '', 0, '', '')`,
		w.day(day), string(who.Person), string(who.Hat.ID), string(who.Authority), string(who.Role), string(request), act, state, kind, object, strings.Join(marks, " "))
}

func (w *world) prepares(reference hub.ID, choices map[string]any) ExtractReceipt {
	w.t.Helper()
	in := map[string]any{"reference": reference, "received": w.Now().Format(time.DateOnly)}
	for k, v := range choices {
		in[k] = v
	}
	var got ExtractReceipt
	w.As("dagny").API("POST", "/api/extracts", in).Must(http.StatusCreated).JSON(&got)
	return got
}

func (w *world) reads(login string, id hub.ID) (v ExtractView) {
	w.t.Helper()
	w.As(login).API("GET", "/api/extracts/"+string(id), nil).Must(http.StatusOK).JSON(&v)
	return v
}

func (w *world) releases(login string, id hub.ID, content string) hubtest.Answer {
	return w.As(login).API("POST", "/api/extracts/"+string(id)+"/release", map[string]any{"content": content, "unknown": true})
}

// looksOf is the look-ups of an answer.
func looksOf(a CitizenAnswer) string {
	var out []string
	for _, l := range a.LookUps {
		out = append(out, fmt.Sprint(l.Day, " ", l.Purpose, " ", l.Authority, " ", l.Times, " ", strings.Join(l.Names, ",")))
	}
	return strings.Join(out, "\n")
}

var anyID = regexp.MustCompile(`[0-9a-hjkmnp-tv-z]{26}`)

// P5, A033: what is withheld of one person leaves no trace in what is handed out. The
// two answers are the same bytes but for their own reference: the file, and the page in
// both languages, of which the PDF is made; and so are those to whom there is nothing to tell.
func TestWhatIsWithheldLeavesNoTrace(t *testing.T) {
	w := answering(t)
	handed := func(whom hub.ID, choices map[string]any) (all []string) {
		done := w.prepares(whom, choices)
		w.releases("hedvig", done.ID, done.Content).Must(http.StatusOK)
		c := w.As("dagny")
		all = append(all, c.API("GET", "/api/extracts/"+string(done.ID)+"/answer", nil).Must(http.StatusOK).Text())
		for _, lang := range []string{"da", "en"} {
			c.Lang = lang
			all = append(all, mainPart(sound(t, c.Get("/extracts/"+string(done.ID)+"/answer").Must(http.StatusOK)).Text()))
			w.samePDF(c, done.ID, lang, all[len(all)-1])
		}
		for i, text := range all {
			if strings.Contains(text, w.As("gudrun").Post.Name) || strings.Contains(text, "Modelborg") {
				t.Errorf("an employee is named: %s", text)
			}
			all[i] = anyID.ReplaceAllString(text, "ID")
		}
		return all
	}
	// Not even an officer who says by mistake that the person knows of it makes it told.
	one, other := handed(known, map[string]any{"informed": []hub.ID{cases[known]}}), handed(covert, map[string]any{"informed": []hub.ID{cases[covert], named(4, 3)}})
	none, alone, unknown := handed(nothing, nil), handed(secret, map[string]any{"informed": []hub.ID{named(4, 4)}}), handed(hub.MakeID([16]byte{9}), nil)
	for i := range one {
		if one[i] != other[i] {
			t.Errorf("they differ:\n%s\n%s", one[i], other[i])
		}
		if none[i] != alone[i] || none[i] != unknown[i] {
			t.Errorf("nothing is told in several ways:\n%s\n%s\n%s", none[i], alone[i], unknown[i])
		}
	}
	var a CitizenAnswer
	if err := json.Unmarshal([]byte(one[0]), &a); err != nil {
		t.Fatal(err)
	}
	day := func(n int) string { return w.day(n).Format(time.DateOnly) }
	if want := fmt.Sprintf("%s prevention koege 2 \n%s prevention mvs-politi 1 \n%s prevention koege 1 \n%s prevention koege 1 ", day(2), day(1), day(1), day(0)); looksOf(a) != want {
		t.Errorf("told is\n%s\nwant\n%s", looksOf(a), want)
	}
	for lang, note := range map[string]string{"da": "noget kan være udeladt", "en": "something may be left out"} {
		if !strings.Contains(a.Note[lang], note) {
			t.Errorf("%s: %s", lang, a.Note[lang])
		}
	}
	for i, said := range []string{`"note"`, "noget kan være udeladt", "something may be left out"} {
		if !strings.Contains(none[i], said) || !strings.Contains(one[i], said) {
			t.Errorf("it does not say that something may be left out: %s", none[i])
		}
	}
}

// A look-up of the person by itself says for whose sake it was: it is told if the person has
// been told of every matter that there was then, and if nothing of its request is withheld;
// also when a matter was erased since. Its row has the state of whichever matter came first.
func TestALookUpOfThePersonIsOfWhatItWasMadeFor(t *testing.T) {
	w := answering(t)
	const early, listed, both, alone, later = 4, 3, 20, 21, 22
	told := func(whom hub.ID, day int) bool {
		t.Helper()
		v := w.reads("dagny", w.prepares(whom, map[string]any{"informed": []hub.ID{cases[whom]}}).ID)
		return slices.ContainsFunc(v.Answer.LookUps, func(l LookUp) bool { return l.Day == w.day(day).Format(time.DateOnly) })
	}
	w.SQL(`update access.item set written_at = $1 where id = $2`, w.day(early+1), string(named(4, 3)))
	for _, whom := range []hub.ID{known, covert} {
		w.looked("gudrun", "consult", "subject", whom, "follow_up", early, whom)
		w.looked("gudrun", "consult", "subject", whom, "follow_up", alone, whom)
	}
	request := hub.NewID()
	w.lookedIn(request, "gudrun", "consult", "subject", covert, "follow_up", both, covert)
	w.lookedIn(request, "gudrun", "consult", "concern", named(4, 3), "police_only", both, covert)
	request = hub.NewID()
	w.lookedIn(request, "gudrun", "search", "cases", "", "follow_up", listed, known, nothing)
	w.lookedIn(request, "gudrun", "consult", "subject", known, "follow_up", listed, known)
	mistaken := w.reads("dagny", w.prepares(covert, map[string]any{"informed": []hub.ID{cases[covert], named(4, 3)}}).ID)
	for _, l := range mistaken.Answer.LookUps {
		if l.Day > w.day(early).Format(time.DateOnly) {
			t.Errorf("a look-up for what the police have alone is told: %+v", l)
		}
	}
	for _, erased := range []bool{false, true} {
		if !told(known, early) || !told(known, alone) || told(covert, early) == erased {
			t.Error("a look-up of somebody who was told of everything is withheld")
		}
		if told(known, listed) || told(covert, both) || told(covert, alone) {
			t.Error("a look-up with one that is withheld, or for a matter that the person knows nothing of, is told")
		}
		w.SQL(`delete from access.item where id = $1`, string(named(4, 3)))
		w.looked("gudrun", "consult", "concern", named(4, 3), "follow_up", later, covert)
		if told(covert, later) {
			t.Error("a look-up of what was erased is told")
		}
	}
	w.As("dagny").API("POST", "/api/extracts", map[string]any{"reference": covert, "received": w.Now().Format(time.DateOnly), "informed": []string{""}}).Must(http.StatusBadRequest)
}

// mainPart is what a page prints.
func mainPart(page string) string {
	_, main, _ := strings.Cut(page, "<main")
	main, _, _ = strings.Cut(main, "</main")
	return main
}

// L21, L35, P4 in part: what the person does not know of is withheld; names only by a reasoned
// decision, which stands in the trail; released by another person, of what they read, and
// then it stays. Each step is in the trail with its ground.
func TestAnAnswerIsPreparedAndReleased(t *testing.T) {
	w := answering(t)
	first := w.prepares(cases[known], nil) // by the case, as by the person
	if v := w.reads("dagny", first.ID); v.Subject != known || len(v.Answer.LookUps) != 0 || len(v.Matters) != 1 || v.Matters[0].Informed || len(v.Withheld) == 0 {
		t.Errorf("unset tells: %+v", v)
	}
	again := func(login string, in map[string]any) hubtest.Answer {
		return w.As(login).API("POST", "/api/extracts/"+string(first.ID), in)
	}
	again("dagny", map[string]any{"informed": []hub.ID{cases[covert]}}).Must(http.StatusBadRequest)
	again("dagny", map[string]any{"informed": []hub.ID{cases[known]}, "names": true}).Must(http.StatusBadRequest)
	again("hedvig", map[string]any{}).Must(http.StatusNotFound)
	again("dagny", map[string]any{"informed": []hub.ID{cases[known]}, "names": true, "why": "Borgeren skal kunne klage over en bestemt medarbejder."}).Must(http.StatusOK)
	v := w.reads("hedvig", first.ID)
	if !strings.Contains(looksOf(v.Answer), w.As("gudrun").Post.Name) || !v.Names || v.Why == "" || v.Content == first.Content || v.Prepares || !v.Releases {
		t.Errorf("%+v", v)
	}
	if v := w.reads("dagny", first.ID); !v.Prepares || v.Releases {
		t.Errorf("the officer may %+v", v)
	}

	w.As("hedvig").API("GET", "/api/extracts/"+string(first.ID)+"/answer", nil).Must(http.StatusConflict)
	w.releases("dagny", first.ID, v.Content).Must(http.StatusConflict)      // her own
	w.releases("hedvig", first.ID, first.Content).Must(http.StatusConflict) // what is no more
	w.releases("hedvig", first.ID, "").Must(http.StatusBadRequest)          // unread
	w.releases("hedvig", first.ID, v.Content).Must(http.StatusOK)           // what she read
	w.releases("hedvig", first.ID, v.Content).Must(http.StatusConflict)     // once
	again("dagny", map[string]any{"informed": []hub.ID{}}).Must(http.StatusConflict)
	before := w.As("dagny").API("GET", "/api/extracts/"+string(first.ID)+"/answer", nil).Must(http.StatusOK).Text()
	w.looked("gudrun", "consult", "case", cases[known], "follow_up", 5, known)
	w.SQL(`update access.item set state = 'police_only' where id = $1`, string(cases[known]))
	if now := w.As("hedvig").API("GET", "/api/extracts/"+string(first.ID)+"/answer", nil).Must(http.StatusOK).Text(); now != before {
		t.Errorf("it was\n%s\nand is\n%s", before, now)
	}

	if got := w.One(`select string_agg(act || ' ' || outcome || case when why_ref = '' then ' ungrounded' else '' end, ', ' order by at, id) from audit.trail where object_kind = 'extract' and object_id = $1 and act <> 'consult'`, string(first.ID)); got !=
		"combine allow, combine deny ungrounded, decide allow, combine allow, decide deny ungrounded, decide allow, export allow, export allow" {
		t.Errorf("the trail says %s", got)
	}
	row := w.search("dagny", Search{Part: Part{Reference: string(first.ID), Act: hub.ActDecide, Outcome: "allow"}})
	if len(row.Rows) != 2 || row.Rows[0].Justification != "lawfulness "+v.Content || row.Rows[1].Justification != v.Why {
		t.Errorf("%+v", row.Rows)
	}
	owner, err := pgx.Connect(t.Context(), w.Owner())
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(t.Context()) //nolint:errcheck // a test's
	for _, sql := range []string{`update audit.extract set subject = 'x'`, `update audit.extract set box = 'x'`, `update audit.extract set released_at = null, released_by = null, released_hat = null`} {
		if _, err := owner.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s goes through", sql)
		}
	}
}

// P6: an answer that was gathered while a canary was missing, or is looked at while one is, says so
// to whoever prepares and releases it, until it is released.
func TestAnAnswerThatMayLackLookUps(t *testing.T) {
	w := answering(t)
	id := w.prepares(known, nil).ID
	says := func(when string, want bool) {
		t.Helper()
		for _, login := range []string{"dagny", "hedvig"} {
			page := strings.Contains(w.As(login).Get("/extracts/"+string(id)).Must(http.StatusOK).Text(), "Der mangler måske opslag i svaret")
			if got := w.reads(login, id).Unseen; got != want || page != want {
				t.Errorf("%s %s is told: %v, on the page %v", when, login, got, page)
			}
		}
	}
	says("of no canary", false)
	w.SQL(`insert into audit.odd_told (id, what, told_at, seen_at, ended_at) values ('before', 'unseen', $1, $1, $2)`, w.Now().Add(-2*time.Hour), w.Now().Add(-time.Hour))
	says("of one that was found again before", false)
	w.SQL(`insert into audit.odd_told (id, what, told_at, seen_at) values ('now', 'unseen', $1, $1)`, w.Now())
	says("while one is missing", true)
	w.SQL(`update audit.odd_told set ended_at = $1 where id = 'now'`, w.Now().Add(time.Hour))
	says("of one that was missing when it was gathered", true)
	w.Advance(2 * time.Hour)
	id = w.prepares(known, nil).ID
	says("of one that was gathered anew", false)
}

// Nobody else learns that there is an answer: the same bytes, and the same rows of the
// trail, of one that is there and of one that is not; nor whoever is too close to the
// person (A012), nor another authority.
func TestStrangersToAnAnswer(t *testing.T) {
	w := answering(t)
	real := w.prepares(known, nil).ID
	for _, login := range []string{"gudrun", "rune", "thorkild", "esther", "signe", "bertil"} {
		c := w.As(login)
		for _, suffix := range []string{"", "/answer", "/answer.pdf"} {
			is, not := c.API("GET", "/api/extracts/"+string(real)+suffix, nil).Must(http.StatusNotFound), c.API("GET", "/api/extracts/"+string(hub.NewID())+suffix, nil).Must(http.StatusNotFound)
			page, none := c.Get("/extracts/"+string(real)+suffix).Must(http.StatusNotFound), c.Get("/nowhere").Must(http.StatusNotFound)
			if is.Text() != not.Text() || page.Text() != none.Text() {
				t.Errorf("%s can tell that it is there: %s", login, is.Text())
			}
		}
		for path, in := range map[string]any{"": map[string]any{}, "/release": map[string]any{"content": "x"}} {
			is, not := c.API("POST", "/api/extracts/"+string(real)+path, in).Must(http.StatusNotFound), c.API("POST", "/api/extracts/"+string(hub.NewID())+path, in).Must(http.StatusNotFound)
			if is.Text() != not.Text() {
				t.Errorf("%s can tell that it is there: %s", login, is.Text())
			}
		}
		if rows := w.SQL(`select count(*), count(distinct (act, outcome, controller, subjects, fields, question)) from audit.trail where object_kind = 'extract' and person = $1 and object_id <> '' group by act`, string(w.As(login).Actor().Person)); len(rows) == 0 {
			t.Errorf("no refusal of %s", login)
		} else {
			for _, r := range rows {
				if r[1] != "1" {
					t.Errorf("%s: the refusals differ in the trail: %v", login, rows)
				}
			}
		}
	}
	for _, login := range []string{"gudrun", "rune", "hedvig"} {
		w.As(login).API("POST", "/api/extracts", map[string]any{"reference": known}).Must(http.StatusNotFound)
	}
	w.SQL(`insert into access.recusal (person, kind, item, by_person, by_hat) values ($1, 'case', $2, 'x', 'x')`, string(w.As("hedvig").Actor().Person), string(cases[known]))
	w.As("hedvig").API("GET", "/api/extracts/"+string(real), nil).Must(http.StatusNotFound)
	var list ExtractList
	if w.As("hedvig").API("GET", "/api/extracts", nil).Must(http.StatusOK).JSON(&list); len(list.Extracts) != 0 {
		t.Errorf("who is too close sees %+v", list)
	}
	if w.As("dagny").API("GET", "/api/extracts", nil).Must(http.StatusOK).JSON(&list); len(list.Extracts) != 1 || list.Extracts[0].ReleasedAt != nil {
		t.Errorf("the officer sees %+v", list)
	}
}

// An answer about a reference that the log knows nothing of, which may be mistyped, is
// prepared and released as any other, and whoever prepares or releases it is
// told, however often they looked for it themselves. The citizen is not.
func TestAReferenceThatNobodyKnows(t *testing.T) {
	w := answering(t)
	mistyped := named(9, 9)
	w.search("dagny", Search{Part: Part{Ground: Grounds[0], Reference: string(mistyped)}})
	for whom, unknown := range map[hub.ID]bool{known: false, covert: false, secret: false, nothing: false, mistyped: true} {
		id := w.prepares(whom, nil).ID
		if unknown {
			w.As("dagny").API("POST", "/api/extracts/"+string(id), map[string]any{}).Must(http.StatusOK) // and once more
		}
		for _, login := range []string{"dagny", "hedvig"} {
			v := w.reads(login, id)
			page := sound(t, w.As(login).Get("/extracts/"+string(id)).Must(http.StatusOK)).Text()
			if said := strings.Contains(page, "Jeres log kender ikke referencen"); v.Unknown != unknown || said != unknown {
				t.Errorf("%s reads of %s that it is unknown: %v, on the page %v", login, whom, v.Unknown, said)
			}
		}
		// Whoever hands it out says that they looked at the reference; of any other nothing is asked.
		content := w.reads("hedvig", id).Content
		silent := w.As("hedvig").API("POST", "/api/extracts/"+string(id)+"/release", map[string]any{"content": content})
		if unknown != strings.Contains(silent.Text(), `"field":"unknown"`) || unknown != (silent.Status == http.StatusBadRequest) {
			t.Errorf("%s is released without a word of it: %d %s", whom, silent.Status, silent.Text())
		}
		if unknown {
			w.releases("hedvig", id, content).Must(http.StatusOK)
		}
		if a := w.As("dagny").Get("/extracts/" + string(id) + "/answer").Must(http.StatusOK); strings.Contains(mainPart(a.Text()), "kender ikke") {
			t.Errorf("the citizen reads it: %s", a.Text())
		}
	}
}

// Two answers to one person that wait at the same time are told of, to whoever reads either,
// however each was asked for; and no more when one was handed out.
func TestTwoAnswersToOnePerson(t *testing.T) {
	w := answering(t)
	twins := func(want bool, ids ...hub.ID) {
		t.Helper()
		for _, id := range ids {
			page := w.As("hedvig").Get("/extracts/" + string(id)).Must(http.StatusOK).Text()
			if v := w.reads("dagny", id); v.Twin != want || strings.Contains(page, "Et andet svar til den samme person venter") != want {
				t.Errorf("of %s it is said that another waits: %v, want %v", id, v.Twin, want)
			}
		}
	}
	one, other := w.prepares(known, nil).ID, w.prepares(covert, nil).ID
	twins(false, one, other)
	two := w.prepares(known[len(known)-6:], nil).ID
	twins(true, one, two)
	twins(false, other)
	w.releases("hedvig", one, w.reads("hedvig", one).Content).Must(http.StatusOK)
	twins(false, one, two, other)
}

// A012, A033: who is too close learns of it neither by preparing an answer nor by what the
// log says of their own refusals, or they would know whom a reference stands for. Nothing
// that they prepared is released; whoever would have released it is told why.
func TestWhoIsTooCloseAnswersInVain(t *testing.T) {
	w := answering(t)
	me := string(w.As("dagny").Actor().Person)
	w.SQL(`insert into access.recusal (person, kind, item, by_person, by_hat) values ($1, 'case', $2, 'x', 'x')`, me, string(cases[known]))
	same := map[string]bool{}
	var ids []hub.ID
	for _, reference := range []hub.ID{known, covert} { // too close to the first
		id := w.prepares(reference, nil).ID
		ids = append(ids, id)
		v := w.reads("dagny", id)
		own := w.releases("dagny", id, v.Content).Must(http.StatusConflict)
		w.As("dagny").API("POST", "/api/extracts/"+string(id), map[string]any{}).Must(http.StatusOK)
		says := fmt.Sprint(v.Prepares, v.Releases, v.Anew, own.Text())
		for _, r := range w.search("dagny", Search{Part: Part{Reference: string(id), Outcome: "deny"}}).Rows {
			var again Again
			w.As("dagny").API("POST", fmt.Sprintf("/api/trail/%d/again", r.ID), nil).Must(http.StatusOK).JSON(&again)
			says += fmt.Sprint(r.Act, r.Reasons, r.Subjects, r.Question, again.Possible)
		}
		same[says] = true
	}
	if len(same) != 1 {
		t.Errorf("who is too close is answered otherwise: %v", same)
	}
	if w.One(`select bool_or('by_recused' = any(reasons)) from audit.trail where person = $1`, me) != "t" {
		t.Error("that she is too close is not in the log")
	}
	for i, id := range ids {
		v := w.reads("hedvig", id)
		if a := w.releases("hedvig", id, v.Content); (a.Status == http.StatusConflict) != (i == 0) || v.Anew != (i == 0) || v.Releases != (i == 1) {
			t.Errorf("the second person is answered %d: %s", a.Status, a.Text())
		}
	}
	// A refusal of one's own is not found by whom it is about either.
	w.SQL(`update audit.trail set subjects = (select subjects from audit.trail where subjects <> '{}' and object_id = $2 limit 1) where person = $1 and outcome = 'deny'`, me, string(ids[0]))
	mine := w.search("dagny", Search{Part: Part{Reference: string(known), Outcome: "deny", Person: hub.ID(me)}}).Rows
	w.SQL(`update audit.trail set person = 'x' where person = $1 and outcome = 'deny'`, me)
	if others := w.search("dagny", Search{Part: Part{Reference: string(known), Outcome: "deny"}}).Rows; len(mine) != 0 || len(others) == 0 {
		t.Errorf("of her own %d refusals are found by whom they are about, of others %d", len(mine), len(others))
	}
}

// T12: what waits, prepare, look, release, on the pages; what was typed stays.
func TestTheOfficersPageOfAnswers(t *testing.T) {
	w := answering(t)
	for _, lang := range []string{"da", "en"} {
		c, second := w.As("dagny"), w.As("hedvig")
		c.Lang, second.Lang = lang, lang
		sound(t, c.Get("/extracts").Must(http.StatusOK))
		a := sound(t, c.Submit("/extracts", url.Values{"reference": {"Signe Prøvesen"}}).Must(http.StatusBadRequest))
		if !strings.Contains(a.Text(), `value="Signe Prøvesen"`) || !strings.Contains(a.Text(), `id="reference-error"`) {
			t.Errorf("%s: the page has lost what was typed: %s", lang, a.Text())
		}
		c.Get("/extracts")
		y, m, d := w.Now().In(hub.Copenhagen).Date()
		a = sound(t, c.Submit("/extracts", url.Values{"reference": {"…" + string(cases[covert][20:])}, "received-day": {fmt.Sprint(d)}, "received-month": {fmt.Sprint(int(m))}, "received-year": {fmt.Sprint(y)}}))
		if !strings.Contains(a.Text(), "<h1>") || !strings.HasPrefix(c.At(), "/extracts/") {
			t.Fatalf("%s: at %s: %s", lang, c.At(), a.Text())
		}
		at := c.At()
		a = sound(t, c.Submit(at, url.Values{"informed[]": {string(cases[covert])}, "names": {"yes"}, "why": {"kort"}}).Must(http.StatusBadRequest))
		if !strings.Contains(a.Text(), "\nkort</textarea>") || !strings.Contains(a.Text(), `id="why-error"`) || strings.Count(a.Text(), " checked") != 2 {
			t.Errorf("%s: the page has lost what was typed: %s", lang, mainPart(a.Text()))
		}
		c.Get(at)
		a = sound(t, c.Submit(at, url.Values{"informed[]": {string(cases[covert])}}))
		if n := strings.Count(a.Text(), "<time"); n < 4 || strings.Contains(a.Text(), `action="`+at+`/release"`) {
			t.Errorf("%s: %d times: %s", lang, n, mainPart(a.Text()))
		}
		sound(t, second.Get("/extracts").Must(http.StatusOK))
		sound(t, second.Get(at).Must(http.StatusOK))
		sound(t, second.Submit(at+"/release", nil))
		a = sound(t, second.Get(at+"/answer").Must(http.StatusOK))
		if !strings.Contains(a.Text(), `<th scope="col">`) || !strings.Contains(a.Text(), `<html lang="`+lang+`"`) {
			t.Errorf("%s: at %s: %s", lang, second.At(), a.Text())
		}
		sound(t, c.Get(at).Must(http.StatusOK))
	}
}
