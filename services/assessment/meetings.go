package assessment

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// MeetingFilter is what a list of meetings is asked for.
type MeetingFilter struct {
	Past  bool   `json:"past,omitempty"`  // those before today, the latest first; else those from today on
	After hub.ID `json:"after,omitempty"` // the last of the page before
	Limit int    `json:"limit,omitempty" min:"1" max:"50" doc:"20 if not given."`
}

// Meetings is one page of the list. What of a meeting the asker may see is in
// it and is counted; nothing else is, nor that there is more (A021).
type Meetings struct {
	Meetings []Meeting `json:"meetings"`
	Next     hub.ID    `json:"next,omitempty"`
}

// Meeting is a meeting with those of its cases that the asker may see.
type Meeting struct {
	ID           hub.ID          `json:"id"`
	Municipality hub.AuthorityID `json:"municipality"`
	At           time.Time       `json:"at"`
	Cases        []AgendaLine    `json:"cases"`
}

// AgendaLine is a case on a meeting's agenda.
type AgendaLine struct {
	Case    hub.ID     `json:"case"`
	Subject hub.ID     `json:"subject,omitempty"`
	State   State      `json:"state,omitempty"`
	HeldAt  *time.Time `json:"held_at,omitempty"`
	NoNote  string     `json:"no_note,omitempty"` // why there is no note
}

// meetingsSQL lists by the same question as a single read: $3 is one meeting or
// none, $4 past, $5 when today began, $6 after, $7 how many.
const meetingsSQL = pg.AllowedSQL + `, hit as (select m.id as meeting, m.municipality as whose, m.at, g.held_at, g.no_note, a.n as set, c.id, c.subject, c.municipality, c.version, i.state
		from allowed a join agenda g on g.case_id = a.id join meeting m on m.id = g.meeting join cases c on c.id = a.id join access.item i on i.id = a.id
		where case when $3 <> '' then m.id = $3 when $4 then m.at < $5 else m.at >= $5 end),
	met as (select distinct meeting, at from hit),
	page as (select * from met where $6 = '' or case when $4 then (at, meeting) < (select at, meeting from met where meeting = $6) else (at, meeting) > (select at, meeting from met where meeting = $6) end
		order by case when $4 then at end desc, case when $4 then meeting end desc, at, meeting limit $7)
select h.meeting, h.whose, h.at, h.held_at, h.no_note, h.set, h.id, h.subject, h.municipality, h.version, h.state from page p join hit h on h.meeting = p.meeting
order by case when $4 then h.at end desc, case when $4 then h.meeting end desc, h.at, h.meeting, h.id`

func (x *room) listMeetings(r *web.Request, in MeetingFilter) (Meetings, error) {
	if in.Limit == 0 {
		in.Limit = 20
	}
	if in.Limit < 1 || in.Limit > 50 {
		return Meetings{}, hub.Invalid("limit", "assessment.error.limit", 50)
	}
	return x.meetings(r.Context(), r.Who, in, "")
}

// meetings lists the meetings, or the one, that have a case on their agenda
// which the actor may see there.
func (x *room) meetings(ctx context.Context, who hub.Actor, in MeetingFilter, one hub.ID) (page Meetings, err error) {
	object := hub.Object{Kind: "meetings", ID: one}
	err = x.DB.View(ctx, who, func(tx *pg.Tx) error {
		page = Meetings{Meetings: []Meeting{}}
		g, err := tx.Ask(ctx, policies.List{Role: who.Role, Kind: who.Kind, Purpose: hub.Prevention})
		if denied := new(policies.Denial); errors.As(err, &denied) {
			return errors.Join(tx.Refuse(ctx, denied, pg.Entry{Act: hub.ActSearch, Object: object}), err)
		}
		if err != nil {
			return err
		}
		asked := tx.Listing("case", hub.Prevention)
		asked.Only = func(s pg.Set) (bool, error) { return s.Grant.Allows("meeting"), nil }
		all, err := asked.All(ctx, "")
		if err != nil {
			return err
		}
		sets := asked.Sets
		shown, err := agendas(ctx, tx, in, one, all, sets, &page)
		if err != nil {
			return err
		}
		if one != "" && len(page.Meetings) == 0 {
			return hub.NotFound()
		}
		for n, entries := range shown { // each person shown, on the decision that showed them
			if len(entries) > 0 {
				if _, err := tx.Record(ctx, sets[n].Grant, entries...); err != nil {
					return err
				}
			}
		}
		_, err = tx.Record(ctx, g, pg.Entry{Act: hub.ActSearch, Object: object, Controller: who.Authority, Rows: len(page.Meetings)})
		return err
	})
	return page, err
}

