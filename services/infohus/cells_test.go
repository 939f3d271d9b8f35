package main

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/web"
	"github.com/infohus/infohus/services/assessment"
	"github.com/infohus/infohus/services/intake"
	"github.com/infohus/infohus/services/person"
	"github.com/infohus/infohus/services/referral"
)

// Every code that a file can hold goes out as a word: of each type that a file is made
// of, every code that it lists; and what a dissent is about beside a dimension.
func TestEveryCodeInAFileIsAWord(t *testing.T) {
	site, err := web.New(web.Options{Origin: "https://infohus.example", Now: time.Now, NewID: hub.NewID})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, root := range []struct {
		room  string
		views []any
		omit  []string // as the file has it
	}{
		{"intake", []any{intake.ConcernView{}, intake.Line{}}, []string{"version", "subject", "actions", "fields", "waits"}},
		{"assessment", []any{assessment.CaseView{}, assessment.CaseLine{}}, []string{"version", "subject", "actions", "fields", "waits"}},
		{"referral", []any{referral.CourseView{}}, []string{"id", "state", "version", "subject", "next_date", "actions", "fields"}},
		{"person", []any{person.View{}}, []string{"subject", "fields", "complete", "unknown"}},
	} {
		if err := site.Add(root.room, os.DirFS("../"+root.room), nil, nil); err != nil {
			t.Fatal(err)
		}
		said := func(view reflect.Value, code string, omit []string) {
			n++
			for _, c := range site.Cells("da", root.room, view.Interface(), omit...) { // every word there is, is in both languages
				if c.Text == code {
					t.Errorf("%s: %s of %s goes out as %q", root.room, c.Code, view.Type(), code)
				}
			}
		}
		seen := map[reflect.Type]bool{}
		var walk func(typ reflect.Type, omit []string)
		walk = func(typ reflect.Type, omit []string) {
			for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
				typ = typ.Elem()
			}
			if typ.Kind() != reflect.Struct || seen[typ] {
				return
			}
			seen[typ] = true
			for _, f := range reflect.VisibleFields(typ) {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if !f.IsExported() || name == "-" || slices.Contains(omit, name) {
					continue
				}
				walk(f.Type, nil)
				view := reflect.New(typ).Elem()
				of := f.Type
				if of.Kind() == reflect.Slice {
					of = of.Elem()
				}
				var codes []string
				if c, ok := view.Interface().(web.Coded); ok {
					codes = c.Codes()[name]
				}
				if c, ok := reflect.Zero(of).Interface().(web.Code); ok {
					codes = c.Codes()
				}
				for _, code := range codes {
					field, value := view.FieldByIndex(f.Index), reflect.ValueOf(code).Convert(of)
					if field.Kind() == reflect.Slice {
						value = reflect.Append(reflect.Zero(f.Type), value)
					}
					field.Set(value)
					said(view, code, omit)
				}
			}
		}
		for _, v := range root.views {
			walk(reflect.TypeOf(v), root.omit)
		}
		if root.room == "assessment" {
			said(reflect.ValueOf(assessment.DissentView{About: "level"}), "level", nil)
		}
	}
	if n < 100 {
		t.Errorf("only %d codes were looked at", n)
	}
}
