//go:build !race

package assessment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
)

// TestMissing is the table of what an assessment may not be when it is signed:
// input, field, message. Each is what happens at page and API alike, because
// both hand the same Joint in.
func TestMissing(t *testing.T) {
	for _, c := range []struct {
		name       string
		break_     func(*Joint)
		field, key string
	}{
		{"an untyped statement (L39)", func(j *Joint) { j.Dimensions[0].For[0].Kind = "" }, "dimensions.0.evidence_for.0.kind", "error.choose"},
		{"an unsourced statement (L39)", func(j *Joint) { j.Dimensions[0].Against[0].Source = " " }, "dimensions.0.evidence_against.0.source", "error.required"},
		{"an undated statement (L39)", func(j *Joint) { j.Dimensions[0].Protective[0].AsOf = "" }, "dimensions.0.protective.0.as_of", "error.required"},
		{"a statement without words", func(j *Joint) { j.Dimensions[0].For[0].Text = "\n " }, "dimensions.0.evidence_for.0.text", "error.required"},
		{"a statement of tomorrow", func(j *Joint) { j.Dimensions[0].For[0].AsOf = "2026-11-22" }, "dimensions.0.evidence_for.0.as_of", "error.date.future"},
		{"a statement of 31 February", func(j *Joint) { j.Dimensions[0].For[0].AsOf = "2026-02-31" }, "dimensions.0.evidence_for.0.as_of", "error.date"},
		{"a kind that there is not", func(j *Joint) { j.Dimensions[0].For[0].Kind = "rumour" }, "dimensions.0.evidence_for.0.kind", "error.choose"},
		{"no relevance", func(j *Joint) { j.Dimensions[1].Relevance = "" }, "dimensions.1.relevance", "error.choose"},
		{"a relevance that there is not", func(j *Joint) { j.Dimensions[1].Relevance = "7" }, "dimensions.1.relevance", "error.choose"},
		{"relevant, and no movement", func(j *Joint) { j.Dimensions[0].Movement = "" }, "dimensions.0.movement", "error.choose"},
		{"relevant, and no confidence", func(j *Joint) { j.Dimensions[0].Confidence = "" }, "dimensions.0.confidence", "error.choose"},
		{"relevant, and built on nothing", func(j *Joint) { j.Dimensions[1] = j.Dimensions[0].bare() }, "dimensions.1.evidence_for.0.text", "assessment.error.builds_on_nothing"},
		{"not assessable, and no gap named", func(j *Joint) { j.Dimensions[3].Gaps = nil }, "dimensions.3.gaps.0.what", "assessment.error.name_the_gap"},
		{"a gap that nobody could fill", func(j *Joint) { j.Dimensions[3].Gaps[0].Who = "" }, "dimensions.3.gaps.0.who_could_know", "error.choose"},
		{"a gap for somebody unknown", func(j *Joint) { j.Dimensions[3].Gaps[0].Who = "pet" }, "dimensions.3.gaps.0.who_could_know", "error.choose"},
		{"a gap without a day", func(j *Joint) { j.Dimensions[3].Gaps[0].Due = "" }, "dimensions.3.gaps.0.due", "error.required"},
		{"a gap due yesterday", func(j *Joint) { j.Dimensions[3].Gaps[0].Due = "2026-11-20" }, "dimensions.3.gaps.0.due", "assessment.error.past"},
		{"a gap without words", func(j *Joint) { j.Dimensions[3].Gaps[0].What = "" }, "dimensions.3.gaps.0.what", "error.required"},
		{"no level: nobody sets it but a human (L38)", func(j *Joint) { j.Level = "" }, "level", "error.choose"},
		{"a level that there is not", func(j *Joint) { j.Level = "5" }, "level", "error.choose"},
		{"no rationale", func(j *Joint) { j.Rationale = "" }, "rationale", "error.required"},
		{"a rationale of 79 characters", func(j *Joint) { j.Rationale = strings.Repeat("å", 79) }, "rationale", "error.too_short"},
		{"a rationale of 2,001 characters", func(j *Joint) { j.Rationale = strings.Repeat("å", 2001) }, "rationale", "error.too_long"},
		{"a rationale that cites nothing for", func(j *Joint) { j.Dimensions[0].For[0].Cited = false }, "none_for", "assessment.error.both_sides"},
		{"a rationale that cites nothing against", func(j *Joint) { j.Dimensions[0].Against[0].Cited = false }, "none_against", "assessment.error.both_sides"},
		{"nothing against, and not said", func(j *Joint) { j.Dimensions[0].Against = nil }, "none_against", "assessment.error.both_sides"},
		{"none against, where there is one", func(j *Joint) { j.NoneAgainst = true }, "none_against", "assessment.error.not_none"},
		{"none for, where there is one", func(j *Joint) { j.NoneFor = true }, "none_for", "assessment.error.not_none"},
		{"nothing that would change our mind", func(j *Joint) { j.ChangeTest = "" }, "change_test", "error.required"},
		{"a test of one word", func(j *Joint) { j.ChangeTest = "Intet." }, "change_test", "error.too_short"},
		{"no date until which it holds", func(j *Joint) { j.ValidUntil = "" }, "valid_until", "error.required"},
		{"it holds until today", func(j *Joint) { j.ValidUntil = "2026-11-21" }, "valid_until", "assessment.error.past"},
		{"it holds for two years", func(j *Joint) { j.ValidUntil = "2028-11-21" }, "valid_until", "assessment.error.far"},
		{"it holds until 30 February", func(j *Joint) { j.ValidUntil = "2027-02-30" }, "valid_until", "error.date"},
		{"a dimension that there is not", func(j *Joint) { j.Dimensions[8].Code = "religion" }, "dimensions.8.code", "error.choose"},
		{"a dimension twice", func(j *Joint) { j.Dimensions[8].Code = j.Dimensions[1].Code }, "dimensions.8.code", "error.choose"},
		{"nine statements on a side", func(j *Joint) { j.Dimensions[0].Protective = slices.Repeat(j.Dimensions[0].Protective, 9) }, "dimensions.0.protective.8.text", "assessment.error.too_many"},
		{"a source of 201 characters", func(j *Joint) { j.Dimensions[0].For[0].Source = strings.Repeat("k", 201) }, "dimensions.0.evidence_for.0.source", "error.too_long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := whole(t)
			c.break_(&j)
			problems := j.Missing(held(t))
			if len(problems) != 1 || problems[0].Field != c.field || problems[0].Key != c.key {
				t.Errorf("got %v, want %s at %s", list(problems), c.key, c.field)
			}
		})
	}
	j := whole(t)
	if problems := j.Missing(held(t)); len(problems) != 0 {
		t.Errorf("a whole assessment is refused: %v", list(problems))
	}
	j.Dimensions[0].Against, j.NoneAgainst = nil, true
	if problems := j.Missing(held(t)); len(problems) != 0 {
		t.Errorf("one that says that none was found is refused: %v", list(problems))
	}
	if problems := (Joint{}).arrange(held(t).Instrument).Missing(held(t)); len(problems) != 9+6 {
		t.Errorf("an empty one has %d faults at once, wanted nine relevances and six more: %v", len(problems), list(problems))
	}
}

