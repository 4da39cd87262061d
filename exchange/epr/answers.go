package epr

import (
	"context"

	"fovea/clinical"
)

// settle looks whether a delivery that was written has been answered, and does
// what follows.
func (f *Follower) settle(ctx context.Context, d *folder, id clinical.ReleaseID) error {
	r, err := f.gate.Release(ctx, f.caller(), id)
	switch {
	case clinical.KindOf(err) == clinical.NotFound: // of another server, or planted
		delete(f.handed, id)
		return nil
	case err != nil:
		return err
	case !r.Delivered.IsZero():
		return f.forget(d, id)
	case !r.Ended.IsZero():
		return f.takeBack(ctx, d, r)
	}
	if receipt, ok := d.answer(id.String() + ".ack"); ok {
		_, err := f.gate.Do(ctx, f.caller(), clinical.DeliverRelease{Release: id, Receipt: receipt})
		if err == nil {
			return f.forget(d, id)
		}
		return over(err) // where it ended in this moment, the next round takes it back
	}
	if _, ok := d.answer(id.String() + ".err"); ok {
		if err := f.fail(ctx, id, FaultRefused); err != nil {
			return err
		}
		return f.forget(d, id)
	}
	return f.wait(ctx, d, id)
}

// forget clears the folder of a delivery.
func (f *Follower) forget(d *folder, id clinical.ReleaseID) error {
	d.clean(id)
	delete(f.handed, id)
	return nil
}

// wait gives up on an answer after a while. What was collected and never
// answered is written again when the gate says so; what nobody collected stays
// where it is, and is told again after as long.
func (f *Follower) wait(ctx context.Context, d *folder, id clinical.ReleaseID) error {
	now := f.opt.Now()
	if at := d.written(id); !at.IsZero() && now.Sub(at) < f.opt.Patience {
		return nil
	}
	if d.there(id.String() + ".csv") {
		d.touch(id, now)
		return f.fail(ctx, id, FaultIdle)
	}
	if err := f.fail(ctx, id, FaultSilent); err != nil {
		return err
	}
	return f.forget(d, id)
}

// takeBack withdraws a delivery that ended before it was acknowledged, as one
// does whose pictures were refiled. Where the row is still there nobody has
// collected it, and it goes at once. Otherwise the record may have the pictures:
// a cancellation of the same number follows them.
func (f *Follower) takeBack(ctx context.Context, d *folder, r clinical.Release) error {
	aside := begins + r.ID.String() + taken
	if d.root.Rename(r.ID.String()+".csv", aside) == nil {
		_ = d.root.Remove(aside)
		return f.forget(d, r.ID)
	}
	if r.Kind != clinical.EPRDelivery {
		return f.forget(d, r.ID)
	}
	page, err := f.gate.EPRPage(ctx, f.caller(), r.ID)
	if clinical.KindOf(err) == clinical.NotFound { // erased: nobody is left to cancel it for
		return f.forget(d, r.ID)
	}
	if err != nil {
		return over(err)
	}
	d.clean(r.ID)
	if err := f.cancelEnded(d, page, r); err != nil {
		return err
	}
	delete(f.handed, r.ID)
	return nil
}

// cancelEnded writes the cancellation beside what is answered: the release has
// ended, so no answer to it is waited for.
func (f *Follower) cancelEnded(d *folder, page clinical.PatientPage, r clinical.Release) error {
	line := row{delivery: r.ID, corrects: r.ID, pictures: namesIn(r, r.Assets)}
	if err := f.cancel(d, page, line); err != nil {
		return err
	}
	if err := d.root.Remove("." + r.ID.String() + marker); err != nil {
		return fault("remove", err)
	}
	return nil
}
