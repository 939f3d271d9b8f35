package main

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/infohus/infohus/policies"
)

// version says which build this is, and which rules are in it.
func version(context.Context, []string) error {
	commit, changed := "unknown", ""
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = ", changed since"
			}
		}
	}
	rules, err := policies.New()
	if err != nil {
		return err
	}
	fmt.Printf("infohus commit %s%s\nrules   %s\ngo      %s\n", commit, changed, rules.Revision(), info.GoVersion)
	return nil
}
