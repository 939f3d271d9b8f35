package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/policies"
)

// letter is a dead letter and the room it lies in.
type letter struct {
	pg.Dead
	room string
	db   *pg.DB
}

// dead lists the facts that a room could not apply, or shows or retries one:
// what it is and why it lies there, never what it says. A retry is done by the
// running hub, within seconds.
func dead(ctx context.Context, args []string) error {
	s, err := host.Environment(os.Environ())
	if err != nil {
		return err
	}
	letters, shut, err := deadLetters(ctx, s)
	defer shut()
	if err != nil {
		return err
	}
	verb := "list"
	if len(args) > 0 {
		verb = args[0]
	}
	switch {
	case verb == "list" && len(args) <= 1:
		return list(letters)
	case verb == "show" && len(args) == 2:
		return show(letters, hub.ID(args[1]))
	case verb == "retry" && len(args) == 2:
		return retry(ctx, letters, args[1])
	}
	return errors.New("write infohus dead list, dead show ID, dead retry ID, or dead retry all")
}

func list(letters []letter) error {
	if len(letters) == 0 {
		fmt.Println("No fact is dead.")
		return nil
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tROOM\tSINCE\tFACT\tWHY")
	for _, l := range letters {
		why := l.Reason
		if l.Asked {
			why += " (to be tried again)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.ID, l.room, l.At.Format(time.DateTime), l.Type, why)
	}
	return w.Flush()
}

func show(letters []letter, id hub.ID) error {
	for _, l := range letters {
		if l.ID == id {
			fmt.Printf("letter    %s\nroom      %s\nsince     %s\nfact      %s\ntype      %s\nabout     %s\nsequence  %s\nwhy       %s\nretry     %v\n",
				l.ID, l.room, l.At.Format(time.RFC3339), l.Fact, l.Type, l.Key, l.Sequence, l.Reason, l.Asked)
			return nil
		}
	}
	return noLetter(id)
}

func retry(ctx context.Context, letters []letter, which string) error {
	tried := 0
	for _, l := range letters {
		if which == "all" || l.ID == hub.ID(which) {
			if err := l.db.Revive(ctx, l.ID); err != nil {
				return err
			}
			tried++
		}
	}
	if tried == 0 && which != "all" {
		return noLetter(hub.ID(which))
	}
	fmt.Printf("%d to be tried again by the running hub.\n", tried)
	return nil
}

func noLetter(id hub.ID) error {
	return fmt.Errorf("there is no dead letter %s: infohus dead lists them", id)
}

// deadLetters reads every room's dead letters. shut is never nil.
func deadLetters(ctx context.Context, s host.Settings) (all []letter, shut func(), err error) {
	var open []*pg.DB
	shut = func() {
		for _, db := range open {
			db.Close()
		}
	}
	secrets, address := host.Secrets(s.Secrets), s.Postgres
	if s.Embedded() {
		at, err := data(s.Data).readRunning()
		if err != nil {
			return nil, shut, err
		}
		secrets, address = data(s.Data).secrets(), at.Postgres
	}
	engine, err := trusted(s)
	if err != nil {
		return nil, shut, err
	}
	for _, room := range host.Names(rooms()) {
		url, err := secrets.Database(address, room)
		if err != nil {
			return nil, shut, err
		}
		db, err := pg.Open(ctx, pg.Config{URL: url, Room: room, Now: time.Now, NewID: hub.NewID, Engine: engine, Sealer: noKeys{}, MaxConns: 4})
		if err != nil {
			return nil, shut, fmt.Errorf("room %s: %w", room, err)
		}
		open = append(open, db)
		letters, err := db.DeadLetters(ctx)
		if err != nil {
			return nil, shut, fmt.Errorf("room %s: %w", room, err)
		}
		for _, l := range letters {
			all = append(all, letter{l, room, db})
		}
	}
	return all, shut, nil
}

// trusted is an engine that knows who approves revisions, as the structure says.
func trusted(s host.Settings) (*policies.Engine, error) {
	read := realStructure
	if s.Embedded() {
		read = embeddedStructure
	}
	st, err := read(s)
	if err != nil {
		return nil, err
	}
	engine, err := policies.New()
	if err == nil {
		engine.Trust(host.Approval(st), nil)
	}
	return engine, err
}

// noKeys is what an operator's command has of the vault: nothing.
type noKeys struct{}

// Pseudonym names nobody.
func (noKeys) Pseudonym(hub.ID) string { return "" }

// Seal refuses.
func (noKeys) Seal(hub.ID, string, hub.Personal) ([]byte, error) {
	return nil, errors.New("an operator's command has no keys")
}
