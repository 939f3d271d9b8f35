// Command infohus is the hub: every room in one binary, and the operator's
// commands.
//
//	infohus run             run the rooms; with nothing configured, everything they need too
//	infohus run NAME        run keys, door or rooms apart from the others
//	infohus setup           prepare your own Postgres and NATS servers
//	infohus tour            play a concern against a running hub, and tell the story
//	infohus token --as NAME print a bearer token of the development sign-in
//	infohus policy          the signed revisions of the rules' data: make, sign, try, put
//	infohus verify          check a published trail, or a bundle of its rows: signature, proofs, root
//	infohus witness         see that another hub's trail only grows, and cosign it
//	infohus dead            list the facts that could not be applied; show or retry one
//	infohus doctor          say what is wrong, and what to do
//	infohus reset           forget the data of the embedded hub
//	infohus version         say which build this is
//
// What goes wrong is said in one line that says what to do, and ends with
// status 1.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/services/assessment"
	"github.com/infohus/infohus/services/audit"
	"github.com/infohus/infohus/services/intake"
	"github.com/infohus/infohus/services/person"
	"github.com/infohus/infohus/services/portal"
	"github.com/infohus/infohus/services/referral"
)

// rooms is every room there is.
func rooms() []service.Service {
	return []service.Service{portal.Service, person.Service, intake.Service, assessment.Service, referral.Service, audit.Service}
}

// command is one of the operator's commands.
type command struct {
	name, args, about string
	run               func(ctx context.Context, args []string) error
}

func commands() []command {
	return []command{
		{"run", "[keys|door|room…]", "run the rooms; with nothing configured, everything they need too", run},
		{"setup", "[accounts]", "prepare your own Postgres and NATS servers", setup},
		{"tour", "", "play a concern against a running hub, and tell the story", tour},
		{"token", "--as NAME", "print a bearer token of the development sign-in", token},
		{"dead", "[list|show ID|retry ID|retry all]", "the facts that could not be applied", dead},
		{"policy", "[show|new|key|sign|try|put …]", "the signed revisions of the rules' data", policy},
		{"verify", "LOG|FILE --key KEY", "check a published trail, or a bundle of it, without a hub", verify},
		{"witness", "--data DIR --name NAME --log KEY …", "see that a trail only grows, and cosign it", witnessing},
		{"doctor", "", "say what is wrong, and what to do", doctor},
		{"reset", "", "forget the data of the embedded hub", reset},
		{"version", "", "say which build this is", version},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the second ends us at once.
	context.AfterFunc(ctx, stop)
	err := dispatch(ctx, os.Args[1:])
	if err != nil {
		var how misuse
		if errors.As(err, &how) {
			fmt.Fprintln(os.Stderr, string(how))
			os.Exit(2) // not 1, which says that what was asked for is not as it should be
		}
		fmt.Fprintln(os.Stderr, "infohus:", oneLine(err))
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "--help"}, args[0]) {
		usage()
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:])
		}
	}
	return fmt.Errorf("there is no command %q: infohus help lists them", args[0])
}

func usage() {
	fmt.Println("infohus: a hub for authorities that help people together")
	fmt.Println()
	for _, c := range commands() {
		fmt.Printf("  infohus %-42s %s\n", c.name+" "+c.args, c.about)
	}
	fmt.Printf("\nSettings:\n%s\nTelemetry by the standard variables of OpenTelemetry (OTEL_…).\n", host.About())
}

// misuse is the error of a command that was written wrongly: how it is written, on
// as many lines as that takes.
type misuse string

func (m misuse) Error() string { return string(m) }

// oneLine makes one line of an error, and says what to do about a full disk
// wherever it was met.
func oneLine(err error) string {
	text := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	if errors.Is(err, syscall.ENOSPC) && !strings.Contains(text, "free some space") {
		text = "the disk is full: free some space and start again: " + text
	}
	return text
}
