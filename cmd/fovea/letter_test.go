package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/exchange/paper"
	"fovea/server/wire"
	"fovea/vault/ledger"
)

// toTheLetter starts a system that has one classified picture, in a set that
// stanislaus reads, and somebody of governance: gustav.
func toTheLetter(t *testing.T, edit func(*config)) (*house, string) {
	t.Helper()
	h := newHouse(t)
	if edit != nil {
		edit(&h.cfg)
		h.check(h.cfg.check())
	}
	h.start()
	h.populate()
	gustav := h.do("", clinical.AddPerson{Person: clinical.Person{Login: "gustav", Name: "Gustav Aufseher", Role: clinical.Governance}}).People[0].ID
	h.people["gustav"] = gustav
	app, err := h.sys.login.IssueAppPassword(t.Context(), gustav, "test", nil, 90)
	h.check(err)
	h.secrets["gustav"] = app.Secret
	h.drop(h.drawn(1))
	h.eventually("kept, and known to the gate", func() bool { return h.found("carlotta", "kompressionsverband") == 1 })
	folder := h.release()
	h.eventually("on the drive", func() bool { return len(h.listing("stanislaus", folder)) == 1 })
	return h, folder
}

func (h *house) picture() clinical.Asset {
	h.Helper()
	return slices.Collect(maps.Values(h.assets()))[0]
}

// post sends JSON as somebody and reads the answer into out.
func (h *house) post(login, method, path string, in, out any) (int, []byte) {
	h.Helper()
	res, answer := h.request(login, method, "/api/v1"+path, in)
	if out != nil && res.StatusCode == http.StatusOK {
		h.check(json.Unmarshal([]byte(answer), out))
	}
	return res.StatusCode, []byte(answer)
}

// settled waits until it is known who had the pictures of a recall.
func (h *house) settled(id clinical.RecallID) clinical.Recall {
	h.Helper()
	var r clinical.Recall
	h.eventually("settled", func() bool {
		var err error
		r, err = h.sys.gate.Recall(h.Context(), clinical.Caller{Person: h.people["gustav"], Door: clinical.DoorAPI}, id)
		h.check(err)
		return !r.Settled.IsZero()
	})
	return r
}

func TestAWithdrawalIsCertifiedWithAProofThatNeedsNoServer(t *testing.T) {
	h, folder := toTheLetter(t, nil)
	res, _ := h.ask(t.Context(), "stanislaus", http.MethodGet, h.listing("stanislaus", folder)[0])
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the picture: %s", res.Status)
	}
	var preview wire.Impact
	h.post("carlotta", http.MethodPost, "/simulate/patients/"+h.patient.String()+"/withdrawals", map[string]string{}, &preview)
	if preview.Removes != 1 || len(h.listing("stanislaus", folder)) != 1 {
		t.Errorf("asked before: %+v", preview)
	}
	var done wire.Result
	if code, body := h.post("carlotta", http.MethodPost, "/patients/"+h.patient.String()+"/withdrawals", map[string]string{}, &done); code != http.StatusOK {
		t.Fatalf("withdrawal: %d %s", code, body)
	}
	if n := len(h.listing("stanislaus", folder)); n != 0 {
		t.Errorf("%d on the drive", n)
	}
	h.settled(done.Recall)

	var tasks wire.List[wire.Task]
	h.post("stanislaus", http.MethodGet, "/tasks", nil, &tasks)
	if len(tasks.Items) != 1 || tasks.Items[0].Kind != clinical.DestroyCopy {
		t.Fatalf("who had it on a drive is asked: %+v", tasks.Items)
	}
	if code, body := h.post("stanislaus", http.MethodPost, "/tasks/"+tasks.Items[0].ID.String()+"/finish", wire.FinishTask{Answer: "done"}, nil); code != http.StatusOK {
		t.Errorf("confirmed: %d %s", code, body)
	}

	var cert struct {
		Edition string
		Reach   []struct {
			Role, Name, Way string
			People          int
		}
		Tasks struct{ Asked, Confirmed int }
		Proof struct{ TlogProof string }
	}
	path := "/api/v1/recalls/" + done.Recall.String() + "/certificate?format=json&edition="
	for who, edition := range map[string]string{"carlotta": "patient", "gustav": "governance"} {
		res, body := h.ask(t.Context(), who, http.MethodGet, path+edition)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", edition, res.Status, body)
		}
		h.check(json.Unmarshal(body, &cert))
		if cert.Edition != edition || len(cert.Reach) != 1 || cert.Reach[0].Role != "student" || cert.Reach[0].Way != "set" || cert.Tasks.Confirmed != 1 {
			t.Errorf("%s: %s", edition, body)
		}
		if named := bytes.Contains(body, []byte("Stanislaus")); named != (edition == "governance") {
			t.Errorf("%s: named %t", edition, named)
		}
	}
	key := h.sys.vault.AuditKey()
	h.stop()
	leaf, _, err := ledger.CheckProof([]byte(cert.Proof.TlogProof), key)
	if err != nil || leaf.Act != string(clinical.ActConsentWithdrawn) || leaf.Seq != done.Seq {
		t.Errorf("offline: %+v, %v", leaf, err)
	}
}

