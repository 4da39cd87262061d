package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
	"fovea/internal/demo"
)

// seeder makes the invented hospital through the doors that everybody uses:
// people and patients by command, pictures through the watch folders.
type seeder struct {
	system *system
	world  demo.World
	at     demoPlaces

	out      demoFile
	people   map[string]clinical.PersonID
	patients map[string]clinical.PatientID
	assets   map[string]clinical.Asset // by JOB/NAME
}

// seedWithin bounds the whole of it.
const seedWithin = 5 * time.Minute

func (s *seeder) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, seedWithin)
	defer cancel()
	s.people, s.patients, s.assets = map[string]clinical.PersonID{}, map[string]clinical.PatientID{}, map[string]clinical.Asset{}
	s.out = demoFile{Format: "demo/1", URL: "https://" + s.system.address, CAFile: filepath.Join(s.at.data, "tls", "ca.pem"), Data: s.at.data, Walk: s.at.walk}
	for _, step := range []func(context.Context) error{
		s.addPeople, s.addPatients, s.addJobs, s.addConsents, s.land, s.classify, s.addSets, s.describe,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return s.at.write(s.out)
}

// do commits one command as a person, or as the operator when login is empty.
func (s *seeder) do(ctx context.Context, login string, cmd clinical.Command) (clinical.Change, error) {
	c := clinical.Caller{Person: s.people[login], Operator: "demo", Door: clinical.DoorCLI}
	ch, err := s.system.gate.Do(ctx, c, cmd)
	if err != nil {
		return ch, clinical.Errorf(clinical.KindOf(err), "demo: %T: %w", cmd, err)
	}
	return ch, nil
}

// password is random and easy to type; the demo's people get theirs once.
func password() (string, error) {
	var b [10]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", clinical.Errorf(clinical.Unavailable, "demo: no random bits: %w", err)
	}
	t := strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
	return t[:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:16], nil
}

func (s *seeder) addPeople(ctx context.Context) error {
	for _, p := range s.world.People {
		ch, err := s.do(ctx, "", clinical.AddPerson{Person: p})
		if err != nil {
			return err
		}
		id := ch.People[0].ID
		s.people[p.Login] = id
		word, err := password()
		if err != nil {
			return err
		}
		if err := s.system.login.SetPassword(ctx, id, word); err != nil {
			return err
		}
		app, err := s.system.login.IssueAppPassword(ctx, id, "demo", nil, 90)
		if err != nil {
			return err
		}
		s.out.People = append(s.out.People, demoPerson{ID: id, Login: p.Login, Name: p.Name, Role: p.Role, Password: word, AppPassword: app.Secret})
	}
	return nil
}

// first is the login of somebody of a role.
func (s *seeder) first(r clinical.Role) string {
	for _, p := range s.world.People {
		if p.Role == r {
			return p.Login
		}
	}
	return ""
}

