package ingest_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/ingest"
)

func TestTableTicketDescribesEachFile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket)
		a, b := w.patient(numberA), w.patient(numberB)
		lesion := clinical.Lesion{ID: clinical.Mint[clinical.Lesion](w.vault.minter), Patient: a.ID, Label: "ulcer, medial"}
		photographer := clinical.Person{ID: clinical.Mint[clinical.Person](w.vault.minter), Login: "mdupont", Role: clinical.Photographer, Studios: []clinical.StudioID{"studio-a"}}
		w.commit(clinical.Delta{Lesions: []clinical.Lesion{lesion}, People: []clinical.Person{photographer}})
		w.shot("1.jpg", exposure{At: day()})
		w.shot("2.jpg", exposure{At: day().Add(time.Minute)})
		w.shot("3.jpg", exposure{At: day().Add(2 * time.Minute)})
		w.drop("ticket.csv", []byte("\ufefffile;patient;system;photographer;view;laterality;ratio;keywords;caption;lesion\r\n"+
			";"+numberA+";nhs;mdupont;L-LEG ANT;L;1:10;ulcer|review;Week 3;ulcer, medial\r\n"+
			"2.jpg;;;;L-LEG MED;L;;;;\r\n"+
			"3.jpg;"+numberB+";nhs;;;;;;Week 1;\r\n"))
		w.run(time.Minute)
		got := map[string]clinical.Asset{}
		for _, x := range w.vault.all() {
			got[x.Name] = x
		}
		if diff := cmp.Diff(map[string]clinical.Reason{"3.jpg": "ticket-lesion"}, w.reasons()); diff != "" {
			t.Fatalf("a general lesion of one patient, and another patient's row: -want +got:\n%s", diff)
		}
		one, two := got["1.jpg"], got["2.jpg"]
		if one.Patient != a.ID || one.Lesion != lesion.ID || one.Caption != "Week 3" || !cmp.Equal(one.Keywords, []string{"ulcer", "review"}) ||
			one.View.Code != "L-LEG ANT" || one.View.Ratio != "1:10" || one.View.Laterality != clinical.Left {
			t.Errorf("1.jpg: %+v", one)
		}
		if two.View.Code != "L-LEG MED" || two.View.Ratio != "" || two.Caption != "Week 3" {
			t.Errorf("2.jpg: %+v", two)
		}
		if s := w.vault.sessions[one.Session]; s.Photographer != photographer.ID || s.Patient != a.ID {
			t.Errorf("session %+v", s)
		}
		if b.ID == a.ID {
			t.Error("patients are the same")
		}
	})
}

func TestOneFilesOwnTicketStandsBeforeTheFolders(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t)
		w.shot("1.jpg", exposure{At: day()})
		w.drop("1.jpg.json", []byte(`{"fovea":"ticket/1","caption":"its own"}`))
		w.run(time.Minute)
		if got := w.vault.all(); len(got) != 1 || got[0].State != clinical.Filed || got[0].Caption != "its own" {
			t.Errorf("kept %+v", got)
		}
		if left := w.left(); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	})
}

func TestTicketThatComesAfterItsPicturesIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket)
		p := w.patient(numberA)
		w.job("26-0001", p, 0)
		b := w.shot("a.jpg", exposure{At: day()})
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(25 * time.Second)
			w.drop("ticket.json", ticketFor("26-0001"))
			<-time.After(15 * time.Second)
			if diff := cmp.Diff([]string{"filed " + p.ID.String()}, w.vault.holds(b)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			<-time.After(time.Minute)
			w.shot("b.jpg", exposure{At: day()})
			<-time.After(time.Minute)
		})
		if diff := cmp.Diff(map[string]clinical.Reason{"b.jpg": "no-ticket"}, w.reasons()); diff != "" {
			t.Errorf("a spent ticket is believed again: -want +got:\n%s", diff)
		}
	})
}

func TestFileNamesIdentifyByPattern(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RulePattern)
		p := w.patient(numberA)
		w.job("26-0001", p, 0)
		for _, n := range []string{"26-0001_x.jpg", "P9434765919_x.jpg", "P9434765910_x.jpg", "26-0404_x.jpg", "holiday.jpg", "a26-0001_x.jpg"} {
			w.shot(n, exposure{At: day()})
		}
		w.run(time.Minute)
		want := map[string]string{
			"26-0001_x.jpg": "filed A", "P9434765919_x.jpg": "filed A",
			"P9434765910_x.jpg": "quarantined check-digit", "26-0404_x.jpg": "quarantined unknown-job",
			"holiday.jpg": "quarantined name-unmatched", "a26-0001_x.jpg": "quarantined name-unmatched",
		}
		w.expect(map[string]clinical.Patient{"A": p}, want)
	})
}

