package align

import "math"

// Homography maps the places of one picture to those of another, as seen from
// elsewhere on the same plane: row by row, the last number 1. Places are in
// pixels, and the picture's left upper corner is 0, 0: the first pixel's middle
// is at ½, ½.
type Homography [9]float64

// Apply maps a place. It says false for one that lies on or behind the horizon,
// which is nowhere in the other picture.
func (h Homography) Apply(at Place) (Place, bool) {
	w := h[6]*at.X + h[7]*at.Y + h[8]
	to := Place{(h[0]*at.X + h[1]*at.Y + h[2]) / w, (h[3]*at.X + h[4]*at.Y + h[5]) / w}
	return to, w > 1e-9 && !math.IsInf(to.X, 0) && !math.IsInf(to.Y, 0)
}

// After is what first does first and then h.
func (h Homography) After(first Homography) (out Homography) {
	for r := range 3 {
		for c := range 3 {
			for k := range 3 {
				out[3*r+c] += h[3*r+k] * first[3*k+c]
			}
		}
	}
	return out.scaled()
}

// Inverse undoes h. Where nothing does, it is no number throughout.
func (h Homography) Inverse() Homography {
	out := Homography{
		h[4]*h[8] - h[5]*h[7], h[2]*h[7] - h[1]*h[8], h[1]*h[5] - h[2]*h[4],
		h[5]*h[6] - h[3]*h[8], h[0]*h[8] - h[2]*h[6], h[2]*h[3] - h[0]*h[5],
		h[3]*h[7] - h[4]*h[6], h[1]*h[6] - h[0]*h[7], h[0]*h[4] - h[1]*h[3],
	}
	det := h[0]*out[0] + h[1]*out[3] + h[2]*out[6]
	for i := range out {
		out[i] /= det
	}
	return out.scaled()
}

// scaled makes the last number 1.
func (h Homography) scaled() Homography {
	by := h[8]
	for i := range h {
		h[i] /= by
	}
	return h
}

// slope is how a step at a place becomes one in the other picture: the four
// partial derivatives, row by row.
func (h Homography) slope(at Place) [4]float64 {
	w := h[6]*at.X + h[7]*at.Y + h[8]
	x, y := (h[0]*at.X+h[1]*at.Y+h[2])/w, (h[3]*at.X+h[4]*at.Y+h[5])/w
	return [4]float64{(h[0] - h[6]*x) / w, (h[1] - h[7]*x) / w, (h[3] - h[6]*y) / w, (h[4] - h[7]*y) / w}
}

// pair is a place that is known in both pictures.
type pair struct{ from, to Place }

// miss is how far h puts a pair's place from where it is; very far where it puts
// it nowhere.
func (h Homography) miss(p pair) float64 {
	at, ok := h.Apply(p.from)
	if !ok {
		return math.Inf(1)
	}
	return math.Hypot(at.X-p.to.X, at.Y-p.to.Y)
}

// How many numbers of a homography are sought: all, or those without
// perspective.
const (
	flat    = 6
	slanted = 8
)

// fitted is the homography of the least algebraic distance (Hartley and
// Zisserman 2004, 4.1). The places are about 1 in size, so that the numbers are.
func fitted(pairs []pair, free int) (Homography, bool) {
	normal := system(free)
	for _, p := range pairs {
		x, y, u, v := p.from.X, p.from.Y, p.to.X, p.to.Y
		accumulate(normal, []float64{x, y, 1, 0, 0, 0, -u * x, -u * y}[:free], u, 1)
		accumulate(normal, []float64{0, 0, 0, x, y, 1, -v * x, -v * y}[:free], v, 1)
	}
	s, ok := solved(normal)
	if !ok {
		return Homography{}, false
	}
	h := Homography{8: 1}
	copy(h[:8], s)
	return h, true
}

// system is an empty system of normal equations with the right side last.
func system(n int) [][]float64 {
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, n+1)
	}
	return out
}

// accumulate adds one equation to a system.
func accumulate(normal [][]float64, row []float64, right, weight float64) {
	for i, a := range row {
		for j, b := range row {
			normal[i][j] += weight * a * b
		}
		normal[i][len(row)] += weight * a * right
	}
}

// solved solves a system by elimination, in place. It says false where nothing,
// or no one thing, solves it.
func solved(rows [][]float64) ([]float64, bool) {
	n := len(rows)
	for i := range n {
		top := i
		for k := i + 1; k < n; k++ {
			if math.Abs(rows[k][i]) > math.Abs(rows[top][i]) {
				top = k
			}
		}
		rows[i], rows[top] = rows[top], rows[i]
		if !(math.Abs(rows[i][i]) > 1e-12) { // also no number at all
			return nil, false
		}
		for k := i + 1; k < n; k++ {
			by := rows[k][i] / rows[i][i]
			for j := i; j <= n; j++ {
				rows[k][j] -= by * rows[i][j]
			}
		}
	}
	out := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		v := rows[i][n]
		for j := i + 1; j < n; j++ {
			v -= rows[i][j] * out[j]
		}
		out[i] = v / rows[i][i]
	}
	return out, true
}

