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
	// maxCandidates bounds the judgements of one picture: those of the surest
	// proposals.
	maxCandidates = 160
)

// The thresholds, of the mean of three networks. How they were chosen, and what
// they find and miss, is in docs/faces.md.
const (
	suggestScore = 0.4
	autoScore    = 0.7
)

// find proposes and judges. The surest candidates come first.
func (w *desk) find(ctx context.Context) ([]candidate, error) {
	proposals, err := w.propose(ctx)
	if err != nil {
		return nil, err
	}
	if proposals, err = w.rank(ctx, proposals[:min(len(proposals), maxCandidates)]); err != nil {
		return nil, err
	}
	var found []candidate
	for _, p := range proposals {
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
	return merged(found), nil
}

// propose looks at the whole picture, alone and with black around it, at every
// turn.
func (w *desk) propose(ctx context.Context) ([]proposal, error) {
	var all []proposal
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
		for _, c := range distinct(seen, same) {
			all = append(all, proposal{candidate: c})
		}
	}
	slices.SortStableFunc(all, func(a, b proposal) int { return bySurety(a.candidate, b.candidate) })
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

// proposal is a candidate with what the cheapest network made of it from close
// by.
type proposal struct {
	candidate
	glance candidate
}

// rank puts the proposals first that the cheapest network is surest of. Those are
// the ones that are upright; the same face proposed at another turn then comes
// when it has been found.
func (w *desk) rank(ctx context.Context, all []proposal) ([]proposal, error) {
	for i := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		all[i].glance = w.nearest(0, all[i].cut(widths()[0]), all[i].box)
	}
	slices.SortStableFunc(all, func(a, b proposal) int { return bySurety(a.glance, b.glance) })
	return all, nil
}

// widths are those of the cuts in which a proposal is judged, in its own.
func widths() [2]float64 { return [2]float64{1.7, 2.6} }

// cut is a view of a proposal, upright.
func (p candidate) cut(width float64) view {
	return view{(p.x0 + p.x1) / 2, (p.y0 + p.y1) / 2, width * max(p.x1-p.x0, p.y1-p.y0), p.turn}
}

// judge has all networks look at a proposal, upright and alone: close, and where
// that does not settle it, less close. It returns the proposal with the mean of
// each network's surer look, which is a lower bound where one look was enough. It
// stops as soon as the looks that are left can no longer lift it to suggestScore.
func (w *desk) judge(ctx context.Context, p proposal) (candidate, error) {
	most := [3]float64{p.glance.score}
	surest := p.glance
	for i, width := range widths() {
		for n := range w.nets {
			if i == 0 && n == 0 {
				continue // the glance was this look
			}
			if i > 0 && mean(most, n) < suggestScore {
				return candidate{}, nil
			}
			if err := ctx.Err(); err != nil {
				return candidate{}, err
			}
			s := w.nearest(n, p.cut(width), p.box)
			most[n] = max(most[n], s.score)
			if s.score > surest.score {
				surest = s
			}
		}
		if mean(most, len(most)) >= autoScore {
			break
		}
	}
	if surest.score == 0 {
		return candidate{}, nil
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
