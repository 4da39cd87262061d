package webdav_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

// attacks are ways to write a path that mean another one to somebody on the way: a proxy, a file system, a decoder.
func attacks(folder, file string) []string {
	return []string{
		folder + "..;/" + file, folder + "%2e%2e%3b/" + file, folder + "..%2f" + file, folder + "..%5c" + file, folder + "%252e%252e/" + file,
		folder + file + "%00", folder + file + "%00.txt", folder + "%c0%ae%c0%ae/" + file, folder + "%c0%af" + file, folder + "%e0%80%af" + file,
		folder + "%f0%80%80%af" + file, folder + "%ed%a0%80" + file, folder + "\u2024\u2024/" + file, folder + "%ef%bc%8f" + file,
		folder + file + ".", folder + file + "..", folder + file + "%20", folder + file + "%09", folder + file + "/.", folder + file + "/..",
		folder + file + "::$DATA", folder + file + ":stream", folder + file + "~1", folder + strings.ToUpper(file), folder + file + ";.png", folder + file + "%3f", folder + file + "%23",
		strings.TrimSuffix(folder, "/") + "%2f" + file, strings.TrimSuffix(folder, "/") + "%5c" + file, strings.TrimSuffix(folder, "/") + "//" + file,
		"/dav/./teaching/../" + file, "/dav/teaching%00/" + file, "/dav/teaching../" + file, "/dav/teaching;x/" + file, "/DAV/teaching/Wounds/" + file,
	}
}

