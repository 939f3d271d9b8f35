package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What the tests say of themselves.
var (
	clocked  = regexp.MustCompile(`(?:GET )?((?:POST )?\S+): forbidden ([0-9.]+) ms, unknown ([0-9.]+) ms, difference ([-+0-9.]+) %, t ([-+0-9.]+) \((\d+) samples each\)`)
	walked   = regexp.MustCompile(`(\d+) steps on (\d+) concerns and (\d+) cases by \d+ people: .* (\d+) views and (\d+) lists compared`)
	paced    = regexp.MustCompile(`(\d+) steps by \d+ people, .* (\d+) views compared`)
	modeled  = regexp.MustCompile(`(0 differences in \d+ worlds) \((\d+) distinct\), (with each of the \d+ lines of the tables); allowed are: (.*)`)
	mutated  = regexp.MustCompile(`mutants of the (\w+): \d+ tried of \d+, (\d+) killed, (\d+) survived, (\d+) the engine does not take: ([0-9.]+) % killed`)
	tried    = regexp.MustCompile(`(\d+ decisions, \d+ different questions): (.* in \S+)`)
	answered = regexp.MustCompile(`(\d+) rows, .*: (from disk|first) (\d+) ms, again (\d+) ms, the next page (\d+) ms`)
	triples  = regexp.MustCompile(`(\d+) triples of state, action and person asked: (\d+) commands done`)
	alike    = regexp.MustCompile(`(\d+) routes, (\d+) cases`)
	recorded = regexp.MustCompile(`(\d+) requests, (\d+) of them showed personal texts, (\d+) different decisions made again`)
	raced    = regexp.MustCompile(`(\d+) pairs[,:] (\d+) (?:shown before|commands done before|reads under way answered), (?:\d+ refused, )?(\d+) (?:stale|after)`)
	lookedAt = regexp.MustCompile(`(\d+ pages) were looked at`)
	planted  = regexp.MustCompile(`seed (\d+ \(\w+\)): (\d+ rows, .*)`)
	fuzzed   = regexp.MustCompile(`elapsed: (\S+), execs: (\d+) \(\d+/sec\), new interesting: \d+ \(total: (\d+)\)`)
)

// figures are what a part came to, in words.
func (p *part) figures() string {
	var out []string
	if all := clocked.FindAllStringSubmatch(p.said, -1); all != nil {
		out = append(out, fmt.Sprintf("%d addresses, below", len(seen(all))))
	}
	if all := walked.FindAllStringSubmatch(p.said, -1); all != nil {
		n := sums(all)
		out = append(out, fmt.Sprintf("%d walks: %d steps on %d concerns and %d cases; %d views and %d lists compared", len(all), n[0], n[1], n[2], n[3], n[4]))
	}
	if all := paced.FindAllStringSubmatch(p.said, -1); all != nil {
		n := sums(all)
		out = append(out, fmt.Sprintf("%d walks: %d steps; %d views compared", len(all), n[0], n[1]))
	}
	if all := triples.FindAllStringSubmatch(p.said, -1); all != nil {
		n := sums(all)
		out = append(out, fmt.Sprintf("%d triples of state, action and person; %d done, the others refused", n[0], n[1]))
	}
	if m := alike.FindStringSubmatch(p.said); m != nil {
		out = append(out, fmt.Sprintf("%s of what can be asked, in %s cases: the same bytes, by the same statements", m[1], m[2]))
	}
	if m := recorded.FindStringSubmatch(p.said); m != nil {
		out = append(out, fmt.Sprintf("%s requests; %s showed texts about people, each with its row; %s different decisions made again", m[1], m[2], m[3]))
	}
	if all := raced.FindAllStringSubmatch(p.said, -1); len(all) > 0 {
		n := sums(all)
		out = append(out, fmt.Sprintf("%d pairs of a withdrawal and a use; %d uses came before it, %d after", n[0], n[1], n[2]))
	}
	for _, m := range seen(modeled.FindAllStringSubmatch(p.said, -1)) {
		out = append(out, fmt.Sprintf("%s, %s of them distinct, %s; allowed are: %s", m[1], m[2], m[3], m[4]))
	}
	for _, m := range seen(mutated.FindAllStringSubmatch(p.said, -1)) {
		out = append(out, fmt.Sprintf("%s: %s changes noticed, %s not ([mutation.md](mutation.md) says why), %s that the engine does not take: %s %% noticed", m[1], m[2], m[3], m[4], m[5]))
	}
	if m := tried.FindStringSubmatch(p.said); m != nil {
		out = append(out, m[1]+": "+m[2])
	}
	for _, m := range seen(planted.FindAllStringSubmatch(p.said, -1)) {
		out = append(out, "seed "+m[1]+": "+m[2])
	}
	out = append(out, slowest(answered.FindAllStringSubmatch(p.said, -1))...)
	if all := lookedAt.FindAllStringSubmatch(p.said, -1); all != nil {
		out = append(out, fmt.Sprintf("%s, each in two languages at three widths", all[0][1]))
	}
	if all := fuzzed.FindAllStringSubmatch(p.said, -1); all != nil { // the last line counts them all
		last := all[len(all)-1]
		out = append(out, fmt.Sprintf("%s executions; %s inputs kept", last[2], last[3]))
	}
	if out == nil {
		return "nothing was counted"
	}
	return strings.Join(out, "; ")
}

