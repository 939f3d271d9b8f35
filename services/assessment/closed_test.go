//go:build !race

package assessment

import (
	"testing"
	"time"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// TestAnsweredWhileClosing: an answer that was released after the closing's commit,
// before this room had heard of it, is ended and closed with its case all the same,
// and so is a question that nobody had answered.
func TestAnsweredWhileClosing(t *testing.T) {
	w := run(t)
	ask := func() hub.ID {
		return w.does("gudrun", "POST", "/requests", map[string]any{"authority": "koege", "hats": []hub.ID{w.As("liv").Post.Hat.ID},
			"questions": "Hvordan går det i skolen?", "necessity": "Fraværet er afgørende for, hvilken hjælp der kan virke."}).ID
	}
	answered, open := ask(), ask()
	w.As("liv").API("POST", "/api/requests/"+string(answered)+"/answer", map[string]any{"grade": 2, "conclusion": "Trives i de små hold.", "to": []string{"mvs-politi"},
		"legal_basis": "RPL115-2", "purpose": "prevention", "necessity": "Politiet skal kunne vurdere, om der er fare."}).Must(200)
	answer := w.One("select answer from assessment.request where id = $1", string(answered))
	given := func() string {
		return w.One("select count(*) from access.share where ended_at is null and item = $1", answer) + " " +
			w.One("select count(*) from access.assignment where ended_at is null and item in ($1, $2)", string(answered), string(open))
	}
	if got := given(); got != "1 2" {
		t.Fatalf("given are %s", got)
	}
	err := w.closes.DB.Command(t.Context(), hub.System(w.Now(), w.closes.NewID()), pg.Entry{}, func(tx *pg.Tx) error {
		return tx.Tell(t.Context(), event.CaseClosed{Case: w.kase, Subject: w.subject, Authority: "koege", Police: "mvs-politi", RetentionRule: "supported", EraseAt: w.Now().Add(time.Hour)})
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if got := given(); got != "0 0" {
		t.Errorf("given are still %s", got)
	}
	if got := w.One("select string_agg(i.state, ' ' order by i.state) from access.item i where i.id in ($1, $2, $3)", answer, string(answered), string(open)); got != "answer_closed request_closed request_closed" {
		t.Errorf("they are %s", got)
	}
	if got := w.One("select string_agg(state, ' ' order by state) from assessment.request"); got != "retracted settled" {
		t.Errorf("their rows are %s", got)
	}
}
