//go:build !race

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/infohus/infohus/pkg/hubtest"
)

// wire asks over a real connection, as a program elsewhere does.
type wire struct {
	*script
	url    string
	client *http.Client
}

func (w *wire) ask(c *hubtest.Client, token, method, path, body string) (int, string) {
	r, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.Error(err)
		return 0, ""
	}
	r.Host = "hub.test"
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Infohus-Hat", string(c.Post.Hat.ID))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := w.client.Do(r)
	if err != nil {
		w.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.Error(err)
	}
	return res.StatusCode, string(b)
}

// TestVolumeRevocation races revokeAccess against reads, over HTTP, pair by
// pair: from the answer to the revocation on nobody gets anything by the access
// that was taken back, neither the concern, nor the list, nor the person
// (house.md section 4; trust.md G4). A read that began before may be answered or
// not; both happen, or nothing was raced. A015 in part: no export.
// A deep run races more.
func TestVolumeRevocation(t *testing.T) {
	pairs := raced(150)
	s := begin(t)
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	w := &wire{s, server.URL, server.Client()}
	id := s.submits(coordinator, map[string]any{"child": "yes"})
	subject := s.One("select subject from intake.concern where id = '" + string(id) + "'")
	owner, guest := s.as(coordinator), s.as(ssp)
	mine, theirs := s.Issuer.Sign(s.Issuer.Claims(owner.Post)), s.Issuer.Sign(s.Issuer.Claims(guest.Post))
	// a read, and what is found in its answer while access is given
	reads := []struct{ name, path, holds string }{
		{"getConcern", "/api/concerns/" + string(id), "kiosken"},
		{"listConcerns", "/api/concerns?state=received", string(id)},
		{"getSubject", "/api/subjects/" + subject, "Bertram"},
	}
	var given, raced, refused, stale int
	for n := range pairs {
		read := reads[n%len(reads)]
		status, body := w.ask(owner, mine, "POST", "/api/concerns/"+string(id)+"/access", fmt.Sprintf(`{"hat":%q}`, guest.Post.Hat.ID))
		_, assignment, _ := strings.Cut(body, `"assignment":"`)
		if status != 200 || len(assignment) < 26 {
			t.Fatalf("access was not given: %d %s", status, body)
		}
		if _, body := w.ask(guest, theirs, "GET", read.path, ""); strings.Contains(body, read.holds) {
			given++
		}
		revoked := make(chan struct{})
		var both sync.WaitGroup
		both.Go(func() {
			status, body := w.ask(owner, mine, "DELETE", "/api/concerns/"+string(id)+"/access/"+assignment[:26], "")
			if status != 200 {
				t.Errorf("it was not taken back: %d %s", status, body)
			}
			close(revoked)
		})
		both.Go(func() { // one read after the other, the last of them begun after the answer
			for last := false; !last; {
				select {
				case <-revoked:
					last = true
				default:
				}
				_, body := w.ask(guest, theirs, "GET", read.path, "")
				switch has := strings.Contains(body, read.holds); {
				case has && last:
					stale++
					t.Errorf("pair %d: %s after the revocation was answered gives %s", n, read.name, body)
				case has:
					raced++
				case !last:
					refused++
				}
			}
		})
		both.Wait()
		spans.reset()
	}
	if given != pairs {
		t.Errorf("in %d of %d pairs there was something to take back", given, pairs)
	}
	if raced == 0 || refused == 0 {
		t.Errorf("of the reads under way %d were answered and %d not: nothing was raced", raced, refused)
	}
	if n := s.One("select count(*) from audit.trail where act = 'revoke' and outcome = 'allow'"); n != fmt.Sprint(pairs) {
		t.Errorf("%s revocations in the trail, want %d", n, pairs)
	}
	t.Logf("%d pairs: %d reads under way answered, %d refused, %d stale", pairs, raced, refused, stale)
}
