package policy

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fovea/clinical"
)

const maxEditNote = 500 // bytes

// saveEdit adds a version of a picture, and shows the picture in it. What was
// attested was another version: until somebody attests this one, no flattened
// copy is shown. A version with masks says that there is something to hide, and one that
// shows more than the one before is nobody's "no identifying feature" yet.
func (a *act) saveEdit(ctx context.Context, cmd clinical.SaveEdit) (clinical.Change, error) {
	as, edits, err := a.editable(ctx, cmd.Asset)
	if err != nil {
		return clinical.Change{}, err
	}
	if moving(&as) && len(cmd.Recipe.Masks) > 0 {
		return clinical.Change{}, stillOnly()
	}
	cmd.Note = strings.TrimSpace(cmd.Note)
	width, height, err := a.upright(ctx, as)
	if err != nil {
		return clinical.Change{}, err
	}
	if err := cmd.Recipe.Check(width, height); err != nil {
		return clinical.Change{}, err
	}
	_, known := edits.Version(cmd.Base)
	switch {
	case cmd.Base != 0 && !known:
		return clinical.Change{}, conflict("base", "The version that this was made from is not there. Open the picture again and repeat.")
	case len(edits.Versions) >= clinical.MaxVersions:
		return clinical.Change{}, conflict("too-many", "This picture has 200 versions, and no more are kept. Show one of them.")
	case len(cmd.Note) > maxEditNote || !utf8.ValidString(cmd.Note):
		return clinical.Change{}, invalid("words", "The note has more than 500 bytes. Shorten it.")
	}
	before, _ := edits.Version(as.Edit)
	edits.Versions = append(slices.Clip(edits.Versions), clinical.Version{
		Base: cmd.Base, Recipe: cmd.Recipe, By: a.person.ID, At: a.now, Note: cmd.Note,
	})
	if b, err := json.Marshal(edits.Versions); err != nil || len(b) > clinical.MaxEditBytes {
		return clinical.Change{}, conflict("too-many", "The versions of this picture take more than 4 MiB. Save one with fewer masks and marks.")
	}
	as.Edit, as.Cleared = len(edits.Versions), clinical.NoIdentifiability
	if as.Masked = len(cmd.Recipe.Masks) > 0; as.Masked || tellsMore(before.Recipe, cmd.Recipe) {
		as.NoIdentifyingFeature, as.ReviewedBy, as.ReviewedAt = false, clinical.PersonID{}, time.Time{}
	}
	return a.edited(clinical.ActEdited, "", as, edits), nil
}

// tellsMore reports whether a version may show what the one before did not: a
// place that was cut away, or words. Nobody has said of those that they identify
// nobody.
func tellsMore(before, now clinical.Recipe) bool {
	if cut := before.Frame; cut != nil && (now.Frame == nil || *now.Frame != *cut) {
		return true
	}
	return slices.ContainsFunc(now.Marks, func(m clinical.Mark) bool {
		return m.Text != "" && !slices.ContainsFunc(before.Marks, func(b clinical.Mark) bool { return b.Text == m.Text })
	})
}

// attestEdit records what a second person found who looked at the flattened copy
// of the version in which a picture is shown.
func (a *act) attestEdit(ctx context.Context, cmd clinical.AttestEdit) (clinical.Change, error) {
	as, edits, err := a.editable(ctx, cmd.Asset)
	if err != nil {
		return clinical.Change{}, err
	}
	v, ok := edits.Version(cmd.Version)
	if !ok || cmd.Version != as.Edit {
		return clinical.Change{}, conflict("stale", "The picture is shown in another version by now. Look at that one.")
	}
	cmd.Words = strings.TrimSpace(cmd.Words)
	if err := a.attestable(as, v, cmd); err != nil {
		return clinical.Change{}, err
	}
	if err := a.lookedAt(ctx, cmd); err != nil {
		return clinical.Change{}, err
	}
	edits.Versions = slices.Clone(edits.Versions)
	edits.Versions[cmd.Version-1].Attested = &clinical.Attestation{By: a.person.ID, At: a.now, SHA256: cmd.SHA256, Level: cmd.Level, Found: maps.Clone(cmd.Found), Words: cmd.Words}
	if as.Cleared = cmd.Level; cmd.Level == clinical.I0 {
		as.Cleared = clinical.NoIdentifiability
	}
	note := strings.TrimSpace(cmd.Found.String() + "\n" + cmd.Words)
	c := a.edited(clinical.ActAttested, note, as, edits)
	c.SHA256 = hex.EncodeToString(cmd.SHA256[:])
	return c, nil
}

