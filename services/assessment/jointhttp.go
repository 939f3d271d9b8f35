package assessment

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// dimensionRow is a dimension as a page shows it, or its form asks for it.
type dimensionRow struct {
	Dimension
	I                  int
	Name, Guide        string
	Rows               []rowsOf
	GapRows            []int
	GapsBefore         int // in the dimensions above: gaps are numbered through
	Relevances         []web.Option
	Movements, Certain []web.Option
}

// rowsOf is one list of statements in the form: which rows it offers.
type rowsOf struct {
	Name string
	Rows []int
}

// jointData is what the pages of the joint assessment show.
type jointData struct {
	*CaseView
	J           *JointView
	Dimensions  []dimensionRow
	Levels      []web.Option
	Authorities []web.Option
	Cites       []web.Option
	Kinds       []web.Option
	Given       []AnswerView
	Edit        int
	Doable      []button
	Abouts      []web.Option
	Faults      []faultLine
	Grounds     []string
	Decisions   []string
	Changed     bool // it was saved elsewhere meanwhile: both texts are shown
	Voids       bool // saving voids signatures
	Mine        bool // the reader has signed
	Last        bool // the version shown is the last
	by          structure.Instrument
	lang        string
}

// LevelName is a level in words.
func (d jointData) LevelName(code string) string {
	l, _ := d.by.Level(code)
	return l.Name.In(d.lang)
}

// DimensionName is a dimension in words; the level itself where it is no
// dimension.
func (d jointData) DimensionName(code string) string {
	dim, _ := d.by.Dimension(code)
	return dim.Name.In(d.lang)
}

// Older reports whether there is more than one version.
func (d jointData) Older() bool { return len(d.J.Versions) > 1 }

// Before is the version to compare the shown one with.
func (d jointData) Before() int { return max(1, d.J.Version-1) }

// faultLine is something that keeps an assessment from being signed, and where
// it is mended.
type faultLine struct{ Label, Text, Href string }

// joint gathers what a page shows of a version.
func (x *room) joint(r *web.Request, v *CaseView) jointData {
	d := jointData{CaseView: v, J: v.Joint, lang: r.Lang, Kinds: options(r, "evidence.kind", Kinds), Grounds: Grounds, Decisions: Informings}
	row := version{}
	if v.Joint != nil {
		row.Instrument, row.Of = v.Joint.Instrument, v.Joint.InstrumentVersion
		d.Last = len(v.Joint.Versions) == 0 || v.Joint.Version == v.Joint.Versions[len(v.Joint.Versions)-1].Version
		d.Mine = v.Joint.mine
		d.Voids = slices.ContainsFunc(v.Joint.Signatures, func(s SignatureView) bool { return s.State == "valid" })
	}
	if in, ok := x.Structure.Instrument(row.Instrument, row.Of); ok {
		d.by = in
	} else if v.OpenedAt != nil {
		d.by, _ = x.Structure.InstrumentAt(*v.OpenedAt)
	}
	for _, l := range d.by.Levels {
		d.Levels = append(d.Levels, web.Option{Value: l.Code, Label: l.Name.In(r.Lang)})
	}
	d.Abouts = []web.Option{{Value: "level", Label: r.T("assessment.field.level")}}
	for _, dim := range d.by.Dimensions {
		d.Abouts = append(d.Abouts, web.Option{Value: dim.Code, Label: dim.Name.In(r.Lang)})
	}
	if v.Joint != nil {
		d.Dimensions = d.rows(r, v.Joint.Joint)
		d.Doable = v.jointButtons(d)
	}
	return d
}

// rows are the dimensions that the text has, with their names.
func (d jointData) rows(r *web.Request, j Joint) (list []dimensionRow) {
	gaps := 0
	for _, dim := range j.Dimensions {
		known, _ := d.by.Dimension(dim.Code)
		list = append(list, dimensionRow{Dimension: dim, GapsBefore: gaps, I: slices.Index(codes(d.by), dim.Code), Name: known.Name.In(r.Lang), Guide: known.Guide.In(r.Lang)})
		gaps += len(dim.Gaps)
	}
	return list
}

// jointButtons are the actions on the version shown.
func (v *CaseView) jointButtons(d jointData) (list []button) {
	if !d.Last {
		return nil
	}
	for _, b := range v.buttons() {
		if slices.Contains([]string{"assessment.do.edit", "assessment.do.inform", "assessment.do.sign", "assessment.do.dissent", "assessment.do.reassess"}, b.Word) {
			list = append(list, b)
		}
	}
	return list
}

func options(r *web.Request, field string, list []string) (all []web.Option) {
	for _, code := range list {
		all = append(all, web.Option{Value: code, Label: r.T("assessment.field." + field + "." + code)})
	}
	return all
}

