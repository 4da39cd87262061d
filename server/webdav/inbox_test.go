package webdav_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/server/webdav"
)

const (
	derm     = "/dav/inbox/derm/"
	asNarrow = "Authorization: Basic bmFycm93Ong="
	lockBody = `<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>`
)

// must asks and fails the test where the answer is another.
func (d *drive) must(tb testing.TB, want int, request, body string, headers ...string) *httptest.ResponseRecorder {
	tb.Helper()
	method, target, _ := strings.Cut(request, " ")
	w := d.ask(method, target, body, headers...)
	if w.Code != want {
		tb.Fatalf("%s %s: %d %s, want %d", method, target, w.Code, w.Body, want)
	}
	return w
}

func (d *drive) lockToken(tb testing.TB, target string, headers ...string) string {
	tb.Helper()
	return d.ask("LOCK", target, lockBody, headers...).Header().Get("Lock-Token")
}

func TestInboxIsItsStudiosAlone(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	if diff := cmp.Diff([]string{"/dav/inbox/derm/"}, d.list(t, "/dav/inbox/")); diff != "" {
		t.Error(diff)
	}
	d.must(t, 201, "PUT /dav/inbox/vascular/a.jpg", "x", asNarrow)
	foreign, never := d.ask("GET", "/dav/inbox/vascular/a.jpg", ""), d.ask("GET", "/dav/inbox/nowhere/a.jpg", "")
	if diff := cmp.Diff(fingerprint(never), fingerprint(foreign)); diff != "" {
		t.Errorf("another studio's inbox differs from none:\n%s", diff)
	}
	for _, method := range []string{"PUT", "DELETE", "MKCOL", "PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "COPY", "MOVE"} {
		if w := d.ask(method, "/dav/inbox/vascular/a.jpg", "", "Depth: 0"); w.Code != http.StatusNotFound {
			t.Errorf("%s in another studio's inbox: %d", method, w.Code)
		}
	}
	d.must(t, 201, "PUT "+derm+"b.jpg", "x")
	for _, to := range []string{"/dav/inbox/vascular/b.jpg", "http://elsewhere.example" + derm + "c.jpg", "/dav/teaching/b.jpg", derm + "../vascular/b.jpg"} {
		d.must(t, http.StatusBadGateway, "COPY "+derm+"b.jpg", "", "Destination: "+to)
	}
	for _, method := range []string{"PUT", "MKCOL", "DELETE"} {
		if w := d.ask(method, "/dav/inbox/", ""); w.Code != http.StatusForbidden {
			t.Errorf("%s of the folder of inboxes: %d", method, w.Code)
		}
		if w := d.ask(method, derm+"_receipts/", ""); w.Code != http.StatusForbidden && w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s of the receipts: %d", method, w.Code)
		}
	}
	// A device that is limited to some sets opens no inbox; neither does somebody who works in no studio.
	d.auth.narrow = []clinical.SetID{id[clinical.TeachingSet]("x")}
	d.must(t, 404, "PUT "+derm+"c.jpg", "x", asNarrow)
}

