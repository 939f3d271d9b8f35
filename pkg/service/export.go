package service

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// Export is the action of taking something out of the hub as a file.
const Export = "export"

// Exports decides, in the load of a [pg.Read], whether an item goes out as a file:
// the act is recorded with the fields that the ordinary question gives, and that
// is what the read then asks. Where it may not go out, the read asks whether it
// may, and refuses what is forbidden as what never was. Somebody who may, and
// signed in too long ago, is told so.
func (e Env) Exports(ctx context.Context, tx *pg.Tx, r *web.Request, rel pg.Relation, entry pg.Entry) (policies.Question, error) {
	rel.Glass = false // nothing goes out on broken glass
	out, view := rel.Act(tx.Who(), Export, hub.Prevention), rel.View(tx.Who(), hub.Prevention)
	g, err := tx.Ask(ctx, out)
	if errors.As(err, new(*policies.Denial)) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	if err := Obliged(r, g.Obligations(), "error.step_up"); err != nil {
		entry.Act = hub.ActExport
		return nil, errors.Join(tx.Withhold(ctx, entry), err)
	}
	a, err := e.DB.Advise(ctx, view)
	if err != nil || !a.Allow {
		return view, err
	}
	entry.Act, entry.Fields = hub.ActExport, a.Fields
	_, err = tx.Record(ctx, g, entry)
	return view, err
}

// Obliged holds an answer's obligation to have signed in just now (A038); key is
// what is told to whoever has not.
func Obliged(r *web.Request, obligations []string, key string) error {
	if slices.Contains(obligations, "step_up") && !r.SteppedUp() {
		return web.NotSteppedUp(key)
	}
	return nil
}

// ExportRows is the most lines that a list gives as a file.
const ExportRows = 1000

// LeftOut is the last line of a list as a file, where it has fewer lines than the
// list: how many, and why; else empty.
func LeftOut(r *web.Request, lines, listed int) string {
	if lines >= listed {
		return ""
	}
	return r.T("web.export.of", lines, listed)
}

// Provenance is the last line of a file or a page of one thing that was shared with the
// reader's authority: by whom, on which basis, and what it is never used for, so that the
// purpose goes along where the hub cannot (A058, L3); empty of one's own.
func (e Env) Provenance(r *web.Request, rel pg.Relation) string {
	if rel.Relation != "shared" {
		return ""
	}
	from, _ := e.Structure.Authority(rel.Controller)
	basis := e.basis(rel.Basis, r.Now)
	text := basis.TextDa
	if r.Lang == "en" {
		text = basis.TextEn
	}
	if rel.SharedBy == hub.Police && from.Kind != hub.Police { // passed on by the other party of the Infohus
		if h, ok := e.Structure.InfohusOf(from.ID, r.Now); ok {
			police, _ := e.Structure.Authority(h.Police)
			return r.T("web.export.passed", police.Name, text, from.Name)
		}
	}
	return r.T("web.export.shared", from.Name, text)
}

// Named puts the words of the structure file before its codes, of a file's cells: what
// dimensions, levels, measures, reasons for closing, departments and legal bases are
// called. A code that the file has not stays alone.
func (e Env) Named(lang string, cells []web.Cell) []web.Cell {
	for i, c := range cells {
		if word := e.named(lang, c); word != "" && c.Text != "" {
			cells[i].Text = word + " (" + c.Text + ")"
		}
	}
	return cells
}

// named is what the structure file calls the code in a cell, by the last name of the
// cell's own; "" for none.
func (e Env) named(lang string, c web.Cell) string {
	path := strings.Split(c.Code, ".")
	at := len(path) - 1
	for at > 0 && path[at] != "" && path[at][0] >= '0' && path[at][0] <= '9' {
		at--
	}
	switch path[at] {
	case "dimension", "code", "about":
		for _, in := range e.Structure.Instruments {
			if d, ok := in.Dimension(c.Text); ok {
				return d.Name.In(lang)
			}
		}
	case "level", "level_at_close":
		for _, in := range e.Structure.Instruments {
			if l, ok := in.Level(c.Text); ok {
				return l.Name.In(lang)
			}
		}
	case "instrument":
		for _, in := range e.Structure.Instruments {
			if in.ID == c.Text {
				return in.Name.In(lang)
			}
		}
	case "measure":
		for _, m := range e.Structure.Measures {
			if m.Code == c.Text {
				return m.Name.In(lang)
			}
		}
	case "reason":
		if r, ok := e.Structure.ClosingReason(c.Text); ok {
			return r.Name.In(lang)
		}
	case "department":
		for _, a := range e.Structure.Authorities {
			if d, ok := e.Structure.Department(a.ID, c.Text); ok {
				return d.Name
			}
		}
	case "legal_basis":
		for _, b := range e.Structure.LegalBases {
			if string(b.Code) == c.Text {
				return map[string]string{"da": b.TextDa, "en": b.TextEn}[lang]
			}
		}
	}
	return ""
}

// Taken is what a list has recorded of the things that it shows, as taken out.
func Taken(entries []pg.Entry) []pg.Entry {
	out := slices.Clone(entries)
	for i := range out {
		out[i].Act = hub.ActExport
	}
	return out
}
