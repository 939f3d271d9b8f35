package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/infohus/infohus/pkg/host"
)

// reset forgets the data of the embedded hub. Data on servers of your own is
// never touched.
func reset(context.Context, []string) error {
	s, err := host.Environment(os.Environ())
	if err != nil {
		return err
	}
	if !s.Embedded() {
		return errors.New("reset forgets the embedded hub's data only, and INFOHUS_POSTGRES_URL names a server of your own: drop its database yourself if you mean it")
	}
	d := data(s.Data)
	if _, err := os.Stat(string(d)); errors.Is(err, fs.ErrNotExist) {
		fmt.Printf("There is nothing in %s.\n", d)
		return nil
	}
	unlock, err := d.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.forget(); err != nil {
		return err
	}
	fmt.Printf("Forgotten: %s. The next run begins anew.\n", d)
	return nil
}