// No spelling of a path but the one that is listed, and its decomposed form, reaches a picture.
func TestNoOtherSpellingReachesAPicture(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", "000013-ulcer.jpg", "000020-Été.jpg")
	const folder = "/dav/teaching/Wounds/"
	for _, path := range append(attacks(folder, "000013-ulcer.jpg"), folder+"000020-%C3%89te.jpg", folder+"000020-Ete%CC%81.jpg") {
		for _, method := range []string{"GET", "HEAD", "PROPFIND"} {
			if w := d.spelled(t, method, path); w.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
		}
	}
	for _, path := range []string{folder + "000020-%C3%89t%C3%A9.jpg", folder + "000020-E%CC%81te%CC%81.jpg", folder + "000020-%c3%89te%cc%81.jpg", folder + "%3000020-%C3%89t%C3%A9.jpg"} {
		if w := d.spelled(t, "GET", path); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "000020-Été.jpg") {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// spelled asks for a path just as it is written.
func (d *drive) spelled(t *testing.T, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	u, err := r.URL.Parse("http://example.com")
	if err != nil {
		t.Fatal(err)
	}
	if u.Path, err = unescaped(path); err != nil {
		w := httptest.NewRecorder() // net/http refuses it
		w.WriteHeader(http.StatusNotFound)
		return w
	}
	u.RawPath = path
	r.URL = u
	r.Header.Set("Depth", "0")
	r.SetBasicAuth("student", "x")
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func unescaped(path string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, "http://example.com"+path, nil)
	if err != nil {
		return "", err
	}
	return r.URL.Path, nil
}

// What is put into an inbox stays under the name that it was put under, whatever that would mean elsewhere, and nothing
// that is put there reaches another inbox.
func TestUploadsStayWhereTheyArePut(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT /dav/inbox/vascular/theirs.jpg", "theirs", asNarrow)
	for _, path := range append(attacks(derm, "theirs.jpg"), derm+"../vascular/theirs.jpg", derm+"%2e%2e/vascular/theirs.jpg", derm+"..%2fvascular%2ftheirs.jpg", "/dav/inboxevil/derm/x.jpg") {
		if strings.HasPrefix(path, "/dav/inbox/") {
			d.spelled(t, "PUT", path)
		}
		if w := d.spelled(t, "GET", path); strings.Contains(w.Body.String(), "theirs") {
			t.Errorf("GET %s reads another inbox", path)
		}
	}
	for _, name := range d.list(t, derm) {
		if w := d.spelled(t, "PROPFIND", (&url.URL{Path: name}).EscapedPath()); w.Code != http.StatusMultiStatus {
			t.Errorf("%q is listed and not there: %d", name, w.Code)
		}
	}
	if got := d.must(t, 200, "GET /dav/inbox/vascular/theirs.jpg", "", asNarrow).Body.String(); got != "theirs" {
		t.Errorf("theirs is %q", got)
	}
	d.must(t, 201, "PUT "+derm+"E%CC%81te%CC%81.jpg", "x")
	d.must(t, 204, "PUT "+derm+"%C3%89t%C3%A9.jpg", "y")
}

// Finder takes names apart, which makes them longer: 84 syllables of Korean are 252 bytes, and 756 as it sends them.
func TestANameIsMeasuredAsItIsKept(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	name := strings.Repeat("\uac01", 84)
	d.must(t, 201, "PUT "+derm+url.PathEscape(norm.NFD.String(name)), "x")
	d.must(t, 200, "GET "+derm+url.PathEscape(name), "")
	for _, never := range []string{strings.Repeat("x", 256), "a%2fb.jpg", "a%00.jpg", strings.Repeat("in/", 12) + "x"} {
		for _, method := range []string{"PUT", "MKCOL", "LOCK"} {
			if w := d.ask(method, derm+never, ""); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "name") {
				t.Errorf("%s %.20s: %d %s", method, never, w.Code, w.Body)
			}
		}
		d.must(t, 404, "GET "+derm+never, "")
	}
}

// A Destination is a path in the same inbox, on the same host, and nothing that only looks like it.
func TestDestinationsElsewhereAreRefused(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"a.jpg", "x")
	for _, to := range []string{
		"http://elsewhere.example" + derm + "b.jpg", "http://example.com:8080" + derm + "b.jpg", "http://example.com@elsewhere.example" + derm + "b.jpg",
		"http://u:p@example.com" + derm + "b.jpg", "//elsewhere.example" + derm + "b.jpg", `\\elsewhere\share\b.jpg`, "//elsewhere/share/b.jpg", "file://" + derm + "b.jpg",
		"ftp://example.com" + derm + "b.jpg", "javascript:b.jpg", "b.jpg", "/dav/inboxevil/derm/b.jpg", "/dav/inbox/dermevil/b.jpg", "/dav/inbox/vascular/b.jpg", "/dav/inbox/b.jpg",
		derm + "..%2f..%2fteaching/b.jpg", derm + "../b.jpg", derm + "./b.jpg", derm + "b%00.jpg", derm + "b%2fc.jpg", derm + "b%5cc.jpg", derm + "%c0%aeb.jpg", derm + "b.jpg?x", derm + "b.jpg#x",
		derm + "%zz.jpg", "/dav/teaching/Wounds/b.jpg", "http://example.com", " ",
	} {
		for _, method := range []string{"COPY", "MOVE"} {
			if w := d.ask(method, derm+"a.jpg", "", "Destination: "+to); w.Code < 400 || w.Code >= 500 && w.Code != http.StatusBadGateway {
				t.Errorf("%s to %s: %d", method, to, w.Code)
			}
		}
	}
	for _, into := range []string{derm, derm + "_receipts/b.jpg", derm + "_receipts"} {
		d.must(t, http.StatusForbidden, "COPY "+derm+"a.jpg", "", "Destination: "+into)
	}
	if diff := cmp.Diff([]string{derm + "_receipts/", derm + "a.jpg"}, d.list(t, derm)); diff != "" {
		t.Errorf("something came of it:\n%s", diff)
	}
	for _, to := range []string{derm + "b.jpg", "http://example.com" + derm + "c.jpg", "http://example.com:80" + derm + "d.jpg", "https://example.com:443" + derm + "e.jpg", "http://EXAMPLE.com" + derm + "f.jpg"} {
		d.must(t, 201, "COPY "+derm+"a.jpg", "", "Destination: "+to)
	}
}

