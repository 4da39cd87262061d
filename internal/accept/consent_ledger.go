package main

import (
	"context"
	"fmt"
)

// Most that 200,000 entries of the ledger may cost: docs/benchmarks.md.
const (
	mostEntry  = 10.0 // µs beyond the transaction
	mostVerify = 10.0 // seconds
)

// entriesAreCheap: 200,000 reads are written to the ledger, exported and verified offline soon, as the vault's own
// benchmark measures it.
func entriesAreCheap(ctx context.Context, tr *trial) (string, error) {
	parts, err := tr.bench(ctx, "./vault", "Ledger", "1x")
	if err != nil {
		return "", err
	}
	whole := parts[""]
	if whole["own-µs"] == 0 || whole["verify-s"] == 0 {
		return "", fmt.Errorf("the benchmark states no times: %v", parts)
	}
	figure := fmt.Sprintf("200,000 entries: %.1f µs each beyond the transaction (at most %.0f), verified offline in %.1f s (at most %.0f), exported in %.1f s",
		whole["own-µs"], mostEntry, whole["verify-s"], mostVerify, whole["export-s"])
	if whole["own-µs"] > mostEntry || whole["verify-s"] > mostVerify {
		return figure, errSlow
	}
	return figure, nil
}
