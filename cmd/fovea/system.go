package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/index"
	"fovea/ingest"
	"fovea/ingest/exif"
	"fovea/ingest/label"
	"fovea/internal/sandbox"
	"fovea/policy"
	"fovea/server"
	"fovea/server/login"
	"fovea/vault"
	"fovea/vault/badgerstore"
)

// system is everything that runs, in the order of a photo's path.
type system struct {
	cfg    config
	log    *slog.Logger
	store  *badgerstore.Store
	vault  *vault.Vault
	index  *index.Index
	gate   *policy.Gate
	exif   *exif.Reader
	reader *label.Reader
	ingest *ingest.Ingest
	box    *sandbox.Sandbox
	dark   *darkroom.Follower
	login  *login.Door
	doors  *server.Server

	listening chan struct{} // closed once the doors answer
}

// openSystem opens DATA and joins the parts. With public set the doors listen
// on the network and studios are watched; without, only the admin socket.
// DATA that another process holds is a Conflict with reason data-locked.
func openSystem(ctx context.Context, cfg config, log *slog.Logger, public bool) (_ *system, err error) {
	s := &system{cfg: cfg, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if !cfg.exists() {
		return nil, clinical.Refuse(clinical.NotFound, "no-vault", "There is no vault in DATA yet. Make one with fovea init, or try fovea serve --demo.")
	}
	if s.store, err = badgerstore.Open(ctx, badgerstore.Options{Dir: filepath.Join(cfg.Data, "store"), Log: s.log}); err != nil {
		return nil, err
	}
	keys, err := cfg.keyWrapper()
	if err != nil {
		return nil, err
	}
	if s.vault, err = vault.Open(ctx, cfg.vaultOptions(keys, s.store, s.log)); err != nil {
		return nil, err
	}
	if s.index, err = index.Open(index.Options{Dir: filepath.Join(cfg.Data, "index"), Key: s.vault.Derive("index"), Log: s.log}); err != nil {
		return nil, err
	}
	if err = s.openGate(ctx); err != nil {
		return nil, err
	}
	if err = s.openPipeline(ctx); err != nil {
		return nil, err
	}
	if err = s.openDoors(ctx, public); err != nil {
		return nil, err
	}
	return s, nil
}

// openGate loads what policy decides on: nothing is asked before it is there.
func (s *system) openGate(ctx context.Context) error {
	var err error
	s.gate, err = policy.New(policy.Options{
		Recorder: s.vault, Journal: s.vault, Reader: s.vault, Opener: s.vault, Searcher: s.index,
		Zone: s.cfg.zone, ETagKey: s.vault.Derive("etag"), Limits: s.cfg.limits(),
		Log: s.log, Numbers: s.cfg.rules(),
	})
	if err != nil {
		return err
	}
	return s.gate.Start(ctx)
}

// keeping are the stages that any command needs: what follows the journal.
func (s *system) keeping() []stage {
	return []stage{
		{"vault", s.vault.Run},
		{"policy", s.gate.Run},
		{"index", func(ctx context.Context) error { return s.index.Follow(ctx, s.vault) }},
	}
}

// serving are the stages of a server, in the order in which they start; they
// stop in reverse: doors first, the vault last.
func (s *system) serving() []stage {
	return append(s.keeping(),
		stage{"store", s.tend},
		stage{"darkroom", s.dark.Run},
		stage{"ingest", s.ingest.Run},
		stage{"login", s.login.Run},
		stage{"doors", s.doors.Run},
	)
}

// tending is when the store gives back space: once a night.
const tending = 24 * time.Hour

// tend lets the store collect what was deleted, while reads wait at most a second.
func (s *system) tend(ctx context.Context) error {
	tick := time.NewTicker(tending)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.store.Maintain(ctx); err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "store: maintain", "err", err)
			}
		}
	}
}

// commanding are the stages behind one command: followers and the admin socket.
func (s *system) commanding() []stage {
	return append(s.keeping(), stage{"doors", s.doors.Run})
}

// close ends what was opened, in reverse.
func (s *system) close() error {
	var err error
	if s.exif != nil {
		err = errors.Join(err, s.exif.Close())
	}
	if s.index != nil {
		err = errors.Join(err, s.index.Close())
	}
	if s.vault != nil {
		err = errors.Join(err, s.vault.Close())
	}
	if s.store != nil {
		err = errors.Join(err, s.store.Close())
	}
	return err
}
