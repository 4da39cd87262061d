package ingest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"fovea/clinical"
)

// errStop is what the fake vault answers after it was told to stop: a process
// that was killed there would have answered nothing.
var errStop = errors.New("stopped here")

// vault is a fake that behaves as the real one promises: revisions, sequence,
// ordinals, unique keys, duplicates within an owner, one change or nothing.
type vault struct {
	mu      sync.Mutex
	minter  *clinical.Minter
	seq     uint64
	ordinal uint32
	changes []clinical.Change
	more    chan struct{} // closed and replaced at every commit

	patients map[clinical.PatientID]clinical.Patient
	jobs     map[clinical.JobID]clinical.Job
	people   map[clinical.PersonID]clinical.Person
	lesions  map[clinical.LesionID]clinical.Lesion
	sessions map[clinical.SessionID]clinical.Session
	runs     map[clinical.RunID]clinical.Run
	landings map[string]clinical.Landing
	assets   map[clinical.AssetID]clinical.Asset
	blobs    map[clinical.BlobID][]byte

	// steps counts what was asked of it; fault, where set, is asked before and
	// after each step and stops it there.
	steps int
	fault func(step int, what string) error
}

func newVault() *vault {
	return &vault{
		minter: clinical.NewMinter(nil, nil), more: make(chan struct{}),
		patients: map[clinical.PatientID]clinical.Patient{}, jobs: map[clinical.JobID]clinical.Job{},
		people: map[clinical.PersonID]clinical.Person{}, lesions: map[clinical.LesionID]clinical.Lesion{},
		sessions: map[clinical.SessionID]clinical.Session{}, runs: map[clinical.RunID]clinical.Run{},
		landings: map[string]clinical.Landing{}, assets: map[clinical.AssetID]clinical.Asset{},
		blobs: map[clinical.BlobID][]byte{},
	}
}

func (v *vault) step(what string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.steps++
	if v.fault == nil {
		return nil
	}
	return v.fault(v.steps, what)
}

func (v *vault) Put(_ context.Context, _ clinical.Owner, r io.Reader, build func(clinical.Blob) (clinical.Change, error)) (clinical.Change, error) {
	if err := v.step("put"); err != nil {
		return clinical.Change{}, err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return clinical.Change{}, err
	}
	if len(b) == 0 {
		return clinical.Change{}, clinical.Refuse(clinical.Invalid, "empty", "This file is empty. Copy it again from the camera.")
	}
	blob := clinical.Blob{ID: clinical.Mint[clinical.Blob](v.minter), Size: int64(len(b)), SHA256: sha256.Sum256(b)}
	c, err := build(blob)
	if err != nil {
		return clinical.Change{}, err
	}
	c, err = v.commit(c, map[clinical.BlobID][]byte{blob.ID: b})
	if err != nil {
		return clinical.Change{}, err
	}
	return c, v.step("put done")
}

// duplicate finds who has the bytes already. The caller holds the lock.
func (v *vault) duplicate(o clinical.Owner, sum [32]byte) (clinical.AssetID, bool) {
	for _, a := range v.assets {
		sameOwner := a.Patient == o.Patient && (!o.Patient.IsZero() || a.Studio == o.Studio)
		if sameOwner && a.Original.SHA256 == sum && !a.State.Gone() {
			return a.ID, true
		}
	}
	return clinical.AssetID{}, false
}

func (v *vault) Commit(_ context.Context, c clinical.Change) (clinical.Change, error) {
	if err := v.step("commit"); err != nil {
		return clinical.Change{}, err
	}
	c, err := v.commit(c, nil)
	if err != nil {
		return clinical.Change{}, err
	}
	return c, v.step("commit done")
}

// check returns the Conflict of one stale record.
func check[K comparable, T any](m map[K]T, key K, rev uint64, of func(T) uint64) error {
	if now := of(m[key]); now != rev {
		return clinical.Errorf(clinical.Conflict, "fake vault: record is at %d, change was made at %d", now, rev)
	}
	return nil
}

