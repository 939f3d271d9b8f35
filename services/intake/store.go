package intake

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// concern is a row: references, codes, states and times. Its words are boxes.
type concern struct {
	ID            hub.ID            `db:"id"`
	Subject       hub.ID            `db:"subject"`
	ReporterKey   *hub.ID           `db:"reporter_key"`
	Author        hub.ID            `db:"author"`
	Controller    hub.AuthorityID   `db:"controller"`
	ReceivedBy    hub.AuthorityKind `db:"received_by"`
	Municipality  hub.AuthorityID   `db:"municipality"`
	Police        hub.AuthorityID   `db:"police"`
	State         State             `db:"state"`
	Version       int               `db:"version"`
	Purpose       hub.Purpose       `db:"purpose"`
	Basis         hub.LegalBasis    `db:"basis"`
	Channel       string            `db:"channel"`
	ReporterKind  string            `db:"reporter_kind"`
	Urgency       string            `db:"urgency"`
	Child         string            `db:"child"`
	Statements    []meta            `db:"statements"`
	CheckOutcome  string            `db:"check_outcome"`
	TriageOutcome string            `db:"triage_outcome"`
	Track         string            `db:"track"`
	CreatedAt     time.Time         `db:"created_at"`
	ReceivedAt    *time.Time        `db:"received_at"`
	StepDue       *time.Time        `db:"step_due"`
	StepTold      int               `db:"step_told"`
	ChildDue      *time.Time        `db:"child_due"`
	ChildTold     int               `db:"child_told"`
	ChildOutcome  string            `db:"child_outcome"`
	RetentionRule string            `db:"retention_rule"`
	EraseAt       time.Time         `db:"erase_at"`
}

// heedAge lets what is known of the age outweigh an answer (L25).
func (c *concern) heedAge(s pg.Subject) {
	if s.AgeBand == "under_18" {
		c.Child = "yes"
	}
}

const columns = `id, subject, reporter_key, author, controller, received_by, municipality, police, state, version,
	purpose, basis, channel, reporter_kind, urgency, child, statements, check_outcome, triage_outcome, track,
	created_at, received_at, step_due, step_told, child_due, child_told, child_outcome, retention_rule, erase_at`

// meta is what is kept in clear of a statement: never its words.
type meta struct {
	Kind       string `json:"kind"`
	ObservedOn string `json:"observed_on,omitempty"`
	FirstHand  bool   `json:"first_hand,omitempty"`
}

// box is one sealed text.
type box struct {
	Field string `json:"field"`
	Key   hub.ID `json:"key"`
	Box   []byte `json:"box"`
}

// judgement is one coordinator's triage, its rationale sealed.
type judgement struct {
	N       int       `json:"n"`
	Party   string    `json:"party"`
	Person  hub.ID    `json:"person"`
	At      time.Time `json:"at"`
	Outcome State     `json:"outcome"`
	Track   string    `json:"track"`
	Box     []byte    `json:"box"`
}

// step is a line of the concern's own history.
type step struct {
	At     time.Time `json:"at"`
	Action Action    `json:"action"`
	State  State     `json:"state"`
	Person hub.ID    `json:"person"`
	Hat    hub.ID    `json:"hat"`
}

// sheet is a concern with all that hangs on it, as one statement reads it.
type sheet struct {
	concern
	Boxes      []box
	Judgements []judgement
	Steps      []step
}

// lock reads the row for a command, and holds it until the command ends.
func lock(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) (*concern, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from intake.concern where id = $1 for update`, id)
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[concern])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, hub.NotFound()
	}
	return c, err
}

// insert writes a new concern.
func insert(ctx context.Context, tx *pg.Tx, _ policies.Grant, c *concern) error {
	metas, err := json.Marshal(c.Statements)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into intake.concern (`+columns+`) values
		($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29)`,
		c.ID, c.Subject, c.ReporterKey, c.Author, c.Controller, c.ReceivedBy, c.Municipality, c.Police, c.State, c.Version,
		c.Purpose, c.Basis, c.Channel, c.ReporterKind, c.Urgency, c.Child, metas, c.CheckOutcome, c.TriageOutcome, c.Track,
		c.CreatedAt, c.ReceivedAt, c.StepDue, c.StepTold, c.ChildDue, c.ChildTold, c.ChildOutcome, c.RetentionRule, c.EraseAt)
	return err
}

