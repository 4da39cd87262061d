package webdav_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/server/webdav"
)

// fakeMark turns round the bits of every byte for narrow, leaves student's copies alone, and makes what is called longer
// longer.
type fakeMark struct{}

func (fakeMark) Name(c clinical.Caller) string {
	if c.Person == id[clinical.Person]("narrow") {
		return "7"
	}
	return ""
}

func (fakeMark) Mark(_ context.Context, _ clinical.Caller, s *clinical.Served) (clinical.Content, error) {
	if s.Asset == id[clinical.Asset](id[clinical.TeachingSet]("Wounds"), "000014-longer.jpg") {
		return memContent{bytes.NewReader(make([]byte, s.Size()+1))}, nil
	}
	return turned{s.Content}, nil
}

type turned struct{ clinical.Content }

func (c turned) Read(p []byte) (int, error) {
	n, err := c.Content.Read(p)
	for i := range p[:n] {
		p[i] ^= 0xFF
	}
	return n, err
}

func (c turned) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Content.ReadAt(p, off)
	for i := range p[:n] {
		p[i] ^= 0xFF
	}
	return n, err
}

// Whoever's copies are marked has other bytes and other entity tags, the same in every answer, and no other length.
func TestAMarkedPictureIsAsListed(t *testing.T) {
	d := newDriveWith(webdav.Options{Watermark: fakeMark{}})
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg", "000014-longer.jpg")
	const file = "/dav/teaching/Wounds/000013-Ulcer.jpg"
	type answers struct{ tag, length, body, part string }
	seen := func(headers ...string) answers {
		t.Helper()
		get, head := d.ask("GET", file, "", headers...), d.ask("HEAD", file, "", headers...)
		listed := parseMultistatus(t, d.ask("PROPFIND", "/dav/teaching/Wounds/", "", append(headers, "Depth: 1")...).Body.Bytes())[1].found
		part := d.ask("GET", file, "", append(headers, "Range: bytes=10-19", "If-Range: "+get.Header().Get("ETag"))...)
		a := answers{get.Header().Get("ETag"), get.Header().Get("Content-Length"), get.Body.String(), part.Body.String()}
		if head.Header().Get("ETag") != a.tag || listed["DAV: getetag"] != a.tag || listed["DAV: getcontentlength"] != a.length || fmt.Sprint(get.Body.Len()) != a.length {
			t.Errorf("GET, HEAD and PROPFIND differ: %q, %q, %v", a.tag, head.Header().Get("ETag"), listed)
		}
		if code := d.ask("GET", file, "", append(headers, "If-None-Match: "+a.tag)...).Code; code != http.StatusNotModified {
			t.Errorf("If-None-Match: %d", code)
		}
		return a
	}
	plain, marked := seen(), seen(asNarrow)
	turn := plain.body
	want := make([]byte, len(turn))
	for i := range want {
		want[i] = turn[i] ^ 0xFF
	}
	if diff := cmp.Diff(string(want), marked.body); diff != "" {
		t.Errorf("marked:\n%s", diff)
	}
	if marked.part != string(want[10:20]) || plain.part != plain.body[10:20] {
		t.Error("a range is not what the whole has there")
	}
	if marked.tag == plain.tag || marked.tag != seen(asNarrow).tag || marked.length != plain.length {
		t.Errorf("plain %+v, marked %+v", plain, marked)
	}
	if plain.tag != fmt.Sprintf("%q", id[clinical.Asset](set, "000013-Ulcer.jpg").String()) {
		t.Errorf("an unmarked copy has the tag %s", plain.tag)
	}
	w := d.ask("GET", "/dav/teaching/Wounds/000014-longer.jpg", "", asNarrow)
	if b, _ := io.ReadAll(w.Body); w.Code < 500 || len(b) > 200 {
		t.Errorf("a mark that changes the length: %d, %d bytes", w.Code, len(b))
	}
}
