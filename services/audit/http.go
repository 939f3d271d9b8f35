package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/vault"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Found is one page of a search, newest first.
type Found struct {
	Rows   []Row   `json:"rows"`
	Total  int     `json:"total"` // how many rows there are in all
	More   bool    `json:"more"`  // there are more than Total, which is where counting stopped
	Groups []Group `json:"groups" doc:"On the first page: what is found, put together by the way, the largest first. Of the newest Total."`
	Days   []Day   `json:"days" doc:"On the first page: how many rows there are of each day that has some, in order. Of the newest Total."`
	OneEnd int     `json:"one_end,omitempty" doc:"On the first page of the disclosures: how many from or to your authority stand in the log at one end only, though they are older than an hour."`
	Ends   []int64 `json:"one_end_rows,omitempty" doc:"Of these the rows at your own end."`
	Next   string  `json:"next,omitempty"` // Search.After of the next page; "" on the last
}

// groupsMax is how many groups are told.
const groupsMax = 200

// searchTrail looks in the trail. Whoever is not the authority's data-protection
// officer is answered as if there were nothing, whatever they asked.
func (x *room) searchTrail(r *web.Request, in Search) (Found, error) {
	var found Found
	receipt, err := x.reading(r.Context(), r.Who, in.Ground, hub.ActSearch, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) error {
		f, refs, err := x.seeks(ctx, tx, g, in)
		if err != nil {
			return err
		}
		if refs.subject != "" {
			e.Subjects = []hub.ID{refs.subject}
		}
		if found.Rows, err = page(ctx, tx, g, f, refs); err != nil {
			return err
		}
		if in.After == "" {
			found.Total, found.Groups, found.Days, err = summed(ctx, tx, g, f, refs)
		} else {
			found.Groups, found.Days = []Group{}, []Day{}
			found.Total, err = counted(ctx, tx, g, f, refs)
		}
		if err == nil && in.Way == "disclosure" && in.After == "" {
			found.OneEnd, found.Ends, err = endsOf(ctx, tx, g, f.own)
		}
		if err != nil {
			return err
		}
		found.Groups = found.Groups[:min(len(found.Groups), groupsMax)]
		if len(found.Rows) > f.limit {
			found.Rows = found.Rows[:f.limit]
			last := found.Rows[f.limit-1]
			found.Next = place{last.At, last.ID}.String()
		}
		if found.Total > countMax {
			found.Total, found.More = countMax, true
		}
		e.Rows = len(found.Rows)
		return nil
	})
	if err != nil {
		return Found{}, err
	}
	for i := range found.Rows {
		if err := x.justify(r.Context(), r.Who, receipt, &found.Rows[i]); err != nil {
			return Found{}, err
		}
	}
	found.Rows = slices.Clip(found.Rows)
	return found, nil
}

// reading is every reading of the trail: the right first, then what is read,
// and a row of its own about the reading. The ground stands sealed in it as its
// justification. The receipt opens justifications that are sealed for the own
// authority.
func (x *room) reading(ctx context.Context, who hub.Actor, ground string, act hub.Act,
	read func(context.Context, *pg.Tx, policies.Grant, *pg.Entry) error) (hub.Receipt, error) {
	var receipt hub.Receipt
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		e := pg.Entry{Act: act, Object: hub.Object{Kind: "trail"}, Controller: who.Authority}
		g, err := tx.Ask(ctx, policies.Trail{Role: who.Role, Kind: who.Kind, Purpose: hub.LogControl, Own: true})
		denial := new(policies.Denial)
		if errors.As(err, &denial) {
			if err := tx.Refuse(ctx, denial, e); err != nil {
				return err
			}
			return denial
		}
		if err != nil {
			return err
		}
		// What is asked for differs a thousandfold in how much there is of it, and so does how
		// it is best found.
		if _, err := tx.Exec(ctx, `set local plan_cache_mode = force_custom_plan`); err != nil {
			return err
		}
		if err := read(ctx, tx, g, &e); err != nil {
			return err
		}
		key := vault.AuthorityKey(who.Authority)
		if err := x.Vault.Make(key); err != nil { // that the ground is sealed with
			return err
		}
		e.Keys = []hub.ID{key}
		e.Why = hub.NewPersonal(ground)
		receipt, err = tx.Record(ctx, g, e)
		return err
	})
	return receipt, err
}

