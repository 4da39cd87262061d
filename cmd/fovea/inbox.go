package main

import (
	"context"
	"path/filepath"
	"time"

	"fovea/clinical"
	"fovea/ingest"
	"fovea/server/webdav"
)

// inboxes joins the studios' inboxes on the drive with the pipeline.
func (s *system) inboxes(ctx context.Context) (webdav.InboxOptions, error) {
	if len(s.cfg.Studios) == 0 {
		return webdav.InboxOptions{}, nil
	}
	key, err := s.vault.DisposableKey(ctx, "inbox")
	if err != nil {
		return webdav.InboxOptions{}, err
	}
	uploads, err := newSealedStage(filepath.Join(s.cfg.Data, "stage"), key, int64(s.cfg.Space.MinFreeMB)<<20)
	if err != nil {
		return webdav.InboxOptions{}, err
	}
	o := webdav.InboxOptions{
		People: s.gate, Shelf: s.vault.Shelf("inbox"), Stage: uploads, Receiver: landing{s.ingest}, Recorder: s.vault, Explain: ingest.Words,
		Zone: s.cfg.zone, Settle: time.Duration(s.cfg.Timing.Quiet),
	}
	for _, studio := range s.cfg.studios() {
		o.Studios = append(o.Studios, studio.ID)
	}
	return o, nil
}

// landing lets uploads land in the pipeline.
type landing struct{ ingest *ingest.Ingest }

// Receive hands uploads over, to be read from the stage.
func (l landing) Receive(ctx context.Context, studio clinical.StudioID, uploads []webdav.Upload) (map[string]webdav.Taken, error) {
	files := make([]ingest.Delivery, 0, len(uploads))
	for _, u := range uploads {
		files = append(files, ingest.Delivery(u))
	}
	delivered, err := l.ingest.Deliver(ctx, studio, files)
	taken := make(map[string]webdav.Taken, len(delivered))
	for name, d := range delivered {
		taken[name] = webdav.Taken(d)
	}
	return taken, err
}
