package testenv

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/index"
	"fovea/policy"
	"fovea/server/login"
	"fovea/vault"
	"fovea/vault/memstore"
)

// House is clinicaltest's hospital in a real vault, which lies in memory,
// behind a real gate, search and login. Its clock stands at clinicaltest.Now.
type House struct {
	Vault *vault.Vault
	Gate  *policy.Gate
	Index *index.Index
	Login *login.Door

	tb      testing.TB
	mu      sync.Mutex
	cookies map[string]*http.Cookie
}

// Password is everybody's in a House.
const Password = "correct horse battery"

// NewHouse opens a House that ends with the test.
func NewHouse(tb testing.TB) *House {
	tb.Helper()
	dir := tb.TempDir()
	key := filepath.Join(dir, "key")
	if err := vault.CreateKeyFile(key); err != nil {
		tb.Fatal(err)
	}
	s := memstore.New(memstore.Options{})
	v, _, err := vault.Init(tb.Context(), vault.Options{Dir: filepath.Join(dir, "keys"), Keys: vault.KeyFile(key), Store: s, Blobs: s})
	if err != nil {
		tb.Fatal(err)
	}
	h := &House{Vault: v, tb: tb, cookies: map[string]*http.Cookie{}}
	if h.Index, err = index.Open(index.Options{Dir: filepath.Join(dir, "index"), Key: v.Derive("index")}); err != nil {
		tb.Fatal(err)
	}
	h.Commit(clinicaltest.Hospital())
	h.Gate, err = policy.New(policy.Options{
		Recorder: v, Journal: v, Reader: v, Opener: v, Searcher: h.Index, Now: clinicaltest.Now, Zone: clinicaltest.Zone(), ETagKey: v.Derive("etag"),
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := h.Gate.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	h.Login, err = login.New(tb.Context(), login.Options{
		Shelf: v.Shelf("login"), People: h.Gate, Recorder: v, Key: v.Derive("login"), Ledger: v.Device, Now: clinicaltest.Now,
		Zone: clinicaltest.Zone(), Cost: login.Cost{Memory: 64, Passes: 1, Threads: 1},
	})
	if err != nil {
		tb.Fatal(err)
	}
	h.follow()
	return h
}

// follow keeps gate and search at the journal until the test ends.
func (h *House) follow() {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{
		h.Gate.Run, func(ctx context.Context) error { return h.Index.Follow(ctx, h.Vault) },
	} {
		running.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				h.tb.Errorf("house: %v", err)
			}
		})
	}
	h.tb.Cleanup(func() {
		stop()
		running.Wait()
		_ = h.Index.Close()
		_ = h.Vault.Close()
	})
}

// Commit writes records as the pipeline would.
func (h *House) Commit(d clinical.Delta) clinical.Change {
	h.tb.Helper()
	c, err := h.Vault.Commit(h.tb.Context(), clinical.Change{Event: clinical.Event{At: clinicaltest.Now(), Act: clinical.ActInit, Caller: clinical.Caller{Door: clinical.DoorIngest}}, Delta: d})
	if err != nil {
		h.tb.Fatal(err)
	}
	return c
}

// Keep keeps a picture of its own pixels, with its renditions.
func (h *House) Keep(a clinical.Asset) clinical.Asset {
	h.tb.Helper()
	pixels := image.NewGray(image.Rect(0, 0, 60, 40))
	copy(pixels.Pix, a.ID.String())
	var b bytes.Buffer
	if err := jpeg.Encode(&b, pixels, nil); err != nil {
		h.tb.Fatal(err)
	}
	owner := clinical.Owner{Patient: a.Patient, Asset: a.ID, Studio: a.Studio}
	put := func(content []byte, delta func(clinical.Blob) clinical.Delta) {
		c, err := h.Vault.Put(h.tb.Context(), owner, bytes.NewReader(content), func(blob clinical.Blob) (clinical.Change, error) {
			blob.MIME = "image/jpeg"
			e := clinical.Event{At: clinicaltest.Now(), Act: clinical.ActAssetKept, Caller: clinical.Caller{Door: clinical.DoorIngest}}
			return clinical.Change{Event: e, Delta: delta(blob)}, nil
		})
		if err != nil {
			h.tb.Fatal(err)
		}
		if len(c.Delta.Assets) > 0 {
			a = c.Delta.Assets[0]
		}
	}
	put(b.Bytes(), func(blob clinical.Blob) clinical.Delta {
		a.Original = blob
		return clinical.Delta{Assets: []clinical.Asset{a}}
	})
	for _, kind := range []clinical.RenditionKind{clinical.Thumbnail, clinical.Teaching} {
		put(append(bytes.Clone(b.Bytes()), string(kind)...), func(blob clinical.Blob) clinical.Delta {
			return clinical.Delta{Renditions: []clinical.Rendition{{
				ID: clinicaltest.ID[clinical.Rendition](string(kind) + a.ID.String()), Asset: a.ID, Patient: a.Patient, Kind: kind, Recipe: 1,
				Source: a.Original.ID, Blob: blob, Width: 60, Height: 40, MadeAt: clinicaltest.Now(),
			}}}
		})
	}
	return a
}

// Settle waits until gate and search have everything that was committed.
func (h *House) Settle() {
	h.tb.Helper()
	ctx, cancel := context.WithTimeout(h.tb.Context(), 20*time.Second)
	defer cancel()
	head := h.Vault.Head()
	if err := h.Index.WaitFor(ctx, head); err != nil {
		h.tb.Fatal(err)
	}
	for {
		scope, err := h.Gate.Scope(h.Caller("paula"), clinical.Care())
		if err != nil {
			h.tb.Fatal(err)
		}
		if scope.Version >= head {
			return
		}
		if _, err := h.Vault.Changes(ctx, scope.Version, 1); err != nil {
			h.tb.Fatalf("house: the gate does not follow: %v", err)
		}
	}
}

// Caller is one of the hospital's people at the API.
func (h *House) Caller(who string) clinical.Caller {
	return clinical.Caller{Person: clinicaltest.ID[clinical.Person](who), Door: clinical.DoorAPI}
}

// Cookie signs one of the hospital's people in.
func (h *House) Cookie(who string) *http.Cookie {
	h.tb.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.cookies[who]; c != nil {
		return c
	}
	if err := h.Login.SetPassword(h.tb.Context(), clinicaltest.ID[clinical.Person](who), Password); err != nil {
		h.tb.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(h.tb.Context(), http.MethodPost, "https://fovea.test/login", http.NoBody)
	if _, err := h.Login.SignIn(w, r, who, Password); err != nil {
		h.tb.Fatal(err)
	}
	for _, c := range w.Result().Cookies() {
		h.cookies[who] = c
	}
	return h.cookies[who]
}

// Ask sends a request to a door as one of the hospital's people, as nobody
// where who is empty, and returns the answer.
func (h *House) Ask(door http.Handler, who, method, path string, more ...string) *httptest.ResponseRecorder {
	h.tb.Helper()
	body := ""
	if len(more) > 0 {
		body = more[0]
	}
	r := httptest.NewRequestWithContext(h.tb.Context(), method, "https://fovea.test"+path, strings.NewReader(body))
	for i := 1; i+1 < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	if who != "" {
		r.AddCookie(h.Cookie(who))
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w
}
