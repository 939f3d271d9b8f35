package portal

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// askers are the roles that have the page in their navigation: those who may share
// anything. That policy says the same, a test holds.
var askers = []hub.Role{hub.Receiver, hub.MunicipalCoordinator, hub.PoliceCoordinator, hub.CoreGroup, hub.LocalPolice, hub.Partner, hub.Institution}

// adviceData is the page: the form, and what was answered.
type adviceData struct {
	Authorities, Purposes, States, Classes, Specials []web.Option
	Terms                                            []web.Option
	Duties                                           []hub.LegalBasis
	Asked                                            Asking
	Shown                                            *shownAdvice // nil before the first question
}

// shownAdvice is an answer in the words of a page.
type shownAdvice struct {
	Advice
	Fields    []fieldGroup // that may go, on the first basis
	Refused   []fieldGroup // that never may
	Seers     []shownSeer
	Yes, Rest []shownGround
	Consents  []string // the measures that need one
	No        []shownNo
}

// shownSeer is who would see it, and what more of it later.
type shownSeer struct {
	Seer
	Then []shownThen
}

// shownThen is what is seen later: in a state that the page has words for, or in any.
type shownThen struct {
	State  string
	Fields []string
}

// shownNo is what several legal bases are refused for alike.
type shownNo struct {
	shownGround
	Titles []string
}

type shownGround struct {
	Ground
	Title    string
	Law      string    // where its wording was read, as Danish law is cited
	Copy     time.Time // of which day the copy was that it was read in; zero where the law itself was
	Specials []string
	Differs  []fieldGroup // its fields, where they are others than on the first basis
}

// fieldGroup is some fields of a thing under one heading.
type fieldGroup struct {
	Name   string
	Fields []string
}

// onPage is the order in which the pages have the fields of a thing, whichever it is: of
// whom, what, when, judged how, and who sees it. What is missing here comes first, where
// it is seen.
var onPage = []fieldGroup{
	{"who", []string{"name", "cpr", "birth_date", "age_band", "protected", "address", "child"}},
	{"what", []string{"theme", "urgency", "urgency_reason", "statements", "why_now", "context", "wishes", "channel", "reporter_kind", "reporter_name", "reporter_contact", "received_at", "received_by",
		"questions", "necessity", "grade", "conclusion", "facts", "health_facts", "offence_facts", "contact", "measure", "dimension", "preview", "task", "progress"}},
	{"course", []string{"reference", "state", "handled", "opened_at", "offered_at", "due", "child_due", "next_date", "settled_at"}},
	{"judged", []string{"check_outcome", "municipal_rationale", "police_rationale", "triage_outcome", "instrument", "dimensions", "own_dimensions", "level", "rationale", "dissents", "gaps", "change_test",
		"valid_until", "signatures", "inform", "recommendations", "follow_ups", "tasks", "closing"}},
	{"others", []string{"requests", "meeting", "circle", "who_can_see", "who_has_seen", "erase_at", "retention_rule"}},
}

// at is which group of [onPage] a field is in, and its place in it.
func at(field string) (group, place int) {
	for i, g := range onPage {
		if n := slices.Index(g.Fields, field); n >= 0 {
			return i, n
		}
	}
	return -1, -1
}

// inOrder is fields as the pages have them, and those that are shown as a mask by the
// word that says so.
func inOrder(fields, masked []string) []string {
	list := slices.SortedStableFunc(slices.Values(fields), func(f, g string) int {
		i, m := at(f)
		j, n := at(g)
		return cmp.Or(i-j, m-n)
	})
	for i, f := range list {
		if slices.Contains(masked, f) {
			list[i] = f + "_masked"
		}
	}
	return list
}

// grouped is fields under their headings, in the order of the pages.
func grouped(fields, masked []string) (list []fieldGroup) {
	for _, f := range inOrder(fields, nil) {
		i, _ := at(f)
		name := onPage[max(0, i)].Name
		if n := len(list); n == 0 || list[n-1].Name != name {
			list = append(list, fieldGroup{Name: name})
		}
		list[len(list)-1].Fields = append(list[len(list)-1].Fields, inOrder([]string{f}, masked)...)
	}
	return list
}

