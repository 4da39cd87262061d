package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/internal/demo"
	"fovea/server/wire"
)

// patientNumber is a valid NHS number of the range that is kept for tests.
const patientNumber = "9434765919"

// house is a whole system in a folder: a real vault, index, gate and doors, a
// studio whose folder is watched, and a handful of people.
type house struct {
	testing.TB
	cfg     config
	log     safeBuffer
	sys     *system
	url     string
	stop    func()
	people  map[string]clinical.PersonID
	patient clinical.PatientID
	secrets map[string]string // app passwords by login
	clients map[string]*http.Client
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.b.Bytes())
}

// newHouse makes DATA and the people, and leaves it closed.
func newHouse(tb testing.TB) *house {
	tb.Helper()
	dir := tb.TempDir()
	h := &house{
		TB: tb, people: map[string]clinical.PersonID{}, secrets: map[string]string{}, clients: map[string]*http.Client{},
		cfg: config{
			Data: filepath.Join(dir, "data"), Listen: "127.0.0.1:0", Zone: "Europe/Paris", Sandbox: "warn", Runtime: filepath.Join(dir, "run"),
			Identifiers: []identifierYAML{{System: "nhs", Label: "NHS number", Pattern: "[0-9]{10}", Check: string(clinical.Mod11)}},
			Studios:     []studioYAML{{ID: "studio-a", Name: "Studio A", Folder: filepath.Join(dir, "studio"), Specialty: "dermatology", Rules: []string{"ticket"}, Dispose: "done"}},
			Timing:      timingYAML{Settle: duration(50 * time.Millisecond), Quiet: duration(200 * time.Millisecond), Poll: duration(100 * time.Millisecond)},
		},
	}
	h.check(h.cfg.check())
	h.check(os.Mkdir(h.cfg.Studios[0].Folder, 0o700))
	_, err := initData(tb.Context(), h.cfg, nil, quiet(&h.log))
	h.check(err)
	return h
}

func (h *house) check(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// start serves until the test ends or stop is called.
func (h *house) start() {
	h.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan *system, 1), make(chan error, 1)
	var said safeBuffer
	go func() {
		ended <- serve(ctx, h.cfg, &said, &h.log, func(_ context.Context, s *system) error {
			ready <- s
			return nil
		})
	}()
	select {
	case h.sys = <-ready:
	case err := <-ended:
		cancel()
		h.Fatalf("serve: %v\n%s", err, h.log.bytes())
	}
	h.eventually("ready is said", func() bool {
		_, at, found := strings.Cut(strings.TrimSpace(string(said.bytes())), "ready ")
		h.url = at
		return found
	})
	h.stop = sync.OnceFunc(func() {
		for _, c := range h.clients {
			c.CloseIdleConnections()
		}
		clear(h.clients)
		cancel()
		if err := <-ended; err != nil {
			h.Errorf("stop: %v", err)
		}
	})
	h.Cleanup(h.stop)
}

// eventually polls until done, at most half a minute.
func (h *house) eventually(what string, done func() bool) {
	h.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit.C:
			h.Fatalf("%s: not within 30 s\n%s", what, h.log.bytes())
		}
	}
}

// do commits a command as somebody, or as the operator for "".
func (h *house) do(login string, cmd clinical.Command) clinical.Change {
	h.Helper()
	ch, err := h.sys.gate.Do(h.Context(), clinical.Caller{Person: h.people[login], Operator: "test", Door: clinical.DoorCLI}, cmd)
	h.check(err)
	return ch
}

// populate adds the people and the patient.
func (h *house) populate() {
	h.Helper()
	for _, p := range []clinical.Person{
		{Login: "mirabelle", Name: "Mirabelle Fotografin", Role: clinical.Photographer, Studios: []clinical.StudioID{"studio-a"}},
		{Login: "carlotta", Name: "Carlotta Behandlerin", Role: clinical.Clinician, Specialty: "dermatology"},
		{Login: "ottokar", Name: "Ottokar Fremder", Role: clinical.Clinician, Specialty: "cardiology"},
		{Login: "edeltraud", Name: "Edeltraud Lehrerin", Role: clinical.Educator, Specialty: "dermatology"},
		{Login: "stanislaus", Name: "Stanislaus Student", Role: clinical.Student, TermEnds: clinical.Date{Year: 2099, Month: 12, Day: 31}},
	} {
		id := h.do("", clinical.AddPerson{Person: p}).People[0].ID
		h.people[p.Login] = id
		app, err := h.sys.login.IssueAppPassword(h.Context(), id, "test", nil, 90)
		h.check(err)
		h.secrets[p.Login] = app.Secret
	}
	h.patient = h.do("mirabelle", clinical.AddPatient{Patient: clinical.Patient{
		Family: "Fontaineau", Given: "Aurelienne", Born: clinical.Date{Year: 1961, Month: 3, Day: 3},
		Identifiers: []clinical.Identifier{{System: "nhs", Value: patientNumber}},
	}}).Patients[0].ID
	h.do("mirabelle", clinical.OpenEncounter{Encounter: clinical.Encounter{
		Patient: h.patient, Specialty: "dermatology", Team: []clinical.PersonID{h.people["carlotta"]},
	}})
}

