// Package paper draws what people take away: certificates of withdrawal and
// erasure, consent forms, contact sheets, printed pictures, the custody report
// and the statement that go with evidence. Each is one PDF in English, French
// or Spanish, its fonts inside, so that accents are right on every machine; a
// certificate has a JSON edition as well.
//
// It draws what it is given. It never asks who may have it, reads no store, and
// keeps nothing: no picture outlives the call that drew it. The patient's
// edition of a certificate is built without the names of staff, not drawn with
// them left out.
//
// Start reading at Certificate.
package paper
