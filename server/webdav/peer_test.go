package webdav_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dav "golang.org/x/net/webdav"

	"fovea/server/webdav"
)

// peer serves the same tree as a drive, out of plain files, with the handler of golang.org/x/net/webdav.
func peer(tb testing.TB, d *drive) http.Handler {
	tb.Helper()
	root := tb.TempDir()
	for _, s := range d.gate.world.Load().sets {
		dir := filepath.Join(root, s.folder.Set.Name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			tb.Fatal(err)
		}
		for _, e := range s.folder.Entries {
			file := filepath.Join(dir, e.Name)
			content, err := io.ReadAll(s.pictures[e.Asset].open())
			if err != nil {
				tb.Fatal(err)
			}
			if err := os.WriteFile(file, content, 0o600); err != nil {
				tb.Fatal(err)
			}
			if err := os.Chtimes(file, e.Modified, e.Modified); err != nil {
				tb.Fatal(err)
			}
		}
		if err := os.Chtimes(dir, s.folder.Modified, s.folder.Modified); err != nil {
			tb.Fatal(err)
		}
	}
	return &dav.Handler{Prefix: webdav.Prefix, FileSystem: dav.Dir(root), LockSystem: dav.NewMemLS()}
}

func exchange(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	return (&drive{Handler: h}).ask(method, target, body, headers...)
}

// Where both handlers should agree they do: statuses, bodies, ranges, and the properties that both have. On purpose
// they differ in entity tags, in the locks that x/net always claims to have, in a folder's own content, and in what
// this drive refuses.
func TestAgreesWithTheHandlerOfXNet(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds & more", "000013-Ulcer.jpg", "000020-Été (2).jpg", "000031-A+B=C.jpg")
	d.gate.addSet("Burns")
	theirs := peer(t, d)
	const set = "/dav/teaching/Wounds%20&%20more/"
	prop := `<D:propfind xmlns:D="DAV:"><D:prop><D:displayname/><D:getcontentlength/><D:getcontenttype/><D:getlastmodified/>` +
		`<D:resourcetype/><x:y xmlns:x="z"/></D:prop></D:propfind>`
	tests := []struct {
		method, path, body string
		headers            []string
	}{
		{"PROPFIND", "/dav/teaching/", prop, []string{"Depth: 1"}},
		{"PROPFIND", "/dav/teaching", prop, []string{"Depth: 0"}},
		{"PROPFIND", set, prop, []string{"Depth: 0"}},
		{"PROPFIND", set, prop, []string{"Depth: 1"}},
		{"PROPFIND", set + "000013-Ulcer.jpg", prop, []string{"Depth: 0"}},
		{"PROPFIND", set + "000020-%C3%89t%C3%A9%20(2).jpg", prop, []string{"Depth: 1"}},
		{"PROPFIND", set + "none.jpg", prop, []string{"Depth: 0"}},
		{"PROPFIND", set, "nonsense", []string{"Depth: 1"}},
		{"PROPFIND", set, prop, []string{"Depth: 3"}},
		{"GET", set + "000013-Ulcer.jpg", "", nil},
		{"HEAD", set + "000013-Ulcer.jpg", "", nil},
		{"GET", set + "000031-A+B=C.jpg", "", nil},
		{"GET", set + "none.jpg", "", nil},
		{"GET", "/dav/teaching/none/", "", nil},
		{"GET", set + "000013-Ulcer.jpg", "", []string{"Range: bytes=5-9"}},
		{"GET", set + "000013-Ulcer.jpg", "", []string{"Range: bytes=-5"}},
		{"GET", set + "000013-Ulcer.jpg", "", []string{"Range: bytes=99999-"}},
		{"GET", set + "000013-Ulcer.jpg", "", []string{"If-None-Match: *"}},
		{"GET", set + "000013-Ulcer.jpg", "", []string{"If-Modified-Since: " + day(3).Format(http.TimeFormat)}},
		{"GET", set + "000013-Ulcer.jpg", "", []string{"If-Unmodified-Since: " + day(-3).Format(http.TimeFormat)}},
		{"GET", set + "000013-Ulcer.jpg", "", []string{`If-Match: "x"`}},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path+strings.Join(tt.headers, " "), func(t *testing.T) {
			got, want := d.ask(tt.method, tt.path, tt.body, tt.headers...), exchange(theirs, tt.method, tt.path, tt.body, tt.headers...)
			if got.Code != want.Code {
				t.Fatalf("ours %d, theirs %d", got.Code, want.Code)
			}
			if got.Code == http.StatusMultiStatus {
				if diff := cmp.Diff(alike(t, want.Body.Bytes()), alike(t, got.Body.Bytes())); diff != "" {
					t.Errorf("-theirs +ours:\n%s", diff)
				}
				return
			}
			if got.Code >= 400 {
				return
			}
			if !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) {
				t.Errorf("bodies differ: ours %d bytes, theirs %d", got.Body.Len(), want.Body.Len())
			}
			for _, h := range []string{"Content-Length", "Content-Type", "Content-Range", "Last-Modified", "Accept-Ranges"} {
				if got.Header().Get(h) != want.Header().Get(h) {
					t.Errorf("%s: ours %q, theirs %q", h, got.Header().Get(h), want.Header().Get(h))
				}
			}
		})
	}
}

