package webdav_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// sending is an upload that does not say how large it is, as a test sends it piece by piece.
type sending struct {
	*io.PipeWriter
	answer chan *httptest.ResponseRecorder
}

// send begins an upload. What is written to it has been read by the server when Write returns.
func (d *drive) send(name string, headers ...string) sending {
	r, w := io.Pipe()
	request := httptest.NewRequest("PUT", derm+name, chunked{r})
	request.ContentLength = -1
	request.SetBasicAuth("student", "x")
	for _, h := range headers {
		key, value, _ := strings.Cut(h, ": ")
		request.Header.Set(key, value)
	}
	s := sending{w, make(chan *httptest.ResponseRecorder, 1)}
	go func() {
		answer := httptest.NewRecorder()
		d.ServeHTTP(answer, request)
		_ = r.CloseWithError(io.ErrClosedPipe)
		s.answer <- answer
	}()
	return s
}

// code writes the rest of an upload and returns its status.
func (s sending) code(rest []byte) int {
	_, _ = s.Write(rest) // one that is refused is not read to its end
	_ = s.Close()
	return (<-s.answer).Code
}

// Finder sends a folder as several uploads at once, none of which says in the usual header how large it is.
func TestUploadsWithoutALengthGoSideBySide(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	names := []string{"1.jpg", "2.jpg", "3.jpg", "4.jpg"}
	var open []sending
	for _, name := range names {
		s := d.send(name)
		if _, err := s.Write([]byte("begun")); err != nil {
			t.Fatalf("%s: %v: %s", name, err, (<-s.answer).Body)
		}
		open = append(open, s)
	}
	d.must(t, 201, "PUT "+derm+"sized.jpg", "x")
	for i, s := range open {
		if got := s.code(bytes.Repeat([]byte("x"), 3<<20)); got != 201 {
			t.Errorf("%s: %d", names[i], got)
		}
		if got := d.must(t, 200, "GET "+derm+names[i], "").Body.Len(); got != 3<<20+len("begun") {
			t.Errorf("%s has %d bytes", names[i], got)
		}
	}
}

// Finder says how large a file is that it sends in pieces. One whose last piece has come too early was cut off.
func TestAnUploadShorterThanItSaidIsNotTaken(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"a.jpg", "earlier")
	for _, came := range []string{"", "half"} {
		if got := d.send("a.jpg", "X-Expected-Entity-Length: 8").code([]byte(came)); got != 400 {
			t.Errorf("%q of eight bytes: %d", came, got)
		}
	}
	if got := d.must(t, 200, "GET "+derm+"a.jpg", "").Body.String(); got != "earlier" {
		t.Errorf("what was there before is %q", got)
	}
	if got := d.send("a.jpg", "X-Expected-Entity-Length: 8").code([]byte("halfhalf")); got != 204 {
		t.Errorf("all of them: %d", got)
	}
	if got := d.send("empty.jpg", "X-Expected-Entity-Length: 0").code(nil); got != 201 {
		t.Errorf("an empty one: %d", got)
	}
}

// A body that breaks off, or is not in pieces as it says, is the client's fault: it is told so, and nobody else is.
func TestABodyThatBreaksIsTheClients(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	s := d.send("a.jpg")
	if _, err := s.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	_ = s.CloseWithError(errors.New("invalid byte in chunk length"))
	if answer := <-s.answer; answer.Code != 400 {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	d.must(t, 404, "GET "+derm+"a.jpg", "")
	d.must(t, 415, "PUT "+derm+"a.jpg", "x", "Content-Encoding: gzip")
	d.must(t, 201, "PUT "+derm+"a.jpg", "x", "Content-Encoding: identity")
}

// An upload may take an hour. What let it in must still be good when it ends.
func TestAnUploadOfWhoIsNotLetInAnyMoreLeavesNothing(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"a.jpg", "earlier")
	for want, over := range map[int]*atomic.Bool{401: &d.auth.revoked, 404: &d.auth.few} {
		s := d.send("a.jpg")
		if _, err := s.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
		over.Store(true)
		if got := s.code([]byte("half")); got != want {
			t.Errorf("%d, want %d", got, want)
		}
		over.Store(false)
		if got := d.must(t, 200, "GET "+derm+"a.jpg", "").Body.String(); got != "earlier" {
			t.Errorf("what was there before is %q", got)
		}
	}
	eventually(t, "nothing more is sealed", func() bool { return d.stage.count() == 1 })
}

// What is too large is refused alike whether its length was said or not; what only finds no room may come later.
func TestAnUploadWithoutALengthIsBounded(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil) // 32 MiB in one file, 64 in all
	large := bytes.Repeat([]byte("x"), 32<<20)
	if got := d.send("a.jpg").code(append(large, 'x')); got != 413 {
		t.Errorf("a file that is too large: %d", got)
	}
	if got := d.send("a.jpg", "X-Expected-Entity-Length: 33554433").code(nil); got != 413 {
		t.Errorf("one that says so in Finder's header: %d", got)
	}
	if got := d.send("a.jpg").code(large); got != 201 {
		t.Errorf("the largest file: %d", got)
	}
	d.must(t, 201, "PUT "+derm+"b.jpg", string(large[1:]))
	if got := d.send("c.jpg").code([]byte("xx")); got != 507 {
		t.Errorf("one that does not fit any more: %d", got)
	}
	if got := d.send("c.jpg", "X-Expected-Entity-Length: 2").code(nil); got != 507 {
		t.Errorf("one of which that is known before: %d", got)
	}
	if got := d.send("c.jpg").code([]byte("x")); got != 201 {
		t.Errorf("one that just fits: %d", got)
	}
}

