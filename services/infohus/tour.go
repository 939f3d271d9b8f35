package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// guide tells the story of one concern, as the people of the structure file
// live it, and notices whatever is not as it should be.
type guide struct {
	ctx    context.Context
	out    io.Writer
	c      *caller
	st     *structure.Structure
	home   structure.Infohus // of the story
	now    hubTime
	cast   []role                     // everybody who looks, in the order of the telling
	id     string                     // the concern
	kase   string                     // the case
	hash   string                     // of the joint assessment, as it was read
	person string                     // the subject
	rows   map[string]map[string]bool // of the trail, that each officer has found
	wrong  []string
}

// role is one of the people of the story.
type role struct {
	name, login string
	post        structure.Post
}

// newGuide chooses the cast: one hat of each role that matters, in the Infohus
// of the municipality, and outsiders.
func newGuide(ctx context.Context, out io.Writer, c *caller, st *structure.Structure, now hubTime) (*guide, error) {
	g := &guide{ctx: ctx, out: out, c: c, st: st, now: now, rows: map[string]map[string]bool{}}
	home, other, err := g.homes(now)
	if err != nil {
		return nil, err
	}
	g.home = home
	for _, want := range []struct {
		name string
		role hub.Role
		at   hub.AuthorityID
	}{
		{"the municipal coordinator", hub.MunicipalCoordinator, home.Municipality}, {"the police coordinator", hub.PoliceCoordinator, home.Police},
		{"the colleague (SSP)", hub.Receiver, home.Municipality}, {"a core group member", hub.CoreGroup, home.Municipality},
		{"the invited authority", hub.Partner, ""},
		{"the other municipality's coordinator", hub.MunicipalCoordinator, other}, {"the steering-group reader", hub.Steering, home.Municipality},
		{"the administrator", hub.Administrator, home.Municipality}, {"the municipality's DPO", hub.DPO, home.Municipality},
		{"the police's DPO", hub.DPO, home.Police}, {"the other municipality's DPO", hub.DPO, other},
	} {
		if want.role == hub.Partner {
			want.at = g.region()
		}
		holders := slices.DeleteFunc(st.Holders(want.role, want.at, now), func(p structure.Post) bool { return posts(st, p.Person) > 1 })
		if len(holders) == 0 {
			return nil, fmt.Errorf("the structure file has no %s at %s with one hat only: the tour needs one", want.role, want.at)
		}
		g.cast = append(g.cast, role{want.name, holders[0].Login, holders[0]})
	}
	return g, nil
}

// posts counts a person's hats: with several the tour would have to choose.
func posts(st *structure.Structure, person hub.ID) (n int) {
	for _, p := range st.Posts() {
		if p.Person == person {
			n++
		}
	}
	return n
}

// homes are the municipality of the story and another in the same district.
func (g *guide) homes(now hubTime) (structure.Infohus, hub.AuthorityID, error) {
	for _, h := range g.st.Infohus {
		if !h.Holds(now) || len(g.st.Holders(hub.CoreGroup, h.Municipality, now)) == 0 {
			continue
		}
		for _, o := range g.st.Infohus {
			if o.Municipality != h.Municipality && len(g.st.Holders(hub.MunicipalCoordinator, o.Municipality, now)) > 0 {
				return h, o.Municipality, nil
			}
		}
	}
	return structure.Infohus{}, "", errors.New("the tour needs an Infohus with a core group, and another municipality with a coordinator")
}

// region is the region's psychiatry: an authority that the police coordinator
// brings in (D15).
func (g *guide) region() hub.AuthorityID {
	for _, a := range g.st.Authorities {
		if a.Kind == hub.Region {
			return a.ID
		}
	}
	return ""
}

func (g *guide) login(i int) string { return g.cast[i].login }

// The cast by what they do in the story.
const (
	municipal = iota
	police
	colleague
	coreGroup
	partner
	outsider
	steering
	administrator
	dpo
	policeDPO
	outsideDPO
)

func (g *guide) say(format string, args ...any) { fmt.Fprintf(g.out, format+"\n", args...) }

