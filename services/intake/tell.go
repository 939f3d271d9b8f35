package intake

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// The anonymous path (L50, N9): a page that anybody can open, and that keeps no
// trace of who did. The route is marked NoTrace: no session is looked up, no
// cookie set, no line logged, no span made; the record in the trail names
// "anonymous" and no more. What is told is a concern like any other, about a
// subject whom the receiver has yet to identify.

// anonymous is the actor of a concern told without a name. Its hat is of the
// municipality it is told to, because that is who processes it.
func (x *room) anonymous(r *web.Request, m structure.Authority) hub.Actor {
	id := x.NewID()
	return hub.Actor{Hat: hub.Hat{ID: "anonymous", Person: "anonymous", Authority: m.ID, Kind: m.Kind, Role: hub.Anonymous, From: r.Now}, Request: id, Cause: id}
}

// takers lists the municipalities that take concerns here.
func (x *room) takers(r *web.Request) []structure.Authority {
	var list []structure.Authority
	for _, h := range x.Structure.Infohus {
		if a, ok := x.Structure.Authority(h.Municipality); ok && h.Holds(r.Now) {
			list = append(list, a)
		}
	}
	return list
}

func (x *room) tellPage(w http.ResponseWriter, r *web.Request) error {
	return x.Web.Page(w, r, http.StatusOK, "intake", "tell", x.lists(r))
}

// tellForm takes in what is told, and shows a code to come back with. The code
// is shown once; only a hash of it is kept.
func (x *room) tellForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	report := Report{Channel: "form", ReporterKind: "anonymous", WhyNow: service.Typed(f.Text("why_now")), Context: service.Typed(f.Text("context")),
		Urgency: f.Line("urgency"), Child: f.Line("child"), UrgencyReason: service.Typed(f.Text("urgency_reason"))}
	fields := []string{"seen"} // of the statements
	if who := f.Text("who"); who != "" {
		fields = []string{"who", "seen"}
		report.Statements = append(report.Statements, Statement{Kind: "hearsay", Text: service.Typed(who)})
	}
	report.Statements = append(report.Statements, Statement{Kind: "hearsay", Text: service.Typed(f.Text("seen")), FirstHand: f.Has("first_hand")})
	problems := report.Check(r.Now)
	for _, p := range problems {
		if p.Key == "error.number" { // there is no field for it here
			p.Key = "intake.tell.number"
		}
		for i, field := range fields {
			if p.Field == "statements."+strconv.Itoa(i)+".text" {
				p.Field = field
			}
		}
	}
	taker := slices.IndexFunc(x.takers(r), func(a structure.Authority) bool { return string(a.ID) == f.Line("municipality") })
	if taker < 0 {
		problems.Add("municipality", "error.choose")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	code, err := x.told(r, x.takers(r)[taker], report)
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusCreated, "intake", "told", struct{ Code string }{code})
}

// told writes the concern of somebody who gave no name.
func (x *room) told(r *web.Request, m structure.Authority, report Report) (string, error) {
	subject := x.NewID()
	if err := x.Vault.Make(subject); err != nil {
		return "", err
	}
	r.Who = x.anonymous(r, m)
	c, err := x.begin(r.Who, DraftText{Subject: subject, Municipality: m.ID, Report: report}, r.Now)
	if err != nil {
		return "", err
	}
	c.Basis = ownBasis(m.Kind)
	code, err := x.code(r)
	if err != nil {
		return "", err
	}
	var done Receipt
	err = x.create(r, c, report, func(d *doing) error {
		if err := x.receive(d, nil); err != nil {
			return err
		}
		return putSlip(d.ctx, d.tx, d.grant, code, d.ID)
	}, Submit, &done)
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:], err
}

// code is what the reporter comes back with: 80 bits that nobody can guess. A
// double click gives the same one, because it is made of the form's own key.
func (x *room) code(r *web.Request) (string, error) {
	key, err := r.Key()
	if err != nil || key == "" {
		return rand.Text()[:16], err
	}
	return strings.ToUpper(x.Vault.Pseudonym(hub.ID("slip/" + key))[:16]), nil
}

func putSlip(ctx context.Context, tx *pg.Tx, _ policies.Grant, code string, id hub.ID) error {
	_, err := tx.Exec(ctx, `insert into intake.slip (hash, concern) values ($1, $2)`, slipHash(code), id)
	return err
}

// slipHash is what is kept of a code. It has 80 random bits, so that a plain
// hash cannot be tried through.
func slipHash(code string) []byte {
	h := sha256.Sum256([]byte(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))))
	return h[:]
}

// slipForm answers somebody who comes back with a code: that it was received,
// or that it has been handled, and nothing more. A code that is unknown is told
// the same as one that is new.
func (x *room) slipForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var handled bool
	err = x.DB.View(r.Context(), hub.System(r.Now, x.NewID()), func(tx *pg.Tx) error {
		return tx.QueryRow(r.Context(), `select exists (select 1 from intake.slip s join intake.concern c on c.id = s.concern
			where s.hash = $1 and c.state in ('rerouted', 'unfounded', 'other_track', 'case', 'case_closed'))`, slipHash(f.Line("code"))).Scan(&handled)
	})
	if err != nil {
		return err
	}
	return x.Web.Page(w, r, http.StatusOK, "intake", "slip", struct{ Handled bool }{handled})
}
