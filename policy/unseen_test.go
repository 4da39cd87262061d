package policy_test

import (
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// waiting are the pictures whose copies somebody could attest.
func (h *house) waiting(who string) []clinical.Unseen {
	h.t.Helper()
	all, err := h.Unseen(h.t.Context(), as(who))
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func TestCopiesWaitForASecondPersonAndNeverForTheFirst(t *testing.T) {
	d := portraits()
	d.Assets = append(d.Assets, picture("arm", "adult", clinical.Plain|clinical.Face), picture("toe", "adult", clinical.Plain))
	h := newHouse(t, d)
	h.run()
	if n := len(h.waiting("clara")); n != 0 {
		t.Fatalf("%d wait before anything is masked", n)
	}
	h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: masking(clinical.HidesFace), Note: "whole face"})
	h.pass(time.Hour)
	arm := masking(clinical.HidesFace, clinical.HidesTattoo)
	for i := range arm.Masks {
		arm.Masks[i].Centre = clinical.Point{X: 10, Y: 10}
	}
	h.do("clara", clinical.SaveEdit{Asset: asset("arm"), Recipe: arm})
	tone := clinical.NewRecipe()
	tone.Tone.Exposure = 1
	h.do("paula", clinical.SaveEdit{Asset: asset("toe"), Recipe: tone}) // hides nothing: nothing to look at

	mine, hers := h.waiting("clara"), h.waiting("paula")
	if len(mine) != 1 || mine[0].Asset != asset("leg") || mine[0].By != human("paula") || mine[0].Masks != 1 || mine[0].Note != "whole face" || mine[0].Version != 1 {
		t.Errorf("clara looks at %+v", mine)
	}
	if len(hers) != 1 || hers[0].Asset != asset("arm") || hers[0].Patient != patient("adult") {
		t.Errorf("paula looks at %+v", hers)
	}
	if all := h.waiting("carl"); len(all) == 2 && !all[0].At.Before(all[1].At) {
		t.Errorf("the longest waiting is not first: %+v", all)
	}
	for _, who := range []string{"stella", "edith", "nina", "oscar"} {
		if n := len(h.waiting(who)); n != 0 {
			t.Errorf("%s is asked to look at %d", who, n)
		}
	}

	// What a hold keeps as it is cannot be attested: nobody is asked to.
	held := h.do("greta", clinical.PlaceHold{Hold: clinical.Hold{Kind: clinical.LegalHold, Assets: []clinical.AssetID{asset("leg")}, Reason: "claim"}}).Holds[0].ID
	if n := len(h.waiting("clara")); n != 0 {
		t.Errorf("%d wait that are on hold", n)
	}
	h.do("greta", clinical.LiftHold{Hold: held, Reason: "settled"})
	if n := len(h.waiting("clara")); n != 1 {
		t.Errorf("%d wait once the hold is lifted", n)
	}

	// Found recognisable, it waits for better masks; those wait to be looked at.
	h.do("clara", clinical.AttestEdit{Asset: asset("leg"), Version: 1, SHA256: h.flatten(1), Level: clinical.I0, Words: "the ear"})
	if n := len(h.waiting("clara")); n != 0 {
		t.Errorf("%d wait that were found recognisable", n)
	}
	h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Base: 1, Recipe: masking(clinical.HidesFace, clinical.HidesOther)})
	if all := h.waiting("clara"); len(all) != 1 || all[0].Version != 2 {
		t.Errorf("better masks: %+v", all)
	}
	h.do("clara", clinical.AttestEdit{Asset: asset("leg"), Version: 2, SHA256: h.flatten(2), Level: clinical.I1, Found: found(clinical.HidesFace)})
	if n := len(h.waiting("clara")); n != 0 {
		t.Errorf("%d wait that were attested", n)
	}
	// Classified again, nobody's word stands: it is to be looked at again.
	h.do("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain | clinical.Face | clinical.Intimate})
	if all := h.waiting("clara"); len(all) != 1 {
		t.Errorf("classified again: %+v", all)
	}
	h.do("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{asset("leg")}, Sensitivity: clinical.Plain | clinical.Face | clinical.Intimate | clinical.Safeguarding})
	if n := len(h.waiting("clara")); n != 0 {
		t.Error("evidence waits to be shown")
	}
}

func TestPartsOfARecipeAreCopiedAndMasksNeverAcrossPatients(t *testing.T) {
	d := portraits()
	d.Assets = append(d.Assets, picture("arm", "adult", clinical.Plain|clinical.Face), picture("hand", "child", clinical.Plain))
	for i := range d.Assets {
		d.Assets[i].Capture.Width, d.Assets[i].Capture.Height, d.Assets[i].Capture.Orientation = 4000, 3000, 1
	}
	h := newHouse(t, d)
	from := masking(clinical.HidesFace)
	from.Tone = clinical.Tone{Exposure: 0.5, White: &clinical.WhiteBalance{Gains: [3]float64{1.2, 1, 0.8}, Patch: &clinical.Rect{Max: clinical.Point{X: 9, Y: 9}}}}
	from.Turn = 90
	h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: from, Note: "theatre light"})
	paste := func(to string, parts ...clinical.Section) clinical.PasteEdit {
		return clinical.PasteEdit{Asset: asset(to), From: asset("leg"), Version: 1, Parts: parts}
	}
	h.do("paula", clinical.SaveEdit{Asset: asset("arm"), Recipe: masking(clinical.HidesTattoo)})
	h.do("paula", paste("arm", clinical.SectionTone))
	e, err := h.Edits(t.Context(), as("paula"), asset("arm"))
	v, ok := e.Version(2)
	if err != nil || !ok || v.Base != 1 || v.Recipe.Turn != 0 || v.Recipe.Tone.Exposure != 0.5 || v.Recipe.Tone.White.Patch != nil || v.Note != "theatre light" {
		t.Fatalf("pasted %+v, %v", v, err)
	}
	if len(v.Recipe.Masks) != 1 || v.Recipe.Masks[0].Cause != clinical.HidesTattoo {
		t.Errorf("its own masks: %+v", v.Recipe.Masks)
	}
	h.do("paula", paste("arm", clinical.SectionMasks))
	if !h.asset("arm").Masked {
		t.Error("masks of one patient are not copied")
	}
	// Tone and turn go to another patient; masks, marks, scale, side and the note never.
	h.do("paula", paste("hand", clinical.SectionTone, clinical.SectionTurn))
	e, err = h.Edits(t.Context(), as("paula"), asset("hand"))
	if v, ok = e.Version(1); err != nil || !ok || v.Recipe.Turn != 90 || v.Note != "" {
		t.Errorf("what was written about one patient stands with another: %q, %v", v.Note, err)
	}
	for _, part := range []clinical.Section{clinical.SectionMasks, clinical.SectionMarks, clinical.SectionScale, clinical.SectionSide} {
		if got := h.refuses("paula", paste("hand", clinical.SectionTone, part), clinical.Invalid); got != "recipe-paste" {
			t.Errorf("%s across patients: %s", part, got)
		}
	}
	if h.asset("hand").Masked || h.asset("hand").Edit != 1 {
		t.Errorf("shown in %d, masked %v", h.asset("hand").Edit, h.asset("hand").Masked)
	}
	for name, x := range map[string]struct {
		who  string
		cmd  clinical.PasteEdit
		kind clinical.Kind
	}{
		"nothing":             {"paula", paste("arm"), clinical.Invalid},
		"onto itself":         {"paula", paste("leg", clinical.SectionTone), clinical.Invalid},
		"a part there is not": {"paula", paste("arm", "flip"), clinical.Invalid},
		"no such version":     {"paula", clinical.PasteEdit{Asset: asset("arm"), From: asset("leg"), Version: 2, Parts: clinical.Sections()}, clinical.Conflict},
		"by a student":        {"stella", paste("arm", clinical.SectionTone), clinical.Forbidden},
		"from nowhere":        {"paula", clinical.PasteEdit{Asset: asset("arm"), From: asset("nowhere"), Version: 1, Parts: clinical.Sections()}, clinical.NotFound},
		"by a stranger":       {"oscar", paste("arm", clinical.SectionTone), clinical.NotFound},
	} {
		if got := h.refuses(x.who, x.cmd, x.kind); got == "" && x.kind != clinical.NotFound {
			t.Errorf("%s: no reason", name)
		}
	}
}

// A recipe that fits the picture it is of need not fit another.
func TestAPastedFrameMustFit(t *testing.T) {
	d := portraits()
	small := clinicaltest.Picture("arm", "adult")
	small.Capture.Width, small.Capture.Height = 400, 300
	d.Assets = append(d.Assets, small)
	h := newHouse(t, d)
	r := clinical.NewRecipe()
	r.Frame = &clinical.Frame{Centre: clinical.Point{X: 2000, Y: 1500}, Width: 1000, Height: 800}
	h.do("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: r})
	cmd := clinical.PasteEdit{Asset: asset("arm"), From: asset("leg"), Version: 1, Parts: []clinical.Section{clinical.SectionFrame}}
	if got := h.refuses("paula", cmd, clinical.Invalid); got != "recipe-frame" {
		t.Errorf("refused with %s", got)
	}
}