// introduce says who is who, and how to read what follows.
func (g *guide) introduce() {
	g.say("One concern, from worry to closing, as these invented people live it:\n")
	for _, r := range g.cast {
		a, _ := g.st.Authority(r.post.Authority)
		g.say("  %-38s %s, %s", r.name, r.post.Name, a.Name)
	}
	g.say("\nAfter a step everybody looks: what each one then sees is what the rules give that person at that moment, also where nothing is")
	g.say("written yet. \"Told\" is a fact that went over the stream, and whom it reached: that something happened, and nothing of what. The")
	g.say("trail is what a data-protection officer (DPO) finds since the last time of the own authority's data and people. All this looking")
	g.say("stands in it too, and so does the officers' own.\n")
}

// step is what the state that a reply names is called here.
func (g *guide) step(r reply) string {
	if s, ok := g.st.Step(r.text("state"), g.home.Municipality, g.now); ok {
		return s.NameEn
	}
	return r.text("state")
}

// should notes what is not as it should be, and goes on.
func (g *guide) should(ok bool, format string, args ...any) {
	if !ok {
		g.wrong = append(g.wrong, fmt.Sprintf(format, args...))
		g.say("   ✗ "+format, args...)
	}
}

// does runs a command as one of the cast.
func (g *guide) does(who int, op string, in map[string]string, body any) (reply, error) {
	if in == nil {
		in = map[string]string{"id": g.id}
	}
	r, err := g.c.call(g.ctx, g.login(who), op, in, body)
	if err == nil && r.Status >= 300 {
		err = fmt.Errorf("%s as %s answered %d: %s", op, g.cast[who].name, r.Status, r.Raw)
	}
	return r, err
}

// looks lets everybody look at the concern now, says what each one saw, and
// holds the answer against what it should be: the fields named ("-" before one
// that should not be there), or nothing at all. Nothing is told byte for byte as it is of a concern that never was.
func (g *guide) looks(want map[int][]string) error {
	return g.lookAt("getConcern", g.id, "/api/concerns", telling, want)
}

// lookAt is looks at anything that is read and listed by itself.
func (g *guide) lookAt(op, id, list string, telling []clue, want map[int][]string) error {
	g.say("   Everybody looks:")
	var nothing []string
	for i, r := range g.cast {
		seen, err := g.c.call(g.ctx, r.login, op, map[string]string{"id": id}, nil)
		if err != nil {
			return err
		}
		invented, err := g.c.call(g.ctx, r.login, op, map[string]string{"id": string(hub.NewID())}, nil)
		if err != nil {
			return err
		}
		listed, err := g.listed(r.login, list, id)
		if err != nil {
			return err
		}
		fields := inWords(telling, fieldsOf(seen))
		if expected, some := want[i]; some {
			g.say("     %-25s sees %s", r.name, fields)
			for _, f := range expected {
				gone, not := strings.CutPrefix(f, "-")
				g.should(slices.Contains(fieldsOf(seen), gone) != not, "%s should see %s, and sees %s", r.name, f, fieldsOf(seen))
			}
			g.should(listed, "%s should find it in the list", r.name)
			continue
		}
		nothing = append(nothing, r.name)
		g.should(seen.Status == invented.Status && bytes.Equal(seen.Raw, invented.Raw), "%s gets another answer for this than for one that never was", r.name)
		g.should(seen.Status == 404 && !listed, "%s should see nothing, and saw %s", r.name, fields)
	}
	g.say("     no sign of it at all      %s", strings.Join(nothing, ", "))
	return nil
}

// listed reports whether something is on any page of somebody's list.
func (g *guide) listed(login, list, id string) (bool, error) {
	for after := ""; ; {
		page, err := g.c.request(g.ctx, login, "GET", list+"?limit=100&after="+after, nil)
		if err != nil {
			return false, err
		}
		if bytes.Contains(page.Raw, []byte(`"id":"`+id)) {
			return true, nil
		}
		if after = page.text("next"); after == "" {
			return false, nil
		}
	}
}

// clue is what a field tells that the reader of the story cares about.
type clue struct{ field, words string }

// What the fields of a concern tell, and of a case.
var telling = []clue{{"state", "that it is there and where it stands"}, {"theme", "what it is about and how urgent"}, {"name", "who it is about"},
	{"statements", "every statement"}, {"reporter_name", "who reported it"}, {"due", "the time limits"}, {"police_rationale", "both rationales"},
	{"who_can_see", "who can see it and who has"}, {"handled", "that it is handled"}}

