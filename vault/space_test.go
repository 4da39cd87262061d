package vault_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"fovea/clinical"
	"fovea/vault"
)

const mib = 1 << 20

// disk is a medium whose free bytes the test turns.
type disk struct {
	vault.Space
	err   error
	asked int
}

func (d *disk) measure() (vault.Space, error) {
	d.asked++
	return d.Space, d.err
}

func TestGuardKeepsHeadroomOrShareWhicheverIsMore(t *testing.T) {
	for _, c := range []struct {
		name   string
		space  vault.Space
		keep   uint64
		bytes  int64
		urgent bool
		want   bool
	}{
		{name: "room enough", space: vault.Space{Free: 700 * mib, Total: 10_000 * mib, Headroom: 600 * mib}, bytes: 100 * mib, want: true},
		{name: "request exceeds headroom", space: vault.Space{Free: 700 * mib, Total: 10_000 * mib, Headroom: 600 * mib}, bytes: 101 * mib},
		{name: "five per cent", space: vault.Space{Free: 499 * mib, Total: 10_000 * mib, Headroom: mib}, bytes: mib},
		{name: "ten gibibytes at most", space: vault.Space{Free: 10 << 30, Total: 1 << 50, Headroom: mib}, bytes: mib, want: true},
		{name: "below ten gibibytes", space: vault.Space{Free: 10<<30 - 1, Total: 1 << 50, Headroom: mib}, bytes: mib},
		{name: "configured", space: vault.Space{Free: 499 * mib, Total: 10_000 * mib, Headroom: mib}, keep: 100 * mib, bytes: mib, want: true},
		{name: "urgent uses the reserve", space: vault.Space{Free: 450 * mib, Total: 10_000 * mib, Headroom: mib}, bytes: mib, urgent: true, want: true},
		{name: "the reserve ends too", space: vault.Space{Free: 435 * mib, Total: 10_000 * mib, Headroom: mib}, bytes: mib, urgent: true},
		{name: "urgent must fit at all", space: vault.Space{Free: 10 * mib, Total: 100 * mib}, bytes: 11 * mib, urgent: true},
		{name: "an absurd request", space: vault.Space{Free: 700 * mib, Total: 10_000 * mib, Headroom: 600 * mib}, bytes: 1 << 62},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &disk{Space: c.space}
			err := vault.NewGuard(d.measure, vault.GuardOptions{Keep: c.keep}).Allow(c.bytes, c.urgent)
			if (err == nil) != c.want {
				t.Fatalf("allowed %v, want %v (%v)", err == nil, c.want, err)
			}
			if err != nil && (clinical.KindOf(err) != clinical.Unavailable || clinical.ReasonOf(err) != vault.DiskFull) {
				t.Fatalf("refused with %v %q", clinical.KindOf(err), clinical.ReasonOf(err))
			}
		})
	}
}

func TestGuardAsksOnceASecondAndCountsWhatItAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{Space: vault.Space{Free: 100 * mib, Total: 200 * mib, Headroom: 50 * mib}}
		g := vault.NewGuard(d.measure, vault.GuardOptions{})
		for range 4 {
			if err := g.Allow(10*mib, false); err != nil {
				t.Fatal(err)
			}
		}
		if d.asked != 1 {
			t.Fatalf("measured %d times within a second, want 1", d.asked)
		}
		d.Free = 55 * mib // 45 MiB were written
		if err := g.Allow(20*mib, false); clinical.ReasonOf(err) != vault.DiskFull {
			t.Fatalf("want disk-full, got %v", err)
		}
		if d.asked != 2 {
			t.Fatalf("measured %d times, want 2: before refusing it looks again", d.asked)
		}
		<-time.After(time.Second)
		d.Free = 100 * mib
		if err := g.Allow(20*mib, false); err != nil {
			t.Fatalf("space came back, still refused: %v", err)
		}
	})
}

func TestGuardRefusesWhenSpaceIsUnknown(t *testing.T) {
	d := &disk{err: errors.New("gone")}
	err := vault.NewGuard(d.measure, vault.GuardOptions{}).Allow(1, true)
	if clinical.KindOf(err) != clinical.Unavailable {
		t.Fatalf("want Unavailable, got %v", err)
	}
}
