//go:build !race

package main

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
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

func (p *prober) ask(path string) (time.Duration, int) {
	r := httptest.NewRequestWithContext(p.Context(), http.MethodGet, path, http.NoBody)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if strings.HasPrefix(path, "/api/") {
		r.Header.Set("Authorization", "Bearer "+p.token)
		r.Header.Set("Infohus-Hat", string(p.who.Post.Hat.ID))
	}
	began := time.Now()
	a := p.who.Do(r)
	return time.Since(began), a.Status
}

// measure asks a route for things that are there and for things that never
// were, by turns: which of the two comes first changes every time, so that
// whatever drifts drifts for both.
func (p *prober) measure(t *testing.T, route string, n int, real, invented []refs) (forbidden, unknown timed) {
	t.Helper()
	_, want := p.ask(fill(route, invented[0]))
	if want != http.StatusNotFound && !strings.HasSuffix(route, "/answers") { // a list of nothing
		t.Fatalf("what never was is answered %d at %s", want, route)
	}
	once := func(into *timed, r refs) {
		took, status := p.ask(fill(route, r))
		if status != want {
			t.Fatalf("%s is answered %d, and %d of what never was", route, status, want)
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

// TestTimingOfUnknownAndForbidden is G7 by the clock: on every read of a thing,
// what somebody may not know of takes as long as what never was. It runs with
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
	s.Settle()
	s.SQL("analyze")
	p := &prober{script: s.script, who: s.as(roskilde)}
	p.token = s.Issuer.Sign(s.Issuer.Claims(p.who.Post))
	p.who.Get("/")
	for _, route := range s.Site().Routes() {
		if route.Method != http.MethodGet || route.Public || !strings.Contains(route.Path, "{id}") {
			continue
		}
		t.Run(strings.ReplaceAll(route.Path, "/", " "), func(t *testing.T) {
			var real, invented []refs
			for _, r := range there {
				if !strings.Contains(fill(route.Path, r), "{") {
					real, invented = append(real, r), append(invented, r.invented())
				}
			}
			if len(real) == 0 {
				t.Fatalf("there is nothing to ask %s for", route.Path)
			}
			p.measure(t, route.Path, min(n, 300), real, invented) // warm
			a, b := p.measure(t, route.Path, n, real, invented)
			part, apart := a.median()/b.median()-1, welch(a, b)
			says := fmt.Sprintf("GET %s: forbidden %.3f ms, unknown %.3f ms, difference %+.1f %%, t %+.1f (%d samples each)",
				route.Path, a.median()/1e6, b.median()/1e6, 100*part, apart, n)
			t.Log(says)
			if n >= timingSamples && math.Abs(apart) > timingT && math.Abs(part) > timingPart {
				t.Error("a clock tells them apart: " + says)
			}
		})
	}
}
