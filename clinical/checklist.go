package clinical

import (
	"slices"
	"strings"
)

// Feature is something by which a person is known and which no detector is
// trusted to find. What a mask can hide has the name of its cause.
type Feature string

// RareFinding is the one feature that nobody can mask: what the picture is of.
const RareFinding Feature = "rare finding"

// Features lists what is looked for in a flattened copy, in the order in which a
// person answers.
func Features() []Feature {
	return []Feature{
		Feature(HidesFace), Feature(HidesEyes), Feature(HidesTattoo), Feature(HidesJewellery), Feature(HidesLabel), Feature(HidesBackground), RareFinding,
	}
}

// Finding is what somebody who looked for a feature found. The zero Finding is
// that nobody looked.
type Finding string

// The findings.
const (
	FoundNone   Finding = "none"   // the picture has nothing of the kind
	FoundMasked Finding = "masked" // it had, and the copy shows nothing of it: masked, or cut away
	FoundShown  Finding = "shown"  // the copy shows it
)

// Checklist is what a person who looked at a flattened copy found of each
// feature.
type Checklist map[Feature]Finding

// Valid reports whether a checklist names nothing but features and findings. It
// may be incomplete.
func (c Checklist) Valid() bool {
	known := Features()
	for feature, found := range c {
		if !slices.Contains(known, feature) || !slices.Contains([]Finding{FoundNone, FoundMasked, FoundShown}, found) {
			return false
		}
	}
	return true
}

// Missing returns the features of which nothing is said, in their order.
func (c Checklist) Missing() []Feature {
	return slices.DeleteFunc(Features(), func(f Feature) bool { return c[f] != "" })
}

// Found returns the features with a finding, in their order.
func (c Checklist) Found(what Finding) []Feature {
	return slices.DeleteFunc(Features(), func(f Feature) bool { return c[f] != what })
}

// String lists the findings for the ledger: "face masked, eyes masked, tattoo
// none". What was not answered is left out.
func (c Checklist) String() string {
	var out []string
	for _, f := range Features() {
		if found := c[f]; found != "" {
			out = append(out, string(f)+" "+string(found))
		}
	}
	return strings.Join(out, ", ")
}

// FeatureWords lists features for a sentence.
func FeatureWords(features []Feature) string {
	out := make([]string, len(features))
	for i, f := range features {
		out[i] = string(f)
	}
	return strings.Join(out, ", ")
}
