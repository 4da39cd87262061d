// Package clinical is the vocabulary of Fovea: patients, encounters, jobs,
// pictures, consent, people, and the commands and changes that join them.
//
// Every other package speaks in these types and in the standard library's;
// that is what lets siblings such as vault, index and policy work together
// without knowing one another.
//
// The package refuses to do anything: no I/O, no goroutines, no logger, no
// third-party imports. Zero values are safe: the zero Grant permits nothing,
// the zero Use is invalid, the zero Sensitivity means "not yet known".
//
// Start reading at asset.go (a picture), grant.go (what its patient allows),
// use.go (what somebody asks for) and change.go (how anything comes to be).
package clinical
