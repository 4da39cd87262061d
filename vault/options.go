package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// Options say where a vault lives and what it stands on.
type Options struct {
	// Dir holds the keyring. It may lie on another medium than the store, and
	// must never be in the store's backup.
	Dir   string
	Keys  KeyWrapper
	Store Store // stays the caller's to close, after the vault
	Blobs Blobs // the same value as Store where it is a Fuser of it

	// Recovery are the age recipients of the root key's two recovery copies.
	// Init makes identities for those that are missing.
	Recovery []string
	// Origin names this vault in the ledger's checkpoints, such as
	// "fovea.hospital.example/ledger"; Init stores it. Empty: "fovea".
	Origin string
	// CheckpointDir receives signed checkpoints; empty: Dir/checkpoints. Best
	// on another machine.
	CheckpointDir string
	// Outlets receive every checkpoint besides; see Outlet.
	Outlets []Outlet

	Space GuardOptions
	Now   func() time.Time // nil: time.Now
	Rand  io.Reader        // safe for use by several goroutines; nil: crypto/rand
	Log   *slog.Logger     // nil: nothing is logged
}

// Outlet takes checkpoints off the machine: to a log host, to a witness. Run
// pushes to each; one that fails gets the next checkpoint a minute later.
type Outlet interface {
	Name() string
	// Publish returns within its own deadline. The signature line of a witness
	// that cosigns is kept with the checkpoint; nil: it does not.
	Publish(ctx context.Context, p ledger.Publication) (cosignature []byte, err error)
}

func (o Options) withDefaults() Options {
	if o.CheckpointDir == "" {
		o.CheckpointDir = filepath.Join(o.Dir, "checkpoints")
	}
	if o.Origin == "" {
		o.Origin = "fovea"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Space.Now == nil {
		o.Space.Now = o.Now
	}
	return o
}

func (o Options) check() error {
	var faults []error
	for _, f := range []struct {
		name    string
		missing bool
	}{{"Dir", o.Dir == ""}, {"Keys", o.Keys == nil}, {"Store", o.Store == nil}, {"Blobs", o.Blobs == nil}} {
		if f.missing {
			faults = append(faults, clinical.Errorf(clinical.Invalid, "vault: Options.%s is missing", f.name))
		}
	}
	return errors.Join(faults...)
}