// jointPage is a version of the joint assessment.
func (x *room) jointPage(w http.ResponseWriter, r *web.Request) error {
	n, _ := strconv.Atoi(r.URL.Query().Get("version"))
	v, err := x.versionOf(r, n)
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "assessment", "joint", x.joint(r, v))
}

// versionOf is the case that the path names with a version of its assessment; 0
// is the last.
func (x *room) versionOf(r *web.Request, n int) (*CaseView, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = ""
	}
	v, err := x.look(r.Context(), r.Who, id, false, n)
	if err == nil && v.Joint == nil {
		err = hub.NotFound()
	}
	return v, err
}

// editPage is the one long form of the assessment.
func (x *room) editPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.doable(r, Draft)
	if err != nil {
		return err
	}
	d := x.joint(r, v)
	text, err := x.begins(r, v)
	if err != nil {
		return err
	}
	if v.Joint != nil && v.Joint.State == drafted {
		d.Edit = v.Joint.Edit
	}
	text = text.arrange(d.by)
	d.Changed = r.Failed(jointChanged)
	d.Authorities = x.couldAsk(r)
	given, err := x.answers(r.Context(), r.Who, "case_id", string(v.ID), false)
	if err != nil {
		return err
	}
	for _, a := range given.Answers {
		if a.Grade != nil && *a.Grade > NothingRelevant && a.State == released {
			a.Withdraw, a.Shared = false, x.Provenance(r, a.rel) // not in this form
			d.Given = append(d.Given, a)
			d.Cites = append(d.Cites, web.Option{Value: string(a.ID), Label: x.where(a.Authority, "") + ", " + a.At.In(hub.Copenhagen).Format("2.1.2006")})
		}
	}
	d.Dimensions = d.rows(r, text)
	more := r.URL.Query().Get("more")
	for i := range d.Dimensions {
		d.Dimensions[i].offer(r, more)
	}
	fillJoint(r, text)
	return x.Web.Page(w, r, http.StatusOK, "assessment", "edit", d)
}

// begins is the text that the form begins with: what is written, or a copy of
// the last version that was signed.
func (x *room) begins(r *web.Request, v *CaseView) (Joint, error) {
	switch {
	case v.Joint == nil:
		return Joint{}, nil
	case v.Joint.State == signed:
		return v.Joint.Joint.again(), nil
	case v.Joint.Edit == 0 && v.Joint.Version > 1:
		before, err := x.look(r.Context(), r.Who, v.ID, false, v.Joint.Version-1)
		if err != nil {
			return Joint{}, err
		}
		return before.Joint.Joint.again(), nil
	}
	return v.Joint.Joint, nil
}

// couldAsk are the authorities that could know what is missing.
func (x *room) couldAsk(r *web.Request) (list []web.Option) {
	for _, a := range x.Structure.Authorities {
		if x.couldKnow(a.ID) {
			list = append(list, web.Option{Value: string(a.ID), Label: a.Name})
		}
	}
	return list
}

// offer fills in which rows the form has: those there are, an empty one where
// there is none, and one more where it was asked for.
func (d *dimensionRow) offer(r *web.Request, more string) {
	rows := func(name string, n int) []int {
		if n == 0 || more == strconv.Itoa(d.I)+"."+name {
			n++
		}
		list := make([]int, min(n, mostRows))
		for i := range list {
			list[i] = i
		}
		return list
	}
	for _, side := range d.sides() {
		d.Rows = append(d.Rows, rowsOf{side.name, rows(side.name, len(*side.list))})
	}
	d.GapRows = rows("gaps", len(d.Gaps))
	d.Relevances, d.Movements, d.Certain = options(r, "relevance", Relevances), options(r, "movement", Movements), options(r, "confidence", Confidences)
}

// fillJoint puts a text into the form's fields.
func fillJoint(r *web.Request, j Joint) {
	fill := func(name, value string) { r.Fill(name, value) }
	day := func(name, value string) {
		if on, err := time.ParseInLocation(time.DateOnly, value, hub.Copenhagen); err == nil {
			r.FillDate(name, on)
		}
	}
	tick := func(name string, is bool) {
		if is {
			r.Fill(name, "yes")
		}
	}
	for i := range j.Dimensions {
		d := &j.Dimensions[i]
		for _, side := range d.sides() {
			for n, e := range *side.list {
				row := at(i, side.name, n)
				fill(row+".text", e.Text)
				fill(row+".kind", e.Kind)
				fill(row+".source", e.Source)
				fill(row+".answer", string(e.Answer))
				day(row+".as_of", e.AsOf)
				tick(row+".cited", e.Cited)
			}
		}
		for n, g := range d.Gaps {
			row := at(i, "gaps", n)
			fill(row+".what", g.What)
			fill(row+".who_could_know", string(g.Who))
			day(row+".due", g.Due)
		}
		fill(at(i, "relevance"), d.Relevance)
		fill(at(i, "movement"), d.Movement)
		fill(at(i, "confidence"), d.Confidence)
	}
	fill("level", j.Level)
	fill("rationale", j.Rationale)
	fill("change_test", j.ChangeTest)
	fill("scenarios", j.Scenarios)
	day("valid_until", j.ValidUntil)
	tick("none_for", j.NoneFor)
	tick("none_against", j.NoneAgainst)
}