// words puts the legal bases of an answer in words.
func (x *room) words(a Advice, lang string) *shownAdvice {
	s := &shownAdvice{Advice: a}
	s.Refused = grouped(a.Never, nil)
	for _, code := range a.Consents {
		if m, ok := x.Structure.Measure(code, a.At); ok {
			code = m.Name.In(lang)
		}
		s.Consents = append(s.Consents, code)
	}
	masks := asMasks(a.Readers)
	put := func(g Ground) shownGround {
		w := shownGround{Ground: g, Title: titled(x.Structure, g.Basis, lang)}
		if never := slices.DeleteFunc(slices.Clone(g.Reasons), func(why string) bool { return !strings.HasSuffix(why, "_never") }); len(never) > 0 {
			w.Reasons = never // what nothing mends stands alone
		}
		if slices.Contains(w.Reasons, "class_not_for_item") { // no ground of its own mends that
			w.Reasons = slices.DeleteFunc(slices.Clone(w.Reasons), func(why string) bool { return why == "special_basis_missing" })
		}
		w.Law, w.Copy = cited(g.Source)
		for _, code := range g.Specials {
			w.Specials = append(w.Specials, titled(x.Structure, code, lang))
		}
		return w
	}
	for _, g := range a.Bases {
		if g.Allow {
			w := put(g)
			if len(s.Yes) == 0 {
				s.Fields = grouped(g.Fields, masks)
			} else if !slices.Equal(g.Fields, s.Yes[0].Ground.Fields) {
				w.Differs = grouped(g.Fields, masks)
			}
			s.Yes = append(s.Yes, w)
			continue
		}
		w := put(g)
		i := slices.IndexFunc(s.No, func(n shownNo) bool {
			return slices.Equal(n.Reasons, w.Reasons) && slices.Equal(n.Specials, w.Specials)
		})
		if i < 0 {
			i, s.No = len(s.No), append(s.No, shownNo{shownGround: w})
		}
		s.No[i].Titles = append(s.No[i].Titles, w.Title)
	}
	for _, g := range a.Others {
		s.Rest = append(s.Rest, put(g))
	}
	for _, seer := range a.Readers {
		w := shownSeer{Seer: seer, Then: x.then(seer.Later)}
		w.Fields = inOrder(seer.Fields, seer.Masked)
		if d, ok := x.Structure.Department(a.Asked.To, seer.Department); ok {
			w.Department = d.Name
		}
		s.Seers = append(s.Seers, w)
	}
	return s
}

// then is what is seen later in the order of a case's life: each state that the page has
// words for by itself, and the others together, last.
func (x *room) then(later []service.Stage) (list []shownThen) {
	var rest, masked []string
	for _, s := range later {
		if x.Web.Has("portal.then." + s.State) {
			list = append(list, shownThen{s.State, inOrder(s.Fields, s.Masked)})
			continue
		}
		rest, masked = append(rest, s.Fields...), append(masked, s.Masked...)
	}
	if len(rest) > 0 {
		list = append(list, shownThen{"", inOrder(rest, masked)})
	}
	return list
}

// asMasks are the fields that whoever would see them sees as a mask.
func asMasks(list []Seer) (masks []string) {
	whole := map[string]bool{}
	put := func(fields, masked []string) {
		for _, f := range fields {
			if slices.Contains(masked, f) {
				masks = append(masks, f)
			} else {
				whole[f] = true
			}
		}
	}
	for _, s := range list {
		put(s.Fields, s.Masked)
		for _, l := range s.Later {
			put(l.Fields, l.Masked)
		}
	}
	return slices.DeleteFunc(masks, func(f string) bool { return whole[f] })
}

var copyOf = regexp.MustCompile(`^(.*), copy of (\d{4}-\d\d-\d\d)$`)

// cited takes the day of the copy out of a source: the page says it in its own
// language, and cites the rest as it stands.
func cited(source string) (law string, of time.Time) {
	if m := copyOf.FindStringSubmatch(source); m != nil {
		if day, err := time.ParseInLocation(time.DateOnly, m[2], hub.Copenhagen); err == nil {
			return m[1], day
		}
	}
	return source, time.Time{}
}

