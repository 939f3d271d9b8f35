package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
)

type hubTime = time.Time

// tour plays a concern against a running hub, over HTTP, as the different
// people, and tells the story. What is not as it should be is said, and makes
// the tour fail: it is the operator's smoke test.
func tour(ctx context.Context, _ []string) error {
	s, err := host.Environment(os.Environ())
	if err != nil {
		return err
	}
	if !s.Embedded() {
		return errors.New("the tour signs in by the development sign-in, and this hub is on servers of your own: run it against an embedded hub")
	}
	st, err := embeddedStructure(s)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 30 * time.Second}
	c, err := newCaller(ctx, "http://"+s.Listen, client.Do, func(login string) (string, error) { return mint(ctx, s, login) })
	if err != nil {
		return fmt.Errorf("no hub answers on %s: start one with make run (%w)", s.Listen, err)
	}
	g, err := newGuide(ctx, os.Stdout, c, st, time.Now())
	if err != nil {
		return err
	}
	if err := g.story(); err != nil {
		return err
	}
	if len(g.wrong) > 0 {
		return fmt.Errorf("%d things are not as they should be", len(g.wrong))
	}
	g.say("\nAll of it was as it should be.")
	return nil
}

// pause lets a fact travel.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}

const necessity = "Politiet må vide, hvem det drejer sig om, for at kunne sige, om bekymringen kan behandles."

// story is a concern's life: received, checked, triaged; then, as a case, asked
// about, assessed together, helped, followed up and closed.
func (g *guide) story() error {
	g.introduce()
	for _, chapter := range []func() error{g.received, g.released, g.triaged, g.letIn,
		g.opened, g.answered, g.met, g.assessed, g.helped, g.closed, g.turnedAway} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return nil
}

func (g *guide) received() error {
	g.say("1. %s takes a concern by phone: who it is about, what was seen, why now.", g.cast[municipal].post.Name)
	r, err := g.does(municipal, "registerSubject", map[string]string{}, map[string]any{"name": "Bertram Eksempel", "no_cpr": true, "birth_date": "2008-03-07", "address": "Opdigtet Allé 12, 4600 Køge"})
	if err != nil {
		return err
	}
	g.person = r.text("subject")
	body := map[string]any{"subject": g.person, "channel": "phone", "reporter_kind": "professional", "reporter_name": "Tove Tavle", "theme": "gang",
		"child": "no", "urgency": "soon", "why_now": "Han har skiftet omgangskreds i efteråret og møder ikke længere til træning.",
		"context": "Har en god kontakt til sin mentor.", "purpose": "prevention", "legal_basis": "GDPR6-1-E",
		"statements": []map[string]any{{"kind": "fact", "text": "Er set tre aftener i træk med ældre drenge ved kiosken.", "first_hand": true},
			{"kind": "hearsay", "text": "En klubmedarbejder har hørt, at han skylder penge."}},
		"forward": map[string]any{"legal_basis": "RPL115-2", "purpose": "prevention", "necessity": necessity}}
	if r, err = g.does(municipal, "submitConcern", map[string]string{}, body); err != nil {
		return err
	}
	g.id = r.text("id")
	g.say("   It is kept as %s, and stands at: %s. In the same act it was put before the police: by a named person, on a legal basis (retsplejeloven § 115 stk. 2).", g.id, g.step(r))
	g.should(r.text("state") == "police_check", "the concern should wait for the police check")
	if err := g.looks(map[int][]string{municipal: {"statements", "name", "reporter_name", "due"}, police: {"name", "theme", "state"}}); err != nil {
		return err
	}
	if err := g.told("intake.check.requested.v1", "check", police); err != nil {
		return err
	}
	return g.trail()
}

func (g *guide) released() error {
	g.say("\n2. %s says whether it may be treated: an outcome, no reasons.", g.cast[police].post.Name)
	r, err := g.c.call(g.ctx, g.login(municipal), "completePoliceCheck", map[string]string{"id": g.id}, map[string]any{"outcome": "released", "legal_basis": "", "purpose": "", "necessity": ""})
	if err != nil {
		return err
	}
	g.should(r.Status == 404 || r.Status == 403, "the municipality must not answer for the police, and got %d", r.Status)
	r, err = g.does(police, "completePoliceCheck", nil, map[string]any{"outcome": "released", "legal_basis": "", "purpose": "", "necessity": ""})
	if err != nil {
		return err
	}
	g.say("   It may. The concern stands at: %s; and only now do the police see all that was told.", g.step(r))
	if err := g.looks(map[int][]string{municipal: {"statements", "name", "check_outcome"}, police: {"statements", "why_now", "name"}}); err != nil {
		return err
	}
	if err := g.told("intake.check.completed.v1", "checked", municipal); err != nil {
		return err
	}
	return g.trail()
}

