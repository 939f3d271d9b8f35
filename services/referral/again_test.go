package referral

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// TestTheSameKeyTwice: a request that is sent again is done once, and answered
// alike; the same key for something else is refused.
func TestTheSameKeyTwice(t *testing.T) {
	w := run(t)
	id := w.signed()
	at := "/api/cases/" + string(id)
	twice := func(login, path string, in any) {
		t.Helper()
		first := w.As(login).API("POST", path, in, "Idempotency-Key", path)
		before := w.One(`select count(*) from referral.step`)
		again := w.As(login).API("POST", path, in, "Idempotency-Key", path)
		if first.Status/100 != 2 || again.Status/100 != 2 || string(first.Body) != string(again.Body) {
			t.Errorf("%s: %d %s, then %d %s", path, first.Status, first.Body, again.Status, again.Body)
		}
		w.is(w.One(`select count(*) from referral.step`), before, path+" done again")
	}
	twice(gudrun, at+"/offers", offerTo("koege", "velfaerd", "mentor"))
	o := w.One(`select id from referral.offer`)
	twice(gudrun, "/api/offers/"+o+"/send", none)
	twice(tage, "/api/offers/"+o+"/answer", m{"answer": "taken_up"})
	twice(tage, "/api/offers/"+o+"/progress", m{"status": "running", "end": w.days(10)})
	twice(tage, "/api/offers/"+o+"/end", m{"outcome": "completed"})
	twice(gudrun, at+"/consents", m{"document": "Sag 4", "signed_on": "2026-11-10", "scope": "At skolen og kommunen må tale sammen.", "fields": []string{"identity"}, "recipients": []string{"koege"}})
	twice(gudrun, at+"/consents/"+w.One(`select id from referral.consent`)+"/withdraw", nil)
	twice(gudrun, at+"/followups", w.followUp(10))
	last := w.drafts(gudrun, id, offerTo("koege", "velfaerd", "mentor"))
	twice(gudrun, "/api/offers/"+string(last)+"/withdraw", nil)
	twice(gudrun, at+"/close", closing("moved"))
	twice(gudrun, at+"/resume", nil)
	w.post(gudrun, at+"/close", closing("error"), 409, "Idempotency-Key", at+"/close")
	w.closes(id, "moved")
	twice(thorkild, at+"/reopen", m{"reason": "Ny bekymring om det samme, som skal ses på."})
	twice(gudrun, "/api/cases/"+string(w.signed())+"/take-back", m{"reason": "Sagen blev delt på et grundlag, som ikke holder."})
}

// TestReactions: each fact once, twice, in the wrong order, and with a failure
// before the commit, ends alike.
func TestReactions(t *testing.T) {
	for _, way := range []struct {
		name  string
		order []int
	}{{"once", []int{0, 1, 2, 3}}, {"twice", []int{0, 0, 1, 1, 2, 3, 3}}, {"the other way round", []int{3, 2, 1, 0}}, {"in between", []int{2, 0, 3, 1}}} {
		t.Run(way.name, func(t *testing.T) {
			w := run(t)
			id, subject := w.bare("recommended", "18_25")
			concern := hub.ID(w.One(`select id from access.item where kind = 'concern'`))
			half := event.AssessmentSigned{Case: id, Concern: concern, Subject: subject, Version: 1, Party: "police", Authority: "koege", Police: "mvs-politi", Due: w.Now()}
			whole := half
			whole.Complete = true
			facts := []event.Fact{half, whole, event.FollowUpNeeded{Case: id, Version: 1, Why: "gap", N: 1, Due: w.Now()}, event.FollowUpNeeded{Case: id, Version: 1, Why: "dissent", N: 1, Due: w.Now()}}
			for _, i := range way.order {
				kind := "assessment.followup.needed.v1"
				if i < 2 {
					kind = "assessment.assessment.signed.v1"
				}
				for _, fail := range []error{errors.New("on purpose"), nil} {
					err := w.DB("referral").Command(t.Context(), hub.System(w.Now(), w.id()), pg.Entry{Act: hub.ActAdmin}, func(tx *pg.Tx) error {
						if err := w.on[kind](t.Context(), tx, event.Envelope{}, facts[i]); err != nil {
							return err
						}
						return fail
					})
					if !errors.Is(err, fail) {
						t.Fatal(err)
					}
				}
			}
			w.is(w.One(`select count(*) || ' ' || max(assessed) || ' ' || max(version) from referral.course`), "1 1 1", "the course")
			w.is(w.One(`select count(*) from referral.task`), "2", "the tasks")
			w.is(w.state(id), "recommended", "the case")
			if err := w.DB("referral").Command(t.Context(), hub.System(w.Now(), w.id()), pg.Entry{Act: hub.ActAdmin}, func(tx *pg.Tx) error {
				return w.on["assessment.assessment.signed.v1"](t.Context(), tx, event.Envelope{}, event.AssessmentSigned{Case: w.id(), Complete: true})
			}); hub.CodeOf(err) != hub.CodeNotFound {
				t.Errorf("a fact about a case that is not there yet: %v", err)
			}
			if err := w.DB("referral").Command(t.Context(), hub.System(w.Now(), w.id()), pg.Entry{Act: hub.ActAdmin}, func(tx *pg.Tx) error {
				return w.on["assessment.followup.needed.v1"](t.Context(), tx, event.Envelope{}, half)
			}); hub.CodeOf(err) != hub.CodeInvalid {
				t.Errorf("another kind of fact: %v", err)
			}
		})
	}
	w := run(t)
	half, _ := w.bare("recommended", "18_25")
	w.tell(event.AssessmentSigned{Case: half, Version: 1, Authority: "koege", Police: "mvs-politi"})
	w.is(w.One(`select count(*) from referral.course`), "0", "courses of what one party signed")
	id := w.signed()
	w.closes(id, "moved")
	w.tell(event.FollowUpNeeded{Case: id, Version: 1, Why: "gap", N: 1, Due: w.Now()}, event.AssessmentSigned{Case: id, Version: 2, Complete: true, Authority: "koege", Police: "mvs-politi"})
	w.is(w.One(`select count(*) from referral.task`)+w.One(`select count(*) from referral.dead`), "00", "what was told after the closing")
}

