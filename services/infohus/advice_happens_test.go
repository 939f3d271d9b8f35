//go:build !race

package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// What the advice says is what happens: on every form that shares something, the
// bases are those that the advice names; whoever asks another authority on any basis
// is refused where the advice says no, for one of its reasons; and an offer goes where
// the advice says that somebody could open it, and nowhere else.
func TestAdviceIsWhatHappens(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	received, check := d.drives("municipality", "received"), d.drives("police", "police_check")
	opening, collecting, help := d.works("opening"), d.works("collecting"), d.works("follow_up")
	draft := d.makes(policeMan, "/api/cases/{id}/offers", d.offers("bodil"), help.kase)
	type form struct {
		login, path, state string
		to                 hub.AuthorityID
	}
	forms := []form{
		{coordinator, "/concerns/" + string(received.id) + "/forward", "police_check", "mvs-politi"},
		{ssp, "/concerns/" + string(received.id) + "/forward", "police_check", "mvs-politi"},
		{policeMan, "/concerns/" + string(check.id) + "/check", "triage", "koege"},
		{coordinator, "/cases/" + string(opening.kase) + "/open", "opening", "mvs-politi"},
		{"bodil", "/requests/" + string(collecting.asked) + "/answer", "released", "mvs-politi"},
		{policeMan, "/offers/" + string(draft) + "/send", "offered", "psykiatrien"},
	}
	// What the police have of Køge's case is Køge's, which lets them pass it on: the advice
	// is asked so, as they would.
	as := func(login string, to hub.AuthorityID, state string) map[string]any {
		if login == policeMan && to != "koege" && (state == "asked" || state == "offered") {
			return map[string]any{"under": "within_cooperation"}
		}
		return nil
	}
	people := map[hub.AuthorityID][]hub.ID{}
	for _, p := range d.Structure.Posts() {
		people[p.Authority] = append(people[p.Authority], p.Hat.ID)
	}
	asked, refused, placed := 0, 0, 0
	for _, a := range d.Structure.Authorities {
		for _, login := range []string{coordinator, policeMan} {
			if a.ID == d.as(login).Post.Authority {
				continue
			}
			at := "/cases/" + string(collecting.kase) + "/ask"
			offered := strings.Contains(d.as(login).Get(at).Must(200).Text(), at+"?authority="+string(a.ID)+`"`)
			if shown := strings.Contains(d.as(login).Get(at+"?authority="+string(a.ID)).Must(200).Text(), `name="questions"`); shown != offered {
				t.Errorf("%s is offered to ask %s: %v, and has the form: %v", login, a.ID, offered, shown)
			}
			if offered {
				forms = append(forms, form{login, at + "?authority=" + string(a.ID), "asked", a.ID})
			}
			advice := d.advice(login, a.ID, "asked", as(login, a.ID, "asked"))
			for _, b := range d.Structure.LegalBases {
				got := d.as(login).API("POST", "/api/cases/"+string(collecting.kase)+"/requests", with(d.asks("tage"), d.basis(string(b.Code), because),
					map[string]any{"authority": a.ID, "hats": people[a.ID][:min(1, len(people[a.ID]))], "department": nil}))
				var told struct{ Errors []struct{ Key string } }
				got.JSON(&told)
				why := ""
				for _, e := range told.Errors {
					if code, ok := strings.CutPrefix(e.Key, "refusal."); ok && code != "not_for_target" { // which is on who is to answer
						why = code
					}
					if e.Key == "error.onward" {
						why = "not_passed_on"
					}
					if e.Key == "error.no_basis" { // said where no other basis is any better
						if why = "basis_not_for_parties"; advice.Allow {
							t.Errorf("%s asks %s on %s: on no basis, and the advice knows one", login, a.ID, b.Code)
						}
					}
				}
				on := advice.on(string(b.Code))
				switch {
				case got.Status != 201 && got.Status != 400:
					t.Fatalf("%s asks %s on %s: %d %s", login, a.ID, b.Code, got.Status, got.Text())
				case on.Allow != (why == ""):
					if len(people[a.ID]) > 0 || on.Allow { // else it is refused before the rules are asked: nobody could answer
						t.Errorf("%s asks %s on %s: the advice says %v %v, and it is refused for %q: %s", login, a.ID, b.Code, on.Allow, on.Reasons, why, got.Text())
					}
				case why != "" && !slices.Contains(on.Reasons, why):
					t.Errorf("%s asks %s on %s: refused for %s, and the advice says %v", login, a.ID, b.Code, why, on.Reasons)
				}
				asked++
				if why != "" {
					refused++
				}
			}
			offer := d.advice(login, a.ID, "offered", as(login, a.ID, "offered"))
			got := d.as(login).API("POST", "/api/cases/"+string(help.kase)+"/offers", with(d.offers("tage"), map[string]any{"authority": a.ID, "department": nil, "hats": nil}))
			place := strings.Contains(got.Text(), "referral.error.place")
			if place == (offer.Allow && offer.Open) {
				t.Errorf("%s offers something to %s: the advice says allow %v, open %v, and: %d %s", login, a.ID, offer.Allow, offer.Open, got.Status, got.Text())
			}
			if other := strings.Contains(got.Text(), "referral.error.place_other"); other != (len(offer.Senders)+len(offer.Leave) > 0) {
				t.Errorf("%s offers something to %s: the advice names %v and %v, and: %s", login, a.ID, offer.Senders, offer.Leave, got.Text())
			}
			if !place {
				placed++
			}
		}
	}
	written := map[string]int{}
	for _, f := range forms {
		advice, page := d.advice(f.login, f.to, f.state, as(f.login, f.to, f.state)), d.as(f.login).Get(f.path).Must(200)
		if !advice.Open { // there is nobody to ask, and so no form
			if got := offered(t, page, "legal_basis"); len(got) > 0 {
				t.Errorf("%s is offered %v at %s, and the advice says that nobody could open it", f.login, got, f.path)
			}
			continue
		}
		want, got := advice.may(), offered(t, page, "legal_basis")
		if !slices.Equal(got, want) {
			t.Errorf("%s is offered %v at %s, and the advice says %v", f.login, got, f.path, want)
		}
		// What a basis wants written besides is said at the necessity's field, and of no other.
		hint := ""
		if _, after, ok := strings.Cut(page.Text(), `id="necessity-hint">`); ok {
			hint, _, _ = strings.Cut(after, "</span>")
		}
		for code, word := range map[string]string{"category_evidence": "hvad der viser, at litraen passer på personen", "socially_vulnerable": "hvorfor personen er socialt udsat"} {
			wants := slices.ContainsFunc(advice.Bases, func(on advisedOn) bool { return on.Allow && slices.Contains(on.Obligations, code) })
			if said := strings.Contains(hint, word); said != wants {
				t.Errorf("%s at %s is told of %s: %v, and the advice says %v: %q", f.login, f.path, code, said, wants, hint)
			}
			if wants {
				written[code]++
			}
		}
	}
	if written["category_evidence"] < 3 || written["socially_vulnerable"] < 3 {
		t.Errorf("conditions to be written were said on %v forms", written)
	}
	if refused == 0 || refused == asked || placed == 0 {
		t.Errorf("%d asked, %d refused, %d offers placed: it compares nothing", asked, refused, placed)
	}
	t.Logf("%d forms, %d questions asked of which %d refused, %d offers placed", len(forms), asked, refused, placed)
}

