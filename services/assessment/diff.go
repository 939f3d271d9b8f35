package assessment

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
)

// Change is one thing that two versions say differently.
type Change struct {
	Dimension string // code; "" is the whole assessment
	Field     string // level, rationale, evidence_for, relevance, …
	Op        string // added, removed, changed
	Was, Is   string
	Pieces    []Piece // of a changed text, word by word
}

// Piece is a run of words that both versions have, or only one.
type Piece struct {
	Op   string // same, added, removed
	Text string
}

// compare tells what the later version says differently from the earlier.
func compare(was, is Joint) []Change {
	var all []Change
	one := func(dimension, field, a, b string, words bool) {
		c := Change{Dimension: dimension, Field: field, Op: "changed", Was: a, Is: b}
		switch {
		case a == b:
			return
		case a == "":
			c.Op = "added"
		case b == "":
			c.Op = "removed"
		case words:
			c.Pieces = pieces(a, b)
		}
		all = append(all, c)
	}
	one("", "level", was.Level, is.Level, false)
	one("", "rationale", was.Rationale, is.Rationale, true)
	one("", "none_for", ticked(was.NoneFor), ticked(is.NoneFor), false)
	one("", "none_against", ticked(was.NoneAgainst), ticked(is.NoneAgainst), false)
	one("", "change_test", was.ChangeTest, is.ChangeTest, true)
	one("", "scenarios", was.Scenarios, is.Scenarios, true)
	one("", "valid_until", was.ValidUntil, is.ValidUntil, false)
	for _, d := range is.Dimensions {
		old := Dimension{Code: d.Code}
		if i := slices.IndexFunc(was.Dimensions, func(o Dimension) bool { return o.Code == d.Code }); i >= 0 {
			old = was.Dimensions[i]
		}
		one(d.Code, "relevance", old.Relevance, d.Relevance, false)
		one(d.Code, "movement", old.Movement, d.Movement, false)
		one(d.Code, "confidence", old.Confidence, d.Confidence, false)
		before := old.sides()
		for i, side := range d.sides() {
			all = append(all, listed(d.Code, side.name, *before[i].list, *side.list, func(e Evidence) string { return e.Text })...)
		}
		all = append(all, listed(d.Code, "gaps", old.Gaps, d.Gaps, func(g Gap) string { return g.What })...)
	}
	return all
}

// listed tells which rows of a list went and which came.
func listed[T comparable](dimension, field string, was, is []T, text func(T) string) (all []Change) {
	for _, e := range was {
		if !slices.Contains(is, e) {
			all = append(all, Change{Dimension: dimension, Field: field, Op: "removed", Was: text(e)})
		}
	}
	for _, e := range is {
		if !slices.Contains(was, e) {
			all = append(all, Change{Dimension: dimension, Field: field, Op: "added", Is: text(e)})
		}
	}
	return all
}

func ticked(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

var wordsOf = regexp.MustCompile(`\S+\s*|\s+`)

// pieces compares two texts word by word, by their longest common run of words.
func pieces(was, is string) []Piece {
	a, b := wordsOf.FindAllString(was, -1), wordsOf.FindAllString(is, -1)
	common := make([][]int, len(a)+1) // how many words are common from i, j on
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var list []Piece
	say := func(op, word string) {
		if n := len(list); n > 0 && list[n-1].Op == op {
			list[n-1].Text += word
			return
		}
		list = append(list, Piece{op, word})
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			say("same", a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			say("removed", a[i])
			i++
		default:
			say("added", b[j])
			j++
		}
	}
	return list
}

// diffPage shows what changed between two versions, in words and marks that read
// without colour.
func (x *room) diffPage(w http.ResponseWriter, r *web.Request) error {
	from, _ := strconv.Atoi(r.URL.Query().Get("from"))
	to, _ := strconv.Atoi(r.URL.Query().Get("to"))
	was, err := x.versionOf(r, from)
	if err == nil && (from < 1 || to < 1) { // asked of the case first, so that the attempt is on record
		err = hub.NotFound()
	}
	if err != nil {
		return err
	}
	is, err := x.versionOf(r, to)
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "assessment", "diff", struct {
		jointData
		Was     *JointView
		Changes []Change
	}{x.joint(r, is), was.Joint, compare(was.Joint.Joint, is.Joint.Joint)})
}

// diffValue is a value of a change: a word of the pages, or a text.
type diffValue struct{ Key, Text string }

// Value says a code in words, and a text as it is.
func (d jointData) Value(c Change, value string) diffValue {
	switch {
	case slices.Contains([]string{"relevance", "movement", "confidence"}, c.Field):
		return diffValue{Key: "assessment.said." + c.Field + "." + value}
	case c.Field == "level":
		return diffValue{Text: d.LevelName(value)}
	case value == "yes":
		return diffValue{Key: "web.yes"}
	}
	return diffValue{Text: value}
}
