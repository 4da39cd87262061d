package webdav_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"fovea/clinical"
	"fovea/server/webdav"
)

// fakeMark appends who reads, and more than was told to what is called longer.
type fakeMark struct{}

func (fakeMark) Name(c clinical.Caller) string { return c.Person.String()[:grown] }

func (m fakeMark) Mark(_ context.Context, c clinical.Caller, s *clinical.Served) (clinical.Content, error) {
	b, err := io.ReadAll(s)
	b = append(b, m.Name(c)...)
	if s.Asset == id[clinical.Asset](id[clinical.TeachingSet]("Wounds"), "000014-longer.jpg") {
		b = append(b, '!')
	}
	return memContent{bytes.NewReader(b)}, err
}

// answers are what a reader is told of a picture, the same in every answer.
type answers struct{ tag, length, body, part string }

func (d *drive) answersTo(t *testing.T, file, folder string, headers ...string) answers {
	t.Helper()
	get, head := d.ask("GET", file, "", headers...), d.ask("HEAD", file, "", headers...)
	listed := parseMultistatus(t, d.ask("PROPFIND", folder, "", append(headers, "Depth: 1")...).Body.Bytes())[1].found
	part := d.ask("GET", file, "", append(headers, "Range: bytes=-19", "If-Range: "+get.Header().Get("ETag"))...)
	a := answers{get.Header().Get("ETag"), get.Header().Get("Content-Length"), get.Body.String(), part.Body.String()}
	if head.Header().Get("ETag") != a.tag || listed["DAV: getetag"] != a.tag || listed["DAV: getcontentlength"] != a.length ||
		head.Header().Get("Content-Length") != a.length || fmt.Sprint(get.Body.Len()) != a.length {
		t.Errorf("GET, HEAD and PROPFIND differ: %q, %q, %v", a.tag, head.Header().Get("ETag"), listed)
	}
	if code := d.ask("GET", file, "", append(headers, "If-None-Match: "+a.tag)...).Code; code != http.StatusNotModified {
		t.Errorf("If-None-Match: %d", code)
	}
	if a.part != a.body[len(a.body)-19:] {
		t.Error("a range is not what the whole has there")
	}
	return a
}

// The readers of a marked set have other bytes and other entity tags each, the
// same in every answer, and of one length, which is not that of the picture.
func TestAMarkedPictureIsAsListed(t *testing.T) {
	d := newDriveWith(webdav.Options{Watermark: fakeMark{}})
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg", "000014-longer.jpg")
	const folder, file = "/dav/teaching/Wounds/", "/dav/teaching/Wounds/000013-Ulcer.jpg"
	plain, other := d.answersTo(t, file, folder), d.answersTo(t, file, folder, asNarrow)
	if plain != other || plain.tag != fmt.Sprintf("%q", id[clinical.Asset](set, "000013-Ulcer.jpg").String()) {
		t.Errorf("two readers of a set without marks differ: %+v, %+v", plain, other)
	}
	d.gate.markSet(set)
	one, two := d.answersTo(t, file, folder), d.answersTo(t, file, folder, asNarrow)
	if one != d.answersTo(t, file, folder) {
		t.Error("the same reader gets another copy the second time")
	}
	if one.body == two.body || one.tag == two.tag || one.tag == plain.tag || one.length != two.length || len(one.body) != len(plain.body)+grown {
		t.Errorf("plain %+v, one reader's %+v, another's %+v", plain, one, two)
	}
	w := d.ask("GET", "/dav/teaching/Wounds/000014-longer.jpg", "")
	if b, _ := io.ReadAll(w.Body); w.Code < 500 || len(b) > 200 {
		t.Errorf("a copy of another length than was told: %d, %d bytes", w.Code, len(b))
	}
}

// A set whose pictures are to be marked is not read where nobody marks.
func TestWhatIsToBeMarkedDoesNotLeaveUnmarked(t *testing.T) {
	d := newDriveWith(webdav.Options{})
	d.gate.markSet(d.gate.addSet("Wounds", "000013-Ulcer.jpg"))
	for _, method := range []string{"GET", "HEAD", "PROPFIND"} {
		if code := d.ask(method, "/dav/teaching/Wounds/000013-Ulcer.jpg", "").Code; code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", method, code)
		}
	}
}
