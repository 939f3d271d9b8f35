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

// States of a version of the joint assessment.
const (
	drafted = "draft"
	signed  = "signed"
)

// version is the row of one version of the joint assessment. Its words are in
// sealed.
type version struct {
	N             int        `json:"version"`
	State         string     `json:"state"`
	Edit          int        `json:"edit"`
	Instrument    string     `json:"instrument"`
	Of            string     `json:"instrument_version"`
	Drafter       hub.ID     `json:"drafter"` // the person who saved it last: must sign
	DrafterHat    hub.ID     `json:"drafter_hat"`
	SavedAt       time.Time  `json:"saved_at"`
	ValidUntil    string     `json:"valid_until"` // YYYY-MM-DD
	Text          []byte     `json:"text"`        // hash of what it says
	Content       []byte     `json:"content"`     // hash of that and the dissents: what is signed
	Cites         []cite     `json:"cites"`
	Inform        string     `json:"inform"`
	InformGround  string     `json:"inform_ground"`
	InformAgain   string     `json:"inform_again"`
	InformHat     hub.ID     `json:"inform_hat"`
	InformAt      *time.Time `json:"inform_at"`
	SignedAt      *time.Time `json:"signed_at"`
	Signatures    []Signature
	Dissents      []dissented
	fresh, voided bool // begun by this command; changed after somebody signed
}

// dissented is what is kept in clear of a dissent.
type dissented struct {
	N         int             `json:"n"`
	Person    hub.ID          `json:"person"`
	Hat       hub.ID          `json:"hat"`
	Authority hub.AuthorityID `json:"authority"`
	About     string          `json:"about"`
	Due       time.Time       `json:"due"`
	At        time.Time       `json:"at"`
	Hash      []byte          `json:"hash"`
}

// versionsSQL is a column: every version of a case with its signatures and
// dissents, as jsonb.
const versionsSQL = `coalesce((select jsonb_agg(jsonb_build_object('version', v.version, 'state', v.state, 'edit', v.edit, 'instrument', v.instrument,
	'instrument_version', v.instrument_version, 'drafter', v.drafter, 'drafter_hat', v.drafter_hat, 'saved_at', v.saved_at, 'valid_until', coalesce(v.valid_until::text, ''),
	'text', encode(v.text, 'base64'), 'content', encode(v.content, 'base64'), 'cites', v.cites, 'inform', v.inform, 'inform_ground', v.inform_ground,
	'inform_again', coalesce(v.inform_again::text, ''), 'inform_hat', v.inform_hat, 'inform_at', v.inform_at, 'signed_at', v.signed_at,
	'Signatures', (select jsonb_agg(jsonb_build_object('party', s.party, 'person', s.person, 'hat', s.hat, 'at', s.at, 'hash', encode(s.hash, 'base64'),
		'voided_at', s.voided_at) order by s.n) from signature s where s.case_id = v.case_id and s.version = v.version),
	'Dissents', (select jsonb_agg(jsonb_build_object('n', d.n, 'person', d.person, 'hat', d.hat, 'authority', d.authority, 'about', d.about, 'due', d.due_at,
		'at', d.at, 'hash', encode(d.hash, 'base64')) order by d.n) from dissent d where d.case_id = v.case_id and d.version = v.version))
	order by v.version) from assessment v where v.case_id = c.id), '[]')`

// versions reads the versions of a case whose row is locked.
func versions(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) (all []version, err error) {
	err = tx.QueryRow(ctx, `select `+versionsSQL+` from cases c where c.id = $1`, id).Scan(&all)
	return all, err
}

// putVersion writes a version, new or changed. One that is signed is never
// written again.
func putVersion(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID, v *version) error {
	tag, err := tx.Exec(ctx, `insert into assessment as a (case_id, version, state, edit, instrument, instrument_version, drafter, drafter_hat, begun_at, saved_at,
			valid_until, text, content, cites, inform, inform_ground, inform_again, inform_hat, inform_at, signed_at)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,nullif($11, '')::date,$12,$13,$14,$15,$16,nullif($17, '')::date,$18,$19,$20)
		on conflict (case_id, version) do update set state = $3, edit = $4, drafter = $7, drafter_hat = $8, saved_at = $10, valid_until = nullif($11, '')::date,
			text = $12, content = $13, cites = $14, inform = $15, inform_ground = $16, inform_again = nullif($17, '')::date, inform_hat = $18, inform_at = $19, signed_at = $20
		where a.state = 'draft'`,
		id, v.N, v.State, v.Edit, v.Instrument, v.Of, v.Drafter, v.DrafterHat, tx.Now, v.SavedAt, v.ValidUntil, v.Text, v.Content, v.Cites, v.Inform, v.InformGround,
		v.InformAgain, v.InformHat, v.InformAt, v.SignedAt)
	if err == nil && tag.RowsAffected() == 0 {
		return errors.New("assessment: a signed version is never changed")
	}
	return err
}

