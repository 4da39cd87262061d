package ingest_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/ingest"
	"fovea/ingest/label"
)

// soon is long enough for a file to settle, and much shorter than the quiet time.
const soon = 5 * time.Second

func TestTicketFilesAtOnceInEveryStudio(t *testing.T) {
	for _, rules := range [][]ingest.Rule{
		{ingest.RuleTicket},
		{ingest.RuleIDShot, ingest.RuleTicket},
		{ingest.RuleTicket, ingest.RulePattern},
		{ingest.RuleIDShot, ingest.RuleTicket, ingest.RulePattern},
	} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, rules...)
			a := w.patient(numberA)
			w.job("26-0001", a, 0)
			who := map[string]clinical.Patient{"A": a}
			w.drop("t/ticket.json", ticketFor("26-0001"))
			w.frame("t/1.jpg", "c", 0)
			w.frame("t/2.jpg", "", 0) // a camera that does not state its serial number
			w.frame("x.jpg", "d", 1)
			in, err := ingest.New(w.opt)
			if err != nil {
				t.Fatal(err)
			}
			w.during(in, func() {
				<-time.After(soon)
				w.expect(who, map[string]string{"1.jpg": "filed A", "2.jpg": "filed A"})
				for n := range 20 { // the folder never becomes quiet
					w.frame(fmt.Sprintf("t/more %d.jpg", n), "c", n)
					<-time.After(soon)
				}
				if got := w.whose(who)["more 18.jpg"]; got != "filed A" {
					t.Errorf("%v: a ticketed frame in a busy folder is %q", rules, got)
				}
				<-time.After(time.Minute)
			})
			want := clinical.LandingCounts{Found: 24, Kept: 22, Quarantined: 1, Ignored: 1}
			if r := w.receipts(); len(r) != 1 || r[0].LandingCounts != want {
				t.Errorf("%v: receipts %+v, want %+v", rules, r, want)
			}
		})
	}
}

func TestNameFilesAtOnceInEveryStudio(t *testing.T) {
	for _, rules := range [][]ingest.Rule{
		{ingest.RulePattern},
		{ingest.RuleTicket, ingest.RulePattern},
		{ingest.RuleIDShot, ingest.RulePattern},
		{ingest.RuleIDShot, ingest.RuleTicket, ingest.RulePattern},
	} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, rules...)
			a := w.patient(numberA)
			w.job("26-0001", a, 0)
			w.frame("26-0001_1.jpg", "c", 0)
			in, err := ingest.New(w.opt)
			if err != nil {
				t.Fatal(err)
			}
			w.during(in, func() {
				<-time.After(soon)
				w.expect(map[string]clinical.Patient{"A": a}, map[string]string{"26-0001_1.jpg": "filed A"})
				<-time.After(time.Minute)
			})
			if left := w.left(); len(left) != 0 {
				t.Errorf("%v: left %q", rules, left)
			}
		})
	}
}

func TestFrameThatContradictsItsTicketIsNeverFiled(t *testing.T) {
	for _, tt := range []struct {
		name string
		e    exposure
		want string
	}{
		{"another patient's label", exposure{Labels: []string{numberB}}, "quarantined sources-disagree"},
		{"another job of the patient", exposure{Labels: []string{own(label.Job, "26-0002")}}, "quarantined sources-disagree"},
		{"two labels", exposure{Labels: []string{numberA, numberB}}, "quarantined two-labels"},
		{"a misread label", exposure{Labels: []string{"943 476 5910"}}, "quarantined check-digit"},
		{"pixels that cannot be looked at", exposure{Blind: true}, "quarantined unreadable"},
		{"its own label", exposure{Labels: []string{own(label.Job, "26-0001")}}, "filed A"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, ingest.RuleIDShot, ingest.RuleTicket)
				a := w.patient(numberA)
				w.patient(numberB)
				w.job("26-0001", a, 0)
				w.job("26-0002", a, 0)
				w.drop("t/ticket.json", ticketFor("26-0001"))
				tt.e.At, tt.e.Serial = day(), "c"
				w.shot("t/0.jpg", tt.e)
				w.frame("t/1.jpg", "c", 1)
				in, err := ingest.New(w.opt)
				if err != nil {
					t.Fatal(err)
				}
				who := map[string]clinical.Patient{"A": a}
				w.during(in, func() {
					<-time.After(soon)
					if got := w.whose(who)["1.jpg"]; got != "filed A" {
						t.Errorf("the frame beside it is %q", got)
					}
					<-time.After(time.Minute)
				})
				w.expect(who, map[string]string{"0.jpg": tt.want, "1.jpg": "filed A"})
				for _, c := range w.vault.changes {
					for _, x := range c.Delta.Assets {
						if x.Name == "0.jpg" && tt.want != "filed A" && x.State != clinical.Quarantined {
							t.Errorf("it was %s for a while", x.State)
						}
					}
				}
			})
		})
	}
}

