package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/tree"
)

const verifyUse = `Write:
  infohus verify LOG --key KEY   read the trail that is published at LOG (https://infohus.example/trail), and
                                 rebuild its root. KEY is the verifier key, or a file with it: have it from
                                 the operator, whose hub says it in its log, and not from the log itself`

// mostTile is how many bytes an answer of a log may have: those of the widest tile.
const mostTile = 256 * (2 + 1<<16)

// verify checks a published trail. It needs no database, no hub and no right.
func verify(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	key := flags.String("key", "", "")
	var logs []string
	for err := flags.Parse(args); ; err = flags.Parse(flags.Args()[1:]) { // flags may come after names
		if errors.Is(err, flag.ErrHelp) {
			fmt.Println(verifyUse)
			return nil
		}
		if err != nil {
			return misuse(verifyUse)
		}
		if flags.NArg() == 0 {
			break
		}
		logs = append(logs, flags.Arg(0))
	}
	if len(logs) != 1 || *key == "" {
		return misuse(verifyUse)
	}
	text := *key
	if file, err := os.ReadFile(text); err == nil {
		text = strings.TrimSpace(string(file))
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		return fmt.Errorf("%q is no verifier key, and no file with one: %w", *key, err)
	}
	c, err := tree.Verify(ctx, v, getter(logs[0]))
	if c.Origin != "" {
		fmt.Printf("%s: %d leaves, root %s, signed by the key\n", c.Origin, c.Size, c.Root)
	}
	if broken := new(tree.Broken); errors.As(err, &broken) {
		return fmt.Errorf("BROKEN at leaf %d: %s", broken.Index, broken.Why)
	}
	if err == nil {
		fmt.Println("every leaf is there, and they come to that root")
	}
	return err
}

// getter asks a log at an address.
func getter(log string) func(ctx context.Context, path string) ([]byte, error) {
	client := &http.Client{Timeout: 30 * time.Second}
	return func(ctx context.Context, path string) ([]byte, error) {
		url := strings.TrimSuffix(log, "/") + "/" + path
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return nil, fmt.Errorf("%s is no address of a log: %w", log, err)
		}
		res, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s answers %d", url, res.StatusCode)
		}
		return io.ReadAll(io.LimitReader(res.Body, mostTile))
	}
}
