//go:build peers

package peers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/policy"
	"fovea/server/login"
	"fovea/vault"
	"fovea/vault/badgerstore"
)

// The pictures: the first is large, as many as connections ask at once are of the size of a teaching picture, and the
// others are small, because listing them is all that is done with them.
const (
	pictures    = 12_000
	largeSize   = 24 << 20
	mediumSize  = 300 << 10
	connections = 32
)

// sets are published, and their sizes. Each begins with the same pictures.
func sets() map[string]int {
	return map[string]int{"Thousand": 1000, "Ten": 10_000, "All": pictures}
}

// file is the name that a picture has in every set, with us and with the peers.
func file(nth int) string { return fmt.Sprintf("%06d-wound.jpg", nth+1) }

// content is what nobody can compress.
func content(nth int) []byte {
	size := 100
	switch {
	case nth == 0:
		size = largeSize
	case nth <= connections:
		size = mediumSize
	}
	r := rand.NewChaCha8([32]byte{byte(nth), byte(nth >> 8)})
	b := make([]byte, size)
	_, _ = r.Read(b)
	return b
}

// world is where the pictures lie: sealed in a vault, and in plain files.
type world struct {
	dir    string
	Secret string // of the student's app password
}

func (w world) vault() string { return filepath.Join(w.dir, "fovea") }

func (w world) files() string { return filepath.Join(w.dir, "files") }

// build makes the world, and measures meanwhile, as the vault is open, how much processor time credentials take.
func build(t *testing.T) (w world, credentials time.Duration) {
	t.Helper()
	dir, err := os.MkdirTemp("", "fovea-peers-") //nolint:usetesting // the peers' own users may not enter what t.TempDir makes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w = world{dir: dir}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(w.vault(), 0o700), os.Mkdir(w.files(), 0o755)); err != nil {
		t.Fatal(err)
	}
	h, err := openHouse(t.Context(), w.vault())
	if err != nil {
		t.Fatal(err)
	}
	filling := clinical.Event{At: clinicaltest.Now(), Act: clinical.ActInit, Caller: clinical.Caller{Door: clinical.DoorIngest}}
	if _, err := h.vault.Commit(t.Context(), clinical.Change{Event: filling, Delta: clinicaltest.Hospital()}); err != nil {
		t.Fatal(err)
	}
	lecture := testenv.NewLecture(t, h.vault, pictures, content)
	for name, n := range sets() {
		lecture.Publish(name, n)
	}
	if err := h.gate.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	issued, err := h.login.IssueAppPassword(t.Context(), clinicaltest.ID[clinical.Person]("stella"), "bench", nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Secret = issued.Secret
	credentials = cost(t, h.login, w.Secret)
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	w.copyOut(t)
	return w, credentials
}

// copyOut writes the pictures into plain files, a folder for each set.
func (w world) copyOut(t *testing.T) {
	t.Helper()
	for name, n := range sets() {
		dir := filepath.Join(w.files(), name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for nth := range n {
			if err := os.WriteFile(filepath.Join(dir, file(nth)), content(nth), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// cost is how much processor time it takes to know the device of one request.
func cost(t *testing.T, door *login.Door, secret string) time.Duration {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "PROPFIND", "https://fovea.test/dav/teaching/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:1"
	r.SetBasicAuth("stella", secret)
	const times = 20_000
	runtime.LockOSThread() // what the vault does meanwhile does not count
	defer runtime.UnlockOSThread()
	before := processor(t)
	for range times {
		if _, _, err := door.Mount(r); err != nil {
			t.Fatal(err)
		}
	}
	return (processor(t) - before) / times
}

// processor is how much processor time this thread has had.
func processor(t *testing.T) time.Duration {
	t.Helper()
	const thread = 1 // RUSAGE_THREAD, getrusage(2)
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// house is a vault on disk, with the gate before it and who knows its people.
type house struct {
	store *badgerstore.Store
	vault *vault.Vault
	gate  *policy.Gate
	login *login.Door
}

// openHouse opens the vault in dir, or makes it. The gate is not started.
func openHouse(ctx context.Context, dir string) (h *house, err error) {
	h = &house{}
	if h.store, err = badgerstore.Open(ctx, badgerstore.Options{Dir: filepath.Join(dir, "store")}); err != nil {
		return nil, err
	}
	key := filepath.Join(dir, "key")
	o := vault.Options{Dir: filepath.Join(dir, "keys"), Keys: vault.KeyFile(key), Store: h.store, Blobs: h.store}
	if _, err := os.Stat(key); err == nil {
		h.vault, err = vault.Open(ctx, o)
		if err != nil {
			return nil, err
		}
	} else {
		if err := vault.CreateKeyFile(key); err != nil {
			return nil, err
		}
		if h.vault, _, err = vault.Init(ctx, o); err != nil {
			return nil, err
		}
	}
	now, zone := clock(), clinicaltest.Zone()
	h.gate, err = policy.New(policy.Options{
		Recorder: h.vault, Journal: h.vault, Reader: h.vault, Opener: h.vault, Now: now, Zone: zone, ETagKey: h.vault.Derive("etag"),
	})
	if err != nil {
		return nil, err
	}
	h.login, err = login.New(ctx, login.Options{
		Shelf: h.vault.Shelf("login"), People: h.gate, Recorder: h.vault, Key: h.vault.Derive("login"), Now: now, Zone: zone,
	})
	return h, err
}

// clock stands at the hour of clinicaltest's story, and reads no time zone to say so.
func clock() func() time.Time {
	now := clinicaltest.Now()
	return func() time.Time { return now }
}

func (h *house) close() error { return errors.Join(h.vault.Close(), h.store.Close()) }

// told is what our server is told of, and says.
type told struct {
	Plain string `json:"plain"`
	TLS   string `json:"tls"`
	CA    string `json:"ca"`
}

func (s told) String() string {
	b, _ := json.Marshal(s) // three strings
	return string(b)
}
