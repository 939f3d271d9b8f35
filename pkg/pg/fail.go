package pg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// wrap gives an error from the database its code: Unavailable for whatever may
// pass by itself (a lock not got in time, no connection, no room on the disk).
// Errors that have a code already, refusals and [pgx.ErrNoRows] stay as they are.
func wrap(err error) error {
	var he *hub.Error
	var denial *policies.Denial
	switch {
	case err == nil, errors.As(err, &he), errors.As(err, &denial), errors.Is(err, pgx.ErrNoRows):
		return err
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) && !passing(pe.Code) {
		return safe(err)
	}
	if pe != nil && pe.Code == "55P03" { // somebody else is at the same thing, and the log is well
		return &hub.Error{Code: hub.CodeUnavailable, Key: "error.busy", Err: safe(err)}
	}
	var ne net.Error
	var ce *pgconn.ConnectError
	if pe != nil || errors.As(err, &ne) || errors.As(err, &ce) || pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return hub.Unavailable(safe(err))
	}
	return safe(err)
}

// passing tells the SQLSTATEs that say "not now".
func passing(code string) bool {
	switch code {
	case "55P03", "57014", "25P03", "40001", "40P01", "40003":
		return true
	}
	switch code[:2] {
	case "08", "53", "57", "58":
		return true
	}
	return false
}

// again reports whether the same transaction may succeed if run anew: it was
// chosen to give way to another (trust.md F27).
func again(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01")
}

// safe is an error without what a server or a driver may quote in it: the
// database's own message can hold values, and a connection error holds the
// address. The error it was is still found by errors.As.
func safe(err error) error {
	var pe *pgconn.PgError
	var ce *pgconn.ConnectError
	var already *stated
	switch {
	case err == nil, errors.As(err, &already):
		return err
	case errors.As(err, &pe):
		says := "database error " + pe.Code
		if pe.TableName != "" {
			says += " on " + pe.SchemaName + "." + pe.TableName
		}
		if pe.ConstraintName != "" {
			says += " (" + pe.ConstraintName + ")"
		}
		// These name a role, a database or something in the statement's own text,
		// never a value: values are arguments.
		if strings.HasPrefix(pe.Code, "42") || strings.HasPrefix(pe.Code, "28") || strings.HasPrefix(pe.Code, "3D") {
			says += ": " + pe.Message
		}
		return &stated{says, err}
	case errors.As(err, &ce):
		return &stated{"no connection to the database", err}
	case strings.HasPrefix(err.Error(), "failed to encode args"): // pgx quotes the value
		return &stated{"an argument does not fit its parameter", err}
	}
	return err
}

// stated is an error that says less than the one it holds.
type stated struct {
	says string
	err  error
}

func (e *stated) Error() string { return e.says }
func (e *stated) Unwrap() error { return e.err }

// unrecorded says that a record could not be written, whatever the reason: the
// answer is always Unavailable (trust.md A083).
func unrecorded(err error) error {
	if e, yes := isClosed(err); yes {
		return e
	}
	return hub.Unavailable(fmt.Errorf("pg: the trail cannot be written: %w", safe(err)))
}
