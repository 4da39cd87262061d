package witness_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
	"fovea/vault/witness"
)

const origin = "vault.example.org/ledger"

// history is a log that grows; two of the same signer are a split view.
type history struct {
	signer *ledger.Signer
	hashes []ledger.Hash
	size   int64
}

func (h *history) read(indexes []int64) ([]ledger.Hash, error) {
	var out []ledger.Hash
	for _, i := range indexes {
		out = append(out, h.hashes[i])
	}
	return out, nil
}

func (h *history) grow(tb testing.TB, n int, what string) {
	tb.Helper()
	for range n {
		_, hashes, err := ledger.Append(h.size, fmt.Appendf(nil, "%s %d", what, h.size), h.read)
		if err != nil {
			tb.Fatal(err)
		}
		h.hashes = append(h.hashes, hashes...)
		h.size++
	}
}

func (h *history) publication(tb testing.TB) ledger.Publication {
	tb.Helper()
	root, err := ledger.Root(h.size, h.read)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := h.signer.Checkpoint(h.size, root)
	if err != nil {
		tb.Fatal(err)
	}
	size := h.size
	return ledger.Publication{Text: text, Size: size, Prove: func(old int64) ([]ledger.Hash, error) {
		return ledger.ProveConsistency(old, size, h.read)
	}}
}

