package policy

import (
	"slices"

	"fovea/clinical"
)

// What acts set in motion, as the snapshot knows it: tasks, recalls, patients'
// codes, broken glass, erasures and reviews of retention. None of them permits
// anything by itself but an open ticket, which is why only that moves the
// version of its patient.

// hashKey finds a code by the first half of its hash. What is compared is the
// hash of what somebody sent, never what they sent: how long it takes says
// nothing about the secret.
type hashKey [16]byte

func keyOf(hash [32]byte) hashKey { return hashKey(hash[:16]) }

func (e *edit) task(v clinical.Task) {
	if old, ok := e.tasks.get(v.ID); ok && stale(v.Rev, old.Rev) {
		return
	}
	e.tasks.set(e.by, v.ID, &v)
	e.did.tasks = append(e.did.tasks, &v)
	if v.Kind == clinical.FamilyConsult {
		e.consult(&v)
	}
}

func (e *edit) recall(v clinical.Recall) {
	if old, ok := e.recalls.get(v.ID); ok && stale(v.Rev, old.Rev) {
		return
	}
	e.recalls.set(e.by, v.ID, &v)
	e.unsettled = among(e.unsettled, v.ID, v.Settled.IsZero())
}

// among returns a list with or without one, and leaves the old list as it is.
func among[T comparable](list []T, one T, in bool) []T {
	i := slices.Index(list, one)
	switch {
	case in && i < 0:
		return append(slices.Clip(list), one)
	case !in && i >= 0:
		return slices.Delete(slices.Clone(list), i, i+1)
	default:
		return list
	}
}

func (e *edit) code(v clinical.PatientCode) {
	if old, ok := e.codes.get(v.ID); ok && stale(v.Rev, old.Rev) {
		return
	}
	e.codes.set(e.by, v.ID, &v)
	e.secrets.set(e.by, keyOf(v.Hash), v.ID)
}

// glass takes a ticket in. It opens pictures to one person, and a review may
// close it before its time.
func (e *edit) glass(v clinical.BreakGlass) {
	if old, ok := e.tickets.get(v.ID); ok && stale(v.Rev, old.Rev) {
		return
	}
	e.tickets.set(e.by, v.ID, &v)
	list, _ := e.glasses.get(v.Person)
	same := func(o *clinical.BreakGlass) bool { return o.ID == v.ID }
	e.glasses.set(e.by, v.Person, put(slices.Clip(list), &v, same))
	e.touch(v.Patient, true)
}

func (e *edit) erasure(v clinical.Erasure) {
	if old, ok := e.erasures.get(v.ID); ok && stale(v.Rev, old.Rev) {
		return
	}
	e.erasures.set(e.by, v.ID, &v)
	e.undone = among(e.undone, v.ID, v.Outcome == clinical.EraseShred && v.Done.IsZero())
}

// retention keeps the latest review of a patient.
func (e *edit) retention(v clinical.Retention) {
	if old, ok := e.retentions.get(v.Patient); ok && stale(v.Rev, old.Rev) {
		return
	}
	e.retentions.set(e.by, v.Patient, &v)
}

// ticketsOf returns a person's tickets, open and over.
func (s *Snapshot) ticketsOf(p clinical.PersonID) []*clinical.BreakGlass {
	list, _ := s.glasses.get(p)
	return list
}
