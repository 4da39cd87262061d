// Package wire is what travels over /api/v1: the JSON shapes that the server
// writes and that the command line, the desktop and the front end read.
//
// It converts from and to clinical types and does nothing else. Times are
// RFC 3339 in UTC, days are YYYY-MM-DD, IDs are ULIDs, codes are those of
// package clinical. Start reading at act.go (what can be asked for) and
// show.go (what comes back).
package wire
