package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	pglocal "github.com/infohus/infohus/pkg/pg/local"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
)

const policyUse = `Write one of:
  infohus policy show [FILE]                 the revisions there are, or what FILE is and whether it would be taken
  infohus policy new FILE --from DAY --title TEXT
                                             write the document that is in force to FILE, as the next revision, to be edited
  infohus policy key AUTHORITY FILE          at the authority: make a key; the private one goes to FILE and stays there
  infohus policy sign FILE KEY               at the authority: sign FILE with the key in the file KEY
  infohus policy try FILE [--json] [--days N]
                                             what FILE would have answered to the questions of the last year
  infohus policy put FILE                    put a revision that all have signed into the hub`

// policy is the operator's way with the signed revisions of the law as data. key
// and sign need no hub: they are for the authorities' own machines.
func policy(ctx context.Context, args []string) error {
	verb := "show"
	if len(args) > 0 {
		verb, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("policy", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	from := flags.String("from", "", "")
	title := flags.String("title", "", "")
	asJSON := flags.Bool("json", false, "")
	days := flags.Int("days", 365, "")
	var files []string
	for err := flags.Parse(args); ; err = flags.Parse(flags.Args()[1:]) { // flags may come after names
		if err != nil {
			return misuse(policyUse)
		}
		if flags.NArg() == 0 {
			break
		}
		files = append(files, flags.Arg(0))
	}
	switch {
	case verb == "key" && len(files) == 2:
		return policyKey(hub.AuthorityID(files[0]), files[1])
	case verb == "sign" && len(files) == 2:
		return policySign(files[0], files[1])
	}
	known := map[string]func(*lawBook, string) error{
		"show": func(b *lawBook, file string) error { return b.show(file) },
		"new":  func(b *lawBook, file string) error { return b.draft(file, *from, *title) },
		"try":  func(b *lawBook, file string) error { return b.try(ctx, file, *days, *asJSON) },
		"put":  func(b *lawBook, file string) error { return b.put(ctx, file) },
	}[verb]
	if verb == "show" && len(files) == 0 {
		files = []string{""}
	}
	if known == nil || len(files) != 1 || verb == "new" && (*from == "" || *title == "") || *days < 1 {
		return misuse(policyUse)
	}
	b, err := openBook(ctx)
	if err != nil {
		return err
	}
	return known(b, files[0])
}

// policyKey makes an authority's key pair. The private key is written once, for
// its owner alone, and is nothing that a hub needs.
func policyKey(authority hub.AuthorityID, file string) error {
	private, public, err := note.GenerateKey(rand.Reader, string(authority))
	if err != nil {
		return err
	}
	if _, err := note.NewVerifier(public); err != nil {
		return fmt.Errorf("%q is no id of an authority: write it as the structure file does", authority)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("a key is written to a new file only: %w", err)
	}
	_, err = fmt.Fprintln(f, private)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	fmt.Printf("The private key is in %s: keep it at %s, and away from the hub.\nFor the structure file, under policy, keys:\n    - {authority: %s, key: %s, from: %s}\n",
		file, authority, authority, public, time.Now().In(hub.Copenhagen).Format(time.DateOnly))
	return nil
}

// policySign adds a signature to a revision, once it is one that could be taken.
func policySign(file, key string) error {
	revision, err := readRevision(file)
	if err != nil {
		return err
	}
	private, err := os.ReadFile(key)
	if err != nil {
		return err
	}
	document, _ := policies.Text(revision)
	h, err := policies.HeaderOf(document)
	if err == nil && h.Number == 0 {
		err = errors.New("it says of itself no number: infohus policy new makes a revision")
	}
	if err == nil {
		err = policies.Prove(document)
	}
	if err != nil {
		return fmt.Errorf("%s is not signed: %w", file, err)
	}
	signed, err := policies.Sign(revision, string(private))
	if err != nil {
		return err
	}
	if err := replace(file, signed); err != nil {
		return err
	}
	_, by := policies.Text(signed)
	fmt.Printf("Signed: revision %d, %s\nin force from %s, SHA-256 %s\nsignatures: %s\n", h.Number, h.Title, minute(h.From), policies.Sum(document), names(by))
	return nil
}

func names(list []note.Signature) string {
	var by []string
	for _, s := range list {
		by = append(by, s.Name)
	}
	if len(by) == 0 {
		return "none"
	}
	return strings.Join(by, ", ")
}

// replace writes a file anew, whole or not at all.
func replace(file string, text []byte) error {
	part := file + ".part"
	if err := os.WriteFile(part, text, 0o644); err != nil {
		return err
	}
	return os.Rename(part, file)
}

func readRevision(file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err == nil && len(b) > 2*policies.MaxDocument {
		err = fmt.Errorf("%s is too long for a revision", file)
	}
	return b, err
}

// lawBook is the revisions of a hub, as its owner reads them.
type lawBook struct {
	owner   string
	st      *structure.Structure
	engine  *policies.Engine
	decided [][]byte
	trouble error // why nothing is decided in the hub
}

// openBook reads the revisions of the hub that the environment names.
func openBook(ctx context.Context) (*lawBook, error) {
	s, err := host.Environment(os.Environ())
	if err != nil {
		return nil, err
	}
	if !s.Embedded() {
		owner, err := host.Secrets(s.Secrets).Database(s.Postgres, host.Owner)
		if err != nil {
			return nil, err
		}
		st, err := realStructure(s)
		if err != nil {
			return nil, err
		}
		return readBook(ctx, owner, st)
	}
	at, err := data(s.Data).readRunning()
	if err != nil {
		return nil, err
	}
	owner, err := pglocal.OwnerAt(data(s.Data).postgres(), at.Postgres)
	if err != nil {
		return nil, err
	}
	st, err := embeddedStructure(s)
	if err != nil {
		return nil, err
	}
	return readBook(ctx, owner, st)
}

func readBook(ctx context.Context, owner string, st *structure.Structure) (*lawBook, error) {
	b := &lawBook{owner: owner, st: st}
	rows, decided, err := pg.Revisions(ctx, owner)
	if err != nil {
		return nil, err
	}
	if b.engine, err = policies.New(); err != nil {
		return nil, err
	}
	b.engine.Trust(host.Approval(st), nil)
	b.decided = decided
	b.trouble = b.engine.Take(rows, decided) // an operator is to see it, and to put back what is gone
	b.engine.At(time.Now())
	return b, nil
}

func (b *lawBook) authorities() (all []hub.AuthorityID) {
	for _, a := range b.st.Authorities {
		if !a.DPIA.Advice.IsZero() { // takes part
			all = append(all, a.ID)
		}
	}
	return all
}

func minute(t time.Time) string { return t.In(hub.Copenhagen).Format("2006-01-02 15:04") }

// show lists the revisions, or tells what a file is.
func (b *lawBook) show(file string) error {
	if file != "" {
		return b.showFile(file)
	}
	all, at := b.engine.Revisions()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tFROM\tSTANDS\tSIGNED BY\tSHA-256\tTITLE")
	for i, r := range all {
		stands, from, title := "was in force", minute(r.Since()), r.Title
		switch {
		case r.Why != nil:
			stands = "REFUSED"
		case i == at:
			stands = "in force"
		case i > at:
			stands = "waits"
		}
		if r.From.IsZero() {
			from = ""
		}
		if r.Number == 0 {
			title = "built in"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%.16s\t%s\n", r.Number, from, stands, joinIDs(r.By), r.Sum, title)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return errors.Join(b.trouble, b.engine.Odd())
}

func joinIDs(list []hub.AuthorityID) string {
	var s []string
	for _, id := range list {
		s = append(s, string(id))
	}
	return strings.Join(s, ", ")
}

func (b *lawBook) showFile(file string) error {
	text, err := readRevision(file)
	if err != nil {
		return err
	}
	document, by := policies.Text(text)
	if _, err := policies.HeaderOf(document); err != nil {
		what := "put that right, and have it signed"
		if len(by) == 0 && !bytes.HasPrefix(bytes.TrimSpace(document), []byte("{")) {
			what = "give the file that infohus policy new made, or one that is signed"
		}
		return fmt.Errorf("%s is no revision: %w; %s", file, err, what)
	}
	r := b.engine.Judge(text, b.decided)
	if changed := policies.ChangedError(""); errors.As(r.Why, &changed) {
		return fmt.Errorf("%s was changed after %s signed it: take the file that was signed; or, if the change is meant, delete the lines of signatures at its end and have every authority sign it anew", file, string(changed))
	}
	fmt.Printf("number    %d\ntitle     %s\nfrom      %s\nafter     %.16s\nsha-256   %s\nsigned    %s\ncounts    %s\n", // whose signatures count
		r.Number, r.Title, minute(r.From), r.After, policies.Sum(document), names(by), cmp.Or(joinIDs(r.By), "none"))
	if r.Why != nil {
		return fmt.Errorf("it would be refused: %w", r.Why)
	}
	fmt.Println("It would be taken: infohus policy put", file)
	return nil
}

// draft writes the next revision, unsigned, with the text of the last.
func (b *lawBook) draft(file, from, title string) error {
	last, h := b.engine.Last()
	all, _ := b.engine.Revisions()
	next := policies.Header{Number: all[len(all)-1].Number + 1, After: policies.Sum(last), Title: title}
	var err error
	if next.From, err = time.ParseInLocation("2006-01-02 15:04", from, hub.Copenhagen); err != nil {
		if next.From, err = time.ParseInLocation(time.DateOnly, from, hub.Copenhagen); err != nil {
			return fmt.Errorf("--from %q is no day: write it as 2026-01-31, or with a minute as \"2026-01-31 12:00\"", from)
		}
	}
	if next.From.Before(h.From) {
		return fmt.Errorf("revision %d begins at %s: the next cannot begin before it", h.Number, minute(h.From))
	}
	document, err := policies.Draft(last, next)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("a draft is written to a new file only: %w", err)
	}
	_, err = f.Write(document)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if next.From.Before(time.Now().AddDate(0, 0, -1)) {
		fmt.Printf("Note: %s is past. What has been answered stays; this would be in force as soon as it is put.\n", minute(next.From))
	}
	fmt.Printf("Revision %d, to be edited: %s\nThen: infohus policy try %[2]s; at each authority infohus policy sign %[2]s KEY; infohus policy put %[2]s\n", next.Number, file)
	return nil
}

// put puts a revision into the hub, once it is one that every room would take.
func (b *lawBook) put(ctx context.Context, file string) error {
	text, err := readRevision(file)
	if err != nil {
		return err
	}
	r := b.engine.Judge(text, b.decided)
	if r.Why != nil {
		return fmt.Errorf("%s is not put: %w", file, r.Why)
	}
	if err := pg.PutPolicy(ctx, b.owner, time.Now(), r.Number, text, b.authorities()); err != nil {
		return err
	}
	if r.From.After(time.Now()) {
		fmt.Printf("Revision %d is put, signed by %s. It is in force from %s, in every room.\n", r.Number, joinIDs(r.By), minute(r.From))
	} else {
		fmt.Printf("Revision %d is put, signed by %s. It is in force, in every room.\n", r.Number, joinIDs(r.By))
	}
	return nil
}

// try puts the questions of the past to a document, signed or not.
func (b *lawBook) try(ctx context.Context, file string, days int, asJSON bool) error {
	text, err := readRevision(file)
	if err != nil {
		return err
	}
	document, _ := policies.Text(text)
	if err := policies.Prove(document); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	after, err := policies.New()
	if err != nil {
		return err
	}
	if err := after.Revise(document); err != nil {
		return err
	}
	last, _ := b.engine.Last()
	before, err := policies.New()
	if err != nil {
		return err
	}
	if err := before.Revise(last); err != nil {
		return err
	}
	var t policies.Trial
	now := time.Now()
	from := now // from when it would decide
	if h, err := policies.HeaderOf(document); err == nil && h.From.After(now) {
		from = h.From
	}
	since := now.AddDate(0, 0, -days)
	err = pg.Asked(ctx, b.owner, now, since, b.authorities(), func(past func(func(policies.Past, error) bool)) (err error) {
		t, err = policies.Try(ctx, before, after, from, past)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(t)
	}
	return tellTrial(os.Stdout, t, since)
}

// tellTrial writes a trial for people.
func tellTrial(w io.Writer, t policies.Trial, since time.Time) error {
	b := new(bytes.Buffer)
	counts := map[string]int{}
	for _, c := range t.Changes {
		counts[c.What]++
	}
	fmt.Fprintf(b, "%d decisions since %s, %d different questions: %d would be answered otherwise.\n", t.Decisions, minute(since), t.Questions, len(t.Changes))
	if t.Unknown > 0 {
		fmt.Fprintf(b, "%d decisions could not be tried: their question is no longer asked in that form.\n", t.Unknown)
	}
	for _, c := range t.Changes {
		fmt.Fprintf(b, "\n%s: %s, %d times from %s to %s (then %d yes, %d no)\n  asked    %s\n", strings.ToUpper(strings.ReplaceAll(c.What, "_", " ")), c.Question,
			c.Times, minute(c.First), minute(c.Last), c.Allowed, c.Refused, attributes(c.Input))
		if !c.Since.IsZero() {
			fmt.Fprintf(b, "  since    %s, when a legal basis begins or ends\n", minute(c.Since))
		}
		for _, line := range []struct {
			what string
			list []string
		}{{"opens", c.Gained}, {"closes", c.Lost}, {"because", c.After.Reasons}, {"before", c.Before.Reasons}} {
			if len(line.list) > 0 {
				fmt.Fprintf(b, "  %-8s %s\n", line.what, strings.Join(line.list, ", "))
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// attributes writes what was asked: name and value of all that is not empty.
func attributes(input json.RawMessage) string {
	var m map[string]any
	if err := json.Unmarshal(input, &m); err != nil {
		return string(input)
	}
	var list []string
	for k, v := range m {
		switch v {
		case "", false:
		case true:
			list = append(list, k)
		default:
			list = append(list, fmt.Sprintf("%s=%v", k, v))
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
