package epr_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"image"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/exchange/epr"
	"fovea/exchange/paper"
)

// register stands in for the gate: it answers as policy.Gate does.
type register struct {
	now      func() time.Time
	releases []*clinical.Release
	patient  clinical.Patient
	read     func(asset int) error // before each reading of a picture
	down     error                 // instead of an answer
	refiled  clinical.AssetID      // moved to another patient just now
	erased   bool                  // the patient
	did      []clinical.Command
}

func (g *register) EPRWork(context.Context, clinical.Caller) ([]clinical.Release, error) {
	if g.down != nil {
		return nil, g.down
	}
	var out []clinical.Release
	for _, r := range g.releases {
		if r.Delivered.IsZero() && r.Ended.IsZero() && !g.now().Before(r.RetryAt) {
			out = append(out, *r)
		}
	}
	return out, nil
}

func (g *register) find(id clinical.ReleaseID) *clinical.Release {
	for _, r := range g.releases {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (g *register) Release(_ context.Context, c clinical.Caller, id clinical.ReleaseID) (clinical.Release, error) {
	if r := g.find(id); r != nil && c.Door == clinical.DoorExchange {
		return *r, nil
	}
	return clinical.Release{}, clinical.ErrNotFound
}

func (g *register) Do(_ context.Context, _ clinical.Caller, cmd clinical.Command) (clinical.Change, error) {
	g.did = append(g.did, cmd)
	switch x := cmd.(type) {
	case clinical.DeliverRelease:
		r := g.find(x.Release)
		if !r.Ended.IsZero() {
			return clinical.Change{}, clinical.ErrConflict
		}
		r.Delivered, r.Receipt = g.now(), x.Receipt
	case clinical.FailRelease:
		r := g.find(x.Release)
		r.Fault, r.RetryAt = x.Fault, g.now().Add(time.Minute<<r.Attempts)
		r.Attempts++
	default:
		return clinical.Change{}, clinical.ErrForbidden
	}
	return clinical.Change{}, nil
}

func (g *register) OpenRelease(_ context.Context, _ clinical.Caller, id clinical.ReleaseID) (clinical.Release, []*clinical.Served, error) {
	r := g.find(id)
	if r == nil || r.Kind != clinical.EPRDelivery || !r.Ended.IsZero() {
		return clinical.Release{}, nil, clinical.ErrNotFound
	}
	var out []*clinical.Served
	for i, a := range r.Assets {
		out = append(out, &clinical.Served{Content: &content{bytes.NewReader(pixels(i)), g, i}, Asset: a, MIME: "image/jpeg"})
	}
	return *r, out, nil
}

func (g *register) EPRPage(_ context.Context, _ clinical.Caller, id clinical.ReleaseID) (clinical.PatientPage, error) {
	if g.erased {
		return clinical.PatientPage{Patient: clinical.Patient{ID: g.patient.ID, Erased: clinicaltest.Now()}}, nil
	}
	var shown []clinical.Shown
	r := g.find(id)
	if r == nil {
		return clinical.PatientPage{}, clinical.ErrNotFound
	}
	for _, a := range r.Assets {
		if a != g.refiled {
			view := clinical.View{Code: "L-LEG MED", Laterality: clinical.Left}
			shown = append(shown, clinical.Shown{Asset: clinical.Asset{ID: a, Caption: "Ulcère médial", View: view}})
		}
	}
	return clinical.PatientPage{Patient: g.patient, Sessions: []clinical.SessionPage{{
		Session: clinical.Session{ID: clinicaltest.ID[clinical.Session]("s"), Specialty: "dermatology", Began: clinicaltest.Now()},
		Job:     clinical.Job{Number: "26-1187"}, Shown: shown,
	}}}, nil
}

type content struct {
	*bytes.Reader
	g *register
	n int
}

func (c *content) Close() error { return nil }

func (c *content) Read(p []byte) (int, error) {
	if c.g.read != nil {
		if err := c.g.read(c.n); err != nil {
			return 0, err
		}
	}
	return c.Reader.Read(p)
}

// WriteTo would go round Read.
func (c *content) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{c})
}

