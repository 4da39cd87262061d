package webdav_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dav "golang.org/x/net/webdav"
	"pgregory.net/rapid"
)

// The writable tree and the handler of x/net over its own FileSystem agree on whatever is done to them: on whether it is
// done, on the status of success, and on what is there in the end. Where they differ on purpose no request is drawn:
// Overwrite is always stated (x/net takes a missing one for F), what is not there is not moved (x/net removes what it was
// to overwrite before it notices), nothing is moved into, onto or above itself (x/net does
// some of that), no folder is fetched, and no name to write to ends with a slash. Locks are litmus's: those of x/net
// outlive what they are on, and do not keep a folder from being removed over them.
func TestInboxAgreesWithTheHandlerOfXNet(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ours := newInboxDrive(t, time.Hour, nil)
		defer ours.stop()
		theirs := &drive{Handler: &dav.Handler{Prefix: strings.TrimSuffix(derm, "/"), FileSystem: dav.NewMemFS(), LockSystem: dav.NewMemLS()}}
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			step(r, ours.drive, theirs)
		}
		if diff := cmp.Diff(walk(t, theirs, derm), walk(t, ours.drive, derm)); diff != "" {
			r.Errorf("-theirs +ours:\n%s", diff)
		}
	})
}

// step does one thing to both.
func step(r *rapid.T, ours, theirs *drive) {
	paths := rapid.SampledFrom([]string{"a", "b", "a/c", "a/d", "b/c", "b/c/e", "x.jpg", "a/x.jpg"})
	target, to := paths.Draw(r, "path"), paths.Draw(r, "to")
	method := rapid.SampledFrom([]string{"PUT", "MKCOL", "DELETE", "COPY", "MOVE", "PROPFIND", "PROPPATCH"}).Draw(r, "method")
	var body string
	var headers []string
	switch method {
	case "PUT":
		body = strings.Repeat("x", rapid.IntRange(0, 9).Draw(r, "size"))
	case "COPY", "MOVE":
		there := ours.ask("PROPFIND", derm+target, "", "Depth: 0").Code == http.StatusMultiStatus
		if !there || target == to || strings.HasPrefix(target, to+"/") || strings.HasPrefix(to, target+"/") {
			return
		}
		headers = []string{"Destination: " + derm + to, "Overwrite: " + rapid.SampledFrom([]string{"T", "F"}).Draw(r, "overwrite")}
	case "PROPFIND":
		headers = []string{"Depth: 0"}
	case "PROPPATCH":
		body = `<propertyupdate xmlns="DAV:"><set><prop><getetag>x</getetag></prop></set></propertyupdate>`
	}
	got, want := ours.ask(method, derm+target, body, headers...), theirs.ask(method, derm+target, body, headers...)
	if got.Code != want.Code && !excused(method, got.Code, want.Code) {
		r.Fatalf("%s %s %v: ours %d, theirs %d", method, target, headers, got.Code, want.Code)
	}
}

// excused are the statuses in which x/net is not followed. Where both refuse, each may say another of several reasons:
// x/net says 404 or 405 where RFC 4918 wants 409.
func excused(method string, ours, theirs int) bool {
	type pair struct{ ours, theirs int }
	written := []pair{
		{204, 201}, // over something: nothing was created
		{405, 201}, // a folder is in its place: x/net says that it was written, and writes nothing
	}
	return (ours >= 400 && theirs >= 400) || (method == "PUT" && slices.Contains(written, pair{ours, theirs}))
}

// walk is everything in a tree: files with their content.
func walk(t *testing.T, d *drive, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, path := range d.list(t, folder) {
		switch {
		case path == derm+"_receipts/":
		case strings.HasSuffix(path, "/"):
			out[path] = "folder"
			for inner, content := range walk(t, d, path) {
				out[inner] = content
			}
		default:
			w := d.ask("GET", path, "")
			if w.Code != http.StatusOK {
				t.Errorf("GET %s: %d", path, w.Code)
			}
			out[path] = w.Body.String()
		}
	}
	return out
}