func TestUploadsLeaveForTheirStudio(t *testing.T) {
	d := newInboxDrive(t, 20*time.Millisecond, nil)
	d.studio.fail(errors.New("not now"))
	d.must(t, 201, "MKCOL "+derm+"Monday", "")
	d.must(t, 201, "PUT "+derm+"Monday/ticket.json", "{}")
	d.must(t, 201, "PUT "+derm+"Monday/2.jpg", "two")
	d.must(t, 201, "PUT "+derm+"Monday/1.jpg", "one")
	d.must(t, 201, "PUT "+derm+"Monday/._1.jpg", "litter")
	d.must(t, 201, "PUT "+derm+"lost.jpg", "three")
	token := d.lockToken(t, derm+"locked.jpg")
	d.must(t, 204, "PUT "+derm+"locked.jpg", "four", "If: ("+token+")")
	d.must(t, 200, "GET "+derm+"Monday/1.jpg", "")
	d.studio.fail(nil)
	eventually(t, "everything is taken but what is locked", func() bool { return len(d.studio.all()) == 3 })
	const ticket = "Monday/ticket.json"
	want := []taken{{"derm", "Monday/1.jpg", "one", ticket}, {"derm", "Monday/2.jpg", "two", ticket}, {"derm", "lost.jpg", "three", ticket}}
	if diff := cmp.Diff(want, d.studio.all()); diff != "" {
		t.Error(diff)
	}
	eventually(t, "what was taken leaves", func() bool { return d.ask("GET", derm+"lost.jpg", "").Code == 404 })
	eventually(t, "the ticket leaves", func() bool { return d.ask("GET", derm+"Monday/ticket.json", "").Code == 404 })
	d.must(t, 200, "GET "+derm+"locked.jpg", "")
	for name, want := range map[string]string{"1.jpg": "Kept.", "lost.jpg": "It says: no-patient.", "ticket.json": "Used to file"} {
		if w := d.must(t, 200, "GET "+derm+"_receipts/"+name+".txt", ""); !strings.Contains(w.Body.String(), want) {
			t.Errorf("the receipt of %s: %q", name, w.Body)
		}
	}
	d.must(t, 204, "DELETE "+derm+"_receipts/1.jpg.txt", "")
	d.must(t, 403, "PUT "+derm+"_receipts/1.jpg.txt", "forged")
	d.must(t, 204, "UNLOCK "+derm+"locked.jpg", "", "Lock-Token: "+token)
	eventually(t, "the one that was locked is taken", func() bool { return len(d.studio.all()) == 4 })
	eventually(t, "nothing sealed is left but litter", func() bool { return d.stage.count() == 1 })
}

// What one studio's rules make of a delivery may rest on all of it, so the whole inbox waits for a file that somebody
// still holds; but not for ever.
func TestTheOthersWaitForAFileThatIsNotWhole(t *testing.T) {
	for _, begin := range []func(d *inboxDrive){
		func(d *inboxDrive) { d.lockToken(t, derm+"1.jpg") },
		func(d *inboxDrive) { d.must(t, 201, "PUT "+derm+"1.jpg", "") },
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newInboxDrive(t, 30*time.Second, nil) // patience: 90 s
			begin(d)
			d.must(t, 201, "PUT "+derm+"2.jpg", "two")
			<-time.After(80 * time.Second)
			if got := d.studio.all(); len(got) != 0 {
				t.Errorf("taken while a file is not whole: %v", got)
			}
			<-time.After(20 * time.Second)
			if got := d.studio.all(); len(got) == 0 || got[len(got)-1].Name != "2.jpg" {
				t.Errorf("still not taken: %v", got)
			}
			d.stop()
		})
	}
}

// A ticket is about what lies beside it and below. It leaves with the last of that, and waits for pictures that are yet
// to come, but never until the next day.
func TestTicketsGoWithTheirPictures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDrive(t, 30*time.Second, nil)
		for _, folder := range []string{"Monday", "Monday/card", "Tuesday"} {
			d.must(t, 201, "MKCOL "+derm+folder, "")
		}
		d.must(t, 201, "PUT "+derm+"Monday/ticket.json", "{}")
		d.must(t, 201, "PUT "+derm+"Tuesday/ticket.json", "{}")
		d.must(t, 201, "PUT "+derm+"Monday/card/1.jpg", "one")
		d.must(t, 201, "PUT "+derm+"Monday/card/stuck.jpg", "two")
		<-time.After(time.Minute)
		d.must(t, 404, "GET "+derm+"Monday/card/1.jpg", "")
		for _, stays := range []string{"Monday/card/stuck.jpg", "Monday/ticket.json", "Tuesday/ticket.json"} {
			d.must(t, 200, "GET "+derm+stays, "")
		}
		d.must(t, 201, "MOVE "+derm+"Monday/card/stuck.jpg", "", "Destination: "+derm+"Monday/card/2.jpg")
		<-time.After(time.Minute)
		d.must(t, 404, "GET "+derm+"Monday/ticket.json", "")
		d.must(t, 200, "GET "+derm+"Tuesday/ticket.json", "")
		<-time.After(12 * time.Hour)
		d.must(t, 404, "GET "+derm+"Tuesday/ticket.json", "")
		receipt := d.must(t, 200, "GET "+derm+"_receipts/ticket.json.txt", "").Body.String()
		for _, want := range []string{"Tuesday/ticket.json", "No picture came", "Monday/ticket.json", "Used to file"} {
			if !strings.Contains(receipt, want) {
				t.Errorf("the receipts of two tickets do not say %q:\n%s", want, receipt)
			}
		}
		d.stop()
	})
}

