// Command postgres brings a Postgres server for the tests where none is installed,
// as make run does for the hub. That there is none to be had is said, and no
// error: the tests then say loudly what they could not run.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/infohus/infohus/pkg/pg/local"
)

func main() {
	if _, err := local.Find(); err == nil {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fmt.Println("→ no Postgres installed here: fetching one")
	if _, err := local.Fetch(ctx, local.CacheDir(), os.Stdout); err != nil {
		fmt.Println("→", err)
	}
}
