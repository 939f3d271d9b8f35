//go:build !race

package main

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// TestWhatNobodyElseHasConfirmed is F38: a witness that is away for an hour keeps nobody from
// anything. After four hours whoever discloses something, by whatever step, says that they
// know it, which stands in the trail at both ends; everybody is told on every page, and the rows that nobody
// has confirmed are counted for the operator and the officer. It ends when the witness is
// there again. Reading goes on all the while.
func TestWhatNobodyElseHasConfirmed(t *testing.T) {
	s, there := unwitnessed(t)
	waits := func(hours string) { // as if the first had been signed, or written, so long ago
		s.SQL(`update audit.checkpoint set at = clock_timestamp() - interval '` + hours + ` hours'; update audit.pending set at = clock_timestamp() - interval '` + hours + ` hours'`)
	}
	var ids []hub.ID
	for about := s.registers(coordinator, nil); len(ids) < 3; {
		var out done
		s.as(coordinator).API("POST", "/api/concerns", concern(about, nil)).Must(http.StatusCreated).JSON(&out)
		ids = append(ids, out.ID)
	}
	first, second, third := ids[0], ids[1], ids[2]
	waits("1")
	s.does(coordinator, "forward", first, toPolice)
	page := s.as(coordinator).Get("/concerns/" + string(second) + "/forward").Must(http.StatusOK)
	if strings.Contains(page.Text(), `name="confirmed"`) || strings.Contains(page.Text(), "kan ikke bekræfte loggen") {
		t.Error("after an hour somebody is asked, or told")
	}
	if a := s.Nobody().Get("/readyz").Text(); !strings.Contains(a, `"log":{"unwitnessed":`) || strings.Contains(a, `"unwitnessed":0`) || strings.Contains(a, `"late"`) {
		t.Errorf("after an hour: %s", a)
	}

	waits("4")
	for path, want := range map[string]string{"/": "kan ikke bekræfte loggen", "/concerns/" + string(second) + "/forward": "kan ikke bekræfte loggen"} {
		if text := s.as(coordinator).Get(path).Must(http.StatusOK).Text(); !strings.Contains(text, want) {
			t.Errorf("%s says nothing of it", path)
		}
	}
	if a := s.Nobody().Get("/readyz").Text(); !strings.Contains(a, `"late":true`) {
		t.Errorf("after four hours: %s", a)
	}
	if text := s.as(koegeDPO).Get("/witnesses").Must(http.StatusOK).Text(); !strings.Contains(text, "Antal poster, der ikke er bekræftet endnu") || !strings.Contains(text, "bliver spurgt en gang til") {
		t.Errorf("the officer reads nothing of it")
	}
	refused := s.as(coordinator).API("POST", "/api/concerns/"+string(second)+"/forward", toPolice).Must(http.StatusBadRequest).Text()
	if !strings.Contains(refused, `"field":"confirmed"`) || !strings.Contains(refused, "For få andre myndigheder har bekræftet loggen") {
		t.Errorf("refused: %s", refused)
	}
	form := url.Values{"purpose": {"prevention"}, "legal_basis": {"RPL115-2"}, "necessity": {because}}
	again := s.as(coordinator).Submit("/concerns/"+string(second)+"/forward", form).Must(http.StatusBadRequest)
	if !strings.Contains(again.Text(), `name="confirmed"`) || !strings.Contains(again.Text(), "Jeg ved, at andre myndigheder ikke kan bekræfte loggen lige nu") {
		t.Errorf("it is not asked: %s", again.Text())
	}
	if state := s.One(`select state from access.item where id = $1`, string(second)); state != "received" {
		t.Errorf("it was passed on: %s", state)
	}
	form.Set("confirmed", "yes")
	s.as(coordinator).Submit("/concerns/"+string(second)+"/forward", form).Must(http.StatusOK)
	if got := s.One(`select string_agg(act || ' ' || (input->>'confirmed'), ', ' order by act) from audit.trail where object_id = $1 and outcome = 'allow' and 'confirmed_unwitnessed' = any (reasons)`, string(second)); got != "collect true, disclose true" {
		t.Errorf("in the trail stands %s", got)
	}
	waits("5")
	s.as(policeMan).API("POST", "/api/concerns/"+string(second)+"/check", says("acute")).Must(http.StatusOK) // it has it from the municipality: nothing is passed on
	s.as(policeMan).API("GET", "/api/concerns/"+string(second), nil).Must(http.StatusOK)

	there()
	s.until("all is confirmed", func() bool {
		return s.One(`select coalesce(max(size), 0) from audit.cosignature`) == s.One(`select max(size) from audit.checkpoint`)
	})
	s.does(coordinator, "forward", third, toPolice)
	if text := s.as(coordinator).Get("/").Must(http.StatusOK).Text(); strings.Contains(text, "kan ikke bekræfte loggen") {
		t.Error("it is said still")
	}
	if got := s.One(`select reasons from audit.trail where object_id = $1 and act = 'disclose'`, string(third)); got != "{basis,role}" {
		t.Errorf("the reasons are %s", got)
	}
	closes(t, s, first)
}

