package darkroom_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/vault"
	"fovea/vault/memstore"
)

// house is a vault with a follower on it.
type house struct {
	*vault.Vault
	mint     *clinical.Minter
	follower *darkroom.Follower
	delivers bool
	opening  func() // called before an original or a rendition is opened
	log      *slog.Logger

	mu    sync.Mutex
	lost  map[clinical.BlobID]bool // as if a disk had lost them
	opens map[clinical.BlobID]int
}

func (h *house) Open(ctx context.Context, id clinical.BlobID) (clinical.Content, error) {
	h.mu.Lock()
	h.opens[id]++
	lost := h.lost[id]
	h.mu.Unlock()
	if h.opening != nil {
		h.opening()
	}
	if lost {
		return nil, clinical.ErrNotFound
	}
	return h.Vault.Open(ctx, id)
}

func newHouse(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := vault.CreateKeyFile(key); err != nil {
		t.Fatal(err)
	}
	s := memstore.New(memstore.Options{})
	v, _, err := vault.Init(t.Context(), vault.Options{Dir: filepath.Join(dir, "keys"), Keys: vault.KeyFile(key), Store: s, Blobs: s})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{
		Vault: v, mint: clinical.NewMinter(nil, nil), log: slog.New(slog.DiscardHandler),
		lost: map[clinical.BlobID]bool{}, opens: map[clinical.BlobID]int{},
	}
	t.Cleanup(func() { _ = v.Close() })
	return h
}

