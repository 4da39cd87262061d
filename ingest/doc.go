// Package ingest turns a file that landed in a studio's folder into a kept
// asset, once, and disposes of the file only after what was kept has been read
// back.
//
// A file passes watch (it is there), settle (it is whole and nobody writes it
// any more), spool (it is opened once and never copied), inspect (it is what it
// says), identify (whose picture it is), keep (blob, asset, session and receipt
// in one change), dispose (deleted or moved to done/). A file that cannot be
// identified is kept all the same, sealed under the studio's key, with a reason
// that says what to do.
//
// The package refuses to guess: a picture whose patient is not stated by a job
// ticket, an ID shot or the file's name, or about whom two of these disagree,
// goes to quarantine. It never follows links, never opens anything but regular
// files, never writes plaintext, and says nothing about a patient in an error
// or a log. It knows no door and asks no policy: it adds, it never widens.
//
// Start reading at ingest.go (what the package is given and runs), then
// station.go (one studio's loop), accept.go (one file's path) and resolve.go
// (whose frames are whose where ID shots separate patients).
package ingest
