package referral

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// course is the row of a case in this room. Its state is with the access facts.
type course struct {
	ID            hub.ID          `db:"case_id"`
	Concern       hub.ID          `db:"concern"`
	Subject       hub.ID          `db:"subject"`
	Municipality  hub.AuthorityID `db:"municipality"`
	Police        hub.AuthorityID `db:"police"`
	Version       int             `db:"version"`
	Assessed      int             `db:"assessed"`
	NextAt        time.Time       `db:"next_at"`
	StepTold      int             `db:"step_told"`
	FollowUps     int             `db:"followups"`
	Round         int             `db:"round"`
	ClosingFrom   State           `db:"closing_from"`
	ResumeAt      *time.Time      `db:"resume_at"`
	ClosedAt      *time.Time      `db:"closed_at"`
	Reason        string          `db:"reason"`
	RetentionRule string          `db:"retention_rule"`
	EraseAt       time.Time       `db:"erase_at"`
}

const courseColumns = `case_id, concern, subject, municipality, police, version, assessed, next_at, step_told, followups, round, closing_from, resume_at,
	closed_at, reason, retention_rule, erase_at`

func (c *course) into() []any {
	return []any{&c.ID, &c.Concern, &c.Subject, &c.Municipality, &c.Police, &c.Version, &c.Assessed, &c.NextAt, &c.StepTold, &c.FollowUps, &c.Round,
		&c.ClosingFrom, &c.ResumeAt, &c.ClosedAt, &c.Reason, &c.RetentionRule, &c.EraseAt}
}

// other is the other of the two parties' authorities.
func (c *course) other(a hub.AuthorityID) hub.AuthorityID {
	if a == c.Municipality {
		return c.Police
	}
	return c.Municipality
}

// place is where the texts of a thing are sealed to.
func place(kind string, id hub.ID) string { return "referral." + kind + "/" + string(id) + "/" }

// lockCourse reads the row of a case for a command, and holds it until the
// command ends. Without one it is nil.
func lockCourse(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) (*course, error) {
	rows, err := tx.Query(ctx, `select `+courseColumns+` from course where case_id = $1 for update`, id)
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[course])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return c, err
}

// insertCourse writes a new row. False: there is one of this case already.
func insertCourse(ctx context.Context, tx *pg.Tx, _ policies.Grant, c *course) (bool, error) {
	tag, err := tx.Exec(ctx, `insert into course (case_id, concern, subject, municipality, police, version, assessed, next_at, retention_rule, erase_at)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10) on conflict do nothing`,
		c.ID, c.Concern, c.Subject, c.Municipality, c.Police, c.Version, c.Assessed, c.NextAt, c.RetentionRule, c.EraseAt)
	return tag.RowsAffected() == 1, err
}

// updateCourse writes what a command changed, and makes it the next version.
func updateCourse(ctx context.Context, tx *pg.Tx, _ policies.Grant, c *course) error {
	_, err := tx.Exec(ctx, `update course set version = version + 1, assessed = $2, next_at = $3, step_told = $4, followups = $5, round = $6, closing_from = $7,
		resume_at = $8, closed_at = $9, reason = $10, retention_rule = $11, erase_at = $12 where case_id = $1`,
		c.ID, c.Assessed, c.NextAt, c.StepTold, c.FollowUps, c.Round, c.ClosingFrom, c.ResumeAt, c.ClosedAt, c.Reason, c.RetentionRule, c.EraseAt)
	c.Version++
	return err
}

