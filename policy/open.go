package policy

import (
	"cmp"
	"context"
	"errors"
	"time"

	"fovea/clinical"
)

// OpenRequest asks for the bytes of one picture.
type OpenRequest struct {
	// Use is what it is wanted for. Where Set is stated only the channel
	// counts: purpose and audience are the set's.
	Use   clinical.Use
	Set   clinical.SetID
	Asset clinical.AssetID
	Kind  clinical.RenditionKind // empty: what the use is served by default
	// Release is the release by which the picture leaves, where one is meant.
	Release clinical.ReleaseID
}

// Open serves a picture. A refused picture and an absent one are the same
// clinical.ErrNotFound; Unavailable means that nobody can tell.
//
// The content rechecks the decision at every chunk. Before an act that
// withdraws it returns to its caller, Gone is closed and every read fails with
// NotFound.
func (g *Gate) Open(ctx context.Context, c clinical.Caller, r OpenRequest) (*clinical.Served, error) {
	return g.open(ctx, c, r, g.note)
}

// open serves a picture once note has written down that it does.
func (g *Gate) open(ctx context.Context, c clinical.Caller, r OpenRequest, note noter) (*clinical.Served, error) {
	snap, err := g.snapshot()
	if err != nil {
		return nil, err
	}
	req := Request{Person: c.Person, Use: r.Use, Set: r.Set, Asset: r.Asset, Rendition: r.Kind, Flat: true, Release: r.Release, Now: g.opt.Now()}
	if st, ok := snap.sets.get(r.Set); ok {
		req.Use.Purpose, req.Use.Audience = st.Purpose, st.Audience
	}
	seen := versionsOf(snap, req)
	d := Decide(snap, req)
	if !d.Permit {
		e := g.event(clinical.ActDenied, c)
		e.Use, e.Assets, e.Set, e.Denied, e.Rule = req.Use, []clinical.AssetID{r.Asset}, r.Set, true, d.Rule
		g.opt.Recorder.NoteLater(e)
		return nil, clinical.ErrNotFound
	}
	served, content, err := g.bytes(ctx, snap, r.Asset, d.Rendition)
	if err != nil {
		return nil, hidden(err)
	}
	if d.Watermark && served.Room == 0 { // not listed either: it cannot be marked, or not yet
		return nil, errors.Join(clinical.ErrNotFound, content.Close())
	}
	served.Obligations = d.Obligations
	e := g.event(clinical.ActViewed, c)
	if req.Use.Channel != clinical.ViewOnScreen {
		e.Act = clinical.ActServed
	}
	pic, _ := snap.pictures.get(r.Asset)
	e.Use, e.Assets, e.Set, e.Rule, e.Patient = req.Use, []clinical.AssetID{r.Asset}, r.Set, d.Rule, pic.frame.patient
	if err := note(ctx, e, d.LogBeforeBytes); err != nil {
		return nil, errors.Join(err, content.Close())
	}
	req.Rendition, req.Flat = d.Rendition, false
	return served, g.attach(served, content, req, seen)
}

// OpenInSet serves a picture as the mounted drive shows it. The ledger hears of
// it once a minute, however many ranges are read.
func (g *Gate) OpenInSet(ctx context.Context, c clinical.Caller, set clinical.SetID, asset clinical.AssetID) (*clinical.Served, error) {
	return g.inSet(ctx, c, set, asset, g.noteServing)
}

// noter writes an entry of the ledger, at once where it has to be there first.
type noter func(ctx context.Context, e clinical.Event, first bool) error

// note writes the ledger, before the first byte where that is owed.
func (g *Gate) note(ctx context.Context, e clinical.Event, first bool) error {
	if !first {
		g.opt.Recorder.NoteLater(e)
		return nil
	}
	if err := g.opt.Recorder.Note(ctx, e); err != nil {
		return clinical.Errorf(clinical.Unavailable, "policy: note before bytes: %w", err)
	}
	return nil
}

// hidden makes an absent file look like a refused one and passes the rest on.
func hidden(err error) error {
	if clinical.KindOf(err) == clinical.NotFound {
		return clinical.ErrNotFound
	}
	return err
}

