package policy_test

import (
	"testing"

	"fovea/clinical"
)

// How far a picture identifies, and by whose word: I0 until somebody classifies
// it, I1 by the photographer where neither a face nor an intimate part is seen,
// or by a second person of a masked copy; I2 by a second person alone, who says
// what they looked for and found no rare finding.
func TestHowFarAPictureIdentifiesAndByWhoseWord(t *testing.T) {
	none := clinical.NewRecipe()
	for name, x := range map[string]struct {
		flags  clinical.Sensitivity
		said   bool // "no identifying feature", by the photographer
		recipe clinical.Recipe
		level  clinical.Identifiability
		words  string
		rare   bool
		want   clinical.Reason // of not attesting it
	}{
		"I1, plain and said to have none":      {clinical.Plain, true, none, clinical.I1, "", false, ""},
		"I2, plain and said to have none":      {clinical.Plain, true, none, clinical.I2, "looked at every corner", false, ""},
		"I2 without a word":                    {clinical.Plain, true, none, clinical.I2, " ", false, "no-reason"},
		"I2 of a rare finding":                 {clinical.Plain, true, none, clinical.I2, "rare", true, "checklist-shown"},
		"I1 of a rare finding":                 {clinical.Plain, true, none, clinical.I1, "", true, ""},
		"I1, nothing said and nothing masked":  {clinical.Plain, false, none, clinical.I1, "", false, "nothing-masked"},
		"I1, a face masked":                    {clinical.Plain | clinical.Face, false, masking(clinical.HidesFace), clinical.I1, "", false, ""},
		"I2, a face masked":                    {clinical.Plain | clinical.Face, false, masking(clinical.HidesFace), clinical.I2, "and the label", false, ""},
		"I1, a face behind an eye bar":         {clinical.Plain | clinical.Face, false, masking(clinical.HidesEyes), clinical.I1, "", false, "eye-bar"},
		"I2, an eye bar where no face is said": {clinical.Plain, false, masking(clinical.HidesEyes), clinical.I2, "eyes", false, "eye-bar"},
		"I1, an eye bar and a tattoo masked":   {clinical.Plain | clinical.Face, false, masking(clinical.HidesEyes, clinical.HidesTattoo), clinical.I1, "", false, "eye-bar"},
		"I1, intimate and nothing masked":      {clinical.Plain | clinical.Intimate, false, none, clinical.I1, "", false, "nothing-masked"},
		"I1, intimate, something masked":       {clinical.Plain | clinical.Intimate, false, masking(clinical.HidesTattoo), clinical.I1, "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := portraits()
			d.Assets[0].Sensitivity, d.Assets[0].NoIdentifyingFeature = x.flags, x.said
			want := clinical.I0
			if x.said {
				want = clinical.I1
			}
			if got := d.Assets[0].Identifiability(); got != want {
				t.Errorf("as it is: %s", got)
			}
			h := newHouse(t, d)
			h.run()
			h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: x.recipe})
			var hidden []clinical.MaskCause
			for _, m := range x.recipe.Masks {
				hidden = append(hidden, m.Cause)
			}
			cmd := clinical.AttestEdit{Asset: asset("leg"), Version: 1, SHA256: h.flatten(1), Level: x.level, Words: x.words, Found: found(hidden...)}
			if x.rare {
				cmd.Found[clinical.RareFinding] = clinical.FoundShown
			}
			if x.want == "" {
				h.do("clara", cmd)
				if got := h.asset("leg").Cleared; got != x.level {
					t.Errorf("cleared as %s", got)
				}
				return
			}
			kind := clinical.Conflict
			if x.want == "no-reason" {
				kind = clinical.Invalid
			}
			if got := h.refuses("clara", cmd, kind); got != x.want {
				t.Errorf("refused with %s, want %s", got, x.want)
			}
			if got := h.asset("leg").Cleared; got != clinical.NoIdentifiability {
				t.Errorf("cleared as %s all the same", got)
			}
		})
	}
	// The photographer's word is not taken of a face or of an intimate part.
	h := newHouse(t, portraits())
	for _, flag := range []clinical.Sensitivity{clinical.Face, clinical.Intimate, clinical.Face | clinical.Intimate} {
		cmd := clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain | flag, NoIdentifyingFeature: true}
		if got := h.refuses("paula", cmd, clinical.Invalid); got != "identifying" {
			t.Errorf("said of %v: %s", flag, got)
		}
	}
}
