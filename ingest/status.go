package ingest

import (
	"time"

	"fovea/clinical"
)

// State is what a studio's folder is doing.
type State string

// The states. The zero State is not one.
const (
	StateReceiving  State = "receiving"   // files are settling or being kept
	StateQuiet      State = "quiet"       // everything there has its outcome
	StateNotReached State = "not-reached" // the folder does not answer; it is tried again
	StatePaused     State = "paused"      // the vault takes nothing now; files are safe where they lie
)

// StudioStatus is what pages show of a studio: no name of a file.
type StudioStatus struct {
	Studio  clinical.StudioID
	State   State
	Reason  clinical.Reason // why paused or not reached, such as "disk-full"
	Since   time.Time       // when State began
	Waiting int             // files seen that have no outcome yet
	Retried int             // of these, the ones that failed and are tried again
	Last    time.Time       // when the last file got its outcome; zero: none since start
	Receipt Receipt         // the last one; zero: none since start
}

// Status returns the status of every studio in the order of the configuration.
func (in *Ingest) Status() []StudioStatus {
	out := make([]StudioStatus, len(in.stations))
	for i, s := range in.stations {
		s.statusMu.Lock()
		out[i] = s.state
		s.statusMu.Unlock()
	}
	return out
}

// report publishes what a cycle came to; err is why it did not succeed.
func (s *station) report(err error) {
	now := s.in.opt.Now()
	next := StudioStatus{Studio: s.studio.ID, State: StateQuiet, Last: s.last, Receipt: s.lastReceipt}
	for _, k := range s.tracker.tracks {
		if k.phase == finished || s.isTicket(k) || litter(k.name()) {
			continue
		}
		next.Waiting++
		next.State = StateReceiving
		if k.phase == retrying {
			next.Retried++
		}
	}
	if err != nil {
		next.State, next.Reason = StatePaused, clinical.ReasonOf(err)
		if next.Reason == reasonNotReached {
			next.State = StateNotReached
		}
	}
	s.statusMu.Lock()
	defer s.statusMu.Unlock()
	next.Since = s.state.Since
	if s.state.State != next.State || next.Since.IsZero() {
		next.Since = now
		s.in.opt.Log.Info("ingest: studio", "studio", s.studio.ID, "state", string(next.State), "reason", string(next.Reason))
		if err != nil {
			s.in.opt.Log.Warn("ingest: studio waits", "studio", s.studio.ID, "error", err)
		}
	}
	s.state = next
}
