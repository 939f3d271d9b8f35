package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
)

// tale is one concern of the demo world, as the people played it.
type tale struct {
	Title string
	Days  int           // how many days ago it began
	At    string        // the time of day in Copenhagen, "09:40"
	Ago   time.Duration // instead of both: how long ago it began
	Steps []struct {
		After time.Duration     // since the step before
		As    string            // login; empty for the page that anybody can open
		Do    string            // operationId, or "caseOf": wait for the case that the concern led to
		On    string            // the kept reference that the path names; the concern where none is given
		Keep  string            // a name for the reference in the answer
		Body  map[string]any    // "$name" stands for a kept reference, "$hat-gudrun" for somebody's first hat, "$day-3" and "$day+3" for days from the step
		Form  map[string]string // for the open page
	}
}

// scene is one step of a tale, at its time.
type scene struct {
	at    time.Time
	tale  int
	step  int
	title string
}

// seed plays the demo world through the ordinary commands, in the order in
// which it happened, on a clock that is set to each step. So trail, outbox and
// keys of the demo world are real.
func seed(ctx context.Context, script []byte, st *structure.Structure, now time.Time, set func(time.Time), c *caller) error {
	var tales []tale
	d := yaml.NewDecoder(strings.NewReader(string(script)))
	d.KnownFields(true)
	if err := d.Decode(&tales); err != nil {
		return fmt.Errorf("concerns.yaml: %w", err)
	}
	hats := map[string]string{}
	for _, p := range st.Posts() {
		if hats["hat-"+p.Login] == "" {
			hats["hat-"+p.Login] = string(p.Hat.ID)
		}
	}
	scenes, err := scenesOf(tales, now)
	if err != nil {
		return err
	}
	kept := make([]map[string]string, len(tales))
	for _, s := range scenes {
		if kept[s.tale] == nil {
			kept[s.tale] = maps.Clone(hats)
		}
		set(s.at)
		clear(c.tokens) // a token lives for minutes, and the clock has moved
		if err := tales[s.tale].play(ctx, s, kept[s.tale], c); err != nil {
			return fmt.Errorf("concerns.yaml: %s, step %d: %w", s.title, s.step+1, err)
		}
	}
	return nil
}

// scenesOf puts the steps of every tale in the order of their times.
func scenesOf(tales []tale, now time.Time) ([]scene, error) {
	var scenes []scene
	for i, t := range tales {
		at, err := t.begin(now)
		if err != nil {
			return nil, err
		}
		for j, s := range t.Steps {
			if at = at.Add(s.After); !at.Before(now) {
				return nil, fmt.Errorf("concerns.yaml: %s, step %d has not happened yet", t.Title, j+1)
			}
			scenes = append(scenes, scene{at, i, j, t.Title})
		}
	}
	slices.SortStableFunc(scenes, func(a, b scene) int { return a.at.Compare(b.at) })
	return scenes, nil
}

// begin is when a tale began.
func (t tale) begin(now time.Time) (time.Time, error) {
	if t.Ago > 0 {
		return now.Add(-t.Ago), nil
	}
	clock, err := time.Parse("15:04", t.At)
	if err != nil {
		return now, fmt.Errorf("concerns.yaml: %s: at: %q is not a time such as 09:40", t.Title, t.At)
	}
	y, m, day := now.In(hub.Copenhagen).Date()
	return time.Date(y, m, day-t.Days, clock.Hour(), clock.Minute(), 0, 0, hub.Copenhagen), nil
}

func (t tale) play(ctx context.Context, s scene, kept map[string]string, c *caller) error {
	step := t.Steps[s.step]
	if step.Do == "tell" {
		form := url.Values{}
		for k, v := range step.Form {
			form.Set(k, v)
		}
		r, err := c.request(ctx, "", "POST", "/tell", form)
		if err == nil && r.Status != 201 {
			err = fmt.Errorf("answered %d: %s", r.Status, r.Raw)
		}
		return err
	}
	if step.Do == "caseOf" {
		id, err := caseOf(ctx, c, step.As, kept["concern"])
		if err == nil && id == "" {
			err = errors.New("no case was drafted from the triage")
		}
		kept["case"] = id
		return err
	}
	on := step.On
	if on == "" {
		on = "concern"
	}
	r, err := c.call(ctx, step.As, step.Do, map[string]string{"id": kept[on]}, fillIn(step.Body, kept, s.at))
	if err != nil {
		return err
	}
	if r.Status >= 300 {
		return fmt.Errorf("%s as %s answered %d: %s", step.Do, step.As, r.Status, r.Raw)
	}
	if step.Keep != "" {
		id := r.text("id")
		if id == "" {
			id = r.text(step.Keep)
		}
		if id == "" {
			return fmt.Errorf("%s gave no reference to keep as %s", step.Do, step.Keep)
		}
		kept[step.Keep] = id
	}
	return nil
}

// fillIn replaces "$name" and "$day-3" in a body.
func fillIn(v any, kept map[string]string, at time.Time) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return nil
		}
		out := map[string]any{}
		for k, x := range v {
			out[k] = fillIn(x, kept, at)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = fillIn(x, kept, at)
		}
		return out
	case string:
		if n, ok := strings.CutPrefix(v, "$day"); ok {
			days, err := strconv.Atoi(n)
			if err == nil {
				return at.In(hub.Copenhagen).AddDate(0, 0, days).Format(time.DateOnly)
			}
		}
		if name, ok := strings.CutPrefix(v, "$"); ok && kept[name] != "" {
			return kept[name]
		}
	}
	return v
}

// caseOf waits for the case that a concern led to: it is drafted after the
// triage has committed. "" is none.
func caseOf(ctx context.Context, c *caller, login, concern string) (string, error) {
	for range 100 {
		r, err := c.request(ctx, login, "GET", "/api/cases?state=opening&limit=100", nil)
		if err != nil {
			return "", err
		}
		cases, _ := r.Body["cases"].([]any)
		for _, line := range cases {
			fields, _ := line.(map[string]any)
			id, _ := fields["id"].(string)
			v, err := c.call(ctx, login, "getCase", map[string]string{"id": id}, nil)
			if err != nil {
				return "", err
			}
			if v.text("concern") == concern {
				return id, nil
			}
		}
		pause(ctx)
	}
	return "", nil
}
