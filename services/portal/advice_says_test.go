//go:build !race

package portal_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/services/portal"
)

// TestTheAdviceSaysOnlyWhatHelps: wait only where a later step would be a yes, another
// authority only as its own answer is, and a coordinator is not sent to herself. The
// usual basis comes first.
func TestTheAdviceSaysOnlyWhatHelps(t *testing.T) {
	w := run(t)
	gudrun := w.AsRole("gudrun", hub.MunicipalCoordinator)
	in := portal.Asking{To: "psykiatrien", Purpose: hub.Prevention, State: "collecting"}
	var a, early, own portal.Advice
	gudrun.API("POST", "/api/advice", in).Must(200).JSON(&a)
	if a.Allow || a.Later || len(a.Senders) > 0 || !slices.Equal(a.Leave, []hub.AuthorityID{"mvs-politi"}) {
		t.Errorf("a case to the region: %+v", a)
	}
	for _, under := range []string{"", "within_cooperation"} { // the police's own answer, as they have it and with leave
		in := in
		in.Under = under
		w.AsRole("thorkild", hub.PoliceCoordinator).API("POST", "/api/advice", in).Must(200).JSON(&own)
		if own.Allow != (under != "") {
			t.Errorf("the police are answered %v under %q", own.Allow, under)
		}
	}
	gudrun.SignIn()
	gudrun.Get("/advice").Must(200)
	page := gudrun.Submit("/advice", url.Values{"to": {"psykiatrien"}, "purpose": {"prevention"}, "state": {"collecting"}}).Must(200).Text()
	if strings.Contains(page, "spørg tovholderen") || strings.Contains(page, "Vent, til den er nået længere") || !strings.Contains(page, "heller ikke på et senere trin") {
		t.Error("she is sent to herself, or told to wait")
	}
	// What nothing mends is said alone: no other purpose or basis is recommended beside it.
	page = gudrun.Submit("/advice", url.Values{"to": {"mvs-politi"}, "purpose": {"investigation"}, "state": {"collecting"}}).Must(200).Text()
	if !strings.Contains(page, "aldrig bruges til efterforskning (retsplejeloven § 115, stk. 2)") || strings.Contains(page, "Hjemlen gælder ikke til det formål") || strings.Contains(page, "et andet formål") {
		t.Error("an investigation is taught another name")
	}
	// It is said once, of all the bases alike; and those that do not apply are folded.
	if said, shown, _ := strings.Cut(page, "Det gælder for disse hjemler:"); strings.Count(page, "aldrig bruges til efterforskning (") != 1 || !strings.Contains(shown, "<details") || strings.Contains(said, "Barnets lov § 133") {
		t.Error("the refusal is not readable")
	}
	// Of what has no place in a question only what leads on is said, and who opens a question.
	page = gudrun.Submit("/advice", url.Values{"to": {"mvs-politi"}, "purpose": {"prevention"}, "state": {"asked"}, "class": {"health"}}).Must(200).Text()
	if !strings.Contains(page, "Del dem i et svar i stedet") || strings.Contains(page, "Vælg den hjemmel, der gælder for dem") {
		t.Error("two ways on that exclude each other")
	}
	page = gudrun.Submit("/advice", url.Values{"to": {"psykiatrien"}, "purpose": {"prevention"}, "state": {"asked"}, "class": {""}}).Must(200).Text()
	if !strings.Contains(page, "Et spørgsmål besvares af dem, det navngiver") || !strings.Contains(page, "De skal først have lov af den myndighed") && !strings.Contains(page, "Ingen andre kan heller") {
		t.Errorf("it is not said why nobody can open a question, or what to do instead: %s", page[strings.Index(page, "<main"):])
	}
	in.To, in.State = "mvs-politi", "draft"
	gudrun.API("POST", "/api/advice", in).Must(200).JSON(&early)
	if early.Allow || !early.Later {
		t.Errorf("a draft to the police: allow %v, later %v", early.Allow, early.Later)
	}
	in.State = "collecting"
	gudrun.API("POST", "/api/advice", in).Must(200).JSON(&own)
	if len(own.Bases) == 0 || own.Bases[0].Basis != "RPL115-2" {
		t.Errorf("the first basis is %+v", own.Bases)
	}
}
