package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// script is a scenario in a hub of real things: who does what, and what each
// one sees then. It reads as the process does.
type script struct {
	*testing.T
	*hubtest.Hub
	who map[string]*hubtest.Client
}

// begin opens a hub with every room; in TestVolumeRoomsApart it is the one whose rooms
// run in processes of their own.
func begin(t *testing.T) *script {
	t.Helper()
	if a := apartFor(t); a != nil {
		return a.begin(t)
	}
	return &script{t, hubtest.Run(t, rooms()...), map[string]*hubtest.Client{}}
}

// The people of the demo structure, by what they do.
const (
	coordinator  = "gudrun"   // kommunal tovholder, Køge
	deputy       = "viggo"    // her deputy
	policeMan    = "thorkild" // politiets tovholder
	ssp          = "ingrid"   // receiver, Køge
	teacher      = "asta"     // reporter at a self-governing school
	roskilde     = "sigrid"   // kommunal tovholder, Roskilde
	koegeDPO     = "dagny"
	mvsDPO       = "signe"
	roskildeDPO  = "esther"
	koegeManager = "hedvig"
)

// never are those who see nothing of any concern before a case, whatever
// happens (domain.md 2.4).
var never = []string{roskilde, "liv", "tage", "ellen", "knud", "ebbe", "hedvig", "aksel", koegeDPO, "rune", mvsDPO, "jytte", "bodil", "mogens", "gerda", "holger", "merete", "solvej"}

func (s *script) as(login string) *hubtest.Client {
	s.Helper()
	if s.who[login] == nil {
		s.who[login] = s.As(login)
	}
	return s.who[login]
}

// registers gives a reference to an invented person.
func (s *script) registers(login string, in map[string]any) hub.ID {
	s.Helper()
	if in == nil {
		in = map[string]any{"name": "Bertram Eksempel", "cpr": "670308-4019"}
	}
	var out struct{ Subject hub.ID }
	s.as(login).API("POST", "/api/subjects", in).Must(201).JSON(&out)
	return out.Subject
}

// concern is a whole one; with changes what differs.
func concern(subject hub.ID, changes map[string]any) map[string]any {
	in := map[string]any{"subject": subject, "child": "no", "urgency": "normal", "why_now": "Ny omgangskreds siden august.",
		"context": "God kontakt til sin mentor.", "purpose": "prevention", "legal_basis": "GDPR6-1-E",
		"statements": []map[string]any{{"kind": "fact", "text": "Er set ved kiosken tre aftener i træk.", "first_hand": true}}}
	for k, v := range changes {
		if in[k] = v; v == nil {
			delete(in, k)
		}
	}
	return in
}

const because = "Politiet må vide, hvem det drejer sig om, for at kunne svare."

var toPolice = map[string]any{"legal_basis": "RPL115-2", "purpose": "prevention", "necessity": because}

type done struct {
	ID    hub.ID
	State string
}

// submits hands a concern in about somebody new.
func (s *script) submits(login string, changes map[string]any) hub.ID {
	s.Helper()
	var out done
	s.as(login).API("POST", "/api/concerns", concern(s.registers(login, nil), changes)).Must(201).JSON(&out)
	return out.ID
}

// forwarded is a concern of Køge's that waits for the police.
func (s *script) forwarded() hub.ID {
	s.Helper()
	return s.submits(coordinator, map[string]any{"forward": toPolice, "reporter_name": "Tove Tavle"})
}

func (s *script) does(login, op string, id hub.ID, in any) done {
	s.Helper()
	var out done
	s.as(login).API("POST", "/api/concerns/"+string(id)+"/"+op, in).Must(200).JSON(&out)
	return out
}

func says(outcome string) map[string]any {
	return map[string]any{"outcome": outcome, "legal_basis": "RPL115-1-1", "purpose": "prevention", "necessity": "Kommunen kender familien og skal kunne tage del i indsatsen."}
}

func judge(outcome string) map[string]any {
	return map[string]any{"outcome": outcome, "rationale": "Begrundelsen er skrevet af den ene tovholder alene."}
}

