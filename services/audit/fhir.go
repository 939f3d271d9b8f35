package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// The rows of a search as FHIR R4 AuditEvents, one for each, after the patterns of IHE's
// Basic Audit Log Patterns where a row has all that one needs. It says what the sheet
// says, of what the sheet says it; why so: docs/decisions/0025-audit-events.md.

// fhirType is the type of a Bundle of them.
const fhirType = "application/fhir+json"

// balp is where the patterns are defined, and balpVersion which edition of them it is.
const (
	balp        = "https://profiles.ihe.net/ITI/BALP/"
	balpVersion = "1.1.4"
)

// Code systems.
const (
	dicom     = "http://dicom.nema.org/resources/ontology/DCM"
	lifecycle = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
	eventType = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	restful   = "http://hl7.org/fhir/restful-interaction"
	entities  = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	roles     = "http://terminology.hl7.org/CodeSystem/object-role"
	takesPart = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	roleClass = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
	snomed    = "http://snomed.info/sct"
	security  = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
	sources   = "http://terminology.hl7.org/CodeSystem/security-source-type"
	resources = "http://hl7.org/fhir/resource-types"
	absent    = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
	uris      = "urn:ietf:rfc:3986"
)

// shape is who takes part in an event, and what it is about.
type shape int

const (
	asPlain     shape = iota // as FHIR itself has it
	asRead                   // a client reads from the hub
	asQuery                  // a client asks the hub for what it does not know yet
	asDecision               // the hub says whether somebody may
	asSource                 // an authority passes something on
	asRecipient              // and another has it
)

// pattern is how rows of a kind are written.
type pattern struct {
	shape   shape
	kind    coding
	sub     []coding
	action  string
	profile string // of BALP; "" is none
	person  string // of BALP, where the row is about one person; "" is as profile
}

var (
	rest     = coding{eventType, "rest", "Restful Operation"}
	alert    = coding{dicom, "110113", "Security Alert"}
	record   = coding{dicom, "110110", "Patient Record"}
	activity = coding{dicom, "110100", "Application Activity"}
	exported = coding{dicom, "110106", "Export"}
	imported = coding{dicom, "110107", "Import"}
	disclose = coding{lifecycle, "disclose", "Disclose Record Lifecycle Event"}
	rights   = coding{dicom, "110137", "User security Attributes Changed"}
)

// refused is the pattern of every refusal, whatever was tried.
const refused = "refused"

// patterns are by what was done ([Row.Did]), else by the act.
var patterns = map[string]pattern{
	refused:       {asDecision, alert, []coding{{balp + "CodeSystem/AuthZsubType", "AuthZ-Role", "Authorization Decision using only Roles"}}, "E", "", "IHE.BasicAudit.AuthZconsent"},
	"consult":     {asRead, rest, []coding{{restful, "read", "read"}}, "R", "IHE.BasicAudit.Read", "IHE.BasicAudit.PatientRead"},
	"search":      {asQuery, rest, []coding{{restful, "search", "search"}}, "E", "IHE.BasicAudit.Query", "IHE.BasicAudit.PatientQuery"},
	"disclose":    {asSource, exported, []coding{disclose}, "R", "", "IHE.BasicAudit.PrivacyDisclosure.Source"},
	"received":    {asRecipient, imported, []coding{disclose}, "C", "", "IHE.BasicAudit.PrivacyDisclosure.Recipient"},
	"collect":     {asPlain, record, []coding{{lifecycle, "originate", "Originate/Retain Record Lifecycle Event"}}, "C", "", ""},
	"change":      {asPlain, record, []coding{{lifecycle, "amend", "Amend (Update) Record Lifecycle Event"}}, "U", "", ""},
	"combine":     {asPlain, record, []coding{{lifecycle, "link", "Link Record Lifecycle Event"}}, "R", "", ""},
	"export":      {asPlain, exported, []coding{{lifecycle, "extract", "Extract Record Lifecycle Event"}}, "R", "", ""},
	"erase":       {asPlain, record, []coding{{lifecycle, "destroy", "Destroy/Delete Record Lifecycle Event"}}, "D", "", ""},
	"decide":      {asPlain, record, []coding{{lifecycle, "attest", "Attest Record Lifecycle Event"}}, "U", "", ""},
	"grant":       {asPlain, alert, []coding{rights}, "E", "", ""},
	"revoke":      {asPlain, alert, []coding{rights}, "E", "", ""},
	"admin":       {asPlain, activity, nil, "E", "", ""},
	"break-glass": {asPlain, alert, []coding{{dicom, "110127", "Emergency Override Started"}}, "E", "", ""},
	"glass.asked": {asPlain, alert, nil, "E", "", ""}, // what takes a second person has not begun
	"glass.ended": {asPlain, alert, []coding{{dicom, "110138", "Emergency Override Stopped"}}, "E", "", ""},
}

