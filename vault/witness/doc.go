// Package witness is the second pair of eyes on a ledger: whoever runs the
// vault holds the key that signs its checkpoints, and could show one history to
// one auditor and another to the next. A witness on another machine cosigns
// only checkpoints that extend the last one it cosigned, so of two histories at
// most one is ever cosigned.
//
// Witness is the one who cosigns, an http.Handler that speaks
// c2sp.org/tlog-witness; Client is the log's side, which the vault pushes its
// checkpoints to; Syslog sends them to a log host, which cannot judge them but
// keeps them where the vault's owner cannot reach.
//
// A witness learns how fast a ledger grows and nothing else: no entry, no
// pseudonym. It refuses unknown logs, and it does not rate who asks: put it
// where only the logs it serves can reach it.
//
// Start reading at Witness.Add.
package witness