// sees gives the fields that somebody is shown of a concern; nil for nothing.
func (s *script) sees(login string, id hub.ID) []string {
	s.Helper()
	a := s.as(login).API("GET", "/api/concerns/"+string(id), nil)
	if a.Status == 404 {
		return nil
	}
	var out struct{ Fields []string }
	a.Must(200).JSON(&out)
	return out.Fields
}

// seesNothing holds that somebody cannot tell the concern from one that never
// was, by page, JSON or list, and that the attempt is in the trail.
func (s *script) seesNothing(id hub.ID, logins ...string) {
	s.Helper()
	for _, login := range logins {
		rows := s.One("select count(*) from audit.trail")
		real := s.as(login).API("GET", "/api/concerns/"+string(id), nil)
		between := s.One("select count(*) from audit.trail")
		invented := s.as(login).API("GET", "/api/concerns/"+string(hub.NewID()), nil)
		after := s.One("select count(*) from audit.trail")
		if real.Status != 404 || invented.Status != 404 || !bytes.Equal(real.Body, invented.Body) {
			s.Errorf("%s is answered %d %s for the concern and %d %s for an invented one", login, real.Status, real.Body, invented.Status, invented.Body)
		}
		if a, b := atoi(between)-atoi(rows), atoi(after)-atoi(between); a != 1 || b != 1 {
			s.Errorf("%s left %d and %d rows in the trail, want one each", login, a, b)
		}
		if list := s.as(login).API("GET", "/api/concerns", nil); strings.Contains(list.Text(), string(id)) {
			s.Errorf("%s finds it in the list", login)
		}
	}
}

func atoi(s string) (n int) { fmt.Sscan(s, &n); return n }

func (s *script) want(got []string, fields ...string) {
	s.Helper()
	for _, f := range fields {
		if !slices.Contains(got, f) {
			s.Errorf("%s should be among %v", f, got)
		}
	}
}

func (s *script) wantNot(got []string, fields ...string) {
	s.Helper()
	for _, f := range fields {
		if slices.Contains(got, f) {
			s.Errorf("%s should not be among %v", f, got)
		}
	}
}

// TestAConcernOfTheMunicipality is the main job of this half: received, checked
// by the police, triaged by both, and what each of the others sees meanwhile.
func TestAConcernOfTheMunicipality(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	s.want(s.sees(coordinator, id), "statements", "name", "reporter_name", "due", "erase_at", "who_can_see")
	s.wantNot(s.sees(deputy, id), "reporter_name") // sealed to the receiver (L51)
	s.want(s.sees(policeMan, id), "theme", "name", "state")
	s.wantNot(s.sees(policeMan, id), "statements", "why_now", "address", "reporter_name", "who_can_see")
	s.seesNothing(id, append(never, ssp, teacher)...)

	if got := s.does(policeMan, "check", id, says("released")); got.State != "triage" {
		t.Errorf("released leads to %s", got.State)
	}
	s.want(s.sees(policeMan, id), "statements", "why_now", "name", "check_outcome")
	s.wantNot(s.sees(policeMan, id), "address", "reporter_name", "reporter_contact")
	s.seesNothing(id, append(never, ssp, teacher)...)

	if got := s.does(coordinator, "triage", id, judge("case")); got.State != "triage" {
		t.Errorf("one coordinator alone leads to %s", got.State)
	}
	if got := s.does(policeMan, "triage", id, judge("case")); got.State != "case" {
		t.Errorf("two that agree lead to %s", got.State)
	}
	s.Settle()
	if n := s.One("select count(*) from intake.outbox where envelope->>'type' = 'intake.concern.triaged.v1' and envelope->'data'->>'outcome' = 'case'"); n != "1" {
		t.Errorf("%s facts say that a case begins, want 1", n)
	}
}

