package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
)

// maxBytes bounds what is read at once.
const maxBytes = 16 << 20

// errForeign is the answer to everything that Export does not write.
func errForeign(what string) error {
	return &clinical.Error{
		Kind: clinical.Invalid, Reason: "not-ours", Err: clinical.Errorf(clinical.Invalid, "fhir: %s", what),
		Public: "This consent was not written by Fovea, or was changed since. Read it and record the consent by hand.",
	}
}

// Import reads a Consent resource that Export wrote. It is Invalid for anything
// else: see the package comment. Rev is the version that the resource states,
// which a server may have counted anew.
func Import(b []byte) (clinical.Grant, error) {
	var c consent
	if err := strict(b, &c); err != nil {
		return clinical.Grant{}, errForeign("a member is unknown or of another kind")
	}
	g, err := read(c)
	if err != nil {
		return clinical.Grant{}, err
	}
	again, err := write(g, zoneOf(c))
	if err != nil {
		return clinical.Grant{}, errForeign("a value is not one of its list")
	}
	if !reflect.DeepEqual(bare(c), bare(again)) {
		return clinical.Grant{}, errForeign("two statements contradict one another, or one has no meaning here")
	}
	return g, nil
}

// ReadBundle reads what WriteBundle wrote.
func ReadBundle(r io.Reader) ([]clinical.Grant, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "fhir: read: %w", err)
	}
	var b bundle
	if err := strict(text, &b); err != nil || b.ResourceType != "Bundle" || b.Type != "collection" {
		return nil, errForeign("not a collection")
	}
	var out []clinical.Grant
	seen := map[clinical.GrantID]bool{}
	for _, e := range b.Entry {
		g, err := Import(e.Resource)
		if err != nil {
			return nil, err
		}
		if seen[g.ID] || e.FullURL != uuid(g.ID) {
			return nil, errForeign("an entry is named after another")
		}
		seen[g.ID] = true
		out = append(out, g)
	}
	return out, nil
}

// strict decodes one JSON value: no unknown members, none twice, none in
// another case or empty, and nothing behind the value. What two readers could
// read differently is refused.
func strict(b []byte, v any) error {
	if len(b) > maxBytes {
		return errForeign("too large")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errForeign("more than one value")
	}
	if err := once(json.NewDecoder(bytes.NewReader(b)), 0); err != nil {
		return err
	}
	understood, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var said, heard any
	if json.Unmarshal(b, &said) != nil || json.Unmarshal(understood, &heard) != nil || !reflect.DeepEqual(said, heard) {
		return errForeign("a member is empty or in another case")
	}
	return nil
}