func TestTicketAndNameMustAgree(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket, ingest.RulePattern)
		a := w.patient(numberA)
		w.patient(numberB)
		w.job("26-0001", a, 0)
		w.drop("t/ticket.json", ticketFor("26-0001"))
		w.shot("t/26-0001_1.jpg", exposure{At: day()})
		w.shot("t/P4010232137_2.jpg", exposure{At: day()})
		w.shot("t/any.jpg", exposure{At: day()})
		w.shot("P9434765919_4.jpg", exposure{At: day()})
		w.shot("nothing.jpg", exposure{At: day()})
		w.run(time.Minute)
		w.expect(map[string]clinical.Patient{"A": a}, map[string]string{
			"26-0001_1.jpg": "filed A", "P4010232137_2.jpg": "quarantined sources-disagree", "any.jpg": "filed A",
			"P9434765919_4.jpg": "filed A", "nothing.jpg": "quarantined unidentified",
		})
	})
}

func TestMergedRecordIsFollowedAndRefusalHeard(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RulePattern)
		now := w.patient(numberA)
		w.patient(numberB, func(p *clinical.Patient) { p.MergedInto = now.ID })
		w.patient("943 476 5870", func(p *clinical.Patient) { p.PhotographyRefused = true })
		w.shot("P4010232137_1.jpg", exposure{At: day()})
		w.shot("P9434765870_1.jpg", exposure{At: day()})
		w.run(time.Minute)
		w.expect(map[string]clinical.Patient{"A": now}, map[string]string{
			"P4010232137_1.jpg": "filed A", "P9434765870_1.jpg": "quarantined photography-refused",
		})
	})
}

func TestSameBytesAreKeptOncePerPatient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RulePattern)
		w.patient(numberA)
		w.patient(numberB)
		b := w.shot("P9434765919_1.jpg", exposure{At: day()})
		w.drop("P9434765919_copy.jpg", b)
		w.drop("P4010232137_1.jpg", b)
		w.run(time.Minute)
		if n := len(w.vault.holds(b)); n != 2 {
			t.Errorf("kept %d times, want once for each of two patients", n)
		}
		want := clinical.LandingCounts{Found: 3, Kept: 2, Duplicate: 1}
		if r := w.receipts(); len(r) != 1 || r[0].LandingCounts != want {
			t.Errorf("receipts %+v, want %+v", r, want)
		}
		if left := w.left(); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	})
}

func TestFileDroppedAgainAfterItWasRejectedIsKeptAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket)
		at := time.Now().Add(-time.Hour)
		again := func(b []byte) {
			path := filepath.Join(w.folder, "1.jpg")
			w.drop("1.jpg", b)
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
			w.run(2 * time.Minute)
		}
		b := picture(t, exposure{At: day()})
		again(b)
		reason := filepath.Join(w.folder, "_quarantine", "1.jpg.reason.txt")
		if _, err := os.Stat(reason); err != nil {
			t.Error("no reason was written")
		}
		rejected := w.vault.all()[0]
		rejected.State = clinical.Discarded
		w.commit(clinical.Delta{Assets: []clinical.Asset{rejected}})
		w.run(time.Minute)
		if _, err := os.Stat(reason); err == nil {
			t.Error("the reason outlived the quarantine")
		}
		again(b)
		if n := len(w.vault.holds(b)); n != 1 {
			t.Errorf("kept %d times after it was rejected, want 1", n)
		}
	})
}

func TestDoneFolderOverwritesNothingAndExpires(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RulePattern)
		w.opt.Studios[0].Dispose, w.opt.Studios[0].Retain = ingest.DisposeDone, 48*time.Hour
		w.patient(numberA)
		one := w.shot("ward/P9434765919_1.jpg", exposure{At: day()})
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		today := time.Now().UTC().Format(time.DateOnly)
		w.during(in, func() {
			<-time.After(time.Minute)
			two := w.shot("ward/P9434765919_1.jpg", exposure{At: day()})
			<-time.After(time.Minute)
			for name, want := range map[string][]byte{"P9434765919_1.jpg": one, "P9434765919_1 (2).jpg": two} {
				got, err := os.ReadFile(filepath.Join(w.folder, "done", today, "ward", name))
				if err != nil || string(got) != string(want) {
					t.Errorf("%s in done: %v", name, err)
				}
			}
			if _, err := os.Stat(filepath.Join(w.folder, "ward")); err == nil {
				t.Error("the emptied folder is left")
			}
			<-time.After(4 * 24 * time.Hour)
		})
		if left := w.left(); len(left) != 0 {
			t.Errorf("left after the retention: %q", left)
		}
	})
}

