package service

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Again reads the first receipt of an operation that was asked for before under
// the same idempotency key, and reports whether there is one.
func (e Env) Again(ctx context.Context, tx *pg.Tx, r *web.Request, operation string, receipt any) (bool, error) {
	key, err := r.Key()
	if err != nil || key == "" {
		return false, err
	}
	kept, err := tx.Key(ctx, operation, key, e.digest(r))
	if err != nil || kept == nil {
		return false, err
	}
	return true, json.Unmarshal(kept, receipt)
}

// Keep keeps the receipt of an operation for 30 days, for a repeated request.
func (e Env) Keep(ctx context.Context, tx *pg.Tx, r *web.Request, operation string, receipt any) error {
	key, err := r.Key()
	if err != nil || key == "" {
		return err
	}
	return tx.Keep(ctx, operation, key, receipt)
}

// digest tells what was sent, under a key: a plain hash of a short text about a
// person could be guessed.
func (e Env) digest(r *web.Request) []byte {
	return []byte(e.Vault.Pseudonym(hub.ID(hex.EncodeToString(r.Digest()))))
}

// Limits on what is typed, in characters.
const (
	MaxText      = 2000 // trust.md P15
	MinNecessity = 30   // L1
	MaxLine      = 200
)

// Text checks a free text between least and most characters long. What must be as
// long as a reason is must be words as well.
func Text(p *hub.Problems, field string, t hub.Personal, least, most int) {
	switch fault := t.Fault(least, most); fault {
	case "":
		if least >= MinReason && !t.Sentence() {
			p.Add(field, "error.sentence")
		}
	case "error.too_short":
		p.Add(field, fault, least)
	case "error.too_long":
		p.Add(field, fault, most)
	default:
		p.Add(field, fault)
	}
}

// Basis is the ground on which something is disclosed to another authority
// (L1): legal basis, purpose, and why it is necessary.
type Basis struct {
	LegalBasis hub.LegalBasis `json:"legal_basis" doc:"On which it goes to another authority: the code of one in force, such as RPL115-2. Where nothing leaves one's own authority there is none, and one that is given is not kept."`
	Purpose    hub.Purpose    `json:"purpose"`
	Necessity  hub.Personal   `json:"necessity" min:"30" max:"2000"`
	Confirmed  bool           `json:"confirmed,omitempty" doc:"That it is known that other authorities could not confirm the log for hours, and it is passed on nevertheless: asked for only then."`
}

// Purposes are what something about a person can be processed and disclosed for.
var Purposes = []hub.Purpose{hub.Prevention, hub.ChildWelfare}

// Codes are those of a basis. Which legal bases there are, the structure file says.
func (Basis) Codes() map[string][]string { return map[string][]string{"purpose": web.Codes(Purposes)} }

// Check finds what is missing of a basis.
func (b Basis) Check() hub.Problems {
	var p hub.Problems
	if b.LegalBasis == "" {
		p.Add("legal_basis", "error.choose")
	}
	if b.Purpose == "" {
		p.Add("purpose", "error.choose")
	}
	Text(&p, "necessity", b.Necessity, MinNecessity, MaxText)
	return p
}

// Disclosure is an act of disclosing (videregivelse, L1): what of which item, to
// whom, on which basis.
type Disclosure struct {
	Kind       string // of the item
	Item       hub.ID
	About      hub.ID // the subject
	Version    int
	Controller hub.AuthorityID
	State      string // in which the share begins
	To         hub.AuthorityID
	Classes    []string // what is named of what policy would allow
	Until      time.Time
	Basis
	Terms   string          // on which it is given: one of [Terms]; "" is the narrowest
	Under   string          // the terms on which the actor's authority has it, where it is another's
	Whose   hub.AuthorityID // that other, where it is not the controller: it finds in its log that it was passed on
	Agreed  bool            // whose it is has said yes to this receiver
	Class   string          // the data class that needs a ground of its own: "", health, offence (L10, L11)
	Special hub.LegalBasis  // that ground
	Consent bool            // a signed consent is in force (L8)
}

// Terms are those on which something can be given to another authority (L1), the
// narrowest first: it is passed on to nobody; only after asking; freely to those who
// take part in the cooperation. Which of them a basis carries is policy.
var Terms = []string{"no_onward", "ask_first", "within_cooperation"}

// Freely are the widest terms on which somebody can have what is another's to give it to a third,
// with a yes: for what a page offers. Whose it is may have let them less, which the step
// then says.
func Freely(owner, by, to hub.AuthorityID) (under string, agreed bool) {
	if by == owner || to == owner {
		return "", false
	}
	return Terms[len(Terms)-1], true
}