func newSigner(tb testing.TB, name string) *ledger.Signer {
	tb.Helper()
	secret, err := ledger.NewKey(rand.Reader, name)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := ledger.NewSigner(secret)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// stand is a witness behind a real listener, and a log that it knows.
type stand struct {
	dir    string
	key    string
	log    *ledger.Signer
	cosign *ledger.Cosigner
	server *httptest.Server
}

func newStand(t *testing.T) *stand {
	t.Helper()
	secret, err := ledger.NewCosignerKey(rand.Reader, "witness.example.org/w1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := ledger.NewCosigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{dir: t.TempDir(), key: c.Key(), log: newSigner(t, origin), cosign: c}
	s.start(t)
	return s
}

func (s *stand) start(t *testing.T) {
	t.Helper()
	w, err := witness.New(witness.Options{Dir: s.dir, Cosigner: s.cosign, Logs: []string{s.log.Key()}})
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewServer(w)
	t.Cleanup(s.server.Close)
}

func (s *stand) client(t *testing.T) *witness.Client {
	t.Helper()
	c, err := witness.NewClient(s.server.URL, s.key, s.server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAWitnessCosignsWhatExtendsWhatItCosignedBefore(t *testing.T) {
	s := newStand(t)
	h := &history{signer: s.log}
	c := s.client(t)
	for _, n := range []int{1, 0, 1, 5, 993} {
		h.grow(t, n, "entry")
		p := h.publication(t)
		before := time.Now().Add(-2 * time.Second)
		line, err := c.Publish(t.Context(), p)
		if err != nil {
			t.Fatalf("at %d: %v", h.size, err)
		}
		full := append(bytes.Clone(p.Text), line...)
		at, err := ledger.CheckCosignature(full, s.key)
		if err != nil || at.Before(before) {
			t.Errorf("at %d: cosigned at %v, %v", h.size, at, err)
		}
		if _, err := ledger.OpenCheckpoint(full, s.log.Key()); err != nil {
			t.Errorf("at %d: the cosignature spoils the checkpoint: %v", h.size, err)
		}
		for i := len(p.Text); i < len(full); i++ {
			changed := bytes.Clone(full)
			changed[i] ^= 1
			if _, err := ledger.CheckCosignature(changed, s.key); err == nil {
				t.Fatalf("a flipped bit of byte %d of the cosignature passes", i-len(p.Text))
			}
		}
	}
	// A restart of either side forgets nothing.
	s.start(t)
	h.grow(t, 3, "entry")
	if _, err := s.client(t).Publish(t.Context(), h.publication(t)); err != nil {
		t.Error(err)
	}
}

func TestASecondHistoryIsNeverCosignedAndItsEvidenceIsKept(t *testing.T) {
	for name, grow := range map[string]func(t *testing.T, h *history){
		"of the same size": func(t *testing.T, h *history) { t.Helper(); h.grow(t, 7, "another") },
		"longer":           func(t *testing.T, h *history) { t.Helper(); h.grow(t, 12, "another") },
		"cut short":        func(t *testing.T, h *history) { t.Helper(); h.grow(t, 3, "entry") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			first, second := &history{signer: s.log}, &history{signer: s.log}
			first.grow(t, 7, "entry")
			if _, err := s.client(t).Publish(t.Context(), first.publication(t)); err != nil {
				t.Fatal(err)
			}
			grow(t, second)
			line, err := s.client(t).Publish(t.Context(), second.publication(t))
			if line != nil || clinical.ReasonOf(err) != "split-view" {
				t.Errorf("cosigned %q, %v", line, err)
			}
			evidence, globErr := filepath.Glob(filepath.Join(s.dir, "*.split-*"))
			if globErr != nil || (len(evidence) == 0) != (name == "cut short") { // what is older contradicts nothing
				t.Errorf("evidence: %v, %v", evidence, globErr)
			}
			first.grow(t, 1, "entry")
			if _, err := s.client(t).Publish(t.Context(), first.publication(t)); err != nil {
				t.Errorf("the first history does not go on: %v", err)
			}
		})
	}
}

// Who repeats a contradiction, or has many, fills neither the log nor the disk.
func TestASplitIsToldOnceAnHourAndItsEvidenceIsBounded(t *testing.T) {
	s := newStand(t)
	var log bytes.Buffer
	now := time.Now()
	dir := t.TempDir()
	w, err := witness.New(witness.Options{
		Dir: dir, Cosigner: s.cosign, Logs: []string{s.log.Key()}, Now: func() time.Time { return now },
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	first := &history{signer: s.log}
	first.grow(t, 3, "entry")
	if _, err := w.Add(t.Context(), ledger.Submission{Checkpoint: first.publication(t).Text}); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		other := &history{signer: s.log}
		other.grow(t, 3, fmt.Sprint("another ", i))
		var refusal *witness.Refusal
		if _, err := w.Add(t.Context(), ledger.Submission{Old: 3, Checkpoint: other.publication(t).Text}); !errors.As(err, &refusal) || !refusal.Split {
			t.Fatalf("%d: %v", i, err)
		}
	}
	kept, err := filepath.Glob(filepath.Join(dir, "*.split-*"))
	if err != nil || len(kept) == 0 || len(kept) > 16 {
		t.Errorf("%d pieces of evidence, %v", len(kept), err)
	}
	if n := strings.Count(log.String(), "SPLIT VIEW"); n != 1 || !strings.Contains(log.String(), "ask the log's owner") {
		t.Errorf("told %d times: %s", n, log.String())
	}
	now = now.Add(time.Hour)
	other := &history{signer: s.log}
	other.grow(t, 3, "another 1")
	_, _ = w.Add(t.Context(), ledger.Submission{Old: 3, Checkpoint: other.publication(t).Text})
	if n := strings.Count(log.String(), "SPLIT VIEW"); n != 2 {
		t.Errorf("an hour later told %d times", n)
	}
}

func TestAWitnessRefusesAsTheProtocolSays(t *testing.T) {
	s := newStand(t)
	h := &history{signer: s.log}
	h.grow(t, 4, "entry")
	p := h.publication(t)
	stranger := &history{signer: newSigner(t, "other.example.org/ledger"), hashes: h.hashes, size: h.size}
	forger := &history{signer: newSigner(t, origin), hashes: h.hashes, size: h.size}
	if _, err := s.client(t).Publish(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		body   []byte
		status int
	}{
		"not a submission":     {[]byte("hello"), http.StatusBadRequest},
		"too long":             {bytes.Repeat([]byte("x"), 1<<20), http.StatusBadRequest},
		"old above the size":   {ledger.Submission{Old: 5, Checkpoint: p.Text}.Encode(), http.StatusBadRequest},
		"an unknown log":       {ledger.Submission{Old: 4, Checkpoint: stranger.publication(t).Text}.Encode(), http.StatusNotFound},
		"not the log's key":    {ledger.Submission{Old: 4, Checkpoint: forger.publication(t).Text}.Encode(), http.StatusForbidden},
		"another old size":     {ledger.Submission{Old: 0, Checkpoint: p.Text}.Encode(), http.StatusConflict},
		"a proof too many":     {ledger.Submission{Old: 4, Proof: h.hashes[:1], Checkpoint: p.Text}.Encode(), http.StatusUnprocessableEntity},
		"the same once more":   {ledger.Submission{Old: 4, Checkpoint: p.Text}.Encode(), http.StatusOK},
		"leading zero in size": {bytes.Replace(ledger.Submission{Old: 4, Checkpoint: p.Text}.Encode(), []byte("old 4"), []byte("old 04"), 1), http.StatusBadRequest},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/add-checkpoint", bytes.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d (%v)", name, res.StatusCode, tt.status, err)
		}
		if tt.status == http.StatusConflict && (string(body) != "4\n" || res.Header.Get("Content-Type") != "text/x.tlog.size") {
			t.Errorf("%s: answers %q as %q", name, body, res.Header.Get("Content-Type"))
		}
	}
}

// Anybody can put lines behind a checkpoint that the log has signed, in the
// witness's own name too.
func TestForeignLinesNeitherBarTheLogNorAreKept(t *testing.T) {
	s := newStand(t)
	h := &history{signer: s.log}
	h.grow(t, 4, "entry")
	c := s.client(t)
	if _, err := c.Publish(t.Context(), h.publication(t)); err != nil {
		t.Fatal(err)
	}
	stolen := h.publication(t).Text
	name, rest, _ := strings.Cut(s.key, "+")
	hash, err := hex.DecodeString(rest[:8])
	if err != nil {
		t.Fatal(err)
	}
	planted := slices.Concat(hash, make([]byte, 8+ed25519.SignatureSize))
	for _, proof := range [][]ledger.Hash{nil, h.hashes[:1]} {
		for i := range 3 {
			planted[len(planted)-1] = byte(i)
			text := fmt.Appendf(bytes.Clone(stolen), "— %s %s\n", name, base64.StdEncoding.EncodeToString(planted))
			body := ledger.Submission{Old: 4, Proof: proof, Checkpoint: text}.Encode()
			res := httptest.NewRecorder()
			s.server.Config.Handler.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
			if (res.Code == http.StatusOK) != (proof == nil) {
				t.Fatalf("proof of %d: status %d", len(proof), res.Code)
			}
		}
	}
	h.grow(t, 1, "entry")
	if _, err := c.Publish(t.Context(), h.publication(t)); err != nil {
		t.Errorf("the log is barred: %v", err)
	}
	if kept, err := os.ReadDir(s.dir); err != nil || len(kept) != 1 {
		t.Errorf("kept %v (%v), want the latest checkpoint alone", kept, err)
	}
}

func TestAWitnessThatForgotRefusesToSign(t *testing.T) {
	s := newStand(t)
	h := &history{signer: s.log}
	h.grow(t, 4, "entry")
	if _, err := s.client(t).Publish(t.Context(), h.publication(t)); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(filepath.Join(s.dir, "*.checkpoint"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	if err := os.WriteFile(kept[0], []byte("something else\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client(t).Publish(t.Context(), h.publication(t)); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

func TestALogHostGetsALineThatHoldsTheWholeCheckpoint(t *testing.T) {
	h := &history{signer: newSigner(t, origin)}
	h.grow(t, 2, "entry")
	p := h.publication(t)
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		text, _ := bufio.NewReader(conn).ReadString(0)
		_ = conn.Close()
		got <- text
	}()
	s, err := witness.NewSyslog("tcp://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	text := <-got
	length, rest, _ := strings.Cut(text, " ")
	if length != fmt.Sprint(len(rest)) || !strings.HasPrefix(rest, "<85>1 ") {
		t.Errorf("frame %q", text)
	}
	_, line, _ := strings.Cut(rest, " checkpoint - ")
	f := strings.Fields(line)
	if len(f) != 6 {
		t.Fatalf("line %q", line)
	}
	again := fmt.Sprintf("%s\n%s\n%s\n\n%s %s %s\n", f[0], f[1], f[2], f[3], f[4], f[5])
	if again != string(p.Text) {
		t.Errorf("the checkpoint is %q again, was %q", again, p.Text)
	}
	for _, bad := range []string{"", "loghost", "http://loghost:514", "udp://loghost", "udp://loghost:514/x"} {
		if _, err := witness.NewSyslog(bad); clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Publish(ctx, p); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

func FuzzSubmission(f *testing.F) {
	f.Add(ledger.Submission{Old: 3, Proof: []ledger.Hash{{1}, {2}}, Checkpoint: []byte("a\n1\nb\n\n— a c\n")}.Encode())
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ledger.DecodeSubmission(text)
		if err == nil && !bytes.Equal(s.Encode(), text) {
			t.Errorf("%q is accepted and is not the one encoding", text)
		}
	})
}