func TestTicketThatIsMendedInTimeIsBelieved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot, ingest.RuleTicket)
		a, b := w.patient(numberA), w.patient(numberB)
		w.job("26-0001", a, 0)
		w.job("26-0002", b, 0)
		w.drop("ticket.json", ticketFor("26-0001"))
		w.frame("0.jpg", "c", 0, own(label.Job, "26-0002"))
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(10 * time.Second)
			w.drop("ticket.json", append(ticketFor("26-0002"), ' '))
			<-time.After(time.Minute)
		})
		w.expect(map[string]clinical.Patient{"B": b}, map[string]string{"0.jpg": "filed B"})
	})
}

func TestLateTicketIsWaitedForBesideIDShots(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot, ingest.RuleTicket)
		a := w.patient(numberA)
		w.job("26-0001", a, 0)
		w.frame("t/1.jpg", "c", 0)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		who := map[string]clinical.Patient{"A": a}
		w.during(in, func() {
			<-time.After(25 * time.Second)
			w.expect(who, map[string]string{})
			w.drop("t/ticket.json", ticketFor("26-0001"))
			<-time.After(soon)
			w.expect(who, map[string]string{"1.jpg": "filed A"})
			<-time.After(time.Minute)
		})
		if left := w.left(); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	})
}

func TestTicketWithinTheSettlingTimeIsHeardBesideNames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket, ingest.RulePattern)
		a, b := w.patient(numberA), w.patient(numberB)
		w.job("26-0001", a, 0)
		w.job("26-0002", b, 0)
		w.frame("t/26-0001_1.jpg", "c", 0)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Second)
			w.drop("t/ticket.json", ticketFor("26-0002"))
			<-time.After(2 * time.Minute)
		})
		w.expect(map[string]clinical.Patient{"A": a, "B": b}, map[string]string{"26-0001_1.jpg": "quarantined sources-disagree"})
	})
}

func TestTicketAfterItsFilesWereFiledByNameIsSpent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket, ingest.RulePattern)
		a := w.patient(numberA)
		w.job("26-0001", a, 0)
		w.frame("t/26-0001_1.jpg", "c", 0)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(soon)
			w.drop("t/ticket.json", ticketFor("26-0001"))
			<-time.After(time.Minute)
			w.frame("t/somebody.jpg", "c", 3)
			<-time.After(time.Minute)
		})
		w.expect(map[string]clinical.Patient{"A": a}, map[string]string{"26-0001_1.jpg": "filed A", "somebody.jpg": "quarantined unidentified"})
	})
}

