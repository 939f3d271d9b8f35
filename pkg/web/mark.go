package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Mark renders what its room owns for the pages of others: for each id its
// HTML, made with [Site.Fragment]. It decides and records for every one of
// them, as its own pages do. An id that is missing in the answer shows nothing;
// an error, or an answer after the deadline, shows "Utilgængelig" for all.
//
// A mark is registered under a kind ("card") and used under its room's name:
// {{mark "person.card" .Subject}}.
type Mark func(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error)

// MarkKinds lists the full names of the marks of a kind, over all rooms in the
// order they were added: MarkKinds("waiting") is ["intake.waiting", …].
func (s *Site) MarkKinds(kind string) []string {
	var names []string
	for _, name := range s.markNames {
		if strings.HasSuffix(name, "."+kind) {
			names = append(names, name)
		}
	}
	return names
}

// wanted is a mark that a page asks for, and where it stands.
type wanted struct {
	name string
	id   hub.ID
	at   string
}

// want leaves a place in the page. It holds random bits, so that no text in a
// page can look like one; and it is a comment, so that html/template removes
// it should it stand anywhere but between elements.
func (v *view) want(name string, id hub.ID) (template.HTML, error) {
	if v.r == nil {
		return "", fmt.Errorf("a mark cannot stand in a fragment")
	}
	if _, ok := v.site.marks[name]; !ok {
		return "", fmt.Errorf("no room renders the mark %q", name)
	}
	at := "<!--" + rand.Text() + "-->"
	v.marks = append(v.marks, wanted{name, id, at})
	return template.HTML(at), nil
}

// wantAll leaves a place for lists that several rooms own, to be read as one.
func (v *view) wantAll(names []string, id hub.ID) (template.HTML, error) {
	at := template.HTML("<!--" + rand.Text() + "-->")
	all := at
	for _, name := range names {
		place, err := v.want(name, id)
		if err != nil {
			return "", err
		}
		all += place
	}
	v.lists = append(v.lists, string(at))
	return all + at, nil
}

// A list as its room renders it, its lines, and what a line says of when.
var (
	aList  = regexp.MustCompile(`(?s)<ul class="([a-z ]+)">(.*?)</ul>`)
	aLine  = regexp.MustCompile(`(?s)<li>.*?</li>`)
	byWhen = regexp.MustCompile(`(?s)<p class="by">.*?</p>`)
	aTime  = regexp.MustCompile(`<time datetime="([^"]+)"`)
)

// merged makes one list of several: the line that shows the earliest limit
// first, those that show none last. The order is that of what stands there to be
// read, so it tells nothing besides. What is no list stands after it.
func merged(rooms string) string {
	lists := aList.FindAllStringSubmatch(rooms, -1)
	if len(lists) == 0 {
		return rooms
	}
	type line struct {
		text string
		by   time.Time
	}
	var lines []line
	for _, l := range lists {
		for _, text := range aLine.FindAllString(l[2], -1) {
			one := line{text: text}
			for _, m := range aTime.FindAllStringSubmatch(byWhen.FindString(text), -1) {
				if at, err := time.Parse(time.RFC3339, html.UnescapeString(m[1])); err == nil && (one.by.IsZero() || at.Before(one.by)) {
					one.by = at
				}
			}
			lines = append(lines, one)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		if a.by.IsZero() || b.by.IsZero() {
			return b.by.Compare(a.by)
		}
		return a.by.Compare(b.by)
	})
	var b strings.Builder
	b.WriteString(`<ul class="` + lists[0][1] + `">`)
	for _, l := range lines {
		b.WriteString(l.text)
	}
	b.WriteString(`</ul>`)
	b.WriteString(aList.ReplaceAllLiteralString(rooms, ""))
	return b.String()
}

// compose asks each mark once for all its ids, all at the same time, as the
// person who asks for the page, and puts the answers where they belong.
func (s *Site) compose(r *Request, html string, marks []wanted, lists []string) (string, error) {
	if len(marks) == 0 {
		return html, nil
	}
	ids := map[string][]hub.ID{}
	seen := map[wanted]bool{}
	for _, m := range marks {
		if k := (wanted{name: m.name, id: m.id}); !seen[k] {
			seen[k] = true
			ids[m.name] = append(ids[m.name], m.id)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), composing{}, r), s.o.MarkFor)
	defer cancel()
	type answer struct {
		name string
		html map[hub.ID]template.HTML
		err  error
	}
	answers := make(chan answer, len(ids)) // a late mark is not waited for, and goes its way
	for name, ids := range ids {
		go func() {
			a := answer{name: name}
			defer func() {
				if p := recover(); p != nil {
					a.err = fmt.Errorf("web: the mark %s panicked", name)
				}
				answers <- a
			}()
			a.html, a.err = s.marks[name](ctx, r.Who, r.Lang, ids)
		}()
	}
	got := map[string]answer{}
	for range ids {
		select {
		case a := <-answers:
			got[a.name] = a
		case <-ctx.Done():
		}
	}
	unavailable := `<span class="unavailable">` + template.HTMLEscapeString(s.words.text(r.Lang, "web.unavailable")) + `</span>`
	var pairs []string
	for _, m := range marks {
		a, ok := got[m.name]
		text := string(a.html[m.id])
		if !ok || a.err != nil {
			text = unavailable
			s.lateMark(r, m.name, a.err)
		}
		pairs = append(pairs, m.at, text)
	}
	html = strings.NewReplacer(pairs...).Replace(html)
	for _, at := range lists {
		before, rest, _ := strings.Cut(html, at)
		inside, after, _ := strings.Cut(rest, at)
		html = before + merged(inside) + after
	}
	return html, nil
}

// lateMark notes a mark that failed, once for each place it stands in.
func (s *Site) lateMark(r *Request, name string, err error) {
	if s.o.Log == nil || r.route.NoTrace {
		return
	}
	why := "deadline"
	if err != nil {
		why = err.Error()
	}
	s.o.Log.WarnContext(r.Context(), "mark", "mark", name, "request", string(r.ID), "error", why)
}

const defaultMarkFor = 2 * time.Second
