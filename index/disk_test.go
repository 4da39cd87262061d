package index_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	bleveapi "github.com/blevesearch/bleve_index_api"
	zap "github.com/blevesearch/zapx/v17"

	"fovea/clinical"
	"fovea/index"
)

// planted are words that only patients' data holds. Each has six bytes or more, so that chance does not find it.
func planted() []string {
	return []string{
		"Quatremère", "quatremere", "Zoraïde", "zoraide", "9434765919", "MRN00412", "mrn00412", "26-1187", "261187",
		"escarotomía", "escarotomia", "debridement", "debridements", "occiput", "OCCIP-LAT", "IMG_0042", "plastics-unit", "plastics",
		"studio-north",
	}
}

func plantedDelta(j *journal, n int) clinical.Delta {
	p := patient(j, "Quatremère", "Zoraïde", "9434765919", "MRN00412")
	job := clinical.Job{ID: clinical.Mint[clinical.Job](j.mint), Number: "26-1187", Patient: p.ID}
	d := clinical.Delta{Patients: []clinical.Patient{p}, Jobs: []clinical.Job{job}}
	for i := range n {
		a := asset(j, p.ID, "Escarotomía y debridements", "escarotomía", "debridement")
		a.Job, a.Name, a.Studio, a.Specialty = job.ID, fmt.Sprintf("IMG_0042-%d.JPG", i), "studio-north", "plastics-unit"
		a.View = clinical.View{Code: "OCCIP-LAT", Site: "occiput"}
		d.Assets = append(d.Assets, a)
	}
	return d
}

