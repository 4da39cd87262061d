package main

import (
	"cmp"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

// patient finds a patient by ID or by SYSTEM:NUMBER, whoever treats them. The
// number of a record that was merged finds the one that stands for both.
func (e *env) patient(c *client, ref string) (clinical.PatientID, error) {
	n, err := e.numbered(c, ref)
	return n.ID, err
}

// record is patient, but for a record that was merged: that one itself.
func (e *env) record(c *client, ref string) (clinical.PatientID, error) {
	n, err := e.numbered(c, ref)
	return n.Record, err
}

func (e *env) numbered(c *client, ref string) (wire.Numbered, error) {
	system, number, ok := strings.Cut(ref, ":")
	if !ok {
		id, err := clinical.ParseID[clinical.Patient](ref)
		return wire.Numbered{ID: id, Record: id}, err
	}
	asks := *c
	asks.try = false // it changes nothing
	var n wire.Numbered
	err := asks.post(e.ctx, "/api/v1/patients/find", wire.Identifier{System: system, Value: number}, &n)
	if clinical.KindOf(err) == clinical.NotFound {
		return n, clinical.Refuse(clinical.NotFound, "no-patient", "No patient has this number. Check it, or register the patient with fovea patient add.")
	}
	return n, err
}

// page reads a patient's page.
func (e *env) page(c *client, ref string) (wire.PatientPage, error) {
	var p wire.PatientPage
	id, err := e.patient(c, ref)
	if err == nil {
		err = c.get(e.ctx, "/api/v1/patients/"+id.String(), &p)
	}
	return p, err
}

// people finds persons by login or ID. The operator asks: whoever the command
// acts for need not be one who may list logins.
func (e *env) people(c *client, refs []string) ([]clinical.PersonID, error) {
	out := []clinical.PersonID{}
	if len(refs) == 0 {
		return out, nil
	}
	all, err := everyPage[wire.Person](e.ctx, c.asOperator(), "/api/v1/people")
	if err != nil {
		return nil, err
	}
next:
	for _, ref := range refs {
		for _, p := range all {
			if p.Login == ref || p.ID.String() == ref {
				out = append(out, p.ID)
				continue next
			}
		}
		return nil, clinical.Refuse(clinical.NotFound, "no-person", "Nobody has this login. See fovea user list.")
	}
	return out, nil
}

// person finds one person by login or ID.
func (e *env) person(c *client, ref string) (clinical.PersonID, error) {
	ids, err := e.people(c, []string{ref})
	if err != nil {
		return clinical.PersonID{}, err
	}
	return ids[0], nil
}

// setID takes an ID as it is: a photographer adds pictures to sets that are not
// listed to them. A name is looked up.
func (e *env) setID(c *client, ref string) (clinical.SetID, error) {
	if id, err := clinical.ParseID[clinical.TeachingSet](ref); err == nil {
		return id, nil
	}
	s, err := e.set(c, ref)
	return s.ID, err
}

// set finds a set by ID or by its folder name.
func (e *env) set(c *client, ref string) (wire.Set, error) {
	all, err := everyPage[wire.Set](e.ctx, c, "/api/v1/sets")
	if err != nil {
		return wire.Set{}, err
	}
	for _, s := range all {
		if s.ID.String() == ref || strings.EqualFold(s.Name, ref) {
			return s, nil
		}
	}
	return wire.Set{}, clinical.Refuse(clinical.NotFound, "no-set", "You have no set of this name. See fovea set list.")
}

// ids parses IDs of one kind.
func ids[K any](refs []string) ([]clinical.ID[K], error) {
	out := make([]clinical.ID[K], 0, len(refs))
	for _, r := range refs {
		id, err := clinical.ParseID[K](r)
		if err != nil {
			return nil, clinical.Refuse(clinical.Invalid, "id", r+" is not an ID of 26 characters. Copy it from a list.")
		}
		out = append(out, id)
	}
	return out, nil
}

// day parses YYYY-MM-DD where given.
func day(s string) (clinical.Date, error) { return clinical.ParseDate(s) }

// stamp formats an instant for a table: in the zone of the site that answers,
// or in UTC where a command needs no site.
func (e *env) stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(cmp.Or(e.zone, time.UTC)).Format("2006-01-02 15:04 -07:00")
}

// instant is the first of a day in the zone of the site that answers, as a
// question gives it in its address.
func (e *env) instant(d clinical.Date) string {
	return d.Start(e.zone).UTC().Format("2006-01-02T15:04:05Z")
}
