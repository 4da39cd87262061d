package testenv_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
	"fovea/vault"
	"fovea/vault/badgerstore"
)

// The world of BenchmarkWithdrawal. Each patient has one consent and one
// sitting; one picture of each of the first is in the set.
const (
	worldPictures = 100_000
	worldPatients = 5_000
	worldSet      = 1_000
)

// disk is a gate on a vault that lies on disk as a server's does.
type disk struct {
	*policy.Gate
	vault    *vault.Vault
	patients []clinical.Patient
}

// BenchmarkWithdrawal is one patient's withdrawal among 100,000 pictures and
// 5,000 consents, from the call until it returns: durable on disk, in the
// ledger, taken in and published, while a set of 1,000 that is listed loses a
// picture. Beside the average stands the slowest in a hundred.
func BenchmarkWithdrawal(b *testing.B) {
	d := openDisk(b)
	d.fill(b)
	stop := d.follow(b)
	defer stop()
	stella := clinical.Caller{Person: clinicaltest.ID[clinical.Person]("stella"), Door: clinical.DoorAPI}
	nina := clinical.Caller{Person: clinicaltest.ID[clinical.Person]("nina"), Door: clinical.DoorAPI}
	paula := clinical.Caller{Person: clinicaltest.ID[clinical.Person]("paula"), Door: clinical.DoorAPI}
	ward := clinicaltest.ID[clinical.TeachingSet]("ward")
	listed := func(want int) {
		f, err := d.Folder(b.Context(), stella, ward, clinical.Mount)
		if err != nil || len(f.Entries) != want {
			b.Fatalf("the set has %d entries, want %d: %v", len(f.Entries), want, err)
		}
	}
	listed(worldSet)
	var took []time.Duration
	for b.Loop() {
		patient := d.patients[len(took)%worldSet]
		began := time.Now()
		if _, err := d.Do(b.Context(), nina, clinical.WithdrawConsent{Patient: patient.ID, Reason: "measured"}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
		b.StopTimer() // the patient consents again, so that there are always as many consents
		listed(worldSet - 1)
		if _, err := d.Do(b.Context(), paula, clinical.RecordConsent{Grant: consentOf(patient, len(took))}); err != nil {
			b.Fatal(err)
		}
		listed(worldSet)
		b.StartTimer()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(worldPictures, "pictures")
	b.ReportMetric(worldPatients, "consents")
}

func openDisk(b *testing.B) *disk {
	b.Helper()
	dir := b.TempDir()
	s, err := badgerstore.Open(b.Context(), badgerstore.Options{Dir: filepath.Join(dir, "store")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	key := filepath.Join(dir, "key")
	if err := vault.CreateKeyFile(key); err != nil {
		b.Fatal(err)
	}
	v, _, err := vault.Init(b.Context(), vault.Options{Dir: filepath.Join(dir, "keys"), Keys: vault.KeyFile(key), Store: s, Blobs: s})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = v.Close() })
	d := &disk{vault: v}
	// No search: a withdrawal changes nothing that the index holds.
	d.Gate, err = policy.New(policy.Options{
		Recorder: v, Journal: v, Reader: v, Opener: v, Now: clinicaltest.Now, Zone: clinicaltest.Zone(), ETagKey: v.Derive("etag"),
	})
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// consentOf is what a patient allows of the one sitting.
func consentOf(p clinical.Patient, round int) clinical.Grant {
	g := clinicaltest.Teaching(fmt.Sprint("consent", p.Family, ".", round), "adult")
	g.Patient, g.Covers = p.ID, clinical.Cover{Session: clinicaltest.ID[clinical.Session](p.Family)}
	return g
}

// fill commits the world, as many patients at a time as make a large transaction.
func (d *disk) fill(b *testing.B) {
	b.Helper()
	d.commit(b, clinicaltest.Hospital())
	d.commit(b, clinical.Delta{Sets: []clinical.TeachingSet{clinicaltest.Set("ward")}})
	const batch, each = 50, worldPictures / worldPatients
	for from := 0; from < worldPatients; from += batch {
		var delta clinical.Delta
		for i := from; i < from+batch; i++ {
			name := fmt.Sprint("Invented", i)
			p := clinical.Patient{ID: clinicaltest.ID[clinical.Patient](name), Family: name, Born: clinical.Date{Year: 1950, Month: 1, Day: 1}}
			s := clinical.Session{ID: clinicaltest.ID[clinical.Session](name), Patient: p.ID, Studio: clinicaltest.StudioA}
			d.patients, delta.Patients, delta.Sessions = append(d.patients, p), append(delta.Patients, p), append(delta.Sessions, s)
			delta.Grants = append(delta.Grants, consentOf(p, 0))
			for k := range each {
				a := clinicaltest.Picture(fmt.Sprint(name, ".", k), "adult")
				a.Patient, a.Session, a.Job, a.Encounter = p.ID, s.ID, clinical.JobID{}, clinical.EncounterID{}
				a.Original = clinical.Blob{} // no door reads one here
				delta.Assets = append(delta.Assets, a)
			}
			if i < worldSet {
				first := fmt.Sprint(name, ".0")
				delta.Items = append(delta.Items, clinicaltest.Item("ward", first, i+1))
			}
		}
		d.commit(b, delta)
	}
	for _, p := range d.patients[:worldSet] {
		d.slide(b, p)
	}
}

// slide keeps what the set shows of a patient.
func (d *disk) slide(b *testing.B, p clinical.Patient) {
	b.Helper()
	r := clinicaltest.Slide(p.Family + ".0")
	r.Patient, r.Source = p.ID, clinical.BlobID{}
	owner := clinical.Owner{Patient: p.ID, Asset: r.Asset, Studio: clinicaltest.StudioA}
	_, err := d.vault.Put(b.Context(), owner, strings.NewReader(p.Family), func(blob clinical.Blob) (clinical.Change, error) {
		blob.MIME = "image/jpeg"
		r.Blob = blob
		return clinical.Change{Event: kept(), Delta: clinical.Delta{Renditions: []clinical.Rendition{r}}}, nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func kept() clinical.Event {
	return clinical.Event{At: clinicaltest.Now(), Act: clinical.ActInit, Caller: clinical.Caller{Door: clinical.DoorIngest}}
}

func (d *disk) commit(b *testing.B, delta clinical.Delta) {
	b.Helper()
	if _, err := d.vault.Commit(b.Context(), clinical.Change{Event: kept(), Delta: delta}); err != nil {
		b.Fatal(err)
	}
}

// follow keeps the gate at the journal until stop.
func (d *disk) follow(b *testing.B) (stop func()) {
	b.Helper()
	if err := d.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil && ctx.Err() == nil {
			b.Errorf("the gate stopped: %v", err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}
