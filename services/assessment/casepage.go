package assessment

import (
	"slices"

	"github.com/infohus/infohus/pkg/hub"
)

// casePage is what the page of a case shows.
type casePage struct {
	*CaseView
	Talks   []talk
	Doable  []button
	Shown   jointData    // of the joint assessment, where there is one
	States  []State      // of the course, but for its end
	Next    *MeetingView // at which the case is to be discussed
	Overdue bool
	Courses []string // marks: what other rooms have of the case
	More    []string // marks: what can be done there
	Shared  string   // by whom, on which basis: the last line
	Share   string   // the state in which the reader could share it: the link to what may be shared
}

// talk is what one authority was asked, and what it answered.
type talk struct {
	Authority hub.AuthorityID
	Asked     []askedOf
	Unasked   []AnswerView // whose question the reader does not see
}

// askedOf is a question with its answers.
type askedOf struct {
	AskedLine
	Mine    bool // the reader's authority put it, or was asked
	Answers []AnswerView
}

// talks puts questions and answers together by who was asked, in the order in
// which they first were.
func talks(v *CaseView, given []AnswerView, own hub.AuthorityID) []talk {
	var list []talk
	with := func(a hub.AuthorityID) *talk {
		i := slices.IndexFunc(list, func(t talk) bool { return t.Authority == a })
		if i < 0 {
			i, list = len(list), append(list, talk{Authority: a})
		}
		return &list[i]
	}
	for _, q := range v.Requests {
		t := with(q.Authority)
		t.Asked = append(t.Asked, askedOf{AskedLine: q, Mine: q.Asker == own || q.Authority == own})
	}
	for _, a := range given {
		if a.State == "" {
			continue // closed with its case: there is nothing to read
		}
		t := with(a.Authority)
		if i := slices.IndexFunc(t.Asked, func(q askedOf) bool { return q.ID == a.Request }); i >= 0 {
			t.Asked[i].Answers = append(t.Asked[i].Answers, a)
		} else {
			t.Unasked = append(t.Unasked, a)
		}
	}
	return list
}

// Passed reports whether the case has been in a state, as far as its history is
// shown: one that is closed early, or opened again, has not been in all of them.
func (v *CaseView) Passed(s State) bool {
	switch {
	case len(v.Steps) == 0 || s == Opening || s == Collecting:
		return true
	case s == Recommended:
		return v.Joint != nil && v.Joint.State == signed
	}
	return slices.ContainsFunc(v.Steps, func(step CaseStep) bool { return step.State == s })
}

// next is the meeting at which the case is to be discussed.
func (v *CaseView) next() *MeetingView {
	for i := range v.Meetings {
		if v.Meetings[i].HeldAt == nil {
			return &v.Meetings[i]
		}
	}
	return nil
}
