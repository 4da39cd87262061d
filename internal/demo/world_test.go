package demo_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/ingest/label"
	"fovea/internal/demo"
)

func zone(tb testing.TB) *time.Location {
	tb.Helper()
	z, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

func world(tb testing.TB) (demo.World, time.Time) {
	tb.Helper()
	now := time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC) // the 21st in Paris
	return demo.New(now, zone(tb)), now
}

func TestEveryRoleOfTheDemoIsThere(t *testing.T) {
	w, now := world(t)
	count := map[clinical.Role]int{}
	logins := map[string]bool{}
	for _, p := range w.People {
		count[p.Role]++
		logins[p.Login] = true
		p.ID = clinical.PersonID{1}
		if !p.ActiveAt(now, zone(t)) {
			t.Errorf("%s may not act", p.Login)
		}
	}
	want := map[clinical.Role]int{
		clinical.Photographer: 2, clinical.Clinician: 2, clinical.Educator: 2, clinical.Student: 1, clinical.Governance: 1, clinical.Admin: 1,
	}
	if diff := cmp.Diff(want, count); diff != "" || len(logins) != len(w.People) {
		t.Errorf("%d logins of %d people (-want +got)\n%s", len(logins), len(w.People), diff)
	}
}

func TestTwelvePatientsHaveValidNumbersAndTheirStories(t *testing.T) {
	w, now := world(t)
	rules := map[string]clinical.IdentifierRule{}
	for _, r := range w.Rules {
		rules[r.System] = r
	}
	seen := map[string]bool{}
	by := map[string]clinical.Patient{}
	for _, p := range w.Patients {
		by[p.Key] = p.Record
		if p.Story == "" || p.Record.Family == "" || p.Record.Given == "" || p.Record.Born.IsZero() {
			t.Errorf("%s is not whole", p.Key)
		}
		for _, id := range p.Record.Identifiers {
			got, err := rules[id.System].Parse(id.Value)
			if err != nil || got != id || seen[id.System+id.Value] {
				t.Errorf("%s: number of %s: %v", p.Key, id.System, err)
			}
			seen[id.System+id.Value] = true
		}
	}
	if len(by) != 12 {
		t.Errorf("%d patients", len(by))
	}
	z := zone(t)
	if child := by["lefevre"]; child.AdultAt(now, z) || !child.AdultAt(now.Add(24*time.Hour), z) {
		t.Errorf("born %s, she should turn 18 tomorrow", child.Born)
	}
	if !by["garcia"].Deceased || !by["brennan"].PhotographyRefused || !by["ashworth"].Vip {
		t.Error("a flag is missing")
	}
}

// TestBirthdayIsTomorrowOnEveryDay tries four years of days. On the eve of 29 February nobody turns 18, and it is the
// day after.
func TestBirthdayIsTomorrowOnEveryDay(t *testing.T) {
	z := zone(t)
	for day := range 4 * 366 {
		now := time.Date(2026, 1, 1+day, 12, 0, 0, 0, z)
		tomorrow := clinical.DateOf(now.AddDate(0, 0, 1))
		want := tomorrow
		if tomorrow.Month == time.February && tomorrow.Day == 29 {
			want = clinical.Date{Year: tomorrow.Year, Month: time.March, Day: 1}
		}
		for _, p := range demo.New(now, z).Patients {
			if p.Key == "lefevre" && p.Record.Born.Anniversary(18) != want {
				t.Fatalf("on %v she turns 18 on %s", now, p.Record.Born.Anniversary(18))
			}
		}
	}
}

