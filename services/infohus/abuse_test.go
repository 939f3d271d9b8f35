//go:build !race

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// abused is a world to be abused: a concern before the police and a case with
// questions and offers, and what strangers may not know of.
type abused struct {
	*desk
	t       *testing.T
	concern driven
	w       *work // followed up
	other   *work // in which one is still asked and invited
	of      refs  // what the paths name
}

// TestAbuse tries, one after the other and on the same things, what docs/abuse-cases.md
// says of each row; A059 in part: what sessions are empty stands on no list of what is
// odd yet.
func TestAbuse(t *testing.T) {
	s := &desk{driver: &driver{script: begin(t)}}
	w := s.works("follow_up")
	a := &abused{desk: s, concern: s.drives("municipality", "police_check"), w: w, other: s.works("collecting")}
	s.Settle()
	a.of = refs{"concerns": a.concern.id, "subjects": w.subject, "cases": w.kase, "requests": w.asked, "answers": w.answer, "offers": w.sent}
	for _, try := range []struct {
		name string
		do   func(*abused)
	}{
		{"a token that names nobody (A018)", (*abused).nobodyAsks},
		{"totals are of what may be read (A021)", (*abused).totals},
		{"suggestions and what was last worked with (A024)", (*abused).suggestions},
		{"conditions and ranges tell nothing (A025)", (*abused).conditions},
		{"what somebody holds a lock on (A027)", (*abused).locked},
		{"asked for an investigation (A057)", (*abused).investigates},
		{"a sham invitation", (*abused).invitesAFriend},
		{"after the meeting is over (A006)", (*abused).afterTheMeeting},
		{"the other case about the same person (A007)", (*abused).otherCase},
		{"dated back (A061)", (*abused).datesBack},
	} {
		t.Run(try.name, func(t *testing.T) {
			a.t = t
			try.do(a)
		})
	}
}

// reads are the operations that read one thing, on the real ones and on invented.
func (a *abused) reads(do func(route, real, invented string)) {
	a.t.Helper()
	none, n := a.of.invented(), 0
	for _, r := range a.Site().Routes() {
		real := fill(r.Path, a.of)
		if r.Method != "GET" || r.Op == "" || real == r.Path || strings.Contains(real, "{") {
			continue
		}
		n++
		do(r.Path, real, fill(r.Path, none))
	}
	if n < 8 {
		a.t.Errorf("only %d operations read a thing: this test has gone blind", n)
	}
}

