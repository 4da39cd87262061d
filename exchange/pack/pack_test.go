package pack_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/exchange/pack"
	"fovea/exchange/paper"
	"fovea/internal/sandbox"
)

// packer returns nil where children cannot be confined; that New refuses then
// is proved by another test.
func packer(t testing.TB, opt pack.Options) *pack.Packer {
	t.Helper()
	box, err := sandbox.Open(t.Context(), sandbox.Options{})
	if err != nil {
		t.Log("no namespaces on this machine: only the refusal is tested")
		return nil
	}
	p, err := pack.New(box, opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWithoutConfinementNothingIsPacked(t *testing.T) {
	box, err := sandbox.Open(t.Context(), sandbox.Options{Bwrap: "/nonexistent/bwrap", AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pack.New(box, pack.Options{}); clinical.ReasonOf(err) != "unconfined" {
		t.Errorf("got %v", err)
	}
}

func password(t testing.TB) string {
	t.Helper()
	p, err := pack.Password(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type content struct{ *bytes.Reader }

func (content) Close() error { return nil }

// picture returns a JPEG's bytes as the gate would serve them.
func picture(t testing.TB, label string, kind clinical.RenditionKind) (pack.Picture, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		t.Fatal(err)
	}
	b.WriteString(label) // after the end of the picture: makes the bytes its own
	a := clinicaltest.Picture(label, "adult")
	a.Original.SHA256 = sha256.Sum256(b.Bytes())
	a.Caption, a.View.Laterality = "Genou, côté interne", clinical.Left
	s := &clinical.Served{Content: content{bytes.NewReader(b.Bytes())}, Asset: a.ID, MIME: "image/jpeg"}
	s.Rendition = kind
	return pack.Picture{Served: s, Asset: a}, b.Bytes()
}

func release(f clinical.ReleaseFormat) clinical.Release {
	return clinical.Release{
		ID: clinicaltest.ID[clinical.Release]("r"), Kind: clinical.ToCourt, Authority: "Ordonnance no 7", Recipient: "Tribunal de Nîmes", Format: f,
		UseBy: clinical.Date{Year: 2027, Month: 1, Day: 31}, At: clinicaltest.Now(),
	}
}

func issuer() paper.Issuer {
	return paper.Issuer{Site: "Hôpital Saint-Aubin", Contact: "+33 1 23", Language: paper.French, Zone: clinicaltest.Zone(), Now: clinicaltest.Now()}
}

// unpack extracts with the recipient's program and returns every file.
func unpack(t *testing.T, zip []byte, password string) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "x.zip")
	if err := os.WriteFile(file, zip, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if said, err := exec.CommandContext(t.Context(), "7zz", "x", "-p"+password, "-o"+out, file).CombinedOutput(); err != nil {
		t.Fatalf("7zz: %v %s", err, said)
	}
	got := map[string][]byte{}
	err := filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(out, path)
		got[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--strict", "-c", "SHA256SUMS")
	check.Dir = out
	if said, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v %s", err, said)
	}
	return got
}

func TestCopyOpensWithItsPasswordAloneAndHoldsTheBytesThatWereGiven(t *testing.T) {
	p := packer(t, pack.Options{})
	if p == nil {
		return
	}
	one, first := picture(t, "one", clinical.Teaching)
	two, second := picture(t, "two", clinical.Teaching)
	pw := password(t)
	var zip bytes.Buffer
	if err := p.ZIP(t.Context(), &zip, pw, pack.Copy(release(clinical.EncryptedZIP), []pack.Picture{one, two}, issuer())); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(zip.Bytes(), []byte("PK\x03\x04")) {
		t.Errorf("begins %q: something else was written to the output", zip.Bytes()[:16])
	}
	got := unpack(t, zip.Bytes(), pw)
	if !bytes.Equal(got["picture-001.jpg"], first) || !bytes.Equal(got["picture-002.jpg"], second) || len(got) != 4 {
		t.Errorf("got %d files", len(got))
	}
	if !strings.Contains(string(got["README.txt"]), "Tribunal de Nîmes") {
		t.Error("README does not name the recipient")
	}
	if bytes.Contains(zip.Bytes(), first[len(first)-40:]) {
		t.Error("plaintext in the ZIP")
	}
	list, err := exec.CommandContext(t.Context(), "7zz", "l", "-slt", "-p", write(t, zip.Bytes())).Output()
	if err != nil || strings.Count(string(list), "Method = AES-256") != 4 || strings.Count(string(list), "Encrypted = +") != 4 {
		t.Errorf("not AES-256 throughout: %v\n%s", err, list)
	}
	for _, wrong := range []string{password(t), pw[:len(pw)-1] + "!", strings.ToUpper(pw)} {
		if err := exec.CommandContext(t.Context(), "7zz", "t", "-p"+wrong, write(t, zip.Bytes())).Run(); err == nil {
			t.Error("opened with a wrong password")
		}
	}
}

func write(t *testing.T, b []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func bundle(t testing.TB) pack.Bundle {
	t.Helper()
	one, _ := picture(t, "one", clinical.Original)
	two, _ := picture(t, "two", clinical.Original)
	return pack.Bundle{
		Release: release(clinical.Evidential), Pictures: []pack.Picture{one, two}, People: clinicaltest.Hospital().People,
		Events: []clinical.Recorded{{Leaf: 3, Event: clinical.Event{
			At: clinicaltest.Now(), Act: clinical.ActAssetKept, Assets: []clinical.AssetID{one.Asset.ID},
			Caller: clinical.Caller{Person: clinicaltest.ID[clinical.Person]("paula"), Door: clinical.DoorIngest},
		}}},
		Proofs: []paper.Proof{{Seq: 1, Leaf: []byte("{}"), Tlog: []byte("proof\n"), Checkpoint: []byte("checkpoint\n"), Key: "k+1+2"}},
	}
}

func TestEvidenceHoldsOriginalsCustodyStatementAndProofs(t *testing.T) {
	p := packer(t, pack.Options{})
	if p == nil {
		return
	}
	pw := password(t)
	var zip bytes.Buffer
	if err := p.ZIP(t.Context(), &zip, pw, pack.Evidence(bundle(t), issuer())); err != nil {
		t.Fatal(err)
	}
	got := unpack(t, zip.Bytes(), pw)
	want := []string{
		"README.txt", "SHA256SUMS", "custody-report.csv", "custody-report.pdf", "exhibits.sha256", "originals/exhibit-001.jpg", "originals/exhibit-002.jpg",
		"proof/001/checkpoint.txt", "proof/001/key.txt", "proof/001/leaf.json", "proof/001/leaf.tlog-proof", "statement.pdf",
	}
	var names []string
	for n := range got {
		names = append(names, n)
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	if !strings.Contains(string(got["custody-report.csv"]), "3,2026-11-23T09:00:00Z,Invented paula") {
		t.Errorf("custody: %s", got["custody-report.csv"])
	}
}

func TestAnOriginalThatIsNotTheOneKeptEndsTheBundle(t *testing.T) {
	b := bundle(t)
	b.Pictures[1].Asset.Original.SHA256[0] ^= 1
	if _, err := drain(pack.Evidence(b, issuer())); clinical.KindOf(err) != clinical.Corrupt {
		t.Errorf("got %v", err)
	}
	b = bundle(t)
	b.Pictures[0].Asset = clinical.Asset{}
	if _, err := drain(pack.Evidence(b, issuer())); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("got %v", err)
	}
}

// drain reads files as a container would.
func drain(files iter.Seq2[pack.File, error]) (map[string]string, error) {
	out := map[string]string{}
	for f, err := range files {
		if err != nil {
			return out, err
		}
		h := sha256.New()
		if n, err := io.Copy(h, f.Content); err != nil || n != f.Size {
			return out, errors.Join(err, io.ErrUnexpectedEOF)
		}
		out[f.Name] = hex.EncodeToString(h.Sum(nil))
	}
	return out, nil
}

func TestTheSameReleaseIsTheSameFilesAndNamesNoPatient(t *testing.T) {
	one, err := drain(pack.Evidence(bundle(t), issuer()))
	if err != nil {
		t.Fatal(err)
	}
	two, err := drain(pack.Evidence(bundle(t), issuer()))
	if err != nil {
		t.Fatal(err)
	}
	for n, sum := range one {
		if two[n] != sum {
			t.Errorf("%s differs", n)
		}
		if strings.Contains(n, clinicaltest.ID[clinical.Patient]("adult").String()) {
			t.Errorf("%s names the patient", n)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func one(f pack.File, err error) iter.Seq2[pack.File, error] {
	return func(yield func(pack.File, error) bool) { yield(f, err) }
}

func TestNothingLeavesWhenAnythingFails(t *testing.T) {
	p := packer(t, pack.Options{Largest: 1 << 20})
	if p == nil {
		return
	}
	big := make([]byte, 300_000) // beyond a pipe
	for name, tt := range map[string]struct {
		files iter.Seq2[pack.File, error]
		want  clinical.Kind
	}{
		"withdrawn before":    {one(pack.File{}, clinical.ErrNotFound), clinical.NotFound},
		"withdrawn meanwhile": {one(pack.File{Name: "a.jpg", Size: 400_000, Content: io.MultiReader(bytes.NewReader(big), failing{clinical.ErrNotFound})}, nil), clinical.NotFound},
		"short":               {one(pack.File{Name: "a.jpg", Size: 9, Content: strings.NewReader("x")}, nil), clinical.Corrupt},
		"too large":           {one(pack.File{Name: "a.jpg", Size: 1<<20 + 1, Content: bytes.NewReader(big)}, nil), clinical.Invalid},
		"climbs out":          {one(pack.File{Name: "../a.jpg", Size: 1, Content: strings.NewReader("x")}, nil), clinical.Invalid},
		"absolute":            {one(pack.File{Name: "/etc/a", Size: 1, Content: strings.NewReader("x")}, nil), clinical.Invalid},
		"stream of Windows":   {one(pack.File{Name: "a.jpg:b", Size: 1, Content: strings.NewReader("x")}, nil), clinical.Invalid},
	} {
		var out bytes.Buffer
		err := p.ZIP(t.Context(), &out, password(t), tt.files)
		if clinical.KindOf(err) != tt.want || out.Len() != 0 {
			t.Errorf("%s: %v and %d bytes, want %v and none", name, err, out.Len(), tt.want)
		}
	}
	if err := p.ZIP(t.Context(), io.Discard, "short", one(pack.File{}, nil)); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("short password: %v", err)
	}
	if err := p.ZIP(t.Context(), io.Discard, "two\nlines-of-password", one(pack.File{}, nil)); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("password of two lines: %v", err)
	}
}

func TestAGoneClientOrACancelledRequestEndsTheChild(t *testing.T) {
	p := packer(t, pack.Options{})
	if p == nil {
		return
	}
	big := make([]byte, 2<<20)
	if err := p.ZIP(t.Context(), refusing{}, password(t), one(pack.File{Name: "a", Size: int64(len(big)), Content: bytes.NewReader(big)}, nil)); err == nil {
		t.Error("a client that takes nothing was served")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cut := readerFunc(func([]byte) (int, error) { cancel(); <-ctx.Done(); return 0, ctx.Err() })
	start := time.Now()
	if err := p.ZIP(ctx, io.Discard, password(t), one(pack.File{Name: "a", Size: 1, Content: cut}, nil)); err == nil {
		t.Error("a cancelled request was served")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// While an archive is made, no command line on the machine holds its password:
// not that of the confinement, of its shell, nor of 7zz. 7zz lives for a moment
// only, so archives are made until it was seen.
func TestPasswordIsOnNoCommandLine(t *testing.T) {
	p := packer(t, pack.Options{})
	if p == nil {
		return
	}
	pw := password(t)
	big := make([]byte, 32<<20)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		made := make(chan error, 1)
		go func() {
			made <- p.ZIP(t.Context(), io.Discard, pw, one(pack.File{Name: "a", Size: int64(len(big)), Content: bytes.NewReader(big)}, nil))
		}()
		lines := commandLines(t, made)
		if bytes.Contains(lines, []byte(pw)) {
			t.Fatal("a command line holds the password")
		}
		if bytes.Contains(lines, []byte("7zz\x00a\x00-tzip\x00")) {
			return
		}
	}
	t.Error("7zz was never seen at work")
}

// commandLines reads every command line on the machine again and again until the
// archive is made.
func commandLines(t *testing.T, made <-chan error) []byte {
	t.Helper()
	var lines []byte
	for {
		files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, f := range files {
			line, _ := os.ReadFile(f)
			lines = append(lines, line...)
		}
		select {
		case err := <-made:
			if err != nil {
				t.Fatal(err)
			}
			return lines
		default:
		}
	}
}

func TestPasswordsAreReadableAndUnlike(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		p := password(t)
		if len(p) != 23 || strings.Count(p, "-") != 3 || strings.ContainsAny(p, "ilou") || seen[p] {
			t.Fatalf("password of %d characters, or one twice", len(p))
		}
		seen[p] = true
	}
	if pack.PasswordBits < 80 {
		t.Error("too few bits")
	}
	if _, err := pack.Password(failing{io.ErrUnexpectedEOF}); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestPrintNamesTheRecipientAndTheLastDay(t *testing.T) {
	p, _ := picture(t, "one", clinical.Original)
	raw, _ := picture(t, "two", clinical.Original)
	raw.MIME = "image/x-adobe-dng"
	var pdf bytes.Buffer
	if err := pack.Print(&pdf, release(clinical.PrintPDF), "Copie papier", []pack.Picture{p, raw}, issuer()); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "pdftotext", "-layout", "-", "-")
	cmd.Stdin = &pdf
	got, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Tribunal de Nîmes", "31 janvier 2027", "GAUCHE", "Genou, côté interne", "picture-001.jpg", "est dans le fichier picture-002.dng"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the print does not say %q:\n%s", want, got)
		}
	}
}

func BenchmarkZIP(b *testing.B) {
	p := packer(b, pack.Options{})
	if p == nil {
		return
	}
	big := make([]byte, 24<<20)
	_, _ = rand.Read(big)
	b.SetBytes(int64(len(big)))
	for b.Loop() {
		if err := p.ZIP(b.Context(), io.Discard, "k7m2q-9xw4d-00000", one(pack.File{Name: "a", Size: int64(len(big)), Content: bytes.NewReader(big)}, nil)); err != nil {
			b.Fatal(err)
		}
	}
}

// A court is not told to destroy its evidence, nor a patient their own pictures.
func TestNobodyIsAskedToDestroyWhatIsTheirs(t *testing.T) {
	p := packer(t, pack.Options{})
	if p == nil {
		return
	}
	for kind, want := range map[clinical.ReleaseKind]string{
		clinical.SubjectAccess: "gardez-les là où personne d’autre ne les voit",
		clinical.ToCourt:       "gardez les fichiers tels quels",
		clinical.ToSolicitor:   "gardez les fichiers tels quels",
		clinical.ToPolice:      "gardez les fichiers tels quels",
		clinical.ToConference:  "détruisez-les après usage",
		clinical.PrintOut:      "détruisez-les après usage",
	} {
		one, _ := picture(t, "one", clinical.Original)
		r, pw := release(clinical.EncryptedZIP), password(t)
		r.Kind = kind
		var zip bytes.Buffer
		if err := p.ZIP(t.Context(), &zip, pw, pack.Copy(r, []pack.Picture{one}, issuer())); err != nil {
			t.Fatal(err)
		}
		got := string(unpack(t, zip.Bytes(), pw)["README.txt"])
		if !strings.Contains(got, want) || !strings.Contains(got, "Photographies médicales : 1.") {
			t.Errorf("%s: %s", kind, got)
		}
		if kind.Purpose() == clinical.P6 && strings.Contains(got, "détruisez") {
			t.Errorf("%s is told to destroy what is theirs: %s", kind, got)
		}
	}
}