// concernOf is the concern that a case came of.
func concernOf(ctx context.Context, tx *pg.Tx, id hub.ID) (of hub.ID, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select i.came_of from access.item i where i.kind = 'case' and i.id = $1), '')`, id).Scan(&of)
	return of, err
}

// stateOf is where an item stands, for what the hub does by itself.
func stateOf(ctx context.Context, tx *pg.Tx, kind string, id hub.ID) (state string, err error) {
	err = tx.QueryRow(ctx, `select state from access.item where kind = $1 and id = $2`, kind, id).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		err = hub.NotFound()
	}
	return state, err
}

// offer is the row of an offer, with its state.
type offer struct {
	ID         hub.ID          `db:"id"`
	Case       hub.ID          `db:"case_id"`
	Subject    hub.ID          `db:"subject"`
	Sender     hub.AuthorityID `db:"sender"`
	Receiver   hub.AuthorityID `db:"receiver"`
	Department string          `db:"department"`
	Hats       []hub.ID        `db:"hats"`
	Dimension  string          `db:"dimension"`
	Measure    string          `db:"measure"`
	Kind       string          `db:"kind"`
	UntilAge   int             `db:"until_age"`
	Consent    hub.ID          `db:"consent"`
	Answer     string          `db:"answer"`
	Status     string          `db:"status"`
	Outcome    string          `db:"outcome"`
	OwnerHat   hub.ID          `db:"owner_hat"`
	Owner      hub.ID          `db:"owner"`
	Version    int             `db:"version"`
	MadeAt     time.Time       `db:"made_at"`
	Person     hub.ID          `db:"by_person"`
	Hat        hub.ID          `db:"by_hat"`
	SentAt     *time.Time      `db:"sent_at"`
	DueAt      time.Time       `db:"due_at"`
	AnsweredAt *time.Time      `db:"answered_at"`
	EndedAt    *time.Time      `db:"ended_at"`
	NextAt     time.Time       `db:"next_at"`
	Told       int             `db:"told"`
	ClosedFrom OfferState      `db:"closed_from"` // how it stood when its case was closed
	State      OfferState      `db:"state"`       // from the access facts
}

const offerColumns = `o.id, o.case_id, o.subject, o.sender, o.receiver, o.department, o.hats, o.dimension, o.measure, o.kind, o.until_age, o.consent, o.answer,
	o.status, o.outcome, o.owner_hat, o.owner, o.version, o.made_at, o.by_person, o.by_hat, o.sent_at, o.due_at, o.answered_at, o.ended_at, o.next_at, o.told, o.closed_from`

func (o *offer) into() []any {
	return []any{&o.ID, &o.Case, &o.Subject, &o.Sender, &o.Receiver, &o.Department, &o.Hats, &o.Dimension, &o.Measure, &o.Kind, &o.UntilAge, &o.Consent, &o.Answer,
		&o.Status, &o.Outcome, &o.OwnerHat, &o.Owner, &o.Version, &o.MadeAt, &o.Person, &o.Hat, &o.SentAt, &o.DueAt, &o.AnsweredAt, &o.EndedAt, &o.NextAt, &o.Told, &o.ClosedFrom}
}

// offers are those of a case with their states, held until the command ends.
func offers(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) ([]*offer, error) {
	rows, err := tx.Query(ctx, `select `+offerColumns+`, i.state from offer o join access.item i on i.id = o.id where o.case_id = $1 order by o.made_at, o.id for update of o`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[offer])
}

// caseOf is the case that an offer belongs to; "" where there is no such offer.
func caseOf(ctx context.Context, tx *pg.Tx, id hub.ID) (of hub.ID, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select case_id from offer where id = $1), '')`, id).Scan(&of)
	return of, err
}

// offerOf is the case that an offer belongs to, and the kind of its measure; ""
// for whoever is nothing to the offer, and where there is no such offer.
func offerOf(ctx context.Context, tx *pg.Tx, id hub.ID) (of hub.ID, kind string, err error) {
	err = tx.Sheet(ctx, "offer", id, new(pg.Relation), `select o.case_id, o.kind from offer o where o.id = r.id`, &of, &kind)
	return of, kind, err
}

func insertOffer(ctx context.Context, tx *pg.Tx, _ policies.Grant, o *offer) error {
	_, err := tx.Exec(ctx, `insert into offer (id, case_id, subject, sender, receiver, department, hats, dimension, measure, kind, until_age, made_at, by_person, by_hat, due_at, next_at)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`,
		o.ID, o.Case, o.Subject, o.Sender, o.Receiver, o.Department, o.Hats, o.Dimension, o.Measure, o.Kind, o.UntilAge, o.MadeAt, o.Person, o.Hat, o.DueAt, o.NextAt)
	return err
}

// updateOffer writes what a command changed, and makes it the next version.
func updateOffer(ctx context.Context, tx *pg.Tx, _ policies.Grant, o *offer) error {
	_, err := tx.Exec(ctx, `update offer set version = version + 1, consent = $2, answer = $3, status = $4, outcome = $5, owner_hat = $6, owner = $7, sent_at = $8,
		answered_at = $9, ended_at = $10, next_at = $11, told = $12, closed_from = $13 where id = $1`,
		o.ID, o.Consent, o.Answer, o.Status, o.Outcome, o.OwnerHat, o.Owner, o.SentAt, o.AnsweredAt, o.EndedAt, o.NextAt, o.Told, o.ClosedFrom)
	o.Version++
	return err
}

// putProgress appends a note about a measure, and gives its number.
func putProgress(ctx context.Context, tx *pg.Tx, g policies.Grant, o *offer, in Progress) (n int, err error) {
	who := g.Actor()
	var said *talkCodes
	if in.Talk != nil {
		said = &talkCodes{in.Talk.Status, in.Talk.Mode, in.Talk.Identity, in.Talk.Guardian}
	}
	err = tx.QueryRow(ctx, `insert into progress (offer, n, at, person, hat, status, owner_hat, start_on, end_on, talk)
		select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, nullif($7, '')::date, nullif($8, '')::date, $9 from progress where offer = $1 returning n`,
		o.ID, tx.Now, who.Person, who.Hat.ID, in.Status, o.OwnerHat, in.Start, in.End, said).Scan(&n)
	return n, err
}

// talkCodes is what is kept of a talk beside its words.
type talkCodes struct {
	Status   string `json:"status"`
	Mode     string `json:"mode,omitempty"`
	Identity string `json:"identity,omitempty"`
	Guardian string `json:"guardian,omitempty"`
}

