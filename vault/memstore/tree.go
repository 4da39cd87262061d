package memstore

import (
	"bytes"
	"hash/maphash"
)

// tree is a persistent ordered map from keys to values: put and cut return a
// new tree that shares all but one path with the old one, so that a reader
// keeps the tree it began with for nothing. It is a treap whose priorities are
// a keyed hash of the key: its shape does not depend on the order of writing.
type tree[V any] struct {
	root *node[V]
	seed maphash.Seed
}

type node[V any] struct {
	key         []byte
	value       V
	rank        uint64
	left, right *node[V]
}

func newTree[V any]() tree[V] { return tree[V]{seed: maphash.MakeSeed()} }

// get returns the value under key.
func (t tree[V]) get(key []byte) (V, bool) {
	n := t.root
	for n != nil {
		switch c := bytes.Compare(key, n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return n.value, true
		}
	}
	var none V
	return none, false
}

// put returns a tree in which key has value. It keeps key.
func (t tree[V]) put(key []byte, value V) tree[V] {
	less, more := split(t.root, key)
	one := &node[V]{key: key, value: value, rank: maphash.Bytes(t.seed, key)}
	t.root = join(join(less, one), more)
	return t
}

// cut returns a tree without key.
func (t tree[V]) cut(key []byte) tree[V] {
	less, more := split(t.root, key)
	t.root = join(less, more)
	return t
}

// split parts n into what is below key and what is above it; key itself is
// in neither.
func split[V any](n *node[V], key []byte) (less, more *node[V]) {
	if n == nil {
		return nil, nil
	}
	c := *n
	switch order := bytes.Compare(key, n.key); {
	case order < 0:
		less, c.left = split(n.left, key)
		return less, &c
	case order > 0:
		c.right, more = split(n.right, key)
		return &c, more
	default:
		return n.left, n.right
	}
}

// join makes one of two, when every key of less is below every key of more.
func join[V any](less, more *node[V]) *node[V] {
	if less == nil {
		return more
	}
	if more == nil {
		return less
	}
	if less.rank >= more.rank {
		c := *less
		c.right = join(less.right, more)
		return &c
	}
	c := *more
	c.left = join(less, more.left)
	return &c
}

// ascend calls f for each key not below from, in order, until f says stop.
func (t tree[V]) ascend(from []byte, f func(key []byte, value V) (more bool, err error)) error {
	_, err := ascend(t.root, from, f)
	return err
}

func ascend[V any](n *node[V], from []byte, f func([]byte, V) (bool, error)) (bool, error) {
	if n == nil {
		return true, nil
	}
	if bytes.Compare(n.key, from) >= 0 {
		if more, err := ascend(n.left, from, f); err != nil || !more {
			return false, err
		}
		if more, err := f(n.key, n.value); err != nil || !more {
			return false, err
		}
	}
	return ascend(n.right, from, f)
}
