package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// The lines are those of the tests themselves: when they change, this page must.
func TestPage(t *testing.T) {
	on := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	parts := []*part{
		{name: "The clock", took: 61 * time.Second, said: "    x_test.go:1: GET /cases/{id}: forbidden 1.317 ms, unknown 1.405 ms, difference -6.2 %, t -0.7 (300 samples each)\n"},
		{name: "Everybody", said: "    t_test.go:2: 15120 triples of state, action and person asked: 148 commands done, the others refused\n"},
		{name: "Alike", said: "    o_test.go:9: 187 routes, 1775 cases\n"},
		{name: "Shown", said: "    t_test.go:9: 3571 requests, 548 of them showed personal texts, 940 different decisions made again\n"},
		{name: "Used", said: "    a_test.go:9: assignment: 5000 pairs, 320 shown before, 0 stale\n    a_test.go:9: share: 2500 pairs, 12 commands done before, 0 after\n"},
		{name: "Read", said: "    r_test.go:9: 3000 pairs: 4500 reads under way answered, 77 refused, 0 stale\n"},
		{name: "Walks", said: "    w_test.go:2: 2500 steps on 17 concerns and 4 cases by 42 people: 81 kinds of steps done, answers map[200:352], 4740 views and 379 lists compared\n" +
			"    w_test.go:2: 2500 steps on 3 concerns and 1 cases by 42 people: 81 kinds of steps done, answers map[200:352], 10 views and 1 lists compared\n"},
		{name: "On paper", said: "    p_test.go:3: 100000 steps by 42 people, 56 kinds of steps done, answers map[200:32919], 762309 views compared\n"},
		{name: "Plain", said: "    d_test.go:4: seed 7: 0 differences in 2000000 worlds (1300000 distinct), with each of the 700 lines of the tables; allowed are: view 40 %, act 38 %\n"},
		{name: "Changed", said: "    m_test.go:5: mutants of the rules: 700 tried of 700, 600 killed, 9 survived, 91 the engine does not take: 98.5 % killed\n"},
		{name: "Tried", said: "    v_test.go:6: 1000000 decisions, 900 different questions: 3 of them would be answered otherwise (40 decisions), in 12.1s\n"},
		{name: "Desk", took: time.Minute, said: "    d_test.go:8: 1000 rows, who saw this person, and why: from disk 91 ms, again 24 ms, the next page 22 ms (219 found)\n    d_test.go:8: 1000 rows, all refusals: first 17 ms, again 58 ms, the next page 0 ms (7 found)\n"},
		{name: "Planted", said: "    a_test.go:8: seed 1 (tuned): 500 rows, found 9 of 10\n    a_test.go:8: seed 2 (measured): 600 rows, found 8 of 10\n"},
		{name: "Pages", said: "    b_test.go:7: 125 pages were looked at\n    b_test.go:7: 125 pages were looked at\n"},
		{name: "FuzzX", said: "fuzz: elapsed: 0s, execs: 0 (0/sec), new interesting: 0 (total: 7)\nfuzz: elapsed: 10s, execs: 5678 (567/sec), new interesting: 2 (total: 9)\n", err: errors.New("exit status 1")},
		{name: "FuzzY"},
	}
	for _, p := range parts {
		p.on = on
	}
	page := render(parts, "2 cores", "")
	for _, want := range []string{"on a machine with 2 cores", "| The clock | 2026-11-22 | 1m1s | well | 1 addresses, below |", "15120 triples of state, action and person; 148 done", "187 of what can be asked, in 1775 cases: the same bytes",
		"3571 requests; 548 showed texts about people, each with its row; 940 different decisions made again", "2 walks: 5000 steps on 20 concerns and 5 cases; 4750 views and 380 lists compared",
		"7500 pairs of a withdrawal and a use; 332 uses came before it, 0 after", "3000 pairs of a withdrawal and a use; 4500 uses came before it, 0 after",
		"1 walks: 100000 steps; 762309 views compared", "| FuzzX | 2026-11-22 | 0s | **failed** | 5678 executions; 9 inputs kept |", "| FuzzY | 2026-11-22 | 0s | well | nothing was counted |",
		"0 differences in 2000000 worlds, 1300000 of them distinct, with each of the 700 lines of the tables; allowed are: view 40 %, act 38 % |",
		"rules: 600 changes noticed, 9 not ([mutation.md](mutation.md) says why), 91 that the engine does not take: 98.5 % noticed |", "| 1000000 decisions, 900 different questions: 3 of them would be answered otherwise (40 decisions), in 12.1s |",
		"| of 1000 rows 2 questions, the slowest at first 91 ms, again 58 ms, its next page 22 ms |", "| seed 1 (tuned): 500 rows, found 9 of 10; seed 2 (measured): 600 rows, found 8 of 10 |", "| 125 pages, each in two languages at three widths |", "medians of 300 requests", "| /cases/{id} | 1.317 | 1.405 | -6.2 | -0.7 |"} {
		if !strings.Contains(page, want) {
			t.Errorf("does not say %q:\n%s", want, page)
		}
	}
}

// A part alone leaves the others as they are, with their day, and the table of the clock.
func TestAPartAlone(t *testing.T) {
	old := render([]*part{{name: "The clock", on: time.Unix(0, 0), said: "GET /x: forbidden 1.000 ms, unknown 1.001 ms, difference -0.1 %, t -0.7 (300 samples each)\n"},
		{name: "Walks", on: time.Unix(0, 0)}, {name: "What is no more", on: time.Unix(0, 0)}}, "1 core", "")
	page := render([]*part{{name: "The clock"}, {name: "Walks", on: time.Unix(86400*400, 0)}, {name: "New"}}, "2 cores", old)
	if want := strings.NewReplacer("1 core", "2 cores", "| What is no more | 1970-01-01 | 0s | well | nothing was counted |\n", "", "Walks | 1970-01-01", "Walks | 1971-02-05").Replace(old); page != want {
		t.Errorf("%s\nwanted\n%s", page, want)
	}
}

func TestTargets(t *testing.T) {
	found, err := targets("../../..")
	if err != nil || len(found) < 8 {
		t.Errorf("%v %v", found, err)
	}
}
