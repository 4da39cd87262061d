// Package desktop is the photographer's client: one window over the same screens as the browser, with a sealed
// replica to work from when the network is away.
//
// Here will stand the program itself (a thin shell around Wails), and beside it app/ (the few methods the window may
// call), sync/ (the replica, the upload queue, edits that merge) and cards/ (reading memory cards, verified before a
// card is called safe to wipe).
//
// It refuses to loosen anything offline: without the server, consent can be tightened only, and a patient's link never
// changes.
package desktop
