package policy_test

import (
	"errors"
	"testing"

	"fovea/clinical"
)

// Who treats the patient prints the patient's copy, which counts readers by
// role, says through what they had the pictures, and names nobody.
func TestThePatientsCopyCountsWithoutNames(t *testing.T) {
	h := newHouse(t, wounds())
	h.reads("stella", set("wounds"), "leg", clinical.Mount)
	id := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "changed her mind"}).Recalls[0].ID
	h.settled()
	r, tasks, people, err := h.Certified(t.Context(), as("clara"), id)
	if err != nil || len(r.Reach) != 1 || r.Reach[0].Set != set("wounds") || r.Reach[0].Task.IsZero() {
		t.Fatalf("%+v, %v", r, err)
	}
	asked := 0
	for _, task := range tasks {
		if task.Kind == clinical.DestroyCopy && task.For == r.Reach[0].Person {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("the reader's task is not among %+v", tasks)
	}
	roles := map[clinical.Role]int{}
	for _, p := range people {
		roles[p.Role]++
		if p.Name != "" || p.Login != "" || p.ID == human("stella") || p.ID == human("nina") {
			t.Errorf("named: %+v", p)
		}
	}
	if roles[clinical.Student] != 1 || roles[clinical.Nurse] != 1 {
		t.Errorf("roles: %v", roles)
	}
	for _, who := range []string{"stella", "edith", "oscar", "adam"} {
		if _, _, _, err := h.Certified(t.Context(), as(who), id); !errors.Is(err, clinical.ErrNotFound) {
			t.Errorf("%s: %v", who, err)
		}
	}
}
