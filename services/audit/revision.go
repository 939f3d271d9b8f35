package audit

import (
	"net/http"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
)

// Stands are how a revision of the rules' data can stand.
var Stands = []string{"in_force", "waits", "was_in_force", "refused"}

// Revision is a revision of the rules' data, as officers see it.
type Revision struct {
	Number   int               `json:"number"` // 0 is the one that is built in
	Title    string            `json:"title,omitempty"`
	Stands   string            `json:"stands"`            // one of Stands
	From     *time.Time        `json:"from,omitempty"`    // of one that is not built in: from when it decides, never before it was put
	PutAt    *time.Time        `json:"put_at,omitempty"`  // when it was put into the hub
	SignedBy []hub.AuthorityID `json:"signed_by"`         // whose signatures count
	SHA256   string            `json:"sha256"`            // of the document, in hex
	Follows  string            `json:"follows,omitempty"` // SHA-256 of the document that it was made after
}

// Codes lists what a revision may say.
func (Revision) Codes() map[string][]string { return map[string][]string{"stands": Stands} }

// Revisions are all of them, the newest first.
type Revisions struct {
	Revisions []Revision `json:"revisions"`
}

// revisions lists the revisions, for whoever may read a trail. It reads nothing of
// the trail, and says nothing of anybody.
func (x *room) revisions(r *web.Request, _ struct{}) (Revisions, error) {
	if err := x.mayRead(r); err != nil {
		return Revisions{}, err
	}
	all, at := x.DB.Revisions()
	list := []Revision{}
	for i, v := range all {
		one := Revision{Number: v.Number, Title: v.Title, Stands: "was_in_force", SignedBy: v.By, SHA256: v.Sum, Follows: v.After}
		switch {
		case v.Why != nil:
			one.Stands = "refused"
		case i == at:
			one.Stands = "in_force"
		case i > at:
			one.Stands = "waits"
		}
		if v.Number > 0 {
			put := v.PutAt.UTC()
			one.PutAt = &put
			if !v.From.IsZero() {
				from := v.Since().UTC()
				one.From = &from
			}
		}
		if one.SignedBy == nil {
			one.SignedBy = []hub.AuthorityID{}
		}
		list = append(list, one)
	}
	slices.Reverse(list)
	return Revisions{list}, nil
}

func (x *room) revisionsPage(w http.ResponseWriter, r *web.Request) error {
	all, err := x.revisions(r, struct{}{})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "audit", "revisions", all)
}
