package referral

import (
	"context"
	"html/template"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/infohus/infohus/deploy"
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
	"github.com/infohus/infohus/services/portal"
)

// Who is who in the demo structure.
const (
	gudrun   = "gudrun"   // municipal coordinator, Køge
	viggo    = "viggo"    // her deputy
	thorkild = "thorkild" // police coordinator
	freja    = "freja"    // his deputy
	tage     = "tage"     // core group, Køge, velfaerd
	liv      = "liv"      // core group, Køge, boern-uddannelse
	jytte    = "jytte"    // partner, Kriminalforsorgen
	sigrid   = "sigrid"   // municipal coordinator of another municipality
	rune     = "rune"     // administrator
)

// world is a hub with this room, and the rooms about it stood in for.
type world struct {
	*hubtest.Hub
	t     *testing.T
	vault func(hub.ID)
	on    map[string]service.Reaction // this room's reactions
	marks map[string]web.Mark         // and marks
	n     int
}

// stand stands in for a room: it hears what the room hears, and shows its marks.
func stand(name string, open func(service.Env), marks ...string) service.Service {
	return service.Service{Name: name, Writes: map[string][]string{"assessment": {"case", "answer"}}[name], Pages: fstest.MapFS{"pages/da.json": {Data: []byte("{}")}, "pages/en.json": {Data: []byte("{}")}},
		Open: func(e service.Env) (service.Room, error) {
			if open != nil {
				open(e)
			}
			r := service.Room{On: map[string]service.Reaction{}, Marks: map[string]web.Mark{}}
			for _, owner := range event.Owners() {
				for _, k := range event.Heard(name, owner) {
					r.On[k.Type] = func(context.Context, *pg.Tx, event.Envelope, event.Fact) error { return nil }
				}
			}
			for _, m := range marks {
				r.Marks[m] = func(_ context.Context, _ hub.Actor, _ string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
					out := map[hub.ID]template.HTML{}
					for _, id := range ids {
						out[id] = template.HTML("<p>" + name + "-" + m + "</p>")
					}
					return out, nil
				}
			}
			return r, nil
		}}
}

func run(t *testing.T) *world { return runWith(t, "") }