// pixels is the nth picture, each of its own size.
func pixels(n int) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64+n, 48)), nil)
	return b.Bytes()
}

// site is a register, a folder and a follower with a clock of its own.
type site struct {
	*testing.T
	*register
	*epr.Follower
	dir    string
	clock  time.Time
	opt    epr.Options
	memory shelf
}

func newSite(t *testing.T, change func(*epr.Options)) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir(), clock: time.Now()}
	now := func() time.Time { return s.clock }
	s.register = &register{now: now, patient: clinical.Patient{
		ID: clinicaltest.ID[clinical.Patient]("adult"), Family: "Fontaine", Given: "Aurélie", Born: clinical.Date{Year: 1961, Month: 3, Day: 3}, Sex: clinical.Female,
		Identifiers: []clinical.Identifier{{System: "hospital", Value: "8014552K"}, {System: "ins", Value: "261034432100104"}},
	}}
	s.memory = shelf{}
	s.opt = epr.Options{Folder: s.dir, Memory: s.memory, Now: now, Issuer: paper.Issuer{Site: "Hôpital Saint-Aubin", Language: paper.French, Zone: clinicaltest.Zone()}}
	if change != nil {
		change(&s.opt)
	}
	s.restart()
	return s
}

func (s *site) restart() {
	s.Helper()
	f, err := epr.New(s.register, s.opt)
	if err != nil {
		s.Fatal(err)
	}
	s.Follower = f
}

// due puts a delivery into the register.
func (s *site) due(name string, pictures ...string) *clinical.Release {
	r := &clinical.Release{ID: clinicaltest.ID[clinical.Release](name), Kind: clinical.EPRDelivery, Patient: s.patient.ID, At: s.clock}
	for _, p := range pictures {
		r.Assets = append(r.Assets, clinicaltest.ID[clinical.Asset](p))
	}
	s.releases = append(s.releases, r)
	return r
}

func (s *site) round() {
	s.Helper()
	if err := s.Round(s.Context()); err != nil {
		s.Fatal(err)
	}
}

// names lists the folder, IDs shortened to the name of the release.
func (s *site) names() []string {
	s.Helper()
	all, err := os.ReadDir(s.dir)
	if err != nil {
		s.Fatal(err)
	}
	out := []string{}
	for _, e := range all {
		name := e.Name()
		for _, r := range s.releases {
			name = strings.ReplaceAll(name, r.ID.String(), "R")
		}
		out = append(out, name)
	}
	return out
}

func (s *site) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *site) drop(name string) {
	s.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.Fatal(err)
	}
}

// row reads an index row as the record does.
func (s *site) row(number string) map[string]string {
	s.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, number+".csv"))
	if err != nil {
		s.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(lines) != 2 {
		s.Fatalf("row %q: %v", b, err)
	}
	out := map[string]string{}
	for i, c := range lines[0] {
		out[c] = lines[1][i]
	}
	return out
}

func (s *site) text(name string) string {
	s.Helper()
	out, err := exec.CommandContext(s.Context(), "pdftotext", "-layout", filepath.Join(s.dir, name), "-").Output()
	if err != nil {
		s.Fatal(err)
	}
	return string(out)
}

func want(t *testing.T, got, want any) {
	t.Helper()
	if g, w := toText(got), toText(want); g != w {
		t.Errorf("got %s, want %s", g, w)
	}
}

func toText(v any) string {
	switch x := v.(type) {
	case []string:
		return strings.Join(x, " ")
	case clinical.Reason:
		return string(x)
	case string:
		return x
	default:
		return "?"
	}
}