// bare is a dimension without its statements.
func (d Dimension) bare() Dimension {
	d.Code, d.For, d.Against, d.Protective = "violence_willingness", nil, nil, nil
	return d
}

func list(p hub.Problems) (all []string) {
	for _, e := range p {
		all = append(all, e.Error())
	}
	return all
}

// A draft may be half written: nothing that is merely missing is a fault.
func TestHalfWrittenIsNoFault(t *testing.T) {
	for _, j := range []Joint{{}, {Level: "acute"}, {Dimensions: []Dimension{{Code: "family", For: []Evidence{{Text: "Kun ord."}}, Gaps: []Gap{{Due: "2020-01-01"}}}}},
		{Rationale: "Kort."}, {ValidUntil: "2001-01-01"}} {
		if p := j.Faults(held(t)); len(p) != 0 {
			t.Errorf("%+v is refused: %v", reflect.ValueOf(j), list(p))
		}
	}
}

func TestArrange(t *testing.T) {
	by := held(t).Instrument
	j := Joint{Dimensions: []Dimension{{Code: "family", For: []Evidence{{Kind: "fact"}, says("A", false), {}}, Gaps: []Gap{{}, {What: "B"}}}, {Code: "personality", Movement: "same"}}}.arrange(by)
	if len(j.Dimensions) != 9 || j.Dimensions[4].Movement != "same" || len(j.Dimensions[6].For) != 1 || len(j.Dimensions[6].Gaps) != 1 {
		t.Errorf("arranged as %#v", j.Dimensions)
	}
	for i, d := range j.Dimensions {
		if d.Code != by.Dimensions[i].Code {
			t.Errorf("dimension %d is %s", i, d.Code)
		}
	}
}