// One file whose bytes are damaged on the stage holds the others up for a while, and not for ever. It stays, with words.
func TestADamagedUploadDoesNotBlockTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDrive(t, 30*time.Second, nil)
		d.must(t, 201, "PUT "+derm+"1.jpg", "one")
		d.stage.mu.Lock()
		for name := range d.stage.kept {
			d.stage.damaged = name
		}
		d.stage.mu.Unlock()
		d.must(t, 201, "PUT "+derm+"2.jpg", "two")
		<-time.After(40 * time.Second)
		if got := d.studio.all(); len(got) != 0 {
			t.Errorf("taken at once: %v", got)
		}
		<-time.After(2 * time.Minute)
		if got := d.studio.all(); len(got) != 1 || got[0].Name != "2.jpg" {
			t.Errorf("taken: %v", got)
		}
		d.must(t, 207, "PROPFIND "+derm+"1.jpg", "", "Depth: 0")
		if w := d.must(t, 200, "GET "+derm+"_receipts/1.jpg.txt", ""); !strings.Contains(w.Body.String(), "Send it again") {
			t.Errorf("the receipt says %q", w.Body)
		}
		d.must(t, 204, "PUT "+derm+"1.jpg", "one")
		<-time.After(time.Minute)
		if got := d.studio.all(); len(got) != 2 {
			t.Errorf("sent again: %v", got)
		}
		d.stop()
	})
}

func TestAnInboxOutlivesARestart(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "MKCOL "+derm+"a", "")
	d.must(t, 201, "PUT "+derm+"a/1.jpg", "one", "Content-Type: image/jpeg")
	d.must(t, 201, "COPY "+derm+"a", "", "Destination: "+derm+"b")
	d.must(t, 201, "MOVE "+derm+"b/1.jpg", "", "Destination: "+derm+"b/2.jpg")
	d.must(t, 201, "PUT "+derm+"old.jpg", "old")
	d.must(t, 204, "MOVE "+derm+"b/2.jpg", "", "Destination: "+derm+"old.jpg")
	d.must(t, 207, "PROPPATCH "+derm+"a/1.jpg", `<propertyupdate xmlns="DAV:"><set><prop><c xmlns="urn:x">red<b/></c></prop></set></propertyupdate>`)
	before := d.must(t, 207, "PROPFIND "+derm+"a/", "", "Depth: 1").Body.String()
	d.stop()
	again := newInboxDrive(t, time.Hour, d)
	if diff := cmp.Diff(before, again.must(t, 207, "PROPFIND "+derm+"a/", "", "Depth: 1").Body.String()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{derm + "_receipts/", derm + "a/", derm + "b/", derm + "old.jpg"}, again.list(t, derm)); diff != "" {
		t.Error(diff)
	}
	if w := again.must(t, 200, "GET "+derm+"old.jpg", ""); w.Body.String() != "one" || w.Header().Get("Content-Type") != "image/jpeg" {
		t.Errorf("what was moved: %q", w.Body)
	}
	again.must(t, 204, "DELETE "+derm+"a", "")
	again.must(t, 204, "DELETE "+derm+"old.jpg", "")
	again.must(t, 204, "DELETE "+derm+"b/", "")
	eventually(t, "nothing is left of what was removed", func() bool { return again.stage.count() == 0 })
	if n := again.shelf.count(); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

