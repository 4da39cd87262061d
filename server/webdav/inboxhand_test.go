package webdav_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
)

// While a studio is being given something, what it is given stays where it is and as it is, tickets included: it would
// be filed as its old place says and wait, at its new one, to be filed once more. The rest of the inbox goes on.
func TestWhatIsBeingTakenStaysAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newInboxDrive(t, 30*time.Second, nil)
		taking, goOn := make(chan struct{}), make(chan struct{})
		d.studio.during = func() {
			taking <- struct{}{}
			<-goOn
		}
		for _, folder := range []string{"MA", "MB"} {
			d.must(t, 201, "MKCOL "+derm+folder, "")
		}
		d.must(t, 201, "PUT "+derm+"MA/ticket.json", "{}")
		d.must(t, 201, "PUT "+derm+"MA/1.jpg", "one")
		d.must(t, 201, "PUT "+derm+"MB/._2.jpg", "litter")
		<-taking
		for _, r := range []struct{ request, to string }{
			{"MOVE " + derm + "MA/1.jpg", "MB/1.jpg"},
			{"COPY " + derm + "MA/1.jpg", "MB/1.jpg"},
			{"MOVE " + derm + "MA", "MC"},
			{"COPY " + derm + "MA", "MC"},
			{"MOVE " + derm + "MB/._2.jpg", "MA/1.jpg"},
			{"MOVE " + derm + "MB", "MA"},
			{"MOVE " + derm + "MB/._2.jpg", "MA/other.csv"},
			{"MOVE " + derm + "MA/ticket.json", "MB/ticket.json"},
			{"DELETE " + derm + "MA/1.jpg", ""},
			{"DELETE " + derm + "MA", ""},
			{"DELETE " + derm + "MA/ticket.json", ""},
			{"PUT " + derm + "MA/1.jpg", ""},
			{"PUT " + derm + "MA/ticket.json", ""},
			{"PUT " + derm + "everybody.json", ""},
			{"GET " + derm + "MA/1.jpg", ""},
		} {
			if w := d.must(t, 423, r.request, "x", "Destination: "+derm+r.to); w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", r.request)
			}
		}
		d.must(t, 423, "LOCK "+derm+"MA/1.jpg", lockBody)
		d.must(t, 201, "MOVE "+derm+"MB/._2.jpg", "", "Destination: "+derm+"MB/3.jpg")
		d.must(t, 201, "PUT "+derm+"MB/ticket.json", "{}")
		goOn <- struct{}{}
		synctest.Wait()
		d.must(t, 404, "GET "+derm+"MA/1.jpg", "")
		d.must(t, 201, "PUT "+derm+"MA/1.jpg", "second")
		<-taking
		goOn <- struct{}{}
		synctest.Wait()
		want := []taken{
			{"derm", "MA/1.jpg", "one", "MA/ticket.json"},
			{"derm", "MA/1.jpg", "second", "MB/ticket.json"},
			{"derm", "MB/3.jpg", "litter", "MB/ticket.json"},
		}
		if diff := cmp.Diff(want, d.studio.all()); diff != "" {
			t.Error(diff)
		}
		d.stop()
	})
}

// What a studio would not take is its sender's again.
func TestWhatWasNotTakenIsTheSendersAgain(t *testing.T) {
	d := newInboxDrive(t, 20*time.Millisecond, nil)
	d.studio.fail(errors.New("not now"))
	tried := make(chan struct{}, 100)
	d.studio.during = func() { tried <- struct{}{} }
	d.must(t, 201, "PUT "+derm+"a.jpg", "x")
	<-tried
	eventually(t, "it can be removed", func() bool { return d.ask("DELETE", derm+"a.jpg", "").Code == 204 })
}

// A file whose record cannot be removed stays whole, for as long as it takes: nothing is swept from under it.
func TestWhatCannotBeRemovedStaysWhole(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	d.must(t, 201, "PUT "+derm+"a.jpg", "x")
	d.shelf.fail(clinical.ErrUnavailable)
	d.must(t, 503, "DELETE "+derm+"a.jpg", "")
	d.shelf.fail(nil)
	if got := d.must(t, 200, "GET "+derm+"a.jpg", "").Body.String(); got != "x" {
		t.Errorf("it is %q", got)
	}
	d.must(t, 204, "DELETE "+derm+"a.jpg", "")
}