func TestAPatientWithdrawsByTheirCodeAlone(t *testing.T) {
	h, folder := toTheLetter(t, nil)
	var code wire.IssuedCode
	h.post("carlotta", http.MethodPost, "/patients/"+h.patient.String()+"/codes", wire.IssueCode{}, &code)
	if code.Secret == "" {
		t.Fatal("no code")
	}
	page, body := h.ask(t.Context(), "stanislaus", http.MethodGet, "/withdraw/"+code.Secret)
	if page.StatusCode != http.StatusOK || bytes.Contains(body, []byte("Fontaineau")) || len(h.listing("stanislaus", folder)) != 1 {
		t.Errorf("looking: %s", page.Status)
	}
	if res, body := h.ask(t.Context(), "stanislaus", http.MethodPost, "/withdraw/"+code.Secret); res.StatusCode != http.StatusOK {
		t.Fatalf("confirmed: %s %s", res.Status, body)
	}
	if n := len(h.listing("stanislaus", folder)); n != 0 {
		t.Errorf("%d on the drive", n)
	}
	if again, body := h.ask(t.Context(), "stanislaus", http.MethodPost, "/withdraw/"+code.Secret); again.StatusCode != http.StatusOK {
		t.Errorf("pressed twice: %s %s", again.Status, body)
	}
	used, usedBody := h.ask(t.Context(), "stanislaus", http.MethodGet, "/withdraw/"+code.Secret)
	never, neverBody := h.ask(t.Context(), "stanislaus", http.MethodGet, "/withdraw/"+strings.Repeat("0000-", 7)+"0000")
	if used.StatusCode != http.StatusNotFound || never.StatusCode != used.StatusCode || !bytes.Equal(usedBody, neverBody) {
		t.Errorf("a used code is %s, one that never was %s", used.Status, never.Status)
	}
}

func TestBrokenGlassOpensCareAndEnds(t *testing.T) {
	h, _ := toTheLetter(t, nil)
	const password = "correct horse battery"
	h.check(h.sys.login.SetPassword(t.Context(), h.people["ottokar"], password))
	path := "/img/" + h.picture().ID.String() + "/original"
	sees := func() int {
		res, _ := h.ask(t.Context(), "ottokar", http.MethodGet, path)
		return res.StatusCode
	}
	in := wire.BreakGlass{Patient: h.patient, Why: clinical.GlassEmergency, Words: "night duty", Password: "not this one"}
	if code, body := h.post("ottokar", http.MethodPost, "/break-glass", in, nil); code != http.StatusForbidden || sees() != http.StatusNotFound {
		t.Errorf("without the password: %d %s", code, body)
	}
	in.Password = password
	var done wire.Result
	if code, body := h.post("ottokar", http.MethodPost, "/break-glass", in, &done); code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	if code := sees(); code != http.StatusOK {
		t.Errorf("with the ticket: %d", code)
	}
	var told wire.List[wire.Task]
	h.post("gustav", http.MethodGet, "/tasks", nil, &told)
	if !slices.ContainsFunc(told.Items, func(t wire.Task) bool { return t.Kind == clinical.GlassReview && t.BreakGlass.String() == done.IDs[0] }) {
		t.Errorf("governance is told: %+v", told.Items)
	}
	if code, body := h.post("gustav", http.MethodPost, "/break-glass/"+done.IDs[0]+"/review", wire.ReviewGlass{Verdict: clinical.GlassMisuse, Words: "not on duty"}, nil); code != http.StatusOK {
		t.Fatalf("review: %d %s", code, body)
	}
	if code := sees(); code != http.StatusNotFound {
		t.Errorf("after the review: %d", code)
	}
}