// readPlain fails the test where a planted word lies in a file under dir, and returns how many files it read.
func readPlain(tb testing.TB, dir string) int {
	tb.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return ignoreGone(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return ignoreGone(err) // merged away under our eyes
		}
		files++
		for _, w := range planted() {
			if bytes.Contains(b, []byte(w)) || strings.Contains(e.Name(), w) {
				tb.Errorf("%q lies in plain in %s", w, filepath.Base(path))
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func TestNoFileHoldsAWordInPlain(t *testing.T) {
	j := newJournal()
	dir := t.TempDir()
	x, err := index.Open(index.Options{Dir: dir, Key: testKey(7)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- x.Follow(t.Context(), j) }()
	files := 0
	for range 12 { // each round makes segments and merges others away
		wait(t, x, j.commit(plantedDelta(j, 300)))
		files += readPlain(t, dir)
	}
	if err := x.Rebuild(t.Context(), j, func(_, _ uint64) { files += readPlain(t, dir) }); err != nil {
		t.Fatal(err)
	}
	for _, w := range planted() {
		if w == "plastics-unit" || w == "OCCIP-LAT" || w == "studio-north" {
			w = `"` + w + `"`
		}
		if f := find(t, x, clinical.Query{Text: w}, j.everything()); f.Total != 3600 {
			t.Errorf("%s: %d found, want 3600: the scan would prove nothing", w, f.Total)
		}
	}
	files += readPlain(t, dir)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	after := readPlain(t, dir)
	if after < 3 || files < 50 {
		t.Errorf("only %d and %d files were read", files, after)
	}
}

// filled makes a closed index in a folder and returns the folder.
func filled(tb testing.TB) string {
	tb.Helper()
	j := newJournal()
	j.commit(plantedDelta(j, 50))
	dir := tb.TempDir()
	x, err := index.Open(index.Options{Dir: dir, Key: testKey(7)})
	if err != nil {
		tb.Fatal(err)
	}
	if err := x.Rebuild(tb.Context(), j, nil); err != nil {
		tb.Fatal(err)
	}
	if err := x.Close(); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func one(tb testing.TB, pattern ...string) string {
	tb.Helper()
	found, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil || len(found) == 0 {
		tb.Fatalf("nothing matches %v: %v", pattern, err)
	}
	return found[0]
}

// plainSegment is a segment as Bleve writes it where nothing seals it.
func plainSegment(tb testing.TB) []byte {
	tb.Helper()
	word := analysis.TokenStream{{Term: []byte("planted"), Position: 1}}
	doc := document.NewDocument("00000000")
	doc.AddIDField()
	doc.AddField(document.NewTextFieldCustom("w", nil, nil, bleveapi.IndexField|bleveapi.IncludeTermVectors, ready{word}))
	doc.VisitFields(func(f bleveapi.Field) { f.Analyze() })
	var plugin zap.ZapPlugin
	segment, _, err := plugin.New([]bleveapi.Document{doc})
	if err != nil {
		tb.Fatal(err)
	}
	w, ok := segment.(io.WriterTo)
	if !ok {
		tb.Fatal("a segment in memory cannot be written out")
	}
	var out bytes.Buffer
	if _, err := w.WriteTo(&out); err != nil {
		tb.Fatal(err)
	}
	if !bytes.Contains(out.Bytes(), []byte("planted")) && out.Len() < 100 {
		tb.Fatal("that is no segment")
	}
	return out.Bytes()
}

type ready struct{ stream analysis.TokenStream }

func (r ready) Analyze([]byte) analysis.TokenStream { return r.stream }

func TestDamagedOrPlantedFilesAreCorrupt(t *testing.T) {
	write := func(b []byte) func(testing.TB, string) {
		return func(tb testing.TB, path string) {
			tb.Helper()
			if err := os.WriteFile(path, b, 0o600); err != nil {
				tb.Fatal(err)
			}
		}
	}
	flip := func(tb testing.TB, path string) {
		tb.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		b[len(b)/2] ^= 0x40
		write(b)(tb, path)
	}
	cut := func(tb testing.TB, path string) {
		tb.Helper()
		if err := os.Truncate(path, 2); err != nil {
			tb.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		file  string
		spoil func(testing.TB, string)
	}{
		"plaintext segment":   {"g*/store/*.zap", write(plainSegment(t))},
		"flipped bit":         {"g*/store/*.zap", flip},
		"cut segment":         {"g*/store/*.zap", cut},
		"plaintext settings":  {"g*/index_meta.json", write([]byte(`{"storage":"scorch","index_type":"scorch"}`))},
		"settings changed":    {"g*/index_meta.json", flip},
		"malformed pointer":   {"current", write([]byte("fovea-index 1 ../../etc\n"))},
		"pointer of nonsense": {"current", write([]byte("g000001"))},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			c.spoil(t, one(t, dir, c.file))
			x, err := index.Open(index.Options{Dir: dir, Key: testKey(7)})
			if clinical.KindOf(err) != clinical.Corrupt {
				t.Fatalf("want Corrupt, got %v, %v", x, err)
			}
			for _, w := range planted() {
				if strings.Contains(err.Error(), w) {
					t.Errorf("the error says %q", w)
				}
			}
			if err := index.Remove(dir); err != nil {
				t.Fatal(err)
			}
			x = open(t, dir)
			if x.Seq() != 0 {
				t.Errorf("a new index stands at %d", x.Seq())
			}
		})
	}
}

func TestIndexOpensOnceAndUnderItsOwnKeyAndVersionOnly(t *testing.T) {
	dir := filled(t)
	x, err := index.Open(index.Options{Dir: dir, Key: testKey(7)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := index.Open(index.Options{Dir: dir, Key: testKey(7)}); clinical.KindOf(err) != clinical.Conflict {
		t.Errorf("opened twice: want Conflict, got %v", err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := index.Open(index.Options{Dir: dir, Key: testKey(8)}); clinical.KindOf(err) != clinical.Corrupt {
		t.Errorf("another key: want Corrupt, got %v", err)
	}
	pointer := filepath.Join(dir, "current")
	if err := os.WriteFile(pointer, []byte("fovea-index 2 g000002\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := index.Open(index.Options{Dir: dir, Key: testKey(7)}); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("a newer version: want Invalid, got %v", err)
	}
}
