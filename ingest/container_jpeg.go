package ingest

// walkJPEG goes from marker to marker to the end-of-image marker (ITU-T T.81,
// annex B). Pictures inside application segments are skipped with them.
func walkJPEG(s *octets) (container, error) {
	var c container
	off := int64(2)
	scanned := false
	for {
		m, at, err := nextMarker(s, off, scanned)
		if err != nil {
			return c, err
		}
		switch {
		case m == 0xd9:
			c.end = at + 2
			if !scanned || c.width == 0 {
				return c, errMalformed
			}
			return c, nil
		case m == 0xd8:
			return c, errMalformed
		case m == 0x01 || (m >= 0xd0 && m <= 0xd7): // no length follows
			off = at + 2
			continue
		}
		n, err := segmentLength(s, at+2)
		if err != nil {
			return c, err
		}
		if isFrame(m) {
			f := s.bytes(at+4, 5)
			if f == nil || n < 8 {
				return c, errMalformed
			}
			c.grow(int64(f[3])<<8|int64(f[4]), int64(f[1])<<8|int64(f[2]))
		}
		scanned = scanned || m == 0xda
		off = at + 2 + n
	}
}

// segmentLength reads how long the segment at off is, its length field included.
func segmentLength(s *octets, off int64) (int64, error) {
	b := s.bytes(off, 2)
	if b == nil {
		return 0, errTruncated
	}
	n := int64(b[0])<<8 | int64(b[1])
	if n < 2 {
		return 0, errMalformed
	}
	if off+n > s.size {
		return 0, errTruncated
	}
	return n, nil
}

// isFrame tells a start-of-frame marker from tables that share its range.
func isFrame(m byte) bool {
	return m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc
}

// nextMarker finds the marker at off, after fill bytes; once a scan has begun,
// after its coded bytes too, in which FF 00 is no marker.
func nextMarker(s *octets, off int64, scanned bool) (byte, int64, error) {
	for {
		at := s.find(off, 0xff)
		if at < 0 {
			return 0, 0, errTruncated
		}
		if at != off && !scanned {
			return 0, 0, errMalformed
		}
		b := s.bytes(at+1, 1)
		switch {
		case b == nil:
			return 0, 0, errTruncated
		case b[0] == 0xff:
			off = at + 1
		case b[0] == 0x00 && scanned:
			off = at + 2
		case b[0] == 0x00:
			return 0, 0, errMalformed
		default:
			return b[0], at, nil
		}
	}
}
