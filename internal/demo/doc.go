// Package demo invents a small hospital: people, patients, jobs, consents, teaching sets, and the pictures that its
// cameras take, drawn by the program itself.
//
// It exists so that a fresh installation has something true to life to show, and so that tests and acceptance runs
// need no picture of anybody. Nobody in it is real: names are common ones, numbers lie in ranges kept for tests or
// belong to no office, and no picture shows a face, drawn or otherwise.
//
// It is data and drawing alone. It knows no vault and no gate, stores nothing, and refuses to read a clock or draw a
// random number that its caller did not give: the same arguments give the same bytes on the same kind of processor.
// Records refer to one another by logical names (a login, a patient's key, a job's number), because IDs are minted by
// whoever commits them.
//
// Start reading at New (world.go) for the story and at Picture (picture.go) for the drawing.
package demo
