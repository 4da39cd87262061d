package darkroom

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"

	"fovea/clinical"
)

// once makes a rendition, for everybody who asks for it meanwhile. Where the
// picture is shown in another version by the time that it is made, that one is
// made next.
func (f *Follower) once(ctx context.Context, t order, background bool) (clinical.Rendition, error) {
	for {
		rec, err := f.group.do(ctx, t.task, background, func() (clinical.Rendition, error) {
			if background {
				return f.make(ctx, t, true)
			}
			return f.makeNow(ctx, t)
		})
		if ctx.Err() != nil || !f.outdated(rec) {
			return rec, err
		}
		t.saw = rec.Rev
	}
}

// makeNow makes what somebody waits for, no more at a time than workers.
func (f *Follower) makeNow(ctx context.Context, t order) (clinical.Rendition, error) {
	select {
	case f.live <- struct{}{}:
	case <-ctx.Done():
		return clinical.Rendition{}, clinical.Errorf(clinical.Unavailable, "darkroom: wait: %w", ctx.Err())
	}
	defer func() { <-f.live }()
	return f.make(ctx, t, false)
}

// outdated reports whether a rendition that was just made, or could not be,
// shows another version than the picture is shown in by now.
func (f *Follower) outdated(r clinical.Rendition) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	k, ok := f.assets[r.Asset]
	return ok && !k.gone && r.Edit != k.edit && (k.edit > 0 || !flattened(r.Kind))
}

// recipe is the number of what makes the renditions of a version.
func (f *Follower) recipe(edit int) uint32 {
	if edit > 0 {
		return f.opt.Renderer.EditRecipe()
	}
	return f.opt.Renderer.Recipe()
}

// failed is the error of a rendition that could not be made before.
func failed(r clinical.Rendition) error {
	if r.Failed == ReasonUndecodable {
		return undecodable(errors.New("known from an earlier attempt"))
	}
	return clinical.Refuse(clinical.Invalid, r.Failed, "This version does not fit its picture. Open the picture again and repeat the edits.")
}

// make renders, seals and records. A record that changed meanwhile (the asset
// was refiled or erased) is read again from what the journal brought. The
// rendition that it returns beside an error says which version it was to show.
func (f *Follower) make(ctx context.Context, t order, background bool) (clinical.Rendition, error) {
	f.mu.Lock()
	k, ok := f.assets[t.asset]
	var now known
	var old clinical.Rendition
	if ok {
		now, old = *k, k.made[t.kind]
	}
	f.mu.Unlock()
	if old.Rev > t.saw && old.Edit == now.edit && !dropped(old) { // made since it was ordered
		if old.Failed != "" {
			return old, failed(old)
		}
		return old, nil
	}
	rec := clinical.Rendition{
		ID: old.ID, Rev: old.Rev, Asset: t.asset, Patient: now.owner.Patient, Kind: t.kind,
		Recipe: f.recipe(now.edit), Edit: now.edit, Source: now.original.ID, MadeAt: f.opt.Now(),
	}
	if !ok || now.gone || now.edit == 0 && flattened(t.kind) {
		return rec, clinical.Errorf(clinical.NotFound, "darkroom: %s of asset %s", t.kind, t.asset)
	}
	if rec.ID.IsZero() {
		rec.ID = clinical.Mint[clinical.Rendition](f.opt.Mint)
	}
	pic, err := f.render(ctx, now, t.kind, background)
	if hopeless(err) {
		return f.fail(ctx, rec, err)
	}
	if err != nil {
		return rec, err
	}
	f.compare(old, rec, pic)
	return f.keep(ctx, now.owner, rec, pic)
}

// compare tells the operator where what was made again is not what was there: the
// bits of a recipe's number never change.
func (f *Follower) compare(old, rec clinical.Rendition, pic Picture) {
	same := old.Recipe == rec.Recipe && old.Edit == rec.Edit && old.Source == rec.Source
	if had := old.Blob.SHA256; same && had != [32]byte{} && had != sha256.Sum256(pic.JPEG) {
		f.opt.Log.Warn("rendition made again differs", "asset", rec.Asset, "kind", rec.Kind, "recipe", rec.Recipe)
	}
}

// keep seals a picture and records it.
func (f *Follower) keep(ctx context.Context, owner clinical.Owner, rec clinical.Rendition, pic Picture) (clinical.Rendition, error) {
	rec.Width, rec.Height, rec.Room = pic.Width, pic.Height, f.room(rec.Kind, pic.JPEG)
	done, err := f.opt.Keeper.Put(ctx, owner, bytes.NewReader(pic.JPEG), func(b clinical.Blob) (clinical.Change, error) {
		b.MIME = "image/jpeg"
		rec.Blob = b
		return f.change(rec), nil
	})
	if err != nil {
		return rec, clinical.Errorf(clinical.KindOf(err), "darkroom: keep rendition of %s: %w", rec.Asset, err)
	}
	f.apply(done.Delta)
	for _, r := range done.Renditions {
		if r.ID == rec.ID {
			rec = r
		}
	}
	return rec, nil
}

// render makes the picture as it was taken, or by the recipe of the version in
// which it is shown.
func (f *Follower) render(ctx context.Context, k known, kind clinical.RenditionKind, background bool) (Picture, error) {
	var recipe clinical.Recipe
	if k.edit > 0 {
		all, err := f.opt.Recipes.Edits(ctx, k.owner.Asset)
		if err != nil {
			return Picture{}, clinical.Errorf(clinical.KindOf(err), "darkroom: read recipe: %w", err)
		}
		v, ok := all.Version(k.edit)
		if !ok {
			return Picture{}, clinical.Errorf(clinical.NotFound, "darkroom: version %d of asset %s", k.edit, k.owner.Asset)
		}
		recipe = v.Recipe
	}
	c, err := f.opt.Opener.Open(ctx, k.original.ID)
	if err != nil {
		return Picture{}, clinical.Errorf(clinical.KindOf(err), "darkroom: open original: %w", err)
	}
	defer c.Close() //nolint:errcheck // only read from
	src := Source{Reader: c, Size: c.Size(), MIME: k.original.MIME}
	if k.edit == 0 {
		return f.opt.Renderer.Render(ctx, src, SizeOf(kind), background)
	}
	opt, masked := EditOf(kind)
	if !masked { // the kinds that show a picture in its version
		opt.Size = SizeOf(kind)
	}
	opt.Asset, opt.Background = k.owner.Asset, background
	return f.opt.Renderer.Edit(ctx, src, recipe, opt)
}

// hopeless reports whether an error lies in the picture or its recipe, and will
// be the same another time.
func hopeless(err error) bool {
	reason := clinical.ReasonOf(err)
	return reason == ReasonUndecodable || clinical.KindOf(err) == clinical.Invalid && strings.HasPrefix(string(reason), "recipe-")
}

// fail records that there can be no rendition, so that nobody tries again with
// the same recipe. The asset stays filed.
func (f *Follower) fail(ctx context.Context, rec clinical.Rendition, cause error) (clinical.Rendition, error) {
	rec.Failed, rec.Blob, rec.Width, rec.Height = clinical.ReasonOf(cause), clinical.Blob{}, 0, 0
	done, err := f.opt.Keeper.Commit(ctx, f.change(rec))
	if err != nil {
		return rec, clinical.Errorf(clinical.KindOf(err), "darkroom: record failure of %s: %w", rec.Asset, errors.Join(err, cause))
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
