package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
)

const setName = "Offene Unterschenkel"

// release puts every picture into a set that stanislaus may mount, under a
// consent, and returns the set's path on the drive.
func (h *house) release() string {
	h.Helper()
	var ids []clinical.AssetID
	for _, a := range h.assets() {
		ids = append(ids, a.ID)
	}
	h.eventually("known to the gate", func() bool {
		return !slices.ContainsFunc(ids, func(id clinical.AssetID) bool {
			_, err := h.sys.gate.Asset(h.Context(), clinical.Caller{Person: h.people["mirabelle"], Door: clinical.DoorAPI}, id)
			return err != nil
		})
	})
	set := h.do("edeltraud", clinical.CreateSet{Set: clinical.TeachingSet{
		Name: setName, Title: setName, Purpose: clinical.P2, Audience: clinical.A2, Roster: []clinical.PersonID{h.people["stanislaus"]},
	}}).Sets[0].ID
	h.do("mirabelle", clinical.AddToSet{Set: set, Assets: ids})
	h.do("mirabelle", clinical.ClassifyAssets{Assets: ids, Sensitivity: clinical.Plain, NoIdentifyingFeature: true})
	h.consent(ids)
	h.do("edeltraud", clinical.PublishSet{Set: set})
	return "/dav/teaching/Offene%20Unterschenkel/"
}

func (h *house) consent(ids []clinical.AssetID) {
	h.Helper()
	h.do("mirabelle", clinical.RecordConsent{Grant: clinical.Grant{
		Patient: h.patient, Status: clinical.GrantGiven, Mode: clinical.Written, Capacity: clinical.AdultCapacity,
		Purposes: []clinical.Purpose{clinical.P2}, Audience: clinical.A2, Level: clinical.I1,
		Channels: clinical.ViewOnScreen | clinical.Mount, Covers: clinical.Cover{Assets: ids},
	}})
}

// TestPhotoLandsIsReleasedAndWithdrawn walks the whole path on a system as it
// is run, and then looks for what must not be found.
func TestPhotoLandsIsReleasedAndWithdrawn(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	h.drop(h.drawn(1))
	h.eventually("searchable by who treats the patient", func() bool { return h.found("carlotta", "kompressionsverband") == 1 })
	if n := h.found("ottokar", ""); n != 0 {
		t.Errorf("who does not treat the patient finds %d", n)
	}
	if n := h.found("edeltraud", ""); n != 0 {
		t.Errorf("an educator finds %d before anything is released", n)
	}

	folder := h.release()
	h.eventually("on the drive", func() bool { return len(h.listing("stanislaus", folder)) == 1 })
	picture := h.listing("stanislaus", folder)[0]
	before, body := h.ask(t.Context(), "stanislaus", http.MethodGet, picture)
	if before.StatusCode != http.StatusOK || !bytes.HasPrefix(body, []byte{0xFF, 0xD8, 0xFF}) {
		t.Fatalf("the picture: %s, %d bytes", before.Status, len(body))
	}

	h.do("carlotta", clinical.WithdrawConsent{Patient: h.patient})
	reused := false
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }})
	gone, goneBody := h.ask(ctx, "stanislaus", http.MethodGet, picture)
	if !reused {
		t.Error("the request after the withdrawal opened a new connection; the test wants the old one")
	}
	never, neverBody := h.ask(t.Context(), "stanislaus", http.MethodGet, folder+"000999%20Never.jpg")
	gone.Header.Del("Date")
	never.Header.Del("Date")
	if gone.StatusCode != http.StatusNotFound || never.StatusCode != http.StatusNotFound {
		t.Errorf("withdrawn %s, never there %s, want 404 for both", gone.Status, never.Status)
	}
	if diff := cmp.Diff(never.Header, gone.Header); diff != "" || !bytes.Equal(goneBody, neverBody) {
		t.Errorf("withdrawn differs from never there (-never +withdrawn):\n%s", diff)
	}
	if l := h.listing("stanislaus", folder); len(l) != 0 {
		t.Errorf("listed after the withdrawal: %v", l)
	}
	if n := h.found("carlotta", "kompressionsverband"); n != 1 {
		t.Errorf("care lost the picture: %d found", n)
	}

	h.consent([]clinical.AssetID{slices.Collect(maps.Values(h.assets()))[0].ID})
	h.stop()
	h.start()
	h.eventually("on the drive after a new consent and a restart", func() bool { return len(h.listing("stanislaus", folder)) == 1 })
	again, _ := h.ask(t.Context(), "stanislaus", http.MethodGet, picture)
	if want, got := before.Header.Get("ETag"), again.Header.Get("ETag"); got != want || again.StatusCode != http.StatusOK {
		t.Errorf("after a new consent: %s, ETag %s, want %s", again.Status, got, want)
	}
	h.stop()
	h.nothingInPlain()
}

