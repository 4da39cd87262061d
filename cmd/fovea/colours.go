package main

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"io"
	"math"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/darkroom/chart"
	"fovea/policy"
	"fovea/server/wire"
)

// meter measures colours in pictures, one picture at a time: it takes its turn
// with the finder.
type meter struct{ *finder }

// Chart fits colours on the chart at corners, in pixels of the upright original.
func (m meter) Chart(ctx context.Context, c clinical.Caller, asset clinical.AssetID, corners [4]clinical.Point) (wire.ChartFit, error) {
	low, high := corners[0], corners[0]
	for _, p := range corners {
		low, high = clinical.Point{X: min(low.X, p.X), Y: min(low.Y, p.Y)}, clinical.Point{X: max(high.X, p.X), Y: max(high.Y, p.Y)}
	}
	room := max(high.X-low.X, high.Y-low.Y) / 8 // the corner patches reach beyond their middles
	part := clinical.Rect{Min: clinical.Point{X: low.X - room, Y: low.Y - room}, Max: clinical.Point{X: high.X + room, Y: high.Y + room}}
	img, within, err := m.see(ctx, c, asset, part)
	if err != nil {
		return wire.ChartFit{}, err
	}
	var at [4]clinical.Point
	for i, p := range corners {
		at[i] = within(p)
	}
	got, err := chart.Fit(img, at)
	out := wire.ChartFit{Matrix: got.Matrix, Before: got.Before, After: got.After, Patches: []wire.ChartPatch{}}
	for _, p := range got.Patches {
		out.Patches = append(out.Patches, wire.ChartPatch{Name: p.Name, Before: p.Before, After: p.After})
	}
	return out, err
}

// Grey takes a white balance on a patch, in pixels of the upright original.
func (m meter) Grey(ctx context.Context, c clinical.Caller, asset clinical.AssetID, patch clinical.Rect) (wire.Grey, error) {
	img, within, err := m.see(ctx, c, asset, patch)
	if err != nil {
		return wire.Grey{}, err
	}
	got, err := chart.Grey(img, clinical.Rect{Min: within(patch.Min), Max: within(patch.Max)})
	return wire.Grey{Gains: got.Gains, Cast: got.Cast}, err
}

// smallestPart is what is looked at at least, in pixels each way: a crop may not
// be smaller.
const smallestPart = 64

// see returns a part of a picture that the caller is served for care, as large
// as it is up to the teaching size, and where in it a place of the picture is.
func (m meter) see(ctx context.Context, c clinical.Caller, asset clinical.AssetID, part clinical.Rect) (image.Image, func(clinical.Point) clinical.Point, error) {
	if err := m.s.openPipeline(ctx); err != nil {
		return nil, nil, err
	}
	served, err := m.s.gate.Open(ctx, c, policy.OpenRequest{Use: clinical.Care(), Asset: asset, Kind: clinical.Original})
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = served.Close() }()
	leave, err := m.turns.enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	src := darkroom.Source{Reader: io.NewSectionReader(served, 0, served.Size()), Size: served.Size(), MIME: served.MIME}
	recipe := clinical.NewRecipe()
	one, err := m.s.gate.Asset(ctx, c, asset)
	if err != nil {
		return nil, nil, err
	}
	width, height := float64(one.Width), float64(one.Height)
	size := darkroom.TeachingSize
	left, top, scale := 0.0, 0.0, 0.0
	if frame, fits := around(part, width, height); fits {
		recipe.Frame = &frame
		left, top, scale = frame.Centre.X-frame.Width/2, frame.Centre.Y-frame.Height/2, frame.Width
		if max(frame.Width, frame.Height) <= float64(size) {
			size = 0 // as it is, and hardly compressed
		}
	}
	pic, err := m.s.shrink.Edit(ctx, src, recipe, darkroom.EditOptions{Asset: asset, Size: size})
	if err != nil {
		return nil, nil, unseen(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(pic.JPEG))
	if err != nil {
		return nil, nil, clinical.Errorf(clinical.Internal, "meter: decode what was rendered: %w", err)
	}
	if scale == 0 {
		scale = float64(pic.SourceWidth)
	}
	scale = float64(pic.Width) / scale
	return img, func(p clinical.Point) clinical.Point {
		return clinical.Point{X: (p.X - left) * scale, Y: (p.Y - top) * scale}
	}, nil
}

// around is the frame of whole pixels around a part of a picture; false: the
// picture is looked at whole, because its size is not known or the part is not
// in it.
func around(part clinical.Rect, width, height float64) (clinical.Frame, bool) {
	left, top := math.Floor(max(part.Min.X, 0)), math.Floor(max(part.Min.Y, 0))
	right, below := math.Ceil(min(part.Max.X, width)), math.Ceil(min(part.Max.Y, height))
	right, below = min(max(right, left+smallestPart), width), min(max(below, top+smallestPart), height)
	left, top = max(min(left, right-smallestPart), 0), max(min(top, below-smallestPart), 0)
	if !(right-left >= smallestPart && below-top >= smallestPart) {
		return clinical.Frame{}, false
	}
	return clinical.Frame{Centre: clinical.Point{X: (left + right) / 2, Y: (top + below) / 2}, Width: right - left, Height: below - top}, true
}
