package assessment

import (
	"context"
	"encoding/hex"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
)

// Returned is what an authority wrote in this room: what it asked and answered, whom it
// brought in and why, its dissents, its decisions on the duty to inform, and that it
// signed, with the fingerprint of what. The joint assessment itself and the note of a
// meeting are everybody's, and stay with the case.
type Returned struct {
	Questions  []ReturnedQuestion  `json:"questions"`
	Answers    []ReturnedAnswer    `json:"answers"`
	Invited    []ReturnedInvite    `json:"invited"`
	Dissents   []ReturnedDissent   `json:"dissents"`
	Informs    []ReturnedInform    `json:"inform"`
	Signatures []ReturnedSignature `json:"signatures"`
}

// ReturnedQuestion is what was asked.
type ReturnedQuestion struct {
	ID        hub.ID    `json:"id"`
	At        time.Time `json:"at"`
	By        string    `json:"by,omitempty"`
	Questions string    `json:"questions,omitempty"`
	Necessity string    `json:"necessity,omitempty"`
	Erased    bool      `json:"erased,omitzero"`
}

// ReturnedAnswer is what was answered.
type ReturnedAnswer struct {
	ID         hub.ID     `json:"id"`
	Request    hub.ID     `json:"request"`
	At         *time.Time `json:"at,omitempty"`
	By         string     `json:"by,omitempty"`
	Grade      string     `json:"grade,omitempty"`
	Contact    string     `json:"contact,omitempty"`
	Conclusion string     `json:"conclusion,omitempty"`
	Statements []SaidView `json:"statements,omitempty"`
	Erased     bool       `json:"erased,omitzero"`
}

// ReturnedInvite is why somebody was let into a case.
type ReturnedInvite struct {
	Case   hub.ID    `json:"case"`
	At     time.Time `json:"at"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Erased bool      `json:"erased,omitzero"`
}

// ReturnedDissent is a view of one's own.
type ReturnedDissent struct {
	Case    hub.ID    `json:"case"`
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`
	About   string    `json:"about,omitempty"`
	Level   string    `json:"level,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Test    string    `json:"test,omitempty"`
	Due     time.Time `json:"due"`
	Erased  bool      `json:"erased,omitzero"`
}

// ReturnedInform is a decision on the duty to inform.
type ReturnedInform struct {
	Case     hub.ID    `json:"case"`
	Version  int       `json:"version"`
	At       time.Time `json:"at"`
	By       string    `json:"by,omitempty"`
	Decision string    `json:"decision"`
	Ground   string    `json:"ground,omitempty"`
	Again    string    `json:"again,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Erased   bool      `json:"erased,omitzero"`
}

// ReturnedSignature is that somebody signed a version, and the hash of what it said.
type ReturnedSignature struct {
	Case     hub.ID     `json:"case"`
	Version  int        `json:"version"`
	At       time.Time  `json:"at"`
	By       string     `json:"by,omitempty"`
	Content  string     `json:"content"`
	VoidedAt *time.Time `json:"voided_at,omitempty"`
}

// wrote is one thing on its way out.
type wrote struct {
	service.Wrote
	At       time.Time
	Hat      hub.ID
	Texts    []pg.Text
	Request  hub.ID // that was answered
	Grade    int
	Said     []said
	Version  int    // of the joint assessment
	N        int    // of the dissent in it
	About    string // what was decided; who was let in
	Ground   string
	Day      string
	Hash     []byte
	Voided   *time.Time
	revealed map[string]string
	erased   bool
}

// thing is one kind of what is taken along: the item that it stands in, the statement
// that finds it ([service.Takes]), and the fields that it has.
type thing struct {
	item, sql string
	into      func(*wrote) []any
	texts     func(o *wrote, field string) bool // of its texts, those that are meant
	fields    []string
}

const ofCase = ` join cases c on c.id = x.case_id join access.hat h on h.id = x.hat where h.authority = $1 order by x.at, c.id`

var (
	caseBegins = `select c.id, c.version, c.municipality, c.subject, h.authority, ` + pg.TooClose("c.id", "c.subject") + `, x.at, x.hat, `
	caseTexts  = pg.TextsOf("c.id")
)

