package main

import (
	"context"
	"fmt"
)

// Most milliseconds that one search in a hundred may take, with every facet, among 100,000 pictures.
const (
	mostBounded = 50.0 // up to 5,000 hits
	mostAll     = 150.0
)

// searchIsFast: inside a scope of 100,000 pictures nine of ten of which it holds, a search with facets is answered soon,
// as the index's own benchmark measures it.
func searchIsFast(ctx context.Context, tr *trial) (string, error) {
	parts, err := tr.bench(ctx, "./index", "Search", "2s")
	if err != nil {
		return "", err
	}
	bounded, all := parts["upTo5000"], parts["matchAll"]
	if bounded["p99-ms"] == 0 || all["p99-ms"] == 0 {
		return "", fmt.Errorf("the benchmark states no times: %v", parts)
	}
	figure := fmt.Sprintf("p99 %.0f ms for up to %.0f hits of 100,000 (at most %.0f), %.0f ms for all %.0f (at most %.0f)",
		bounded["p99-ms"], bounded["most-hits"], mostBounded, all["p99-ms"], all["most-hits"], mostAll)
	if bounded["p99-ms"] > mostBounded || all["p99-ms"] > mostAll {
		return figure, errSlow
	}
	return figure, nil
}
