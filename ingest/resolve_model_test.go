package ingest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fovea/clinical"
	"fovea/ingest"
)

// visit is one patient before one camera, as it truly was.
type visit struct {
	patient  byte
	labelled bool // its label was photographed, can be read, and opens a run
	ticketed bool // the frame has a ticket
}

// studioDay is a generated day: what each frame truly shows, and when each
// reached the folder.
type studioDay struct {
	frames  []ingest.Frame
	truth   []visit // per frame
	arrives []int   // the drop in which each frame comes
	drops   int
}

func drawDay(t *rapid.T) studioDay {
	var d studioDay
	d.drops = rapid.IntRange(1, 4).Draw(t, "drops")
	numbered := rapid.Bool().Draw(t, "numbered")
	for c := range rapid.IntRange(1, 2).Draw(t, "cameras") {
		minute, number := rapid.IntRange(0, 90).Draw(t, "clock"), 1
		tickets := rapid.SampledFrom([]int{0, 0, 3, 10}).Draw(t, "tickets in ten")
		add := func(v visit, label *ingest.Label, blind clinical.Reason) {
			f := ingest.Frame{
				Key: fmt.Sprintf("%d-%04d", c, number), Camera: fmt.Sprintf("camera %d", c),
				At: day().Add(time.Duration(minute) * time.Minute), Label: label, Blind: blind,
			}
			if numbered {
				f.Number = ingest.Number{Series: "n", N: number}
			}
			if rapid.IntRange(0, 9).Draw(t, "ticket") < tickets && blind == "" && (label == nil || label.Reason == "") {
				f.Claim = &ingest.Subject{Patient: clinical.PatientID{v.patient}, Job: clinical.JobID{v.patient}}
				v.ticketed, v.labelled = true, v.labelled && label == nil
			}
			number++
			minute += rapid.SampledFrom([]int{0, 1, 1, 1, 2, 5, 25}).Draw(t, "pause")
			d.frames, d.truth = append(d.frames, f), append(d.truth, v)
			d.arrives = append(d.arrives, rapid.IntRange(0, d.drops-1).Draw(t, "drop"))
		}
		for range rapid.IntRange(1, 5).Draw(t, "visits") {
			drawVisit(t, add)
		}
	}
	return d
}

// drawVisit takes one patient's pictures: with a good label, a bad one, one that
// cannot be looked at, or none.
func drawVisit(t *rapid.T, add func(visit, *ingest.Label, clinical.Reason)) {
	v := visit{patient: rapid.SampledFrom([]byte("ABCD")).Draw(t, "patient")}
	frames := rapid.IntRange(0, 4).Draw(t, "frames")
	subject := ingest.Subject{Patient: clinical.PatientID{v.patient}, Job: clinical.JobID{v.patient}}
	subject.Frames = rapid.SampledFrom([]int{0, frames, frames, frames + 1}).Draw(t, "expected")
	switch rapid.SampledFrom([]string{"good", "good", "good", "bad", "blind", "none"}).Draw(t, "label") {
	case "good":
		v.labelled = true
		add(v, &ingest.Label{Subject: subject}, "")
	case "bad":
		add(v, &ingest.Label{Reason: "check-digit"}, "")
	case "blind":
		add(v, nil, "truncated")
	}
	for range frames {
		add(v, nil, "")
	}
	if v.labelled && rapid.Bool().Draw(t, "end label") {
		add(v, &ingest.Label{Subject: subject}, "")
	}
}

// belief is what the studio holds true while the drops come in.
type belief struct {
	runs map[clinical.RunID]clinical.Run
	of   map[int]clinical.RunID // provisional and filed frames
	held map[int]bool
	self map[int]bool // filed by a ticket
	last map[int]int  // the drop at which the frame was judged last
	next byte
}

func (b *belief) resolve(d studioDay, drop int) {
	var frames []ingest.Frame
	var index []int
	for i, f := range d.frames {
		run, kept := b.of[i]
		switch {
		case d.arrives[i] > drop, kept && b.runs[run].State == clinical.RunFiled:
			continue
		case b.held[i]:
			f.Held = true
		case b.self[i]:
			f.Filed = true
		case kept:
			f.Run = run
		}
		frames, index = append(frames, f), append(index, i)
	}
	var existing []clinical.Run
	for _, r := range b.runs {
		if r.State == clinical.RunFiled {
			existing = append(existing, r)
		}
	}
	for _, v := range ingest.Resolve(frames, existing, ingest.ResolveOptions{Gap: 20 * time.Minute}) {
		b.believe(v, index)
		for _, i := range v.Frames {
			b.last[index[i]] = drop
		}
	}
}

func (b *belief) believe(v ingest.Verdict, index []int) {
	if v.Reason != "" {
		for _, i := range v.Frames {
			delete(b.of, index[i])
			b.held[index[i]] = true
		}
		return
	}
	if v.Claimed {
		b.self[index[v.Frames[0]]] = true
		return
	}
	run := b.runs[v.Run]
	if v.Run.IsZero() {
		b.next++
		run = clinical.Run{ID: clinical.RunID{b.next}}
	}
	run.Patient, run.Camera, run.From, run.To, run.State = v.Subject.Patient, v.Camera, v.From, v.To, clinical.RunProvisional
	for _, code := range v.Evidence {
		if code == "job-count" || code == "end-label" {
			run.Evidence = append(run.Evidence, code)
		}
	}
	if v.Filed {
		run.State = clinical.RunFiled
	}
	b.runs[run.ID] = run
	for _, i := range v.Frames {
		b.of[index[i]] = run.ID
	}
}

