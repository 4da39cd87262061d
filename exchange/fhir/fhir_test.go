package fhir_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/exchange/fhir"
)

// Where `make fhir` has the bundle for the validators written.
var bundleFile = flag.String("bundle", "", "write a bundle of generated consents to this file")

// same compares instants, not the zones they are written in.
func same() cmp.Option {
	return cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })}
}

// full is a grant with every field filled.
func full() clinical.Grant {
	g := clinicaltest.Teaching("full", "child")
	now := clinicaltest.Now()
	g.Rev, g.Status = 42, clinical.GrantWithdrawn
	g.Covers = clinical.Cover{
		Session: clinicaltest.ID[clinical.Session]("s"), CourseFrom: now.AddDate(0, -1, 0), CourseUntil: now.AddDate(0, 5, 0),
		Lesion: clinicaltest.ID[clinical.Lesion]("l"), Assets: []clinical.AssetID{clinicaltest.ID[clinical.Asset]("a"), clinicaltest.ID[clinical.Asset]("b")}, All: true,
	}
	g.Purposes = clinical.Purposes()
	g.Channels = clinical.ViewOnScreen | clinical.Mount | clinical.Download | clinical.Print | clinical.Online
	g.IntimateBeyondA2, g.NamedUse, g.Study, g.Ethics = true, "Annales de dermatologie, mai 2027", "STUDY-7", "CPP Île-de-France 2026-118"
	g.Expires, g.ReviewAt = clinical.Date{Year: 2028, Month: 2, Day: 29}, clinical.Date{Year: 2031, Month: 6, Day: 1}
	g.Capacity, g.Temporary, g.Giver, g.Relationship, g.SecondGiver = clinical.Parental, true, "José Álvarez", "père", "Zoë Núñez"
	g.Assent, g.Witness, g.Interpreter, g.Language = clinical.Assented, "Siân Whitcombe", "Łukasz", "fr-CA"
	g.FormVersion, g.FormBlob = "fovea-1-fr", clinicaltest.ID[clinical.Blob]("scan")
	g.TakenBeforePhoto, g.ImagesShown, g.CopyGiven = true, true, true
	g.Supersedes, g.WithdrawnAt, g.WithdrawnBy, g.WithdrawalReason = clinicaltest.ID[clinical.Grant]("old"), now, g.RecordedBy, "sur demande\ndu patient"
	return g
}