// follow starts a new follower; the returned function stops and joins it.
func (h *house) follow(t *testing.T) (stop func()) {
	t.Helper()
	h.follower = darkroom.NewFollower(darkroom.Options{
		Journal: h.Vault, Recipes: h.Vault, Keeper: h.Vault, Opener: h, Renderer: darkroom.NewRenderer(nil), Now: time.Now, Mint: h.mint,
		Log: h.log, Workers: 2, Delivers: h.delivers,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.follower.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func (h *house) patient(t *testing.T, number string) clinical.PatientID {
	t.Helper()
	p := clinical.Patient{
		ID: clinical.Mint[clinical.Patient](h.mint), Family: "Higgins",
		Identifiers: []clinical.Identifier{{System: "hospital", Value: number}},
	}
	h.commit(t, clinical.ActPatientAdded, clinical.Delta{Patients: []clinical.Patient{p}})
	return p.ID
}

func (h *house) commit(t *testing.T, act clinical.Act, d clinical.Delta) clinical.Change {
	t.Helper()
	c, err := h.Commit(t.Context(), clinical.Change{Event: h.event(act), Delta: d})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (h *house) event(act clinical.Act) clinical.Event {
	return clinical.Event{At: time.Now(), Act: act, Caller: clinical.Caller{Door: clinical.DoorIngest}}
}

func (h *house) keep(t *testing.T, p clinical.PatientID, b []byte) clinical.Asset {
	t.Helper()
	o := clinical.Owner{Patient: p, Asset: clinical.Mint[clinical.Asset](h.mint)}
	c, err := h.Put(t.Context(), o, bytes.NewReader(b), func(blob clinical.Blob) (clinical.Change, error) {
		blob.MIME = "image/jpeg"
		a := clinical.Asset{ID: o.Asset, State: clinical.Filed, Patient: p, Studio: "a", Original: blob}
		return clinical.Change{Event: h.event(clinical.ActAssetKept), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.Delta.Assets[0]
}

// await follows the journal until a rendition of the asset and kind satisfies.
func (h *house) await(t *testing.T, id clinical.AssetID, kind clinical.RenditionKind, is func(clinical.Rendition) bool) clinical.Rendition {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for seq := uint64(0); ; {
		changes, err := h.Changes(ctx, seq, 100)
		if err != nil {
			t.Fatalf("no %s of the asset came: %v", kind, err)
		}
		for _, c := range changes {
			seq = c.Seq
			for _, r := range c.Renditions {
				if r.Asset == id && r.Kind == kind && is(r) {
					return r
				}
			}
		}
	}
}

// hasHeard waits until the follower, too, knows of a rendition that the journal has.
func (h *house) hasHeard(t *testing.T, id clinical.AssetID, kind clinical.RenditionKind) {
	t.Helper()
	if _, err := h.follower.Ensure(t.Context(), id, kind); err != nil {
		t.Fatal(err)
	}
}

func made(r clinical.Rendition) bool { return r.Failed == "" && !r.Blob.ID.IsZero() }

func TestEverythingKeptGetsAThumbnailAndSetMembersAPicture(t *testing.T) {
	h := newHouse(t)
	p := h.patient(t, "1")
	before := h.keep(t, p, picture(t, 800, 600)) // there when the follower starts
	stop := h.follow(t)
	after := h.keep(t, p, picture(t, 600, 800))
	for _, a := range []clinical.Asset{before, after} {
		r := h.await(t, a.ID, clinical.Thumbnail, made)
		c, err := h.Vault.Open(t.Context(), r.Blob.ID)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(c)
		if err := errors.Join(err, c.Close(), darkroom.Bare(b)); err != nil {
			t.Error(err)
		}
		if max(r.Width, r.Height) != 256 || r.Source != a.Original.ID || r.Patient != p || r.Blob.MIME != "image/jpeg" {
			t.Errorf("%+v", r)
		}
	}
	set := clinical.TeachingSet{ID: clinical.Mint[clinical.TeachingSet](h.mint), Name: "ulcers"}
	item := clinical.SetItem{ID: clinical.Mint[clinical.SetItem](h.mint), Set: set.ID, Asset: after.ID, Number: 1, Label: "x"}
	h.commit(t, clinical.ActSetItemsAdded, clinical.Delta{Sets: []clinical.TeachingSet{set}, Items: []clinical.SetItem{item}})
	r := h.await(t, after.ID, clinical.Teaching, made)
	if r.Width != 600 || r.Height != 800 {
		t.Errorf("teaching picture is %dx%d", r.Width, r.Height)
	}
	stop()
	rs, err := h.Renditions(t.Context(), before.ID)
	if err != nil || len(rs) != 1 {
		t.Errorf("a picture in no set has %d renditions, %v", len(rs), err)
	}
}

func TestWhatIsHandedOverGetsAPicture(t *testing.T) {
	h := newHouse(t)
	of := h.patient(t, "1")
	released, delivered := h.keep(t, of, picture(t, 60, 40)), h.keep(t, of, picture(t, 61, 40))
	h.commit(t, clinical.ActReleaseMade, clinical.Delta{Releases: []clinical.Release{{
		ID: clinical.Mint[clinical.Release](h.mint), Assets: []clinical.AssetID{released.ID}, Rendition: clinical.Teaching,
	}}})
	stop := h.follow(t)
	h.await(t, released.ID, clinical.Teaching, made)
	stop()
	h.delivers = true
	h.follow(t)
	delivered.Sensitivity = clinical.Plain
	h.commit(t, clinical.ActClassified, clinical.Delta{Assets: []clinical.Asset{delivered}})
	h.await(t, delivered.ID, clinical.Teaching, made)
}

func TestUndecodableIsRecordedOnce(t *testing.T) {
	h := newHouse(t)
	a := h.keep(t, h.patient(t, "1"), []byte("\xff\xd8\xff no picture"))
	stop := h.follow(t)
	r := h.await(t, a.ID, clinical.Thumbnail, func(r clinical.Rendition) bool { return r.Failed != "" })
	if r.Failed != darkroom.ReasonUndecodable {
		t.Errorf("failed: %q", r.Failed)
	}
	if _, err := h.follower.Ensure(t.Context(), a.ID, clinical.Thumbnail); clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
		t.Errorf("Ensure: %v", err)
	}
	stop()
	head := h.Head()
	stop = h.follow(t) // a new start knows it from the journal
	if _, err := h.follower.Ensure(t.Context(), a.ID, clinical.Thumbnail); clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
		t.Errorf("Ensure: %v", err)
	}
	stop()
	if h.Head() != head {
		t.Error("the failure was recorded twice")
	}
}

func TestLostBytesAreRemadeTheSame(t *testing.T) {
	h := newHouse(t)
	a := h.keep(t, h.patient(t, "1"), picture(t, 800, 600))
	stop := h.follow(t)
	first := h.await(t, a.ID, clinical.Thumbnail, made)
	h.hasHeard(t, a.ID, clinical.Thumbnail)
	h.mu.Lock()
	h.lost[first.Blob.ID] = true
	h.mu.Unlock()
	again, err := h.follower.Ensure(t.Context(), a.ID, clinical.Thumbnail)
	if err != nil || again.Blob.ID == first.Blob.ID || again.Blob.SHA256 != first.Blob.SHA256 || again.ID != first.ID {
		t.Fatalf("remade: %v, new bytes %v, same picture %v", err, again.Blob.ID != first.Blob.ID, again.Blob.SHA256 == first.Blob.SHA256)
	}
	stop()
	h.mu.Lock()
	h.lost[again.Blob.ID] = true
	h.mu.Unlock()
	h.follow(t) // the start looks for what is missing
	h.await(t, a.ID, clinical.Thumbnail, func(r clinical.Rendition) bool { return made(r) && r.Blob.ID != again.Blob.ID && r.Rev > again.Rev })
}

func TestManyWhoWantTheSamePictureWaitForOneMaking(t *testing.T) {
	h := newHouse(t)
	a := h.keep(t, h.patient(t, "1"), picture(t, 1600, 1200))
	h.follow(t)
	h.await(t, a.ID, clinical.Thumbnail, made)
	h.awaitQuality(t, a.ID, measured)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := h.follower.Ensure(t.Context(), a.ID, clinical.Teaching); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := h.opens[a.Original.ID]; n != 3 { // the thumbnail's, to be measured, and this one
		t.Errorf("the original was opened %d times", n)
	}
}

func TestUnknownThingsAreNotFound(t *testing.T) {
	h := newHouse(t)
	a := h.keep(t, h.patient(t, "1"), picture(t, 100, 100))
	h.follow(t)
	for _, c := range []struct {
		id   clinical.AssetID
		kind clinical.RenditionKind
	}{{clinical.Mint[clinical.Asset](h.mint), clinical.Thumbnail}, {a.ID, "poster"}, {a.ID, clinical.Original}} {
		if _, err := h.follower.Ensure(t.Context(), c.id, c.kind); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("%s: %v", c.kind, err)
		}
	}
}
