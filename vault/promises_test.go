package vault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/memstore"
)

// onStore is newBench with drivers and options of the test's choice.
func onStore(tb testing.TB, change func(*vault.Options)) *bench {
	tb.Helper()
	dir := tb.TempDir()
	if err := vault.CreateKeyFile(filepath.Join(dir, "key")); err != nil {
		tb.Fatal(err)
	}
	b := &bench{mint: clinical.NewMinter(nil, nil)}
	b.photo = clinical.Mint[clinical.Person](b.mint)
	b.opt = vault.Options{Dir: filepath.Join(dir, "keys"), Keys: vault.KeyFile(filepath.Join(dir, "key"))}
	change(&b.opt)
	v, _, err := vault.Init(tb.Context(), b.opt)
	if err != nil {
		tb.Fatal(err)
	}
	b.Vault = v
	tb.Cleanup(func() { _ = b.Vault.Close() })
	return b
}

func TestNumbersNamesAndLoginsBelongToOneRecordEach(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	commit := func(d clinical.Delta) error {
		_, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActPatientAdded), Delta: d})
		return err
	}
	one := clinical.Delta{
		Jobs:     []clinical.Job{{ID: clinical.Mint[clinical.Job](b.mint), Number: "J-1"}},
		People:   []clinical.Person{{ID: clinical.Mint[clinical.Person](b.mint), Login: "ada"}},
		Sets:     []clinical.TeachingSet{{ID: clinical.Mint[clinical.TeachingSet](b.mint), Name: "Straße"}},
		Landings: []clinical.Landing{{ID: clinical.Mint[clinical.Landing](b.mint), Source: "cafe"}},
	}
	if err := commit(one); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]clinical.Delta{
		"a patient's number": {Patients: []clinical.Patient{{ID: clinical.Mint[clinical.Patient](b.mint), Identifiers: p.Identifiers}}},
		"a job's number":     {Jobs: []clinical.Job{{ID: clinical.Mint[clinical.Job](b.mint), Number: "J-1"}}},
		"a login":            {People: []clinical.Person{{ID: clinical.Mint[clinical.Person](b.mint), Login: "ada"}}},
		"a name, case aside": {Sets: []clinical.TeachingSet{{ID: clinical.Mint[clinical.TeachingSet](b.mint), Name: "sTRAße"}}},
		"a landed file":      {Landings: []clinical.Landing{{ID: clinical.Mint[clinical.Landing](b.mint), Source: "cafe"}}},
		"two of one change":  {Jobs: []clinical.Job{{ID: clinical.Mint[clinical.Job](b.mint), Number: "J-2"}, {ID: clinical.Mint[clinical.Job](b.mint), Number: "J-2"}}},
	} {
		if err := commit(d); !errors.Is(err, clinical.ErrConflict) {
			t.Errorf("%s: got %v, want a conflict", name, err)
		}
	}
	if got, err := b.FindPatient(t.Context(), p.Identifiers[0]); err != nil || got.ID != p.ID {
		t.Errorf("FindPatient: %v, %v", got, err)
	}
	if got, err := b.FindJob(t.Context(), "J-1"); err != nil || got.ID != one.Jobs[0].ID {
		t.Errorf("FindJob: %v, %v", got.ID, err)
	}
	if got, err := b.FindLanding(t.Context(), "cafe"); err != nil || got.ID != one.Landings[0].ID {
		t.Errorf("FindLanding: %v, %v", got.ID, err)
	}
	if _, err := b.FindJob(t.Context(), "J-2"); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("FindJob of a refused one: %v", err)
	}
	// A number that was given up is free again.
	p.Identifiers = []clinical.Identifier{{System: "hospital", Value: "1001"}}
	if err := commit(clinical.Delta{Patients: []clinical.Patient{p}}); err != nil {
		t.Fatal(err)
	}
	q := b.patient(t, "1000")
	// Two patients whose numbers were mixed up get them right in one change.
	mixed := clinical.Delta{Patients: []clinical.Patient{q, {}}}
	mixed.Patients[1], _ = b.Patient(t.Context(), p.ID)
	mixed.Patients[0].Identifiers, mixed.Patients[1].Identifiers = mixed.Patients[1].Identifiers, mixed.Patients[0].Identifiers
	if err := commit(mixed); err != nil {
		t.Fatal(err)
	}
	if got, err := b.FindPatient(t.Context(), clinical.Identifier{System: "hospital", Value: "1000"}); err != nil || got.ID != p.ID {
		t.Errorf("after the exchange: %v, %v", got, err)
	}
}

