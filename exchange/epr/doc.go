// Package epr delivers filed sessions to the hospital's electronic patient
// record through a folder that the record collects from: a PDF, the JPEGs and,
// last, one row of an index. The record answers with a file; what it does not
// take is tried again, and what turns out to be another patient's is cancelled.
//
// What is due, what may leave and when to try again is the gate's to say. The
// package writes nothing but what the gate has just opened, believes nothing in
// the folder but an answer of its own name, and keeps its state in that folder,
// so that a restart goes on where it was. A delivery that was not acknowledged
// may be written twice under the same names: the record tells by the first
// column. docs/formats/epr-folder.md is the contract with the record's side.
//
// Start reading at Follower.Run.
package epr
