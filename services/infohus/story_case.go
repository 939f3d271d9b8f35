package main

import (
	"bytes"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// works runs a command on the case as one of the cast, and says where it leads.
func (g *guide) works(who int, op string, body any) (reply, error) {
	return g.does(who, op, map[string]string{"id": g.kase}, body)
}

// looksAtCase is looks, at the case.
func (g *guide) looksAtCase(want map[int][]string) error {
	return g.lookAt("getCase", g.kase, "/api/cases", tellingOfCase, want)
}

func (g *guide) hat(who int) string { return string(g.cast[who].post.Hat.ID) }

// day is so many days from now, in Copenhagen.
func (g *guide) day(n int) string {
	return g.now.In(hub.Copenhagen).AddDate(0, 0, n).Format(time.DateOnly)
}

func (g *guide) opened() error {
	g.say("\n5. The hub has drafted a case, with those whom the structure file proposes for it: the core group. It is the municipality's data, so as yet only its coordinator sees it.")
	var err error
	if g.kase, err = caseOf(g.ctx, g.c, g.login(municipal), g.id); err != nil {
		return err
	}
	g.should(g.kase != "", "a case should have been drafted from the triage")
	if err := g.looksAtCase(map[int][]string{municipal: {"state", "circle", "name"}}); err != nil {
		return err
	}
	r, err := g.works(municipal, "openCase", map[string]any{"members": []string{}, "reason": "Forvaltningerne inddrages hver for sig, når de kan bidrage.",
		"legal_basis": "RPL115-2", "purpose": "prevention", "necessity": necessity, "terms": "within_cooperation"})
	if err != nil {
		return err
	}
	g.should(r.text("state") == "opening", "one coordinator alone must not open the case")
	g.say("   %s confirms who is to take part, and by that shows the case to the police coordinator, on a legal basis, and on the terms that others in the cooperation may be asked. It waits for the other's yes: %s.", g.cast[municipal].post.Name, g.step(r))
	if err := g.looksAtCase(map[int][]string{municipal: {"state", "circle", "name"}, police: {"state", "circle", "name"}}); err != nil {
		return err
	}
	if r, err = g.works(police, "openCase", map[string]any{"members": []string{}, "reason": "Forebyggelsen inddrages, når der er brug for det."}); err != nil {
		return err
	}
	g.say("   %s confirms too, and the case is open: %s. Who has a seat in the core group sees nothing of it by that: only who is asked, or let in.", g.cast[police].post.Name, g.step(r))
	g.should(r.text("state") == "collecting", "two confirmations open the case")
	if err := g.looksAtCase(map[int][]string{municipal: {"name", "circle"}, police: {"name", "circle"}}); err != nil {
		return err
	}
	if err := g.told("assessment.case.opened.v1", "case_opened", municipal, police); err != nil {
		return err
	}
	return g.trail()
}

func (g *guide) answered() error {
	g.say("\n6. %s asks a department, %s asks another authority. Each sees its own question, and nothing else.", g.cast[municipal].post.Name, g.cast[police].post.Name)
	r, err := g.works(municipal, "requestInformation", map[string]any{"authority": string(g.cast[coreGroup].post.Authority), "hats": []string{g.hat(coreGroup)},
		"questions": "Hvordan går det i skolen, og hvem har kontakt?", "necessity": "Skolegangen er afgørende for, hvilken hjælp der kan virke."})
	if err != nil {
		return err
	}
	own := r.text("id")
	if r, err = g.works(police, "requestInformation", map[string]any{"authority": string(g.cast[partner].post.Authority), "hats": []string{g.hat(partner)},
		"questions": "Er der et forløb, vi skal tage hensyn til?", "legal_basis": "RPL115-1-2", "purpose": "prevention", "necessity": "Et forløb i psykiatrien har betydning for, hvem der bør tale med ham."}); err != nil {
		return err
	}
	other := r.text("id")
	if r, err = g.does(coreGroup, "answerInformation", map[string]string{"id": own}, map[string]any{"grade": 3, "to": []string{string(g.cast[police].post.Authority)},
		"legal_basis": "RPL115-2", "purpose": "prevention", "necessity": "Politiets tovholder skal kende skolegangen for at kunne vurdere sammen med os.",
		"statements": []map[string]any{{"kind": "fact", "text": "Fraværet er steget fra 4 til 31 procent siden september.", "source": "Fraværsregistrering", "reliability": "A", "as_of": g.day(-3), "class": "ordinary"}}}); err != nil {
		return err
	}
	g.say("   %s answers with one fact, and lets the police read it too, on § 115 stk. 2. Both coordinators read it, and nobody else.", g.cast[coreGroup].post.Name)
	if _, err = g.does(partner, "declineInformation", map[string]string{"id": other}, nil); err != nil {
		return err
	}
	g.say("   %s declines, without a reason: the law permits an answer and does not demand one. To the others it looks like nothing known.", g.cast[partner].post.Name)
	if r, err = g.does(police, "getRequest", map[string]string{"id": other}, nil); err != nil {
		return err
	}
	g.should(r.text("outcome") != "declined", "a decline should look as the Infohus has chosen, and looks %s", r.text("outcome"))
	for who, want := range map[int]int{municipal: 1, police: 1, outsider: 0, colleague: 0} {
		r, err := g.c.call(g.ctx, g.login(who), "listAnswers", map[string]string{"id": g.kase}, nil)
		if err != nil {
			return err
		}
		list, _ := r.Body["answers"].([]any)
		g.should(len(list) == want, "%s should read %d answers, and reads %d", g.cast[who].name, want, len(list))
	}
	if err := g.looksAtCase(map[int][]string{municipal: {"requests"}, police: {"requests"}}); err != nil {
		return err
	}
	return g.trail()
}

func (g *guide) met() error {
	g.say("\n7. %s is invited to take part, and the case is discussed at a meeting: who was there, and what was said.", g.cast[coreGroup].post.Name)
	if _, err := g.works(municipal, "inviteToCase", map[string]any{"hat": g.hat(coreGroup), "reason": "Deltager i analysen med viden om skolegangen.", "until": g.day(60)}); err != nil {
		return err
	}
	if _, err := g.works(municipal, "conveneMeeting", map[string]any{"date": g.day(0), "time": "00:00"}); err != nil {
		return err
	}
	r, err := g.works(police, "holdMeeting", map[string]any{"attendance": []string{g.hat(municipal), g.hat(police), g.hat(coreGroup)},
		"note": "Skole og politi ser det samme billede. Familien vil gerne have hjælp."})
	if err != nil {
		return err
	}
	g.say("   The case stands at: %s. %s was let in by name, for this case and for sixty days, and sees what the own tasks need.", g.step(r), g.cast[coreGroup].post.Name)
	if err := g.told("assessment.meeting.called.v1", "meeting_called", coreGroup); err != nil {
		return err
	}
	if err := g.looksAtCase(map[int][]string{municipal: {"dimensions", "meeting"}, police: {"dimensions", "meeting"}, coreGroup: {"meeting", "level", "own_dimensions", "-dimensions"}}); err != nil {
		return err
	}
	return g.trail()
}

// assessment is what the two write together: each side of every dimension that
// matters, and what nobody knows.
func (g *guide) assessment() map[string]any {
	i, _ := g.st.InstrumentAt(g.now)
	var dimensions []map[string]any
	for n, d := range i.Dimensions {
		one := map[string]any{"code": d.Code, "relevance": "none"}
		if n == 0 {
			one = map[string]any{"code": d.Code, "relevance": "central", "movement": "worse", "confidence": "medium",
				"evidence_for":     []map[string]any{{"text": "Gentager slagord fra den nye omgangskreds.", "kind": "hearsay", "source": "Klub", "as_of": g.day(-10), "cited": true}},
				"evidence_against": []map[string]any{{"text": "Tager afstand fra vold, når han er alene med sin lærer.", "kind": "fact", "source": "Skole", "as_of": g.day(-5), "cited": true}},
				"gaps":             []map[string]any{{"what": "Hvem har han kontakt til uden for skolen?", "who_could_know": string(g.cast[municipal].post.Authority), "due": g.day(20)}}}
		}
		dimensions = append(dimensions, one)
	}
	return map[string]any{"edit": 0, "dimensions": dimensions, "level": i.Levels[2].Code, "change_test": "At han igen kommer i skole hver dag, og at de gamle venner er tilbage.",
		"rationale": "Fraværet og den nye omgangskreds taler for bekymringen. Hans egen afstand til vold og den gode kontakt til skolen taler imod, at den er alvorlig.", "valid_until": g.day(90)}
}

func (g *guide) assessed() error {
	g.say("\n8. The joint assessment: evidence for and against, what nobody knows, a level that a named human sets. %s sees it otherwise, and says what would show who is right.", g.cast[coreGroup].post.Name)
	if _, err := g.works(municipal, "draftAssessment", g.assessment()); err != nil {
		return err
	}
	i, _ := g.st.InstrumentAt(g.now)
	if _, err := g.works(coreGroup, "addDissent", map[string]any{"about": "level", "level": i.Levels[1].Code, "reason": "Skolen ser en dreng, der keder sig, mere end en, der er på vej væk.",
		"test": "Fraværet ikke falder, når han får en mentor.", "due": g.day(30)}); err != nil {
		return err
	}
	if _, err := g.works(municipal, "decideInform", map[string]any{"decision": "now"}); err != nil {
		return err
	}
	for _, who := range []int{municipal, police} {
		r, err := g.works(who, "getAssessment", nil)
		if err != nil {
			return err
		}
		if r, err = g.works(who, "signAssessment", map[string]any{"content": r.text("content")}); err != nil {
			return err
		}
		g.say("   %s signs what stands there, letter for letter. The case stands at: %s.", g.cast[who].post.Name, g.step(r))
	}
	if err := g.told("assessment.assessment.signed.v1", "case_recommended", municipal, police); err != nil {
		return err
	}
	g.say("   The assessment is done, and %s, who was let in for it, sees no more of it than that there is a case.", g.cast[coreGroup].post.Name)
	if err := g.looksAtCase(map[int][]string{municipal: {"dimensions", "recommendations"}, police: {"dimensions", "recommendations"}, coreGroup: {"state", "-level", "-meeting", "-own_dimensions"}}); err != nil {
		return err
	}
	return g.trail()
}

func (g *guide) helped() error {
	g.say("\n9. Help is offered: %s asks %s's department for a mentor.", g.cast[municipal].post.Name, g.cast[coreGroup].post.Name)
	i, _ := g.st.InstrumentAt(g.now)
	var r reply
	var err error
	for range 100 { // the course is drafted after the commit
		if r, err = g.c.call(g.ctx, g.login(municipal), "recommendReferral", map[string]string{"id": g.kase}, map[string]any{"authority": string(g.cast[coreGroup].post.Authority), "hats": []string{g.hat(coreGroup)},
			"dimension": i.Dimensions[0].Code, "measure": "mentor", "preview": "En mentor til en ung, der er ved at miste kontakten til skolen.",
			"task": "Find en mentor, der kan mødes med ham to gange om ugen."}); err != nil {
			return err
		}
		if r.Status < 300 {
			break
		}
		pause(g.ctx)
	}
	g.should(r.Status < 300, "a recommendation should be drafted: %d %s", r.Status, r.Raw)
	offer := map[string]string{"id": r.text("id")}
	if _, err = g.does(municipal, "sendReferral", offer, map[string]any{}); err != nil {
		return err
	}
	if r, err = g.does(coreGroup, "getReferral", offer, nil); err != nil {
		return err
	}
	g.should(!bytes.Contains(r.Raw, []byte(g.person)) && r.text("preview") != "" && r.text("task") == "", "the preview should say what, and not who it is")
	g.say("   Before the answer %s reads what it is about, and not who it is: \"%s\"", g.cast[coreGroup].post.Name, r.text("preview"))
	if _, err = g.does(coreGroup, "answerReferral", offer, map[string]any{"answer": "taken_up"}); err != nil {
		return err
	}
	if r, err = g.does(coreGroup, "getReferral", offer, nil); err != nil {
		return err
	}
	g.should(bytes.Contains(r.Raw, []byte(g.person)) && r.text("task") != "", "who took it up should see who it is, and the task")
	g.say("   %s says yes, and from now on sees who it is, and the task: \"%s\" A no would have been as good an answer.", g.cast[coreGroup].post.Name, r.text("task"))
	if _, err = g.does(coreGroup, "progressMeasure", offer, map[string]any{"status": "running", "start": g.day(0), "end": g.day(120)}); err != nil {
		return err
	}
	if _, err = g.works(police, "recordFollowUp", map[string]any{"movements": []map[string]any{{"dimension": i.Dimensions[0].Code, "movement": "better"}},
		"note": "Mentoren er i gang, og fraværet falder.", "next": g.day(28)}); err != nil {
		return err
	}
	g.say("   The mentor has begun. %s follows the case up, and sets the next date: a case that nobody will look at again cannot exist.", g.cast[police].post.Name)
	if err := g.told("referral.followup.recorded.v1", "followed_up", municipal, police); err != nil {
		return err
	}
	g.say("   Of the case itself %s still sees only that it is there: the offer is another thing, with its own readers.", g.cast[coreGroup].post.Name)
	if err := g.looksAtCase(map[int][]string{municipal: {"follow_ups"}, police: {"follow_ups"}, coreGroup: {"state", "-level", "-follow_ups"}}); err != nil {
		return err
	}
	return g.trail()
}

func (g *guide) closed() error {
	g.say("\n10. Both coordinators close the case, each with a reason. It is kept until its date, and read by nobody.")
	end := map[string]any{"reason": "risk_reduced", "level_at_close": "attention", "informed": "yes", "after_care": "Skolens vejleder kan kontaktes."}
	r, err := g.works(municipal, "closeCase", end)
	if err != nil {
		return err
	}
	g.should(r.text("state") == "closing", "one coordinator alone must not close the case")
	if r, err = g.works(police, "closeCase", end); err != nil {
		return err
	}
	g.say("   The case is %s. What others could see has ended; the coordinators find that it is there, and who has seen it.", r.text("state"))
	g.should(r.text("state") == "closed", "two that agree close the case")
	if err := g.told("referral.case.closed.v1", "case_closed", municipal, police); err != nil {
		return err
	}
	if err := g.looksAtCase(map[int][]string{municipal: {"reference", "-name", "-dimensions"}, police: {"reference", "-name", "-dimensions"}}); err != nil {
		return err
	}
	return g.trail()
}
