package policy

import "slices"

// The snapshot's maps are persistent: a new one shares all but the changed
// path with the old. Two levels of 64 and small leaves keep a change to one of
// 100,000 entries below 2 KB of copying; within one edit, nodes that the edit
// made itself are written in place.

const fan = 64

// token marks the nodes that one edit made and may write in place. It must
// not be of size zero: two of them have to have two addresses.
type token struct{ _ byte }

type idKey interface{ ~[16]byte }

// table is a persistent map from an ID to a value. The zero table is empty.
type table[K idKey, V any] struct {
	root *tableRoot[K, V]
}

type tableRoot[K idKey, V any] struct {
	by   *token
	mids [fan]*tableMid[K, V]
}

type tableMid[K idKey, V any] struct {
	by     *token
	leaves [fan]*tableLeaf[K, V]
}

type tableLeaf[K idKey, V any] struct {
	by      *token
	entries []tableEntry[K, V]
}

type tableEntry[K idKey, V any] struct {
	key K
	val V
}

// slot spreads IDs by their last, random bits.
func slot[K idKey](k K) (hi, lo int) {
	b := [16]byte(k)
	h := uint32(b[15]) | uint32(b[14])<<8 | uint32(b[13])<<16
	h = (h ^ h>>11) * 2654435761
	return int(h >> 26), int(h >> 20 & (fan - 1))
}

// get returns the value, the zero V when there is none.
func (t table[K, V]) get(k K) (V, bool) {
	hi, lo := slot(k)
	if t.root != nil && t.root.mids[hi] != nil {
		if leaf := t.root.mids[hi].leaves[lo]; leaf != nil {
			for i := range leaf.entries {
				if leaf.entries[i].key == k {
					return leaf.entries[i].val, true
				}
			}
		}
	}
	var none V
	return none, false
}

// set puts the value; nodes not made by the edit are copied first.
func (t *table[K, V]) set(by *token, k K, v V) {
	leaf := t.leaf(by, k)
	for i := range leaf.entries {
		if leaf.entries[i].key == k {
			leaf.entries[i].val = v
			return
		}
	}
	leaf.entries = append(leaf.entries, tableEntry[K, V]{k, v})
}

// drop forgets a key.
func (t *table[K, V]) drop(by *token, k K) {
	if _, ok := t.get(k); ok {
		leaf := t.leaf(by, k)
		leaf.entries = slices.DeleteFunc(leaf.entries, func(e tableEntry[K, V]) bool { return e.key == k })
	}
}

// leaf returns the leaf of k, owned by the edit.
func (t *table[K, V]) leaf(by *token, k K) *tableLeaf[K, V] {
	switch {
	case t.root == nil:
		t.root = &tableRoot[K, V]{by: by}
	case t.root.by != by:
		root := *t.root
		root.by = by
		t.root = &root
	}
	hi, lo := slot(k)
	mid := t.root.mids[hi]
	switch {
	case mid == nil:
		mid = &tableMid[K, V]{by: by}
	case mid.by != by:
		own := *mid
		own.by = by
		mid = &own
	}
	t.root.mids[hi] = mid
	leaf := mid.leaves[lo]
	switch {
	case leaf == nil:
		leaf = &tableLeaf[K, V]{by: by}
	case leaf.by != by:
		own := &tableLeaf[K, V]{by: by, entries: make([]tableEntry[K, V], len(leaf.entries), len(leaf.entries)+1)}
		copy(own.entries, leaf.entries)
		leaf = own
	}
	mid.leaves[lo] = leaf
	return leaf
}

// each calls f for every entry, in no order, until f says stop.
func (t table[K, V]) each(f func(K, V) bool) {
	if t.root == nil {
		return
	}
	for _, mid := range t.root.mids {
		if mid == nil {
			continue
		}
		for _, leaf := range mid.leaves {
			if leaf == nil {
				continue
			}
			for i := range leaf.entries {
				if !f(leaf.entries[i].key, leaf.entries[i].val) {
					return
				}
			}
		}
	}
}

// row is a persistent slice indexed by an asset's ordinal.
type row[V any] struct {
	chunks []*rowChunk[V]
	by     *token
	n      uint32
}

const rowLen = 512

type rowChunk[V any] struct {
	by   *token
	vals [rowLen]V
}

func (r row[V]) get(i uint32) V {
	if i >= r.n || r.chunks[i/rowLen] == nil {
		var none V
		return none
	}
	return r.chunks[i/rowLen].vals[i%rowLen]
}

func (r *row[V]) set(by *token, i uint32, v V) {
	c := int(i / rowLen)
	if r.by != by {
		chunks := make([]*rowChunk[V], max(len(r.chunks), c+1))
		copy(chunks, r.chunks)
		r.chunks, r.by = chunks, by
	}
	for c >= len(r.chunks) {
		r.chunks = append(r.chunks, nil)
	}
	switch chunk := r.chunks[c]; {
	case chunk == nil:
		r.chunks[c] = &rowChunk[V]{by: by}
	case chunk.by != by:
		own := *chunk
		own.by = by
		r.chunks[c] = &own
	}
	r.chunks[c].vals[i%rowLen] = v
	r.n = max(r.n, i+1)
}