// equations are what least squares say about a homography (Levenberg 1944;
// Marquardt 1963): the normal equations of the misses, each weighed less the
// larger it is against reach, and the sum of what they cost.
func (h Homography) equations(pairs []pair, free int, reach float64) (normal [][]float64, cost float64) {
	normal = system(free)
	for _, p := range pairs {
		at, ok := h.Apply(p.from)
		if !ok {
			cost += 1
			continue
		}
		x, y := p.from.X, p.from.Y
		w := h[6]*x + h[7]*y + h[8]
		du, dv := p.to.X-at.X, p.to.Y-at.Y
		r2 := (du*du + dv*dv) / (reach * reach)
		weight := 1 / ((1 + r2) * (1 + r2)) // Geman and McClure 1987
		cost += r2 / (1 + r2)
		accumulate(normal, []float64{x / w, y / w, 1 / w, 0, 0, 0, -at.X * x / w, -at.X * y / w}[:free], du, weight)
		accumulate(normal, []float64{0, 0, 0, x / w, y / w, 1 / w, -at.Y * x / w, -at.Y * y / w}[:free], dv, weight)
	}
	return normal, cost
}

// polished improves h until it stands still, or for so many rounds.
func (h Homography) polished(pairs []pair, free int, reach float64) Homography {
	const rounds, still = 20, 1e-7
	damp := 1e-4
	normal, cost := h.equations(pairs, free, reach)
	for range rounds {
		held := system(free)
		for i := range normal {
			copy(held[i], normal[i])
			held[i][i] *= 1 + damp
		}
		step, ok := solved(held)
		if !ok {
			break
		}
		next, moved := h, 0.0
		for i, v := range step {
			next[i] += v
			moved = max(moved, math.Abs(v))
		}
		n, c := next.equations(pairs, free, reach)
		if !(c <= cost) {
			if damp *= 10; damp > 1e6 {
				break
			}
			continue
		}
		h, normal, cost, damp = next, n, c, damp/10
		if moved < still {
			break
		}
	}
	return h
}

// doubt is how uncertain a fit of pairs leaves h: the covariance of its numbers,
// the misses of one block being taken together (Liang and Zeger 1986).
func (h Homography) doubt(pairs []pair, free int, reach float64) ([][]float64, bool) {
	normal, _ := h.equations(pairs, free, reach)
	inverse, ok := inverted(normal)
	if !ok {
		return nil, false
	}
	parts := inBlocks(pairs)
	if len(parts) <= free/2 {
		return nil, false
	}
	middle := system(free)
	for _, part := range parts {
		own, _ := h.equations(part, free, reach)
		for i := range free {
			for j := range free {
				middle[i][j] += own[i][free] * own[j][free]
			}
		}
	}
	by := float64(len(parts)) / float64(len(parts)-free/2)
	return times(times(inverse, middle, by), inverse, 1), true
}

// inBlocks are pairs by the blocks in which they lie, in the same order every
// time.
func inBlocks(pairs []pair) (out [][]pair) {
	at := make(map[[2]int]int)
	for _, p := range pairs {
		i, known := at[block(p)]
		if !known {
			i, at[block(p)] = len(out), len(out)
			out = append(out, nil)
		}
		out[i] = append(out[i], p)
	}
	return out
}

// inverted is the inverse of the left side of a system.
func inverted(normal [][]float64) ([][]float64, bool) {
	n := len(normal)
	out := make([][]float64, n)
	for i := range out {
		rows := system(n)
		for j := range rows {
			copy(rows[j], normal[j][:n])
		}
		rows[i][n] = 1
		var ok bool
		if out[i], ok = solved(rows); !ok {
			return nil, false
		}
	}
	return out, true
}

// times is a product of square matrices and a number.
func times(a, b [][]float64, by float64) [][]float64 {
	out := make([][]float64, len(a))
	for i := range a {
		out[i] = make([]float64, len(a))
		for j := range a {
			for k := range a {
				out[i][j] += by * a[i][k] * b[k][j]
			}
		}
	}
	return out
}

// doubtAt is how uncertain a doubt leaves where a place goes.
func (h Homography) doubtAt(doubt [][]float64, at Place) float64 {
	to, ok := h.Apply(at)
	if !ok {
		return math.Inf(1)
	}
	w := h[6]*at.X + h[7]*at.Y + h[8]
	free := len(doubt)
	var sum float64
	for _, row := range [2][]float64{
		{at.X / w, at.Y / w, 1 / w, 0, 0, 0, -to.X * at.X / w, -to.X * at.Y / w},
		{0, 0, 0, at.X / w, at.Y / w, 1 / w, -to.Y * at.X / w, -to.Y * at.Y / w},
	} {
		for i := range free {
			for j := range free {
				sum += row[i] * doubt[i][j] * row[j]
			}
		}
	}
	return math.Sqrt(max(0, sum))
}