// pattern is how a row is written.
func (r Row) pattern() pattern {
	if r.Outcome != "allow" {
		return patterns[refused]
	}
	if p, ok := patterns[r.Did()]; ok {
		return p
	}
	if p, ok := patterns[string(r.Act)]; ok {
		return p
	}
	return patterns["admin"] // an act of another day than today's
}

// claims is the profile that a row keeps with its pattern: one only if it has all that the
// profile needs.
func (p pattern) claims(r Row) string {
	user := r.Person != "" && !slices.Contains([]hub.ID{"system", "anonymous", "operator"}, r.Person)
	switch ok := len(r.Subjects) == 1; p.shape {
	case asRead, asQuery:
		if ok {
			return p.person
		}
		return p.profile
	case asDecision:
		if ok && user && r.Authority != "" && r.Revision != "" {
			return p.person
		}
	case asSource, asRecipient:
		if ok && r.Authority != "" && r.Recipient != "" {
			return p.person
		}
	}
	return ""
}

// What of FHIR R4 is written.
type (
	coding struct {
		System  string `json:"system"`
		Code    string `json:"code"`
		Display string `json:"display,omitempty"`
	}
	concept struct {
		Coding []coding `json:"coding"`
	}
	identifier struct {
		System string `json:"system,omitempty"`
		Value  string `json:"value"`
	}
	reference struct {
		Type       string      `json:"type,omitempty"`
		Identifier *identifier `json:"identifier,omitempty"`
		Display    string      `json:"display,omitempty"`
	}
	extension struct {
		URL  string `json:"url"`
		Code string `json:"valueCode"`
	}
	network struct {
		Extension []extension `json:"extension,omitempty"`
		Address   string      `json:"address,omitempty"`
		Type      string      `json:"type,omitempty"`
	}
	agent struct {
		Type      concept   `json:"type"`
		Role      []concept `json:"role,omitempty"`
		Who       reference `json:"who"`
		Requestor bool      `json:"requestor"`
		Policy    []string  `json:"policy,omitempty"`
		Network   *network  `json:"network,omitempty"`
		Purpose   []concept `json:"purposeOfUse,omitempty"`
	}
	detail struct {
		Type  string `json:"type"`
		Value string `json:"valueString"`
	}
	entity struct {
		What        *reference `json:"what,omitempty"`
		Type        coding     `json:"type"`
		Role        *coding    `json:"role,omitempty"`
		Description string     `json:"description,omitempty"`
		Query       string     `json:"query,omitempty"`
		Detail      []detail   `json:"detail,omitempty"`
	}
	source struct {
		Site     string    `json:"site"`
		Observer reference `json:"observer"`
		Type     []coding  `json:"type"`
	}
	meta struct {
		Profile []string `json:"profile"`
	}
	auditEvent struct {
		Resource string    `json:"resourceType"`
		ID       string    `json:"id"`
		Meta     *meta     `json:"meta,omitempty"`
		Type     coding    `json:"type"`
		Subtype  []coding  `json:"subtype,omitempty"`
		Action   string    `json:"action"`
		Recorded string    `json:"recorded"`
		Outcome  string    `json:"outcome"`
		Desc     string    `json:"outcomeDesc,omitempty"`
		Purpose  []concept `json:"purposeOfEvent,omitempty"`
		Agent    []agent   `json:"agent"`
		Source   source    `json:"source"`
		Entity   []entity  `json:"entity"`
	}
	entry struct {
		URL      string     `json:"fullUrl"`
		Resource auditEvent `json:"resource"`
	}
)

