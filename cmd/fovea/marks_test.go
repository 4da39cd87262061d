package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/darkroom/watermark"
	"fovea/internal/demo"
	"fovea/server/wire"
)

// lengthIn finds how long a listing says that a picture is.
var lengthIn = regexp.MustCompile(`getcontentlength>(\d+)<`)

// markedHouse has one picture in a marked set, which stanislaus mounts twice and
// everybody else once.
func markedHouse(t *testing.T) (h *house, picture string) {
	t.Helper()
	h = newHouse(t)
	h.start()
	h.populate()
	wound, err := demo.Picture(demo.LegUlcer, 7, demo.Options{
		Taken: time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC), Height: 960, Camera: demo.Camera{Make: "Canon", Model: "EOS", Serial: "1"},
	})
	h.check(err)
	h.drop(map[string][]byte{"IMG_A.JPG": wound})
	h.eventually("kept", func() bool { return h.found("carlotta", "kompressionsverband") == 1 })
	folder := h.release()
	sets, err := h.sys.gate.Sets(t.Context(), clinical.Caller{Person: h.people["edeltraud"]})
	h.check(err)
	set := sets[0]
	h.eventually("on the drive", func() bool { return len(h.listing("stanislaus", folder)) == 1 })
	picture = h.listing("stanislaus", folder)[0]
	plain, body := h.ask(t.Context(), "stanislaus", http.MethodGet, picture)
	other, _ := h.ask(t.Context(), "edeltraud", http.MethodGet, picture)
	if plain.Header.Get("ETag") != other.Header.Get("ETag") {
		t.Error("two readers of a set without marks get different copies")
	}
	h.told(picture, "stanislaus", body)
	set.Watermark = true
	h.do("edeltraud", clinical.ChangeSet{Set: set})
	return h, picture
}

// told compares what listing and HEAD say of a picture with what is in hand.
func (h *house) told(picture, login string, body []byte) {
	h.Helper()
	head, _ := h.ask(h.Context(), login, http.MethodHead, picture)
	_, list := h.ask(h.Context(), login, "PROPFIND", picture, "Depth", "0")
	listed := lengthIn.FindSubmatch(list)
	if want := fmt.Sprint(len(body)); len(listed) != 2 || string(listed[1]) != want || head.Header.Get("Content-Length") != want {
		h.Errorf("%s: %s bytes came, PROPFIND says %q and HEAD %s", login, want, listed, head.Header.Get("Content-Length"))
	}
}

// TestEachReaderOfAMarkedSetHasTheirOwnCopy reads one picture by several drives,
// and finds in a copy that was scaled and saved again whose it was.
func TestEachReaderOfAMarkedSetHasTheirOwnCopy(t *testing.T) {
	h, picture := markedHouse(t)
	whole, copied := h.ask(t.Context(), "stanislaus", http.MethodGet, picture)
	again, same := h.ask(t.Context(), "stanislaus", http.MethodGet, picture)
	others, other := h.ask(t.Context(), "edeltraud", http.MethodGet, picture)
	h.told(picture, "stanislaus", copied)
	h.told(picture, "edeltraud", other)
	if whole.StatusCode != http.StatusOK || !bytes.Equal(copied, same) || whole.Header.Get("ETag") != again.Header.Get("ETag") {
		t.Errorf("the same reader gets another copy: %s", whole.Status)
	}
	if len(copied) != len(other) || bytes.Equal(copied, other) || whole.Header.Get("ETag") == others.Header.Get("ETag") {
		t.Error("two readers get one copy, or copies of different lengths")
	}
	h.passedOn(other)
	var parts []byte
	for from := 0; from < len(copied); from += 100_000 {
		_, part := h.ask(t.Context(), "stanislaus", http.MethodGet, picture, "Range", fmt.Sprintf("bytes=%d-%d", from, from+99_999))
		parts = append(parts, part...)
	}
	if !bytes.Equal(parts, copied) {
		t.Error("the ranges are not the whole")
	}
	h.do("carlotta", clinical.WithdrawConsent{Patient: h.patient})
	if gone, _ := h.ask(t.Context(), "stanislaus", http.MethodGet, picture); gone.StatusCode != http.StatusNotFound {
		t.Errorf("after the withdrawal: %s", gone.Status)
	}
}

// TestEightDrivesAreToldApart mounts a marked set by eight drives of one person:
// each has a copy of its own, and each copy leads to the drive that had it.
func TestEightDrivesAreToldApart(t *testing.T) {
	h, picture := markedHouse(t)
	h.people["olu"] = h.do("", clinical.AddPerson{Person: clinical.Person{Login: "olu", Name: "Olu", Role: clinical.Governance}}).People[0].ID
	copies := map[string][]byte{}
	for i := range 8 {
		app, err := h.sys.login.IssueAppPassword(t.Context(), h.people["stanislaus"], fmt.Sprint("drive ", i), nil, 90)
		h.check(err)
		h.secrets["stanislaus"] = app.Secret
		_, body := h.ask(t.Context(), "stanislaus", http.MethodGet, picture)
		for device, other := range copies {
			if bytes.Equal(body, other) || len(body) != len(other) {
				t.Errorf("drive %d has the copy of %s, or one of another length", i, device)
			}
		}
		copies[h.sys.vault.Device(app.ID)] = body
	}
	for device, body := range copies {
		found, err := h.sys.desk.Trace(t.Context(), clinical.Caller{Person: h.people["olu"], Door: clinical.DoorCLI}, wire.TraceQuery{Patient: h.patient}, leaked(t, body))
		h.check(err)
		if len(found.Copies) != 1 || found.Copies[0].Device != device || found.Copies[0].False > watermark.MostFalse || found.Drives < 8 {
			t.Errorf("the copy of %s is traced to %+v", device, found)
		}
		h.served(found)
	}
}

