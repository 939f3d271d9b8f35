package assessment

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// RequestView is a question as one actor may see it.
type RequestView struct {
	ID         hub.ID          `json:"id"`
	Case       hub.ID          `json:"case,omitempty"`
	State      string          `json:"state,omitempty"`
	Subject    hub.ID          `json:"subject,omitempty"`
	Asker      hub.AuthorityID `json:"asker,omitempty"`
	Authority  hub.AuthorityID `json:"authority,omitempty"`
	Department string          `json:"department,omitempty"`
	AskedAt    *time.Time      `json:"asked_at,omitempty"`
	Due        *time.Time      `json:"due,omitempty"`
	Questions  string          `json:"questions,omitempty"`
	Necessity  string          `json:"necessity,omitempty"`
	Outcome    string          `json:"outcome,omitempty"` // answered, nothing, declined, unanswered; a decline looks to others as the Infohus has chosen (A029)
	Actions    []string        `json:"actions"`
	Fields     []string        `json:"fields"`
	Erased     bool            `json:"erased,omitempty"`
	WhoCanSee  []CaseReader    `json:"-"`
	Share      string          `json:"-"` // in which state the reader could share an answer, or the question: the link to what may be shared
	Shared     string          `json:"-"` // by whom, on which basis: the last line
	other      hub.AuthorityID // the party of the case that did not ask
	rel        pg.Relation
}

// requestActions are what may be done with a question.
var requestActions = []string{"answer", "decline", "retract"}

func (x *room) getRequest(r *web.Request, _ struct{}) (*RequestView, error) {
	return x.readRequest(r, false)
}

// readRequest is the question that the path names; whole is with who can see it.
func (x *room) readRequest(r *web.Request, whole bool) (*RequestView, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = "" // asked and recorded like any other that is not there
	}
	type sheet struct {
		request
		rel     pg.Relation
		texts   []pg.Text
		readers []CaseReader
	}
	ctx, who := r.Context(), r.Who
	o, g, receipt, err := pg.Read(ctx, x.DB, who, func(tx *pg.Tx) (sheet, policies.Question, pg.Entry, error) {
		var o sheet
		q := &o.request
		err := tx.Sheet(ctx, "request", id, &o.rel, `select `+requestColumns+`, `+pg.TextsOf("q.id")+` from request q join cases c on c.id = q.case_id where q.id = r.id`,
			&q.ID, &q.Case, &q.Asker, &q.Authority, &q.Department, &q.State, &q.Outcome, &q.Answer, &q.Version, &q.AskedAt, &q.DueAt,
			&q.SettledAt, &q.Person, &q.Hat, &q.Subject, &q.Municipality, &q.EraseAt, &o.texts)
		if err == nil && whole && tx.Sees(ctx, o.rel) {
			o.readers, err = x.Readers(ctx, tx, "request", id, structure.Span{From: q.AskedAt, Until: q.EraseAt}, nil)
		}
		e := pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "request", ID: id, Version: q.Version}, Controller: o.rel.Controller}
		if o.rel.About != "" {
			e.Subjects = []hub.ID{o.rel.About}
		}
		return o, o.rel.View(who, hub.Prevention), e, err
	})
	if err != nil {
		return nil, err
	}
	v := x.requestView(ctx, who, o.request, o.rel, g, r.Now)
	keep(g.Allows("who_can_see"), &v.WhoCanSee, service.InWords(o.readers, r.Lang))
	text, erased, err := x.Open(ctx, receipt, place("request", o.ID), o.texts, func(field string) bool { return g.Allows(field) })
	v.Questions, v.Necessity, v.Erased = text["questions"], text["necessity"], erased
	return v, err
}

// requestView is what policy gives of a question, without its words.
func (x *room) requestView(ctx context.Context, who hub.Actor, q request, rel pg.Relation, g policies.Grant, now time.Time) *RequestView {
	may := g.Allows
	v := &RequestView{ID: q.ID, rel: rel, Fields: g.Fields(), Actions: []string{}}
	keep(may("state"), &v.State, q.State)
	keep(may("name"), &v.Subject, q.Subject)
	keep(may("state"), &v.Asker, q.Asker)
	keep(may("state"), &v.Authority, q.Authority)
	keep(may("state"), &v.Department, q.Department)
	keep(may("questions"), &v.AskedAt, &q.AskedAt)
	keep(may("due"), &v.Due, &q.DueAt)
	keep(may("state"), &v.Outcome, outcomeFor(q.Outcome, q.State, x.declines(q.Municipality, now), who.Authority == q.Authority, q.DueAt, now))
	v.Case = named(who, q.Case, q.Municipality)
	if v.other = q.Municipality; q.Asker == q.Municipality {
		h, _ := x.Structure.InfohusOf(q.Municipality, now)
		v.other = h.Police
	}
	for _, a := range requestActions {
		if answer, err := x.DB.Advise(ctx, rel.Act(who, a, hub.Prevention)); err == nil && answer.Allow {
			v.Actions = append(v.Actions, a)
		}
	}
	return v
}