func TestLocksBelongToWhoeverTookThem(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"a.jpg", "x")
	token := d.lockToken(t, derm+"a.jpg")
	if !strings.HasPrefix(token, "<urn:uuid:") || token == d.lockToken(t, derm+"b.jpg") {
		t.Fatalf("token %q", token)
	}
	d.must(t, 423, "PUT "+derm+"a.jpg", "y")
	d.must(t, 412, "PUT "+derm+"a.jpg", "y", "If: ("+token+")", asNarrow)
	d.must(t, 423, "PUT "+derm+"a.jpg", "y", "If: ("+token+") (Not <DAV:no-lock>)", asNarrow)
	d.must(t, 403, "UNLOCK "+derm+"a.jpg", "", "Lock-Token: "+token, asNarrow)
	d.must(t, 412, "LOCK "+derm+"a.jpg", "", "If: ("+token+")", asNarrow)
	d.must(t, 423, "LOCK "+derm+"a.jpg", lockBody, asNarrow)
	d.must(t, 423, "MOVE "+derm+"a.jpg", "", "Destination: "+derm+"c.jpg")
	d.must(t, 204, "PUT "+derm+"a.jpg", "y", "If: ("+token+")")
	d.must(t, 204, "UNLOCK "+derm+"a.jpg", "", "Lock-Token: "+token)
	d.must(t, 409, "UNLOCK "+derm+"a.jpg", "", "Lock-Token: "+token)
	d.must(t, 204, "PUT "+derm+"a.jpg", "z", asNarrow)
	if w := d.ask("LOCK", derm+"a.jpg", lockBody, "Timeout: Infinite, Second-4100000000"); !strings.Contains(w.Body.String(), "Second-3600<") {
		t.Errorf("a lock for ever: %s", w.Body)
	}
}

func TestLocksAreCapped(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	shared := strings.Replace(lockBody, "exclusive", "shared", 1)
	d.must(t, 201, "PUT "+derm+"a.jpg", "x")
	for range 1024 {
		d.must(t, 200, "LOCK "+derm+"a.jpg", shared)
	}
	d.must(t, 507, "LOCK "+derm+"a.jpg", shared)
}

// Every file of an inbox is asked about its locks each second and in each listing.
func TestLocksElsewhereCostAListingNothing(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "MKCOL "+derm+"in/", "")
	d.must(t, 201, "PUT "+derm+"a.jpg", "x")
	for i := range 100 {
		d.must(t, 201, fmt.Sprintf("PUT %sin/%d.jpg", derm, i), "x")
	}
	list := func() { d.must(t, 207, "PROPFIND "+derm+"in/", "", "Depth: 1") }
	without := testing.AllocsPerRun(5, list)
	shared := strings.Replace(lockBody, "exclusive", "shared", 1)
	for range 1000 {
		d.must(t, 200, "LOCK "+derm+"a.jpg", shared)
	}
	if with := testing.AllocsPerRun(5, list); with > without+100 {
		t.Errorf("a listing of 100 files takes %v allocations, and %v where 1,000 locks are elsewhere", without, with)
	}
}

