package epr

import (
	"context"

	"fovea/clinical"
)

// settle looks whether a delivery that was written has been answered, and does
// what follows.
func (f *Follower) settle(ctx context.Context, d *folder, id clinical.ReleaseID) error {
	r, err := f.gate.Release(ctx, f.caller(), id)
	_, ours := f.stays[id]
	switch {
	case clinical.KindOf(err) == clinical.NotFound && !ours: // of another server, or planted
		delete(f.handed, id)
		return nil
	case clinical.KindOf(err) == clinical.NotFound:
		return f.forget(ctx, d, id)
	case err != nil:
		return err
	case f.stays[id].Cancelled:
		return f.settleCancelled(ctx, d, r)
	case !r.Delivered.IsZero():
		return f.forget(ctx, d, id)
	case !r.Ended.IsZero():
		return f.takeBack(ctx, d, r)
	}
	if receipt, ok := d.answer(id.String() + ".ack"); ok {
		_, err := f.gate.Do(ctx, f.caller(), clinical.DeliverRelease{Release: id, Receipt: receipt})
		if err == nil {
			return f.forget(ctx, d, id)
		}
		return over(err) // where it ended in this moment, the next round takes it back
	}
	if _, ok := d.answer(id.String() + ".err"); ok {
		if err := f.fail(ctx, id, FaultRefused); err != nil {
			return err
		}
		return f.forget(ctx, d, id)
	}
	if r.Kind == clinical.EPRCorrection {
		if err := f.unname(ctx, d, r); err != nil {
			return err
		}
	}
	return f.wait(ctx, d, id)
}

// settleCancelled waits until the record confirms that it removed what it had
// taken. A refusal changes nothing: it is to be removed all the same. Neither
// does an answer to the delivery itself, which may come late.
func (f *Follower) settleCancelled(ctx context.Context, d *folder, r clinical.Release) error {
	if _, ok := d.answer(r.ID.String() + cancelled + ".ack"); ok {
		return f.forget(ctx, d, r.ID)
	}
	if !d.written(r.ID).IsZero() {
		return f.unname(ctx, d, r)
	}
	page, err := f.patientOf(ctx, r.ID) // the cancellation itself could not be written
	if err != nil {
		return over(err)
	}
	return f.cancelEnded(ctx, d, page, r)
}

// unname takes the patient's name out of a cancellation that nobody collected
// before the patient was erased.
func (f *Follower) unname(ctx context.Context, d *folder, r clinical.Release) error {
	number := r.ID.String()
	if f.stays[r.ID].Cancelled {
		number += cancelled
	}
	if f.stays[r.ID].Nameless || !d.there(number+".csv") && !d.there(number+".pdf") {
		return nil
	}
	page, err := f.patientOf(ctx, r.ID)
	if err != nil || !page.Patient.ID.IsZero() {
		return over(err)
	}
	if r.Kind == clinical.EPRCorrection {
		return f.correct(ctx, d, r)
	}
	return f.cancelEnded(ctx, d, page, r)
}

// patientOf is the page of a delivery; of a patient whose record is erased it
// says when, where that is known, and nothing else.
func (f *Follower) patientOf(ctx context.Context, id clinical.ReleaseID) (clinical.PatientPage, error) {
	page, err := f.gate.EPRPage(ctx, f.caller(), id)
	if clinical.KindOf(err) == clinical.NotFound || err == nil && !page.Patient.Erased.IsZero() {
		return clinical.PatientPage{Patient: clinical.Patient{Erased: page.Patient.Erased}}, nil
	}
	return page, err
}

// wait gives up on an answer after a while. What was collected and never
// answered is written again when the gate says so; what nobody collected stays
// where it is, and is told again after as long.
func (f *Follower) wait(ctx context.Context, d *folder, id clinical.ReleaseID) error {
	now := f.opt.Now()
	at := d.written(id)
	if at.IsZero() { // somebody removed the marker: the wait begins anew
		return d.touch(id, now)
	}
	if now.Sub(at) < f.opt.Patience {
		return nil
	}
	if d.there(id.String() + ".csv") {
		if err := d.touch(id, now); err != nil {
			return err // and is not told each round
		}
		return f.fail(ctx, id, FaultIdle)
	}
	if err := f.fail(ctx, id, FaultSilent); err != nil {
		return err
	}
	return f.forget(ctx, d, id)
}

// takeBack withdraws a delivery that ended before it was acknowledged, as one
// does whose pictures were refiled or erased. Where the row is still there
// nobody has collected it, and it goes at once. Otherwise the record may have
// the pictures: a cancellation follows them under a number of its own, and is
// remembered until it is acknowledged.
func (f *Follower) takeBack(ctx context.Context, d *folder, r clinical.Release) error {
	aside := begins + r.ID.String() + taken
	if d.root.Rename(r.ID.String()+".csv", aside) == nil {
		_ = d.root.Remove(aside)
		return f.forget(ctx, d, r.ID)
	}
	if r.Kind != clinical.EPRDelivery {
		return f.forget(ctx, d, r.ID)
	}
	page, err := f.patientOf(ctx, r.ID)
	if err != nil {
		return over(err)
	}
	d.clean(r.ID, len(r.Assets))
	return f.cancelEnded(ctx, d, page, r)
}

// cancelEnded writes the cancellation of a release that has ended. It is
// remembered before, and that no name is in it after.
func (f *Follower) cancelEnded(ctx context.Context, d *folder, page clinical.PatientPage, r clinical.Release) error {
	s := stay{Pictures: len(r.Assets), Cancelled: true}
	if err := f.remember(ctx, r.ID, s); err != nil {
		return err
	}
	if err := f.cancel(d, page, row{number: r.ID.String() + cancelled, delivery: r.ID, corrects: r.ID, pictures: namesIn(r, r.Assets)}); err != nil {
		return err
	}
	s.Nameless = page.Patient.ID.IsZero()
	return f.remember(ctx, r.ID, s)
}
