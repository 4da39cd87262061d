// Package ledger is the arithmetic of a log that cannot be changed without
// being found out: one leaf for each thing that was done, seen or denied, a
// Merkle tree over them (RFC 6962, as golang.org/x/mod/sumdb/tlog has it),
// signed checkpoints (C2SP tlog-checkpoint), proofs (C2SP tlog-proof) and an
// export that anybody verifies offline with the log's public key alone.
//
// It does no I/O but on the readers and writers it is given, keeps no state
// and knows no patient: the vault stores what Append returns in the same
// transaction as the act, and gives leaves pseudonyms in place of names.
// Leaf.N, tree sizes and indexes count from zero, as the standards do.
//
// It refuses bytes that are not the one encoding of what they say, so that a
// change of any single bit is found. The formats are in docs/formats/ledger.md.
// Start reading at Leaf, then Append, then Verify.
package ledger