func TestSessionIsDeliveredWithItsRowLastAndClearedWhenAcknowledged(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg", "arm")
	s.read = func(int) error { // whoever sees the row sees everything it names
		if slices.Contains(s.names(), "R.csv") {
			t.Error("the row is there before the pictures")
		}
		return nil
	}
	s.round()
	want(t, s.names(), []string{".R.sent", "R-001.jpg", "R-002.jpg", "R.csv", "R.pdf"})
	row := s.row(r.ID.String())
	sum := sha256.Sum256(pixels(1))
	for c, w := range map[string]string{
		"delivery": r.ID.String(), "action": "new", "corrects": "", "id:hospital": "8014552K", "family": "Fontaine", "given": "Aurélie", "born": "1961-03-03",
		"sex": "F", "job": "26-1187", "taken": "2026-11-23T09:00:00Z", "document": r.ID.String() + ".pdf",
	} {
		if row[c] != w {
			t.Errorf("%s is %q, want %q", c, row[c], w)
		}
	}
	if !strings.HasSuffix(row["sha256"], " "+hex.EncodeToString(sum[:])) || row["pictures"] != r.ID.String()+"-001.jpg "+r.ID.String()+"-002.jpg" {
		t.Errorf("row %v", row)
	}
	if got := s.text(r.ID.String() + ".pdf"); !strings.Contains(got, "FONTAINE, Aurélie") || !strings.Contains(got, "L-LEG MED. Ulcère médial") || !strings.Contains(got, "GAUCHE") {
		t.Errorf("document: %s", got)
	}
	s.round()
	s.restart()
	s.round()
	want(t, s.names(), []string{".R.sent", "R-001.jpg", "R-002.jpg", "R.csv", "R.pdf"})
	s.drop(r.ID.String() + ".csv")
	s.write(r.ID.String()+".ack", "\uFEFFDOC-4711 \x07é\r\nsecond line")
	s.round()
	want(t, r.Receipt, "DOC-4711  é")
	want(t, s.names(), []string{})
	if r.Delivered.IsZero() || len(s.did) != 1 {
		t.Errorf("register: %+v", s.did)
	}
}

func TestRefusalIsToldAndTriedAgain(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	s.round()
	s.write(r.ID.String()+".err", "unknown patient Fontaine")
	s.round()
	want(t, r.Fault, epr.FaultRefused)
	want(t, s.names(), []string{})
	s.round()
	want(t, s.names(), []string{})
	s.clock = s.clock.Add(time.Minute)
	s.round()
	want(t, s.names(), []string{".R.sent", "R-001.jpg", "R.csv", "R.pdf"})
}

func TestSilenceIsNoticed(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	s.round()
	s.clock = s.clock.Add(25 * time.Hour)
	s.round() // nobody fetched it: it stays
	want(t, r.Fault, epr.FaultIdle)
	s.round()
	want(t, s.names(), []string{".R.sent", "R-001.jpg", "R.csv", "R.pdf"})
	if r.Attempts != 1 {
		t.Errorf("told %d times", r.Attempts)
	}
	s.drop(r.ID.String() + ".csv")
	s.clock = s.clock.Add(25 * time.Hour)
	s.round() // fetched, never answered: once more, later
	want(t, r.Fault, epr.FaultSilent)
	want(t, s.names(), []string{})
	s.clock = s.clock.Add(time.Hour)
	s.round()
	want(t, s.names(), []string{".R.sent", "R-001.jpg", "R.csv", "R.pdf"})
}

func TestCorrectionNamesTheFilesAndShowsNoPicture(t *testing.T) {
	s := newSite(t, nil)
	old := s.due("old", "leg", "arm", "foot")
	old.Delivered = s.clock
	fix := s.due("fix", "foot", "leg")
	fix.Kind, fix.Corrects = clinical.EPRCorrection, old.ID
	s.round()
	row := s.row(fix.ID.String())
	want(t, row["action"], "cancel")
	want(t, row["corrects"], old.ID.String())
	want(t, row["pictures"], old.ID.String()+"-003.jpg "+old.ID.String()+"-001.jpg")
	if got := s.text(fix.ID.String() + ".pdf"); !strings.Contains(got, "Correction : retirer ces images") || !strings.Contains(got, old.ID.String()+"-003.jpg") {
		t.Errorf("notice: %s", got)
	}
	if len(s.names()) != 3 {
		t.Errorf("folder %v", s.names())
	}
}

