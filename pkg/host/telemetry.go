package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// scope names our own instruments and logs.
const scope = "github.com/infohus/infohus/pkg/host"

// Telemetry is where the hub says how it fares: traces, metrics and logs.
type Telemetry struct {
	Log  *slog.Logger
	stop []func(context.Context) error
}

// StartTelemetry sets up OpenTelemetry by its own standard variables (OTEL_…),
// and logging to w. A signal is sent only where an endpoint is configured for
// it (OTEL_EXPORTER_OTLP_ENDPOINT or …_TRACES_, …_METRICS_, …_LOGS_ENDPOINT);
// with nothing configured nothing leaves the process. W3C trace context is
// always passed on, so that a hub without a collector does not break the
// traces of others; baggage never is, because what it carries is not ours to
// vouch for.
func StartTelemetry(ctx context.Context, w io.Writer, json bool) (*Telemetry, error) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	var local slog.Handler = slog.NewTextHandler(w, nil)
	if json {
		local = slog.NewJSONHandler(w, nil)
	}
	t := &Telemetry{Log: slog.New(scalars{local})}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.Log.Warn("telemetry", "error", err.Error()) }))
	on, err := signals(os.Getenv)
	if err != nil || len(on) == 0 {
		return t, err
	}
	res, err := resource.New(ctx, resource.WithSchemaURL(""), resource.WithAttributes(serviceName()...), resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	for _, signal := range on {
		if err := t.start(ctx, signal, res, local); err != nil {
			return nil, errors.Join(fmt.Errorf("telemetry: %s: %w", signal, err), t.Stop(ctx))
		}
	}
	return t, nil
}

func (t *Telemetry) start(ctx context.Context, signal string, res *resource.Resource, local slog.Handler) error {
	switch signal {
	case "TRACES":
		x, err := otlptracehttp.New(ctx)
		if err != nil {
			return err
		}
		p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(x), sdktrace.WithResource(res))
		otel.SetTracerProvider(p)
		t.stop = append(t.stop, p.Shutdown)
	case "METRICS":
		x, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return err
		}
		p := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(x)), sdkmetric.WithResource(res))
		otel.SetMeterProvider(p)
		t.stop = append(t.stop, p.Shutdown)
	case "LOGS":
		x, err := otlploghttp.New(ctx)
		if err != nil {
			return err
		}
		p := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(x)), sdklog.WithResource(res))
		t.Log = slog.New(scalars{slog.NewMultiHandler(local, otelslog.NewHandler(scope, otelslog.WithLoggerProvider(p)))})
		t.stop = append(t.stop, p.Shutdown)
	}
	return nil
}

// Stop sends what is not sent yet, and ends. It may be called twice.
func (t *Telemetry) Stop(ctx context.Context) error {
	var problems []error
	for _, stop := range t.stop {
		problems = append(problems, stop(ctx))
	}
	t.stop = nil
	return errors.Join(problems...)
}

// signals lists what the standard variables ask for. What they ask for and
// cannot have is refused: silence would look like a hub that is well.
func signals(env func(string) string) ([]string, error) {
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") {
		return nil, nil
	}
	var on []string
	for _, s := range []string{"TRACES", "METRICS", "LOGS"} {
		exporter := env("OTEL_" + s + "_EXPORTER")
		endpoint := first(env("OTEL_EXPORTER_OTLP_"+s+"_ENDPOINT"), env("OTEL_EXPORTER_OTLP_ENDPOINT"))
		switch {
		case exporter == "none", exporter == "" && endpoint == "":
			continue
		case exporter != "" && exporter != "otlp":
			return nil, fmt.Errorf("OTEL_%s_EXPORTER is %q: this hub speaks otlp, or none", s, exporter)
		}
		if p := first(env("OTEL_EXPORTER_OTLP_"+s+"_PROTOCOL"), env("OTEL_EXPORTER_OTLP_PROTOCOL")); p != "" && p != "http/protobuf" {
			return nil, fmt.Errorf("the OTLP protocol for %s is %q: this hub speaks http/protobuf", strings.ToLower(s), p)
		}
		on = append(on, s)
	}
	return on, nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// Scalars puts the rule for what may be logged before a handler: only scalar
// attributes get through. [StartTelemetry] has it before every log.
func Scalars(to slog.Handler) slog.Handler { return scalars{to} }

// scalars lets only scalar attributes through to a log: text, numbers, truths,
// times and errors. A struct would be taken apart by the handler with whatever
// is in it, and so its fields are named by whoever logs, or not logged.
type scalars struct{ to slog.Handler }

// Enabled asks the handler behind.
func (s scalars) Enabled(ctx context.Context, l slog.Level) bool { return s.to.Enabled(ctx, l) }

// Handle passes a record on with its attributes cleaned.
func (s scalars) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(scalar(a))
		return true
	})
	return s.to.Handle(ctx, clean)
}

// WithAttrs cleans the attributes that a logger keeps.
func (s scalars) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = scalar(a)
	}
	return scalars{s.to.WithAttrs(clean)}
}

// WithGroup passes a group on.
func (s scalars) WithGroup(name string) slog.Handler { return scalars{s.to.WithGroup(name)} }

func scalar(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.String(a.Key, err.Error())
		}
		return slog.String(a.Key, fmt.Sprintf("[%T is not logged]", v.Any()))
	case slog.KindGroup:
		return slog.String(a.Key, "[a group is not logged]")
	}
	return slog.Attr{Key: a.Key, Value: v}
}

// serviceName is who we are in telemetry, unless OTEL_SERVICE_NAME says.
func serviceName() []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("service.name", "infohus")}
}
