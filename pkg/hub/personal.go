package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// Personal is text about a person. However it is printed, logged or
// marshalled it says "[personal]"; only [Personal.Reveal] gives the text.
//
// It is a struct holding a pointer, because fmt does not call methods on
// unexported fields and slog marshals nested structs with encoding/json: a
// string type with a String method leaks through both.
type Personal struct{ text *string }

const redacted = "[personal]"

// NewPersonal wraps a text about a person.
func NewPersonal(text string) Personal { return Personal{&text} }

// Reveal gives the text, and counts it in the request's [Reveals]: a response
// that contains the outcome of a Reveal is a response with personal data.
func (p Personal) Reveal(ctx context.Context) string {
	if p.text == nil {
		return ""
	}
	if n, ok := ctx.Value(revealsKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	return *p.text
}

// Bytes gives the text for sealing, which shows it to nobody and so is not
// counted. Only vault calls it; a test holds that.
func (p Personal) Bytes() []byte {
	if p.text == nil {
		return nil
	}
	return []byte(*p.text)
}

// UnmarshalText takes text from outside.
func (p *Personal) UnmarshalText(b []byte) error {
	s := string(b)
	p.text = &s
	return nil
}

// UnmarshalJSON takes text from outside. Anything but a JSON string is refused.
func (p *Personal) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	p.text = &s
	return nil
}

// Empty reports whether there is no text.
func (p Personal) Empty() bool { return p.text == nil || *p.text == "" }

// Len is the length of the text in bytes.
func (p Personal) Len() int {
	if p.text == nil {
		return 0
	}
	return len(*p.text)
}

// Fault says what is wrong with a text that should be between least and most
// characters long: the key of a message, or "" when nothing is.
func (p Personal) Fault(least, most int) string {
	if p.text == nil {
		if least > 0 {
			return "error.missing"
		}
		return ""
	}
	n := utf8.RuneCountInString(strings.TrimSpace(*p.text))
	silent := !strings.ContainsFunc(*p.text, wordly) // spaces, dots, signs of no width
	switch {
	case !Plain(*p.text):
		return "error.not_text"
	case silent && least > 0:
		return "error.missing"
	case n < least:
		return "error.too_short"
	case n > most:
		return "error.too_long"
	case p.Numbered(): // it has a field of its own, where it is masked, and each showing recorded
		return "error.number"
	}
	return ""
}

func wordly(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsNumber(r)) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// Sentence reports whether the text is words that could tell somebody something:
// at least three, and at least five different letters (A052). It is no judgement of
// what they say.
func (p Personal) Sentence() bool {
	if p.text == nil {
		return false
	}
	letters := map[rune]bool{}
	for _, r := range *p.text {
		if unicode.IsLetter(r) {
			letters[unicode.ToLower(r)] = true
		}
	}
	return len(letters) >= 5 && len(strings.FieldsFunc(*p.text, func(r rune) bool { return !wordly(r) })) >= 3
}

// String says [personal].
func (p Personal) String() string { return redacted }

// GoString says [personal].
func (p Personal) GoString() string { return redacted }

// Format says [personal] under every verb.
func (p Personal) Format(s fmt.State, _ rune) { fmt.Fprint(s, redacted) }

// LogValue says [personal].
func (p Personal) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON says [personal].
func (p Personal) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// MarshalText says [personal].
func (p Personal) MarshalText() ([]byte, error) { return []byte(redacted), nil }

type revealsKey struct{}

// WithReveals starts a count of the reveals made under the context. The count
// is what tells a response with personal data from one without.
func WithReveals(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, revealsKey{}, n), n
}
