package policy_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// flat is the flattened copy of one version of a picture.
func flat(picture string, edit int) clinical.Rendition {
	r := clinicaltest.Slide(picture)
	r.ID, r.Kind, r.Edit = clinicaltest.ID[clinical.Rendition]("flat of "+picture), clinical.Masked, edit
	r.Blob.ID, r.Blob.SHA256 = clinicaltest.ID[clinical.Blob]("flat of "+picture), sha256.Sum256([]byte("flat of "+picture))
	return r
}

// portraits is a published set of one face, consented to without identifying
// feature.
func portraits() clinical.Delta {
	d := wounds()
	face := picture("leg", "adult", clinical.Plain|clinical.Face)
	face.Capture.Width, face.Capture.Height, face.Capture.Orientation = 3000, 4000, 6 // looked at: 4000 × 3000
	d.Assets[0] = face
	d.Sets[0].PublishedBy = human("emil")
	return d
}

func masking(causes ...clinical.MaskCause) clinical.Recipe {
	r := clinical.NewRecipe()
	for _, c := range causes {
		r.Masks = append(r.Masks, clinical.Mask{
			Shape: clinical.MaskEllipse, Centre: clinical.Point{X: 3500, Y: 1000}, Radii: clinical.Point{X: 300, Y: 400},
			Fill: clinical.FillSolid, Cause: c,
		})
	}
	return r
}

// found is a whole checklist: these are masked, and there is nothing else.
func found(masked ...clinical.MaskCause) clinical.Checklist {
	out := clinical.Checklist{}
	for _, f := range clinical.Features() {
		out[f] = clinical.FoundNone
	}
	for _, c := range masked {
		out[clinical.Feature(c)] = clinical.FoundMasked
	}
	return out
}

// flatten makes the copies of a version, as the darkroom does.
func (h *house) flatten(version int) (looked [32]byte) {
	h.t.Helper()
	whole := flat("leg", version)
	whole.ID, whole.Kind = clinicaltest.ID[clinical.Rendition]("whole"), clinical.MaskedFull
	whole.Blob.SHA256 = sha256.Sum256([]byte{byte(version)})
	copied := flat("leg", version)
	for _, r := range h.journal.all.Renditions { // made again, they keep their IDs
		switch r.ID {
		case copied.ID:
			copied.Rev = max(copied.Rev, r.Rev)
		case whole.ID:
			whole.Rev = max(whole.Rev, r.Rev)
		}
	}
	plain := clinicaltest.Slide("leg")
	plain.Edit = version
	for _, r := range h.journal.all.Renditions {
		if r.ID == plain.ID {
			plain.Rev = max(plain.Rev, r.Rev)
		}
	}
	c := h.write(clinical.Delta{Renditions: []clinical.Rendition{plain, copied, whole}})
	h.seen(h.t.Context(), c.Seq)
	return whole.Blob.SHA256
}

func TestAMaskedFaceIsShownOnceASecondPersonHasLooked(t *testing.T) {
	h := newHouse(t, portraits())
	h.run()
	listed := func() int { return len(h.names("stella", set("wounds"), clinical.Mount)) }
	nothing := func(when string) {
		t.Helper()
		if n := listed(); n != 0 {
			t.Errorf("%s: %d listed", when, n)
		}
		if _, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg")); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: opened, %v", when, err)
		}
	}
	nothing("as taken")
	h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: masking(clinical.HidesFace), Note: " whole face "})
	nothing("masked")
	sum := h.flatten(1)
	nothing("rendered")

	look := clinical.AttestEdit{Asset: asset("leg"), Version: 1, SHA256: sum, Level: clinical.I1, Found: found(clinical.HidesFace)}
	if got := h.refuses("paula", look, clinical.Forbidden); got != "second-person" {
		t.Errorf("one's own: %s", got)
	}
	h.refuses("stella", look, clinical.Forbidden)
	other := look
	other.SHA256[0] ^= 1
	if got := h.refuses("clara", other, clinical.Conflict); got != "not-the-copy" {
		t.Errorf("another copy: %s", got)
	}
	unsaid := look
	unsaid.Level = clinical.I2
	if got := h.refuses("clara", unsaid, clinical.Invalid); got != "no-reason" {
		t.Errorf("anonymised without a word: %s", got)
	}
	h.do("clara", look)
	if n := listed(); n != 1 {
		t.Errorf("attested: %d listed", n)
	}
	served, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg"))
	if err != nil || served.Rendition != clinical.Masked {
		t.Fatalf("attested: served %+v, %v", served, err)
	}
	if plain, err := h.Open(t.Context(), as("clara"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg"), Kind: clinical.Teaching}); err != nil || plain.Rendition != clinical.Teaching {
		t.Errorf("care is served %+v, %v", plain, err)
	}
	e, err := h.Edits(t.Context(), as("clara"), asset("leg"))
	if v, ok := e.Version(1); err != nil || !ok || v.Note != "whole face" || v.Attested == nil || v.Attested.By != human("clara") || v.Attested.SHA256 != sum || v.Attested.Found[clinical.Feature(clinical.HidesFace)] != clinical.FoundMasked {
		t.Errorf("kept %+v, %v", e, err)
	}
	if _, err := h.Edits(t.Context(), as("stella"), asset("leg")); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a student reads the versions: %v", err)
	}

	// A further version is nobody's word yet: the copy is gone, in a stream that
	// was open as well.
	h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Base: 1, Recipe: masking(clinical.HidesFace, clinical.HidesTattoo)})
	nothing("edited again")
	if _, err := h.Open(t.Context(), as("clara"), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg"), Kind: clinical.Teaching}); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("the copy of the version before is shown: %v", err)
	}
	if _, err := io.Copy(io.Discard, served.Content); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("the stream of the version before: %v", err)
	}
	if got := h.refuses("clara", look, clinical.Conflict); got != "stale" {
		t.Errorf("attesting the version before: %s", got)
	}
	h.flatten(2)
	nothing("rendered again")
}

