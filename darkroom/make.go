package darkroom

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"fovea/clinical"
)

// once makes a rendition, for everybody who asks for it meanwhile.
func (f *Follower) once(ctx context.Context, t order, background bool) (clinical.Rendition, error) {
	return f.group.do(ctx, t.task, background, func() (clinical.Rendition, error) { return f.make(ctx, t, background) })
}

// make renders, seals and records. A record that changed meanwhile (the asset
// was refiled or erased) is read again from what the journal brought.
func (f *Follower) make(ctx context.Context, t order, background bool) (clinical.Rendition, error) {
	f.mu.Lock()
	k, ok := f.assets[t.asset]
	var now known
	if ok {
		now = *k
	}
	old := now.made[t.kind]
	f.mu.Unlock()
	if ok && old.Rev > t.saw { // made since it was ordered
		if old.Failed != "" {
			return old, undecodable(errors.New("known from an earlier attempt"))
		}
		return old, nil
	}
	if !ok || now.gone {
		return clinical.Rendition{}, clinical.Errorf(clinical.NotFound, "darkroom: asset %s", t.asset)
	}
	rec := clinical.Rendition{
		ID: old.ID, Rev: old.Rev, Asset: t.asset, Patient: now.owner.Patient, Kind: t.kind,
		Recipe: f.opt.Renderer.Recipe(), Source: now.original.ID, MadeAt: f.opt.Now(),
	}
	if rec.ID.IsZero() {
		rec.ID = clinical.Mint[clinical.Rendition](f.opt.Mint)
	}
	pic, err := f.render(ctx, now.original, SizeOf(t.kind), background)
	if clinical.ReasonOf(err) == ReasonUndecodable {
		return f.fail(ctx, rec, err)
	}
	if err != nil {
		return clinical.Rendition{}, err
	}
	rec.Width, rec.Height = pic.Width, pic.Height
	done, err := f.opt.Keeper.Put(ctx, now.owner, bytes.NewReader(pic.JPEG), func(b clinical.Blob) (clinical.Change, error) {
		b.MIME = "image/jpeg"
		rec.Blob = b
		return f.change(rec), nil
	})
	if err != nil {
		return clinical.Rendition{}, clinical.Errorf(clinical.KindOf(err), "darkroom: keep rendition of %s: %w", t.asset, err)
	}
	f.apply(done.Delta)
	for _, r := range done.Renditions {
		if r.ID == rec.ID {
			rec = r
		}
	}
	return rec, nil
}

func (f *Follower) render(ctx context.Context, original clinical.Blob, size Size, background bool) (Picture, error) {
	c, err := f.opt.Opener.Open(ctx, original.ID)
	if err != nil {
		return Picture{}, clinical.Errorf(clinical.KindOf(err), "darkroom: open original: %w", err)
	}
	defer c.Close() //nolint:errcheck // only read from
	return f.opt.Renderer.Render(ctx, Source{Reader: c, Size: c.Size(), MIME: original.MIME}, size, background)
}

// fail records that there can be no rendition, so that nobody tries again with
// the same recipe. The asset stays filed.
func (f *Follower) fail(ctx context.Context, rec clinical.Rendition, cause error) (clinical.Rendition, error) {
	rec.Failed, rec.Blob, rec.Width, rec.Height = ReasonUndecodable, clinical.Blob{}, 0, 0
	done, err := f.opt.Keeper.Commit(ctx, f.change(rec))
	if err != nil {
		return clinical.Rendition{}, clinical.Errorf(clinical.KindOf(err), "darkroom: record failure of %s: %w", rec.Asset, errors.Join(err, cause))
	}
	f.apply(done.Delta)
	return rec, cause
}

// change is a rendition's entry in the journal, under the darkroom's own name.
func (f *Follower) change(r clinical.Rendition) clinical.Change {
	return clinical.Change{
		Event: clinical.Event{
			At: f.opt.Now(), Act: clinical.ActRendered, Caller: clinical.Caller{Door: clinical.DoorDarkroom},
			Patient: r.Patient, Assets: []clinical.AssetID{r.Asset}, Note: "",
		},
		Delta: clinical.Delta{Renditions: []clinical.Rendition{r}},
	}
}

// flight lets one maker work for all who want the same rendition, and knows
// whether anybody waits for one right now.
type flight struct {
	mu    sync.Mutex
	calls map[task]*call
	live  int           // requests under way
	quiet chan struct{} // closed when live is 0
}

type call struct {
	done chan struct{}
	rec  clinical.Rendition
	err  error
}

func newFlight() *flight {
	quiet := make(chan struct{})
	close(quiet)
	return &flight{calls: map[task]*call{}, quiet: quiet}
}

// yield waits until no live request is under way.
func (g *flight) yield(ctx context.Context) error {
	for {
		g.mu.Lock()
		quiet, live := g.quiet, g.live
		g.mu.Unlock()
		if live == 0 {
			return ctx.Err()
		}
		select {
		case <-quiet:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *flight) do(ctx context.Context, t task, background bool, work func() (clinical.Rendition, error)) (clinical.Rendition, error) {
	if !background {
		g.enter()
		defer g.leave()
	}
	for {
		g.mu.Lock()
		c, busy := g.calls[t]
		if !busy {
			c = &call{done: make(chan struct{})}
			g.calls[t] = c
			g.mu.Unlock()
			c.rec, c.err = work()
			g.mu.Lock()
			delete(g.calls, t)
			g.mu.Unlock()
			close(c.done)
			return c.rec, c.err
		}
		g.mu.Unlock()
		select {
		case <-c.done:
		case <-ctx.Done():
			return clinical.Rendition{}, clinical.Errorf(clinical.Unavailable, "darkroom: wait: %w", ctx.Err())
		}
		// Its maker's context may have ended, not ours: then it is our turn.
		if c.err == nil || clinical.KindOf(c.err) != clinical.Unavailable {
			return c.rec, c.err
		}
	}
}

func (g *flight) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.live == 0 {
		g.quiet = make(chan struct{})
	}
	g.live++
}

func (g *flight) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live--
	if g.live == 0 {
		close(g.quiet)
	}
}