func TestConditionsOfUploads(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	tag := d.must(t, 201, "PUT "+derm+"a.jpg", "x", "If-None-Match: *").Header().Get("ETag")
	d.must(t, 412, "PUT "+derm+"a.jpg", "y", "If-None-Match: *")
	d.must(t, 412, "PUT "+derm+"a.jpg", "y", `If-Match: "other"`)
	d.must(t, 412, "PUT "+derm+"b.jpg", "y", "If-Match: *")
	d.must(t, 412, "DELETE "+derm+"a.jpg", "", `If-Match: "other"`)
	second := d.must(t, 204, "PUT "+derm+"a.jpg", "y", "If-Match: "+tag).Header().Get("ETag")
	if second == tag {
		t.Error("a new content has the old entity tag")
	}
	d.must(t, 412, "PUT "+derm+"a.jpg", "z", "If: (["+tag+"])")
	d.must(t, 204, "PUT "+derm+"a.jpg", "z", "If: <"+derm+"none.jpg> (Not [\"1\"])")
	d.must(t, 400, "PUT "+derm+"a.jpg", "z", "If: ()")
	for _, bare := range []string{"<x>", "<" + derm + "a.jpg>", "<x> <y> ([\"1\"])", "([\"1\"]) <x>"} {
		d.must(t, 400, "PUT "+derm+"a.jpg", "z", "If: "+bare)
	}
	d.must(t, 400, "PUT "+derm+"a.jpg", "z", "Content-Range: bytes 0-0/5")
	d.must(t, 409, "PUT "+derm+"none/a.jpg", "z")
	d.must(t, 405, "PUT "+derm+"c/", "z")
	d.must(t, 412, "COPY "+derm+"a.jpg", "", "Destination: "+derm+"a2.jpg", `If-Match: "other"`)
	d.must(t, 201, "COPY "+derm+"a.jpg", "", "Destination: "+derm+"a2.jpg")
	d.must(t, 412, "MOVE "+derm+"a.jpg", "", "Destination: "+derm+"a2.jpg", "Overwrite: F")
	d.must(t, 204, "MOVE "+derm+"a.jpg", "", "Destination: "+derm+"a2.jpg")
	d.must(t, 403, "MOVE "+derm+"a2.jpg", "", "Destination: "+derm+"a2.jpg")
}

func TestAnInboxIsBounded(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	large := strings.Repeat("x", 32<<20)
	d.must(t, 413, "PUT "+derm+"a.jpg", large+"x")
	d.must(t, 201, "PUT "+derm+"a.jpg", large)
	d.must(t, 201, "PUT "+derm+"b.jpg", large)
	d.must(t, 507, "PUT "+derm+"c.jpg", "x")
	d.must(t, 507, "COPY "+derm+"a.jpg", "", "Destination: "+derm+"d.jpg")
	d.must(t, 204, "DELETE "+derm+"a.jpg", "")
	d.must(t, 201, "PUT "+derm+"c.jpg", "x")
	var got int
	for i := range 600 {
		if got = d.ask("MKCOL", fmt.Sprintf("%sf%d", derm, i), "").Code; got != 201 {
			break
		}
	}
	if got != 507 {
		t.Errorf("the last folder: %d, want 507", got)
	}
	many := `<propertyupdate xmlns="DAV:"><set><prop><p xmlns="u">` + strings.Repeat("x", 17<<10) + `</p></prop></set></propertyupdate>`
	if w := d.must(t, 207, "PROPPATCH "+derm+"c.jpg", many); !strings.Contains(w.Body.String(), "507") {
		t.Errorf("a large property: %s", w.Body)
	}
}

// chunked sends a body without saying how long it is.
type chunked struct{ io.Reader }

func TestACutUploadLeavesWhatWasThere(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"a.jpg", "whole")
	r := httptest.NewRequest("PUT", derm+"a.jpg", chunked{io.MultiReader(strings.NewReader("half"), cutOff{})})
	r.SetBasicAuth("student", "x")
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if got := d.must(t, 200, "GET "+derm+"a.jpg", ""); w.Code != http.StatusBadRequest || got.Body.String() != "whole" {
		t.Errorf("%d, then %q", w.Code, got.Body)
	}
	eventually(t, "the half is swept away", func() bool { return d.stage.count() == 1 })
}