// TestAConcernOfThePolice: before release the municipality sees nothing, and
// release is a disclosure with its own basis (domain.md 2.2, invariants 1 and
// 2). L1, L2 in part.
func TestAConcernOfThePolice(t *testing.T) {
	s := begin(t)
	id := s.submits(policeMan, map[string]any{"municipality": "koege", "legal_basis": "RHL"})
	s.seesNothing(id, append(never, coordinator, deputy, ssp)...)
	s.as(policeMan).API("POST", "/api/concerns/"+string(id)+"/check", map[string]any{"outcome": "released", "legal_basis": "", "purpose": "prevention", "necessity": "kort"}).Must(400)
	s.as(policeMan).API("POST", "/api/concerns/"+string(id)+"/check", map[string]any{"outcome": "released", "legal_basis": "RPL115-2", "purpose": "prevention", "necessity": because}).Must(400)
	s.seesNothing(id, coordinator)
	s.does(policeMan, "check", id, says("released"))
	s.want(s.sees(coordinator, id), "statements", "name")
	s.wantNot(s.sees(coordinator, id), "reporter_name", "address")
	for outcome, want := range map[string]string{"allow": "1", "deny": "1"} { // and the one that was tried on no basis of the police's
		if n := s.One("select count(*) from audit.trail where act = 'disclose' and outcome = $1 and recipient = 'koege' and object_id = $2", outcome, string(id)); n != want {
			t.Errorf("%s disclosures in the trail: %s, want %s", n, outcome, want)
		}
	}
}

// TestPoliceOnly: the same words whatever the reason; the municipality's own
// copy stays under its own control (invariant 2, A030), and the child clock
// does not stop (invariant 5).
func TestPoliceOnly(t *testing.T) {
	s := begin(t)
	own := s.submits(coordinator, map[string]any{"forward": toPolice, "child": "yes"})
	s.does(policeMan, "check", own, says("police_only"))
	s.want(s.sees(coordinator, own), "statements", "state", "child_due")
	theirs := s.submits(policeMan, map[string]any{"municipality": "koege", "legal_basis": "RHL"})
	s.does(policeMan, "check", theirs, says("police_only"))
	s.seesNothing(theirs, coordinator, deputy)
	if due := s.One("select child_due - received_at from intake.concern where id = '" + string(own) + "'"); due != "24:00:00" && due != "1 day" {
		t.Errorf("the child clock runs %s, want 24 hours", due)
	}
	s.Advance(25 * time.Hour)
	if n := s.One("select count(*) from intake.outbox where envelope->>'type' = 'intake.step.overdue.v1' and envelope->'data'->>'step' = 'child' and envelope->'data'->>'concern' = '" + string(own) + "'"); n != "1" {
		t.Errorf("%s reminders of the child clock, want 1", n)
	}
}

// TestSealedToTheReceiver is L51: no other hat, not even the deputy's, and
// nobody at the police, ever sees who reported.
func TestSealedToTheReceiver(t *testing.T) {
	s := begin(t)
	id := s.submits(ssp, map[string]any{"forward": toPolice, "reporter_name": "Tove Tavle", "reporter_contact": "skolens kontor"})
	s.does(policeMan, "check", id, says("released"))
	for _, login := range append([]string{coordinator, deputy, policeMan}, never...) {
		if a := s.as(login).API("GET", "/api/concerns/"+string(id), nil); strings.Contains(a.Text(), "Tove Tavle") || strings.Contains(a.Text(), "skolens kontor") {
			t.Errorf("%s sees the reporter", login)
		}
	}
}

// TestSteps: a step out of order is a Conflict for whoever may see the concern,
// nothing at all for others, and changes nothing (A051, A026).
func TestSteps(t *testing.T) {
	s := begin(t)
	id := s.forwarded()
	version := s.One("select version from intake.concern where id = '" + string(id) + "'")
	s.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/triage", judge("case")).Must(409)
	s.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/forward", toPolice).Must(409)
	s.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/check", says("released")).Must(404)
	for _, login := range never {
		for op, in := range map[string]any{"triage": judge("case"), "check": says("released"), "forward": toPolice, "reroute": map[string]any{"track": "violence"}} {
			real := s.as(login).API("POST", "/api/concerns/"+string(id)+"/"+op, in)
			invented := s.as(login).API("POST", "/api/concerns/"+string(hub.NewID())+"/"+op, in)
			if real.Status != 404 || !bytes.Equal(real.Body, invented.Body) {
				t.Errorf("%s %s: %d %s, for an invented one %s", login, op, real.Status, real.Body, invented.Body)
			}
		}
	}
	if now := s.One("select version from intake.concern where id = '" + string(id) + "'"); now != version {
		t.Errorf("the refused steps changed it from version %s to %s", version, now)
	}
}

