package assessment

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

// request is the row of a question, with what of its case it needs.
type request struct {
	ID         hub.ID          `db:"id"`
	Case       hub.ID          `db:"case_id"`
	Asker      hub.AuthorityID `db:"asker"`
	Authority  hub.AuthorityID `db:"authority"`
	Department string          `db:"department"`
	State      string          `db:"state"`
	Outcome    string          `db:"outcome"`
	Answer     hub.ID          `db:"answer"`
	Version    int             `db:"version"`
	AskedAt    time.Time       `db:"asked_at"`
	DueAt      time.Time       `db:"due_at"`
	SettledAt  *time.Time      `db:"settled_at"`
	Person     hub.ID          `db:"by_person"`
	Hat        hub.ID          `db:"by_hat"`

	Subject      hub.ID          `db:"subject"`
	Municipality hub.AuthorityID `db:"municipality"`
	EraseAt      time.Time       `db:"erase_at"`
}

const requestColumns = `q.id, q.case_id, q.asker, q.authority, q.department, q.state, q.outcome, q.answer, q.version, q.asked_at, q.due_at, q.settled_at, q.by_person, q.by_hat,
	c.subject, c.municipality, c.erase_at`

func insertRequest(ctx context.Context, tx *pg.Tx, _ policies.Grant, q *request) error {
	_, err := tx.Exec(ctx, `insert into request (id, case_id, asker, authority, department, state, asked_at, due_at, by_person, by_hat)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`, q.ID, q.Case, q.Asker, q.Authority, q.Department, q.State, q.AskedAt, q.DueAt, q.Person, q.Hat)
	return err
}

// setShare notes the share by which another authority sees the question.
func setShare(ctx context.Context, tx *pg.Tx, _ policies.Grant, id, share hub.ID) error {
	_, err := tx.Exec(ctx, `update request set share = $2 where id = $1`, id, share)
	return err
}

func lockRequest(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) (*request, error) {
	rows, err := tx.Query(ctx, `select `+requestColumns+` from request q join cases c on c.id = q.case_id where q.id = $1 for update of q`, id)
	if err != nil {
		return nil, err
	}
	q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[request])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, hub.NotFound()
	}
	return q, err
}

// holdCaseOf holds the case of a question before the question, as every other
// command does: a closing and an answer then wait for one another, once. For whoever
// is nothing to the question there is no case: what is forbidden runs the statements
// of what never was, and no others (G7).
func holdCaseOf(ctx context.Context, tx *pg.Tx, id hub.ID) error {
	var of hub.ID
	if err := tx.Sheet(ctx, "request", id, new(pg.Relation), `select q.case_id from request q where q.id = r.id`, &of); err != nil {
		return err
	}
	_, err := tx.Relation(ctx, "case", of)
	return err
}

// requestsOf locks the questions of a case.
func requestsOf(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) ([]*request, error) {
	rows, err := tx.Query(ctx, `select `+requestColumns+` from request q join cases c on c.id = q.case_id where q.case_id = $1 order by q.id for update of q`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[request])
}

func updateRequest(ctx context.Context, tx *pg.Tx, _ policies.Grant, q *request) error {
	_, err := tx.Exec(ctx, `update request set state = $2, outcome = $3, answer = $4, settled_at = $5, version = version + 1 where id = $1`,
		q.ID, q.State, q.Outcome, q.Answer, q.SettledAt)
	q.Version++
	return err
}

// inCircle reports whether an authority takes part in a case: as a party, by
// somebody invited, or by a question put to it.
func inCircle(ctx context.Context, tx *pg.Tx, id hub.ID, a hub.AuthorityID) (in bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select from cases c where c.id = $1 and $2 in (c.municipality, c.police))
		or exists (select from member m where m.case_id = $1 and m.authority = $2 and `+stateOf("$3")+` = 'invited')
		or exists (select from request q where q.case_id = $1 and $2 in (q.asker, q.authority) and q.state <> 'retracted')`, id, a, tx.Now).Scan(&in)
	return in, err
}

// answerRow is the row of an answer.
type answerRow struct {
	ID         hub.ID          `json:"id"`
	Request    hub.ID          `json:"request"`
	Case       hub.ID          `json:"case"`
	Subject    hub.ID          `json:"subject"`
	Controller hub.AuthorityID `json:"controller"`
	Grade      int             `json:"grade"`
	Statements []said          `json:"statements"`
	State      string          `json:"state"`
	Version    int             `json:"version"`
	Hat        hub.ID          `json:"hat"`
	At         time.Time       `json:"at"`

	Municipality hub.AuthorityID `json:"-"` // whose case it is
}

func insertAnswer(ctx context.Context, tx *pg.Tx, g policies.Grant, q *request, id hub.ID, in Answer) error {
	clear := make([]said, len(in.Statements))
	for i, s := range in.Statements {
		clear[i] = said{s.Kind, s.Reliability, s.AsOf, s.Class, s.Special}
	}
	statements, err := json.Marshal(clear)
	if err != nil {
		return err
	}
	who := g.Actor()
	_, err = tx.Exec(ctx, `insert into answer (id, request, case_id, subject, controller, grade, statements, state, person, hat, at)
		values ($1,$2,$3,$4,$5,$6,$7,'released',$8,$9,$10)`, id, q.ID, q.Case, q.Subject, who.Authority, *in.Grade, statements, who.Person, who.Hat.ID, tx.Now)
	return err
}

// answersOf are the answers of a case.
func answersOf(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) ([]answerRow, error) {
	rows, err := tx.Query(ctx, `select id, subject, controller, version, state from answer where case_id = $1 order by id`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (a answerRow, err error) {
		return a, r.Scan(&a.ID, &a.Subject, &a.Controller, &a.Version, &a.State)
	})
}

// endAnswer withdraws the row of an answer.
func endAnswer(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) (a answerRow, err error) {
	err = tx.QueryRow(ctx, `update answer set state = 'withdrawn', version = version + 1 where id = $1 and state = 'released'
		returning id, case_id, subject, controller, version, (select municipality from cases where cases.id = case_id)`, id).
		Scan(&a.ID, &a.Case, &a.Subject, &a.Controller, &a.Version, &a.Municipality)
	return a, err
}