// The sweeping that follows an upload does not take the bytes of the next one.
func TestASweepSparesWhatIsUploadedMeanwhile(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	swept := make(chan struct{})
	var once sync.Once
	d.stage.mu.Lock()
	d.stage.before = func() {
		once.Do(func() {
			defer close(swept)
			d.must(t, 201, "PUT "+derm+"b.jpg", "second")
		})
	}
	d.stage.mu.Unlock()
	d.must(t, 201, "PUT "+derm+"a.jpg", "first")
	d.must(t, 204, "PUT "+derm+"a.jpg", "anew")
	<-swept
	d.must(t, 204, "DELETE "+derm+"a.jpg", "") // sweeps once more
	eventually(t, "what was removed is swept", func() bool { return d.stage.count() == 1 })
	if got := d.must(t, 200, "GET "+derm+"b.jpg", "").Body.String(); got != "second" {
		t.Errorf("the second upload is %q", got)
	}
}

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAnUploadThatCannotBeRecordedIsNotSeen(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"b.jpg", "x")
	d.shelf.fail(clinical.ErrUnavailable)
	d.must(t, 503, "PUT "+derm+"a.jpg", "x")
	d.must(t, 503, "MKCOL "+derm+"a", "")
	d.must(t, 503, "MOVE "+derm+"b.jpg", "", "Destination: "+derm+"c.jpg")
	d.shelf.fail(nil)
	if diff := cmp.Diff([]string{derm + "_receipts/", derm + "b.jpg"}, d.list(t, derm)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsUploadedDoesNotRunAsAPage(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"a.html", "<script>1</script>", "Content-Type: text/html")
	h := d.must(t, 200, "GET "+derm+"a.html", "").Header()
	if h.Get("Content-Disposition") != "attachment" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", h)
	}
}

func TestAnInboxThatIsNotOpenYetSaysSo(t *testing.T) {
	h := webdav.New(webdav.Options{Gate: newGate(), Auth: &fakeAuth{}, Inbox: webdav.InboxOptions{
		Studios: []clinical.StudioID{"derm"}, People: fakePeople{}, Shelf: &memShelf{}, Stage: &memStage{}, Receiver: &fakeStudio{}, Recorder: &fakeLedger{},
	}})
	d := &drive{Handler: h}
	d.must(t, 503, "PUT "+derm+"a.jpg", "x")
	d.must(t, 200, "OPTIONS "+derm, "")
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := h.Run(ended); err != nil {
		t.Error(err)
	}
}

// What a stop in the middle of an overwriting and of a removal leaves is cleared away at the next start.
func TestWhatAStopLeftIsClearedAway(t *testing.T) {
	before := &inboxDrive{
		shelf: &memShelf{kept: map[string][]byte{
			"1": []byte(`{"ID":"1","Studio":"derm","Name":"a.jpg","Blob":"old","Size":3,"Tag":"\"1\"","Placed":"2026-03-01T10:00:00Z"}`),
			"2": []byte(`{"ID":"2","Studio":"derm","Name":"a.jpg","Blob":"new","Size":3,"Tag":"\"2\"","Placed":"2026-03-01T10:00:01Z"}`),
			"3": []byte(`{"ID":"3","Studio":"derm","Parent":"gone","Name":"b.jpg","Blob":"orphan","Size":6,"Tag":"\"3\""}`),
			"5": []byte(`{"ID":"5","Studio":"derm","Name":"lost.jpg","Blob":"lost","Size":6,"Tag":"\"5\""}`),
			"4": []byte(`{"ID":"4","Studio":"closed","Name":"c.jpg","Blob":"theirs","Size":6,"Tag":"\"4\""}`),
		}},
		stage:  &memStage{kept: map[string][]byte{"old": []byte("old"), "new": []byte("new"), "orphan": []byte("orphan"), "theirs": []byte("theirs"), "half": []byte("h")}},
		studio: &fakeStudio{},
	}
	d := newInboxDrive(t, time.Hour, before)
	if got := d.must(t, 200, "GET "+derm+"a.jpg", "").Body.String(); got != "new" {
		t.Errorf("of two the one placed later stays; it says %q", got)
	}
	if diff := cmp.Diff([]string{derm + "_receipts/", derm + "a.jpg"}, d.list(t, derm)); diff != "" {
		t.Error(diff)
	}
	if got := d.must(t, 200, "GET "+derm+"_receipts/lost.jpg.txt", "").Body.String(); !strings.Contains(got, "send it again") {
		t.Errorf("the receipt of what is on the stage no more: %q", got)
	}
	if d.stage.count() != 2 || d.shelf.count() != 3 { // what is of a studio that is not configured stays
		t.Errorf("%d sealed files and %d records are left, want 2 and 3", d.stage.count(), d.shelf.count())
	}
}