// TestAtTheSameTime: of two that cannot both be, one is; and both parties
// closing at once close. A050 in part.
func TestAtTheSameTime(t *testing.T) {
	w := run(t)
	both := func(do ...func() int) (status []int) {
		status = make([]int, len(do))
		var all sync.WaitGroup
		for i := range do {
			all.Go(func() { status[i] = do[i]() })
		}
		all.Wait()
		slices.Sort(status)
		return status
	}
	ask := func(login, path string, in any) func() int {
		c := w.As(login)
		return func() int { return c.API("POST", path, in).Status }
	}
	for range 8 {
		id := w.signed()
		o := w.sends(gudrun, id, offerTo("koege", "velfaerd", "mentor"), none)
		at := "/api/offers/" + string(o)
		got := both(ask(tage, at+"/answer", m{"answer": "taken_up"}), ask("sofus", at+"/answer", m{"answer": "not_taken_up"}))
		if !slices.Equal(got, []int{http.StatusOK, http.StatusConflict}) {
			t.Errorf("two answers: %v", got)
		}
		w.is(w.state(id), "follow_up", "the case")
		at = "/api/cases/" + string(id) + "/close"
		if got := both(ask(gudrun, at, closing("moved")), ask(thorkild, at, closing("moved"))); !slices.Equal(got, []int{http.StatusOK, http.StatusOK}) {
			t.Errorf("two closings: %v", got)
		}
		w.is(w.state(id), "closed", "the case")
	}
	for range 8 { // what the police do while a case is taken back is before it, and ended with it, or is refused
		id := w.signed()
		at := "/api/cases/" + string(id)
		got := both(ask(thorkild, at+"/offers", offerTo("mvs-politi", "", "concern_talk")), ask(gudrun, at+"/take-back", m{"reason": "Sagen blev delt på et grundlag, som ikke holder."}))
		if got[0] != http.StatusOK || got[1] != http.StatusCreated && got[1] != http.StatusNotFound {
			t.Errorf("an offer while the case is taken back: %v", got)
		}
		w.is(w.state(id)+" "+w.One(`select count(*) from access.item where came_of = $1 and kind = 'offer' and state <> 'offer_closed'`, string(id)), "closed 0", "the case, and the offers that are open")
	}
	for range 8 {
		o := w.sends(gudrun, w.signed(), offerTo("koege", "velfaerd", "mentor"), none)
		at := "/api/offers/" + string(o)
		both(ask(tage, at+"/answer", m{"answer": "taken_up"}), ask(gudrun, at+"/withdraw", nil))
		if s := w.state(o); s != "offer_withdrawn" || w.sees(tage, o) != nil {
			t.Errorf("after a withdrawal at the same time it is %s, and he sees %v", s, w.sees(tage, o))
		}
	}
}
