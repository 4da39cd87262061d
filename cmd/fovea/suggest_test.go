package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/internal/demo"
	"fovea/server/wire"
)

// TestALabelInTheFrameIsSuggestedAndNotRead lands a picture of a label that is not
// ours. Where it lies is told, what it says is not, anywhere.
func TestALabelInTheFrameIsSuggestedAndNotRead(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	picture, err := demo.Picture(demo.Label, 3, demo.Options{
		Taken: time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC), Height: 1200, Camera: demo.Camera{Make: "Canon", Model: "EOS", Serial: "1"},
		Payload: "ZYMURGIE-4711", Lines: []string{"Zymurgie Quastenflosser", "Station Vier"},
	})
	h.check(err)
	h.drop(map[string][]byte{"IMG_A.JPG": picture})
	h.eventually("the picture is filed", func() bool { return len(h.assets()) == 1 })
	as := h.assets()["IMG_A.JPG"]
	h.do("mirabelle", clinical.ClassifyAssets{Assets: []clinical.AssetID{as.ID}, Sensitivity: clinical.Plain})
	res, body := h.ask(t.Context(), "mirabelle", http.MethodGet, "/api/v1/assets/"+as.ID.String()+"/suggestions")
	var got wire.Suggestions
	if err := json.Unmarshal(body, &got); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s, %v", res.StatusCode, body, err)
	}
	kinds := map[string]int{}
	for _, f := range got.Found {
		kinds[f.Kind]++
		if f.X < 0 || f.Y < 0 || f.Width <= 0 || f.Height <= 0 || f.X+f.Width > got.Width || f.Y+f.Height > got.Height {
			t.Errorf("outside of a picture of %d × %d: %+v", got.Width, got.Height, f)
		}
	}
	if got.Width != as.Capture.Width || got.Height != as.Capture.Height || kinds["code"] != 1 {
		t.Errorf("%+v of a picture of %d × %d", got, as.Capture.Width, as.Capture.Height)
	}
	unread := len(got.Unseen) > 0 && got.Unseen[len(got.Unseen)-1].Kind == "text"
	if (kinds["text"] == 0) != unread {
		t.Errorf("%d blocks of text, and the answer says not looked for: %+v", kinds["text"], got.Unseen)
	}
	for _, words := range []string{"ZYMURGIE", "Quastenflosser"} {
		if bytes.Contains(body, []byte(words)) || bytes.Contains(h.log.bytes(), []byte(words)) {
			t.Errorf("the answer or the log tells what was read")
		}
	}
	if res, _ := h.ask(t.Context(), "stanislaus", http.MethodGet, "/api/v1/assets/"+as.ID.String()+"/suggestions"); res.StatusCode != http.StatusNotFound {
		t.Errorf("somebody who may not see it: %d", res.StatusCode)
	}
}
