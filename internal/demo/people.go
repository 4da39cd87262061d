package demo

import (
	"fmt"
	"strconv"
	"time"

	"fovea/clinical"
)

// The specialties of the hospital.
const (
	dermatology clinical.Specialty = "dermatology"
	plastics    clinical.Specialty = "plastic-surgery"
)

const (
	studioA clinical.StudioID = "studio-a"
	studioB clinical.StudioID = "studio-b"
)

func rules() []clinical.IdentifierRule {
	return []clinical.IdentifierRule{
		{System: "hospital", Label: "hospital number", Pattern: `[0-9]{7}[A-Z]`, Check: clinical.NoCheck},
		{System: "nhs", Label: "NHS number", Pattern: `[0-9]{10}`, Check: clinical.Mod11},
		{System: "ins", Label: "INS", Pattern: `[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{8}`, Check: clinical.INSKey},
	}
}

// cameras are two of studio A, whose clocks are apart, and one of studio B.
func cameras() [3]Camera {
	return [3]Camera{
		{Make: "NIKON CORPORATION", Model: "NIKON D850", Serial: "6001187"},
		{Make: "Canon", Model: "Canon EOS R5", Serial: "032021004177", Clock: 7 * time.Minute},
		{Make: "SONY", Model: "ILCE-7RM4", Serial: "4400218", Clock: -40 * time.Second},
	}
}

func studios() []Studio {
	cam := cameras()
	return []Studio{
		{ID: studioA, Name: "Studio A", Specialty: dermatology, Rules: []string{"id-shot", "ticket"}, Cameras: cam[:2]},
		{ID: studioB, Name: "Studio B", Specialty: plastics, Rules: []string{"ticket"}, Cameras: cam[2:]},
	}
}

// people are one for each role that signs in, and a second photographer and clinician, because some acts need two.
func people(c calendar) []clinical.Person {
	since := c.at(-400, 8, 0)
	both := []clinical.StudioID{studioA, studioB}
	return []clinical.Person{
		{Login: "lea", Name: "Léa Fontaine", Role: clinical.Photographer, Studios: both, Language: "fr", Since: since},
		{Login: "tomas", Name: "Tomás Rey", Role: clinical.Photographer, Studios: both, Language: "es", Since: since},
		{Login: "nora", Name: "Nora Hartley", Role: clinical.Clinician, Specialty: plastics, Language: "en", Since: since},
		{Login: "henri", Name: "Henri Caron", Role: clinical.Clinician, Specialty: dermatology, Language: "fr", Since: since},
		{Login: "grace", Name: "Grace Linden", Role: clinical.Educator, Specialty: dermatology, Language: "en", Since: since},
		{Login: "diego", Name: "Diego Salas", Role: clinical.Educator, Specialty: plastics, Language: "es", Since: since},
		{Login: "yuki", Name: "Yuki Morel", Role: clinical.Student, Language: "en", TermEnds: c.date(120), Since: c.at(-60, 8, 0)},
		{Login: "olu", Name: "Olu Bright", Role: clinical.Governance, Language: "en", Since: since, Leads: []clinical.Lead{clinical.GovernanceLead, clinical.SafeguardingLead}},
		{Login: "admin", Name: "Ada Quill", Role: clinical.Admin, Language: "en", Since: since},
	}
}

// The keys of the patients.
const (
	moreau     = "moreau"
	okafor     = "okafor"
	nunez      = "nunez"
	whitfield  = "whitfield"
	lefevre    = "lefevre"
	garcia     = "garcia"
	brennan    = "brennan"
	benoit     = "benoit"
	benoitTwin = "benoit-2"
	ashworth   = "ashworth"
	castano    = "castano"
	daubigne   = "daubigne"
)

