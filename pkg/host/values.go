package host

import (
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// values are the codes of the structure file that the description of the API
// lists, by the name of their list: what begins today may name those in force
// today. A case keeps the instrument it began with, so dimensions and levels are
// those of every version.
func values(s *structure.Structure, at time.Time) map[string][]string {
	v := map[string][]string{"departments": {}, "legal_bases": {}, "measures": {}, "municipalities": {}}
	add := func(name string, codes ...string) {
		for _, code := range codes {
			if !slices.Contains(v[name], code) {
				v[name] = append(v[name], code)
			}
		}
	}
	for _, b := range s.LegalBases {
		if b.Holds(at) {
			add("legal_bases", string(b.Code))
		}
	}
	for _, p := range s.Purposes {
		add("purposes", string(p.Code))
	}
	for _, a := range s.Authorities {
		add("authorities", string(a.ID))
		for _, d := range a.Departments {
			add("departments", d.ID)
		}
	}
	add("municipalities", web.Codes(s.District.Municipalities)...)
	for _, m := range s.Catalogue(at) {
		add("measures", m.Code)
	}
	for _, i := range s.Instruments {
		for _, d := range i.Dimensions {
			add("dimensions", d.Code)
		}
		for _, l := range i.Levels {
			add("levels", l.Code)
		}
	}
	for _, c := range s.Closings {
		add("closing_reasons", c.Code)
	}
	return v
}
