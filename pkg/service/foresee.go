package service

import (
	"context"
	"slices"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// Stage is what somebody would see of a thing once it has come to a state, and of which
// they see nothing before.
type Stage struct {
	State  string   `json:"state"`
	Fields []string `json:"fields"`
	Masked []string `json:"masked,omitempty" doc:"Of the fields: those shown as a mask only."`
}

// Foresee says what somebody would see of a thing in the state that it has, and what more
// in each state of its kind that can follow: by the question that their own reading asks.
// What is promised before sharing is what is given after (trust.md T2).
func (e Env) Foresee(ctx context.Context, hat hub.Hat, rel pg.Relation) (now policies.Answer, later []Stage, err error) {
	now, err = e.DB.Advise(ctx, rel.View(hub.Actor{Hat: hat}, hub.Prevention))
	if err != nil || !now.Allow {
		return now, nil, err
	}
	had, passed := slices.Clone(now.Fields), false
	for _, s := range e.DB.Law().States {
		if passed && s.Item == rel.Kind {
			rel.State = s.Code
			then, err := e.DB.Advise(ctx, rel.View(hub.Actor{Hat: hat}, hub.Prevention))
			if err != nil {
				return now, nil, err
			}
			more := slices.DeleteFunc(slices.Clone(then.Fields), func(f string) bool { return slices.Contains(had, f) })
			if len(more) > 0 {
				later = append(later, Stage{State: s.Code, Fields: more, Masked: Masked(then, more)})
				had = append(had, more...)
			}
		}
		passed = passed || s.Code == rel.State
	}
	return now, later, nil
}

// Masked are those of some fields that an answer obliges to show as a mask.
func Masked(a policies.Answer, fields []string) []string {
	if slices.Contains(a.Obligations, "mask_cpr") && slices.Contains(fields, "cpr") {
		return []string{"cpr"}
	}
	return nil
}
