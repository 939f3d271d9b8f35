package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/policies"
)

// What an officer takes out of the trail: a sheet to look at, and a bundle that proves
// what stands in it to anybody (docs/trail.md).

// part is what a form of the page asks for.
func part(f web.Form) Part {
	return Part{Way: f.Line("way"), Ground: f.Line("ground"), Side: f.Line("side"), Reference: f.Line("reference"), Person: hub.ID(f.Line("person")),
		From: isoDay(f, "from"), Until: isoDay(f, "until"), Act: hub.Act(f.Line("act")), Outcome: f.Line("outcome"), Control: f.Line("control")}
}

// bundleType is the type of a bundle: JSON, a line for each row.
const bundleType = "application/x-ndjson"

// exportTrail answers a bundle.
func (x *room) exportTrail(w http.ResponseWriter, r *web.Request) error {
	var in Taking
	if err := r.JSON(&in); err != nil {
		return err
	}
	return x.bundle(w, r, in)
}

// bundleForm answers a bundle of what the page has found, or the same rows in the form
// that it names.
func (x *room) bundleForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	switch in := taken(f); f.Line("form") {
	case "", "bundle":
		return x.bundle(w, r, in)
	case "fhir":
		return x.events(w, r, in)
	}
	return hub.Invalid("form", "error.unknown_choice")
}

// How much goes out at once: of so many leaves those rows that are asked for, until there
// are so many of them.
const (
	pieceLeaves = 4096
	pieceRows   = 2048
)

// bundle answers a bundle in pieces. Each is decided and recorded by itself, with how many
// rows it has, before it is sent: where the connection is cut, the trail says what went
// out, and at most one piece more (A089).
func (x *room) bundle(w http.ResponseWriter, r *web.Request, in Taking) error {
	t := taking{room: x, who: r.Who, in: in}
	var b *tree.BundleWriter
	var out bytes.Buffer
	for {
		list, err := t.piece(r.Context())
		if err == nil && b == nil {
			b, err = t.begin(&out, r)
		}
		for _, l := range list {
			if err == nil {
				err = l.write(b)
			}
		}
		if err == nil && t.at == t.of.Size {
			err = b.Seal(func(text []byte) ([]byte, error) { return x.Vault.Sign(signKey, text) })
		}
		if err != nil {
			if b != nil && r.Context().Err() == nil {
				x.Log.ErrorContext(r.Context(), "a bundle of the trail ends before its seal", "error", err)
			}
			return err
		}
		if w.Header().Get("Content-Disposition") == "" {
			w.Header().Set("Content-Type", bundleType)
			w.Header().Set("Content-Disposition", `attachment; filename="infohus-log-`+r.Now.In(hub.Copenhagen).Format(time.DateOnly)+`.jsonl"`)
		}
		if _, err := w.Write(out.Bytes()); err != nil || t.at == t.of.Size {
			return err
		}
		out.Reset()
	}
}

// taking is a bundle on its way out.
type taking struct {
	*room
	who    hub.Actor
	in     Taking
	signed string          // the checkpoint that it is of
	of     tree.Checkpoint // which says this
	at     int64           // the next leaf to look at
}

// proven is a row on its way out, as its leaf.
type proven struct {
	index int64
	row   tree.Row // where it is whole
	whole bool
	entry []byte
	by    int64 // the leaf that says that it was forgotten; 0: it was not
	proof tlog.RecordProof
}

// write writes the row into a bundle.
func (p proven) write(b *tree.BundleWriter) error {
	if p.by > 0 {
		return b.Forgotten(p.index, p.entry, p.by, p.proof)
	}
	if !p.whole {
		return b.Withheld(p.index, p.entry, p.proof)
	}
	if err := b.Row(p.index, p.row, p.proof); err != nil {
		return &tree.Broken{Index: p.index, Why: "its row cannot be written: " + err.Error()}
	}
	return nil
}

// begin begins the bundle, with what it says of itself.
func (t *taking) begin(out *bytes.Buffer, r *web.Request) (*tree.BundleWriter, error) {
	v, err := t.verifier()
	if err != nil {
		return nil, err
	}
	about, err := json.Marshal(map[string]any{"authority": t.who.Authority, "at": r.Now.UTC().Format(time.RFC3339), "request": r.ID, "asked": t.in.told()})
	if err != nil {
		return nil, err
	}
	return tree.NewBundle(out, []byte(t.signed), v, about)
}

// piece gives the next rows, once what is given is recorded.
func (t *taking) piece(ctx context.Context) (list []proven, err error) {
	next := *t
	_, err = t.reading(ctx, t.who, t.in.stated(), hub.ActExport, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) error {
		f, refs, err := t.seeks(ctx, tx, g, Search{Part: t.in.Part})
		if err != nil {
			return err
		}
		if err := t.in.check(); err != nil {
			return err
		}
		t.in.in(e, refs)
		if t.signed == "" {
			if next.signed, err = t.cosigned(ctx, tx); err != nil {
				return err
			}
			if next.signed == "" {
				return &hub.Error{Code: hub.CodeUnavailable, Key: "audit.error.export.early"}
			}
			if next.of, err = t.last(next.signed); err != nil {
				return err
			}
		}
		hashes := remembered(tree.Reader(next.of.Size, tiles(ctx, tx)))
		for next.at < next.of.Size && len(list) < pieceRows {
			until := min(next.at+pieceLeaves, next.of.Size)
			more, err := provable(ctx, tx, g, f, refs, next.at, until)
			if err == nil {
				more, err = forgotten(ctx, tx, f, next.at, until, next.of.Size, more)
			}
			if err != nil {
				return err
			}
			for i := range more {
				if more[i].proof, err = tlog.ProveRecord(next.of.Size, more[i].index, hashes); err != nil {
					return err
				}
			}
			list, next.at = append(list, more...), until
		}
		e.Rows = len(list)
		return nil
	})
	if err != nil {
		return nil, err
	}
	*t = next
	return list, nil
}

