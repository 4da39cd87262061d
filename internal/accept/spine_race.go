package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// race is a set whose pictures are withdrawn and allowed again while it is listed.
type race struct {
	h       *hospital
	patient demoPatient
	set     string
	names   map[string]string // on the drive, by asset

	mu    sync.Mutex
	grant map[string]string
	// gone is when the withdrawal of an asset had been answered, zero while it is allowed or about to be.
	gone map[string]time.Time
}

// listingsRaceWithdrawals: while pictures are withdrawn, every listing of the set is one well-formed document, and
// none names a picture whose withdrawal was answered before the listing was asked for.
func listingsRaceWithdrawals(ctx context.Context, tr *trial) (string, error) {
	r, err := newRace(ctx, tr)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var work sync.WaitGroup
	var mu sync.Mutex
	listings, errs := 0, error(nil)
	note := func(n int, err error) {
		mu.Lock()
		defer mu.Unlock()
		listings += n
		if err != nil && ctx.Err() == nil {
			errs = errors.Join(errs, err)
			cancel()
		}
	}
	for range 2 {
		work.Go(func() {
			c := r.h.alone("yuki")
			defer c.close()
			for ctx.Err() == nil {
				note(1, r.look(ctx, c))
			}
		})
	}
	began := time.Now()
	done, err := r.withdrawals(ctx, tr.withdrawals)
	took := time.Since(began)
	note(0, err)
	cancel()
	work.Wait()
	if errs != nil {
		return fmt.Sprintf("%d withdrawals, %d listings", done, listings), errs
	}
	return fmt.Sprintf("%d withdrawals in %.1f s raced %d listings of %d", done, took.Seconds(), listings, len(r.names)), nil
}

func newRace(ctx context.Context, tr *trial) (*race, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return nil, err
	}
	r := &race{h: h, set: "Acceptance race", names: map[string]string{}, grant: map[string]string{}, gone: map[string]time.Time{}}
	if r.patient, err = h.patient(ctx, 10, "henri"); err != nil {
		return nil, err
	}
	files, err := small(tr.pictures, 10)
	if err != nil {
		return nil, err
	}
	found, err := h.land(ctx, r.patient, files)
	if err != nil {
		return nil, err
	}
	all := ids(found)
	for from := 0; from < len(all); from += 500 {
		if err := h.classify(ctx, all[from:min(from+500, len(all))]); err != nil {
			return nil, err
		}
	}
	for _, id := range all {
		if r.grant[id], err = h.allow(ctx, r.patient.ID, []string{id}); err != nil {
			return nil, err
		}
	}
	set, err := h.publish(ctx, r.set, all)
	if err != nil {
		return nil, err
	}
	if _, err := h.as("yuki").listed(ctx, r.set, len(all)); err != nil {
		return nil, err
	}
	items, err := h.items(ctx, set)
	for id, i := range items {
		r.names[id] = i.file()
	}
	return r, err
}

// withdrawals takes back one picture's consent after the other's. Where there are more withdrawals than pictures,
// those withdrawn longest ago are allowed again first.
func (r *race) withdrawals(ctx context.Context, n int) (done int, err error) {
	henri := r.h.as("henri")
	var order []string
	for id := range r.names {
		order = append(order, id)
	}
	for done < n {
		id := order[done%len(order)]
		if done >= len(order) {
			r.mu.Lock()
			r.gone[id] = time.Time{}
			r.mu.Unlock()
			grant, err := r.h.allow(ctx, r.patient.ID, []string{id})
			if err != nil {
				return done, err
			}
			r.grant[id] = grant
		}
		if err := henri.withdraw(ctx, r.patient.ID, r.grant[id]); err != nil {
			return done, err
		}
		r.mu.Lock()
		r.gone[id] = time.Now()
		r.mu.Unlock()
		done++
	}
	return done, nil
}

// look lists once and compares with what was withdrawn before it was asked.
func (r *race) look(ctx context.Context, c *client) error {
	asked := time.Now()
	files, err := c.list(ctx, folder(r.set))
	if err != nil && !errors.Is(err, errGone) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, name := range r.names {
		at := r.gone[id]
		if _, there := files[name]; there && !at.IsZero() && at.Before(asked) {
			return fmt.Errorf("%s was withdrawn %s before a listing that names it", id, asked.Sub(at))
		}
	}
	return nil
}
