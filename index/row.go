package index

import (
	"encoding/binary"
	"math"
	"time"

	"fovea/clinical"
)

// rowVersion is the version of the row's layout; docs/formats/index.md.
const rowVersion = 1

const (
	maxKeywords  = 64
	maxRowString = 1 << 10
)

// row is what the index keeps of one asset beside its words: enough to narrow, order and count hits, and to know
// which revisions of which records it was made from. It is stored with the document, so both are written or neither.
type row struct {
	asset     clinical.AssetID
	ordinal   uint32
	rev       uint64 // of the asset
	joined    joined // of the records it was joined with
	patient   clinical.PatientID
	survivor  clinical.PatientID // the patient that owner was merged into, else zero
	session   clinical.SessionID
	job       clinical.JobID
	taken     time.Time // zero: not stated
	year      string
	view      string
	site      string
	specialty string
	studio    string
	keywords  []string
}

// joined are the revisions of the owner, of whom the owner was merged into, and of the job; 0 where there is none.
type joined [3]uint64

// behind reports whether any record of o is newer than j's.
func (j joined) behind(o joined) bool {
	return o[0] > j[0] || o[1] > j[1] || o[2] > j[2]
}

// encode writes the version, then every field in order: IDs as 16 bytes, numbers as uvarint or 8 bytes big endian,
// texts as uvarint length and bytes.
func (r row) encode() []byte {
	b := make([]byte, 0, 160)
	b = append(b, rowVersion)
	b = append(b, r.asset[:]...)
	b = binary.AppendUvarint(b, uint64(r.ordinal))
	b = binary.AppendUvarint(b, r.rev)
	for _, j := range r.joined {
		b = binary.AppendUvarint(b, j)
	}
	b = append(b, r.patient[:]...)
	b = append(b, r.survivor[:]...)
	b = append(b, r.session[:]...)
	b = append(b, r.job[:]...)
	taken := int64(math.MinInt64)
	if !r.taken.IsZero() {
		taken = r.taken.UnixMilli()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(taken))
	for _, s := range []string{r.year, r.view, r.site, r.specialty, r.studio} {
		b = appendText(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(r.keywords)))
	for _, k := range r.keywords {
		b = appendText(b, k)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// decodeRow reads what encode wrote and nothing else: a second spelling of the same row is Corrupt.
func decodeRow(b []byte) (row, error) {
	d := rowReader{b: b}
	if d.byte() != rowVersion {
		return row{}, clinical.Errorf(clinical.Corrupt, "index: a stored row has another version")
	}
	var r row
	d.id((*[16]byte)(&r.asset))
	ordinal := d.uvarint()
	r.ordinal = uint32(ordinal)
	r.rev = d.uvarint()
	for i := range r.joined {
		r.joined[i] = d.uvarint()
	}
	d.id((*[16]byte)(&r.patient))
	d.id((*[16]byte)(&r.survivor))
	d.id((*[16]byte)(&r.session))
	d.id((*[16]byte)(&r.job))
	if t := int64(d.fixed64()); t != math.MinInt64 {
		r.taken = time.UnixMilli(t).UTC()
		d.bad = d.bad || r.taken.IsZero()
	}
	for _, s := range []*string{&r.year, &r.view, &r.site, &r.specialty, &r.studio} {
		*s = d.text()
	}
	n := d.uvarint()
	if n > maxKeywords || ordinal > math.MaxUint32 {
		d.bad = true
	}
	for i := uint64(0); i < n && !d.bad; i++ {
		r.keywords = append(r.keywords, d.text())
	}
	if d.bad || len(d.b) != 0 {
		return row{}, clinical.Errorf(clinical.Corrupt, "index: a stored row is malformed")
	}
	return r, nil
}

// rowReader takes a row apart; once something does not fit it yields zeros and remembers.
type rowReader struct {
	b   []byte
	bad bool
}

func (d *rowReader) take(n int) []byte {
	if d.bad || n > len(d.b) {
		d.bad = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *rowReader) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *rowReader) id(id *[16]byte) { copy(id[:], d.take(16)) }

func (d *rowReader) fixed64() uint64 {
	if b := d.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (d *rowReader) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || (n > 1 && d.b[n-1] == 0) { // cut short, too large, or longer than it needs to be
		d.bad = true
		return 0
	}
	d.take(n)
	return v
}

func (d *rowReader) text() string {
	n := d.uvarint()
	if n > maxRowString {
		d.bad = true
		return ""
	}
	return string(d.take(int(n)))
}