// sends asks with headers of one's own.
func (a *abused) sends(c *hubtest.Client, path, token string, headers map[string]string) hubtest.Answer {
	r := httptest.NewRequestWithContext(a.Context(), "GET", path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Infohus-Hat", string(c.Post.Hat.ID))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	return c.Do(r)
}

// A service with a good token of a known issuer is nobody: with a hat of somebody's
// or the hub's own name it is refused, and the same for what there is and is not.
func (a *abused) nobodyAsks() {
	c := a.as(coordinator)
	before := a.One("select count(*) from audit.trail where outcome = 'allow'")
	for _, sub := range []any{nil, "", "backup-service", "system"} {
		claims := a.Issuer.Claims(c.Post)
		if claims["sub"] = sub; sub == nil {
			delete(claims, "sub")
		}
		token := a.Issuer.Sign(claims)
		for _, hat := range []string{string(c.Post.Hat.ID), "system", ""} {
			a.reads(func(route, real, invented string) {
				known := a.sends(c, real, token, map[string]string{"Infohus-Hat": hat})
				if other := a.sends(c, invented, token, map[string]string{"Infohus-Hat": hat}); known.Status < 400 || known.Status >= 500 || known.Text() != other.Text() || known.Status != other.Status {
					a.t.Errorf("%v in the hat %q is answered %d at %s, and %d where there is nothing", sub, hat, known.Status, route, other.Status)
				}
			})
		}
	}
	if after := a.One("select count(*) from audit.trail where outcome = 'allow'"); after != before {
		a.t.Errorf("nobody was allowed something: %s rows of the trail became %s", before, after)
	}
}

// In each list, as everybody: the total is the number of things that can be read
// one by one.
func (a *abused) totals() {
	things := map[string][]string{"concerns": {string(a.concern.id), string(a.w.id), string(a.other.id)}, "cases": {string(a.w.kase), string(a.other.kase)}, "offers": {string(a.w.draft), string(a.w.sent), string(a.w.offer), string(a.w.own), string(a.w.recalled)}}
	for _, login := range []string{coordinator, deputy, policeMan, ssp, teacher, roskilde, "liv", "tage", "bodil", "ellen", "freja", "merete", "solvej", koegeDPO, "aksel", "rune"} {
		for word, ids := range things {
			can := 0
			for _, id := range ids {
				if a.as(login).API("GET", "/api/"+word+"/"+id, nil).Status == 200 {
					can++
				}
			}
			list := a.as(login).API("GET", "/api/"+word, nil)
			if list.Status >= 400 && list.Status < 500 && can == 0 {
				continue
			}
			var got map[string]json.RawMessage
			list.Must(200).JSON(&got)
			var total int
			var lines []json.RawMessage
			if json.Unmarshal(got["total"], &total) != nil || json.Unmarshal(got[word], &lines) != nil {
				a.t.Fatalf("%s: %s", word, list.Body)
			}
			if total != can || len(lines) != can {
				a.t.Errorf("%s can read %d %s, and is told of %d on %d lines", login, can, word, total, len(lines))
			}
		}
	}
}

// everywhere asks every page and every operation that names no thing, and gives each
// answer to use; what is not for them they are not shown.
func (a *abused) everywhere(login string, use func(path, text string)) {
	a.t.Helper()
	c, n := a.as(login), 0
	for _, r := range a.Site().Routes() {
		if r.Method != "GET" || r.Public || strings.Contains(r.Path, "{") {
			continue
		}
		get := c.Get
		if strings.HasPrefix(r.Path, "/api/") {
			get = func(path string) hubtest.Answer { return c.API("GET", path, nil) }
		}
		if got := get(r.Path); got.Status == 200 {
			n++
			use(r.Path, got.Text())
		}
	}
	if n < 8 {
		a.t.Errorf("%s is shown only %d pages: this test has gone blind", login, n)
	}
}

// Nothing is suggested, in no list, form, count or front page, that belongs to another
// authority: neither a person nor a thing, nor that somebody worked with one; and no
// field of a form remembers what others typed.
func (a *abused) suggestions() {
	ids := a.SQL("select id from access.item union select about from access.item union select person from access.assignment")
	for _, login := range []string{roskilde, "valborg", roskildeDPO} {
		a.everywhere(login, func(path, text string) {
			for _, said := range []string{"Opdigtet", "Bertram", "<datalist"} {
				if strings.Contains(text, said) {
					a.t.Errorf("%s is shown %q at %s", login, said, path)
				}
			}
			for _, id := range ids {
				if strings.Contains(text, id[0]) {
					a.t.Errorf("%s is shown %s of another authority at %s", login, id[0], path)
				}
			}
		})
	}
}

// Nothing says when a thing was made or changed, and no part of it can be had.
func (a *abused) conditions() {
	headers := map[string]string{"If-None-Match": "*", "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT", "Range": "bytes=0-9"}
	for _, login := range []string{coordinator, roskilde} {
		c := a.as(login)
		token := a.Issuer.Sign(a.Issuer.Claims(c.Post))
		a.reads(func(route, real, invented string) {
			got := a.sends(c, real, token, headers)
			for _, h := range []string{"ETag", "Last-Modified", "Accept-Ranges", "Content-Range"} {
				if v := got.Header.Get(h); v != "" {
					a.t.Errorf("%s is told %s: %s at %s", login, h, v, route)
				}
			}
			if slices.Contains([]int{206, 304, 412, 416}, got.Status) || got.Status >= 500 {
				a.t.Errorf("%s is answered %d at %s", login, got.Status, route)
			}
			if other := a.sends(c, invented, token, headers); login == roskilde && (got.Status != other.Status || got.Text() != other.Text()) {
				a.t.Errorf("a stranger is answered %d at %s, and %d where there is nothing", got.Status, route, other.Status)
			}
		})
	}
}

// Somebody is at work on a thing, and holds it: a stranger's command does not wait
// for it, and is answered as about what never was.
func (a *abused) locked() {
	for path, in := range map[string]any{"/api/concerns/{id}/check": says("released"), "/api/cases/{id}/close": map[string]any{}, "/api/requests/{id}/decline": nil, "/api/offers/{id}/end": map[string]any{}} {
		real := fill(path, a.of)
		unknown := a.as(roskilde).API("POST", fill(path, a.of.invented()), in)
		word, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/"), "/")
		a.holding(string(a.of[word]), func() {
			if got := a.as(roskilde).API("POST", real, in); got.Status != unknown.Status || got.Text() != unknown.Text() {
				a.t.Errorf("%s of what is held is answered %d to a stranger, want %d", path, got.Status, unknown.Status)
			}
		})
	}
}

// holding does something while a thing is locked, as by a command that is under way.
func (a *abused) holding(id string, do func()) {
	a.t.Helper()
	conn, err := pgx.Connect(a.Context(), a.Owner())
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close(a.Context())
	tx, err := conn.Begin(a.Context())
	if err == nil {
		_, err = tx.Exec(a.Context(), "select from access.item where id = $1 for update", id)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	do()
	if err := tx.Rollback(a.Context()); err != nil {
		a.t.Fatal(err)
	}
}

// investigates asks to share for an investigation: refused, and that it was tried stands in the trail.
func (a *abused) investigates() {
	ground := map[string]any{"legal_basis": "RPL115-1-2", "purpose": "investigation", "necessity": because}
	for _, try := range []struct {
		login, path string
		in          map[string]any
	}{
		{policeMan, "/api/cases/" + string(a.other.kase) + "/requests", with(a.asks("bodil"), ground)},
		{policeMan, "/api/concerns/" + string(a.concern.id) + "/check", with(says("released"), map[string]any{"purpose": "investigation"})},
		{policeMan, "/api/cases/" + string(a.other.kase) + "/circle", with(map[string]any{"hat": a.hat("bodil"), "reason": sayWhy, "until": a.day(20)}, ground)},
		{coordinator, "/api/concerns/" + string(a.drives("municipality", "received").id) + "/forward", with(toPolice, map[string]any{"purpose": "investigation"})},
		{coordinator, "/api/cases/" + string(a.works("opening").kase) + "/open", with(a.basis("RPL115-2", because), map[string]any{"members": []hub.ID{}, "reason": sayWhy, "purpose": "investigation"})},
	} {
		before := a.One("select count(*) from access.share")
		got := a.as(try.login).API("POST", try.path, try.in)
		if got.Status != 400 && got.Status != 403 {
			a.t.Errorf("%s for an investigation: %d %s", try.path, got.Status, got.Body)
		}
		if after := a.One("select count(*) from access.share"); after != before {
			a.t.Errorf("%s for an investigation shared something", try.path)
		}
		if strings.HasSuffix(try.path, "/check") {
			continue // what the municipality received, the police disclose nothing of
		}
		if n := a.One("select count(*) from audit.trail where request = $1 and act = 'disclose' and outcome = 'deny' and question = 'disclose' and 'purpose_investigation_never' = any(reasons)", got.Header.Get("X-Request-Id")); n != "1" {
			a.t.Errorf("%s rows say that %s was tried for an investigation", n, try.path)
		}
	}
	if n := a.One("select count(*) from access.share where purpose = 'investigation'"); n != "0" {
		a.t.Errorf("%s shares are for an investigation", n)
	}
}

// invitesAFriend: nobody comes in by being invited alone. Each authority that is
// brought in takes a basis that carries it and the police coordinator, and whose case it
// is says yes to it; who is in brings no other in; a role that never may is refused
// whoever asks; and of what failed nothing is left. The invited authority itself is not
// asked: its yes would hold back nobody who is invited to gain something.
func (a *abused) invitesAFriend() {
	state := func() string {
		return a.One("select (select count(*) from access.assignment) || ' ' || (select count(*) from access.share)")
	}
	kase, hat := "/api/cases/"+string(a.other.kase)+"/circle", func(login string) map[string]any {
		return map[string]any{"hat": a.hat(login), "reason": sayWhy, "until": a.day(20)}
	}
	before := state()
	for _, try := range []struct {
		login string
		in    map[string]any
	}{
		{coordinator, with(hat("bodil"), toPartner)}, // not hers to bring in
		{policeMan, hat("bodil")},                    // on no basis
		{policeMan, with(hat("bodil"), toPartner, map[string]any{"legal_basis": "RPL115-1-3a"})}, // on one that does not carry it
		{policeMan, with(hat("jytte"), toPartner)},                                               // on one of another authority's: each takes its own
		{policeMan, with(hat("jytte"), toPartner, map[string]any{"necessity": ""})},              // for no reason
		{policeMan, with(hat("gerda"), toPartner)},                                               // who never may
		{"liv", hat("tage")}, // a guest brings nobody
	} {
		if got := a.as(try.login).API("POST", kase, try.in); got.Status < 400 || got.Status >= 500 {
			a.t.Errorf("%s invites: %d %s", try.login, got.Status, got.Body)
		}
	}
	if after := state(); after != before {
		a.t.Errorf("after refusals there are %s assignments and shares, were %s", after, before)
	}
	a.as(policeMan).API("POST", kase, with(hat("bodil"), toPartner)).Must(201) // as it should be done
	if got := a.as("bodil").API("POST", kase, with(hat("jytte"), toPartner, map[string]any{"legal_basis": "RPL115-1-3c"})); got.Status != 404 {
		a.t.Errorf("who was brought in brings another in: %d %s", got.Status, got.Body)
	}

	// Whose case it is has said that it is to be asked first.
	w := a.works("opening")
	kase = "/api/cases/" + string(w.kase) + "/circle"
	a.changes(coordinator, "/api/cases/{id}/open", with(a.basis("RPL115-2", because), map[string]any{"members": []hub.ID{}, "reason": sayWhy, "terms": "ask_first"}), w.kase)
	a.changes(policeMan, "/api/cases/{id}/open", map[string]any{"members": []hub.ID{}, "reason": sayWhy}, w.kase)
	before = state()
	got := a.as(policeMan).API("POST", kase, with(hat("bodil"), toPartner))
	if n := a.One("select count(*) from audit.trail where request = $1 and outcome = 'deny' and question = 'disclose' and reasons = '{terms_of_owner}'", got.Header.Get("X-Request-Id")); got.Status != 409 || n != "1" {
		a.t.Errorf("before the municipality was asked: %d %s, and %s rows say why", got.Status, got.Body, n)
	}
	if read := a.as("bodil").API("GET", "/api/cases/"+string(w.kase), nil); read.Status != 404 || state() != before {
		a.t.Errorf("before the municipality was asked the friend is answered %d, and there are %s assignments and shares, were %s", read.Status, state(), before)
	}
	a.changes(coordinator, "/api/cases/{id}/onward", map[string]any{"authority": "psykiatrien"}, w.kase)
	if got := a.as(policeMan).API("POST", kase, with(hat("jytte"), toPartner, map[string]any{"legal_basis": "RPL115-1-3c"})); got.Status != 409 {
		a.t.Errorf("its yes to one authority lets another in: %d %s", got.Status, got.Body)
	}
	a.as(policeMan).API("POST", kase, with(hat("bodil"), toPartner)).Must(201)
}

// datesBack: what happened has the day that is typed, and a later version of it stands
// beside the first, which is read as it was; when it was received, decided and recorded
// is the hub's to say, and not even its owner changes it.
func (a *abused) datesBack() {
	subject := a.registers(coordinator, map[string]any{"name": "Opdigtet Bagdateret"})
	in := concern(subject, nil)
	in["statements"].([]map[string]any)[0]["observed_on"] = "2020-01-01"
	var got done
	a.as(coordinator).API("POST", "/api/concerns", in).Must(201).JSON(&got)
	for _, field := range []string{"received_at", "created_at", "recorded_at", "at"} {
		a.as(coordinator).API("POST", "/api/concerns", with(in, map[string]any{field: "2020-01-01T00:00:00Z"})).Must(400)
		a.as(policeMan).API("POST", "/api/concerns/"+string(a.concern.id)+"/check", with(says("released"), map[string]any{field: "2020-01-01T00:00:00Z"})).Must(400)
	}
	now := a.Now().UTC().Format("2006-01-02")
	if day := a.One("select to_char(received_at at time zone 'UTC', 'YYYY-MM-DD') from intake.concern where id = $1", string(got.ID)); day != now {
		a.t.Errorf("received on %s, today is %s", day, now)
	}
	if n := a.One("select count(*) from audit.trail where object_id = $1 and said_at::date <> $2::date", string(got.ID), now); n != "0" {
		a.t.Errorf("%s rows of the trail are dated otherwise", n)
	}

	kase := "/api/cases/" + string(a.w.kase)
	read := func(version string) string {
		var v struct{ Dimensions json.RawMessage }
		a.as(coordinator).API("GET", kase+"/assessment?version="+version, nil).Must(200).JSON(&v)
		return string(v.Dimensions)
	}
	first, then := read("1"), a.day(-400)
	a.changes(coordinator, "/api/cases/{id}/reassess", nil, a.w.kase)
	var was struct{ Edit int }
	a.as(coordinator).API("GET", kase+"/assessment", nil).Must(200).JSON(&was)
	edited := with(a.joint(a.w), map[string]any{"edit": was.Edit})
	edited["dimensions"].([]map[string]any)[0]["evidence_against"].([]any)[0].(map[string]any)["as_of"] = then
	a.call(coordinator, "PUT", "/api/cases/{id}/assessment", edited, 200, a.w.kase)
	if second := read("2"); strings.Contains(first, then) || !strings.Contains(second, then) || read("1") != first {
		a.t.Errorf("what happened on another day stands in the second version %v, and the first is read as it was: %v", strings.Contains(second, then), read("1") == first)
	}
	conn, err := pgx.Connect(a.Context(), a.Owner())
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close(a.Context())
	for _, what := range []string{"intake.concern.created_at", "intake.concern.received_at", "assessment.cases.begun_at", "assessment.cases.opened_at", "assessment.request.asked_at",
		"assessment.request.settled_at", "assessment.answer.at", "assessment.meeting.made_at", "assessment.assessment.begun_at", "assessment.assessment.signed_at", "assessment.signature.at",
		"referral.offer.made_at", "referral.offer.sent_at", "referral.consent.at"} {
		at := strings.LastIndex(what, ".")
		table, column := what[:at], what[at+1:]
		if a.One("select count(*) from "+table+" where "+column+" is not null") == "0" {
			a.t.Fatalf("there is no %s: this test has gone blind", what)
		}
		if _, err := conn.Exec(a.Context(), "update "+table+" set "+column+" = "+column+" - interval '1 year' where "+column+" is not null"); err == nil {
			a.t.Errorf("%s is dated back", what)
		}
	}
}

// afterTheMeeting: a guest reads of the meeting until its case goes on to be
// assessed, and nothing of it from then on: on no page and by no operation, about the
// case or about none, a list, a count or the front page.
func (a *abused) afterTheMeeting() {
	w := a.brings(a.other, "analysis")
	in := func() []string { return a.inCase("liv", w.kase) }
	if !slices.Contains(in(), "name") {
		a.t.Fatalf("a guest sees %v before the meeting", in())
	}
	a.brings(w, "recommended")
	for _, field := range []string{"meeting", "name", "dimensions", "rationale"} {
		if slices.Contains(in(), field) {
			a.t.Errorf("when it is over a guest still sees the %s", field)
		}
	}
	a.everywhere("liv", func(path, text string) {
		if strings.Contains(text, "Opdigtet") {
			a.t.Errorf("when it is over a guest is shown the name at %s", path)
		}
	})
	for _, r := range a.Site().Routes() {
		path := fill(r.Path, refs{"cases": w.kase})
		if r.Method != "GET" || path == r.Path || strings.Contains(path, "{") {
			continue
		}
		get := a.as("liv").Get
		if r.Op != "" {
			get = func(path string) hubtest.Answer { return a.as("liv").API("GET", path, nil) }
		}
		if got := get(path); strings.Contains(got.Text(), "Opdigtet") || got.Status >= 500 {
			a.t.Errorf("when it is over a guest is answered %d at %s: %s", got.Status, r.Path, got.Text())
		}
	}
}

// otherCase: a guest of one case about a person is a stranger to the next.
func (a *abused) otherCase() {
	var got done
	a.as(coordinator).API("POST", "/api/concerns", concern(a.w.subject, map[string]any{"forward": toPolice})).Must(201).JSON(&got)
	a.does(policeMan, "check", got.ID, says("released"))
	a.does(policeMan, "triage", got.ID, judge("case"))
	a.does(coordinator, "triage", got.ID, judge("case"))
	a.Settle()
	kase := hub.ID(a.One("select id from assessment.cases where concern = $1", string(got.ID)))
	for _, login := range []string{"liv", "tage", "bodil"} {
		a.reads(func(route, _, invented string) {
			if !strings.HasPrefix(route, "/api/cases/") {
				return
			}
			real := fill(route, refs{"cases": kase})
			known, other := a.as(login).API("GET", real, nil), a.as(login).API("GET", invented, nil)
			if known.Text() != other.Text() || known.Status != other.Status {
				a.t.Errorf("%s, a guest of the first case, is answered %d %s at %s of the second", login, known.Status, known.Body, route)
			}
		})
	}
}
