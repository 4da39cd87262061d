package main

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/ingest/label"
	"fovea/internal/demo"
)

func TestUploadsAreSealedOnTheStage(t *testing.T) {
	dir := t.TempDir()
	s, err := newSealedStage(dir, [32]byte{1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("a picture of somebody "), 20_000)
	if n, err := s.Seal(t.Context(), "one", bytes.NewReader(text)); err != nil || n != int64(len(text)) {
		t.Fatal(n, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "one"))
	if err != nil || bytes.Contains(raw, []byte("somebody")) {
		t.Errorf("in plain on the disk, %v", err)
	}
	read := func(s *sealedStage, name string) ([]byte, error) {
		c, err := s.Open(t.Context(), name)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(c)
		return b, errors.Join(err, c.Close())
	}
	if got, err := read(s, "one"); err != nil || !bytes.Equal(got, text) {
		t.Errorf("read back: %d bytes, %v", len(got), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "two"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(s, "two"); err == nil {
		t.Error("a file passes for another")
	}
	for _, at := range []int{len(raw) - 1, len(raw) / 2, 30} {
		bad := bytes.Clone(raw)
		bad[at] ^= 1
		if err := os.WriteFile(filepath.Join(dir, "one"), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(s, "one"); err == nil {
			t.Errorf("byte %d was changed and nobody noticed", at)
		}
	}
	other, err := newSealedStage(dir, [32]byte{2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(other, "one"); err == nil {
		t.Error("another key opens it")
	}
	if err := s.Keep(t.Context(), func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "one"); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("after it was removed: %v", err)
	}
	full, err := newSealedStage(dir, [32]byte{1}, 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := full.Seal(t.Context(), "three", strings.NewReader("x")); clinical.ReasonOf(err) != "disk-full" {
		t.Errorf("on a full disk: %v", err)
	}
	broken := errors.New("cut off")
	if _, err := s.Seal(t.Context(), "four", io.MultiReader(strings.NewReader("x"), failing{broken})); !errors.Is(err, broken) {
		t.Errorf("an upload that is cut off: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// upload puts a file onto the drive as somebody who has asked for something before.
func (h *house) upload(login, path string, b []byte) int {
	h.Helper()
	req, err := http.NewRequestWithContext(h.Context(), http.MethodPut, h.url+path, bytes.NewReader(b))
	h.check(err)
	req.SetBasicAuth(login, h.secrets[login])
	res, err := h.clients[login].Do(req)
	h.check(err)
	h.check(res.Body.Close())
	return res.StatusCode
}

// TestAnUploadLandsInItsStudio puts pictures into a studio's inbox on a system as it is run, stops it before they have
// settled, and finds them kept after the next start: gone from the inbox and told of in receipts.
func TestAnUploadLandsInItsStudio(t *testing.T) {
	h := newHouse(t)
	h.cfg.Timing.Quiet = duration(time.Hour)
	h.start()
	h.populate()
	const inbox = "/dav/inbox/studio-a/"
	for login, want := range map[string]int{"mirabelle": http.StatusMultiStatus, "carlotta": http.StatusNotFound, "stanislaus": http.StatusNotFound} {
		if res, _ := h.ask(t.Context(), login, "PROPFIND", inbox, "Depth", "1"); res.StatusCode != want {
			t.Errorf("%s lists the inbox: %s, want %d", login, res.Status, want)
		}
	}
	ticket := `{"fovea":"ticket/1","patient":{"system":"nhs","number":"` + patientNumber + `"},"caption":"Unterschenkelgeschwuer"}`
	if got := h.upload("mirabelle", inbox+"ticket.json", []byte(ticket)); got != http.StatusCreated {
		t.Fatalf("the ticket: %d", got)
	}
	for name, b := range h.drawn(2) {
		if got := h.upload("mirabelle", inbox+name, b); got != http.StatusCreated {
			t.Fatalf("%s: %d", name, got)
		}
	}
	if got := h.upload("mirabelle", inbox+"notes.txt", []byte("of Aurelienne Fontaineau")); got != http.StatusCreated {
		t.Fatalf("a text: %d", got)
	}
	if got := h.upload("carlotta", inbox+"other.jpg", []byte("x")); got != http.StatusNotFound {
		t.Errorf("somebody of no studio writes: %d", got)
	}
	h.stop()
	h.nothingInPlain()
	h.cfg.Timing.Quiet = duration(200 * time.Millisecond)
	h.start()
	h.eventually("kept", func() bool { return len(h.assets()) == 3 })
	for name, a := range h.assets() {
		want := clinical.Filed
		if name == "notes.txt" {
			want = clinical.Quarantined
		}
		if a.State != want {
			t.Errorf("%s is %v (%s), want %v", name, a.State, a.Reason, want)
		}
	}
	h.eventually("the inbox is empty", func() bool {
		_, body := h.ask(t.Context(), "mirabelle", "PROPFIND", inbox, "Depth", "1")
		return strings.Count(string(body), "<D:response>") == 2
	})
	if res, _ := h.ask(t.Context(), "mirabelle", http.MethodGet, inbox+"IMG_A.JPG"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a picture that was kept is read back: %s", res.Status)
	}
	for name, want := range map[string]string{
		"IMG_A.JPG": "Kept. It is in the library", "IMG_B.JPG": "Kept. It is in the library", "notes.txt": "waiting for a person", "ticket.json": "Used to file",
	} {
		if _, body := h.ask(t.Context(), "mirabelle", http.MethodGet, inbox+"_receipts/"+name+".txt"); !strings.Contains(string(body), want) {
			t.Errorf("the receipt of %s: %q", name, body)
		}
	}
	h.stop()
	h.nothingInPlain()
}

// half is a picture whose sender goes away in the middle.
type half struct {
	io.Reader
	gone error
}

func (h half) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if err == io.EOF {
		err = h.gone
	}
	return n, err
}

// TestACutUploadIsSentAgain cuts the connection in the middle of a picture: nothing is there, nothing is kept and nothing
// lies on the stage. Sent again, and once more, it is one picture; sent again after it was taken, it still is, and the
// ledger has each sending with its device.
func TestACutUploadIsSentAgain(t *testing.T) {
	h := newHouse(t)
	h.cfg.Timing.Quiet = duration(500 * time.Millisecond)
	h.start()
	h.populate()
	const inbox = "/dav/inbox/studio-a/"
	listed := func() int { // with the folder of receipts
		_, body := h.ask(t.Context(), "mirabelle", "PROPFIND", inbox, "Depth", "1")
		return strings.Count(string(body), "<D:response>") - 1
	}
	listed()
	ticket := []byte(`{"fovea":"ticket/1","patient":{"system":"nhs","number":"` + patientNumber + `"}}`)
	if got := h.upload("mirabelle", inbox+"ticket.json", ticket); got != http.StatusCreated {
		t.Fatalf("the ticket: %d", got)
	}
	picture := h.drawn(1)["IMG_A.JPG"]
	gone := errors.New("the laptop was closed")
	for _, said := range []int64{int64(len(picture)), -1} { // and in chunks
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, h.url+inbox+"IMG_A.JPG", half{bytes.NewReader(picture[:len(picture)/2]), gone})
		h.check(err)
		req.ContentLength = said
		req.SetBasicAuth("mirabelle", h.secrets["mirabelle"])
		if res, err := h.clients["mirabelle"].Do(req); err == nil {
			t.Fatalf("half a picture: %s", res.Status)
		}
	}
	h.eventually("nothing is left of the halves", func() bool {
		staged, err := os.ReadDir(filepath.Join(h.cfg.Data, "stage"))
		return err == nil && len(staged) == 1 // the ticket
	})
	if got := listed(); got != 2 || len(h.assets()) != 0 {
		t.Errorf("after the cut %d are listed and %d kept", got, len(h.assets()))
	}
	for i, want := range []int{http.StatusCreated, http.StatusNoContent} {
		if got := h.upload("mirabelle", inbox+"IMG_A.JPG", picture); got != want {
			t.Errorf("sent again, %d: %d", i+1, got)
		}
	}
	h.eventually("it is kept", func() bool { return len(h.assets()) == 1 && listed() == 1 })
	if got := h.upload("mirabelle", inbox+"ticket.json", ticket); got != http.StatusCreated {
		t.Fatalf("the ticket: %d", got)
	}
	if got := h.upload("mirabelle", inbox+"IMG_A.JPG", picture); got != http.StatusCreated {
		t.Errorf("sent after it was taken: %d", got)
	}
	h.eventually("it is known", func() bool {
		_, receipt := h.ask(t.Context(), "mirabelle", http.MethodGet, inbox+"_receipts/IMG_A.JPG.txt")
		return strings.Contains(string(receipt), "Kept before")
	})
	if got := h.assets(); len(got) != 1 || got["IMG_A.JPG"].State != clinical.Filed {
		t.Errorf("kept: %v", got)
	}
	sent, err := h.sys.vault.Events(t.Context(), clinical.EventQuery{Acts: []clinical.Act{clinical.ActUploaded}, Limit: 100})
	h.check(err)
	pictures := 0
	for _, e := range sent {
		if e.Caller.Device == "" || e.Caller.Agent == "" || e.Caller.Door != clinical.DoorWebDAV || e.Caller.Person != h.people["mirabelle"] {
			t.Errorf("sent by %+v", e.Caller)
		}
		if e.Count == len(picture) {
			pictures++
		}
	}
	if pictures != 3 || len(sent) != 5 {
		t.Errorf("the ledger has %d uploads, %d of them the picture", len(sent), pictures)
	}
}

// TestIDShotsSeparateWhatComesThroughAnInbox delivers two patients' runs of one camera, whose counter goes from 9999 to
// 0001 between them, with real codes in real pictures: by name the first run's label comes last. Both are filed as they
// would be from the studio's folder.
func TestIDShotsSeparateWhatComesThroughAnInbox(t *testing.T) {
	h := newHouse(t)
	h.cfg.Studios[0].Rules = []string{"id-shot"}
	h.cfg.Timing.Quiet = duration(500 * time.Millisecond)
	h.start()
	h.populate()
	second := h.do("mirabelle", clinical.AddPatient{Patient: clinical.Patient{
		Family: "Zweitname", Born: clinical.Date{Year: 1950, Month: 5, Day: 5}, Identifiers: []clinical.Identifier{{System: "nhs", Value: "4010232137"}},
	}}).Patients[0].ID
	owners := map[string]clinical.PatientID{"26-0001": h.patient, "26-0002": second}
	for number, patient := range owners {
		h.do("mirabelle", clinical.AddJobs{Jobs: []clinical.Job{{Number: number, Patient: patient, Specialty: "dermatology"}}})
	}
	want := map[string]clinical.PatientID{}
	h.listing("mirabelle", "/dav/inbox/studio-a/") // signs in
	for i, f := range []struct {
		name, job string
		kind      label.Kind
	}{
		{"IMG_9998.JPG", "26-0001", label.Job},
		{"IMG_9999.JPG", "26-0001", 0},
		{"IMG_0001.JPG", "26-0001", label.End},
		{"IMG_0002.JPG", "26-0002", label.Job},
		{"IMG_0003.JPG", "26-0002", 0},
		{"IMG_0004.JPG", "26-0002", label.End},
	} {
		kind, o := demo.LegUlcer, demo.Options{
			Taken: time.Date(2026, 3, 9, 10, i, 0, 0, time.UTC), Height: 480, Camera: demo.Camera{Make: "Canon", Model: "EOS", Serial: "100200300"},
		}
		if f.kind != 0 {
			text, err := label.Payload{Kind: f.kind, Number: f.job}.Text()
			h.check(err)
			kind, o.Payload = demo.Label, text
		}
		b, err := demo.Picture(kind, uint64(i), o)
		h.check(err)
		if got := h.upload("mirabelle", "/dav/inbox/studio-a/"+f.name, b); got != http.StatusCreated {
			t.Fatalf("%s: %d", f.name, got)
		}
		want[f.name] = owners[f.job]
	}
	h.eventually("all are filed", func() bool {
		kept := h.assets()
		return len(kept) == len(want) && !slices.ContainsFunc(slices.Collect(maps.Values(kept)), func(a clinical.Asset) bool { return a.State == clinical.Provisional })
	})
	for name, a := range h.assets() {
		if a.State != clinical.Filed || a.Patient != want[name] {
			t.Errorf("%s is %v (%s), of the right patient: %t", name, a.State, a.Reason, a.Patient == want[name])
		}
	}
}
