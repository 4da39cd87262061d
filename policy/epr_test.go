package policy_test

import (
	"errors"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// epr is the deliverer to the patient record, by itself.
func epr() clinical.Caller { return clinical.Caller{Door: clinical.DoorExchange} }

func (h *house) eprWork() []clinical.Release {
	h.t.Helper()
	list, err := h.EPRWork(h.t.Context(), epr())
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func (h *house) eprDo(cmd clinical.Command) clinical.Change {
	h.t.Helper()
	c, err := h.Do(h.t.Context(), epr(), cmd)
	if err != nil {
		h.t.Fatalf("%T: %v", cmd, err)
	}
	return c
}

// filed is a filed session of the adult, with a job that waits for delivery.
func filed() clinical.Delta {
	d := clinical.Delta{
		Assets:     []clinical.Asset{clinicaltest.Picture("leg", "adult"), clinicaltest.Picture("arm", "adult")},
		Renditions: []clinical.Rendition{clinicaltest.Slide("leg"), clinicaltest.Slide("arm")},
	}
	for _, j := range clinicaltest.Hospital().Jobs {
		if j.Patient == patient("adult") {
			j.Status, j.FiledAt = clinical.JobFiled, clinicaltest.Now()
			d.Jobs = append(d.Jobs, j)
		}
	}
	for i := range d.Jobs {
		d.Jobs[i].Rev = 1 // the hospital's own entry
	}
	return d
}

func TestFiledSessionIsDeliveredOnce(t *testing.T) {
	h := newHouse(t, filed())
	work := h.eprWork()
	if len(work) != 1 || len(work[0].Assets) != 2 || work[0].Kind != clinical.EPRDelivery || work[0].Session != clinicaltest.ID[clinical.Session]("adult") {
		t.Fatalf("work %+v", work)
	}
	if again := h.eprWork(); len(again) != 1 || again[0].ID != work[0].ID {
		t.Errorf("asked again: %+v", again)
	}
	_, open, err := h.OpenRelease(t.Context(), epr(), work[0].ID)
	if err != nil || len(open) != 2 {
		t.Fatalf("%d open, %v", len(open), err)
	}
	for _, one := range open {
		if err := one.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if seen := h.journal.noted(clinical.ActServed); len(seen) != 2 || seen[0].Caller.Door != clinical.DoorExchange {
		t.Errorf("the ledger says %+v", seen)
	}
	c := h.eprDo(clinical.DeliverRelease{Release: work[0].ID, Receipt: "ACK 17"})
	if len(c.Jobs) != 1 || c.Jobs[0].Status != clinical.JobDelivered || c.Releases[0].Receipt != "ACK 17" {
		t.Errorf("delivered %+v", c.Delta)
	}
	if rest := h.eprWork(); len(rest) != 0 {
		t.Errorf("delivered, and still to do: %+v", rest)
	}
	late := clinicaltest.Picture("late", "adult")
	h.run()
	joined := h.write(clinical.Delta{Assets: []clinical.Asset{late}, Renditions: []clinical.Rendition{clinicaltest.Slide("late")}})
	h.seen(t.Context(), joined.Seq)
	if more := h.eprWork(); len(more) != 1 || len(more[0].Assets) != 1 || more[0].Assets[0] != late.ID {
		t.Errorf("what joined later: %+v", more)
	}
}

func TestDeliveryThatFailsIsTriedAgainLaterAndLater(t *testing.T) {
	h := newHouse(t, filed())
	id := h.eprWork()[0].ID
	for i, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		c := h.eprDo(clinical.FailRelease{Release: id, Fault: "folder-full"})
		if r := c.Releases[0]; r.Attempts != i+1 || r.Fault != "folder-full" || !r.RetryAt.Equal(h.now().Add(wait)) {
			t.Errorf("attempt %d: %+v", i+1, r)
		}
		h.pass(wait - time.Nanosecond)
		if got := h.eprWork(); len(got) != 0 {
			t.Errorf("attempt %d: too soon", i+1)
		}
		h.pass(time.Nanosecond)
		if got := h.eprWork(); len(got) != 1 {
			t.Errorf("attempt %d: not tried again", i+1)
		}
	}
	if r := h.eprDo(clinical.DeliverRelease{Release: id}).Releases[0]; r.Fault != "" || !r.RetryAt.IsZero() || r.Attempts != 3 {
		t.Errorf("delivered as %+v", r)
	}
}

func TestWrongPatientIsCorrectedInTheRecord(t *testing.T) {
	h := newHouse(t, filed())
	id := h.eprWork()[0].ID
	h.eprDo(clinical.DeliverRelease{Release: id})
	h.do("paula", clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("deceased"), Reason: "labels swapped"})
	work := h.eprWork()
	if len(work) != 2 || work[0].Kind != clinical.EPRCorrection || work[0].Corrects != id || work[0].Patient != patient("adult") || len(work[0].Assets) != 2 {
		t.Fatalf("work %+v", work)
	}
	if again := work[1]; again.Kind != clinical.EPRDelivery || again.Patient != patient("adult") || len(again.Assets) != 1 || again.Assets[0] != asset("arm") {
		t.Fatalf("what is still right: %+v", again)
	}
	if _, open, err := h.OpenRelease(t.Context(), epr(), work[0].ID); !errors.Is(err, clinical.ErrNotFound) || open != nil {
		t.Errorf("a correction shows pictures: %v", err)
	}
	if _, open, err := h.OpenRelease(t.Context(), epr(), id); !errors.Is(err, clinical.ErrNotFound) || open != nil {
		t.Errorf("the old delivery still opens: %v", err)
	}
	h.eprDo(clinical.DeliverRelease{Release: work[0].ID})
	h.eprDo(clinical.DeliverRelease{Release: work[1].ID})
	if rest := h.eprWork(); len(rest) != 0 { // under the right patient it waits to be classified anew
		t.Errorf("still to do: %+v", rest)
	}
}

func TestDeliveryThatHasNotLeftIsMadeAnew(t *testing.T) {
	h := newHouse(t, filed())
	id := h.eprWork()[0].ID
	h.do("paula", clinical.RefileAssets{Assets: []clinical.AssetID{asset("leg")}, To: patient("deceased"), Reason: "labels swapped"})
	work := h.eprWork()
	if len(work) != 1 || work[0].ID == id || len(work[0].Assets) != 1 || work[0].Assets[0] != asset("arm") {
		t.Errorf("work %+v", work)
	}
	if r, err := h.Release(t.Context(), epr(), id); err != nil || r.Ended.IsZero() {
		t.Errorf("the first delivery: %+v, %v", r, err)
	}
}

func TestOnlyWhatTheWholeRecordMayHoldIsDelivered(t *testing.T) {
	waits := filed()
	waits.Assets = append(waits.Assets, picture("new", "adult", 0))
	for name, d := range map[string]clinical.Delta{
		"until all of it is classified": waits,
		"of a VIP": {
			Assets: []clinical.Asset{clinicaltest.Picture("hand", "vip")}, Renditions: []clinical.Rendition{clinicaltest.Slide("hand")},
		},
		"of safeguarding": {
			Assets: []clinical.Asset{picture("bruise", "adult", clinical.Plain|clinical.Safeguarding)}, Renditions: []clinical.Rendition{clinicaltest.Slide("bruise")},
		},
		"without a copy": {Assets: []clinical.Asset{clinicaltest.Picture("leg", "adult")}},
	} {
		if work := newHouse(t, d).eprWork(); len(work) != 0 {
			t.Errorf("%s: %+v", name, work)
		}
	}
}

func TestDeliveriesAreTheDeliverersAlone(t *testing.T) {
	h := newHouse(t, filed())
	id := h.eprWork()[0].ID
	for _, who := range []string{"paula", "clara", "greta", "adam"} {
		if _, err := h.EPRWork(t.Context(), as(who)); clinical.KindOf(err) != clinical.Forbidden {
			t.Errorf("%s: %v", who, err)
		}
		h.refuses(who, clinical.DeliverRelease{Release: id}, clinical.NotFound)
		if err := h.opens(who, id); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s opens it: %v", who, err)
		}
	}
	if _, err := h.Do(t.Context(), epr(), to(clinical.ToCourt, "leg")); clinical.KindOf(err) != clinical.Forbidden {
		t.Errorf("the deliverer makes a release of another kind: %v", err)
	}
}
