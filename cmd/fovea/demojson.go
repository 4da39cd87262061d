package main

import (
	"encoding/json"
	"os"

	"fovea/clinical"
)

// demoFile is demo.json: what a person, or a program, needs to try the demo.
// docs/formats/demo.md describes it.
type demoFile struct {
	Format   string        `json:"fovea"` // demo/1
	URL      string        `json:"url"`
	CAFile   string        `json:"ca_file"`
	Data     string        `json:"data"`
	Walk     string        `json:"walk"`
	People   []demoPerson  `json:"people"`
	Studios  []demoStudio  `json:"studios"`
	Patients []demoPatient `json:"patients"`
	Jobs     []demoJob     `json:"jobs"`
	Grants   []demoGrant   `json:"grants"`
	Sets     []demoSet     `json:"sets"`
}

type demoPerson struct {
	ID          clinical.PersonID `json:"id"`
	Login       string            `json:"login"`
	Name        string            `json:"name"`
	Role        clinical.Role     `json:"role"`
	Password    string            `json:"password"`
	AppPassword string            `json:"app_password"`
}

type demoStudio struct {
	ID     clinical.StudioID `json:"id"`
	Name   string            `json:"name"`
	Folder string            `json:"folder"`
	Rules  []string          `json:"rules"`
	// Ticket is an example of a ticket that this studio takes.
	Ticket json.RawMessage `json:"ticket_example"`
}

type demoPatient struct {
	ID     clinical.PatientID `json:"id"`
	Key    string             `json:"key"`
	Story  string             `json:"story"`
	Family string             `json:"family"`
	Given  string             `json:"given"`
	System string             `json:"system"`
	Number string             `json:"number"`
}

type demoJob struct {
	ID      clinical.JobID     `json:"id"`
	Number  string             `json:"number"`
	Patient clinical.PatientID `json:"patient"`
	Studio  clinical.StudioID  `json:"studio"`
	Filed   bool               `json:"filed"`
}

type demoGrant struct {
	ID      clinical.GrantID     `json:"id"`
	Patient clinical.PatientID   `json:"patient"`
	Status  clinical.GrantStatus `json:"status"`
}

type demoSet struct {
	ID    clinical.SetID `json:"id"`
	Name  string         `json:"name"`
	Owner string         `json:"owner"`
	Path  string         `json:"path"`
}

func (d demoFile) person(login string) demoPerson {
	for _, p := range d.People {
		if p.Login == login {
			return p
		}
	}
	return demoPerson{}
}

func (at demoPlaces) read() (demoFile, error) {
	var d demoFile
	b, err := os.ReadFile(at.json)
	if err != nil {
		return d, clinical.Refuse(clinical.NotFound, "demo-json", "demo.json is gone from beside DATA. Remove DATA and start the demo anew.")
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return d, clinical.Errorf(clinical.Corrupt, "demo.json: %w", err)
	}
	return d, nil
}

// moved notes in demo.json that the demo answers at another address now.
func (at demoPlaces) moved(address string) error {
	d, err := at.read()
	if err != nil || d.URL == "https://"+address {
		return err
	}
	d.URL = "https://" + address
	return at.write(d)
}

// write replaces demo.json, readable by its owner alone.
func (at demoPlaces) write(d demoFile) error {
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return clinical.Errorf(clinical.Internal, "demo.json: %w", err)
	}
	if err := writeWhole(at.json, b); err != nil {
		return clinical.Errorf(clinical.Unavailable, "demo.json: %w", err)
	}
	return nil
}