// jointOf reads the form. Rows that were left empty are left out later; a date
// that does not exist is told at its field.
func jointOf(f web.Form) (in JointDraft, p hub.Problems) {
	in.Edit, _ = strconv.Atoi(f.Line("edit")) // a forged one conflicts
	in.Level, in.Rationale, in.ChangeTest, in.Scenarios = f.Line("level"), f.Text("rationale"), f.Text("change_test"), f.Text("scenarios")
	in.NoneFor, in.NoneAgainst = f.Has("none_for"), f.Has("none_against")
	in.ValidUntil = service.Day(f, &p, "valid_until")
	for i := 0; f.Has(at(i, "code")); i++ {
		d := Dimension{Code: f.Line(at(i, "code")), Relevance: f.Line(at(i, "relevance")), Movement: f.Line(at(i, "movement")), Confidence: f.Line(at(i, "confidence"))}
		for _, side := range d.sides() {
			for n := range mostRows + 1 {
				row := at(i, side.name, n)
				*side.list = append(*side.list, Evidence{Text: f.Text(row + ".text"), Kind: f.Line(row + ".kind"), Source: f.Line(row + ".source"),
					AsOf: service.Day(f, &p, row+".as_of"), Answer: hub.ID(f.Line(row + ".answer")), Cited: f.Has(row + ".cited")})
			}
			*side.list = slices.DeleteFunc(*side.list, func(e Evidence) bool { return e.empty() })
		}
		for n := range mostRows + 1 {
			row := at(i, "gaps", n)
			d.Gaps = append(d.Gaps, Gap{What: f.Text(row + ".what"), Who: hub.AuthorityID(f.Line(row + ".who_could_know")), Due: service.Day(f, &p, row+".due")})
		}
		d.Gaps = slices.DeleteFunc(d.Gaps, Gap.empty)
		in.Dimensions = append(in.Dimensions, d)
	}
	return in, p
}

// editForm saves what stands in the form, half written or whole; "on" then looks
// whether it can be signed, and goes on to that.
func (x *room) editForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in, wrong := jointOf(f)
	if len(wrong) > 0 {
		if err := x.stale(r, in.Edit); err != nil {
			return err
		}
		return wrong.Err()
	}
	done, err := x.draftAssessment(r, in)
	if err != nil {
		return err
	}
	form := fmt.Sprintf("/cases/%s/assessment/edit", done.Case)
	if list := f.Line("more"); list != "" {
		return r.Redirect(w, form+"?more="+list+"#dimensions."+list+"."+strconv.Itoa(in.lastOf(list))+firstField(list))
	}
	if !f.Has("on") {
		r.Toast(w, "assessment.edit.saved")
		if i := f.Line("save"); i != "" && i != "all" {
			form += "#dimension-" + i
		}
		return r.Redirect(w, form)
	}
	v, err := x.onPath(r, false)
	if err != nil {
		return err
	}
	by, err := x.against(&version{Instrument: v.Joint.Instrument, Of: v.Joint.InstrumentVersion}, r.Now)
	if err != nil {
		return err
	}
	if err := v.Joint.Missing(by).Err(); err != nil {
		return err
	}
	return r.Redirect(w, fmt.Sprintf("/cases/%s/sign", done.Case))
}

// stale says that a text was saved elsewhere meanwhile, before it is said what
// else is wrong: else the form would come back with the other's edit in it.
func (x *room) stale(r *web.Request, edit int) error {
	v, err := x.onPath(r, false)
	if err == nil && v.Joint != nil && v.Joint.State == drafted && v.Joint.Edit != edit {
		err = hub.Conflict(jointChanged)
	}
	return err
}

// lastOf is the number of the first free row of a list, named as in "3.gaps".
func (j Joint) lastOf(list string) int {
	i, name, _ := strings.Cut(list, ".")
	n, err := strconv.Atoi(i)
	if err != nil || n < 0 || n >= len(j.Dimensions) {
		return 0
	}
	for _, side := range j.Dimensions[n].sides() {
		if side.name == name {
			return len(*side.list)
		}
	}
	return len(j.Dimensions[n].Gaps)
}

// firstField is the first field of a row of a list.
func firstField(list string) string {
	if strings.HasSuffix(list, ".gaps") {
		return ".what"
	}
	return ".text"
}
