package web

import (
	"net/http"
	"testing"
)

// What no text holds is told from an address before any room is asked.
func TestAnAddressIsReadable(t *testing.T) {
	w, p := oidcWorld(t)
	b, nobody := w.signIn(anna), &browser{w, map[string]string{}}
	token := []string{"Authorization", "Bearer " + p.sign(t, map[string]any{"aud": "infohus-api"}), "Content-Type", "application/json"}
	for _, c := range []struct{ method, path, field, key string }{
		{"GET", "/api/notes?word=%00", "word", "error.address"},
		{"GET", "/api/notes?word=%ff", "word", "error.address"},
		{"GET", "/api/notes?word=a&%00=b", "", "error.address"},
		{"GET", "/api/notes?word=%f", "", "error.address"},
		{"POST", "/api/notes/%00", "id", "error.address"},
		{"POST", "/api/notes/a%ffb", "id", "error.address"},
		{"GET", "/api/notes?page=0", "page", "error.json.range"},
		{"GET", "/api/notes?page=10", "page", "error.json.range"},
	} {
		field := `"field":"` + c.field + `"`
		if c.field == "" {
			field = `!"field"`
		}
		b.send(c.method, c.path, nil, token...).holds(t, http.StatusBadRequest, field, `"key":"`+c.key+`"`)
	}
	b.send("GET", "/api/notes?word=%C3%B8&page=9", nil, token...).holds(t, http.StatusOK)
	b.get("/notes/1?after=%ff").holds(t, http.StatusBadRequest, "Adressen har tegn")
	b.get("/notes/%00").holds(t, http.StatusBadRequest, "Adressen har tegn")
	b.send("POST", "/notes/1?a=%00", typed(anna, "name", "Ny tekst")).holds(t, http.StatusBadRequest, "Ny tekst")
	b.send("POST", "/notes/1", typed(anna, "name", "a\x00b", "_page", "/notes/1?after=%00")).holds(t, http.StatusBadRequest)
	b.get("/silent?a=%00").holds(t, http.StatusBadRequest)
	nobody.get("/notes/1?after=%ff").holds(t, http.StatusSeeOther)
}
