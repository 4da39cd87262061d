package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	bulkSize = 8 << 20
	// leastRate is how many files of bulkSize a second are taken in, from first settled to last found.
	leastRate = 10.0
	// mostPerRendition is how long the renditions of one file may take: 300 of them two minutes.
	mostPerRendition = 120 * time.Second / 300
	// settles is how long a file has to be unchanged before anything is done with it.
	settles = 2 * time.Second
)

// bulkIsTakenIn: large files with folder tickets are taken in at so many a second, and their renditions follow.
func bulkIsTakenIn(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 15, "henri")
	if err != nil {
		return "", err
	}
	staged, err := h.stageBulk(p)
	if err != nil {
		return "", err
	}
	n := tr.bulk
	began := time.Now().Add(settles)
	for _, folder := range staged {
		if err := os.Rename(folder, filepath.Join(h.studio(studioB), filepath.Base(folder))); err != nil {
			return "", err
		}
	}
	lea := h.as("lea")
	err = until(ctx, 5*time.Minute+time.Duration(n)*time.Second, "all are found", func(ctx context.Context) (bool, error) {
		found, err := lea.search(ctx, map[string][]string{"patient": {p.ID}, "limit": {"1"}})
		return found.Total == n, err
	})
	if err != nil {
		return "", err
	}
	rate := float64(n) / time.Since(began).Seconds()
	err = until(ctx, 5*time.Minute+time.Duration(n)*2*time.Second, "all have their rendition", func(ctx context.Context) (bool, error) {
		found, err := lea.pictures(ctx, p.ID)
		for _, a := range found {
			if !a.Thumb {
				return false, err
			}
		}
		return len(found) == n, err
	})
	if err != nil {
		return "", err
	}
	took := time.Since(began)
	figure := fmt.Sprintf("%d files of 8 MB at %.1f a second (at least %.0f), renditions done after %.1f s (at most %.0f)",
		n, rate, leastRate, took.Seconds(), (mostPerRendition * time.Duration(n)).Seconds())
	if rate < leastRate || took > mostPerRendition*time.Duration(n) {
		return figure, errSlow
	}
	return figure, nil
}

// stageBulk writes the large files in folders of 30, each with its ticket, before the clock runs. Only one folder's files
// are in memory.
func (h *hospital) stageBulk(p demoPatient) (folders []string, err error) {
	for n := 0; n < h.tr.bulk; n += 30 {
		files, err := bulk(min(30, h.tr.bulk-n), bulkSize, time.Now().Add(-24*time.Hour).Add(time.Duration(n)*10*time.Second))
		if err != nil {
			return nil, err
		}
		for i := range files { // numbered on, as one camera does
			files[i].name = fmt.Sprintf("DSC_%04d.JPG", n+i+1)
		}
		folder, err := h.stage(append([]file{ticketFor(p, nil)}, files...))
		if err != nil {
			return nil, err
		}
		folders = append(folders, folder)
	}
	return folders, nil
}
