package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/infohus/infohus/pkg/host"
	"github.com/infohus/infohus/pkg/structure"
)

const tokenUse = `Write:
  infohus token --as NAME    print a bearer token of the development sign-in. NAME is the login of somebody in the
                             structure file; NAME@AUTHORITY for somebody with posts at several`

// token prints a bearer token of the development sign-in, for one of the
// invented people.
func token(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("token", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	login := flags.String("as", "", "login")
	if err := flags.Parse(args); err != nil || *login == "" || flags.NArg() > 0 {
		return misuse(tokenUse)
	}
	s, err := host.Environment(os.Environ())
	if err != nil {
		return err
	}
	t, err := mint(ctx, s, *login)
	if err != nil {
		return err
	}
	fmt.Println(t)
	return nil
}

// mint makes a bearer token with the key that lies in the data of an embedded
// hub, running or not.
func mint(_ context.Context, s host.Settings, login string) (string, error) {
	st, err := embeddedStructure(s)
	if err != nil {
		return "", err
	}
	d, err := development(s, st)
	if err != nil {
		return "", err
	}
	p, err := newIDP(d, idpOptions{Dir: data(s.Data).idp(), Found: true, Origin: s.Origin, Issuers: idpIssuers(st, time.Now())})
	if err != nil {
		return "", err
	}
	return p.Token(atHome(st, login))
}

// atHome names the authority of somebody's first post, where none is named: a
// person with posts at two authorities signs in at one of them.
func atHome(st *structure.Structure, login string) string {
	for _, p := range st.Posts() {
		if p.Login == login && p.Holds(time.Now()) {
			return login + "@" + string(p.Authority)
		}
	}
	return login
}
