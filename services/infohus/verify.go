package main

import (
	"bytes"
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
  infohus verify LOG --key KEY    read the trail that is published at LOG (https://infohus.example/trail), and
                                  rebuild its root. KEY is the verifier key, or a file with it: have it from
                                  the operator, whose hub says it in its log, and not from the log itself
  infohus verify FILE --key KEY   check a bundle that was taken out of the trail: every row, its place in the
                                  tree, the signature and the seal. It needs no network
    --witness KEY                 with either: this witness must have cosigned it, too. As often as there are some
    --kept FILE                   with LOG, a checkpoint that you kept, which the log must go on from; with FILE,
                                  an older bundle by the same search, of which every row must be there still`

// mostTile is how many bytes an answer of a log may have: those of the widest tile.
const mostTile = 256 * (2 + 1<<16)

// verify checks a published trail, or a bundle of it. It needs no database, no hub and no
// right.
func verify(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	key, kept := flags.String("key", "", ""), flags.String("kept", "", "")
	var witnesses, logs []string
	flags.Func("witness", "", func(key string) error { witnesses = append(witnesses, key); return nil })
	for err := flags.Parse(args); ; err = flags.Parse(flags.Args()[1:]) { // flags may come after names
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
	text := keyText(*key)
	v, err := note.NewVerifier(text)
	if err != nil {
		return fmt.Errorf("%q is no verifier key, and no file with one: %w", *key, err)
	}
	trust := tree.Trust{Log: v}
	for _, key := range witnesses {
		w, err := tree.Witness(keyText(key))
		if err != nil {
			return err
		}
		trust.Witnesses = append(trust.Witnesses, w)
	}
	if strings.Contains(logs[0], "://") {
		err = verifyLog(ctx, logs[0], trust, *kept)
	} else {
		err = verifyBundle(ctx, logs[0], trust, *kept)
	}
	if broken := new(tree.Broken); errors.As(err, &broken) {
		return fmt.Errorf("BROKEN at leaf %d: %s", broken.Index, broken.Why)
	}
	return err
}

// keyText is a key, or what stands in the file of that name.
func keyText(key string) string {
	if file, err := os.ReadFile(key); err == nil {
		return strings.TrimSpace(string(file))
	}
	return key
}

// whose says whose checkpoint it is, and who has signed it.
func whose(c tree.Checkpoint, trust tree.Trust) {
	by := "the key"
	for _, w := range trust.Witnesses {
		by += " and " + w.Name()
	}
	fmt.Printf("%s: %d leaves, root %s, signed by %s\n", c.Origin, c.Size, c.Root, by)
}

// verifyLog checks a log that is published, and that it goes on from a checkpoint that
// was kept.
func verifyLog(ctx context.Context, log string, trust tree.Trust, kept string) error {
	var was tree.Checkpoint
	if kept != "" {
		signed, err := os.ReadFile(kept)
		if err == nil {
			was, err = tree.Open(signed, trust.Log)
		}
		if err != nil {
			return fmt.Errorf("%s is no checkpoint of this log: %w", kept, err)
		}
	}
	get := getter(log)
	var signed []byte // as it was verified
	c, err := tree.Verify(ctx, trust.Log, func(ctx context.Context, path string) ([]byte, error) {
		data, err := get(ctx, path)
		if path == "checkpoint" {
			signed = bytes.Clone(data)
		}
		return data, err
	})
	if c.Origin == "" {
		return err
	}
	if no := tree.CosignedBy(signed, trust.Log, trust.Witnesses...); no != nil {
		return no
	}
	whose(c, trust)
	if err == nil && kept != "" {
		if err = tree.Extends(ctx, c, was, get); err == nil {
			fmt.Printf("it begins with the %d leaves of the checkpoint that was kept\n", was.Size)
		}
	}
	if err == nil {
		fmt.Println("every leaf is there, and they come to that root")
	}
	return err
}

// verifyBundle checks a bundle that lies in a file.
func verifyBundle(ctx context.Context, name string, trust tree.Trust, kept string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if kept != "" {
		older, err := os.Open(kept)
		if err != nil {
			return err
		}
		defer older.Close()
		trust.Kept = older
	}
	h, err := tree.VerifyBundle(ctx, file, trust)
	if h.Checkpoint.Origin != "" {
		whose(h.Checkpoint, trust)
	}
	if err != nil {
		return err
	}
	fmt.Printf("taken out: %s\n", h.About)
	fmt.Printf("%d rows hold, from leaf %d to leaf %d, and the list is as it was sealed\n", h.Rows, h.First, h.Last)
	if h.Forgotten > 0 {
		fmt.Printf("of %d of them the row was forgotten, as rows of the log among them say: it stands nowhere any more, and they are there\n", h.Forgotten)
	}
	switch {
	case h.Withheld > 0:
		fmt.Printf("of %d of them the row is withheld: they are there, and what they say is not in the bundle\n", h.Withheld)
	case h.Rows == h.Checkpoint.Size:
		fmt.Println("they are every row that there was")
	}
	if kept != "" {
		fmt.Println("every row of the bundle that was kept is among them, as it was")
	}
	return nil
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
