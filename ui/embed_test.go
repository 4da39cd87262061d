package ui

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestHandlerSendsThePageAndItsFiles(t *testing.T) {
	built := handler(fstest.MapFS{
		"index.html":        {Data: []byte("<title>Fovea</title>")},
		"assets/index-1.js": {Data: []byte("let a")},
	})
	for _, c := range []struct {
		method, path string
		status       int
		cache, holds string
	}{
		{"GET", "/app/", 200, "no-cache", "<title>"},
		{"GET", "/app/patients/any", 200, "no-cache", "<title>"},
		{"GET", "/app/../secret", 200, "no-cache", "<title>"},
		{"HEAD", "/app/", 200, "no-cache", ""},
		{"GET", "/app/assets/index-1.js", 200, "public, max-age=31536000, immutable", "let a"},
		{"GET", "/app/assets/index-0.js", 404, "", "not found"},
		{"POST", "/app/", 405, "", "GET"},
	} {
		w := httptest.NewRecorder()
		built.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.path, http.NoBody))
		if w.Code != c.status || w.Header().Get("Cache-Control") != c.cache || !strings.Contains(w.Body.String(), c.holds) {
			t.Errorf("%s %s: %d %q %q", c.method, c.path, w.Code, w.Header().Get("Cache-Control"), w.Body)
		}
		if csp := w.Header().Get("Content-Security-Policy"); c.status == 200 && !strings.Contains(csp, "default-src 'none'; script-src 'self'; style-src 'self'; ") {
			t.Errorf("%s %s may load %q", c.method, c.path, csp)
		}
	}
}

func TestHandlerSaysWhenNothingWasBuilt(t *testing.T) {
	w := httptest.NewRecorder()
	handler(fstest.MapFS{".gitkeep": {}}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/app/", http.NoBody))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "make ui") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
