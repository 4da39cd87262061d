package faces

import (
	"context"
	"slices"
)

const (
	// proposed is the least score of a proposal, that of one network on the whole
	// picture.
	proposed = 0.4
	// judged is the least score at which a network's sight counts in a judgement.
	judged = 0.1
	// same is the overlap from which two rectangles are about the same face.
	same = 0.3
	// maxCandidates bounds the judgements of one picture, the surest proposals
	// first.
	maxCandidates = 160
)

// The thresholds, of the mean of three networks. How they were chosen, and what
// they find and miss, is in docs/faces.md.
const (
	suggestScore = 0.5
	autoScore    = 0.7
)

// find proposes and judges. The surest candidates come first.
func (w *desk) find(ctx context.Context) ([]candidate, error) {
	proposals, err := w.propose(ctx)
	if err != nil {
		return nil, err
	}
	var found []candidate
	for _, p := range proposals[:min(len(proposals), maxCandidates)] {
		if slices.ContainsFunc(found, func(f candidate) bool { return f.score >= autoScore && f.overlap(p.box) > same }) {
			continue // a surer look has found this face already
		}
		c, err := w.judge(ctx, p)
		if err != nil {
			return nil, err
		}
		if c.score >= suggestScore {
			found = append(found, c)
		}
	}
	return distinct(found, same), nil
}

// propose looks at the whole picture, alone and with black around it, at every
// turn.
func (w *desk) propose(ctx context.Context) ([]candidate, error) {
	var all []candidate
	width, height := float64(w.picture[0].w), float64(w.picture[0].h)
	for turn := range 4 {
		var seen []candidate
		for _, margin := range []float64{1, 2} {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			v := view{width / 2, height / 2, margin * max(width, height), turn}
			for _, s := range w.look(back, v, proposed) {
				seen = append(seen, candidate{v.place(s), turn, s.score})
			}
		}
		all = append(all, distinct(seen, same)...)
	}
	slices.SortStableFunc(all, bySurety)
	return all, nil
}

// look shows a view to one of the networks. The sights are overwritten by the
// next look.
func (w *desk) look(n int, v view, least float64) []sight {
	net := w.nets[n]
	w.picture.draw(w.runs[n].Input(), net.side, v, w.mixes)
	w.sights = net.see(w.runs[n], least, w.sights[:0])
	return w.sights
}

// judge has all networks look at a proposal, upright and alone: close, and where
// that does not settle it, less close. It returns the proposal with the mean of
// each network's surer look, which is a lower bound where one look was enough. It
// stops as soon as the looks that are left can no longer lift it to suggestScore.
func (w *desk) judge(ctx context.Context, p candidate) (candidate, error) {
	var most [3]float64
	side := max(p.x1-p.x0, p.y1-p.y0)
	surest := candidate{box: p.box}
	for i, width := range [...]float64{1.7, 2.6} {
		v := view{(p.x0 + p.x1) / 2, (p.y0 + p.y1) / 2, width * side, p.turn}
		for n := range w.nets {
			if i > 0 && mean(most, n) < suggestScore {
				return candidate{}, nil
			}
			if err := ctx.Err(); err != nil {
				return candidate{}, err
			}
			s := w.nearest(n, v, p.box)
			most[n] = max(most[n], s.score)
			if s.score > surest.score {
				surest = s
			}
		}
		if mean(most, len(most)) >= autoScore {
			break
		}
	}
	return candidate{p.union(surest.box), p.turn, mean(most, len(most))}, nil
}

// mean returns what the networks say together, when those from n on become
// wholly sure.
func mean(scores [3]float64, n int) float64 {
	total := float64(len(scores) - n)
	for _, s := range scores[:n] {
		total += s
	}
	return total / float64(len(scores))
}

// nearest returns the surest that network n sees in a view of what is about the
// same as b.
func (w *desk) nearest(n int, v view, b box) candidate {
	var best candidate
	for _, s := range w.look(n, v, judged) {
		if at := v.place(s); s.score > best.score && at.overlap(b) > same {
			best = candidate{at, v.turn, s.score}
		}
	}
	return best
}