// What is said of an offer's measures is what happens too: those that the advice names
// are not sent without a consent, and every other one is.
func TestAdviceSaysWhichMeasuresNeedAConsent(t *testing.T) {
	d := &desk{driver: &driver{script: begin(t)}}
	of, onward := d.grown(), map[string]any{"under": "within_cooperation"}
	var told struct{ Consents []string }
	d.as(policeMan).API("POST", "/api/advice", with(map[string]any{"to": "psykiatrien", "purpose": "prevention", "state": "offered"}, onward)).Must(200).JSON(&told)
	var stopped []string
	sent := 0
	for _, m := range d.Structure.Catalogue(d.Now()) {
		o := d.as(policeMan).API("POST", "/api/cases/"+string(of.kase)+"/offers", with(d.offers("bodil"), map[string]any{"measure": m.Code}))
		if o.Status == 400 { // not for somebody of that age, or not for another authority
			continue
		}
		var made struct{ ID hub.ID }
		o.Must(201).JSON(&made)
		switch a := d.as(policeMan).API("POST", "/api/offers/"+string(made.ID)+"/send", d.basis("RPL115-1-2", because)); {
		case a.Status == 409 && strings.Contains(a.Text(), `"referral.error.consent"`):
			stopped = append(stopped, m.Code)
		case a.Status == 200:
			sent++
		default:
			t.Errorf("%s: %d %s", m.Code, a.Status, a.Text())
		}
	}
	if !slices.Equal(told.Consents, stopped) || len(stopped) < 2 || sent < 2 {
		t.Errorf("the advice names %v; %v were stopped and %d sent", told.Consents, stopped, sent)
	}
	d.as(policeMan).SignIn()
	ask := url.Values{"to": {"psykiatrien"}, "purpose": {"prevention"}, "state": {"offered"}, "under": {"within_cooperation"}}
	d.saysAll(d.as(policeMan).Submit("/advice", ask).Must(200).Text(), "Indsatser, der kræver samtykke", "<li>Psykologsamtaler</li>")
	d.saysAll(d.as(policeMan).Submit("/advice/receipts", ask).Must(200).Text(), "Indsatser, der kræver samtykke", "<li>Psykologsamtaler</li>")
	ask.Set("state", "asked")
	d.saysAll(d.as(policeMan).Submit("/advice", ask).Must(200).Text(), "!Indsatser, der kræver samtykke")
}
