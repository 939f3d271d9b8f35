//go:build !race

package referral

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

// TestPages: every page, in both languages, without scripts, from recommending to
// opening again; and the marks.
func TestPages(t *testing.T) {
	for _, lang := range []string{"da", "en"} {
		t.Run(lang, func(t *testing.T) {
			w := run(t)
			id, _ := w.signedFor("under_18")
			g, th, ta := w.As(gudrun), w.As(thorkild), w.As(tage)
			g.Lang, th.Lang, ta.Lang = lang, lang, lang
			shown := func(a string, wanted ...string) {
				t.Helper()
				for _, s := range wanted {
					if !strings.Contains(a, s) {
						t.Errorf("the page lacks %q:\n%s", s, a)
					}
				}
				for _, bad := range []string{"[referral.", "[error.", "<no value>", "%!", "Utilgængelig"} {
					if strings.Contains(a, bad) {
						i := strings.Index(a, bad)
						t.Errorf("the page says %q", a[i:min(len(a), i+80)])
					}
				}
			}
			day := func(name string, n int) url.Values {
				d := w.Now().AddDate(0, 0, n).In(hub.Copenhagen)
				return url.Values{name + "-day": {d.Format("2")}, name + "-month": {d.Format("1")}, name + "-year": {d.Format("2006")}}
			}
			with := func(list ...url.Values) url.Values {
				out := url.Values{}
				for _, v := range list {
					for k, x := range v {
						out[k] = x
					}
				}
				return out
			}
			at := "/cases/" + string(id)
			shown(g.Submit(at+"/recommend", url.Values{}).Must(400).Text())
			words := url.Values{"authority": {"koege/velfaerd"}, "measure": {"concern_talk"}, "dimension": {"family"}, "preview": {"En ung mand har brug for en samtale om sin hverdag."}, "task": {"Tal med ham."}}
			a := g.Submit(at+"/recommend", words).Must(200)
			shown(a.Text(), "En ung mand", "Tage Opdigtsen", "person-card")
			o := strings.TrimSuffix(strings.TrimPrefix(a.Path, "/offers/"), "/send")
			a = g.Submit("/offers/"+o+"/send", url.Values{}).Must(200)
			shown(a.Text(), "audit-seen", "/withdraw")
			a = ta.Get("/offers/" + o).Must(200)
			shown(a.Text(), "En ung mand")
			if strings.Contains(a.Text(), "person-card") || strings.Contains(a.Text(), "Tal med ham") {
				t.Error("the page shows who it is before it was taken up")
			}
			shown(ta.Get("/offers").Must(200).Text(), "/offers/"+o)
			shown(ta.Get("/offers?state=offered").Must(200).Text(), "/offers/"+o)
			shown(ta.Get("/offers/" + o + "/answer").Must(200).Text())
			shown(ta.Submit("/offers/"+o+"/answer", url.Values{"answer": {"taken_up"}}).Must(200).Text(), "person-card", "Tal med ham")
			shown(ta.Submit("/offers/"+o+"/progress", url.Values{}).Must(400).Text())
			shown(ta.Submit("/offers/"+o+"/progress", with(url.Values{"status": {"running"}, "talk.status": {"held"}, "talk.mode": {"in_person"}, "talk.guardian": {"present"},
				"talk.took_part": {"Forælder"}, "effect": {"Han kommer i skole."}}, day("end", 10))).Must(200).Text(), "Forælder", "Han kommer i skole.")
			other := g.Submit(at+"/recommend", url.Values{"authority": {"mvs-politi"}, "measure": {"mentor"}, "dimension": {"family"}, "preview": {"En ung mand har brug for en voksen i hverdagen."}, "task": {"Følg ham."}}).Must(200)
			shown(other.Text(), "legal_basis")
			o2 := strings.TrimSuffix(strings.TrimPrefix(other.Path, "/offers/"), "/send")
			g.Submit("/offers/"+o2+"/send", url.Values{"purpose": {"prevention"}, "legal_basis": {"RPL115-2"}, "necessity": {why}}).Must(200)
			shown(g.Submit("/offers/"+o2+"/withdraw", url.Values{}).Must(200).Text())
			shown(ta.Get("/offers/" + o + "/progress").Must(200).Text())
			shown(ta.Submit("/offers/"+o+"/end", url.Values{"outcome": {"completed"}}).Must(200).Text())

			form := g.Get(at + "/consent").Must(200).Text()
			for to, named := range map[string]bool{"koege": true, "mvs-politi": true, "psykiatrien": true, "kriminalforsorgen": true, "maanebakken": true, "paraplyen": false, "roskilde": false, "greve": false} {
				if strings.Contains(form, `value="`+to+`"`) != named {
					t.Errorf("the form lets %s be named: %v", to, !named)
				}
			}
			shown(form)
			consent := with(url.Values{"document": {"Sag 4"}, "scope": {"At skolen og kommunen må tale sammen."}, "fields[]": {"identity", "offer"}}, day("signed_on", -3))
			shown(g.Submit(at+"/consent", consent).Must(400).Text(), map[string]string{"da": "Et samtykke gælder kun dem, det nævner.", "en": "A consent holds only for those it names."}[lang])
			g.Submit(at+"/consent", with(consent, url.Values{"recipients[]": {"psykiatrien"}}))
			shown(g.Get(at+"/consent").Must(200).Text(), "Sag 4", map[string]string{"da": "Hvem det er; Hele opgaven. Med: Region Sjælland, Psykiatrien.", "en": "Who it is; The whole task. With: Region Sjælland, Psykiatrien."}[lang],
				map[string]string{"da": "Registrér, at borgeren har trukket det tilbage", "en": "Register that the person has withdrawn it"}[lang])
			w.tell(event.FollowUpNeeded{Case: id, Version: 1, Why: "gap", N: 1, Due: w.Now().AddDate(0, 0, -1)})
			shown(g.Submit(at+"/followup", url.Values{"movement.family": {"better"}}).Must(400).Text())
			g.Submit(at+"/followup", with(url.Values{"movement.family": {"better"}, "note": {"Det går fremad."}, "done[]": {w.One(`select id from referral.task`)}}, day("next", 5)))
			w.is(w.One(`select count(*) from referral.followup`), "1", "follow-ups")
			for _, mark := range []string{gudrun, thorkild} {
				html, err := w.mark("course", mark, lang, id)
				if err != nil {
					t.Fatal(err)
				}
				shown(html, "Det går fremad.", "En ung mand", "Sag 4")
			}
			if html, err := w.mark("doable", gudrun, lang, id); err != nil || !strings.Contains(html, at+"/followup") || !strings.Contains(html, at+"/close") || !strings.Contains(html, at+"/take-back") {
				t.Errorf("what she can do is %q, %v", html, err)
			}
			if html, err := w.mark("doable", tage, lang, id); err != nil || strings.Contains(html, "href") {
				t.Errorf("what he can do is %q, %v", html, err)
			}
			if html, err := w.mark("course", tage, lang, id); err != nil || html != "" {
				t.Errorf("of a case that he takes no part in he is shown %q, %v", html, err)
			}
			w.SQL(`insert into access.assignment (id, kind, item, person, authority, role, why, from_at, until_at, by_person, by_hat) values ('a', 'case', $1, $2, (select authority from access.hat where person = $2), (select role from access.hat where person = $2), 'invited', '2026-01-01', '9999-12-31', 'p', 'h')`,
				string(id), string(w.As(liv).Post.Person))
			rows := w.One(`select count(*) from audit.trail`)
			if html, err := w.mark("course", liv, lang, id); err != nil || html != "" || w.One(`select count(*) from audit.trail`) != rows {
				t.Errorf("of a case of which she sees only the status she is shown %q, %v", html, err)
			}
			html, err := w.mark("waiting", gudrun, lang, "hat")
			if err != nil {
				t.Fatal(err)
			}
			shown(html, at)
			shown(g.Get(at+"/take-back").Must(200).Text(), map[string]string{"da": "mister adgangen med det samme", "en": "lose access at once"}[lang])
			shown(g.Submit(at+"/take-back", url.Values{"reason": {"Kort."}}).Must(400).Text(), "Kort.")
			shown(g.Submit(at+"/close", url.Values{"reason": {"moved"}}).Must(400).Text())
			g.Submit(at+"/close", url.Values{"reason": {"moved"}, "informed": {"exempt"}, "inform_ground": {"22-2-4"}, "why_not_informed": {"Det kan skade forebyggelsen."}, "after_care": {"SSP"}})
			shown(th.Get(at+"/close").Must(200).Text(), "SSP", "/resume")
			html, _ = w.mark("course", thorkild, lang, id)
			shown(html, "SSP")
			th.Submit(at+"/close", url.Values{"reason": {"risk_reduced"}, "informed": {"yes"}})
			html, _ = w.mark("course", gudrun, lang, id)
			shown(html, map[string]string{"da": "De to begrunder det forskelligt", "en": "The two give different reasons"}[lang], `class="timeline"`)
			th.Submit(at+"/close", url.Values{"reason": {"moved"}, "informed": {"yes"}})
			w.is(w.state(id), "closed", "the case")
			shown(g.Get(at+"/reopen").Must(200).Text(), "legal_basis")
			th.Submit(at+"/reopen", url.Values{"reason": {"Ny bekymring om det samme, som skal ses på."}})
			html, _ = w.mark("waiting", gudrun, lang, "hat")
			shown(html, at)
			shown(g.Get(at+"/reopen").Must(200).Text(), "Thorkild")
			g.Submit(at+"/reopen", url.Values{"reason": {"Ny bekymring om det samme, som skal ses på."}, "purpose": {"prevention"}, "legal_basis": {"RPL115-2"}, "necessity": {why}})
			w.is(w.state(id), "assessment", "the case")
			for _, path := range []string{"/offers/" + o + "/answer", at + "/recommend", at + "/followup"} {
				if a := g.Get(path); a.Status != http.StatusConflict {
					t.Errorf("%s now answers %d", path, a.Status)
				}
			}
		})
	}
}

// mark asks for one of this room's marks.
func (w *world) mark(kind, login, lang string, id hub.ID) (string, error) {
	w.t.Helper()
	out, err := w.marks[kind](w.t.Context(), w.As(login).Actor(), lang, []hub.ID{id})
	return string(out[id]), err
}
