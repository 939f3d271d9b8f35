package policies

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/infohus/infohus/pkg/hub"
)

// The rules, one folder per question. The tests beside them are not part of
// what decides, so they are not part of the revision.
//
//go:embed law/law.rego law/tables.rego register/register.rego submit/submit.rego list/list.rego search/search.rego view/view.rego
//go:embed act/act.rego disclose/disclose.rego assign/assign.rego recuse/recuse.rego certify/certify.rego glass/glass.rego advice/advice.rego return/return.rego extract/extract.rego trail/trail.rego
var files embed.FS

// document is the law as data: legal bases, purposes, roles, data classes and
// the tables that the rules judge against.
//
//go:embed data.json
var document []byte

// edition is one revision of rules and data, compiled, with the answers it
// has given. A new revision is a new edition, with nothing remembered.
type edition struct {
	revision string
	document []byte
	classes  map[string][]string // data class to its fields, sorted
	kinds    map[string][]string // data class to the kinds of item that have it
	items    map[string]string   // state to the kind of item that has it
	codes    map[string]bool     // every reason and obligation there is
	bases    []Basis             // by code
	law      *Law
	rules    map[reflect.Type]rule
	lore     *lore
	limit    time.Duration // the longest that a decision may take

	mu   sync.RWMutex
	memo map[Question]Answer
}

// rule is the compiled rule of one question.
type rule struct {
	shape []attribute
	query rego.PreparedEvalQuery
}

// limit is the longest a decision may take; one takes well under a
// millisecond. What takes longer is not decided (trust.md F33).
const limit = time.Second

// remembered is how many answers an edition keeps before it forgets them all: more
// than the different questions of a busy day (BenchmarkMonday: 13,437), in some 8 MB.
const remembered = 32768

// embedded gives the rules' text by file name.
func embedded() (map[string]string, error) {
	code := map[string]string{}
	return code, fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := files.ReadFile(path)
		code[path] = string(b)
		return err
	})
}

// compile makes an edition, and refuses rules or data that are wrong: a typo
// in an attribute of input, a path of data that is not in the document, a
// builtin whose answer may differ tomorrow.
func compile(code map[string]string, document []byte, questions []Question) (*edition, error) {
	data := map[string]any{}
	if err := util.UnmarshalJSON(document, &data); err != nil {
		return nil, fmt.Errorf("policies: the data document: %w", err)
	}
	schemas := ast.NewSchemaSet()
	shapes := map[Question][]attribute{}
	for _, q := range questions {
		shape, err := shapeOf(q)
		if err != nil {
			return nil, err
		}
		shapes[q] = shape
		schemas.Put(ast.MustParseRef("schema."+q.Question()), schema(shape))
	}
	rules, err := loadTables(code, data)
	if err != nil {
		return nil, err
	}
	compiler, err := compileRules(rules, schemas, data)
	if err != nil {
		return nil, err
	}
	e := &edition{
		revision: revision(code, document), document: document, memo: map[Question]Answer{}, rules: map[reflect.Type]rule{},
		classes: map[string][]string{}, kinds: map[string][]string{}, items: map[string]string{}, codes: map[string]bool{}, limit: limit,
	}
	if err := e.read(document); err != nil {
		return nil, err
	}
	object, err := objectOf(data)
	if err != nil {
		return nil, err
	}
	e.lore = newLore(object, compiler)
	store := inmem.NewFromASTObject(object)
	for q, shape := range shapes {
		query, err := rego.New(rego.Query("data.infohus."+q.Question()+".answer"), rego.Compiler(compiler), rego.Store(store),
			rego.StrictBuiltinErrors(true), rego.GenerateJSON(asIs)).PrepareForEval(context.Background())
		if err != nil {
			return nil, fmt.Errorf("policies: %s: %w", q.Question(), err)
		}
		e.rules[reflect.TypeOf(q)] = rule{shape, query}
	}
	return e, nil
}

// compileRules parses with annotations on (without them the schemas would be
// ignored, silently) and compiles with the schemas and without what is volatile.
func compileRules(code map[string]string, schemas *ast.SchemaSet, data map[string]any) (*ast.Compiler, error) {
	modules := map[string]*ast.Module{}
	for name, text := range code {
		m, err := ast.ParseModuleWithOpts(name, text, ast.ParserOptions{ProcessAnnotation: true})
		if err != nil {
			return nil, fmt.Errorf("policies: %w", err)
		}
		modules[name] = m
	}
	c := ast.NewCompiler().WithCapabilities(capabilities()).WithSchemas(schemas).WithUseTypeCheckAnnotations(true).WithStrict(true)
	if c.Compile(modules); c.Failed() {
		return nil, fmt.Errorf("policies: %w", c.Errors)
	}
	return c, checkData(c, data)
}

// capabilities is OPA's list of builtins less those whose outcome is not a
// function of their arguments, and less those that reach out of the process.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.AllowNet = []string{}
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool {
		family, _, _ := strings.Cut(b.Name, ".")
		return b.Nondeterministic || slices.Contains([]string{"time", "rand", "uuid", "http", "net", "opa", "io", "rego", "trace", "print"}, family)
	})
	return c
}

