// Package exchange is the room for what leaves towards other systems and
// towards paper, each format in a folder of its own:
//
//   - paper: certificates, consent forms, contact sheets and printed pictures
//   - pack: encrypted ZIP and evidential bundle
//   - epr: PDF, JPEGs and an index row into the folder that the hospital's
//     patient record collects from
//   - fhir: a consent as a FHIR R4 Consent, and back
//
// All of them are given records, readers and writers by a caller who has asked
// policy.Gate already. They never decide who may have a picture, know neither
// vault nor index, and keep nothing. The room itself has no code.
//
// Start reading at paper.Doc, which draws every page.
package exchange
