package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"fovea/vault/ledger"
)

// logProvesItAll: the log is exported while the server serves, verifies without it, and names what was done and seen;
// any one flipped bit is found, and where.
func logProvesItAll(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	if err := h.readAndWithdraw(ctx); err != nil {
		return "", err
	}
	export := filepath.Join(h.dir, "ledger.export")
	if _, err := h.must(ctx, "audit", "export", export); err != nil {
		return "", err
	}
	if err := h.stop(); err != nil {
		return "", err
	}
	if err := os.Rename(h.data(), h.data()+".elsewhere"); err != nil { // nothing but the file
		return "", err
	}
	out, err := h.must(ctx, "--json", "audit", "verify", export)
	if err != nil {
		return "", err
	}
	var sum struct {
		Size int64
		Acts map[string]int64
	}
	if err := json.Unmarshal([]byte(out), &sum); err != nil {
		return "", err
	}
	for _, act := range []string{"consent.withdrawn", "asset.served", "set.listed", "asset.viewed", "search", "asset.kept", "set.published"} {
		if sum.Acts[act] == 0 {
			return "", fmt.Errorf("the log says nothing of %s: %v", act, sum.Acts)
		}
	}
	b, err := os.ReadFile(export)
	if err != nil {
		return "", err
	}
	if err := h.oneFlippedBit(ctx, b); err != nil {
		return "", err
	}
	if err := flippedBits(b, tr.flips); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d entries verify offline; each of %d flipped bits found and named", sum.Size, tr.flips+1), nil
}

// readAndWithdraw makes something to log: a picture served, listed, viewed and searched for, a consent withdrawn.
func (h *hospital) readAndWithdraw(ctx context.Context) error {
	yuki, henri := h.as("yuki"), h.as("henri")
	files, err := yuki.list(ctx, folder("Leg ulcers"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if a, err := yuki.ask(ctx, http.MethodGet, f.path); err != nil || a.status != http.StatusOK {
			return fmt.Errorf("read a picture of the set: %s: %w", a, err)
		}
	}
	found, err := henri.pictures(ctx, h.known("moreau").ID)
	if err != nil || len(found) == 0 {
		return fmt.Errorf("henri finds %d pictures: %w", len(found), err)
	}
	if a, err := henri.ask(ctx, http.MethodGet, "/img/"+found[0].ID+"/thumb-256"); err != nil || a.status != http.StatusOK {
		return fmt.Errorf("view a picture: %s: %w", a, err)
	}
	return henri.withdraw(ctx, h.known("moreau").ID, "")
}

// oneFlippedBit is found by the command, which names the entry.
func (h *hospital) oneFlippedBit(ctx context.Context, export []byte) error {
	changed := bytes.Clone(export)
	changed[len(changed)/2] ^= 1
	path := filepath.Join(h.dir, "changed.export")
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		return err
	}
	_, errs, code := h.cli(ctx, "audit", "verify", path)
	if code != 6 || !strings.Contains(errs, "line ") || !strings.Contains(errs, "entr") {
		return fmt.Errorf("a flipped bit ends with exit code %d: %s", code, errs)
	}
	return nil
}

// flippedBits flips single bits anywhere, each in a fresh copy.
func flippedBits(export []byte, n int) error {
	for range n {
		at, bit := rand.IntN(len(export)), byte(1)<<rand.IntN(8) //nolint:gosec // where to flip
		export[at] ^= bit
		_, err := ledger.Verify(bytes.NewReader(export), ledger.Trust{})
		export[at] ^= bit
		if err == nil {
			return fmt.Errorf("bit %08b of byte %d of %d was flipped and nobody noticed", bit, at, len(export))
		}
		if _, ok := errors.AsType[*ledger.Fault](err); !ok {
			return fmt.Errorf("a flipped bit is not named: %w", err)
		}
	}
	return nil
}
