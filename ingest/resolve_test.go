package ingest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/ingest"
)

// A script draws one line per frame: minute, camera, what is in it. The answer
// is drawn the same way, so that the examples can be read side by side.
//
//	"1 c A+"   minute 1, camera c, a label of patient A ("+" is followed by the
//	           frames its job expects, "!" by the reason it cannot be believed,
//	           "/" says that the label itself says it closes)
//	"2 c a"    a frame that truly shows patient A
//	"2 c a=B"  the same, with a ticket that says B
//	"3 c ?"    a frame whose pixels cannot be looked at
//	"2#7 c a"  with running number 7
func script(tb testing.TB, lines string) []ingest.Frame {
	tb.Helper()
	var out []ingest.Frame
	for n, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		f := strings.Fields(line)
		if len(f) != 3 {
			tb.Fatalf("script line %q", line)
		}
		frame := ingest.Frame{Key: fmt.Sprintf("%03d", n), Camera: strings.Trim(f[1], "-")}
		var minute float64
		var number int
		if at, num, ok := strings.Cut(f[0], "#"); ok {
			_, _ = fmt.Sscan(num, &number)
			frame.Number = ingest.Number{Series: "n", N: number}
			f[0] = at
		}
		if f[0] != "-" {
			_, _ = fmt.Sscan(f[0], &minute)
			frame.At = day().Add(time.Duration(minute * float64(time.Minute)))
		}
		what, ticket, ticketed := strings.Cut(f[2], "=")
		if ticketed {
			s := subject(ticket[0])
			frame.Claim = &s
		}
		switch {
		case what == "?":
			frame.Blind = "truncated"
		case strings.Contains(what, "!"):
			_, reason, _ := strings.Cut(what, "!")
			frame.Label = &ingest.Label{Reason: clinical.Reason(reason)}
		case what[0] >= 'A' && what[0] <= 'Z':
			s := subject(what[0])
			end := strings.HasSuffix(what, "/")
			if _, frames, ok := strings.Cut(what, "+"); ok {
				_, _ = fmt.Sscan(frames, &s.Frames)
			}
			frame.Label = &ingest.Label{Subject: s, End: end}
		}
		out = append(out, frame)
	}
	return out
}

func day() time.Time { return time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC) }

func subject(letter byte) ingest.Subject {
	s := ingest.Subject{Patient: clinical.PatientID{letter}}
	s.Job = clinical.JobID{letter}
	return s
}

