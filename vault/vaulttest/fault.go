package vaulttest

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/vault"
)

// Step names a moment at which a driver can fail or the machine can die.
type Step string

// The steps, in the order in which a put and its record pass them.
const (
	StepUpdate    Step = "update begins"
	StepSet       Step = "set"
	StepDelete    Step = "delete"
	StepFuse      Step = "fuse"
	StepCommit    Step = "before the commit is durable"
	StepCommitted Step = "after the commit is durable, before the caller knows"
	StepPut       Step = "put begins"
	StepPutHalf   Step = "put has half"
	StepPutDone   Step = "after the blob is durable, before the caller knows"
	StepForget    Step = "delete blob begins"
	StepForgotten Step = "after the blob is gone, before the caller knows"
)

// The errors that the wrappers give.
var (
	// ErrFault is the failure of one step; nothing else is wrong.
	ErrFault = &clinical.Error{Kind: clinical.Unavailable, Reason: "fault", Err: errors.New("vaulttest: a step failed")}
	// ErrDead is given from the step of the death on: the process is gone.
	ErrDead = &clinical.Error{Kind: clinical.Unavailable, Reason: "dead", Err: errors.New("vaulttest: the machine died")}
)

// Faults decides at which step of the wrapped driver what happens. Steps count
// from 1, over the Store and the Blobs together; the zero Faults only counts.
// It may be used by many goroutines.
type Faults struct {
	FailAt int // this step fails, once
	DieAt  int // at this step the machine dies; open the Medium anew

	mu    sync.Mutex
	steps []Step
	dead  bool
}

// Steps returns the steps passed so far: run a story once with the zero Faults
// and then again for each of them.
func (f *Faults) Steps() []Step {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.steps)
}

// Dead reports whether the machine has died.
func (f *Faults) Dead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

// pass counts a step and says what happens at it.
func (f *Faults) pass(s Step) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return ErrDead
	}
	f.steps = append(f.steps, s)
	switch len(f.steps) {
	case f.DieAt:
		f.dead = true
		return ErrDead
	case f.FailAt:
		return ErrFault
	default:
		return nil
	}
}

// alive is for what only reads.
func (f *Faults) alive() error {
	if f.Dead() {
		return ErrDead
	}
	return nil
}

// Wrap returns s and b such that f decides at each step. The wrapped Blobs
// fuse if b does. Steps that come after something is durable only hide the
// success, as a crash or a lost connection would. Close always reaches s.
func (f *Faults) Wrap(s vault.Store, b vault.Blobs) (vault.Store, vault.Blobs) {
	store := &faultyStore{Store: s, f: f}
	blobs := &faultyBlobs{Blobs: b, f: f}
	if fuser, ok := b.(vault.Fuser); ok {
		return store, &faultyFuser{faultyBlobs: blobs, fuser: fuser}
	}
	return store, blobs
}

type faultyStore struct {
	vault.Store
	f *Faults
}

func (s *faultyStore) View(ctx context.Context, f func(vault.Reader) error) error {
	if err := s.f.alive(); err != nil {
		return err
	}
	return s.Store.View(ctx, f)
}

func (s *faultyStore) Update(ctx context.Context, f func(vault.Txn) error) error {
	if err := s.f.pass(StepUpdate); err != nil {
		return err
	}
	err := s.Store.Update(ctx, func(t vault.Txn) error {
		if err := f(&faultyTxn{Txn: t, f: s.f}); err != nil {
			return err
		}
		return s.f.pass(StepCommit)
	})
	if err != nil {
		return err
	}
	return s.f.pass(StepCommitted)
}

type faultyTxn struct {
	vault.Txn
	f *Faults
}

func (t *faultyTxn) Set(key, value []byte) error {
	if err := t.f.pass(StepSet); err != nil {
		return err
	}
	return t.Txn.Set(key, value)
}

func (t *faultyTxn) Delete(key []byte) error {
	if err := t.f.pass(StepDelete); err != nil {
		return err
	}
	return t.Txn.Delete(key)
}

type faultyBlobs struct {
	vault.Blobs
	f *Faults
}

func (b *faultyBlobs) PutBlob(ctx context.Context, id clinical.BlobID, r io.Reader) (int64, error) {
	if err := b.f.pass(StepPut); err != nil {
		return 0, err
	}
	n, err := b.Blobs.PutBlob(ctx, id, &breakingReader{r: r, f: b.f})
	if err != nil {
		return 0, err
	}
	return n, b.f.pass(StepPutDone)
}

// breakingReader passes StepPutHalf once, behind the first bytes.
type breakingReader struct {
	r      io.Reader
	f      *Faults
	passed bool
}

func (r *breakingReader) Read(p []byte) (int, error) {
	if r.passed {
		if err := r.f.alive(); err != nil {
			return 0, err
		}
		return r.r.Read(p)
	}
	n, err := r.r.Read(p[:min(len(p), 1024)])
	r.passed = true
	if fault := r.f.pass(StepPutHalf); fault != nil {
		return n, fault
	}
	return n, err
}

func (b *faultyBlobs) ReadBlobAt(ctx context.Context, id clinical.BlobID, p []byte, off int64) (int, error) {
	if err := b.f.alive(); err != nil {
		return 0, err
	}
	return b.Blobs.ReadBlobAt(ctx, id, p, off)
}

func (b *faultyBlobs) DeleteBlob(ctx context.Context, id clinical.BlobID) error {
	if err := b.f.pass(StepForget); err != nil {
		return err
	}
	if err := b.Blobs.DeleteBlob(ctx, id); err != nil {
		return err
	}
	return b.f.pass(StepForgotten)
}

func (b *faultyBlobs) EachBlob(ctx context.Context, f func(clinical.BlobID, time.Time) error) error {
	if err := b.f.alive(); err != nil {
		return err
	}
	return b.Blobs.EachBlob(ctx, f)
}

type faultyFuser struct {
	*faultyBlobs
	fuser vault.Fuser
}

func (b *faultyFuser) MaxFused() int64 { return b.fuser.MaxFused() }

func (b *faultyFuser) FuseBlob(t vault.Txn, id clinical.BlobID, sealed []byte) error {
	if err := b.f.pass(StepFuse); err != nil {
		return err
	}
	if mine, ok := t.(*faultyTxn); ok {
		t = mine.Txn
	}
	return b.fuser.FuseBlob(t, id, sealed)
}

// Corrupting returns b such that flip may change what ReadBlobAt gives, as a
// disk that lies would: for the tests of whoever authenticates what it reads.
func Corrupting(b vault.Blobs, flip func(id clinical.BlobID, p []byte, off int64)) vault.Blobs {
	c := &corrupting{Blobs: b, flip: flip}
	if fuser, ok := b.(vault.Fuser); ok {
		return &corruptingFuser{corrupting: c, fuser: fuser}
	}
	return c
}

type corrupting struct {
	vault.Blobs
	flip func(clinical.BlobID, []byte, int64)
}

func (c *corrupting) ReadBlobAt(ctx context.Context, id clinical.BlobID, p []byte, off int64) (int, error) {
	n, err := c.Blobs.ReadBlobAt(ctx, id, p, off)
	c.flip(id, p[:n], off)
	return n, err
}

type corruptingFuser struct {
	*corrupting
	fuser vault.Fuser
}

func (c *corruptingFuser) MaxFused() int64 { return c.fuser.MaxFused() }

func (c *corruptingFuser) FuseBlob(t vault.Txn, id clinical.BlobID, sealed []byte) error {
	return c.fuser.FuseBlob(t, id, sealed)
}
