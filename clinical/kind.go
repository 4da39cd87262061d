package clinical

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is, so that each edge (HTTP, WebDAV,
// exit code, screen) maps it in one table.
type Kind uint8

// The kinds. Internal is the zero Kind: an error nobody classified is ours.
const (
	Internal    Kind = iota // a fault of ours
	Invalid                 // the request or the input is wrong
	NotFound                // absent, or refused: the two look the same
	Conflict                // somebody changed it first, or it exists already
	Corrupt                 // stored bytes do not verify
	Unavailable             // not now: busy, full, stopping, or policy cannot answer
	Forbidden               // only for acts, never for pictures: this person may not do this
)

func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case NotFound:
		return "not found"
	case Conflict:
		return "conflict"
	case Corrupt:
		return "corrupt"
	case Unavailable:
		return "unavailable"
	case Forbidden:
		return "forbidden"
	default:
		return "internal"
	}
}

// Reason is a stable code for why something was refused, quarantined or
// failed, such as "truncated" or "no-grant". Screens map it to words and to
// what to do next; it never holds anything about a patient.
type Reason string

// Error carries a Kind, a Reason where there is one, and for Invalid a
// message that a person may read. Text for a person ends with what to do next
// and names nobody.
type Error struct {
	Kind   Kind
	Reason Reason
	Public string // may be shown to the person; empty: the kind's own words
	Err    error  // for the operator
}

func (e *Error) Error() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Public != "":
		return e.Public
	case e.Reason != "":
		return e.Kind.String() + ": " + string(e.Reason)
	default:
		return e.Kind.String()
	}
}

// Unwrap returns the operator's error.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, clinical.ErrNotFound) and its siblings work by Kind.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Err == nil && t.Public == "" && t.Reason == "" && t.Kind == e.Kind
}

// The bare errors of each kind, for errors.Is and for edges without detail.
var (
	ErrInvalid     = &Error{Kind: Invalid}
	ErrNotFound    = &Error{Kind: NotFound}
	ErrConflict    = &Error{Kind: Conflict}
	ErrCorrupt     = &Error{Kind: Corrupt}
	ErrUnavailable = &Error{Kind: Unavailable}
	ErrForbidden   = &Error{Kind: Forbidden}
)

// Errorf returns an Error of kind k for the operator. %w works as in fmt.Errorf.
func Errorf(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Err: fmt.Errorf(format, args...)}
}

// Refuse returns an Error of kind k with a reason code and words for the
// person, which end with what to do next.
func Refuse(k Kind, r Reason, public string) error {
	return &Error{Kind: k, Reason: r, Public: public}
}

// KindOf returns the Kind of the outermost Error in err's chain, Internal when
// there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// ReasonOf returns the first Reason in err's chain, empty when there is none.
func ReasonOf(err error) Reason {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return ""
		}
		if e.Reason != "" {
			return e.Reason
		}
		err = e.Err
	}
	return ""
}
