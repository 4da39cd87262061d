package fhir

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fovea/clinical"
)

// Export writes a grant as a Consent resource. Zone is the site's: a day of
// expiry ends there. Invalid: the grant holds what no valid grant holds, such as
// an unknown status, or text that FHIR cannot carry.
func Export(g clinical.Grant, zone *time.Location) ([]byte, error) {
	c, err := write(g, zone)
	if err != nil {
		return nil, err
	}
	return encode(c)
}

// encode is JSON as FHIR has it: no escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, clinical.Errorf(clinical.Internal, "fhir: %w", err)
	}
	return b.Bytes(), nil
}

// WriteBundle writes grants as a Bundle of type collection. Invalid as Export
// is, and where a grant is there twice.
func WriteBundle(w io.Writer, grants []clinical.Grant, zone *time.Location) error {
	b := bundle{ResourceType: "Bundle", Type: "collection"}
	seen := map[clinical.GrantID]bool{}
	for _, g := range grants {
		if seen[g.ID] {
			return clinical.Errorf(clinical.Invalid, "fhir: grant %s is there twice", g.ID)
		}
		seen[g.ID] = true
		r, err := Export(g, zone)
		if err != nil {
			return err
		}
		b.Entry = append(b.Entry, entry{FullURL: uuid(g.ID), Resource: r})
	}
	out, err := encode(b)
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}

// uuid writes the 16 bytes of an ID as a urn:uuid, which is what names an entry
// without a server.
func uuid(id clinical.GrantID) string {
	const hex = "0123456789abcdef"
	out := []byte("urn:uuid:")
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, hex[b>>4], hex[b&15])
	}
	return string(out)
}

// write turns a grant into a resource.
func write(g clinical.Grant, zone *time.Location) (consent, error) {
	if err := check(g); err != nil {
		return consent{}, err
	}
	w := writer{g: g, zone: zone}
	c := consent{
		ResourceType: "Consent", ID: g.ID.String(), Identifier: []identifier{named("grant", g.ID)},
		Status: status(g.Status), Patient: *ref("Patient", "patient", g.Patient),
		Scope: concept{Coding: []coding{{System: scopes, Code: "patient-privacy"}}},
		Category: []concept{
			{Coding: []coding{{System: loinc, Code: "59284-0"}}},
			{Coding: []coding{{System: Base + "CodeSystem/category", Code: "clinical-photography"}}},
		},
		DateTime: instant(g.RecordedAt), Performer: w.performers(), Policy: []policy{{URI: Base + "policy"}}, Provision: w.root(),
	}
	if g.Rev != 0 {
		c.Meta = &meta{VersionID: strconv.FormatUint(g.Rev, 10)}
	}
	if g.FormVersion != "" {
		c.PolicyRule = &concept{Text: g.FormVersion}
	}
	if !g.FormBlob.IsZero() {
		c.SourceReference = ref("DocumentReference", "form", g.FormBlob)
	}
	c.Extension, c.ModifierExtension = w.extensions(), w.modifiers()
	return c, nil
}

// status maps to R4, which does not tell withdrawn from superseded: the
// extension does.
func status(s clinical.GrantStatus) string {
	switch s {
	case clinical.GrantRequested:
		return "proposed"
	case clinical.GrantPending:
		return "draft"
	case clinical.GrantGiven:
		return "active"
	case clinical.GrantRefused:
		return "rejected"
	case clinical.GrantWithdrawn, clinical.GrantSuperseded:
		return "inactive"
	case clinical.GrantEnteredInError:
		return "entered-in-error"
	default:
		return ""
	}
}

// writer turns the parts of one grant into elements.
type writer struct {
	g    clinical.Grant
	zone *time.Location
}

// root holds what limits every use: when, and which pictures.
func (w writer) root() root {
	r := root{Data: w.data(), Provision: w.provisions()}
	if p := w.validity(); p != (period{}) {
		r.Period = &p
	}
	if p := w.course(); p != (period{}) {
		r.DataPeriod = &p
	}
	return r
}

// validity is the grant's period. A start at or after the end, which makes the
// grant void, would not be a valid period: it goes to an extension, and no use
// is permitted.
func (w writer) validity() period {
	p := period{Start: instant(w.g.ValidFrom)}
	if !w.g.Expires.IsZero() {
		p.End = w.lastSecond().Format(time.RFC3339)
	}
	if w.void() {
		p.Start = ""
	}
	return p
}

// lastSecond is 23:59:59 of the day of expiry in the offset that holds then: a
// clock that is put forward at midnight never shows it.
func (w writer) lastSecond() time.Time {
	_, offset := w.g.Expires.End(w.zone).Add(-time.Second).In(w.zone).Zone()
	d := w.g.Expires
	return time.Date(d.Year, d.Month, d.Day, 23, 59, 59, 0, time.FixedZone("", offset))
}

// void reports whether the grant ends before it begins.
func (w writer) void() bool {
	return !w.g.Expires.IsZero() && !w.g.ValidFrom.IsZero() && !w.g.ValidFrom.Before(w.lastSecond())
}

func (w writer) course() period {
	p := period{Start: instant(w.g.Covers.CourseFrom), End: instant(w.g.Covers.CourseUntil)}
	if w.courseVoid() {
		p.Start = ""
	}
	return p
}

func (w writer) courseVoid() bool {
	c := w.g.Covers
	return !c.CourseFrom.IsZero() && !c.CourseUntil.IsZero() && c.CourseUntil.Before(c.CourseFrom)
}

