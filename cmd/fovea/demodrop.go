package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
	"fovea/internal/demo"
)

// dropAll draws the shoots and leaves their files in the studios' folders; last,
// while those are taken in, the walk's beside them.
func (s *seeder) dropAll(ctx context.Context) error {
	for _, held := range []bool{false, true} {
		for _, x := range s.world.Shoots {
			if x.Held != held {
				continue
			}
			dir := s.at.folder(x.Studio)
			if held {
				dir, x.Folder = filepath.Join(s.at.walk, x.Job), ""
			}
			if err := drop(ctx, dir, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop draws a shoot and then writes its files into dir: whole, each under a
// name that ingest passes over until it is complete, the ticket first.
func drop(ctx context.Context, dir string, s demo.Shoot) error {
	drawn, err := draw(ctx, s.Frames)
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, s.Folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
	}
	if s.Ticket {
		b, err := s.TicketJSON()
		if err != nil {
			return err
		}
		if err := place(dir, "ticket.json", b); err != nil {
			return err
		}
	}
	for i, f := range s.Frames {
		if err := place(dir, f.Name, drawn[i]); err != nil {
			return err
		}
	}
	return nil
}

// draw draws frames side by side. A picture that was begun is finished, which
// takes a moment; no other is begun once ctx has ended.
func draw(ctx context.Context, frames []demo.Frame) ([][]byte, error) {
	drawn := make([][]byte, len(frames))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range frames {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			drawn[i], err = f.Draw()
			return err
		})
	}
	return drawn, g.Wait()
}

// place writes a file whole or not at all.
func place(dir, name string, b []byte) error {
	part := filepath.Join(dir, name+".part")
	if err := os.WriteFile(part, b, 0o600); err != nil {
		return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
	}
	if err := os.Rename(part, filepath.Join(dir, name)); err != nil {
		return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
	}
	return nil
}
