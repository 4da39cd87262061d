package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"testing"

	"fovea/clinical"
	"fovea/server/wire"
)

// charted is a picture of a wall, or of whatever is its own grey, with a chart
// of 24 patches in it under a warm light: the levels that are printed beside
// the patches, with the middles of its corners at 900,500 and 1400,800.
func charted(t *testing.T) []byte {
	t.Helper()
	patches := [24][3]float64{
		{115, 82, 68},
		{194, 150, 130},
		{98, 122, 157},
		{87, 108, 67},
		{133, 128, 177},
		{103, 189, 170},
		{214, 126, 44},
		{80, 91, 166},
		{193, 90, 99},
		{94, 60, 108},
		{157, 188, 64},
		{224, 163, 46},
		{56, 61, 150},
		{70, 148, 73},
		{175, 54, 60},
		{231, 199, 31},
		{187, 86, 149},
		{8, 133, 161},
		{243, 243, 242},
		{200, 200, 200},
		{160, 160, 160},
		{122, 122, 121},
		{85, 85, 85},
		{52, 52, 52},
	}
	warm := func(v float64, by float64) uint8 { return uint8(math.Round(v * math.Pow(by, 1/2.2))) }
	p := image.NewRGBA(image.Rect(0, 0, 2400, 1600))
	for y := range 1600 {
		for x := range 2400 {
			c := [3]float64{128, 128, 128}
			if i, j := (x-850)/100, (y-450)/100; x >= 850 && y >= 450 && i < 6 && j < 4 {
				c = patches[6*j+i]
			}
			p.Set(x, y, color.RGBA{warm(c[0], 1), warm(c[1], 0.8), warm(c[2], 0.5), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestColoursAreMeasuredWhereAPersonMarksThem goes from pixels in the vault to a
// version whose copy has the colours of the chart.
func TestColoursAreMeasuredWhereAPersonMarksThem(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	h.drop(map[string][]byte{"chart.png": charted(t)})
	h.eventually("it is kept", func() bool { return h.found("carlotta", "kompressionsverband") == 1 })
	id := h.assets()["chart.png"].ID
	at := "/api/v1/assets/" + id.String()
	get := func(path string, want int, into any) {
		t.Helper()
		res, body := h.ask(t.Context(), "mirabelle", http.MethodGet, path)
		if res.StatusCode != want {
			t.Fatalf("%s: %d %s", path, res.StatusCode, body)
		}
		if into != nil {
			if err := json.Unmarshal(body, into); err != nil {
				t.Fatal(err)
			}
		}
	}
	const corners = "900,500,1400,500,1400,800,900,800"
	var fit wire.ChartFit
	get(at+"/chart?corners="+corners, http.StatusOK, &fit)
	if fit.Before < 5 || fit.After > 2.5 || len(fit.Patches) != 24 { // 1.7 is what the printed levels are off by
		t.Errorf("ΔE %.2f, corrected %.2f", fit.Before, fit.After)
	}
	get(at+"/chart?corners=1400,800,900,800,900,500,1400,500", http.StatusBadRequest, nil) // upside down
	get(at+"/chart?corners=1,2,3", http.StatusBadRequest, nil)
	get(at+"/grey?patch=850,450,300,300", http.StatusBadRequest, nil) // several colours
	var grey wire.Grey
	get(at+"/grey?patch=200,200,40,30", http.StatusOK, &grey)
	if r := grey.Gains[2] / grey.Gains[0]; math.Abs(r-2) > 0.1 || grey.Cast < 5 {
		t.Errorf("gains %v, cast %.1f", grey.Gains, grey.Cast)
	}
	res, _ := h.ask(t.Context(), "stanislaus", http.MethodGet, at+"/chart?corners="+corners)
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("a student measures: %d", res.StatusCode)
	}

	places, err := wire.Corners(corners)
	if err != nil {
		t.Fatal(err)
	}
	r := clinical.NewRecipe()
	r.Tone = fit.Tone(r.Tone, places)
	r.Scale = &clinical.ScaleBar{From: clinical.Point{X: 900, Y: 500}, To: clinical.Point{X: 1400, Y: 500}, LengthMM: 50, Corner: clinical.LowerLeft, ClickPX: 1}
	if code, body := h.post("mirabelle", http.MethodPost, "/assets/"+id.String()+"/edits", wire.SaveEdit{Recipe: r}, nil); code != http.StatusOK {
		t.Fatalf("save: %d %s", code, body)
	}
	var all wire.Edits
	get(at+"/edits", http.StatusOK, &all)
	if s := all.Versions[0].Scale; s == nil || s.PixelsPerMM != 10 || math.Abs(s.Deviation-0.0283) > 1e-4 {
		t.Errorf("scale %+v", s)
	}
	var shown image.Image
	h.eventually("the corrected picture", func() bool {
		res, body := h.ask(t.Context(), "mirabelle", http.MethodGet, "/img/"+id.String()+"/"+string(clinical.Screen))
		if res.StatusCode != http.StatusOK {
			return false
		}
		shown, _, err = image.Decode(bytes.NewReader(body))
		return err == nil
	})
	k := float64(shown.Bounds().Dx()) / 2400
	red, green, blue, _ := shown.At(int(1100*k), int(800*k)).RGBA() // neutral 6.5 is grey again
	if spread := float64(max(red, green, blue)-min(red, green, blue)) / 257; spread > 6 {
		t.Errorf("a grey patch is %d %d %d", red>>8, green>>8, blue>>8)
	}
	waiting := func(who string) []wire.WaitingCopy {
		var list wire.List[wire.WaitingCopy]
		_, body := h.ask(t.Context(), who, http.MethodGet, "/api/v1/reviews")
		if err := json.Unmarshal(body, &list); err != nil {
			t.Fatal(err)
		}
		return list.Items
	}
	if n := len(waiting("carlotta")); n != 0 {
		t.Errorf("%d wait where nothing is masked", n)
	}
	r.Masks = []clinical.Mask{{Shape: clinical.MaskEllipse, Centre: clinical.Point{X: 300, Y: 300}, Radii: clinical.Point{X: 50, Y: 50}, Fill: clinical.FillNoise, Cause: clinical.HidesTattoo}}
	if code, body := h.post("mirabelle", http.MethodPost, "/assets/"+id.String()+"/edits", wire.SaveEdit{Base: 1, Recipe: r}, nil); code != http.StatusOK {
		t.Fatalf("save: %d %s", code, body)
	}
	if all := waiting("carlotta"); len(all) != 1 || all[0].Asset != id || all[0].Version != 2 || all[0].Masks != 1 {
		t.Errorf("waits for a second person: %+v", all)
	}
	if n := len(waiting("mirabelle")); n != 0 {
		t.Errorf("%d wait for whoever made them", n)
	}
}