// grants draws a grant of any kind, sensible or not.
func grants() *rapid.Generator[clinical.Grant] {
	return rapid.Custom(func(t *rapid.T) clinical.Grant {
		text := func(name string) string {
			return rapid.SampledFrom([]string{"", "Aurélie Fontaine", "Œuvre «été»", "a\nb", "日本", " x "}).Draw(t, name)
		}
		yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
		at := func(name string) time.Time {
			if yes("no " + name) {
				return time.Time{}
			}
			return time.Unix(rapid.Int64Range(-1e9, 4e9).Draw(t, name), rapid.Int64Range(0, 999_999_999).Draw(t, name+" ns")).In(clinicaltest.Zone())
		}
		day := func(name string) clinical.Date { return clinical.DateOf(at(name)) }
		g := clinicaltest.Teaching(rapid.StringMatching(`[a-z]{8}`).Draw(t, "id"), "adult")
		g.Rev = rapid.Uint64().Draw(t, "rev")
		g.Status = rapid.SampledFrom([]clinical.GrantStatus{
			clinical.GrantRequested, clinical.GrantPending, clinical.GrantGiven, clinical.GrantRefused,
			clinical.GrantWithdrawn, clinical.GrantSuperseded, clinical.GrantEnteredInError,
		}).Draw(t, "status")
		g.Mode = rapid.SampledFrom([]clinical.Mode{"", clinical.Written, clinical.Electronic, clinical.Verbal, clinical.Implied}).Draw(t, "mode")
		g.Covers = cover(t, yes, at)
		g.Purposes = rapid.SliceOfN(rapid.SampledFrom(clinical.Purposes()), 0, 4).Draw(t, "purposes")
		g.Audience = clinical.Audience(rapid.Uint8Range(0, uint8(clinical.A6)).Draw(t, "audience"))
		g.Level = clinical.Identifiability(rapid.Uint8Range(0, uint8(clinical.I0)).Draw(t, "level"))
		g.Channels = clinical.Channel(rapid.Uint8Range(0, 31).Draw(t, "channels"))
		g.IntimateBeyondA2, g.Temporary, g.TakenBeforePhoto, g.ImagesShown, g.CopyGiven = yes("i"), yes("t"), yes("b"), yes("s"), yes("c")
		g.NamedUse, g.Study, g.Ethics = text("use"), text("study"), text("ethics")
		g.ValidFrom, g.RecordedAt, g.WithdrawnAt = at("from"), at("recorded"), at("withdrawn")
		g.Expires, g.ReviewAt = clinical.Date{}, clinical.Date{}
		if yes("expires") {
			g.Expires = day("expiry")
		}
		if yes("review") {
			g.ReviewAt = day("review at")
		}
		g.Capacity = rapid.SampledFrom([]clinical.Capacity{
			"", clinical.AdultCapacity, clinical.Parental, clinical.MatureMinor, clinical.BestInterest, clinical.DeceasedCapacity,
		}).Draw(t, "capacity")
		g.Assent = rapid.SampledFrom([]clinical.Assent{clinical.AssentNotAsked, clinical.Assented, clinical.Dissented}).Draw(t, "assent")
		g.Giver, g.Relationship, g.SecondGiver, g.Witness, g.Interpreter = text("giver"), text("rel"), text("second"), text("witness"), text("interpreter")
		g.Language = rapid.SampledFrom([]string{"", "fr", "es-MX"}).Draw(t, "language")
		g.FormVersion, g.WithdrawalReason = text("form"), text("reason")
		if yes("scan") {
			g.FormBlob = clinicaltest.ID[clinical.Blob]("scan")
		}
		if yes("recorded by nobody") {
			g.RecordedBy = clinical.PersonID{}
		}
		if yes("after another") {
			g.Supersedes, g.WithdrawnBy = clinicaltest.ID[clinical.Grant]("old"), clinicaltest.ID[clinical.Person]("greta")
		}
		return g
	})
}

func cover(t *rapid.T, yes func(string) bool, at func(string) time.Time) clinical.Cover {
	var c clinical.Cover
	if yes("session") {
		c.Session = clinicaltest.ID[clinical.Session]("s")
	}
	if yes("course") {
		c.CourseFrom, c.CourseUntil = at("course from"), at("course until")
	}
	if yes("lesion") {
		c.Lesion = clinicaltest.ID[clinical.Lesion]("l")
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "assets") {
		c.Assets = append(c.Assets, clinicaltest.ID[clinical.Asset](strings.Repeat("a", i+1)))
	}
	c.All = yes("all")
	return c
}

func TestEveryGrantComesBackAsItWent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grants().Draw(t, "grant")
		zone := rapid.SampledFrom([]*time.Location{clinicaltest.Zone(), time.UTC, time.FixedZone("", -11*3600)}).Draw(t, "zone")
		b, err := fhir.Export(g, zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := fhir.Import(b)
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		if d := cmp.Diff(g, got, same()); d != "" {
			t.Fatalf("lost on the way (-want +got):\n%s", d)
		}
	})
}

func TestEveryFieldOfAGrantTravels(t *testing.T) {
	g := full()
	b, err := fhir.Export(g, clinicaltest.Zone())
	if err != nil {
		t.Fatal(err)
	}
	got, err := fhir.Import(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(g, got, same()); d != "" {
		t.Error(d)
	}
	for _, v := range []reflect.Value{reflect.ValueOf(got), reflect.ValueOf(got.Covers)} {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s is empty: fill it in full(), so that it is known to travel", v.Type().Field(i).Name)
			}
		}
	}
	want, err := os.ReadFile(filepath.Join("testdata", "consent.json"))
	if err != nil || !bytes.Equal(b, want) {
		t.Errorf("testdata/consent.json is not what is written today (%v):\n%s", err, b)
	}
}