// attestable tests what can be attested without looking at a pixel. An eye bar
// makes nobody anonymous (ICMJE recommendations, protection of participants).
func (a *act) attestable(as clinical.Asset, v clinical.Version, cmd clinical.AttestEdit) error {
	hides := func(c clinical.MaskCause) bool {
		return slices.ContainsFunc(v.Recipe.Masks, func(m clinical.Mask) bool { return m.Cause == c })
	}
	switch {
	case v.By == a.person.ID:
		return forbid("second-person", "You made this version yourself. Ask a second person to look at it.")
	case !cmd.Level.Valid():
		return invalid("level", "Say how far the copy identifies: I1 no identifying feature, I2 anonymised, or I0 still recognisable.")
	case len(cmd.Words) > 4000 || !utf8.ValidString(cmd.Words):
		return invalid("words", "These words have more than 4,000 bytes. Shorten them.")
	case !cmd.Found.Valid():
		return invalid("checklist", "The checklist names what nobody asked for. Answer none, masked or shown for "+clinical.FeatureWords(clinical.Features())+".")
	case cmd.Level == clinical.I0:
		return nil
	case moving(&as):
		return stillOnly()
	case !as.Sensitivity.Has(clinical.Known):
		return conflict("unclassified", "Nobody has said what is in the picture. Classify it first.")
	case hides(clinical.HidesEyes) && !hides(clinical.HidesFace):
		return conflict("eye-bar", "A bar over the eyes makes nobody anonymous. Mask the whole face.")
	case as.Sensitivity.Has(clinical.Face) && !hides(clinical.HidesFace):
		return conflict("face", "The picture shows a face, and none is masked. Mask it, or classify the picture again.")
	case len(v.Recipe.Masks) == 0 && as.Identifiability() != clinical.I1:
		return conflict("nothing-masked", "Nothing is masked, and nobody said that the picture has no identifying feature. Mask what identifies, or classify it again.")
	case cmd.Level == clinical.I2 && cmd.Words == "":
		return invalid("no-reason", "Anonymised means that nobody could tell whose it is, a rare finding included. Write what you looked for.")
	default:
		return searched(v.Recipe, cmd)
	}
}

// searched tests that whoever attests looked for every feature, and that what
// they found goes with the level and with the masks. No detector answers for
// them: it misses some faces, and knows no tattoo.
func searched(r clinical.Recipe, cmd clinical.AttestEdit) error {
	left := slices.DeleteFunc(cmd.Found.Found(clinical.FoundShown), func(f clinical.Feature) bool {
		return f == clinical.RareFinding && cmd.Level == clinical.I1
	})
	denied := slices.DeleteFunc(cmd.Found.Found(clinical.FoundNone), func(f clinical.Feature) bool {
		return !slices.ContainsFunc(r.Masks, func(m clinical.Mask) bool { return clinical.Feature(m.Cause) == f })
	})
	switch missing := cmd.Found.Missing(); {
	case len(missing) > 0:
		return invalid("checklist", "Say for each thing what you found: there is none, or it is masked. What nobody looked for is not attested. Missing: "+clinical.FeatureWords(missing)+".")
	case cmd.Found[clinical.RareFinding] == clinical.FoundMasked:
		return invalid("checklist", "A rare finding is what the picture is of and cannot be masked. Say none, or shown.")
	case len(left) > 0:
		return conflict("checklist-shown", "The copy still shows this: "+clinical.FeatureWords(left)+". Mask it in a new version, or say that the picture is still recognisable (I0).")
	case len(denied) > 0:
		return conflict("checklist-masks", "This version masks what you say is not there: "+clinical.FeatureWords(denied)+". Look at the copy again.")
	case len(cmd.Found.Found(clinical.FoundMasked)) > 0 && len(r.Masks) == 0 && r.Frame == nil:
		return conflict("checklist-masks", "You say that something is masked, and this version masks nothing and cuts nothing away. Look at the copy again.")
	default:
		return nil
	}
}

// lookedAt tests that the copy that was looked at is the one that the version
// gives.
func (a *act) lookedAt(ctx context.Context, cmd clinical.AttestEdit) error {
	all, err := a.g.opt.Reader.Renditions(ctx, cmd.Asset)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(r clinical.Rendition) bool {
		return r.Kind == clinical.MaskedFull && r.Edit == cmd.Version && r.Failed == "" && r.Blob.SHA256 == cmd.SHA256
	}) {
		return conflict("not-the-copy", "What you looked at is not the flattened copy of this version. Open it and look again.")
	}
	return nil
}

