package assessment

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// JointDraft is the joint assessment as somebody saves it, and which edit of it
// they had before them. It replaces all that is written.
type JointDraft struct {
	Edit int `json:"edit,omitzero"` // 0 where nothing is written yet
	Joint
}

// jointChanged is the error of a text that was saved elsewhere meanwhile; both
// texts are shown, and nothing is lost.
const jointChanged = "assessment.error.joint_changed"

// The commands read the case first, as the same person and on record: what was
// written before is sealed, and opens only to a committed record. Whether it
// still is what they read, they see by its hash once the row is locked.

func (x *room) draftAssessment(r *web.Request, in JointDraft) (CaseReceipt, error) {
	read, err := x.onPath(r, false)
	if err != nil {
		return CaseReceipt{}, err
	}
	return x.change(r, Draft, hub.ActChange, func(d *doing) error {
		v, err := x.working(d)
		if err != nil {
			return err
		}
		old := read.Joint.of(v.N)
		if in.Edit != v.Edit || old.Edit != v.Edit {
			return hub.Conflict(jointChanged)
		}
		by, err := x.against(v, d.tx.Now)
		if err != nil {
			return err
		}
		if err := in.Faults(by).Err(); err != nil {
			return err
		}
		says := in.Joint.arrange(by.Instrument)
		if v.Edit > 0 && bytes.Equal(digest(says), digest(old.Joint)) {
			return nil // nothing was changed, and so nothing signed is voided
		}
		set, err := x.setLevel(d.tx.Who(), says.Level, old.Joint.Level, old.set, d.tx.Now)
		if err != nil {
			return err
		}
		if err := x.mayCite(d, says, old.Joint); err != nil {
			return err
		}
		return x.save(d, v, says, set)
	})
}

// setLevel stamps a level with who set it. Only a named human with a post sets
// one: never the hub, never a service, and never a copy (L38).
func (x *room) setLevel(who hub.Actor, level, old string, set stamp, now time.Time) (stamp, error) {
	if level == old {
		return set, nil
	}
	post, ok := x.Structure.Post(who.Hat.ID)
	if !ok || post.Person != who.Person || post.Role != who.Role || !post.Holds(now) {
		return stamp{}, hub.Denied("assessment.error.human")
	}
	if level == "" {
		return stamp{}, nil
	}
	return stamp{By: who.Hat.ID, At: now}, nil
}

// working is the version that is being written; where the last is signed, or
// there is none, the next begins.
func (x *room) working(d *doing) (*version, error) {
	all, err := versions(d.ctx, d.tx, d.grant, d.ID)
	if err != nil {
		return nil, err
	}
	v := version{N: 1, State: drafted, Cites: []cite{}, fresh: true}
	if len(all) > 0 {
		last := all[len(all)-1]
		if last.State == drafted {
			return &last, nil
		}
		v.N, v.Instrument, v.Of = last.N+1, last.Instrument, last.Of // a case keeps the instrument with which it began
	} else {
		in, ok := x.Structure.InstrumentAt(begun(d.casework))
		if !ok {
			return nil, errors.New("assessment: the structure file has no instrument")
		}
		v.Instrument, v.Of = in.ID, in.Version
	}
	d.Round = v.N
	return &v, nil
}

// begun is when a case began, as its instrument counts it.
func begun(c *casework) time.Time {
	if c.OpenedAt != nil {
		return *c.OpenedAt
	}
	return c.BegunAt
}

// written is the version that is being written, where something is written.
func (x *room) written(d *doing) (*version, error) {
	v, err := x.working(d)
	if err == nil && v.Edit == 0 {
		err = hub.Conflict("assessment.error.nothing_written")
	}
	return v, err
}

// against is what a version is held against.
func (x *room) against(v *version, now time.Time) (table, error) {
	in, ok := x.Structure.Instrument(v.Instrument, v.Of)
	if !ok {
		return table{}, errors.New("assessment: the structure file lacks the instrument of a case: " + v.Instrument + " " + v.Of)
	}
	return table{in, x.couldKnow, now.In(hub.Copenhagen)}, nil
}

// couldKnow reports whether an authority can be asked: a housing association
// never is (L5).
func (x *room) couldKnow(id hub.AuthorityID) bool {
	a, ok := x.Structure.Authority(id)
	return ok && a.Kind != hub.HousingAssociation
}

// mayCite refuses a new reference to an answer that is not the case's, or that
// the writer may not see.
func (x *room) mayCite(d *doing, says, old Joint) error {
	had := old.citations()
	for _, c := range says.citations() {
		if slices.ContainsFunc(had, func(h cite) bool { return h.Answer == c.Answer }) {
			continue
		}
		is, err := isAnswerOf(d.ctx, d.tx, d.grant, d.ID, c.Answer)
		if err != nil {
			return err
		}
		if is {
			is, err = x.sees(d, c.Answer)
		}
		if err != nil {
			return err
		}
		if !is {
			return hub.Invalid(says.placeOf(c.Answer), "error.choose")
		}
	}
	return nil
}

// sees reports whether the actor is given what an answer says.
func (x *room) sees(d *doing, answer hub.ID) (bool, error) {
	rel, err := d.tx.Relation(d.ctx, "answer", answer)
	if err != nil {
		return false, err
	}
	g, err := d.tx.Ask(d.ctx, rel.View(d.tx.Who(), hub.Prevention))
	if errors.As(err, new(*policies.Denial)) {
		return false, nil
	}
	return err == nil && g.Allows("grade"), err
}

// placeOf is the field of the first statement that cites an answer.
func (j Joint) placeOf(answer hub.ID) string {
	for i := range j.Dimensions {
		for _, side := range j.Dimensions[i].sides() {
			for n, e := range *side.list {
				if e.Answer == answer {
					return at(i, side.name, n, "answer")
				}
			}
		}
	}
	return "dimensions"
}

// save writes a version's text as its next edit. Whoever saved it last is its
// drafter, and must sign.
func (x *room) save(d *doing, v *version, says Joint, set stamp) error {
	who := d.tx.Who()
	c := content{Case: d.ID, Version: v.N, Instrument: v.Instrument, Of: v.Of, Salt: string(x.NewID()), Set: set, Says: says}
	if err := x.put(d, c.split()); err != nil {
		return err
	}
	v.Edit++
	v.Drafter, v.DrafterHat, v.SavedAt = who.Person, who.Hat.ID, d.tx.Now
	v.ValidUntil, v.Cites, v.Text = says.ValidUntil, says.citations(), digest(c)
	return x.renew(d, v)
}

// renew gives a version the hash of what it now says, and voids what was signed
// of it before: one byte changed, and nobody has signed it.
func (x *room) renew(d *doing, v *version) error {
	var hashes [][]byte
	for _, o := range v.Dissents {
		hashes = append(hashes, o.Hash)
	}
	v.Content = sum(v.Text, hashes)
	if err := putVersion(d.ctx, d.tx, d.grant, d.ID, v); err != nil {
		return err
	}
	_, err := voidSignatures(d.ctx, d.tx, d.grant, d.ID, v.N)
	return err
}

// put seals texts of the case, each as JSON in its place.
func (x *room) put(d *doing, parts map[string]any) error {
	sealed := x.Seal(d.Subject, place("case", d.ID))
	for field, part := range parts {
		b, err := json.Marshal(part)
		if err != nil {
			return err
		}
		sealed.Put(field, hub.NewPersonal(string(b)))
	}
	texts, err := sealed.Texts()
	if err != nil {
		return err
	}
	return d.tx.PutTexts(d.ctx, d.grant, d.ID, texts)
}
