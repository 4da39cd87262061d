package webdav_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyTheFirstThousandLieAtTheTop(t *testing.T) {
	d := newDrive()
	names := thousand(2500)
	set := d.gate.addSet("Wounds", names...)
	top := d.list(t, "/dav/teaching/Wounds/")
	if len(top) != 1002 || top[0] != "/dav/teaching/Wounds/"+names[0] || top[999] != "/dav/teaching/Wounds/"+names[999] {
		t.Fatalf("%d entries, from %s", len(top), top[0])
	}
	if diff := cmp.Diff([]string{"/dav/teaching/Wounds/part-002/", "/dav/teaching/Wounds/part-003/"}, top[1000:]); diff != "" {
		t.Error(diff)
	}
	third := d.list(t, "/dav/teaching/Wounds/part-003/")
	if len(third) != 500 || third[0] != "/dav/teaching/Wounds/part-003/"+names[2000] {
		t.Errorf("part 3: %d entries, from %s", len(third), third[0])
	}

	// Whatever is withdrawn, nothing else moves.
	for _, name := range names[:990] {
		d.gate.withdraw(set, name)
	}
	for _, name := range names[1000:2000] {
		d.gate.withdraw(set, name)
	}
	if got := d.list(t, "/dav/teaching/Wounds/"); len(got) != 11 || got[10] != "/dav/teaching/Wounds/part-003/" {
		t.Errorf("top after withdrawals: %v", got)
	}
	if diff := cmp.Diff(third, d.list(t, "/dav/teaching/Wounds/part-003/")); diff != "" {
		t.Error(diff)
	}
	gone := d.ask("PROPFIND", "/dav/teaching/Wounds/part-002/", "", "Depth: 1")
	never := d.ask("PROPFIND", "/dav/teaching/Wounds/part-009/", "", "Depth: 1")
	if diff := cmp.Diff(fingerprint(never), fingerprint(gone)); diff != "" || gone.Code != http.StatusNotFound {
		t.Errorf("an emptied part: %d\n%s", gone.Code, diff)
	}
	if code := d.ask("GET", "/dav/teaching/Wounds/part-003/"+path2target(names[2000]), "").Code; code != http.StatusOK {
		t.Errorf("GET in part 3: %d", code)
	}
	if code := d.ask("GET", "/dav/teaching/Wounds/"+path2target(names[2000]), "").Code; code != http.StatusNotFound {
		t.Errorf("GET of the same at the top: %d", code)
	}
}

func TestAFolderStaysBelowWhatWindowsTakes(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", thousand(1000)...)
	body := d.ask("PROPFIND", "/dav/teaching/Wounds/", "", "Depth: 1").Body.Len()
	t.Logf("%d bytes per entry", body/1001)
	if body/1001 > 500 {
		t.Errorf("%d bytes per entry, want at most 500", body/1001)
	}
	// The longest names there can be, in an alphabet that escapes to three times its size.
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("%06d-%s.jpg", i, strings.Repeat("é", 30))
	}
	long := strings.Repeat("漢", 40)
	d.gate.addSet(long, names...)
	w := d.ask("PROPFIND", "/dav/teaching/"+strings.Repeat("%E6%BC%A2", 40)+"/", "", "Depth: 1")
	if w.Body.Len() >= 1_000_000 {
		t.Errorf("%d bytes, want fewer than 1,000,000", w.Body.Len())
	}
	if got := parseMultistatus(t, w.Body.Bytes()); len(got) != 1001 {
		t.Errorf("%d entries", len(got))
	}
}

// A set of 10,000 is ten folders, each small enough for Windows, in which every picture lies once and opens.
func TestTenThousandPicturesAreTenFolders(t *testing.T) {
	d := newDrive()
	names := thousand(10_000)
	d.gate.addSet("Wounds", names...)
	seen := map[string]bool{}
	folders := []string{"/dav/teaching/Wounds/"}
	for i := 0; i < len(folders); i++ {
		w := d.ask("PROPFIND", folders[i], "", "Depth: 1")
		if w.Body.Len() >= 1_000_000 {
			t.Errorf("%s: %d bytes", folders[i], w.Body.Len())
		}
		for _, r := range parseMultistatus(t, w.Body.Bytes())[1:] {
			if strings.HasSuffix(r.path, "/") {
				folders = append(folders, r.path)
			} else {
				seen[r.path] = true
			}
		}
	}
	if len(folders) != 10 || len(seen) != len(names) {
		t.Errorf("%d folders with %d pictures", len(folders), len(seen))
	}
	for i := 0; i < len(names); i += 997 {
		at := "/dav/teaching/Wounds/"
		if part := i / 1000; part > 0 {
			at += fmt.Sprintf("part-%03d/", part+1)
		}
		if w := d.ask("GET", path2target(at+names[i]), ""); w.Code != http.StatusOK || !seen[at+names[i]] {
			t.Errorf("%s%s: %d", at, names[i], w.Code)
		}
	}
}

