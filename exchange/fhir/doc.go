// Package fhir writes a consent as a FHIR R4 Consent and reads it back.
package fhir
