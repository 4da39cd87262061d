package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"fovea/clinical"
)

// TestASetOnTheDriveHoldsItsPapers asks a system as it is run for the papers of a set, takes the picture back, and asks
// again.
func TestASetOnTheDriveHoldsItsPapers(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	h.drop(h.drawn(1))
	h.eventually("kept", func() bool { return len(h.assets()) == 1 })
	folder := h.release()
	h.eventually("on the drive", func() bool { return len(h.listing("stanislaus", folder)) == 1 })
	name := strings.TrimPrefix(h.listing("stanislaus", folder)[0], folder)

	captions, text := h.ask(t.Context(), "stanislaus", http.MethodGet, folder+"captions.csv")
	if captions.StatusCode != http.StatusOK || !bytes.HasPrefix(text, []byte("\uFEFFfile,caption\r\n"+name[:6])) {
		t.Errorf("captions: %s %q", captions.Status, text)
	}
	sheet, pdf := h.ask(t.Context(), "stanislaus", http.MethodGet, folder+"contact-sheet.pdf")
	if sheet.StatusCode != http.StatusOK || !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf, []byte("DCTDecode")) {
		t.Fatalf("contact sheet: %s, %d bytes", sheet.Status, len(pdf))
	}
	again, same := h.ask(t.Context(), "stanislaus", http.MethodGet, folder+"contact-sheet.pdf")
	if again.Header.Get("ETag") != sheet.Header.Get("ETag") || !bytes.Equal(pdf, same) {
		t.Errorf("asked again the sheet is %s, it was %s", again.Header.Get("ETag"), sheet.Header.Get("ETag"))
	}
	h.do("carlotta", clinical.WithdrawConsent{Patient: h.patient})
	for _, paper := range []string{"contact-sheet.pdf", "captions.csv"} {
		if gone, _ := h.ask(t.Context(), "stanislaus", http.MethodGet, folder+paper); gone.StatusCode != http.StatusNotFound {
			t.Errorf("%s of a set without a picture: %s", paper, gone.Status)
		}
	}
	h.stop()
	h.nothingInPlain()
}

func TestAPictureOnAContactSheetIsSmall(t *testing.T) {
	full := image.NewRGBA(image.Rect(0, 0, 2048, 1365))
	for i := range full.Pix {
		full.Pix[i] = uint8(i >> 12)
	}
	full.SetRGBA(0, 0, color.RGBA{A: 255})
	var in bytes.Buffer
	if err := jpeg.Encode(&in, full, nil); err != nil {
		t.Fatal(err)
	}
	small, err := shrinkJPEG(bytes.NewReader(in.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(small))
	if err != nil || c.Width > cellSide || c.Width < cellSide/2 || max(c.Height*3-c.Width*2, c.Width*2-c.Height*3) > 3 {
		t.Errorf("%d × %d, %v", c.Width, c.Height, err)
	}
	if _, err := shrinkJPEG(bytes.NewReader(in.Bytes()[:1000])); clinical.KindOf(err) != clinical.Corrupt {
		t.Errorf("a picture cut short: %v", err)
	}
}

func BenchmarkCellOfAContactSheet(b *testing.B) {
	var in bytes.Buffer
	if err := jpeg.Encode(&in, image.NewRGBA(image.Rect(0, 0, 2048, 1536)), nil); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := shrinkJPEG(bytes.NewReader(in.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
