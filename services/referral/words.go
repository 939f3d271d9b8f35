package referral

import (
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// words gives the names that stand in the structure file, for a page.
type words struct {
	x    *room
	lang string
}

func (x *room) words(lang string) words { return words{x, lang} }

// Measure is what a code of the catalogue is called; also one that has ended.
func (w words) Measure(code string) string {
	for _, m := range w.x.Structure.Measures {
		if m.Code == code {
			return m.Name.In(w.lang)
		}
	}
	return code
}

// Dimension is what a dimension of the instrument is called.
func (w words) Dimension(code string) string {
	for _, i := range w.x.Structure.Instruments {
		for _, d := range i.Dimensions {
			if d.Code == code {
				return d.Name.In(w.lang)
			}
		}
	}
	return code
}

// Where is an authority and its department.
func (w words) Where(a hub.AuthorityID, department string) string {
	found, ok := w.x.Structure.Authority(a)
	if !ok {
		return string(a)
	}
	if d, ok := w.x.Structure.Department(a, department); ok {
		return found.Name + ", " + d.Name
	}
	return found.Name
}

// Level is what a level of the instrument is called.
func (w words) Level(code string) string {
	for _, i := range w.x.Structure.Instruments {
		if l, ok := i.Level(code); ok {
			return l.Name.In(w.lang)
		}
	}
	return code
}

// Reason is what a closing reason is called.
func (w words) Reason(code string) string {
	if r, ok := w.x.Structure.ClosingReason(code); ok {
		return r.Name.In(w.lang)
	}
	return code
}

// measures are the choices of the catalogue, each with what it is.
func (w words) measures(now time.Time) []web.Option {
	var list []web.Option
	for _, m := range w.x.Structure.Catalogue(now) {
		list = append(list, web.Option{Value: m.Code, Label: m.Name.In(w.lang), Hint: m.Nature.In(w.lang)})
	}
	return list
}

// dimensions are the choices of the instrument.
func (w words) dimensions(i structure.Instrument) []web.Option {
	var list []web.Option
	for _, d := range i.Dimensions {
		list = append(list, web.Option{Value: d.Code, Label: d.Name.In(w.lang)})
	}
	return list
}

// levels are those that a human chooses among.
func (w words) levels(i structure.Instrument) []web.Option {
	var list []web.Option
	for _, l := range i.Levels {
		list = append(list, web.Option{Value: l.Code, Label: l.Name.In(w.lang)})
	}
	return list
}

// reasons are the reasons for closing.
func (w words) reasons() []web.Option {
	var list []web.Option
	for _, r := range w.x.Structure.Closings {
		list = append(list, web.Option{Value: r.Code, Label: r.Name.In(w.lang)})
	}
	return list
}

// places are the departments and authorities that an offer can go to: those of
// the case's two parties by department, others whole. A housing association is
// never among them (L5).
func (w words) places(own hub.AuthorityID) []web.Option {
	var mine, others []web.Option
	for _, a := range w.x.Structure.Authorities {
		if a.Kind == hub.HousingAssociation || a.DPIA.Reference == "" {
			continue
		}
		if a.ID != own {
			others = append(others, web.Option{Value: string(a.ID), Label: a.Name})
			continue
		}
		for _, d := range a.Departments {
			mine = append(mine, web.Option{Value: string(a.ID) + "/" + d.ID, Label: a.Name + ", " + d.Name})
		}
	}
	return append(mine, others...)
}

// On is the day on which it was signed.
func (v ConsentView) On() time.Time { return dated(v.SignedOn) }

// Until is the day of its planned end.
func (v ProgressView) Until() time.Time { return dated(v.End) }

// dated reads a day of a record; zero where there is none.
func dated(day string) time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, day, hub.Copenhagen)
	return t
}
