package webdav_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
)

func TestProtocol(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", "000013-Ulcer.jpg", "000020-Été.jpg")
	const set, file = "/dav/teaching/Wounds/", "/dav/teaching/Wounds/000013-Ulcer.jpg"
	propfind := func(inner string) string { return `<D:propfind xmlns:D="DAV:">` + inner + `</D:propfind>` }
	tests := []struct {
		name, method, path, body string
		headers                  []string
		want                     int
	}{
		{"root listing", "PROPFIND", "/dav/teaching/", "", []string{"Depth: 1"}, 207},
		{"root without slash", "PROPFIND", "/dav/teaching", "", []string{"Depth: 0"}, 207},
		{"set listing", "PROPFIND", set, "", []string{"Depth: 1"}, 207},
		{"set without slash", "PROPFIND", "/dav/teaching/Wounds", "", []string{"Depth: 1"}, 207},
		{"picture", "PROPFIND", file, "", []string{"Depth: 0"}, 207},
		{"picture at any depth", "PROPFIND", file, "", []string{"Depth: infinity"}, 207},
		{"picture without depth", "PROPFIND", file, "", nil, 207},
		{"folder without depth", "PROPFIND", set, "", nil, 403},
		{"folder at infinity", "PROPFIND", set, "", []string{"Depth: infinity"}, 403},
		{"absent folder at infinity", "PROPFIND", "/dav/teaching/None/", "", []string{"Depth: infinity"}, 404},
		{"depth 2", "PROPFIND", set, "", []string{"Depth: 2"}, 400},
		{"depth without root", "PROPFIND", set, "", []string{"Depth: 1,noroot"}, 400},
		{"absent set", "PROPFIND", "/dav/teaching/None/", "", []string{"Depth: 1"}, 404},
		{"absent picture", "GET", set + "000014-Ulcer.jpg", "", nil, 404},
		{"get", "GET", file, "", nil, 200},
		{"head", "HEAD", file, "", nil, 200},
		{"get of a folder", "GET", set, "", nil, 200},
		{"picture as a folder", "GET", file + "/", "", nil, 404},
		{"below a picture", "GET", file + "/x", "", nil, 404},
		{"decomposed name", "GET", set + "000020-E%CC%81te%CC%81.jpg", "", nil, 200},
		{"composed name", "GET", set + "000020-%C3%89t%C3%A9.jpg", "", nil, 200},
		{"other case is another name", "GET", set + "000013-ulcer.jpg", "", nil, 404},
		{"finder's litter", "GET", set + "._000013-Ulcer.jpg", "", nil, 404},
		{"windows' litter", "PROPFIND", set + "DESKTOP.INI", "", []string{"Depth: 0"}, 404},
		{"spotlight marker", "GET", "/dav/teaching/.metadata_never_index", "", nil, 200},
		{"thumbnail marker", "PROPFIND", set + ".ql_disablethumbnails", "", []string{"Depth: 0"}, 207},
		{"allprop", "PROPFIND", set, propfind(`<D:allprop/>`), []string{"Depth: 1"}, 207},
		{"propname", "PROPFIND", set, propfind(`<D:propname/>`), []string{"Depth: 1"}, 207},
		{"prop", "PROPFIND", set, propfind(`<D:prop><D:getetag/></D:prop>`), []string{"Depth: 1"}, 207},
		{"empty prop", "PROPFIND", set, propfind(`<D:prop/>`), []string{"Depth: 1"}, 207},
		{"unknown element beside", "PROPFIND", set, propfind(`<x:y xmlns:x="z"><D:prop/></x:y><D:allprop/>`), []string{"Depth: 1"}, 207},
		{"include", "PROPFIND", set, propfind(`<D:allprop/><D:include><D:quota-used-bytes/></D:include>`), []string{"Depth: 1"}, 207},
		{"two kinds", "PROPFIND", set, propfind(`<D:allprop/><D:propname/>`), []string{"Depth: 1"}, 400},
		{"include alone", "PROPFIND", set, propfind(`<D:prop/><D:include/>`), []string{"Depth: 1"}, 400},
		{"no kind", "PROPFIND", set, propfind(``), []string{"Depth: 1"}, 400},
		{"not xml", "PROPFIND", set, "foobar", []string{"Depth: 1"}, 400},
		{"not a propfind", "PROPFIND", set, `<D:propertyupdate xmlns:D="DAV:"/>`, []string{"Depth: 1"}, 400},
		{"cut short", "PROPFIND", set, `<D:propfind xmlns:D="DAV:"><D:allprop/>`, []string{"Depth: 1"}, 400},
		{"two roots", "PROPFIND", set, propfind(`<D:allprop/>`) + propfind(`<D:allprop/>`), []string{"Depth: 1"}, 400},
		{"doctype", "PROPFIND", set, `<!DOCTYPE x [<!ENTITY a "b">]>` + propfind(`<D:allprop/>`), []string{"Depth: 1"}, 400},
		{"entity", "PROPFIND", set, propfind(`<D:allprop>&a;</D:allprop>`), []string{"Depth: 1"}, 400},
		{"prefix without a namespace", "PROPFIND", set, propfind(`<D:prop><bar:foo/></D:prop>`), []string{"Depth: 1"}, 400},
		{"prefix bound to nothing", "PROPFIND", set, propfind(`<D:prop><b:foo xmlns:b=""/></D:prop>`), []string{"Depth: 1"}, 400},
		{"64 KiB and a byte", "PROPFIND", set, propfind(`<D:allprop/>`) + strings.Repeat(" ", 64<<10), []string{"Depth: 1"}, 413},
		{"names beyond reason", "PROPFIND", set, propfind(`<D:prop><x xmlns="` + strings.Repeat("u", 5000) + `"/></D:prop>`), []string{"Depth: 1"}, 413},
		{"options", "OPTIONS", file, "", nil, 200},
		{"unknown user", "GET", file, "", []string{"Authorization: Basic eDp5"}, 401},
		{"no user", "GET", file, "", []string{"Authorization: "}, 401},
		{"a guesser", "GET", file, "", []string{"Authorization: Basic Z3Vlc3Nlcjp5"}, 429},
		{"users cannot be told apart", "GET", file, "", []string{"Authorization: Basic bm9ib2R5LWtub3dzOnk="}, 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := d.ask(tt.method, tt.path, tt.body, tt.headers...)
			if w.Code != tt.want {
				t.Errorf("got %d, want %d", w.Code, tt.want)
			}
			for name, want := range map[string]string{
				"Cache-Control": "private, no-cache", "Vary": "Authorization", "X-Content-Type-Options": "nosniff",
				"DAV": "1", "MS-Author-Via": "DAV",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if w.Code == http.StatusMultiStatus {
				parseMultistatus(t, w.Body.Bytes())
			}
		})
	}
}

