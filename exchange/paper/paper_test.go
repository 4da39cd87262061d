package paper_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"image"
	"image/color"
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
	"fovea/exchange/paper"
	"fovea/vault/ledger"
)

// text reads a PDF back as a person would copy it, in reading order.
func text(t *testing.T, pdf []byte) string {
	t.Helper()
	return pipe(t, pdf, "pdftotext", "-layout", "-enc", "UTF-8", "-", "-")
}

func pipe(t *testing.T, in []byte, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = bytes.NewReader(in)
	var fault bytes.Buffer
	cmd.Stderr = &fault
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v %s", name, err, fault.String())
	}
	return string(out)
}

// flat is text without line breaks and runs of spaces.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

func mustHold(t *testing.T, in string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(flat(in), flat(w)) {
			t.Errorf("the paper does not say %q:\n%s", w, in)
		}
	}
}

func mustNotHold(t *testing.T, in string, never ...string) {
	t.Helper()
	for _, n := range never {
		if strings.Contains(flat(in), flat(n)) {
			t.Errorf("the paper says %q", n)
		}
	}
}

func issuer(l paper.Language) paper.Issuer {
	return paper.Issuer{
		Site: "Hôpital Saint-Aubin, illustration médicale", Contact: "Maëlle Dufour, +33 1 23 45 67 89",
		Language: l, Zone: clinicaltest.Zone(), Now: clinicaltest.Now(),
	}
}

// withdrawal is a recall with three students, one clinician, an article, and
// three tasks of which one is done.
func withdrawal() paper.Withdrawal {
	id := clinicaltest.ID[clinical.Recall]("recall")
	now := clinicaltest.Now()
	set := clinicaltest.Set("wounds")
	set.Title = "Plaies chroniques, 4e année"
	release := clinical.Release{
		ID: clinicaltest.ID[clinical.Release]("article"), Kind: clinical.ToJournal, Recipient: "Annales de dermatologie", At: now.AddDate(0, -6, 0),
	}
	w := paper.Withdrawal{
		Patient: clinical.Patient{ID: clinicaltest.ID[clinical.Patient]("adult"), Family: "Fontaine-d’Aubigné", Given: "Aurélie"},
		Grants:  []clinical.Grant{clinicaltest.Teaching("grant", "adult")},
		People:  clinicaltest.Hospital().People, Sets: []clinical.TeachingSet{set}, Releases: []clinical.Release{release},
		Recall: clinical.Recall{
			ID: id, Cause: clinical.RecallWithdrawal, Seq: 77, At: now, Since: now.AddDate(-1, 0, 0), By: clinicaltest.ID[clinical.Person]("nina"),
			Grants: []clinical.GrantID{clinicaltest.ID[clinical.Grant]("grant")}, Settled: now.Add(time.Second),
			Assets: []clinical.AssetID{clinicaltest.ID[clinical.Asset]("a"), clinicaltest.ID[clinical.Asset]("b")}, Published: []clinical.ReleaseID{release.ID},
		},
		Proof: paper.Proof{
			Seq: 77, Leaf: []byte(`{"v":1,"n":218405}`), Tlog: []byte("c2sp.org/tlog-proof@v1\nindex 218405\n"),
			Checkpoint: []byte("fovea.example\n218406\nAAAA\n\n— fovea.example BBBB\n"), Key: "fovea.example+c07b5e19+AbCd",
		},
	}
	for i, login := range []string{"stella", "edith", "clara"} {
		r := clinical.Reach{
			Person: clinicaltest.ID[clinical.Person](login), Channel: clinical.Mount, Assets: i + 1, Times: 2, Set: set.ID,
			First: now.AddDate(0, 0, -9), Last: now.AddDate(0, 0, -i),
		}
		if login == "clara" {
			r.Channel, r.Set, r.Purpose = clinical.ViewOnScreen, clinical.SetID{}, clinical.P0
		} else {
			task := clinical.Task{
				ID: clinicaltest.ID[clinical.Task](login), Kind: clinical.DestroyCopy, For: r.Person, Recall: id, Raised: now, Due: now.AddDate(0, 0, 14),
			}
			if login == "edith" {
				task.DoneAt, task.DoneBy, task.Answer = now.Add(time.Hour), r.Person, clinical.AnswerDone
			}
			r.Task = task.ID
			w.Tasks = append(w.Tasks, task)
		}
		w.Recall.Reach = append(w.Recall.Reach, r)
	}
	second := clinicaltest.Hospital().People[8]
	second.ID, second.Login, second.Name = clinicaltest.ID[clinical.Person]("sven"), "sven", "Sven Ångström"
	w.People = append(w.People, second)
	more := w.Recall.Reach[0]
	more.Person, more.Assets = second.ID, 2
	w.Recall.Reach = append(w.Recall.Reach, more)
	return w
}

