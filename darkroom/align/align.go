// Package align lays a picture over an earlier one of the same place, so that
// what changed can be told from where the camera stood.
//
// Details are found in both pictures, at all sizes, and paired where each is the
// other's most alike (Lowe 2004). One map of a plane, a homography, is sought
// with which the most of the pairs agree (Fischler and Bolles 1981), and fitted
// to them. Then it is judged, by more than what it was made from: whether a
// camera can have moved so; whether what agrees is spread over the pictures, or
// is a ruler that was laid beside two different wounds; whether a half of the
// details foretells the other; and whether the pictures' pixels, part by part,
// are most alike there and not beside it. What does not pass is refused with a
// reason: a wrong alignment looks like a change of the patient. Nothing mirrors
// a picture, and nothing changes its pixels.
//
// A body is no plane. What the map misses by is measured where the details are,
// and stated: Result.Error.
//
// Where nothing can be found, a person points at three or four places that are
// the same in both: see [ByHand]. Start reading at [Find].
package align

import (
	"context"
	"image"
	"math"

	"fovea/clinical"
	"fovea/darkroom/plane"
)

// Why pictures are not aligned.
const (
	// ReasonSmall: a picture is too small, or too narrow, to tell details in it.
	ReasonSmall clinical.Reason = "align-small"
	// ReasonFew: too few details are the same in both.
	ReasonFew clinical.Reason = "align-few"
	// ReasonNarrow: what is the same lies in a small part of what both show.
	ReasonNarrow clinical.Reason = "align-narrow"
	// ReasonAside: what is the same lies beside the middle of what both show, as a
	// floor or a couch does.
	ReasonAside clinical.Reason = "align-aside"
	// ReasonImplausible: a camera cannot have moved so.
	ReasonImplausible clinical.Reason = "align-implausible"
	// ReasonUnconfirmed: the pixels are not alike where the details say so.
	ReasonUnconfirmed clinical.Reason = "align-unconfirmed"
	// ReasonInexact: no one plane explains the details closely enough.
	ReasonInexact clinical.Reason = "align-inexact"
	// ReasonPoints: points that were pointed at do not determine a map.
	ReasonPoints clinical.Reason = "align-points"
	// ReasonMirrored: points that were pointed at would mirror the picture.
	ReasonMirrored clinical.Reason = "align-mirrored"
)

const (
	workSide  = 1024 // the longer side at which details are looked for, in pixels
	smallest  = 64   // the shorter side, in pixels
	enlarge   = 2.0  // at most
	narrowest = 8    // times as long as wide
)

// Place is a place in a picture, in pixels from its left upper corner.
type Place struct{ X, Y float64 }

// Result is how a picture lies over an earlier one, or why that is not known.
// Lengths are in pixels of the earlier picture, as it was given.
type Result struct {
	// Matrix takes a place of the picture to the same place of the earlier one.
	// It is zero where Reason is ReasonSmall, ReasonFew or ReasonPoints; after
	// another refusal it is what was found, for who wants to know, not for use.
	Matrix Homography
	// Reason is why the pictures are not aligned; empty: they are.
	Reason clinical.Reason
	// Region is the outline, in the earlier picture, of what agrees. The map holds
	// within it, and nothing is known of what lies outside: a wall behind a foot
	// is not where it was.
	Region []Place
	// Error is within how many pixels 19 of 20 places of the region come to lie on
	// themselves.
	Error float64
	// Residual is the root of the mean square by which the agreeing details miss.
	Residual float64
	// Matches are the details that look alike, Agreeing those with which the map
	// was made, of places that were pointed at all.
	Matches, Agreeing int
	// Spread is the share of what both pictures show that lies in the region; Overlap is that which both show, as a share of the smaller.
	Spread, Overlap float64
	// Parts is of how many parts of the region the pixels were compared;
	// Alike are those that are most alike where they are laid, Elsewhere those
	// that are beside it. Both are 0 for what was aligned by hand.
	Parts, Alike, Elsewhere int
}

// Accepted tells whether the matrix is to be used.
func (r Result) Accepted() bool { return r.Reason == "" }

// Find lays a picture over an earlier one. Both are upright and only read. The
// same pictures give the same result; on another kind of processor it may differ
// in what cannot be seen. It takes one processor, for about a second, and some
// 150 MB; it ends early, with the context's error, when ctx does. Refusing is a
// result and no error.
func Find(ctx context.Context, before, after image.Image) (Result, error) {
	b, ok := newSheet(before)
	a, fits := newSheet(after)
	if !ok || !fits {
		return Result{Reason: ReasonSmall}, nil
	}
	if err := b.study(ctx); err != nil {
		return Result{}, err
	}
	if err := a.study(ctx); err != nil {
		return Result{}, err
	}
	r := between(b, a)
	return r, ctx.Err()
}

// between lays a studied picture over another.
func between(before, after *sheet) Result {
	t := &board{from: after.half(), to: before.half(), fromDetail: after.details, toDetail: before.details}
	t.all = matches(t.fromDetail, t.toDetail)
	for _, m := range t.all {
		t.pairs = append(t.pairs, t.pair(m))
	}
	return t.judge(before, after)
}

// sheet is a picture at the size at which it is worked on.
type sheet struct {
	w, h     float64 // of the picture, in its own pixels
	plane    *plane.Plane
	enlarged float64
	details  []detail
}

func newSheet(img image.Image) (*sheet, bool) {
	size := img.Bounds().Size()
	if min(size.X, size.Y) < smallest || max(size.X, size.Y) > narrowest*min(size.X, size.Y) {
		return nil, false
	}
	s := &sheet{w: float64(size.X), h: float64(size.Y), plane: plane.Of(img, 2*workSide)}
	by := min(enlarge, workSide/max(float64(s.plane.W), float64(s.plane.H)))
	w, h := int(math.Round(float64(s.plane.W)*by)), int(math.Round(float64(s.plane.H)*by))
	s.plane = s.plane.Resized(w, h)
	s.enlarged = by
	return s, true
}

func (s *sheet) study(ctx context.Context) error {
	s.details = details(s.plane, s.enlarged)
	return ctx.Err()
}

// half is the measure of the picture at the size at which it is worked on.
func (s *sheet) half() half { return halfOf(float64(s.plane.W), float64(s.plane.H)) }

// own is the measure of the picture in its own pixels. Sizes are rounded when a
// picture is scaled, so that its height may have its own factor.
func (s *sheet) own() Homography {
	return Homography{s.w / float64(s.plane.W), 0, 0, 0, s.h / float64(s.plane.H), 0, 0, 0, 1}.After(s.half().from())
}
