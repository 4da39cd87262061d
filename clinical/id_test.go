package clinical_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"

	"fovea/clinical"
)

// The vector of github.com/ulid/spec: the largest ULID.
const largestID = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"

func TestIDsAreULIDs(t *testing.T) {
	at := time.UnixMilli(1469918176385) // the time of the specification's example, 01ARYZ6S41…
	id, err := clinical.NewID[clinical.Asset](at, bytes.NewReader(make([]byte, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if want := "01ARYZ6S410000000000000000"; id.String() != want || !id.Time().Equal(at) {
		t.Errorf("got %s at %v, want %s", id, id.Time(), want)
	}
	largest, err := clinical.ParseID[clinical.Asset](largestID)
	if err != nil || largest.String() != largestID || largest.Compare(id) != 1 || id.Compare(largest) != -1 {
		t.Errorf("largest %s, %v", largest, err)
	}
	lower, err := clinical.ParseID[clinical.Asset]("01aryz6s410000000000000000")
	if err != nil || lower != id {
		t.Errorf("lower case: %s, %v", lower, err)
	}
}

func TestParseIDRefuses(t *testing.T) {
	for _, s := range []string{
		"", "0", largestID + "Z", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARYZ6S41000000000000000I",
		"01ARYZ6S41000000000000000U", " 1ARYZ6S410000000000000000", "01ARYZ6S41000000000000000\u00e9"[:26],
	} {
		if _, err := clinical.ParseID[clinical.Patient](s); !errors.Is(err, clinical.ErrInvalid) || clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestZeroIDIsEmptyText(t *testing.T) {
	type record struct{ ID clinical.AssetID }
	text, err := json.Marshal(record{})
	if err != nil || string(text) != `{"ID":""}` {
		t.Errorf("%s, %v", text, err)
	}
	var r record
	if err := json.Unmarshal([]byte(`{"ID":"`+largestID+`"}`), &r); err != nil || r.ID.IsZero() {
		t.Errorf("%v, %v", r, err)
	}
	if err := json.Unmarshal(text, &r); err != nil || !r.ID.IsZero() {
		t.Errorf("%v, %v", r, err)
	}
	if err := json.Unmarshal([]byte(`{"ID":"x"}`), &r); err == nil {
		t.Error("x is an ID")
	}
}

func TestMinterAscendsWithinAMillisecond(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	m := clinical.NewMinter(func() time.Time { return now }, zeros{})
	last := clinical.Mint[clinical.Asset](m)
	for i := range 1000 {
		if i == 500 {
			now = now.Add(-time.Hour) // a clock that is set back
		}
		id := clinical.Mint[clinical.Asset](m)
		if id.Compare(last) != 1 {
			t.Fatalf("%s does not follow %s", id, last)
		}
		last = id
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestNewIDFails(t *testing.T) {
	if _, err := clinical.NewID[clinical.Asset](time.UnixMilli(-1), zeros{}); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("before 1970: %v", err)
	}
	if _, err := clinical.NewID[clinical.Asset](time.Now(), bytes.NewReader(nil)); clinical.KindOf(err) != clinical.Unavailable || errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("without random bits: %v", err)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(largestID)
	f.Add("01aryz6s410000000000000000")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := clinical.ParseID[clinical.Asset](s)
		if err != nil {
			if !id.IsZero() {
				t.Errorf("%q: an error and %s", s, id)
			}
			return
		}
		again, err := clinical.ParseID[clinical.Asset](id.String())
		if err != nil || again != id {
			t.Errorf("%q: %s, then %s, %v", s, id, again, err)
		}
	})
}
