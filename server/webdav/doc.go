// Package webdav shows teaching sets as a drive: /dav/teaching/<set>/<picture>.
//
// It speaks the part of RFC 4918 that a read-only drive needs (class 1: OPTIONS, GET, HEAD, PROPFIND) and speaks it
// itself. The handler of golang.org/x/net/webdav, by its own word not hardened against malicious clients, looks up
// each child of a folder three times, takes a missing Depth for infinity and breaks its own XML when a child vanishes
// while it lists; here a child vanishes whenever a patient withdraws consent.
//
// It refuses to decide anything: what is listed and what is opened comes from the gate, at every request, and what
// the gate refuses looks exactly like what never existed. It refuses to change anything: every other method is
// answered 403 before its body is read. It refuses deep listings, XML with a DOCTYPE, and paths that mean something
// else once they are cleaned.
//
// Start reading at handler.go (who may ask what), then tree.go (how a path becomes a folder or a picture),
// propfind.go and reply.go (listings), and picture.go (bytes, and how they stop).
package webdav