func TestDeliveryThatEndsBeforeItsAnswerIsTakenBackOrCancelled(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	s.round()
	r.Ended = s.clock
	s.round()
	want(t, s.names(), []string{})

	r = s.due("two", "leg", "arm")
	s.round()
	s.drop(r.ID.String() + ".csv") // the record has it
	r.Ended = s.clock
	s.round()
	want(t, s.names(), []string{".R.sent", "R.cancel.csv", "R.cancel.pdf"})
	number := r.ID.String() + ".cancel"
	row := s.row(number)
	want(t, row["action"]+" "+row["delivery"], "cancel "+number)
	want(t, row["corrects"], r.ID.String())
	if got := s.text(number + ".pdf"); !strings.Contains(got, "FONTAINE, Aurélie") || !strings.Contains(got, "n’y ont pas toutes leur place") {
		t.Errorf("notice: %s", got)
	}
	s.round()
	s.restart()
	s.round()
	want(t, s.names(), []string{".R.sent", "R.cancel.csv", "R.cancel.pdf"})
	want(t, s.outside(), epr.FaultUnconfirmed)
	s.drop(number + ".csv")
	s.write(number+".err", "no such document")
	s.round()
	want(t, s.outside(), epr.FaultUnconfirmed)
	s.write(number+".ack", "")
	s.round()
	want(t, s.names(), []string{})
	want(t, s.outside(), clinical.Reason(""))
}

func TestWithdrawnMeanwhileLeavesNothingBehind(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg", "arm")
	s.read = func(n int) error {
		if n == 1 {
			return clinical.ErrNotFound
		}
		return nil
	}
	s.round()
	want(t, r.Fault, epr.FaultWithheld)
	want(t, s.names(), []string{})
	s.read, s.clock = nil, s.clock.Add(time.Hour)
	s.refiled = r.Assets[1]
	s.round()
	want(t, r.Fault, epr.FaultWithheld)
	want(t, s.names(), []string{})
}

func TestCrashLeavesNothingThatARestartDoesNotClear(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	r.RetryAt = s.clock.Add(time.Hour)
	s.write(r.ID.String()+"-001.jpg", "half")
	s.write("01ARZ3NDEKTSV4RRFFQ69G5FAV-001.jpg", "somebody else's")
	s.round()
	want(t, s.names(), []string{"01ARZ3NDEKTSV4RRFFQ69G5FAV-001.jpg"})
}

func TestCrashBeforeTheMarkerIsTakenBackLikeWhatHasOne(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	s.round()
	s.drop("." + r.ID.String() + ".sent")
	s.restart()
	r.Ended = s.clock
	s.round()
	want(t, s.names(), []string{})
}

func TestCrashLeavesNoUnfinishedFile(t *testing.T) {
	s := newSite(t, nil)
	id := s.due("one", "leg").ID.String()
	s.releases[0].Ended = s.clock
	for _, name := range []string{id + "-001.jpg.tmp", id + ".pdf.tmp", id + ".csv.tmp", "." + id + ".sent.tmp", id + ".taken"} {
		s.write(".fovea-"+name, "half")
	}
	s.write(".fovea-01ARZ3NDEKTSV4RRFFQ69G5FAV.csv.tmp", "somebody else's")
	s.round()
	want(t, s.names(), []string{".fovea-01ARZ3NDEKTSV4RRFFQ69G5FAV.csv.tmp"})
}

