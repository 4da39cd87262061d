// Package index answers searches over the catalogue: words of captions, keywords, views, patients and jobs, narrowed
// by dates and facets, and always inside one caller's Scope.
//
// It follows the journal with a cursor of its own that is stored in the same batch as the documents it stands for, so
// that a crash at any instant heals by following on, and it holds nothing that the journal could not give again: it
// can be thrown away and rebuilt. Bleve does the text (dictionaries, postings, positions); everything that a hit is
// narrowed, ordered or counted by lies in columns in memory, read back from the sealed index when it opens.
//
// Every file is sealed (seal.go, hooks.go): Bleve's process-wide hooks dispatch by folder to the key of the index
// that owns it, and bytes that are not sealed under that key are Corrupt.
//
// The package refuses to answer without a Scope, to count what the Scope denies (neither total, facet nor ranking
// draws on it), and to read any syntax out of what a person typed but quotes.
//
// Start reading at index.go, then follow.go (how a picture gets in) and search.go (how it is found).
package index
