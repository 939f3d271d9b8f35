package host

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
)

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		name, want string
		env        map[string]string
		refused    bool
	}{
		{"off when nothing is configured", "", nil, false},
		{"an endpoint for all", "TRACES METRICS LOGS", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, false},
		{"an endpoint for one", "LOGS", map[string]string{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://c:4318"}, false},
		{"one switched off", "TRACES LOGS", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_METRICS_EXPORTER": "none"}, false},
		{"all switched off", "", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, false},
		{"another exporter", "", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, true},
		{"another protocol", "", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			on, err := signals(func(name string) string { return c.env[name] })
			if got := strings.Join(on, " "); got != c.want || (err != nil) != c.refused {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// TestLogsOnlyScalars checks that nothing can be put into the log with its
// insides open (trust.md A088).
func TestLogsOnlyScalars(t *testing.T) {
	type person struct {
		Name string
		Also hub.Personal
	}
	secret := "Canary Kanariefugl"
	p := person{secret, hub.NewPersonal(secret)}
	var out bytes.Buffer
	log := slog.New(scalars{slog.NewJSONHandler(&out, nil)})
	log.With("kept", p).WithGroup("g").Info("x", "struct", p, "pointer", &p, "personal", p.Also, "map", map[string]string{"a": secret},
		"slice", []string{secret}, slog.Group("group", "a", p), "count", 3, "error", errors.New("broken pipe"))
	if strings.Contains(out.String(), secret) {
		t.Errorf("leaks: %s", &out)
	}
	for _, want := range []string{`"count":3`, "broken pipe", "[personal]"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lost %s: %s", want, &out)
		}
	}
}

// TestTelemetryOff checks that a hub with nothing configured has a log and no
// exporter.
func TestTelemetryOff(t *testing.T) {
	t.Setenv("OTEL_SDK_DISABLED", "true")
	var out bytes.Buffer
	tel, err := StartTelemetry(context.Background(), &out, true)
	if err != nil {
		t.Fatal(err)
	}
	tel.Log.Info("hello")
	if len(tel.stop) != 0 || !strings.Contains(out.String(), "hello") {
		t.Errorf("%d exporters, log %q", len(tel.stop), &out)
	}
}