func TestWhatIsPlantedInTheFolderIsIgnored(t *testing.T) {
	s := newSite(t, nil)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := s.due("one", "leg")
	id := r.ID.String()
	for _, link := range []string{".fovea-" + id + ".csv.tmp", id + ".csv", ".fovea-" + id + "-001.jpg.tmp", ".fovea-." + id + ".sent.tmp"} {
		if err := os.Symlink(outside, filepath.Join(s.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	s.write(".01ARZ3NDEKTSV4RRFFQ69G5FAV.sent", "")
	s.write("01ARZ3NDEKTSV4RRFFQ69G5FAV.ack", "")
	s.write(".sent", "")
	s.write("..sent", "")
	s.round()
	if got, err := os.ReadFile(outside); err != nil || string(got) != "secret" {
		t.Errorf("written outside: %q, %v", got, err)
	}
	want(t, s.row(r.ID.String())["action"], "new")

	ack := filepath.Join(s.dir, id+".ack")
	for name, plant := range map[string]func() error{
		"link out": func() error { return os.Symlink(outside, ack) },
		"link in":  func() error { return os.Symlink(id+".pdf", ack) },
		"folder":   func() error { return os.Mkdir(ack, 0o700) },
		"pipe":     func() error { return syscall.Mkfifo(ack, 0o600) },
	} {
		if err := plant(); err != nil {
			t.Fatal(err)
		}
		s.round()
		if !r.Delivered.IsZero() {
			t.Fatalf("%s: taken for an answer", name)
		}
		if err := os.Remove(ack); err != nil {
			t.Fatal(err)
		}
	}
	s.write(id+".ack", strings.Repeat("A", 1<<20))
	s.round()
	if len(r.Receipt) != 200 {
		t.Errorf("receipt of %d characters", len(r.Receipt))
	}
}

func TestFolderThatCannotBeWrittenIsToldOnceAndNothingElseIsTried(t *testing.T) {
	s := newSite(t, func(o *epr.Options) { o.Sign = "ready" })
	one, two := s.due("one", "leg"), s.due("two", "leg")
	if err := s.Round(t.Context()); clinical.ReasonOf(err) != epr.FaultAway {
		t.Errorf("without its sign: %v", err)
	}
	want(t, one.Fault, epr.FaultAway)
	want(t, two.Fault, clinical.Reason(""))
	want(t, s.names(), []string{})
	s.write("ready", "")
	if err := os.Mkdir(filepath.Join(s.dir, two.ID.String()+".csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Round(t.Context()); clinical.ReasonOf(err) != epr.FaultFolder {
		t.Errorf("in its way: %v", err)
	}
	want(t, two.Fault, epr.FaultFolder)
	for _, e := range s.names() {
		if strings.HasSuffix(e, ".jpg") || strings.HasSuffix(e, ".tmp") {
			t.Errorf("left behind: %s", e)
		}
	}
	s.down = clinical.ErrUnavailable
	if err := s.Round(t.Context()); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("gate down: %v", err)
	}
	for number, reason := range map[syscall.Errno]clinical.Reason{
		syscall.ENOSPC: epr.FaultFull, syscall.EDQUOT: epr.FaultFull, syscall.ESTALE: epr.FaultAway, syscall.EACCES: epr.FaultFolder,
	} {
		err := epr.Fault(&os.PathError{Op: "write", Path: "/mnt/FONTAINE", Err: number})
		if clinical.ReasonOf(err) != reason || strings.Contains(err.Error(), "FONTAINE") {
			t.Errorf("%v is told as %v", number, err)
		}
	}
}

func TestFollowerWaitsOutAnOutageAndEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, func(o *epr.Options) { o.Now, o.Sign = time.Now, "ready" })
		s.now = time.Now
		r := s.due("one", "leg")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Follower.Run(ctx) }()
		time.AfterFunc(time.Hour, func() { s.write("ready", "") })
		<-time.After(30 * time.Minute)
		synctest.Wait()
		if fault, since := s.Fault(); fault != epr.FaultAway || time.Since(since) < 29*time.Minute {
			t.Errorf("fault %q since %v", fault, since)
		}
		<-time.After(3 * time.Hour)
		synctest.Wait()
		if fault, _ := s.Fault(); fault != "" {
			t.Errorf("fault %q", fault)
		}
		s.write(r.ID.String()+".ack", "")
		<-time.After(time.Minute)
		synctest.Wait()
		if r.Delivered.IsZero() {
			t.Error("not delivered")
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
