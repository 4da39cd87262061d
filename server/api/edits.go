package api

import (
	"context"

	"fovea/clinical"
	"fovea/server/wire"
)

// finder looks in a picture that the gate serves the caller for care for what may
// say who it is.
type finder interface {
	Suggest(ctx context.Context, c clinical.Caller, asset clinical.AssetID) (wire.Suggestions, error)
}

type saveEditBody struct {
	ID   clinical.AssetID `path:"id"`
	Body wire.SaveEdit
}

// VersionPath names a version of a picture.
type VersionPath struct {
	ID clinical.AssetID `path:"id"`
	N  int              `path:"n" minimum:"1"`
}

type attestBody struct {
	VersionPath
	Body wire.AttestEdit
}

type diffQuery struct {
	VersionPath
	From int `query:"from" minimum:"0" doc:"the version to compare with; absent: the original"`
}

// edits are the versions of a picture: who masked what, and who looked.
func (s *service) edits() {
	show(s, "/assets/{id}/edits", "edits", "The versions of a picture, with their recipes and who attested what", func(ctx context.Context, in *assetPath) (wire.Edits, error) {
		all, err := s.Gate.Edits(ctx, caller(ctx), in.ID)
		if err != nil {
			return wire.Edits{}, err
		}
		one, err := s.Gate.Asset(ctx, caller(ctx), in.ID)
		return wire.ToEdits(all, one.Asset, s.named), err
	})
	show(s, "/assets/{id}/edits/{n}/diff", "edit-diff", "In what a version differs from another", func(ctx context.Context, in *diffQuery) (wire.RecipeDiff, error) {
		all, err := s.Gate.Edits(ctx, caller(ctx), in.ID)
		if err != nil {
			return wire.RecipeDiff{}, err
		}
		from := clinical.NewRecipe()
		if in.From > 0 {
			v, ok := all.Version(in.From)
			if !ok {
				return wire.RecipeDiff{}, clinical.ErrNotFound
			}
			from = v.Recipe
		}
		v, ok := all.Version(in.N)
		if !ok {
			return wire.RecipeDiff{}, clinical.ErrNotFound
		}
		return wire.RecipeDiff{Changes: append([]clinical.RecipeChange{}, clinical.DiffRecipes(from, v.Recipe)...)}, nil
	})
	act(s, "POST /assets/{id}/edits", "save-edit", "Add a version of a picture and show it in that; sets that showed the one before lose it until this one is attested", func(in *saveEditBody) (clinical.Command, error) {
		return clinical.SaveEdit{Asset: in.ID, Base: in.Body.Base, Recipe: in.Body.Recipe, Note: in.Body.Note}, nil
	})
	act(s, "POST /assets/{id}/edits/{n}/attest", "attest-edit", "Say as a second person what the flattened copy of a version still shows", func(in *attestBody) (clinical.Command, error) {
		return in.Body.Clinical(in.ID, in.N)
	})
	if s.Finder != nil {
		show(s, "/assets/{id}/suggestions", "suggestions", "Faces, text and codes that detectors suggest to mask; nothing is masked by it", func(ctx context.Context, in *assetPath) (wire.Suggestions, error) {
			return s.Finder.Suggest(ctx, caller(ctx), in.ID)
		})
	}
}

// named is the name of somebody, "" where nobody knows them.
func (s *service) named(id clinical.PersonID) string {
	p, _ := s.Gate.PersonByID(id)
	return p.Name
}