// bytes opens a rendition, and has it made where it is not there. What was made
// of another version than the one decided on is not it.
func (g *Gate) bytes(ctx context.Context, snap *Snapshot, id clinical.AssetID, kind clinical.RenditionKind) (*clinical.Served, clinical.Content, error) {
	served, blob, err := g.file(ctx, snap, id, kind)
	var content clinical.Content
	if err == nil {
		content, err = g.opt.Opener.Open(ctx, blob)
	}
	if clinical.KindOf(err) != clinical.NotFound || kind == clinical.Original || g.opt.Maker == nil {
		return served, content, err
	}
	made, bad := g.opt.Maker.Ensure(ctx, id, kind)
	pic, ok := snap.pictures.get(id)
	if clinical.KindOf(bad) == clinical.Unavailable {
		return nil, nil, bad
	}
	if bad != nil || !ok || made.Edit != int(pic.edit) {
		return nil, nil, clinical.ErrNotFound
	}
	content, err = g.opt.Opener.Open(ctx, made.Blob.ID)
	return snap.derivative(&made), content, err
}

// file finds the bytes of a rendition.
func (g *Gate) file(ctx context.Context, snap *Snapshot, id clinical.AssetID, kind clinical.RenditionKind) (*clinical.Served, clinical.BlobID, error) {
	served := &clinical.Served{Asset: id}
	switch kind {
	case clinical.Teaching, clinical.Masked:
		sl := snap.shown(&snap.slides, id)
		if kind == clinical.Masked {
			sl = snap.shown(&snap.flats, id)
		}
		if sl == nil {
			return nil, clinical.BlobID{}, clinical.ErrNotFound
		}
		served.MIME, served.ETag, served.Modified, served.Width, served.Height = sl.mime, sl.etag, sl.modified, sl.width, sl.height
		served.Room = sl.room
		return served, sl.blob, nil
	case clinical.Original:
		a, err := g.opt.Reader.Asset(ctx, id)
		if err != nil {
			return nil, clinical.BlobID{}, err
		}
		served.MIME, served.ETag, served.Modified = a.Original.MIME, snap.etag(a.Original.SHA256), a.KeptAt
		served.Width, served.Height = a.Capture.Width, a.Capture.Height
		return served, a.Original.ID, nil
	default:
		return g.derived(ctx, snap, id, kind)
	}
}

// derived finds the newest rendition of a kind, of the version in which the
// picture is shown.
func (g *Gate) derived(ctx context.Context, snap *Snapshot, id clinical.AssetID, kind clinical.RenditionKind) (*clinical.Served, clinical.BlobID, error) {
	all, err := g.opt.Reader.Renditions(ctx, id)
	if err != nil {
		return nil, clinical.BlobID{}, err
	}
	pic, _ := snap.pictures.get(id)
	var best *clinical.Rendition
	for i, r := range all {
		if pic == nil || r.Edit != int(pic.edit) {
			continue
		}
		if r.Kind == kind && r.Failed == "" && !r.Blob.ID.IsZero() && (best == nil || r.Rev > best.Rev) {
			best = &all[i]
		}
	}
	if best == nil {
		return nil, clinical.BlobID{}, clinical.ErrNotFound
	}
	return snap.derivative(best), best.Blob.ID, nil
}

// derivative is a rendition as it is served.
func (s *Snapshot) derivative(r *clinical.Rendition) *clinical.Served {
	return &clinical.Served{
		Asset: r.Asset, MIME: cmp.Or(r.Blob.MIME, "image/jpeg"), ETag: s.etag(r.Blob.SHA256), Modified: r.MadeAt,
		Width: r.Width, Height: r.Height, Room: int64(r.Room),
	}
}

// attach makes the content recheck the decision from here on. What was decided
// before the stream could be cut is decided again once it can be.
func (g *Gate) attach(served *clinical.Served, content clinical.Content, req Request, seen versions) error {
	s := &stream{Content: content, g: g, req: req, gone: make(chan struct{}), seen: seen}
	s.wasCut = func() {
		e := clinical.Event{At: g.opt.Now(), Act: clinical.ActStreamCut, Caller: clinical.Caller{Person: req.Person}}
		e.Use, e.Set, e.Assets = req.Use, req.Set, []clinical.AssetID{req.Asset}
		g.opt.Recorder.NoteLater(e)
	}
	if !served.Until.IsZero() {
		s.until.Store(served.Until.UnixNano())
	}
	s.mu.Lock()
	s.arm(req.Now)
	s.mu.Unlock()
	g.streams.add(s)
	served.Content, served.Gone = s, s.gone
	if err := s.check(); err != nil {
		return errors.Join(clinical.ErrNotFound, s.Close())
	}
	return nil
}

// past reports whether an answer that holds until t no longer does; the zero
// time holds.
func past(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }
