package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/ingest"
	"fovea/ingest/label"
)

type held struct{ *bytes.Reader }

func (held) Close() error { return nil }

// hand makes a picture into a file to be delivered.
func (w *world) hand(name string, e exposure) ingest.Delivery {
	w.t.Helper()
	w.salt++
	e.Salt = w.salt
	return handed(name, picture(w.t, e))
}

func handed(name string, b []byte) ingest.Delivery {
	return ingest.Delivery{Name: name, Size: int64(len(b)), Modified: day(), Open: func(context.Context) (clinical.Content, error) {
		return held{bytes.NewReader(b)}, nil
	}}
}

func (w *world) deliver(in *ingest.Ingest, files ...ingest.Delivery) map[string]string {
	w.t.Helper()
	out := map[string]string{}
	got, err := in.Deliver(w.t.Context(), "studio-a", files)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, d := range got {
		out[name] = string(d.Outcome)
		if d.Reason != "" {
			out[name] += " " + string(d.Reason)
		}
	}
	return out
}

// What is handed over together is filed as what lies in a folder together: two cameras' runs side by side, a number
// that went from 9999 to 0001, a ticket for the folders below it.
func TestADeliveryIsMatchedLikeAFolder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot, ingest.RuleTicket)
		a, b := w.patient(numberA), w.patient(numberB)
		w.job("26-0001", a, 0)
		w.job("26-0002", b, 0)
		shot := func(name, camera string, minute int, labels ...string) ingest.Delivery {
			return w.hand(name, exposure{At: day().Add(time.Duration(minute) * time.Minute), Serial: camera, Labels: labels})
		}
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		files := []ingest.Delivery{
			shot("IMG_0001.JPG", "one", 2),
			shot("IMG_0002.JPG", "one", 3, own(label.End, "26-0001")),
			shot("IMG_9998.JPG", "one", 0, own(label.Job, "26-0001")),
			shot("IMG_9999.JPG", "one", 1),
			shot("IMG_5000.JPG", "two", 0, own(label.Job, "26-0002")),
			shot("IMG_5001.JPG", "two", 1),
			shot("IMG_5002.JPG", "two", 2, own(label.End, "26-0002")),
			shot("IMG_7000.JPG", "three", 1),
			handed("Monday/ticket.json", ticketFor("26-0002")),
			shot("Monday/card/1.JPG", "four", 5),
			handed("notes.txt", []byte("nothing to see")),
		}
		want := map[string]string{"Monday/ticket.json": "ignored ticket", "notes.txt": "quarantined type-unknown", "IMG_7000.JPG": "quarantined no-label"}
		for _, f := range files {
			if want[f.Name] == "" {
				want[f.Name] = "kept"
			}
		}
		if diff := cmp.Diff(want, w.deliver(in, files...)); diff != "" {
			t.Errorf("outcomes -want +got:\n%s", diff)
		}
		w.expect(map[string]clinical.Patient{"A": a, "B": b}, map[string]string{
			"IMG_9998.JPG": "filed A", "IMG_9999.JPG": "filed A", "IMG_0001.JPG": "filed A", "IMG_0002.JPG": "filed A",
			"IMG_5000.JPG": "filed B", "IMG_5001.JPG": "filed B", "IMG_5002.JPG": "filed B", "1.JPG": "filed B",
			"IMG_7000.JPG": "quarantined no-label", "notes.txt": "quarantined type-unknown",
		})
		if names, err := os.ReadDir(w.folder); err != nil || len(names) != 0 {
			t.Errorf("the studio's own folder was written to: %v, %v", names, err)
		}
		again := w.deliver(in, files[:4]...)
		if len(w.vault.all()) != 10 || again["IMG_0001.JPG"] != "kept" {
			t.Errorf("handed over twice: %d kept, %v", len(w.vault.all()), again)
		}
	})
}

// A run whose frames come in two deliveries is one run.
func TestARunGoesOnInTheNextDelivery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		a := w.patient(numberA)
		w.job("26-0001", a, 0)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.deliver(in, w.hand("1.jpg", exposure{At: day(), Serial: "c", Labels: []string{own(label.Job, "26-0001")}}))
		w.deliver(in, w.hand("2.jpg", exposure{At: day().Add(time.Minute), Serial: "c"}))
		who := map[string]clinical.Patient{"A": a}
		w.expect(who, map[string]string{"1.jpg": "provisional A", "2.jpg": "provisional A"})
		w.deliver(in, w.hand("3.jpg", exposure{At: day().Add(2 * time.Minute), Serial: "c", Labels: []string{own(label.End, "26-0001")}}))
		w.expect(who, map[string]string{"1.jpg": "filed A", "2.jpg": "filed A", "3.jpg": "filed A"})
		if len(w.vault.runs) != 1 {
			t.Errorf("%d runs, want 1", len(w.vault.runs))
		}
	})
}

// What nobody can read any more may have been an ID shot: the runs beside it wait for a person.
func TestNothingIsFiledByItselfBesideALostFile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleIDShot)
		a := w.patient(numberA)
		w.job("26-0001", a, 0)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		got := w.deliver(in,
			w.hand("1.jpg", exposure{At: day(), Serial: "c", Labels: []string{own(label.Job, "26-0001")}}),
			ingest.Delivery{Name: "2.jpg", Size: 7, Lost: true},
			w.hand("3.jpg", exposure{At: day().Add(2 * time.Minute), Serial: "c", Labels: []string{own(label.End, "26-0001")}}),
		)
		if diff := cmp.Diff(map[string]string{"1.jpg": "kept", "3.jpg": "kept"}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		w.expect(map[string]clinical.Patient{"A": a}, map[string]string{"1.jpg": "provisional A", "3.jpg": "provisional A"})
	})
}

// What cannot be read is not taken and not lost, and what is beside it is taken all the same.
func TestADeliveryTellsWhatItDidNotTake(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RulePattern)
		w.job("26-0001", w.patient(numberA), 0)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		broken, short := w.hand("26-0001_b.jpg", exposure{At: day()}), w.hand("26-0001_c.jpg", exposure{At: day()})
		fault := errors.New("does not verify")
		broken.Open = func(context.Context) (clinical.Content, error) { return nil, fault }
		short.Size++
		got, err := in.Deliver(t.Context(), "studio-a", []ingest.Delivery{broken, w.hand("26-0001_a.jpg", exposure{At: day()}), short})
		if !errors.Is(err, fault) || clinical.KindOf(err) == clinical.NotFound {
			t.Errorf("error: %v", err)
		}
		want := map[string]ingest.Delivered{"26-0001_a.jpg": {Outcome: clinical.OutcomeKept}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if _, err := in.Deliver(t.Context(), "studio-z", nil); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("unknown studio: %v", err)
		}
	})
}