// unread fails the test when a handler reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestWritingIsRefusedBeforeTheBodyIsRead(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	for _, method := range []string{
		"PUT", "POST", "DELETE", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "PROPPATCH", "PATCH", "REPORT", "SEARCH", "TRACE",
	} {
		r := httptest.NewRequest(method, "/dav/teaching/Wounds/000013-Ulcer.jpg", unread{t})
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || w.Header().Get("Allow") != "OPTIONS, GET, HEAD, PROPFIND" {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
	if calls := d.gate.calls.Load(); calls != 0 {
		t.Errorf("the gate was asked %d times", calls)
	}
}

func TestPathsThatMeanSomethingElseOnceCleanedAreAbsent(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	for _, path := range []string{
		"/dav/teachingevil/", "/dav/teaching/../teaching/Wounds/", "/dav/teaching/./Wounds/", "/dav/teaching//Wounds/",
		"/dav/teaching/Wounds/..", "/dav/teaching/%2e%2e/teaching/", "/dav/teaching/Wounds%2F000013-Ulcer.jpg",
		"/dav/teaching/Wounds/%5C..%5C", "/dav/teaching/Wounds/000013-Ulcer.jpg%00", "/dav/teaching/Wounds/%FF",
		"/dav/teaching/Wounds/000013-Ulcer.jpg%0a", "/dav/teaching/a/b/c/d/e", "/dav/teaching/" + strings.Repeat("a", 256),
		"/dav/teaching/Wounds//", "/dav/teaching/Wounds/000013-Ulcer.jpg::$DATA", "/dav/teaching/part-002/000013-Ulcer.jpg",
		"/dav/teaching/Wounds/part-001/000013-Ulcer.jpg", "/dav/teaching/Wounds/part-002/", "/dav/teaching/Wounds/part-0002/",
	} {
		for _, method := range []string{"GET", "HEAD", "PROPFIND"} {
			r := &http.Request{Method: method, Header: http.Header{"Depth": {"1"}}, Body: http.NoBody}
			r.URL = httptest.NewRequest("GET", path, nil).URL
			r.SetBasicAuth("student", "x")
			w := httptest.NewRecorder()
			d.ServeHTTP(w, r)
			if w.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d, want 404", method, path, w.Code)
			}
		}
	}
}

