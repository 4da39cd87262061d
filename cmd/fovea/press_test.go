package main

import (
	"fmt"
	"io"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/internal/demo"
)

// onScreen drops n pictures, releases them and returns the set as edeltraud has it.
func (h *house) onScreen(n int) clinical.SetID {
	h.Helper()
	files := map[string][]byte{}
	for i := range n {
		b, err := demo.Picture(demo.LegUlcer, uint64(i), demo.Options{
			Taken: time.Date(2026, 3, 9, 10, i, 0, 0, time.UTC), Height: 480, Camera: demo.Camera{Make: "Canon", Model: "EOS", Serial: "1"},
		})
		h.check(err)
		files[fmt.Sprintf("IMG_%02d.JPG", i)] = b
	}
	h.drop(files)
	h.eventually("kept", func() bool { return len(h.assets()) == n })
	folder := h.release()
	h.eventually("on the drive", func() bool { return len(h.listing("stanislaus", folder)) >= n })
	sets, err := h.sys.gate.Sets(h.Context(), clinical.Caller{Person: h.people["edeltraud"], Door: clinical.DoorPages})
	h.check(err)
	return sets[0].ID
}

// A contact sheet that is being sent ends with a withdrawal, as a copy and the drive's sheet do.
func TestAContactSheetEndsWithTheLeaveToHaveIt(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	set := h.onScreen(40)
	w := newSlow()
	sent := make(chan error)
	go func() {
		sent <- press{h.sys.desk}.ContactSheet(t.Context(), clinical.Caller{Person: h.people["edeltraud"], Door: clinical.DoorPages}, set, w)
	}()
	<-w.began
	h.do("carlotta", clinical.WithdrawConsent{Patient: h.patient}) // it returns: nobody is shown any more
	close(w.goOn)
	if err := <-sent; clinical.KindOf(err) != clinical.NotFound || w.got.Len() > piece {
		t.Errorf("after the withdrawal the sheet went on to its end: %d bytes, %v", w.got.Len(), err)
	}
}

// What was drawn before a withdrawal is not sent after it.
func TestASheetThatWaitsToBeSentIsAskedForOnceMore(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	set, d := h.onScreen(1), h.sys.desk
	by := clinical.Caller{Person: h.people["edeltraud"], Door: clinical.DoorPages}
	w := newSlow()
	err := d.outbox.send(t.Context(), w, parcel{by.Person, d.drawing, func(w io.Writer) (permit, error) {
		may, err := d.contactSheet(t.Context(), by, set, w)
		h.do("carlotta", clinical.WithdrawConsent{Patient: h.patient})
		return may, err
	}})
	if clinical.KindOf(err) != clinical.NotFound || w.got.Len() > 0 {
		t.Errorf("%d bytes were sent, %v", w.got.Len(), err)
	}
}