// TestOneReceipt: a hundred at once with one key make one concern, and give one
// receipt; another body under the key is refused (F53).
func TestOneReceipt(t *testing.T) {
	s := begin(t)
	in := concern(s.registers(coordinator, nil), nil)
	client := s.as(coordinator)
	var wait sync.WaitGroup
	answers := make([]hubtest.Answer, 100)
	for i := range answers {
		c := *client // a client of their own for each: it is one person's, not one goroutine's
		wait.Go(func() {
			for range 20 { // too many for this machine at once: asked again, as the key is for
				if answers[i] = c.API("POST", "/api/concerns", in, "Idempotency-Key", "once"); answers[i].Status != http.StatusServiceUnavailable {
					return
				}
			}
		})
	}
	wait.Wait()
	ids := map[hub.ID]int{}
	for _, a := range answers {
		var out done
		if a.Status != 200 && a.Status != 201 {
			t.Fatalf("answered %d: %s", a.Status, a.Body)
		}
		a.JSON(&out)
		ids[out.ID]++
	}
	if len(ids) != 1 {
		t.Errorf("%d receipts: %v", len(ids), ids)
	}
	if n := s.One("select count(*) from intake.concern"); n != "1" {
		t.Errorf("%s concerns, want 1", n)
	}
	in["why_now"] = "Noget andet."
	client.API("POST", "/api/concerns", in, "Idempotency-Key", "once").Must(409)
	s.Advance(29 * 24 * time.Hour)
	in["why_now"] = "Ny omgangskreds siden august."
	var out done
	s.As(coordinator).API("POST", "/api/concerns", in, "Idempotency-Key", "once").JSON(&out)
	if ids[out.ID] == 0 {
		t.Error("after 29 days the key gives another receipt")
	}
}

// TestAccessEndsAtOnce: an assignment works from its commit and ends at its
// commit, in page, list and every other room (house.md, section 4). L56.
func TestAccessEndsAtOnce(t *testing.T) {
	s := begin(t)
	id := s.submits(coordinator, nil) // received: a receiver who is assigned sees it whole
	s.seesNothing(id, ssp)
	var given struct{ Assignment hub.ID }
	s.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", map[string]any{"hat": s.as(ssp).Post.Hat.ID}).Must(200).JSON(&given)
	s.want(s.sees(ssp, id), "statements", "name")
	s.as(coordinator).API("DELETE", "/api/concerns/"+string(id)+"/access/"+string(given.Assignment), nil).Must(200)
	s.seesNothing(id, ssp)
	// A colleague of another authority cannot be let in.
	s.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", map[string]any{"hat": s.as("valborg").Post.Hat.ID}).Must(400)
	// And ends by the clock.
	until := s.Now().Add(time.Hour)
	s.as(coordinator).API("POST", "/api/concerns/"+string(id)+"/access", map[string]any{"hat": s.as(ssp).Post.Hat.ID, "until": until}).Must(200)
	s.want(s.sees(ssp, id), "state")
	s.Advance(time.Hour)
	s.who[ssp] = nil
	s.seesNothing(id, ssp)
}

// TestAnonymous is L50: told without a name, received, and nobody but the
// municipality's coordinators sees it; the one who told it can ask whether it is
// handled, and learns nothing else.
func TestAnonymous(t *testing.T) {
	s := begin(t)
	nobody := s.Nobody()
	nobody.Get("/tell").Must(200)
	a := nobody.Submit("/tell", map[string][]string{"municipality": {"koege"}, "seen": {"Han deler poser ud til børn."}, "why_now": {"Det er hver aften nu."}, "urgency": {"normal"}, "child": {"yes"}})
	a.Must(201)
	if len(a.Header["Set-Cookie"]) != 0 {
		t.Errorf("the page sets cookies: %v", a.Header["Set-Cookie"])
	}
	id := hub.ID(s.One("select id from intake.concern"))
	s.want(s.sees(coordinator, id), "statements", "state", "child_due")
	s.seesNothing(id, append(never, ssp, policeMan)...)
	for _, row := range s.SQL("select * from audit.trail where person = 'anonymous'") {
		if strings.Contains(strings.Join(row, " "), "192.0.2.1") {
			t.Error("the trail keeps the network address")
		}
	}
}
