package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

const (
	eventsLimit = 1000
	eventsMax   = 10_000
	// candidatesEach is how many entries of one subject are looked at before
	// the other subjects' are: it bounds memory, not the answer.
	candidatesEach = 1024
)

// Events returns the entries of the ledger that match q, in their order, at
// most q.Limit of them: fewer mean that there are no more. The next page begins
// at the last one's Leaf + 1. Everything that was noted before the call is in
// the ledger first, so an entry that cannot be written is Unavailable and never
// missing. What could not be written in time, and what a crash took before it
// was, is declared in its place by an entry of the act "ledger.gap" that names
// nobody: an answer about one patient or person does not hold it, so whoever
// needs to know that an answer is whole asks for that act over the same time,
// too. A question that names pictures, a set, a patient or a person costs
// their entries and not the ledger's.
//
// The pseudonyms are resolved; what was stored as a hash alone stays one:
// Caller.Device is the same for the same device and names none. Caller.Agent is
// the program's name and version alone.
func (v *Vault) Events(ctx context.Context, q clinical.EventQuery) ([]clinical.Recorded, error) {
	if q.Limit < 0 || q.Limit > eventsMax {
		return nil, clinical.Errorf(clinical.Invalid, "vault: events: limit of %d", q.Limit)
	}
	if q.Limit == 0 {
		q.Limit = eventsLimit
	}
	if _, err := v.submit(ctx, &request{flush: true}); err != nil {
		return nil, err
	}
	s := &eventSearch{v: v, q: q, names: map[string][16]byte{}}
	s.want = v.wanted(q)
	err := v.opt.Store.View(ctx, func(r Reader) error {
		s.r = r
		if len(s.want.keys) == 0 {
			return s.all(ctx)
		}
		return s.some(ctx)
	})
	if ctx.Err() != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: events: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, err
	}
	return s.found, nil
}

// wanted is a question in the ledger's words.
type wanted struct {
	by, patient, set string
	sha256           string
	assets           map[string]bool
	acts             map[string]bool
	keys             [][]byte // entries that match are under one of these; none: all
}

func (v *Vault) wanted(q clinical.EventQuery) wanted {
	w := wanted{
		by: v.Pseudonym("person", q.Person), patient: v.Pseudonym("patient", q.Patient), set: v.Pseudonym("set", q.Set), sha256: q.SHA256,
		assets: map[string]bool{}, acts: map[string]bool{},
	}
	for _, a := range q.Assets {
		w.assets[v.Pseudonym("asset", a)] = true
	}
	for _, a := range q.Acts {
		w.acts[string(a)] = true
	}
	var subjects []string
	if key, ok := paperKey(w.sha256); ok {
		w.keys = append(w.keys, key)
		return w
	}
	switch {
	case len(w.assets) > 0:
		for name := range w.assets {
			subjects = append(subjects, name)
		}
	case w.set != "":
		subjects = []string{w.set}
	case w.patient != "":
		subjects = []string{w.patient}
	case w.by != "":
		subjects = []string{w.by}
	}
	for _, s := range subjects {
		if key, ok := eventKey(s); ok {
			w.keys = append(w.keys, key)
		}
	}
	return w
}

// eventSearch is one question on its way through the ledger.
type eventSearch struct {
	v     *Vault
	r     Reader
	q     clinical.EventQuery
	want  wanted
	names map[string][16]byte
	found []clinical.Recorded
}

func (s *eventSearch) full() bool { return len(s.found) >= s.q.Limit }

// all reads the ledger from q.After on.
func (s *eventSearch) all(ctx context.Context) error {
	return s.r.Scan([]byte{prefixLeaf}, numberKey(prefixLeaf, s.q.After)[1:], func(key, value []byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, clinical.Errorf(clinical.Unavailable, "vault: events: %w", err)
		}
		l, err := s.v.openLeaf(key, value)
		if err == nil {
			err = s.look(l.leaf)
		}
		return !s.full(), err
	})
}

