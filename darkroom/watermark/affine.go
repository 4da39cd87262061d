package watermark

import "fovea/darkroom/plane"

// affine maps positions in one picture to another: x' = m[0]·x + m[1]·y + m[2],
// y' = m[3]·x + m[4]·y + m[5]. Positions are in pixels; the centre of the first
// pixel is 0, 0.
type affine [6]float64

func (m affine) apply(x, y float64) (float64, float64) {
	return m[0]*x + m[1]*y + m[2], m[3]*x + m[4]*y + m[5]
}

// after maps by first, then by m.
func (m affine) after(first affine) affine {
	x, y := m.apply(first[2], first[5])
	return affine{
		m[0]*first[0] + m[1]*first[3], m[0]*first[1] + m[1]*first[4], x,
		m[3]*first[0] + m[4]*first[3], m[3]*first[1] + m[4]*first[4], y,
	}
}

// inverse maps back. A map that cannot be undone gives one that maps everything
// to one far place.
func (m affine) inverse() affine {
	det := m[0]*m[4] - m[1]*m[3]
	if det == 0 {
		return affine{2: -1e9, 5: -1e9}
	}
	out := affine{0: m[4] / det, 1: -m[1] / det, 3: -m[3] / det, 4: m[0] / det}
	out[2], out[5] = -(out[0]*m[2] + out[1]*m[5]), -(out[3]*m[2] + out[4]*m[5])
	return out
}

// centred turns a map of corners, in which the first pixel's corner is 0, 0,
// into one of centres.
func (m affine) centred() affine {
	x, y := m.apply(0.5, 0.5)
	m[2], m[5] = x-0.5, y-0.5
	return m
}

// resizing maps a picture onto its resized self.
func resizing(from, to *plane.Plane) affine {
	return affine{0: float64(to.W) / float64(from.W), 4: float64(to.H) / float64(from.H)}.centred()
}