// titled is a legal basis in words.
func titled(s *structure.Structure, code hub.LegalBasis, lang string) string {
	for _, b := range s.LegalBases {
		switch {
		case b.Code != code:
		case lang == "en":
			return b.TextEn
		default:
			return b.TextDa
		}
	}
	return string(code)
}

// adviceData is what the form offers: of states, those in which somebody of the role
// may begin to share anything.
func (x *room) adviceData(r *web.Request, state string) adviceData {
	var d adviceData
	law := x.DB.Law()
	for _, a := range x.Structure.Authorities {
		if a.ID != r.Who.Authority {
			d.Authorities = append(d.Authorities, web.Option{Value: string(a.ID), Label: a.Name})
		}
	}
	for _, p := range law.Purposes {
		d.Purposes = append(d.Purposes, web.Option{Value: string(p), Label: capital(r.T("portal.purpose." + string(p)))})
	}
	for _, s := range law.States {
		if law.Shares(r.Who.Role, s.Code) || s.Code == state {
			d.States = append(d.States, web.Option{Value: s.Code, Label: capital(r.T("portal.item."+s.Item) + ": " + r.T("portal.state."+s.Code))})
		}
	}
	for _, c := range law.Special {
		d.Classes = append(d.Classes, web.Option{Value: c, Label: capital(r.T("portal.class." + c))})
	}
	for _, t := range law.Terms {
		d.Terms = append(d.Terms, web.Option{Value: t, Label: r.T("portal.terms." + t)})
	}
	for _, b := range x.Structure.LegalBases {
		if b.Holds(r.Now) && law.Holds(b.Code, r.Now) && law.Ground(r.Who.Kind, b.Code) {
			d.Specials = append(d.Specials, web.Option{Value: string(b.Code), Label: titled(x.Structure, b.Code, r.Lang)})
		}
	}
	for _, duty := range law.Duties {
		if duty.Kinds[r.Who.Kind] && x.Structure.Basis(duty.Basis, r.Now) && law.Holds(duty.Basis, r.Now) {
			d.Duties = append(d.Duties, duty.Basis)
		}
	}
	return d
}

// capital is a text with a capital, as a choice in a list has it.
func capital(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[n:]
}

// advicePage is the form. Its address may name a state, as a link on a thing's own
// page does: codes, and never which thing.
func (x *room) advicePage(w http.ResponseWriter, r *web.Request) error {
	if err := x.mayAsk(r); err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if x.DB.Law().Item(state) == "" {
		state = ""
	}
	r.Fill("state", state)
	r.Fill("purpose", string(hub.Prevention))
	return x.Web.Page(w, r, http.StatusOK, "portal", "advice", x.adviceData(r, state))
}

// asking reads the form.
func asking(f web.Form) Asking {
	return Asking{To: hub.AuthorityID(f.Line("to")), Purpose: hub.Purpose(f.Line("purpose")), State: f.Line("state"), Class: f.Line("class"),
		Special: hub.LegalBasis(f.Line("special")), Consent: f.Line("consent") == "yes", Under: f.Line("under"), Agreed: f.Line("agreed") == "yes"}
}

// adviceForm answers on the page itself, so that the next question is one change
// away.
func (x *room) adviceForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := asking(f)
	a, err := x.askAdvice(r, in)
	if err != nil {
		return err
	}
	for _, field := range []string{"to", "purpose", "state", "class", "special", "consent", "under", "agreed"} {
		r.Fill(field, f.Line(field))
	}
	d := x.adviceData(r, in.State)
	d.Asked, d.Shown = in, x.words(a, r.Lang)
	return x.Web.Page(w, r, http.StatusOK, "portal", "advice", d)
}

// keepForm keeps what was just answered. The rules are asked again, in the keeping.
func (x *room) keepForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	k, err := x.keepAdvice(r, asking(f))
	if err != nil {
		return err
	}
	r.Toast(w, "portal.receipt.kept")
	return r.Redirect(w, "/advice/"+string(k.ID))
}

// receiptPage shows what was kept.
func (x *room) receiptPage(w http.ResponseWriter, r *web.Request) error {
	k, err := x.getAdvice(r, struct{}{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "portal", "receipt", struct {
		Kept
		Shown *shownAdvice
	}{k, x.words(k.Advice, r.Lang)})
}