func (g *guide) triaged() error {
	g.say("\n3. Both coordinators triage, each with a rationale of their own. Nobody decides alone.")
	one := map[string]any{"outcome": "case", "rationale": "Skole, klub og familie har alle noget at bidrage med. En fælles vurdering er nødvendig."}
	r, err := g.does(municipal, "triageConcern", nil, one)
	if err != nil {
		return err
	}
	g.say("   After the municipality's judgement it still stands at: %s.", g.step(r))
	g.should(r.text("state") == "triage", "one coordinator alone must not close the triage")
	if r, err = g.does(police, "triageConcern", nil, map[string]any{"outcome": "case", "rationale": "Bekymringen kan behandles forebyggende sammen med kommunen."}); err != nil {
		return err
	}
	g.say("   After the police's, which says the same, it becomes a %s.", g.step(r))
	g.should(r.text("state") == "case", "two that agree open a case")
	if err := g.looks(map[int][]string{municipal: {"municipal_rationale", "police_rationale", "triage_outcome"}, police: {"municipal_rationale", "police_rationale"}}); err != nil {
		return err
	}
	if err := g.told("intake.concern.triaged.v1", "triaged", municipal, police); err != nil {
		return err
	}
	return g.trail()
}

func (g *guide) letIn() error {
	g.say("\n4. %s lets one colleague in, and out again. Both hold from that instant, for everybody.", g.cast[municipal].post.Name)
	r, err := g.does(municipal, "grantAccess", nil, map[string]any{"hat": string(g.cast[colleague].post.ID)})
	if err != nil {
		return err
	}
	assignment := r.text("assignment")
	if err := g.looks(map[int][]string{municipal: {"statements"}, police: {"statements"}, colleague: {"state"}}); err != nil {
		return err
	}
	if _, err := g.does(municipal, "revokeAccess", map[string]string{"id": g.id, "assignment": assignment}, nil); err != nil {
		return err
	}
	g.say("   The access has ended.")
	if err := g.looks(map[int][]string{municipal: {"statements"}, police: {"statements"}}); err != nil {
		return err
	}
	if err := g.told("intake.access.changed.v1", "taken", colleague); err != nil {
		return err
	}
	return g.trail()
}

// turnedAway are two who are refused: for a purpose that prevention never
// serves, and for somebody whom another municipality has told of.
func (g *guide) turnedAway() error {
	g.say("\n11. Two more hand in a concern about the same person, and are refused.")
	hands := func(who int, subject, purpose, basis string) (reply, error) {
		return g.c.call(g.ctx, g.login(who), "submitConcern", nil, map[string]any{"subject": subject, "municipality": string(g.home.Municipality), "urgency": "normal", "why_now": "Prøve",
			"purpose": purpose, "legal_basis": basis, "statements": []map[string]any{{"kind": "fact", "text": "Prøve"}}})
	}
	r, err := hands(police, g.person, "investigation", "RHL")
	if err != nil {
		return err
	}
	g.should(r.Status == 400 && r.field() == "purpose", "the police should be refused at the purpose, and got %d at %q", r.Status, r.field())
	g.say("   The police coordinator, for an investigation: refused at the purpose. What is told here is for prevention, and there is no way to say otherwise.")
	if r, err = hands(outsider, g.person, "prevention", "GDPR6-1-E"); err != nil {
		return err
	}
	never, err := hands(outsider, string(hub.NewID()), "prevention", "GDPR6-1-E")
	if err != nil {
		return err
	}
	g.should(r.Status >= 400 && r.Status < 500, "%s should be refused, and got %d", g.cast[outsider].name, r.Status)
	g.should(r.Status == never.Status && bytes.Equal(r.Raw, never.Raw), "%s gets another answer for this person than for one who never was", g.cast[outsider].name)
	g.say("   The other municipality's coordinator, by the person's reference: refused, in the same words as for a person who never was. Nobody finds out that way whether somebody is known.")
	return g.trail()
}
