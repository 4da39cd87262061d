package webdav_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever body is sent, the answer is a status of the protocol, and a multistatus is well-formed XML.
func FuzzPropfindBody(f *testing.F) {
	d := newDrive()
	d.gate.addSet("Wounds & <burns>", "000013-A&B.jpg", "000020-Été.jpg")
	for _, seed := range []string{
		"", `<propfind xmlns="DAV:"><allprop/></propfind>`, `<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>`,
		`<?xml version="1.0"?><a:propfind xmlns:a="DAV:"><a:prop><a:getetag/><x xmlns="&quot;&#10;"/><b:é xmlns:b="u"/></a:prop></a:propfind>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><propfind xmlns="DAV:"><prop>&b;</prop></propfind>`,
		`<propfind xmlns="DAV:"><prop><x:y/></prop></propfind>`, `<propfind xmlns="DAV:"><allprop/><include><q/></include></propfind>`,
		"\xef\xbb\xbf<propfind xmlns=\"DAV:\"><allprop/></propfind>", `<propfind xmlns="DAV:"><prop><xml:a/><xmlns:b/></prop></propfind>`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := d.ask("PROPFIND", "/dav/teaching/Wounds%20%26%20%3Cburns%3E/", body, "Depth: 1")
		switch w.Code {
		case http.StatusMultiStatus:
			if got := parseMultistatus(t, w.Body.Bytes()); len(got) != 3 {
				t.Errorf("%d responses, want 3", len(got))
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}

// Whatever path is asked for, only the names that are there answer, and only with what is theirs.
func FuzzPath(f *testing.F) {
	d := newDrive()
	d.gate.addSet("Wounds", "000013-Ulcer.jpg", "000020-Été.jpg")
	content := strings.Repeat("000013-Ulcer.jpg", 100)
	for _, seed := range []string{
		"", "/", "/Wounds/000013-Ulcer.jpg", "/Wounds/000020-E%CC%81te%CC%81.jpg", "/../../etc/passwd", "/Wounds/%2e%2e/x",
		"/Wounds//", "/Wounds/part-002/x", "evil/", "/Wounds%2f000013-Ulcer.jpg", "/Wounds/.metadata_never_index", "/%00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		target, err := url.ParseRequestURI("/dav/teaching" + path)
		if err != nil {
			return
		}
		r := &http.Request{Method: http.MethodGet, URL: target, Header: http.Header{}, Body: http.NoBody}
		r.SetBasicAuth("student", "x")
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		switch {
		case w.Code == http.StatusNotFound:
		case w.Code != http.StatusOK:
			t.Errorf("status %d", w.Code)
		case w.Header().Get("ETag") == "": // a folder's words
		case w.Body.Len() == 0: // a marker
			if !strings.HasSuffix(target.Path, ".metadata_never_index") && !strings.HasSuffix(target.Path, ".ql_disablethumbnails") {
				t.Errorf("%q is empty", target.Path)
			}
		case w.Body.String() == content:
			if target.Path != "/dav/teaching/Wounds/000013-Ulcer.jpg" {
				t.Errorf("%q is the ulcer", target.Path)
			}
		default:
			if !strings.HasPrefix(w.Body.String(), "000020-Été.jpg") || !strings.Contains(target.Path, "000020-") {
				t.Errorf("%q is something else", target.Path)
			}
		}
		w = d.ask("PROPFIND", "/dav/teaching/", "", "Depth: 1")
		if w.Code != http.StatusMultiStatus {
			t.Errorf("the drive is broken: %d", w.Code)
		}
	})
}