// mapper writes rows in the words of a page.
type mapper struct {
	origin    string // of the trail
	word      func(key, code string) string
	named     func(Row) string
	authority func(hub.AuthorityID) string
}

func (x *room) mapper(r *web.Request) mapper {
	return mapper{x.Structure.TrailOrigin(), func(key, code string) string { return worded(r, key, code, code) },
		func(row Row) string { return x.named(r, row) }, func(id hub.AuthorityID) string { return x.called(r, id) }}
}

// at is the address that a name of the hub has elsewhere: nothing need answer there.
func (m mapper) at(name string) string { return "https://" + m.origin + "/" + name }

func (m mapper) own(of, code, key string) []concept {
	if code == "" {
		return nil
	}
	return []concept{{[]coding{{m.at(of), code, m.word(key, code)}}}}
}

func (m mapper) hub() reference {
	return reference{"Device", &identifier{uris, "https://" + m.origin}, "Infohus"}
}

func (m mapper) org(id hub.AuthorityID) reference {
	return reference{"Organization", &identifier{m.at("authority"), string(id)}, m.authority(id)}
}

// wire is where the hub is. The far end of a connection is in no row.
func (m mapper) wire() *network { return &network{Address: "https://" + m.origin, Type: "5"} }

func unkept() *network { return &network{Extension: []extension{{absent, "unsupported"}}} }

func typed(system, code, display string) concept { return concept{[]coding{{system, code, display}}} }

// user is who did it, and the authority for which; none where the hub did.
func (m mapper) user(r Row, kind concept) []agent {
	if r.Person == "" || r.Person == "system" {
		return nil
	}
	who := reference{Identifier: &identifier{m.at("person"), string(r.Person)}, Display: m.named(r)}
	if r.Person != "anonymous" && r.Person != "operator" {
		who.Type = "Practitioner"
	}
	u := agent{Type: kind, Role: m.own("role", string(r.Role), "audit.role."), Who: who, Requestor: true, Purpose: m.own("purpose", string(r.Purpose), "audit.purpose.")}
	if r.Basis != "" {
		u.Policy = []string{m.at("basis/" + url.PathEscape(string(r.Basis)))}
	}
	if r.Authority == "" {
		return []agent{u}
	}
	return []agent{u, {Type: typed(roleClass, "PROV", "healthcare provider"), Who: m.org(r.Authority)}}
}

// agents are who took part, by shape.
func (m mapper) agents(r Row, s shape) []agent {
	recipient := typed(takesPart, "IRCP", "information recipient")
	users := m.user(r, recipient)
	from, to := typed(dicom, "110153", "Source Role ID"), typed(dicom, "110152", "Destination Role ID")
	client := agent{Who: reference{Type: "Device", Display: "browser or program"}, Network: unkept(), Requestor: len(users) == 0}
	if len(users) == 0 {
		client.Who = m.hub()
		client.Network = m.wire()
	}
	server := agent{Who: m.hub(), Network: m.wire()}
	switch s {
	case asRead, asQuery: // a question flows the other way than what is read
		if client.Type, server.Type = to, from; s == asQuery {
			client.Type, server.Type = from, to
		}
		return append([]agent{client, server}, users...)
	case asDecision:
		client.Type, server.Type, server.Network = typed(dicom, "110150", "Application"), typed(security, "authserver", "authorization server"), nil
		return append(append([]agent{client}, users...), server)
	case asSource, asRecipient:
		if r.Authority == "" || r.Recipient == "" {
			break
		}
		all := []agent{{Type: from, Who: m.org(r.Authority), Network: m.wire()}, {Type: to, Who: m.org(r.Recipient), Network: m.wire()}}
		if s == asSource && r.Controller != "" {
			all = append(all, agent{Type: typed(snomed, "159541003", "Record keeping/library clerk"), Who: m.org(r.Controller)})
		}
		return append(all, m.user(r, typed(takesPart, "PPRF", "primary performer"))...)
	}
	if users = m.user(r, typed(takesPart, "PPRF", "primary performer")); len(users) > 0 {
		return users
	}
	return []agent{{Type: typed(dicom, "110150", "Application"), Who: m.hub(), Requestor: true}}
}

