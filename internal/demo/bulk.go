package demo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"fovea/clinical"
)

// Bulk yields n camera files of exactly size bytes each, named as a camera names them and taken ten seconds apart
// from o.Taken on: complete JPEGs with EXIF, no two alike. They are cheap, for benchmarks: all show the same picture,
// and comment segments of random bytes before the end of the image make up the size. Each slice is the caller's.
//
// A size that is smaller than the picture itself is Invalid.
func Bulk(n, size int, o Options) (iter.Seq2[string, []byte], error) {
	if o.Height == 0 {
		o.Height = minHeight * 2
	}
	base, err := Picture(ArmScar, 1, o)
	if err != nil {
		return nil, err
	}
	if size < len(base)+1024 {
		return nil, clinical.Errorf(clinical.Invalid, "demo: a bulk file has at least %d bytes", len(base)+1024)
	}
	length := 2 + int(binary.BigEndian.Uint16(base[4:])) // of the APP1 segment behind SOI
	rest := base[2+length : len(base)-2]
	return func(yield func(string, []byte) bool) {
		for i := range n {
			b, err := fat(rest, i, size, o)
			if err != nil { // the same options made base
				return
			}
			if !yield(fmt.Sprintf("DSC_%04d.JPG", i+1), b) {
				return
			}
		}
	}, nil
}

// fat is file i: SOI, its own EXIF, the picture, padding, EOI.
func fat(rest []byte, i, size int, o Options) ([]byte, error) {
	o.Taken = o.Taken.Add(time.Duration(i) * 10 * time.Second)
	o.Orientation = max(1, o.Orientation)
	w, h := o.Height*4/3, o.Height
	if o.Orientation >= 5 {
		w, h = h, w
	}
	app1, err := exif(o, w, h)
	if err != nil {
		return nil, err
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	b.Write([]byte{0xFF, 0xD8})
	b.Write(app1)
	b.Write(rest)
	out := b.Bytes()
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], uint64(i)+1)
	random := rand.NewChaCha8(seed)
	for left := size - 2 - len(out); left > 0; left = size - 2 - len(out) {
		seg := min(left, 4+65533)
		if over := left - seg; over > 0 && over < 4 {
			seg -= 4 // leave room for a whole segment
		}
		out = binary.BigEndian.AppendUint16(append(out, 0xFF, 0xFE), uint16(seg-2))
		out = out[:len(out)+seg-4]
		_, _ = random.Read(out[len(out)-(seg-4):]) // never fails
	}
	return append(out, 0xFF, 0xD9), nil
}
