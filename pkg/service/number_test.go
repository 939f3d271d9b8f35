package service

import (
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

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