func TestWithdrawnLooksLikeNeverThere(t *testing.T) {
	d := newDrive()
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg", "000020-Burn.jpg")
	const there, never = "/dav/teaching/Wounds/000013-Ulcer.jpg", "/dav/teaching/Wounds/000014-Ulcer.jpg"
	etag := d.ask("GET", there, "").Header().Get("ETag")
	before := d.ask("PROPFIND", "/dav/teaching/Wounds/", "", "Depth: 0")
	d.gate.withdraw(set, "000013-Ulcer.jpg")
	requests := [][]string{
		{"GET"},
		{"HEAD"},
		{"GET", "If-None-Match: " + etag},
		{"GET", "If-None-Match: *"},
		{"GET", "If-Match: " + etag},
		{"GET", `If-Match: "other"`},
		{"GET", "If-Modified-Since: " + day(9).Format(http.TimeFormat)},
		{"GET", "If-Unmodified-Since: " + day(-9).Format(http.TimeFormat)},
		{"GET", "Range: bytes=0-9"},
		{"GET", "Range: bytes=999999-"},
		{"HEAD", "If-None-Match: " + etag},
		{"GET", "Range: bytes=0-9", "If-Range: " + etag},
		{"PROPFIND", "Depth: 0"},
		{"PROPFIND", "Depth: 1"},
		{"PROPFIND"},
	}
	for _, r := range requests {
		t.Run(strings.Join(r, " "), func(t *testing.T) {
			got, want := d.ask(r[0], there, "", r[1:]...), d.ask(r[0], never, "", r[1:]...)
			if got.Code != http.StatusNotFound {
				t.Errorf("got %d, want 404", got.Code)
			}
			if diff := cmp.Diff(fingerprint(want), fingerprint(got)); diff != "" {
				t.Errorf("-never there +withdrawn:\n%s", diff)
			}
		})
	}
	if got := d.list(t, "/dav/teaching/Wounds/"); !cmp.Equal(got, []string{"/dav/teaching/Wounds/000020-Burn.jpg"}) {
		t.Errorf("listing: %v", got)
	}
	after := d.ask("PROPFIND", "/dav/teaching/Wounds/", "", "Depth: 0")
	if bytes.Equal(before.Body.Bytes(), after.Body.Bytes()) {
		t.Error("the folder's time did not move: caching clients would keep the name")
	}
}

func TestAGateThatCannotDecideIs503(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	for _, failure := range []error{clinical.ErrUnavailable, errors.New("a fault of ours"), clinical.ErrInvalid} {
		d.gate.fails.Store(&failure)
		for _, r := range [][2]string{{"GET", "/dav/teaching/Wounds/000013-Ulcer.jpg"}, {"PROPFIND", "/dav/teaching/"}} {
			w := d.ask(r[0], r[1], "", "Depth: 1")
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
				t.Errorf("%v %v: %d", failure, r, w.Code)
			}
			if strings.Contains(w.Body.String(), "fault") {
				t.Errorf("the answer tells what went wrong: %s", w.Body)
			}
		}
	}
}

func TestOneETagEverywhere(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	const file = "/dav/teaching/Wounds/000013-Ulcer.jpg"
	got, head := d.ask("GET", file, ""), d.ask("HEAD", file, "")
	listed := parseMultistatus(t, d.ask("PROPFIND", file, "", "Depth: 0").Body.Bytes())[0]
	etag := got.Header().Get("ETag")
	if etag == "" || head.Header().Get("ETag") != etag || listed.found["DAV: getetag"] != etag {
		t.Errorf("GET %s, HEAD %s, PROPFIND %s", etag, head.Header().Get("ETag"), listed.found["DAV: getetag"])
	}
	if fmt.Sprint(got.Body.Len()) != listed.found["DAV: getcontentlength"] ||
		head.Header().Get("Content-Length") != listed.found["DAV: getcontentlength"] {
		t.Errorf("lengths: GET %d, HEAD %s, PROPFIND %s", got.Body.Len(), head.Header().Get("Content-Length"),
			listed.found["DAV: getcontentlength"])
	}
	if code := d.ask("GET", file, "", "If-None-Match: "+etag).Code; code != http.StatusNotModified {
		t.Errorf("If-None-Match: %d, want 304", code)
	}
	if code := d.ask("GET", file, "", `If-Match: "x"`).Code; code != http.StatusPreconditionFailed {
		t.Errorf("If-Match: %d, want 412", code)
	}
}

