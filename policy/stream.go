package policy

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"fovea/clinical"
)

// chunk is how much a stream hands out between two looks at the decision.
const chunk = 128 << 10

// streams are the pictures on their way out, by asset.
type streams struct {
	mu   sync.Mutex
	open map[clinical.AssetID]map[*stream]struct{}
}

func (r *streams) add(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = map[clinical.AssetID]map[*stream]struct{}{}
	}
	of := r.open[s.req.Asset]
	if of == nil {
		of = map[*stream]struct{}{}
		r.open[s.req.Asset] = of
	}
	of[s] = struct{}{}
}

func (r *streams) remove(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.open[s.req.Asset]
	delete(of, s)
	if len(of) == 0 {
		delete(r.open, s.req.Asset)
	}
}

// recheck cuts every stream that the snapshot denies.
func (r *streams) recheck(snap *Snapshot, now time.Time) {
	r.each(func(s *stream) {
		if !s.allowed(snap, now) {
			s.cut()
		}
	})
}

func (r *streams) cutAll() { r.each((*stream).cut) }

func (r *streams) each(do func(*stream)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, of := range r.open {
		for s := range of {
			do(s)
		}
	}
}

// stream is the content of a served picture. Every chunk is given out only if
// the decision still holds after it was read.
type stream struct {
	clinical.Content
	g      *Gate
	req    Request
	gone   chan struct{}
	once   sync.Once
	wasCut func() // tells the ledger, once

	checked atomic.Uint64 // edition of the snapshot that last permitted it
	until   atomic.Int64  // Unix nanoseconds; 0: no end in sight

	mu     sync.Mutex // guards what follows
	seen   versions
	alarm  *time.Timer // at until: time alone cuts a stream that nobody reads, too
	closed bool
}

// versions are what a decision rests on; while none of them moves it holds.
type versions struct {
	patient, set uint64
	person       *clinical.Person
	frame        *frame
}

func versionsOf(s *Snapshot, r Request) versions {
	var v versions
	v.person, _ = s.people.get(r.Person)
	if p, ok := s.pictures.get(r.Asset); ok {
		v.frame, v.patient = p.frame, s.shard(p.frame.patient).version
	}
	if st, ok := s.sets.get(r.Set); ok {
		v.set = st.version
	}
	return v
}

// allowed reports whether the snapshot permits the stream, looking at the
// rules only when something they rest on has moved.
func (s *stream) allowed(snap *Snapshot, now time.Time) bool {
	late := s.until.Load() != 0 && now.UnixNano() >= s.until.Load()
	if !late && s.checked.Load() >= snap.edition {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := versionsOf(snap, s.req)
	if late || v != s.seen || s.anySet() {
		r := s.req
		r.Now = now
		d := Decide(snap, r)
		if !d.Permit {
			return false
		}
		s.seen = v
		s.until.Store(0)
		if !d.Until.IsZero() {
			s.until.Store(d.Until.UnixNano())
		}
		s.arm(now)
	}
	s.checked.Store(max(s.checked.Load(), snap.edition))
	return true
}

// arm sets the alarm to until; the caller holds mu.
func (s *stream) arm(now time.Time) {
	if s.alarm != nil {
		s.alarm.Stop()
		s.alarm = nil
	}
	if until := s.until.Load(); until != 0 && !s.closed {
		s.alarm = time.AfterFunc(max(time.Unix(0, until).Sub(now), time.Millisecond), s.ring)
	}
}

// ring looks at the decision when its time has come.
func (s *stream) ring() {
	if s.check() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arm(s.g.opt.Now())
}

// anySet reports whether the decision rests on sets that versions does not
// follow.
func (s *stream) anySet() bool { return s.req.Use.Purpose == clinical.P2 && s.req.Set.IsZero() }

// check is NotFound once the picture is no longer this reader's, which is what
// an absent picture is.
func (s *stream) check() error {
	select {
	case <-s.gone:
		return clinical.ErrNotFound
	default:
	}
	snap, err := s.g.snapshot()
	if err != nil {
		s.cut()
		return err
	}
	if !s.allowed(snap, s.g.opt.Now()) {
		s.cut()
		return clinical.ErrNotFound
	}
	return nil
}

// cut ends the stream for its reader.
func (s *stream) cut() {
	s.once.Do(func() {
		close(s.gone)
		s.wasCut()
	})
}

// Read gives at most one chunk.
func (s *stream) Read(p []byte) (int, error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	p = p[:min(len(p), chunk)]
	n, err := s.Content.Read(p)
	if gone := s.check(); gone != nil {
		clear(p[:n])
		return 0, gone
	}
	return n, err
}

// ReadAt fills p, a chunk at a time.
func (s *stream) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		part := p[done:min(len(p), done+chunk)]
		if err := s.check(); err != nil {
			return done, err
		}
		n, err := s.Content.ReadAt(part, off+int64(done))
		if gone := s.check(); gone != nil {
			clear(part[:n])
			return done, gone
		}
		done += n
		if err != nil {
			return done, err
		}
		if n < len(part) {
			return done, io.ErrUnexpectedEOF
		}
	}
	return done, nil
}

// Close ends the stream and forgets it.
func (s *stream) Close() error {
	s.g.streams.remove(s)
	s.mu.Lock()
	s.closed = true
	s.arm(time.Time{})
	s.mu.Unlock()
	return s.Content.Close()
}
