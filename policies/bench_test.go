//go:build !race

package policies

import (
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// busy is the time that this thread has used of the processors, which others who
// want them too do not lengthen.
func busy() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	syscall.Getrusage(thread, &u) //nolint:errcheck // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// distinct is each question once, in the order in which they were asked first.
func distinct(all []Question) []Question {
	seen := map[Question]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(q Question) bool {
		was := seen[q]
		seen[q] = true
		return was
	})
}

// median of what was measured, in microseconds.
func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2].Nanoseconds()) / 1e3
}

// rivals decide the same views by other means, and are measured in the same run:
// a way to ask, which must answer as the engine does.
var rivals = map[string]func(testing.TB) func(View) Answer{}

// BenchmarkDecision: a decision never asked before, the views of a Monday in a
// town of 2,000 users and 100,000 cases, with masks and reasons: a yes and a no in
// the share that they have there. In turn with it the same question asked again
// under the same revision, and the same questions put to the rivals.
func BenchmarkDecision(b *testing.B) {
	e := engine(b)
	var views []View
	yes := 0
	for _, q := range distinct(newTown(2000, 100000).monday()) {
		if v, ok := q.(View); ok {
			views = append(views, v)
			if ask(b, e, v).Allow {
				yes++
			}
		}
	}
	others, spent := map[string]func(View) Answer{}, map[string][]time.Duration{}
	for name, open := range rivals {
		others[name] = open(b)
		for _, v := range views {
			if ours, theirs := ask(b, e, v), others[name](v); !equal(ours, theirs) {
				b.Fatalf("%s answers %+v with %+v, the engine with %+v", name, v, theirs, ours)
			}
		}
	}
	var fresh, again []time.Duration
	var n int
	for b.Loop() {
		v := views[n%len(views)]
		n++
		who, now := wearing(v), e.now.Load()
		clear(now.memo)
		t := time.Now()
		e.Ask(b.Context(), who, v) //nolint:errcheck // a no is an answer
		fresh = append(fresh, time.Since(t))
		t = time.Now()
		for range 10 {
			e.Ask(b.Context(), who, v) //nolint:errcheck // as above
		}
		again = append(again, time.Since(t)/10)
		for name, ask := range others {
			t = time.Now()
			ask(v)
			spent[name] = append(spent[name], time.Since(t))
		}
	}
	// The processor's time is counted in ticks: of all of them together it is right.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := busy()
	for _, v := range views {
		clear(e.now.Load().memo)
		e.Ask(b.Context(), wearing(v), v) //nolint:errcheck // as above
	}
	cpu := float64((busy() - before).Nanoseconds()) / 1e3 / float64(len(views))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(len(views)), "different-questions")
	b.ReportMetric(100*float64(yes)/float64(len(views)), "%-yes")
	b.ReportMetric(median(fresh), "µs-new")
	b.ReportMetric(cpu, "µs-cpu-new")
	b.ReportMetric(median(again), "µs-again")
	for name, all := range spent {
		b.ReportMetric(median(all), "µs-"+name)
		b.ReportMetric(median(all)/median(fresh), "ratio-"+name)
	}
}

func equal(a, z Answer) bool {
	return a.Allow == z.Allow && slices.Equal(a.Fields, z.Fields) && slices.Equal(a.Reasons, z.Reasons) && slices.Equal(a.Obligations, z.Obligations)
}

// BenchmarkNew is a decision past the memory, kind by kind: what to profile.
func BenchmarkNew(b *testing.B) {
	e := engine(b)
	seen := place(hub.PoliceCoordinator, hub.Police, shared(hub.Municipality, hub.Municipality), false, false, "police_check")
	denied := own
	denied.Recused = true
	late := own
	late.State = "draft"
	for _, c := range []struct {
		name string
		q    Question
	}{
		{"own", own}, {"shared", seen}, {"recused", denied}, {"not_in_this_state", late}, {"step", steps(own)[5]}, {"no_step", steps(late)[5]},
		{"disclose", Disclose{Role: hub.MunicipalCoordinator, From: hub.Municipality, To: hub.Police, Item: "concern", State: "received", Basis: "RPL115-2", Purpose: hub.Prevention, Cooperation: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.now.Load().eval(b.Context(), c.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMonday: all the questions of the day, once through. Those that had been
// asked before and those that had not are measured apart, and how many had.
func BenchmarkMonday(b *testing.B) {
	all := newTown(2000, 100000).monday()
	different := len(distinct(all))
	for b.Loop() {
		e := engine(b)
		now := e.now.Load()
		var hits, misses []time.Duration
		for _, q := range all {
			_, known := now.memo[q]
			t := time.Now()
			_, err := now.decide(b.Context(), q)
			d := time.Since(t)
			if err != nil {
				b.Fatal(err)
			}
			if known {
				hits = append(hits, d)
			} else {
				misses = append(misses, d)
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(len(all)), "questions")
		b.ReportMetric(float64(different), "different")
		b.ReportMetric(100*float64(len(hits))/float64(len(all)), "%-again")
		b.ReportMetric(median(hits), "µs-again")
		b.ReportMetric(median(misses), "µs-new")
	}
}

// BenchmarkMemory: what an engine keeps, and what it keeps with a full memory.
func BenchmarkMemory(b *testing.B) {
	all := distinct(newTown(2000, 100000).monday())
	document := engine(b).Document()
	for b.Loop() {
		before := heap()
		e := new(Engine)
		if err := e.Revise(document); err != nil { // an edition of its own: the founding one is there once for all
			b.Fatal(err)
		}
		loaded := heap()
		for _, q := range all[:min(len(all), remembered)] {
			ask(b, e, q)
		}
		full := heap()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(loaded-before)/(1<<20), "MB-engine")
		b.ReportMetric(float64(full-before)/(1<<20), "MB-full")
		b.ReportMetric(float64(len(e.now.Load().memo)), "remembered")
		runtime.KeepAlive(e)
	}
}

// heap is how much memory is in use once what is not is given back.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