// observer is who says so: the hub, and of what passes between authorities the one at the
// end where the row stands.
func (m mapper) observer(r Row, s shape) reference {
	switch {
	case r.Authority == "" || r.Recipient == "":
	case s == asSource:
		return m.org(r.Authority)
	case s == asRecipient:
		return m.org(r.Recipient)
	}
	return m.hub()
}

// about is what it was about: people by the pseudonyms of the row, the thing, and of a
// decision the rules that made it. What has no place of its own stands as a detail.
func (m mapper) about(r Row, s shape) (list []entity) {
	for _, p := range r.Subjects {
		list = append(list, entity{What: &reference{Type: "Patient", Identifier: &identifier{m.at("subject"), p}}, Type: coding{entities, "1", "Person"}, Role: &coding{roles, "1", "Patient"}})
	}
	thing := entity{What: &reference{Display: m.word("audit.object.", r.ObjectKind)}, Type: coding{entities, "2", "System Object"}, Role: &coding{roles, "4", "Domain Resource"}}
	if r.ObjectKind == "" {
		thing.What.Display = "?"
	}
	if r.ObjectID != "" {
		thing.What.Identifier = &identifier{m.at(r.ObjectKind), r.ObjectID}
	}
	rows := ""
	if r.Rows > 0 {
		rows = strconv.Itoa(r.Rows)
	}
	did := r.Did()
	if did == string(r.Act) {
		did = ""
	}
	for _, d := range []detail{{"act", string(r.Act)}, {"did", did}, {"recusal", r.Recusal}, {"object_kind", r.ObjectKind}, {"fields", strings.Join(r.Shown(), ", ")}, {"rows", rows},
		{"controller", string(r.Controller)}, {"recipient", string(r.Recipient)}} {
		if d.Value != "" {
			thing.Detail = append(thing.Detail, d)
		}
	}
	request := entity{What: &reference{Identifier: &identifier{Value: string(r.Request)}}, Type: coding{balp + "CodeSystem/BasicAuditEntityType", "XrequestId", ""}}
	switch s {
	case asDecision: // whose pattern takes nothing else: the thing stands as details
		rules := entity{What: &reference{Display: "the rules that decided"}, Type: coding{resources, "Consent", "Consent"}, Detail: thing.Detail}
		if r.Revision != "" {
			rules.What.Identifier = &identifier{m.at("revision"), r.Revision}
		}
		for _, d := range []detail{{"object_id", r.ObjectID}, {"request", string(r.Request)}} {
			if d.Value != "" {
				rules.Detail = append(rules.Detail, d)
			}
		}
		return append(list, rules)
	case asQuery: // what was typed is in no row: by which fields is
		asked := r.ObjectKind + "?by=" + strings.Join(r.Shown(), ",")
		list = append(list, entity{Type: coding{entities, "2", "System Object"}, Role: &coding{roles, "24", "Query"}, Description: asked, Query: base64.StdEncoding.EncodeToString([]byte(asked))})
		thing.Type, thing.Role = coding{entities, "4", "Other"}, nil
	}
	if list = append(list, thing); r.Request != "" {
		list = append(list, request)
	}
	return list
}