func TestImportRunsTheSamePathAndLeavesTheSources(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket)
		p := w.patient(numberA)
		w.job("26-0001", p, 0)
		card := t.TempDir()
		folder := w.folder
		w.folder = card
		b := w.shot("DCIM/1.jpg", exposure{At: day()})
		w.drop("DCIM/ticket.json", ticketFor("26-0001"))
		w.shot("other/2.jpg", exposure{At: day()})
		for n := range 100 {
			w.shot(filepath.Join("DCIM", strings.Repeat("x", n+1)+".jpg"), exposure{At: day()})
		}
		w.folder = folder
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		r, err := in.Import(t.Context(), "studio-a", []string{card}, func(done, total int) {
			if done < last || total != 103 {
				t.Errorf("progress %d of %d after %d", done, total, last)
			}
			last = done
		})
		if err != nil {
			t.Fatal(err)
		}
		want := clinical.LandingCounts{Found: 103, Kept: 101, Quarantined: 1, Ignored: 1}
		if r.LandingCounts != want || last != 103 {
			t.Errorf("receipt %+v, progress %d", r, last)
		}
		if diff := cmp.Diff([]string{"filed " + p.ID.String()}, w.vault.holds(b)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if _, err := os.Stat(filepath.Join(card, "DCIM", "1.jpg")); err != nil {
			t.Error("the source is gone")
		}
		again, err := in.Import(t.Context(), "studio-a", []string{filepath.Join(card, "DCIM", "1.jpg")}, nil)
		if err != nil || again.Duplicate != 1 || len(w.vault.holds(b)) != 1 {
			t.Errorf("imported again: %+v (%v)", again, err)
		}
		if _, err := in.Import(t.Context(), "studio-z", nil, nil); clinical.KindOf(err) != clinical.NotFound {
			t.Errorf("unknown studio: %v", err)
		}
	})
}

func TestFaultsOfTheConfigurationAreToldTogether(t *testing.T) {
	_, err := ingest.New(ingest.Options{Studios: []ingest.Studio{
		{ID: "Studio A", Folder: "relative", Rules: []ingest.Rule{"guess"}},
		{ID: "b", Folder: "/srv/b", Rules: []ingest.Rule{ingest.RulePattern}, Pattern: "("},
		{ID: "b", Folder: "/srv/b/inner", Rules: []ingest.Rule{ingest.RuleIDShot}, Dispose: "shred"},
	}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"lower-case", "absolute", "guess", "pattern", "two studios", "in one another", "shred", "required", "reads labels"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in: %v", want, err)
		}
	}
}

func TestEveryReasonEndsWithWhatToDo(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "docs", "studio-guide.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range ingest.Reasons() {
		w := ingest.Words(r)
		if !strings.HasSuffix(w, ".") || len(w) < 30 || strings.Contains(w, "!") {
			t.Errorf("%s: %q", r, w)
		}
		if !strings.Contains(string(guide), "`"+string(r)+"`") {
			t.Errorf("%s is not in the studio guide", r)
		}
		if strings.HasPrefix(w, "This file could not be filed") {
			t.Errorf("%s has no words of its own", r)
		}
	}
}

func TestTwoTicketsInOneFolderMustAgree(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, p := ticketed(t)
		w.patient(numberB)
		w.shot("1.jpg", exposure{At: day()})
		w.shot("2.jpg", exposure{At: day()})
		w.drop("Ticket.CSV", []byte("file,patient\n1.jpg,"+numberA+"\n2.jpg,"+numberB+"\n"))
		w.run(time.Minute)
		w.expect(map[string]clinical.Patient{"A": p}, map[string]string{"1.jpg": "filed A", "2.jpg": "quarantined sources-disagree"})
	})
}

func TestSessionBeganWithItsEarliestFrame(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t)
		w.opt.Workers = 1
		w.shot("a.jpg", exposure{At: day().Add(10 * time.Minute)})
		w.shot("b.jpg", exposure{At: day()})
		w.shot("c.jpg", exposure{At: day().Add(2 * time.Hour)})
		w.run(time.Minute)
		var began []time.Time
		for _, s := range w.vault.sessions {
			began = append(began, s.Began)
		}
		slices.SortFunc(began, time.Time.Compare)
		if diff := cmp.Diff([]time.Time{day(), day().Add(2 * time.Hour)}, began); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