func TestACopyLeavesUnderAPasswordThatGoesAnotherWay(t *testing.T) {
	h, _ := toTheLetter(t, nil)
	picture := h.picture()
	for _, format := range []clinical.ReleaseFormat{clinical.EncryptedZIP, clinical.Evidential} {
		in := wire.MakeRelease{
			Kind: clinical.SubjectAccess, Authority: "request of today", Recipient: "the patient", Assets: []clinical.AssetID{picture.ID}, Format: format,
		}
		var made wire.Result
		if code, body := h.post("mirabelle", http.MethodPost, "/releases", in, &made); code != http.StatusOK {
			t.Fatalf("%s: %d %s", format, code, body)
		}
		path := "/releases/" + made.IDs[0]
		if res, body := h.ask(t.Context(), "mirabelle", http.MethodGet, "/api/v1"+path+"/content"); res.StatusCode != http.StatusConflict {
			t.Errorf("%s without a password: %s %s", format, res.Status, body)
		}
		var secret wire.ReleasePassword
		h.post("mirabelle", http.MethodPost, path+"/password", nil, &secret)
		res, zip := h.ask(t.Context(), "mirabelle", http.MethodGet, "/api/v1"+path+"/content")
		if res.StatusCode != http.StatusOK || bytes.Contains(zip, []byte("Fontaineau")) {
			t.Fatalf("%s: %s %s", format, res.Status, zip[:min(len(zip), 300)])
		}
		if res, body := h.ask(t.Context(), "mirabelle", http.MethodGet, "/api/v1"+path+"/content"); res.StatusCode != http.StatusConflict {
			t.Errorf("%s again under the same password: %s %d bytes", format, res.Status, len(body))
		}
		dir := t.TempDir()
		h.check(os.WriteFile(filepath.Join(dir, "copy.zip"), zip, 0o600))
		unpack := func(password string) error {
			cmd := exec.CommandContext(t.Context(), "7zz", "x", "-y", "-p"+password, "-o"+filepath.Join(dir, "out"), filepath.Join(dir, "copy.zip"))
			cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
			return cmd.Run()
		}
		if unpack("wrong") == nil {
			t.Errorf("%s opens with any password", format)
		}
		h.check(os.RemoveAll(filepath.Join(dir, "out")))
		h.check(unpack(secret.Password))
		name := map[clinical.ReleaseFormat]string{clinical.EncryptedZIP: "picture-001.jpg", clinical.Evidential: "originals/exhibit-001.jpg"}[format]
		got, err := os.ReadFile(filepath.Join(dir, "out", name))
		h.check(err)
		if want := h.drawn(1)[picture.Name]; !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, the original has %d", format, len(got), len(want))
		}
		if format == clinical.Evidential {
			h.provesCustody(filepath.Join(dir, "out"))
		}
	}
}

