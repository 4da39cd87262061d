package index

import (
	"bytes"
	"encoding/hex"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fovea/clinical"
)

func vectorKey() [32]byte {
	var k [32]byte
	for i := range k {
		k[i] = byte(i)
	}
	return k
}

// vectorID and vectorPiece are the vectors of docs/formats/index.md: version 1 stays readable for ever.
const (
	vectorID    = "f1.e18a7d58.000102030405060708090a0b0c0d0e0f"
	vectorPlain = "ulcer"
	vectorPiece = "000000000000000000000001" + "096c9f8211" + "f0bda54569311d29f9e756a3f9f13577" // nonce, ciphertext, tag
)

func TestSealedPieceReadsBackByItsVector(t *testing.T) {
	id := sealVersion + "." + keyName(vectorKey()) + ".000102030405060708090a0b0c0d0e0f"
	if id != vectorID {
		t.Errorf("id %s, want %s", id, vectorID)
	}
	aead, err := fileSeal(id, vectorKey())
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sealer(aead, id)([]byte(vectorPlain))); got != vectorPiece {
		t.Errorf("sealed %s, want %s", got, vectorPiece)
	}
	sealedPiece, err := hex.DecodeString(vectorPiece)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := opener(aead, id)(sealedPiece); err != nil || string(plain) != vectorPlain {
		t.Errorf("opened %q, %v", plain, err)
	}
}

func TestSealUnderAnotherKeyVersionOrSaltIsCorrupt(t *testing.T) {
	other := vectorKey()
	other[0]++
	for _, id := range []string{
		"", "f1", "f2.e18a7d58.000102030405060708090a0b0c0d0e0f", newSealID(other),
		"f1." + keyName(vectorKey()) + ".00", "f1." + keyName(vectorKey()) + ".zz0102030405060708090a0b0c0d0e0f",
	} {
		if _, err := fileSeal(id, vectorKey()); clinical.KindOf(err) != clinical.Corrupt {
			t.Errorf("%q: want Corrupt, got %v", id, err)
		}
	}
}

func FuzzChangedPieceIsCorrupt(f *testing.F) {
	f.Add([]byte("ulcer"), uint16(3), byte(1))
	id := newSealID(vectorKey())
	f.Fuzz(func(t *testing.T, plain []byte, at uint16, flip byte) {
		aead, err := fileSeal(id, vectorKey())
		if err != nil {
			t.Fatal(err)
		}
		piece := sealer(aead, id)(bytes.Clone(plain))
		back, err := opener(aead, id)(piece)
		if err != nil || !bytes.Equal(back, plain) {
			t.Fatalf("opened %q, %v", back, err)
		}
		if len(piece) == 0 || flip == 0 {
			return
		}
		piece[int(at)%len(piece)] ^= flip
		if _, err := opener(aead, id)(piece); !errors.Is(err, clinical.ErrCorrupt) {
			t.Fatalf("a changed byte gives %v", err)
		}
	})
}

func TestSameWordIsNeverSealedTheSameTwice(t *testing.T) {
	id := newSealID(vectorKey())
	aead, err := fileSeal(id, vectorKey())
	if err != nil {
		t.Fatal(err)
	}
	seal := sealer(aead, id)
	if bytes.Equal(seal([]byte("ulcer")), seal([]byte("ulcer"))) {
		t.Error("two pieces of one file are equal")
	}
	if newSealID(vectorKey()) == id {
		t.Error("two files have one salt")
	}
}

func FuzzRow(f *testing.F) {
	f.Add(exampleRow().encode())
	f.Add(row{}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRow(b)
		if err != nil {
			if clinical.KindOf(err) != clinical.Corrupt {
				t.Fatalf("want Corrupt, got %v", err)
			}
			return
		}
		if again := r.encode(); !bytes.Equal(again, b) {
			t.Fatalf("decoded and encoded:\n%x\n%x", b, again)
		}
	})
}

func exampleRow() row {
	return row{
		asset: clinical.AssetID{1}, ordinal: 42, rev: 7, joined: joined{3, 0, 5},
		patient: clinical.PatientID{2}, session: clinical.SessionID{3}, job: clinical.JobID{4},
		taken: time.UnixMilli(1772355600000).UTC(), year: "2026", view: "L-LEG ANT", site: "leg",
		specialty: "dermatology", studio: "studio-a", keywords: []string{"ulcer", "greffe"},
	}
}

// rowVector is exampleRow as version 1 writes it.
const rowVector = "01" + // version
	"01000000000000000000000000000000" + "2a" + "07" + "03" + "00" + "05" + // asset, ordinal, revisions
	"02000000000000000000000000000000" + "00000000000000000000000000000000" + // owner, survivor
	"03000000000000000000000000000000" + "04000000000000000000000000000000" + // session, job
	"0000019ca8a03e80" + "0432303236" + "094c2d4c454720414e54" + "036c6567" + // taken, year, view, site
	"0b6465726d61746f6c6f6779" + "0873747564696f2d61" + // specialty, studio
	"02" + "05756c636572" + "06677265666665" // keywords

func TestRowReadsBackByItsVector(t *testing.T) {
	if got := hex.EncodeToString(exampleRow().encode()); got != rowVector {
		t.Errorf("encoded %s, want %s", got, rowVector)
	}
	b, err := hex.DecodeString(rowVector)
	if err != nil {
		t.Fatal(err)
	}
	r, err := decodeRow(b)
	if diff := cmp.Diff(exampleRow(), r, cmp.AllowUnexported(row{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	for i := range b {
		if _, err := decodeRow(b[:i]); clinical.KindOf(err) != clinical.Corrupt {
			t.Errorf("cut at %d: want Corrupt, got %v", i, err)
		}
	}
}

func TestFoldingTwiceIsFoldingOnce(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.String().Draw(r, "text")
		if once := fold(s); fold(once) != once {
			r.Fatalf("%q folds to %q and then to %q", s, once, fold(once))
		}
	})
}

// Bleve writes a snapshot that it loaded once more under its old number, and leaves in place what the new one lacks.
func TestWhatAnEarlierWriterLeftInTheRootFileStillOpens(t *testing.T) {
	dir := t.TempDir()
	if err := sealed.register(dir, [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	defer sealed.forget(dir)
	root := []byte(filepath.Join(dir, "store", "root.bolt"))
	_, first, err := sealed.writer(root)
	if err != nil {
		t.Fatal(err)
	}
	id, second, err := sealed.writer(root)
	if err != nil {
		t.Fatal(err)
	}
	open, err := sealed.reader(id, root)
	if err != nil {
		t.Fatal(err)
	}
	a, b := first([]byte("deletions")), second([]byte("deletions"))
	if bytes.Equal(a, b) {
		t.Error("two pieces have one nonce")
	}
	for _, piece := range [][]byte{a, b} {
		if got, err := open(piece); err != nil || string(got) != "deletions" {
			t.Errorf("%q, %v", got, err)
		}
	}
	segment := []byte(filepath.Join(dir, "store", "000000000001.zap"))
	one, _, err1 := sealed.writer(segment)
	two, _, err2 := sealed.writer(segment)
	if err1 != nil || err2 != nil || one == two || one == id {
		t.Errorf("segments share a seal: %v, %v", err1, err2)
	}
}