// update writes what a command changed, and makes it the next version.
func update(ctx context.Context, tx *pg.Tx, _ policies.Grant, c *concern) error {
	metas, err := json.Marshal(c.Statements)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update intake.concern set version = version + 1, reporter_key = $2, state = $3, purpose = $4, basis = $5,
		channel = $6, reporter_kind = $7, urgency = $8, child = $9, statements = $10, check_outcome = $11, triage_outcome = $12,
		track = $13, received_at = $14, step_due = $15, step_told = $16, child_due = $17, child_told = $18, child_outcome = $19,
		retention_rule = $20, erase_at = $21, municipality = $22 where id = $1`,
		c.ID, c.ReporterKey, c.State, c.Purpose, c.Basis, c.Channel, c.ReporterKind, c.Urgency, c.Child, metas, c.CheckOutcome,
		c.TriageOutcome, c.Track, c.ReceivedAt, c.StepDue, c.StepTold, c.ChildDue, c.ChildTold, c.ChildOutcome, c.RetentionRule,
		c.EraseAt, c.Municipality)
	c.Version++
	return err
}

// remove deletes a draft and all that hangs on it.
func remove(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) error {
	_, err := tx.Exec(ctx, `delete from intake.concern where id = $1 and state = 'draft'`, id)
	return err
}

// putBoxes replaces the sealed texts of a concern.
func putBoxes(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID, boxes []box) error {
	fields, keys, texts := make([]string, len(boxes)), make([]string, len(boxes)), make([][]byte, len(boxes))
	for i, b := range boxes {
		fields[i], keys[i], texts[i] = b.Field, string(b.Key), b.Box
	}
	if _, err := tx.Exec(ctx, `delete from intake.words where concern = $1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into intake.words (concern, field, key, box)
		select $1, f, k, b from unnest($2::text[], $3::text[], $4::bytea[]) as t(f, k, b)`, id, fields, keys, texts)
	return err
}

// putStep appends to the concern's history.
func putStep(ctx context.Context, tx *pg.Tx, g policies.Grant, id hub.ID, a Action, to State) error {
	who := g.Actor()
	_, err := tx.Exec(ctx, `insert into intake.step (concern, n, at, action, state, person, hat)
		select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6 from intake.step where concern = $1`,
		id, tx.Now, a, to, who.Person, who.Hat.ID)
	return err
}

// judgedBy is whose triage of a party is the latest; "" where it has given none.
func judgedBy(ctx context.Context, tx *pg.Tx, id hub.ID, party string) (person hub.ID, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select person from intake.judgement where concern = $1 and party = $2 and not void order by n desc limit 1), '')`, id, party).Scan(&person)
	return person, err
}

// voidJudgements makes the triages that were given count no more.
func voidJudgements(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) error {
	_, err := tx.Exec(ctx, `update intake.judgement set void = true where concern = $1`, id)
	return err
}

// putJudgement appends one coordinator's triage and gives the latest of each.
func putJudgement(ctx context.Context, tx *pg.Tx, g policies.Grant, id hub.ID, party string, j Judgement, sealed []byte) (municipal, police *Judgement, err error) {
	if _, err = tx.Exec(ctx, `insert into intake.judgement (concern, n, party, person, at, outcome, track, box)
		select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, $7 from intake.judgement where concern = $1`,
		id, party, g.Actor().Person, tx.Now, j.Outcome, j.Track, sealed); err != nil {
		return nil, nil, err
	}
	rows, err := tx.Query(ctx, `select distinct on (party) party, outcome, track from intake.judgement where concern = $1 and not void order by party, n desc`, id)
	if err != nil {
		return nil, nil, err
	}
	var by string
	var last Judgement
	_, err = pgx.ForEachRow(rows, []any{&by, &last.Outcome, &last.Track}, func() error {
		j := last
		if by == "police" {
			police = &j
		} else {
			municipal = &j
		}
		return nil
	})
	return municipal, police, err
}
