package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// stage is one part that runs until its context ends.
type stage struct {
	name string
	run  func(context.Context) error
}

// hardStop bounds the whole shutdown.
const hardStop = 30 * time.Second

// runStages starts the stages in order and stops them in reverse, each one
// joined before the one below it is told: doors first, the vault last.
// It returns when all have ended, with the error that began the stop.
func runStages(ctx context.Context, stages []stage) error {
	type ended struct {
		index int
		err   error
	}
	ends := make(chan ended, len(stages))
	cancels := make([]context.CancelFunc, len(stages))
	done := make([]bool, len(stages))
	for i, s := range stages {
		sctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		cancels[i] = cancel
		go func() { ends <- ended{i, s.run(sctx)} }()
	}
	defer func() {
		for _, cancel := range cancels {
			cancel()
		}
	}()
	var first error
	note := func(e ended) {
		done[e.index] = true
		if e.err != nil && !errors.Is(e.err, context.Canceled) {
			first = errors.Join(first, fmt.Errorf("%s: %w", stages[e.index].name, e.err))
		}
	}
	select {
	case <-ctx.Done():
	case e := <-ends:
		note(e)
		if first == nil && ctx.Err() == nil {
			first = fmt.Errorf("%s ended by itself", stages[e.index].name)
		}
	}
	limit := time.NewTimer(hardStop)
	defer limit.Stop()
	for i := len(stages) - 1; i >= 0; i-- {
		cancels[i]()
		for !done[i] {
			select {
			case e := <-ends:
				note(e)
			case <-limit.C:
				return errors.Join(first, fmt.Errorf("%s did not stop within %s", stages[i].name, hardStop))
			}
		}
	}
	return first
}