func TestWhatCannotBeAttested(t *testing.T) {
	for name, x := range map[string]struct {
		recipe clinical.Recipe
		change func(*clinical.Asset)
		want   clinical.Reason
	}{
		"an eye bar":            {masking(clinical.HidesEyes), nil, "eye-bar"},
		"no face masked":        {masking(clinical.HidesTattoo), nil, "face"},
		"nothing masked":        {clinical.NewRecipe(), func(a *clinical.Asset) { a.Sensitivity, a.NoIdentifyingFeature = clinical.Plain, false }, "nothing-masked"},
		"not classified":        {masking(clinical.HidesFace), func(a *clinical.Asset) { a.Sensitivity = 0 }, "unclassified"},
		"face and eyes, a face": {masking(clinical.HidesFace, clinical.HidesEyes), nil, ""},
		"no feature, no mask":   {clinical.NewRecipe(), func(a *clinical.Asset) { a.Sensitivity, a.NoIdentifyingFeature = clinical.Plain, true }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := portraits()
			if x.change != nil {
				x.change(&d.Assets[0])
			}
			h := newHouse(t, d)
			h.run()
			h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: x.recipe})
			cmd := clinical.AttestEdit{Asset: asset("leg"), Version: 1, SHA256: h.flatten(1), Level: clinical.I2, Words: "nothing rare in it", Found: found()}
			for _, m := range x.recipe.Masks {
				cmd.Found[clinical.Feature(m.Cause)] = clinical.FoundMasked
			}
			if x.want == "" {
				h.do("clara", cmd)
				return
			}
			if got := h.refuses("clara", cmd, clinical.Conflict); got != x.want {
				t.Errorf("refused with %s, want %s", got, x.want)
			}
			// That it still identifies can always be said, and shows nothing.
			cmd.Level, cmd.Found = clinical.I0, nil
			h.do("clara", cmd)
			if a := h.asset("leg"); a.Cleared != clinical.NoIdentifiability {
				t.Errorf("cleared as %s", a.Cleared)
			}
		})
	}
}

