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
	use               string // how it is written, where a line does not say it
}

func commands() []command {
	return []command{
		{name: "run", args: "[keys|door|room…]", about: "run the rooms; with nothing configured, everything they need too", run: run},
		{name: "setup", args: "[accounts]", about: "prepare your own Postgres and NATS servers", run: setup},
		{name: "tour", about: "play a concern against the running hub, and tell the story", run: tour},
		{name: "token", args: "--as NAME", about: "print a bearer token of the development sign-in", run: token, use: tokenUse},
		{name: "dead", args: "[list|show ID|retry ID|retry all]", about: "the facts that could not be applied", run: dead},
		{name: "policy", args: "[show|new|key|sign|try|put …]", about: "the signed revisions of the rules' data", run: policy, use: policyUse},
		{name: "verify", args: "LOG|FILE --key KEY", about: "check a published trail, or a bundle of it, without a hub", run: verify, use: verifyUse},
		{name: "witness", args: "--data DIR --name NAME --log KEY …", about: "see that a trail only grows, and cosign it", run: witnessing, use: witnessUse},
		{name: "doctor", about: "say what is wrong, and what to do", run: doctor},
		{name: "reset", about: "forget the data of the embedded hub", run: reset},
		{name: "version", about: "say which build this is", run: version},
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
	if len(args) == 0 || asksHow(args[0]) || args[0] == "help" && len(args) == 1 {
		usage()
		return nil
	}
	if args[0] == "help" {
		args = []string{args[1], "--help"}
	}
	name, args := args[0], args[1:]
	i := slices.IndexFunc(commands(), func(c command) bool { return c.name == name })
	if i < 0 {
		return fmt.Errorf("there is no command %q: infohus help lists them", name)
	}
	c := commands()[i]
	switch {
	case slices.ContainsFunc(args, asksHow) || len(args) > 0 && args[0] == "help":
		fmt.Println(c.how())
		return nil
	case c.args == "" && len(args) > 0: // to reset, most of all: a word that is not understood is not passed over
		return misuse(c.how())
	}
	return c.run(ctx, args)
}

// asksHow reports whether a word asks how a command is written.
func asksHow(word string) bool { return slices.Contains([]string{"-h", "-help", "--help"}, word) }

// how says how the command is written.
func (c command) how() string {
	if c.use != "" {
		return c.use
	}
	return fmt.Sprintf("Write:\n  %s\n      %s", strings.TrimSpace("infohus "+c.name+" "+c.args), c.about)
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
