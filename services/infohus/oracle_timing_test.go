//go:build !race

package main

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// What the timing test asks for before it says that a clock tells the forbidden
// from the unknown: this many samples of each, this far apart (Welch's t), and
// medians that differ by this much. A difference that is real and smaller than
// that is drowned in the network.
const (
	timingSamples = 5000
	timingT       = 5
	timingPart    = 0.05
)

// timed is the samples of one kind of answer, in nanoseconds.
type timed []float64

func (x timed) median() float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

// moments gives mean and variance of the samples below a ceiling.
func (x timed) moments(ceiling float64) (n, mean, variance float64) {
	for _, v := range x {
		if v <= ceiling {
			n++
			mean += v
		}
	}
	mean /= n
	for _, v := range x {
		if v <= ceiling {
			variance += (v - mean) * (v - mean)
		}
	}
	return n, mean, variance / (n - 1)
}

// welch is Welch's t of two sets of samples. The slowest twentieth of them all
// is cropped from both, by one ceiling: it is the garbage collector's and the
// disk's, and hides what a patient asker would find.
func welch(a, b timed) float64 {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	ceiling := all[len(all)*95/100]
	na, ma, va := a.moments(ceiling)
	nb, mb, vb := b.moments(ceiling)
	return (ma - mb) / math.Sqrt(va/na+vb/nb)
}

// prober asks for things as somebody who may know of none of them.
type prober struct {
	*script
	who   *hubtest.Client
	token string
}

func (s *script) prober(login string) *prober {
	p := &prober{script: s, who: s.as(login)}
	p.token = s.Issuer.Sign(s.Issuer.Claims(p.who.Post))
	p.who.Get("/")
	return p
}

// probe is something that is asked for: with references in its path, in its query, or
// in what is sent.
type probe struct{ method, path, body, name string }

func (q probe) String() string {
	if q.method == http.MethodGet {
		return q.method + " " + q.path
	}
	return q.method + " " + q.path + "(" + q.name + ")"
}

// fills reports whether the references are all that it asks for.
func (q probe) fills(r refs) bool {
	return !inPath.MatchString(fill(q.path, r)) && !inPath.MatchString(fill(q.body, r))
}

func (p *prober) ask(q probe, of refs) (time.Duration, hubtest.Answer) {
	path, api := fill(q.path, of), strings.HasPrefix(q.path, "/api/")
	r := httptest.NewRequestWithContext(p.Context(), q.method, path, http.NoBody)
	if q.body != "" {
		body := fill(q.body, of)
		kind := "application/json"
		if !api {
			body, kind = url.Values{"find": {body}, "_hat": {string(p.who.Post.Hat.ID)}}.Encode(), "application/x-www-form-urlencoded"
		}
		r = httptest.NewRequestWithContext(p.Context(), q.method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Origin", "https://hub.test")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if api {
		r.Header.Set("Authorization", "Bearer "+p.token)
		r.Header.Set("Infohus-Hat", string(p.who.Post.Hat.ID))
	}
	began := time.Now()
	a := p.who.Do(r)
	return time.Since(began), a
}

// measure asks for things that are there and for things that never were, by turns:
// which of the two comes first changes every time, so that whatever drifts drifts for
// both.
func (p *prober) measure(t *testing.T, q probe, n int, real, invented []refs) (forbidden, unknown timed) {
	t.Helper()
	_, want := p.ask(q, invented[0])
	if list := strings.HasSuffix(q.path, "/answers") || strings.Contains(q.path, "?") || q.body != ""; want.Status != http.StatusNotFound && !list { // a list of nothing
		t.Fatalf("what never was is answered %d at %s", want.Status, q)
	}
	once := func(into *timed, r refs) {
		took, a := p.ask(q, r)
		if a.Status != want.Status {
			t.Fatalf("%s is answered %d, and %d of what never was", q, a.Status, want.Status)
		}
		*into = append(*into, float64(took))
	}
	for i := range n {
		if i%200 == 0 {
			spans.reset() // which keeps every span of the process
		}
		a, b := real[i%len(real)], invented[i%len(invented)]
		if i%2 == 0 {
			once(&forbidden, a)
			once(&unknown, b)
		} else {
			once(&unknown, b)
			once(&forbidden, a)
		}
	}
	return forbidden, unknown
}

// timedLists are the lists and searches that ask for somebody, or for a thing, elsewhere
// than in the path.
var timedLists = []probe{
	{http.MethodGet, "/api/concerns?subject={subjects}", "", ""}, {http.MethodGet, "/api/cases?subject={subjects}", "", ""}, {http.MethodGet, "/api/offers?subject={subjects}", "", ""},
	{http.MethodGet, "/api/requests?case={cases}", "", ""}, {http.MethodGet, "/api/concerns?after={concerns}", "", ""}, {http.MethodGet, "/api/cases?after={cases}", "", ""},
	{http.MethodGet, "/api/offers?after={offers}", "", ""}, {http.MethodGet, "/api/meetings?after={meeting}", "", ""}, {http.MethodGet, "/api/advice/receipts?after={advice}", "", ""},
	{http.MethodGet, "/concerns/new?subject={subjects}", "", ""},
	{http.MethodPost, "/api/subjects/search", `{"cpr":"{cpr}"}`, "number"}, {http.MethodPost, "/api/subjects/search", `{"name":"{name}","birth_date":"{born}"}`, "name"},
	{http.MethodPost, "/search", "{cpr}", "number"}, {http.MethodPost, "/search", "{name} {day}", "name"},
	{http.MethodPost, "/search", "{concerns}", "concern"}, {http.MethodPost, "/search", "{cases}", "case"}, {http.MethodPost, "/search", "{offers}", "offer"},
}

// timedLog is the one list of whoever reads the log.
var timedLog = probe{http.MethodPost, "/api/trail/search", `{"ground":"lawfulness","reference":"{subjects}"}`, "subject"}

// TestEveryFilterIsTimed holds [timedLists] against what the API says of itself: a list
// that can be asked for a reference is among them.
func TestEveryFilterIsTimed(t *testing.T) {
	s := begin(t)
	var api struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Schema   struct{ Pattern string }
			}
		}
	}
	s.as(coordinator).API("GET", "/openapi.json", nil).Must(200).JSON(&api)
	found := 0
	for path, methods := range api.Paths {
		for _, f := range methods["get"].Parameters {
			if f.In != "query" || !strings.HasSuffix(f.Schema.Pattern, "{26}$") {
				continue
			}
			found++
			if !slices.ContainsFunc(timedLists, func(q probe) bool { return strings.HasPrefix(q.path, path+"?"+f.Name+"={") }) {
				t.Errorf("nobody times GET %s by %s", path, f.Name)
			}
		}
	}
	if found < 8 {
		t.Errorf("%d filters by a reference: this test has gone blind", found)
	}
}

