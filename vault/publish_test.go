package vault_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/ledger"
	"fovea/vault/memstore"
	"fovea/vault/witness"
)

// outlet takes checkpoints, or fails.
type outlet struct {
	mu    sync.Mutex
	fails error
	got   []ledger.Checkpoint
	key   string
}

func (*outlet) Name() string { return "an outlet" }

func (o *outlet) Publish(_ context.Context, p ledger.Publication) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails != nil {
		return nil, o.fails
	}
	c, err := ledger.OpenCheckpoint(p.Text, o.key)
	if err != nil {
		return nil, err
	}
	if len(o.got) > 0 {
		last := o.got[len(o.got)-1]
		proof, err := p.Prove(last.Size)
		if err == nil {
			err = ledger.CheckConsistency(last, c, proof)
		}
		if err != nil {
			return nil, err
		}
	}
	o.got = append(o.got, c)
	return nil, nil //nolint:nilnil // as who does not cosign
}

func (o *outlet) set(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fails = err
}

func (o *outlet) sizes() []int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []int64
	for _, c := range o.got {
		out = append(out, c.Size)
	}
	return out
}

func TestCheckpointsLeaveEveryMinuteOrThousandEntriesAndAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outlet{}
		var log safeLog
		b := onStore(t, func(opt *vault.Options) {
			s := memstore.New(memstore.Options{})
			opt.Store, opt.Blobs, opt.Outlets = s, s, []vault.Outlet{o}
			opt.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		o.key = b.AuditKey()
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { _ = b.Run(ctx) })
		<-time.After(61 * time.Second)
		if got := o.sizes(); len(got) != 1 || got[0] != 1 {
			t.Fatalf("after a minute: checkpoints of %v, want one of 1 entry", got)
		}
		<-time.After(5 * time.Minute)
		if got := o.sizes(); len(got) != 1 {
			t.Errorf("a ledger that does not grow is published again: %v", got)
		}
		for range 1000 {
			b.NoteLater(b.event(clinical.ActViewed))
		}
		<-time.After(2 * time.Second)
		if got := o.sizes(); len(got) != 2 || got[1] != 1001 {
			t.Errorf("after 1,000 entries: %v", got)
		}
		o.set(&clinical.Error{Kind: clinical.Corrupt, Reason: "split-view", Err: errors.New("another history")})
		if err := b.Note(t.Context(), b.event(clinical.ActViewed)); err != nil {
			t.Fatal(err)
		}
		<-time.After(61 * time.Second)
		if !log.holds("SPLIT VIEW") {
			t.Error("a split view is not told loudly")
		}
		<-time.After(30 * time.Minute)
		if n := log.count("SPLIT VIEW"); n != 1 || !log.holds("an old copy of the store") {
			t.Errorf("in half an hour it is told %d times, or not what to do", n)
		}
		<-time.After(time.Hour)
		if n := log.count("SPLIT VIEW"); n != 2 {
			t.Errorf("after another hour it was told %d times", n)
		}
		o.set(nil)
		<-time.After(61 * time.Second)
		if !log.holds("leave the machine again") {
			t.Error("nobody says that it goes on")
		}
		if got := o.sizes(); len(got) != 3 || got[2] != 1002 {
			t.Errorf("what failed is not tried again: %v", got)
		}
		if err := b.Note(t.Context(), b.event(clinical.ActViewed)); err != nil {
			t.Fatal(err)
		}
		cancel()
		run.Wait()
		if got := o.sizes(); len(got) != 4 || got[3] != 1003 {
			t.Errorf("the last entries stay at home: %v", got)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

// safeLog is a log that may be read while it is written.
type safeLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *safeLog) holds(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.b.Bytes(), []byte(text))
}

func (l *safeLog) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.b.Bytes(), []byte(text))
}

// The vault's other self, grown from an old copy of its store, signs a second
// history with the same key: the witness tells.
func TestAWitnessOnAnotherMachineFindsAVaultWithTwoHistories(t *testing.T) {
	secret, err := ledger.NewCosignerKey(rand.Reader, "witness.example.org/w1")
	if err != nil {
		t.Fatal(err)
	}
	cosigner, err := ledger.NewCosigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	w, err := witness.New(witness.Options{Dir: t.TempDir(), Cosigner: cosigner, Logs: []string{b.AuditKey()}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w)
	defer server.Close()
	var log safeLog
	b.opt.Log = slog.New(slog.NewTextHandler(&log, nil))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	truth, lie := b.store.Reopen(), b.store.Reopen()
	b.opt.Store, b.opt.Blobs = truth, truth
	push := func() {
		t.Helper()
		client, err := witness.NewClient(server.URL, cosigner.Key(), server.Client())
		if err != nil {
			t.Fatal(err)
		}
		b.opt.Outlets = []vault.Outlet{client}
		b.open(t)
		b.patient(t, "1000")
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // Run pushes once more when it ends
		if err := errors.Join(b.Run(ctx), b.Close()); err != nil {
			t.Fatal(err)
		}
	}
	push()
	text, err := b.Witnessed()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.CheckCosignature(text, cosigner.Key()); err != nil {
		t.Error(err)
	}
	for range 3 { // a start without a change asks the witness again
		client, err := witness.NewClient(server.URL, cosigner.Key(), server.Client())
		if err != nil {
			t.Fatal(err)
		}
		b.opt.Outlets = []vault.Outlet{client}
		b.open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := errors.Join(b.Run(ctx), b.Close()); err != nil {
			t.Fatal(err)
		}
	}
	again, err := b.Witnessed()
	if err != nil || bytes.Count(again, []byte("witness.example.org/w1")) != 1 {
		t.Errorf("the witness's word is kept more than once: %q, %v", again, err)
	}
	if _, err := ledger.CheckCosignature(again, cosigner.Key()); err != nil {
		t.Error(err)
	}
	b.open(t)
	file, err := b.ProveSeq(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := ledger.DecodeProof(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.CheckCosignature(proof.Checkpoint, cosigner.Key()); err != nil {
		t.Errorf("the proof does not carry the witness's word: %v", err)
	}
	if _, _, err := ledger.CheckProof(file, b.AuditKey()); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.opt.CheckpointDir = t.TempDir() // somebody removed what would have told at once
	b.opt.Store, b.opt.Blobs = lie, lie
	push()
	if !log.holds("SPLIT VIEW") {
		t.Error("nobody tells of the second history")
	}
	if _, err := b.Witnessed(); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("the second history is cosigned: %v", err)
	}
}
