package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// releasesLeave: what leaves by another way than a set is in the register. The copy is a ZIP that opens with its password
// and no other; the evidential copy is the untouched original with sums, custody and a proof that verifies offline; an
// ended release hands out nothing.
func releasesLeave(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 5, "henri")
	if err != nil {
		return "", err
	}
	files, err := small(2, 5)
	if err != nil {
		return "", err
	}
	found, err := h.land(ctx, p, files)
	if err != nil {
		return "", err
	}
	if err := h.classify(ctx, ids(found)); err != nil {
		return "", err
	}
	if err := h.ungranted(ctx, found); err != nil {
		return "", err
	}
	copies, release, err := h.letGo(ctx, "subject-access", "zip", found)
	if err != nil {
		return "", err
	}
	if err := holdsPictures(copies, "picture-", found, files); err != nil {
		return "", err
	}
	evidence, _, err := h.letGo(ctx, "court", "evidential", found)
	if err != nil {
		return "", err
	}
	if err := holdsPictures(evidence, "originals/exhibit-", found, files); err != nil {
		return "", err
	}
	if err := h.ended(ctx, release); err != nil {
		return "", err
	}
	proofs, err := h.evidenceAlone(ctx, copies, evidence)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("a copy of %d files opens with its password only; evidence of %d files: originals byte for byte, sha256sum agrees, %d proofs verify without the server; without consent, or ended, nothing leaves", len(copies), len(evidence), proofs), nil
}

// ungranted reports an error if pictures leave for teaching purposes that nobody consented to.
func (h *hospital) ungranted(ctx context.Context, found []picture) error {
	for kind, more := range map[string]string{"journal": "", "conference": "2099-10-10", "online": "", "research": "", "device": ""} {
		in := map[string]any{"kind": kind, "authority": "agreement", "recipient": "anybody", "assets": ids(found)}
		if more != "" {
			in["useBy"] = more
		}
		if _, err := h.as("lea").act(ctx, "/api/v1/releases", in); err == nil {
			return fmt.Errorf("a release of kind %s needs no consent", kind)
		}
	}
	return nil
}

// letGo makes a release and fetches its copy, which no wrong password opens.
func (h *hospital) letGo(ctx context.Context, kind, format string, found []picture) (files map[string][]byte, release string, err error) {
	lea := h.as("lea")
	made, err := lea.act(ctx, "/api/v1/releases", map[string]any{"kind": kind, "authority": "order 7", "recipient": "whom it names", "assets": ids(found), "format": format})
	if err != nil || len(made) == 0 {
		return nil, "", fmt.Errorf("make a release: %w", err)
	}
	release = made[0]
	at := "/api/v1/releases/" + release
	var secret struct {
		Password string `json:"password"`
	}
	if err := lea.call(ctx, http.MethodPost, at+"/password", nil, &secret); err != nil {
		return nil, "", err
	}
	a, err := lea.ask(ctx, http.MethodGet, at+"/content")
	if err != nil || a.status != http.StatusOK {
		return nil, "", fmt.Errorf("fetch a release: %s: %w", a, err)
	}
	if _, err := unzip(a.body, secret.Password+"x"); !errors.Is(err, errPassword) {
		return nil, "", fmt.Errorf("another password: %w", err)
	}
	files, err = unzip(a.body, secret.Password)
	return files, release, err
}

// holdsPictures reports an error unless the files whose names begin so are as many as were released, and, where they are
// originals, byte for byte what was dropped.
func holdsPictures(files map[string][]byte, begin string, found []picture, dropped []file) error {
	known := map[string]bool{}
	for _, f := range dropped {
		known[string(f.body)] = true
	}
	n := 0
	for name, b := range files {
		if !strings.HasPrefix(name, begin) {
			continue
		}
		n++
		if !known[string(b)] {
			return fmt.Errorf("%s is not what was dropped", name)
		}
	}
	if n != len(found) {
		return fmt.Errorf("%d pictures named %s…, want %d", n, begin, len(found))
	}
	return nil
}

// ended ends a release: it hands out nothing more.
func (h *hospital) ended(ctx context.Context, release string) error {
	lea, at := h.as("lea"), "/api/v1/releases/"+release
	if _, err := lea.act(ctx, at+"/end", map[string]string{"reason": "done"}); err != nil {
		return err
	}
	return refusedWith(lea.call(ctx, http.MethodGet, at+"/content", nil, nil), http.StatusNotFound, "a release that was ended")
}

// evidenceAlone checks copies with what any machine has: sha256sum, and the program without a server and DATA.
func (h *hospital) evidenceAlone(ctx context.Context, copies, evidence map[string][]byte) (proofs int, err error) {
	key, err := h.logKey(ctx)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(h.stop(), os.Rename(h.data(), h.data()+".elsewhere")); err != nil {
		return 0, err
	}
	for name, files := range map[string]map[string][]byte{"copies": copies, "evidence": evidence} {
		dir := filepath.Join(h.dir, name)
		if err := lay(dir, files); err != nil {
			return 0, err
		}
		cmd := exec.CommandContext(ctx, "sha256sum", "--check", "--strict", "SHA256SUMS")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("sha256sum of the %s: %w: %s", name, err, out)
		}
		for path := range files {
			if !strings.HasSuffix(path, ".tlog-proof") {
				continue
			}
			if _, err := h.must(ctx, "audit", "verify-proof", filepath.Join(dir, path), "--key", key); err != nil {
				return 0, err
			}
			proofs++
		}
	}
	for _, name := range []string{"custody-report.pdf", "custody-report.csv", "statement.pdf", "README.txt"} {
		if len(evidence[name]) == 0 {
			return 0, fmt.Errorf("the evidence has no %s", name)
		}
	}
	if proofs == 0 {
		return 0, errors.New("the evidence has no proof")
	}
	return proofs, nil
}

// logKey is the public key of the log, as its export has it.
func (h *hospital) logKey(ctx context.Context) (string, error) {
	export := filepath.Join(h.dir, "key.export")
	if _, err := h.must(ctx, "audit", "export", export); err != nil {
		return "", err
	}
	out, err := h.must(ctx, "--json", "audit", "verify", export)
	if err != nil {
		return "", err
	}
	var sum struct{ Key string }
	err = json.Unmarshal([]byte(out), &sum)
	return sum.Key, err
}