// A ticket-filed frame bounds the runs of its camera in every later judgement,
// those of the next run of the program too.
func TestFrameFiledByTicketEndsTheRunAroundIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot, ingest.RuleTicket)
		a, b := w.patient(numberA), w.patient(numberB)
		w.job("26-0002", b, 0)
		who := map[string]clinical.Patient{"A": a, "B": b}
		w.frame("a0.jpg", "c", 0, numberA)
		w.frame("a1.jpg", "c", 1)
		w.frame("x5.jpg", "c", 5)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"a0.jpg": "provisional A", "a1.jpg": "provisional A", "x5.jpg": "provisional A"}
		w.during(in, func() {
			<-time.After(time.Minute)
			w.expect(who, want)
			w.drop("t/ticket.json", ticketFor("26-0002"))
			w.frame("t/b3.jpg", "c", 3)
			<-time.After(15 * time.Second) // the next look, and then settled
			want["b3.jpg"] = "filed B"
			w.expect(who, want)
			<-time.After(time.Minute)
			want["x5.jpg"] = "quarantined after-ticket"
			w.expect(who, want)
		})
		w.frame("x4.jpg", "c", 4)
		w.frame("a2.jpg", "c", 2)
		w.run(time.Minute)
		want["x4.jpg"], want["a2.jpg"] = "quarantined after-ticket", "provisional A"
		w.expect(who, want)
		for _, r := range w.vault.runs {
			if r.State != clinical.RunProvisional || r.Frames != 2 || !r.To.Equal(day().Add(2*time.Minute)) {
				t.Errorf("run %+v", r)
			}
		}
	})
}

// What a person filed by hand lies between two runs just as well, and an ID shot
// that could not be believed is no better for that.
func TestFrameFiledByHandEndsTheRunBeforeIt(t *testing.T) {
	for _, tt := range []struct{ labels, under, want string }{
		{"", "B", "quarantined after-ticket"},
		{"943 476 5910", "B", "quarantined no-label"},
		{"943 476 5910", "A", "quarantined no-label"},
		{"", "A", "provisional A"},
	} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, ingest.RuleIDShot)
			who := map[string]clinical.Patient{"A": w.patient(numberA), "B": w.patient(numberB)}
			w.frame("a0.jpg", "c", 0, numberA)
			w.frame("a1.jpg", "c", 1)
			if tt.labels == "" { // without a label it came to quarantine another way
				w.shot("2.jpg", exposure{At: day().Add(2 * time.Minute), Serial: "c", Blind: true})
			} else {
				w.frame("2.jpg", "c", 2, tt.labels)
			}
			in, err := ingest.New(w.opt)
			if err != nil {
				t.Fatal(err)
			}
			w.during(in, func() {
				<-time.After(time.Minute)
				for _, x := range w.vault.all() {
					if x.Name == "2.jpg" {
						x.State, x.Reason, x.Patient, x.FiledAt = clinical.Filed, "", who[tt.under].ID, time.Now()
						w.commit(clinical.Delta{Assets: []clinical.Asset{x}})
					}
				}
				w.frame("x3.jpg", "c", 3)
				<-time.After(time.Minute)
			})
			w.expect(who, map[string]string{
				"a0.jpg": "provisional A", "a1.jpg": "provisional A", "2.jpg": "filed " + tt.under, "x3.jpg": tt.want,
			})
		})
	}
}

// Tickets that file before the folder is quiet still bridge the run's pauses, and
// end it.
func TestTicketsBridgeAndEndARunOfTheSameDrop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot, ingest.RuleTicket)
		a, b := w.patient(numberA), w.patient(numberB)
		w.job("26-0001", a, 0)
		w.job("26-0002", b, 0)
		who := map[string]clinical.Patient{"A": a, "B": b}
		w.frame("a0.jpg", "c", 0, own(label.Job, "26-0001"))
		w.drop("a/ticket.json", ticketFor("26-0001"))
		w.frame("a/a15.jpg", "c", 15)
		w.frame("a/a30.jpg", "c", 30)
		w.frame("x40.jpg", "c", 40)
		w.drop("b/ticket.json", ticketFor("26-0002"))
		w.frame("b/b45.jpg", "c", 45)
		w.frame("x50.jpg", "c", 50)
		w.run(time.Minute)
		w.expect(who, map[string]string{
			"a0.jpg": "provisional A", "a15.jpg": "filed A", "a30.jpg": "filed A", "x40.jpg": "provisional A",
			"b45.jpg": "filed B", "x50.jpg": "quarantined after-ticket",
		})
	})
}