// data names the pictures: any of these. R4 reads no data as all data, so that
// a cover of nothing permits nothing below.
func (w writer) data() []data {
	var out []data
	c := w.g.Covers
	if !c.Session.IsZero() {
		out = append(out, data{Meaning: "related", Reference: *ref("Encounter", "session", c.Session)})
	}
	if !c.Lesion.IsZero() {
		out = append(out, data{Meaning: "related", Reference: *ref("BodyStructure", "lesion", c.Lesion)})
	}
	for _, a := range c.Assets {
		out = append(out, data{Meaning: "instance", Reference: *ref("Media", "asset", a)})
	}
	return out
}

// provisions writes one rule for each purpose, all under the same ceilings.
// Without a purpose the ceilings stand in a rule that permits nothing.
func (w writer) provisions() []provision {
	limits := provision{Type: "deny"}
	if w.g.Audience.Valid() {
		limits.Actor = []actor{{
			Role:      concept{Coding: []coding{{System: participation, Code: "IRCP"}}},
			Reference: reference{Type: "Group", Identifier: &identifier{System: Base + "CodeSystem/audience", Value: w.g.Audience.String()}},
		}}
	}
	if w.g.Channels != 0 {
		for name := range strings.SplitSeq(w.g.Channels.String(), ",") {
			limits.Action = append(limits.Action, concept{Coding: []coding{{System: Base + "CodeSystem/channel", Code: name}}})
		}
	}
	if w.g.Level.Valid() {
		limits.SecurityLabel = []coding{{System: Base + "CodeSystem/identifiability", Code: w.g.Level.String()}}
	}
	if len(w.g.Purposes) == 0 {
		return []provision{limits}
	}
	var out []provision
	for _, p := range w.g.Purposes {
		one := limits
		one.Purpose = []coding{{System: Base + "CodeSystem/purpose", Code: p.String()}}
		if w.permits(p) {
			one.Type = "permit"
		}
		out = append(out, one)
	}
	return out
}

// permits reports whether a use may be written as permitted: a reader of R4
// takes a missing limit for no limit.
func (w writer) permits(p clinical.Purpose) bool {
	g := w.g
	return g.Status != clinical.GrantRefused && g.Audience.Valid() && g.Level.Valid() && g.Channels != 0 && !g.Covers.IsZero() &&
		!w.void() && !w.courseVoid() && (g.Assent != clinical.Dissented || p <= clinical.P1)
}

// performers are who consented: the giver, and the second holder of parental
// responsibility.
func (w writer) performers() []reference {
	var out []reference
	for _, p := range [][2]string{{"giver", w.g.Giver}, {"second-giver", w.g.SecondGiver}} {
		if p[1] != "" {
			out = append(out, reference{Extension: []extension{{URL: Base + "StructureDefinition/performer-role", ValueCode: p[0]}}, Display: p[1]})
		}
	}
	return out
}

func named[K any](kind string, id clinical.ID[K]) identifier {
	return identifier{System: Base + "id/" + kind, Value: id.String()}
}

func ref[K any](resource, kind string, id clinical.ID[K]) *reference {
	n := named(kind, id)
	return &reference{Type: resource, Identifier: &n}
}

// instant writes a dateTime in UTC; nothing for the zero time.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// check refuses what the resource could not carry unchanged.
func check(g clinical.Grant) error {
	known := !g.ID.IsZero() && !g.Patient.IsZero() && status(g.Status) != "" && g.Audience <= clinical.A6 && g.Level <= clinical.I0 &&
		g.Channels < clinical.Online<<1 && !slices.ContainsFunc(g.Purposes, func(p clinical.Purpose) bool { return !p.Valid() }) &&
		!slices.ContainsFunc(g.Covers.Assets, clinical.AssetID.IsZero)
	if !known {
		return clinical.Errorf(clinical.Invalid, "fhir: grant %s holds a value that is not one of its list", g.ID)
	}
	for _, d := range []clinical.Date{g.Expires, g.ReviewAt} {
		if back, err := clinical.ParseDate(d.String()); err != nil || back != d {
			return clinical.Errorf(clinical.Invalid, "fhir: grant %s holds a date that is none", g.ID)
		}
	}
	for _, t := range []time.Time{g.ValidFrom, g.RecordedAt, g.WithdrawnAt, g.Covers.CourseFrom, g.Covers.CourseUntil} {
		if y := t.UTC().Year(); !t.IsZero() && (y < 1 || y > 9999) {
			return clinical.Errorf(clinical.Invalid, "fhir: grant %s holds an instant beyond four digits of a year", g.ID)
		}
	}
	for _, s := range append(codes(g), g.NamedUse, g.Study, g.Ethics, g.Giver, g.Relationship, g.SecondGiver, g.Witness, g.Interpreter, g.FormVersion, g.WithdrawalReason) {
		if !carries(s) {
			return clinical.Errorf(clinical.Invalid, "fhir: grant %s holds text that FHIR cannot carry", g.ID)
		}
	}
	for _, s := range codes(g) {
		if strings.Join(strings.Fields(s), " ") != s {
			return clinical.Errorf(clinical.Invalid, "fhir: grant %s holds a code with stray spaces", g.ID)
		}
	}
	return nil
}

func codes(g clinical.Grant) []string {
	return []string{string(g.Mode), string(g.Capacity), string(g.Assent), g.Language}
}

// carries reports whether s is empty or a string of FHIR: some character that is
// not a space, no control characters but those of a text.
func carries(s string) bool {
	if s == "" {
		return true
	}
	return utf8.ValidString(s) && strings.TrimSpace(s) != "" &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) })
}
