package portal

import (
	"net/http"
	"slices"
	"sync"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
	"github.com/infohus/infohus/policies/book"
)

// whole asks for the rules of every role.
const whole = "all"

// rulesPage shows the rules in force: of the asker's own role, of another, or all.
// They are no secret to anybody who works here, and hold nothing about people.
func (x *room) rulesPage(w http.ResponseWriter, r *web.Request) error {
	law, err := x.DB.Readable(r.Context())
	if err != nil {
		return err
	}
	b, err := x.book(law, r.Lang)
	if err != nil {
		return err
	}
	role := r.URL.Query().Get("role")
	switch {
	case role == "":
		role = string(r.Who.Role)
	case role != whole && !slices.ContainsFunc(b.Roles, func(n book.Name) bool { return n.Code == role }):
		return hub.Invalid("role", "error.choose")
	}
	if role != whole {
		b = b.For(role)
	}
	return x.Web.Page(w, r, http.StatusOK, "portal", "rules", struct {
		Role string
		Book book.Book
	}{role, b})
}

// shelf keeps the rules in force as they were last written down, in each language:
// it takes a tenth of a second, and whoever signs in may ask.
type shelf struct {
	mu    sync.Mutex
	books map[string]book.Book
}

// book is the law in a language.
func (x *room) book(law policies.Readable, lang string) (book.Book, error) {
	x.shelf.mu.Lock()
	defer x.shelf.mu.Unlock()
	if b, ok := x.shelf.books[lang]; ok && b.Revision == law.Revision {
		return b, nil
	}
	say := func(key string, args ...any) string { return x.Web.T(lang, key, args...) }
	b, err := book.New(law, book.Words{Lang: lang, Text: say, Has: x.Web.Has, Relied: x.Structure.Relied,
		Day: func(day string) string { return x.Web.Day(lang, day) }})
	if err == nil {
		x.shelf.books[lang] = b
	}
	return b, err
}
