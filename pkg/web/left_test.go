package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// What was typed, and has no page any more, is given back as people know it: by
// the labels that stood on its page, and with the words of what was chosen.
func TestWhatWasTypedIsGivenBackInWords(t *testing.T) {
	w := newWorld(t)
	w.signIn(anna).get("/notes/1").holds(t, 200, `name="_labels" value="place=room.field.place? themes=room.field.themes? urgency=room.field.urgency?"`)
	typed := url.Values{"_labels": {"dimensions.#.relevance=room.field.urgency? dimensions.#.for.#.what=room.field.text sent=room.field.place? other=else.field.x? why=web.glass.category?"},
		"dimensions.0.relevance": {"b"}, "dimensions.2.relevance": {"a"}, "dimensions.2.for.1.what": {"a"}, "sent": {"koege"}, "place": {"a"}, "seen-day": {"3"}, "other": {"x"}, "why": {"life"}}
	for lang, want := range map[string]string{
		"da": "Hast (1)=B; Tekst (3.2)=a; Hast (3)=A; other=x; Sted=A; Hvornår, dag=3; Sted=Køge Kommune; Hvorfor?=Nogens liv eller helbred er i fare",
		"en": "Urgency (1)=B; Text (3.2)=a; Urgency (3)=A; other=x; Place=A; When, day=3; Place=Køge Kommune; Why?=Somebody's life or health is in danger",
	} {
		var got []string
		for _, f := range w.site.typedFields(lang, "room", typed, nil) {
			got = append(got, fmt.Sprint(f.Label, "=", f.Text))
		}
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("%s: %s", lang, s)
		}
	}
}