func TestARefiledPictureTakesItsRenditionsAlong(t *testing.T) {
	b := newBench(t)
	p, q := b.patient(t, "1000"), b.patient(t, "2000")
	a := b.mustKeep(t, b.owner(p.ID), picture(5000, 1))
	x := b.rendition(t, a, picture(700, 2))
	a.Patient = q.ID
	c, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActRefiled), Delta: clinical.Delta{Assets: []clinical.Asset{a}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Renditions) != 1 || c.Renditions[0].Patient != q.ID || c.Renditions[0].Rev != c.Seq {
		t.Errorf("the change says of renditions: %+v", c.Renditions)
	}
	b.reopen(t)
	if !bytes.Equal(b.read(t, x.Blob.ID), picture(700, 2)) {
		t.Error("the rendition reads otherwise")
	}
	list, err := b.Renditions(t.Context(), a.ID)
	if err != nil || len(list) != 1 || list[0].ID != x.ID {
		t.Errorf("Renditions: %v, %v", list, err)
	}
	// Whoever rendered for the old patient meanwhile has to look again.
	_, err = b.Put(t.Context(), clinical.Owner{Patient: p.ID, Asset: a.ID}, reader(picture(10, 1)), func(blob clinical.Blob) (clinical.Change, error) {
		return clinical.Change{Event: b.event(clinical.ActRendered), Delta: clinical.Delta{Renditions: []clinical.Rendition{{ID: clinical.Mint[clinical.Rendition](b.mint), Asset: a.ID, Blob: blob}}}}, nil
	})
	if !errors.Is(err, clinical.ErrConflict) {
		t.Errorf("put for the old owner: got %v, want a conflict", err)
	}
}

func TestARecordNeverNamesBytesThatAreNotThere(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	a := clinical.Asset{ID: clinical.Mint[clinical.Asset](b.mint), State: clinical.Filed, Patient: p.ID, Original: clinical.Blob{ID: clinical.Mint[clinical.Blob](b.mint)}}
	_, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActAssetKept), Delta: clinical.Delta{Assets: []clinical.Asset{a}}})
	if !errors.Is(err, clinical.ErrInvalid) {
		t.Errorf("got %v, want invalid", err)
	}
}

func TestAnErasedPictureCannotComeBack(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	a := b.end(t, b.mustKeep(t, b.owner(p.ID), picture(500, 1)), clinical.Erased)
	a.State = clinical.Filed
	if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActReviewed), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}); !errors.Is(err, clinical.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	// The bytes were given up, not forbidden: they may land again.
	b.mustKeep(t, b.owner(p.ID), picture(500, 1))
}

func TestABackupOfTheStoreCannotBringErasedBytesBack(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	a := b.mustKeep(t, b.owner(p.ID), picture(500, 1))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	backup, current := b.store.Reopen(), b.store.Reopen()
	b.opt.Store, b.opt.Blobs = current, current
	b.open(t)
	b.end(t, a, clinical.Erased)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.opt.Store, b.opt.Blobs = backup, backup
	b.open(t)
	if _, err := b.Vault.Open(t.Context(), a.Original.ID); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
	r, err := b.Fsck(t.Context(), vault.FsckOptions{})
	if err != nil || r.Clean() {
		t.Errorf("fsck does not tell that a slot was destroyed since: %v, %v", r, err)
	}
}

