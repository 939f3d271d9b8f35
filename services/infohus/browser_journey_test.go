package main

import (
	"context"
	"testing"
)

// The most that a concern by phone may ask for (trust.md T1).
const mostPages, mostAnswers = 3, 5

// journey is the main job with scripts disabled: a concern taken by phone, the
// police's answer, both triages, the officer's look into the trail, and a
// concern told without a name.
func journey(t *testing.T, ctx context.Context) {
	s := openSite(t, ctx)
	b := s.window(false)
	b.signsIn(coordinator)
	b.says("intake.waiting.none")
	b.goes("person.nav.new")
}
