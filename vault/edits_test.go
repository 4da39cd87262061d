package vault_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
)

// edited saves one version of a picture.
func (b *bench) edited(tb testing.TB, a clinical.Asset) clinical.Edits {
	tb.Helper()
	r := clinical.NewRecipe()
	r.Turn = 90
	r.Marks = []clinical.Mark{{Kind: clinical.MarkText, Points: []clinical.Point{{X: 1, Y: 1}}, Text: "Doolittle", Ink: clinical.White}}
	x := clinical.Edits{Asset: a.ID, Versions: []clinical.Version{{Recipe: r, By: b.photo, At: time.Now().UTC(), Note: "upright"}}}
	a.Edit = 1
	c, err := b.Commit(tb.Context(), clinical.Change{
		Event: b.event(clinical.ActEdited), Delta: clinical.Delta{Assets: []clinical.Asset{a}, Edits: []clinical.Edits{x}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c.Edits[0]
}

func TestEditsFollowTheirPicture(t *testing.T) {
	b := newBench(t)
	wrong, right := b.patient(t, "1000"), b.patient(t, "1001")
	a := b.mustKeep(t, b.owner(wrong.ID), picture(400, 9))
	want := b.edited(t, a)
	got, err := b.Edits(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("read back (-want +got):\n%s", d)
	}
	if none, err := b.Edits(t.Context(), clinical.Mint[clinical.Asset](b.mint)); err != nil || len(none.Versions) != 0 {
		t.Errorf("a picture that nobody edited has %d versions, %v", len(none.Versions), err)
	}

	// Filed under another patient, the edits are that patient's: erasing the
	// first takes nothing from them.
	a, err = b.Asset(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	a.Patient = right.ID
	if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActRefiled), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}); err != nil {
		t.Fatal(err)
	}
	b.mustDecide(t, wrong.ID)
	got, err = b.Edits(t.Context(), a.ID)
	if err != nil || got.Patient != right.ID || len(got.Versions) != 1 {
		t.Fatalf("after refiling: owner %s with %d versions, %v", got.Patient, len(got.Versions), err)
	}

	// Erased by itself, nothing that somebody wrote into it is left.
	b.mustDecide(t, right.ID, a.ID)
	got, err = b.Edits(t.Context(), a.ID)
	if err != nil || len(got.Versions) != 0 {
		t.Errorf("after erasure: %d versions, %v", len(got.Versions), err)
	}
	report, err := b.Fsck(t.Context(), vault.FsckOptions{})
	if err != nil || !report.Clean() {
		t.Errorf("fsck: %v, %v", report.Findings, err)
	}
}

func TestEditsOfAnErasedPatientCannotBeRead(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	a := b.mustKeep(t, b.owner(p.ID), picture(400, 9))
	b.edited(t, a)
	b.mustDecide(t, p.ID)
	if got, err := b.Edits(t.Context(), a.ID); len(got.Versions) != 0 {
		t.Errorf("%d versions are left, %v", len(got.Versions), err)
	}
	if _, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActEdited), Delta: clinical.Delta{
		Edits: []clinical.Edits{{Asset: a.ID, Versions: []clinical.Version{{Recipe: clinical.NewRecipe()}}}},
	}}); err == nil {
		t.Error("an erased picture was edited")
	}
}