// event is a row as an AuditEvent.
func (m mapper) event(r Row) auditEvent {
	p := r.pattern()
	e := auditEvent{Resource: "AuditEvent", ID: strconv.FormatInt(r.ID, 10), Type: p.kind, Subtype: p.sub, Action: p.action, Recorded: r.At.UTC().Format("2006-01-02T15:04:05.000000Z"), Outcome: "0",
		Purpose: m.own("purpose", string(r.Purpose), "audit.purpose."), Agent: m.agents(r, p.shape), Entity: m.about(r, p.shape),
		Source: source{m.origin, m.observer(r, p.shape), []coding{{sources, "4", "Application Server"}}}}
	if name := p.claims(r); name != "" {
		e.Meta = &meta{[]string{balp + "StructureDefinition/" + name + "|" + balpVersion}}
	}
	if r.Outcome != "allow" {
		var why []string
		for _, reason := range r.Reasons {
			why = append(why, m.word("audit.reason.", reason))
		}
		e.Outcome, e.Desc = "4", strings.Join(why, "; ")
	}
	return e
}

// exportFHIR answers the rows as AuditEvents.
func (x *room) exportFHIR(w http.ResponseWriter, r *web.Request) error {
	var in Taking
	if err := r.JSON(&in); err != nil {
		return err
	}
	return x.events(w, r, in)
}

// events answers every row that is found, the newest first, in pieces: each is decided and
// recorded by itself before it is sent, as those of a bundle are (A089). One that is cut is
// no JSON.
func (x *room) events(w http.ResponseWriter, r *web.Request, in Taking) error {
	m := x.mapper(r)
	var after place
	for first := true; ; first = false {
		var rows []Row
		var more bool
		_, err := x.reading(r.Context(), r.Who, in.stated(), hub.ActExport, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) error {
			f, refs, err := x.seeks(ctx, tx, g, Search{Part: in.Part})
			if err != nil {
				return err
			}
			if err := in.check(); err != nil {
				return err
			}
			in.in(e, refs)
			f.after, f.limit = after, pieceRows
			if rows, err = page(ctx, tx, g, f, refs); err != nil {
				return err
			}
			more = len(rows) > f.limit
			rows = rows[:min(len(rows), f.limit)]
			e.Rows = len(rows)
			return nil
		})
		if err != nil {
			if !first && r.Context().Err() == nil {
				x.Log.ErrorContext(r.Context(), "the rows of the trail as FHIR end before their end", "error", err)
			}
			return err
		}
		var out bytes.Buffer
		if first {
			w.Header().Set("Content-Type", fhirType)
			w.Header().Set("Content-Disposition", `attachment; filename="infohus-log-`+r.Now.In(hub.Copenhagen).Format(time.DateOnly)+`.fhir.json"`)
			head, err := json.Marshal(struct {
				Resource   string     `json:"resourceType"`
				Identifier identifier `json:"identifier"`
				Type       string     `json:"type"`
				At         string     `json:"timestamp"`
			}{"Bundle", identifier{m.at("request"), string(r.ID)}, "collection", r.Now.UTC().Format(time.RFC3339)})
			if err != nil {
				return err
			}
			out.Write(head[:len(head)-1])
		}
		for i, row := range rows {
			e := m.event(row)
			b, err := json.Marshal(entry{m.at("AuditEvent/" + e.ID), e})
			if err != nil {
				return err
			}
			if first && i == 0 {
				out.WriteString(`,"entry":[` + "\n")
			} else {
				out.WriteString(",\n")
			}
			out.Write(b)
		}
		if !more {
			if !first || len(rows) > 0 {
				out.WriteString("\n]")
			}
			out.WriteString("}\n")
		}
		if _, err := w.Write(out.Bytes()); err != nil || !more {
			return err
		}
		last := rows[len(rows)-1]
		after = place{last.At, last.ID}
	}
}
