package pg

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Entry is what a row of the trail says beside who asked and what was decided
// (trust.md 2.3, L15, L16). It holds references and codes, never content.
type Entry struct {
	Act        hub.Act
	Object     hub.Object
	Controller hub.AuthorityID // whose data it is: that authority's DPO finds the row
	Subjects   []hub.ID        // whom it is about; kept as pseudonyms. Their keys are what the receipt opens
	Keys       []hub.ID        // what the receipt opens besides: a reporter's key
	Fields     []string        // what could be seen, also where it was empty; the grant's fields where nil
	Basis      hub.LegalBasis  // the question's basis where empty
	Recipient  hub.AuthorityID // who it was passed on to
	Why        hub.Personal    // justification, sealed in a side row for the controller's DPO
	Rows       int             // how many results a search or list gave
}

// decision is what a Grant and a Denial have in common.
type decision interface {
	Name() string
	Question() policies.Question
	Input() json.RawMessage
	Reasons() []string
	Obligations() []string
	Revision() string
}

const (
	allow = "allow"
	deny  = "deny"
)

// trailLine is a row of audit.trail, without what the database fills in.
type trailLine struct {
	saidAt                                    time.Time
	person, hat, authority, role, issuer, loa string
	session, request, cause                   string
	act, outcome                              string
	question                                  string
	input                                     []byte
	revision                                  string
	reasons, obligations                      []string
	objectKind, objectID                      string
	objectVersion                             int
	controller                                string
	subjects, fields                          []string
	purpose, basis, recipient                 string
	rows                                      int
	whyRef                                    string
	whyDigest                                 []byte
	deputyOf                                  string
}

const trailColumns = `said_at, person, hat, authority, role, issuer, loa, session, request, cause,
	act, outcome, question, input, revision, reasons, obligations, object_kind, object_id, object_version,
	controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest, deputy_of`

const insertTrail = `insert into audit.trail (` + trailColumns + `)
	values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29,$30)`

func (l trailLine) args() []any {
	return []any{l.saidAt, l.person, l.hat, l.authority, l.role, l.issuer, l.loa, l.session, l.request, l.cause,
		l.act, l.outcome, l.question, l.input, l.revision, some(l.reasons), some(l.obligations), l.objectKind, l.objectID, l.objectVersion,
		l.controller, some(l.subjects), some(l.fields), l.purpose, l.basis, l.recipient, l.rows, l.whyRef, l.whyDigest, l.deputyOf}
}

// some makes an absent list an empty one: NULL is not a third answer.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// insertTrails is insertTrail for rows that differ in nothing but what it was done
// to and whom that is about: a page of fifty people commits in half the time.
const insertTrails = `insert into audit.trail (` + trailColumns + `)
	select $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,d.id,d.version,d.controller,string_to_array(d.subjects, ' '),$23,$24,$25,$26,$27,$28,$29,$30
	from unnest($19::text[], $20::int[], $21::text[], $22::text[]) d (id, version, controller, subjects)`

// together gives the first statement of what is queued, and how many it is: such
// rows of the trail as follow one another are written by one, in their order.
func together(last []queued) (q queued, n int) {
	first := last[0].line
	if first == nil {
		return last[0], 1
	}
	var ids, controllers, subjects []string
	var versions []int
	for _, q := range last {
		if q.line == nil || !first.alike(*q.line) {
			break
		}
		ids, versions = append(ids, q.line.objectID), append(versions, q.line.objectVersion)
		controllers, subjects = append(controllers, q.line.controller), append(subjects, strings.Join(q.line.subjects, " "))
	}
	if len(ids) == 1 {
		return last[0], 1
	}
	q = queued{sql: insertTrails, args: first.args()}
	q.args[18], q.args[19], q.args[20], q.args[21] = ids, versions, controllers, subjects
	return q, len(ids)
}

// alike reports whether two rows differ at most in what it was done to and whom that
// is about.
func (l trailLine) alike(m trailLine) bool {
	l.objectID, l.objectVersion, l.controller, l.subjects = m.objectID, m.objectVersion, m.controller, m.subjects
	return reflect.DeepEqual(l, m)
}

const insertReason = `insert into audit.reason (ref, authority, box) values ($1, $2, $3)`

// Record writes one row of the trail for each entry, together with the commit.
// The receipt opens the subjects' keys and the other keys that the entries
// name, once the transaction has committed.
func (tx *Tx) Record(ctx context.Context, g policies.Grant, entries ...Entry) (hub.Receipt, error) {
	if err := tx.holder(g); err != nil {
		return hub.Receipt{}, err
	}
	if len(entries) == 0 {
		return hub.Receipt{}, errors.New("pg: nothing to record")
	}
	var keys []hub.ID
	for _, e := range entries {
		if e.Fields == nil {
			e.Fields = g.Fields()
		}
		if _, err := tx.write(g, e, allow); err != nil {
			return hub.Receipt{}, err
		}
		keys = append(append(keys, e.Subjects...), e.Keys...)
	}
	tx.recorded = true
	return hub.NewReceipt(tx.committed, keys...), nil
}

// Refuse writes a refusal into the trail. It is committed even if the function
// then returns an error and everything else is rolled back.
func (tx *Tx) Refuse(_ context.Context, d *policies.Denial, e Entry) error {
	if d == nil {
		return errors.New("pg: no Denial")
	}
	return tx.refuse(d, e)
}