// A reader of R4 takes a missing limit for no limit: what cannot be said
// narrowly enough is not permitted.
func TestNothingIsPermittedThatTheGrantDoesNotLimit(t *testing.T) {
	for name, change := range map[string]func(*clinical.Grant){
		"refused":             func(g *clinical.Grant) { g.Status = clinical.GrantRefused },
		"no audience":         func(g *clinical.Grant) { g.Audience = clinical.Nobody },
		"no level":            func(g *clinical.Grant) { g.Level = clinical.NoIdentifiability },
		"no channel":          func(g *clinical.Grant) { g.Channels = 0 },
		"covers nothing":      func(g *clinical.Grant) { g.Covers = clinical.Cover{} },
		"ends before it runs": func(g *clinical.Grant) { g.Expires = clinical.Date{Year: 2020, Month: 1, Day: 1} },
		"the child dissents":  func(g *clinical.Grant) { g.Assent = clinical.Dissented },
		"no purpose":          func(g *clinical.Grant) { g.Purposes = nil },
	} {
		g := clinicaltest.Teaching("g", "adult")
		change(&g)
		b, err := fhir.Export(g, clinicaltest.Zone())
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(`"permit"`)) {
			t.Errorf("%s: permitted\n%s", name, b)
		}
	}
	b, err := fhir.Export(clinicaltest.Teaching("g", "adult"), clinicaltest.Zone())
	if err != nil || !bytes.Contains(b, []byte(`"permit"`)) {
		t.Errorf("a plain consent permits nothing: %v", err)
	}
}

func TestImportRefusesWhatExportDoesNotWrite(t *testing.T) {
	g := clinicaltest.Teaching("g", "adult")
	g.Expires = clinical.Date{Year: 2027, Month: 3, Day: 1}
	b, err := fhir.Export(g, clinicaltest.Zone())
	if err != nil {
		t.Fatal(err)
	}
	swap := func(old, put string) string {
		if !strings.Contains(string(b), old) {
			t.Fatalf("%q is not in the resource", old)
		}
		return strings.Replace(string(b), old, put, 1)
	}
	for name, s := range map[string]string{
		"nothing":             "",
		"another resource":    swap(`"Consent"`, `"Patient"`),
		"unknown member":      swap(`"status"`, `"implicitRules": "x", "status"`),
		"status contradicts":  swap(`"active"`, `"inactive"`),
		"rule contradicts":    swap(`"permit"`, `"deny"`),
		"wider than stated":   swap(`"A3"`, `"A7"`),
		"another purpose":     swap(`"P2"`, `"P9"`),
		"another system":      swap(`CodeSystem/purpose`, `CodeSystem/other`),
		"unknown extension":   swap(`StructureDefinition/mode`, `StructureDefinition/mood`),
		"member twice":        swap(`"status"`, `"status": "rejected", "status"`),
		"member in capitals":  swap(`"status"`, `"Status": "rejected", "status"`),
		"only capitals":       swap(`"status"`, `"STATUS"`),
		"something behind":    string(b) + "{}",
		"somebody's patient":  swap(`id/patient`, `id/other`),
		"an hour of expiry":   swap(`T23:59:59`, `T12:00:00`),
		"no offset":           swap(`T23:59:59+01:00`, ``),
		"escape of a display": swap(`"code": "P2"`, `"code": "P2", "display": "anything"`),
	} {
		if _, err := fhir.Import([]byte(s)); clinical.ReasonOf(err) != "not-ours" {
			t.Errorf("%s: %v", name, err)
		}
	}
	noted := swap(`"status"`, `"meta": {"versionId": "7", "lastUpdated": "2026-11-23T10:00:00Z"}, "text": {"status": "generated", "div": "<div/>"}, "status"`)
	if got, err := fhir.Import([]byte(noted)); err != nil || got.Rev != 7 {
		t.Errorf("a server's own notes: %v", err)
	}
}

