package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/sio"

	"fovea/clinical"
)

// The vectors of docs/formats are made with -update; the age copies of the
// root key in keyring.bin differ each time, all else follows from the stream
// below.
var update = flag.Bool("update", false, "write the vectors of the formats anew")

// stream is SHA-256 in counter mode: random bits that are the same each time.
type stream struct{ n uint64 }

func (s *stream) Read(p []byte) (int, error) {
	for i := 0; i < len(p); {
		var seed [8]byte
		binary.BigEndian.PutUint64(seed[:], s.n)
		s.n++
		sum := sha256.Sum256(seed[:])
		i += copy(p[i:], sum[:])
	}
	return len(p), nil
}

func vector(tb testing.TB, name string, made func() []byte) []byte {
	tb.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		data := made()
		if strings.HasSuffix(name, ".hex") {
			data = append([]byte(hex.EncodeToString(data)), '\n')
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if strings.HasSuffix(name, ".hex") {
		if data, err = hex.DecodeString(strings.TrimSpace(string(data))); err != nil {
			tb.Fatal(err)
		}
	}
	return data
}

// The world of the vectors.
func vectorTime() time.Time { return time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC) }

func vectorPatient() clinical.PatientID {
	return clinical.PatientID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
}

func vectorAsset() clinical.AssetID {
	return clinical.AssetID{16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}
}
func vectorBlob() clinical.BlobID { return clinical.BlobID{0xb1, 0x0b, 15: 1} }