func certificate(t *testing.T, w paper.Withdrawal, e paper.Edition, l paper.Language) (string, []byte) {
	t.Helper()
	c, err := paper.NewCertificate(w, e, issuer(l))
	if err != nil {
		t.Fatal(err)
	}
	var pdf, j bytes.Buffer
	if err := c.WritePDF(&pdf); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteJSON(&j); err != nil {
		t.Fatal(err)
	}
	keep(t, "certificate-"+e.String()+"-"+string(l), pdf.Bytes())
	return text(t, pdf.Bytes()) + j.String(), pdf.Bytes()
}

// keep proves that the PDF is well formed to a second reader.
func keep(t *testing.T, name string, pdf []byte) {
	t.Helper()
	info := pipe(t, pdf, "pdfinfo", "-")
	if !strings.Contains(info, "Pages:") {
		t.Errorf("%s: %s", name, info)
	}
}

func TestPatientsCopyHasRolesAndCountsAndNamesNoStaff(t *testing.T) {
	w := withdrawal()
	got, _ := certificate(t, w, paper.ForPatient, paper.French)
	mustHold(t, got, "Retrait du consentement : certificat", "FONTAINE-D’AUBIGNÉ, Aurélie", "l’enseignement", "23 novembre 2026, 10:00:00 (+01:00)",
		"infirmier", "2 étudiants", "1 enseignant", "1 clinicien", "Annales de dermatologie, revue, 23 mai 2026", "Hôpital Saint-Aubin",
		"Les soins ne sont pas modifiés", "Maëlle Dufour", "fovea.example+c07b5e19+AbCd", "218406")
	for _, p := range w.People {
		mustNotHold(t, got, p.Name, p.ID.String())
	}
	mustNotHold(t, got, w.Sets[0].Title, w.Sets[0].ID.String(), w.Recall.Assets[0].String())
}

func TestCareIsNoneOfThePurposesWithdrawn(t *testing.T) {
	w := withdrawal()
	w.Grants[0].Purposes = []clinical.Purpose{clinical.P0, clinical.P2}
	c, err := paper.NewCertificate(w, paper.ForGovernance, issuer(paper.English))
	if err != nil || !slices.Equal(c.Purposes, []string{"P2"}) {
		t.Errorf("withdrawn for %v, %v", c.Purposes, err)
	}
}

func TestTheRecallKnowsTheRoleOfSomebodyUnknown(t *testing.T) {
	w := withdrawal()
	w.People = nil
	for i := range w.Recall.Reach {
		w.Recall.Reach[i].Role = clinical.Student
	}
	c, err := paper.NewCertificate(w, paper.ForGovernance, issuer(paper.English))
	if err != nil || len(c.Open) != 1 || c.Open[0].Role != string(clinical.Student) {
		t.Errorf("outstanding %+v, %v", c.Open, err)
	}
}

