package darkroom

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
)

// journal is what the Follower follows: the vault.
type journal interface {
	Load(ctx context.Context, each func(clinical.Delta) error) (uint64, error)
	Changes(ctx context.Context, after uint64, limit int) ([]clinical.Change, error)
}

// recipes says how pictures were edited: the vault. A recipe is read when a
// picture is made by it and not kept.
type recipes interface {
	Edits(ctx context.Context, asset clinical.AssetID) (clinical.Edits, error)
}

// keeper seals what is made.
type keeper interface {
	Put(ctx context.Context, owner clinical.Owner, r io.Reader, build func(clinical.Blob) (clinical.Change, error)) (clinical.Change, error)
	Commit(ctx context.Context, c clinical.Change) (clinical.Change, error)
}

// opener opens originals, and tells whether a rendition's bytes are there.
type opener interface {
	Open(ctx context.Context, id clinical.BlobID) (clinical.Content, error)
}

// Options of a Follower. Journal, Recipes, Keeper, Opener, Renderer, Now, Mint
// and Log are required.
type Options struct {
	Journal  journal
	Recipes  recipes
	Keeper   keeper
	Opener   opener
	Renderer *Renderer
	Now      func() time.Time
	Mint     *clinical.Minter
	Log      *slog.Logger
	// Workers render side by side in the background, and as many again for those
	// who wait; default: one per processor.
	Workers int
	// Retry is how often work that failed for want of room or time is tried
	// again; default 30 s.
	Retry time.Duration
	// Delivers makes a teaching picture of all that is classified: another
	// system collects it.
	Delivers bool
}

// Follower makes the renditions that the journal calls for: a thumbnail of every
// asset whose bytes are there, a teaching picture of every member of a set and
// of what a release hands over in that form, and the flattened copies of what is
// shown in an edited version. A version that is saved while the one before is
// being made wins. It keeps no state of its own: everything is in the journal.
// Behind all that it measures every picture once.
type Follower struct {
	opt   Options
	group *flight
	live  chan struct{} // one for each that is made for a request
	ready chan struct{} // closed once the journal was loaded

	mu     sync.Mutex
	assets map[clinical.AssetID]*known
	items  map[clinical.ItemID]clinical.AssetID // members not removed
	moved  chan struct{}                        // closed when more of the journal is known
	todo   []order                              // background work, oldest first
	later  []order                              // what failed for now
	wake   chan struct{}                        // holds a token when todo grew

	measurer measurer
}

// known is what matters of one asset.
type known struct {
	rev      uint64
	original clinical.Blob
	owner    clinical.Owner
	gone     bool
	members  int // set items that show it
	released bool
	known    bool // filed, and somebody said what is in it
	edit     int  // number of the version in which it is shown
	made     map[clinical.RenditionKind]clinical.Rendition
	subject  subject
}

// task is one rendition to make.
type task struct {
	asset clinical.AssetID
	kind  clinical.RenditionKind
}

// order asks for a rendition newer than the record it saw (Rev 0: none), so that
// what was asked for twice is made once.
type order struct {
	task
	saw uint64
}

// NewFollower returns a Follower; Run makes it work.
func NewFollower(opt Options) *Follower {
	if opt.Workers <= 0 {
		opt.Workers = runtime.NumCPU()
	}
	if opt.Retry <= 0 {
		opt.Retry = 30 * time.Second
	}
	return &Follower{
		opt: opt, group: newFlight(), live: make(chan struct{}, opt.Workers), ready: make(chan struct{}), wake: make(chan struct{}, 1), moved: make(chan struct{}),
		assets: map[clinical.AssetID]*known{}, items: map[clinical.ItemID]clinical.AssetID{},

		measurer: newMeasurer(),
	}
}

// Run follows the journal and renders until ctx ends, and returns once every
// child is gone. It returns nil when it was asked to stop.
func (f *Follower) Run(ctx context.Context) error {
	seq, err := f.opt.Journal.Load(ctx, func(d clinical.Delta) error { f.apply(d); return nil })
	if err != nil {
		return stopped(ctx, clinical.Errorf(clinical.KindOf(err), "darkroom: load: %w", err))
	}
	close(f.ready)
	g, ctx := errgroup.WithContext(ctx)
	for range f.opt.Workers {
		g.Go(func() error { return f.work(ctx) })
	}
	g.Go(func() error { return f.Missing(ctx) })
	g.Go(func() error { return f.retry(ctx) })
	g.Go(func() error { return f.measureAll(ctx) })
	g.Go(func() error {
		for {
			changes, err := f.opt.Journal.Changes(ctx, seq, 256)
			if err != nil {
				return clinical.Errorf(clinical.KindOf(err), "darkroom: follow: %w", err)
			}
			for _, c := range changes {
				f.apply(c.Delta)
				seq = c.Seq
			}
		}
	})
	return stopped(ctx, g.Wait())
}

