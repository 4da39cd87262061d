package ingest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"fovea/clinical"
)

// memory is what ingest remembers of the vault's records: who may photograph,
// which sessions and runs are open, what waits in quarantine, and which
// landings still have to be marked as disposed of. It follows the journal, and
// ingest's own changes are applied to it at once; the higher Rev wins.
type memory struct {
	mu       sync.Mutex
	since    time.Time // sessions made earlier are over
	seq      uint64
	loaded   bool
	people   map[string]clinical.Person // by login
	lesions  map[clinical.LesionID]clinical.Lesion
	sessions map[clinical.SessionID]clinical.Session
	first    map[clinical.SessionID]time.Time // capture of the earliest frame of a session
	last     map[clinical.SessionID]time.Time // capture of the latest frame of a session
	runs     map[clinical.RunID]clinical.Run
	frames   map[clinical.AssetID]clinical.Asset // provisional ones
	held     map[clinical.AssetID]clinical.Asset // quarantined ones
	open     map[string]clinical.Landing         // by source; not Done
	filed    *marks                              // nil: no studio identifies by ID shots
}

func newMemory(since time.Time, filed *marks) *memory {
	return &memory{
		since:    since,
		filed:    filed,
		people:   map[string]clinical.Person{},
		lesions:  map[clinical.LesionID]clinical.Lesion{},
		sessions: map[clinical.SessionID]clinical.Session{},
		first:    map[clinical.SessionID]time.Time{},
		last:     map[clinical.SessionID]time.Time{},
		runs:     map[clinical.RunID]clinical.Run{},
		frames:   map[clinical.AssetID]clinical.Asset{},
		held:     map[clinical.AssetID]clinical.Asset{},
		open:     map[string]clinical.Landing{},
	}
}

// load reads everything once; later calls do nothing.
func (m *memory) load(ctx context.Context, j journal) error {
	m.mu.Lock()
	loaded := m.loaded
	m.mu.Unlock()
	if loaded {
		return nil
	}
	seq, err := j.Load(ctx, func(d clinical.Delta) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.apply(d)
		return nil
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seq, m.loaded = max(m.seq, seq), true
	return nil
}

// follow applies changes until ctx ends and calls changed after each batch that
// others made.
func (m *memory) follow(ctx context.Context, j journal, changed func()) error {
	for {
		m.mu.Lock()
		after := m.seq
		m.mu.Unlock()
		batch, err := j.Changes(ctx, after, 256)
		if err != nil {
			return err
		}
		foreign := false
		m.mu.Lock()
		for _, c := range batch {
			if c.Act == clinical.ActDiscarded || c.Act == clinical.ActQuarantineReject {
				for _, id := range c.Event.Assets {
					delete(m.frames, id) // a record that cannot be read any more comes with no delta
					delete(m.held, id)
				}
			}
			m.apply(c.Delta)
			m.seq = max(m.seq, c.Seq)
			foreign = foreign || c.Caller.Door != clinical.DoorIngest
		}
		m.mu.Unlock()
		if foreign {
			changed()
		}
	}
}

// own takes in a change of ingest's own, unless the journal brought it already.
func (m *memory) own(c clinical.Change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Seq > m.seq {
		m.apply(c.Delta)
	}
}

// recent reports whether a session is young enough to be continued.
func (m *memory) recent(id clinical.SessionID) bool {
	return !id.IsZero() && id.Time().After(m.since)
}

// apply takes records in; older ones than those known are left out. The caller
// holds the lock.
func (m *memory) apply(d clinical.Delta) {
	for _, p := range d.People {
		if p.Rev >= m.people[p.Login].Rev {
			m.people[p.Login] = p
		}
	}
	for _, l := range d.Lesions {
		if l.Rev >= m.lesions[l.ID].Rev {
			m.lesions[l.ID] = l
		}
	}
	for _, s := range d.Sessions {
		if m.recent(s.ID) && s.Rev >= m.sessions[s.ID].Rev {
			m.sessions[s.ID] = s
		}
	}
	for _, r := range d.Runs {
		if r.Rev >= m.runs[r.ID].Rev {
			m.runs[r.ID] = r
		}
	}
	for _, a := range d.Assets {
		m.asset(a)
	}
	for _, l := range d.Landings {
		m.landing(l)
	}
}

func (m *memory) asset(a clinical.Asset) {
	delete(m.frames, a.ID)
	delete(m.held, a.ID)
	switch a.State {
	case clinical.Provisional:
		m.frames[a.ID] = a
	case clinical.Quarantined:
		m.held[a.ID] = a
	case clinical.Filed, clinical.Discarded, clinical.Erased:
	}
	m.filed.take(a)
	if !m.recent(a.Session) {
		return
	}
	if at := a.Capture.At; at.After(m.last[a.Session]) {
		m.last[a.Session] = at
	}
	if first, ok := m.first[a.Session]; !ok || a.Capture.At.Before(first) {
		m.first[a.Session] = a.Capture.At
	}
}

func (m *memory) landing(l clinical.Landing) {
	if l.Done {
		delete(m.open, l.Source)
	} else if l.Rev >= m.open[l.Source].Rev {
		m.open[l.Source] = l
	}
}

// person returns the person who signs in as login.
func (m *memory) person(login string) (clinical.Person, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.people[strings.ToLower(login)]
	return p, ok
}

// lesion finds a patient's lesion by ID or by its exact label.
func (m *memory) lesion(p clinical.PatientID, name string) (clinical.LesionID, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []clinical.LesionID
	for id, l := range m.lesions {
		if l.Patient == p && (l.Label == name || id.String() == name) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		return clinical.LesionID{}, false
	}
	return found[0], true
}

// quarantined reports whether the asset still waits in the studio's quarantine.
func (m *memory) quarantined(id clinical.AssetID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.held[id]
	return ok
}

// undone returns the studio's landings that are not marked as disposed of,
// oldest first.
func (m *memory) undone(s clinical.StudioID) []clinical.Landing {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []clinical.Landing
	for _, l := range m.open {
		if l.Studio == s {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b clinical.Landing) int { return a.ID.Compare(b.ID) })
	return out
}

// began returns the studio's sessions whose earliest frame is earlier than they
// say, corrected.
func (m *memory) began(s clinical.StudioID) []clinical.Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []clinical.Session
	for _, session := range m.sessions {
		if first, ok := m.first[session.ID]; ok && session.Studio == s && first.Before(session.Began) {
			session.Began = first
			out = append(out, session)
		}
	}
	return out
}

