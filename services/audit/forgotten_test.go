//go:build !race

package audit

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/tree"
)

// forgets is the row that a room would write of leaves whose retention has ended.
func (w *world) forgets(act, outcome, kind, leaves string) {
	w.t.Helper()
	w.SQL(`set local role portal; insert into audit.trail (said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations,
		object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest, deputy_of)
		values (now(), 'system', '', '', 'system', '', '', '', 'r', 'c', '` + act + `', '` + outcome + `', '', 'null', '', '{retention}', '{}', '` + kind + `', '', 0, 'koege', '{}', '{` + leaves + `}', '', '', '', 0, '', null, '')`)
}

// TestARowThatIsForgottenIsNotMissed is P3 in part (what forgets is not there yet): rows go, as
// the owner of the database would have them go, and their leaves stay. The room's walk, the
// published tree and a bundle hold, where a later leaf says that they were forgotten; and a row
// that the database's superuser takes out is found as before, also if something is said of it that is in no tree.
func TestARowThatIsForgottenIsNotMissed(t *testing.T) {
	w, x := grown(t, 600)
	w.still()
	wants(t, "the first round", x.follows(t.Context()), "")
	v, err := x.verifier()
	if err != nil {
		t.Fatal(err)
	}
	older, err := w.takes(x, "dagny", Part{})
	if err != nil {
		t.Fatal(err)
	}
	rowAt := func(i int) string {
		return w.One(fmt.Sprintf(`select rows[%d - start + 1] from audit.leaves where start <= %[1]d order by start desc limit 1`, i))
	}
	takeOut := func(i int) {
		w.SQL(`set local session_replication_role = replica; delete from audit.trail where id = ` + rowAt(i))
	}

	for i := 20; i < 40; i++ {
		takeOut(i)
	}
	takeOut(500)
	gone := fmt.Sprintf("leaf 20: row %s is gone", rowAt(20))
	wants(t, "nothing says that they were forgotten", x.everything(t.Context()), gone)
	for _, other := range [][3]string{{"erase", "deny", "leaves"}, {"change", "allow", "leaves"}, {"erase", "allow", "case"}} {
		w.forgets(other[0], other[1], other[2], "20-39,500")
	}
	w.forgets("erase", "allow", "leaves", "21-39,500")
	wants(t, "a round", x.follows(t.Context()), "")
	wants(t, "something else is said of them", x.everything(t.Context()), gone)
	w.forgets("erase", "allow", "leaves", "20")
	wants(t, "it is said, and stands in no tree yet", x.everything(t.Context()), gone)
	wants(t, "a round", x.follows(t.Context()), "")
	wants(t, "it is said", x.everything(t.Context()), "")
	w.verifies(x)

	bundle, err := w.takes(x, "dagny", Part{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := tree.VerifyBundle(t.Context(), bytes.NewReader(bundle), tree.Trust{Log: v, Kept: bytes.NewReader(older)})
	if err != nil || h.Forgotten != 21 {
		t.Errorf("a bundle: %d are forgotten, %v", h.Forgotten, err)
	}
	if _, err := w.takes(x, "signe", Part{}); err != nil {
		t.Error(err)
	} else if others, err := w.takes(x, "signe", Part{}); err != nil || strings.Contains(string(others), `"forgotten"`) {
		t.Errorf("another authority's officer is told what was forgotten of this one's: %v", err)
	}

	takeOut(300)
	wants(t, "a superuser takes out another", x.everything(t.Context()), fmt.Sprintf("leaf 300: row %s is gone", rowAt(300)))
	bundle, err = w.takes(x, "dagny", Part{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.VerifyBundle(t.Context(), bytes.NewReader(bundle), tree.Trust{Log: v, Kept: bytes.NewReader(older)}); err == nil || !strings.Contains(err.Error(), "leaf 300: it stands in the bundle that was kept, and not in this one") {
		t.Errorf("a superuser takes out another: %v", err)
	}
	// And makes of a row that there was one that says that it was forgotten, or puts one in past the tree.
	w.SQL(`set local session_replication_role = replica; update audit.trail set act = 'erase', object_kind = 'leaves', fields = '{300}' where id = ` + rowAt(590))
	wants(t, "by a row that is not what it was", x.everything(t.Context()), "leaf 300: row ")
	w.SQL(`set local session_replication_role = replica; insert into audit.trail select (jsonb_populate_record(t, '{"id": -5}')).* from audit.trail t where id = ` + rowAt(590))
	wants(t, "by a row that is no leaf", x.everything(t.Context()), "leaf 300: row ")
	// The row that said so is itself in the tree, and is missed.
	w.SQL(`set local session_replication_role = replica; delete from audit.trail where act = 'erase' and object_kind = 'leaves' and fields = '{20}'`)
	wants(t, "the row that said so goes", x.everything(t.Context()), gone)
}
