package pages_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

func TestADeviceIsShownWithWhatItOpensAndWhereItWasUsed(t *testing.T) {
	h, door := open(t)
	to := entry{h, door}
	if w := send(t, to, "paula", "/mount", "device", "camera", "inbox", "elsewhere"); w.Code != http.StatusBadRequest {
		t.Errorf("an inbox that is not hers: %d", w.Code)
	}
	w := send(t, to, "paula", "/mount", "device", "camera", "inbox", string(clinicaltest.StudioA))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "It opens the inbox of "+string(clinicaltest.StudioA)) {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	w = send(t, to, "stella", "/mount", "device", hostile, "set", id[clinical.TeachingSet]("wounds"))
	secret := regexp.MustCompile(`(?:[0-9A-Z]{5}-){5}[0-9A-Z]`).FindString(w.Body.String())
	if w.Code != http.StatusOK || secret == "" || unsafe(w.Body.String()) {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://fovea.test/dav/teaching/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "192.0.2.33:1"
	r.Header.Set("User-Agent", "davfs2/1.7.0")
	r.Header.Set("Authorization", "Bearer "+secret)
	if _, sets, err := h.Login.Mount(r); err != nil || len(sets) != 1 {
		t.Fatalf("it opens %v, %v", sets, err)
	}
	page := h.Ask(door, "stella", "GET", "/mount").Body.String()
	if !strings.Contains(page, "from 192.0.2.33 by davfs2/1.7.0") || !strings.Contains(page, "only wounds") || unsafe(page) {
		t.Errorf("the page does not say what the device opens and where it was used:\n%s", page)
	}
	device := regexp.MustCompile(`name="id" value="([0-9a-f]+)"`).FindStringSubmatch(page)
	if device == nil {
		t.Fatal("the device cannot be revoked")
	}
	leads(t, send(t, to, "stella", "/mount/revoke", "id", device[1]), "/mount?done=revoked")
	if _, _, err := h.Login.Mount(r); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("afterwards: %v", err)
	}
}