// checkData refuses a rule that names a path of data that the document does
// not have: such a typo would otherwise be a silent "undefined".
func checkData(c *ast.Compiler, data map[string]any) error {
	var errs []error
	for _, m := range c.Modules {
		ast.WalkRefs(m, func(r ast.Ref) bool {
			if !r.HasPrefix(ast.DefaultRootRef) || len(c.GetRulesDynamic(r)) > 0 {
				return false
			}
			var at any = data
			for _, t := range r[1:] {
				key, constant := t.Value.(ast.String)
				table, ok := at.(map[string]any)
				if !constant || !ok {
					break
				}
				if at, ok = table[string(key)]; !ok {
					errs = append(errs, fmt.Errorf("policies: %s: %s is not in the data document", t.Location, r))
					break
				}
			}
			return false
		})
	}
	return errors.Join(errs...)
}

// read takes out of the document what Go needs of it.
func (e *edition) read(document []byte) error {
	var d struct {
		Classes map[string]struct {
			Of     string   `json:"of"`
			Items  []string `json:"items"`
			Fields []string `json:"fields"`
		} `json:"classes"`
		States map[string]struct {
			Item string `json:"item"`
		} `json:"states"`
		Reasons     map[string]json.RawMessage `json:"reasons"`
		Obligations map[string]json.RawMessage `json:"obligations"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return fmt.Errorf("policies: the data document: %w", err)
	}
	for name, c := range d.Classes {
		if name == c.Of { // else a narrower edition of another class
			e.classes[name], e.kinds[name] = slices.Sorted(slices.Values(c.Fields)), c.Items
		}
	}
	for state, s := range d.States {
		e.items[state] = s.Item
	}
	var err error
	if e.law, err = readLaw(e.revision, document); err != nil {
		return err
	}
	for _, b := range e.law.bases {
		e.bases = append(e.bases, b)
	}
	slices.SortFunc(e.bases, func(a, b Basis) int { return cmp.Compare(a.Code, b.Code) })
	for _, codes := range []map[string]json.RawMessage{d.Reasons, d.Obligations} {
		for code := range maps.Keys(codes) {
			e.codes[code] = true
		}
	}
	return nil
}

// date is a day in the data document, or null: its midnight in Copenhagen.
type date struct{ time.Time }

func (d *date) UnmarshalJSON(b []byte) (err error) {
	var day *string
	if err = json.Unmarshal(b, &day); err == nil && day != nil {
		d.Time, err = time.ParseInLocation(time.DateOnly, *day, hub.Copenhagen)
	}
	return err
}

// revision hashes rules and data: "<16 hex>-<16 hex>".
func revision(code map[string]string, document []byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(code)) {
		fmt.Fprintf(h, "%s %d\n%s", name, len(code[name]), code[name])
	}
	d := sha256.Sum256(document)
	return hex.EncodeToString(h.Sum(nil)[:8]) + "-" + hex.EncodeToString(d[:8])
}

// decide gives the remembered answer, or judges and remembers. An error is
// hub.Unavailable and is not remembered.
func (e *edition) decide(ctx context.Context, q Question) (Answer, error) {
	e.mu.RLock()
	a, ok := e.memo[q]
	e.mu.RUnlock()
	if ok {
		return a, nil
	}
	a, err := e.eval(ctx, q)
	if err != nil {
		return Answer{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.memo) >= remembered {
		clear(e.memo)
	}
	e.memo[q] = a
	return a, nil
}

// eval judges. Whatever is not a whole answer is hub.Unavailable.
func (e *edition) eval(ctx context.Context, q Question) (Answer, error) {
	r, ok := e.rules[reflect.TypeOf(q)]
	if !ok { // none at all, or a pointer to one
		return Answer{}, hub.Unavailable(fmt.Errorf("policies: %T has no rule", q))
	}
	start, stop := time.Now(), topdown.NewCancel()
	late := time.AfterFunc(e.limit, stop.Cancel)
	defer late.Stop()
	defer context.AfterFunc(ctx, stop.Cancel)()
	n := e.lore.begin()
	results, err := r.query.Eval(ctx, rego.EvalParsedInput(value(r.shape, q)), rego.EvalExternalCancel(stop), rego.EvalMetrics(metrics.NoOp()),
		rego.EvalVirtualCache(n), rego.EvalBaseCache(e.lore))
	n.end(err == nil)
	if err == nil {
		err = ctx.Err() // too late is not decided, even where the rule came to an end
	}
	if time.Since(start) > e.limit {
		err = errors.Join(context.DeadlineExceeded, err)
	}
	if err != nil {
		return Answer{}, hub.Unavailable(fmt.Errorf("policies: %s: %w", q.Question(), err))
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return Answer{}, hub.Unavailable(fmt.Errorf("policies: %s is undefined", q.Question()))
	}
	a, err := e.answer(results[0].Expressions[0].Value)
	if err != nil {
		return Answer{}, hub.Unavailable(fmt.Errorf("policies: %s: %w", q.Question(), err))
	}
	return a, nil
}
