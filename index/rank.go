package index

import (
	"cmp"
	"slices"
)

// order says which of two hits comes first.
type order struct {
	sort string // "", newest, oldest
	rank func(uint32) int
}

// compare orders a before b when negative. It is total: the ordinal decides last, the later one first.
func (o order) compare(c *columns, a, b uint32) int {
	ta, tb := c.entries[a].taken, c.entries[b].taken
	if o.sort == "oldest" {
		return cmp.Or(cmp.Compare(ta, tb), cmp.Compare(a, b))
	}
	if o.sort == "" {
		if r := cmp.Compare(o.rank(b), o.rank(a)); r != 0 {
			return r
		}
	}
	return cmp.Or(cmp.Compare(tb, ta), cmp.Compare(b, a))
}

// best returns limit hits from offset on in order, without sorting those that no page up to here shows: it keeps at
// most twice what is wanted and sorts the better half out whenever that is full.
func (c *columns) best(hits []uint32, o order, offset, limit int) []uint32 {
	if offset >= len(hits) {
		return nil
	}
	want := min(offset+limit, len(hits))
	kept := make([]uint32, 0, 2*want)
	byOrder := func(a, b uint32) int { return o.compare(c, a, b) }
	full := false
	for _, h := range hits {
		if full && byOrder(kept[want-1], h) < 0 {
			continue
		}
		kept = append(kept, h)
		if len(kept) == 2*want {
			slices.SortFunc(kept, byOrder)
			kept, full = kept[:want], true
		}
	}
	slices.SortFunc(kept, byOrder)
	return slices.Clone(kept[offset:want])
}