// provesCustody verifies what lies beside the exhibits.
func (h *house) provesCustody(dir string) {
	h.Helper()
	proofs, err := filepath.Glob(filepath.Join(dir, "proof", "*", "leaf.tlog-proof"))
	h.check(err)
	acts := map[string]bool{}
	var last ledger.Leaf
	for _, path := range proofs { // in their order
		text, err := os.ReadFile(path)
		h.check(err)
		last, _, err = ledger.CheckProof(text, h.sys.vault.AuditKey())
		h.check(err)
		acts[last.Act] = true
	}
	// What is proven is of these very files: their list is in the ledger.
	original, err := os.ReadFile(filepath.Join(dir, "originals", "exhibit-001.jpg"))
	h.check(err)
	list, err := os.ReadFile(filepath.Join(dir, "exhibits.sha256"))
	h.check(err)
	if want := fmt.Sprintf("%x  originals/exhibit-001.jpg\n", sha256.Sum256(original)); string(list) != want {
		h.Errorf("the exhibits are %q, want %q", list, want)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256(list)); last.Act != string(clinical.ActPaperIssued) || last.SHA256 != want {
		h.Errorf("the ledger has %s %s, want %s", last.Act, last.SHA256, want)
	}
	if !acts[string(clinical.ActReleaseMade)] || !acts[string(clinical.ActAssetKept)] {
		h.Errorf("that it was kept and released is not proven: %v", acts)
	}
	report, err := os.ReadFile(filepath.Join(dir, "custody-report.csv"))
	if err != nil || !bytes.Contains(report, []byte("asset.kept")) {
		h.Errorf("custody: %v\n%s", err, report)
	}
}

func TestAnErasureIsDecidedByASecondPersonAndCertified(t *testing.T) {
	h, folder := toTheLetter(t, nil)
	picture := h.picture()
	var asked, decided wire.Result
	h.post("carlotta", http.MethodPost, "/patients/"+h.patient.String()+"/erasures", wire.Erase{OnBehalf: "the patient", Reason: "wants it gone"}, &asked)
	decision := wire.DecideErasure{Outcome: clinical.EraseShred, Reason: "no reason to keep it"}
	if code, _ := h.post("carlotta", http.MethodPost, "/erasures/"+asked.IDs[0]+"/decide", decision, nil); code != http.StatusForbidden {
		t.Errorf("by who took it: %d", code)
	}
	if code, body := h.post("gustav", http.MethodPost, "/erasures/"+asked.IDs[0]+"/decide", decision, &decided); code != http.StatusOK {
		t.Fatalf("decided: %d %s", code, body)
	}
	var all wire.List[wire.Erasure]
	h.eventually("done", func() bool {
		h.post("gustav", http.MethodGet, "/erasures", nil, &all)
		return len(all.Items) == 1 && !all.Items[0].Done.IsZero()
	})
	if e := all.Items[0]; e.Pictures != 1 || e.Epoch.IsZero() {
		t.Errorf("%+v", e)
	}
	if len(h.listing("stanislaus", folder)) != 0 || h.found("carlotta", "kompressionsverband") != 0 {
		t.Error("it is still found")
	}
	if c, err := h.sys.vault.Open(t.Context(), picture.Original.ID); err == nil {
		h.check(c.Close())
		t.Error("its bytes open")
	}
	h.settled(all.Items[0].Recall)
	res, pdf := h.ask(t.Context(), "gustav", http.MethodGet, "/api/v1/erasures/"+asked.IDs[0]+"/certificate?edition=governance&language=fr")
	if res.StatusCode != http.StatusOK || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("certificate: %s %s", res.Status, pdf[:min(len(pdf), 300)])
	}
	h.certifiesTheIndex(asked.IDs[0], all.Items[0].Epoch)
}

