package bus_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/bus/local"
	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/hub"
)

var update = flag.Bool("update", false, "write deploy/nats/accounts.conf")

// accounts renders what stands in deploy: passwords come from the environment
// of the NATS server.
func accounts() (string, map[string]string) {
	pass := map[string]string{}
	for _, u := range bus.Users() {
		pass[u] = "$NATS_PASSWORD_" + strings.ToUpper(u)
	}
	return "# Rendered from the event table; a test of pkg/bus holds it. To render it again:\n" +
		"#   go test ./pkg/bus -run TestAccountsFile -update\n" +
		"# The passwords are those that infohus setup writes into INFOHUS_SECRETS, given to the\n" +
		"# NATS server in its environment.\n\n" + bus.Accounts(pass), pass
}

func TestAccountsFile(t *testing.T) {
	const name = "../../deploy/nats/accounts.conf"
	want, pass := accounts()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the event table gives: go test ./pkg/bus -run TestAccountsFile -update", name)
	}
	for _, variable := range pass {
		t.Setenv(variable[1:], "of-"+variable[1:])
	}
	s, err := local.Start(local.Options{Dir: t.TempDir(), Accounts: string(got), TCP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if err := bus.Setup(t.Context(), bus.Config{URL: s.URL(), User: bus.Admin, Password: "of-NATS_PASSWORD_ADMIN"}); err != nil {
		t.Error(err)
	}
}

// allowed says, independently of the rendering, what a room's user may publish.
func allowed(room string) []string {
	return map[string][]string{
		"person": {"person.subject.identified.v1",
			"$JS.API.CONSUMER.INFO.intake.person", "$JS.API.CONSUMER.MSG.NEXT.intake.person", "$JS.ACK.intake.person.1.1.1.1.0"},
		"intake": {"intake.draft.discarded.v1", "intake.concern.received.v1", "intake.concern.rerouted.v1", "intake.check.requested.v1", "intake.concern.recalled.v1",
			"intake.check.completed.v1", "intake.concern.triaged.v1", "intake.step.overdue.v1", "intake.access.changed.v1", "intake.glass.broken.v1", "intake.glass.asked.v1", "intake.glass.answered.v1", "intake.recusal.changed.v1",
			"$JS.API.CONSUMER.INFO.person.intake", "$JS.API.CONSUMER.MSG.NEXT.person.intake", "$JS.ACK.person.intake.1.1.1.1.0",
			"$JS.API.CONSUMER.INFO.referral.intake", "$JS.API.CONSUMER.MSG.NEXT.referral.intake", "$JS.ACK.referral.intake.1.1.1.1.0"},
		"assessment": {"assessment.case.prepared.v1", "assessment.case.opened.v1", "assessment.circle.changed.v1", "assessment.information.requested.v1",
			"assessment.information.settled.v1", "assessment.meeting.called.v1", "assessment.meeting.held.v1", "assessment.assessment.signed.v1",
			"assessment.followup.needed.v1", "assessment.step.overdue.v1", "assessment.glass.broken.v1", "assessment.glass.asked.v1", "assessment.glass.answered.v1", "assessment.recusal.changed.v1", "assessment.onward.changed.v1",
			"$JS.API.CONSUMER.INFO.intake.assessment", "$JS.API.CONSUMER.MSG.NEXT.intake.assessment", "$JS.ACK.intake.assessment.1.1.1.1.0",
			"$JS.API.CONSUMER.INFO.referral.assessment", "$JS.API.CONSUMER.MSG.NEXT.referral.assessment", "$JS.ACK.referral.assessment.1.1.1.1.0"},
		"referral": {"referral.referral.sent.v1", "referral.referral.answered.v1", "referral.referral.withdrawn.v1", "referral.access.ended.v1", "referral.followup.recorded.v1",
			"referral.step.overdue.v1", "referral.closing.proposed.v1", "referral.case.closed.v1", "referral.case.reopened.v1",
			"$JS.API.CONSUMER.INFO.assessment.referral", "$JS.API.CONSUMER.MSG.NEXT.assessment.referral", "$JS.ACK.assessment.referral.1.1.1.1.0"},
		"portal": {"$JS.API.CONSUMER.INFO.intake.portal", "$JS.API.CONSUMER.MSG.NEXT.intake.portal", "$JS.ACK.intake.portal.1.1.1.1.0",
			"$JS.API.CONSUMER.INFO.assessment.portal", "$JS.API.CONSUMER.MSG.NEXT.assessment.portal", "$JS.ACK.assessment.portal.1.1.1.1.0",
			"$JS.API.CONSUMER.INFO.referral.portal", "$JS.API.CONSUMER.MSG.NEXT.referral.portal", "$JS.ACK.referral.portal.1.1.1.1.0",
			"$JS.API.CONSUMER.INFO.audit.portal", "$JS.API.CONSUMER.MSG.NEXT.audit.portal", "$JS.ACK.audit.portal.1.1.1.1.0"},
		"audit": {"audit.glass.late.v1", "audit.glass.reviewed.v1", "audit.close.tried.v1", "audit.trail.odd.v1", "audit.breach.due.v1", "audit.extract.due.v1"},
	}[room]
}

// subjects lists what a thief of a password would try to publish to: facts,
// acknowledgements, the whole API on every stream and consumer, other inboxes,
// the system's own subjects.
func subjects() []string {
	list := []string{"anything", "intake", "intake.concern.received.v2", "audit.checkpoint.signed.v1",
		"$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST", "$JS.API.STREAM.CREATE.mine", "$JS.API.ACCOUNT.PURGE.HUB",
		"$JS.API.META.LEADER.STEPDOWN", "$JS.API.SERVER.REMOVE", "$JS.EVENT.ADVISORY.API", "$JS.FC.intake.portal.x",
		"$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.USER.INFO", "$SYS.ACCOUNT.HUB.CONNECT", "_INBOX.x"}
	for _, k := range event.Table {
		list = append(list, k.Type)
	}
	for _, room := range append(bus.Users(), "stranger") {
		list = append(list, "_INBOX_"+room+".x.y")
	}
	for _, owner := range event.Owners() {
		for _, verb := range []string{"UPDATE", "DELETE", "PURGE", "INFO", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE", "PEER.REMOVE", "LEADER.STEPDOWN"} {
			list = append(list, "$JS.API.STREAM."+verb+"."+owner)
		}
		list = append(list, "$JS.API.DIRECT.GET."+owner, "$JS.API.CONSUMER.NAMES."+owner, "$JS.API.CONSUMER.LIST."+owner, "$JS.API.CONSUMER.CREATE."+owner,
			"$JS.API.CONSUMER.CREATE."+owner+".mine", "$JS.API.CONSUMER.CREATE."+owner+".mine."+owner+".>", "$JS.API.CONSUMER.DURABLE.CREATE."+owner+".mine")
		for _, room := range bus.Rooms() {
			for _, verb := range []string{"CREATE", "DURABLE.CREATE", "DELETE", "INFO", "MSG.NEXT", "PAUSE", "RESET", "UNPIN", "LEADER.STEPDOWN"} {
				list = append(list, "$JS.API.CONSUMER."+verb+"."+owner+"."+room)
			}
			list = append(list, "$JS.ACK."+owner+"."+room+".1.1.1.1.0", "$JS.ACK._.x."+owner+"."+room+".1.1.1.1.0.x")
		}
	}
	return list
}

// TestOnlyWhatIsAllowed (A064, A065, A066, A071) signs in over TCP as each room
// and tries everything.
func TestOnlyWhatIsAllowed(t *testing.T) {
	w := newWorld(t)
	tried, let := 0, 0
	for _, room := range bus.Rooms() {
		nc, errs := w.raw(room)
		if allowed(room) == nil {
			t.Fatalf("there is a new room %s: write down here what it may publish", room)
		}
		check := func(what string, may bool, do func() error) {
			t.Helper()
			tried++
			if err := do(); err != nil {
				t.Fatal(err)
			}
			if err := nc.Flush(); err != nil { // the server has answered all before
				t.Fatal(err)
			}
			if may {
				let++
				select {
				case err := <-errs:
					t.Errorf("%s may not %s: %v", room, what, err)
				default:
				}
				return
			}
			if err := get(t, errs); !violation(err) {
				t.Errorf("%s: %s: %v", room, what, err)
			}
		}
		seen := 0
		for _, s := range subjects() {
			may := slices.Contains(allowed(room), s)
			if may {
				seen++
			}
			if may && slices.ContainsFunc(event.Table, func(k event.Kind) bool { return k.Type == s }) {
				continue // the other tests publish facts; here nothing must be stored
			}
			check("publish to "+s, may, func() error { return nc.Publish(s, nil) })
		}
		if seen != len(allowed(room)) {
			t.Errorf("%s: %d of %d allowed subjects are in the list", room, seen, len(allowed(room)))
		}
		forbidden := []string{">", "*", "*.>", "_INBOX.>", "_INBOX_>", "$SYS.>", "$JS.>", "$JS.API.>", "$JS.ACK.>", "$JS.EVENT.ADVISORY.>", "intake.>", "*.*.*.*", "_INBOX_admin.>", "_INBOX_" + room}
		for _, k := range event.Table {
			forbidden = append(forbidden, k.Type)
		}
		for _, other := range bus.Rooms() {
			if other != room {
				forbidden = append(forbidden, "_INBOX_"+other+".>")
			}
		}
		for _, s := range forbidden {
			check("subscribe to "+s, false, func() error { _, err := nc.Subscribe(s, func(*nats.Msg) {}); return err })
			check("join a queue on "+s, false, func() error { _, err := nc.QueueSubscribe(s, "q", func(*nats.Msg) {}); return err })
		}
		check("subscribe to its inbox", true, func() error { _, err := nc.Subscribe("_INBOX_"+room+".>", func(*nats.Msg) {}); return err })
	}
	t.Logf("%d tries, %d allowed", tried, let)
	for _, owner := range event.Owners() {
		if n := w.stored(owner); n != 0 {
			t.Errorf("%d facts were stored in %s", n, owner)
		}
	}
	for room := range map[string]bool{"person": true, "portal": true} {
		w.consumer("intake", room) // still there
	}
}

// TestAdminTellsNothing: who makes streams may not speak for a room, nor
// listen.
func TestAdminTellsNothing(t *testing.T) {
	w := newWorld(t)
	nc, errs := w.raw(bus.Admin)
	for _, k := range event.Table {
		nc.Publish(k.Type, nil)
		if err := get(t, errs); !violation(err) {
			t.Error(err)
		}
	}
	nc.Subscribe("intake.>", func(*nats.Msg) {})
	if err := get(t, errs); !violation(err) {
		t.Error(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), "intake")
	if err != nil {
		t.Fatal(err)
	}
	publish(t, w.connect("intake"), many(t, 2)...)
	if s.DeleteMsg(t.Context(), 1) == nil || s.Purge(t.Context()) == nil {
		t.Error("what was said was taken back")
	}
}

func TestStrangersStayOut(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]bus.Config{
		"wrong password":   {URL: w.url, User: "intake", Password: w.pass["portal"]},
		"no password":      {URL: w.url, User: "intake"},
		"nobody":           {URL: w.url},
		"unknown user":     {URL: w.url, User: "stranger", Password: "stranger"},
		"the system":       {URL: w.url, User: "sys", Password: "sys"},
		"user in the URL":  {URL: "nats://intake:secret@" + strings.TrimPrefix(w.url, "nats://"), User: "intake", Password: w.pass["intake"]},
		"nothing is there": {URL: "nats://127.0.0.1:1", User: "intake", Password: w.pass["intake"]},
	} {
		c, err := bus.Connect(t.Context(), c)
		if err == nil {
			c.Close()
			t.Errorf("%s: let in", name)
			continue
		}
		if (name == "wrong password" || name == "nobody") && !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: the error shows a password: %v", name, err)
		}
	}
}

