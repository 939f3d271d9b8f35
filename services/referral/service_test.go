//go:build !race

package referral

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// TestOfferToOnesOwn is S7 within one authority: a draft that only the sender
// sees, a preview without identity, and the content from the taking up on.
func TestOfferToOnesOwn(t *testing.T) {
	w := run(t)
	id := w.signed()
	o := w.drafts(gudrun, id, offerTo("koege", "velfaerd", "mentor"))
	w.is(w.state(o), "offer_draft", "the draft")
	w.is(w.given(o), "0 and 0", "given of a draft")
	for _, nobody := range []string{tage, thorkild, liv, jytte, sigrid, rune} {
		if w.sees(nobody, o) != nil {
			t.Errorf("%s sees a draft", nobody)
		}
	}
	var p Preview
	w.As(gudrun).API("GET", "/api/offers/"+string(o)+"/preview", nil).Must(200).JSON(&p)

	r := w.does(gudrun, o, "send", none)
	w.is(r.State, "offered", "the receipt")
	w.Settle()
	w.is(w.given(o), "2 and 0", "given to the department's people")
	before := w.sees(tage, o)
	if before == nil || before.Subject != "" || before.Task != "" || before.Preview == "" || before.Measure != "mentor" || before.Case != "" {
		t.Fatalf("before taking it up Tage sees %+v", before)
	}
	w.alike(p.Before, before)
	if body := w.As(tage).API("GET", "/api/offers/"+string(o), nil).Text(); strings.Contains(body, string(id)) {
		t.Errorf("the receiver is told of which case it is: %s", body)
	}
	for _, nobody := range []string{thorkild, liv, jytte, sigrid, rune} {
		if w.sees(nobody, o) != nil {
			t.Errorf("%s sees an offer to another", nobody)
		}
	}

	if r := w.does(tage, o, "answer", m{"answer": "taken_up"}); r.Case != "" || r.State != "taken_up" {
		t.Errorf("the receipt says %+v", r)
	}
	w.Settle()
	after := w.sees(tage, o)
	if after.Subject == "" || after.Task == "" {
		t.Errorf("after taking it up Tage sees %+v", after)
	}
	w.alike(p.After, after)
	w.is(w.state(id), "follow_up", "the case")
	w.is(len(w.told("referral.referral.sent.v1")), 1, "sent")
	w.is(w.told("referral.referral.answered.v1")[0], event.Fact(event.ReferralAnswered{Case: id, Offer: o, Authority: "koege"}), "answered")
	if c := w.course(thorkild, id); len(c.Offers) != 1 || c.Offers[0].State != TakenUp || c.Offers[0].Preview == "" {
		t.Errorf("the other party sees %+v", c.Offers)
	}
}

// alike holds what was promised before sending against what is seen after (T2).
func (w *world) alike(promised, seen *OfferView) {
	w.t.Helper()
	if promised == nil {
		w.t.Fatal("nothing was promised")
	}
	if !slices.Equal(promised.Fields, seen.Fields) || promised.Preview != seen.Preview || promised.Task != seen.Task || promised.Subject != seen.Subject ||
		promised.Measure != seen.Measure || promised.Dimension != seen.Dimension || promised.State != seen.State {
		w.t.Errorf("promised %+v\nseen %+v", promised, seen)
	}
}