// named is the case that a question or an answer is a part of, for those whose
// case it is: to others two questions would tell that they are about one case.
func named(who hub.Actor, id hub.ID, municipality hub.AuthorityID) hub.ID {
	if who.Authority == municipality || who.Kind == hub.Police {
		return id
	}
	return ""
}

// declines is how a declined question looks to others in a municipality's
// Infohus (A029).
func (x *room) declines(municipality hub.AuthorityID, now time.Time) structure.Declines {
	h, _ := x.Structure.InfohusOf(municipality, now)
	return h.Declines
}

// AnswerView is an answer as one actor may see it.
type AnswerView struct {
	ID         hub.ID          `json:"id"`
	Request    hub.ID          `json:"request,omitempty"`
	State      string          `json:"state,omitempty"`
	Authority  hub.AuthorityID `json:"authority,omitempty"` // who answers
	By         string          `json:"by,omitempty"`
	At         *time.Time      `json:"at,omitempty"`
	Grade      *int            `json:"grade,omitempty"` // 0 nothing relevant, 1 we have contact, 2 a short conclusion, 3 named facts
	Contact    string          `json:"contact,omitempty"`
	Conclusion string          `json:"conclusion,omitempty"`
	Statements []SaidView      `json:"statements,omitempty"`
	Withdraw   bool            `json:"withdraw"` // the reader may take it back
	Erased     bool            `json:"erased,omitempty"`
	WhoCanSee  []CaseReader    `json:"-"`
	Shared     string          `json:"-"` // by whom, on which basis
	rel        pg.Relation
}

// SaidView is a statement as it is shown: typed, sourced and dated (L39).
type SaidView struct {
	Kind        string `json:"kind"`
	Text        string `json:"text"`
	Source      string `json:"source,omitempty"`
	Reliability string `json:"reliability"`
	AsOf        string `json:"as_of"`
	Class       string `json:"class"`
}

// On is the day on which it was so.
func (s SaidView) On() time.Time {
	on, _ := time.ParseInLocation(time.DateOnly, s.AsOf, hub.Copenhagen)
	return on
}

// Answers are the answers of a case that the actor may see.
type Answers struct {
	Answers []AnswerView `json:"answers"`
}

// listAnswers lists the answers of a case that the actor may see, whether the
// case itself or not: each is its authority's own, and judged by itself.
func (x *room) listAnswers(r *web.Request, _ struct{}) (Answers, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = ""
	}
	return x.answers(r.Context(), r.Who, "case_id", string(id), false)
}

// listGiven lists what the actor's authority has answered, in whatever case, of what
// the actor may see: what is one's own stays one's own when a cooperation has ended,
// and nothing else of the case comes along (A017).
func (x *room) listGiven(r *web.Request, _ struct{}) (Answers, error) {
	return x.answers(r.Context(), r.Who, "controller", string(r.Who.Authority), false)
}

// given is an answer on its way out: what was loaded, and by which set it may
// be seen.
type given struct {
	answerRow
	texts   []pg.Text
	set     int
	erase   time.Time
	readers []CaseReader
}