func insertConsent(ctx context.Context, tx *pg.Tx, g policies.Grant, id, of hub.ID, in Consented) error {
	who := g.Actor()
	_, err := tx.Exec(ctx, `insert into consent (id, case_id, signed_on, fields, recipients, person, hat, at) values ($1,$2,$3,$4,$5,$6,$7,$8)`,
		id, of, in.SignedOn, in.Fields, in.Recipients, who.Person, who.Hat.ID, tx.Now)
	return err
}

// consents are those of a case, the newest first.
func consents(ctx context.Context, tx *pg.Tx, of hub.ID) ([]consent, error) {
	rows, err := tx.Query(ctx, `select id, signed_on::text, fields, recipients, at, hat, ended_at from consent where case_id = $1 order by at desc, id`, of)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[consent])
}

// endConsent notes that a consent was withdrawn. One that is not there is
// NotFound, one that has ended a Conflict.
func endConsent(ctx context.Context, tx *pg.Tx, g policies.Grant, id, of hub.ID) error {
	var ended bool
	err := tx.QueryRow(ctx, `select ended_at is not null from consent where id = $1 and case_id = $2 for update`, id, of).Scan(&ended)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return hub.NotFound()
	case err != nil:
		return err
	case ended:
		return hub.Conflict("error.already_ended")
	}
	_, err = tx.Exec(ctx, `update consent set ended_at = $2, ended_by = $3 where id = $1`, id, tx.Now, g.Actor().Person)
	return err
}

func putFollowUp(ctx context.Context, tx *pg.Tx, g policies.Grant, c *course, in Followed, next time.Time) error {
	who := g.Actor()
	_, err := tx.Exec(ctx, `insert into followup (case_id, n, at, person, hat, movements, new_signs, next_at) values ($1,$2,$3,$4,$5,$6,$7,$8)`,
		c.ID, c.FollowUps, tx.Now, who.Person, who.Hat.ID, in.Movements, in.NewSigns, next)
	return err
}

// putTask notes that something comes back, once.
func putTask(ctx context.Context, tx *pg.Tx, _ policies.Grant, id, of hub.ID, version int, why string, n int, due time.Time) error {
	_, err := tx.Exec(ctx, `insert into task (id, case_id, version, why, n, due_at, at) values ($1,$2,$3,$4,$5,$6,$7) on conflict (case_id, version, why, n) do nothing`,
		id, of, version, why, n, due, tx.Now)
	return err
}

// dropExpiry forgets that earlier versions of an assessment end: a later one holds.
func dropExpiry(ctx context.Context, tx *pg.Tx, _ policies.Grant, of hub.ID, version int) error {
	_, err := tx.Exec(ctx, `delete from task where case_id = $1 and why = 'expiry' and version < $2 and followup is null`, of, version)
	return err
}

// tick marks tasks of a case as done by a follow-up, and reports whether every
// one of them stood there.
func tick(ctx context.Context, tx *pg.Tx, _ policies.Grant, of hub.ID, ids []hub.ID, followup int) (bool, error) {
	tag, err := tx.Exec(ctx, `update task set followup = $3 where case_id = $1 and id = any($2) and followup is null`, of, ids, followup)
	return int(tag.RowsAffected()) == len(ids), err
}

// putProposal notes what one person said in this round.
func putProposal(ctx context.Context, tx *pg.Tx, g policies.Grant, c *course, what string, in Closure, share hub.ID) (n int, err error) {
	who := g.Actor()
	err = tx.QueryRow(ctx, `insert into proposal (case_id, round, what, n, person, hat, authority, reason, informed, ground, share, at, level)
		select $1, $2, $3, coalesce(max(n), 0) + 1, $4, $5, $6, $7, $8, $9, $10, $11, $12 from proposal where case_id = $1 and round = $2 returning n`,
		c.ID, c.Round, what, who.Person, who.Hat.ID, who.Authority, in.Reason, in.Informed, in.InformGround, share, tx.Now, in.Level).Scan(&n)
	return n, err
}

// proposals are what was said in this round, the newest first.
func proposals(ctx context.Context, tx *pg.Tx, c *course, what string) ([]Proposal, error) {
	rows, err := tx.Query(ctx, `select person, hat, authority, reason, at, share from proposal where case_id = $1 and round = $2 and what = $3 order by n desc`, c.ID, c.Round, what)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Proposal])
}

// parts are the items that are parts of a case, and the questions that came of
// it, whichever room's. Offers came of it too, and are ended by themselves.
func parts(ctx context.Context, tx *pg.Tx, id hub.ID) ([]pg.Item, error) {
	rows, err := tx.Query(ctx, `select kind, id from access.item where (part_of = $1 or came_of = $1) and kind <> 'offer' order by id`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (i pg.Item, err error) { return i, r.Scan(&i.Kind, &i.ID) })
}

// putStep appends to the case's history in this room.
func putStep(ctx context.Context, tx *pg.Tx, g policies.Grant, id hub.ID, a Action, offer hub.ID, state string) error {
	who := g.Actor()
	_, err := tx.Exec(ctx, `insert into step (case_id, n, at, action, offer, state, person, hat)
		select $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6, $7 from step where case_id = $1`, id, tx.Now, a, offer, state, who.Person, who.Hat.ID)
	return err
}