// justify opens the justification of a row where it is sealed for the own
// authority, and says why not where it is not shown. A box that is not the one
// the trail has the digest of has been changed.
func (x *room) justify(ctx context.Context, who hub.Actor, receipt hub.Receipt, r *Row) error {
	if r.whyRef == "" {
		return nil
	}
	digest := sha256.Sum256(r.whyBox)
	switch {
	case r.whyBox == nil:
		r.Sealed = "missing"
		return nil
	case !bytes.Equal(digest[:], r.whyDigest):
		r.Sealed = "changed"
		return nil
	case r.whyFor != who.Authority:
		r.Sealed = "other_authority"
		return nil
	}
	p, err := x.Vault.Open(receipt, vault.AuthorityKey(who.Authority), pg.ReasonPlace(hub.ID(r.whyRef)), r.whyBox)
	if errors.Is(err, vault.ErrBox) {
		r.Sealed = "changed" // box and digest changed together, or moved from another row
		return nil
	}
	if err != nil {
		return err
	}
	r.Justification = p.Reveal(ctx)
	return nil
}

// ruled is by which rules a row can be judged: the revision of today's, and the
// document of its own day where that is another.
type ruled struct {
	now      string
	document []byte
}

// readRow reads one row of the own authority's.
func (x *room) readRow(r *web.Request) (Row, ruled, error) {
	id, perr := strconv.ParseInt(r.PathValue("row"), 10, 64)
	var list []Row
	var by ruled
	receipt, err := x.reading(r.Context(), r.Who, Grounds[0], hub.ActConsult, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) (err error) {
		by = ruled{now: g.Revision()}
		if perr != nil { // no number of a row: as one that is not there
			return nil
		}
		list, err = row(ctx, tx, g, id)
		e.Rows = len(list)
		if err == nil && len(list) > 0 && list[0].Question != "" && list[0].Revision != by.now {
			if by.document, err = tx.DocumentOf(ctx, list[0].Revision); hub.CodeOf(err) == hub.CodeNotFound {
				err = nil
			}
		}
		return err
	})
	if err != nil {
		return Row{}, by, err
	}
	if len(list) == 0 {
		return Row{}, by, hub.NotFound()
	}
	err = x.justify(r.Context(), r.Who, receipt, &list[0])
	return list[0], by, err
}

// decideAgain puts the question of a row to the rules of its day, and to today's.
func (x *room) decideAgain(r *web.Request, _ struct{}) (Again, error) {
	one, by, err := x.readRow(r)
	if err != nil {
		return Again{}, err
	}
	return x.again(r.Context(), one, by)
}

func (x *room) again(ctx context.Context, one Row, by ruled) (Again, error) {
	again := Again{Row: one.ID, Revision: one.Revision, Same: one.Revision == by.now,
		Now: Judged{Revision: by.now, Fields: []string{}, Reasons: []string{}, Obligations: []string{}}}
	q, err := policies.Decode(one.Question, one.Input)
	if err != nil { // nothing was asked, or what is asked no longer
		return again, nil
	}
	a, err := x.DB.Advise(ctx, q)
	if err != nil {
		return Again{}, err
	}
	again.Possible, again.Now = true, judged(one, a, by.now)
	if again.Same {
		again.Then, again.Whole = &again.Now, true
		return again, nil
	}
	again.Differ = !again.Now.Agrees
	past := x.past.of(one.Revision, by.document)
	if past == nil {
		return again, nil
	}
	if a, err = past.Advise(ctx, q); err != nil {
		return Again{}, err
	}
	then := judged(one, a, past.Revision())
	again.Then, again.Whole, again.Differ = &then, then.Revision == one.Revision, then.unlike(again.Now)
	return again, nil
}

// past keeps the engine of the revision of old that was asked last: making one takes
// a while, and an officer reads row after row of the same days.
type past struct {
	mu       sync.Mutex
	revision string
	engine   *policies.Engine
}

// of is an engine by the document of a revision of old; nil where there is none, or
// where today's rules cannot judge by it.
func (p *past) of(revision string, document []byte) *policies.Engine {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.revision == revision && p.engine != nil {
		return p.engine
	}
	_, data, _ := strings.Cut(revision, "-")
	e := new(policies.Engine)
	if document == nil || e.Revise(document) != nil || !strings.HasSuffix(e.Revision(), "-"+data) {
		return nil
	}
	p.revision, p.engine = revision, e
	return e
}

// The most sightings that a page is made of, and the most lines of them
// that it shows: light enough to come at once (trust.md G12).
const seenMax, seenLines = 200, 10

