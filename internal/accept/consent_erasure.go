package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// erasure is a request to erase as the API lists it.
type erasure struct {
	ID       string    `json:"id"`
	Outcome  string    `json:"outcome"`
	Done     time.Time `json:"done"`
	Pictures int       `json:"pictures"`
	Epoch    time.Time `json:"epoch"`
}

// erasedStaysErased: two people erase a patient's pictures; a copy of the store's files from before, put back, shows
// none of them, and the check of the store says so. The certificate names the date until which copies of keys matter.
func erasedStaysErased(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	t, err := h.taught(ctx, 4, 2, "Acceptance erasure")
	if err != nil {
		return "", err
	}
	if err := t.read(ctx, h); err != nil {
		return "", err
	}
	if err := h.copyOfStore(ctx); err != nil {
		return "", err
	}
	began := time.Now()
	e, err := h.erase(ctx, t)
	if err != nil {
		return "", err
	}
	took := e.Done.Sub(began)
	if err := h.erased(ctx, t); err != nil {
		return "", err
	}
	dated, err := h.honest(ctx, e, began)
	if err != nil {
		return "", err
	}
	if out, err := h.must(ctx, "fsck", "--deep"); err != nil {
		return "", fmt.Errorf("after the erasure the store does not check: %w: %s", err, out)
	}
	said, err := h.putBack(ctx, t)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d pictures erased by two people in %.1f s; certificate dated %s%s; the store's copy from before shows none of them, and fsck says: %s",
		e.Pictures, took.Seconds(), e.Epoch.UTC().Format(time.RFC3339), dated, said), nil
}

// store is the folder of the main store; the keyring is elsewhere.
func (h *hospital) store() string { return filepath.Join(h.data(), "store") }

// copyOfStore takes a file copy of the store, which a backup program might do, and goes on.
func (h *hospital) copyOfStore(ctx context.Context) error {
	if err := h.stop(); err != nil {
		return err
	}
	if err := copyTree(ctx, h.store(), h.store()+".before"); err != nil {
		return err
	}
	return h.start(ctx)
}

// copyTree copies a folder with its holes.
func copyTree(ctx context.Context, from, to string) error {
	out, err := exec.CommandContext(ctx, "cp", "-a", "--sparse=always", from, to).CombinedOutput() //nolint:gosec // our own folders
	if err != nil {
		return fmt.Errorf("copy a folder: %w: %s", err, out)
	}
	return nil
}

// erase requests and decides, and waits until the keys are destroyed. Who requested it does not decide it.
func (h *hospital) erase(ctx context.Context, t taught) (done erasure, err error) {
	olu := h.as("olu")
	ids, err := h.as("henri").act(ctx, "/api/v1/patients/"+t.patient.ID+"/erasures", map[string]any{"onBehalf": "the patient", "reason": "asked for it in writing"})
	if err != nil || len(ids) == 0 {
		return done, fmt.Errorf("request an erasure: %w", err)
	}
	decision := map[string]string{"outcome": "shred", "reason": "nothing stands against it"}
	if _, err := h.as("henri").act(ctx, "/api/v1/erasures/"+ids[0]+"/decide", decision); err == nil {
		return done, errors.New("one person erased alone")
	}
	if _, err := olu.act(ctx, "/api/v1/erasures/"+ids[0]+"/decide", decision); err != nil {
		return done, err
	}
	err = until(ctx, time.Minute, "the keys are destroyed", func(ctx context.Context) (bool, error) {
		var all listOf[erasure]
		err := olu.call(ctx, http.MethodGet, "/api/v1/erasures", nil, &all)
		for _, e := range all.Items {
			if e.ID == ids[0] {
				done = e
			}
		}
		return !done.Done.IsZero(), err
	})
	return done, err
}

