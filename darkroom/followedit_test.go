package darkroom_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"testing"

	"fovea/clinical"
)

// portrait is a picture of 400 × 300 whose middle, which the tests mask, is of
// one colour.
func portrait(t *testing.T, middle color.Color) []byte {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, 400, 300))
	for y := range 300 {
		for x := range 400 {
			p.Set(x, y, color.RGBA{uint8(x / 2), uint8(y / 2), 90, 255})
			if image.Pt(x, y).In(image.Rect(160, 110, 240, 190)) {
				p.Set(x, y, middle)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// hide masks the middle of a portrait.
func hide(fill clinical.MaskFill) clinical.Recipe {
	r := clinical.NewRecipe()
	r.Masks = []clinical.Mask{{
		Shape: clinical.MaskEllipse, Centre: clinical.Point{X: 200, Y: 150}, Radii: clinical.Point{X: 60, Y: 60},
		Fill: fill, Cause: clinical.HidesFace,
	}}
	return r
}

// edit saves versions of a picture, the last of which is shown; none: it is
// shown as it was taken.
func (h *house) edit(t *testing.T, id clinical.AssetID, versions ...clinical.Recipe) {
	t.Helper()
	a, err := h.Asset(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	e, err := h.Edits(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range versions {
		e.Versions = append(e.Versions, clinical.Version{Base: len(e.Versions), Recipe: r, At: h.event("").At})
	}
	d := clinical.Delta{Edits: []clinical.Edits{e}}
	if a.Edit = len(e.Versions); len(versions) == 0 {
		a.Edit, d.Edits = 0, nil
	}
	d.Assets = []clinical.Asset{a}
	h.commit(t, clinical.ActEdited, d)
}

func (h *house) keepPNG(t *testing.T, p clinical.PatientID, b []byte) clinical.Asset {
	t.Helper()
	a := h.keep(t, p, b)
	a.Original.MIME = "image/png"
	return h.commit(t, clinical.ActDescribed, clinical.Delta{Assets: []clinical.Asset{a}}).Delta.Assets[0]
}

func (h *house) pixels(t *testing.T, r clinical.Rendition) image.Image {
	t.Helper()
	c, err := h.Vault.Open(t.Context(), r.Blob.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	p, err := jpeg.Decode(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func madeOf(edit int) func(clinical.Rendition) bool {
	return func(r clinical.Rendition) bool { return made(r) && r.Edit == edit }
}

// isRed says what the middle of a portrait shows.
func isRed(p image.Image) bool {
	r, g, b, _ := p.At((p.Bounds().Min.X+p.Bounds().Max.X)/2, (p.Bounds().Min.Y+p.Bounds().Max.Y)/2).RGBA()
	return r > 0xc000 && g < 0x4000 && b < 0x4000
}

var flat = []clinical.RenditionKind{clinical.MaskedFull, clinical.Masked, clinical.MaskedThumbnail}

func TestAnEditedPictureIsShownInItsVersion(t *testing.T) {
	h := newHouse(t)
	red := color.RGBA{255, 0, 0, 255}
	a := h.keepPNG(t, h.patient(t, "1"), portrait(t, red))
	h.follow(t)
	taken := h.await(t, a.ID, clinical.Thumbnail, madeOf(0))
	before := map[clinical.RenditionKind]clinical.Rendition{clinical.Thumbnail: taken}

	narrow := hide(clinical.FillSolid)
	narrow.Turn = 90
	for i, r := range []clinical.Recipe{hide(clinical.FillNoise), narrow} {
		h.edit(t, a.ID, r)
		for _, kind := range append([]clinical.RenditionKind{clinical.Thumbnail}, flat...) {
			got := h.await(t, a.ID, kind, madeOf(i+1))
			if old, ok := before[kind]; ok && (got.ID != old.ID || got.Rev <= old.Rev) {
				t.Errorf("version %d: %s has a second record", i+1, kind)
			}
			before[kind] = got
			p := h.pixels(t, got)
			if masked := kind != clinical.Thumbnail; isRed(p) == masked {
				t.Errorf("version %d: the middle of %s is %v", i+1, kind, p.At(got.Width/2, got.Height/2))
			}
			if upright := got.Height > got.Width; upright != (r.Turn == 90) {
				t.Errorf("version %d: %s is %d × %d", i+1, kind, got.Width, got.Height)
			}
		}
	}
	if full := before[clinical.MaskedFull]; full.Width != 300 || full.Height != 400 {
		t.Errorf("the full copy is %d × %d", full.Width, full.Height)
	}

	// As it was taken again, it has no flattened copy.
	h.edit(t, a.ID)
	again := h.await(t, a.ID, clinical.Thumbnail, func(r clinical.Rendition) bool { return madeOf(0)(r) && r.Rev > before[clinical.Thumbnail].Rev })
	if again.Blob.SHA256 != taken.Blob.SHA256 {
		t.Error("as it was taken, it is not the same")
	}
	if r, err := h.follower.Ensure(t.Context(), a.ID, clinical.Masked); clinical.KindOf(err) != clinical.NotFound {
		t.Errorf("a copy of what is not edited: %+v, %v", r, err)
	}
}

func TestLostCopiesAreRemadeTheSame(t *testing.T) {
	h := newHouse(t)
	a := h.keepPNG(t, h.patient(t, "1"), portrait(t, color.White))
	stop := h.follow(t)
	h.edit(t, a.ID, hide(clinical.FillNoise))
	first := map[clinical.RenditionKind]clinical.Rendition{}
	for _, kind := range flat {
		first[kind] = h.await(t, a.ID, kind, madeOf(1))
		h.hasHeard(t, a.ID, kind)
		h.mu.Lock()
		h.lost[first[kind].Blob.ID] = true
		h.mu.Unlock()
		again, err := h.follower.Ensure(t.Context(), a.ID, kind)
		if err != nil || again.Blob.ID == first[kind].Blob.ID || again.Blob.SHA256 != first[kind].Blob.SHA256 {
			t.Errorf("%s: %v, same %v", kind, err, again.Blob.SHA256 == first[kind].Blob.SHA256)
		}
	}
	stop()
	h.mu.Lock()
	rs, err := h.Renditions(t.Context(), a.ID)
	for _, r := range rs {
		h.lost[r.Blob.ID] = true
	}
	h.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	h.follow(t) // the start looks for what is missing
	for _, kind := range flat {
		h.await(t, a.ID, kind, func(r clinical.Rendition) bool {
			return madeOf(1)(r) && r.Rev > first[kind].Rev && !h.isLost(r) && r.Blob.SHA256 == first[kind].Blob.SHA256
		})
	}
}

func (h *house) isLost(r clinical.Rendition) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost[r.Blob.ID]
}

func TestAVersionSavedWhileTheFormerIsMadeWins(t *testing.T) {
	h := newHouse(t)
	a := h.keepPNG(t, h.patient(t, "1"), portrait(t, color.White))
	stop := h.follow(t)
	h.await(t, a.ID, clinical.Thumbnail, madeOf(0))
	stop()
	entered, leave := make(chan struct{}, 16), make(chan struct{})
	h.opening = func() { entered <- struct{}{}; <-leave }
	h.edit(t, a.ID, hide(clinical.FillSolid))
	h.follow(t)
	<-entered // the first version is being made
	turned := hide(clinical.FillSolid)
	turned.Turn = 180
	h.edit(t, a.ID, turned)
	close(leave)
	for _, kind := range append([]clinical.RenditionKind{clinical.Thumbnail}, flat...) {
		h.await(t, a.ID, kind, madeOf(2))
		if r, err := h.follower.Ensure(t.Context(), a.ID, kind); err != nil || r.Edit != 2 {
			t.Errorf("%s: version %d is served, %v", kind, r.Edit, err)
		}
	}
}

func TestAVersionThatDoesNotFitIsRecordedOnce(t *testing.T) {
	h := newHouse(t)
	a := h.keepPNG(t, h.patient(t, "1"), portrait(t, color.White))
	stop := h.follow(t)
	outside := hide(clinical.FillSolid)
	outside.Frame = &clinical.Frame{Centre: clinical.Point{X: 2000, Y: 2000}, Width: 50, Height: 50}
	h.edit(t, a.ID, outside)
	for _, kind := range flat {
		r := h.await(t, a.ID, kind, func(r clinical.Rendition) bool { return r.Failed != "" })
		if r.Failed != "recipe-frame" || r.Edit != 1 {
			t.Errorf("%s: %s of version %d", kind, r.Failed, r.Edit)
		}
		if _, err := h.follower.Ensure(t.Context(), a.ID, kind); clinical.ReasonOf(err) != "recipe-frame" || clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%s: Ensure: %v", kind, err)
		}
	}
	h.await(t, a.ID, clinical.Thumbnail, func(r clinical.Rendition) bool { return r.Failed != "" })
	stop()
	head := h.Head()
	stop = h.follow(t)
	if _, err := h.follower.Ensure(t.Context(), a.ID, clinical.Masked); clinical.ReasonOf(err) != "recipe-frame" {
		t.Errorf("Ensure: %v", err)
	}
	stop()
	if h.Head() != head {
		t.Error("the failure was recorded twice")
	}
	h.follow(t)
	h.edit(t, a.ID, hide(clinical.FillSolid)) // a version that fits heals it
	h.await(t, a.ID, clinical.MaskedFull, madeOf(2))
}

func TestWhatAMaskCoversIsInNoCopy(t *testing.T) {
	h := newHouse(t)
	p := h.patient(t, "1")
	sums := map[clinical.RenditionKind]map[[32]byte]bool{}
	h.follow(t)
	for _, middle := range []color.Color{color.White, color.Black, color.RGBA{255, 0, 0, 255}} {
		a := h.keepPNG(t, p, portrait(t, middle))
		h.edit(t, a.ID, hide(clinical.FillSolid))
		for _, kind := range flat {
			if sums[kind] == nil {
				sums[kind] = map[[32]byte]bool{}
			}
			sums[kind][h.await(t, a.ID, kind, madeOf(1)).Blob.SHA256] = true
		}
	}
	for kind, all := range sums {
		if len(all) != 1 {
			t.Errorf("%s: %d different copies of pictures that differ under the mask alone", kind, len(all))
		}
	}
}
