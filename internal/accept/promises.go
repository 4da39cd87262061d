package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// promise is one thing that is said of the program. try returns a figure that a reader can judge, and an error where
// the promise is broken or could not be tried. Two kinds of error break nothing: errSlow and errUntried.
type promise struct {
	name string
	try  func(ctx context.Context, tr *trial) (figure string, err error)
}

// capability is what an issue brings, with all that is promised of it. It is one list (spine.go) and one file for each
// promise (spine_walk.go): a further one adds its list below, and files that begin with its name.
type capability struct {
	name     string
	promises []promise
}

// capabilities are in the order in which they are tried.
func capabilities() []capability {
	return []capability{{"spine", spine()}, {"consent", consent()}}
}

// promised are the promises of the named capabilities; none named: of all.
func promised(names []string) ([]promise, error) {
	var list []promise
	var known []string
	for _, c := range capabilities() {
		known = append(known, c.name)
		if len(names) == 0 || slices.Contains(names, c.name) {
			list = append(list, c.promises...)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no capability %q; there is %s", name, strings.Join(known, ", "))
		}
	}
	return list, nil
}

// until asks again and again, for so long at most, whether something has come about.
func until(ctx context.Context, within time.Duration, what string, come func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		ok, err := come(ctx)
		if ok {
			return err
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("within %s not so: %s", within, what), last)
		case <-tick.C:
		}
	}
}
