package nn

import "encoding/binary"

// message is a decoded protocol buffer (protobuf.dev, "Encoding"): its fields in
// the order of the file.
type message []protoField

// protoField is one field: a number, or bytes.
type protoField struct {
	number int
	value  uint64
	bytes  []byte
}

// readMessage decodes b; the fields share its memory.
func readMessage(b []byte) (message, error) {
	var m message
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<20 {
			return nil, refuse("a damaged field")
		}
		b = b[n:]
		f := protoField{number: int(key >> 3)}
		var size int
		switch key & 7 {
		case 0:
			if f.value, size = binary.Uvarint(b); size <= 0 {
				return nil, refuse("a damaged number")
			}
		case 1:
			size = 8
		case 2:
			length, n := binary.Uvarint(b)
			if n <= 0 || length > uint64(len(b)-n) {
				return nil, refuse("bytes beyond the end")
			}
			b = b[n:]
			size = int(length)
		case 5:
			size = 4
		default:
			return nil, refuse("a field of an unknown type")
		}
		if size > len(b) {
			return nil, refuse("a field beyond the end")
		}
		if key&7 != 0 {
			f.bytes = b[:size]
		}
		m, b = append(m, f), b[size:]
	}
	return m, nil
}

// all returns the bytes of every field of this number.
func (m message) all(number int) [][]byte {
	var found [][]byte
	for _, f := range m {
		if f.number == number && f.bytes != nil {
			found = append(found, f.bytes)
		}
	}
	return found
}

// text returns the last field of this number as text.
func (m message) text(number int) string {
	if all := m.all(number); len(all) > 0 {
		return string(all[len(all)-1])
	}
	return ""
}

// integers returns the numbers of every field of this number, packed or not.
func (m message) integers(number int) ([]int, error) {
	var all []int
	for _, f := range m {
		if f.number != number {
			continue
		}
		if f.bytes == nil {
			all = append(all, int(int64(f.value)))
			continue
		}
		for b := f.bytes; len(b) > 0; {
			v, n := binary.Uvarint(b)
			if n <= 0 {
				return nil, refuse("a damaged list of numbers")
			}
			all, b = append(all, int(int64(v))), b[n:]
		}
	}
	return all, nil
}