func TestTicketsOfItsFramesFileTheIDShotThatWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot, ingest.RuleTicket)
		a := w.patient(numberA)
		w.job("26-0001", a, 0)
		who := map[string]clinical.Patient{"A": a}
		w.frame("0.jpg", "c", 0, own(label.Job, "26-0001"))
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Minute)
			w.expect(who, map[string]string{"0.jpg": "provisional A"})
			w.drop("t/ticket.json", ticketFor("26-0001"))
			w.frame("t/1.jpg", "c", 1)
			w.frame("t/2.jpg", "c", 2)
			<-time.After(time.Minute)
		})
		w.expect(who, map[string]string{"0.jpg": "filed A", "1.jpg": "filed A", "2.jpg": "filed A"})
	})
}

func TestStudioOfTicketsAloneReadsNoLabel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, a := ticketed(t)
		var read atomic.Int32
		w.opt.Labels = func(context.Context, io.ReaderAt, int64, string) ([]string, error) {
			read.Add(1)
			return nil, nil
		}
		w.frame("1.jpg", "c", 0)
		w.run(time.Minute)
		w.expect(map[string]clinical.Patient{"A": a}, map[string]string{"1.jpg": "filed A"})
		if n := read.Load(); n != 0 {
			t.Errorf("labels were looked for %d times", n)
		}
	})
}

func TestLabelsOfATicketedFrameAreReadOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot, ingest.RuleTicket)
		a := w.patient(numberA)
		w.patient(numberB)
		w.job("26-0001", a, 0)
		var read atomic.Int32
		w.opt.Labels = func(ctx context.Context, src io.ReaderAt, size int64, mime string) ([]string, error) {
			read.Add(1)
			return readLabels(ctx, src, size, mime)
		}
		w.drop("t/ticket.json", ticketFor("26-0001"))
		w.frame("t/0.jpg", "c", 0, numberB)
		w.frame("t/1.jpg", "c", 1)
		w.run(time.Minute)
		w.expect(map[string]clinical.Patient{"A": a}, map[string]string{"0.jpg": "quarantined sources-disagree", "1.jpg": "filed A"})
		if n := read.Load(); n != 2 {
			t.Errorf("labels were looked for %d times in 2 frames", n)
		}
	})
}

func TestRunOfMoreFramesThanItsJobExpectsWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		a := w.patient(numberA)
		w.job("26-0001", a, 1)
		w.frame("0.jpg", "c", 0, own(label.Job, "26-0001"))
		w.frame("1.jpg", "c", 1)
		w.frame("2.jpg", "c", 2)
		w.frame("3.jpg", "c", 3, own(label.End, "26-0001"))
		w.run(time.Minute)
		want := map[string]string{}
		for n := range 4 {
			want[fmt.Sprintf("%d.jpg", n)] = "provisional A"
		}
		w.expect(map[string]clinical.Patient{"A": a}, want)
		for _, r := range w.vault.runs {
			if diff := cmp.Diff([]string{"end-label", "more-frames-than-expected"}, r.Evidence); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		}
	})
}

func TestRepeatedImportCountsLikeTheFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket)
		w.job("26-0001", w.patient(numberA), 0)
		card, folder := t.TempDir(), w.folder
		w.folder = card
		w.frame("1.jpg", "c", 0)
		w.frame("2.jpg", "c", 1)
		w.drop("ticket.json", ticketFor("26-0001"))
		w.drop("Thumbs.db", []byte("litter"))
		w.folder = folder
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		want := clinical.LandingCounts{Found: 4, Kept: 2, Ignored: 2}
		for n := range 3 {
			r, err := in.Import(t.Context(), "studio-a", []string{card}, nil)
			if err != nil || r.LandingCounts != want || r.Reasons["ticket"] != 1 || r.Reasons["litter"] != 1 {
				t.Errorf("import %d: %+v (%v), want %+v", n+1, r, err, want)
			}
			want.Kept, want.Duplicate = 0, 2
		}
		if names, _ := filepath.Glob(filepath.Join(folder, "_receipts", "*.json")); len(names) != 3 {
			t.Errorf("%d receipts of 3 imports", len(names))
		}
		w.receipts()
	})
}
