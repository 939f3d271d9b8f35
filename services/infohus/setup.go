package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/infohus/infohus/pkg/bus"
	"github.com/infohus/infohus/pkg/host"
)

// setup prepares the operator's own servers, with their owner's rights. With
// the argument accounts it only makes the rooms' credentials and writes the
// accounts that the NATS server is to include, which must be there first.
func setup(ctx context.Context, args []string) error {
	s, err := host.Environment(os.Environ())
	if err != nil {
		return err
	}
	if s.Embedded() {
		return errors.New("there is nothing to set up: without INFOHUS_POSTGRES_URL and INFOHUS_NATS_URL the hub brings its own servers, and infohus run sets them up")
	}
	secrets, say := host.Secrets(s.Secrets), sayer(time.Now())
	if err := secrets.Make(host.Names(rooms())...); err != nil {
		return err
	}
	if err := secrets.Certify(time.Now(), append(others(), host.Door)...); err != nil {
		return err
	}
	say("credentials in %s, a file for each room and technology", s.Secrets)
	file, err := writeAccounts(secrets)
	if err != nil {
		return err
	}
	say("accounts for NATS in %s: include it in the server's configuration", file)
	if len(args) == 1 && args[0] == "accounts" {
		return nil
	} else if len(args) > 0 {
		return fmt.Errorf("setup takes no argument but accounts, not %q", args[0])
	}
	st, err := realStructure(s)
	if err != nil {
		return err
	}
	owner := host.Servers{Secrets: secrets}
	if owner.Postgres, err = secrets.Database(s.Postgres, host.Owner); err != nil {
		return err
	}
	if owner.Bus, err = secrets.Stream(bus.Config{URL: s.NATS}, bus.Admin); err != nil {
		return err
	}
	if err := host.Setup(ctx, owner, rooms(), st, func(step string) { say("%s", step) }); err != nil {
		return err
	}
	say("done: infohus run")
	return nil
}

// writeAccounts writes the NATS server's accounts beside the credentials.
func writeAccounts(secrets host.Secrets) (string, error) {
	text, err := secrets.Accounts()
	if err != nil {
		return "", err
	}
	file := filepath.Join(string(secrets), "accounts.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("accounts: %w", err)
	}
	return file, nil
}