// sitting finds the session of a patient and job in a studio that a frame
// captured at belongs to: not further than gap from its first or last frame.
func (m *memory) sitting(want clinical.Session, at time.Time, gap time.Duration) (clinical.Session, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.sessions {
		if s.Studio != want.Studio || s.Patient != want.Patient || s.Job != want.Job || s.Photographer != want.Photographer {
			continue
		}
		end := s.Began
		if l := m.last[s.ID]; l.After(end) {
			end = l
		}
		if !at.Before(s.Began.Add(-gap)) && !at.After(end.Add(gap)) {
			return s, true
		}
	}
	return clinical.Session{}, false
}

// run returns a run as it is known.
func (m *memory) run(id clinical.RunID) (clinical.Run, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.runs[id]
	return r, ok
}

// framesOf returns the provisional frames of a run.
func (m *memory) framesOf(id clinical.RunID) []clinical.Asset {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []clinical.Asset
	for _, a := range m.frames {
		if a.Run == id {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b clinical.Asset) int { return a.ID.Compare(b.ID) })
	return out
}

// snapshot is what a studio's new frames are resolved together with.
type snapshot struct {
	open     []clinical.Run // provisional in this studio
	barriers []clinical.Run // all others
	frames   map[clinical.RunID][]clinical.Asset
	held     []clinical.Asset // in this studio's quarantine
	strays   []clinical.Asset // provisional frames of this studio whose run no longer waits
}

// studio returns the snapshot of a studio.
func (m *memory) studio(s clinical.StudioID) snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := snapshot{frames: map[clinical.RunID][]clinical.Asset{}}
	for _, r := range m.runs {
		if r.Studio == s && r.State == clinical.RunProvisional {
			out.open = append(out.open, r)
		} else if !slices.Contains(r.Evidence, evidenceDissolved) {
			out.barriers = append(out.barriers, r)
		}
	}
	for _, a := range m.frames {
		out.frames[a.Run] = append(out.frames[a.Run], a)
		if a.Studio == s && m.runs[a.Run].State != clinical.RunProvisional {
			out.strays = append(out.strays, a)
		}
	}
	slices.SortFunc(out.strays, func(a, b clinical.Asset) int { return a.ID.Compare(b.ID) })
	for _, a := range m.held {
		if a.Studio == s {
			out.held = append(out.held, a)
		}
	}
	return out
}
