package main

import (
	"context"
	"io"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/policy"
)

// Taken draws a picture that the caller is served for care, as it was taken and
// upright: what masks and marks are drawn on where no browser reads the file.
func (f *finder) Taken(ctx context.Context, c clinical.Caller, asset clinical.AssetID) ([]byte, error) {
	if err := f.s.openPipeline(ctx); err != nil {
		return nil, err
	}
	served, err := f.s.gate.Open(ctx, c, policy.OpenRequest{Use: clinical.Care(), Asset: asset, Kind: clinical.Original})
	if err != nil {
		return nil, err
	}
	defer func() { _ = served.Close() }()
	leave, err := f.turns.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	src := darkroom.Source{Reader: io.NewSectionReader(served, 0, served.Size()), Size: served.Size(), MIME: served.MIME}
	// The recipe that changes nothing gives the upright original: what recipes are measured in.
	pic, err := f.s.shrink.Edit(ctx, src, clinical.NewRecipe(), darkroom.EditOptions{Asset: asset, Size: darkroom.TeachingSize})
	if err != nil {
		return nil, unseen(err)
	}
	return pic.JPEG, nil
}