// seen shows who has seen a concern, a case or an offer, when, and which fields:
// newest first, people and not content, to those whose view of it has
// who_has_seen.
func (x *room) seen(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	lists := map[hub.ID][]Sighting{}
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		for _, id := range ids {
			rel, err := relationTo(ctx, tx, id)
			if err != nil {
				return err
			}
			e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: rel.Kind, ID: id}, Controller: rel.Controller, Fields: []string{"who_has_seen"}}
			g, err := tx.Ask(ctx, rel.View(who, hub.Prevention))
			denial := new(policies.Denial)
			if errors.As(err, &denial) {
				if err := tx.Refuse(ctx, denial, e); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			if !g.Allows("who_has_seen") {
				continue
			}
			if lists[id], err = sightings(ctx, tx, g, rel.Kind, id, seenMax); err != nil {
				return err
			}
			if rel.Kind == "concern" && !g.Allows("reporter_name") {
				if err := x.veil(ctx, who, lists[id]); err != nil {
					return err
				}
			}
			e.Subjects, e.Rows = []hub.ID{rel.About}, len(lists[id])
			if _, err := tx.Record(ctx, g, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make(map[hub.ID]template.HTML, len(lists))
	for id, list := range lists {
		if out[id], err = x.Web.Fragment(lang, "audit", "seen", seenDays(list)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// veil takes who reported a concern out of who has seen it: that somebody did stays, and who
// it was does not (L51). Nobody is hidden from themselves.
func (x *room) veil(ctx context.Context, who hub.Actor, list []Sighting) error {
	reports := map[hub.Role]bool{}
	for i, s := range list {
		if _, asked := reports[s.Role]; !asked {
			is, err := x.Reports(ctx, s.Role)
			if err != nil {
				return err
			}
			reports[s.Role] = is
		}
		if reports[s.Role] && s.person != who.Person {
			list[i].Name, list[i].Role, list[i].Authority, list[i].Sealed = "", "", "", true
		}
	}
	return nil
}

// seenData is who has seen a thing, newest first: one line for a person's day.
type seenData struct {
	List []seenDay
	More bool // there are older ones
}

// seenDay is what somebody was shown of a thing in one day, and when last. To
// open it is another thing than to have it in a list on the way.
type seenDay struct {
	Sighting
	Opened, Lists int             // how many times
	looks         map[hub.ID]bool // by request, which is a page with all that it is made of: whether it was opened
}

// seenDays puts together what the same person saw on the same day.
func seenDays(list []Sighting) seenData {
	d := seenData{More: len(list) == seenMax}
	day := func(t time.Time) string { return t.In(hub.Copenhagen).Format(time.DateOnly) }
	for _, s := range list {
		i := slices.IndexFunc(d.List, func(o seenDay) bool {
			return o.Name == s.Name && o.Role == s.Role && o.Authority == s.Authority && day(o.At) == day(s.At)
		})
		if i < 0 {
			i = len(d.List)
			d.List = append(d.List, seenDay{Sighting: s, looks: map[hub.ID]bool{}})
		}
		o := &d.List[i]
		o.Fields = slices.Compact(slices.Sorted(slices.Values(slices.Concat(o.Fields, s.Fields))))
		o.looks[s.Request] = o.looks[s.Request] || !s.Listed
	}
	for i, o := range d.List {
		for _, opened := range o.looks {
			if opened {
				d.List[i].Opened++
			} else {
				d.List[i].Lists++
			}
		}
	}
	if len(d.List) > seenLines {
		d.List, d.More = d.List[:seenLines], true
	}
	return d
}

// Pages.

// trailData is the officer's page: the form, and what was found.
type trailData struct {
	Grounds, Sides, Outcomes, Controls []string
	Acts                               []hub.Act
	People                             []web.Option
	Way                                string
	Ways                               []string
	Found                              *Found // nil before the first search
	Search                             Search
	Pages                              bool // there are more
	Chart                              chart
	Groups                             []groupLine
	Forms                              []string // in which rows are handed out
	Key                                string   // of the trail, for whoever verifies them
}

// At is where the form of a way is.
func (trailData) At(way string) string {
	if way == "" {
		return "/trail"
	}
	return "/trail?way=" + way
}

func (x *room) trailData(r *web.Request) (trailData, error) {
	d := trailData{Way: r.URL.Query().Get("way"), Ways: append([]string{""}, Ways...), Grounds: Grounds, Sides: Sides, Outcomes: Outcomes, Controls: Controls, Acts: hub.Acts, Forms: Forms}
	if !slices.Contains(d.Ways, d.Way) {
		return d, hub.NotFound()
	}
	seen := map[hub.ID]bool{}
	for _, h := range x.Structure.Hats() {
		if h.Authority == r.Who.Authority && !seen[h.Person] {
			seen[h.Person] = true
			d.People = append(d.People, web.Option{Value: string(h.Person), Label: h.Name})
		}
	}
	slices.SortFunc(d.People, func(a, b web.Option) int { return strings.Compare(a.Label, b.Label) })
	var err error
	d.Key, _, err = x.key()
	return d, err
}

// trailPage shows the form, to the officer only.
func (x *room) trailPage(w http.ResponseWriter, r *web.Request) error {
	if err := x.mayRead(r); err != nil {
		return err
	}
	d, err := x.trailData(r)
	if err != nil {
		return err
	}
	if d.Way == "subject" || d.Way == "item" { // who saw it, before who looked it up here
		r.Fill("control", "without")
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "trail", d)
}

// mayRead asks for the right to the trail, for a page that shows none of it.
func (x *room) mayRead(r *web.Request) error {
	return x.DB.View(r.Context(), r.Who, func(tx *pg.Tx) error {
		_, err := tx.Ask(r.Context(), policies.Trail{Role: r.Who.Role, Kind: r.Who.Kind, Purpose: hub.LogControl, Own: true})
		return err
	})
}

// onPage is how many rows stand on a page: light enough to come at once (trust.md
// G12).
const onPage = 20

// trailForm answers a search on the page itself: what was searched for stands in
// no address (A044).
func (x *room) trailForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := Search{Part: part(f)}
	if to := f.Line("to"); to != "" { // from a row or a group, into one of the ways
		in = Search{Part: leads(in.Part, to)}
	}
	in.After, in.Limit = f.Line("after"), onPage
	found, err := x.searchTrail(r, in)
	if err != nil {
		return err
	}
	for field, value := range map[string]string{"ground": in.Ground, "side": in.Side, "reference": in.Reference, "person": string(in.Person), "act": string(in.Act), "outcome": in.Outcome, "control": in.Control} {
		r.Fill(field, value)
	}
	for field, text := range map[string]string{"from": in.From, "until": in.Until} {
		if t, err := time.ParseInLocation(time.DateOnly, text, hub.Copenhagen); err == nil {
			r.FillDate(field, t)
		}
	}
	d, err := x.trailData(r)
	if err != nil {
		return err
	}
	d.Way, d.Found, d.Search, d.Pages = in.Way, &found, in, found.Next != ""
	d.Chart, d.Groups = charted(found.Days), lines(found.Groups)
	d.knows(in.Person, found)
	return x.Web.Page(w, r, http.StatusOK, "audit", "trail", d)
}

// leads is the part that a row or a group leads to: a way and where it begins, on the same
// ground and in the same time.
func leads(p Part, to string) Part {
	way, from, _ := strings.Cut(to, " ")
	p = Part{Way: way, Ground: p.Ground, From: p.From, Until: p.Until}
	if way == "person" {
		p.Person = hub.ID(from)
	} else {
		p.Reference = from
	}
	return p
}

// knows puts the person that was asked for among the people, where they are another
// authority's and found.
func (d *trailData) knows(person hub.ID, found Found) {
	has := func(o web.Option) bool { return o.Value == string(person) }
	if i := slices.IndexFunc(found.Rows, func(r Row) bool { return r.Person == person && r.Name != "" }); i >= 0 && !slices.ContainsFunc(d.People, has) {
		d.People = append(d.People, web.Option{Value: string(person), Label: found.Rows[i].Name})
	}
}

// isoDay reads three fields of a date as YYYY-MM-DD; what is no date stays
// something that the search refuses, at its field.
func isoDay(f web.Form, field string) string {
	if !f.Has(field+"-day") && !f.Has(field+"-month") && !f.Has(field+"-year") {
		return f.Line(field) // the form of the next page has it in one field
	}
	t, err := f.Date(field)
	if err != nil {
		return "?"
	}
	return t.Format(time.DateOnly)
}

// rowData is a row's own page.
type rowData struct {
	Row
	Again Again
}

// worded is a code in the words of the page, or else what is said of one without.
func worded(r *web.Request, key, code, otherwise string) string {
	if text := r.T(key + code); code != "" && text != "["+key+code+"]" {
		return text
	}
	return otherwise
}

// rowPage shows one row whole, with its decision made again.
func (x *room) rowPage(w http.ResponseWriter, r *web.Request) error {
	one, by, err := x.readRow(r)
	if err != nil {
		return err
	}
	a, err := x.again(r.Context(), one, by)
	if err != nil {
		return err
	}
	one.hush(r.Who.Authority)
	return x.Web.Page(w, r, http.StatusOK, "audit", "row", rowData{one, a})
}