func TestGovernanceCopyNamesReadersAndTasksOutstanding(t *testing.T) {
	got, _ := certificate(t, withdrawal(), paper.ForGovernance, paper.Spanish)
	mustHold(t, got, "Retirada del consentimiento: certificado", "Sven Ångström, estudiante", "Invented stella", "Invented nina, enfermero",
		"Plaies chroniques, 4e année", "Tareas pendientes", "destruir las copias", "2026-12-07", "No puede retirarse")
}

func TestCertificateIsTheSameForTheSameFactsAndCarriesItsProof(t *testing.T) {
	_, one := certificate(t, withdrawal(), paper.ForPatient, paper.English)
	_, two := certificate(t, withdrawal(), paper.ForPatient, paper.English)
	if !bytes.Equal(one, two) {
		t.Error("the same facts make two files")
	}
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "certificate.pdf")
	if err := os.WriteFile(file, one, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe(t, nil, "pdfdetach", "-saveall", "-o", dir, file)
	got, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i] = filepath.Base(got[i])
	}
	if want := []string{"certificate.json", "checkpoint.txt", "key.txt", "leaf.json", "leaf.tlog-proof"}; !slices.Equal(got, want) {
		t.Errorf("attached %v, want %v", got, want)
	}
}

// What is detached from the paper convinces the verifier of the ledger, which
// is given nothing else.
func TestProofThatIsAttachedVerifiesOffline(t *testing.T) {
	vector := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("..", "..", "vault", "ledger", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	w := withdrawal()
	var err error
	if w.Proof, err = paper.ProofOf(1, vector("leaf2.tlog-proof"), strings.TrimSpace(string(vector("key.txt")))); err != nil {
		t.Fatal(err)
	}
	_, pdf := certificate(t, w, paper.ForPatient, paper.Spanish)
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "certificate.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe(t, nil, "pdfdetach", "-saveall", "-o", dir, file)
	attached := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	proof, err := ledger.DecodeProof(attached("leaf.tlog-proof"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proof.Check(attached("leaf.json"), strings.TrimSpace(string(attached("key.txt")))); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(attached("checkpoint.txt"), proof.Checkpoint) {
		t.Error("the checkpoint is another")
	}
	for name, text := range map[string]string{
		"nothing": "", "another format": "c2sp.org/tlog-proof@v2\nextra AA==\nindex 1\n\nx\n",
		"no entry": "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx\n", "no checkpoint": "c2sp.org/tlog-proof@v1\nextra AA==\nindex 1\n",
	} {
		if _, err := paper.ProofOf(1, []byte(text), "k"); clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whom governance asks to confirm a withdrawal is not asked to destroy anything.
func TestOnlyDestroyCopyTasksCountAsAskedToDestroy(t *testing.T) {
	w := withdrawal()
	w.Tasks = append(w.Tasks, clinical.Task{
		ID: clinicaltest.ID[clinical.Task]("verify"), Kind: clinical.VerifyWithdrawal, Role: clinical.Governance, Recall: w.Recall.ID, Raised: clinicaltest.Now(),
	})
	c, err := paper.NewCertificate(w, paper.ForGovernance, issuer(paper.English))
	if err != nil || *c.Tasks != (paper.TaskCount{Asked: 2, Confirmed: 1, Outstanding: 1}) {
		t.Errorf("%+v, %v", c.Tasks, err)
	}
	if len(c.Open) != 2 || c.Open[1].Kind != string(clinical.VerifyWithdrawal) {
		t.Errorf("governance does not see what is outstanding: %+v", c.Open)
	}
}

// A withdrawal that reached two records is certified for both, in one paper.
func TestSeveralCertificatesMakeOnePaper(t *testing.T) {
	one, two := withdrawal(), withdrawal()
	two.Recall.ID = clinicaltest.ID[clinical.Recall]("second")
	var all []paper.Certificate
	for _, w := range []paper.Withdrawal{one, two} {
		c, err := paper.NewCertificate(w, paper.ForPatient, issuer(paper.English))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	var pdf bytes.Buffer
	if err := paper.WriteCertificates(&pdf, all); err != nil {
		t.Fatal(err)
	}
	mustHold(t, text(t, pdf.Bytes()), one.Recall.ID.String(), two.Recall.ID.String())
	file := filepath.Join(t.TempDir(), "certificates.pdf")
	if err := os.WriteFile(file, pdf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	files := pipe(t, nil, "pdfdetach", "-list", file)
	mustHold(t, files, "certificate.json", "certificate-2.json", "leaf.tlog-proof")
	mustNotHold(t, files, "leaf-2.tlog-proof")
	if err := paper.WriteCertificates(&pdf, nil); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("none: %v", err)
	}
}

func TestCertificateSaysWhatReadersWereThen(t *testing.T) {
	w := withdrawal()
	w.Recall.Reach[2].Role = clinical.Student
	got, _ := certificate(t, w, paper.ForPatient, paper.English)
	mustHold(t, got, "1 student care, on screen")
}

func TestJSONEditionIsTheFormatThatIsDescribed(t *testing.T) {
	for _, e := range []paper.Edition{paper.ForPatient, paper.ForGovernance} {
		c, err := paper.NewCertificate(withdrawal(), e, issuer(paper.English))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := c.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if want, err := os.ReadFile(filepath.Join("testdata", "certificate-"+e.String()+".json")); err != nil || !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s: not the vector: %v\n%s", e, err, b.Bytes())
		}
		dec := json.NewDecoder(&b)
		dec.DisallowUnknownFields()
		var got paper.Certificate
		if err := dec.Decode(&got); err != nil {
			t.Fatal(err)
		}
		want := paper.TaskCount{Asked: 2, Confirmed: 1, Outstanding: 1}
		if got.Version != 1 || *got.Tasks != want || got.Pictures != 2 || got.Proof.Seq != 77 || got.Published[0].Kind != "journal" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestNothingIsCertifiedThatDidNotHappen(t *testing.T) {
	if _, err := paper.NewCertificate(paper.Withdrawal{}, paper.ForPatient, issuer(paper.English)); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("withdrawal: %v", err)
	}
	_, err := paper.NewErasureCertificate(paper.Erasing{Erasure: clinical.Erasure{ID: clinicaltest.ID[clinical.Erasure]("e")}}, paper.ForPatient, issuer(paper.English))
	if clinical.ReasonOf(err) != "undecided" {
		t.Errorf("erasure: %v", err)
	}
	w := withdrawal()
	w.Recall.Settled, w.Recall.Reach, w.Recall.Published, w.Proof = time.Time{}, nil, nil, paper.Proof{}
	got, _ := certificate(t, w, paper.ForPatient, paper.English)
	mustHold(t, got, "This is still being found", "Print the certificate again after 23 November 2026, 10:05:00 (+01:00)", "No proof is attached")
	mustNotHold(t, got, "Nobody, as far as the ledger knows", "No published use is on record", "Asked to destroy copies", `"tasks"`, `"reach"`, `"sets"`)
}

// photo is a JPEG whose left half is red and whose right half is blue.
func photo(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{200, 0, 0, 255}
			if x >= w/2 {
				c = color.RGBA{0, 0, 200, 255}
			}
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func all(p ...paper.Picture) iter.Seq2[paper.Picture, error] {
	return func(yield func(paper.Picture, error) bool) {
		for _, x := range p {
			if !yield(x, nil) {
				return
			}
		}
	}
}

func TestContactSheetShowsEveryPictureWithNameAndCaption(t *testing.T) {
	jpg := photo(t, 240, 160)
	var ps []paper.Picture
	for i := range 50 {
		name := string(rune('A'+i%26)) + strings.Repeat("x", i/26) + "-plaie.jpg"
		ps = append(ps, paper.Picture{Name: name, Caption: "Œdème, côté externe, à l’arrivée", Content: bytes.NewReader(jpg)})
	}
	var pdf bytes.Buffer
	err := paper.ContactSheet(&pdf, paper.Contact{Set: withdrawal().Sets[0], Pictures: all(ps...)}, issuer(paper.French))
	if err != nil {
		t.Fatal(err)
	}
	got := text(t, pdf.Bytes())
	mustHold(t, got, "Plaies chroniques, 4e année", "Xx-plaie.jpg", "Œdème, côté externe", "l’enseignement")
	if n := strings.Count(pipe(t, pdf.Bytes(), "pdfimages", "-list", "-"), "jpeg"); n < 50 {
		t.Errorf("%d pictures drawn, want 50", n)
	}
}

func TestWhatCannotBeDrawnOrReadEndsTheDocument(t *testing.T) {
	gone := clinical.ErrNotFound
	for name, p := range map[string]paper.Picture{
		"not a picture": {Content: strings.NewReader("hello")},
		"no pixels":     {Content: strings.NewReader("\xff\xd8\xff\xd9")},
		"withdrawn":     {Content: io.MultiReader(bytes.NewReader(photo(t, 9, 9)[:40]), failing{gone})},
	} {
		var b bytes.Buffer
		err := paper.Print(&b, paper.Album{Title: "x", Pictures: all(p)}, issuer(paper.English))
		if err == nil || b.Len() != 0 {
			t.Errorf("%s: %v, %d bytes written", name, err, b.Len())
		}
		if name == "withdrawn" && clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("withdrawn: %v", err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestPrintedPictureIsUprightWithItsSide(t *testing.T) {
	jpg := photo(t, 300, 200)
	// Where red ends up, by EXIF orientation: the stored picture has it on the left.
	for orientation, want := range map[int]string{0: "left", 1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"} {
		var pdf bytes.Buffer
		err := paper.Print(&pdf, paper.Album{
			Title: "Copie papier", Recipient: "Dr Ñúñez", UseBy: clinical.Date{Year: 2026, Month: 12, Day: 1},
			Pictures: all(paper.Picture{Name: "photo-001.jpg", Caption: "Jambe", Side: clinical.Left, Orientation: orientation, Content: bytes.NewReader(jpg)}),
		}, issuer(paper.French))
		if err != nil {
			t.Fatal(err)
		}
		mustHold(t, text(t, pdf.Bytes()), "GAUCHE", "Jambe", "pour Dr Ñúñez", "à utiliser avant le 1er décembre 2026")
		if got := redSide(t, pdf.Bytes()); got != want {
			t.Errorf("orientation %d: red is %s, want %s", orientation, got, want)
		}
	}
}

// redSide draws the page and says on which side of the blue the red lies.
func redSide(t *testing.T, pdf []byte) string {
	t.Helper()
	ppm := pipe(t, pdf, "pdftoppm", "-r", "20", "-jpeg", "-")
	m, err := jpeg.Decode(strings.NewReader(ppm))
	if err != nil {
		t.Fatal(err)
	}
	var rx, ry, bx, by, rn, bn int
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			r, g, b, _ := m.At(x, y).RGBA()
			switch {
			case r > 0x9000 && g < 0x4000 && b < 0x4000:
				rx, ry, rn = rx+x, ry+y, rn+1
			case b > 0x9000 && g < 0x4000 && r < 0x4000:
				bx, by, bn = bx+x, by+y, bn+1
			}
		}
	}
	if rn == 0 || bn == 0 {
		t.Fatal("no picture on the page")
	}
	dx, dy := rx/rn-bx/bn, ry/rn-by/bn
	switch {
	case dx < -3:
		return "left"
	case dx > 3:
		return "right"
	case dy < 0:
		return "top"
	default:
		return "bottom"
	}
}

func TestCaptionsOpenInASpreadsheetAsTextAlone(t *testing.T) {
	var b bytes.Buffer
	err := paper.Captions(&b, []clinical.Entry{
		{Name: "000010-wound.jpg", Caption: "Ulcère, \"médial\"\nligne 2"},
		{Name: "000023-b.jpg", Caption: "=HYPERLINK(1)"},
		{Name: "000031-c.jpg", Caption: " +1"},
		{Name: "000040-d.jpg", Caption: "@x"},
		{Name: "000041-e.jpg", Caption: "-2 °C"},
	})
	if err != nil {
		t.Fatal(err)
	}
	body, ok := strings.CutPrefix(b.String(), "\uFEFF")
	if !ok || !strings.HasPrefix(body, "file,caption\r\n") {
		t.Fatalf("begins %q", b.String()[:20])
	}
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, r := range rows[1:] {
		got = append(got, r[1])
	}
	want := []string{"Ulcère, \"médial\"\nligne 2", "'=HYPERLINK(1)", "' +1", "'@x", "'-2 °C"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEvidencePapersListExhibitsAndWhoTouchedThem(t *testing.T) {
	a := clinicaltest.ID[clinical.Asset]("a")
	c := paper.Custody{
		Release:  clinical.Release{ID: clinicaltest.ID[clinical.Release]("r"), Authority: "Order 7", Recipient: "Tribunal de Nîmes", At: clinicaltest.Now()},
		Exhibits: []paper.Exhibit{{Name: "exhibit-001.jpg", Asset: a, SHA256: [32]byte{0xab}, Size: 7, Captured: clinicaltest.Now()}},
		People:   clinicaltest.Hospital().People,
		Events: []clinical.Recorded{{Leaf: 41, Event: clinical.Event{
			At: clinicaltest.Now(), Act: clinical.ActServed, Assets: []clinical.AssetID{a},
			Caller: clinical.Caller{Person: clinicaltest.ID[clinical.Person]("clara"), Operator: "uid 0", Door: clinical.DoorPages},
		}}, {Leaf: 42, Event: clinical.Event{
			At: clinicaltest.Now(), Act: clinical.ActDenied, Denied: true, Assets: []clinical.AssetID{a},
			Caller: clinical.Caller{Person: clinicaltest.ID[clinical.Person]("stella"), Door: clinical.DoorPages},
		}}},
	}
	said := map[paper.Language][]string{
		paper.English: {"Invented clara (by operator), clinician", "asked for, denied"},
		paper.French:  {"Invented clara (par l’exploitant), clinicien", "demandé, refusé"},
		paper.Spanish: {"Invented clara (por el operador), clínico", "pedido, denegado"},
	}
	for _, l := range paper.Languages() {
		for name, f := range map[string]func(io.Writer, paper.Custody, paper.Issuer) error{"custody": paper.CustodyReport, "statement": paper.Statement} {
			var pdf bytes.Buffer
			if err := f(&pdf, c, issuer(l)); err != nil {
				t.Fatal(err)
			}
			got := text(t, pdf.Bytes())
			mustHold(t, got, "Tribunal de Nîmes", "exhibit-001.jpg", "ab000000")
			if name == "custody" {
				mustHold(t, got, "41")
				mustHoldInPieces(t, got, said[l]...) // a court reads every name whole
				mustNotHold(t, got, "…", "denied, denied", "refusé, refusé")
			}
		}
	}
}

// mustHoldInPieces wants every word of each text: a cell of a table breaks into
// lines, between which a page's text has other cells.
func mustHoldInPieces(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		mustHold(t, got, strings.Fields(w)...)
	}
}

func TestHostileTextNeitherPanicsNorTurnsALineAround(t *testing.T) {
	nasty := "A\u202Egnp.exe\u0000\u0007 \U0001F600 e\u0301 " + strings.Repeat("ż", 5000)
	w := withdrawal()
	w.Patient.Family, w.Sets[0].Title, w.People[0].Name = nasty, nasty, nasty
	w.Releases[0].Recipient = nasty
	for _, e := range []paper.Edition{paper.ForPatient, paper.ForGovernance} {
		got, _ := certificate(t, w, e, paper.English)
		got, _, _ = strings.Cut(got, "{")
		mustNotHold(t, got, "\u202E")
		mustHold(t, got, "é")
	}
}
