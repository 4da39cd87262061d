package ingest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"fovea/clinical"
)

// Subject is whom a label, a ticket or a name speaks of.
type Subject struct {
	Patient clinical.PatientID
	Job     clinical.JobID // zero: the patient alone was named
	Frames  int            // how many frames the job expects; 0: not stated
}

// same reports whether two sources can mean the same sitting: one patient, and
// not two jobs.
func (s Subject) same(o Subject) bool {
	return s.Patient == o.Patient && (s.Job == o.Job || s.Job.IsZero() || o.Job.IsZero())
}

// Frame is one picture as the resolver sees it.
type Frame struct {
	Key    string    // names the frame; the last resort of sorting
	Camera string    // serial number; empty: not stated
	At     time.Time // capture; zero: not stated
	Number Number    // the camera's running number
	Label  *Label    // nil: shows none
	// Blind is why the pixels could not be looked at: a label may hide in them.
	Blind clinical.Reason
	Claim *Subject // what the frame's ticket or name says; nil: nothing
	// Run is the provisional run that the frame lies in already.
	Run clinical.RunID
	// Held is set for a frame that is in quarantine already: it bounds runs as
	// it did when it came, and gets no verdict.
	Held bool
	// Filed is set for a frame that its Claim has filed already: it means the
	// same to the frames around it as before it was filed, and gets no verdict.
	Filed bool
}

// identified reports whether the frame's own ticket or name says whose it is,
// and nothing in its pixels speaks against that.
func (f Frame) identified() bool {
	return f.Claim != nil && f.Blind == "" && (f.Label == nil || (f.Label.Reason == "" && f.Label.same(*f.Claim)))
}

// Label is what the label in an ID shot says, or why it cannot be believed.
type Label struct {
	Subject
	// End is set where the label says itself that it only closes a run. Any
	// label closes its own run when it is seen again.
	End    bool
	Reason clinical.Reason
}

// Number is a camera's running number of a frame. Numbers compare only within
// one series; the zero Number compares with none.
type Number struct {
	Series string
	N      int
}

// wrap is how far a running number falls back when its counter starts again.
const wrap = 5000

// after reports by how much n is above o: 0 where they cannot be compared, are
// equal, or the counter has started again between them.
func (n Number) after(o Number) int {
	d := n.N - o.N
	if n.Series == "" || n.Series != o.Series || d > wrap || d < -wrap {
		return 0
	}
	return d
}

// Verdict is what becomes of some frames together: a run, or quarantine.
type Verdict struct {
	Frames   []int           // indexes into the frames, in order of capture
	Reason   clinical.Reason // why quarantined; empty: not quarantined
	Subject  Subject
	Claimed  bool // each frame's ticket or name decides; there is no run
	Camera   string
	From, To time.Time
	Plain    int            // frames that show no label
	Run      clinical.RunID // the provisional run that goes on; zero: a new one
	Filed    bool           // the evidence agrees: no person needs to confirm
	Evidence []string       // codes; see clinical.Run
}

// Evidence codes. Those after evidenceLabel forbid for ever that a run is filed
// without a person.
const (
	evidenceEnd      = "end-label"
	evidenceCount    = "job-count"
	evidenceTicket   = "ticket"
	evidenceLabel    = "label-only"
	evidenceGap      = "gap"
	evidenceTie      = "tie"
	evidenceDisagree = "sources-disagree"
	evidenceAfterEnd = "frames-after-end"
	evidenceUnplaced = "unplaced-file"
	// evidenceOver marks a run of more frames than its job expects. It stands for
	// as long as that is so.
	evidenceOver = "more-frames-than-expected"
	// evidenceDissolved marks a run that a later judgement took all frames from.
	evidenceDissolved = "dissolved"
)

// forbids reports whether a run with this evidence needs a person.
func forbids(code string) bool {
	switch code {
	case evidenceGap, evidenceTie, evidenceDisagree, evidenceAfterEnd, evidenceUnplaced:
		return true
	default:
		return false
	}
}

// ResolveOptions are a studio's own.
type ResolveOptions struct {
	Gap time.Duration // longest pause within a run
}

// Resolve says whose frames are whose. Per camera, by capture time and then by
// running number, an ID shot begins a run that goes on until the next one; the
// same label once more ends it. A run is filed when its end label or its job's
// number of frames agrees and nothing broke a rule; otherwise it waits for a
// person. Whatever is not certain is quarantined with its reason.
//
// A frame whose own ticket or name says whose it is, and whose pixels do not
// contradict that, is filed by it wherever it lies, and is never part of a run.
// To the run around it, it is evidence where it means the same patient, and its
// end where it means another; a frame of this kind that shows the run's label
// ends it too. It never begins a run: what follows such an end without an ID
// shot is nobody's.
//
// frames holds what is new together with what is provisional in the studio;
// existing holds the cameras' other runs, between whose first and last frame
// nothing may be added. Every frame that is not Held is in exactly one Verdict.
// Resolve is pure, and the order of its arguments does not matter.
func Resolve(frames []Frame, existing []clinical.Run, opt ResolveOptions) []Verdict {
	r := resolver{frames: frames, opt: opt, used: map[clinical.RunID]bool{}, single: map[int]clinical.Reason{}}
	cameras := map[string][]int{}
	for i, f := range frames {
		switch {
		case (f.Held || f.Filed) && (f.Camera == "" || f.At.IsZero()):
		case f.Camera == "":
			r.unplaceable(i, reasonNoSerial)
		case f.At.IsZero():
			r.unplaceable(i, reasonNoCaptureTime)
		default:
			cameras[f.Camera] = append(cameras[f.Camera], i)
		}
	}
	for _, camera := range slices.Sorted(maps.Keys(cameras)) {
		r.camera(camera, cameras[camera], existing)
	}
	return r.verdicts()
}