// agendas runs the one query, and gives the trail an entry for every person
// shown, by set.
func agendas(ctx context.Context, tx *pg.Tx, in MeetingFilter, one hub.ID, all pg.Few, sets pg.Sets, page *Meetings) ([][]pg.Entry, error) {
	now := tx.Now.In(hub.Copenhagen)
	began := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, hub.Copenhagen)
	rows, err := tx.Query(ctx, meetingsSQL, append(all.Args(), string(one), in.Past, began, string(in.After), max(in.Limit, 1)+1)...)
	if err != nil {
		return nil, err
	}
	var m Meeting
	var l AgendaLine
	var c casework
	var n int
	entries := make([][]pg.Entry, len(sets))
	_, err = pgx.ForEachRow(rows, []any{&m.ID, &m.Municipality, &m.At, &l.HeldAt, &l.NoNote, &n, &c.ID, &c.Subject, &c.Municipality, &c.Version, &l.State}, func() error {
		if last := len(page.Meetings); last == 0 || page.Meetings[last-1].ID != m.ID {
			if one == "" && last == in.Limit {
				page.Next = page.Meetings[last-1].ID
			}
			if page.Next != "" {
				return nil
			}
			page.Meetings = append(page.Meetings, m)
		}
		may := sets[n].Grant.Allows
		line, to := AgendaLine{Case: c.ID, HeldAt: l.HeldAt, NoNote: l.NoNote}, &page.Meetings[len(page.Meetings)-1]
		keep(may("state"), &line.State, l.State)
		keep(may("name"), &line.Subject, c.Subject)
		to.Cases = append(to.Cases, line)
		fields := slices.DeleteFunc([]string{"meeting", "name", "reference", "state"}, func(f string) bool { return !may(f) })
		entries[n] = append(entries[n], pg.Entry{Act: hub.ActSearch, Object: hub.Object{Kind: "case", ID: c.ID, Version: c.Version},
			Controller: c.Municipality, Subjects: []hub.ID{c.Subject}, Fields: fields})
		return nil
	})
	return entries, err
}

// meetingsPerPage is how many meetings stand on a page.
const meetingsPerPage = 20

func (x *room) meetingsPage(w http.ResponseWriter, r *web.Request) error {
	q := r.URL.Query()
	in := MeetingFilter{Past: q.Get("past") == "yes", After: hub.ID(q.Get("after")), Limit: meetingsPerPage}
	page, err := x.meetings(r.Context(), r.Who, in, "")
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "assessment", "meetings", struct {
		Meetings
		Past bool
	}{page, in.Past})
}

// agendaPage is one meeting for the printer: a cover that names nobody, and then
// the agenda.
func (x *room) agendaPage(w http.ResponseWriter, r *web.Request) error {
	id, err := r.PathID("meeting")
	if err != nil {
		id = "none" // asked and recorded like any other that is not there
	}
	page, err := x.meetings(r.Context(), r.Who, MeetingFilter{}, id)
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "assessment", "agenda", page.Meetings[0])
}

// meetingPage is where a case's meeting is agreed, postponed, and noted.
func (x *room) meetingPage(w http.ResponseWriter, r *web.Request) error {
	v, err := x.doable(r, Convene, Hold)
	if err != nil {
		return err
	}
	d := struct {
		*CaseView
		Next    *MeetingView // at which it is to be discussed
		Convene bool
		Hold    bool
		People  []web.Option
		NoNotes []string
	}{CaseView: v, Convene: slices.Contains(v.Actions, Convene), NoNotes: NoNotes}
	for i, m := range v.Meetings {
		if m.HeldAt == nil {
			d.Next = &v.Meetings[i]
		}
	}
	d.Hold = d.Next != nil && slices.Contains(v.Actions, Hold)
	var circle []Member
	for _, m := range v.Circle {
		one := Member{Hat: m.Hat, State: m.State}
		if m.Until != nil {
			one.Until = *m.Until
		}
		circle = append(circle, one)
	}
	for _, s := range x.seats(circle, v.Municipality, v.Police, r.Now) {
		p, _ := x.Structure.Post(s.hat)
		d.People = append(d.People, web.Option{Value: string(s.hat), Label: p.Name, Hint: r.T("web.role."+string(p.Role)) + ", " + x.where(p.Authority, p.Department)})
	}
	return x.Web.Page(w, r, http.StatusOK, "assessment", "meeting", d)
}

func (x *room) conveneForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := Convening{Time: clock(f.Line("time"))}
	day, err := f.Date("date")
	if err != nil {
		return err
	}
	if !day.IsZero() {
		in.Date = day.Format(time.DateOnly)
	}
	done, err := x.conveneMeeting(r, in)
	return x.formed(w, r, done, err, "assessment.meeting.convened")
}

func (x *room) holdForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	in := Holding{NoNote: f.Line("no_note")}
	if f.Has("note") {
		in.Note = hub.NewPersonal(f.Text("note"))
	}
	for _, h := range f.All("attendance[]") {
		in.Attendance = append(in.Attendance, hub.ID(h))
	}
	done, err := x.holdMeeting(r, in)
	return x.formed(w, r, done, err, "assessment.meeting.noted")
}
