package service

import "testing"

// Paragraphs are named without what explains them, and what they begin with alike is
// named once.
func TestBriefly(t *testing.T) {
	for want, labels := range map[string][]string{
		"§ 115, stk. 1, nr. 2":                    {"§ 115, stk. 1, nr. 2 (PSP)"},
		"§ 115, stk. 1, nr. 3, litra a, b, c":     {"§ 115, stk. 1, nr. 3, litra a (KSP, løsladte)", "§ 115, stk. 1, nr. 3, litra b (KSP)", "§ 115, stk. 1, nr. 3, litra c"},
		"§ 115, stk. 2, 3":                        {"§ 115, stk. 2", "§ 115, stk. 3"},
		"Act § 115(1)(3)(a), 115(1)(3)(b)":        {"Act § 115(1)(3)(a) (KSP, released)", "Act § 115(1)(3)(b) (KSP)"},
		"Barnets lov § 133, Retsplejeloven § 115": {"Barnets lov § 133", "Retsplejeloven § 115"},
		"Samtykke": {"Samtykke"},
	} {
		if got := briefly(labels); got != want {
			t.Errorf("%q are named %q, want %q", labels, got, want)
		}
	}
}