// erased reports an error if anybody is shown anything of what was erased.
func (h *hospital) erased(ctx context.Context, t taught) error {
	if err := t.absent(ctx, h); err != nil {
		return err
	}
	for _, login := range []string{"henri", "lea", "nora", "olu"} {
		c := h.as(login)
		for _, p := range t.found {
			if err := c.blank(ctx, p.ID); err != nil {
				return err
			}
		}
		found, err := c.pictures(ctx, t.patient.ID)
		if err != nil && !isRefused(err) && !isAbsent(err) {
			return err
		}
		if len(found) != 0 {
			return fmt.Errorf("%s finds %d erased pictures", login, len(found))
		}
	}
	return nil
}

// blank reports an error if anything of a picture is shown.
func (c *client) blank(ctx context.Context, asset string) error {
	for _, kind := range []string{"thumb-256", "teaching-2048", "original"} {
		a, err := c.ask(ctx, http.MethodGet, "/img/"+asset+"/"+kind)
		if err != nil {
			return err
		}
		if a.status == http.StatusOK || strings.HasPrefix(a.header.Get("Content-Type"), "image/") {
			return fmt.Errorf("%s is shown an erased picture: %s", c.who.Login, a)
		}
	}
	return nil
}

// honest checks the date of the certificate: from the erasure itself, neither earlier nor promised for later. Where the
// machine can read PDFs, the paper has to say it, too.
func (h *hospital) honest(ctx context.Context, e erasure, began time.Time) (note string, err error) {
	if e.Outcome != "shred" || e.Pictures == 0 || e.Epoch.Before(began) || e.Epoch.After(time.Now()) {
		return "", fmt.Errorf("the erasure says: %+v", e)
	}
	a, err := h.as("olu").ask(ctx, http.MethodGet, "/api/v1/erasures/"+e.ID+"/certificate")
	if err != nil || a.status != http.StatusOK || !bytes.HasPrefix(a.body, []byte("%PDF-")) {
		return "", fmt.Errorf("certificate of erasure: %s: %w", a, err)
	}
	text, err := pdfText(ctx, a.body)
	if err != nil {
		return " (the PDF cannot be read here)", nil //nolint:nilerr // said in the figure
	}
	if !strings.Contains(text, e.Epoch.Format("2006")) || !strings.Contains(strings.ToLower(text), "older than") {
		return "", fmt.Errorf("the certificate does not say older than when: %.2000s", text)
	}
	return "", nil
}

// pdfText is what a PDF says, as poppler reads it.
func pdfText(ctx context.Context, pdf []byte) (string, error) {
	cmd := exec.CommandContext(ctx, "pdftotext", "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	return string(out), err
}

// putBack puts the store's copy from before in the place of the store, with the keyring as it is. The program has to say
// that it is old. Made to forget what it knew of newer ones, it has to show nothing all the same: the keys are gone.
func (h *hospital) putBack(ctx context.Context, t taught) (said string, err error) {
	if err := h.stop(); err != nil {
		return "", err
	}
	if err := errors.Join(os.Rename(h.store(), h.store()+".after"), os.Rename(h.store()+".before", h.store())); err != nil {
		return "", err
	}
	out, errs, code := h.cli(ctx, "fsck")
	if code != 6 || !strings.Contains(errs, "old-store") {
		return "", fmt.Errorf("fsck of an old copy ends with exit code %d: %s", code, oneLine(out+errs))
	}
	if err := os.RemoveAll(filepath.Join(h.data(), "keyring", "checkpoints")); err != nil {
		return "", err
	}
	out, errs, code = h.cli(ctx, "fsck", "--deep")
	said = fmt.Sprintf("old-store; with that forgotten, exit code %d: %s", code, oneLine(out+errs))
	if err := h.start(ctx); err != nil {
		if h.alive() {
			return "", err
		}
		return said + "; it is not served", nil
	}
	return said, h.erased(ctx, t)
}

// oneLine is the end of what a command said.
func oneLine(s string) string {
	words := strings.Fields(s)
	return strings.Join(words[max(0, len(words)-40):], " ")
}
