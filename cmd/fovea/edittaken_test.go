package main

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"fovea/clinical"
)

// What no browser reads is drawn on as it was taken, at a size on which a mask
// can be placed, and still after a version was saved. The picture's own page shows the version.
func TestWhatNoBrowserReadsIsDrawnOnAsItWasTaken(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	files := everyForm(t)
	delete(files, "film.mov")   // has no masks
	delete(files, "camera.jpg") // a browser reads it, as the PNG
	h.drop(files)
	h.eventually("kept", func() bool { return len(h.assets()) == len(files) })
	turned := clinical.NewRecipe()
	turned.Turn = 180
	for name, a := range h.assets() {
		page := "/pictures/" + a.ID.String() + "/edit"
		h.eventually("it is measured, and has a thumbnail", func() bool {
			one, err := h.sys.gate.Asset(t.Context(), clinical.Caller{Person: h.people["mirabelle"]}, a.ID)
			return err == nil && one.Width > 0 && one.Thumb
		})
		if name == "drawn.png" {
			for _, at := range []string{page, "/pictures/" + a.ID.String()} {
				if _, body := h.ask(t.Context(), "mirabelle", http.MethodGet, at); !strings.Contains(string(body), `src="/img/`+a.ID.String()+`/original"`) {
					t.Errorf("%s is drawn by the server", name)
				}
			}
			h.do("mirabelle", clinical.SaveEdit{Asset: a.ID, Recipe: turned})
			h.eventually("the version is shown", func() bool {
				_, body := h.ask(t.Context(), "mirabelle", http.MethodGet, "/pictures/"+a.ID.String())
				return strings.Contains(string(body), `src="/img/`+a.ID.String()+`/screen-1024"`) && strings.Contains(string(body), "Version 1, without its masks")
			})
			continue
		}
		taken := "/pictures/" + a.ID.String() + "/taken.jpg"
		_, before := h.ask(t.Context(), "mirabelle", http.MethodGet, taken)
		h.do("mirabelle", clinical.SaveEdit{Asset: a.ID, Recipe: turned})
		if _, body := h.ask(t.Context(), "mirabelle", http.MethodGet, page); !strings.Contains(string(body), `src="`+taken+`"`) {
			t.Errorf("%s, edited: the page has no picture", name)
		}
		res, after := h.ask(t.Context(), "mirabelle", http.MethodGet, taken)
		shown, err := jpeg.DecodeConfig(bytes.NewReader(after))
		one, wrong := h.sys.gate.Asset(t.Context(), clinical.Caller{Person: h.people["mirabelle"]}, a.ID)
		if err != nil || wrong != nil || res.Header.Get("Content-Type") != "image/jpeg" || !bytes.Equal(before, after) {
			t.Fatalf("%s: %s, %v, %v; as before: %v", name, res.Status, err, wrong, bytes.Equal(before, after))
		}
		if long := max(shown.Width, shown.Height); long != min(2048, max(one.Width, one.Height)) || (shown.Width > shown.Height) != (one.Width > one.Height) {
			t.Errorf("%s: %d × %d of %d × %d", name, shown.Width, shown.Height, one.Width, one.Height)
		}
		if res, _ := h.ask(t.Context(), "stanislaus", http.MethodGet, taken); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: a student gets %s", name, res.Status)
		}
	}
}
