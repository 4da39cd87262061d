// Package login tells who asks: people by password and session, their devices by app passwords, the machine's owner
// by the admin socket.
//
// A person signs in with a password (argon2id) and holds a session in a cookie. A drive, a script or a program holds
// an app password: 130 random bits, shown once, kept as an HMAC, for all of the person's sets or for some, until it
// expires or is revoked. Both are checked at every request, so that a revocation takes effect on connections that are
// open already.
//
// It refuses to decide what somebody may do; that is the gate's. It keeps no secret that it could give away: what is
// stored are hashes. It never tells an unknown login from a wrong password, neither in words nor in time, and it lets
// no stranger lock a device out: a right app password passes however many wrong ones came before it.
//
// Start reading at login.go (the Door), then authenticate.go (every request), session.go, device.go and throttle.go.
package login
