package darkroom_test

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/darkroom/gauge"
	"fovea/internal/testenv"
)

// shot keeps a picture with what a camera and a ticket say of it.
func (h *house) shot(t *testing.T, p clinical.PatientID, b []byte, say func(*clinical.Asset)) clinical.Asset {
	t.Helper()
	o := clinical.Owner{Patient: p, Asset: clinical.Mint[clinical.Asset](h.mint)}
	c, err := h.Put(t.Context(), o, bytes.NewReader(b), func(blob clinical.Blob) (clinical.Change, error) {
		blob.MIME = "image/jpeg"
		a := clinical.Asset{ID: o.Asset, State: clinical.Filed, Patient: p, Studio: "a", Original: blob}
		say(&a)
		return clinical.Change{Event: h.event(clinical.ActAssetKept), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.Delta.Assets[0]
}

// awaitQuality follows the journal until what was measured of an asset satisfies.
func (h *house) awaitQuality(t *testing.T, id clinical.AssetID, is func(clinical.Quality) bool) clinical.Quality {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for seq := uint64(0); ; {
		changes, err := h.Changes(ctx, seq, 100)
		if err != nil {
			t.Fatalf("the asset was not measured so: %v", err)
		}
		for _, c := range changes {
			seq = c.Seq
			for _, q := range c.Qualities {
				if q.Asset == id && is(q) {
					return q
				}
			}
		}
	}
}

func measured(q clinical.Quality) bool { return q.Program == gauge.Version }

// wound is one of the test pictures, seen from where the camera stood dx, dy
// pixels aside.
func wound(t *testing.T, name string, dx, dy int) []byte {
	t.Helper()
	f, err := os.Open(testenv.Data(t, "wounds", "validation", name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	dst := image.NewRGBA(image.Rect(0, 0, 360, 480))
	draw.Draw(dst, dst.Rect, img, image.Pt(10+dx, 16+dy), draw.Src)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, dst, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryPictureIsMeasuredOnceAndAgainByANewerProgram(t *testing.T) {
	h := newHouse(t)
	p := h.patient(t, "1")
	a := h.shot(t, p, wound(t, "0001.jpg", 0, 0), func(*clinical.Asset) {})
	label := h.shot(t, p, wound(t, "0005.jpg", 0, 0), func(a *clinical.Asset) { a.IDShot = true })
	stop := h.follow(t)
	q := h.awaitQuality(t, a.ID, measured)
	if q.Patient != p || q.Source != a.Original.ID || q.Width != 360 || q.Height != 480 || !q.Edges || q.Median == 0 || q.Sought {
		t.Errorf("%+v", q)
	}
	h.await(t, label.ID, clinical.Thumbnail, made)
	stop()

	// Started anew, it finds nothing to do, until another program comes.
	stop = h.follow(t)
	b := h.shot(t, p, wound(t, "0009.jpg", 0, 0), func(*clinical.Asset) {})
	h.awaitQuality(t, b.ID, measured)
	stop()
	if again, err := h.Quality(t.Context(), a.ID); err != nil || again.Rev != q.Rev {
		t.Errorf("measured twice: %v", err)
	}
	if none, err := h.Quality(t.Context(), label.ID); err != nil || none.Program != 0 {
		t.Errorf("an ID shot was measured: %+v, %v", none, err)
	}
	q.Program += 7
	h.commit(t, clinical.ActMeasured, clinical.Delta{Qualities: []clinical.Quality{q}})
	h.follow(t)
	if again := h.awaitQuality(t, a.ID, func(n clinical.Quality) bool { return measured(n) && n.Rev > q.Rev+1 }); again.Blur != q.Blur {
		t.Errorf("blur %v, was %v", again.Blur, q.Blur)
	}
}

func TestFramesOfOneBurstKnowEachOther(t *testing.T) {
	h := newHouse(t)
	p, other := h.patient(t, "1"), h.patient(t, "2")
	taken := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	at := func(seconds int, serial string) func(*clinical.Asset) {
		return func(a *clinical.Asset) {
			a.Capture.At, a.Capture.Serial = taken.Add(time.Duration(seconds)*time.Second), serial
		}
	}
	h.follow(t)
	first := h.shot(t, p, wound(t, "0001.jpg", 0, 0), at(0, "s"))
	h.awaitQuality(t, first.ID, measured)
	second := h.shot(t, p, wound(t, "0001.jpg", 4, -3), at(3, "s"))
	if q := h.awaitQuality(t, second.ID, measured); q.Like != first.ID || q.Likeness < clinical.LikenessLimit || q.Likeness > 1 {
		t.Errorf("the second of a burst: like %s by %.2f", q.Like, q.Likeness)
	}
	for name, a := range map[string]clinical.Asset{
		"another view":       h.shot(t, p, wound(t, "0033.jpg", 0, 0), at(6, "s")),
		"an hour later":      h.shot(t, p, wound(t, "0001.jpg", 2, 2), at(3600, "s")),
		"another camera":     h.shot(t, p, wound(t, "0001.jpg", 1, 2), at(5, "x")),
		"another patient":    h.shot(t, other, wound(t, "0001.jpg", 2, 1), at(4, "s")),
		"taken nobody knows": h.shot(t, p, wound(t, "0001.jpg", 3, 1), func(a *clinical.Asset) { a.Capture.Serial = "s" }),
	} {
		if q := h.awaitQuality(t, a.ID, measured); !q.Like.IsZero() {
			t.Errorf("%s: like another by %.2f", name, q.Likeness)
		}
	}
}

// Only where the view is said to be of a face is anybody looked for, be it said
// before the picture is measured or after.
func TestAFaceIsLookedForWhereTheViewIsOfOne(t *testing.T) {
	h := newHouse(t)
	p := h.patient(t, "1")
	photo := func(name string) []byte {
		b, err := os.ReadFile(testenv.Data(t, "faces", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	h.follow(t)
	sought := func(q clinical.Quality) bool { return measured(q) && q.Sought }
	face := h.shot(t, p, photo("2008_001009.jpg"), func(a *clinical.Asset) { a.View.Code = "FACE-ANT" })
	if q := h.awaitQuality(t, face.ID, sought); q.Faces == 0 {
		t.Error("no face found in a picture of faces")
	}
	foot := h.shot(t, p, wound(t, "0033.jpg", 0, 0), func(a *clinical.Asset) { a.View.Code = "FOOT" })
	if q := h.awaitQuality(t, foot.ID, measured); q.Sought {
		t.Error("a foot was searched for faces")
	}
	foot.View = clinical.View{Site: "visage"}
	h.commit(t, clinical.ActDescribed, clinical.Delta{Assets: []clinical.Asset{foot}})
	if q := h.awaitQuality(t, foot.ID, sought); q.Faces != 0 {
		t.Errorf("%d faces found in a picture without", q.Faces)
	}
}
