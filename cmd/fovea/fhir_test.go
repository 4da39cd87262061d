package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

// TestConsentsMoveToAnotherVault exports a patient's consents as FHIR and has
// governance record them in a vault that knows the patient.
func TestConsentsMoveToAnotherVault(t *testing.T) {
	from, _ := toTheLetter(t, nil)
	course := clinical.Cover{CourseFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), CourseUntil: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)}
	given := from.do("mirabelle", clinical.RecordConsent{Grant: clinical.Grant{
		Patient: from.patient, Status: clinical.GrantGiven, Mode: clinical.Written, Capacity: clinical.AdultCapacity, Purposes: []clinical.Purpose{clinical.P1},
		Audience: clinical.A2, Level: clinical.I1, Channels: clinical.ViewOnScreen, Covers: course, Language: "fr", FormVersion: "fovea-1-fr",
	}}).Grants[0]
	res, bundle := from.ask(t.Context(), "carlotta", http.MethodGet, "/api/v1/patients/"+from.patient.String()+"/consents/fhir")
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/fhir+json" {
		t.Fatalf("export: %s %s", res.Status, bundle)
	}
	from.stop()

	to, _ := toTheLetter(t, nil)
	same := to.do("mirabelle", clinical.AddPatient{Patient: clinical.Patient{
		ID: from.patient, Family: "Fontaineau", Given: "Aurelienne", Born: clinical.Date{Year: 1961, Month: 3, Day: 3},
		Identifiers: []clinical.Identifier{{System: "nhs", Value: "9434765870"}},
	}}).Patients[0].ID
	if same != from.patient {
		t.Fatalf("registered as %s", same)
	}
	bring := func(who string, file []byte) (int, wire.List[wire.Imported]) {
		var out wire.List[wire.Imported]
		res, answer := to.request(who, http.MethodPost, "/api/v1/patients/"+same.String()+"/consents/fhir", json.RawMessage(file))
		if res.StatusCode == http.StatusOK {
			to.check(json.Unmarshal([]byte(answer), &out))
		}
		return res.StatusCode, out
	}
	if code, _ := bring("mirabelle", bundle); code != http.StatusForbidden {
		t.Errorf("by who records consent: %d", code)
	}
	code, took := bring("gustav", bundle)
	recorded := map[clinical.GrantID]wire.Imported{}
	for _, one := range took.Items {
		recorded[one.ID] = one
	}
	if code != http.StatusOK || !recorded[given.ID].Done {
		t.Fatalf("%d %+v", code, took.Items)
	}
	if _, again := bring("gustav", bundle); again.Items[0].Done || again.Items[0].Reason == "" {
		t.Errorf("twice: %+v", again.Items)
	}
	all, err := to.sys.gate.Grants(t.Context(), clinical.Caller{Person: to.people["gustav"], Door: clinical.DoorAPI}, same)
	to.check(err)
	for _, g := range all {
		if g.ID == given.ID && (g.Audience != given.Audience || g.Covers.CourseUntil != given.Covers.CourseUntil || g.Language != "fr" || !g.HasPurpose(clinical.P1)) {
			t.Errorf("%+v, was %+v", g, given)
		}
	}
	if code, _ := bring("gustav", bytes.Replace(bundle, []byte(`"active"`), []byte(`"proposed"`), 1)); code != http.StatusBadRequest {
		t.Errorf("changed on the way: %d", code)
	}
}