// draw writes verdicts one per line: who or why, filed or waiting, the frames.
func draw(frames []ingest.Frame, verdicts []ingest.Verdict) string {
	var b strings.Builder
	for _, v := range verdicts {
		switch {
		case v.Reason != "":
			fmt.Fprintf(&b, "%s:", v.Reason)
		case v.Claimed:
			fmt.Fprintf(&b, "%c by ticket:", v.Subject.Patient[0])
		case v.Filed:
			fmt.Fprintf(&b, "%c filed (%s):", v.Subject.Patient[0], strings.Join(v.Evidence, ","))
		default:
			fmt.Fprintf(&b, "%c waits (%s):", v.Subject.Patient[0], strings.Join(v.Evidence, ","))
		}
		for _, i := range v.Frames {
			at := "-"
			if !frames[i].At.IsZero() {
				at = fmt.Sprint(frames[i].At.Sub(day()).Minutes())
			}
			fmt.Fprintf(&b, " %s", at)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestResolveExamples(t *testing.T) {
	filed := []clinical.Run{{
		ID: clinical.RunID{9}, Camera: "c", Patient: clinical.PatientID{'A'}, State: clinical.RunFiled,
		From: day().Add(10 * time.Minute), To: day().Add(14 * time.Minute),
	}}
	tests := []struct {
		name, frames string
		existing     []clinical.Run
		want         string
	}{
		{
			name:   "a label alone makes a run that waits",
			frames: "0 c A\n1 c a\n2 c a",
			want:   "A waits (label-only): 0 1 2\n",
		},
		{
			name:   "the end label files it",
			frames: "0 c A\n1 c a\n2 c a\n3 c A",
			want:   "A filed (end-label): 0 1 2 3\n",
		},
		{
			name:   "the job's number of frames files it",
			frames: "0 c A+2\n1 c a\n2 c a\n3 c B\n4 c b",
			want:   "A filed (job-count): 0 1 2\nB waits (label-only): 3 4\n",
		},
		{
			name:   "a closing label closes, and opens nothing",
			frames: "0 c A\n1 c a\n2 c A/\n3 c b\n5 c A/\n6 c b\n7 c B/\n8 c b",
			want:   "A waits (end-label,frames-after-end): 0 1 2\nafter-end-label: 3\nend-label-unmatched: 5\nafter-end-label: 6\nend-label-unmatched: 7\nafter-end-label: 8\n",
		},
		{
			name:   "a label photographed twice begins one run",
			frames: "0 c A\n0.1 c A\n1 c a",
			want:   "A waits (label-only): 0 0.1 1\n",
		},
		{
			name:   "three patients, the second ID shot missing: nothing is filed by itself",
			frames: "0 c A+2\n1 c a\n2 c a\n4 c b\n5 c b\n7 c C+1\n8 c c",
			want:   "A waits (label-only,more-frames-than-expected): 0 1 2 4 5\nC filed (job-count): 7 8\n",
		},
		{
			name:   "frames after an end label are nobody's",
			frames: "0 c A\n1 c a\n2 c A\n4 c b\n7 c C\n8 c c",
			want:   "A waits (end-label,frames-after-end): 0 1 2\nC waits (label-only): 7 8\nafter-end-label: 4\n",
		},
		{
			name:   "two cameras with clocks apart do not mix",
			frames: "0 c A\n1 c a\n30 d B\n31 d b\n31.5 c A\n32 c a",
			want:   "A waits (label-only): 0 1\nA waits (label-only): 31.5 32\nB waits (label-only): 30 31\n",
		},
		{
			name:   "a frame of the other camera has no label of its own",
			frames: "0 c A\n1 d a",
			want:   "A waits (label-only): 0\nno-label: 1\n",
		},
		{
			name:   "a pause ends belief in the label",
			frames: "0 c A+1\n1 c a\n40 c b\n41 c b",
			want:   "A waits (job-count,gap): 0 1\ngap: 40\ngap: 41\n",
		},
		{
			name:   "a label that cannot be believed takes its frames with it",
			frames: "0 c A\n1 c a\n2 c B!check-digit\n3 c b\n4 c C\n5 c c",
			want:   "A waits (label-only): 0 1\nC waits (label-only): 4 5\ncheck-digit: 2\ncheck-digit: 3\n",
		},
		{
			name:   "a frame that cannot be read may be a label",
			frames: "0 c A+1\n1 c a\n2 c ?\n3 c b",
			want:   "A filed (job-count): 0 1\ntruncated: 2\nafter-unreadable: 3\n",
		},
		{
			name:   "an unreadable frame without a place keeps everything waiting",
			frames: "0 c A+1\n1 c a\n- - ?",
			want:   "A waits (job-count,unplaced-file): 0 1\ntruncated: -\n",
		},
		{
			name:   "cameras without serial, frames without time",
			frames: "0 - A\n1 - a\n- c a\n2 - a=A",
			want:   "no-serial: 0\nno-serial: 1\nno-capture-time: -\nA by ticket: 2\n",
		},
		{
			name:   "a frame at the instant of a label",
			frames: "0 c A\n1 c a\n2 c a\n2 c B\n3 c b",
			want:   "A waits (label-only,tie): 0 1\nB waits (label-only,tie): 2 3\ntie: 2\n",
		},
		{
			name:   "running numbers break the tie",
			frames: "0#1 c A\n2#3 c B\n2#2 c a\n3#4 c b",
			want:   "A waits (label-only): 0 2\nB waits (label-only): 2 3\n",
		},
		{
			name:   "two labels at one instant",
			frames: "0 c A\n0 c B\n1 c b",
			want:   "tie: 0\ntie: 0\ntie: 1\n",
		},
		{
			name:   "a clock that was set back shows in the numbers",
			frames: "0#1 c A\n1#2 c a\n2#9 c b\n30#5 c B\n31#6 c b",
			want:   "order: 0\norder: 1\norder: 2\norder: 30\norder: 31\n",
		},
		{
			name:   "a counter that starts again does not",
			frames: "0#9999 c A\n1#1 c a\n2#2 c a",
			want:   "A waits (label-only): 0 1 2\n",
		},
		{
			name:   "ticket and label agree",
			frames: "0 c A\n1 c a=A\n2 c a=A",
			want:   "A filed (ticket): 0\nA by ticket: 1\nA by ticket: 2\n",
		},
		{
			name:   "a ticket of another patient right after a run keeps it waiting",
			frames: "0 c A+1\n1 c a\n2 c b=B",
			want:   "A waits (job-count,sources-disagree): 0 1\nB by ticket: 2\n",
		},
		{
			name:   "a ticket of another patient ends a run for good",
			frames: "0 c A\n1 c a\n2 c b=B\n3 c x\n4 c a=A\n5 c x",
			want:   "A waits (label-only,sources-disagree): 0 1\nafter-ticket: 3\nafter-ticket: 5\nB by ticket: 2\nA by ticket: 4\n",
		},
		{
			name:   "and a run that was closed before is not in doubt",
			frames: "0 c A\n1 c a\n2 c A\n3 c b=B\n4 c x\n5 c A/\n6 c C\n7 c c",
			want:   "A filed (end-label): 0 1 2\nC waits (label-only): 6 7\nafter-ticket: 4\nend-label-unmatched: 5\nB by ticket: 3\n",
		},
		{
			name:   "nor one that a long pause parts from it",
			frames: "0 c A+1\n1 c a\n60 c b=B\n61 c x",
			want:   "A filed (job-count): 0 1\nafter-ticket: 61\nB by ticket: 60\n",
		},
		{
			name:   "frames with and without a ticket make up the job's number",
			frames: "0 c A+3\n1 c a\n2 c a=A\n3 c a\n4 c B\n5 c b",
			want:   "A filed (job-count): 0 1 3\nB waits (label-only): 4 5\nA by ticket: 2\n",
		},
		{
			name:   "a ticket of the same patient bridges a pause",
			frames: "0 c A\n15 c a=A\n30 c a\n60 c a=A\n61 c x",
			want:   "A waits (label-only): 0 30\nafter-ticket: 61\nA by ticket: 15\nA by ticket: 60\n",
		},
		{
			name:   "a closing shot with a ticket closes",
			frames: "0 c A\n1 c a\n2 c A=A\n3 c a=A\n4 c B\n5 c b",
			want:   "A filed (end-label): 0 1\nB waits (label-only): 4 5\nA by ticket: 2\nA by ticket: 3\n",
		},
		{
			name:   "what follows it without a ticket is nobody's",
			frames: "0 c A\n1 c a\n2 c A=A\n3 c x",
			want:   "A waits (end-label,frames-after-end): 0 1\nafter-end-label: 3\nA by ticket: 2\n",
		},
		{
			name:   "an ID shot with a ticket opens no run",
			frames: "0 c A=A\n1 c a\n2 c a=A",
			want:   "no-label: 1\nA by ticket: 0\nA by ticket: 2\n",
		},
		{
			name:   "a frame's own label contradicts its ticket",
			frames: "0 c A\n1 c a\n2 c B=C\n3 c b\n4 c c=C",
			want:   "A waits (label-only): 0 1\nsources-disagree: 2\nsources-disagree: 3\nC by ticket: 4\n",
		},
		{
			name:   "a frame that cannot be looked at is not believed for its ticket",
			frames: "0 c ?=A\n1 c a=A",
			want:   "truncated: 0\nA by ticket: 1\n",
		},
		{
			name:   "clock and numbers concern no frame with a ticket",
			frames: "0#1 c A\n1#2 c a=A\n2#9 c b\n3#3 c b=B\n30#5 c B\n31#6 c b\n32#1 c c=C",
			want:   "order: 0\norder: 2\norder: 30\norder: 31\nA by ticket: 1\nB by ticket: 3\nC by ticket: 32\n",
		},
		{
			name:   "and are not told by it",
			frames: "0#5 c A\n1#6 c a\n2#1 c a=A\n3#7 c a",
			want:   "A waits (label-only): 0 1 3\nA by ticket: 2\n",
		},
		{
			name:   "a frame at the instant of another patient's ticket",
			frames: "0 c A\n1 c a\n2 c x\n2 c b=B\n2 c y\n3 c z",
			want:   "A waits (label-only,tie,sources-disagree): 0 1\ntie: 2\nafter-ticket: 2\nafter-ticket: 3\nB by ticket: 2\n",
		},
		{
			name:   "a ticket at the instant of its own label is no tie",
			frames: "0 c A\n0 c a=A\n1 c a",
			want:   "A waits (label-only): 0 1\nA by ticket: 0\n",
		},
		{
			name:   "a run of more frames than its job expects asks a person",
			frames: "0 c A+2\n1 c a\n2 c a\n3 c a\n4 c A\n10 c B+1\n11 c b=B\n12 c b\n13 c B/",
			want:   "A waits (end-label,more-frames-than-expected): 0 1 2 3 4\nB waits (end-label,more-frames-than-expected): 10 12 13\nB by ticket: 11\n",
		},
		{
			name: "a ticket stands among what is filed", existing: filed,
			frames: "11 c b=B\n12 c x\n15 c b=B\n16 c x",
			want:   "in-filed-run: 12\nno-label: 16\nB by ticket: 11\nB by ticket: 15\n",
		},
		{
			name:   "a ticket stands where no label does",
			frames: "0 c a=A\n1 c b",
			want:   "no-label: 1\nA by ticket: 0\n",
		},
		{
			name: "late frames and a late label among what is filed", existing: filed,
			frames: "11 c a\n12 c B\n13 c b\n15 c b\n20 c C\n21 c c",
			want:   "C waits (label-only): 20 21\nin-filed-run: 11\nlabel-in-filed-run: 12\nin-filed-run: 13\nlabel-in-filed-run: 15\n",
		},
		{
			name: "what follows a filed run is not under an earlier label", existing: filed,
			frames: "8 c B\n9 c b\n16 c x",
			want:   "B waits (label-only): 8 9\nno-label: 16\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frames := script(t, tt.frames)
			got := draw(frames, ingest.Resolve(frames, tt.existing, ingest.ResolveOptions{Gap: 20 * time.Minute}))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