// Disclose writes a share by the hand of the actor, with its record, and gives
// the share's ID. A basis or purpose that does not fit is the asker's to mend,
// not a secret; that it was tried is recorded (L1, A057).
func (e Env) Disclose(ctx context.Context, tx *pg.Tx, d Disclosure) (hub.ID, error) {
	if err := d.Check().Err(); err != nil {
		return "", err
	}
	entry := pg.Entry{Act: hub.ActDisclose, Object: hub.Object{Kind: d.Kind, ID: d.Item, Version: d.Version}, Controller: d.Controller,
		Subjects: []hub.ID{d.About}, Basis: d.LegalBasis, Recipient: d.To}
	g, err := e.AskToDisclose(ctx, tx, d)
	var denied *policies.Denial
	if errors.As(err, &denied) {
		if err := tx.Refuse(ctx, denied, entry); err != nil {
			return "", err
		}
		switch why := denied.Reasons(); {
		case len(why) == 1 && why[0] == "terms_of_owner": // a right basis, and not the asker's to use
			return "", hub.Conflict("error.onward")
		case len(why) == 1 && why[0] == "not_passed_on": // on no terms to there
			return "", hub.Invalid("authority", "error.onward")
		}
		return "", e.refused(ctx, tx, d, denied)
	}
	if err != nil {
		return "", err
	}
	share, err := tx.Share(ctx, g, pg.Share{ID: e.NewID(), Kind: d.Kind, Item: d.Item, About: d.About, Classes: d.Classes, From: tx.Who().Authority, To: d.To,
		Basis: d.LegalBasis, Purpose: d.Purpose, Necessity: d.Necessity, Terms: cmp.Or(d.Terms, Terms[0]), Until: d.Until})
	if err != nil {
		return "", err
	}
	entry.Why = d.Necessity
	rows := []pg.Entry{entry}
	if d.Under != "" && d.Whose != "" && d.Whose != d.Controller {
		entry.Controller = d.Whose
		rows = append(rows, entry)
	}
	_, err = tx.Record(ctx, g, rows...)
	return share, err
}

// AskToDisclose asks whether the actor may disclose so now, also by how long what stands
// in the log has waited for other authorities to confirm it: for long, and whoever
// discloses must have said that they know (trust.md F38).
func (e Env) AskToDisclose(ctx context.Context, tx *pg.Tx, d Disclosure) (policies.Grant, error) {
	q := e.May(tx.Who(), d, tx.Now)
	if keys, least, within := e.Structure.Trail.Confirming(); len(keys) > 0 {
		l, err := tx.Log(ctx, keys, least)
		if err != nil {
			return policies.Grant{}, err
		}
		q.Unwitnessed, q.Confirmed = l.Late(within), d.Confirmed
	}
	return tx.Ask(ctx, q)
}

// May is the question whether somebody may disclose so. A basis on which this
// hub does not rely today is no basis, and no ground of its own for health or
// offences; an agreement that does not hold now is none. Whether the basis holds by
// the signed data is for the rules' own engine.
func (e Env) May(who hub.Actor, d Disclosure, now time.Time) policies.Disclose {
	to, _ := e.Structure.Authority(d.To)
	basis, special := d.LegalBasis, d.Special
	if !e.Structure.Basis(basis, now) {
		basis = ""
	}
	if !e.Structure.Basis(special, now) {
		special = ""
	}
	return policies.Disclose{Role: who.Role, From: who.Kind, To: to.Kind, Basis: basis, Purpose: d.Purpose, State: d.State,
		Item: d.Kind, Class: d.Class, Special: special, Consent: d.Consent, Cooperation: e.together(who.Authority, d.To, basis, now), TaskArea: e.taskArea(who.Authority, d.To, now), Terms: d.Terms, Under: d.Under, Agreed: d.Agreed}
}

// together reports whether two authorities are parties to an agreement in force for a
// basis: an agreement on a basis that has ended by the signed data carries nothing.
func (e Env) together(x, y hub.AuthorityID, basis hub.LegalBasis, now time.Time) bool {
	law := e.DB.Law()
	return slices.ContainsFunc(e.Structure.Cooperations(x, y, basis, now), func(b hub.LegalBasis) bool { return law.Holds(b, now) })
}

// taskArea reports whether both parties may take part as what they are: a
// self-governing institution only with a registered task area, and while its
// agreement with the other is in force (L5).
func (e Env) taskArea(x, y hub.AuthorityID, now time.Time) bool {
	for _, id := range []hub.AuthorityID{x, y} {
		a, ok := e.Structure.Authority(id)
		if !ok || a.Kind == hub.SelfGoverning && (a.TaskArea == "" || !e.together(x, y, "RPL115-3", now)) {
			return false
		}
	}
	return true
}

// Shares is the first of some states in which somebody may begin to share a thing at
// all, for the link to what may be shared; "" where there is none.
func (e Env) Shares(who hub.Actor, states ...string) string {
	law := e.DB.Law()
	for _, s := range states {
		if law.Shares(who.Role, s) {
			return s
		}
	}
	return ""
}

