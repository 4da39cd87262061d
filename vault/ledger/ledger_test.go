package ledger_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/vault/ledger"
)

const origin = "vault.example.org/ledger"

// log is a whole log in memory.
type log struct {
	signer *ledger.Signer
	hashes []ledger.Hash
	leaves [][]byte
	seen   [][]byte // a checkpoint for every size from 0 on
}

func newLog(tb testing.TB, leaves int) *log {
	tb.Helper()
	secret, err := os.ReadFile(filepath.Join("testdata", "secret.txt")) // of these vectors alone
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := ledger.NewSigner(strings.TrimSpace(string(secret)))
	if err != nil {
		tb.Fatal(err)
	}
	l := &log{signer: signer}
	l.sign(tb)
	for n := range leaves {
		l.append(tb, leaf(int64(n)))
	}
	return l
}

func leaf(n int64) ledger.Leaf {
	l := ledger.Leaf{
		N: n, Seq: uint64(n / 2), Time: time.Date(2026, 3, 1, 8, 0, int(n), 5e8, time.UTC), Act: "asset.served",
		By: fmt.Sprintf("p%04d", n%9), Door: "webdav", Use: "P2/A3/mount", Assets: []string{"a1", "a2"}, Count: 1 << 20,
	}
	if n%3 == 0 {
		l.Denied, l.Rule, l.Assets, l.Note = true, "no-grant", nil, "00ff"
	}
	return l
}

func (l *log) read(indexes []int64) ([]ledger.Hash, error) {
	out := make([]ledger.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("no hash %d", x)
		}
		out[i] = l.hashes[x]
	}
	return out, nil
}

func (l *log) append(tb testing.TB, leaf ledger.Leaf) {
	tb.Helper()
	text, err := leaf.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	first, hashes, err := ledger.Append(int64(len(l.leaves)), text, l.read)
	if err != nil {
		tb.Fatal(err)
	}
	if first != int64(len(l.hashes)) {
		tb.Fatalf("leaf %d: hashes from index %d on, want %d", len(l.leaves), first, len(l.hashes))
	}
	l.hashes = append(l.hashes, hashes...)
	l.leaves = append(l.leaves, text)
	if want := ledger.StoredHashes(int64(len(l.leaves))); want != int64(len(l.hashes)) {
		tb.Fatalf("%d hashes for %d leaves, want %d", len(l.hashes), len(l.leaves), want)
	}
	l.sign(tb)
}

func (l *log) sign(tb testing.TB) {
	tb.Helper()
	root, err := ledger.Root(int64(len(l.leaves)), l.read)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := l.signer.Checkpoint(int64(len(l.leaves)), root)
	if err != nil {
		tb.Fatal(err)
	}
	l.seen = append(l.seen, text)
}