// drawn draws n small pictures.
func (h *house) drawn(n int) map[string][]byte {
	h.Helper()
	out := map[string][]byte{}
	for i := range n {
		b, err := demo.Picture(demo.LegUlcer, uint64(i), demo.Options{
			Taken: time.Date(2026, 3, 9, 10, i, 0, 0, time.UTC), Height: 240, Camera: demo.Camera{Make: "Canon", Model: "EOS", Serial: "1"},
		})
		h.check(err)
		out["IMG_"+string(rune('A'+i))+".JPG"] = b
	}
	return out
}

// drop lays files into the studio's folder as a careful copier does: whole, and
// a ticket before them.
func (h *house) drop(files map[string][]byte) {
	h.Helper()
	ticket, err := json.Marshal(map[string]any{
		"fovea": "ticket/1", "patient": map[string]string{"system": "nhs", "number": patientNumber},
		"caption": "Unterschenkelgeschwuer", "keywords": []string{"kompressionsverband"},
	})
	h.check(err)
	h.land("ticket.json", ticket)
	for name, b := range files {
		h.land(name, b)
	}
}

func (h *house) land(name string, b []byte) {
	h.Helper()
	path := filepath.Join(h.cfg.Studios[0].Folder, name)
	h.check(os.WriteFile(path+".part", b, 0o600))
	h.check(os.Rename(path+".part", path))
}

// ask sends a request as somebody, on a connection of their own that is kept.
func (h *house) ask(ctx context.Context, login, method, path string, header ...string) (*http.Response, []byte) {
	h.Helper()
	if h.clients[login] == nil {
		pem, err := os.ReadFile(filepath.Join(h.cfg.tlsDir(), "ca.pem"))
		h.check(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		h.clients[login] = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, MaxConnsPerHost: 1}}
	}
	req, err := http.NewRequestWithContext(ctx, method, h.url+path, http.NoBody)
	h.check(err)
	req.SetBasicAuth(login, h.secrets[login])
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := h.clients[login].Do(req)
	h.check(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	h.check(err)
	return res, body
}

// found is how many pictures somebody finds.
func (h *house) found(login, text string) int {
	h.Helper()
	var hits wire.Hits
	if code, body := h.post(login, http.MethodPost, "/search", map[string]string{"q": text}, &hits); code != http.StatusOK {
		h.Fatalf("search: %d %s", code, body)
	}
	return hits.Total
}

// listing is what the drive shows in a folder: paths of pictures.
func (h *house) listing(login, path string) []string {
	h.Helper()
	res, body := h.ask(h.Context(), login, "PROPFIND", path, "Depth", "1")
	if res.StatusCode != http.StatusMultiStatus {
		return nil
	}
	var m struct {
		Hrefs []string `xml:"DAV: response>href"`
	}
	h.check(xml.Unmarshal(body, &m))
	return slices.DeleteFunc(m.Hrefs, func(href string) bool { return !strings.HasSuffix(href, ".jpg") })
}

// assets are the pictures kept, by the name of their file; two of one name fail the test.
func (h *house) assets() map[string]clinical.Asset {
	h.Helper()
	latest := map[clinical.AssetID]clinical.Asset{}
	_, err := h.sys.vault.Load(h.Context(), func(d clinical.Delta) error {
		for _, a := range d.Assets {
			latest[a.ID] = a
		}
		return nil
	})
	h.check(err)
	out := map[string]clinical.Asset{}
	for _, a := range latest {
		if _, twice := out[a.Name]; twice {
			h.Errorf("%s is kept twice", a.Name)
		}
		out[a.Name] = a
	}
	return out
}
