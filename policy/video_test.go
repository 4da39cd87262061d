package policy_test

import (
	"errors"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// film is portraits, and its picture is a video.
func film() clinical.Delta {
	d := portraits()
	d.Assets[0].Original.MIME = "video/mp4"
	return d
}

// TestAVideoIsNotMasked: what a mask covers in one frame shows in the next, so
// that no mask is taken, none attested, nothing of it shown where a mask is owed,
// and no copy of it leaves.
func TestAVideoIsNotMasked(t *testing.T) {
	d := film()
	d.Assets[0].Edit = 1
	d.Edits = []clinical.Edits{{Asset: asset("leg"), Versions: []clinical.Version{{Recipe: masking(), By: human("paula"), At: clinicaltest.Now()}}}}
	h := newHouse(t, d)
	h.run()
	if got := h.refuses("paula", clinical.SaveEdit{Asset: asset("leg"), Recipe: masking(clinical.HidesFace)}, clinical.Conflict); got != "video-frames" {
		t.Errorf("masked: %s", got)
	}
	sum := h.flatten(1)
	look := clinical.AttestEdit{Asset: asset("leg"), Version: 1, SHA256: sum, Level: clinical.I1, Found: found()}
	for _, level := range []clinical.Identifiability{clinical.I1, clinical.I2} {
		look.Level, look.Words = level, "all of it"
		if got := h.refuses("clara", look, clinical.Conflict); got != "video-frames" {
			t.Errorf("attested as %v: %s", level, got)
		}
	}
	for _, kind := range []clinical.ReleaseKind{clinical.ToJournal, clinical.ToConference} {
		r := clinical.Release{Kind: kind, Authority: "agreement", Recipient: "Annals", Assets: []clinical.AssetID{asset("leg")}, UseBy: clinical.Date{Year: 2027, Month: 1, Day: 1}}
		if got := h.refuses("paula", clinical.MakeRelease{Release: r}, clinical.Conflict); got != "video-frames" {
			t.Errorf("to %v: %s", kind, got)
		}
	}
}

// TestAClearedVideoIsShownToNobody: records that say a video's copy was attested
// are not believed, at any door.
func TestAClearedVideoIsShownToNobody(t *testing.T) {
	for name, d := range map[string]clinical.Delta{"video": film(), "picture": portraits()} {
		d.Assets[0].Edit, d.Assets[0].Masked, d.Assets[0].Cleared = 1, true, clinical.I2
		d.Renditions = append(d.Renditions, flat("leg", 1))
		h := newHouse(t, d)
		h.run()
		want := 1
		if name == "video" {
			want = 0
		}
		if n := len(h.names("stella", set("wounds"), clinical.Mount)); n != want {
			t.Errorf("%s: %d listed, want %d", name, n, want)
		}
		for _, kind := range []clinical.RenditionKind{clinical.Teaching, clinical.Thumbnail, clinical.Screen, clinical.Masked, clinical.MaskedScreen} {
			req := policy.OpenRequest{Use: clinical.Use{Channel: clinical.ViewOnScreen}, Set: set("wounds"), Asset: asset("leg"), Kind: kind}
			if _, err := h.Open(t.Context(), as("stella"), req); name == "video" && !errors.Is(err, clinical.ErrNotFound) {
				t.Errorf("a video as %s: %v", kind, err)
			}
		}
	}
}