// certifiesTheIndex follows an erasure's certificate until the search index has
// its new key: no date before, and none before the key was destroyed.
func (h *house) certifiesTheIndex(id string, erased time.Time) {
	h.Helper()
	read := func() paper.Copies {
		h.Helper()
		res, body := h.ask(h.Context(), "gustav", http.MethodGet, "/api/v1/erasures/"+id+"/certificate?format=json")
		var c paper.ErasureCertificate
		if err := json.Unmarshal(body, &c); err != nil || c.Copies == nil || res.Header.Get("Content-Type") != "application/json" {
			h.Fatalf("certificate as JSON: %s %v %.300s", res.Header.Get("Content-Type"), err, body)
		}
		return *c.Copies
	}
	if c := read(); !c.IndexPending || !c.Index.IsZero() || !c.AskAgain.After(time.Now()) || !c.Store.Equal(erased) {
		h.Errorf("while the index has its old key: %+v", c)
	}
	before := time.Now()
	h.check(h.sys.renewIndex(h.Context()))
	c := read()
	if c.IndexPending || c.Index.Before(before) || c.Index.After(time.Now()) || !c.Store.Equal(erased) {
		h.Errorf("once it has a new one: %+v", c)
	}
	h.check(h.sys.renewIndex(h.Context()))
	if again := read(); again != c {
		h.Errorf("asked again: %+v, not %+v", again, c)
	}
}

// What is not somebody's answers as what never was: status, headers and body.
func TestWhatIsDeniedAnswersAsWhatNeverWas(t *testing.T) {
	h, _ := toTheLetter(t, nil)
	picture := h.picture()
	made := h.do("mirabelle", clinical.MakeRelease{Release: clinical.Release{
		Kind: clinical.SubjectAccess, Authority: "request", Recipient: "the patient", Assets: []clinical.AssetID{picture.ID},
	}}).Releases[0].ID
	asked := h.do("carlotta", clinical.RequestErasure{Patient: h.patient, OnBehalf: "the patient", Reason: "asks"}).Erasures[0].ID
	withdrawn := h.do("carlotta", clinical.WithdrawConsent{Patient: h.patient})
	recall := withdrawn.Recalls[0].ID
	h.settled(recall)
	var tasks wire.List[wire.Task]
	h.post("gustav", http.MethodGet, "/recalls/"+recall.String()+"/tasks", nil, &tasks)
	task := clinical.TaskID{1: 1}
	if len(tasks.Items) > 0 {
		task = tasks.Items[0].ID
	}
	reason := wire.Reason{Reason: "x"}
	for _, one := range []struct {
		id           fmt.Stringer
		method, path string
		in           any
	}{
		{made, "GET", "/releases/%", nil},
		{made, "GET", "/releases/%/content", nil},
		{made, "POST", "/releases/%/password", nil},
		{made, "POST", "/releases/%/deliver", wire.Deliver{}},
		{made, "POST", "/releases/%/end", reason},
		{made, "POST", "/simulate/releases/%/end", reason},
		{recall, "GET", "/recalls/%", nil},
		{recall, "GET", "/recalls/%/tasks", nil},
		{recall, "GET", "/recalls/%/certificate", nil},
		{recall, "GET", "/recalls/%/certificate?edition=governance&format=json", nil},
		{recall, "GET", "/recalls/%/proof", nil},
		{asked, "GET", "/erasures/%/certificate", nil},
		{asked, "POST", "/erasures/%/decide", wire.DecideErasure{Outcome: clinical.EraseRefuse, Reason: "x"}},
		{task, "POST", "/tasks/%/finish", wire.FinishTask{Answer: clinical.AnswerDone}},
		{withdrawn.Grants[0].ID, "GET", "/consents/%/form", nil},
		{withdrawn.Grants[0].ID, "PUT", "/consents/%/form", "scan"},
		{withdrawn.Grants[0].ID, "POST", "/consents/%/mistaken", reason},
		{h.patient, "GET", "/patients/%/consents", nil},
		{h.patient, "GET", "/patients/%/recalls", nil},
		{h.patient, "GET", "/patients/%/codes", nil},
		{h.patient, "GET", "/patients/%/consents/fhir", nil},
		{h.patient, "GET", "/consent-form?patient=%", nil},
		{picture.ID, "GET", "/assets/%/reached", nil},
		{picture.ID, "GET", "/explain?asset=%", nil},
	} {
		t.Run(one.method+" "+one.path, func(t *testing.T) {
			h.TB = t
			answer := func(id string) (int, http.Header, string) {
				res, body := h.request("ottokar", one.method, "/api/v1"+strings.Replace(one.path, "%", id, 1), one.in)
				res.Header.Del("Date")
				return res.StatusCode, res.Header, body
			}
			status, header, body := answer(one.id.String())
			wantStatus, wantHeader, wantBody := answer("01M80NHPDMBP2TNQW1BX6J89E0")
			if status != wantStatus || status < 400 || body != wantBody {
				t.Errorf("denied %d %s, absent %d %s", status, body, wantStatus, wantBody)
			}
			if diff := cmp.Diff(wantHeader, header); diff != "" {
				t.Error(diff)
			}
		})
	}
	h.TB = t
}