func (v *vault) commit(c clinical.Change, blobs map[clinical.BlobID][]byte) (clinical.Change, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var errs []error
	for _, r := range c.Patients {
		errs = append(errs, check(v.patients, r.ID, r.Rev, func(x clinical.Patient) uint64 { return x.Rev }))
	}
	for _, r := range c.Jobs {
		errs = append(errs, check(v.jobs, r.ID, r.Rev, func(x clinical.Job) uint64 { return x.Rev }))
	}
	for _, r := range c.Sessions {
		errs = append(errs, check(v.sessions, r.ID, r.Rev, func(x clinical.Session) uint64 { return x.Rev }))
	}
	for _, r := range c.Runs {
		errs = append(errs, check(v.runs, r.ID, r.Rev, func(x clinical.Run) uint64 { return x.Rev }))
	}
	for _, r := range c.Landings {
		errs = append(errs, check(v.landings, r.Source, r.Rev, func(x clinical.Landing) uint64 { return x.Rev }))
	}
	for _, r := range c.Delta.Assets {
		if of, ok := v.duplicate(clinical.Owner{Patient: r.Patient, Studio: r.Studio}, r.Original.SHA256); ok && of != r.ID && !r.State.Gone() {
			return clinical.Change{}, &clinical.Duplicate{Asset: of}
		}
		errs = append(errs, check(v.assets, r.ID, r.Rev, func(x clinical.Asset) uint64 { return x.Rev }))
		if r.Original.ID.IsZero() || (v.blobs[r.Original.ID] == nil && blobs[r.Original.ID] == nil) {
			errs = append(errs, errors.New("fake vault: asset without bytes"))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return clinical.Change{}, err
	}
	v.seq++
	c.Seq = v.seq
	c.Delta = v.store(clone(c.Delta))
	for id, b := range blobs {
		v.blobs[id] = b
	}
	v.changes = append(v.changes, c)
	close(v.more)
	v.more = make(chan struct{})
	return c, nil
}

func clone(d clinical.Delta) clinical.Delta {
	d.Patients, d.Jobs, d.People = slices.Clone(d.Patients), slices.Clone(d.Jobs), slices.Clone(d.People)
	d.Sessions, d.Runs, d.Landings = slices.Clone(d.Sessions), slices.Clone(d.Runs), slices.Clone(d.Landings)
	d.Assets, d.Lesions = slices.Clone(d.Assets), slices.Clone(d.Lesions)
	return d
}

func (v *vault) store(d clinical.Delta) clinical.Delta {
	for i := range d.Patients {
		d.Patients[i].Rev = v.seq
		v.patients[d.Patients[i].ID] = d.Patients[i]
	}
	for i := range d.Jobs {
		d.Jobs[i].Rev = v.seq
		v.jobs[d.Jobs[i].ID] = d.Jobs[i]
	}
	for i := range d.People {
		d.People[i].Rev = v.seq
		v.people[d.People[i].ID] = d.People[i]
	}
	for i := range d.Lesions {
		d.Lesions[i].Rev = v.seq
		v.lesions[d.Lesions[i].ID] = d.Lesions[i]
	}
	for i := range d.Sessions {
		d.Sessions[i].Rev = v.seq
		v.sessions[d.Sessions[i].ID] = d.Sessions[i]
	}
	for i := range d.Runs {
		d.Runs[i].Rev = v.seq
		v.runs[d.Runs[i].ID] = d.Runs[i]
	}
	for i := range d.Landings {
		d.Landings[i].Rev = v.seq
		v.landings[d.Landings[i].Source] = d.Landings[i]
	}
	for i := range d.Assets {
		if d.Assets[i].Rev == 0 {
			v.ordinal++
			d.Assets[i].Ordinal = v.ordinal
		}
		d.Assets[i].Rev = v.seq
		v.assets[d.Assets[i].ID] = d.Assets[i]
	}
	return d
}

func (v *vault) Verify(_ context.Context, id clinical.BlobID) error {
	if err := v.step("verify"); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	b, ok := v.blobs[id]
	if !ok {
		return clinical.Errorf(clinical.NotFound, "fake vault: no blob")
	}
	for _, a := range v.assets {
		if a.Original.ID == id && a.Original.SHA256 != sha256.Sum256(b) {
			return clinical.Errorf(clinical.Corrupt, "fake vault: blob damaged")
		}
	}
	return nil
}

func found[T any](ok bool, t T) (T, error) {
	if !ok {
		var zero T
		return zero, clinical.Errorf(clinical.NotFound, "fake vault: not found")
	}
	return t, nil
}

func (v *vault) FindPatient(_ context.Context, id clinical.Identifier) (clinical.Patient, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.patients {
		if slices.Contains(p.Identifiers, id) {
			return p, nil
		}
	}
	return found(false, clinical.Patient{})
}

func (v *vault) FindJob(_ context.Context, number string) (clinical.Job, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, j := range v.jobs {
		if strings.EqualFold(j.Number, number) {
			return j, nil
		}
	}
	return found(false, clinical.Job{})
}

func (v *vault) Patient(_ context.Context, id clinical.PatientID) (clinical.Patient, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p, ok := v.patients[id]
	return found(ok, p)
}

func (v *vault) Job(_ context.Context, id clinical.JobID) (clinical.Job, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	j, ok := v.jobs[id]
	return found(ok, j)
}

func (v *vault) Asset(_ context.Context, id clinical.AssetID) (clinical.Asset, error) {
	if err := v.step("asset"); err != nil {
		return clinical.Asset{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	a, ok := v.assets[id]
	return found(ok, a)
}

func (v *vault) FindLanding(_ context.Context, source string) (clinical.Landing, error) {
	if err := v.step("find landing"); err != nil {
		return clinical.Landing{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	l, ok := v.landings[source]
	return found(ok, l)
}

func (v *vault) Load(_ context.Context, f func(clinical.Delta) error) (uint64, error) {
	v.mu.Lock()
	var d clinical.Delta
	for _, r := range v.people {
		d.People = append(d.People, r)
	}
	for _, r := range v.lesions {
		d.Lesions = append(d.Lesions, r)
	}
	for _, r := range v.sessions {
		d.Sessions = append(d.Sessions, r)
	}
	for _, r := range v.runs {
		d.Runs = append(d.Runs, r)
	}
	for _, r := range v.landings {
		d.Landings = append(d.Landings, r)
	}
	for _, r := range v.assets {
		d.Assets = append(d.Assets, r)
	}
	seq := v.seq
	v.mu.Unlock()
	return seq, f(d)
}

// Changes returns the entries with the records as they are now.
func (v *vault) Changes(ctx context.Context, after uint64, limit int) ([]clinical.Change, error) {
	for {
		v.mu.Lock()
		if after < v.seq {
			out := slices.Clone(v.changes[after:min(v.seq, after+uint64(limit))])
			for i := range out {
				out[i].Delta = v.now(out[i].Delta)
			}
			v.mu.Unlock()
			return out, nil
		}
		more := v.more
		v.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (v *vault) now(d clinical.Delta) clinical.Delta {
	d = clone(d)
	for i := range d.Runs {
		d.Runs[i] = v.runs[d.Runs[i].ID]
	}
	for i := range d.Assets {
		d.Assets[i] = v.assets[d.Assets[i].ID]
	}
	for i := range d.Landings {
		d.Landings[i] = v.landings[d.Landings[i].Source]
	}
	for i := range d.Sessions {
		d.Sessions[i] = v.sessions[d.Sessions[i].ID]
	}
	return d
}

// all returns the assets, oldest first.
func (v *vault) all() []clinical.Asset {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []clinical.Asset
	for _, a := range v.assets {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b clinical.Asset) int { return int(a.Ordinal) - int(b.Ordinal) })
	return out
}

// holds reports whether the bytes are kept, and under whom.
func (v *vault) holds(b []byte) (owners []string) {
	for _, a := range v.all() {
		v.mu.Lock()
		same := bytes.Equal(v.blobs[a.Original.ID], b)
		v.mu.Unlock()
		if same && !a.State.Gone() {
			owners = append(owners, fmt.Sprintf("%s %s", a.State, a.Patient))
		}
	}
	return owners
}

// head returns the number of the last change.
func (v *vault) head() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seq
}
