package webdav_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
)

// What Windows asks on its way from the root to a drive has an answer, for who has credentials.
func TestTheFoldersAboveTheDriveLeadToIt(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	for _, path := range []string{"/", "/dav", "/dav/"} {
		w := d.must(t, 207, "PROPFIND "+path, "", "Depth: 0")
		got := parseMultistatus(t, w.Body.Bytes())
		if len(got) != 1 || got[0].found["DAV: resourcetype"] == "" {
			t.Errorf("%s: %v", path, got)
		}
		d.must(t, 401, "PROPFIND "+path, "", "Depth: 0", "Authorization: ")
		d.must(t, 401, "PROPFIND "+path, "", "Depth: 0", "Authorization: Basic eDp5")
		d.must(t, 403, "PROPFIND "+path, "", "Depth: infinity")
	}
	check := func(path string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, d.list(t, path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	check("/", "/dav/")
	check("/dav", "/dav/teaching/", "/dav/inbox/")
	check("/dav/teaching", "/dav/teaching/Wounds/")
	d.auth.narrow = []clinical.SetID{set}
	w := d.must(t, 207, "PROPFIND /dav", "", "Depth: 1", asNarrow)
	if got := parseMultistatus(t, w.Body.Bytes()); len(got) != 2 || got[1].path != "/dav/teaching/" {
		t.Errorf("credentials for some sets: %v", got)
	}
	without := newDrive()
	if diff := cmp.Diff([]string{"/dav/teaching/"}, without.list(t, "/dav")); diff != "" {
		t.Errorf("without inboxes: %s", diff)
	}
	if w := d.must(t, 404, "PROPFIND /davos", "", "Depth: 0"); w.Body.String() != "Nothing is here.\n" {
		t.Errorf("beside it: %q", w.Body)
	}
}