// answers are those of a case or an authority, by a column of theirs; whole is with
// who can see each.
func (x *room) answers(ctx context.Context, who hub.Actor, by, of string, whole bool) (Answers, error) {
	var list []given
	var sets pg.Sets
	var receipts []hub.Receipt
	err := x.DB.View(ctx, who, func(tx *pg.Tx) (err error) {
		if _, err = tx.Ask(ctx, policies.List{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention}); err != nil {
			return err
		}
		asked := tx.Listing("answer", hub.Prevention)
		all, err := asked.All(ctx, "")
		if err != nil {
			return err
		}
		sets = asked.Sets
		rows, err := tx.Query(ctx, pg.AllowedSQL+`select a.n, w.id, w.request, w.case_id, w.subject, w.controller, w.grade, w.statements, w.state, w.version, w.hat, w.at, (select c.erase_at from cases c where c.id = w.case_id), `+
			pg.TextsOf("w.id")+` from allowed a join answer w on w.id = a.id where w.`+by+` = $3 order by w.at, w.id`, append(all.Args(), of)...)
		if err != nil {
			return err
		}
		if list, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (o given, err error) {
			err = r.Scan(&o.set, &o.ID, &o.Request, &o.Case, &o.Subject, &o.Controller, &o.Grade, &o.Statements, &o.State, &o.Version, &o.Hat, &o.At, &o.erase, &o.texts)
			return o, err
		}); err != nil {
			return err
		}
		receipts = make([]hub.Receipt, len(list))
		for i, o := range list {
			if receipts[i], err = tx.Record(ctx, sets[o.set].Grant, pg.Entry{Act: hub.ActConsult, Object: hub.Object{Kind: "answer", ID: o.ID, Version: o.Version},
				Controller: o.Controller, Subjects: []hub.ID{o.Subject}}); err != nil {
				return err
			}
			if whole && sets[o.set].Grant.Allows("who_can_see") {
				if list[i].readers, err = x.Readers(ctx, tx, "answer", o.ID, structure.Span{From: o.At, Until: o.erase}, nil); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return Answers{}, err
	}
	out := Answers{Answers: []AnswerView{}}
	for i, o := range list {
		v, err := x.answerView(ctx, who, o, sets[o.set], receipts[i])
		if err != nil {
			return Answers{}, err
		}
		out.Answers = append(out.Answers, v)
	}
	return out, nil
}

// answerView opens what the grant names of one answer.
func (x *room) answerView(ctx context.Context, who hub.Actor, o given, set pg.Set, receipt hub.Receipt) (AnswerView, error) {
	may := set.Grant.Allows
	v := AnswerView{ID: o.ID, Authority: o.Controller, WhoCanSee: o.readers, rel: set.Relation}
	v.rel.Controller = o.Controller
	keep(may("state"), &v.State, o.State)
	keep(may("state"), &v.Request, o.Request)
	keep(may("grade"), &v.Grade, &o.Grade)
	keep(may("grade"), &v.By, x.nameOf(o.Hat))
	keep(may("settled_at"), &v.At, &o.At)
	text, erased, err := x.Open(ctx, receipt, place("answer", o.ID), o.texts, func(field string) bool {
		name, number, _ := strings.Cut(field, ".")
		if name != "facts" && name != "source" {
			return may(name)
		}
		n, err := strconv.Atoi(number)
		return err == nil && n < len(o.Statements) && may(factsOf[o.Statements[n].Class])
	})
	if err != nil {
		return v, err
	}
	v.Contact, v.Conclusion, v.Erased = text["contact"], text["conclusion"], erased
	for i, s := range o.Statements {
		if n := strconv.Itoa(i); may(factsOf[s.Class]) {
			v.Statements = append(v.Statements, SaidView{s.Kind, text["facts."+n], text["source."+n], s.Reliability, s.AsOf, s.Class})
		}
	}
	if answer, err := x.DB.Advise(ctx, set.Act(who, "withdraw", hub.Prevention)); err == nil {
		v.Withdraw = answer.Allow
	}
	return v, nil
}

// factsOf is the field of policy under which a data class's statements are given.
var factsOf = map[string]string{"ordinary": "facts", "health": "health_facts", "offence": "offence_facts"}

// RequestList is what the actor is asked, and has been.
type RequestList struct {
	Requests []RequestView `json:"requests"`
	Total    int           `json:"total"`
}

// RequestFilter is what a list of questions is asked for.
type RequestFilter struct {
	Case hub.ID `json:"case,omitempty"` // only of one case
	Open bool   `json:"open,omitempty"` // only those that wait for an answer
}

// most is how many questions a list shows: those with the nearest dates.
const most = 100

func (x *room) listRequests(r *web.Request, in RequestFilter) (RequestList, error) {
	return x.asked(r.Context(), r.Who, in)
}

// asked lists the questions that the actor may see: those put to them, and those
// their authority put.
func (x *room) asked(ctx context.Context, who hub.Actor, in RequestFilter) (RequestList, error) {
	out := RequestList{Requests: []RequestView{}}
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		out = RequestList{Requests: []RequestView{}}
		g, err := tx.Ask(ctx, policies.List{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention})
		if denied := new(policies.Denial); errors.As(err, &denied) {
			return errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "requests"}}), err)
		}
		if err != nil {
			return err
		}
		asked := tx.Listing("request", hub.Prevention)
		all, err := asked.All(ctx, "")
		if err != nil {
			return err
		}
		sets := asked.Sets
		rows, err := tx.Query(ctx, pg.AllowedSQL+`select a.n, count(*) over (), `+requestColumns+` from allowed a join request q on q.id = a.id join cases c on c.id = q.case_id
			where ($3 = '' or q.case_id = $3) and (not $4 or q.state = 'asked') order by q.state, q.due_at, q.id limit $5`,
			append(all.Args(), string(in.Case), in.Open, most)...)
		if err != nil {
			return err
		}
		var n int
		var q request
		var entries = make([][]pg.Entry, len(sets))
		if _, err = pgx.ForEachRow(rows, []any{&n, &out.Total, &q.ID, &q.Case, &q.Asker, &q.Authority, &q.Department, &q.State, &q.Outcome, &q.Answer, &q.Version,
			&q.AskedAt, &q.DueAt, &q.SettledAt, &q.Person, &q.Hat, &q.Subject, &q.Municipality, &q.EraseAt}, func() error {
			v := x.requestView(ctx, who, q, sets[n].Relation, sets[n].Grant, tx.Now)
			out.Requests = append(out.Requests, *v)
			entries[n] = append(entries[n], pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "request", ID: q.ID, Version: q.Version},
				Controller: q.Asker, Subjects: []hub.ID{q.Subject}, Fields: slices.DeleteFunc([]string{"due", "name", "reference", "state"}, func(f string) bool { return !sets[n].Grant.Allows(f) })})
			return nil
		}); err != nil {
			return err
		}
		for n, list := range entries { // each person shown, on the decision that showed them
			if len(list) > 0 {
				if _, err := tx.Record(ctx, sets[n].Grant, list...); err != nil {
					return err
				}
			}
		}
		_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "requests"}, Controller: who.Authority, Rows: len(out.Requests)})
		return err
	})
	return out, err
}