// The ledger has who delivered, read and removed something, with what, and how much it was; what it was called may be a
// patient's name, and is not there.
func TestUploadsAreInTheLedger(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	with := []string{"Test-Device: card-reader", "User-Agent: rclone/1.70"}
	d.must(t, 201, "PUT "+derm+"Fontaineau.jpg", "12345", with...)
	d.must(t, 204, "PUT "+derm+"Fontaineau.jpg", "123456", with...)
	d.must(t, 200, "HEAD "+derm+"Fontaineau.jpg", "", with...)
	d.must(t, 200, "GET "+derm+"Fontaineau.jpg", "", with...)
	d.must(t, 412, "PUT "+derm+"Fontaineau.jpg", "1", append(with, `If-Match: "x"`)...)
	d.must(t, 201, "COPY "+derm+"Fontaineau.jpg", "", append(with, "Destination: "+derm+"a.jpg")...)
	d.must(t, 201, "MOVE "+derm+"a.jpg", "", append(with, "Destination: "+derm+"b.jpg")...)
	d.must(t, 204, "COPY "+derm+"Fontaineau.jpg", "", append(with, "Destination: "+derm+"b.jpg")...)
	d.must(t, 204, "MOVE "+derm+"b.jpg", "", append(with, "Destination: "+derm+"Fontaineau.jpg")...)
	d.must(t, 204, "DELETE "+derm+"Fontaineau.jpg", "", with...)
	var got []string
	for _, e := range d.ledger.events {
		if e.Caller.Device != "card-reader" || e.Caller.Agent != "rclone/1.70" || e.Caller.Person != id[clinical.Person]("student") || e.At.IsZero() {
			t.Errorf("%s by %+v", e.Act, e.Caller)
		}
		got = append(got, fmt.Sprintf("%s %d, %s", e.Act, e.Count, e.Note))
	}
	want := []string{
		"upload.received 5, inbox of studio derm", "upload.received 6, inbox of studio derm", "upload.read 6, inbox of studio derm",
		"upload.received 6, inbox of studio derm",
		"upload.removed 6, inbox of studio derm", "upload.received 6, inbox of studio derm", "upload.removed 6, inbox of studio derm",
		"upload.removed 6, inbox of studio derm",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// On many disks two names that differ in case alone are one: which of them a client then shows nobody could say.
func TestNamesThatDifferInCaseAloneAreRefused(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"upper.jpg", "x")
	d.must(t, 409, "PUT "+derm+"UPPER.JPG", "x")
	d.must(t, 409, "MKCOL "+derm+"Upper.jpg", "")
	d.must(t, 409, "LOCK "+derm+"Upper.jpg", lockBody)
	d.must(t, 409, "COPY "+derm+"upper.jpg", "", "Destination: "+derm+"UPPER.jpg")
	d.must(t, 409, "MKCOL "+derm+"_Receipts", "")
	d.must(t, 201, "MOVE "+derm+"upper.jpg", "", "Destination: "+derm+"UPPER.jpg")
	d.must(t, 204, "PUT "+derm+"UPPER.jpg", "y")
}
