package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fovea/clinical"
	"fovea/ingest"
)

// exposure is what a test picture's camera wrote into it.
type exposure struct {
	At     time.Time `json:",omitzero"`
	Serial string
	Number string
	Labels []string // what its labels say
	Blind  bool     // its pixels cannot be looked at
	Salt   int      // makes it unlike every other picture
}

// picture draws a small JPEG with the exposure in a comment segment.
func picture(tb testing.TB, e exposure) []byte {
	tb.Helper()
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	img.SetGray(e.Salt%16, e.Salt/16%16, color.Gray{Y: uint8(e.Salt)})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		tb.Fatal(err)
	}
	note, err := json.Marshal(e)
	if err != nil {
		tb.Fatal(err)
	}
	segment := append([]byte{0xFF, 0xFE, byte((len(note) + 2) >> 8), byte(len(note) + 2)}, note...)
	return slices.Concat(b.Bytes()[:2], segment, b.Bytes()[2:])
}

func exposureOf(src io.ReaderAt, size int64) exposure {
	b, _ := io.ReadAll(io.NewSectionReader(src, 0, size))
	var e exposure
	if len(b) > 6 && b[2] == 0xFF && b[3] == 0xFE {
		n := int(b[4])<<8 | int(b[5])
		_ = json.Unmarshal(b[6:min(len(b), 4+n)], &e)
	}
	return e
}

func readCapture(_ context.Context, src io.ReaderAt, size int64, _ string) (clinical.Capture, error) {
	e := exposureOf(src, size)
	return clinical.Capture{Local: e.At, At: e.At, Serial: e.Serial, FileNumber: e.Number, Make: "Test"}, nil
}

func readLabels(_ context.Context, src io.ReaderAt, size int64, _ string) ([]string, error) {
	e := exposureOf(src, size)
	if e.Blind {
		return nil, clinical.Errorf(clinical.Invalid, "cannot be decoded")
	}
	return e.Labels, nil
}

// world is a studio with its folder, a vault and a clock of its own.
type world struct {
	t      *testing.T
	vault  *vault
	folder string
	opt    ingest.Options
	logs   *logs
	salt   int
}

type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func nhs() clinical.IdentifierRule {
	return clinical.IdentifierRule{System: "nhs", Label: "NHS number", Check: clinical.Mod11}
}

// newWorld makes a studio with the given rules, inside a synctest bubble.
func newWorld(t *testing.T, rules ...ingest.Rule) *world {
	t.Helper()
	w := &world{t: t, vault: newVault(), folder: t.TempDir(), logs: &logs{}}
	w.opt = ingest.Options{
		Studios: []ingest.Studio{{
			ID: "studio-a", Name: "Studio A", Folder: w.folder, Specialty: "dermatology", Rules: rules,
			Dispose: ingest.DisposeDelete,
			Pattern: `(?P<job>[0-9]{2}-[0-9]{4})_.*|P(?P<patient>[0-9]{10})_.*`, PatternSystem: "nhs",
		}},
		Keeper: w.vault, Register: w.vault, Archive: w.vault, Journal: w.vault,
		Capture: readCapture, Labels: readLabels,
		Rules:    []clinical.IdentifierRule{nhs()},
		NoEvents: true, Log: slog.New(slog.NewTextHandler(w.logs, nil)),
	}
	return w
}

// bubble runs f where time passes only when everybody waits.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// patient registers a patient with an NHS number.
func (w *world) patient(number string, change ...func(*clinical.Patient)) clinical.Patient {
	w.t.Helper()
	id, err := nhs().Parse(number)
	if err != nil {
		w.t.Fatal(err)
	}
	p := clinical.Patient{ID: clinical.Mint[clinical.Patient](w.vault.minter), Identifiers: []clinical.Identifier{id}, Family: "Zebedee"}
	for _, c := range change {
		c(&p)
	}
	w.commit(clinical.Delta{Patients: []clinical.Patient{p}})
	return w.vault.patients[p.ID]
}

// job registers a job for a patient, expecting frames pictures.
func (w *world) job(number string, p clinical.Patient, frames int) clinical.Job {
	w.t.Helper()
	j := clinical.Job{ID: clinical.Mint[clinical.Job](w.vault.minter), Number: number, Patient: p.ID, Frames: frames, Specialty: "burns", Status: clinical.JobBooked}
	w.commit(clinical.Delta{Jobs: []clinical.Job{j}})
	return w.vault.jobs[j.ID]
}

func (w *world) commit(d clinical.Delta) {
	w.t.Helper()
	if _, err := w.vault.commit(clinical.Change{Delta: d}, nil); err != nil {
		w.t.Fatal(err)
	}
}

// drop writes a file into the studio's folder and returns its bytes.
func (w *world) drop(name string, b []byte) []byte {
	w.t.Helper()
	path := filepath.Join(w.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return b
}

// shot draws a picture unlike every other and drops it.
func (w *world) shot(name string, e exposure) []byte {
	w.t.Helper()
	w.salt++
	e.Salt = w.salt
	return w.drop(name, picture(w.t, e))
}

// run ingests for d of the bubble's time and stops.
func (w *world) run(d time.Duration) *ingest.Ingest {
	w.t.Helper()
	in, err := ingest.New(w.opt)
	if err != nil {
		w.t.Fatal(err)
	}
	w.during(in, func() { <-time.After(d) })
	return in
}

// during runs in while f does something, then stops it.
func (w *world) during(in *ingest.Ingest, f func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- in.Run(ctx) }()
	f()
	cancel()
	if err := <-stopped; err != nil {
		w.t.Errorf("run: %v", err)
	}
}

// left lists the files in the studio's folder.
func (w *world) left() []string {
	w.t.Helper()
	var out []string
	err := filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(w.folder, path)
			if !strings.HasPrefix(rel, "_receipts") {
				out = append(out, rel)
			}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// receipts reads the receipts in the studio's folder and checks that each adds up.
func (w *world) receipts() []ingest.Receipt {
	w.t.Helper()
	var out []ingest.Receipt
	names, err := filepath.Glob(filepath.Join(w.folder, "_receipts", "*.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			w.t.Fatal(err)
		}
		var r ingest.Receipt
		if err := json.Unmarshal(b, &r); err != nil {
			w.t.Fatal(err)
		}
		if r.Found != r.Kept+r.Duplicate+r.Quarantined+r.Ignored {
			w.t.Errorf("receipt does not add up: %+v", r)
		}
		out = append(out, r)
	}
	if strings.Contains(w.logs.String(), "does not add up") {
		w.t.Error("what was seen and what was accounted for differ")
	}
	return out
}

// reasons returns the reason of every quarantined asset by name.
func (w *world) reasons() map[string]clinical.Reason {
	out := map[string]clinical.Reason{}
	for _, a := range w.vault.all() {
		if a.State == clinical.Quarantined {
			out[a.Name] = a.Reason
		}
	}
	return out
}

func ticketFor(job string) []byte {
	return fmt.Appendf(nil, `{"fovea":"ticket/1","job":%q}`, job)
}
