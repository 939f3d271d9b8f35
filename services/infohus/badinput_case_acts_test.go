//go:build !race

package main

import (
	"net/url"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
)

// on asks an operation on a case.
func (w *wrong) on(login, method string, kase hub.ID, op string, in any, headers ...string) *hubtest.Answer {
	w.Helper()
	a := w.as(login).API(method, "/api/cases/"+string(kase)+"/"+op, in, headers...)
	return &a
}

func twoAssessments(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	kase := d.works("assessment").kase
	at := "/cases/" + string(kase) + "/assessment/edit"
	c, p := w.browser(coordinator), w.browser(policeMan)
	one, other := c.Get(at), p.Get(at)
	text := func(s string) url.Values { return url.Values{"rationale": {s}} }
	if a := w.posts(c, one, at, text("Skrevet i den ene.")); a.Status != 303 {
		w.Errorf("the first is answered %d: %s", a.Status, a.Text())
	}
	b := w.posts(p, other, at, text("Skrevet i den anden."))
	w.same("what the second keeps", strings.TrimSpace(formOn(w.T, *b, at).Get("rationale")), "Skrevet i den anden.")
	a := w.on(policeMan, "PUT", kase, "assessment", map[string]any{"edit": 0, "rationale": "Skrevet af en tredje."})
	kept := w.on(coordinator, "GET", kase, "assessment", nil)
	w.shows(kept, "Skrevet i den ene.", true)
	return a, b
}

func levelByMachine(w *wrong) (api, page *hubtest.Answer) {
	hat := string(hub.NewID()) // which somebody has given to a program
	w.SQL("insert into access.hat select '" + hat + "', '" + hat + "', 'Robot', authority, kind, department, role, from_at, until_at, issuer, 'robot' from access.hat where id = '" +
		string(w.as(coordinator).Post.Hat.ID) + "'")
	c := *w.as(coordinator)
	claims := w.Issuer.Claims(c.Post)
	claims["sub"] = "robot"
	c.Token, c.Post.Hat.ID = w.Issuer.Sign(claims), hub.ID(hat)
	at := "/api/cases/" + string(w.works["assessment"].kase) + "/assessment"
	a := c.API("PUT", at, map[string]any{"edit": 0, "level": "concern"})
	w.same("versions", w.One("select count(*) from assessment.assessment where case_id = $1", string(w.works["assessment"].kase)), "0")
	return &a, nil
}

func signsTooSoon(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	kase := d.works("assessment").kase
	w.on(coordinator, "PUT", kase, "assessment", map[string]any{"rationale": "Kun begyndt."})
	return w.on(coordinator, "POST", kase, "sign", map[string]any{"content": d.content(coordinator, kase)}), nil
}

func signsTwice(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	kase := d.works("written").kase
	in := map[string]any{"content": d.content(coordinator, kase)}
	w.on(coordinator, "POST", kase, "sign", in)
	a := w.on(coordinator, "POST", kase, "sign", in)
	w.same("signatures", w.One("select count(*) from assessment.signature where case_id = $1", string(kase)), "1")
	return a, nil
}

func oneSided(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	of := d.works("assessment")
	in := d.joint(of)
	delete(in["dimensions"].([]map[string]any)[0], "evidence_against")
	w.on(coordinator, "PUT", of.kase, "assessment", in)
	w.on(coordinator, "POST", of.kase, "inform", map[string]any{"decision": "now"})
	return w.on(coordinator, "POST", of.kase, "sign", map[string]any{"content": d.content(coordinator, of.kase)}), nil
}

func othersAnswer(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	other := *w.works["assessment"]
	other.answer = w.works["follow_up"].answer
	return w.on(coordinator, "PUT", other.kase, "assessment", d.joint(&other)), nil
}

func askedTwice(w *wrong) (api, page *hubtest.Answer) {
	p := w.forms["ask"]
	c := w.browser(coordinator)
	form := c.Get(p.at)
	count := "select count(*) from assessment.request where case_id = '" + string(w.works["collecting"].kase) + "'"
	before := atoi(w.One(count))
	for range 2 {
		if a := w.posts(c, form, p.page, asForm(w.read(p.good))); a.Status != 303 {
			w.Errorf("a click answers %d: %s", a.Status, a.Text())
		}
	}
	if n := atoi(w.One(count)) - before; n != 1 {
		w.Errorf("two clicks asked %d questions", n)
	}
	return nil, nil
}

