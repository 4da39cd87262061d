package vault_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
)

func TestWhatWasMeasuredFollowsItsPicture(t *testing.T) {
	b := newBench(t)
	wrong, right := b.patient(t, "1000"), b.patient(t, "1001")
	a := b.mustKeep(t, b.owner(wrong.ID), picture(400, 9))
	other := b.mustKeep(t, b.owner(wrong.ID), picture(401, 9))
	if none, err := b.Quality(t.Context(), a.ID); err != nil || none != (clinical.Quality{Asset: a.ID}) {
		t.Errorf("of a picture that nobody measured: %+v, %v", none, err)
	}
	measured := clinical.Change{Event: b.event(clinical.ActMeasured), Delta: clinical.Delta{Qualities: []clinical.Quality{{
		Asset: a.ID, Source: a.Original.ID, Program: 1, MeasuredAt: time.Now().UTC(), Width: 4000, Height: 3000, Edges: true, Blur: 1.2, Like: other.ID, Likeness: 0.9,
	}}}}
	c, err := b.Commit(t.Context(), measured)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Quality(t.Context(), a.ID)
	if err != nil || got.Patient != wrong.ID {
		t.Fatalf("owner %s, %v", got.Patient, err)
	}
	if d := cmp.Diff(c.Qualities[0], got); d != "" {
		t.Errorf("read back (-want +got):\n%s", d)
	}

	// Filed under another patient, the figures are that patient's, and nothing
	// leads to the first one's picture.
	a, err = b.Asset(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	a.Patient = right.ID
	if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActRefiled), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}); err != nil {
		t.Fatal(err)
	}
	b.mustDecide(t, wrong.ID)
	got, err = b.Quality(t.Context(), a.ID)
	if err != nil || got.Patient != right.ID || got.Width != 4000 || !got.Like.IsZero() {
		t.Fatalf("after refiling: %+v, %v", got, err)
	}

	b.mustDecide(t, right.ID, a.ID)
	got, err = b.Quality(t.Context(), a.ID)
	if err != nil || got.Program != 0 || got.Width != 0 || got.Blur != 0 {
		t.Errorf("after erasure: %+v, %v", got, err)
	}
	again := measured
	again.Qualities = []clinical.Quality{{Asset: a.ID, Rev: got.Rev, Program: 1, Blur: 1}}
	if _, err := b.Commit(t.Context(), again); err == nil {
		t.Error("an erased picture was measured")
	}
	report, err := b.Fsck(t.Context(), vault.FsckOptions{})
	if err != nil || !report.Clean() {
		t.Errorf("fsck: %v, %v", report.Findings, err)
	}
}
