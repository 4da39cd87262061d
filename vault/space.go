package vault

import (
	"fmt"
	"sync"
	"time"

	"fovea/clinical"
)

// DiskFull is the Reason of a write that was refused to keep the medium from
// filling up. It stops being refused by itself, once there is space again.
const DiskFull clinical.Reason = "disk-full"

const (
	defaultReserve  = 64 << 20
	defaultKeepMost = 10 << 30
	freeAge         = time.Second
)

// GuardOptions say what a Guard keeps free. The zero GuardOptions keep the
// smaller of 5 % and 10 GiB, and 64 MiB of reserve.
type GuardOptions struct {
	Keep    uint64 // bytes; 0: the smaller of 5 % of the medium and 10 GiB
	Reserve uint64 // bytes below the limit that urgent writes may use; 0: 64 MiB
	Now     func() time.Time
}

// Guard refuses writes before the medium is full. A database that writes
// through mapped memory is killed by a full disk; a refused write is not.
type Guard struct {
	measure func() (Space, error)
	o       GuardOptions

	mu    sync.Mutex
	space Space
	at    time.Time // of space; zero: never measured
}

// NewGuard returns a Guard on what measure says, such as Store.Free. It is
// asked at most once a second while there is room.
func NewGuard(measure func() (Space, error), o GuardOptions) *Guard {
	if o.Reserve == 0 {
		o.Reserve = defaultReserve
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Guard{measure: measure, o: o}
}

// Allow reports whether so many bytes may be written now: Unavailable with
// reason DiskFull when not. Withdrawals, ledger entries and erasures pass
// urgent and may use the reserve: a disk full of pictures must not keep a
// patient's no from being written down.
func (g *Guard) Allow(bytes int64, urgent bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	fresh, err := g.refresh(false)
	if err != nil {
		return err
	}
	if !g.fits(bytes, urgent) && !fresh {
		// Space may have come back since: look before refusing.
		if _, err := g.refresh(true); err != nil {
			return err
		}
	}
	if !g.fits(bytes, urgent) {
		return &clinical.Error{
			Kind: clinical.Unavailable, Reason: DiskFull,
			Public: "The vault's disk is nearly full. Free some space on it; work goes on by itself then.",
			Err:    fmt.Errorf("vault: %d bytes refused, %d of %d bytes free", bytes, g.space.Free, g.space.Total),
		}
	}
	if bytes > 0 {
		// Until the next measurement what is allowed counts as written.
		g.space.Free -= min(g.space.Free, uint64(bytes))
	}
	return nil
}

// refresh measures when the last time is a second ago, or now, and reports
// whether it did.
func (g *Guard) refresh(now bool) (bool, error) {
	t := g.o.Now()
	if age := t.Sub(g.at); !now && !g.at.IsZero() && age >= 0 && age < freeAge {
		return false, nil
	}
	space, err := g.measure()
	if err != nil {
		return false, &clinical.Error{
			Kind: clinical.Unavailable, Reason: "disk-unknown",
			Err: fmt.Errorf("vault: free space cannot be measured: %w", err),
		}
	}
	g.space, g.at = space, t
	return true, nil
}

// fits compares without subtracting, so that no size wraps around.
func (g *Guard) fits(bytes int64, urgent bool) bool {
	keep := g.o.Keep
	if keep == 0 {
		keep = min(g.space.Total/20, defaultKeepMost)
	}
	limit := max(g.space.Headroom+uint64(max(bytes, 0)), keep)
	if urgent {
		limit -= min(limit, g.o.Reserve)
		limit = max(limit, uint64(max(bytes, 0)))
	}
	return g.space.Free >= limit
}