// Nobody's frames are ever filed under another patient, whatever comes missing,
// late, misread or out of order, as long as the frame's own label was readable
// and there when its run was judged. The one thing no evidence can tell from the
// truth is left out: a label that is missing while the frames without it happen
// to make up just the number that the job before expects, or lie between two
// labels of that patient.
func TestNobodysFrameIsFiledUnderAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDay(t)
		b := belief{
			runs: map[clinical.RunID]clinical.Run{}, of: map[int]clinical.RunID{}, held: map[int]bool{},
			self: map[int]bool{}, last: map[int]int{},
		}
		for drop := range d.drops {
			b.resolve(d, drop)
			checkTickets(t, d, &b, drop)
			for i, run := range b.of {
				r := b.runs[run]
				if r.Patient == (clinical.PatientID{d.truth[i].patient}) {
					continue
				}
				if labelThere(d, i, b.last[i]) {
					t.Fatalf("after drop %d frame %s of patient %c, whose label was there, is %s under %c",
						drop, d.frames[i].Key, d.truth[i].patient, r.State, r.Patient[0])
				}
				if r.State == clinical.RunFiled && len(r.Evidence) == 0 {
					t.Fatalf("after drop %d frame %s is filed under another without evidence", drop, d.frames[i].Key)
				}
			}
		}
	})
}

// checkTickets proves that every frame with a ticket is filed by it, and that no
// run reaches across one of another patient that was there.
func checkTickets(t *rapid.T, d studioDay, b *belief, drop int) {
	for i, f := range d.frames {
		if d.truth[i].ticketed && d.arrives[i] <= drop && !b.self[i] {
			t.Fatalf("after drop %d frame %s is not filed by its ticket", drop, f.Key)
		}
	}
	for i, run := range b.of {
		own := i
		for own >= 0 && (d.frames[own].Label == nil || b.of[own] != run) {
			own--
		}
		for k := max(own, 0); k < i; k++ {
			between := d.frames[k].At.Before(d.frames[i].At) && own >= 0 && d.frames[k].At.After(d.frames[own].At)
			foreign := d.truth[k].ticketed && clinical.PatientID{d.truth[k].patient} != b.runs[run].Patient
			if between && foreign && d.arrives[k] <= b.last[i] {
				t.Fatalf("after drop %d frame %s lies in a run across the ticket of frame %s", drop, d.frames[i].Key, d.frames[k].Key)
			}
		}
	}
}

// A frame that its ticket filed before the folder was quiet means to all others
// what it means when it is judged together with them.
func TestFilingByTicketEarlyChangesNothingForTheOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDay(t)
		opt := ingest.ResolveOptions{Gap: 20 * time.Minute}
		together := verdictByKey(t, d.frames, ingest.Resolve(d.frames, nil, opt))
		early := slices.Clone(d.frames)
		for i := range early {
			early[i].Filed = d.truth[i].ticketed && rapid.Bool().Draw(t, "early")
		}
		seen := 0
		for _, v := range ingest.Resolve(early, nil, opt) {
			for _, i := range v.Frames {
				seen++
				got := fmt.Sprint(v.Reason, v.Subject.Patient, v.Filed, v.Evidence)
				if want := together[early[i].Key]; early[i].Filed || got != want {
					t.Fatalf("frame %s: %s together, %s after", early[i].Key, want, got)
				}
			}
		}
		for _, f := range early {
			if f.Filed {
				seen++
			}
		}
		if seen != len(early) {
			t.Fatalf("%d verdicts for %d frames", seen, len(early))
		}
	})
}

// labelThere reports whether the label, or what stands for it, that came last
// before frame i on its camera is that of its own visit and has arrived.
func labelThere(d studioDay, i, drop int) bool {
	for n := i; n >= 0 && d.frames[n].Camera == d.frames[i].Camera; n-- {
		f := d.frames[n]
		if f.Label == nil && f.Blind == "" {
			continue
		}
		return d.truth[n].patient == d.truth[i].patient && d.truth[n].labelled && d.arrives[n] <= drop
	}
	return false
}

// Every frame gets exactly one verdict, and the order of the arguments means
// nothing.
func TestResolveIsTotalAndKnowsNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDay(t)
		opt := ingest.ResolveOptions{Gap: 20 * time.Minute}
		first := verdictByKey(t, d.frames, ingest.Resolve(d.frames, nil, opt))
		shuffled := rapid.Permutation(d.frames).Draw(t, "order")
		second := verdictByKey(t, shuffled, ingest.Resolve(shuffled, nil, opt))
		for key, want := range first {
			if second[key] != want {
				t.Fatalf("frame %s: %s in one order, %s in another", key, want, second[key])
			}
		}
	})
}

func verdictByKey(t *rapid.T, frames []ingest.Frame, verdicts []ingest.Verdict) map[string]string {
	out := map[string]string{}
	for _, v := range verdicts {
		for _, i := range v.Frames {
			if _, twice := out[frames[i].Key]; twice {
				t.Fatalf("frame %s has two verdicts", frames[i].Key)
			}
			out[frames[i].Key] = fmt.Sprint(v.Reason, v.Subject.Patient, v.Filed, v.Evidence)
		}
	}
	if len(out) != len(frames) {
		t.Fatalf("%d verdicts for %d frames", len(out), len(frames))
	}
	return out
}