// TestForgedAck (A071): portal holds a fact; person, who hears the same stream,
// tries to acknowledge it in portal's name.
func TestForgedAck(t *testing.T) {
	w := newWorld(t)
	publish(t, w.connect("intake"), received(t, "concern"))
	nc, _ := w.raw("portal")
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	c, err := js.Consumer(t.Context(), "intake", "portal")
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Next()
	if err != nil {
		t.Fatal(err)
	}
	thief, errs := w.raw("person")
	thief.Publish(m.Reply(), []byte("+ACK"))
	if err := get(t, errs); !violation(err) {
		t.Error(err)
	}
	if n := w.consumer("intake", "portal").NumAckPending; n != 1 {
		t.Errorf("%d facts wait for portal's word, want 1", n)
	}
	if err := m.DoubleAck(t.Context()); err != nil {
		t.Error(err)
	}
	if n := w.consumer("intake", "portal").NumAckPending; n != 0 {
		t.Errorf("%d facts wait for portal's word after its own, want 0", n)
	}
}

// TestReplySubjectTrick (A067): the server does not check the reply subject of
// a request, so a room can have the facts that it is told delivered into the
// stream once more. The stream drops them as duplicates; ten minutes later the
// inbox of every room would. Nothing new can be said that way.
func TestReplySubjectTrick(t *testing.T) {
	w := newWorld(t)
	w.ackWait("intake", "portal", 100*time.Millisecond)
	all := many(t, 2)
	publish(t, w.connect("intake"), all[0])
	nc, _ := w.raw("portal")
	nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT.intake.portal", all[0].Type, []byte("1"))
	nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT.intake.portal", all[0].Type, []byte("junk"))
	nc.Flush()
	publish(t, w.connect("intake"), all[1])
	h := w.hear(w.connect("portal"), "portal", nil)
	want := map[hub.ID]string{all[0].ID: string(all[0].Data), all[1].ID: string(all[1].Data)}
	for len(want) > 0 {
		e := get(t, h.told)
		if data, ok := want[e.ID]; ok && data != string(e.Data) {
			t.Errorf("portal was told something else: %+v", e)
		}
		delete(want, e.ID)
	}
	if n := w.stored("intake"); n != 2 {
		t.Errorf("%d facts are stored, want 2", n)
	}
}

// TestForbiddenShows: NATS does not tell a publisher of a forbidden publish, so
// readiness must.
func TestForbiddenShows(t *testing.T) {
	w := newWorld(t)
	w.s.Stop()
	less := map[string]string{"intake": w.pass["intake"]}
	w.o.Accounts = strings.ReplaceAll(bus.Accounts(less), `"intake.concern.received.v1"`, `"intake.concern.withheld.v1"`)
	w.start()
	c := w.connect("intake")
	if err := c.Publish(t.Context(), many(t, 1)); !violation(err) {
		t.Errorf("publish: %v", err)
	}
	if err := c.Ready(context.Background()); !violation(err) {
		t.Errorf("ready: %v", err)
	}
}