// alike leaves of a multistatus what both handlers mean alike.
func alike(t *testing.T, body []byte) []string {
	t.Helper()
	var out []string
	for i, r := range parseMultistatus(t, body) {
		line := r.path
		for _, k := range keys(r.found) {
			// x/net gives the root no name, and a folder the time at which a file was last put into it.
			if (i == 0 && k == "DAV: displayname") || (strings.HasSuffix(r.path, "/") && k == "DAV: getlastmodified") {
				continue
			}
			line += fmt.Sprintf("\n  %s=%s", k, r.found[k])
		}
		for _, k := range keys(r.missing) {
			// x/net says of a folder how many bytes its directory has.
			line += "\n  no " + k
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// rate runs do n times and returns how long it took.
func rate(b *testing.B, n int, do func()) time.Duration {
	b.Helper()
	start := time.Now()
	for range n {
		do()
	}
	return time.Since(start)
}

// beside runs both sides by turns, so that whatever else the machine does meets both, and reports how often ours
// passes in the time of one of theirs.
func beside(b *testing.B, name string, ours, theirs func()) {
	b.Helper()
	ours()
	theirs()
	var own, other time.Duration
	b.ResetTimer()
	for range b.N {
		own += rate(b, 1, ours)
		other += rate(b, 1, theirs)
	}
	b.ReportMetric(float64(other)/float64(own), "x/"+name)
	b.ReportMetric(float64(own.Nanoseconds())/float64(b.N), "ours-ns/op")
}

// BenchmarkPropfind1000 lists a folder of 1,000 pictures.
func BenchmarkPropfind1000(b *testing.B) { benchmarkPropfind(b, 1000) }

// BenchmarkPropfind10000 lists all the folders of a set of 10,000 pictures, beside one folder at the peer.
func BenchmarkPropfind10000(b *testing.B) { benchmarkPropfind(b, 10000) }

func benchmarkPropfind(b *testing.B, n int) {
	d := newDrive()
	d.gate.addSet("Wounds", thousand(n)...)
	theirs := peer(b, d)
	folders := []string{"/dav/teaching/Wounds/"}
	for part := 2; part <= n/1000; part++ {
		folders = append(folders, fmt.Sprintf("/dav/teaching/Wounds/part-%03d/", part))
	}
	size := 0
	beside(b, "xnet-dir", func() {
		size = 0
		for _, f := range folders {
			size += d.ask("PROPFIND", f, "", "Depth: 1").Body.Len()
		}
	}, func() { exchange(theirs, "PROPFIND", folders[0], "", "Depth: 1") })
	b.ReportMetric(float64(size)/float64(n), "B/entry")
}

// pictureOf24MB makes a drive with one picture of 24 MB.
func pictureOf24MB() *drive {
	d := newDrive()
	set := d.gate.addSet("Wounds")
	d.gate.change(func(w *world) {
		w.find(set).add(0, "000013-Ulcer.jpg", &picture{data: bytes.Repeat([]byte("0123456789abcdef"), 24<<20/16)})
	})
	return d
}

// fetching returns what fetches that picture once from a server.
func fetching(b *testing.B, server *httptest.Server) func() {
	b.Helper()
	b.Cleanup(server.Close)
	return func() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+"/dav/teaching/Wounds/000013-Ulcer.jpg", nil)
		if err != nil {
			b.Fatal(err)
		}
		r.SetBasicAuth("student", "x")
		response, err := server.Client().Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer response.Body.Close()
		if n, err := io.Copy(io.Discard, response.Body); n != 24<<20 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkGet24MB sends a picture of 24 MB over loopback. The gate's own work (unsealing) is not in it.
func BenchmarkGet24MB(b *testing.B) {
	d := pictureOf24MB()
	b.SetBytes(24 << 20)
	beside(b, "xnet-dir", fetching(b, httptest.NewServer(d)), fetching(b, httptest.NewServer(peer(b, d))))
}

// BenchmarkGet24MBOverTLS does so over TLS 1.3, beside itself without.
func BenchmarkGet24MBOverTLS(b *testing.B) {
	d := pictureOf24MB()
	b.SetBytes(24 << 20)
	beside(b, "plain", fetching(b, httptest.NewTLSServer(d)), fetching(b, httptest.NewServer(d)))
}

// BenchmarkLookup finds one picture among 10,000.
func BenchmarkLookup(b *testing.B) {
	d := newDrive()
	names := thousand(10000)
	d.gate.addSet("Wounds", names...)
	target := "/dav/teaching/Wounds/part-010/" + path2target(names[9999])
	for b.Loop() {
		if w := d.ask("HEAD", target, ""); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