func TestALostKeyFileIsReplacedByARecoveryIdentity(t *testing.T) {
	dir := t.TempDir()
	s := memstore.New(memstore.Options{})
	key := func(name string) vault.KeyWrapper {
		if err := vault.CreateKeyFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		return vault.KeyFile(filepath.Join(dir, name))
	}
	o := vault.Options{Dir: dir, Keys: key("lost"), Store: s, Blobs: s}
	v, rec, err := vault.Init(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	for i, id := range rec.Identities {
		o.Keys = key("new" + string(rune('0'+i)))
		if err := vault.Recover(t.Context(), o, id); err != nil {
			t.Fatal(err)
		}
		if v, err = vault.Open(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	}
	o.Keys = vault.KeyFile(filepath.Join(dir, "lost"))
	if _, err := vault.Open(t.Context(), o); err == nil {
		t.Error("the lost key file still opens the vault")
	}
}

func TestAPassphraseOpensTheVaultAndAnotherDoesNot(t *testing.T) {
	s := memstore.New(memstore.Options{})
	b := onStore(t, func(o *vault.Options) { o.Store, o.Blobs, o.Keys = s, s, vault.Passphrase("correct horse") })
	b.reopen(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.opt.Keys = vault.Passphrase("correct horses")
	if _, err := vault.Open(t.Context(), b.opt); !errors.Is(err, clinical.ErrForbidden) {
		t.Errorf("got %v, want forbidden", err)
	}
}

// trickle is a reader that does not say how long it is.
type trickle struct{ r io.Reader }

func (r trickle) Read(p []byte) (int, error) { return r.r.Read(p[:min(len(p), 10_007)]) }

func TestBlobsOfEverySizeGoInFusedOrNot(t *testing.T) {
	s := memstore.New(memstore.Options{MaxFused: 2 << 20})
	for name, blobs := range map[string]vault.Blobs{"fuser": s, "apart": apart{s}} {
		t.Run(name, func(t *testing.T) {
			b := onStore(t, func(o *vault.Options) { o.Store, o.Blobs = memstore.New(memstore.Options{}), blobs })
			if name == "fuser" {
				b = onStore(t, func(o *vault.Options) {
					m := memstore.New(memstore.Options{MaxFused: 2 << 20})
					o.Store, o.Blobs = m, m
				})
			}
			p := b.patient(t, "1000")
			for _, size := range []int{1, 1 << 20, 2<<20 - 64*32, 2 << 20, 2<<20 + 1, 5 << 20} {
				data := picture(size, byte(size>>3))
				o := b.owner(p.ID)
				a, err := b.keep(t.Context(), o, trickle{bytes.NewReader(data)})
				if err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				if !bytes.Equal(b.read(t, a.Original.ID), data) || a.Original.SHA256 != sha256.Sum256(data) {
					t.Errorf("%d bytes read back otherwise", size)
				}
				broken := io.MultiReader(bytes.NewReader(data), iotest.ErrReader(errPower))
				if _, err := b.keep(t.Context(), b.owner(p.ID), broken); !errors.Is(err, errPower) {
					t.Errorf("%d bytes and no more: %v", size, err)
				}
				if _, err := b.keep(t.Context(), b.owner(p.ID), trickle{bytes.NewReader(data)}); err == nil {
					t.Errorf("%d bytes were kept twice", size)
				}
			}
			_, err := b.keep(t.Context(), b.owner(p.ID), bytes.NewReader(nil))
			if clinical.ReasonOf(err) != "empty" {
				t.Errorf("an empty file: %v", err)
			}
			r, err := b.Fsck(t.Context(), vault.FsckOptions{Deep: true})
			if err != nil || !r.Clean() || r.Unreferenced != 0 {
				t.Errorf("fsck: %+v, %v", r, err)
			}
		})
	}
}

func TestReadingAnywhereGivesTheBytesThatAreThere(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	data := picture(300_001, 9)
	a := b.mustKeep(t, b.owner(p.ID), data)
	c, err := b.Vault.Open(t.Context(), a.Original.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, at := range []struct{ off, n int }{{0, 1}, {65535, 2}, {65536, 65536}, {131072, 1}, {300_000, 1}, {299_990, 50}, {0, 300_001}} {
		want := data[at.off:min(at.off+at.n, len(data))]
		got := make([]byte, at.n)
		n, err := c.ReadAt(got, int64(at.off))
		if !bytes.Equal(got[:n], want) || (err != nil) != (n < at.n) || (err != nil && !errors.Is(err, io.EOF)) {
			t.Errorf("ReadAt(%d, %d): %d bytes, %v", at.off, at.n, n, err)
		}
		if _, err := c.Seek(int64(at.off), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(rest, data[at.off:]) {
			t.Errorf("read on from %d: %d bytes, %v", at.off, len(rest), err)
		}
	}
	if _, err := c.ReadAt(make([]byte, 1), 300_001); !errors.Is(err, io.EOF) {
		t.Errorf("beyond the end: %v", err)
	}
}

// swapped gives every blob the bytes that how makes of them.
type swapped struct {
	*memstore.Store
	how atomic.Pointer[func(id clinical.BlobID, p []byte, off int64) (int, error)]
}

func (s *swapped) ReadBlobAt(ctx context.Context, id clinical.BlobID, p []byte, off int64) (int, error) {
	if how := s.how.Load(); how != nil {
		return (*how)(id, p, off)
	}
	return s.Store.ReadBlobAt(ctx, id, p, off)
}

func TestSwappedReorderedOrMissingBytesAreNeverServed(t *testing.T) {
	const pack = 64<<10 + 32
	s := &swapped{Store: memstore.New(memstore.Options{})}
	b := onStore(t, func(o *vault.Options) { o.Store, o.Blobs = s, s })
	p := b.patient(t, "1000")
	one, two := b.mustKeep(t, b.owner(p.ID), picture(4*64<<10, 1)), b.mustKeep(t, b.owner(p.ID), picture(4*64<<10, 2))
	read := func(id clinical.BlobID, p []byte, off int64) (int, error) {
		return s.Store.ReadBlobAt(t.Context(), id, p, off)
	}
	for name, how := range map[string]func(id clinical.BlobID, p []byte, off int64) (int, error){
		"another blob's bytes": func(_ clinical.BlobID, p []byte, off int64) (int, error) { return read(two.Original.ID, p, off) },
		"two packages swapped": func(id clinical.BlobID, p []byte, off int64) (int, error) {
			for i := range p {
				at := off + int64(i)
				if k := at / pack; k == 1 || k == 2 {
					at = (3-k)*pack + at%pack
				}
				if n, err := read(id, p[i:i+1], at); n != 1 {
					return i, err
				}
			}
			return len(p), nil
		},
		"cut at a package": func(id clinical.BlobID, p []byte, off int64) (int, error) {
			if off+int64(len(p)) > 3*pack {
				n, _ := read(id, p[:max(0, min(int64(len(p)), 3*pack-off))], off)
				return n, io.EOF
			}
			return read(id, p, off)
		},
		"gone": func(clinical.BlobID, []byte, int64) (int, error) { return 0, clinical.ErrNotFound },
	} {
		t.Run(name, func(t *testing.T) {
			s.how.Store(&how)
			defer s.how.Store(nil)
			if err := b.Verify(t.Context(), one.Original.ID); !errors.Is(err, clinical.ErrCorrupt) || clinical.KindOf(err) != clinical.Corrupt {
				t.Errorf("verify: got %v, want corrupt", err)
			}
			c, err := b.Vault.Open(t.Context(), one.Original.ID)
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 4*64<<10)
			if _, err := c.ReadAt(buf, 0); clinical.KindOf(err) != clinical.Corrupt {
				t.Errorf("ReadAt: got %v, want corrupt", err)
			}
			if !bytes.Equal(buf, make([]byte, len(buf))) {
				t.Error("ReadAt left bytes behind that it could not vouch for")
			}
			var r vault.Report
			if r, err = b.Fsck(t.Context(), vault.FsckOptions{Deep: true}); err != nil || r.Clean() {
				t.Errorf("deep fsck: %v, %v", r, err)
			}
		})
	}
}

// stuck is a store whose writes fail, or wait, while it is told to.
type stuck struct {
	*memstore.Store
	fails atomic.Bool
	wait  sync.Mutex // held by the test: writes wait
}

func (s *stuck) Update(ctx context.Context, f func(vault.Txn) error) error {
	if s.fails.Load() {
		return errPower
	}
	s.wait.Lock()
	defer s.wait.Unlock()
	return s.Store.Update(ctx, f)
}

func TestALedgerThatCannotBeWrittenIsUnhealthyAndHealsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stuck{Store: memstore.New(memstore.Options{})}
		b := onStore(t, func(o *vault.Options) { o.Store, o.Blobs = s, s })
		s.fails.Store(true)
		b.NoteLater(b.event(clinical.ActListed))
		<-time.After(4 * time.Second)
		if !b.Healthy() {
			t.Error("unhealthy after 4 s")
		}
		<-time.After(2 * time.Second)
		if b.Healthy() {
			t.Error("healthy after 6 s without a ledger")
		}
		s.fails.Store(false)
		<-time.After(2 * time.Second)
		if !b.Healthy() {
			t.Error("unhealthy 2 s after the store came back")
		}
		if got := b.audit(t).Acts[string(clinical.ActListed)]; got != 1 {
			t.Errorf("the ledger has the entry %d times", got)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestEveryWaitEndsWithItsContext(t *testing.T) {
	s := &stuck{Store: memstore.New(memstore.Options{})}
	b := onStore(t, func(o *vault.Options) { o.Store, o.Blobs = s, s })
	first := make(chan error, 1)
	s.wait.Lock()
	go func() { first <- b.Note(context.WithoutCancel(t.Context()), b.event(clinical.ActViewed)) }()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	errs := make([]error, 3)
	group.Go(func() { errs[0] = b.Shelf("x").Put(ctx, "k", nil) })
	group.Go(func() { _, errs[1] = b.Changes(ctx, b.Head(), 1) })
	group.Go(func() { _, errs[2] = b.Checkpoint(ctx) })
	cancel()
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("still waiting 20 s after the context ended")
	}
	for i, err := range errs {
		if err == nil {
			t.Errorf("wait %d ended without an error", i)
		}
	}
	s.wait.Unlock()
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestTheKeyringIsNeverReadableByOthers(t *testing.T) {
	b := newBench(t)
	info, err := os.Stat(filepath.Join(b.opt.Dir, "keyring"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(os.FileMode(0o600), info.Mode().Perm()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// clinging is a store that deletes no blob while it is told so.
type clinging struct {
	*memstore.Store
	clings atomic.Bool
}

func (s *clinging) DeleteBlob(ctx context.Context, id clinical.BlobID) error {
	if s.clings.Load() {
		return errPower
	}
	return s.Store.DeleteBlob(ctx, id)
}

func TestAnErasureThatIsHeldUpIsFinishedLaterAndItsKeyIsGoneAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &clinging{Store: memstore.New(memstore.Options{})}
		b := onStore(t, func(o *vault.Options) { o.Store, o.Blobs = s, s })
		p := b.patient(t, "1000")
		a := b.mustKeep(t, b.owner(p.ID), picture(100, 1))
		s.clings.Store(true)
		b.end(t, a, clinical.Erased)
		keyring := func() []byte {
			data, err := os.ReadFile(filepath.Join(b.opt.Dir, "keyring"))
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		before := keyring()
		<-time.After(5 * time.Second)
		if !bytes.Equal(before, keyring()) {
			t.Error("the keyring is written at each try, though the key is gone")
		}
		s.clings.Store(false)
		<-time.After(2 * time.Second)
		r, err := b.Fsck(t.Context(), vault.FsckOptions{})
		if err != nil || !r.Clean() || r.Unreferenced != 0 || r.Destroyed != 1 {
			t.Errorf("fsck: %+v, %v", r, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}