// things are the kinds, in the order of [Returned].
var things = []thing{
	{"request", `select q.id, q.version, q.asker, c.subject, q.asker, ` + pg.TooClose("q.id", "c.subject") + `, q.asked_at, q.by_hat, ` + pg.TextsOf("q.id") + `
		from request q join cases c on c.id = q.case_id where q.asker = $1 order by q.asked_at, q.id`,
		func(o *wrote) []any { return []any{&o.At, &o.Hat, &o.Texts} }, every, []string{"necessity", "questions", "reference"}},
	{"answer", `select w.id, w.version, w.controller, w.subject, w.controller, ` + pg.TooClose("w.id", "w.subject") + `, w.at, w.hat, w.request, w.grade, w.statements, ` + pg.TextsOf("w.id") + `
		from answer w where w.controller = $1 order by w.at, w.id`,
		func(o *wrote) []any { return []any{&o.At, &o.Hat, &o.Request, &o.Grade, &o.Said, &o.Texts} }, every,
		[]string{"conclusion", "contact", "facts", "grade", "health_facts", "offence_facts", "reference", "settled_at"}},
	{"case", caseBegins + `x.id, ` + caseTexts + ` from (select m.id, m.case_id, m.at, a.by_hat as hat from member m join access.assignment a on a.id = m.assignment) x` + ofCase,
		func(o *wrote) []any { return []any{&o.At, &o.Hat, &o.About, &o.Texts} },
		func(o *wrote, field string) bool { return field == "member."+o.About+".reason" }, []string{"circle", "reference"}},
	{"case", caseBegins + `x.version, x.n, ` + caseTexts + ` from dissent x` + ofCase,
		func(o *wrote) []any { return []any{&o.At, &o.Hat, &o.Version, &o.N, &o.Texts} },
		func(o *wrote, field string) bool { return field == textOf("dissent", o.Version, strconv.Itoa(o.N)) }, []string{"dissents", "reference"}},
	{"case", caseBegins + `x.version, x.inform, x.inform_ground, coalesce(x.inform_again::text, ''), ` + caseTexts + `
		from (select v.*, v.inform_hat as hat, v.inform_at as at from assessment v where v.inform <> '') x` + ofCase,
		func(o *wrote) []any { return []any{&o.At, &o.Hat, &o.Version, &o.About, &o.Ground, &o.Day, &o.Texts} },
		func(o *wrote, field string) bool { return field == textOf("inform", o.Version) }, []string{"inform", "reference"}},
	{"case", caseBegins + `x.version, x.hash, x.voided_at from signature x` + ofCase,
		func(o *wrote) []any { return []any{&o.At, &o.Hat, &o.Version, &o.Hash, &o.Voided} },
		every, []string{"reference", "signatures"}},
}

func every(*wrote, string) bool { return true }

// returned gives what the asker's authority wrote here, for the file that it takes along.
func (x *room) returned(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	all := make([][]*wrote, len(things))
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		t, err := x.Taking(ctx, tx)
		if err != nil {
			return err
		}
		for i, kind := range things {
			if all[i], err = service.Takes(ctx, t, kind.item, kind.sql, kind.into, kind.fields...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, kind := range things {
		for _, o := range all[i] {
			if err := x.reveals(ctx, o, kind); err != nil {
				return nil, err
			}
		}
	}
	out, err := x.tells(all)
	if err != nil {
		return nil, err
	}
	return x.Cells(lang, "assessment", out, ids)
}

// reveals opens the texts that are meant and that the grant names.
func (x *room) reveals(ctx context.Context, o *wrote, k thing) (err error) {
	may := o.Grant.Allows
	o.revealed, o.erased, err = x.Open(ctx, o.Receipt, place(k.item, o.Object.ID), o.Texts, func(field string) bool {
		if !k.texts(o, field) {
			return false
		}
		name, number, _ := strings.Cut(field, ".")
		switch name {
		case "facts", "source":
			n, err := strconv.Atoi(number)
			return err == nil && n < len(o.Said) && may(factsOf[o.Said[n].Class])
		case "member":
			return may("circle")
		case "dissent":
			return may("dissents")
		}
		return may(name)
	})
	return err
}

// tells puts what was revealed into words.
func (x *room) tells(all [][]*wrote) (out Returned, err error) {
	for _, o := range all[0] {
		out.Questions = append(out.Questions, ReturnedQuestion{o.Object.ID, o.At, x.nameOf(o.Hat), o.revealed["questions"], o.revealed["necessity"], o.erased})
	}
	for _, o := range all[1] {
		may := o.Grant.Allows
		a := ReturnedAnswer{ID: o.Object.ID, Request: o.Request, By: x.nameOf(o.Hat), Contact: o.revealed["contact"], Conclusion: o.revealed["conclusion"], Erased: o.erased}
		keep(may("grade"), &a.Grade, strconv.Itoa(o.Grade))
		keep(may("settled_at"), &a.At, &o.At)
		for i, s := range o.Said {
			if n := strconv.Itoa(i); may(factsOf[s.Class]) {
				a.Statements = append(a.Statements, SaidView{s.Kind, o.revealed["facts."+n], o.revealed["source."+n], s.Reliability, s.AsOf, s.Class})
			}
		}
		out.Answers = append(out.Answers, a)
	}
	for _, o := range all[2] {
		out.Invited = append(out.Invited, ReturnedInvite{o.Object.ID, o.At, x.nameOf(o.Hat), o.revealed["member."+o.About+".reason"], o.erased})
	}
	for _, o := range all[3] {
		var says objection
		if err := unwrap(o.revealed, textOf("dissent", o.Version, strconv.Itoa(o.N)), &says); err != nil {
			return out, err
		}
		out.Dissents = append(out.Dissents, ReturnedDissent{o.Object.ID, o.Version, o.At, x.nameOf(o.Hat), says.About, says.Level, says.Reason, says.Test, says.Due, o.erased})
	}
	for _, o := range all[4] {
		i := ReturnedInform{Case: o.Object.ID, Version: o.Version, At: o.At, By: x.nameOf(o.Hat), Decision: o.About, Ground: o.Ground, Again: o.Day, Erased: o.erased}
		if err := unwrap(o.revealed, textOf("inform", o.Version), &i.Reason); err != nil {
			return out, err
		}
		out.Informs = append(out.Informs, i)
	}
	for _, o := range all[5] {
		out.Signatures = append(out.Signatures, ReturnedSignature{o.Object.ID, o.Version, o.At, x.nameOf(o.Hat), hex.EncodeToString(o.Hash), o.Voided})
	}
	return out, nil
}
