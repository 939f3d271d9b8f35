package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// drain is how long what is under way may take to end.
const drain = 10 * time.Second

// The bounds of one connection (trust.md A111). Bodies are bounded where they
// are read.
const (
	headerTime = 5 * time.Second
	bodyTime   = 30 * time.Second
	answerTime = 60 * time.Second
	idleTime   = 60 * time.Second
	headerSize = 64 << 10
	openAtOnce = 4096
)

// Listen opens the address, and says what to do when it is taken.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use: stop what listens there, or choose another with INFOHUS_LISTEN (and another INFOHUS_DATA, if that is a hub too)", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("no permission to listen on %s: choose a port above 1023 with INFOHUS_LISTEN", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is no address of this machine: choose another with INFOHUS_LISTEN", address)
	}
	return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
}

// Serve answers on a listener until ctx ends; then it stops listening and lets
// what is under way come to its end, for ten seconds at most. It does not close
// the hub.
func (h *Hub) Serve(ctx context.Context, l net.Listener) error {
	return Serve(ctx, l, h.handler, h.c.Log)
}

// Serve is [Hub.Serve] for a handler of any kind.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       bodyTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerSize,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	var at net.Listener = &crowd{Listener: l, places: make(chan struct{}, openAtOnce)}
	if in, ok := l.(inner); ok { // outermost, so that the server sees who has come
		at = tls.NewListener(at, in.conf)
	}
	go func() { ended <- s.Serve(at) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := s.Shutdown(last); err != nil {
		s.Close()
		return fmt.Errorf("requests that took longer than %s were cut off: %w", drain, err)
	}
	return nil
}

// crowd is a listener with a bound on how many are inside at once; the others
// wait at the door.
type crowd struct {
	net.Listener
	places chan struct{}
}

// Accept waits for a place, then for somebody to take it.
func (c *crowd) Accept() (net.Conn, error) {
	c.places <- struct{}{}
	conn, err := c.Listener.Accept()
	if err != nil {
		<-c.places
		return nil, err
	}
	return &guest{Conn: conn, leave: sync.OnceFunc(func() { <-c.places })}, nil
}

// guest is a connection that gives its place back.
type guest struct {
	net.Conn
	leave func()
}

// Close leaves.
func (g *guest) Close() error {
	defer g.leave()
	return g.Conn.Close()
}