func TestNothingIsAttestedThatNobodyLookedFor(t *testing.T) {
	h := newHouse(t, portraits())
	h.run()
	h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: masking(clinical.HidesFace)})
	good := clinical.AttestEdit{Asset: asset("leg"), Version: 1, SHA256: h.flatten(1), Level: clinical.I1, Found: found(clinical.HidesFace)}
	for name, x := range map[string]struct {
		change func(clinical.Checklist)
		kind   clinical.Kind
		want   clinical.Reason
	}{
		"nothing answered":         {func(c clinical.Checklist) { clear(c) }, clinical.Invalid, "checklist"},
		"no word of tattoos":       {func(c clinical.Checklist) { delete(c, "tattoo") }, clinical.Invalid, "checklist"},
		"another word":             {func(c clinical.Checklist) { c["tattoo"] = "perhaps" }, clinical.Invalid, "checklist"},
		"another feature":          {func(c clinical.Checklist) { c["voice"] = clinical.FoundNone }, clinical.Invalid, "checklist"},
		"a masked finding":         {func(c clinical.Checklist) { c[clinical.RareFinding] = clinical.FoundMasked }, clinical.Invalid, "checklist"},
		"a label is left":          {func(c clinical.Checklist) { c["label"] = clinical.FoundShown }, clinical.Conflict, "checklist-shown"},
		"the masked face is none":  {func(c clinical.Checklist) { c["face"] = clinical.FoundNone }, clinical.Conflict, "checklist-masks"},
		"a rare finding, at I2":    {func(c clinical.Checklist) { c[clinical.RareFinding] = clinical.FoundShown }, clinical.Conflict, "checklist-shown"},
		"eyes under the face mask": {change: func(c clinical.Checklist) { c["eyes"] = clinical.FoundMasked }},
	} {
		cmd := good
		cmd.Level, cmd.Words, cmd.Found = clinical.I2, "a common ulcer", found(clinical.HidesFace)
		x.change(cmd.Found)
		if x.want == "" {
			h.do("clara", cmd)
			continue
		}
		if got := h.refuses("clara", cmd, x.kind); got != x.want {
			t.Errorf("%s: refused with %s, want %s", name, got, x.want)
		}
	}
	good.Found[clinical.RareFinding] = clinical.FoundShown
	h.do("clara", good) // recognisable by the finding alone: no feature, and not anonymous
	last := h.journal.entries[len(h.journal.entries)-1].Event
	if want := "face masked, eyes none, tattoo none, jewellery none, label none, background none, rare finding shown"; last.Note != want {
		t.Errorf("the ledger says %q, want %q", last.Note, want)
	}
	if want := hex.EncodeToString(good.SHA256[:]); last.SHA256 != want || last.Caller.Person != human("clara") {
		t.Errorf("the ledger says that %s attested %q, want %q", last.Caller.Person, last.SHA256, want)
	}
}

// The photographer's word is about what was to be seen. A version that shows a
// place that was cut away then, or that has words on it, is none that it was
// said of.
func TestNoIdentifyingFeatureIsSaidOfWhatWasSeen(t *testing.T) {
	cut, moved, words, arrow := clinical.NewRecipe(), clinical.NewRecipe(), clinical.NewRecipe(), clinical.NewRecipe()
	cut.Frame = &clinical.Frame{Centre: clinical.Point{X: 1000, Y: 1000}, Width: 600, Height: 600}
	moved.Frame = &clinical.Frame{Centre: clinical.Point{X: 3000, Y: 1000}, Width: 600, Height: 600}
	words.Marks = []clinical.Mark{{Kind: clinical.MarkText, Points: []clinical.Point{{X: 90, Y: 90}}, Text: "Mrs Fontaine", Ink: clinical.White}}
	arrow.Marks = []clinical.Mark{{Kind: clinical.MarkArrow, Points: []clinical.Point{{X: 90, Y: 90}, {X: 190, Y: 190}}, Ink: clinical.White}}
	for name, x := range map[string]struct {
		before, now clinical.Recipe
		stays       bool
	}{
		"the same":           {cut, cut, true},
		"cut":                {clinical.NewRecipe(), cut, true},
		"an arrow":           {clinical.NewRecipe(), arrow, true},
		"the same words":     {words, words, true},
		"no longer cut":      {cut, clinical.NewRecipe(), false},
		"cut somewhere else": {cut, moved, false},
		"words":              {clinical.NewRecipe(), words, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, wounds())
			h.run()
			plain := clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain, NoIdentifyingFeature: true}
			h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: x.before})
			h.do("paula", plain)
			h.flatten(1)
			if n := len(h.names("stella", set("wounds"), clinical.Mount)); n != 1 {
				t.Fatalf("%d listed before", n)
			}
			h.do("clara", clinical.SaveEdit{Asset: asset("leg"), Base: 1, Recipe: x.now})
			h.flatten(2)
			if n := len(h.names("stella", set("wounds"), clinical.Mount)); (n == 1) != x.stays {
				t.Errorf("%d listed", n)
			}
			h.do("paula", plain)
			if n := len(h.names("stella", set("wounds"), clinical.Mount)); n != 1 {
				t.Errorf("said again: %d listed", n)
			}
		})
	}
}

func TestAMaskedFeatureNeedsAMask(t *testing.T) {
	d := portraits()
	d.Assets[0].Sensitivity, d.Assets[0].NoIdentifyingFeature = clinical.Plain, true
	h := newHouse(t, d)
	h.run()
	h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: clinical.NewRecipe()})
	cmd := clinical.AttestEdit{Asset: asset("leg"), Version: 1, SHA256: h.flatten(1), Level: clinical.I1, Found: found(clinical.HidesTattoo)}
	if got := h.refuses("clara", cmd, clinical.Conflict); got != "checklist-masks" {
		t.Errorf("refused with %s", got)
	}
}