// editable reads a picture and its versions, for somebody who sees it for care
// and may edit it.
func (a *act) editable(ctx context.Context, id clinical.AssetID) (clinical.Asset, clinical.Edits, error) {
	if err := a.allow(clinical.Photographer, clinical.Clinician); err != nil {
		return clinical.Asset{}, clinical.Edits{}, err
	}
	assets, err := a.visible(ctx, []clinical.AssetID{id})
	if err != nil {
		return clinical.Asset{}, clinical.Edits{}, err
	}
	as := assets[0]
	switch {
	case as.State != clinical.Filed:
		return as, clinical.Edits{}, conflict("not-filed", "This picture is not filed yet. File it first.")
	case as.IDShot || as.Form:
		return as, clinical.Edits{}, conflict("no-picture", "ID shots and forms are kept as they are.")
	case as.Sensitivity.Has(clinical.Safeguarding):
		return as, clinical.Edits{}, conflict("safeguarding", "A safeguarding picture is evidence and stays as it was taken.")
	}
	edits, err := a.g.opt.Reader.Edits(ctx, id)
	return as, edits, err
}

func (a *act) edited(what clinical.Act, why string, as clinical.Asset, edits clinical.Edits) clinical.Change {
	c := a.change(what, why)
	c.Patient, c.Delta.Edits = as.Patient, []clinical.Edits{edits}
	keep(&c, []clinical.Asset{as})
	return c
}

// upright returns the size of a picture as it is looked at, in pixels.
func (a *act) upright(ctx context.Context, as clinical.Asset) (width, height int, err error) {
	q, err := a.g.opt.Reader.Quality(ctx, as.ID)
	if err != nil {
		return 0, 0, err
	}
	width, height = q.Upright(as)
	switch {
	case width > 0 && height > 0:
		return width, height, nil
	case q.Failed != "":
		return 0, 0, conflict("undecodable", "No decoder makes a picture of this file, so it cannot be edited. The original is kept whole.")
	default:
		return 0, 0, conflict("not-measured", "This picture is still being looked at for the first time. Wait a moment and save again.")
	}
}

// Edits returns the versions of a picture to whoever sees it for care.
func (g *Gate) Edits(ctx context.Context, c clinical.Caller, id clinical.AssetID) (clinical.Edits, error) {
	snap, err := g.snapshot()
	if err != nil {
		return clinical.Edits{}, err
	}
	d := Decide(snap, Request{Person: c.Person, Use: clinical.Care(), Asset: id, Rendition: clinical.Teaching, Now: g.opt.Now()})
	e := g.event(clinical.ActViewed, c)
	e.Use, e.Assets, e.Rule = clinical.Care(), []clinical.AssetID{id}, d.Rule
	if !d.Permit {
		e.Act, e.Denied = clinical.ActDenied, true
		g.opt.Recorder.NoteLater(e)
		return clinical.Edits{}, clinical.ErrNotFound
	}
	pic, _ := snap.pictures.get(id)
	e.Patient = pic.frame.patient
	g.opt.Recorder.NoteLater(e)
	edits, err := g.opt.Reader.Edits(ctx, id)
	return edits, hidden(err)
}

// pasteEdit adds a version that takes parts of another picture's version. Who
// pastes sees both for care; what says something of one body stays with it.
func (a *act) pasteEdit(ctx context.Context, cmd clinical.PasteEdit) (clinical.Change, error) {
	as, edits, err := a.editable(ctx, cmd.Asset)
	if err != nil {
		return clinical.Change{}, err
	}
	source, others, err := a.editable(ctx, cmd.From)
	if err != nil {
		return clinical.Change{}, err
	}
	from, ok := others.Version(cmd.Version)
	switch {
	case cmd.Asset == cmd.From:
		return clinical.Change{}, invalid("recipe-paste", "These are one picture's own edits. Choose another picture.")
	case !ok:
		return clinical.Change{}, conflict("base", "The version to copy from is not there. Open that picture again and repeat.")
	case len(cmd.Parts) == 0:
		return clinical.Change{}, invalid("recipe-paste", "Choose what to copy: turn, frame, tone, masks, marks, scale or side.")
	}
	recipe := clinical.NewRecipe()
	if v, shown := edits.Version(as.Edit); shown {
		recipe = v.Recipe
	}
	one := source.Patient == as.Patient && !source.Patient.IsZero()
	if recipe, err = recipe.Paste(from.Recipe, cmd.Parts, one); err != nil {
		return clinical.Change{}, err
	}
	pasted := clinical.SaveEdit{Asset: cmd.Asset, Base: as.Edit, Recipe: recipe}
	if one { // a note may say anything of whom it was written about
		pasted.Note = from.Note
	}
	return a.saveEdit(ctx, pasted)
}
