package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// shareGoesAndComesBack: a watch folder that goes away costs nothing but time; what lies in it when it is back is
// taken in.
func shareGoesAndComesBack(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 13, "henri")
	if err != nil {
		return "", err
	}
	files, err := small(4, 13)
	if err != nil {
		return "", err
	}
	share, away := h.studio(studioA), h.studio(studioA)+".away"
	if err := os.Rename(share, away); err != nil {
		return "", err
	}
	err = until(ctx, 30*time.Second, "the log says that the folder is not reached", func(context.Context) (bool, error) {
		b, err := os.ReadFile(h.log())
		return bytes.Contains(b, []byte(`"reason":"not-reached"`)), err
	})
	if err = errors.Join(err, h.healthy(ctx)); err != nil {
		return "", err
	}
	if err := os.Rename(away, share); err != nil {
		return "", err
	}
	began := time.Now()
	if _, err := h.land(ctx, p, files); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d files found %.1f s after it was back", len(files), time.Since(began).Seconds()), h.unharmed(ctx, 0)
}