// stopped turns the errors of a wanted stop into none.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || clinical.KindOf(err) == clinical.Unavailable) {
		return nil
	}
	return err
}

// apply takes in records, in any order, the newest of each winning, and queues
// what they call for.
func (f *Follower) apply(d clinical.Delta) {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.moved)
	f.moved = make(chan struct{})
	touched := map[clinical.AssetID]bool{}
	f.takeAssets(d.Assets, touched)
	for _, r := range d.Renditions {
		k := f.asset(r.Asset)
		if old, ok := k.made[r.Kind]; !ok || r.Rev >= old.Rev {
			k.made[r.Kind] = r
		}
		if dropped(r) {
			touched[r.Asset] = true
		}
	}
	f.takeItems(d.Items, touched)
	for _, r := range d.Releases {
		if r.Rendition != clinical.Teaching {
			continue
		}
		for _, id := range r.Assets {
			f.asset(id).released = true
			touched[id] = true
		}
	}
	for id := range touched {
		k := f.assets[id]
		for _, kind := range k.wanted(f.opt.Delivers) {
			if r, there := k.made[kind]; !there || r.Edit != k.edit || dropped(r) {
				f.queue(order{task{id, kind}, r.Rev})
			}
		}
	}
	f.takeSubjects(d)
}

func (f *Follower) takeAssets(list []clinical.Asset, touched map[clinical.AssetID]bool) {
	for _, a := range list {
		k := f.asset(a.ID)
		if a.Rev < k.rev {
			continue
		}
		k.rev, k.original, k.gone, k.edit = a.Rev, a.Original, a.State.Gone(), a.Edit
		k.known = a.State == clinical.Filed && a.Sensitivity.Has(clinical.Known) && !a.IDShot && !a.Form
		k.owner = clinical.Owner{Patient: a.Patient, Asset: a.ID}
		if a.Patient.IsZero() {
			k.owner.Studio = a.Studio
		}
		touched[a.ID] = true
	}
}

func (f *Follower) takeItems(list []clinical.SetItem, touched map[clinical.AssetID]bool) {
	for _, it := range list {
		_, was := f.items[it.ID]
		switch {
		case it.Removed && was:
			delete(f.items, it.ID)
			f.asset(it.Asset).members--
		case !it.Removed && !was:
			f.items[it.ID] = it.Asset
			f.asset(it.Asset).members++
			touched[it.Asset] = true
		}
	}
}

func (f *Follower) asset(id clinical.AssetID) *known {
	k := f.assets[id]
	if k == nil {
		k = &known{made: map[clinical.RenditionKind]clinical.Rendition{}}
		f.assets[id] = k
	}
	return k
}

// wanted lists the renditions that should exist. Of an edited picture the copy
// that a second person looks at is among the first.
func (k *known) wanted(delivers bool) []clinical.RenditionKind {
	if k.gone || k.original.ID.IsZero() {
		return nil
	}
	out := []clinical.RenditionKind{clinical.Thumbnail}
	if k.edit > 0 {
		out = append(out, clinical.MaskedFull, clinical.Masked, clinical.MaskedThumbnail)
	}
	if k.members > 0 || k.released || delivers && k.known {
		out = append(out, clinical.Teaching)
	}
	return out
}

// flattened reports whether a kind shows a version with its masks filled in:
// there is none of a picture as it was taken.
func flattened(kind clinical.RenditionKind) bool {
	how, ok := EditOf(kind)
	return ok && how.Masked
}

// queue adds background work; the caller holds mu.
func (f *Follower) queue(t order) {
	f.todo = append(f.todo, t)
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// next takes the oldest work, and passes the token on when there is more.
func (f *Follower) next() (order, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.todo) == 0 {
		return order{}, false
	}
	t := f.todo[0]
	f.todo = f.todo[1:]
	if len(f.todo) > 0 {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	return t, true
}

// work renders in the background, giving way to live requests.
func (f *Follower) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		}
		t, ok := f.next()
		if !ok {
			continue
		}
		if err := f.group.yield(ctx); err != nil {
			return nil //nolint:nilerr // ctx ended: the journal remembers the work
		}
		if _, err := f.once(ctx, t, true); err != nil && ctx.Err() == nil {
			f.opt.Log.Warn("rendition not made", "asset", t.asset, "kind", t.kind,
				"reason", clinical.ReasonOf(err), "failure", clinical.KindOf(err))
			f.postpone(t, err)
		}
	}
}

