package assessment

import (
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// Dissenting is a view of one's own, as prominent as the majority's, with its
// test. It is added, and never changed or taken away.
type Dissenting struct {
	About  string       `json:"about"`                       // level, or a dimension's code
	Level  string       `json:"level,omitempty" of:"levels"` // the level that one would set oneself
	Reason hub.Personal `json:"reason" min:"30" max:"2000"`
	Test   hub.Personal `json:"test" min:"20" max:"2000"` // "I would change my mind if …"
	Due    string       `json:"due"`                      // YYYY-MM-DD: when it comes back
}

func (in Dissenting) check(by structure.Instrument, today time.Time) hub.Problems {
	var p hub.Problems
	if _, ok := by.Dimension(in.About); !ok && in.About != "level" {
		p.Add("about", "error.choose")
	}
	if _, ok := by.Level(in.Level); !ok && in.Level != "" {
		p.Add("level", "error.choose")
	}
	service.Text(&p, "reason", in.Reason, service.MinNecessity, service.MaxText)
	service.Text(&p, "test", in.Test, minTest, service.MaxText)
	date(&p, "due", in.Due)
	ahead(&p, "due", in.Due, today)
	return p
}

func (x *room) addDissent(r *web.Request, in Dissenting) (CaseReceipt, error) {
	return x.change(r, Dissent, hub.ActChange, func(d *doing) error {
		v, err := x.written(d)
		if err != nil {
			return err
		}
		by, err := x.against(v, d.tx.Now)
		if err != nil {
			return err
		}
		if err := in.check(by.Instrument, by.today).Err(); err != nil {
			return err
		}
		who := d.tx.Who()
		due, _ := time.ParseInLocation(time.DateOnly, in.Due, hub.Copenhagen)
		n := len(v.Dissents) + 1
		o := objection{Case: d.ID, Version: v.N, N: n, By: who.Hat.ID, About: in.About, Due: due.UTC(), Salt: string(x.NewID()), Level: in.Level, At: d.tx.Now,
			Reason: typed(in.Reason), Test: typed(in.Test)}
		if err := x.put(d, map[string]any{textOf("dissent", v.N, strconv.Itoa(n)): o}); err != nil {
			return err
		}
		kept := dissented{N: n, Person: who.Person, Hat: who.Hat.ID, Authority: who.Authority, About: in.About, Due: o.Due, At: d.tx.Now, Hash: digest(o)}
		if err := putDissent(d.ctx, d.tx, d.grant, d.ID, v.N, kept); err != nil {
			return err
		}
		v.Dissents = append(v.Dissents, kept)
		return x.renew(d, v)
	})
}

// Informing is the decision on the duty to inform the person (L35): now, later,
// or exempt with the number of databeskyttelsesloven § 22 and a day on which it
// is looked at again.
type Informing struct {
	Decision string       `json:"decision"`         // now, later, exempt
	Ground   string       `json:"ground,omitempty"` // of exempt: 1, or 2-1 to 2-10
	Again    string       `json:"again,omitempty"`  // YYYY-MM-DD; of later and exempt
	Reason   hub.Personal `json:"reason,omitzero"`  // of later and exempt
}

// Informings are the three decisions, and Grounds the numbers of § 22 on which
// it can be exempt. There is no refusing of everything (L33): it is decided for
// one case, with a reason and a day.
var (
	Informings = []string{"now", "later", "exempt"}
	Grounds    = []string{"1", "2-1", "2-2", "2-3", "2-4", "2-5", "2-6", "2-7", "2-8", "2-9", "2-10"}
)

// Check finds what is missing of the decision.
func (in Informing) Check(today time.Time) hub.Problems {
	var p hub.Problems
	if !slices.Contains(Informings, in.Decision) {
		p.Add("decision", "error.choose")
		return p
	}
	if exempt := in.Decision == "exempt"; exempt != (in.Ground != "") || exempt && !slices.Contains(Grounds, in.Ground) {
		p.Add("ground", "assessment.error.ground")
	}
	if in.Decision == "now" {
		service.Text(&p, "reason", in.Reason, 0, service.MaxText)
		if in.Again != "" {
			p.Add("again", "assessment.error.again")
		}
		return p
	}
	service.Text(&p, "reason", in.Reason, service.MinNecessity, service.MaxText)
	date(&p, "again", in.Again)
	ahead(&p, "again", in.Again, today)
	return p
}

func (x *room) decideInform(r *web.Request, in Informing) (CaseReceipt, error) {
	return x.change(r, Inform, hub.ActDecide, func(d *doing) error {
		if err := in.Check(d.tx.Now.In(hub.Copenhagen)).Err(); err != nil {
			return err
		}
		v, err := x.working(d)
		if err != nil {
			return err
		}
		v.Inform, v.InformGround, v.InformAgain, v.InformHat, v.InformAt = in.Decision, in.Ground, in.Again, d.tx.Who().Hat.ID, &d.tx.Now
		if v.fresh {
			v.SavedAt = d.tx.Now
		}
		if err := putVersion(d.ctx, d.tx, d.grant, d.ID, v); err != nil {
			return err
		}
		return x.put(d, map[string]any{textOf("inform", v.N): typed(in.Reason)})
	})
}

// Signing is one person's signature: on the content that they read.
type Signing struct {
	Content string `json:"content"` // the hash that stood with what was read
}

// signAssessment is one person's signature. What they send must be the hash of
// what they read, and what they read must be what is there (L38).
func (x *room) signAssessment(r *web.Request, in Signing) (CaseReceipt, error) {
	read, err := x.onPath(r, false)
	if err != nil {
		return CaseReceipt{}, err
	}
	return x.change(r, Sign, hub.ActDecide, func(d *doing) error {
		v, err := x.written(d)
		if err == nil && in.Content == "" {
			err = hub.Invalid("content", "error.required")
		}
		if err != nil {
			return err
		}
		now := hex.EncodeToString(v.Content)
		if old := read.Joint.of(v.N); in.Content != now || old.Content != now {
			return hub.Conflict(jointChanged)
		}
		by, err := x.against(v, d.tx.Now)
		if err != nil {
			return err
		}
		if err := read.Joint.unready(by).Err(); err != nil {
			return err
		}
		who := d.tx.Who()
		signed := standing(v.Signatures, v.Content)
		if !maySign(who.Person, signed) {
			return hub.Conflict("assessment.error.signed_already")
		}
		s := Signature{Party: party(who), Person: who.Person, Hat: who.Hat.ID, At: d.tx.Now, Hash: v.Content}
		if err := putSignature(d.ctx, d.tx, d.grant, d.ID, v.N, s); err != nil {
			return err
		}
		done := len(awaited(v.Drafter, append(signed, s))) == 0
		d.facts = append(d.facts, event.AssessmentSigned{Case: d.ID, Concern: d.Concern, Subject: d.Subject, Version: v.N, Party: s.Party, Authority: d.Municipality,
			Police: d.Police, Complete: done, Due: x.due(Recommended, d.Municipality, d.tx.Now)})
		if !done {
			return nil
		}
		return x.complete(d, v, read.Joint.Joint)
	})
}

// complete ends a version: from here on it is never changed. What nobody knew,
// the test that a dissent named, and the day until which the whole holds, come
// back by themselves (S8).
func (x *room) complete(d *doing, v *version, says Joint) error {
	v.State, v.SignedAt = signed, &d.tx.Now
	d.State = Recommended
	n := 0
	for _, dim := range says.Dimensions {
		for _, g := range dim.Gaps {
			n++
			due, _ := time.ParseInLocation(time.DateOnly, g.Due, hub.Copenhagen)
			d.facts = append(d.facts, event.FollowUpNeeded{Case: d.ID, Version: v.N, Why: "gap", N: n, Due: due.UTC()})
		}
	}
	for _, o := range v.Dissents {
		d.facts = append(d.facts, event.FollowUpNeeded{Case: d.ID, Version: v.N, Why: "dissent", N: o.N, Due: o.Due})
	}
	d.facts = append(d.facts, event.FollowUpNeeded{Case: d.ID, Version: v.N, Why: "expiry", N: 1, Due: on(says.ValidUntil).UTC()})
	return putVersion(d.ctx, d.tx, d.grant, d.ID, v)
}

// unready is everything that keeps a version from being signed, all of it at
// once; the duty to inform is decided before S6 is left (L35).
func (v *JointView) unready(by table) hub.Problems {
	p := v.Joint.Missing(by)
	for i, d := range v.Joint.Dimensions {
		for _, side := range d.sides() {
			for n, e := range *side.list {
				if slices.Contains(v.withdrawn, e.Answer) {
					p.Add(at(i, side.name, n, "answer"), "assessment.error.withdrawn")
				}
			}
		}
	}
	if v.Inform == nil {
		p.Add("inform", "assessment.error.inform")
	}
	return p
}

// reassess begins the next version, as a copy of the one that was signed.
func (x *room) reassess(r *web.Request, _ struct{}) (CaseReceipt, error) {
	read, err := x.onPath(r, false)
	if err != nil {
		return CaseReceipt{}, err
	}
	return x.change(r, Reassess, hub.ActChange, func(d *doing) error {
		v, err := x.working(d)
		if err != nil {
			return err
		}
		old := read.Joint.of(v.N - 1)
		if !v.fresh || old.Version == 0 {
			return hub.Conflict(jointChanged)
		}
		return x.save(d, v, old.Joint.again(), stamp{})
	})
}

// typed is a text as it was typed by the actor, on its way into a box.
func typed(p hub.Personal) string { return strings.TrimSpace(p.Reveal(context.Background())) }
