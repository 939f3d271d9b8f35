package assessment

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
)

// JointView is a version of the joint assessment as one actor may see it.
type JointView struct {
	Version           int    `json:"version,omitzero"`
	State             string `json:"state,omitempty"` // draft, signed
	Edit              int    `json:"edit,omitzero"`
	Instrument        string `json:"instrument,omitempty"`
	InstrumentVersion string `json:"instrument_version,omitempty"`
	Joint
	LevelBy    string          `json:"level_by,omitempty"` // who set it (L38)
	LevelAt    *time.Time      `json:"level_at,omitempty"`
	Drafter    string          `json:"drafter,omitempty"`
	SavedAt    *time.Time      `json:"saved_at,omitempty"`
	Dissents   []DissentView   `json:"dissents,omitempty"`
	Signatures []SignatureView `json:"signatures,omitempty"`
	Awaited    []string        `json:"awaited,omitempty"` // who must still sign: drafter, municipality, police
	Inform     *InformView     `json:"inform,omitempty"`
	Content    string          `json:"content,omitempty"` // the hash of what is shown here: what one signs
	Broken     bool            `json:"broken,omitzero"`   // what is kept is not what was written
	Own        bool            `json:"own,omitzero"`      // only what touches the reader's own tasks
	Versions   []VersionLine   `json:"versions,omitempty"`

	set       stamp
	withdrawn []hub.ID // answers that it cites and that were taken back
	mine      bool     // the reader's signature stands
}

// DissentView is a dissent as it is shown.
type DissentView struct {
	N         int             `json:"n"`
	By        string          `json:"by"`
	Authority hub.AuthorityID `json:"authority"`
	About     string          `json:"about"`
	Level     string          `json:"level,omitempty"`
	Reason    string          `json:"reason"`
	Test      string          `json:"test"`
	Due       time.Time       `json:"due"`
	At        time.Time       `json:"at"`
}

// SignatureView is a signature with its state.
type SignatureView struct {
	Party    string     `json:"party"`
	By       string     `json:"by"`
	At       time.Time  `json:"at"`
	State    string     `json:"state"` // valid, voided
	VoidedAt *time.Time `json:"voided_at,omitempty"`
}

