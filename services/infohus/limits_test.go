//go:build !race

package main

import (
	"strings"
	"testing"
	"time"
)

// TestThePoliceSeeTheLimitOfTheirOwnStep: the check is theirs, and so is the
// time that it may take; the child's clock and the retention are the
// municipality's.
func TestThePoliceSeeTheLimitOfTheirOwnStep(t *testing.T) {
	s := begin(t)
	id := s.submits(coordinator, map[string]any{"forward": toPolice, "child": "yes"})
	for _, state := range []string{"police_check", "acute", "police_only"} {
		if state != "police_check" {
			s.does(policeMan, "check", id, with(says(state), map[string]any{"version": s.version(id)}))
		}
		var v struct {
			State string
			Due   *time.Time
		}
		s.as(policeMan).API("GET", "/api/concerns/"+string(id), nil).Must(200).JSON(&v)
		if want := s.One("select to_char(step_due at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from intake.concern"); v.State != state || v.Due == nil || v.Due.UTC().Format(time.RFC3339) != want {
			t.Errorf("in %s (%s) they see the limit %v, want %s", state, v.State, v.Due, want)
		}
		fields := s.sees(policeMan, id)
		s.want(fields, "due")
		s.wantNot(fields, "child_due", "erase_at", "retention_rule")
		if page := s.as(policeMan).Get("/concerns/" + string(id)).Must(200).Text(); !strings.Contains(page, "Frist for trinnet") || strings.Contains(page, "Underretning vurderes senest") {
			t.Errorf("in %s their page says another thing of the limits:\n%s", state, page)
		}
		s.seesNothing(id, roskilde)
	}
}

// TestTheChildsClockOutlivesTheConcern is L25: the duty to notify runs whatever
// came of the concern, until somebody says how it was assessed.
func TestTheChildsClockOutlivesTheConcern(t *testing.T) {
	for _, state := range []string{"rerouted", "unfounded", "other_track"} {
		t.Run(state, func(t *testing.T) {
			s := &driver{script: begin(t)}
			left, assessed := s.drives("municipality", state), s.drives("municipality", state)
			s.does(coordinator, "notification", assessed.id, map[string]any{"outcome": "not_needed", "reason": "Er vurderet."})
			s.Settle()
			for _, level := range []string{"owner", "deputy", "manager"} {
				s.Advance(24*time.Hour + time.Minute)
				told := `select count(*) from intake.outbox where envelope->>'type' = 'intake.step.overdue.v1' and envelope->'data'->>'level' = '` + level + `' and envelope->'data'->>'concern' = '`
				if n := s.One(told + string(left.id) + `' and envelope->'data'->>'step' = 'child' and envelope->'data'->>'authority' = 'koege'`); n != "1" {
					t.Errorf("%s reminders of the %s, want 1", n, level)
				}
				if n := s.One(told + string(assessed.id) + "'"); n != "0" {
					t.Errorf("%s reminders of the %s where it is assessed, want none", n, level)
				}
			}
			if page := s.as(coordinator).Get("/").Must(200).Text(); !strings.Contains(page, "Et trin er over fristen.") || !strings.Contains(page, "/concerns/"+string(left.id)) {
				t.Error("the coordinator's front page does not say so")
			}
			s.Advance(72 * time.Hour)
			s.holds()
		})
	}
}
