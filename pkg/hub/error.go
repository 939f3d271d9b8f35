package hub

import "errors"

// Code says what kind of failure an error is. It is chosen where the fact is
// known, and translated once at each edge: to an HTTP status, or to the fate of
// a message.
type Code string

// The codes. An error without one is Internal, and its text never leaves.
const (
	CodeInvalid     Code = "invalid"     // the asker can mend it: see Field
	CodeDenied      Code = "denied"      // the asker may know it exists, and may not do this
	CodeNotFound    Code = "not_found"   // there is none, or the asker may not know
	CodeConflict    Code = "conflict"    // somebody else was first, or the step is out of order
	CodeUnavailable Code = "unavailable" // cannot be recorded or decided now; try again
	CodeInternal    Code = "internal"    // our fault
)

// Error is a failure with a code. Key names the message in the catalogues
// of the user interface ("error.cpr.date"); Field names the input at fault.
type Error struct {
	Code  Code
	Key   string
	Field string
	Args  []any // for the message; never personal data
	Err   error // what happened, for the log; never leaves
}

func (e *Error) Error() string {
	s := string(e.Code)
	if e.Key != "" {
		s += ": " + e.Key
	}
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of an error: Internal where it has none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// Invalid says that one input is wrong, and which message tells how to mend it.
func Invalid(field, key string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Key: key, Args: args}
}

// NotFound is the one answer for what does not exist and for what the asker
// may not know of (trust.md G7). It says nothing else.
func NotFound() *Error { return &Error{Code: CodeNotFound, Key: "error.not_found"} }

// Denied says no to somebody who may know that the thing exists.
func Denied(key string, args ...any) *Error { return &Error{Code: CodeDenied, Key: key, Args: args} }

// Conflict says that the step does not fit the thing's present state.
func Conflict(key string, args ...any) *Error {
	return &Error{Code: CodeConflict, Key: key, Args: args}
}

// Unavailable says that the hub cannot decide or record just now, and so does
// nothing: fail closed (L19, trust.md A083).
func Unavailable(err error) *Error {
	return &Error{Code: CodeUnavailable, Key: "error.unavailable", Err: err}
}

// Problems gathers every error of one input, so that a form shows them at once.
type Problems []*Error

// Add appends an Invalid error.
func (p *Problems) Add(field, key string, args ...any) { *p = append(*p, Invalid(field, key, args...)) }

// Err is nil when there are none, else an error with code Invalid.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

func (p Problems) Error() string { return p[0].Error() }

// Unwrap gives the single errors.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i, e := range p {
		errs[i] = e
	}
	return errs
}