// Withhold is [Tx.Refuse] where no question was denied: policy gave something, and
// nothing of what was asked for.
func (tx *Tx) Withhold(_ context.Context, e Entry) error { return tx.refuse(nil, e) }

// refuse writes a refusal; d is nil where there was nothing to ask about.
func (tx *Tx) refuse(d decision, e Entry) error {
	e.Fields, e.Rows, e.Why = []string{}, 0, hub.Personal{}
	l, err := tx.write(d, e, deny)
	if err == nil {
		tx.refusals = append(tx.refusals, l)
	}
	return err
}

// write queues a row, and before it the sealed justification.
func (tx *Tx) write(d decision, e Entry, outcome string) (trailLine, error) {
	l := tx.db.line(tx.who, e, tx.Now)
	l.decide(d, outcome)
	if !e.Why.Empty() {
		ref, box, authority, err := tx.db.sealWhy(tx.who, e)
		if err != nil {
			return l, err
		}
		digest := sha256.Sum256(box)
		l.whyRef, l.whyDigest = string(ref), digest[:]
		tx.last = append(tx.last, queued{sql: insertReason, args: []any{ref, authority, box}})
	}
	tx.queue(l)
	return l, nil
}

func (tx *Tx) queue(l trailLine) {
	tx.keepRevision(l.revision)
	tx.last = append(tx.last, queued{insertTrail, l.args(), &l})
}

const insertRevision = `insert into access.revision (revision, document) values ($1, $2) on conflict (revision) do nothing`

// keepRevision keeps the policy that decided, with the first row that names it.
func (tx *Tx) keepRevision(revision string) {
	if kept := tx.db.revision.Load(); revision == "" || *kept == revision || tx.revision == revision || tx.rules.Revision() != revision {
		return
	}
	tx.last = append(tx.last, queued{sql: insertRevision, args: []any{revision, tx.rules.Document()}})
	tx.revision = revision
}

// sealWhy closes a justification for the controller's DPO, or for the actor's
// own where the entry names no controller. The digest in the trail is of the
// box: it tells nothing of the text, and binds the side row to the row.
func (db *DB) sealWhy(who hub.Actor, e Entry) (ref hub.ID, box []byte, authority hub.AuthorityID, err error) {
	if db.reasonKey == nil {
		return "", nil, "", errors.New("pg: no key for justifications (Config.ReasonKey)")
	}
	authority = e.Controller
	if authority == "" {
		authority = who.Authority
	}
	ref = db.newID()
	box, err = db.sealer.Seal(db.reasonKey(authority), ReasonPlace(ref), e.Why)
	if err != nil {
		return "", nil, "", unrecorded(fmt.Errorf("sealing a justification: %w", err))
	}
	return ref, box, authority, nil
}

// ReasonPlace is where a justification is sealed to, as vault.Open must be told.
func ReasonPlace(ref hub.ID) string { return "audit.reason/" + string(ref) }

// line begins a row: who, and what it was done to.
func (db *DB) line(who hub.Actor, e Entry, at time.Time) trailLine {
	l := trailLine{saidAt: at, person: string(who.Person), hat: string(who.Hat.ID), authority: string(who.Authority), role: string(who.Role),
		issuer: who.Issuer, loa: who.LoA, session: string(who.Session), request: string(who.Request), cause: string(who.Cause),
		act: string(e.Act), objectKind: e.Object.Kind, objectID: string(e.Object.ID), objectVersion: e.Object.Version,
		controller: string(e.Controller), fields: e.Fields, basis: string(e.Basis), recipient: string(e.Recipient), rows: e.Rows,
		input: []byte("null"), deputyOf: string(who.Hat.DeputyOf)}
	for _, s := range e.Subjects {
		l.subjects = append(l.subjects, db.sealer.Pseudonym(s))
	}
	if e.Object.Kind == "subject" && e.Object.ID != "" { // the trail names a subject by its pseudonym only
		l.objectID = db.sealer.Pseudonym(e.Object.ID)
	}
	return l
}

// decide adds what was asked and answered: enough to make the decision again.
func (l *trailLine) decide(d decision, outcome string) {
	l.outcome = outcome
	if d == nil {
		l.reasons = []string{"not_found"}
		return
	}
	l.question, l.revision, l.reasons, l.obligations = d.Name(), d.Revision(), d.Reasons(), d.Obligations()
	if in := d.Input(); len(in) > 0 {
		l.input = in
	}
	q := d.Question()
	l.purpose = named(q, "Purpose")
	if l.basis == "" {
		l.basis = named(q, "Basis")
	}
}

// named reads a text attribute of a question by name, "" where it has none.
func named(q policies.Question, name string) string {
	v := reflect.ValueOf(q)
	if v.Kind() != reflect.Struct {
		return ""
	}
	f := v.FieldByName(name)
	if !f.IsValid() || f.Kind() != reflect.String {
		return ""
	}
	return f.String()
}

// keepRefusals commits refusals alone, after what they belong to was rolled back.
func (db *DB) keepRefusals(ctx context.Context, conn *pgx.Conn, of *Tx) error {
	if _, err := conn.Exec(ctx, "begin isolation level "+readCommitted); err != nil {
		return unrecorded(err)
	}
	tx := db.begin(of.who, conn, readCommitted)
	tx.rules = of.rules // they were decided by these
	for _, l := range of.refusals {
		tx.queue(l)
	}
	if err := tx.commit(ctx); err != nil {
		rollback(ctx, conn)
		return err
	}
	return nil
}