// seeks is a search that was found sound, and what its reference stands for.
func (x *room) seeks(ctx context.Context, tx *pg.Tx, g policies.Grant, in Search) (f filter, refs references, err error) {
	if f, err = in.filter(tx.Who().Authority); err != nil {
		return f, refs, err
	}
	f.me = tx.Who().Person
	if f.tail != "" {
		if f.reference, err = whole(ctx, tx, g, f.own, f.tail, x.Vault.Pseudonym); err != nil {
			return f, refs, err
		}
	}
	if refs, err = meaning(ctx, tx, g, f.own, f.reference, x.Vault.Pseudonym); err == nil && f.way == "item" {
		refs.objects, err = parts(ctx, tx, f.own, f.reference)
		refs.pseudonyms = []string{}
	}
	return f, refs, err
}

// remembered reads each hash once: the proofs of rows that are near one another have most
// of theirs in common.
func remembered(r tlog.HashReader) tlog.HashReader {
	known := map[int64]tlog.Hash{}
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		missing := slices.DeleteFunc(slices.Clone(indexes), func(i int64) bool { _, ok := known[i]; return ok })
		if len(missing) > 0 {
			hashes, err := r.ReadHashes(missing)
			if err != nil {
				return nil, err
			}
			for n, i := range missing {
				known[i] = hashes[n]
			}
		}
		out := make([]tlog.Hash, len(indexes))
		for n, i := range indexes {
			out[n] = known[i]
		}
		return out, nil
	})
}

// sheetForm answers what the page has found as a file for a spreadsheet: the newest rows,
// without the justifications.
func (x *room) sheetForm(w http.ResponseWriter, r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var found Found
	_, err = x.reading(r.Context(), r.Who, f.Line("ground"), hub.ActExport, func(ctx context.Context, tx *pg.Tx, g policies.Grant, e *pg.Entry) error {
		f, refs, err := x.seeks(ctx, tx, g, Search{Part: part(f)})
		if err != nil {
			return err
		}
		if refs.subject != "" {
			e.Subjects = []hub.ID{refs.subject}
		}
		f.limit = service.ExportRows
		if found.Rows, err = page(ctx, tx, g, f, refs); err != nil {
			return err
		}
		if found.Total, err = counted(ctx, tx, g, f, refs); err != nil {
			return err
		}
		found.Rows = found.Rows[:min(len(found.Rows), f.limit)]
		e.Rows = len(found.Rows)
		return nil
	})
	if err != nil {
		return err
	}
	left := ""
	if found.Total > len(found.Rows) {
		left = r.T("audit.sheet.only", len(found.Rows))
	}
	return x.Web.CSV(w, r, "infohus-log", web.Ended(x.sheet(r, found.Rows), left))
}

// sheetColumns are the columns of the sheet.
var sheetColumns = []string{"id", "at", "name", "role", "authority", "act", "outcome", "object", "reference", "fields", "rows", "purpose", "legal_basis", "recipient", "controller", "subjects"}

// sheet makes rows a table in the words of the page.
func (x *room) sheet(r *web.Request, rows []Row) [][]string {
	word := func(key, code string) string { return worded(r, key, code, code) }
	authority := func(id hub.AuthorityID) string { return x.called(r, id) }
	table := [][]string{{}}
	for _, c := range sheetColumns {
		table[0] = append(table[0], r.T("audit.cell."+c))
	}
	for _, row := range rows {
		var fields []string
		for _, f := range row.Shown() {
			fields = append(fields, word("audit.shown.", f))
		}
		act := word("audit.act.", row.Did())
		if row.Recusal != "" {
			act = word("audit.recusal.", row.Recusal)
		}
		table = append(table, []string{strconv.FormatInt(row.ID, 10), row.At.In(hub.Copenhagen).Format("2006-01-02 15:04:05"), x.named(r, row), word("audit.role.", string(row.Role)), authority(row.Authority),
			act, word("audit.outcome.", row.Outcome), word("audit.object.", row.ObjectKind), row.ObjectID, strings.Join(fields, ", "), strconv.Itoa(row.Rows), word("audit.purpose.", string(row.Purpose)),
			string(row.Basis), authority(row.Recipient), authority(row.Controller), strings.Join(row.Subjects, " ")})
	}
	return table
}

// called is an authority as the page says it.
func (x *room) called(r *web.Request, id hub.AuthorityID) string {
	if id == Supervisor {
		return r.T("audit.supervisor")
	}
	if a, ok := x.Structure.Authority(id); ok {
		return a.Name
	}
	return string(id)
}

// named is who did it, as the page says it.
func (x *room) named(r *web.Request, row Row) string {
	if w := map[hub.ID]string{"system": "audit.system", "anonymous": "audit.anonymous", "operator": "audit.operator"}[row.Person]; w != "" {
		return r.T(w)
	}
	if row.Name == "" {
		return r.T("audit.nobody")
	}
	if row.DeputyFor != "" {
		return row.Name + " " + r.T("audit.deputy_for", row.DeputyFor)
	}
	return row.Name
}