func TestAPictureTooLargeForWindowsIsNotThere(t *testing.T) {
	d := newDrive()
	set := d.gate.addSet("Wounds")
	d.gate.change(func(w *world) {
		w.find(set).add(0, "000013-Fits.jpg", &picture{size: 47 << 20})
		w.find(set).add(1, "000014-Not.jpg", &picture{size: 47<<20 + 1})
	})
	if diff := cmp.Diff([]string{"/dav/teaching/Wounds/000013-Fits.jpg"}, d.list(t, "/dav/teaching/Wounds/")); diff != "" {
		t.Error(diff)
	}
	if code := d.ask("GET", "/dav/teaching/Wounds/000014-Not.jpg", "").Code; code != http.StatusNotFound {
		t.Errorf("GET: %d", code)
	}
}

func TestProperties(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds & <burns>", `000013-A&B.jpg`)
	const folder = "/dav/teaching/Wounds%20%26%20%3Cburns%3E/"
	ask := func(inner string, headers ...string) []response {
		body := `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:">` + inner + `</propfind>`
		return parseMultistatus(t, d.ask("PROPFIND", folder, body, append(headers, "Depth: 1")...).Body.Bytes())
	}
	live := []string{
		"DAV: creationdate", "DAV: displayname", "DAV: getcontentlength", "DAV: getcontenttype", "DAV: getetag",
		"DAV: getlastmodified", "DAV: resourcetype",
	}
	all := ask(`<allprop/>`)
	if diff := cmp.Diff(live[2:], keys(all[1].found)); diff != "" {
		t.Errorf("a file has:\n%s", diff)
	}
	if diff := cmp.Diff([]string{live[0], live[1], live[5], live[6]}, keys(all[0].found)); diff != "" {
		t.Errorf("a folder has:\n%s", diff)
	}
	if len(all[0].missing)+len(all[1].missing) != 0 {
		t.Errorf("allprop says what is not there: %v", all)
	}
	if got := all[1]; got.path != "/dav/teaching/Wounds & <burns>/000013-A&B.jpg" || all[0].found["DAV: displayname"] != "Wounds & <burns>" {
		t.Errorf("names: %v", got)
	}
	if all[0].found["DAV: resourcetype"] != "<collection>" || all[1].found["DAV: resourcetype"] != "" {
		t.Errorf("kinds: %v", all)
	}
	if diff := cmp.Diff(live, keys(ask(`<propname/>`)[1].found)); diff != "" {
		t.Errorf("propname:\n%s", diff)
	}

	some := ask(`<prop><getetag/><lockdiscovery/><supportedlock/><z:x xmlns:z="a&quot;b&lt;"/><y xmlns=""/><getetag/></prop>`)
	if diff := cmp.Diff([]string{"DAV: getetag"}, keys(some[1].found)); diff != "" {
		t.Errorf("prop found:\n%s", diff)
	}
	if diff := cmp.Diff([]string{" y", "DAV: lockdiscovery", "DAV: supportedlock", `a"b< x`}, keys(some[1].missing)); diff != "" {
		t.Errorf("prop missing:\n%s", diff)
	}
	if !some[0].missing["DAV: getetag"] || len(some[0].found) != 0 {
		t.Errorf("a folder has no tag: %v", some[0])
	}
	for _, header := range []string{"Prefer: return=minimal", "Brief: t"} {
		if got := ask(`<prop><getetag/><lockdiscovery/></prop>`, header); len(got[0].missing)+len(got[1].missing) != 0 {
			t.Errorf("%s: %v", header, got)
		}
	}
	included := ask(`<allprop/><include><lockdiscovery/><getetag/><displayname/></include>`)
	if len(included[1].found) != len(live)-1 || included[1].found["DAV: displayname"] != "000013-A&B.jpg" || !included[1].missing["DAV: lockdiscovery"] {
		t.Errorf("include: %v", included[1])
	}
}

