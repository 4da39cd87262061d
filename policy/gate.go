package policy

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"fovea/clinical"
)

// recorder makes a change durable, notes who saw what, and tells it.
type recorder interface {
	Commit(context.Context, clinical.Change) (clinical.Change, error)
	Note(context.Context, clinical.Event) error
	NoteLater(clinical.Event)
	Events(context.Context, clinical.EventQuery) ([]clinical.Recorded, error)
}

// journal is the one source of change.
type journal interface {
	Load(context.Context, func(clinical.Delta) error) (uint64, error)
	Changes(ctx context.Context, after uint64, limit int) ([]clinical.Change, error)
}

// reader reads whole records, of which the snapshot keeps the facts alone.
type reader interface {
	Asset(context.Context, clinical.AssetID) (clinical.Asset, error)
	Renditions(context.Context, clinical.AssetID) ([]clinical.Rendition, error)
	Edits(context.Context, clinical.AssetID) (clinical.Edits, error)
	Quality(context.Context, clinical.AssetID) (clinical.Quality, error)
}

// opener opens sealed bytes.
type opener interface {
	Open(context.Context, clinical.BlobID) (clinical.Content, error)
}

// maker makes a rendition whose bytes are not there, and waits for it.
type maker interface {
	Ensure(context.Context, clinical.AssetID, clinical.RenditionKind) (clinical.Rendition, error)
}

// searcher finds pictures inside a scope.
type searcher interface {
	Search(context.Context, clinical.Query, clinical.Scope) (clinical.Found, error)
}

// Options are what a Gate works with. Maker, Searcher, Now, Zone, Roles, Mint,
// Log and Numbers may be left out; without a Searcher, Find is Unavailable.
type Options struct {
	Recorder recorder
	Journal  journal
	Reader   reader
	Opener   opener
	Maker    maker // nil: what is not there stays away
	Searcher searcher
	Keeper   keeper // of the scans of forms; nil: none are kept
	// Healthy reports whether the ledger can be written; the doors close while
	// it cannot. Nil: always.
	Healthy func() bool
	Now     func() time.Time
	Zone    *time.Location
	ETagKey [32]byte
	Limits  Limits
	Roles   Roles
	// Retention is how long pictures are kept; empty: nothing falls due.
	Retention Schedule
	Mint      *clinical.Minter
	Log       *slog.Logger
	// Numbers says how the site's identifiers are written; a system that is
	// not here is only tidied.
	Numbers []clinical.IdentifierRule
}

// Gate is the only door: every picture that leaves and every act that changes
// something goes through it. It is safe for concurrent use.
type Gate struct {
	opt   Options
	state atomic.Pointer[Snapshot] // nil until Start
	down  atomic.Bool              // it no longer follows the journal

	recalled chan struct{} // a recall or an erasure waits to be settled

	// acts is held by every act from its plan to its effect, and alone by one
	// that places a hold or destroys: no hold is placed beside an erasure that
	// has not seen it, and none of the two overtakes the other.
	acts sync.RWMutex

	mu      sync.Mutex // one edit at a time
	history history
	scopes  scopes
	folders folders
	served  heard[serving]
	missed  heard[missing]
	streams streams
	subs    subscribers
}

// New returns a gate that answers Unavailable until Start.
func New(opt Options) (*Gate, error) {
	if opt.Recorder == nil || opt.Journal == nil || opt.Reader == nil || opt.Opener == nil {
		return nil, clinical.Errorf(clinical.Invalid, "policy: a gate needs a recorder, a journal, a reader and an opener")
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	if opt.Mint == nil {
		opt.Mint = clinical.NewMinter(opt.Now, nil)
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if err := opt.Roles.Check(); err != nil {
		return nil, err
	}
	opt.Limits = opt.Limits.filled()
	return &Gate{opt: opt, recalled: make(chan struct{}, 1)}, nil
}

// Start loads the records; the gate answers once it has returned.
func (g *Gate) Start(ctx context.Context) error {
	s := NewSnapshot(Site{Zone: g.opt.Zone, Limits: g.opt.Limits, Roles: g.opt.Roles, ETagKey: g.opt.ETagKey, Retention: g.opt.Retention})
	at := g.opt.Now()
	seq, err := g.opt.Journal.Load(ctx, func(d clinical.Delta) error {
		s = s.With(at, d)
		return nil
	})
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "policy: load the records: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s = s.withSeq(seq)
	g.history.last = s.edition
	g.state.Store(s)
	return nil
}

// maxBatch is how many journal entries are taken at once.
const maxBatch = 256

// Run follows the journal until ctx ends, and then returns nil. Where it
// cannot follow, the gate answers Unavailable from then on: a decision on old
// facts is none.
func (g *Gate) Run(ctx context.Context) error {
	s := g.state.Load()
	if s == nil {
		return clinical.Errorf(clinical.Internal, "policy: Run before Start")
	}
	defer g.close()
	within, stop := context.WithCancel(ctx)
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		g.settleAll(within)
	}()
	defer func() {
		stop()
		<-settled
	}()
	for after := s.seq; ; {
		changes, err := g.opt.Journal.Changes(ctx, after, maxBatch)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return clinical.Errorf(clinical.Unavailable, "policy: follow the journal after %d: %w", after, err)
		}
		for _, c := range changes {
			g.apply(c)
			after = c.Seq
		}
	}
}