func runWith(t *testing.T, structure string) *world {
	t.Helper()
	w := &world{t: t}
	neighbour := func(e service.Env) {
		w.vault = func(id hub.ID) {
			if err := e.Vault.Make(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	own := Service
	own.Open = func(e service.Env) (service.Room, error) {
		r, err := open(e)
		w.on, w.marks = r.On, r.Marks
		return r, err
	}
	w.Hub = hubtest.Open(t, hubtest.Options{Structure: structure, Services: []service.Service{portal.Service, stand("person", nil, "card", "name"),
		stand("audit", nil, "seen"), stand("intake", neighbour), stand("assessment", nil), own}})
	return w
}

// caseShare is what the municipality shares of a case with the police.
const caseShare = "access,assessment,case_reference,case_status,circle,clock,closing,conclusion,follow_up,identity,inform,meeting,own_dimensions,recommendations,requests"

// subject is somebody of an age band, known to the municipality.
func (w *world) subject(band string) hub.ID {
	w.t.Helper()
	id := w.id()
	w.vault(id)
	w.SQL(`insert into access.subject (id, controller, author, band) values ($1, 'koege', 'p', $2)`, string(id), band)
	return id
}

func (w *world) id() hub.ID {
	w.n++
	return hub.MakeID([16]byte{0: 77, 14: byte(w.n >> 8), 15: byte(w.n)})
}

// bare is a case in a state, shared with the police, of which this room has not
// heard.
func (w *world) bare(state, band string) (id, subject hub.ID) {
	w.t.Helper()
	id, subject = w.id(), w.subject(band)
	concern := w.id()
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state) values ($1, 'concern', $2, 'koege', 'municipality', 'case')`, string(concern), string(subject))
	w.SQL(`insert into access.item (id, kind, about, controller, received_by, state, came_of) values ($1, 'case', $2, 'koege', 'municipality', $3, $4)`, string(id), string(subject), state, string(concern))
	w.share("case", id, subject, "koege", "mvs-politi", caseShare)
	return id, subject
}

// share writes a share as its sender's coordinator would have.
func (w *world) share(kind string, id, subject hub.ID, from, to, classes string) {
	w.t.Helper()
	w.SQL(`insert into access.share (id, kind, item, about, classes, sender, sender_kind, receiver, basis, purpose, necessity, terms, from_at, until_at, by_person, by_hat)
		values ($1, $2, $3, $4, string_to_array($5, ','), $6, 'municipality', $7, 'RPL115-2', 'prevention', '', 'within_cooperation', '2026-01-01', '9999-12-31', 'p', 'h')`,
		string(w.id()), kind, string(id), string(subject), classes, from, to)
}

// signed is a case whose assessment everybody has signed, of somebody of 18 to 25.
func (w *world) signed() hub.ID { id, _ := w.signedFor("18_25"); return id }

func (w *world) signedFor(band string) (id, subject hub.ID) {
	w.t.Helper()
	id, subject = w.bare("recommended", band)
	w.tell(event.AssessmentSigned{Case: id, Concern: hub.ID(w.One(`select id from access.item where kind = 'concern' and about = $1`, string(subject))), Subject: subject,
		Version: 1, Party: "police", Authority: "koege", Police: "mvs-politi", Complete: true, Due: w.Now()})
	return id, subject
}

// tell tells facts as the room assessment, and waits until they are done.
func (w *world) tell(facts ...event.Fact) {
	w.t.Helper()
	who := hub.System(w.Now(), w.id())
	err := w.DB("assessment").Command(w.t.Context(), who, pg.Entry{Act: hub.ActAdmin}, func(tx *pg.Tx) error {
		for _, f := range facts {
			if err := tx.Tell(w.t.Context(), f); err != nil {
				return err
			}
		}
		g, err := tx.Ask(w.t.Context(), policies.Act{Action: "remind", Role: "system", State: "recommended", Purpose: hub.Operation})
		if err != nil {
			return err
		}
		_, err = tx.Record(w.t.Context(), g, pg.Entry{Act: hub.ActAdmin, Fields: []string{}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Settle()
}

type m = map[string]any

const why = "Nødvendigt, fordi de skal kunne hjælpe ham nu."

// basis is a ground on which the municipality discloses.
func basis(code string) m { return m{"legal_basis": code, "purpose": "prevention", "necessity": why} }

// offer is a recommendation of a measure to a department or authority.
func offerTo(authority, department, measure string) m {
	in := m{"authority": authority, "dimension": "education_employment", "measure": measure, "preview": "En ung mand har brug for en voksen at holde sig til.",
		"task": "Mød ham to gange om ugen i et halvt år, og hold fast i skolen."}
	if department != "" {
		in["department"] = department
	}
	return in
}

// post asks for an operation, which must answer with the status.
func (w *world) post(login, path string, in any, status int, headers ...string) hubtest.Answer {
	w.t.Helper()
	return w.As(login).API("POST", path, in, headers...).Must(status)
}

// drafts drafts an offer, and gives its id.
func (w *world) drafts(login string, id hub.ID, in m) hub.ID {
	w.t.Helper()
	var r ReferralReceipt
	w.post(login, "/api/cases/"+string(id)+"/offers", in, http.StatusCreated).JSON(&r)
	return r.ID
}

// sends drafts an offer and sends it.
func (w *world) sends(login string, id hub.ID, in m, ground m) hub.ID {
	w.t.Helper()
	o := w.drafts(login, id, in)
	w.does(login, o, "send", ground)
	return o
}

// does does something with an offer.
func (w *world) does(login string, o hub.ID, what string, in any) ReferralReceipt {
	w.t.Helper()
	var r ReferralReceipt
	if in == nil && what != "withdraw" {
		in = m{}
	}
	w.post(login, "/api/offers/"+string(o)+"/"+what, in, http.StatusOK).JSON(&r)
	return r
}

// none is no disclosure: within one's own authority.
var none = m{"legal_basis": "", "purpose": "", "necessity": ""}

// sees is what somebody sees of an offer; nil where that is nothing.
func (w *world) sees(login string, o hub.ID) *OfferView {
	w.t.Helper()
	a := w.As(login).API("GET", "/api/offers/"+string(o), nil)
	if a.Status == http.StatusNotFound {
		return nil
	}
	v := new(OfferView)
	a.Must(http.StatusOK).JSON(v)
	return v
}

// course is what somebody sees of a case's course.
func (w *world) course(login string, id hub.ID) *CourseView {
	w.t.Helper()
	v := new(CourseView)
	w.As(login).API("GET", "/api/cases/"+string(id)+"/course", nil).Must(http.StatusOK).JSON(v)
	return v
}

// state is where an item stands.
func (w *world) state(id hub.ID) string {
	w.t.Helper()
	return w.One(`select state from access.item where id = $1`, string(id))
}

// told gives the facts of a kind that this room has told, oldest first.
func (w *world) told(kind string) (facts []event.Fact) {
	w.t.Helper()
	for _, row := range w.SQL(`select envelope from referral.outbox where envelope->>'type' = $1 order by id`, kind) {
		_, f, err := event.Decode([]byte(row[0]))
		if err != nil {
			w.t.Fatal(err)
		}
		facts = append(facts, f)
	}
	return facts
}

// given counts what is in force on an item: assignments and shares.
func (w *world) given(id hub.ID) string {
	w.t.Helper()
	return w.One(`select (select count(*) from access.assignment where item = $1 and ended_at is null) || ' and ' || (select count(*) from access.share where item = $1 and ended_at is null)`, string(id))
}

func (w *world) is(got, want any, what string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// days is a day so many from now.
func (w *world) days(n int) string {
	return w.Now().AddDate(0, 0, n).In(hub.Copenhagen).Format(time.DateOnly)
}

// followUp is one with its next date so many days from now.
func (w *world) followUp(n int) m {
	return m{"movements": []m{{"dimension": "family", "movement": "better"}}, "note": "Det går fremad.", "next": w.days(n)}
}

func closing(reason string) m {
	return m{"reason": reason, "informed": "yes", "after_care": "SSP-konsulenten"}
}

// closes closes a case for both parties.
func (w *world) closes(id hub.ID, reason string) {
	w.t.Helper()
	w.post(gudrun, "/api/cases/"+string(id)+"/close", closing(reason), http.StatusOK)
	w.post(thorkild, "/api/cases/"+string(id)+"/close", closing(reason), http.StatusOK)
	w.Settle()
}

// twoHats is the demo structure in which Gudrun is seconded to the police, and
// signs in there too.
func twoHats() string {
	own := "      - {role: municipal_coordinator, authority: koege, department: boern-uddannelse, from: 2025-01-01, until: 2036-01-01, manager: hedvig}\n"
	return strings.Replace(string(deploy.Demo()), own, own+
		"      - {role: police_coordinator, authority: mvs-politi, department: forebyggelse, from: 2025-01-01, until: 2036-01-01, manager: holger}\n", 1)
}