// some reads the entries that the key index names, from q.After on.
func (s *eventSearch) some(ctx context.Context) error {
	for from, more := s.q.After, true; more && !s.full(); {
		var candidates []uint64
		var err error
		if candidates, more, err = s.candidates(ctx, from); err != nil {
			return err
		}
		if more {
			from = candidates[len(candidates)-1] + 1
		}
		for _, n := range candidates {
			if s.full() {
				break
			}
			l, err := s.v.readLeaf(s.r, n)
			if err == nil {
				err = s.look(l.leaf)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// candidates returns, ascending, the next entries from a number on that are
// under any of the keys. Where there are more, they follow the last of them.
func (s *eventSearch) candidates(ctx context.Context, from uint64) (list []uint64, more bool, err error) {
	upTo := uint64(eventsWhole)
	for _, prefix := range s.want.keys {
		n := 0
		err := s.r.Scan(prefix, binary.BigEndian.AppendUint64(nil, from), func(key, _ []byte) (bool, error) {
			if len(key) != 1+pseudonymSize+8 {
				return false, clinical.Errorf(clinical.Corrupt, "vault: key of %d bytes in the ledger's index", len(key))
			}
			leaf := binary.BigEndian.Uint64(key[1+pseudonymSize:])
			if leaf > upTo {
				return false, nil
			}
			list = append(list, leaf)
			if n++; n < candidatesEach {
				return true, ctx.Err()
			}
			upTo, more = leaf, true // this subject has more: the others wait for it
			return false, nil
		})
		if ctx.Err() != nil {
			return nil, false, clinical.Errorf(clinical.Unavailable, "vault: events: %w", ctx.Err())
		}
		if err != nil {
			return nil, false, err
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	end, found := slices.BinarySearch(list, upTo)
	if found {
		end++
	}
	return list[:end], more, nil
}

// look keeps an entry where it matches.
func (s *eventSearch) look(l ledger.Leaf) error {
	if !s.matches(l) {
		return nil
	}
	e, err := s.resolve(l)
	if err != nil {
		return err
	}
	s.found = append(s.found, clinical.Recorded{Leaf: uint64(l.N), Seq: l.Seq, Event: e})
	return nil
}

func (s *eventSearch) matches(l ledger.Leaf) bool {
	w := s.want
	switch {
	case w.by != "" && l.By != w.by,
		w.patient != "" && l.Patient != w.patient,
		w.set != "" && l.Set != w.set,
		w.sha256 != "" && l.SHA256 != w.sha256,
		len(w.acts) > 0 && !w.acts[l.Act],
		len(w.assets) > 0 && !slices.ContainsFunc(l.Assets, func(a string) bool { return w.assets[a] }):
		return false
	}
	return within(l.Time, s.q.From, s.q.To)
}

func within(at, from, to time.Time) bool {
	return (from.IsZero() || !at.Before(from)) && (to.IsZero() || at.Before(to))
}

// resolve makes an event of an entry again.
func (s *eventSearch) resolve(l ledger.Leaf) (clinical.Event, error) {
	use, err := useOf(l.Use)
	if err != nil {
		return clinical.Event{}, err
	}
	e := clinical.Event{
		At: l.Time, Act: clinical.Act(l.Act), Use: use, Denied: l.Denied, Rule: l.Rule, Count: int(l.Count), SHA256: l.SHA256,
		Caller: clinical.Caller{Operator: l.Op, Door: clinical.Door(l.Door), Device: l.Device, Remote: l.Remote, Agent: l.Agent},
	}
	for _, f := range []struct {
		name string
		into *[16]byte
	}{
		{l.By, (*[16]byte)(&e.Caller.Person)},
		{l.Patient, (*[16]byte)(&e.Patient)},
		{l.Set, (*[16]byte)(&e.Set)},
		{l.Grant, (*[16]byte)(&e.Grant)},
	} {
		id, err := s.name(f.name)
		if err != nil {
			return e, err
		}
		*f.into = id
	}
	for _, a := range l.Assets {
		id, err := s.name(a)
		if err != nil {
			return e, err
		}
		if id != [16]byte{} {
			e.Assets = append(e.Assets, id)
		}
	}
	return e, nil
}

func (s *eventSearch) name(pseudonym string) ([16]byte, error) {
	if id, known := s.names[pseudonym]; known || pseudonym == "" {
		return id, nil
	}
	id, err := s.v.named(s.r, pseudonym)
	if err == nil {
		s.names[pseudonym] = id
	}
	return id, err
}

// useOf is the inverse of useText.
func useOf(text string) (clinical.Use, error) {
	var u clinical.Use
	if text == "" {
		return u, nil
	}
	purpose, rest, _ := strings.Cut(text, "/")
	audience, channel, _ := strings.Cut(rest, "/")
	err := errors.Join(
		u.Purpose.UnmarshalText([]byte(purpose)), u.Audience.UnmarshalText([]byte(audience)), u.Channel.UnmarshalText([]byte(channel)))
	if err != nil {
		return clinical.Use{}, clinical.Errorf(clinical.Corrupt, "vault: an entry of the ledger has a use that does not read: %v", err)
	}
	return u, nil
}
