// Package fhir writes a consent as a FHIR R4 Consent (hl7.org/fhir/R4) and
// reads it back without losing a decision.
//
// What R4 has a place for is there: status, period, data, purpose, recipient,
// channel, label. What it lacks is in extensions under [Base]; those that narrow
// what is allowed are modifier extensions, so that a system that does not know
// them must not act on the rest. A use is written as permitted only where
// nothing that R4 can say would permit more than the grant does.
//
// Import accepts what Export would write for the same grant, and refuses the
// rest: an unknown member, a changed code, two statements that contradict one
// another. A consent from another system is for a person to read and record. It
// is a grant as it was written; whether to take it over is for policy.Gate.
//
// The package knows no network and no patient but the grant's IDs, giver and
// witnesses. docs/formats/fhir-consent.md describes every element. Start reading
// at Export.
package fhir