func TestEverythingNamedIsThere(t *testing.T) {
	w, _ := world(t)
	people, patients, numbers, frames := map[string]clinical.Role{}, map[string]bool{}, map[string]string{}, map[string]demo.Frame{}
	for _, p := range w.People {
		people[p.Login] = p.Role
	}
	for _, p := range w.Patients {
		patients[p.Key] = true
	}
	for _, j := range w.Jobs {
		if numbers[j.Record.Number] != "" || !patients[j.Patient] || people[j.Requester] != clinical.Clinician ||
			people[j.Photographer] != clinical.Photographer {
			t.Errorf("job %s", j.Record.Number)
		}
		numbers[j.Record.Number] = j.Patient
	}
	if numbers["26-1187"] == "" {
		t.Error("there is no job 26-1187")
	}
	for _, e := range w.Encounters {
		if !patients[e.Patient] || people[e.Team[0]] != clinical.Clinician {
			t.Errorf("encounter of %s", e.Patient)
		}
		delete(patients, e.Patient)
	}
	if len(patients) > 0 {
		t.Errorf("nobody treats %v", patients)
	}
	names := map[string]bool{}
	for _, s := range w.Shoots {
		if numbers[s.Job] == "" {
			t.Errorf("shoot of no job %s", s.Job)
		}
		for _, f := range s.Frames {
			key := string(s.Studio) + "/" + s.Folder + "/" + f.Name
			if names[key] {
				t.Errorf("two files %s", key)
			}
			names[key] = true
			frames[s.Job+"/"+f.Name] = f
		}
	}
	for _, s := range w.Sets {
		if people[s.Owner] != clinical.Educator || len(s.Pictures) == 0 || len(s.Pictures) != len(s.Labels) || s.Publish == s.Owner {
			t.Errorf("set %s", s.Record.Name)
		}
		for _, p := range s.Pictures {
			if _, ok := frames[p]; !ok {
				t.Errorf("set %s holds no picture %s", s.Record.Name, p)
			}
		}
	}
	for _, c := range w.Consents {
		if people[c.RecordedBy] != clinical.Photographer || c.Record.Covers.IsZero() {
			t.Errorf("consent of %s", c.Patient)
		}
	}
}

func TestWalkHasThreePatientsAndOneForgottenIDShot(t *testing.T) {
	w, now := world(t)
	var walk []demo.Shoot
	for _, s := range w.Shoots {
		if s.Held && !s.Ticket {
			walk = append(walk, s)
		}
	}
	if len(walk) != 3 {
		t.Fatalf("%d shoots", len(walk))
	}
	for i, s := range walk {
		begins := s.Frames[0].Kind == demo.Label
		if begins != (i != 1) {
			t.Errorf("shoot %d begins with an ID shot: %v", i, begins)
		}
		if begins {
			code, err := label.Parse(s.Frames[0].Options.Payload)
			if want := (label.Payload{Kind: label.Job, Number: s.Job}); err != nil || code != want {
				t.Errorf("its code says %+v (%v), want %+v", code, err, want)
			}
		}
		if s.Frames[0].Options.Camera != walk[0].Frames[0].Options.Camera {
			t.Error("they are of different cameras")
		}
		for _, f := range s.Frames {
			if f.Options.Taken.After(now) {
				t.Errorf("%s is of the future", f.Name)
			}
		}
		if i > 0 && !walk[i-1].Frames[len(walk[i-1].Frames)-1].Options.Taken.Before(s.Frames[0].Options.Taken) {
			t.Error("they overlap")
		}
	}
}

func TestTicketNamesItsJobAndItsFiles(t *testing.T) {
	w, _ := world(t)
	b, err := w.Shoots[0].TicketJSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Format string `json:"fovea"`
		Job    string
		Files  map[string]struct{ Caption string }
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != "ticket/1" || got.Job != w.Shoots[0].Job || len(got.Files) != len(w.Shoots[0].Frames) {
		t.Errorf("ticket %s", b)
	}
}

func TestSameMomentInventsTheSameWorld(t *testing.T) {
	a, now := world(t)
	if diff := cmp.Diff(a, demo.New(now, zone(t)), cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
		t.Error(diff)
	}
	if i := slices.IndexFunc(a.Patients, func(p demo.Patient) bool { return strings.ContainsAny(p.Record.Family, "éèîñçÑ") }); i < 0 {
		t.Error("nobody's name has an accent")
	}
}