// once reads one value and fails where an object has a member twice.
func once(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil || depth > 100 {
		return errForeign("not JSON")
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			key, err := d.Token()
			name, ok := key.(string)
			if err != nil || !ok || seen[name] {
				return errForeign("a member twice")
			}
			seen[name] = true
		}
		if err := once(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// bare leaves out what has no say: a server's own notes.
func bare(c consent) consent {
	c.Text = nil
	if c.Meta != nil {
		m := meta{VersionID: c.Meta.VersionID}
		c.Meta = &m
		if m.VersionID == "" {
			c.Meta = nil
		}
	}
	return c
}

// zoneOf is the offset in which the day of expiry ends.
func zoneOf(c consent) *time.Location {
	if c.Provision.Period != nil {
		if t, err := time.Parse(time.RFC3339, c.Provision.Period.End); err == nil {
			_, offset := t.Zone()
			return time.FixedZone("", offset)
		}
	}
	return time.UTC
}

// read takes every value from its place. Whether the places agree is found out
// by writing the grant again.
func read(c consent) (clinical.Grant, error) {
	var g clinical.Grant
	var err error
	if g.ID, err = clinical.ParseID[clinical.Grant](c.ID); err != nil {
		return g, errForeign("the resource's ID")
	}
	if g.Patient, err = readRef[clinical.Patient](c.Patient, "patient"); err != nil {
		return g, err
	}
	if c.Meta != nil && c.Meta.VersionID != "" {
		if g.Rev, err = strconv.ParseUint(c.Meta.VersionID, 10, 64); err != nil {
			return g, errForeign("the resource's version")
		}
	}
	if g.RecordedAt, err = readInstant(c.DateTime); err != nil {
		return g, err
	}
	if c.PolicyRule != nil {
		g.FormVersion = c.PolicyRule.Text
	}
	if c.SourceReference != nil {
		if g.FormBlob, err = readRef[clinical.Blob](*c.SourceReference, "form"); err != nil {
			return g, err
		}
	}
	readPerformers(&g, c.Performer)
	if err := readRoot(&g, c.Provision); err != nil {
		return g, err
	}
	return g, readExtensions(&g, c)
}

func readPerformers(g *clinical.Grant, all []reference) {
	for _, p := range all {
		if len(p.Extension) == 1 && p.Extension[0].ValueCode == "second-giver" {
			g.SecondGiver = p.Display
		} else {
			g.Giver = p.Display
		}
	}
}

func readRoot(g *clinical.Grant, r root) error {
	var err error
	if r.Period != nil {
		if g.ValidFrom, err = readInstant(r.Period.Start); err != nil {
			return err
		}
		day, _, _ := strings.Cut(r.Period.End, "T")
		if g.Expires, err = clinical.ParseDate(day); err != nil {
			return errForeign("the day of expiry")
		}
	}
	if r.DataPeriod != nil {
		if g.Covers.CourseFrom, err = readInstant(r.DataPeriod.Start); err != nil {
			return err
		}
		if g.Covers.CourseUntil, err = readInstant(r.DataPeriod.End); err != nil {
			return err
		}
	}
	for _, d := range r.Data {
		if err := readData(&g.Covers, d.Reference); err != nil {
			return err
		}
	}
	if len(r.Provision) == 0 {
		return errForeign("no rule")
	}
	for _, p := range r.Provision {
		for _, c := range p.Purpose {
			var purpose clinical.Purpose
			if err := purpose.UnmarshalText([]byte(c.Code)); err != nil {
				return errForeign("a purpose")
			}
			g.Purposes = append(g.Purposes, purpose)
		}
	}
	return readLimits(g, r.Provision[0])
}

func readData(c *clinical.Cover, r reference) (err error) {
	switch r.Type {
	case "Encounter":
		c.Session, err = readRef[clinical.Session](r, "session")
	case "BodyStructure":
		c.Lesion, err = readRef[clinical.Lesion](r, "lesion")
	default:
		var a clinical.AssetID
		a, err = readRef[clinical.Asset](r, "asset")
		c.Assets = append(c.Assets, a)
	}
	return err
}

// readLimits takes the ceilings from one rule; they stand in all.
func readLimits(g *clinical.Grant, p provision) error {
	var audience, level string
	var channels []string
	if len(p.Actor) > 0 && p.Actor[0].Reference.Identifier != nil {
		audience = p.Actor[0].Reference.Identifier.Value
	}
	if len(p.SecurityLabel) > 0 {
		level = p.SecurityLabel[0].Code
	}
	for _, a := range p.Action {
		if len(a.Coding) > 0 {
			channels = append(channels, a.Coding[0].Code)
		}
	}
	if g.Audience.UnmarshalText([]byte(audience)) != nil || g.Level.UnmarshalText([]byte(level)) != nil ||
		g.Channels.UnmarshalText([]byte(strings.Join(channels, ","))) != nil {
		return errForeign("a limit")
	}
	return nil
}

func readExtensions(g *clinical.Grant, c consent) error {
	known := map[string]field{}
	for _, f := range fields() {
		known[Base+"StructureDefinition/"+f.name] = f
	}
	for _, list := range [][]extension{c.Extension, c.ModifierExtension} {
		for _, e := range list {
			f, ok := known[e.URL]
			if !ok {
				return errForeign("an extension of somebody else")
			}
			if err := f.set(g, e); err != nil {
				return errForeign("an extension")
			}
		}
	}
	return nil
}

func readRef[K any](r reference, kind string) (clinical.ID[K], error) {
	if r.Identifier == nil || r.Identifier.System != Base+"id/"+kind {
		return clinical.ID[K]{}, errForeign("a reference to something else")
	}
	id, err := clinical.ParseID[K](r.Identifier.Value)
	if err != nil {
		return id, errForeign("a reference")
	}
	return id, nil
}

func readInstant(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return t, errForeign("an instant")
	}
	return t.UTC(), nil
}
