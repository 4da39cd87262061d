package ingest

import (
	"context"
	"errors"
	"io"
	"time"

	"fovea/clinical"
	"fovea/ingest/exif"
)

// Camera returns a ReadCapture that asks the guarded metadata reader. A time
// without an offset is the wall clock of zone; nil: UTC. A file too large to be
// read into memory states nothing.
func Camera(r *exif.Reader, zone *time.Location) ReadCapture {
	if zone == nil {
		zone = time.UTC
	}
	return func(ctx context.Context, src io.ReaderAt, size int64, ext string) (clinical.Capture, error) {
		m, err := r.Read(ctx, src, size, ext)
		if errors.Is(err, exif.ErrTooLarge) {
			return clinical.Capture{}, nil
		}
		if err != nil {
			return clinical.Capture{}, err
		}
		c := clinical.Capture{
			Make: m.Make, Model: m.Model, Serial: m.Serial, FileNumber: m.FileNumber,
			Orientation: m.Orientation, Width: m.Width, Height: m.Height,
		}
		if !m.Captured.IsZero() {
			c.Local, c.At, c.HasOffset = m.Captured.Wall, m.Captured.At(zone), m.Captured.HasOffset
		}
		return c, nil
	}
}