// Bodies that cost more to read than to send are refused by every method that reads one.
func TestBodiesAreBounded(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"a.jpg", "x")
	wrap := map[string][2]string{
		"PROPFIND":  {`<D:propfind xmlns:D="DAV:"><D:prop>`, `</D:prop></D:propfind>`},
		"PROPPATCH": {`<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="u">`, `</x></D:prop></D:set></D:propertyupdate>`},
		"LOCK":      {`<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner>`, `</D:owner></D:lockinfo>`},
	}
	for method, w := range wrap {
		for what, tt := range map[string]struct {
			body string
			want int
		}{
			"too much":       {w[0] + strings.Repeat(" ", 64<<10) + w[1], http.StatusRequestEntityTooLarge},
			"a doctype":      {`<!DOCTYPE a [<!ENTITY b "c">]>` + w[0] + w[1], http.StatusBadRequest},
			"an entity":      {w[0] + "&b;" + w[1], http.StatusBadRequest},
			"not closed":     {w[0] + strings.Repeat("<y>", 10_000), http.StatusBadRequest},
			"another coding": {`<?xml version="1.0" encoding="utf-16"?>` + w[0] + w[1], http.StatusBadRequest},
			"not UTF-8":      {w[0] + "\xff" + w[1], http.StatusBadRequest},
		} {
			if got := d.ask(method, derm+"a.jpg", tt.body, "Depth: 0"); got.Code != tt.want {
				t.Errorf("%s with %s: %d, want %d", method, what, got.Code, tt.want)
			}
		}
		deep := w[0] + strings.Repeat(`<y xmlns="u">`, 3000) + strings.Repeat("</y>", 3000) + w[1]
		if got := d.ask(method, derm+"a.jpg", deep, "Depth: 0"); got.Code >= 500 || got.Body.Len() > 1<<20 {
			t.Errorf("%s with deep elements: %d, %d bytes", method, got.Code, got.Body.Len())
		}
	}
	props := `<D:propfind xmlns:D="DAV:"><D:prop>`
	for i := range 3000 {
		props += fmt.Sprintf(`<p%d xmlns="u"/>`, i)
	}
	if got := d.ask("PROPFIND", derm, props+`</D:prop></D:propfind>`, "Depth: 1"); got.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a question for 3,000 properties of every file: %d", got.Code)
	}
}

// What a studio has is gone from its inbox: to every method it is as what never was there.
func TestWhatWasTakenIsAsIfItNeverWasThere(t *testing.T) {
	d := newInboxDrive(t, 20*time.Millisecond, nil)
	tag := d.must(t, 201, "PUT "+derm+"a.jpg", "a picture").Header().Get("ETag")
	eventually(t, "it is taken", func() bool { return d.ask("HEAD", derm+"a.jpg", "").Code == 404 })
	eventually(t, "its bytes are gone", func() bool { return d.stage.count() == 0 })
	for _, r := range [][]string{
		{"GET"},
		{"HEAD"},
		{"PROPFIND", "Depth: 0"},
		{"PROPFIND", "Depth: 1"},
		{"DELETE"},
		{"PROPPATCH"},
		{"GET", "If-None-Match: " + tag},
		{"GET", "If-Match: " + tag},
		{"GET", "Range: bytes=0-3", "If-Range: " + tag},
		{"COPY", "Destination: " + derm + "b.jpg"},
		{"MOVE", "Destination: " + derm + "b.jpg"},
		{"UNLOCK", "Lock-Token: <urn:uuid:0>"},
		{"DELETE", "If: ([" + tag + "])"},
	} {
		body := ""
		if r[0] == "PROPPATCH" {
			body = `<propertyupdate xmlns="DAV:"><set><prop><c xmlns="u">1</c></prop></set></propertyupdate>`
		}
		got, want := d.ask(r[0], derm+"a.jpg", body, r[1:]...), d.ask(r[0], derm+"z.jpg", body, r[1:]...)
		if diff := cmp.Diff(fingerprint(want), fingerprint(got)); diff != "" || got.Code < 400 {
			t.Errorf("%v: %d\n-never there +taken:\n%s", r, got.Code, diff)
		}
	}
	receipt := d.must(t, 200, "GET "+derm+"_receipts/a.jpg.txt", "").Body.String()
	if strings.Contains(receipt, "a picture") || !strings.Contains(receipt, "Kept.") {
		t.Errorf("the receipt says %q", receipt)
	}
}
