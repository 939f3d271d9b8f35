package assessment

import (
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

// Convening says when a case is discussed (S5). A second one postpones.
type Convening struct {
	Date string `json:"date"` // YYYY-MM-DD
	Time string `json:"time"` // HH:MM, in Copenhagen
}

// Holding is what is noted of a case that was on a meeting's agenda: who was
// there, and what was said, or why there is no note (L44).
type Holding struct {
	Attendance []hub.ID     `json:"attendance"`        // the hats that were there
	Note       hub.Personal `json:"note,omitzero"`     // what was said, and is not written elsewhere
	NoNote     string       `json:"no_note,omitempty"` // why there is no note
}

// NoNotes are the reasons for no note. A case that was postponed was not
// discussed, and waits for another meeting.
var NoNotes = []string{"nothing_new", "noted_by_authority", "other_track", postponed}

const postponed = "postponed"

const minNote = 20

// attended is one line of the attendance at the discussion of one case.
type attended struct {
	Hat   hub.ID `json:"hat"`
	There bool   `json:"there"`
}

// time is when the meeting is: a time that there is, today or later, within a
// year.
func (c Convening) time(now time.Time) (time.Time, error) {
	var p hub.Problems
	day, err := time.ParseInLocation(time.DateOnly, c.Date, hub.Copenhagen)
	now = now.In(hub.Copenhagen)
	switch {
	case c.Date == "":
		p.Add("date", "error.required")
	case err != nil:
		p.Add("date", "error.date")
	case day.AddDate(0, 0, 1).Before(now) || day.AddDate(0, 0, 1).Equal(now):
		p.Add("date", "assessment.error.past")
	case day.After(now.AddDate(1, 0, 0)):
		p.Add("date", "assessment.error.far")
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", c.Date+" "+c.Time, hub.Copenhagen)
	switch {
	case c.Time == "":
		p.Add("time", "error.required")
	case len(p) == 0 && (err != nil || t.Format("15:04") != c.Time): // none such, or skipped when summer time begins
		p.Add("time", "assessment.error.time")
	}
	return t, p.Err()
}

// Check finds what is missing of what is noted: there is a note, or a reason for
// none, and not both (L44).
func (h Holding) Check() hub.Problems {
	var p hub.Problems
	switch {
	case h.NoNote != "" && !slices.Contains(NoNotes, h.NoNote):
		p.Add("no_note", "error.choose")
	case h.NoNote != "" && !h.Note.Empty():
		p.Add("no_note", "assessment.error.note_and_reason")
	case h.NoNote == "" && h.Note.Empty():
		p.Add("note", "assessment.error.note")
	case h.NoNote == "":
		service.Text(&p, "note", h.Note, minNote, service.MaxText)
	}
	if h.NoNote != postponed && len(h.Attendance) == 0 {
		p.Add("attendance", "assessment.error.nobody_there")
	}
	return p
}

func (x *room) conveneMeeting(r *web.Request, in Convening) (CaseReceipt, error) {
	return x.change(r, Convene, hub.ActChange, func(d *doing) error {
		when, err := in.time(d.tx.Now)
		if err != nil {
			return err
		}
		id, err := meetingOf(d.ctx, d.tx, d.grant, x.NewID(), d.Municipality, when)
		if err != nil {
			return err
		}
		d.made = id
		d.facts = append(d.facts, event.MeetingCalled{Case: d.ID, Meeting: id, At: when})
		return putOnAgenda(d.ctx, d.tx, d.grant, id, d.ID)
	})
}

func (x *room) holdMeeting(r *web.Request, in Holding) (CaseReceipt, error) {
	return x.change(r, Hold, hub.ActChange, func(d *doing) error {
		if err := in.Check().Err(); err != nil {
			return err
		}
		s, err := openSession(d.ctx, d.tx, d.grant, d.ID)
		if err != nil {
			return err
		}
		if s.At.After(d.tx.Now) && in.NoNote != postponed {
			return hub.Conflict("assessment.error.not_yet")
		}
		circle, err := members(d.ctx, d.tx, d.ID)
		if err != nil {
			return err
		}
		if s.Attendance, err = x.attendance(circle, d.casework, in.Attendance, d.tx.Now); err != nil {
			return err
		}
		s.HeldAt, s.NoNote, d.made = &d.tx.Now, in.NoNote, s.Meeting
		if err := closeSession(d.ctx, d.tx, d.grant, d.ID, s); err != nil {
			return err
		}
		if in.NoNote == postponed {
			d.State = Analysis // it was not discussed
			return nil
		}
		d.facts = append(d.facts, event.MeetingHeld{Case: d.ID, Meeting: s.Meeting, Authority: d.Municipality, Police: d.Police, Due: x.due(Assessment, d.Municipality, d.tx.Now)})
		sealed := x.Seal(d.Subject, place("case", d.ID))
		sealed.Put("note."+string(s.Meeting), in.Note)
		texts, err := sealed.Texts()
		if err != nil {
			return err
		}
		return d.tx.PutTexts(d.ctx, d.grant, d.ID, texts)
	})
}

// attendance is who was there and who was not: of the circle everybody who is
// invited, and the two parties' coordinators where they came. Nobody else takes
// part in the discussion of a case (D17).
func (x *room) attendance(circle []Member, c *casework, there []hub.ID, now time.Time) ([]attended, error) {
	list := []attended{}
	for _, hat := range x.seats(circle, c.Municipality, c.Police, now) {
		came := slices.Contains(there, hat.hat)
		if came || hat.invited {
			list = append(list, attended{hat.hat, came})
		}
	}
	came := func(a attended) bool { return a.There }
	for _, hat := range there {
		if !slices.ContainsFunc(list, func(a attended) bool { return a.Hat == hat && came(a) }) {
			return nil, hub.Invalid("attendance", "assessment.error.not_invited")
		}
	}
	return list, nil
}

// seat is somebody who may be at the discussion of a case.
type seat struct {
	hat     hub.ID
	invited bool
}

// seats are those who may be there: the invited, and the parties' coordinators.
func (x *room) seats(circle []Member, municipality, police hub.AuthorityID, now time.Time) []seat {
	var list []seat
	for _, p := range x.Structure.Holders(hub.MunicipalCoordinator, municipality, now) {
		list = append(list, seat{p.Hat.ID, false})
	}
	for _, p := range x.Structure.Holders(hub.PoliceCoordinator, police, now) {
		list = append(list, seat{p.Hat.ID, false})
	}
	for _, m := range circle {
		if m.State == invited && !m.Recused && m.Until.After(now) && !slices.ContainsFunc(list, func(s seat) bool { return s.hat == m.Hat }) {
			list = append(list, seat{m.Hat, true})
		}
	}
	return list
}

// clock reads a time as people write it: 9, 9.30, 09:30.
func clock(s string) string {
	hours, minutes, _ := strings.Cut(strings.ReplaceAll(s, ".", ":"), ":")
	if len(hours) == 1 {
		hours = "0" + hours
	}
	if minutes == "" && hours != "" {
		minutes = "00"
	}
	if hours == "" {
		return minutes
	}
	return hours + ":" + minutes
}