// request is ask with a body.
func (h *house) request(login, method, path string, in any) (*http.Response, string) {
	h.Helper()
	h.ask(h.Context(), login, http.MethodGet, "/api/v1/me")
	var body io.Reader = http.NoBody
	if in != nil {
		b, err := json.Marshal(in)
		h.check(err)
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(h.Context(), method, h.url+path, body)
	h.check(err)
	req.SetBasicAuth(login, h.secrets[login])
	req.Header.Set("Content-Type", "application/json")
	res, err := h.clients[login].Do(req)
	h.check(err)
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	h.check(err)
	return res, string(answer)
}

func TestALaunchLeadsToThePatientOnce(t *testing.T) {
	h, _ := toTheLetter(t, nil)
	var ticket wire.Launched
	in := wire.Launch{Patient: wire.Identifier{System: "nhs", Value: patientNumber}}
	if code, body := h.post("carlotta", http.MethodPost, "/launch", in, &ticket); code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	client := h.clients["carlotta"]
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	first, _ := h.ask(t.Context(), "carlotta", http.MethodGet, ticket.Path)
	if to := first.Header.Get("Location"); first.StatusCode != http.StatusSeeOther || to != "/patients/"+h.patient.String() {
		t.Errorf("%s to %q", first.Status, to)
	}
	if second, _ := h.ask(t.Context(), "carlotta", http.MethodGet, ticket.Path); second.StatusCode != http.StatusNotFound {
		t.Errorf("a second time: %s", second.Status)
	}
	if strings.Contains(ticket.Path, patientNumber) || strings.Contains(ticket.Path, h.patient.String()) {
		t.Error("the ticket says who it is about")
	}
	denied, deniedBody := h.post("stanislaus", http.MethodPost, "/launch", in, nil)
	in.Patient.Value = "9434765870"
	absent, absentBody := h.post("stanislaus", http.MethodPost, "/launch", in, nil)
	if denied != http.StatusNotFound || denied != absent || !bytes.Equal(deniedBody, absentBody) {
		t.Errorf("denied %d %s, absent %d %s", denied, deniedBody, absent, absentBody)
	}
}

// A filed and classified session is delivered to the patient record's folder.
func TestASessionIsDeliveredToThePatientRecord(t *testing.T) {
	folder := t.TempDir()
	h, _ := toTheLetter(t, func(c *config) {
		c.Site = siteYAML{Name: "Hôpital de l'Été", Language: "fr"}
		c.EPR = eprYAML{Folder: folder, Columns: []string{"delivery", "action", "id:nhs", "family", "document", "pictures", "sha256"}, Poll: c.Timing.Poll}
	})
	var rows []byte
	h.eventually("delivered", func() bool {
		_ = filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".csv") {
				rows, err = os.ReadFile(path)
			}
			return err
		})
		return bytes.Contains(rows, []byte(patientNumber))
	})
	if !bytes.Contains(rows, []byte("Fontaineau")) {
		t.Errorf("the row: %s", rows)
	}
	var all wire.List[wire.Release]
	h.post("gustav", http.MethodGet, "/releases", nil, &all)
	if !slices.ContainsFunc(all.Items, func(r wire.Release) bool { return r.Kind == clinical.EPRDelivery }) {
		t.Errorf("the register: %+v", all.Items)
	}
}
