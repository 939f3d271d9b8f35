package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/witness"
)

const witnessUse = `Write:
  infohus witness --data DIR --name NAME --log KEY [--follow LOG] [--log KEY …] [--listen ADDRESS]
      keep the last checkpoint of each log in DIR, and cosign at ADDRESS (127.0.0.1:8090) what follows it.
      NAME is what the witness is called, such as koege.example/witness: its key is made at the first start.
      KEY is the verifier key of a log, or a file with it: have it from that hub's operator, whose hub says
      it in its log. LOG is where that log is published (https://infohus.example/trail): every 20 seconds it
      is looked at, and the first leaf that is another is named. /readyz answers 503 with what is wrong`

// witnessing runs a witness until a signal comes. It needs no database, no hub and no
// secret of one.
func witnessing(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("witness", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	dir, name, listen := flags.String("data", "", ""), flags.String("name", "", ""), flags.String("listen", "127.0.0.1:8090", "")
	var logs []witness.Log
	flags.Func("log", "", func(text string) error {
		if file, err := os.ReadFile(text); err == nil {
			text = strings.TrimSpace(string(file))
		}
		v, err := note.NewVerifier(text)
		logs = append(logs, witness.Log{Verifier: v})
		return err
	})
	flags.Func("follow", "", func(log string) error {
		if len(logs) == 0 || logs[len(logs)-1].Get != nil {
			return errors.New("--follow comes after the --log that it is of")
		}
		logs[len(logs)-1].Get = getter(log)
		return nil
	})
	err := flags.Parse(args)
	if err != nil || flags.NArg() > 0 || *dir == "" || len(logs) == 0 {
		return misuse(witnessUse)
	}
	// No core dumps: memory holds the key.
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("core dumps cannot be switched off: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return fmt.Errorf("the witness cannot listen on %s; choose another address with --listen: %w", *listen, err)
	}
	return witnessOn(ctx, l, slog.New(slog.NewTextHandler(os.Stderr, nil)), *dir, *name, logs)
}

// witnessOn runs a witness at an address.
func witnessOn(ctx context.Context, l net.Listener, log *slog.Logger, dir, name string, logs []witness.Log) error {
	w, err := witness.Open(dir, name, log, logs...)
	if err != nil {
		l.Close()
		return err
	}
	defer w.Close()
	fmt.Printf("The witness listens on %s. Its key, for the structure file of the hub, under trail, witnesses:\n    - {authority: …, url: \"https://…\", key: %q}\n", l.Addr(), w.Key())
	w.Say()
	s := &http.Server{Handler: w.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	// What is asked is answered while a log is followed, however long that takes.
	following, stop := context.WithCancel(ctx)
	defer stop()
	go every(following, witness.Round, func() { w.Follow(following) })
	go every(following, time.Minute, w.Say)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.Shutdown(limited)
}

// every does something now and then again and again.
func every(ctx context.Context, d time.Duration, do func()) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		do()
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}
