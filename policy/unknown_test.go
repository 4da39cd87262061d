package policy_test

import (
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// What nobody thought of is denied.
func TestUnknownValuesDeny(t *testing.T) {
	use := clinical.Use{Purpose: clinical.P2, Audience: clinical.A3, Channel: clinical.Mount}
	decide := func(d clinical.Delta, r policy.Request) clinical.Decision {
		r.Person, r.Set, r.Asset, r.Now = human("stella"), set("wounds"), asset("leg"), clinicaltest.Now()
		hospital := clinicaltest.Hospital()
		join(&hospital, d)
		return policy.Decide(policy.NewSnapshot(site()).With(r.Now, hospital), r)
	}
	if d := decide(wounds(), policy.Request{Use: use}); !d.Permit {
		t.Fatalf("the story does not begin with a yes: %+v", d)
	}
	for what, change := range map[string]func(*clinical.Delta, *policy.Request){
		"purpose":      func(_ *clinical.Delta, r *policy.Request) { r.Use.Purpose = 200 },
		"audience":     func(_ *clinical.Delta, r *policy.Request) { r.Use.Audience = 200 },
		"channel":      func(_ *clinical.Delta, r *policy.Request) { r.Use.Channel = 1 << 6 },
		"two channels": func(_ *clinical.Delta, r *policy.Request) { r.Use.Channel = clinical.ViewOnScreen | clinical.Mount },
		"rendition":    func(_ *clinical.Delta, r *policy.Request) { r.Rendition = "whatever" },
		"state":        func(d *clinical.Delta, _ *policy.Request) { d.Assets[0].State = "whatever" },
		"flag":         func(d *clinical.Delta, _ *policy.Request) { d.Assets[0].Sensitivity |= 1 << 7 },
		"patient":      func(d *clinical.Delta, _ *policy.Request) { d.Assets[0].Patient = patient("whoever") },
		"subject": func(d *clinical.Delta, _ *policy.Request) {
			d.Assets[0].Subjects = []clinical.PatientID{patient("whoever")}
		},
		"status":   func(d *clinical.Delta, _ *policy.Request) { d.Grants[0].Status = "whatever" },
		"mode":     func(d *clinical.Delta, _ *policy.Request) { d.Grants[0].Mode = "whatever" },
		"capacity": func(d *clinical.Delta, _ *policy.Request) { d.Grants[0].Capacity = "whatever" },
		"assent":   func(d *clinical.Delta, _ *policy.Request) { d.Grants[0].Assent = "whatever" },
		"ceiling":  func(d *clinical.Delta, _ *policy.Request) { d.Grants[0].Audience = 200 },
		"level":    func(d *clinical.Delta, _ *policy.Request) { d.Grants[0].Level = 200 },
		"channels": func(d *clinical.Delta, _ *policy.Request) { d.Grants[0].Channels = 1 << 6 },
		"purposes": func(d *clinical.Delta, _ *policy.Request) { d.Grants[0].Purposes = []clinical.Purpose{200} },
		"cover":    func(d *clinical.Delta, _ *policy.Request) { d.Grants[0].Covers = clinical.Cover{} },
		"hold": func(d *clinical.Delta, _ *policy.Request) {
			d.Holds = []clinical.Hold{{ID: clinicaltest.ID[clinical.Hold]("x"), Patient: patient("adult"), Kind: "whatever"}}
		},
		"set's status":   func(d *clinical.Delta, _ *policy.Request) { d.Sets[0].Status = "whatever" },
		"set's purpose":  func(d *clinical.Delta, _ *policy.Request) { d.Sets[0].Purpose = 200 },
		"set's audience": func(d *clinical.Delta, _ *policy.Request) { d.Sets[0].Audience = 200 },
		"reader's role": func(d *clinical.Delta, _ *policy.Request) {
			d.People = []clinical.Person{{ID: human("stella"), Role: "whatever"}}
		},
		"reader's nobody": func(d *clinical.Delta, _ *policy.Request) { d.People = []clinical.Person{{ID: human("stella")}} },
	} {
		d, r := wounds(), policy.Request{Use: use}
		change(&d, &r)
		if got := decide(d, r); got.Permit {
			t.Errorf("a %s that is not known is permitted", what)
		}
	}
}