// seen keeps the first of each address: a test that fails says its line again.
func seen(all [][]string) (out [][]string) {
	had := map[string]bool{}
	for _, m := range all {
		if !had[m[1]] {
			had[m[1]] = true
			out = append(out, m)
		}
	}
	return out
}

// slowest says of each size of the trail how long the slowest answer took.
func slowest(all [][]string) (out []string) {
	most := map[string][4]int{} // how many, and the slowest of each
	var sizes []string
	for _, m := range all {
		if _, ok := most[m[1]]; !ok {
			sizes = append(sizes, m[1])
		}
		n := most[m[1]]
		n[0]++
		for i, text := range m[3:] {
			ms, _ := strconv.Atoi(text)
			n[i+1] = max(n[i+1], ms)
		}
		most[m[1]] = n
	}
	for _, size := range sizes {
		n := most[size]
		out = append(out, fmt.Sprintf("of %s rows %d questions, the slowest at first %d ms, again %d ms, its next page %d ms", size, n[0], n[1], n[2], n[3]))
	}
	return out
}

// sums adds up the groups of every match.
func sums(all [][]string) []int {
	n := make([]int, len(all[0])-1)
	for _, m := range all {
		for i, text := range m[1:] {
			x, _ := strconv.Atoi(text) // digits, by the pattern
			n[i] += x
		}
	}
	return n
}

// The table of the page: a part that was not run keeps its row, with its day.
const (
	head = "| what | on | how long | how it ended | what it came to |\n|--|--|--:|--|--|\n"
	byIt = "\n## Forbidden and unknown by the clock\n"
)

// row is what a part came to.
func (p *part) row() string {
	how := "well"
	if p.err != nil {
		how = "**failed**"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |", p.name, p.on.UTC().Format(time.DateOnly), p.took.Round(time.Second), how, p.figures())
}

// clock is the table of the test of the clock; "" where that was not run.
func (p *part) clock() string {
	all := seen(clocked.FindAllStringSubmatch(p.said, -1))
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("What somebody may not know of takes as long as what never was: medians of %s requests of each, by turns, and Welch's t. The test fails", all[0][6])
	say("where t is beyond 5 and the medians differ by more than 5 %%: what is real and smaller is drowned in the network.\n")
	say("| asked | forbidden, ms | unknown, ms | difference, %% | t |\n|--|--:|--:|--:|--:|")
	for _, m := range all {
		say("| %s | %s | %s | %s | %s |", m[1], m[2], m[3], m[4], m[5])
	}
	return b.String()
}

// render writes the page anew: of parts that were not run, what it said of them.
func render(parts []*part, machine, old string) string {
	top, clock, _ := strings.Cut(old, byIt)
	rows := map[string]string{}
	for line := range strings.Lines(top) {
		if cells := strings.Split(line, " | "); len(cells) == 5 {
			rows[strings.TrimPrefix(cells[0], "| ")] = strings.TrimSuffix(line, "\n")
		}
	}
	clock = strings.TrimPrefix(clock, "\n")
	var b strings.Builder
	fmt.Fprintf(&b, `# What takes long

`+"`make deep`"+` wrote this, on a machine with %s. It runs what is too slow or too much a matter of chance for every build: the
clock's test, many more walks than `+"`make test`"+` takes, from seeds that are new each time, the rules against the same rules in plain Go and against every
change to them that is known how to make, everybody in every state, everything that can be asked of what one may not know of and of what one may see, everything that is used while it is taken back, an officer's questions of ten million rows, what was planted in two years of the log, every page under every rule of accessibility, and each target of fuzzing. `+"`make deep ONLY=walks`"+` runs a part
by its name; the others keep what they came to, and its day.

`+head, machine)
	for _, p := range parts {
		if !p.on.IsZero() {
			rows[p.name] = p.row()
			if text := p.clock(); text != "" {
				clock = text
			}
		}
		if row := rows[p.name]; row != "" {
			b.WriteString(row + "\n")
		}
	}
	if clock != "" {
		b.WriteString(byIt + "\n" + clock)
	}
	return b.String()
}
