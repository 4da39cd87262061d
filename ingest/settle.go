package ingest

import (
	"time"

	"fovea/clinical"
)

// phase is how far a tracked file has come.
type phase uint8

const (
	settling phase = iota // may still be written
	waiting               // whole; its ticket or its run is not there yet
	retrying              // something that is not the file's fault failed
	finished              // an outcome was reached; still in the folder, or about to go
)

// track is what a station knows of one name in its folder.
type track struct {
	entry
	phase phase
	since time.Time // when it was first seen like this
	retry time.Time // phase retrying: not before
	err   error     // phase retrying: why
	tries int       // how often it failed
	// landing is the file's receipt once it has one.
	landing clinical.Landing
	outcome clinical.Outcome
	reason  clinical.Reason
	facts   *facts // of a frame that waits to be resolved
}

// tracker compares looks at a folder and tells what is settled.
type tracker struct {
	timing  Timing
	tracks  map[string]*track
	changed time.Time // when something last appeared, grew or was touched
}

func newTracker(t Timing) *tracker { return &tracker{timing: t, tracks: map[string]*track{}} }

// update takes in one look. It returns by how many the files that need an
// outcome have become more: what appeared, less what vanished without one.
func (t *tracker) update(files []entry, now time.Time) (more int) {
	present := make(map[string]bool, len(files))
	for _, e := range files {
		present[e.rel] = true
		k, known := t.tracks[e.rel]
		if known && k.same(e) {
			continue
		}
		if !known || k.phase == finished {
			more++
		}
		t.tracks[e.rel] = &track{entry: e, since: now}
		if !litter(e.name()) {
			t.changed = now
		}
	}
	for rel, k := range t.tracks {
		if present[rel] {
			continue
		}
		if k.phase != finished {
			more--
		}
		delete(t.tracks, rel)
	}
	return more
}

// settled reports whether nothing was seen to change k for the settling time.
func (t *tracker) settled(k *track, now time.Time) bool {
	return now.Sub(k.since) >= t.timing.Settle
}

// overdue reports whether k has been unchanged for so long that what it lacks
// will not come.
func (t *tracker) overdue(k *track, now time.Time) bool {
	return now.Sub(k.since) >= t.timing.Complete
}

// quiet reports whether the folder has been unchanged for the quiet time.
func (t *tracker) quiet(now time.Time) bool { return now.Sub(t.changed) >= t.timing.Quiet }
