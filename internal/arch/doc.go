// Package arch holds the laws of the tree that can be read from its source, as tests: which package may import which,
// who owns which library, where programs live, and what a test may not do.
//
// The map is rooms_test.go; docs/path-of-a-photo.md walks through the same rooms in words. A new folder fails here
// until it has a line in the map, and a new library until it has an owner, so neither happens by accident. The checks
// use the standard library's parser and read no type information: they run in well under a second.
//
// The package has no code of its own. It refuses to be imported.
package arch