func TestRanges(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	const file = "/dav/teaching/Wounds/000013-Ulcer.jpg"
	whole := d.ask("GET", file, "").Body.String()
	tests := []struct {
		header, want string
		code         int
	}{
		{"bytes=0-9", whole[:10], 206},
		{"bytes=100-", whole[100:], 206},
		{"bytes=-7", whole[len(whole)-7:], 206},
		{"bytes=10-10", whole[10:11], 206},
		{"bytes=0-1,5-6", whole, 200},
		{"lines=1-2", whole, 200},
		{"nonsense", whole, 200},
	}
	for _, tt := range tests {
		w := d.ask("GET", file, "", "Range: "+tt.header)
		if w.Code != tt.code || w.Body.String() != tt.want {
			t.Errorf("%s: %d, %d bytes; want %d, %d bytes", tt.header, w.Code, w.Body.Len(), tt.code, len(tt.want))
		}
	}
	for _, header := range []string{"bytes=999999-", "bytes=-0", "bytes=-000", "bytes= -0"} {
		w := d.ask("GET", file, "", "Range: "+header)
		if got := w.Header().Get("Content-Range"); w.Code != http.StatusRequestedRangeNotSatisfiable || got != fmt.Sprintf("bytes */%d", len(whole)) {
			t.Errorf("%s: %d, Content-Range %q; want 416 and the size", header, w.Code, got)
		}
	}
}

func TestIdentifiablePicturesAreNotStored(t *testing.T) {
	d := newDrive()
	set := d.gate.addSet("Faces", "000013-Face.jpg")
	d.gate.change(func(w *world) {
		for _, p := range w.find(set).pictures {
			p.noStore = true
		}
	})
	if got := d.ask("GET", "/dav/teaching/Faces/000013-Face.jpg", "").Header().Get("Cache-Control"); got != "private, no-cache, no-store" {
		t.Errorf("Cache-Control: %s", got)
	}
}

func TestACredentialForOneSetReachesNoOther(t *testing.T) {
	d := newDrive()
	d.auth.narrow = []clinical.SetID{d.gate.addSet("Wounds", "000013-Ulcer.jpg")}
	d.gate.addSet("Burns", "000013-Burn.jpg")
	const narrow = "Authorization: Basic bmFycm93Ong="
	listed := parseMultistatus(t, d.ask("PROPFIND", "/dav/teaching/", "", "Depth: 1", narrow).Body.Bytes())
	if len(listed) != 2 || listed[1].path != "/dav/teaching/Wounds/" {
		t.Errorf("root: %v", listed)
	}
	refused := d.ask("GET", "/dav/teaching/Burns/000013-Burn.jpg", "", narrow)
	never := d.ask("GET", "/dav/teaching/Burns/000014-Burn.jpg", "", narrow)
	if diff := cmp.Diff(fingerprint(never), fingerprint(refused)); diff != "" || refused.Code != http.StatusNotFound {
		t.Errorf("%d\n%s", refused.Code, diff)
	}
}

func TestASetThatLeftTheMountIsNotListed(t *testing.T) {
	d := newDrive()
	set := d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	d.gate.addSet("Burns")
	d.gate.change(func(w *world) { w.find(set).folder.Set.Status = clinical.SetClosed })
	if diff := cmp.Diff([]string{"/dav/teaching/Burns/"}, d.list(t, "/dav/teaching/")); diff != "" {
		t.Error(diff)
	}
}

// What is asked for in vain is nothing to who asks, and something to the gate.
func TestTheGateHearsOfWhatIsAskedForInVain(t *testing.T) {
	d := newDrive()
	d.gate.addSet("Wounds", "000013-Ulcer.jpg")
	var heard []string
	d.gate.missed = func(folder, name string) { heard = append(heard, folder+" "+name) }
	for _, path := range []string{"Wounds/000013-Ulcer.jpg", "Wounds/", "Wounds/000014-Gone.jpg", "Burns/", "Wounds/1001-2000/000015-Gone.jpg"} {
		d.ask("GET", "/dav/teaching/"+path, "")
	}
	if diff := cmp.Diff([]string{"Wounds 000014-Gone.jpg", "Burns ", "Wounds 000015-Gone.jpg"}, heard); diff != "" {
		t.Error(diff)
	}
}
