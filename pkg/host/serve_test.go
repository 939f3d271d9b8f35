package host

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestDrain checks F44: on a signal the listener closes, what is under way is
// answered, and nobody is told a 5xx.
func TestDrain(t *testing.T) {
	inside, carryOn := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		inside <- struct{}{}
		<-carryOn
		io.WriteString(w, "done")
	})
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, slow, slog.New(slog.DiscardHandler)) }()

	const many = 20
	answers := make(chan string, many)
	var bad atomic.Int32
	for range many {
		go func() {
			resp, err := http.Get("http://" + l.Addr().String())
			if err != nil {
				answers <- err.Error()
				return
			}
			defer resp.Body.Close()
			if resp.StatusCode >= 500 {
				bad.Add(1)
			}
			b, _ := io.ReadAll(resp.Body)
			answers <- string(b)
		}()
	}
	for range many {
		<-inside
	}
	stop()
	for { // until the listener is closed
		c, err := net.Dial("tcp", l.Addr().String())
		if errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
		if err == nil {
			c.Close()
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("ended while requests were under way: %v", err)
	default:
	}
	close(carryOn)
	for range many {
		if a := <-answers; a != "done" {
			t.Errorf("a request under way got %q", a)
		}
	}
	if err := <-ended; err != nil || bad.Load() > 0 {
		t.Errorf("ended with %v, %d answers of 5xx", err, bad.Load())
	}
}

func TestPortInUse(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Listen(t.Context(), l.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "is in use") || !strings.Contains(err.Error(), "INFOHUS_LISTEN") || strings.Contains(err.Error(), "\n") {
		t.Errorf("said %v", err)
	}
}

// TestCrowd checks that no more than the bound are inside at once, and that
// whoever leaves makes room. A111 in part: too many at once.
func TestCrowd(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{Listener: inner, places: make(chan struct{}, 1)}
	defer c.Close()
	accepted := make(chan net.Conn)
	go func() {
		for {
			conn, err := c.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	for range 2 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	first := <-accepted
	if len(c.places) != 1 {
		t.Errorf("%d places taken, wanted 1", len(c.places))
	}
	first.Close()
	first.Close() // closing twice gives back one place
	second := <-accepted
	second.Close()
}