// patients are twelve. Their NHS numbers lie in the range 999 000 0000 … that is kept for tests, their INS numbers
// name no French department, and their hospital is nowhere.
func patients(c calendar) []Patient {
	born := func(y int, m time.Month, d int) clinical.Date { return clinical.Date{Year: y, Month: m, Day: d} }
	p := func(n int, family, given string, b clinical.Date, sex clinical.Sex) clinical.Patient {
		return clinical.Patient{
			Family: family, Given: given, Born: b, Sex: sex,
			Identifiers: []clinical.Identifier{{System: "hospital", Value: fmt.Sprintf("%07d%c", 4100000+n*137, 'A'+n)}},
		}
	}
	list := []Patient{
		{moreau, "agreed to teaching in writing", p(1, "Moreau", "Hélène", born(1961, 3, 12), clinical.Female)},
		{okafor, "refused teaching", p(2, "Okafor", "Daniel", born(1984, 11, 2), clinical.Male)},
		{nunez, "agreed by word of mouth, through an interpreter", p(3, "Núñez Ibáñez", "José María", born(1957, 6, 30), clinical.Male)},
		{whitfield, "agreed to be recognisable", p(4, "Whitfield", "Rosalind", born(1978, 1, 19), clinical.Female)},
		{lefevre, "turns 18 tomorrow: the parents' consent ends", p(5, "Lefèvre", "Chloé", birthdayTomorrow(c), clinical.Female)},
		{garcia, "has died", p(6, "García Peña", "Inmaculada", born(1938, 9, 8), clinical.Female)},
		{brennan, "refuses to be photographed", p(7, "Brennan", "Ciarán", born(1990, 4, 23), clinical.Male)},
		{benoit, "agreed; will withdraw in the walk", p(8, "Benoît", "Étienne", born(1969, 12, 5), clinical.Male)},
		{benoitTwin, "has nearly the same name: the wrong patient of the walk", p(9, "Benoit", "Etienne", born(1996, 5, 12), clinical.Male)},
		{ashworth, "is known to the public: named people only", p(10, "Ashworth", "Imogen", born(1972, 8, 14), clinical.Female)},
		{castano, "was asked and has not answered", p(11, "Castaño", "Lucía", born(1999, 2, 27), clinical.Female)},
		{daubigne, "is sixteen and decides herself", p(12, "d’Aubigné", "Solène", c.date(-16*365-90), clinical.Female)},
	}
	for i := range list {
		r := &list[i].Record
		switch list[i].Key {
		case moreau, benoit, daubigne:
			r.Identifiers = append(r.Identifiers, clinical.Identifier{System: "ins", Value: ins(*r, 101+i)})
		case okafor, whitfield, brennan, ashworth, lefevre:
			r.Identifiers = append(r.Identifiers, clinical.Identifier{System: "nhs", Value: nhs(999000101 + 7*i)})
		case garcia:
			r.Deceased = true
		}
		r.PhotographyRefused = list[i].Key == brennan
		r.Vip = list[i].Key == ashworth
	}
	return list
}

// birthdayTomorrow is the birth date of somebody who turns 18 tomorrow. Where tomorrow is 29 February nobody does,
// and it is of somebody who turns 18 the day after.
func birthdayTomorrow(c calendar) clinical.Date {
	t := c.at(1, 12, 0)
	return clinical.DateOf(time.Date(t.Year()-18, t.Month(), t.Day(), 12, 0, 0, 0, time.UTC))
}

// nhs completes nine digits with their check digit, moving on where there is none.
func nhs(nine int) string {
	for ; ; nine++ {
		s := fmt.Sprintf("%09d", nine)
		sum := 0
		for i, c := range s {
			sum += int(c-'0') * (10 - i)
		}
		if check := (11 - sum%11) % 11; check < 10 {
			return s + strconv.Itoa(check)
		}
	}
}

// ins makes a French number from sex and birth, department 99 (born abroad) and a serial, with its key.
func ins(p clinical.Patient, serial int) string {
	sex := 1
	if p.Sex == clinical.Female {
		sex = 2
	}
	body := fmt.Sprintf("%d%02d%02d99%03d%03d", sex, p.Born.Year%100, int(p.Born.Month), 999, serial)
	n, err := strconv.ParseUint(body, 10, 64)
	if err != nil { // digits only, by construction
		return ""
	}
	return fmt.Sprintf("%s%02d", body, 97-n%97)
}

// encounters: the surgeon treats the plastic cases, the dermatologist the rest.
func encounters(c calendar) []Encounter {
	var list []Encounter
	add := func(patient, clinician string, s clinical.Specialty, days int) {
		list = append(list, Encounter{patient, []string{clinician}, clinical.Encounter{Specialty: s, Opened: c.at(days, 9, 0)}})
	}
	for i, key := range []string{moreau, nunez, garcia, benoit, castano, daubigne} {
		add(key, "henri", dermatology, -40-i)
	}
	for i, key := range []string{okafor, whitfield, lefevre, brennan, benoitTwin, ashworth} {
		add(key, "nora", plastics, -30-i)
	}
	return list
}
