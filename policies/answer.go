package policies

import (
	"errors"
	"fmt"
	"slices"
)

// answer takes a rule's outcome apart. It must be an object of exactly allow,
// fields, reasons and obligations, of the right types, and make sense: known
// codes only, never without a reason, and nothing opened by a no.
func (e *edition) answer(v any) (Answer, error) {
	o, ok := v.(map[string]any)
	if !ok || len(o) != 4 {
		return Answer{}, fmt.Errorf("the answer is %T, not allow, fields, reasons and obligations", v)
	}
	var a Answer
	if a.Allow, ok = o["allow"].(bool); !ok {
		return Answer{}, errors.New("allow is not a boolean")
	}
	for name, to := range map[string]*[]string{"fields": &a.Fields, "reasons": &a.Reasons, "obligations": &a.Obligations} {
		list, ok := o[name].([]any)
		if !ok {
			return Answer{}, fmt.Errorf("%s is not a list", name)
		}
		*to = make([]string, len(list))
		for i, v := range list {
			if (*to)[i], ok = v.(string); !ok {
				return Answer{}, fmt.Errorf("%s holds something else than text", name)
			}
		}
		slices.Sort(*to)
		*to = slices.Compact(*to)
	}
	if len(a.Reasons) == 0 {
		return Answer{}, errors.New("an answer without a reason")
	}
	if !a.Allow && len(a.Fields)+len(a.Obligations) > 0 {
		return Answer{}, errors.New("a no that opens something")
	}
	for _, code := range slices.Concat(a.Reasons, a.Obligations) {
		if !e.codes[code] {
			return Answer{}, fmt.Errorf("the code %q is not in the data document", code)
		}
	}
	return a, nil
}