// postpone keeps what may succeed another time: a full disk, a busy machine.
func (f *Follower) postpone(t order, err error) {
	switch clinical.KindOf(err) {
	case clinical.Unavailable, clinical.Conflict:
		f.mu.Lock()
		f.later = append(f.later, t)
		f.mu.Unlock()
	default: // the record says it, or an operator must
	}
}

// retry brings back what was postponed, now and then.
func (f *Follower) retry(ctx context.Context) error {
	tick := time.NewTicker(f.opt.Retry)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		f.mu.Lock()
		again := f.later
		f.later = nil
		for _, t := range again {
			f.queue(t)
		}
		f.mu.Unlock()
	}
}

// Ensure returns the record of a rendition whose bytes are there and show the
// picture in its version of now, making them first where they are not. It goes
// before the background work. Where no decoder reads the original the error is
// Invalid with ReasonUndecodable, and where the version's recipe does not fit it
// Invalid; an unknown asset or kind, one whose bytes were destroyed, or a
// flattened copy of a picture that nobody edited is NotFound.
func (f *Follower) Ensure(ctx context.Context, asset clinical.AssetID, kind clinical.RenditionKind) (clinical.Rendition, error) {
	for wait := f.ready; ; {
		select {
		case <-wait:
		case <-ctx.Done():
			return clinical.Rendition{}, clinical.Errorf(clinical.Unavailable, "darkroom: ensure %s: %w", asset, ctx.Err())
		}
		f.mu.Lock()
		wait = f.moved
		f.mu.Unlock()
		r, err := f.ensure(ctx, asset, kind)
		// What is on record changed, and the journal has not told yet.
		if clinical.KindOf(err) != clinical.Conflict {
			return r, err
		}
	}
}

func (f *Follower) ensure(ctx context.Context, asset clinical.AssetID, kind clinical.RenditionKind) (clinical.Rendition, error) {
	f.mu.Lock()
	k, ok := f.assets[asset]
	var made clinical.Rendition
	edit := 0
	if ok {
		ok = !k.gone && !k.original.ID.IsZero() && (SizeOf(kind) != 0 || flattened(kind) && k.edit > 0)
		made, edit = k.made[kind], k.edit
	}
	f.mu.Unlock()
	if !ok {
		return clinical.Rendition{}, clinical.Errorf(clinical.NotFound, "darkroom: ensure %s of asset %s", kind, asset)
	}
	if made.Edit == edit {
		if made.Failed != "" && made.Recipe == f.recipe(edit) {
			return made, failed(made)
		}
		if there, err := f.there(ctx, made); there || err != nil {
			return made, err
		}
	}
	for {
		r, err := f.once(ctx, order{task{asset, kind}, made.Rev}, false)
		// Joining the making that wrote the record in hand gives that record back: its bytes are gone, so once more.
		if err != nil || r.Rev > made.Rev {
			return r, err
		}
	}
}

// there tells whether a rendition's bytes can be opened.
func (f *Follower) there(ctx context.Context, r clinical.Rendition) (bool, error) {
	if r.Blob.ID.IsZero() {
		return false, nil
	}
	c, err := f.opt.Opener.Open(ctx, r.Blob.ID)
	if kind := clinical.KindOf(err); kind == clinical.NotFound || kind == clinical.Corrupt {
		return false, nil
	}
	if err != nil {
		return false, clinical.Errorf(clinical.KindOf(err), "darkroom: open rendition %s: %w", r.ID, err)
	}
	return true, c.Close()
}

// Missing looks for renditions whose bytes are gone, or that were made before
// anybody measured their room for a mark, and queues them to be made again. Run does so once at the start; a restore or a scrub calls for it again.
func (f *Follower) Missing(ctx context.Context) error {
	f.mu.Lock()
	var all []clinical.Rendition
	for id := range maps.Keys(f.assets) {
		k := f.assets[id]
		for _, kind := range k.wanted(f.opt.Delivers) {
			if r, ok := k.made[kind]; ok && r.Failed == "" && r.Edit == k.edit {
				all = append(all, r)
			}
		}
	}
	f.mu.Unlock()
	slices.SortFunc(all, func(a, b clinical.Rendition) int { return a.ID.Compare(b.ID) })
	for _, r := range all {
		if err := f.group.yield(ctx); err != nil {
			return nil //nolint:nilerr // ctx ended: the next start looks again
		}
		there, err := f.there(ctx, r)
		if err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // ctx ended: the next start looks again
			}
			return err
		}
		if !there || unmeasured(r) {
			f.mu.Lock()
			f.queue(order{task{r.Asset, r.Kind}, r.Rev})
			f.mu.Unlock()
		}
	}
	return nil
}
