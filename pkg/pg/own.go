package pg

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Period is a time in which a controller has blind indexes of numbers.
type Period struct {
	Controller hub.AuthorityID
	Period     string
}

// NumberPeriods lists the periods of every controller, in an order that does not
// change.
func (tx *Tx) NumberPeriods(ctx context.Context) ([]Period, error) {
	rows, err := tx.Query(ctx, `select controller, period from access.number_periods()`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Period])
}

// PutMarks keeps the blind indexes of the number that an issuer says is a person's
// own, instead of those that it said before. From its commit on the person is recused
// from everything about a subject that has one of the same, and whether there is one
// is nowhere to be told from: not from the answer, nor from what is written.
func (tx *Tx) PutMarks(ctx context.Context, person hub.ID, issuer string, marks []string) error {
	_, err := tx.Exec(ctx, `select access.put_marks($1, $2, $3)`, person, issuer, some(marks))
	return err
}

// ForgetMarks forgets what it knows of the numbers of those who work here no more.
func (tx *Tx) ForgetMarks(ctx context.Context) error {
	_, err := tx.Exec(ctx, `select access.forget_marks($1)`, tx.Now)
	return err
}

// Marked is a subject with a blind index of its number.
type Marked struct {
	Subject hub.ID
	Mark    string
}

// MarkSubjects keeps blind indexes of subjects' numbers, as [Tx.PutMarks] does those
// of the people who work here, and the periods that there are. What is there already
// stays.
func (tx *Tx) MarkSubjects(ctx context.Context, g policies.Grant, all []Period, list ...Marked) error {
	if err := tx.holder(g); err != nil {
		return err
	}
	var controllers, periods, subjects, marks []string
	for _, p := range all {
		controllers, periods = append(controllers, string(p.Controller)), append(periods, p.Period)
	}
	for _, m := range list {
		subjects, marks = append(subjects, string(m.Subject)), append(marks, m.Mark)
	}
	_, err := tx.Exec(ctx, `select access.mark_subjects($1, $2, $3, $4)`, some(controllers), some(periods), some(subjects), some(marks))
	return err
}

// MarkHome keeps blind indexes of where a subject lives, by kind (home, house), in place of
// those that it had; with none it has none.
func (tx *Tx) MarkHome(ctx context.Context, g policies.Grant, subject hub.ID, kinds, marks []string) error {
	if err := tx.holder(g); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `select access.mark_home($1, $2, $3)`, subject, some(kinds), some(marks))
	return err
}

// OwnNumber reports whether one of the marks is of the actor's own number, or of the
// address that was kept with it: it is about what was typed, and about no subject.
func (tx *Tx) OwnNumber(ctx context.Context, marks []string) (own bool, err error) {
	err = tx.QueryRow(ctx, `select access.own_number($1, $2)`, tx.who.Person, some(marks)).Scan(&own)
	return own, err
}

// Self reports whether the actor is the subject, as far as the hub knows.
func (tx *Tx) Self(ctx context.Context, subject hub.ID) (self bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select from access.own o where o.person = $1 and o.subject = $2)`, tx.who.Person, subject).Scan(&self)
	return self, err
}