// numbered are whom drives have made, and as many that nobody made, by what one
// searches for: a number, a name, a birth date, as the API and as the page takes it.
func numbered(from, n int) (list []refs) {
	for i := from; i < from+n; i++ {
		month, year := 1+i%12, i/12%90
		list = append(list, refs{"cpr": hub.ID(fmt.Sprintf("67%02d%02d-0%03d", month, year, i%1000)), "name": hub.ID(fmt.Sprint("Opdigtet Nummer ", i)),
			"born": hub.ID(fmt.Sprintf("19%02d-%02d-07", year, month)), "day": hub.ID(fmt.Sprintf("07-%02d-19%02d", month, year))})
	}
	return list
}

// TestTimingOfUnknownAndForbidden is G7 by the clock: on every read of a thing,
// and in every list and search that asks for one, what somebody may not know of takes
// as long as what never was. It runs with
// make deep alone, and prints the figures of each route:
//
//	GET /api/concerns/{id}: forbidden 1.234 ms, unknown 1.230 ms, difference +0.3 %, t +2.1 (5000 samples each)
//
// A020.
func TestTimingOfUnknownAndForbidden(t *testing.T) {
	if !deepRun() {
		t.Skip("a measurement: make deep runs it")
	}
	n := timingSamples
	if few, err := strconv.Atoi(os.Getenv("INFOHUS_TEST_TIMING_SAMPLES")); err == nil {
		n = few // for a first look; it then fails for nothing
	}
	s := &desk{driver: &driver{script: begin(t)}}
	var there []refs
	for range 6 {
		d, w := s.drives("municipality", "police_check"), s.works("follow_up")
		there = append(there, refs{"concerns": d.id, "subjects": d.subject}, refs{"concerns": w.id, "subjects": w.driven.subject, "cases": w.kase, "requests": w.asked, "offers": w.sent},
			refs{"requests": w.settled, "offers": w.offer}, refs{"offers": w.own})
	}
	broken := s.forwarded()
	var kept struct{ ID hub.ID }
	s.as(coordinator).API("POST", "/api/advice/receipts", map[string]any{"to": "mvs-politi", "purpose": "prevention", "state": "received"}).Must(201).JSON(&kept)
	kase := there[1]["cases"]
	there = append(there, refs{"advice": kept.ID}, refs{"concerns": broken, "glass": s.broken(ssp, "concerns", broken, inDanger[0]).ID},
		refs{"cases": kase, "glass": s.broken("tage", "cases", kase, inDanger[1]).ID})
	for _, m := range s.SQL("select id from assessment.meeting") {
		there = append(there, refs{"meeting": hub.ID(m[0])})
	}
	s.Settle()
	s.SQL("analyze")
	people, nobody := numbered(1, s.n), numbered(500, s.n)
	p, officer := s.prober(roskilde), s.prober(roskildeDPO)
	probes := slices.Clone(timedLists)
	for _, route := range s.Site().Routes() {
		if route.Method == http.MethodGet && !route.Public && strings.Contains(route.Path, "{id}") {
			probes = append(probes, probe{http.MethodGet, route.Path, "", ""})
		}
	}
	for _, q := range append(probes, timedLog) {
		t.Run(strings.ReplaceAll(q.String(), "/", " "), func(t *testing.T) {
			var real, invented []refs
			for _, r := range there {
				if q.fills(r) {
					real, invented = append(real, r), append(invented, r.invented())
				}
			}
			if q.fills(people[0]) {
				real, invented = people, nobody
			}
			if len(real) == 0 {
				t.Fatalf("there is nothing to ask %s for", q)
			}
			p := p
			if q == timedLog {
				p = officer
			}
			p.measure(t, q, min(n, 300), real, invented) // warm
			a, b := p.measure(t, q, n, real, invented)
			part, apart := a.median()/b.median()-1, welch(a, b)
			says := fmt.Sprintf("%s: forbidden %.3f ms, unknown %.3f ms, difference %+.1f %%, t %+.1f (%d samples each)",
				q, a.median()/1e6, b.median()/1e6, 100*part, apart, n)
			t.Log(says)
			if n >= timingSamples && math.Abs(apart) > timingT && math.Abs(part) > timingPart {
				t.Error("a clock tells them apart: " + says)
			}
		})
	}
}