func TestAnAttestationEndsWithWhatItWasSaidOf(t *testing.T) {
	attested := func(t *testing.T) *house {
		h := newHouse(t, portraits())
		h.run()
		h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: masking(clinical.HidesFace)})
		h.do("clara", clinical.AttestEdit{Asset: asset("leg"), Version: 1, SHA256: h.flatten(1), Level: clinical.I1, Found: found(clinical.HidesFace)})
		if a := h.asset("leg"); a.Cleared != clinical.I1 || !a.Masked {
			t.Fatalf("attested as %s", a.Cleared)
		}
		return h
	}
	t.Run("another flag", func(t *testing.T) {
		h := attested(t)
		h.do("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain | clinical.Face | clinical.Intimate})
		if a := h.asset("leg"); a.Cleared != clinical.NoIdentifiability {
			t.Errorf("still cleared as %s", a.Cleared)
		}
	})
	t.Run("said to have no feature", func(t *testing.T) {
		h := attested(t)
		cmd := clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain, NoIdentifyingFeature: true, Reason: "no face"}
		if got := h.refuses("paula", cmd, clinical.Conflict); got != "masked" {
			t.Errorf("what is masked has no feature: %s", got)
		}
	})
	t.Run("another patient", func(t *testing.T) {
		h := attested(t)
		h.do("paula", clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("child"), Reason: "mixed up"})
		if a := h.asset("leg"); a.Cleared != clinical.NoIdentifiability || a.Edit != 0 {
			t.Errorf("refiled in version %d, cleared as %s", a.Edit, a.Cleared)
		}
	})
}

func TestWhatCannotBeEdited(t *testing.T) {
	good := clinical.SaveEdit{Asset: asset("leg"), Recipe: masking(clinical.HidesFace)}
	for name, x := range map[string]struct {
		who    string
		change func(*clinical.Asset)
		cmd    func(*clinical.SaveEdit)
		kind   clinical.Kind
		want   clinical.Reason
	}{
		"safeguarding": {change: func(a *clinical.Asset) { a.Sensitivity |= clinical.Safeguarding }, kind: clinical.Conflict, want: "safeguarding"},
		"an ID shot":   {change: func(a *clinical.Asset) { a.IDShot = true }, kind: clinical.Conflict, want: "no-picture"},
		"not filed":    {change: func(a *clinical.Asset) { a.State = clinical.Provisional }, kind: clinical.Conflict, want: "not-filed"},
		"no size":      {change: func(a *clinical.Asset) { a.Capture.Width = 0 }, kind: clinical.Conflict, want: "not-measured"},
		"a frame outside": {cmd: func(c *clinical.SaveEdit) {
			c.Recipe.Frame = &clinical.Frame{Centre: clinical.Point{X: 100, Y: 3900}, Width: 50, Height: 50}
		}, kind: clinical.Invalid, want: "recipe-frame"},
		"an unknown base":     {cmd: func(c *clinical.SaveEdit) { c.Base = 7 }, kind: clinical.Conflict, want: "base"},
		"a negative base":     {cmd: func(c *clinical.SaveEdit) { c.Base = -1 }, kind: clinical.Conflict, want: "base"},
		"a long note":         {cmd: func(c *clinical.SaveEdit) { c.Note = strings.Repeat("é", 251) }, kind: clinical.Invalid, want: "words"},
		"by a student":        {who: "stella", kind: clinical.Forbidden, want: "role"},
		"by a stranger":       {who: "oscar", kind: clinical.NotFound},
		"a picture not there": {cmd: func(c *clinical.SaveEdit) { c.Asset = asset("nowhere") }, kind: clinical.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			d, cmd, who := portraits(), good, "paula"
			if x.change != nil {
				x.change(&d.Assets[0])
			}
			if x.cmd != nil {
				x.cmd(&cmd)
			}
			if x.who != "" {
				who = x.who
			}
			h := newHouse(t, d)
			if got := h.refuses(who, cmd, x.kind); got != x.want && x.want != "" {
				t.Errorf("refused with %q, want %q", got, x.want)
			}
		})
	}
}

func TestTwoVersionsOfOneBaseStandSideBySide(t *testing.T) {
	h := newHouse(t, portraits())
	for _, r := range []clinical.Recipe{masking(clinical.HidesFace), masking(clinical.HidesFace, clinical.HidesLabel)} {
		h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: r})
	}
	e, err := h.Edits(t.Context(), as("paula"), asset("leg"))
	if err != nil || len(e.Heads()) != 2 || h.asset("leg").Edit != 2 {
		t.Errorf("heads %v, shown in %d, %v", e.Heads(), h.asset("leg").Edit, err)
	}
}
