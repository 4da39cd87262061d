// Package server is the house that the doors for people stand in: one lifecycle for the drive (server/webdav), the
// API (server/api), the pages (server/pages) and the admin socket.
//
// It owns what all of them need: listeners and TLS, deadlines that follow a client's progress, caps on connections,
// bodies and rates, the access log, metrics, recovery from panics, and a shutdown that lets downloads finish.
//
// It refuses to know what is behind the doors: each is a plain http.Handler. It refuses to log a path or a query,
// because both can hold names; it logs the pattern of the route, and IDs. It speaks TLS only, except on the admin
// socket, whose other end must be the user that runs the server or root.
//
// Start reading at server.go (New, Run), then routes.go (what every request passes through), limits.go and tls.go.
package server