func TestQuotasAreForWhoeverAsksByName(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", thousand(1001)...)
	const quota = `<propfind xmlns="DAV:"><prop><quota-used-bytes/><quota-available-bytes/></prop></propfind>`
	size := func(r response) string {
		return r.found["DAV: quota-used-bytes"] + "/" + r.found["DAV: quota-available-bytes"]
	}
	used := 0
	for _, n := range thousand(1001) {
		used += 100 * len(n)
	}
	last := 100 * len(thousand(1001)[1000])
	root := parseMultistatus(t, d.ask("PROPFIND", "/dav/teaching/", quota, "Depth: 1").Body.Bytes())
	set := parseMultistatus(t, d.ask("PROPFIND", "/dav/teaching/Wounds/", quota, "Depth: 1").Body.Bytes())
	got := []string{size(root[0]), size(root[1]), size(set[0]), size(set[len(set)-1]), size(set[1])}
	all := fmt.Sprintf("%d/0", used)
	if diff := cmp.Diff([]string{all, all, all, fmt.Sprintf("%d/0", last), "/"}, got); diff != "" {
		t.Error(diff)
	}
	for _, unasked := range []string{"", `<propfind xmlns="DAV:"><propname/></propfind>`} {
		if w := d.ask("PROPFIND", "/dav/teaching/Wounds/", unasked, "Depth: 0"); strings.Contains(w.Body.String(), "quota") {
			t.Errorf("asked %q the drive speaks of quotas", unasked)
		}
	}
}

func TestLitterCostsTheGateNothing(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", thousand(1000)...)
	d.gate.calls.Store(0)
	for _, path := range []string{"._000013-Lesion 0.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", ".metadata_never_index", ".ql_disablethumbnails"} {
		for _, method := range []string{"GET", "HEAD", "PROPFIND"} {
			d.ask(method, "/dav/teaching/Wounds/"+path2target(path), "", "Depth: 0")
		}
	}
	if calls := d.gate.calls.Load(); calls != 0 {
		t.Errorf("the gate was asked %d times", calls)
	}
}

func keys[V any](m map[string]V) []string {
	out := []string{}
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// 500 withdrawals race listings of 1,000: every listing is well formed, and shows nothing that was withdrawn before
// it was asked for.
func TestListingsRacingWithdrawals(t *testing.T) {
	d := newDrive()
	names := thousand(1000)
	set := d.gate.addSet("Wounds", names...)
	var mu sync.Mutex
	withdrawn := map[string]bool{}
	snapshot := func() map[string]bool {
		mu.Lock()
		defer mu.Unlock()
		out := make(map[string]bool, len(withdrawn))
		for n := range withdrawn {
			out["/dav/teaching/Wounds/"+n] = true
		}
		return out
	}
	finished := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		defer close(finished)
		for i := range 500 {
			name := names[(i*619)%1000]
			d.gate.withdraw(set, name)
			mu.Lock()
			withdrawn[name] = true
			mu.Unlock()
		}
	})
	for range 2 {
		work.Go(func() {
			for over := false; !over; {
				select {
				case <-finished:
					over = true
				default:
				}
				gone := snapshot()
				w := d.ask("PROPFIND", "/dav/teaching/Wounds/", "", "Depth: 1")
				listed, err := readMultistatus(w.Body.Bytes())
				if err != nil {
					t.Errorf("listing: %v", err)
					return
				}
				for _, r := range listed {
					if gone[r.path] {
						t.Errorf("%s was withdrawn and is listed", r.path)
						return
					}
				}
				for path := range gone {
					if code := d.ask("GET", path2target(path), "").Code; code != http.StatusNotFound {
						t.Errorf("GET of a withdrawn picture: %d", code)
						return
					}
					break
				}
			}
		})
	}
	work.Wait()
	if got := len(d.list(t, "/dav/teaching/Wounds/")); got != 500 {
		t.Errorf("%d left, want 500", got)
	}
}

func path2target(path string) string { return strings.ReplaceAll(path, " ", "%20") }

func TestAListingAsksTheGateOncePerFolder(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", thousand(1000)...)
	d.gate.calls.Store(0)
	d.list(t, "/dav/teaching/Wounds/")
	if calls := d.gate.calls.Load(); calls > 2 {
		t.Errorf("listing 1,000 pictures asked the gate %d times", calls)
	}
}

func TestADriveWithoutASetHasATime(t *testing.T) {
	d := newDrive()
	root := parseMultistatus(t, d.ask("PROPFIND", "/dav/teaching/", "", "Depth: 1").Body.Bytes())
	if at, err := http.ParseTime(root[0].found["DAV: getlastmodified"]); len(root) != 1 || err != nil || at.Year() < 2000 {
		t.Errorf("%v, %v", root, err)
	}
}
