package webdav_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
)

const woundsSheet, woundsCaptions = "/dav/teaching/Wounds/contact-sheet.pdf", "/dav/teaching/Wounds/captions.csv"

func TestASetHoldsCaptionsAndAContactSheet(t *testing.T) {
	d := newPaperDrive(t)
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg", "000020-Burn.jpg")
	check := func(wantCaptions, wantSheet string) map[string]string {
		t.Helper()
		etags := map[string]string{}
		listed := parseMultistatus(t, d.ask("PROPFIND", "/dav/teaching/Wounds/", "", "Depth: 1").Body.Bytes())
		for path, want := range map[string]string{woundsCaptions: wantCaptions, woundsSheet: wantSheet} {
			i := slices.IndexFunc(listed, func(r response) bool { return r.path == path })
			if i < 0 {
				t.Fatalf("%s is not listed", path)
			}
			w := d.ask("GET", path, "")
			if w.Code != http.StatusOK || w.Body.String() != want {
				t.Errorf("GET %s: %d, %q", path, w.Code, w.Body)
			}
			said := listed[i].found
			if said["DAV: getcontentlength"] != strconv.Itoa(len(want)) || said["DAV: getetag"] != w.Header().Get("ETag") ||
				said["DAV: getcontenttype"] != w.Header().Get("Content-Type") {
				t.Errorf("%s is listed as %v and served with %v", path, said, w.Header())
			}
			if code := d.ask("GET", path, "", "If-None-Match: "+w.Header().Get("ETag")).Code; code != http.StatusNotModified {
				t.Errorf("asked whether %s is still so: %d", path, code)
			}
			if got := d.ask("GET", path, "", "Range: bytes=3-5"); got.Body.String() != want[3:6] {
				t.Errorf("a range of %s: %d %q", path, got.Code, got.Body)
			}
			etags[path] = w.Header().Get("ETag")
		}
		return etags
	}
	ulcer, burn := strings.Repeat("000013-Ulcer.jpg", 100), strings.Repeat("000020-Burn.jpg", 100)
	before := check("000013-Ulcer.jpg \n000020-Burn.jpg \n", ulcer+burn)
	d.gate.withdraw(set, "000013-Ulcer.jpg")
	after := check("000020-Burn.jpg \n", burn)
	for path, tag := range before {
		if after[path] == tag {
			t.Errorf("%s kept its entity tag after a withdrawal", path)
		}
		if w := d.ask("GET", path, "", "If-None-Match: "+tag); w.Code != http.StatusOK {
			t.Errorf("the copy of %s from before the withdrawal: %d, want 200 with the new one", path, w.Code)
		}
	}
	d.gate.withdraw(set, "000020-Burn.jpg")
	if got := d.list(t, "/dav/teaching/Wounds/"); len(got) != 0 {
		t.Errorf("a set without a picture holds %v", got)
	}
	gone, never := d.ask("GET", woundsSheet, ""), d.ask("GET", "/dav/teaching/Wounds/none.pdf", "")
	if diff := cmp.Diff(fingerprint(never), fingerprint(gone)); diff != "" {
		t.Error(diff)
	}
}

func TestPapersShowEachReaderWhatThatReaderSees(t *testing.T) {
	d := newPaperDrive(t)
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg", "000020-Burn.jpg")
	d.auth.narrow = []clinical.SetID{set}
	narrow := id[clinical.Person]("narrow")
	d.gate.hides = func(p clinical.PersonID, name string) bool { return p == narrow && name == "000013-Ulcer.jpg" }
	const asNarrow = "Authorization: Basic bmFycm93Ong="
	for range 2 {
		for _, path := range []string{woundsSheet, woundsCaptions} {
			all, some := d.ask("GET", path, ""), d.ask("GET", path, "", asNarrow)
			if !strings.Contains(all.Body.String(), "Ulcer") || strings.Contains(some.Body.String(), "Ulcer") || !strings.Contains(some.Body.String(), "Burn") {
				t.Errorf("%s: %d and %d", path, all.Code, some.Code)
			}
			if all.Header().Get("ETag") == some.Header().Get("ETag") {
				t.Errorf("%s has one entity tag for two readers who see two things", path)
			}
		}
	}
}

