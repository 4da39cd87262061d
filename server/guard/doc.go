// Package guard bounds what the doors do and remember for people they do not know yet: how often somebody may try
// (Throttle), who counts as one sender (Network), what a random word leads to for a while (Tickets), and the error that
// says when to come back (Wait).
//
// Everything here is in memory, bounded in number, and empty after a restart. It decides nothing about who may see what
// and knows no secret: tickets are kept by their hash.
package guard
