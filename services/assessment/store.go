package assessment

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// casework is the row of a case. Its state is with the access facts.
type casework struct {
	ID            hub.ID          `db:"id"`
	Concern       hub.ID          `db:"concern"`
	Subject       hub.ID          `db:"subject"`
	Municipality  hub.AuthorityID `db:"municipality"`
	Police        hub.AuthorityID `db:"police"`
	Version       int             `db:"version"`
	Round         int             `db:"round"`
	BegunAt       time.Time       `db:"begun_at"`
	OpenedAt      *time.Time      `db:"opened_at"`
	ClosedAt      *time.Time      `db:"closed_at"`
	NextAt        time.Time       `db:"next_at"`
	StepTold      int             `db:"step_told"`
	RetentionRule string          `db:"retention_rule"`
	EraseAt       time.Time       `db:"erase_at"`
}

const columns = `id, concern, subject, municipality, police, version, round, begun_at, opened_at, closed_at, next_at, step_told, retention_rule, erase_at`

// place is where the texts of a thing are sealed to.
func place(kind string, id hub.ID) string { return "assessment." + kind + "/" + string(id) + "/" }

// step is a line of the case's own history.
type step struct {
	At     time.Time `json:"at"`
	Action string    `json:"action"`
	State  State     `json:"state"`
	Person hub.ID    `json:"person"`
	Hat    hub.ID    `json:"hat"`

	Authority hub.AuthorityID `json:"authority"`
}

// lock reads the row for a command, and holds it until the command ends.
func lock(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) (*casework, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from cases where id = $1 for update`, id)
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[casework])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, hub.NotFound()
	}
	return c, err
}

// insert writes a new case. False: there is one of this concern already.
func insert(ctx context.Context, tx *pg.Tx, _ policies.Grant, c *casework) (bool, error) {
	tag, err := tx.Exec(ctx, `insert into cases (`+columns+`) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14) on conflict (concern) do nothing`,
		c.ID, c.Concern, c.Subject, c.Municipality, c.Police, c.Version, c.Round, c.BegunAt, c.OpenedAt, c.ClosedAt, c.NextAt, c.StepTold, c.RetentionRule, c.EraseAt)
	return tag.RowsAffected() == 1, err
}

// update writes what a command changed, and makes it the next version.
func update(ctx context.Context, tx *pg.Tx, _ policies.Grant, c *casework) error {
	_, err := tx.Exec(ctx, `update cases set version = version + 1, round = $2, opened_at = $3, closed_at = $4, next_at = $5, step_told = $6,
		retention_rule = $7, erase_at = $8 where id = $1`, c.ID, c.Round, c.OpenedAt, c.ClosedAt, c.NextAt, c.StepTold, c.RetentionRule, c.EraseAt)
	c.Version++
	return err
}

// putStep appends to the case's history; of is the authority that the step was of,
// where it was of one.
func putStep(ctx context.Context, tx *pg.Tx, g policies.Grant, id hub.ID, a Action, to State, of hub.AuthorityID) error {
	who := g.Actor()
	_, err := tx.Exec(ctx, `insert into step (case_id, n, at, action, state, person, hat, authority)
		select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, $7 from step where case_id = $1`, id, tx.Now, a, to, who.Person, who.Hat.ID, of)
	return err
}

// putOpening notes one party's confirmation, and reports whether both have. A
// second one of the same party is a Conflict.
func putOpening(ctx context.Context, tx *pg.Tx, g policies.Grant, id hub.ID, party string) (both bool, err error) {
	who := g.Actor()
	var same bool // identity decides, not account and not hat: nobody confirms for both parties (A047)
	if err := tx.QueryRow(ctx, `select exists (select from opening where case_id = $1 and person = $2 and party <> $3)`, id, who.Person, party).Scan(&same); err != nil {
		return false, err
	}
	if same {
		return false, hub.Conflict("assessment.error.second_person")
	}
	tag, err := tx.Exec(ctx, `insert into opening (case_id, party, person, hat, at) values ($1, $2, $3, $4, $5) on conflict do nothing`,
		id, party, who.Person, who.Hat.ID, tx.Now)
	if err != nil {
		return false, err
	}
	if tag.RowsAffected() == 0 {
		return false, hub.Conflict("assessment.error.opened_already")
	}
	err = tx.QueryRow(ctx, `select count(*) = 2 from opening where case_id = $1`, id).Scan(&both)
	return both, err
}

// stateOf is a member's state as the access facts have it at a time (a parameter
// of the statement): whose invitation was ended, in whichever room, or has come to
// its last day, is out, and can be let in again.
func stateOf(at string) string {
	return `case when m.state = 'invited' and not exists (select from access.assignment a where a.id = m.assignment and a.ended_at is null and a.until_at > ` + at + `)
		then 'ended' else m.state end`
}

// recusedSQL is whether a member is too close to the case: they keep their place, and see nothing.
const recusedSQL = `exists (select from access.recusal z where z.item = m.case_id and z.person = m.person)`

var memberColumns = `m.id, m.hat, m.person, m.authority, m.department, m.role, ` + stateOf("$2") + `, m.assignment, m.share, coalesce(m.until_at, '0001-01-01'), ` + recusedSQL

func scanMember(r pgx.CollectableRow) (m Member, err error) {
	err = r.Scan(&m.ID, &m.Hat, &m.Person, &m.Authority, &m.Department, &m.Role, &m.State, &m.Assignment, &m.Share, &m.Until, &m.Recused)
	return m, err
}

// members is the circle of a case.
func members(ctx context.Context, tx *pg.Tx, id hub.ID) ([]Member, error) {
	rows, err := tx.Query(ctx, `select `+memberColumns+` from member m where m.case_id = $1 order by m.authority, m.department, m.role, m.hat`, id, tx.Now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanMember)
}

// memberOf is the member who wears a hat; a zero one where there is none.
func memberOf(ctx context.Context, tx *pg.Tx, id, hat hub.ID) (Member, error) {
	rows, err := tx.Query(ctx, `select `+memberColumns+` from member m where m.case_id = $1 and m.hat = $3`, id, tx.Now, hat)
	if err != nil {
		return Member{}, err
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanMember)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return m, err
}

// putMember writes a member of the circle, new or changed.
func putMember(ctx context.Context, tx *pg.Tx, g policies.Grant, id hub.ID, m Member) error {
	var until *time.Time
	if !m.Until.IsZero() {
		until = &m.Until
	}
	_, err := tx.Exec(ctx, `insert into member (id, case_id, hat, person, authority, department, role, state, assignment, share, until_at, by_person, at)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)
		on conflict (case_id, hat) do update set state = $8, assignment = $9, share = $10, until_at = $11, by_person = $12, at = $13`,
		m.ID, id, m.Hat, m.Person, m.Authority, m.Department, m.Role, m.State, m.Assignment, m.Share, until, g.Actor().Person, tx.Now)
	return err
}
