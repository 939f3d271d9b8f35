package referral

import (
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/service"
)

// Consented is a consent that the person has signed (L8): to exchange these
// kinds of data with these authorities, for this. The document is with whoever
// had it signed; here stands where.
type Consented struct {
	Document   hub.Personal      `json:"document"`   // where the signed document is: a reference, no CPR number
	SignedOn   string            `json:"signed_on"`  // YYYY-MM-DD
	Scope      hub.Personal      `json:"scope"`      // what the person said yes to
	Fields     []string          `json:"fields"`     // identity, offer_preview, offer, measure
	Recipients []hub.AuthorityID `json:"recipients"` // who may be told: each by name, one's own authority too
}

// ConsentFields lists what a consent can cover.
var ConsentFields = []string{"identity", "offer_preview", "offer", "measure"}

// Check finds what is wrong with a consent, but for whom it names.
func (in Consented) Check(now time.Time) (p hub.Problems) {
	service.Text(&p, "document", in.Document, 3, service.MaxLine)
	if on, ok := aDay(&p, "signed_on", in.SignedOn); ok && on.After(now) {
		p.Add("signed_on", "error.date.future")
	}
	service.Text(&p, "scope", in.Scope, service.MinNecessity, service.MaxText)
	if len(in.Fields) == 0 || slices.ContainsFunc(in.Fields, func(f string) bool { return !slices.Contains(ConsentFields, f) }) {
		p.Add("fields", "error.choose")
	}
	if len(in.Recipients) == 0 {
		p.Add("recipients", "referral.error.recipients")
	}
	return p
}

// consent is a recorded one.
type consent struct {
	ID         hub.ID            `json:"id"`
	SignedOn   string            `json:"signed_on"`
	Fields     []string          `json:"fields"`
	Recipients []hub.AuthorityID `json:"recipients"`
	At         time.Time         `json:"at"`
	Hat        hub.ID            `json:"hat"`
	EndedAt    *time.Time        `json:"ended_at"`
}

// covers reports whether a consent is in force, and names an authority. One that names
// nobody lets nobody be told.
func (c consent) covers(to hub.AuthorityID) bool {
	return c.EndedAt == nil && slices.Contains(c.Recipients, to)
}

// cut is those classes that a consent covers; without one, all.
func (c *consent) cut(classes []string) []string {
	if c == nil {
		return classes
	}
	return slices.DeleteFunc(slices.Clone(classes), func(class string) bool {
		return class != "offer_status" && !slices.Contains(c.Fields, class)
	})
}
