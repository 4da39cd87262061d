package login

import (
	"context"
	"sync/atomic"

	"fovea/clinical"
)

type seenKey struct{}

// seen is who was authenticated under a context, and who is told.
type seen struct {
	caller atomic.Pointer[clinical.Caller]
	tell   func(clinical.Caller)
}

type operatorKey struct{}

// Watch returns a context that remembers who was authenticated under it, for the access log and for acts, such as
// SetPassword, that are about somebody other than who asks. The server puts every request under one. Unless it is nil,
// tell hears of them at once.
func Watch(ctx context.Context, tell func(clinical.Caller)) context.Context {
	return context.WithValue(ctx, seenKey{}, &seen{tell: tell})
}

// Saw remembers who sent the request of ctx. Without Watch it does nothing.
func Saw(ctx context.Context, caller clinical.Caller) {
	at, ok := ctx.Value(seenKey{}).(*seen)
	if !ok {
		return
	}
	at.caller.Store(&caller)
	if at.tell != nil {
		at.tell(caller)
	}
}

// Seen returns who sent the request of ctx, the zero Caller while nobody was authenticated.
func Seen(ctx context.Context) clinical.Caller {
	if at, ok := ctx.Value(seenKey{}).(*seen); ok {
		if caller := at.caller.Load(); caller != nil {
			return *caller
		}
	}
	return clinical.Caller{}
}

// ByOperator marks the requests of a connection whose other end was proved to be the machine's owner; name says who
// that is in the ledger. Only the admin socket does so.
func ByOperator(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, operatorKey{}, name)
}

func operatorOf(ctx context.Context) string {
	name, _ := ctx.Value(operatorKey{}).(string)
	return name
}
