package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// logsAgree: a later export of the ledger contains all of an earlier one, as two files alone show; one in which an entry
// was changed, and one of a ledger that was begun anew, do not.
func logsAgree(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	early, late := filepath.Join(h.dir, "early.export"), filepath.Join(h.dir, "late.export")
	if _, err := h.must(ctx, "audit", "export", early); err != nil {
		return "", err
	}
	if err := h.readAndWithdraw(ctx); err != nil {
		return "", err
	}
	if _, err := h.must(ctx, "audit", "export", late); err != nil {
		return "", err
	}
	if err := h.stop(); err != nil {
		return "", err
	}
	if err := os.Rename(h.data(), h.data()+".elsewhere"); err != nil {
		return "", err
	}
	if _, err := h.must(ctx, "audit", "consistent", early, late); err != nil {
		return "", err
	}
	if _, _, code := h.cli(ctx, "audit", "consistent", late, early); code != 6 {
		return "", fmt.Errorf("an export that is shorter than an earlier one ends with exit code %d", code)
	}
	b, err := os.ReadFile(late)
	if err != nil {
		return "", err
	}
	for _, at := range []int{len(b) / 7, len(b) / 2, len(b) - len(b)/9} {
		b[at] ^= 4
		path := filepath.Join(h.dir, "changed.export")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return "", err
		}
		if _, errs, code := h.cli(ctx, "audit", "consistent", early, path); code != 6 {
			return "", fmt.Errorf("a flipped bit ends with exit code %d: %s", code, errs)
		}
		b[at] ^= 4
	}
	if err := flippedBits(b, tr.flips); err != nil {
		return "", err
	}
	return fmt.Sprintf("two exports agree without the server; shorter, or with one of %d bits flipped, they do not", tr.flips+3), nil
}
