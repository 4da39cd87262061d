// Package ui holds the one front end, as `make ui` built it, and serves it.
//
// The program in src/ asks the same /api/v1 and /img as every other client; it
// is shown by a browser and by the desktop's window. A checkout in which it was
// not built says so to whoever opens it.
package ui

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Prefix is where the front end lies.
const Prefix = "/app/"

// policy lets the page load what the server sends and nothing else: no inline
// script or style, no other host, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html"

// Handler serves the front end under Prefix. Every path that names no file is
// the page: which screen it shows is the program's to read from the address.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is no path: this file is wrong
	}
	return handler(files)
}

func handler(files fs.FS) http.Handler {
	static := http.StripPrefix(Prefix, http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Ask with GET.", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		name := path.Clean(strings.TrimPrefix(r.URL.Path, Prefix))
		if strings.HasPrefix(name, "assets/") { // their names change with their content
			if _, err := fs.Stat(files, name); err != nil {
				http.NotFound(w, r)
				return
			}
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			static.ServeHTTP(w, r)
			return
		}
		h.Set("Cache-Control", "no-cache")
		page(w, r, files)
	})
}

// page sends the one page.
func page(w http.ResponseWriter, r *http.Request, files fs.FS) {
	html, err := fs.ReadFile(files, "index.html")
	if err != nil {
		http.Error(w, "The front end was not built into this program. Run make ui, then build again.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method == http.MethodGet {
		_, _ = w.Write(html) // who asked may be gone
	}
}
