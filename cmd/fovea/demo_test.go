package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/internal/demo"
)

// TestADemoTellsThePortThatItAnswersOn opens a demo that was told to choose a
// port by itself, as it was first written and as it is after a restart.
func TestADemoTellsThePortThatItAnswersOn(t *testing.T) {
	at, err := placesFor(filepath.Join(t.TempDir(), "var"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := at.write(demoFile{Format: "demo/1", URL: "https://127.0.0.1:0", People: []demoPerson{{Login: "yuki"}}}); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1:41234", "127.0.0.1:41235"} {
		var said bytes.Buffer
		if err := at.open(&said, address); err != nil {
			t.Fatal(err)
		}
		d, err := at.read()
		if err != nil || d.URL != "https://"+address {
			t.Errorf("demo.json says %s, %v", d.URL, err)
		}
		if text := said.String(); !strings.Contains(text, "Sign in at https://"+address+" ") || strings.Contains(text, ":0/") || strings.Contains(text, "@0\\") {
			t.Errorf("it says:\n%s", text)
		}
	}
}

// TestADemoHasWhatPapersNeed asks for the parts without which a guide cannot be followed.
func TestADemoHasWhatPapersNeed(t *testing.T) {
	at, err := placesFor(filepath.Join(t.TempDir(), "var"))
	if err != nil {
		t.Fatal(err)
	}
	world := demo.New(time.Now(), time.UTC)
	for listen, url := range map[string]string{"127.0.0.1:8443": "https://127.0.0.1:8443", "127.0.0.1:0": ""} {
		cfg := at.config(world, listen)
		if err := cfg.check(); err != nil {
			t.Fatal(err)
		}
		if by := cfg.issuer("", time.Now()); by.Site == "Fovea" || by.Contact == "" || cfg.Site.URL != url || cfg.EPR.Folder == "" {
			t.Errorf("on %s: %+v, record in %q", listen, cfg.Site, cfg.EPR.Folder)
		}
	}
	leads := slices.ContainsFunc(world.People, func(p clinical.Person) bool {
		return slices.Contains(p.Leads, clinical.GovernanceLead) && slices.Contains(p.Leads, clinical.SafeguardingLead)
	})
	if !leads {
		t.Error("nobody leads")
	}
}

// TestTheDriveIsShownAtThePortThatWasChosen asks a server on port 0.
func TestTheDriveIsShownAtThePortThatWasChosen(t *testing.T) {
	h := newHouse(t)
	h.start()
	defer h.stop()
	if h.sys.address == "" || strings.HasSuffix(h.sys.address, ":0") || h.url != "https://"+h.sys.address {
		t.Fatalf("the address is %q, it said %q", h.sys.address, h.url)
	}
	h.populate()
	page := h.page(t.Context(), "edeltraud", "/mount")
	if !strings.Contains(page, h.url+"/dav/teaching") || strings.Contains(page, "127.0.0.1:0") {
		t.Errorf("the page leads elsewhere than to %s:\n%s", h.url, page)
	}
}

// page reads a page as somebody who has signed in.
func (h *house) page(ctx context.Context, who, path string) string {
	h.Helper()
	res, body := h.ask(ctx, who, http.MethodGet, path)
	if res.StatusCode != http.StatusOK {
		h.Fatalf("%s: %s", path, res.Status)
	}
	return string(body)
}