func TestExportRefusesWhatItCannotCarry(t *testing.T) {
	for name, change := range map[string]func(*clinical.Grant){
		"no ID":             func(g *clinical.Grant) { g.ID = clinical.GrantID{} },
		"no patient":        func(g *clinical.Grant) { g.Patient = clinical.PatientID{} },
		"unknown status":    func(g *clinical.Grant) { g.Status = "maybe" },
		"unknown purpose":   func(g *clinical.Grant) { g.Purposes = append(g.Purposes, 99) },
		"unknown channel":   func(g *clinical.Grant) { g.Channels = 64 },
		"unknown audience":  func(g *clinical.Grant) { g.Audience = 99 },
		"a day that is not": func(g *clinical.Grant) { g.Expires = clinical.Date{Year: 2027, Month: 2, Day: 30} },
		"control character": func(g *clinical.Grant) { g.Giver = "a\x00b" },
		"only spaces":       func(g *clinical.Grant) { g.Witness = "  " },
		"not UTF-8":         func(g *clinical.Grant) { g.NamedUse = "\xff" },
		"code with spaces":  func(g *clinical.Grant) { g.Language = " fr" },
	} {
		g := clinicaltest.Teaching("g", "adult")
		change(&g)
		if _, err := fhir.Export(g, clinicaltest.Zone()); clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A day of expiry survives the zones in which midnight does not exist.
func TestExpirySurvivesAMidnightThatDoesNotExist(t *testing.T) {
	for _, name := range []string{"America/Santiago", "Africa/Cairo", "Asia/Beirut", "America/Scoresbysund", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for d := time.Date(2011, 1, 1, 12, 0, 0, 0, time.UTC); d.Year() < 2027; d = d.AddDate(0, 0, 1) {
			_, before := d.In(zone).Zone()
			_, after := d.AddDate(0, 0, 2).In(zone).Zone()
			if before == after {
				continue
			}
			g := clinicaltest.Teaching("g", "adult")
			g.ValidFrom, g.Expires = time.Time{}, clinical.DateOf(d)
			b, err := fhir.Export(g, zone)
			if err != nil {
				t.Fatal(err)
			}
			got, err := fhir.Import(b)
			if err != nil || got.Expires != g.Expires {
				t.Fatalf("%s %v: %v, %v", name, g.Expires, got.Expires, err)
			}
		}
	}
}

// examples are consents of every kind: what the validators read.
func examples() []clinical.Grant {
	out := []clinical.Grant{full()}
	for i := range 200 {
		out = append(out, grants().Example(i))
	}
	seen := map[clinical.GrantID]bool{}
	var unique []clinical.Grant
	for _, g := range out {
		if !seen[g.ID] {
			seen[g.ID] = true
			unique = append(unique, g)
		}
	}
	return unique
}

func TestBundleComesBackAndRefusesStrangers(t *testing.T) {
	want := examples()
	var b bytes.Buffer
	if err := fhir.WriteBundle(&b, want, clinicaltest.Zone()); err != nil {
		t.Fatal(err)
	}
	if *bundleFile != "" {
		if err := os.WriteFile(*bundleFile, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := fhir.ReadBundle(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, same()); d != "" {
		t.Error(d)
	}
	if err := fhir.WriteBundle(&b, append(want, want[0]), clinicaltest.Zone()); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("a grant twice: %v", err)
	}
	for _, s := range []string{`{"resourceType":"Bundle","type":"transaction"}`, `[]`, strings.Replace(b.String(), "urn:uuid:0195", "urn:uuid:0196", 1)} {
		if _, err := fhir.ReadBundle(strings.NewReader(s)); clinical.ReasonOf(err) != "not-ours" {
			t.Errorf("a stranger: %v", err)
		}
	}
}

// FuzzImport puts something else in place of a part of a consent: it is refused,
// or read as what it says. The input is the change alone, so that the fuzzer has
// little to make smaller.
func FuzzImport(f *testing.F) {
	whole, err := fhir.Export(full(), clinicaltest.Zone())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(0), uint16(0), []byte(""))
	f.Add(uint16(bytes.Index(whole, []byte("inactive"))), uint16(8), []byte("active"))
	f.Add(uint16(bytes.Index(whole, []byte("A3"))), uint16(2), []byte("A4"))
	f.Add(uint16(0), uint16(len(whole)), []byte("{}"))
	f.Fuzz(func(t *testing.T, at, cut uint16, put []byte) {
		from := min(int(at), len(whole))
		b := slices.Concat(whole[:from], put, whole[min(from+int(cut), len(whole)):])
		g, err := fhir.Import(b)
		if err != nil {
			return
		}
		again, err := fhir.Export(g, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		back, err := fhir.Import(again)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(g, back, same()); d != "" {
			t.Error(d)
		}
	})
}
