package audit

import (
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// What an officer hands to the supervisory authority (L21a): the same rows in the same
// forms, and in the trail who they were for, and what that authority asked.

// Supervisor stands in the trail as who rows of it were handed to. It is no authority of
// the structure: nothing is shared with it here.
const Supervisor hub.AuthorityID = "supervisory_authority"

// Recipients of rows of the trail.
var Recipients = []string{string(Supervisor)}

// Forms in which rows are handed out: as what proves itself, or as FHIR.
var Forms = []string{"bundle", "fhir"}

// How long what was asked may be, in characters.
const reasonMin, reasonMax = 3, 200

// Taking is which rows an officer takes out, and for whom.
type Taking struct {
	Part
	Recipient string `json:"recipient,omitempty" doc:"Whom the rows are handed to; without one they are for your own authority."`
	Reason    string `json:"reason,omitempty" max:"200" doc:"What the recipient asked for: needed with one, as its file number and the day of its letter. It stands sealed in the trail, and in no file."`
}

// Codes lists what a taking may name.
func (t Taking) Codes() map[string][]string {
	c := t.Part.Codes()
	c["recipient"] = Recipients
	return c
}

// taken is what a form of the page takes out.
func taken(f web.Form) Taking {
	return Taking{Part: part(f), Recipient: f.Line("recipient"), Reason: f.Line("reason")}
}

// check finds what is wrong with who it is for.
func (t Taking) check() error {
	var p hub.Problems
	switch {
	case t.Recipient != "" && !slices.Contains(Recipients, t.Recipient):
		p.Add("recipient", "error.unknown_choice")
	case t.Recipient != "":
		service.Text(&p, "reason", hub.NewPersonal(t.Reason), reasonMin, reasonMax)
	case t.Reason != "":
		p.Add("recipient", "error.choose")
	}
	return p.Err()
}

// stated is what stands sealed in the trail as why: the ground, and what was asked.
func (t Taking) stated() string {
	if t.Recipient == "" {
		return t.Ground
	}
	return t.Ground + ": " + hub.CleanLine(t.Reason)
}

// told is what a file says of what was asked for.
func (t Taking) told() Taking {
	t.Reason = ""
	return t
}

// in puts into the entry of a taking whom it is about, and who it is for.
func (t Taking) in(e *pg.Entry, refs references) {
	if refs.subject != "" {
		e.Subjects = []hub.ID{refs.subject}
	}
	e.Recipient = hub.AuthorityID(t.Recipient)
}

// Stated is the justification of a row where it is that of a reading of the trail, or of what
// was made of it: its ground, and what a recipient asked for; else it is all text.
func (r Row) Stated() (s struct{ Ground, Text string }) {
	ground, text, _ := strings.Cut(r.Justification, ": ")
	if r.Purpose != hub.LogControl || !slices.Contains(Grounds, ground) {
		s.Text = r.Justification
		return s
	}
	s.Ground, s.Text = ground, text
	return s
}
