package nn

import (
	"encoding/binary"
	"math"
)

// flatFile reads FlatBuffers (flatbuffers.dev, "FlatBuffer Internals"). Any
// offset may point anywhere; a read outside the file yields zeros and is
// remembered as a fault.
type flatFile struct {
	data  []byte
	fault bool
}

// bytes returns n bytes, which are zeros where the file has none.
func (f *flatFile) bytes(at, n int) []byte {
	if at < 0 || n < 0 || at > len(f.data)-n {
		f.fault = true
		return make([]byte, min(max(n, 0), 8))
	}
	return f.data[at : at+n]
}

func (f *flatFile) u16(at int) int { return int(binary.LittleEndian.Uint16(f.bytes(at, 2))) }

func (f *flatFile) i32(at int) int { return int(int32(binary.LittleEndian.Uint32(f.bytes(at, 4)))) }

// record is a FlatBuffers table: a set of numbered fields, any of which may be
// absent.
type record struct {
	file *flatFile
	at   int
}

// field returns where a field is, 0 when it is absent.
func (t record) field(n int) int {
	if t.at == 0 {
		return 0
	}
	list := t.at - t.file.i32(t.at)
	if 4+2*n+2 > t.file.u16(list) {
		return 0
	}
	if off := t.file.u16(list + 4 + 2*n); off != 0 {
		return t.at + off
	}
	return 0
}

func (t record) byte(n int) int {
	if at := t.field(n); at != 0 {
		return int(t.file.bytes(at, 1)[0])
	}
	return 0
}

func (t record) int(n, absent int) int {
	if at := t.field(n); at != 0 {
		return t.file.i32(at)
	}
	return absent
}

// record returns the record that a field refers to.
func (t record) record(n int) record {
	at := t.field(n)
	if at == 0 {
		return record{file: t.file}
	}
	return record{t.file, at + t.file.i32(at)}
}

// vector returns where a vector's elements begin and how many there are. Those
// that cannot fit the file are none, and a fault.
func (t record) vector(n, size int) (at, count int) {
	field := t.field(n)
	if field == 0 {
		return 0, 0
	}
	at = field + t.file.i32(field)
	count = t.file.i32(at)
	if at < 0 || count < 0 || count > (len(t.file.data)-at-4)/size {
		t.file.fault = true
		return 0, 0
	}
	return at + 4, count
}

func (t record) records(n int) []record {
	at, count := t.vector(n, 4)
	all := make([]record, count)
	for i := range all {
		all[i] = record{t.file, at + 4*i + t.file.i32(at+4*i)}
	}
	return all
}

func (t record) ints(n int) []int {
	at, count := t.vector(n, 4)
	all := make([]int, count)
	for i := range all {
		all[i] = t.file.i32(at + 4*i)
	}
	return all
}

// blob returns a vector of bytes.
func (t record) blob(n int) []byte {
	at, count := t.vector(n, 1)
	return t.file.bytes(at, count)
}

// floats reads IEEE 754 single precision.
func floats(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

// halves reads IEEE 754 half precision.
func halves(b []byte) []float32 {
	v := make([]float32, len(b)/2)
	for i := range v {
		v[i] = half(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return v
}

func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h&0x8000)<<16, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0: // zero or subnormal
		small := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(small))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// finite reports whether no value is infinite or not a number.
func finite(v []float32) bool {
	for _, x := range v {
		if x-x != 0 {
			return false
		}
	}
	return true
}