// Of what arrives at once no more is taken than there is room for, however it is cut into pieces.
func TestUploadsSideBySideShareTheRoom(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	codes := make([]int, 4)
	var all sync.WaitGroup
	for i := range codes {
		all.Go(func() { codes[i] = d.send(string(rune('a'+i)) + ".jpg").code(bytes.Repeat([]byte("x"), 30<<20)) })
	}
	all.Wait()
	kept := 0
	for _, code := range codes {
		switch code {
		case 201:
			kept++
		case 507:
		default:
			t.Errorf("%d", code)
		}
	}
	if kept > 2 || d.stage.count() > 2 {
		t.Errorf("%d of four were kept, %d sealed: there is room for two", kept, d.stage.count())
	}
	d.must(t, 201, "PUT "+derm+"later.jpg", "x")
}

// An upload that drips, and one that is begun again and again and never ends, hold up what is whole for as long as
// somebody's patience lasts, which others' locks and writing do not make longer.
func TestPatienceIsCountedFromTheFirstFileHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDrive(t, 30*time.Second, nil) // patience: 90 s
		d.must(t, 201, "PUT "+derm+"1.jpg", "one")
		d.lockToken(t, derm+"locked.jpg")
		for range 2 {
			<-time.After(40 * time.Second)
			d.must(t, 201, "PUT "+derm+rand.Text()+".txt", "more")
		}
		if got := d.studio.all(); len(got) != 0 {
			t.Errorf("taken while a file is locked: %v", got)
		}
		<-time.After(35 * time.Second)
		if got := d.studio.all(); len(got) != 3 {
			t.Errorf("after 115 seconds, 90 of which are patience and 30 quiet: %v", got)
		}
		d.stop()
	})
}

// Somebody who does not stop writing is waited for six times as long, which is an hour where nothing else was said. Then
// what is whole is taken, and a ticket stays for whatever is still to come.
func TestWhoeverWritesWithoutAPauseIsWaitedForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDrive(t, 0, nil) // as a site has it: 30 s of quiet, ten minutes of patience
		began, sent := time.Now(), 0
		d.must(t, 201, "PUT "+derm+"ticket.json", "{}")
		write := func() {
			d.must(t, 201, fmt.Sprintf("PUT %s%03d.jpg", derm, sent), fmt.Sprint("picture ", sent))
			sent++
			<-time.After(20 * time.Second)
		}
		for write(); len(d.studio.all()) == 0; write() {
			if time.Since(began) > 2*time.Hour {
				t.Fatal("nothing is ever taken")
			}
		}
		if took := time.Since(began); took < time.Hour || took > time.Hour+time.Minute {
			t.Errorf("taken after %s", took)
		}
		for _, got := range d.studio.all() {
			if got.Tickets != "ticket.json" {
				t.Errorf("%s was taken without its ticket", got.Name)
			}
		}
		d.must(t, 200, "GET "+derm+"ticket.json", "")
		write()
		<-time.After(time.Minute) // the pause
		if all := d.studio.all(); len(all) != sent || all[sent-1].Tickets != "ticket.json" {
			t.Errorf("%d of %d were taken, the last one %v", len(all), sent, all[len(all)-1])
		}
		d.must(t, 404, "GET "+derm+"ticket.json", "")
		d.stop()
	})
}

func TestAnUploadThatDripsIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDrive(t, 5*time.Minute, nil)
		s, begun := d.send("drip.jpg"), time.Now()
		for {
			if _, err := s.Write([]byte("x")); err != nil {
				break
			}
			<-time.After(time.Second)
		}
		if got := (<-s.answer).Code; got != 408 || time.Since(begun) > 2*time.Minute {
			t.Errorf("%d after %s", got, time.Since(begun))
		}
		// One that comes as fast as a poor line lets it is taken, however long it takes.
		s = d.send("slow.jpg")
		for range 300 {
			if _, err := s.Write(bytes.Repeat([]byte("x"), 10<<10)); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
		}
		if got := s.code(nil); got != 201 {
			t.Errorf("a slow one: %d", got)
		}
		d.stop()
	})
}

func TestAnUploadHoldsTheOthersUpForAsLongAsPatienceLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDrive(t, 10*time.Second, nil) // patience: 30 s
		d.must(t, 201, "PUT "+derm+"ticket.json", "{}")
		d.must(t, 201, "PUT "+derm+"1.jpg", "one")
		s := d.send("2.jpg")
		for i := range 40 {
			if _, err := s.Write(bytes.Repeat([]byte("x"), 10<<10)); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
			if got := d.studio.all(); i < 28 && len(got) != 0 {
				t.Fatalf("after %d seconds: %v", i, got)
			}
		}
		if got := d.studio.all(); len(got) != 1 || got[0].Name != "1.jpg" {
			t.Errorf("taken while an upload goes on: %v", got)
		}
		d.must(t, 200, "GET "+derm+"ticket.json", "")
		if got := s.code(nil); got != 201 {
			t.Error(got)
		}
		<-time.After(15 * time.Second)
		if got := d.studio.all(); len(got) != 2 || got[1].Tickets != "ticket.json" {
			t.Errorf("taken: %v", got)
		}
		d.must(t, 404, "GET "+derm+"ticket.json", "")
		d.stop()
	})
}