// refusal tells a refused disclosure to whoever may know of the thing: at the field
// in which it can be mended, why, and what to do next.
func refusal(denied *policies.Denial) *hub.Error {
	reasons := denied.Reasons()
	first := func(is func(string) bool) string {
		if i := slices.IndexFunc(reasons, is); i >= 0 {
			return reasons[i]
		}
		return ""
	}
	field, why := "legal_basis", reasons[0]
	for _, c := range []struct{ field, why string }{
		{"special", first(func(why string) bool { return why == "number_missing" })},
		{"special", first(func(why string) bool { return why == "special_basis_missing" })},
		{"purpose", first(func(why string) bool { return strings.HasPrefix(why, "purpose_") })},
		{"purpose", first(func(why string) bool { return why == "basis_not_for_purpose" })},
		{field, first(func(why string) bool { return strings.HasSuffix(why, "_never") })},
		{field, first(func(why string) bool { return strings.HasSuffix(why, "_missing") && why != "cooperation_missing" })}, // which no agreement mends where the basis is another's
		{"terms", first(func(why string) bool { return why == "terms_not_for_basis" && len(reasons) == 1 })},
		{"confirmed", first(func(why string) bool { return why == "unwitnessed" && len(reasons) == 1 })},
	} {
		if c.why != "" {
			field, why = c.field, c.why
			break
		}
	}
	return hub.Invalid(field, "refusal."+why)
}

// refused is [refusal], where another basis could be chosen; where none leads there, that.
func (e Env) refused(ctx context.Context, tx *pg.Tx, d Disclosure, denied *policies.Denial) error {
	wrong := refusal(denied)
	if wrong.Field != "legal_basis" || !strings.HasPrefix(wrong.Key, "refusal.basis_") {
		return wrong
	}
	if e.Carried(ctx, tx.Who(), d, tx.Now) {
		return wrong
	}
	to, _ := e.Structure.Authority(d.To)
	return hub.Invalid(wrong.Field, "error.no_basis", to.Name)
}

// Carried asks the rules whether somebody could disclose so on some legal basis in force.
func (e Env) Carried(ctx context.Context, who hub.Actor, d Disclosure, now time.Time) bool {
	return slices.ContainsFunc(e.Structure.LegalBases, func(b structure.LegalBasis) bool {
		d.LegalBasis = b.Code
		answer, err := e.DB.Advise(ctx, e.May(who, d, now))
		return err == nil && answer.Allow
	})
}

// Bases are the legal bases on which the rules would let somebody disclose so,
// as the choices of a form.
func (e Env) Bases(r *web.Request, d Disclosure) []web.Option {
	var list []web.Option
	conditions := map[string][]string{}
	for _, b := range e.Structure.LegalBases {
		if !b.Holds(r.Now) {
			continue
		}
		d.LegalBasis = b.Code
		answer, err := e.DB.Advise(r.Context(), e.May(r.Who, d, r.Now))
		if err != nil || !answer.Allow {
			continue
		}
		o := web.Option{Value: string(b.Code), Label: b.TextDa}
		if r.Lang == "en" {
			o.Label = b.TextEn
		}
		list = append(list, o)
		for _, code := range answer.Obligations {
			conditions[code] = append(conditions[code], o.Label)
		}
	}
	e.Written(r, conditions)
	return list
}

// Written says at the field of the necessity which conditions of the bases that a form
// offers are to be written there (L6, L7), in the words of the advice: those conditions
// that have the words "web.written.<condition>".
func (e Env) Written(r *web.Request, conditions map[string][]string) {
	for _, code := range slices.Sorted(maps.Keys(conditions)) {
		if word := "web.written." + code; e.Web.Has(word) {
			r.Hint("necessity", r.T("web.written", briefly(conditions[code]), r.T(word)))
		}
	}
}

// briefly names legal bases: without what explains each in the list beside, and what they
// begin with alike once ("… nr. 3, litra a, b, c").
func briefly(labels []string) string {
	var names []string
	for _, l := range labels {
		if at := strings.LastIndex(l, " ("); at > 0 && strings.HasSuffix(l, ")") {
			l = l[:at]
		}
		names = append(names, l)
	}
	alike := names[0][:strings.LastIndex(names[0], " ")+1]
	for _, n := range names[1:] {
		for !strings.HasPrefix(n, alike) {
			alike = alike[:strings.LastIndex(strings.TrimRight(alike, " "), " ")+1]
		}
	}
	for i := range names[1:] {
		names[i+1] = names[i+1][len(alike):]
	}
	return strings.Join(names, ", ")
}

// BasisOf reads the ground of a disclosure from a form.
func BasisOf(f web.Form) Basis {
	return Basis{LegalBasis: hub.LegalBasis(f.Line("legal_basis")), Purpose: hub.Purpose(f.Line("purpose")), Necessity: Typed(f.Text("necessity")), Confirmed: f.Has("confirmed")}
}

// Typed is what was typed as a text about people; nothing typed is no text.
func Typed(s string) hub.Personal {
	if s == "" {
		return hub.Personal{}
	}
	return hub.NewPersonal(s)
}

// Day reads a {{date_input}} as YYYY-MM-DD. Nothing typed is ""; a date that
// does not exist is told at its field.
func Day(f web.Form, p *hub.Problems, field string) string {
	on, err := f.Date(field)
	if err != nil {
		p.Add(field, "error.date")
	}
	if err != nil || on.IsZero() {
		return ""
	}
	return on.Format(time.DateOnly)
}
