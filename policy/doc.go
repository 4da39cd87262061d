// Package policy decides who may see which picture for which use, and is the
// one door through which pictures leave and people change anything.
//
// It holds one table of rules (rules.go) with two interpreters: Decide answers
// for one picture, a Scope for everything one person may see for one use. Both
// read a Snapshot: what policy needs to know of every record, in memory,
// copy-on-write, with a version per patient. Gate keeps the snapshot in step
// with the journal and is what doors call: Find, Open and the lists on the way
// out, Do for every act.
//
// What an act sets in motion is kept like every record (consequences.go): a
// withdrawal, a wrong patient and an erasure begin a recall (takeback.go) that
// is settled from the ledger behind them (settle.go); tasks, patients' codes,
// broken glass, releases and requests to erase each have their do_ file.
//
// The package refuses to guess. Whatever is missing is read as the strictest
// value, an error is Unavailable and never a partial answer, and a refused
// picture is the same ErrNotFound as an absent one. It never imports the vault
// or the index: it states what it needs of them in gate.go.
//
// Start reading at decide.go, then rules.go, then testdata/decisions.txtar,
// which says the same in sentences.
package policy