func vectorKeyFile(tb testing.TB) KeyWrapper {
	tb.Helper()
	text := vector(tb, "key.txt", func() []byte {
		path := filepath.Join(tb.TempDir(), "key")
		if err := CreateKeyFile(path); err != nil {
			tb.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		return data
	})
	path := filepath.Join(tb.TempDir(), "key")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return KeyFile(path)
}

func vectorKeyring(tb testing.TB) ([]byte, ring) {
	tb.Helper()
	keys := vectorKeyFile(tb)
	file := vector(tb, "keyring.bin", func() []byte {
		rec, err := completeRecovery(nil)
		if err != nil {
			tb.Fatal(err)
		}
		random := &stream{}
		r, err := makeRing(tb.Context(), keys, rec.Recipients, "not a key of a ledger", random)
		if err != nil {
			tb.Fatal(err)
		}
		r.epoch = 3
		r.owners = []ownerEntry{{name: ownerName(vectorPatient(), "")}, {name: ownerName(clinical.PatientID{}, "studio-a"), gone: true}}
		_, _ = random.Read(r.owners[0].key[:])
		r.slots = []slotEntry{{gone: true}, {}, {}}
		_, _ = random.Read(r.slots[1].key[:])
		_, _ = random.Read(r.slots[2].key[:])
		file, err := encodeKeyring(r, &stream{n: 1000})
		if err != nil {
			tb.Fatal(err)
		}
		return file
	})
	r, err := decodeKeyring(file, func(c rootCopies) ([]byte, error) { return keys.Unwrap(tb.Context(), c.wrapped) })
	if err != nil {
		tb.Fatal(err)
	}
	return file, r
}

// vectorVault is a vault on the vectors' keyring, with the same random bits
// each time.
func vectorVault(tb testing.TB) *Vault {
	tb.Helper()
	_, r := vectorKeyring(tb)
	o := Options{Rand: &stream{n: 5000}, Now: vectorTime}.withDefaults()
	k, err := newKeyring("", nil, o.Rand, r)
	if err != nil {
		tb.Fatal(err)
	}
	v, err := assembleKeys(o, k)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func TestTheKeyringIsWhatItsPageSays(t *testing.T) {
	file, r := vectorKeyring(t)
	again, err := encodeKeyring(r, &stream{n: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, again) {
		t.Error("decoded and encoded again, the keyring is another")
	}
	if r.epoch != 3 || len(r.owners) != 2 || len(r.slots) != 3 || !r.slots[0].gone || !r.owners[1].gone {
		t.Errorf("decoded epoch %d, %d owners, %d slots", r.epoch, len(r.owners), len(r.slots))
	}
}

func vectorRecord() (record, *clinical.Asset) {
	a := &clinical.Asset{
		ID: vectorAsset(), Rev: 7, Ordinal: 1, State: clinical.Filed, Patient: vectorPatient(), Studio: "studio-a",
		Original: clinical.Blob{ID: vectorBlob(), Size: 5}, Caption: "ulcer", KeptAt: vectorTime(),
	}
	return flatten(&clinical.Delta{Assets: []clinical.Asset{*a}})[0], a
}

func TestARecordIsWhatItsPageSays(t *testing.T) {
	v := vectorVault(t)
	rec, want := vectorRecord()
	made, err := v.sealRecord(rec, 2)
	if err != nil {
		t.Fatal(err)
	}
	value := vector(t, "record.hex", func() []byte { return made })
	if !bytes.Equal(made, value) {
		t.Error("the same record is sealed otherwise")
	}
	e, plain, err := v.openRecord(recordKey(rec.kind, rec.id), value)
	if err != nil {
		t.Fatal(err)
	}
	if e != (envelope{owner: 1, slot: 2, rev: 7}) {
		t.Errorf("envelope %+v", e)
	}
	var d clinical.Delta
	if err := appendRecord(&d, rec.kind, plain); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*want, d.Assets[0]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func vectorEntry(v *Vault) (*plan, error) {
	rec, _ := vectorRecord()
	p := &plan{head: head{seq: 7}, refs: []ref{{rec.kind, rec.id}}}
	p.change.Event = clinical.Event{At: vectorTime(), Act: clinical.ActDiscarded, Patient: vectorPatient(), Note: "blurred"}
	return p, v.planJournal(p)
}

func TestAJournalEntryIsWhatItsPageSays(t *testing.T) {
	v := vectorVault(t)
	p, err := vectorEntry(v)
	if err != nil {
		t.Fatal(err)
	}
	value := vector(t, "entry.hex", func() []byte { return p.writes[0].value })
	if !bytes.Equal(p.writes[0].value, value) {
		t.Error("the same entry is sealed otherwise")
	}
	c, refs, err := v.openEntry(p.writes[0].key, value)
	if err != nil {
		t.Fatal(err)
	}
	if c.Seq != 7 || len(refs) != 1 {
		t.Errorf("entry %d with %d records", c.Seq, len(refs))
	}
	if diff := cmp.Diff(p.change.Event, c.Event); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// vectorSealed seals five bytes and their manifest.
func vectorSealed(tb testing.TB, v *Vault) (manifestValue, sealed []byte) {
	tb.Helper()
	dek := [keySize]byte{0: 1, 31: 2}
	s, err := v.newSealing(tb.Context(), strings.NewReader("pixel"), dek)
	if err != nil {
		tb.Fatal(err)
	}
	if sealed, err = io.ReadAll(s); err != nil {
		tb.Fatal(err)
	}
	m := manifest{slot: 2, asset: vectorAsset()}
	if m.body, err = sealFacts(dek, s.facts(v), vectorBlob(), v); err != nil {
		tb.Fatal(err)
	}
	if err := v.wrap(&m, ownerName(vectorPatient(), ""), vectorBlob(), dek); err != nil {
		tb.Fatal(err)
	}
	return m.encode(), sealed
}

func TestABlobIsWhatItsPageSays(t *testing.T) {
	v := vectorVault(t)
	madeManifest, madeBytes := vectorSealed(t, v)
	value := vector(t, "manifest.hex", func() []byte { return madeManifest })
	sealed := vector(t, "blob.hex", func() []byte { return madeBytes })
	if !bytes.Equal(value, madeManifest) || !bytes.Equal(sealed, madeBytes) {
		t.Error("the same bytes are sealed otherwise")
	}
	f, plain, err := v.unsealVector(value, sealed)
	if err != nil {
		t.Fatal(err)
	}
	if string(plain) != "pixel" || f.Size != 5 || f.Sealed != int64(len(sealed)) || f.Chunks != 1 || f.Content != sha256.Sum256(plain) {
		t.Errorf("opened %q with %+v", plain, f)
	}
}

// unsealVector opens a manifest and the bytes it speaks of.
func (v *Vault) unsealVector(value, sealed []byte) (facts, []byte, error) {
	m, err := decodeManifest(value)
	if err != nil {
		return facts{}, nil, err
	}
	dek, err := v.unwrap(m, vectorBlob())
	if err != nil {
		return facts{}, nil, err
	}
	f, err := openFacts(dek, m, vectorBlob())
	if err != nil {
		return facts{}, nil, err
	}
	r, err := sio.DecryptReader(bytes.NewReader(sealed), v.sioConfig(dek))
	if err != nil {
		return f, nil, err
	}
	plain, err := io.ReadAll(r)
	return f, plain, err
}

// changed is a copy of data with one byte changed, or with a tail cut off.
func changed(data []byte, at uint, by byte, cut bool) []byte {
	out := bytes.Clone(data)
	i := at % uint(len(out))
	if cut {
		return out[:i]
	}
	out[i] ^= by
	return out
}

// tampering is everything that has a vector, to be changed.
type tampering struct {
	v                                *Vault
	keys                             KeyWrapper
	sound                            ring
	file, record, entry, mark, bytes []byte
}

func newTampering(tb testing.TB) *tampering {
	tb.Helper()
	x := &tampering{v: vectorVault(tb), keys: vectorKeyFile(tb)}
	x.file, x.sound = vectorKeyring(tb)
	x.record, x.entry = vector(tb, "record.hex", nil), vector(tb, "entry.hex", nil)
	x.mark, x.bytes = vector(tb, "manifest.hex", nil), vector(tb, "blob.hex", nil)
	return x
}

// unwrap gives what age would, and sooner where nothing was changed for it.
func (x *tampering) unwrap(ctx context.Context, c rootCopies) ([]byte, error) {
	if bytes.Equal(c.wrapped, x.sound.copies.wrapped) {
		return bytes.Clone(x.sound.root[:]), nil
	}
	return x.keys.Unwrap(ctx, c.wrapped)
}

// rejected fails the test where a changed copy of anything opens.
func (x *tampering) rejected(t *testing.T, at uint, by byte, cut bool) {
	t.Helper()
	if _, err := decodeKeyring(changed(x.file, at, by, cut), func(c rootCopies) ([]byte, error) { return x.unwrap(t.Context(), c) }); err == nil {
		t.Errorf("a changed keyring opens: byte %d", at)
	}
	rec, _ := vectorRecord()
	if _, _, err := x.v.openRecord(recordKey(rec.kind, rec.id), changed(x.record, at, by, cut)); err == nil {
		t.Errorf("a changed record opens: byte %d", at)
	}
	if _, _, err := x.v.openEntry(numberKey(prefixJournal, 7), changed(x.entry, at, by, cut)); err == nil {
		t.Errorf("a changed journal entry opens: byte %d", at)
	}
	if _, _, err := x.v.unsealVector(changed(x.mark, at, by, cut), x.bytes); err == nil {
		t.Errorf("a changed manifest opens: byte %d", at)
	}
	stored := changed(x.bytes, at, by, cut)
	if _, plain, err := x.v.unsealVector(x.mark, stored); err == nil && len(plain) > 0 {
		t.Errorf("changed bytes open: byte %d", at)
	}
}

func TestEveryChangedByteIsRejected(t *testing.T) {
	x := newTampering(t)
	for i := range uint(len(x.file)) {
		x.rejected(t, i, 1<<(i%8), false)
		x.rejected(t, i, 0, true)
	}
}

func FuzzAChangedByteIsRejected(f *testing.F) {
	x := newTampering(f)
	f.Add(uint(0), byte(1), false)
	f.Add(uint(1000), byte(0x80), false)
	f.Add(uint(30), byte(0), true)
	f.Fuzz(func(t *testing.T, at uint, by byte, cut bool) {
		if by != 0 || cut {
			x.rejected(t, at, by, cut)
		}
	})
}

func TestAValueUnderAnotherKeyIsRejected(t *testing.T) {
	v := vectorVault(t)
	rec, _ := vectorRecord()
	value := vector(t, "record.hex", nil)
	for name, key := range map[string][]byte{
		"another ID":   recordKey(rec.kind, [16]byte{1}),
		"another kind": recordKey(kindRendition, rec.id),
	} {
		if _, _, err := v.openRecord(key, value); !errors.Is(err, clinical.ErrCorrupt) {
			t.Errorf("%s: got %v, want corrupt", name, err)
		}
	}
	if _, _, err := v.openEntry(numberKey(prefixJournal, 8), vector(t, "entry.hex", nil)); !errors.Is(err, clinical.ErrCorrupt) {
		t.Errorf("another number: got %v, want corrupt", err)
	}
}

func TestANewerVersionRefusesToOpenAndSaysWhatToDo(t *testing.T) {
	v := vectorVault(t)
	rec, _ := vectorRecord()
	newer := func(data []byte, at int) []byte {
		out := bytes.Clone(data)
		out[at] = 2
		return out
	}
	file, _ := vectorKeyring(t)
	_, _, recordErr := v.openRecord(recordKey(rec.kind, rec.id), newer(vector(t, "record.hex", nil), 0))
	_, _, entryErr := v.openEntry(numberKey(prefixJournal, 7), newer(vector(t, "entry.hex", nil), 0))
	_, manifestErr := decodeManifest(newer(vector(t, "manifest.hex", nil), 0))
	_, keyringErr := decodeKeyring(newer(file, 4), nil)
	for name, err := range map[string]error{"record": recordErr, "entry": entryErr, "manifest": manifestErr, "keyring": keyringErr} {
		if clinical.ReasonOf(err) != "newer-format" {
			t.Errorf("%s: got %v, want newer-format", name, err)
		}
	}
}
