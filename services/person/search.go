package person

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Wanted is by what somebody is looked for: a number, or a name with a birth date
// (A063). It is always sent and never in an address (A044).
type Wanted struct {
	CPR       hub.Personal `json:"cpr,omitzero"`
	Name      hub.Personal `json:"name,omitzero"` // the whole name or parts of it, each part whole
	BirthDate hub.Personal `json:"birth_date,omitzero"`
}

// Needs says what is enough.
func (Wanted) Needs() [][]string { return [][]string{{"cpr"}, {"name", "birth_date"}} }

// FoundSubjects is who was found: exactly those whom a read of their own would
// show, by the very fields that were asked for.
type FoundSubjects struct {
	Subjects []*View `json:"subjects"`
	Total    int     `json:"total"`
}

// identifiers are the fields that were given, sorted: as policy knows them.
func (in Wanted) identifiers() []string {
	var by []string
	for _, f := range []struct {
		name string
		text hub.Personal
	}{{"birth_date", in.BirthDate}, {"cpr", in.CPR}, {"name", in.Name}} {
		if typed(f.text) != "" {
			by = append(by, f.name)
		}
	}
	return by
}

// missing is what to say where what was given is not enough: at the field that
// would make it so.
func (in Wanted) missing() error {
	switch by := strings.Join(in.identifiers(), ","); by {
	case "name":
		return hub.Invalid("birth_date", "person.error.search.name_alone")
	case "birth_date":
		return hub.Invalid("name", "person.error.search.date_alone")
	default:
		return hub.Invalid("cpr", "person.error.search.nothing")
	}
}

// foundBy are the texts by whose blind indexes an identity is found, beside its
// number: each part of the name, and the birth date.
func foundBy(id Identity) (texts []hub.Personal) {
	for _, part := range nameParts(typed(id.Name)) {
		texts = append(texts, hub.NewPersonal("name:"+part))
	}
	if id.Birth != (Day{}) {
		texts = append(texts, hub.NewPersonal("born:"+id.Birth.String()))
	}
	return texts
}

// nameParts are the parts of a name in the one form in which they are compared:
// without case, and without what joins them.
func nameParts(name string) []string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) })
	slices.Sort(parts)
	return slices.Compact(parts)
}

// searching is the question whether a hat may look for somebody by these.
func searching(who hub.Actor, by, category string) policies.Search {
	return policies.Search{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention, By: by, Category: category}
}

// maySearch asks whether the actor may look for somebody by these. Too few
// identifiers are the asker's to mend, not a secret.
func (x *room) maySearch(ctx context.Context, tx *pg.Tx, by string, tooFew error) (policies.Grant, error) {
	g, err := tx.Ask(ctx, searching(tx.Who(), by, OfConcern))
	denied := new(policies.Denial)
	if !errors.As(err, &denied) {
		return g, err
	}
	if _, again := tx.Ask(ctx, searching(tx.Who(), "reference", OfConcern)); again == nil {
		return g, tooFew
	}
	return g, errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "subjects"}}), err)
}

// search looks for somebody, in the own authority and in what others have let the
// asker into, and records it whatever it finds (L15). Whom it does not give, it
// says nothing of: not that there is such a person, here or anywhere (A008).
func (x *room) search(ctx context.Context, who hub.Actor, in Wanted) ([]*View, error) {
	identity, problems := Form{Name: in.Name, CPR: in.CPR, BirthDate: in.BirthDate}.check(Today(x.Now()), 0)
	by := in.identifiers()
	var hits []*sight
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		hits = nil
		g, err := x.maySearch(ctx, tx, strings.Join(by, ","), in.missing())
		if err != nil {
			return err
		}
		if slices.Contains(by, "name") && len(nameParts(typed(in.Name))) == 0 { // signs alone are no name
			problems.Add("name", "person.error.search.date_alone")
		}
		if err := problems.Err(); err != nil {
			return err
		}
		ids, own, err := x.lookFor(ctx, tx, by, identity)
		if err != nil {
			return err
		}
		if own {
			q := searching(who, strings.Join(by, ","), OfConcern)
			q.Own = true
			return refuseOwn(ctx, tx, q, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "subjects"}})
		}
		list, err := files(ctx, tx, ids...)
		if err != nil {
			return err
		}
		e := pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "subjects"}, Controller: who.Authority, Fields: by}
		for _, f := range list {
			s, err := x.hit(ctx, tx, f, by)
			if err != nil {
				return err
			}
			if s != nil {
				hits, e.Subjects = append(hits, s), append(e.Subjects, f.ID)
			}
		}
		e.Rows = len(hits)
		_, err = tx.Record(ctx, g, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return x.show(ctx, hits...)
}

