package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"os"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/internal/testenv"
)

// tiff is a TIFF of one directory, with data behind it; the value of the tag
// StripOffsets is where that begins.
func tiff(data []byte, entries [][4]uint32) []byte { // tag, type, count, value
	at := uint32(8 + 2 + 12*len(entries) + 4)
	b := append([]byte("II*\x00\x08\x00\x00\x00"), byte(len(entries)), 0)
	for _, e := range entries {
		if e[0] == 273 {
			e[3] = at
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(b, e[2])
		b = binary.LittleEndian.AppendUint32(b, e[3])
	}
	return append(append(b, 0, 0, 0, 0), data...)
}

// deep is a picture of 16 bits per sample.
func deep() []byte {
	var pix []byte
	for i := range 700 * 500 {
		pix = binary.LittleEndian.AppendUint16(pix, uint16(i%700*60+i/700*40))
	}
	return tiff(pix, [][4]uint32{
		{256, 4, 1, 700},
		{257, 4, 1, 500},
		{258, 3, 1, 16},
		{259, 3, 1, 1}, // not compressed
		{262, 3, 1, 1}, // black is 0
		{273, 4, 1, 0},
		{277, 3, 1, 1},
		{278, 4, 1, 500},
		{279, 4, 1, uint32(len(pix))},
	})
}

// negative is the shell of a DNG (Adobe, Digital Negative 1.4) around its preview,
// a JPEG, which lies on its side.
func negative(t *testing.T) []byte {
	t.Helper()
	var preview bytes.Buffer
	if err := jpeg.Encode(&preview, image.NewYCbCr(image.Rect(0, 0, 300, 200), image.YCbCrSubsampleRatio420), nil); err != nil {
		t.Fatal(err)
	}
	return tiff(preview.Bytes(), [][4]uint32{
		{256, 4, 1, 300},
		{257, 4, 1, 200},
		{259, 3, 1, 7}, // JPEG
		{273, 4, 1, 0},
		{274, 3, 1, 6}, // turned
		{279, 4, 1, uint32(preview.Len())},
		{50706, 1, 4, 0x0401}, // version 1.4
	})
}

// everyForm are pictures in every form that is rendered, by name.
func everyForm(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"drawn.png": portrait(t, color.White), "deep.tif": deep(), "raw.dng": negative(t)}
	for name, from := range map[string]string{
		"camera.jpg": "jpg-Nikon-D90.jpg", "phone.heic": "heic-IMG_1034.heic", "film.mov": "mov-with-gps.mov",
	} {
		b, err := os.ReadFile(testenv.Data(t, "cameras", from))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	return files
}

// rendered are the newest renditions of the pictures, by name and kind.
func (h *house) rendered(ids map[string]clinical.AssetID) map[string]clinical.Rendition {
	h.Helper()
	out := map[string]clinical.Rendition{}
	for name, id := range ids {
		all, err := h.sys.vault.Renditions(h.Context(), id)
		h.check(err)
		for _, r := range all {
			out[name+" "+string(r.Kind)] = r
		}
	}
	return out
}

// TestRenditionsThatWereDroppedAreMadeAgain drops every rendition of pictures in
// every form, one of them masked, with the server stopped and with it running.
func TestRenditionsThatWereDroppedAreMadeAgain(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	files := everyForm(t)
	h.drop(files)
	h.eventually("kept", func() bool { return len(h.assets()) == len(files) })
	ids := map[string]clinical.AssetID{}
	for name, a := range h.assets() {
		ids[name] = a.ID
	}
	for name, a := range h.assets() {
		if a.State != clinical.Filed {
			t.Errorf("%s is %s: %s", name, a.State, a.Reason)
		}
	}
	masked := ids["drawn.png"]
	h.do("mirabelle", clinical.ClassifyAssets{Assets: []clinical.AssetID{masked}, Sensitivity: clinical.Plain | clinical.Face})
	h.masked(masked)
	h.askForAll(ids)
	before := h.rendered(ids)
	if len(before) != 4*len(files)+4 {
		t.Errorf("%d renditions of %d pictures", len(before), len(files))
	}
	h.stop()
	h.dropOffline(len(before))
	h.start()
	h.madeAgain("after a restart", ids, before)

	drop, err := operations{h.sys}.DropRenditions(t.Context(), clinical.Caller{Operator: "test"}, func(int, int) {})
	if n, ok := drop.(droppedRenditions); err != nil || !ok || n.Dropped != len(before) {
		t.Errorf("dropped %v, %v", drop, err)
	}
	// Whoever asks meanwhile gets it, and waits for no other.
	if res, _ := h.ask(t.Context(), "carlotta", http.MethodGet, "/img/"+ids["camera.jpg"].String()+"/teaching-2048"); res.StatusCode != http.StatusOK {
		t.Errorf("asked for while it is away: %s", res.Status)
	}
	h.madeAgain("while it runs", ids, before)
	if said := string(h.log.bytes()); strings.Contains(said, "made again differs") {
		t.Error(said)
	}
}

// askForAll looks at every picture in every size.
func (h *house) askForAll(ids map[string]clinical.AssetID) {
	h.Helper()
	kinds := []clinical.RenditionKind{clinical.Thumbnail, clinical.Screen, clinical.Teaching, clinical.Full}
	for name, id := range ids {
		of := kinds
		if name == "drawn.png" {
			of = append(of[:len(of):len(of)], clinical.MaskedThumbnail, clinical.MaskedScreen, clinical.Masked, clinical.MaskedFull)
		}
		for _, kind := range of {
			if res, body := h.ask(h.Context(), "carlotta", http.MethodGet, "/img/"+id.String()+"/"+string(kind)); res.StatusCode != http.StatusOK || !bytes.HasPrefix(body, []byte("\xff\xd8\xff")) {
				h.Errorf("%s as %s: %s", name, kind, res.Status)
			}
		}
	}
}

// dropOffline drops all renditions, of which there are n, with no server running.
func (h *house) dropOffline(n int) {
	h.Helper()
	s, err := openSystem(h.Context(), h.cfg, quiet(&h.log))
	h.check(err)
	drop, err := operations{s}.DropRenditions(h.Context(), clinical.Caller{Operator: "test"}, func(int, int) {})
	h.check(err)
	if got, ok := drop.(droppedRenditions); !ok || got.Dropped != n {
		h.Errorf("dropped %v of %d", drop, n)
	}
	report, err := operations{s}.Fsck(h.Context(), true, func(int, int) {})
	if r, ok := report.(inspected); err != nil || !ok || !r.Clean() {
		h.Errorf("after they were dropped: %+v, %v", report, err)
	}
	h.check(s.close())
}

// madeAgain waits for all renditions and compares them with those before.
func (h *house) madeAgain(when string, ids map[string]clinical.AssetID, before map[string]clinical.Rendition) {
	h.Helper()
	beforehand := func(kind clinical.RenditionKind) bool {
		return kind == clinical.Thumbnail || kind == clinical.Masked || kind == clinical.MaskedThumbnail || kind == clinical.MaskedFull
	}
	h.eventually("made again by itself "+when, func() bool {
		for _, r := range h.rendered(ids) {
			if beforehand(r.Kind) && r.Blob.ID.IsZero() {
				return false
			}
		}
		return true
	})
	h.askForAll(ids)
	for what, r := range h.rendered(ids) {
		was := before[what]
		if r.Rev <= was.Rev || r.Recipe != was.Recipe || r.Blob.SHA256 != was.Blob.SHA256 || r.Blob.Size != was.Blob.Size || r.Room != was.Room {
			h.Errorf("%s, %s: %d bytes, recipe %d, %.8x; were %d, %d, %.8x", when, what, r.Blob.Size, r.Recipe, r.Blob.SHA256, was.Blob.Size, was.Recipe, was.Blob.SHA256)
		}
	}
}
