package pg_test

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// TestFailuresTellNoValues makes the database and the driver fail over a value,
// and looks for it in the errors and in the spans. A088 in part.
func TestFailuresTellNoValues(t *testing.T) {
	w := newWorld(t)
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)))
	defer otel.SetTracerProvider(before)
	db := w.room("intake")
	ctx, span := otel.Tracer("test").Start(ctx, "request") // statements have spans under a request's only
	defer span.End()
	const canary = "010190-1234"
	for what, statement := range map[string]string{
		"the database quotes it": `select $1::text::int`,
		"a constraint's detail":  `insert into concern (id, text) values ($1, 'a'), ($1, 'b')`,
		"a check":                `insert into concern (id, text) values ($1, null)`,
		"a raised message":       `select ($1::text || 'x')::date`,
	} {
		err := db.Command(ctx, as(coordinator), pg.Entry{Act: hub.ActChange}, func(tx *pg.Tx) error {
			_, err := tx.Exec(ctx, statement, canary)
			return err
		})
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), canary) || sqlState(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	err := db.Command(ctx, as(coordinator), pg.Entry{Act: hub.ActChange}, func(tx *pg.Tx) error {
		var n int
		return tx.QueryRow(ctx, `select $1::int`, canary).Scan(&n)
	})
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("the driver: %v", err)
	}
	ended := spans.Ended()
	if len(ended) < 10 {
		t.Fatalf("only %d spans", len(ended))
	}
	for _, s := range ended {
		all := fmt.Sprintf("%s %v %v %+v", s.Name(), s.Attributes(), s.Status(), s.Events())
		if strings.Contains(all, canary) || strings.Contains(all, "intake-pw") || strings.Contains(all, w.name) {
			t.Errorf("span tells: %s", all)
		}
	}
}