// lookFor gives the subjects that have what was asked for, of those whom the
// actor may be something to; and whether the number that was asked for is the
// actor's own.
func (x *room) lookFor(ctx context.Context, tx *pg.Tx, by []string, id Identity) (ids []hub.ID, own bool, err error) {
	if !slices.Contains(by, "birth_date") {
		id.Birth = Day{} // a number says it too, and was asked for by itself
	}
	texts := foundBy(id)
	number := -1 // among the texts
	if !id.Number.Empty() {
		number = len(texts)
		texts = append(texts, id.Number.Personal())
	}
	periods, err := allPeriods(ctx, tx)
	if err != nil {
		return nil, false, err
	}
	var marks, numbers []string
	var parts []int
	for part, text := range texts {
		for _, p := range periods {
			m, err := x.Vault.Blind(p.Controller, p.Period, text)
			if err != nil {
				return nil, false, err
			}
			marks, parts = append(marks, m), append(parts, part)
			if part == number {
				numbers = append(numbers, m)
			}
		}
	}
	if own, err = x.searchesSelf(ctx, tx, id.Number, numbers); err != nil || own {
		return nil, own, err
	}
	ids, err = near(ctx, tx, marks, parts, len(texts))
	return ids, false, err
}

// searchesSelf reports whether a number that is looked for is the actor's own. It holds
// also where nobody has a number yet, by the mark that the actor's own authority would
// make of it now.
func (x *room) searchesSelf(ctx context.Context, tx *pg.Tx, n Number, marks []string) (bool, error) {
	if n.Empty() {
		return false, nil
	}
	m, err := x.Vault.Blind(tx.Who().Authority, service.NumberPeriod(tx.Now), n.Personal())
	if err != nil {
		return false, err
	}
	return tx.OwnNumber(ctx, append(marks, m))
}

// hit shows a subject that was found, and records it: nil where the asker may not
// see the very fields by which it was found, or nobody is searched for in its
// category.
func (x *room) hit(ctx context.Context, tx *pg.Tx, f *file, by []string) (*sight, error) {
	_, err := tx.Ask(ctx, searching(tx.Who(), strings.Join(by, ","), f.Category))
	if errors.As(err, new(*policies.Denial)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := x.look(ctx, tx, f, cardFields)
	if err != nil || slices.ContainsFunc(by, func(field string) bool { return !s.may(field) }) {
		return nil, err
	}
	return s, s.record(ctx, tx, hub.ActSearch)
}

func (x *room) searchSubjects(r *web.Request, in Wanted) (FoundSubjects, error) {
	views, err := x.search(r.Context(), r.Who, in)
	if err != nil {
		return FoundSubjects{}, err
	}
	return FoundSubjects{append([]*View{}, views...), len(views)}, nil
}

// searchData is what the page of a search shows.
type searchData struct {
	Asked bool
	Hits  []*View
	About []string // marks: what other rooms have about somebody who was found
	Item  hub.ID   // the reference that was asked for
	Found []string // marks: what other rooms have under it
}

// searchPage is the one box. Whoever may not search has no such page.
func (x *room) searchPage(w http.ResponseWriter, r *web.Request) error {
	err := x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) error {
		_, err := x.maySearch(r.Context(), tx, "reference", nil)
		return err
	})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "person", "search", searchData{})
}

// searchForm answers with what was found: it stands in no address, and a reload
// asks anew.
func (x *room) searchForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	d := searchData{Asked: true}
	ref, in := readSearch(f.Line("find"))
	if ref != "" {
		err = x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) error {
			g, err := x.maySearch(r.Context(), tx, "reference", nil)
			if err == nil {
				_, err = tx.Record(r.Context(), g, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "subjects"}, Controller: r.Who.Authority, Fields: []string{"reference"}})
			}
			return err
		})
		d.Item, d.Found = ref, x.Web.MarkKinds("found")
	} else {
		d.Hits, err = x.search(r.Context(), r.Who, in)
		d.About = x.Web.MarkKinds("about")
	}
	if err != nil {
		return inBox(err)
	}
	return x.Web.Page(w, r, http.StatusOK, "person", "search", d)
}

// inBox moves the errors of a search to the one box that it is typed into.
func inBox(err error) error {
	var all hub.Problems
	var one *hub.Error
	if !errors.As(err, &all) && errors.As(err, &one) {
		all = hub.Problems{one}
	}
	for _, e := range all {
		if e.Code == hub.CodeInvalid {
			e.Field = "find"
		}
	}
	return err
}

// readSearch reads what was typed into the one box: a reference, whole or as a
// list shows its end; a number; or a name with a birth date after it.
func readSearch(text string) (hub.ID, Wanted) {
	low := strings.ToLower(text)
	if id, err := hub.ParseID(low); err == nil {
		return id, Wanted{}
	}
	if end, ok := strings.CutPrefix(low, "…"); ok {
		return hub.ID(end), Wanted{}
	}
	if len(low) == 6 && strings.ContainsAny(low, "0123456789") && strings.ContainsFunc(low, unicode.IsLetter) && !strings.Contains(low, " ") {
		return hub.ID(low), Wanted{}
	}
	letters := strings.ContainsFunc(text, unicode.IsLetter)
	words := strings.Fields(text)
	if last := len(words) - 1; letters && last > 0 && strings.ContainsAny(words[last], "0123456789") {
		name, end := hub.NewPersonal(strings.Join(words[:last], " ")), hub.NewPersonal(words[last])
		if _, err := ParseNumber(words[last]); err == nil {
			return "", Wanted{Name: name, CPR: end}
		}
		return "", Wanted{Name: name, BirthDate: end}
	}
	if letters {
		return "", Wanted{Name: personal(text)}
	}
	return "", Wanted{CPR: personal(text)}
}

// looking is a route that looks something up though it is sent.
func looking(r web.Route) web.Route {
	r.LookUp = true
	return r
}
