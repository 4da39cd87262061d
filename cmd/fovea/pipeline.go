package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/darkroom/identifiers"
	"fovea/ingest"
	"fovea/ingest/exif"
	"fovea/ingest/label"
	"fovea/internal/sandbox"
)

// memoryFolder is where decoders are handed pictures: never a disk.
const memoryFolder = "/dev/shm"

// openPipeline opens what a landing file passes through, once: a server when it
// starts, a command when it takes files in.
func (s *system) openPipeline(ctx context.Context) error {
	s.piping.Lock()
	defer s.piping.Unlock()
	if s.ingest != nil {
		return nil
	}
	box, err := sandbox.Open(ctx, sandbox.Options{AllowUnconfined: s.cfg.Sandbox == "warn"})
	if err != nil {
		return err
	}
	if !box.Confined() {
		s.log.WarnContext(ctx, "decoders run without confinement: bubblewrap cannot work on this machine; set sandbox: require to refuse")
	}
	if err := exif.Stray(memoryFolder); err != nil {
		s.log.WarnContext(ctx, "left-over decoder folders not removed", "err", err)
	}
	if s.exif == nil {
		if s.exif, err = exif.Open(ctx, exif.Options{Sandbox: box}); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return clinical.Errorf(clinical.Internal, "find this program: %w", err)
	}
	s.shrink = darkroom.NewRenderer(box).WithChild(self, editChild)
	s.texts = identifiers.New(box)
	s.reader = label.NewReader(shrinkWith(s.shrink))
	s.ingest, err = ingest.New(ingest.Options{
		Studios: s.cfg.studios(), Keeper: s.vault, Register: s.vault, Archive: s.vault, Journal: s.vault,
		Capture: s.capture, Labels: s.labels, Rules: s.cfg.rules(), SourceKey: s.vault.Derive("landing"),
		Zone: s.cfg.zone, Log: s.log, Timing: s.cfg.timing(),
	})
	return err
}

// capture reads what the camera wrote, as ingest asks for it.
func (s *system) capture(ctx context.Context, src io.ReaderAt, size int64, ext string) (clinical.Capture, error) {
	m, err := s.exif.Read(ctx, src, size, ext)
	if err != nil {
		return clinical.Capture{}, err
	}
	c := clinical.Capture{
		Make: m.Make, Model: m.Model, Serial: m.Serial, FileNumber: m.FileNumber,
		Orientation: m.Orientation, Width: m.Width, Height: m.Height,
	}
	if !m.Captured.IsZero() {
		c.Local, c.At, c.HasOffset = m.Captured.Wall, m.Captured.At(s.cfg.zone), m.Captured.HasOffset
	}
	return c, nil
}

// shrinkWith lends the darkroom's decoders to the reader of labels.
func shrinkWith(r *darkroom.Renderer) label.Shrink {
	return func(ctx context.Context, src io.Reader, length int64, mime string, size int) ([]byte, error) {
		p, err := r.Render(ctx, darkroom.Source{Reader: src, Size: length, MIME: mime}, darkroom.Size(size), false)
		return p.JPEG, err
	}
}

// labels returns the texts of the codes in a picture, as ingest asks for them.
func (s *system) labels(ctx context.Context, src io.ReaderAt, size int64, mime string) ([]string, error) {
	codes, err := s.reader.Read(ctx, io.NewSectionReader(src, 0, size), size, mime)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(codes))
	for _, c := range codes {
		out = append(out, c.Text)
	}
	return out, nil
}

// studios converts the configuration.
func (c *config) studios() []ingest.Studio {
	out := make([]ingest.Studio, 0, len(c.Studios))
	for _, s := range c.Studios {
		folder, err := filepath.Abs(s.Folder)
		if err != nil {
			folder = s.Folder
		}
		st := ingest.Studio{
			ID: clinical.StudioID(s.ID), Name: s.Name, Folder: folder, Specialty: clinical.Specialty(s.Specialty),
			Pattern: s.Pattern, PatternSystem: s.System, Dispose: ingest.Disposal(s.Dispose),
			Retain: time.Duration(s.KeepDays) * 24 * time.Hour, Gap: time.Duration(s.Gap),
		}
		for _, r := range s.Rules {
			st.Rules = append(st.Rules, ingest.Rule(r))
		}
		out = append(out, st)
	}
	return out
}

func (c *config) timing() ingest.Timing {
	t := c.Timing
	return ingest.Timing{
		Settle: time.Duration(t.Settle), Complete: time.Duration(t.Complete),
		Quiet: time.Duration(t.Quiet), Poll: time.Duration(t.Poll),
	}
}
