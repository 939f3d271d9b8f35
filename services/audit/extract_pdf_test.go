//go:build !race

package audit

import (
	"bytes"
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/pdf"
)

// samePDF holds that the PDF of an answer is made of the page that shows what was handed out, and of nothing
// else: what leaves no trace there leaves none in the file.
func (w *world) samePDF(c *hubtest.Client, id hub.ID, lang, page string) []byte {
	w.t.Helper()
	_, title, _ := strings.Cut(page, "<h1>")
	title, body, _ := strings.Cut(title, "</h1>")
	_, body, _ = strings.Cut(body, `<div class="rules">`)
	want, err := pdf.Write(pdf.Page{Lang: lang, Title: html.UnescapeString(title), HTML: body[:max(0, strings.LastIndex(body, "</div>"))]})
	if err != nil {
		w.t.Fatalf("%v: %s", err, page)
	}
	got := c.API("GET", "/api/extracts/"+string(id)+"/answer.pdf?lang="+lang, nil).Must(http.StatusOK)
	if got.Header.Get("Content-Type") != "application/pdf" || got.Header.Get("Content-Language") != lang || !bytes.Equal(got.Body, want) {
		w.t.Errorf("the PDF of %d bytes (%v) is not that of the page, of %d bytes:\n%s", len(got.Body), got.Header, len(want), page)
	}
	return got.Body
}

// L21: what was handed out is had as a PDF and as data too, in Danish and English, whatever the language of who takes it; the same bytes each time, from the page and the API; with its row in the
// trail; and not before it is released.
func TestAnAnswerIsHadAsPDFAndData(t *testing.T) {
	w := answering(t)
	done := w.prepares(known, map[string]any{"informed": []hub.ID{cases[known]}, "names": true, "why": "Borgeren skal kunne klage over en bestemt medarbejder."})
	c, at := w.As("dagny"), "/extracts/"+string(done.ID)+"/answer"
	c.API("GET", "/api"+at+".pdf", nil).Must(http.StatusConflict)
	c.Get(at + "?as=pdf&lang=da").Must(http.StatusConflict)
	c.Get(at + "?as=json").Must(http.StatusConflict)
	w.releases("hedvig", done.ID, done.Content).Must(http.StatusOK)

	for _, path := range []string{"?as=pdf&lang=da", "?as=pdf&lang=en", "?as=json"} {
		if page := c.Get("/extracts/" + string(done.ID)).Must(http.StatusOK).Text(); !strings.Contains(page, `href="`+at+strings.ReplaceAll(path, "&", "&amp;")+`"`) {
			t.Errorf("no link leads to %s", path)
		}
	}
	if page, data := c.Get(at+"?as=json").Must(http.StatusOK), c.API("GET", "/api"+at, nil).Must(http.StatusOK); page.Text() != data.Text() || !strings.Contains(page.Header.Get("Content-Disposition"), string(done.ID)+".json") {
		t.Errorf("as data it is\n%s\nof the API\n%s", page.Text(), data.Text())
	}
	for _, other := range languages { // of who takes it
		c.Lang = other
		for _, lang := range languages {
			a := c.Get(at + "?as=pdf&lang=" + lang).Must(http.StatusOK)
			if want := `attachment; filename="infohus-svar-` + string(done.ID) + `.` + lang + `.pdf"`; a.Header.Get("Content-Disposition") != want {
				t.Errorf("its name is %s", a.Header.Get("Content-Disposition"))
			}
			if lang != other {
				continue
			}
			page := mainPart(c.Get(at).Must(http.StatusOK).Text())
			if b := w.samePDF(c, done.ID, lang, page); !bytes.Equal(b, a.Body) || !strings.Contains(page, w.As("gudrun").Post.Name) {
				t.Errorf("from the page and from the API it differs in %s, or names nobody: %s", lang, page)
			}
			if b := c.API("GET", "/api"+at+".pdf", nil, "Accept-Language", lang).Must(http.StatusOK).Body; !bytes.Equal(b, a.Body) {
				t.Errorf("Accept-Language: %s gives another", lang)
			}
		}
	}
	c.API("GET", "/api"+at+".pdf?lang=de", nil).Must(http.StatusBadRequest)
	c.API("GET", "/api"+at+".pdf?language=da", nil).Must(http.StatusBadRequest)
	c.Get(at + "?as=pdf&lang=de").Must(http.StatusBadRequest)
	if rows := w.One(`select count(*) from audit.trail where object_kind = 'extract' and object_id = $1 and act = 'export' and outcome = 'allow'`, string(done.ID)); rows != "12" {
		t.Errorf("12 were taken, and the trail has %s", rows)
	}
	w.As("gudrun").API("GET", "/api"+at+".pdf", nil).Must(http.StatusNotFound)
	w.As("gudrun").Get(at + "?as=pdf").Must(http.StatusNotFound)

	w.SQL(`update access.hat set name = 'Жанна' where id = $1`, string(w.As("gudrun").Post.Hat.ID))
	done = w.prepares(known, map[string]any{"informed": []hub.ID{cases[known]}, "names": true, "why": "Borgeren skal kunne klage over en bestemt medarbejder."})
	w.releases("hedvig", done.ID, done.Content).Must(http.StatusOK)
	if a := c.API("GET", "/api/extracts/"+string(done.ID)+"/answer.pdf", nil).Must(http.StatusConflict); !strings.Contains(a.Text(), "PDF") {
		t.Errorf("of a letter that the font lacks it says %s", a.Text())
	}
	c.Get("/extracts/" + string(done.ID) + "/answer").Must(http.StatusOK)
}
