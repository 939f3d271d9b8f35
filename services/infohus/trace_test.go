package main

import (
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
)

// TestOneTrace follows one hand-in through HTTP, SQL, the outbox, the stream and
// the room that hears of it: all of it is one trace, with no word of the person.
func TestOneTrace(t *testing.T) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	s := begin(t)
	subject := s.registers(coordinator, nil)
	s.Settle()
	spans.reset()
	s.as(coordinator).API("POST", "/api/concerns", concern(subject, map[string]any{"forward": toPolice})).Must(201)
	s.Settle()
	spans.mu.Lock()
	defer spans.mu.Unlock()
	traces := map[string][]string{}
	for _, span := range spans.all {
		id := span.SpanContext().TraceID().String()
		traces[id] = append(traces[id], span.Name())
	}
	for _, names := range traces {
		all := strings.Join(names, "\n")
		if !strings.Contains(all, "POST /api/concerns") {
			continue
		}
		for _, want := range []string{"INSERT", "COMMIT", "consume intake.concern.received.v1", "apply intake.concern.received.v1"} {
			if !strings.Contains(all, want) {
				t.Errorf("the trace of the hand-in has no %q; it has\n%s", want, all)
			}
		}
		return
	}
	t.Errorf("there is no span of POST /api/concerns among %d traces", len(traces))
}
