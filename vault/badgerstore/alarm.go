package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"

	"fovea/clinical"
)

// alarm is Badger's logger. It counts warnings and errors and passes on the
// form of each message but none of its values: some of them are keys.
type alarm struct {
	log      *slog.Logger
	count    atomic.Uint64
	unsynced atomic.Uint64 // failed syncs of a value log, which Badger only logs
}

// Errorf counts and logs; a failed sync is remembered.
func (a *alarm) Errorf(format string, _ ...any) {
	a.count.Add(1)
	if strings.Contains(format, "sync") {
		a.unsynced.Add(1)
	}
	a.say(slog.LevelError, format)
}

// Warningf counts and logs.
func (a *alarm) Warningf(format string, _ ...any) {
	a.count.Add(1)
	a.say(slog.LevelWarn, format)
}

// Infof logs for whoever debugs.
func (a *alarm) Infof(format string, _ ...any) { a.say(slog.LevelDebug, format) }

// Debugf is silent.
func (a *alarm) Debugf(string, ...any) {}

func (a *alarm) say(level slog.Level, format string) {
	a.log.Log(context.Background(), level, "badger", "message", strings.TrimSpace(format))
}

// openError gives Badger's errors at opening their kind.
func openError(err error) error {
	if strings.Contains(err.Error(), "Cannot acquire directory lock") {
		return locked(err)
	}
	return fmt.Errorf("badgerstore: open: %w", err)
}

// kinded gives Badger's errors their kind; what is not Badger's is unchanged.
func kinded(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, badger.ErrKeyNotFound):
		return clinical.Errorf(clinical.NotFound, "badgerstore: no such key")
	case errors.Is(err, badger.ErrDBClosed), errors.Is(err, badger.ErrBlockedWrites):
		return errClosed()
	case errors.Is(err, badger.ErrTxnTooBig):
		return &clinical.Error{Kind: clinical.Invalid, Reason: "transaction-too-big", Err: fmt.Errorf("badgerstore: %w", err)}
	case errors.Is(err, badger.ErrEmptyKey), errors.Is(err, badger.ErrInvalidKey):
		return &clinical.Error{Kind: clinical.Invalid, Err: fmt.Errorf("badgerstore: %w", err)}
	default:
		return err
	}
}
