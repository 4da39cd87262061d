package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// cohortsHaveTerms: readers that a CSV file puts into a cohort read the set on the days of its term and on no other.
func cohortsHaveTerms(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	t, err := h.taught(ctx, 8, 1, "Acceptance cohort")
	if err != nil {
		return "", err
	}
	day := func(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	for _, term := range []struct {
		what, from, until string
		reads             bool
	}{
		{"a term that ends today", day(-20), day(0), true},
		{"a term that ended yesterday", day(-20), day(-1), false},
		{"a term that begins today", day(0), day(5), true},
		{"a term that begins tomorrow", day(1), day(5), false},
		{"no day at all", "", "", true},
	} {
		if err := h.roster(ctx, t.set, fmt.Sprintf("login,cohort,from,until\nyuki,Year 3,%s,%s\n", term.from, term.until)); err != nil {
			return "", fmt.Errorf("%s: %w", term.what, err)
		}
		files, err := h.as("yuki").list(ctx, folder(t.name))
		if err != nil && !errors.Is(err, errGone) {
			return "", err
		}
		if term.reads && etags(files) != etags(t.entries) {
			return "", fmt.Errorf("%s: the drive has %d files", term.what, len(files))
		}
		if !term.reads {
			if err := t.absent(ctx, h); err != nil {
				return "", fmt.Errorf("%s: %w", term.what, err)
			}
		}
		if items, err := h.items(ctx, t.set); err != nil || len(items) != 1 {
			return "", fmt.Errorf("%s: the owner sees %d items: %w", term.what, len(items), err)
		}
	}
	if err := h.roster(ctx, t.set, "login,cohort,from,until\nnobody-of-this-name,Year 3,,\n"); err == nil {
		return "", errors.New("a roster with somebody unknown was taken")
	}
	return "5 terms by CSV: read on their days and on no other, the owner always; a file with a fault changes nothing", nil
}

// roster replaces the readers of a set by a CSV file.
func (h *hospital) roster(ctx context.Context, set, file string) error {
	grace := h.as("grace")
	var page struct {
		Set struct {
			Rev uint64 `json:"rev"`
		} `json:"set"`
	}
	if err := grace.call(ctx, http.MethodGet, "/api/v1/sets/"+set, nil, &page); err != nil {
		return err
	}
	r, err := grace.request(ctx, http.MethodPut, "/api/v1/sets/"+set+"/roster", bytes.NewReader([]byte(file)), "Content-Type", "text/csv", "If-Match", fmt.Sprintf(`"%d"`, page.Set.Rev))
	if err != nil {
		return err
	}
	a, err := grace.send(r)
	if err == nil && (a.status != http.StatusOK || !bytes.Contains(a.body, []byte(`"faults":[]`))) {
		err = &refused{http.MethodPut, "roster", a}
	}
	return err
}