// putSignature appends a signature.
func putSignature(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID, n int, s Signature) error {
	_, err := tx.Exec(ctx, `insert into signature (case_id, version, n, party, person, hat, at, hash)
		select $1, $2, coalesce(max(n), 0) + 1, $3, $4, $5, $6, $7 from signature where case_id = $1 and version = $2`, id, n, s.Party, s.Person, s.Hat, s.At, s.Hash)
	return err
}

// voidSignatures voids those of a version that count, and keeps them.
func voidSignatures(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID, n int) (int64, error) {
	tag, err := tx.Exec(ctx, `update signature set voided_at = $3 where case_id = $1 and version = $2 and voided_at is null`, id, n, tx.Now)
	return tag.RowsAffected(), err
}

// putDissent appends a dissent.
func putDissent(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID, version int, d dissented) error {
	_, err := tx.Exec(ctx, `insert into dissent (case_id, version, n, person, hat, authority, about, due_at, at, hash) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`,
		id, version, d.N, d.Person, d.Hat, d.Authority, d.About, d.Due, d.At, d.Hash)
	return err
}

// isAnswerOf reports whether an answer is one of the case's, and released.
func isAnswerOf(ctx context.Context, tx *pg.Tx, _ policies.Grant, id, answer hub.ID) (is bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select from answer where id = $1 and case_id = $2 and state = 'released')`, answer, id).Scan(&is)
	return is, err
}

// contributed is who wrote an answer of the case, for the dimensions that cite it.
type contributed struct {
	Answer    hub.ID          `json:"answer"`
	Authority hub.AuthorityID `json:"authority"`
	Hat       hub.ID          `json:"hat"`
	State     string          `json:"state"`
}

// contributedSQL is a column: the answers of a case, without what they say.
const contributedSQL = `coalesce((select jsonb_agg(jsonb_build_object('answer', w.id, 'authority', w.controller, 'hat', w.hat, 'state', w.state) order by w.id)
	from answer w where w.case_id = c.id), '[]')`

// session is one meeting of a case, as its agenda has it.
type session struct {
	Meeting    hub.ID     `json:"meeting"`
	At         time.Time  `json:"at"`
	HeldAt     *time.Time `json:"held_at"`
	Attendance []attended `json:"attendance"`
	NoNote     string     `json:"no_note"`
}

// sessionsSQL is a column: the meetings of a case, as jsonb.
const sessionsSQL = `coalesce((select jsonb_agg(jsonb_build_object('meeting', m.id, 'at', m.at, 'held_at', g.held_at, 'attendance', g.attendance, 'no_note', g.no_note)
	order by m.at, m.id) from agenda g join meeting m on m.id = g.meeting where g.case_id = c.id), '[]')`

// meetingOf makes the municipality's meeting at a time, or finds it.
func meetingOf(ctx context.Context, tx *pg.Tx, g policies.Grant, id hub.ID, municipality hub.AuthorityID, at time.Time) (hub.ID, error) {
	if _, err := tx.Exec(ctx, `insert into meeting (id, municipality, at, by_person, made_at) values ($1,$2,$3,$4,$5) on conflict do nothing`,
		id, municipality, at, g.Actor().Person, tx.Now); err != nil {
		return "", err
	}
	err := tx.QueryRow(ctx, `select id from meeting where municipality = $1 and at = $2`, municipality, at).Scan(&id)
	return id, err
}

// putOnAgenda puts a case on a meeting's agenda, and takes it off any other on
// which it was not discussed yet. At one meeting a case is discussed once.
func putOnAgenda(ctx context.Context, tx *pg.Tx, _ policies.Grant, meeting, id hub.ID) error {
	if _, err := tx.Exec(ctx, `delete from agenda where case_id = $1 and held_at is null and meeting <> $2`, id, meeting); err != nil {
		return err
	}
	var held bool
	err := tx.QueryRow(ctx, `insert into agenda (meeting, case_id) values ($1, $2) on conflict (meeting, case_id) do update set no_note = agenda.no_note
		returning held_at is not null`, meeting, id).Scan(&held)
	if err == nil && held {
		return hub.Invalid("date", "assessment.error.discussed")
	}
	return err
}

// openSession is the meeting at which a case is to be discussed.
func openSession(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID) (s session, err error) {
	err = tx.QueryRow(ctx, `select m.id, m.at from agenda g join meeting m on m.id = g.meeting where g.case_id = $1 and g.held_at is null order by m.at limit 1`, id).Scan(&s.Meeting, &s.At)
	if errors.Is(err, pgx.ErrNoRows) {
		err = hub.Conflict("assessment.error.no_meeting")
	}
	return s, err
}

// closeSession notes that a case was discussed.
func closeSession(ctx context.Context, tx *pg.Tx, _ policies.Grant, id hub.ID, s session) error {
	_, err := tx.Exec(ctx, `update agenda set held_at = $3, attendance = $4, no_note = $5 where case_id = $1 and meeting = $2`, id, s.Meeting, s.HeldAt, s.Attendance, s.NoNote)
	return err
}