func offeredTwice(w *wrong) (api, page *hubtest.Answer) {
	kase := w.works["follow_up"].kase
	in := w.desk.offers("bodil")
	one := w.on(policeMan, "POST", kase, "offers", in, "Idempotency-Key", "tilbud")
	two := w.on(policeMan, "POST", kase, "offers", in, "Idempotency-Key", "tilbud")
	w.same("the second receipt", two.Text(), one.Text())
	return two, nil
}

func answerKeyReused(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	q := d.works("collecting").asked
	path := "/api/requests/" + string(q) + "/answer"
	w.as("bodil").API("POST", path, map[string]any{"grade": 0}, "Idempotency-Key", "svar")
	a := w.as("bodil").API("POST", path, d.answers(1), "Idempotency-Key", "svar")
	return &a, nil
}

func repliedTwice(w *wrong) (api, page *hubtest.Answer) {
	of := w.works["follow_up"].own // taken up by tage
	a := w.as("tage").API("POST", "/api/offers/"+string(of)+"/answer", map[string]any{"answer": "not_taken_up"})
	w.same("its state", w.One("select state from access.item where id = $1", string(of)), "taken_up")
	return &a, nil
}

func stepTooSoon(w *wrong) (api, page *hubtest.Answer) {
	of := w.works["collecting"]
	a := w.on(coordinator, "POST", of.kase, "sign", map[string]any{"content": strings.Repeat("0", 64)})
	c := w.browser(coordinator)
	form := c.Get("/cases/" + string(of.kase) + "/circle")
	typed := url.Values{"_hat": formOn(w.T, form, "/cases/"+string(of.kase)+"/circle")["_hat"], "note": {"Skrevet på en side, som ikke gælder længere."}}
	b := w.raw(c, "POST", "/cases/"+string(of.kase)+"/meeting/held", typed.Encode())
	w.shows(b, "Skrevet på en side, som ikke gælder længere.", true)
	w.same("its state", w.One("select state from access.item where id = $1", string(of.kase)), "collecting")
	return a, b
}

func helpTooSoon(w *wrong) (api, page *hubtest.Answer) {
	return w.on(coordinator, "POST", w.works["written"].kase, "offers", w.desk.offers("tage")), nil
}

func notedTooSoon(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	of := d.works("collecting")
	d.makes(coordinator, "/api/cases/{id}/meeting", map[string]any{"date": d.day(3), "time": "10:00"}, of.kase)
	return w.on(policeMan, "POST", of.kase, "meeting/held", d.notes()), nil
}

func othersQuestion(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	q := string(w.works["collecting"].asked)
	a := w.as("ellen").API("POST", "/api/requests/"+q+"/answer", d.answers(1))
	none := w.as("ellen").API("POST", "/api/requests/"+string(hub.NewID())+"/answer", d.answers(1))
	w.same("the answer", a.Text(), none.Text())
	c := w.browser("ellen")
	c.Get("/")
	b := w.raw(c, "POST", "/requests/"+q+"/answer", url.Values{"_hat": {string(c.Post.Hat.ID)}, "grade": {"2"}, "conclusion": {"Min egen tekst om noget andet."}}.Encode())
	w.shows(b, "Min egen tekst om noget andet.", true)
	return &a, b
}

func othersConsent(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	here := d.works("recommended").kase
	of := w.works["follow_up"]
	a := w.on(coordinator, "POST", here, "consents/"+string(of.consent)+"/withdraw", nil)
	w.same("its end", w.One("select count(*) from referral.consent where id = $1 and ended_at is not null", string(of.consent)), "0")
	return a, nil
}

func othersMember(w *wrong) (api, page *hubtest.Answer) {
	a := w.on(coordinator, "DELETE", w.works["collecting"].kase, "circle/"+string(w.works["written"].member), nil)
	w.same("its state", w.One("select state from assessment.member where id = $1", string(w.works["written"].member)), "invited")
	return a, nil
}

func closedAlone(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	of := d.works("closing") // by the municipality
	var a *hubtest.Answer
	for _, login := range []string{coordinator, deputy} {
		if a = w.on(login, "POST", of.kase, "close", d.ends()); a.Status != 200 {
			w.Errorf("%s is answered %d: %s", login, a.Status, a.Text())
		}
		w.same("its state", w.One("select state from access.item where id = $1", string(of.kase)), "closing")
	}
	return a, nil
}

func reopenedAlone(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	of := d.works("closed")
	w.on(policeMan, "POST", of.kase, "reopen", d.reopens(policeMan))
	a := w.on(policeMan, "POST", of.kase, "reopen", d.reopens(policeMan))
	w.same("its state", w.One("select state from access.item where id = $1", string(of.kase)), "closed")
	return a, nil
}

