package main

import (
	"context"
	"fmt"
)

// Least ratios of the vault to encrypted plain files that are synced, in rate of durable ingest: docs/benchmarks.md.
const (
	leastAlone  = 0.85 // one writer
	leastOfFour = 0.95
)

// durableBesideFiles: pictures of 8 MB are durable in the vault about as fast as in encrypted plain files, on the same
// disk and in turns, as the vault's own benchmark measures it.
func durableBesideFiles(ctx context.Context, tr *trial) (string, error) {
	parts, err := tr.bench(ctx, "./vault", "DurableIngest", "96x")
	if err != nil {
		return "", err
	}
	one, four := parts["writers=1"]["x/files"], parts["writers=4"]["x/files"]
	if one == 0 || four == 0 {
		return "", fmt.Errorf("the benchmark states no ratio: %v", parts)
	}
	figure := fmt.Sprintf("%.2f times the rate of encrypted files with fsync (at least %.2f), four writers %.2f (at least %.2f)", one, leastAlone, four, leastOfFour)
	if one < leastAlone || four < leastOfFour {
		return figure, errSlow
	}
	return figure, nil
}
