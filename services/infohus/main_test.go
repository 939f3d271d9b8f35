package main

import (
	"context"
	"os"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"
)

// spans is every span that the test binary makes, for the tests that look at
// what was run and at what leaks.
var spans recorder

// recorder keeps spans in memory.
type recorder struct {
	mu  sync.Mutex
	all []trace.ReadOnlySpan
}

func (r *recorder) OnStart(context.Context, trace.ReadWriteSpan) {}
func (r *recorder) Shutdown(context.Context) error               { return nil }
func (r *recorder) ForceFlush(context.Context) error             { return nil }

// OnEnd keeps a span.
func (r *recorder) OnEnd(s trace.ReadOnlySpan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, s)
}

func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = nil
}

// statements are the SQL statements that ran, in order.
func (r *recorder) statements() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, s := range r.all {
		for _, a := range s.Attributes() {
			if a.Key == "db.query.text" || a.Key == "db.statement" {
				list = append(list, a.Value.AsString())
			}
		}
	}
	return slices.Compact(list) // a statement is prepared, under its own text, once for each connection
}

// meters collects every metric that the test binary makes.
var meters = metric.NewManualReader()

func TestMain(m *testing.M) {
	if as := os.Getenv(roomEnv); as != "" {
		os.Exit(beRoom(as))
	}
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(meters)))
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(&spans)))
	os.Exit(m.Run())
}
