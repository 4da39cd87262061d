package pages

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"fovea/clinical"
)

// stage is the largest size at which one picture is laid over another, in CSS
// pixels, on screens of at least so many.
type stage struct{ screen, width, height int }

func stages() []stage {
	return []stage{{0, 326, 480}, {640, 584, 560}, {901, 540, 560}, {1200, 780, 640}, {1440, 960, 640}}
}

// compareStyle is the style sheet that lays one picture over another: their sizes
// and the homography between them are in its address, and nothing about whose
// they are. No pixel is warped or kept by the server: the browser does it. A
// style sheet of the server's own is what the pages allow, and no other.
func (d *door) compareStyle(v *visit) error {
	q := v.r.URL.Query()
	before, okBefore := sized(q.Get("before"))
	after, okAfter := sized(q.Get("after"))
	matrix, okMatrix := nine(q.Get("matrix"))
	if !okBefore || !okAfter || !okMatrix {
		return clinical.ErrNotFound
	}
	v.w.Header().Set("Content-Type", "text/css; charset=utf-8")
	v.w.Header().Set("X-Content-Type-Options", "nosniff")
	for _, s := range stages() {
		rules := laidOver(s, before, after, matrix)
		if s.screen > 0 {
			rules = fmt.Sprintf("@media (min-width: %dpx) {\n%s}\n", s.screen, rules)
		}
		_, _ = io.WriteString(v.w, rules) // who asked may be gone
	}
	return nil
}

// laidOver are the rules for one size of stage.
func laidOver(s stage, before, after [2]float64, h [9]float64) string {
	k := min(1, float64(s.width)/before[0], float64(s.height)/before[1]) // CSS pixels per pixel
	// The same map between pictures of k times the size.
	m := [9]float64{h[0], h[1], h[2] * k, h[3], h[4], h[5] * k, h[6] / k, h[7] / k, h[8]}
	n := func(v float64) string { return strconv.FormatFloat(v, 'f', 9, 64) }
	return fmt.Sprintf(".laid .stage { width: %spx; height: %spx; }\n", n(before[0]*k), n(before[1]*k)) +
		fmt.Sprintf(".laid .later img { width: %spx; height: %spx; transform: matrix3d(%s); }\n", n(after[0]*k), n(after[1]*k), strings.Join([]string{
			n(m[0]), n(m[3]), "0", n(m[6]), n(m[1]), n(m[4]), "0", n(m[7]), "0", "0", "1", "0", n(m[2]), n(m[5]), "0", n(m[8]),
		}, ", "))
}

// sized reads a size as in 4000x3000.
func sized(text string) (out [2]float64, ok bool) {
	w, h, ok := strings.Cut(text, "x")
	for i, side := range []string{w, h} {
		n, err := strconv.Atoi(side)
		ok = ok && err == nil && n > 0 && n < 1<<20
		out[i] = float64(n)
	}
	return out, ok
}

// nine reads nine numbers.
func nine(text string) (out [9]float64, ok bool) {
	parts := strings.Split(text, ",")
	if len(parts) != len(out) {
		return out, false
	}
	for i, p := range parts {
		v, err := strconv.ParseFloat(p, 64)
		if err != nil || math.IsNaN(v) || math.Abs(v) > 1e9 {
			return out, false
		}
		out[i] = v
	}
	return out, true
}