var tellingOfCase = []clue{{"reference", "that it is there"}, {"state", "where it stands"}, {"name", "who it is about"}, {"circle", "who takes part"}, {"requests", "who was asked"},
	{"meeting", "the meeting"}, {"dimensions", "the whole joint assessment"}, {"own_dimensions", "of the joint assessment what the own tasks touch"}, {"level", "the level and its rationale"},
	{"recommendations", "what was recommended"}, {"follow_ups", "how it goes"}, {"closing", "how it ended"}, {"who_can_see", "who can see it and who has"}}

// inWords tells what fields amount to.
func inWords(telling []clue, fields []string) string {
	var words []string
	for _, t := range telling {
		if slices.Contains(fields, t.field) {
			words = append(words, t.words)
		}
	}
	return strings.Join(words, "; ")
}

func fieldsOf(r reply) []string {
	var list []string
	fields, _ := r.Body["fields"].([]any)
	for _, f := range fields {
		if s, ok := f.(string); ok {
			list = append(list, s)
		}
	}
	return list
}

// acts are the acts of the trail in words.
var acts = map[string]string{"collect": "taken in", "change": "changed", "consult": "read", "search": "listed or searched", "disclose": "shown to another authority",
	"decide": "decided", "break-glass": "opened in an emergency", "grant": "access given", "revoke": "access ended"}

// trail says which rows the trail has gained about this concern and its case, as
// the data-protection officers find them: by the reference of the one, and of
// the other.
func (g *guide) trail() error {
	for _, who := range []int{dpo, policeDPO, outsideDPO} {
		found := g.rows[g.login(who)]
		if found == nil {
			found = map[string]bool{}
			g.rows[g.login(who)] = found
		}
		before, count := len(found), map[string]int{}
		for _, reference := range []string{g.id, g.kase} {
			for after := "-"; after != "" && reference != ""; {
				r, err := g.does(who, "searchTrail", map[string]string{}, map[string]any{"ground": "lawfulness", "reference": reference, "limit": 200, "after": strings.TrimPrefix(after, "-")})
				if err != nil {
					return err
				}
				rows, _ := r.Body["rows"].([]any)
				for _, x := range rows {
					row, _ := x.(map[string]any)
					if id := fmt.Sprint(row["id"]); !found[id] {
						found[id] = true
						count[inTrail(fmt.Sprint(row["act"]), fmt.Sprint(row["outcome"]))]++
					}
				}
				after = r.text("next")
			}
		}
		var told []string
		for _, act := range slices.Sorted(maps.Keys(count)) {
			told = append(told, fmt.Sprintf("%d × %s", count[act], act))
		}
		if told == nil {
			told = []string{"nothing"}
		}
		g.say("   The trail: %s finds %d new rows: %s", g.cast[who].name, len(found)-before, strings.Join(told, ", "))
		if who != outsideDPO {
			g.should(len(found) > before, "%s should find new rows", g.cast[who].name)
		}
	}
	return nil
}

// inTrail says in words what a row says was done.
func inTrail(act, outcome string) string {
	words, ok := acts[act]
	if !ok {
		words = act
	}
	if outcome == "deny" {
		words += " (refused)"
	}
	return words
}

// told says which facts have reached whom: as a notice, that something happened
// and nothing of what.
func (g *guide) told(fact, notice string, to ...int) error {
	for _, i := range to {
		found := false
		for range 100 { // a fact is told after the commit: ask until it has come
			r, err := g.does(i, "listNotices", map[string]string{}, nil)
			if err != nil {
				return err
			}
			lines, _ := r.Body["notices"].([]any)
			found = slices.ContainsFunc(lines, func(l any) bool {
				line, _ := l.(map[string]any)
				about := line["concern"]
				return line["what"] == notice && (about == g.id || about == g.kase || about == nil) // who has lost access is not told to what
			})
			if found {
				break
			}
			pause(g.ctx)
		}
		g.should(found, "%s should have been told %s", g.cast[i].name, fact)
		if found {
			g.say("   Told: %s → %s", fact, g.cast[i].name)
		}
	}
	return nil
}
