package clinical

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"sync"
	"time"
)

// ID is a ULID (github.com/ulid/spec): 48 bits of Unix milliseconds, big
// endian, then 80 random bits. K only tells the compiler what is named, so
// that a patient's ID can never be passed where an asset's is meant.
// The zero ID names nothing.
type ID[K any] [16]byte

// The things that have an ID.
type (
	PatientID   = ID[Patient]
	EncounterID = ID[Encounter]
	LesionID    = ID[Lesion]
	JobID       = ID[Job]
	SessionID   = ID[Session]
	RunID       = ID[Run]
	LandingID   = ID[Landing]
	AssetID     = ID[Asset]
	RenditionID = ID[Rendition]
	GrantID     = ID[Grant]
	HoldID      = ID[Hold]
	SetID       = ID[TeachingSet]
	ItemID      = ID[SetItem]
	ReleaseID   = ID[Release]
	PersonID    = ID[Person]
	BlobID      = ID[Blob]

	BreakGlassID = ID[BreakGlass]
	TaskID       = ID[Task]
	RecallID     = ID[Recall]
	CodeID       = ID[PatientCode]
	ErasureID    = ID[Erasure]
	RetentionID  = ID[Retention]
)

// crockford is the ULID alphabet: no I, L, O, U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// IDTextLen is the length of an ID in text.
const IDTextLen = 26

// NewID makes an ID for the instant at, with random bits from r.
// It fails only when r does or when at lies outside 48 bits of milliseconds.
func NewID[K any](at time.Time, r io.Reader) (ID[K], error) {
	var id ID[K]
	ms := at.UnixMilli()
	if ms < 0 || ms >= 1<<48 {
		return id, Errorf(Invalid, "clinical: instant %d ms does not fit an ID", ms)
	}
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], uint64(ms))
	copy(id[:6], head[2:])
	if _, err := io.ReadFull(r, id[6:]); err != nil {
		return ID[K]{}, Errorf(Unavailable, "clinical: no random bits: %v", err)
	}
	return id, nil
}

// Minter makes IDs that ascend within a millisecond too, so that the order of
// IDs is the order of their making. The zero Minter is not ready: use NewMinter.
type Minter struct {
	now  func() time.Time
	rand io.Reader
	mu   sync.Mutex
	last [16]byte
}

// NewMinter returns a Minter on a clock and a source of random bits; a nil
// clock is time.Now and a nil source is crypto/rand.
func NewMinter(now func() time.Time, random io.Reader) *Minter {
	if now == nil {
		now = time.Now
	}
	if random == nil {
		random = rand.Reader
	}
	return &Minter{now: now, rand: random}
}

// Mint returns a new ID from m, larger than every earlier one of m.
// It panics when the source of random bits fails: there is no safe way on.
func Mint[K any](m *Minter) ID[K] {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, err := NewID[K](m.now(), m.rand)
	if err != nil {
		panic(err)
	}
	if ID[K](m.last).Compare(id) >= 0 {
		id = m.last
		for i := len(id) - 1; i >= 0; i-- {
			id[i]++
			if id[i] != 0 {
				break
			}
		}
	}
	m.last = id
	return id
}

// ParseID reads the 26 characters of a ULID, in either case.
// Anything else is Invalid: no trimming, no look-alike letters.
func ParseID[K any](s string) (ID[K], error) {
	var id ID[K]
	if len(s) != IDTextLen {
		return id, Errorf(Invalid, "clinical: an ID has %d characters, this has %d", IDTextLen, len(s))
	}
	var hi, lo uint64
	for i := range len(s) {
		v := crockfordValue(s[i])
		if v > 31 || (i == 0 && v > 7) {
			return ID[K]{}, Errorf(Invalid, "clinical: character %d does not belong in an ID", i+1)
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, nil
}

func crockfordValue(c byte) byte {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	for i := range len(crockford) {
		if crockford[i] == c {
			return byte(i)
		}
	}
	return 255
}

// String returns the 26 characters of the ULID.
func (id ID[K]) String() string {
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var out [IDTextLen]byte
	for i := IDTextLen - 1; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// IsZero reports whether id names nothing.
func (id ID[K]) IsZero() bool { return id == ID[K]{} }

// Compare orders IDs by their bytes, which is by time of making.
func (id ID[K]) Compare(other ID[K]) int {
	for i := range id {
		if id[i] != other[i] {
			if id[i] < other[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// Time returns the instant the ID was made for, to the millisecond, in UTC.
func (id ID[K]) Time() time.Time {
	var b [8]byte
	copy(b[2:], id[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b[:]))).UTC()
}

// MarshalText gives the ULID, and nothing for the zero ID.
func (id ID[K]) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return []byte{}, nil
	}
	return []byte(id.String()), nil
}

// UnmarshalText is the inverse of MarshalText.
func (id *ID[K]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID[K]{}
		return nil
	}
	v, err := ParseID[K](string(b))
	if err != nil {
		return err
	}
	*id = v
	return nil
}
