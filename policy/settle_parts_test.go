package policy_test

import (
	"fmt"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// crowd is a house in which n students took a picture.
func crowd(t *testing.T, n int) *house {
	d := wounds()
	for i := range n {
		login := fmt.Sprintf("student %d", i)
		d.People = append(d.People, clinical.Person{
			ID: human(login), Login: login, Name: "Invented " + login, Role: clinical.Student, Since: clinicaltest.Now().AddDate(-1, 0, 0),
		})
	}
	h := newHouse(t, d)
	use := clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.Mount}
	for _, p := range d.People {
		h.journal.NoteLater(clinical.Event{
			At: h.now(), Act: clinical.ActServed, Caller: as(p.Login), Use: use, Set: set("wounds"), Assets: []clinical.AssetID{asset("leg")},
		})
	}
	return h
}

// asks counts, by reader, the tasks of a journal, and checks the size of each
// change.
func (h *house) asks() (byReader map[clinical.PersonID]int, changes int) {
	h.t.Helper()
	h.journal.mu.Lock()
	defer h.journal.mu.Unlock()
	byReader = map[clinical.PersonID]int{}
	for _, c := range h.journal.entries {
		asked := false
		for _, task := range c.Tasks {
			if task.Kind == clinical.DestroyCopy {
				byReader[task.For]++
				asked = true
			}
		}
		if len(c.Tasks) > 500 {
			h.t.Errorf("one change raises %d tasks", len(c.Tasks))
		}
		if asked {
			changes++
		}
	}
	return byReader, changes
}

func TestARecallThatReachesManyIsSettledInParts(t *testing.T) {
	const readers = 1201
	h := crowd(t, readers)
	c := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	h.settled()
	byReader, changes := h.asks()
	if len(byReader) != readers || changes != 3 {
		t.Errorf("%d asked, in %d changes", len(byReader), changes)
	}
	r := h.recall("greta")
	if len(r.Reach) != readers || r.Settled.IsZero() || r.Seq != c.Seq {
		t.Errorf("%d reached, settled %v, the act is %d", len(r.Reach), r.Settled, r.Seq)
	}
	for _, row := range r.Reach {
		if row.Task.IsZero() {
			t.Fatal("somebody is not asked")
		}
	}
}

// A crash between two parts asks nobody twice.
func TestACrashBetweenPartsAsksNobodyTwice(t *testing.T) {
	const readers = 700
	h := crowd(t, readers)
	c := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"})
	failed := false
	h.journal.before = func(c clinical.Change) { // the disk is full once, before the last part
		if c.Act == clinical.ActRecallSettled && !failed {
			failed = true
			h.journal.refuse(clinical.ErrUnavailable)
		}
	}
	h.settled()
	byReader, _ := h.asks()
	for who, n := range byReader {
		if n != 1 {
			t.Fatalf("%s is asked %d times", who, n)
		}
	}
	if r := h.recall("greta"); !failed || len(byReader) != readers || len(r.Reach) != readers || r.Seq != c.Seq {
		t.Errorf("failed %v, %d asked, %d reached, the act is %d", failed, len(byReader), len(r.Reach), r.Seq)
	}
}