// The next version is a copy, but for what a human must judge anew (L38).
func TestAgain(t *testing.T) {
	first := whole(t)
	next := first.again()
	if next.Level != "" || next.ValidUntil != "" || next.Dimensions[0].Movement != "" {
		t.Errorf("the next version has %q, %q, %q from the one before", next.Level, next.ValidUntil, next.Dimensions[0].Movement)
	}
	if first.Dimensions[0].Movement != "worse" || next.Rationale != first.Rationale || !reflect.DeepEqual(next.Dimensions[3], first.Dimensions[3]) {
		t.Error("the rest is no copy")
	}
}

func TestJointDoesNotTellByBeingPrinted(t *testing.T) {
	j := whole(t)
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "joint", j, "draft", JointDraft{Joint: j})
	fmt.Fprintf(&b, "%v %+v %s %q", j, j, j, JointDraft{Joint: j})
	if strings.Contains(b.String(), "opslag") || !strings.Contains(b.String(), "[personal]") {
		t.Errorf("it says %s", b.String())
	}
}

// FuzzJoint sends anything to the decoder of a draft: what it accepts can be
// checked, sealed part by part and put together again without a change, and
// hashed the same twice.
func FuzzJoint(f *testing.F) {
	by := held(f)
	good, _ := json.Marshal(JointDraft{Edit: 3, Joint: whole(f)})
	for _, seed := range []string{string(good), `{"edit":0,"dimensions":null}`, `{"edit":1,"dimensions":[{"code":"family","gaps":[{"what":"æ"}]}],"level":"acute"}`,
		`{"edit":1,"dimensions":[{"code":"family"},{"code":"family"}]}`, `{"edit":1,"edit":2,"dimensions":[]}`, `{}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var in JointDraft
		if web.Decode(b, &in) != nil {
			return
		}
		if in.Faults(by) != nil || in.Missing(by) == nil && in.Level == "" {
			return
		}
		c := content{Case: "c", Version: 1, Instrument: by.ID, Of: by.Version, Salt: "s", Says: in.arrange(by.Instrument)}
		back := content{Case: "c", Version: 1, Instrument: by.ID, Of: by.Version}
		text := map[string]string{}
		for name, part := range c.split() {
			s, err := json.Marshal(part)
			if err != nil {
				t.Fatal(err)
			}
			text[name] = string(s)
		}
		back.Says.ValidUntil = c.Says.ValidUntil // kept as a date
		if err := back.merge(text, codes(by.Instrument)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(digest(c), digest(back)) {
			t.Errorf("kept and read again it is another:\n%#v\n%#v", c, back)
		}
	})
}

// A code that a page can show is a word in both languages.
func TestEveryCodeHasItsWord(t *testing.T) {
	for _, lang := range []string{"da", "en"} {
		b, err := pages.ReadFile("pages/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for field, list := range map[string][]string{"field.relevance": Relevances, "said.relevance": Relevances, "field.movement": Movements, "said.movement": Movements,
			"field.confidence": Confidences, "said.confidence": Confidences, "field.evidence.kind": Kinds, "field.no_note": NoNotes, "field.decision": Informings,
			"field.ground": Grounds, "party": {Municipality, Police}, "joint.state": {drafted, signed}, "signature": {"valid", "voided"}} {
			for _, code := range list {
				if !strings.Contains(string(b), `"assessment.`+field+`.`+code+`":`) {
					t.Errorf("%s.json has no assessment.%s.%s", lang, field, code)
				}
			}
		}
	}
}
