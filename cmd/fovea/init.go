package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
	"fovea/vault"
	"fovea/vault/badgerstore"
)

type initCmd struct {
	Admin    string   `default:"admin" help:"Login of the first administrator."`
	Recovery []string `help:"age recipient of a recovery copy (age1…); two, kept apart. Missing ones are made and shown once." placeholder:"AGE"`
}

// Help teaches.
func (initCmd) Help() string {
	return "Makes the root key (DATA/root.key; move it off the machine's disk and name it under keys: in the configuration), the keyring and an empty store. " +
		"It prints two recovery secrets once: print them, keep them apart, and without them a lost root key means lost pictures.\n\nExample:\n  fovea --data /srv/fovea init --admin claire"
}

func (x initCmd) Run(e *env) error {
	cfg, err := e.cli.load()
	if err != nil {
		return err
	}
	recovery, err := initData(e.ctx, cfg, x.Recovery, quiet(e.stderr))
	if err != nil {
		return err
	}
	var added wire.Result
	err = e.with(func(c *client) error {
		first := wire.Person{Login: x.Admin, Name: x.Admin, Role: clinical.Admin}
		return c.post(e.ctx, "/api/v1/people", first, &added)
	})
	// The secrets are shown whatever becomes of the administrator: the vault is made.
	out := struct {
		wire.Result
		Recovery []string `json:"recovery,omitempty"`
	}{added, recovery.Identities}
	return errors.Join(err, e.answer(out, func(w io.Writer) {
		if err == nil {
			put(w, "DATA made, first administrator added (%s).", strings.Join(added.IDs, " "))
		} else {
			put(w, "DATA made, but without an administrator; see below, then: fovea user add LOGIN --name NAME --role admin")
		}
		if len(recovery.Identities) > 0 {
			put(w, "\nRecovery secrets, shown only now. Print them, keep them apart, never on this machine:")
		}
		for _, s := range recovery.Identities {
			put(w, "  %s", s)
		}
		put(w, "\nNext: fovea --data %s user password %s < password.txt, then fovea --data %s serve", cfg.Data, x.Admin, cfg.Data)
	}))
}

// initData makes DATA. A folder that holds a vault already is a Conflict.
func initData(ctx context.Context, cfg config, recovery []string, log *slog.Logger) (vault.Recovery, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return vault.Recovery{}, clinical.Refuse(clinical.Invalid, "data", "The DATA folder cannot be made there. Choose another.")
	}
	if cfg.Keys.PassphraseFile == "" {
		if err := vault.CreateKeyFile(cfg.keyFile()); err != nil && clinical.KindOf(err) != clinical.Conflict {
			return vault.Recovery{}, err
		}
	}
	keys, err := cfg.keyWrapper()
	if err != nil {
		return vault.Recovery{}, err
	}
	store, err := badgerstore.Open(ctx, cfg.storeOptions(log))
	if err != nil {
		return vault.Recovery{}, err
	}
	opt := cfg.vaultOptions(keys, store, log)
	opt.Recovery = recovery
	v, r, err := vault.Init(ctx, opt)
	if err != nil {
		return r, errors.Join(err, store.Close())
	}
	return r, errors.Join(v.Close(), store.Close())
}

// keyFile is where the root key lies unless a passphrase is configured.
func (c *config) keyFile() string {
	if c.Keys.File != "" {
		return c.Keys.File
	}
	return filepath.Join(c.Data, "root.key")
}

// keyWrapper opens what wraps the root key.
func (c *config) keyWrapper() (vault.KeyWrapper, error) {
	if c.Keys.PassphraseFile == "" {
		return vault.KeyFile(c.keyFile()), nil
	}
	info, err := os.Stat(c.Keys.PassphraseFile)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, clinical.Refuse(clinical.Invalid, "passphrase", "Others may read the passphrase file. Run chmod 600 on it.")
	}
	b, err := os.ReadFile(c.Keys.PassphraseFile)
	if err != nil {
		return nil, clinical.Refuse(clinical.Invalid, "passphrase", "The passphrase file cannot be read. Check keys.passphraseFile.")
	}
	return vault.Passphrase(strings.TrimRight(string(b), "\r\n")), nil
}

// vaultOptions are the same at init and at every start.
func (c *config) vaultOptions(keys vault.KeyWrapper, store *badgerstore.Store, log *slog.Logger) vault.Options {
	return vault.Options{
		Dir: filepath.Join(c.Data, "keyring"), Keys: keys, Store: store, Blobs: store,
		CheckpointDir: c.Checkpoints, Outlets: c.outlets, Space: vault.GuardOptions{Keep: c.Space.MinFreeMB << 20}, Log: log,
	}
}

// exists reports whether DATA holds a vault.
func (c *config) exists() bool {
	_, err := os.Stat(filepath.Join(c.Data, "keyring"))
	return !errors.Is(err, fs.ErrNotExist)
}
