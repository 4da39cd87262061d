package darkroom_test

import (
	"bytes"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/darkroom"
)

func TestDroppedRenditionsAreMadeAgainTheSame(t *testing.T) {
	h := newHouse(t)
	var said bytes.Buffer
	h.log = slog.New(slog.NewTextHandler(&said, nil))
	of := h.patient(t, "1")
	a, b := h.keep(t, of, picture(t, 300, 190)), h.keep(t, of, picture(t, 60, 40))
	stop := h.follow(t)
	first := map[clinical.AssetID]clinical.Rendition{}
	for _, id := range []clinical.AssetID{a.ID, b.ID} {
		first[id] = h.await(t, id, clinical.Thumbnail, made)
	}
	full, err := h.follower.Ensure(t.Context(), a.ID, clinical.Full)
	if err != nil || full.Width != 300 || full.Height != 190 {
		t.Fatalf("in full: %d × %d, %v", full.Width, full.Height, err)
	}
	by := clinical.Caller{Operator: "root", Door: clinical.DoorCLI}
	for _, running := range []bool{false, true} {
		if !running {
			stop()
		}
		n, err := darkroom.Drop(t.Context(), h.Vault, h.Vault, by, func(int, int) {})
		if err != nil || n != 3 {
			t.Fatalf("dropped %d, %v", n, err)
		}
		if _, err := h.Vault.Open(t.Context(), full.Blob.ID); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("its bytes are there: %v", err)
		}
		if !running {
			h.follow(t)
		}
		for id, was := range first {
			again := h.await(t, id, clinical.Thumbnail, func(r clinical.Rendition) bool { return made(r) && r.Rev > was.Rev })
			if again.ID != was.ID || again.Blob.SHA256 != was.Blob.SHA256 {
				t.Errorf("running %v: another picture was made", running)
			}
			first[id] = again
		}
		again, err := h.follower.Ensure(t.Context(), a.ID, clinical.Full)
		if err != nil || again.Blob.SHA256 != full.Blob.SHA256 || again.Blob.ID == full.Blob.ID {
			t.Errorf("running %v: in full: %v", running, err)
		}
		full = again
	}
	stop = h.follow(t)
	stop()
	if said.Len() > 0 {
		t.Error(said.String())
	}
}

// TestNoMoreAreMadeAtATimeThanThereAreWorkers has six ask at once.
func TestNoMoreAreMadeAtATimeThanThereAreWorkers(t *testing.T) {
	h := newHouse(t)
	of := h.patient(t, "1")
	var ids []clinical.AssetID
	for i := range 6 {
		ids = append(ids, h.keep(t, of, picture(t, 100+i, 80)).ID)
	}
	var watched atomic.Bool
	var active atomic.Int32
	leave := make(chan struct{})
	h.opening = func() {
		if watched.Load() {
			active.Add(1)
			<-leave
		}
	}
	h.follow(t)
	for _, id := range ids {
		h.await(t, id, clinical.Thumbnail, made)
		h.hasHeard(t, id, clinical.Thumbnail)
	}
	watched.Store(true)
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			if _, err := h.follower.Ensure(t.Context(), id, clinical.Screen); err != nil {
				t.Error(err)
			}
		})
	}
	// Two are being made, and perhaps one more is being measured, until they are let go.
	const most = 3
	long := time.Now().Add(300 * time.Millisecond)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for active.Load() < 2 || active.Load() <= most && time.Now().Before(long) {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("nothing is made")
		}
	}
	if n := active.Load(); n > most {
		t.Errorf("%d at once by two workers", n)
	}
	close(leave)
	wg.Wait()
}
