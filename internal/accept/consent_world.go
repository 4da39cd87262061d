package main

import (
	"context"
	"fmt"
	"time"
)

// withdrawnAmongMany: one patient's withdrawal among 100,000 pictures and 5,000 consents takes no longer than it may, as
// a benchmark measures it on the real vault, on disk.
func withdrawnAmongMany(ctx context.Context, tr *trial) (string, error) {
	parts, err := tr.bench(ctx, "./internal/testenv", "Withdrawal", "200x")
	if err != nil {
		return "", err
	}
	whole := parts[""]
	if whole["p99-ms"] == 0 || whole["pictures"] == 0 {
		return "", fmt.Errorf("the benchmark states no times: %v", parts)
	}
	most := float64(mostWithdrawal / time.Millisecond)
	figure := fmt.Sprintf("among %.0f pictures and %.0f consents a withdrawal takes p99 %.0f ms, on average %.0f ms (at most %.0f)",
		whole["pictures"], whole["consents"], whole["p99-ms"], whole["ns/op"]/1e6, most)
	if whole["p99-ms"] > most {
		return figure, errSlow
	}
	return figure, nil
}
