package policy_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// Put keeps bytes as a vault does: the fake has the same pixels in every blob.
func (j *journal) Put(ctx context.Context, _ clinical.Owner, r io.Reader, build func(clinical.Blob) (clinical.Change, error)) (clinical.Change, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return clinical.Change{}, err
	}
	sum := sha256.Sum256(data)
	c, err := build(clinical.Blob{ID: clinicaltest.ID[clinical.Blob](string(sum[:])), Size: int64(len(data)), SHA256: sum})
	if err != nil {
		return clinical.Change{}, err
	}
	return j.Commit(ctx, c)
}

const scan = "%PDF-1.7 invented"

func TestAFormIsKeptBesideItsConsentAndIsNoPicture(t *testing.T) {
	h := newHouse(t, wounds())
	id := clinicaltest.ID[clinical.Grant]("teaching")
	keep := func(login, data string) error {
		_, err := h.KeepForm(t.Context(), as(login), id, strings.NewReader(data))
		return err
	}
	if err := keep("stella", scan); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("a student keeps a form: %v", err)
	}
	if err := keep("paula", "<html>"); clinical.ReasonOf(err) != "form-kind" {
		t.Errorf("a page: %v", err)
	}
	if err := keep("paula", "%PDF-"+strings.Repeat("x", 51<<20)); clinical.ReasonOf(err) != "form-size" {
		t.Errorf("too large: %v", err)
	}
	if _, err := h.Form(t.Context(), as("paula"), id); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("before it is there: %v", err)
	}
	c, err := h.KeepForm(t.Context(), as("paula"), id, strings.NewReader(scan))
	if err != nil {
		t.Fatal(err)
	}
	form := c.Delta.Assets[0]
	if c.Grants[0].FormBlob != form.Original.ID || !form.Form || form.Original.MIME != "application/pdf" {
		t.Errorf("kept as %+v", c.Delta)
	}
	if err := keep("paula", scan+"!"); clinical.ReasonOf(err) != "form-kept" {
		t.Errorf("a second form: %v", err)
	}
	for _, login := range []string{"clara", "paula", "greta"} {
		if _, err := h.Asset(t.Context(), as(login), form.ID); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("%s sees it as a picture: %v", login, err)
		}
		if _, err := h.Open(t.Context(), as(login), policy.OpenRequest{Use: clinical.Care(), Asset: form.ID}); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("%s opens it as a picture: %v", login, err)
		}
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("the consent itself is as it was: %v", got)
	}
	h.refuses("edith", clinical.AddToSet{Set: set("wounds"), Assets: []clinical.AssetID{form.ID}}, clinical.NotFound)
	h.refuses("greta", clinical.RefileAssets{Assets: []clinical.AssetID{form.ID}, To: patient("child"), Reason: "wrong"}, clinical.NotFound)
	h.refuses("paula", clinical.ClassifyAssets{Assets: []clinical.AssetID{form.ID}, Sensitivity: clinical.Plain}, clinical.NotFound)
}

func TestAFormOpensToThoseWhoReadTheConsent(t *testing.T) {
	h := newHouse(t, wounds())
	id := clinicaltest.ID[clinical.Grant]("teaching")
	if _, err := h.KeepForm(t.Context(), as("paula"), id, strings.NewReader(scan)); err != nil {
		t.Fatal(err)
	}
	for login, want := range map[string]bool{
		"clara": true, "carl": true, "paula": true, "greta": true,
		"piet": false, "oscar": false, "edith": false, "stella": false, "adam": false, "nina": false,
	} {
		noted := len(h.journal.noted(clinical.ActViewed))
		served, err := h.Form(t.Context(), as(login), id)
		if (err == nil) != want || err != nil && clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("%s: %v", login, err)
		}
		if err != nil {
			continue
		}
		if got := len(h.journal.noted(clinical.ActViewed)); got != noted+1 || !served.NoStore || served.MIME != "application/pdf" {
			t.Errorf("%s: %d notes, served as %s", login, got-noted, served.MIME)
		}
		if got, err := io.ReadAll(served); err != nil || !bytes.Equal(got, pixels()) {
			t.Errorf("%s reads %d bytes, %v", login, len(got), err)
		}
	}
	served, err := h.Form(t.Context(), as("clara"), id)
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	clara, _ := h.PersonByID(human("clara"))
	clara.Disabled = true
	h.do("adam", clinical.ChangePerson{Person: clara})
	if n, err := served.Read(make([]byte, 10)); n != 0 || clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("read on as somebody disabled: %d, %v", n, err)
	}
}
