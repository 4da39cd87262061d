package ingest_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fovea/clinical"
	"fovea/ingest"
)

// A rendition names its picture in the journal without bringing its record: that is no reason to forget the picture.
func TestReasonFileStaysWhileItsPictureIsInQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket)
		w.shot("1.jpg", exposure{})
		w.run(2 * time.Minute)
		texts := func() []string {
			return slices.DeleteFunc(w.left(), func(n string) bool { return !strings.HasSuffix(n, ".reason.txt") })
		}
		if got := texts(); len(got) != 1 {
			t.Fatalf("reason files after the quarantine: %q", got)
		}
		var held []clinical.AssetID
		for _, a := range w.vault.all() {
			held = append(held, a.ID)
		}
		rendered := clinical.Change{Event: clinical.Event{Act: clinical.ActRendered, Assets: held, Caller: clinical.Caller{Door: clinical.DoorDarkroom}}}
		next, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(next, func() {
			<-time.After(time.Minute)
			if _, err := w.vault.commit(rendered, nil); err != nil {
				t.Error(err)
			}
			<-time.After(2 * time.Minute)
		})
		if got := texts(); len(got) != 1 {
			t.Errorf("reason files after the thumbnail was made: %q", got)
		}
	})
}