// close shuts the doors and cuts what is still going through them.
func (g *Gate) close() {
	g.down.Store(true)
	g.streams.cutAll()
	g.subs.close()
}

// snapshot returns the state to decide on, Unavailable when there is none.
func (g *Gate) snapshot() (*Snapshot, error) {
	s := g.state.Load()
	if g.opt.Healthy != nil && !g.opt.Healthy() {
		return nil, clinical.Refuse(clinical.Unavailable, "ledger", "Nothing can be written down at the moment, so nothing is shown. Try again in a moment, or tell the administrator.")
	}
	if s == nil || g.down.Load() {
		return nil, clinical.Refuse(clinical.Unavailable, "policy-not-ready", "Fovea is starting or stopping. Try again in a moment.")
	}
	return s, nil
}

// apply takes a change into the snapshot, publishes it, and cuts every stream
// that it denies. When it returns, no door shows what was there before.
func (g *Gate) apply(c clinical.Change) {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.state.Load()
	at := c.At
	if at.IsZero() {
		at = g.opt.Now()
	}
	next, did := old.with(at, c.Delta)
	next = next.follow(c.Seq)
	g.history.add(next.edition, did)
	g.state.Store(next)
	if did.narrows() {
		g.streams.recheck(next, g.opt.Now())
	}
	g.subs.publish(old, next, did, max(c.Seq, next.seq))
	if len(next.unsettled) > len(old.unsettled) || len(next.undone) > len(old.undone) {
		select {
		case g.recalled <- struct{}{}:
		default: // it has been told
		}
	}
}

// follow returns the snapshot complete up to seq where that is the next entry.
// An act's own entry may be in before those of others that came earlier.
func (s *Snapshot) follow(seq uint64) *Snapshot {
	if seq == s.seq+1 {
		return s.withSeq(seq)
	}
	return s
}

// Person finds who signs in under a login. It holds no secret.
func (g *Gate) Person(login string) (clinical.Person, bool) {
	s, err := g.snapshot()
	if err != nil {
		return clinical.Person{}, false
	}
	id, ok := s.logins[fold(login)]
	if !ok {
		return clinical.Person{}, false
	}
	return g.PersonByID(id)
}

// PersonByID finds a person.
func (g *Gate) PersonByID(id clinical.PersonID) (clinical.Person, bool) {
	s, err := g.snapshot()
	if err != nil {
		return clinical.Person{}, false
	}
	p, ok := s.people.get(id)
	if !ok {
		return clinical.Person{}, false
	}
	return *p, true
}

// asker returns the active person who calls. Somebody unknown or no longer
// active finds nothing.
func (g *Gate) asker(s *Snapshot, c clinical.Caller) (*clinical.Person, error) {
	p, ok := s.people.get(c.Person)
	if !ok || !p.ActiveAt(g.opt.Now(), s.site.Zone) {
		return nil, clinical.ErrNotFound
	}
	return p, nil
}

// Scope returns what the caller may find for a use: no pictures, only which
// ordinals Find would search among.
func (g *Gate) Scope(c clinical.Caller, u clinical.Use) (clinical.Scope, error) {
	s, err := g.snapshot()
	if err != nil {
		return clinical.Scope{}, err
	}
	return g.scopes.of(s, &g.history, scopeKey{c.Person, u}, g.opt.Now()), nil
}

// event begins a line of the ledger.
func (g *Gate) event(act clinical.Act, c clinical.Caller) clinical.Event {
	return clinical.Event{At: g.opt.Now(), Act: act, Caller: c}
}
