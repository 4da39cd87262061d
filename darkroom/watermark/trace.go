package watermark

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"image/jpeg"
	"math"
	"slices"

	"fovea/clinical"
	"fovea/darkroom/plane"
)

// MostFalse is the greatest probability of naming an innocent mark at which a
// match is called certain.
const MostFalse = 1e-6

// Match is a candidate and how well its mark was found.
type Match struct {
	Mark Mark
	// Score is in standard deviations of what an innocent mark scores.
	Score float64
	// False bounds the probability that any innocent candidate scores as much,
	// over all candidates and all the ways in which the leak was laid over the
	// rendition: Hoeffding's bound exp(−Score²/2) for sums of independent signs,
	// times their number. It assumes nothing about the picture.
	False float64
}

// Finding is what a leak tells.
type Finding struct {
	// Certain are the candidates below MostFalse, best first: none, one, or
	// several where the leak was mixed from several copies.
	Certain []Match
	// Best is the candidate with the highest score, certain or not.
	Best Match
	// Likeness is how alike the details of leak and rendition are where they
	// overlap, 1 for the same picture. Below about 0.3 the leak shows another
	// picture, or a part of this one that cannot be recognised.
	Likeness float64
	// Overlap is the share of the rendition that the leak shows.
	Overlap float64
	// Scale is how many pixels of the leak one of the rendition's has become.
	Scale float64
}

// Trace compares a leaked picture with the unmarked rendition of an asset, and
// tells which of the candidates' marks it carries. A leak that shows something
// else, or carries none of these marks, gives a Finding without a certain match.
// A stranger's file is decoded where it can do no harm, before; of the pixels
// brightness alone counts. A leak of less than 16 pixels is Invalid with
// ReasonUnreadable; a rendition that could not have been marked is Invalid with
// ReasonUnmarkable.
func (m *Marker) Trace(ctx context.Context, leak image.Image, rendition []byte, asset clinical.AssetID, candidates []Mark) (Finding, error) {
	t, err := lay(leak, rendition)
	if err != nil {
		return Finding{}, err
	}
	if t.plan, err = newPlan(rendition, new(work)); err != nil {
		return Finding{}, err
	}
	t.Marker, t.asset, t.candidates = m, asset, candidates
	found := t.trace(ctx)
	if err := ctx.Err(); err != nil {
		return Finding{}, clinical.Errorf(clinical.Unavailable, "watermark: trace: %w", err)
	}
	return found, nil
}

// Likeness tells how alike the details of a leak and a rendition are where the
// leak, upright, lies best on it: what [Finding.Likeness] says, without looking
// for a mark, in a fraction of the time. It sorts the renditions of which one was
// leaked, nobody knows which, before each is traced in turn.
func Likeness(ctx context.Context, leak image.Image, rendition []byte) (float64, error) {
	t, err := lay(leak, rendition)
	if err != nil {
		return 0, err
	}
	var best float64
	if t.whole() {
		_, best, _ = t.rough(resizing(t.original, t.leak))
	}
	if best < sure {
		_, part := t.place(ctx)
		best = max(best, part)
	}
	if err := ctx.Err(); err != nil {
		return 0, clinical.Errorf(clinical.Unavailable, "watermark: compare: %w", err)
	}
	return best, nil
}

// lay reads both pictures.
func lay(leak image.Image, rendition []byte) (*tracing, error) {
	if _, _, err := parse(rendition); err != nil {
		return nil, err
	}
	img, err := jpeg.Decode(bytes.NewReader(rendition))
	if err != nil {
		return nil, unmarkable("coefficients that do not decode")
	}
	t := &tracing{original: plane.Of(img, planeSide)}
	t.leak, err = read(leak)
	return t, err
}

// tracing is one leak on its way.
type tracing struct {
	*Marker
	*plan
	asset          clinical.AssetID
	candidates     []Mark
	original, leak *plane.Plane
}

// sure is the likeness of a leak that lies where it belongs: what is not found
// there is not found elsewhere.
const sure = 0.8

