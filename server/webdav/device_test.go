package webdav_test

import (
	"net/http"
	"testing"

	"fovea/clinical"
	"fovea/server/webdav"
)

// A mount that has as much under way as it may is told to wait, and nobody else is: not another device of the same
// person, and not the same device once something has ended.
func TestOneDeviceDoesNotTakeTheOthersPlace(t *testing.T) {
	d := newDriveWith(webdav.Options{PerDevice: 3})
	d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	const file = "/dav/teaching/Wounds/000013-Ulcer.jpg"
	inside, release := make(chan struct{}, 3), make(chan struct{})
	d.gate.opened = func(clinical.PersonID, clinical.AssetID) {
		inside <- struct{}{}
		<-release
	}
	answers := make(chan int, 3)
	for range 3 {
		go func() { answers <- d.ask("GET", file, "", "Test-Device: laptop").Code }()
	}
	for range 3 {
		<-inside
	}
	for _, method := range []string{"GET", "HEAD", "PROPFIND"} {
		if w := d.ask(method, file, "", "Depth: 0", "Test-Device: laptop"); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s beyond the cap: %d %v", method, w.Code, w.Header())
		}
	}
	if w := d.ask("PROPFIND", file, "", "Depth: 0", "Test-Device: phone"); w.Code != http.StatusMultiStatus {
		t.Errorf("another device: %d", w.Code)
	}
	close(release)
	for range 3 {
		if code := <-answers; code != http.StatusOK {
			t.Errorf("within the cap: %d", code)
		}
	}
	if w := d.ask("PROPFIND", file, "", "Depth: 0", "Test-Device: laptop"); w.Code != http.StatusMultiStatus {
		t.Errorf("after they have ended: %d", w.Code)
	}
}

// An answer that is cut off gives its place back.
func TestACutAnswerGivesItsPlaceBack(t *testing.T) {
	d := newDriveWith(webdav.Options{PerDevice: 1})
	set := d.gate.addSet("Wounds")
	d.gate.change(func(w *world) { w.find(set).add(0, "000013-Ulcer.jpg", &picture{size: large}) })
	server, l, done := serve(t, d, "tls")
	open(t, server, "/dav/teaching/Wounds/000013-Ulcer.jpg")
	stalled(t, l)
	if w := d.ask("PROPFIND", "/dav/teaching/", "", "Depth: 0"); w.Code != http.StatusTooManyRequests {
		t.Errorf("while one runs: %d", w.Code)
	}
	d.gate.withdraw(set, "000013-Ulcer.jpg")
	<-done
	if w := d.ask("PROPFIND", "/dav/teaching/", "", "Depth: 0"); w.Code != http.StatusMultiStatus {
		t.Errorf("after it was cut: %d", w.Code)
	}
}