// nothingInPlain scans DATA and the log.
func (h *house) nothingInPlain() {
	h.Helper()
	secret := []string{
		"Fontaineau", "Aurelienne", patientNumber, "943 476 5919", "Unterschenkel", "Unterschenkelgeschwuer", "kompressionsverband",
		"mirabelle", "carlotta", "stanislaus", "Stanislaus Student", setName, "IMG_A",
	}
	scan := func(where string, b []byte) {
		lower := bytes.ToLower(b)
		for _, s := range secret {
			if bytes.Contains(lower, bytes.ToLower([]byte(s))) {
				h.Errorf("%s holds %q in plain", where, s)
			}
		}
		for at := 0; ; at++ {
			i := bytes.Index(b[at:], []byte{0xFF, 0xD8, 0xFF})
			if i < 0 {
				return
			}
			at += i
			if head := b[at:min(at+16, len(b))]; bytes.Contains(head, []byte("JFIF")) || bytes.Contains(head, []byte("Exif")) {
				h.Errorf("%s holds a picture in plain", where)
			}
		}
	}
	scan("the log", h.log.bytes())
	h.check(filepath.WalkDir(h.cfg.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		scan(filepath.Base(path), b)
		scan("a file name", []byte(filepath.Base(path)))
		return err
	}))
}

// TestKilledServerLosesNothingAndKeepsNothingTwice kills a server with SIGKILL
// while files land, three times, and then lets one finish.
func TestKilledServerLosesNothingAndKeepsNothingTwice(t *testing.T) {
	const files, kills = 12, 3
	h := newHouse(t)
	h.start()
	h.populate()
	h.stop()
	path := h.file()

	landed := h.drawn(files)
	h.drop(landed)
	for range kills {
		h.kill(path, h.done()+rand.IntN(files/kills+1))
	}
	taken := h.doneFiles()
	t.Logf("killed %d times; %d of %d files were disposed of", kills, len(taken), files)

	h.start()
	for _, name := range taken { // acknowledged: its source is gone from where it landed
		if _, kept := h.assets()[name]; !kept {
			t.Errorf("%s was disposed of and is not kept", name)
		}
	}
	h.eventually("every file is kept", func() bool { return len(h.assets()) == files && h.done() == files })
	for name, a := range h.assets() {
		want := sha256.Sum256(landed[name])
		if a.State != clinical.Filed || a.Original.SHA256 != want {
			t.Errorf("%s: %s, bytes differ: %t", name, a.State, a.Original.SHA256 != want)
		}
		content, err := h.sys.vault.Open(t.Context(), a.Original.ID)
		h.check(err)
		b, err := io.ReadAll(content)
		if err != nil || sha256.Sum256(b) != want {
			t.Errorf("%s does not read back: %v", name, err)
		}
		h.check(content.Close())
	}
	h.eventually("search agrees", func() bool { return h.found("carlotta", "kompressionsverband") == files })
	report, err := h.sys.vault.Fsck(t.Context(), vault.FsckOptions{Deep: true})
	if err != nil || !report.Clean() {
		t.Errorf("fsck: %+v, %v", report, err)
	}
}

// file writes the configuration down, for a server of its own.
func (h *house) file() string {
	h.Helper()
	studio := h.cfg.Studios[0]
	path := filepath.Join(h.TempDir(), "fovea.yaml")
	h.check(os.WriteFile(path, fmt.Appendf(nil, `
data: %q
runtime: %q
listen: %s
identifiers: [{system: nhs, label: NHS number, pattern: "[0-9]{10}", check: nhs-mod11}]
studios: [{id: %s, folder: %q, rules: [ticket], dispose: done}]
timing: {settle: 50ms, quiet: 200ms, poll: 100ms}
`, h.cfg.Data, h.cfg.Runtime, h.cfg.Listen, studio.ID, studio.Folder), 0o600))
	return path
}

// kill runs a server until so many files were disposed of, then kills it.
func (h *house) kill(conf string, at int) {
	h.Helper()
	server := exec.CommandContext(h.Context(), "fovea", "--config", conf, "serve")
	server.Stdout, server.Stderr = &h.log, &h.log
	h.check(server.Start())
	h.eventually("enough files are taken in to kill the server", func() bool { return h.done() >= at })
	h.check(server.Process.Kill())
	_ = server.Wait() // it was killed
}

// done is how many files were disposed of.
func (h *house) done() int { return len(h.doneFiles()) }

func (h *house) doneFiles() []string {
	h.Helper()
	found, err := filepath.Glob(filepath.Join(h.cfg.Studios[0].Folder, "done", "*", "*.JPG"))
	h.check(err)
	for i, path := range found {
		found[i] = filepath.Base(path)
	}
	return found
}