// Who lists a folder has received nothing, though its contact sheet was drawn for its size. Who fetches the sheet has all
// that is on it, also where another had it drawn.
func TestAContactSheetIsReceivedOnceItIsFetched(t *testing.T) {
	d := newPaperDrive(t)
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg", "000020-Burn.jpg")
	d.auth.narrow = []clinical.SetID{set}
	var mu sync.Mutex
	opened := map[clinical.PersonID]int{}
	d.gate.opened = func(p clinical.PersonID, _ clinical.AssetID) {
		mu.Lock()
		defer mu.Unlock()
		opened[p]++
	}
	if listed := d.list(t, "/dav/teaching/Wounds/"); !slices.Contains(listed, woundsSheet) {
		t.Fatalf("the sheet is not listed: %v", listed)
	}
	d.ask("HEAD", woundsSheet, "")
	mu.Lock()
	if len(opened) != 0 {
		t.Errorf("listing counts as receiving: %v", opened)
	}
	mu.Unlock()
	for range 3 {
		d.ask("GET", woundsSheet, "")
		d.ask("GET", woundsSheet, "", "Authorization: Basic bmFycm93Ong=")
	}
	mu.Lock()
	defer mu.Unlock()
	want := map[clinical.PersonID]int{id[clinical.Person]("student"): 2, id[clinical.Person]("narrow"): 2}
	if diff := cmp.Diff(want, opened); diff != "" {
		t.Error(diff)
	}
}

// Each device that fetches a sheet is told to the ledger, again after a minute, however long the sheet is kept; the
// ranges that one device reads of it within a minute are one download.
func TestEveryDownloadOfASheetIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaperDrive(t)
		d.gate.addSet("Wounds", "000013-Ulcer.jpg")
		var told atomic.Int64
		d.gate.opened = func(clinical.PersonID, clinical.AssetID) { told.Add(1) }
		fetch := func(want int64, device string, after time.Duration) {
			t.Helper()
			<-time.After(after)
			d.ask("GET", woundsSheet, "", "Test-Device: "+device)
			d.ask("GET", woundsSheet, "", "Test-Device: "+device, "Range: bytes=3-5")
			if got := told.Load(); got != want {
				t.Errorf("%s, %v later: told %d times, want %d", device, after, got, want)
			}
		}
		fetch(1, "laptop", 0)
		fetch(2, "tablet", 0)
		fetch(2, "laptop", 59*time.Second)
		fetch(3, "laptop", 2*time.Second)
		fetch(4, "tablet", time.Second)
	})
}

func TestAPictureWithdrawnWhileTheSheetIsDrawnIsNotOnIt(t *testing.T) {
	d := newPaperDrive(t)
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg", "000020-Burn.jpg")
	var once sync.Once
	d.gate.drawn = func() {
		once.Do(func() { d.gate.withdraw(set, "000020-Burn.jpg") })
	}
	if first := d.ask("GET", woundsSheet, ""); strings.Contains(first.Body.String(), "Burn") || first.Code == http.StatusOK {
		t.Errorf("the sheet under way: %d %q", first.Code, first.Body)
	}
	if next := d.ask("GET", woundsSheet, ""); next.Code != http.StatusOK || strings.Contains(next.Body.String(), "Burn") {
		t.Errorf("the next sheet: %d", next.Code)
	}
}

func TestADownloadOfASheetEndsWithAWithdrawal(t *testing.T) {
	d := newPaperDrive(t)
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	d.gate.change(func(w *world) {
		w.find(set).add(1, "000020-Burn.jpg", &picture{data: bytes.Repeat([]byte("x"), 8<<20)})
	})
	server, l, done := serve(t, d, "plain")
	response := open(t, server, woundsSheet)
	if _, err := io.ReadFull(response.Body, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	d.gate.withdraw(set, "000013-Ulcer.jpg")
	at := l.written.Load()
	n, err := io.Copy(io.Discard, response.Body)
	if err == nil {
		t.Errorf("the download ended well after %d bytes", n)
	}
	<-done
	if more := l.written.Load() - at; more > 1<<20 {
		t.Errorf("%d bytes left after the withdrawal", more)
	}
}

func TestEveryPartHasItsOwnPapers(t *testing.T) {
	d := newPaperDrive(t)
	names := thousand(1200)
	d.gate.addSet("Wounds", names...)
	top, part := d.ask("GET", woundsCaptions, "").Body.String(), d.ask("GET", "/dav/teaching/Wounds/part-002/captions.csv", "").Body.String()
	if strings.Count(top, "\n") != 1000 || strings.Count(part, "\n") != 200 || !strings.HasPrefix(part, names[1000]) {
		t.Errorf("%d and %d lines", strings.Count(top, "\n"), strings.Count(part, "\n"))
	}
	listed := d.list(t, "/dav/teaching/Wounds/part-002/")
	if diff := cmp.Diff([]string{"/dav/teaching/Wounds/part-002/captions.csv", "/dav/teaching/Wounds/part-002/contact-sheet.pdf"}, listed[200:]); diff != "" {
		t.Error(diff)
	}
}

func TestPapersNeedADecision(t *testing.T) {
	d := newPaperDrive(t)
	d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	d.ask("GET", woundsSheet, "")
	unavailable := error(clinical.ErrUnavailable)
	d.gate.fails.Store(&unavailable)
	for _, path := range []string{woundsSheet, woundsCaptions} {
		if w := d.ask("GET", path, ""); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s without a decision: %d", path, w.Code)
		}
	}
}