// dim is the likeness up to which a turned picture is not worth a closer look.
const dim = 0.2

// turns are the ways to lay a picture down: four upright and four mirrored.
const turns = 8

// tryMost is how often at most the candidates are scored: the whole picture with
// and without refinement, and a part of it each way.
const tryMost = 2 + turns

// trace tries the cheapest explanation first: the whole picture, then a part of
// it, then turned by quarters and mirrored.
func (t *tracing) trace(ctx context.Context) Finding {
	var best Finding
	if t.whole() {
		whole := resizing(t.original, t.leak)
		best = t.better(ctx, best, refine(ctx, t.original, t.leak, whole))
		if len(best.Certain) == 0 {
			best = t.better(ctx, best, whole) // nothing to hold on to: a flat picture
		}
	}
	for turn := 0; turn < turns && len(best.Certain) == 0 && best.Likeness < sure && ctx.Err() == nil; turn++ {
		switch turn {
		case 0:
		case turns / 2:
			t.leak = t.leak.Turned()
		default:
			t.leak = t.leak.Quarter()
		}
		if onto, likeness := t.place(ctx); likeness > dim || turn == 0 && likeness > 0 {
			best = t.better(ctx, best, refine(ctx, t.original, t.leak, onto))
		}
	}
	return best
}

// whole tells whether the leak has the rendition's proportions.
func (t *tracing) whole() bool {
	aspect := float64(t.leak.W) * float64(t.original.H) / (float64(t.leak.H) * float64(t.original.W))
	return math.Abs(aspect-1) < 0.03
}

// place searches for the leak on the rendition. A likeness of 0 is none.
func (t *tracing) place(ctx context.Context) (onto affine, likeness float64) {
	most := 0.0
	for _, g := range search(ctx, t.original, t.leak) {
		at, alike, overlap := t.rough(g.onto)
		if w := worth(alike, overlap); w > most {
			most, onto, likeness = w, at, alike
		}
	}
	return onto, likeness
}

// rough refines a guess on small pictures.
func (t *tracing) rough(guess affine) (onto affine, likeness, overlap float64) {
	p := paired(t.original, t.leak, guess, min(1, startSide/float64(max(t.original.W, t.original.H))))
	local := p.fit(p.down.inverse().after(guess).after(p.up.inverse()))
	likeness, overlap = p.likeness(local)
	return p.down.after(local).after(p.up), likeness, overlap
}

// better scores all candidates with the leak laid over the rendition by onto,
// and keeps the finding that says more.
func (t *tracing) better(ctx context.Context, than Finding, onto affine) Finding {
	by := min(1, float64(2*startSide)/float64(max(t.original.W, t.original.H)))
	p := paired(t.original, t.leak, onto, by)
	found := Finding{Scale: math.Sqrt(math.Abs(onto[0]*onto[4] - onto[1]*onto[3]))}
	found.Likeness, found.Overlap = p.likeness(p.down.inverse().after(onto).after(p.up.inverse()))
	e := t.gather(t.original, t.leak, onto)
	signs, from := make([]byte, e.blocks), t.signer(t.asset)
	for i, mark := range t.candidates {
		if i%256 == 0 && ctx.Err() != nil {
			return than
		}
		from.signs(signs, mark)
		match := Match{Mark: mark, Score: e.score(signs)}
		match.False = t.chance(match.Score)
		if i == 0 || match.Score > found.Best.Score {
			found.Best = match
		}
		if match.False < MostFalse {
			found.Certain = append(found.Certain, match)
		}
	}
	slices.SortStableFunc(found.Certain, func(a, b Match) int { return cmp.Compare(b.Score, a.Score) })
	if than.Best == (Match{}) || len(found.Certain) > 0 || found.Likeness > than.Likeness {
		return found
	}
	return than
}

// chance bounds the probability that any innocent candidate scores as much, in
// as many tries as a trace may take.
func (t *tracing) chance(score float64) float64 {
	if score <= 0 {
		return 1
	}
	return min(1, tryMost*float64(len(t.candidates))*math.Exp(-score*score/2))
}