// TestOfferToAnotherAuthority: a share with its basis, cut to what policy gives;
// without a ground that fits, nothing is delivered (L1).
func TestOfferToAnotherAuthority(t *testing.T) {
	w := run(t)
	id := w.signed()
	o := w.drafts(gudrun, id, offerTo("mvs-politi", "", "concern_talk"))
	for name, ground := range map[string]m{"none": none, "short": {"legal_basis": "RPL115-2", "purpose": "prevention", "necessity": "kort"},
		"another's": basis("RPL115-1-1"), "no disclosure": basis("RPL114"), "unknown": basis("XYZ"), "a consent there is not": basis("CONSENT-EXIT")} {
		if a := w.As(gudrun).API("POST", "/api/offers/"+string(o)+"/send", ground); a.Status != 400 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	w.is(w.given(o), "0 and 0", "given after refusals")
	var p Preview
	w.As(gudrun).API("GET", "/api/offers/"+string(o)+"/preview", nil).Must(200).JSON(&p)
	w.does(gudrun, o, "send", basis("RPL115-2"))
	w.is(w.One(`select array_to_string(classes, ',') || ' ' || basis || ' ' || receiver from access.share where item = $1`, string(o)),
		"identity,measure,offer,offer_preview,offer_status RPL115-2 mvs-politi", "the share")
	before := w.sees(thorkild, o)
	w.alike(p.Before, before)
	if before.Subject != "" || before.Task != "" {
		t.Errorf("before taking it up the police see %+v", before)
	}
	if w.sees("knud", o) != nil {
		t.Error("somebody at the police sees it who is not named")
	}
	w.does(thorkild, o, "answer", m{"answer": "taken_up"})
	w.alike(p.After, w.sees(thorkild, o))
	w.is(w.One(`select count(*) from audit.trail where act = 'disclose' and object_id = $1 and recipient = 'mvs-politi' and basis = 'RPL115-2' and why_ref <> ''`, string(o)), "1", "disclosures in the trail")
}

// TestPartner: a person of a third authority receives by name, on the police
// coordinator's share (D15).
func TestPartner(t *testing.T) {
	w := run(t)
	id := w.signed()
	in := offerTo("kriminalforsorgen", "", "contact_person")
	o := w.drafts(thorkild, id, in)
	if a := w.As(thorkild).API("POST", "/api/offers/"+string(o)+"/send", basis("RPL115-1-3c")); a.Status != 400 || !strings.Contains(a.Text(), `"hats"`) {
		t.Errorf("sent to nobody: %d %s", a.Status, a.Body)
	}
	in["hats"] = []hub.ID{w.As(jytte).Post.Hat.ID}
	o = w.sends(thorkild, id, in, basis("RPL115-1-3c"))
	if v := w.sees(jytte, o); v == nil || v.Subject != "" {
		t.Errorf("she sees %+v", v)
	}
	w.does(jytte, o, "answer", m{"answer": "taken_up"})
	if v := w.sees(jytte, o); v == nil || v.Subject == "" {
		t.Errorf("she sees %+v", v)
	}
	in["hats"] = []hub.ID{w.As(rune).Post.Hat.ID}
	w.post(thorkild, "/api/cases/"+string(id)+"/offers", in, 400)
}

// TestOffersGoWhereTheyCanBeReceived: where the rules let nobody receive an offer
// of the reader's, it is neither on the page nor drafted; and they are told who can.
func TestOffersGoWhereTheyCanBeReceived(t *testing.T) {
	w := run(t)
	id := w.signed()
	at := "/cases/" + string(id)
	for _, c := range []struct{ login, to, why string }{
		{gudrun, "psykiatrien", "Midt- og Vestsjællands Politi"}, {gudrun, "kriminalforsorgen", "Midt- og Vestsjællands Politi"}, {gudrun, "maanebakken", "Midt- og Vestsjællands Politi"},
		{gudrun, "roskilde", "ingen dér"}, {gudrun, "greve", "ingen dér"}, {gudrun, "paraplyen", "ingen dér"},
		{gudrun, "koege/velfaerd", ""}, {gudrun, "koege/digitalisering", "ingen dér"}, {gudrun, "mvs-politi", ""},
		{thorkild, "psykiatrien", ""}, {thorkild, "kriminalforsorgen", ""}, {thorkild, "maanebakken", ""}, {thorkild, "koege", ""}, {thorkild, "paraplyen", "ingen dér"},
	} {
		if listed := strings.Contains(w.As(c.login).Get(at+"/recommend").Must(200).Text(), `<option value="`+c.to+`"`); listed != (c.why == "") {
			t.Errorf("on the page %s has %s: %v", c.login, c.to, listed)
		}
		authority, department, _ := strings.Cut(c.to, "/")
		a := w.As(c.login).API("POST", "/api"+at+"/offers", offerTo(authority, department, "mentor"))
		if c.why == "" && a.Status != 201 || c.why != "" && (a.Status != 400 || !strings.Contains(a.Text(), `"authority"`) || !strings.Contains(a.Text(), c.why)) {
			t.Errorf("%s to %s: %d %s", c.login, c.to, a.Status, a.Body)
		}
	}
}

// TestDeclineCostsNothing: no reason, no word of it in the fact, and the case goes
// on (L4).
func TestDeclineCostsNothing(t *testing.T) {
	w := run(t)
	id := w.signed()
	a := w.sends(gudrun, id, offerTo("koege", "velfaerd", "mentor"), none)
	b := w.sends(gudrun, id, offerTo("mvs-politi", "", "concern_talk"), basis("RPL115-2"))
	w.does(tage, a, "answer", m{"answer": "not_taken_up"})
	w.is(w.state(id), "recommended", "the case with an answer to come")
	w.does(thorkild, b, "answer", m{"answer": "other", "note": "Vi tager en samtale med forældrene i stedet."})
	w.is(w.state(id), "follow_up", "the case")
	w.Settle()
	for _, row := range w.SQL(`select envelope->'data' from referral.outbox where envelope->>'type' = 'referral.referral.answered.v1'`) {
		if strings.Contains(row[0], "taken") || strings.Contains(row[0], "other") {
			t.Errorf("the fact tells the answer: %s", row[0])
		}
	}
	if v := w.sees(tage, a); v == nil || v.Preview != "" || v.Subject != "" || v.State != NotTakenUp {
		t.Errorf("after declining he sees %+v", v)
	}
	if v := w.sees(gudrun, b); v.Answer != "other" || v.Note == "" {
		t.Errorf("the sender sees %+v", v)
	}
	w.post(tage, "/api/offers/"+string(a)+"/answer", m{"answer": "taken_up"}, 409)
	w.post(gudrun, "/api/offers/"+string(a)+"/answer", m{"answer": "taken_up"}, 409)
	w.post(sigrid, "/api/offers/"+string(a)+"/answer", m{"answer": "taken_up"}, 404)
	w.post(tage, "/api/offers/"+string(w.id())+"/answer", m{"answer": "taken_up"}, 404)
}

// TestWithdrawalIsAtOnce: from the commit on the receiver sees nothing (G4).
// A015 in part: of an offer.
func TestWithdrawalIsAtOnce(t *testing.T) {
	w := run(t)
	id := w.signed()
	for _, taken := range []bool{false, true} {
		o := w.sends(gudrun, id, offerTo("mvs-politi", "", "concern_talk"), basis("RPL115-2"))
		if taken {
			w.does(thorkild, o, "answer", m{"answer": "taken_up"})
		}
		w.post(thorkild, "/api/offers/"+string(o)+"/withdraw", nil, 404)
		w.does(gudrun, o, "withdraw", nil)
		if v := w.sees(thorkild, o); v != nil {
			t.Errorf("after the withdrawal the police see %+v", v)
		}
		w.is(w.given(o), "0 and 0", "given")
		w.is(w.state(o), "offer_withdrawn", "the offer")
		w.post(gudrun, "/api/offers/"+string(o)+"/withdraw", nil, 409)
		w.post(thorkild, "/api/offers/"+string(o)+"/answer", m{"answer": "taken_up"}, 404)
	}
	w.Settle()
	facts := w.told("referral.referral.withdrawn.v1")
	w.is(len(facts), 2, "told of withdrawals")
	w.is(facts[0], event.Fact(event.ReferralWithdrawn{Case: id, Authority: "mvs-politi", Why: "withdrawn"}), "the fact")
	w.is(w.One(`select string_agg(controller, ' ' order by id) from audit.trail where act = 'revoke' and object_kind = 'offer' and outcome = 'allow'`),
		"mvs-politi koege mvs-politi koege", "withdrawals in the trail, at both ends")
}

// TestNotification: under 18, to the own municipality, handed over at once; and
// nothing but the receipt comes back (domain.md 2.8).
func TestNotification(t *testing.T) {
	w := run(t)
	id, _ := w.signedFor("under_18")
	in := offerTo("koege", "boern-uddannelse", "statutory_notification")
	w.post(gudrun, "/api/cases/"+string(id)+"/offers", in, 400)
	delete(in, "preview")
	o := w.drafts(gudrun, id, in)
	var p Preview
	w.As(gudrun).API("GET", "/api/offers/"+string(o)+"/preview", nil).Must(200).JSON(&p)
	if p.Before != nil || p.After == nil || p.After.Subject == "" {
		t.Errorf("the preview is %+v", p)
	}
	w.does(gudrun, o, "send", none)
	if v := w.sees(liv, o); v == nil || v.Subject == "" || v.Task == "" || v.State != TakenUp {
		t.Errorf("the department sees %+v", v)
	}
	w.is(w.state(id), "follow_up", "the case")
	w.post(liv, "/api/offers/"+string(o)+"/answer", m{"answer": "not_taken_up"}, 409)
	w.post(liv, "/api/offers/"+string(o)+"/progress", m{"status": "done"}, 409)
	w.post(gudrun, "/api/offers/"+string(o)+"/end", m{}, 409) // the receipt is the receiver's
	w.post(liv, "/api/offers/"+string(o)+"/end", m{"outcome": "completed"}, 400)
	w.does(liv, o, "end", m{})
	if v := w.sees(liv, o); v.Subject != "" || v.Task != "" || v.State != OfferEnded {
		t.Errorf("after the receipt the department sees %+v", v)
	}

	adult := w.signed()
	w.post(gudrun, "/api/cases/"+string(adult)+"/offers", in, 400)
	in["authority"] = "mvs-politi"
	delete(in, "department")
	w.post(gudrun, "/api/cases/"+string(id)+"/offers", in, 400) // it goes to the municipality's own department
}

// TestExit: 18 and over, on a signed consent that names the receiver, cut to what
// was signed; and its withdrawal ends it at once (2.7, L8).
func TestExit(t *testing.T) {
	w := run(t)
	young, _ := w.signedFor("under_18")
	w.post(gudrun, "/api/cases/"+string(young)+"/offers", offerTo("mvs-politi", "", "exit"), 400)
	unknown, _ := w.signedFor("unknown")
	consent := m{"document": "Exit 4", "signed_on": "2026-11-10", "scope": "At politi og kommune må tale sammen om forløbet.", "fields": []string{"identity", "offer", "offer_preview"}, "recipients": []string{"mvs-politi"}}
	w.post(gudrun, "/api/cases/"+string(unknown)+"/consents", consent, 201)
	o := w.drafts(gudrun, unknown, offerTo("mvs-politi", "", "exit"))
	w.post(gudrun, "/api/offers/"+string(o)+"/send", basis("CONSENT-EXIT"), 409)

	id := w.signed()
	o = w.drafts(gudrun, id, offerTo("mvs-politi", "", "exit"))
	w.post(gudrun, "/api/offers/"+string(o)+"/send", basis("CONSENT-EXIT"), 409)
	w.post(gudrun, "/api/offers/"+string(o)+"/send", basis("RPL115-2"), 409) // no other basis gets round it
	var c ReferralReceipt
	old := string(w.id()) // from before each had to name somebody: it carries nothing, to one's own either
	w.SQL(`insert into referral.consent (id, case_id, signed_on, fields, recipients, person, hat, at) values ($1, $2, '2026-11-01', '{identity}', '{}', 'x', 'x', '2026-11-01')`, old, string(id))
	w.post(gudrun, "/api/offers/"+string(o)+"/send", basis("CONSENT-EXIT"), 409)
	w.post(gudrun, "/api/offers/"+string(w.drafts(gudrun, id, offerTo("koege", "velfaerd", "exit")))+"/send", none, 409)
	for recipient, key := range map[string]string{"": "referral.error.recipients", "paraplyen": "referral.error.recipient", "roskilde": "referral.error.recipient", "pet": "error.choose"} {
		in := maps.Clone(consent)
		if in["recipients"] = []string{"mvs-politi", recipient}; recipient == "" {
			in["recipients"] = []string{}
		}
		if told := w.post(gudrun, "/api/cases/"+string(id)+"/consents", in, 400).Text(); !strings.Contains(told, `"`+key+`"`) {
			t.Errorf("a consent to %q: %s", recipient, told)
		}
	}
	w.post(gudrun, "/api/cases/"+string(id)+"/consents", consent, 201).JSON(&c)
	ground := "CONSENT-EXIT"
	if !w.Structure.Basis("CONSENT-EXIT", w.Now()) {
		ground = "RPL115-2"
	}
	w.does(gudrun, o, "send", basis(ground))
	w.is(w.One(`select array_to_string(classes, ',') from access.share where item = $1`, string(o)), "identity,offer,offer_preview,offer_status", "what the consent let through")
	w.does(thorkild, o, "answer", m{"answer": "taken_up"})
	other := w.sends(gudrun, id, offerTo("mvs-politi", "", "exit"), basis(ground))
	plain := w.sends(gudrun, id, offerTo("mvs-politi", "", "mentor"), basis("RPL115-2"))
	if v := w.course(thorkild, id); len(v.Consents) != 2 || v.Consents[1].Document != "Exit 4" {
		t.Errorf("the parties see %+v", v.Consents)
	}

	w.post(gudrun, "/api/cases/"+string(id)+"/consents/"+string(c.ID)+"/withdraw", nil, 201)
	w.is(w.state(o)+" "+w.state(other)+" "+w.state(plain), "offer_ended offer_withdrawn offered", "the offers")
	w.is(w.given(o)+", "+w.given(other)+", "+w.given(plain), "0 and 0, 0 and 0, 0 and 1", "given")
	if w.sees(thorkild, o) != nil || w.sees(thorkild, plain) == nil {
		t.Error("the withdrawal reaches too little or too much")
	}
	w.post(gudrun, "/api/cases/"+string(id)+"/consents/"+string(c.ID)+"/withdraw", nil, 409)
	w.post(gudrun, "/api/offers/"+string(w.drafts(gudrun, id, offerTo("mvs-politi", "", "exit")))+"/send", basis(ground), 409)
	w.is(w.One(`select count(*) from referral.sealed where item = $1`, string(c.ID)), "2", "the earlier consent stays on record")
}

// TestConsentEndsWithTheReceiver: the person may say it to whoever helps.
func TestConsentEndsWithTheReceiver(t *testing.T) {
	w := run(t)
	id := w.signed()
	w.post(gudrun, "/api/cases/"+string(id)+"/consents", m{"document": "Exit 4", "signed_on": "2026-11-10", "scope": "At politi og kommune må tale sammen om forløbet.",
		"fields": ConsentFields, "recipients": []string{"mvs-politi", "koege"}}, 201)
	a := w.sends(gudrun, id, offerTo("mvs-politi", "", "exit"), basis("RPL115-2"))
	b := w.sends(gudrun, id, offerTo("koege", "velfaerd", "exit"), none)
	w.does(thorkild, a, "answer", m{"answer": "taken_up"})
	w.does(tage, b, "answer", m{"answer": "taken_up"})
	w.does(thorkild, a, "end", m{"outcome": "consent_withdrawn"})
	w.is(w.state(a)+" "+w.state(b), "offer_ended offer_ended", "both offers")
	if w.sees(tage, b) != nil || w.sees(thorkild, a) != nil {
		t.Error("something is still let out on a consent that was withdrawn")
	}
}
