package vault_test

import (
	"testing"

	"fovea/clinical"
)

// BenchmarkErasure erases one patient whole, out of 100,000 with a picture's
// record each: from the decision to the destroyed keys.
func BenchmarkErasure(b *testing.B) {
	const patients, batch = 100_000, 1000
	v, _ := onDisk(b)
	var ids []clinical.PatientID
	for range patients / batch {
		var d clinical.Delta
		for range batch {
			p := clinical.Patient{ID: clinical.Mint[clinical.Patient](v.mint), Family: "Doolittle"}
			ids, d.Patients = append(ids, p.ID), append(d.Patients, p)
			d.Assets = append(d.Assets, clinical.Asset{ID: clinical.Mint[clinical.Asset](v.mint), State: clinical.Filed, Patient: p.ID})
		}
		if _, err := v.Commit(b.Context(), clinical.Change{Event: v.event(clinical.ActPatientAdded), Delta: d}); err != nil {
			b.Fatal(err)
		}
	}
	next := 0
	for b.Loop() {
		v.mustDecide(b, ids[next])
		next++
	}
}
