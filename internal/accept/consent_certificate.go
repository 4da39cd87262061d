package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// certificate is one as JSON: docs/formats/certificate.md.
type certificate struct {
	Edition  string `json:"edition"`
	Number   string `json:"number"`
	Cause    string `json:"cause"`
	Pictures int    `json:"pictures"`
	By       struct {
		Name        string `json:"name"`
		PatientCode bool   `json:"patientCode"`
	} `json:"by"`
	Reach []struct {
		Role   string `json:"role"`
		Name   string `json:"name"`
		People int    `json:"people"`
		Times  int    `json:"times"`
	} `json:"reach"`
	Tasks struct {
		Asked       int `json:"asked"`
		Confirmed   int `json:"confirmed"`
		Outstanding int `json:"outstanding"`
	} `json:"tasks"`
	Proof struct {
		Seq        uint64 `json:"seq"`
		TlogProof  string `json:"tlogProof"`
		Checkpoint string `json:"checkpoint"`
		Key        string `json:"key"`
	} `json:"proof"`
}

// withdrawalIsCertified: who read a picture is asked to destroy the copy and confirms it; patient and governance get
// their certificates, whose proof verifies without the server; allowed again, paths and ETags are what they were.
func withdrawalIsCertified(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	t, err := h.taught(ctx, 0, 2, "Acceptance certificate")
	if err != nil {
		return "", err
	}
	if err := t.read(ctx, h); err != nil {
		return "", err
	}
	recall, took, err := t.takeBack(ctx, h)
	if err != nil {
		return "", err
	}
	if err := t.absent(ctx, h); err != nil {
		return "", err
	}
	if err := h.destroyed(ctx, recall); err != nil {
		return "", err
	}
	proof, err := h.certified(ctx, recall)
	if err != nil {
		return "", err
	}
	if err := t.returns(ctx, h); err != nil {
		return "", err
	}
	if err := h.provenAlone(ctx, proof); err != nil {
		return "", err
	}
	return fmt.Sprintf("withdrawal %d ms; reader asked and confirmed; both editions; the proof verifies without the server, changed it does not; same paths and ETags when allowed again", took.Milliseconds()), nil
}

// destroyed is the reader's part: the task, its acknowledgement, and that governance is told.
func (h *hospital) destroyed(ctx context.Context, recall string) error {
	yuki, olu := h.as("yuki"), h.as("olu")
	t, err := yuki.asked(ctx, "destroy-copy", func(t task) bool { return t.Recall == recall })
	if err != nil {
		return err
	}
	if err := refusedWith(h.as("diego").finish(ctx, t.ID, "done"), http.StatusNotFound, "answering for somebody else"); err != nil {
		return err
	}
	if err := yuki.finish(ctx, t.ID, "done"); err != nil {
		return err
	}
	left, err := yuki.tasks(ctx)
	if err != nil {
		return err
	}
	for _, one := range left {
		if one.ID == t.ID && one.DoneBy == "" {
			return errors.New("a task that was acknowledged is asked again")
		}
	}
	var all listOf[task]
	if err := olu.call(ctx, http.MethodGet, "/api/v1/recalls/"+recall+"/tasks", nil, &all); err != nil {
		return err
	}
	for _, one := range all.Items {
		if one.ID == t.ID && one.DoneBy == yuki.who.ID && one.Answer == "done" {
			return nil
		}
	}
	return errors.New("governance is not told of the acknowledgement")
}

// certified fetches both editions, compares what each says, and returns the proof.
func (h *hospital) certified(ctx context.Context, recall string) (proof certificate, err error) {
	at := "/api/v1/recalls/" + recall + "/certificate"
	patients, err := h.paper(ctx, "henri", at, "patient")
	if err != nil {
		return proof, err
	}
	governance, err := h.paper(ctx, "olu", at, "governance")
	if err != nil {
		return proof, err
	}
	if bytes.Contains(patients.raw, []byte(readersName)) || bytes.Contains(patients.raw, []byte(h.as("yuki").who.ID)) {
		return proof, errors.New("the patient's edition names a reader")
	}
	if !bytes.Contains(governance.raw, []byte(h.as("yuki").who.ID)) || !bytes.Contains(governance.raw, []byte(readersName)) {
		return proof, errors.New("governance's edition does not name the reader")
	}
	c := patients.certificate
	if c.Number != recall || c.Cause != "withdrawal" || c.Pictures == 0 || len(c.Reach) == 0 || c.Tasks.Asked != 1 || c.Tasks.Confirmed != 1 || c.Tasks.Outstanding != 0 {
		return proof, fmt.Errorf("the patient's edition says: %.600s", patients.raw)
	}
	if c.Proof.TlogProof == "" || c.Proof.TlogProof != governance.certificate.Proof.TlogProof {
		return proof, errors.New("the editions carry no proof, or not the same")
	}
	refuse := refusedWith(h.as("henri").call(ctx, http.MethodGet, at+"?edition=governance&format=json", nil, nil), http.StatusForbidden, "governance's edition for a clinician")
	return c, refuse
}

// readersName is the student's family name in the demo, whom a patient's paper does not name.
const readersName = "Morel"

type certifiedPaper struct {
	certificate certificate
	raw         []byte
}

// paper fetches an edition, as JSON and as PDF in a language with accents.
func (h *hospital) paper(ctx context.Context, login, path, edition string) (p certifiedPaper, err error) {
	c := h.as(login)
	a, err := c.ask(ctx, http.MethodGet, path+"?format=json&edition="+edition)
	if err != nil || a.status != http.StatusOK {
		return p, fmt.Errorf("the %s's edition: %s: %w", edition, a, err)
	}
	p.raw = a.body
	if err := json.Unmarshal(a.body, &p.certificate); err != nil {
		return p, err
	}
	pdf, err := c.ask(ctx, http.MethodGet, path+"?format=pdf&language=fr&edition="+edition)
	if err != nil || pdf.status != http.StatusOK || !bytes.HasPrefix(pdf.body, []byte("%PDF-")) {
		return p, fmt.Errorf("the %s's edition as PDF: %s: %w", edition, pdf, err)
	}
	return p, nil
}

// provenAlone verifies a proof with nothing but the file and the key, and finds that a changed one does not verify.
func (h *hospital) provenAlone(ctx context.Context, c certificate) error {
	key, err := h.logKey(ctx) // the log's own, not the one that the certificate brings along
	if err != nil {
		return err
	}
	if err := h.stop(); err != nil {
		return err
	}
	if err := os.Rename(h.data(), h.data()+".elsewhere"); err != nil {
		return err
	}
	good, bad := filepath.Join(h.dir, "good.tlog-proof"), filepath.Join(h.dir, "bad.tlog-proof")
	text := []byte(c.Proof.TlogProof)
	changed := bytes.Clone(text)
	changed[len(changed)/3] ^= 1
	if err := errors.Join(os.WriteFile(good, text, 0o600), os.WriteFile(bad, changed, 0o600)); err != nil {
		return err
	}
	said, err := h.must(ctx, "audit", "verify-proof", good, "--key", key)
	if err != nil {
		return err
	}
	if !strings.Contains(said, "consent.withdrawn") {
		return fmt.Errorf("the proof is of something else: %s", said)
	}
	if _, errs, code := h.cli(ctx, "audit", "verify-proof", bad, "--key", key); code != 6 {
		return fmt.Errorf("a changed proof ends with exit code %d: %s", code, errs)
	}
	return nil
}
