package ingest

// walkPNG goes from chunk to chunk to IEND (ISO/IEC 15948, clause 5).
func walkPNG(s *octets) (container, error) {
	var c container
	for off := int64(8); ; {
		n, ok := s.u32(off)
		if !ok {
			return c, errTruncated
		}
		b := s.bytes(off+4, 4)
		if b == nil {
			return c, errTruncated
		}
		name := string(b)
		if n > 1<<31-1 {
			return c, errMalformed
		}
		if off == 8 {
			if name != "IHDR" || n != 13 {
				return c, errMalformed
			}
			if err := pngSize(s, &c); err != nil {
				return c, err
			}
		}
		off += 12 + int64(n)
		if off > s.size {
			return c, errTruncated
		}
		if name == "IEND" {
			c.end = off
			return c, nil
		}
	}
}

// pngSize reads width and height from the header chunk.
func pngSize(s *octets, c *container) error {
	w, _ := s.u32(16)
	h, ok := s.u32(20)
	if !ok {
		return errTruncated
	}
	if w == 0 || h == 0 || w > 1<<31-1 || h > 1<<31-1 {
		return errMalformed
	}
	c.grow(int64(w), int64(h))
	return nil
}
