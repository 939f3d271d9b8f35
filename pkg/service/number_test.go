package service

import (
	"slices"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

// TestHouses: P10 in part. A house is the same at each of its doors; beside it are those whose
// numbers are one or two away, and nothing in another street or town.
func TestHouses(t *testing.T) {
	of := func(text string) (all []string) {
		for _, h := range Houses(hub.NewPersonal(text)) {
			all = append(all, h.Reveal(t.Context()))
		}
		return all
	}
	const own = "house:prøvevænget 14 4600"
	for text, want := range map[string]bool{"Prøvevænget 14, 2. tv., 4600 Køge": true, "PRØVEVÆNGET 14B, 4600 Køge": true, "Prøvevænget 12, st., 4600 Køge": true, "Prøvevænget 15, 4600 Køge": true,
		"Prøvevænget 17, 4600 Køge": false, "Prøvevej 14, 4600 Køge": false, "Prøvevænget 14, 4000 Roskilde": false} {
		if got := of(text); slices.Contains(got, own) != want {
			t.Errorf("%q is of %q", text, got)
		}
	}
	if got := of("Prøvevænget 2, 4600 Køge"); got[0] != "house:prøvevænget 2 4600" || len(got) != 4 {
		t.Errorf("the second house is of %q", got)
	}
	for _, text := range []string{"", "Køge", "4600 Køge", "Prøvevænget 14", "Prøvevænget, 4600 Køge", "14 4600"} {
		if got := of(text); got != nil {
			t.Errorf("%q is of %q", text, got)
		}
	}
}

// TestAddressForm: one address has one form, however it is joined; another has another, and
// what is no address has none, and neither is a number.
func TestAddressForm(t *testing.T) {
	form := func(text string) string { return AddressForm(hub.NewPersonal(text)).Reveal(t.Context()) }
	const one = "address:prøvevænget 14 2 tv 4600 køge"
	for _, text := range []string{"Prøvevænget 14, 2. tv., 4600 Køge", "PRØVEVÆNGET 14 2 TV - 4600 KØGE", " prøvevænget 14,\n2.tv\u00a0· 4600 Køge"} {
		if got := form(text); got != one {
			t.Errorf("%q has the form %q", text, got)
		}
	}
	for _, text := range []string{"", "Køge", "4600", "720181-4016", "Uden fast bopæl"} {
		if got := form(text); got != "" {
			t.Errorf("%q is an address: %q", text, got)
		}
	}
	for _, text := range []string{"Prøvevænget 1, 42. tv., 4600 Køge", "Prøvevænget 14, 2. th., 4600 Køge"} {
		if form(text) == one {
			t.Errorf("%q is the same address", text)
		}
	}
}