type resolver struct {
	frames   []Frame
	opt      ResolveOptions
	segments []*segment
	single   map[int]clinical.Reason // frames quarantined for a reason of their own
	claimed  []int                   // frames whose ticket or name decides
	unplaced bool                    // a frame that may show a label has no place in the order
	used     map[clinical.RunID]bool
}

// segment is a stretch of one camera's frames under one label, or under none.
type segment struct {
	camera  string
	start   time.Time
	subject Subject
	reason  clinical.Reason // why its frames cannot be believed; empty: they can
	run     clinical.RunID  // of its first label that was kept before
	frames  []int           // accepted, labels included
	all     []int           // every frame since start, for when order breaks
	plain   int             // frames without label, accepted or identified by themselves
	claims  int             // of these, the identified
	last    time.Time
	ended   bool
	stale   bool
	against []string // evidence that forbids filing
}

func (s *segment) forbid(code string) {
	if !slices.Contains(s.against, code) {
		s.against = append(s.against, code)
	}
}

// unplaceable decides a frame that cannot be put in order.
func (r *resolver) unplaceable(i int, why clinical.Reason) {
	f := r.frames[i]
	if f.Label != nil || f.Blind != "" {
		r.unplaced = true
	}
	switch {
	case f.Blind != "":
		r.single[i] = f.Blind
	case f.Label != nil && f.Label.Reason != "":
		r.single[i] = f.Label.Reason
	case f.Claim == nil:
		r.single[i] = why
	case f.Label != nil && !f.Label.same(*f.Claim):
		r.single[i] = reasonDisagree
	default:
		r.claimed = append(r.claimed, i)
	}
}

// camera walks one camera's frames in order.
func (r *resolver) camera(name string, order []int, existing []clinical.Run) {
	slices.SortFunc(order, func(a, b int) int {
		x, y := r.frames[a], r.frames[b]
		return cmp.Or(x.At.Compare(y.At), x.Number.after(y.Number), cmp.Compare(x.Key, y.Key))
	})
	var barriers []clinical.Run
	for _, run := range existing {
		if run.Camera == name {
			barriers = append(barriers, run)
		}
	}
	w := walker{resolver: r, camera: name, order: order, ties: r.ties(order), barriers: barriers}
	of := make([]*segment, len(order))
	for n, i := range order {
		w.step(n)
		of[n] = w.cur
		w.cur.all = append(w.cur.all, i)
	}
	r.checkOrder(order, of)
}

// ties returns the frames that share their instant with a label, or with a
// frame that may hide one, and are not told apart by their numbers. The value
// says whether the frame itself is in doubt: a lone label is not.
func (r *resolver) ties(order []int) map[int]bool {
	ties := map[int]bool{}
	for lo := 0; lo < len(order); {
		hi := lo + 1
		for hi < len(order) && r.frames[order[hi]].At.Equal(r.frames[order[lo]].At) {
			hi++
		}
		for a := lo; a < hi; a++ {
			for b := lo; b < hi; b++ {
				r.tie(ties, order[a], order[b])
			}
		}
		lo = hi
	}
	return ties
}

// tie marks a where it cannot be told from the boundary b.
func (r *resolver) tie(ties map[int]bool, a, b int) {
	x, y := r.frames[a], r.frames[b]
	if a == b || !y.boundary() || x.Number.after(y.Number) != 0 {
		return
	}
	sameLabel := x.Label != nil && y.Label != nil && x.Label.Reason == "" && y.Label.Reason == "" &&
		x.Label.End == y.Label.End && x.Label.same(y.Label.Subject)
	if sameLabel || (x.identified() && y.Label != nil && y.Label.Reason == "" && y.Label.same(*x.Claim)) {
		return
	}
	ties[a] = true
	if !ties[b] {
		ties[b] = x.boundary()
	}
}

// boundary reports whether the frame ends what came before it.
func (f Frame) boundary() bool { return f.Label != nil || f.Blind != "" }

// checkOrder distrusts the stretches in which the running number falls while
// time goes on: the clock was changed, and time no longer orders the frames.
// Frames that are identified by themselves need no order and give none.
func (r *resolver) checkOrder(order []int, of []*segment) {
	prev := -1
	for n, i := range order {
		if r.frames[i].Number.Series == "" || r.frames[i].identified() {
			continue
		}
		if prev >= 0 && r.frames[order[prev]].Number.after(r.frames[i].Number) > 0 {
			of[prev].reason, of[n].reason = reasonOrder, reasonOrder
		}
		prev = n
	}
	for _, s := range of {
		if s.reason != reasonOrder {
			continue
		}
		for _, i := range s.all {
			if r.single[i] == "" && !r.frames[i].identified() {
				r.single[i] = reasonOrder
			}
		}
		s.frames = nil
	}
}