// export writes the log with a checkpoint behind every `every` leaves and at
// the end.
func (l *log) export(tb testing.TB, every int) []byte {
	tb.Helper()
	var b bytes.Buffer
	e, err := ledger.NewExporter(&b, l.signer.Key(), int64(len(l.leaves)))
	if err != nil {
		tb.Fatal(err)
	}
	for i, text := range l.leaves {
		if err := e.Leaf(text); err != nil {
			tb.Fatal(err)
		}
		if n := i + 1; n%every == 0 && n < len(l.leaves) {
			if err := e.Checkpoint(l.seen[n]); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := e.Checkpoint(l.seen[len(l.leaves)]); err != nil {
		tb.Fatal(err)
	}
	if err := e.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func (l *log) trust() ledger.Trust { return ledger.Trust{Keys: []string{l.signer.Key()}} }

func TestExportVerifiesFromItselfAndTheKeyAlone(t *testing.T) {
	l := newLog(t, 23)
	trust := l.trust()
	trust.Seen = [][]byte{l.seen[23], l.seen[4], l.seen[0], l.seen[11]}
	got, err := ledger.Verify(bytes.NewReader(l.export(t, 5)), trust)
	if err != nil {
		t.Fatal(err)
	}
	root, err := ledger.Root(23, l.read)
	if err != nil {
		t.Fatal(err)
	}
	want := ledger.Summary{
		Origin: origin, Key: l.signer.Key(), Pinned: true, Size: 23, Root: root, Checkpoints: 5, Seen: 4, Checkpoint: string(l.seen[23]),
		First: leaf(0).Time, Last: leaf(22).Time, Acts: map[string]int64{"asset.served": 23}, Denied: 8,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("summary (-want +got):\n%s", d)
	}
}

func TestEveryFlippedBitIsFoundAndNamesItsEntry(t *testing.T) {
	l := newLog(t, 3)
	export := l.export(t, 2)
	entry := int64(-1) // of the byte at i
	number := int64(0)
	for i := range export {
		if i == 0 || export[i-1] == '\n' {
			entry = -1
			if bytes.HasPrefix(export[i:], []byte(`{"hash"`)) {
				entry = number
				number++
			}
		}
		for bit := range 8 {
			changed := bytes.Clone(export)
			changed[i] ^= 1 << bit
			_, err := ledger.Verify(bytes.NewReader(changed), l.trust())
			var fault *ledger.Fault
			if !errors.As(err, &fault) {
				t.Fatalf("byte %d bit %d (%q): %v", i, bit, export[max(0, i-20):i+1], err)
			}
			if entry >= 0 && (fault.Entry != entry || fault.Last != entry) {
				t.Fatalf("byte %d bit %d is of entry %d: %v", i, bit, entry, fault)
			}
		}
	}
	if number != 3 {
		t.Fatalf("saw %d entries", number)
	}
}

func TestExportWithoutTrustedKeySaysSo(t *testing.T) {
	l := newLog(t, 3)
	got, err := ledger.Verify(bytes.NewReader(l.export(t, 5)), ledger.Trust{})
	if err != nil || got.Pinned {
		t.Fatalf("pinned %v, %v; want an export that is only checked against its own key", got.Pinned, err)
	}
	other := strings.Replace(l.signer.Key(), "vault", "fault", 1)
	if _, err := ledger.Verify(bytes.NewReader(l.export(t, 5)), ledger.Trust{Keys: []string{other}}); err == nil {
		t.Fatal("an export of a key that is not trusted passed")
	}
}

func TestRewrittenEntryIsNarrowedDownToItsCheckpoint(t *testing.T) {
	l := newLog(t, 12)
	forged := leaf(7)
	forged.Denied = !forged.Denied
	text, err := forged.Encode()
	if err != nil {
		t.Fatal(err)
	}
	h := ledger.LeafHash(text)
	lines := bytes.SplitAfter(l.export(t, 5), []byte("\n"))
	for i, line := range lines {
		if bytes.Contains(line, []byte(`"n":7,`)) {
			lines[i] = fmt.Appendf(nil, "{\"hash\":%q,\"leaf\":%s}\n", h.String(), text)
		}
	}
	_, err = ledger.Verify(bytes.NewReader(bytes.Join(lines, nil)), l.trust())
	var fault *ledger.Fault
	if !errors.As(err, &fault) || fault.Entry != 5 || fault.Last != 9 {
		t.Fatalf("want entries 5 to 9, got %v", err)
	}
}

func TestMissingSwappedAndAddedLinesAreFound(t *testing.T) {
	l := newLog(t, 6)
	lines := bytes.SplitAfter(l.export(t, 2), []byte("\n"))
	lines = lines[:len(lines)-1]
	for i := range lines {
		for name, changed := range map[string][][]byte{
			"cut after":  lines[:i],
			"left out":   append(append([][]byte{}, lines[:i]...), lines[i+1:]...),
			"twice":      append(append([][]byte{}, lines[:i+1]...), lines[i:]...),
			"blank line": append(append(append([][]byte{}, lines[:i]...), []byte("\n")), lines[i:]...),
		} {
			whole := name == "left out" && bytes.Contains(lines[i], []byte("checkpoint")) && i < len(lines)-1
			again := name == "twice" && bytes.Contains(lines[i], []byte("checkpoint"))
			_, err := ledger.Verify(bytes.NewReader(bytes.Join(changed, nil)), l.trust())
			if (err == nil) != (whole || again) {
				t.Errorf("line %d %s: %v", i+1, name, err)
			}
		}
	}
}

func TestLogThatWasCutOrBegunAnewIsFoundByAnEarlierCheckpoint(t *testing.T) {
	long, short := newLog(t, 9), newLog(t, 5)
	other := newLog(t, 0)
	for n := range int64(9) {
		l := leaf(n)
		l.By = "somebody else"
		other.append(t, l)
	}
	trust := long.trust() // all three have one key
	trust.Seen = [][]byte{long.seen[7]}
	for name, l := range map[string]*log{"cut": short, "begun anew": other} {
		if _, err := ledger.Verify(bytes.NewReader(l.export(t, 4)), trust); err == nil {
			t.Errorf("a log that was %s passed", name)
		}
	}
	if _, err := ledger.Verify(bytes.NewReader(long.export(t, 4)), trust); err != nil {
		t.Error(err)
	}
}

func TestExporterRefusesWhatTheCheckpointsDoNotConfirm(t *testing.T) {
	l := newLog(t, 4)
	export := func(leaves [][]byte, checkpoint []byte, size int64) error {
		e, err := ledger.NewExporter(&bytes.Buffer{}, l.signer.Key(), size)
		if err != nil {
			return err
		}
		for _, text := range leaves {
			if err := e.Leaf(text); err != nil {
				return err
			}
		}
		if checkpoint != nil {
			if err := e.Checkpoint(checkpoint); err != nil {
				return err
			}
		}
		return e.Close()
	}
	for name, err := range map[string]error{
		"too few leaves":       export(l.leaves[:3], l.seen[3], 4),
		"too many leaves":      export(l.leaves, l.seen[4], 3),
		"no checkpoint":        export(l.leaves, nil, 4),
		"another checkpoint":   export(l.leaves, l.seen[3], 4),
		"leaf in wrong place":  export([][]byte{l.leaves[1], l.leaves[0]}, l.seen[2], 2),
		"leaf that is no leaf": export([][]byte{[]byte("{}")}, l.seen[1], 1),
	} {
		if err == nil {
			t.Errorf("%s: exported", name)
		}
	}
}

func TestLeafHasOneEncoding(t *testing.T) {
	full := ledger.Leaf{
		N: 4, Seq: 2, Time: time.Date(2026, 3, 1, 9, 30, 0, 1000, time.FixedZone("", 3600)), Act: "consent.withdrawn",
		By: "b", Op: "o", Door: "cli", Device: "d", Remote: "r", Use: "u", Patient: "p", Assets: []string{"x<y", "\u2028"},
		Set: "s", Grant: "g", Denied: true, Rule: "r", Count: 3, Note: "00", SHA256: strings.Repeat("0a", 32),
	}
	text, err := full.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ledger.DecodeLeaf(text)
	if err != nil {
		t.Fatal(err)
	}
	full.Time = full.Time.UTC()
	if d := cmp.Diff(full, got); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
	small, err := ledger.Leaf{Act: "search", Time: time.Unix(0, 0)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":"search"}`; string(small) != want {
		t.Fatalf("got  %s\nwant %s", small, want)
	}
	for _, other := range []string{
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":"search" }`,
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":"search"}` + "\n",
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00.0Z","act":"search"}`,
		`{"v":1,"n":0,"t":"1970-01-01T01:00:00+01:00","act":"search"}`,
		`{"n":0,"v":1,"t":"1970-01-01T00:00:00Z","act":"search"}`,
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":"search","denied":false}`,
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","ACT":"search"}`,
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":"s\u0065arch"}`,
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":"search","new":1}`,
		`{"v":2,"n":0,"t":"1970-01-01T00:00:00Z","act":"search"}`,
		`{"v":1,"n":-1,"t":"1970-01-01T00:00:00Z","act":"search"}`,
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":""}`,
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":"a","assets":[]}`,
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":"a","sha256":"0a"}`,
		`{"v":1,"n":0,"t":"1970-01-01T00:00:00Z","act":"a","sha256":"` + strings.Repeat("0A", 32) + `"}`,
	} {
		if _, err := ledger.DecodeLeaf([]byte(other)); err == nil {
			t.Errorf("decoded %s", other)
		}
	}
	if _, err := (ledger.Leaf{Act: "a\xff"}).Encode(); err == nil {
		t.Error("encoded what is not text")
	}
}

func TestProofConvincesAnybodyWithTheKey(t *testing.T) {
	l := newLog(t, 21)
	for size := int64(1); size <= 21; size++ {
		for n := range size {
			p, err := ledger.Prove(n, size, l.seen[size], l.read)
			if err != nil {
				t.Fatal(err)
			}
			p.Extra = l.leaves[n]
			again, err := ledger.DecodeProof(p.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(p, again); d != "" {
				t.Fatalf("(-want +got):\n%s", d)
			}
			c, err := again.Check(l.leaves[n], l.signer.Key())
			if err != nil || c.Size != size || c.Origin != origin {
				t.Fatalf("leaf %d of %d: %+v %v", n, size, c, err)
			}
			if _, err := again.Check(l.leaves[(n+1)%21], l.signer.Key()); err == nil {
				t.Fatalf("leaf %d of %d proves another leaf", n, size)
			}
			if _, err := again.Check(l.leaves[n]); err == nil {
				t.Fatal("a proof needs a trusted key")
			}
		}
	}
	if _, err := ledger.Prove(3, 3, l.seen[3], l.read); err == nil {
		t.Fatal("proved a leaf behind the end")
	}
}

func TestEveryFlippedBitOfAProofIsFound(t *testing.T) {
	l := newLog(t, 11)
	p, err := ledger.Prove(6, 11, l.seen[11], l.read)
	if err != nil {
		t.Fatal(err)
	}
	text := p.Encode()
	for i := range text {
		for bit := range 8 {
			changed := bytes.Clone(text)
			changed[i] ^= 1 << bit
			q, err := ledger.DecodeProof(changed)
			if err != nil {
				continue
			}
			if _, err := q.Check(l.leaves[6], l.signer.Key()); err == nil {
				t.Fatalf("byte %d bit %d passed", i, bit)
			}
		}
	}
}

func TestConsistencyHoldsBetweenAllSizesAndForNoOtherLog(t *testing.T) {
	l, other := newLog(t, 13), newLog(t, 0)
	for n := range int64(13) {
		x := leaf(n)
		x.Rule = "other"
		other.append(t, x)
	}
	at := func(l *log, size int64) ledger.Checkpoint {
		c, err := ledger.OpenCheckpoint(l.seen[size], l.signer.Key())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for size := range int64(14) {
		for old := range size + 1 {
			proof, err := ledger.ProveConsistency(old, size, l.read)
			if err != nil {
				t.Fatal(err)
			}
			if err := ledger.CheckConsistency(at(l, old), at(l, size), proof); err != nil {
				t.Fatalf("%d to %d: %v", old, size, err)
			}
			if old > 0 {
				if err := ledger.CheckConsistency(at(other, old), at(l, size), proof); err == nil {
					t.Fatalf("%d to %d: a log that was begun anew is consistent", old, size)
				}
			}
		}
	}
}

func TestNewKeySignsForItsOrigin(t *testing.T) {
	for range 50 { // some keys have a plus sign in their base64
		secret, err := ledger.NewKey(rand.Reader, origin)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ledger.NewSigner(secret)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Checkpoint(0, ledger.Hash{}); err == nil {
			t.Fatal("no leaves are signed to have another root than nothing has")
		}
		text, err := s.Checkpoint(0, sha256.Sum256(nil))
		if err != nil {
			t.Fatal(err)
		}
		if c, err := ledger.OpenCheckpoint(text, s.Key()); err != nil || c.Origin != origin || s.Origin() != origin {
			t.Fatalf("%+v %v", c, err)
		}
	}
	if _, err := ledger.NewKey(rand.Reader, "two words"); err == nil {
		t.Error("a key for a name with a space")
	}
}

func TestSignerNeverPrintsItsKey(t *testing.T) {
	l := newLog(t, 0)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, l.signer); got != "[redacted]" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	if _, err := ledger.NewSigner("PRIVATE+KEY+x+00000000+AAAA"); err == nil || strings.Contains(err.Error(), "AAAA") {
		t.Errorf("error %v", err)
	}
}

// TestVectors holds the formats still: these files never change.
func TestVectors(t *testing.T) {
	l := newLog(t, 5)
	p, err := ledger.Prove(2, 5, l.seen[5], l.read)
	if err != nil {
		t.Fatal(err)
	}
	p.Extra = l.leaves[2]
	for name, got := range map[string][]byte{
		"key.txt":          []byte(l.signer.Key() + "\n"),
		"leaf.json":        l.leaves[2],
		"checkpoint.txt":   l.seen[5],
		"leaf2.tlog-proof": p.Encode(),
		"export.jsonl":     l.export(t, 3),
	} {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func FuzzLeaf(f *testing.F) {
	text, err := leaf(3).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ledger.DecodeLeaf(text)
		if err != nil {
			return
		}
		again, err := l.Encode()
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%q decodes and encodes to %q, %v", text, again, err)
		}
	})
}

func FuzzProof(f *testing.F) {
	l := newLog(f, 5)
	p, err := ledger.Prove(2, 5, l.seen[5], l.read)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Encode())
	p.Extra = []byte("x")
	f.Add(p.Encode())
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ledger.DecodeProof(text)
		if err != nil {
			return
		}
		if !bytes.Equal(p.Encode(), text) {
			t.Fatalf("%q has two encodings", text)
		}
		_, _ = p.Check([]byte("x"), l.signer.Key()) // must not panic
	})
}

// FuzzExport: the one export of these leaves with these checkpoints is the
// only text that verifies, but for checkpoints left out or repeated.
func FuzzExport(f *testing.F) {
	l := newLog(f, 4)
	export := l.export(f, 2)
	f.Add(export)
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := ledger.Verify(bytes.NewReader(text), l.trust()); err == nil {
			for line := range bytes.Lines(text) {
				if !bytes.Contains(export, line) {
					t.Fatalf("verified a line that was never written: %q", line)
				}
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	l := newLog(b, 20_000)
	export := l.export(b, 1000)
	b.SetBytes(int64(len(export)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ledger.Verify(bytes.NewReader(export), l.trust()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkAppend(b *testing.B) {
	l := newLog(b, 0)
	text, err := leaf(1).Encode()
	if err != nil {
		b.Fatal(err)
	}
	n := int64(0)
	for b.Loop() {
		_, hashes, err := ledger.Append(n, text, l.read)
		if err != nil {
			b.Fatal(err)
		}
		l.hashes = append(l.hashes, hashes...)
		n++
	}
}