// passedOn has governance trace a copy of edeltraud's that was scaled and saved
// again.
func (h *house) passedOn(copied []byte) {
	h.Helper()
	h.people["olu"] = h.do("", clinical.AddPerson{Person: clinical.Person{Login: "olu", Name: "Olu", Role: clinical.Governance}}).People[0].ID
	caller := clinical.Caller{Person: h.people["olu"], Door: clinical.DoorCLI}
	leak := leaked(h, copied)
	found, err := h.sys.desk.Trace(h.Context(), caller, wire.TraceQuery{Patient: h.patient}, leak)
	h.check(err)
	if len(found.Copies) != 1 || found.Copies[0].Login != "edeltraud" || found.Copies[0].False > watermark.MostFalse || found.Drives < 2 {
		h.Errorf("traced to %+v", found)
	}
	h.served(found)
	app, err := h.sys.login.IssueAppPassword(h.Context(), h.people["olu"], "test", nil, 90)
	h.check(err)
	h.secrets["olu"] = app.Secret
	req, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.url+"/api/v1/trace?patient="+h.patient.String(), bytes.NewReader(leak))
	h.check(err)
	req.SetBasicAuth("olu", app.Secret)
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := h.clients["edeltraud"].Do(req)
	h.check(err)
	defer func() { _ = res.Body.Close() }()
	var over wire.Traced
	if err := json.NewDecoder(res.Body).Decode(&over); err != nil || res.StatusCode != http.StatusOK || len(over.Copies) != 1 || over.Copies[0].Login != "edeltraud" {
		h.Errorf("by the API: %s, %+v, %v", res.Status, over, err)
	}
	for _, file := range [][]byte{nil, []byte("a letter"), leak[:40], []byte("%PDF-1.7")} {
		if _, err := h.sys.desk.Trace(h.Context(), caller, wire.TraceQuery{Patient: h.patient}, file); clinical.ReasonOf(err) != watermark.ReasonUnreadable {
			h.Errorf("no picture: %v", err)
		}
	}
	caller.Person = h.people["edeltraud"]
	if _, err := h.sys.desk.Trace(h.Context(), caller, wire.TraceQuery{}, leak); clinical.KindOf(err) != clinical.Forbidden {
		h.Errorf("an educator traces: %v", err)
	}
}

// served looks the entry up that a trace names.
func (h *house) served(found wire.Traced) {
	h.Helper()
	for _, m := range found.Copies {
		all, err := h.sys.vault.Events(h.Context(), clinical.EventQuery{After: m.Entry, Limit: 1})
		h.check(err)
		if len(all) != 1 || all[0].Leaf != m.Entry || all[0].Act != clinical.ActServed || all[0].Caller.Person != m.Person || all[0].Caller.Device != m.Device || !slices.Contains(all[0].Assets, found.Asset) {
			h.Errorf("entry %d is %+v", m.Entry, all)
		}
	}
}

// leaked saves a picture again as people pass it on: half as wide and high, at
// quality 50.
func leaked(tb testing.TB, b []byte) []byte {
	tb.Helper()
	src, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	out := image.NewGray(image.Rect(0, 0, src.Bounds().Dx()/2, src.Bounds().Dy()/2))
	for y := range out.Bounds().Dy() {
		for x := range out.Bounds().Dx() {
			sum := 0
			for i := range 4 {
				sum += int(color.GrayModel.Convert(src.At(2*x+i%2, 2*y+i/2)).(color.Gray).Y) //nolint:forcetypeassert // its model
			}
			out.Pix[out.PixOffset(x, y)] = uint8(sum / 4)
		}
	}
	var again bytes.Buffer
	if err := jpeg.Encode(&again, out, &jpeg.Options{Quality: 50}); err != nil {
		tb.Fatal(err)
	}
	return again.Bytes()
}

// fakeServed is a picture that may be withdrawn.
type fakeServed struct {
	*bytes.Reader
	gone bool
}

func (f *fakeServed) Read(p []byte) (int, error) {
	if f.gone {
		return 0, clinical.ErrNotFound
	}
	return f.Reader.Read(p)
}

func (f *fakeServed) Size() int64  { return f.Reader.Size() }
func (f *fakeServed) Close() error { return nil }

// TestAWithdrawnCopyIsCut has a picture withdrawn while a marked copy of it,
// which is in memory as a whole, is read.
func TestAWithdrawnCopyIsCut(t *testing.T) {
	m, err := newMarks([32]byte{1}, func(id string) string { return id })
	if err != nil {
		t.Fatal(err)
	}
	noisy := image.NewGray(image.Rect(0, 0, 900, 900))
	for i := range noisy.Pix {
		noisy.Pix[i] = uint8(64 + i*i%127)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, noisy, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	room, err := watermark.Measure(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	from := &fakeServed{Reader: bytes.NewReader(b.Bytes())}
	served := &clinical.Served{Content: from, ETag: `"1"`, Room: int64(room.Length)}
	content, err := m.Mark(context.Background(), clinical.Caller{Device: "d"}, served)
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 2*copyChunk)
	if n, err := content.Read(chunk); n != copyChunk || err != nil {
		t.Fatalf("before: %d bytes, %v", n, err)
	}
	from.gone = true
	if n, err := content.Read(chunk); n != 0 || !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("Read after the withdrawal: %d bytes, %v", n, err)
	}
	if n, err := content.ReadAt(chunk, 0); n != 0 || !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("ReadAt after the withdrawal: %d bytes, %v", n, err)
	}
	from.gone = false
	if _, err := content.Seek(-10, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(content); len(rest) != 10 || err != nil {
		t.Errorf("its end: %d bytes, %v", len(rest), err)
	}
}
