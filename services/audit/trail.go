package audit

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Grounds are what the trail may be read for, and nothing else (LED art. 25(2),
// L17).
var Grounds = []string{"lawfulness", "self_monitoring", "integrity", "criminal_proceedings"}

// Sides are the two questions that an officer may put: about the own
// authority's data, whoever looked; about the own authority's people, whatever
// they looked at. "" is both.
var Sides = []string{"data", "people"}

// Outcomes of a row.
var Outcomes = []string{"allow", "deny"}

// Controls say whether reading the log itself counts: all but that, or only that. "" is both.
var Controls = []string{"without", "only"}

// Ways are the ways into the trail: who saw what about a person, what did an employee
// look at, who saw a concern or a case, what was passed on. "" is all of it.
var Ways = []string{"subject", "person", "item", "disclosure"}

// Part is which rows of the trail an officer asks for. Everything but the ground, and what
// the way begins from, may be empty, and then it is all that they may see.
type Part struct {
	Way       string  `json:"way,omitempty" doc:"How what is found is put together: subject and item by who it was (they need a reference), person by what it was done to (needs a person), disclosure by who passed on to whom; without one by act and outcome."`
	Ground    string  `json:"ground"`         // one of Grounds
	Side      string  `json:"side,omitempty"` // one of Sides
	Reference string  `json:"reference,omitempty" doc:"A subject or a thing: whom or what it was about. Whole; or its end, at least 6 characters, where only one ends so of your authority's own and of those that its people were let in to."`
	Person    hub.ID  `json:"person,omitempty"` // who did it
	From      string  `json:"from,omitempty"`   // the first day, YYYY-MM-DD in Copenhagen
	Until     string  `json:"until,omitempty"`  // the last day
	Act       hub.Act `json:"act,omitempty"`
	Outcome   string  `json:"outcome,omitempty"` // allow, deny
	Control   string  `json:"control,omitempty" doc:"Whether reading the log itself (log control) counts: without it, or only it. Missing: both."`
}

// Search is what an officer looks for, page by page.
type Search struct {
	Part
	After string `json:"after,omitempty"` // Found.Next of the page before
	Limit int    `json:"limit,omitempty"` // rows on a page: 50 if 0, at most 200
}

// Codes lists what a part may name.
func (Part) Codes() map[string][]string {
	return map[string][]string{"way": Ways, "ground": Grounds, "side": Sides, "act": web.Codes(hub.Acts), "outcome": Outcomes, "control": Controls}
}

// Rows on a page, and how many are counted before a total is "more than".
const (
	usual    = 50
	most     = 200
	countMax = 10000
)

// filter is a search that has been found sound.
type filter struct {
	own          hub.AuthorityID // whose officer reads
	me           hub.ID          // who it is
	way          string
	data, people bool
	reference    hub.ID
	tail         string // of a reference, instead of it
	person       hub.ID
	from, until  time.Time // zero: open
	act          hub.Act
	outcome      string
	control      string
	after        place
	limit        int
}

// place is where a page ends: pages are found by it and not by counting rows,
// so that rows written meanwhile move nothing.
type place struct {
	at time.Time
	id int64
}

// filter checks a search, and tells everything that is wrong at once.
func (s Search) filter(own hub.AuthorityID) (filter, error) {
	var p hub.Problems
	choose := func(field, value string, list []string, needed bool) {
		switch {
		case value == "" && needed:
			p.Add(field, "error.choose")
		case value != "" && !slices.Contains(list, value):
			p.Add(field, "error.unknown_choice")
		}
	}
	choose("way", s.Way, Ways, false)
	choose("ground", s.Ground, Grounds, true)
	choose("side", s.Side, Sides, false)
	choose("outcome", s.Outcome, Outcomes, false)
	choose("control", s.Control, Controls, false)
	if s.Act != "" && !slices.Contains(hub.Acts, s.Act) {
		p.Add("act", "error.unknown_choice")
	}
	switch {
	case s.Way == "person" && s.Person == "":
		p.Add("person", "error.choose")
	case (s.Way == "subject" || s.Way == "item") && s.Reference == "":
		p.Add("reference", "audit.error.trail.reference")
	}
	f := filter{own: own, way: s.Way, data: s.Side != "people", people: s.Side != "data", person: s.Person, act: s.Act, outcome: s.Outcome, control: s.Control, limit: usual}
	if id, err := hub.ParseID(s.Reference); err == nil {
		f.reference = id
	} else if f.tail = tail(s.Reference); f.tail == "" && s.Reference != "" {
		p.Add("reference", "audit.error.trail.reference")
	}
	if _, err := hub.ParseID(string(s.Person)); s.Person != "" && s.Person != "system" && err != nil {
		p.Add("person", "error.unknown_choice")
	}
	f.from = day(&p, "from", s.From)
	if until := day(&p, "until", s.Until); !until.IsZero() {
		f.until = until.AddDate(0, 0, 1) // the whole of the last day, however long it is
		if !f.from.IsZero() && !f.from.Before(f.until) {
			p.Add("until", "audit.error.trail.backwards")
		}
	}
	switch {
	case s.Limit < 0 || s.Limit > most:
		p.Add("limit", "audit.error.trail.limit", most)
	case s.Limit > 0:
		f.limit = s.Limit
	}
	var ok bool
	if f.after, ok = parsePlace(s.After); !ok {
		p.Add("after", "audit.error.trail.after")
	}
	return f, p.Err()
}

var (
	tailForm   = regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{6,25}$`)
	numberForm = regexp.MustCompile(`^[0-9]{10}$`)
)

// tail is the end of a reference, as a page shows it ("…k3x9ab") and people read
// it out; "" for what can be none. Ten figures are a personal number.
func tail(s string) string {
	t := strings.ToLower(strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(s), "….")))
	if !tailForm.MatchString(t) || numberForm.MatchString(t) {
		return ""
	}
	return t
}

// day reads a day as its first instant in Copenhagen.
func day(p *hub.Problems, field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateOnly, text, hub.Copenhagen)
	if err != nil || t.Year() < 1900 || t.Year() > 9000 {
		p.Add(field, "audit.error.trail.day")
		return time.Time{}
	}
	return t
}

// String writes a place for an address or a form: microseconds and number.
func (p place) String() string {
	if p == (place{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.at.UnixMicro(), 10) + "." + strconv.FormatInt(p.id, 10)))
}

func parsePlace(s string) (place, bool) {
	if s == "" {
		return place{}, true
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	at, id, found := strings.Cut(string(b), ".")
	micros, err1 := strconv.ParseInt(at, 10, 64)
	n, err2 := strconv.ParseInt(id, 10, 64)
	if err != nil || err1 != nil || err2 != nil || !found || n < 1 || micros < 0 || micros > 1<<58 {
		return place{}, false
	}
	return place{time.UnixMicro(micros).UTC(), n}, true
}

// Row is a row of the trail as an officer sees it: codes, references, times and
// the people who work here; never what was seen.
type Row struct {
	ID            int64           `json:"id"`
	At            time.Time       `json:"at"`      // by the database's clock
	SaidAt        time.Time       `json:"said_at"` // by the hub's
	Room          string          `json:"room"`    // which room wrote it, by its own login
	Person        hub.ID          `json:"person"`
	Name          string          `json:"name"`                 // of the person, from the list of hats; "" for one that is not there
	DeputyFor     string          `json:"deputy_for,omitempty"` // who they stood in for when they did it
	Hat           hub.ID          `json:"hat"`
	Role          hub.Role        `json:"role"`
	Authority     hub.AuthorityID `json:"authority"`
	Issuer        string          `json:"issuer,omitempty"`
	LoA           string          `json:"loa,omitempty"`
	Session       hub.ID          `json:"session,omitempty"`
	Request       hub.ID          `json:"request"`
	Cause         hub.ID          `json:"cause,omitempty"`
	Act           hub.Act         `json:"act"`
	Outcome       string          `json:"outcome"`
	ObjectKind    string          `json:"object_kind"`
	ObjectID      string          `json:"object_id,omitempty"` // a subject's is its pseudonym
	ObjectVersion int             `json:"object_version,omitempty"`
	Controller    hub.AuthorityID `json:"controller,omitempty"` // whose data
	Subjects      []string        `json:"subjects"`             // pseudonyms
	Fields        []string        `json:"fields"`               // what was shown
	Masked        []string        `json:"masked,omitempty"`     // of the fields: those shown as a mask only
	Rows          int             `json:"rows"`                 // how many a search or a list gave
	Purpose       hub.Purpose     `json:"purpose,omitempty"`
	Basis         hub.LegalBasis  `json:"legal_basis,omitempty"`
	Recipient     hub.AuthorityID `json:"recipient,omitempty"`
	Reasons       []string        `json:"reasons"`
	Obligations   []string        `json:"obligations"`
	Question      string          `json:"question,omitempty"` // what policy was asked, and
	Input         json.RawMessage `json:"input,omitempty"`    // in which words
	Revision      string          `json:"revision,omitempty"` // of the rules that answered
	Justification string          `json:"justification,omitempty"`
	Sealed        string          `json:"sealed,omitempty"` // why a justification is not shown: other_authority, missing, changed
	Whose         hub.ID          `json:"whose,omitempty"`  // the person whose access was decided of: by a role that was confirmed or ended, or a recusal
	WhoseName     string          `json:"whose_name,omitempty"`
	WhoseRole     hub.Role        `json:"whose_role,omitempty"` // "" where a recusal is of somebody with several
	Recusal       string          `json:"recusal,omitempty"`    // said, lifted
	Ground        string          `json:"ground,omitempty"`     // of a recusal, forvaltningsloven § 3 stk. 1: of the own authority's people only
	OtherEnd      string          `json:"other_end,omitempty"`  // of a disclosure, whether it was recorded at the other end too: matched, missing

	whyRef    string
	whyDigest []byte
	whyBox    []byte
	whyFor    hub.AuthorityID
}

// Group is rows that were put together: by a person, by what it was done to, by who passed
// on to whom, or by act and outcome.
type Group struct {
	Person    hub.ID          `json:"person,omitempty"`
	Name      string          `json:"name,omitempty"`
	Role      hub.Role        `json:"role,omitempty"`
	Authority hub.AuthorityID `json:"authority,omitempty"` // where they work; whose people passed it on
	Recipient hub.AuthorityID `json:"recipient,omitempty"`
	Kind      string          `json:"object_kind,omitempty"`
	Object    string          `json:"object_id,omitempty"`
	Act       hub.Act         `json:"act,omitempty"`
	Outcome   string          `json:"outcome,omitempty"`
	Rows      int             `json:"rows"`
	Looks     int             `json:"requests"` // in how many requests: a page that lists fifty is one
	Refused   int             `json:"refused"`
	First     time.Time       `json:"first"`
	Last      time.Time       `json:"last"`
	Why       []string        `json:"why"` // purposes, each with its legal basis where it has one
}

// of is the group that was put together so on a way.
func (g Group) of(way string, by []string, first, last time.Time, why []string) Group {
	g.First, g.Last, g.Why = first, last, why
	switch way {
	case "subject", "item":
		g.Person, g.Role, g.Authority = hub.ID(by[0]), hub.Role(by[1]), hub.AuthorityID(by[2])
		return g
	case "person":
		g.Kind, g.Object = by[0], by[1]
	case "disclosure":
		g.Authority, g.Recipient = hub.AuthorityID(by[0]), hub.AuthorityID(by[1])
	default:
		g.Act, g.Outcome = hub.Act(by[0]), by[1]
	}
	g.Name = ""
	return g
}

// Codes lists what a group may say.
func (Group) Codes() map[string][]string {
	c := Row{}.Codes()
	return map[string][]string{"role": c["role"], "act": c["act"], "outcome": c["outcome"]}
}

// Day is how many rows there are of a day.
type Day struct {
	Day  string `json:"day"` // YYYY-MM-DD in Copenhagen
	Rows int    `json:"rows"`
}

// Did is what was done in the words of the pages: the act, and of break-glass what
// of it. One that takes a second person was only asked for, and one that was refused
// was never more.
func (r Row) Did() string {
	var asked struct{ Step string } // read leniently, as in masked
	if r.Question == (policies.Glass{}).Question() {
		_ = json.Unmarshal(r.Input, &asked)
	}
	switch {
	case r.Act == hub.ActSearch && r.ObjectID != "":
		return "listed"
	case r.Act == hub.ActCollect && r.Recipient != "":
		return "received"
	case r.Act == hub.ActRevoke && r.Recipient != "" && r.Recipient == r.Controller:
		return "gone"
	case r.Act == hub.ActBreakGlass && r.Outcome == "deny":
		return "glass.tried"
	case r.Act == hub.ActBreakGlass && slices.Contains(r.Obligations, "second_person"):
		return "glass.asked"
	case r.Outcome == "allow" && asked.Step == "second" && r.Act == hub.ActGrant:
		return "glass.yes"
	case r.Outcome == "allow" && asked.Step == "second" && r.Act == hub.ActDecide:
		return "glass.no"
	case r.Outcome == "allow" && asked.Step == "end":
		return "glass.ended"
	}
	return string(r.Act)
}

// Waits reports whether the row allows no more than that somebody else is asked.
func (r Row) Waits() bool { return r.Did() == "glass.asked" }

// Shown are the fields of a row in the words of the pages: where only the mask
// was shown, they say so.
func (r Row) Shown() []string { return shown(r.Fields, r.Masked) }

func shown(fields, masked []string) []string {
	list := slices.Clone(fields)
	for i, f := range list {
		if slices.Contains(masked, f) {
			list[i] = f + "_masked"
		}
	}
	return list
}

// masked are the fields of a row that were shown as a mask: a personal number is
// read whole only where it was asked for by itself (L29), and what the question
// was stands in the row.
func masked(act hub.Act, fields []string, question string, input json.RawMessage) []string {
	found := act == hub.ActSearch && question == (policies.View{}).Question() // else it was searched by
	if act != hub.ActConsult && act != hub.ActExport && !found || !slices.Contains(fields, "cpr") {
		return nil
	}
	var asked struct{ Action string } // read leniently: rows outlive the shape of a question
	if err := json.Unmarshal(input, &asked); err == nil && question == (policies.Act{}).Question() && asked.Action == "reveal" {
		return nil
	}
	return []string{"cpr"}
}

// Codes lists what a row may say. The hub's own doings are among it, and what
// was told without a name.
func (Row) Codes() map[string][]string {
	return map[string][]string{"act": web.Codes(hub.Acts), "outcome": Outcomes, "role": append(web.Codes(hub.Roles), string(hub.Anonymous), "system"),
		"other_end": {"matched", "missing"}, "sealed": {"other_authority", "missing", "changed"}, "recusal": {"said", "lifted"}, "ground": service.Grounds, "whose_role": web.Codes(hub.Roles)}
}

// Again is a decision of the trail made again: by the rules of its day, and by
// today's.
type Again struct {
	Row      int64   `json:"row"`
	Possible bool    `json:"possible"` // policy was asked; else there is nothing to make again
	Revision string  `json:"revision"` // that decided
	Then     *Judged `json:"then,omitempty" doc:"By the data of that day. Missing where it is not kept, or where the hub of today cannot read it."`
	Whole    bool    `json:"whole" doc:"Not only the data is of that day: the hub judges by the same rules as then, and so must say what the trail says."`
	Now      Judged  `json:"now" doc:"By the rules of today."`
	Same     bool    `json:"same_revision"` // which are those of that day
	Differ   bool    `json:"differ"`        // by today's rules the answer is another than by those of that day, or than the trail says where those are gone
}

// Judged is an answer of the rules to what was asked then.
type Judged struct {
	Revision    string   `json:"revision"`
	Allow       bool     `json:"allow"`
	Fields      []string `json:"fields"`
	Reasons     []string `json:"reasons"`
	Obligations []string `json:"obligations"`
	Agrees      bool     `json:"agrees"` // with what the trail says
}

// judged compares a row with what the rules of a revision say.
func judged(r Row, a policies.Answer, revision string) Judged {
	g := Judged{Revision: revision, Allow: a.Allow, Fields: some(a.Fields), Reasons: some(a.Reasons), Obligations: some(a.Obligations)}
	if slices.Equal(r.Reasons, []string{"hat_mismatch"}) {
		// Refused before any rule, because the question was in another hat's
		// name. The rules alone cannot say so again.
		g.Agrees = r.Outcome == "deny"
		return g
	}
	g.Agrees = slices.Equal(some(r.Reasons), g.Reasons) && slices.Equal(some(r.Obligations), g.Obligations)
	if r.Outcome == "allow" {
		g.Agrees = g.Agrees && a.Allow && within(r.Fields, a.Fields)
	}
	return g
}

// unlike reports whether two answers are not the same, whoever gave them.
func (g Judged) unlike(o Judged) bool {
	return g.Allow != o.Allow || !slices.Equal(g.Fields, o.Fields) || !slices.Equal(g.Reasons, o.Reasons) || !slices.Equal(g.Obligations, o.Obligations)
}

// within reports whether what was shown is no more than what the rules open. A
// rule that opens no fields of its own (to register, to submit) sets no limit.
func within(shown, opened []string) bool {
	if len(opened) == 0 {
		return true
	}
	return !slices.ContainsFunc(shown, func(f string) bool { return !slices.Contains(opened, f) })
}

func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
