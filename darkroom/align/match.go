package align

import (
	"math"
	"slices"
)

const (
	ratio    = 0.85 // of the distances to the most alike and to the next
	unlike   = 0.9  // distance beyond which two looks have nothing in common
	sameSpot = 4.0  // pixels within which two details are one
)

// match is a detail of one picture that looks like one of the other.
type match struct {
	from, to *detail
	ratio    float64 // how much more alike than the next
}

// rival is the most alike so far, and how alike the next is that lies elsewhere.
type rival struct {
	at           int
	best, second float32 // cosines
}

func (r *rival) meet(alike float32, at int, all []detail) {
	switch {
	case alike > r.best:
		if r.at < 0 || apart(&all[r.at].spot, &all[at].spot) {
			r.second = r.best
		}
		r.best, r.at = alike, at
	case alike > r.second && apart(&all[r.at].spot, &all[at].spot):
		r.second = alike
	}
}

func apart(a, b *spot) bool {
	dx, dy := a.x-b.x, a.y-b.y
	return dx*dx+dy*dy > sameSpot*sameSpot
}

// clear says how much more alike the best is than the next, as the ratio of
// their distances; 1 or more where it is not.
func (r *rival) clear() float64 {
	if r.at < 0 || distance(r.best) > unlike {
		return 1
	}
	return distance(r.best) / max(distance(r.second), 1e-6)
}

func distance(cosine float32) float64 { return math.Sqrt(max(0, 2-2*float64(cosine))) }

// matches pairs the details that are each other's most alike, and clearly so.
func matches(from, to []detail) []match {
	forth, back := rivals(len(from)), rivals(len(to))
	for i := range from {
		a := &from[i]
		for j := range to {
			b := &to[j]
			if a.bright != b.bright {
				continue
			}
			alike := cosine(&a.look, &b.look)
			if alike > forth[i].second {
				forth[i].meet(alike, j, to)
			}
			if alike > back[j].second {
				back[j].meet(alike, i, from)
			}
		}
	}
	var out []match
	for i := range from {
		j := forth[i].at
		if j < 0 || back[j].at < 0 || back[j].at != i && apart(&from[back[j].at].spot, &from[i].spot) {
			continue
		}
		if r := max(forth[i].clear(), back[j].clear()); r < ratio {
			out = append(out, match{&from[i], &to[j], r})
		}
	}
	return once(out)
}

func rivals(n int) []rival {
	out := make([]rival, n)
	for i := range out {
		out[i] = rival{at: -1, best: -1, second: -1}
	}
	return out
}

// once leaves one match of those that pair the same two places: a detail with
// two angles must not vote twice.
func once(all []match) []match {
	slices.SortStableFunc(all, func(a, b match) int {
		switch {
		case a.ratio < b.ratio:
			return -1
		case a.ratio > b.ratio:
			return 1
		}
		return 0
	})
	seen := make(map[[2]int][]match)
	var out []match
	for _, m := range all {
		key := [2]int{int(m.from.x / 16), int(m.from.y / 16)}
		if slices.ContainsFunc(seen[key], func(o match) bool {
			return !apart(&o.from.spot, &m.from.spot) && !apart(&o.to.spot, &m.to.spot)
		}) {
			continue
		}
		seen[key] = append(seen[key], m)
		out = append(out, m)
	}
	return out
}

// cosine is that of the angle between two looks.
func cosine(a, b *[words]float32) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i < words; i += 8 {
		x, y := a[i:i+8:i+8], b[i:i+8:i+8]
		s0 += x[0]*y[0] + x[4]*y[4]
		s1 += x[1]*y[1] + x[5]*y[5]
		s2 += x[2]*y[2] + x[6]*y[6]
		s3 += x[3]*y[3] + x[7]*y[7]
	}
	return s0 + s1 + s2 + s3
}