// closes puts the database back, and starts the hub's room again: nothing is shown on any
// page, the officer reads why and what to do, and opens it. A082 in part, over the network.
func closes(t *testing.T, s *script, id hub.ID) {
	t.Helper()
	s.SQL(`set session_replication_role = replica; delete from audit.cosignature; delete from audit.checkpoint; delete from audit.leaves; delete from audit.node; set session_replication_role = origin`)
	s.until("it is found", func() bool { return s.One(`select audit.is_closed()`) == "t" })
	text := s.as(coordinator).Get("/concerns/" + string(id)).Must(http.StatusServiceUnavailable).Text()
	if !strings.Contains(text, "Infohus er lukket for opslag og deling, mens loggen bliver undersøgt") || strings.Contains(text, "Bertram") {
		t.Errorf("a concern while it is closed: %s", text)
	}
	if a := s.Nobody().Get("/readyz").Text(); !strings.Contains(a, `"closed":true`) {
		t.Errorf("closed: %s", a)
	}
	officer := s.As(koegeDPO)
	if text := officer.Get("/witnesses").Must(http.StatusOK).Text(); !strings.Contains(text, "Spørg driften, om databasen er lagt tilbage") || !strings.Contains(text, "Åbn Infohus igen") {
		t.Errorf("the officer reads %s", text)
	}
	officer.Submit("/witnesses", url.Values{"reason": {"Serveren brændte, og sikkerhedskopien er fra i går."}}).Must(http.StatusOK)
	s.as(coordinator).Get("/concerns/" + string(id)).Must(http.StatusOK)
	s.Settle()
	for _, login := range []string{koegeDPO, mvsDPO, roskildeDPO} {
		text := s.as(login).Get("/").Must(http.StatusOK).Text()
		if !strings.Contains(text, "Infohus er lukket for opslag og deling: et vidne har vist") || !strings.Contains(text, "En databeskyttelsesrådgiver har åbnet Infohus igen") {
			t.Errorf("%s was not told", login)
		}
	}
}

// Whatever writes a share asks by the one gate that knows how the log stands.
func TestEverySharingAsksHowTheLogStands(t *testing.T) {
	n := 0
	for _, dir := range []string{"../../pkg/service", "../assessment", "../audit", "../intake", "../person", "../portal", "../referral"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.IsDir() || !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			b, err := os.ReadFile(dir + "/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			for text := string(b); ; n++ {
				before, after, found := strings.Cut(text, "tx.Share(ctx, g")
				if !found {
					if strings.Contains(text, "tx.Share(") {
						t.Errorf("%s writes a share in another way than this test knows", f.Name())
					}
					break
				}
				if at := strings.LastIndex(before, "\nfunc "); !strings.Contains(before[at:], ".AskToDisclose(") {
					t.Errorf("%s writes a share without having asked how the log stands", f.Name())
				}
				text = after
			}
		}
	}
	if n != 1 {
		t.Errorf("%d places write a share, and not one for all rooms", n)
	}
}

// closed closes the hub, as a witness's proof would, and gives what opens it.
func (s *script) closed() map[string]any {
	s.Helper()
	id := hub.NewID()
	s.SQL(`insert into audit.closed (id, witness, size, root, note, had) values ('` + string(id) + `', 'w', 9, sha256('` + string(id) + `'), 'x', 8)`)
	return map[string]any{"closings": []hub.ID{id}, "reason": "Serveren brændte, og sikkerhedskopien er fra i går."}
}
