package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/darkroom/identifiers"
	"fovea/exchange/epr"
	"fovea/index"
	"fovea/ingest"
	"fovea/ingest/exif"
	"fovea/ingest/label"
	"fovea/policy"
	"fovea/server"
	"fovea/server/login"
	"fovea/server/webdav"
	"fovea/vault"
	"fovea/vault/badgerstore"
)

// system is everything that runs, in the order of a photo's path. A command
// opens the core and, when it needs it, the pipeline; a server opens all.
type system struct {
	cfg config
	log *slog.Logger

	// The core: what is kept, searched and decided.
	store *badgerstore.Store
	vault *vault.Vault
	index *index.Index
	gate  *policy.Gate
	login *login.Door
	desk  *desk
	marks *marks
	api   http.Handler

	finder *finder // of faces

	// The pipeline: what a landing file passes through.
	piping sync.Mutex // held while the pipeline is opened
	exif   *exif.Reader
	reader *label.Reader
	ingest *ingest.Ingest
	shrink *darkroom.Renderer
	texts  *identifiers.Finder

	// A server's own.
	dark      *darkroom.Follower
	drive     *webdav.Handler
	epr       *epr.Follower // nil: nothing is delivered
	doors     *server.Server
	address   string      // the public one; set before the first request comes
	listening chan string // receives it once the doors answer
}

// openSystem opens DATA and joins the core. DATA that another process holds is
// a Conflict with reason data-locked.
func openSystem(ctx context.Context, cfg config, log *slog.Logger) (_ *system, err error) {
	s := &system{cfg: cfg, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if !cfg.exists() {
		return nil, clinical.Refuse(clinical.NotFound, "no-vault", "There is no vault in DATA yet. Make one with fovea init, or try fovea serve --demo.")
	}
	if s.store, err = badgerstore.Open(ctx, cfg.storeOptions(log)); err != nil {
		return nil, err
	}
	keys, err := cfg.keyWrapper()
	if err != nil {
		return nil, err
	}
	if s.vault, err = vault.Open(ctx, cfg.vaultOptions(keys, s.store, s.log)); err != nil {
		return nil, err
	}
	if err = s.openIndex(ctx); err != nil {
		return nil, err
	}
	if err = s.openGate(ctx); err != nil {
		return nil, err
	}
	return s, s.openAPI(ctx)
}

// storeOptions say where the store lies.
func (c *config) storeOptions(log *slog.Logger) badgerstore.Options {
	return badgerstore.Options{Dir: filepath.Join(c.Data, "store"), Log: log}
}

// openIndex opens the search index. One that does not verify is thrown away:
// the journal has everything that was in it, and Follow fills it again.
func (s *system) openIndex(ctx context.Context) error {
	key, err := s.vault.DisposableKey(ctx, indexPurpose)
	if err != nil {
		return err
	}
	opt := index.Options{Dir: filepath.Join(s.cfg.Data, "index"), Key: key, Log: s.log}
	s.index, err = index.Open(opt)
	if clinical.KindOf(err) != clinical.Corrupt {
		return err
	}
	s.log.WarnContext(ctx, "index: it does not verify and is built anew from the journal", "err", err)
	if err := index.Remove(opt.Dir); err != nil {
		return err
	}
	s.index, err = index.Open(opt)
	return err
}

// openGate loads what policy decides on: nothing is asked before it is there.
func (s *system) openGate(ctx context.Context) error {
	roles, err := s.cfg.roles()
	if err != nil {
		return err
	}
	s.gate, err = policy.New(policy.Options{
		Recorder: s.vault, Journal: s.vault, Reader: s.vault, Opener: s.vault, Maker: renditions{s}, Searcher: s.index, Keeper: s.vault,
		Zone: s.cfg.zone, ETagKey: s.vault.Derive("etag"), Limits: s.cfg.limits(), Roles: roles, Retention: s.cfg.schedule(),
		Log: s.log, Numbers: s.cfg.rules(), Healthy: s.vault.Healthy,
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
	stages := append(s.keeping(),
		stage{"store", s.tend},
		stage{"renewal", s.renew},
		stage{"darkroom", s.dark.Run},
		stage{"ingest", s.ingest.Run},
		stage{"login", s.login.Run},
		stage{"drive", s.drive.Run},
	)
	if s.epr != nil {
		stages = append(stages, stage{"patient record", s.epr.Run})
	}
	return append(stages, stage{"doors", s.doors.Run})
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