func (s *seeder) addPatients(ctx context.Context) error {
	by := s.first(clinical.Photographer)
	for _, p := range s.world.Patients {
		ch, err := s.do(ctx, by, clinical.AddPatient{Patient: p.Record})
		if err != nil {
			return err
		}
		id := ch.Patients[0].ID
		s.patients[p.Key] = id
		d := demoPatient{ID: id, Key: p.Key, Story: p.Story, Family: p.Record.Family, Given: p.Record.Given}
		if len(p.Record.Identifiers) > 0 {
			d.System, d.Number = p.Record.Identifiers[0].System, p.Record.Identifiers[0].Value
		}
		s.out.Patients = append(s.out.Patients, d)
	}
	for _, e := range s.world.Encounters {
		r := e.Record
		r.Patient = s.patients[e.Patient]
		for _, login := range e.Team {
			r.Team = append(r.Team, s.people[login])
		}
		if _, err := s.do(ctx, by, clinical.OpenEncounter{Encounter: r}); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeder) addJobs(ctx context.Context) error {
	cmd := clinical.AddJobs{}
	for _, j := range s.world.Jobs {
		r := j.Record
		r.Patient, r.Requester, r.Photographer = s.patients[j.Patient], s.people[j.Requester], s.people[j.Photographer]
		cmd.Jobs = append(cmd.Jobs, r)
	}
	ch, err := s.do(ctx, s.first(clinical.Photographer), cmd)
	if err != nil {
		return err
	}
	for _, j := range ch.Jobs {
		d := demoJob{ID: j.ID, Number: j.Number, Patient: j.Patient}
		for _, x := range s.world.Shoots {
			if x.Job == j.Number {
				d.Studio, d.Filed = x.Studio, !x.Held
			}
		}
		s.out.Jobs = append(s.out.Jobs, d)
	}
	return nil
}

func (s *seeder) addConsents(ctx context.Context) error {
	for _, c := range s.world.Consents {
		g := c.Record
		g.Patient = s.patients[c.Patient]
		ch, err := s.do(ctx, c.RecordedBy, clinical.RecordConsent{Grant: g})
		if err != nil {
			return err
		}
		s.out.Grants = append(s.out.Grants, demoGrant{ID: ch.Grants[0].ID, Patient: g.Patient, Status: ch.Grants[0].Status})
	}
	return nil
}

// land drops the shoots and waits until each frame was filed.
func (s *seeder) land(ctx context.Context) error {
	after := s.system.vault.Head()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.dropAll(gctx) })
	g.Go(func() (err error) {
		after, err = s.arrive(gctx, after)
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return s.settled(ctx, after)
}

// arrive follows the journal behind after until each frame that is dropped was
// filed, and returns how far that is.
func (s *seeder) arrive(ctx context.Context, after uint64) (uint64, error) {
	waiting := s.expected()
	for len(waiting) > 0 {
		changes, err := s.system.vault.Changes(ctx, after, 500)
		if err != nil {
			return after, clinical.Errorf(clinical.Unavailable, "demo: %d files did not arrive: %w", len(waiting), err)
		}
		for _, ch := range changes {
			after = ch.Seq
			for _, a := range ch.Delta.Assets {
				if err := s.arrived(a, waiting); err != nil {
					return after, err
				}
			}
		}
	}
	return after, nil
}

// expected are the files that are dropped: studio and file name → JOB/NAME.
func (s *seeder) expected() map[string]string {
	waiting := map[string]string{}
	for _, x := range s.world.Shoots {
		for _, f := range x.Frames {
			if !x.Held {
				waiting[string(x.Studio)+"/"+f.Name] = x.Job + "/" + f.Name
			}
		}
	}
	return waiting
}

// arrived notes one that was filed.
func (s *seeder) arrived(a clinical.Asset, waiting map[string]string) error {
	if a.State == clinical.Quarantined {
		return clinical.Errorf(clinical.Internal, "demo: a file was quarantined: %s", a.Reason)
	}
	key := string(a.Studio) + "/" + a.Name
	if at, ok := waiting[key]; ok && a.State == clinical.Filed {
		s.assets[at] = a
		delete(waiting, key)
	}
	return nil
}

// settled waits until search and the gate have what the vault has.
func (s *seeder) settled(ctx context.Context, seq uint64) error {
	if err := s.system.index.WaitFor(ctx, seq); err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	who := clinical.Caller{Person: s.people[s.first(clinical.Photographer)], Door: clinical.DoorCLI}
	for {
		scope, err := s.system.gate.Scope(who, clinical.Care())
		if err != nil || scope.Version >= seq {
			return err
		}
		select {
		case <-ctx.Done():
			return clinical.Errorf(clinical.Unavailable, "demo: the gate does not follow: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func (s *seeder) classify(ctx context.Context) error {
	for _, x := range s.world.Shoots {
		byKind := map[[2]bool]*clinical.ClassifyAssets{}
		for _, f := range x.Frames {
			a, ok := s.assets[x.Job+"/"+f.Name]
			if !ok || f.Sensitivity == 0 {
				continue
			}
			key := [2]bool{f.NoIdentifyingFeature, f.Sensitivity != clinical.Plain}
			if byKind[key] == nil {
				byKind[key] = &clinical.ClassifyAssets{Sensitivity: f.Sensitivity, NoIdentifyingFeature: f.NoIdentifyingFeature}
			}
			byKind[key].Assets = append(byKind[key].Assets, a.ID)
		}
		for _, cmd := range byKind {
			if _, err := s.do(ctx, x.Photographer, *cmd); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *seeder) addSets(ctx context.Context) error {
	for _, x := range s.world.Sets {
		r := x.Record
		for _, login := range x.Roster {
			r.Roster = append(r.Roster, s.people[login])
		}
		ch, err := s.do(ctx, x.Owner, clinical.CreateSet{Set: r})
		if err != nil {
			return err
		}
		id := ch.Sets[0].ID
		if err := s.fill(ctx, id, x); err != nil {
			return err
		}
		if x.Publish != "" {
			if _, err := s.do(ctx, x.Owner, clinical.SubmitSet{Set: id}); err != nil {
				return err
			}
			if _, err := s.do(ctx, x.Publish, clinical.PublishSet{Set: id}); err != nil {
				return err
			}
		}
		s.out.Sets = append(s.out.Sets, demoSet{ID: id, Name: r.Name, Owner: x.Owner, Path: "/dav/teaching/" + r.Name + "/"})
	}
	return nil
}

// fill adds a set's pictures in order, each by the photographer who took it.
func (s *seeder) fill(ctx context.Context, set clinical.SetID, x demo.Set) error {
	taken := map[string]string{}
	for _, shoot := range s.world.Shoots {
		taken[shoot.Job] = shoot.Photographer
	}
	for i, key := range x.Pictures {
		job, _, _ := strings.Cut(key, "/")
		add := clinical.AddToSet{Set: set, Assets: []clinical.AssetID{s.assets[key].ID}, Labels: x.Labels[i : i+1]}
		if _, err := s.do(ctx, taken[job], add); err != nil {
			return err
		}
	}
	return nil
}

// describe adds what a program that tries the demo needs to know of studios.
func (s *seeder) describe(context.Context) error {
	for _, st := range s.world.Studios {
		d := demoStudio{ID: st.ID, Name: st.Name, Folder: s.at.folder(st.ID), Rules: st.Rules}
		for _, x := range s.world.Shoots {
			if x.Studio == st.ID && x.Ticket {
				b, err := x.TicketJSON()
				if err != nil {
					return err
				}
				d.Ticket = b
			}
		}
		s.out.Studios = append(s.out.Studios, d)
	}
	return nil
}