// grown is a case about somebody of 30 years, in the recommendation.
func (d *desk) grown() *work {
	d.Helper()
	subject := d.registers(coordinator, map[string]any{"name": "Opdigtet Voksen", "no_cpr": true, "birth_date": "05-05-1996"})
	var got done
	d.as(coordinator).API("POST", "/api/concerns", concern(subject, map[string]any{"child": "no", "forward": toPolice})).Must(201).JSON(&got)
	d.does(policeMan, "check", got.ID, says("released"))
	for _, login := range []string{coordinator, policeMan} {
		d.does(login, "triage", got.ID, judge("case"))
	}
	return d.brings(d.from(driven{id: got.ID, subject: subject}), "recommended")
}

func exitWithoutConsent(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	of := d.grown()
	o := d.makes(policeMan, "/api/cases/{id}/offers", with(d.offers("bodil"), map[string]any{"measure": "exit"}), of.kase)
	a := w.as(policeMan).API("POST", "/api/offers/"+string(o)+"/send", d.basis("RPL115-1-2", because))
	w.same("its state", w.One("select state from access.item where id = $1", string(o)), "offer_draft")
	return &a, nil
}

func exitForAChild(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	kase, _ := d.handsOver() // of a child
	return w.on(coordinator, "POST", kase, "offers", with(d.offers("tage"), map[string]any{"measure": "exit"})), nil
}

func caseStranger(w *wrong) (api, page *hubtest.Answer) {
	of := w.works["follow_up"]
	var a hubtest.Answer
	paths := map[string]string{}
	for _, op := range []string{"open", "circle", "requests", "meeting", "meeting/held", "dissents", "inform", "sign", "offers", "consents", "followups", "close", "reopen"} {
		paths["/api/cases/{id}/"+op] = string(of.kase)
	}
	paths["/api/requests/{id}/answer"], paths["/api/offers/{id}/answer"], paths["/api/offers/{id}/progress"] = string(of.asked), string(of.sent), string(of.offer)
	for _, login := range []string{roskilde, "knud"} {
		for path, id := range paths {
			for _, in := range []any{map[string]any{}, `{"grade":7,"answer":"maybe","reason":"x"}`} {
				for _, one := range []string{id, string(hub.NewID())} {
					rows := atoi(w.One("select count(*) from audit.trail"))
					a = w.as(login).API("POST", strings.Replace(path, "{id}", one, 1), in)
					if _, text := in.(string); text && a.Status == 400 { // whose fields it has not are told to everybody
						a.Status = 404
						continue
					}
					if a.Status != 404 {
						w.Errorf("%s %s: %d %s", login, path, a.Status, a.Body)
					}
					if n := atoi(w.One("select count(*) from audit.trail")) - rows; n != 1 {
						w.Errorf("%s %s: %d rows of the trail", login, path, n)
					}
				}
			}
		}
	}
	a = w.as(roskilde).API("POST", "/api/cases/"+string(of.kase)+"/close", map[string]any{})
	return &a, nil
}

func assessmentKept(w *wrong) (api, page *hubtest.Answer) {
	d := w.desk
	at := "/cases/" + string(d.works("assessment").kase) + "/assessment/edit"
	c := w.browser(deputy)
	form := w.types(c, at)
	typed := "Han taler for sig.\nOg mere: <b>æøå</b> & \"alt\"."
	a := w.posts(c, form, at, url.Values{"rationale": {typed}, "level": {"concern"}})
	if a.Status != 303 || !strings.HasPrefix(a.Header.Get("Location"), "/signin?") {
		w.Errorf("the form is answered %d to %s", a.Status, a.Header.Get("Location"))
	}
	c.SignIn()
	kept := c.Get("/kept")
	stands := formOn(w.T, kept, at)
	w.same("what is shown again", stands.Get("rationale"), typed)
	w.same("what is chosen again", stands.Get("level"), "concern")
	if done := w.posts(c, kept, at, nil); done.Status != 303 {
		w.Errorf("sent again it is answered %d: %s", done.Status, done.Text())
	}
	return nil, &kept
}

// asksOf has the coordinator ask an authority: those named, or nobody by name.
func asksOf(to string, names ...string) func(w *wrong) (api, page *hubtest.Answer) {
	return func(w *wrong) (api, page *hubtest.Answer) {
		d := w.desk
		hats := []hub.ID{}
		for _, login := range names {
			hats = append(hats, d.hat(login))
		}
		return w.on(coordinator, "POST", w.works["collecting"].kase, "requests", with(d.asks("tage"), d.basis("RPL115-2", because), map[string]any{"authority": to, "department": nil, "hats": hats})), nil
	}
}
