package bus

import (
	"fmt"
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/event"
)

// Rooms lists the rooms that speak or hear over the stream, in the order of the
// event table: each has a NATS user of its name.
func Rooms() []string {
	var rooms []string
	for _, k := range event.Table {
		for _, r := range append([]string{k.Owner}, k.Audience...) {
			if !slices.Contains(rooms, r) {
				rooms = append(rooms, r)
			}
		}
	}
	return rooms
}

// Users lists every NATS user: the rooms and [Admin].
func Users() []string { return append(Rooms(), Admin) }

// publishes lists the subjects that a room's user may publish to: its own
// facts, and for each stream it hears three of its own consumer's: where it is,
// the next message, and the acknowledgement of a message.
//
// The last is the form of the server's option js_ack_fc_v2 switched off, which
// is the default.
func publishes(room string) []string {
	var subjects []string
	for _, k := range event.Table {
		if k.Owner == room {
			subjects = append(subjects, k.Type)
		}
	}
	for _, owner := range event.Owners() {
		if len(event.Heard(room, owner)) > 0 {
			subjects = append(subjects,
				"$JS.API.CONSUMER.INFO."+owner+"."+room,
				"$JS.API.CONSUMER.MSG.NEXT."+owner+"."+room,
				"$JS.ACK."+owner+"."+room+".>")
		}
	}
	return subjects
}

// Accounts renders the accounts of a NATS server's configuration, from the
// event table: one user per room with what it needs and nothing else, the
// administrator of streams, and a system account that nobody can enter. A user
// without a password is left out. A password that begins with $ is written as a
// variable, which the server takes from its environment.
func Accounts(passwords map[string]string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	user := func(name string, publish []string) {
		if passwords[name] == "" {
			return
		}
		line("      {")
		line("        user: %s", name)
		line("        password: %s", secret(passwords[name]))
		line("        permissions: {")
		line("          publish: { allow: [")
		for _, s := range publish {
			line("            %q", s)
		}
		line("          ] }")
		line("          subscribe: { allow: [ %q ] }", "_INBOX_"+name+".>")
		line("        }")
		line("      }")
	}
	line("accounts {")
	line("  HUB: {")
	line("    jetstream: enabled")
	line("    users: [")
	for _, room := range Rooms() {
		user(room, publishes(room))
	}
	user(Admin, []string{"$JS.API.>"})
	line("    ]")
	line("  }")
	line("  SYS: {}")
	line("}")
	line("system_account: SYS")
	return b.String()
}

func secret(password string) string {
	if strings.HasPrefix(password, "$") {
		return password
	}
	return fmt.Sprintf("%q", password)
}