// InformView is the decision on the duty to inform (L35).
type InformView struct {
	Decision string     `json:"decision"`
	Ground   string     `json:"ground,omitempty"`
	Again    string     `json:"again,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	By       string     `json:"by"`
	At       *time.Time `json:"at"`
}

// VersionLine is a version in the list of them.
type VersionLine struct {
	Version  int        `json:"version"`
	State    string     `json:"state"`
	SignedAt *time.Time `json:"signed_at,omitempty"`
}

// MeetingView is a meeting at which the case is, or was, discussed.
type MeetingView struct {
	ID     hub.ID     `json:"id"`
	At     time.Time  `json:"at"`
	HeldAt *time.Time `json:"held_at,omitempty"`
	There  []string   `json:"there,omitempty"`
	Absent []string   `json:"absent,omitempty"`
	NoNote string     `json:"no_note,omitempty"`
	Note   string     `json:"note,omitempty"`
}

// of is the view where it is of that version, else one of nothing.
func (v *JointView) of(n int) *JointView {
	if v == nil || v.Version != n {
		return &JointView{}
	}
	return v
}

// worked is what a read brings out for the meeting and the joint assessment.
type worked struct {
	Versions []version
	Answers  []contributed
	Sessions []session
	version  int // asked for; 0 is the last
}

const workedSQL = versionsSQL + ", " + contributedSQL + ", " + sessionsSQL

func (w *worked) into() []any { return []any{&w.Versions, &w.Answers, &w.Sessions} }

// asked is the version that is asked for, if there is one.
func (w *worked) wanted() *version {
	for i := range w.Versions {
		if n := w.version; n == w.Versions[i].N || n == 0 && i == len(w.Versions)-1 {
			return &w.Versions[i]
		}
	}
	return nil
}

// versioned are the texts that belong to one version.
var versioned = []string{"dimension", "gaps", "level", "rationale", "change_test", "scenarios", "dissent", "salt", "inform"}

// opens says which texts of the case a reader is given: those whose field
// policy gives, of the version asked for; and of the dimensions, where policy
// gives only the reader's own, those that cite an answer of the reader's own
// office.
func (x *room) opens(who hub.Actor, w *worked, may func(string) bool) func(field string) bool {
	v := w.wanted()
	return func(field string) bool {
		name, rest, _ := strings.Cut(field, ".")
		if !slices.Contains(versioned, name) {
			return may(classOf(field))
		}
		n, code, _ := strings.Cut(rest, ".")
		if v == nil || n != strconv.Itoa(v.N) {
			return false
		}
		return may(classOf(field)) || name == "dimension" && may("own_dimensions") && x.touches(who, w, v, code)
	}
}

// touches reports whether a dimension touches the reader's own tasks: a
// statement in it cites an answer of the reader's own authority and department
// (L9).
func (x *room) touches(who hub.Actor, w *worked, v *version, code string) bool {
	own, ok := x.Structure.Post(who.Hat.ID)
	return ok && slices.ContainsFunc(v.Cites, func(c cite) bool {
		return c.Dimension == code && slices.ContainsFunc(w.Answers, func(a contributed) bool {
			by, _ := x.Structure.Post(a.Hat)
			return a.Answer == c.Answer && a.Authority == own.Authority && by.Department == own.Department
		})
	})
}

// showMeetings gives the meetings of a case where policy does.
func (x *room) showMeetings(w *worked, may func(string) bool, text map[string]string) (list []MeetingView) {
	if !may("meeting") {
		return nil
	}
	for _, s := range w.Sessions {
		m := MeetingView{ID: s.Meeting, At: s.At, HeldAt: s.HeldAt, NoNote: s.NoNote, Note: text["note."+string(s.Meeting)]}
		for _, a := range s.Attendance {
			if a.There {
				m.There = append(m.There, x.nameOf(a.Hat))
			} else {
				m.Absent = append(m.Absent, x.nameOf(a.Hat))
			}
		}
		list = append(list, m)
	}
	return list
}

// showJoint gives of a version what policy gives.
func (x *room) showJoint(who hub.Actor, o *opened, may func(string) bool, text map[string]string, erased bool) (*JointView, error) {
	row := o.worked.wanted()
	if row == nil || !slices.ContainsFunc([]string{"dimensions", "own_dimensions", "level", "rationale", "inform"}, may) {
		return nil, nil
	}
	c := content{Case: o.ID, Version: row.N, Instrument: row.Instrument, Of: row.Of}
	by, _ := x.Structure.Instrument(row.Instrument, row.Of)
	if err := c.merge(text, codes(by)); err != nil {
		return nil, err
	}
	c.Says.ValidUntil = row.ValidUntil
	v := &JointView{Version: row.N, State: row.State, Joint: c.Says, Own: !may("dimensions") && may("own_dimensions"), set: c.Set}
	keep(may("instrument"), &v.Instrument, row.Instrument)
	keep(may("instrument"), &v.InstrumentVersion, row.Of)
	keep(!may("valid_until"), &v.ValidUntil, "")
	keep(may("dimensions"), &v.Edit, row.Edit)
	keep(may("dimensions") && row.Edit > 0, &v.SavedAt, &row.SavedAt)
	if v.Level != "" {
		v.LevelBy, v.LevelAt = x.nameOf(c.Set.By), &c.Set.At
	}
	if may("level") {
		for _, r := range o.Versions {
			v.Versions = append(v.Versions, VersionLine{r.N, r.State, r.SignedAt})
		}
	}
	if may("inform") && row.Inform != "" {
		v.Inform = &InformView{Decision: row.Inform, Ground: row.InformGround, Again: row.InformAgain, By: x.nameOf(row.InformHat), At: row.InformAt}
		if err := unwrap(text, textOf("inform", row.N), &v.Inform.Reason); err != nil {
			return nil, err
		}
	}
	if may("dissents") {
		if err := x.showDissents(v, row, text); err != nil {
			return nil, err
		}
	}
	if may("signatures") && row.Edit > 0 {
		v.Drafter = x.nameOf(row.DrafterHat)
		x.showSignatures(v, row, who)
		if whole := !slices.ContainsFunc([]string{"dimensions", "gaps", "level", "rationale", "change_test", "valid_until", "dissents"}, func(f string) bool { return !may(f) }); whole && !erased {
			v.verify(c, row, text)
		}
	}
	for _, a := range o.Answers {
		if a.State == withdrawn {
			v.withdrawn = append(v.withdrawn, a.Answer)
		}
	}
	return v, nil
}

// unwrap reads one text that was sealed as JSON, where it was opened.
func unwrap(text map[string]string, field string, to any) error {
	if s, ok := text[field]; ok {
		return json.Unmarshal([]byte(s), to)
	}
	return nil
}

// showDissents tells what was sealed and signed of each dissent, not what stands
// beside it in clear.
func (x *room) showDissents(v *JointView, row *version, text map[string]string) error {
	for _, d := range row.Dissents {
		o := objection{By: d.Hat, About: d.About, Due: d.Due, At: d.At}
		if err := unwrap(text, textOf("dissent", row.N, strconv.Itoa(d.N)), &o); err != nil {
			return err
		}
		post, _ := x.Structure.Post(o.By)
		v.Dissents = append(v.Dissents, DissentView{N: d.N, By: x.nameOf(o.By), Authority: post.Authority, About: o.About, Level: o.Level, Reason: o.Reason,
			Test: o.Test, Due: o.Due, At: o.At})
	}
	return nil
}

func (x *room) showSignatures(v *JointView, row *version, who hub.Actor) {
	stand := standing(row.Signatures, row.Content)
	v.Awaited = awaited(row.Drafter, stand)
	v.mine = !maySign(who.Person, stand)
	for _, s := range row.Signatures {
		one := SignatureView{Party: s.Party, By: x.nameOf(s.Hat), At: s.At, State: "valid", VoidedAt: s.Voided}
		if s.Voided != nil || !bytes.Equal(s.Hash, row.Content) {
			one.State = "voided"
		}
		v.Signatures = append(v.Signatures, one)
	}
}

// verify works the hash out anew from what is shown. Where it is not the one
// that is kept, what is kept is not what was written, and nobody can sign it.
func (v *JointView) verify(c content, row *version, text map[string]string) {
	hashes := [][]byte{}
	for _, d := range row.Dissents {
		var o objection
		if unwrap(text, textOf("dissent", row.N, strconv.Itoa(d.N)), &o) != nil {
			o = objection{}
		}
		hashes = append(hashes, digest(o))
	}
	if sound := bytes.Equal(sum(digest(c), hashes), row.Content) && slices.Equal(c.Says.citations(), row.Cites); sound {
		v.Content = hex.EncodeToString(row.Content)
	} else {
		v.Broken = true
	}
}

// Version asks for one version of the joint assessment.
type Version struct {
	Version int `json:"version,omitempty"` // the last if not given
}

func (x *room) getAssessment(r *web.Request, in Version) (*JointView, error) {
	id, err := r.PathID("id")
	if err != nil {
		id = ""
	}
	v, err := x.look(r.Context(), r.Who, id, false, in.Version)
	if err != nil {
		return nil, err
	}
	if v.Joint == nil {
		return nil, hub.NotFound()
	}
	return v.Joint, nil
}

// on reads a day of a text; zero where there is none.
func on(day string) time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, day, hub.Copenhagen)
	return t
}

// On is the day when it was so.
func (e Evidence) On() time.Time { return on(e.AsOf) }

// On is the day when it comes back.
func (g Gap) On() time.Time { return on(g.Due) }

// Until is the day until which it holds.
func (j Joint) Until() time.Time { return on(j.ValidUntil) }

// On is the day when the duty to inform is looked at again.
func (v InformView) On() time.Time { return on(v.Again) }
