package demo

import (
	"fmt"

	"fovea/clinical"
)

// consents are what the twelve said. Two said nothing that can be recorded: the one who refuses to be photographed at
// all and the one with nearly another's name.
func consents(c calendar) []Consent {
	var list []Consent
	add := func(patient string, change func(*clinical.Grant)) {
		g := teaching(c)
		change(&g)
		by := "lea"
		for _, s := range sittings() {
			if s.patient == patient {
				by = s.photographer
				break
			}
		}
		list = append(list, Consent{patient, by, g})
	}
	add(moreau, func(*clinical.Grant) {})
	add(okafor, func(g *clinical.Grant) {
		*g = clinical.Grant{
			Status: clinical.GrantRefused, Mode: clinical.Written, Covers: g.Covers, Purposes: g.Purposes, ValidFrom: g.ValidFrom,
			Capacity: clinical.AdultCapacity, Language: "en", FormVersion: g.FormVersion, RecordedAt: g.RecordedAt,
		}
	})
	add(nunez, func(g *clinical.Grant) {
		g.Mode, g.Language, g.Witness, g.Interpreter = clinical.Verbal, "es", "Staff nurse Pilar Ochoa", "Marta Vidal, telephone interpreting"
		g.Audience, g.FormVersion = clinical.A2, ""
	})
	add(whitfield, func(g *clinical.Grant) {
		g.Level, g.Audience, g.ImagesShown = clinical.I0, clinical.A4, true
	})
	add(lefevre, func(g *clinical.Grant) {
		g.Capacity, g.Giver, g.Relationship = clinical.Parental, "Mme Lefèvre", "mother"
		g.Assent, g.ReviewAt, g.Language = clinical.Assented, birthdayReview(c), "fr"
	})
	add(garcia, func(g *clinical.Grant) {
		g.Capacity, g.Giver, g.Relationship, g.Language = clinical.DeceasedCapacity, "Álvaro García", "son", "es"
		g.Audience = clinical.A2
	})
	add(benoit, func(g *clinical.Grant) { g.Audience = clinical.A4; g.ImagesShown = true })
	add(ashworth, func(g *clinical.Grant) {
		g.Purposes, g.Audience, g.Channels = []clinical.Purpose{clinical.P1}, clinical.A2, clinical.ViewOnScreen
	})
	add(castano, func(g *clinical.Grant) {
		g.Status, g.Language = clinical.GrantRequested, "es"
	})
	add(daubigne, func(g *clinical.Grant) {
		g.Capacity, g.Assent, g.ReviewAt, g.Language = clinical.MatureMinor, clinical.Assented, c.date(365), "fr"
		g.Audience = clinical.A2
	})
	return list
}

// teaching is the consent form of the hospital, level 2: teaching, to a cohort, without identifying features, on
// screens and drives, for a course of treatment.
func teaching(c calendar) clinical.Grant {
	return clinical.Grant{
		Status: clinical.GrantGiven, Mode: clinical.Written,
		Covers:   clinical.Cover{CourseFrom: c.at(-60, 0, 0), CourseUntil: c.at(180, 0, 0)},
		Purposes: []clinical.Purpose{clinical.P1, clinical.P2}, Audience: clinical.A3, Level: clinical.I1,
		Channels:  clinical.ViewOnScreen | clinical.Mount | clinical.Download,
		ValidFrom: c.at(-60, 9, 0), Expires: c.date(365), Capacity: clinical.AdultCapacity,
		Language: "en", FormVersion: "MP-2 (2026)", TakenBeforePhoto: true, CopyGiven: true, RecordedAt: c.at(-60, 9, 30),
	}
}

// birthdayReview is the day on which the parents' consent is looked at again: the eighteenth birthday.
func birthdayReview(c calendar) clinical.Date { return birthdayTomorrow(c).Anniversary(18) }

// sets are three: one on a student's drive, one that shows why pictures are hidden, one not yet published.
func sets(c calendar) []Set {
	record := func(name, title string, a clinical.Audience, s clinical.Specialty) clinical.TeachingSet {
		return clinical.TeachingSet{
			Name: name, Title: title, Purpose: clinical.P2, Audience: a, Specialty: s, From: c.date(-20), Until: c.date(100),
		}
	}
	list := []Set{
		{
			Owner: "grace", Roster: []string{"yuki", "henri"}, Publish: "lea",
			Record: record("Leg ulcers", "Leg ulcers, year 3", clinical.A3, dermatology),
		},
		{
			Owner: "grace", Roster: []string{"yuki"}, Publish: "lea",
			Record: record("Pigmented lesions", "Pigmented lesions, seminar", clinical.A2, dermatology),
		},
		{
			Owner: "diego", Roster: []string{"yuki", "nora"},
			Record: record("Burns and grafts", "Burns and grafts, grand round", clinical.A4, plastics),
		},
	}
	holds := []map[string]string{
		{moreau: "Venous ulcer", garcia: "Long-standing ulcer", nunez: "Neuropathic ulcer"},
		{benoit: "Naevus", daubigne: "Naevus, adolescent", castano: "Eruption"},
		{okafor: "Hand burn", whitfield: "Meshed graft", lefevre: "Scar"},
	}
	shot := shoots(c)
	for i, s := range sittings() {
		for k := range list {
			label, in := holds[k][s.patient]
			if !in || s.held {
				continue
			}
			for n, f := range shot[i].Frames {
				list[k].Pictures = append(list[k].Pictures, shot[i].Job+"/"+f.Name)
				list[k].Labels = append(list[k].Labels, fmt.Sprintf("%s %d", label, n+1))
			}
		}
	}
	return list
}
