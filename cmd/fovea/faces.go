package main

import (
	"bytes"
	"context"
	"image/jpeg"
	"io"
	"math"
	"sync"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/darkroom/faces"
	"fovea/policy"
	"fovea/server/wire"
)

// finder suggests the faces of a picture, one picture at a time: it lies in
// memory while it is looked at.
type finder struct {
	s        *system
	turns    queue
	detector func() (*faces.Detector, error) // made once, when it is first wanted: it costs memory
}

func newFinder(s *system) *finder {
	return &finder{s: s, turns: newQueue(1, drawingWait), detector: sync.OnceValues(faces.New)}
}

// Faces returns the faces of a picture that the caller is served for care, in
// pixels of the upright original.
func (f *finder) Faces(ctx context.Context, c clinical.Caller, asset clinical.AssetID) (wire.Faces, error) {
	out := wire.Faces{Faces: []wire.Face{}}
	found, pic, err := f.find(ctx, c, asset)
	if err != nil {
		return out, err
	}
	out.Width, out.Height = pic.SourceWidth, pic.SourceHeight
	across, down := float64(out.Width)/float64(pic.Width), float64(out.Height)/float64(pic.Height)
	for _, one := range found {
		x, y := math.Floor(float64(one.Box.Min.X)*across), math.Floor(float64(one.Box.Min.Y)*down)
		right, below := math.Ceil(float64(one.Box.Max.X)*across), math.Ceil(float64(one.Box.Max.Y)*down)
		out.Faces = append(out.Faces, wire.Face{
			X: int(x), Y: int(y), Width: min(int(right), out.Width) - int(x), Height: min(int(below), out.Height) - int(y),
			Score: one.Score, Level: one.Level.String(), Turn: one.Turn,
		})
	}
	return out, nil
}

func (f *finder) find(ctx context.Context, c clinical.Caller, asset clinical.AssetID) ([]faces.Found, darkroom.Picture, error) {
	detector, err := f.open()
	if err != nil {
		return nil, darkroom.Picture{}, err
	}
	if err := f.s.openPipeline(ctx); err != nil {
		return nil, darkroom.Picture{}, err
	}
	served, err := f.s.gate.Open(ctx, c, policy.OpenRequest{Use: clinical.Care(), Asset: asset, Kind: clinical.Original})
	if err != nil {
		return nil, darkroom.Picture{}, err
	}
	defer func() { _ = served.Close() }()
	leave, err := f.turns.enter(ctx)
	if err != nil {
		return nil, darkroom.Picture{}, err
	}
	defer leave()
	// The recipe that changes nothing gives the upright original: what recipes are measured in.
	src := darkroom.Source{Reader: io.NewSectionReader(served, 0, served.Size()), Size: served.Size(), MIME: served.MIME}
	pic, err := f.s.shrink.Edit(ctx, src, clinical.NewRecipe(), darkroom.EditOptions{Asset: asset, Size: darkroom.TeachingSize})
	if err != nil {
		return nil, pic, unseen(err)
	}
	upright, err := jpeg.Decode(bytes.NewReader(pic.JPEG))
	if err != nil {
		return nil, pic, clinical.Errorf(clinical.Internal, "faces: decode what was rendered: %w", err)
	}
	found, err := detector.Find(ctx, upright)
	return found, pic, err
}

// open returns the detector, or says for a person that there is none.
func (f *finder) open() (*faces.Detector, error) {
	detector, err := f.detector()
	if clinical.KindOf(err) == clinical.Unavailable {
		return nil, &clinical.Error{
			Kind: clinical.Unavailable, Reason: "no-models", Err: err,
			Public: "This server looks for no faces: it was built without the models. Mark them by hand, or ask the administrator to run scripts/setup models and to build it again.",
		}
	}
	return detector, err
}

// unseen says for a person that no picture can be made of an original.
func unseen(err error) error {
	if clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
		return err
	}
	return &clinical.Error{
		Kind: clinical.Conflict, Reason: darkroom.ReasonUndecodable, Err: err,
		Public: "No decoder makes a picture of this file, so nobody can look for faces in it. The original is kept whole.",
	}
}
