package main

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"io"
	"math"
	"sync"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/darkroom/faces"
	"fovea/darkroom/identifiers"
	"fovea/policy"
	"fovea/server/wire"
)

// lookedAt is the long side at most, in pixels, of the picture that detectors look
// at: print on a wristband has some 15 of them in the picture of a leg, where those
// of a picture for teaching are too few to be read.
const lookedAt darkroom.Size = 3072

// finder suggests what of a picture may say who it is: its faces, what is written
// in it, and codes. One picture at a time: it lies in memory while it is looked
// at.
type finder struct {
	s        *system
	turns    queue
	detector func() (*faces.Detector, error) // made once, when it is first wanted: it costs memory
}

func newFinder(s *system) *finder {
	return &finder{s: s, turns: newQueue(1, drawingWait), detector: sync.OnceValues(faces.New)}
}

// Suggest returns what detectors find in a picture that the caller is served for
// care, in pixels of the upright original. What none of them looked for is said.
func (f *finder) Suggest(ctx context.Context, c clinical.Caller, asset clinical.AssetID) (wire.Suggestions, error) {
	if err := f.s.openPipeline(ctx); err != nil {
		return wire.Suggestions{}, err
	}
	served, err := f.s.gate.Open(ctx, c, policy.OpenRequest{Use: clinical.Care(), Asset: asset, Kind: clinical.Original})
	if err != nil {
		return wire.Suggestions{}, err
	}
	defer func() { _ = served.Close() }()
	leave, err := f.turns.enter(ctx)
	if err != nil {
		return wire.Suggestions{}, err
	}
	defer leave()
	// The recipe that changes nothing gives the upright original: what recipes are measured in.
	src := darkroom.Source{Reader: io.NewSectionReader(served, 0, served.Size()), Size: served.Size(), MIME: served.MIME}
	pic, err := f.s.shrink.Edit(ctx, src, clinical.NewRecipe(), darkroom.EditOptions{Asset: asset, Size: lookedAt})
	if err != nil {
		return wire.Suggestions{}, unseen(err)
	}
	upright, err := jpeg.Decode(bytes.NewReader(pic.JPEG))
	if err != nil {
		return wire.Suggestions{}, clinical.Errorf(clinical.Internal, "suggest: decode what was rendered: %w", err)
	}
	out := wire.Suggestions{Width: pic.SourceWidth, Height: pic.SourceHeight, Found: []wire.Suggestion{}, Unseen: []wire.NotLooked{}}
	if err := f.faces(ctx, upright, &out); err != nil {
		return wire.Suggestions{}, err
	}
	if err := f.identifiers(ctx, upright, &out); err != nil {
		return wire.Suggestions{}, err
	}
	for i := range out.Found {
		enlarge(&out.Found[i], pic)
	}
	return out, nil
}

// faces adds the faces of a picture, or that the program was built without the
// models.
func (f *finder) faces(ctx context.Context, upright image.Image, out *wire.Suggestions) error {
	detector, err := f.detector()
	if clinical.KindOf(err) == clinical.Unavailable {
		out.Unseen = append(out.Unseen, wire.NotLooked{
			Kind: "face",
			Why:  "This server looks for no faces: it was built without the models. Mark them by hand, or ask the administrator to run scripts/setup models and to build it again.",
		})
		return nil
	}
	if err != nil {
		return err
	}
	found, err := detector.Find(ctx, upright)
	for _, one := range found {
		out.Found = append(out.Found, suggestion("face", one.Box, one.Score, one.Level.String(), one.Turn))
	}
	return err
}

// identifiers adds what is written in a picture and its codes, or that no text was
// looked for.
func (f *finder) identifiers(ctx context.Context, upright image.Image, out *wire.Suggestions) error {
	seen, err := f.s.texts.Find(ctx, upright)
	if err != nil {
		return err
	}
	for _, one := range seen.Found {
		out.Found = append(out.Found, suggestion(string(one.Kind), one.Box, one.Score, one.Level.String(), one.Turn))
	}
	switch seen.Unread {
	case "":
	case identifiers.ReasonNoEngine:
		out.Unseen = append(out.Unseen, wire.NotLooked{
			Kind: "text",
			Why:  "Text was not looked for: this server has no program that reads it. Mark labels and screens by hand, or ask the administrator to install tesseract-ocr.",
		})
	default:
		out.Unseen = append(out.Unseen, wire.NotLooked{
			Kind: "text",
			Why:  "Text was not looked for everywhere: the program that reads it gave up on this picture. Mark labels and screens by hand.",
		})
	}
	return nil
}

// suggestion is something found, in pixels of what was looked at.
func suggestion(kind string, box image.Rectangle, score float64, level string, turn int) wire.Suggestion {
	return wire.Suggestion{Kind: kind, X: box.Min.X, Y: box.Min.Y, Width: box.Dx(), Height: box.Dy(), Score: score, Level: level, Turn: turn}
}

// enlarge maps what was found to pixels of the upright original.
func enlarge(s *wire.Suggestion, pic darkroom.Picture) {
	across, down := float64(pic.SourceWidth)/float64(pic.Width), float64(pic.SourceHeight)/float64(pic.Height)
	right, below := math.Ceil(float64(s.X+s.Width)*across), math.Ceil(float64(s.Y+s.Height)*down)
	s.X, s.Y = int(float64(s.X)*across), int(float64(s.Y)*down)
	s.Width, s.Height = min(int(right), pic.SourceWidth)-s.X, min(int(below), pic.SourceHeight)-s.Y
}

// unseen says for a person that no picture can be made of an original.
func unseen(err error) error {
	if clinical.ReasonOf(err) != darkroom.ReasonUndecodable {
		return err
	}
	return &clinical.Error{
		Kind: clinical.Conflict, Reason: darkroom.ReasonUndecodable, Err: err,
		Public: "No decoder makes a picture of this file, so nobody can look for faces or text in it. The original is kept whole.",
	}
}
