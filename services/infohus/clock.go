package main

import (
	"sync/atomic"
	"time"
)

// clock is a clock that can be set: the demo world is played through the
// ordinary commands, at the times at which it happened.
type clock struct{ at atomic.Pointer[time.Time] }

// Now is the time it was set to, or else the machine's.
func (c *clock) Now() time.Time {
	if t := c.at.Load(); t != nil {
		return *t
	}
	return time.Now()
}

// Set stops the clock at a time.
func (c *clock) Set(t time.Time) { c.at.Store(&t) }

// Follow lets it go with the machine's again.
func (c *clock) Follow() { c.at.Store(nil) }
