package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// crew notes in which order stages end.
type crew struct {
	mu    sync.Mutex
	ended []string
}

// stage runs until its context ends, and takes a while to end.
func (c *crew) stage(name string) stage {
	return stage{name, func(ctx context.Context) error {
		<-ctx.Done()
		<-time.After(time.Second)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ended = append(c.ended, name)
		return ctx.Err()
	}}
}

func TestStagesStopInReverseEachJoinedBeforeTheNextIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c crew
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		began := time.Now()
		err := runStages(ctx, []stage{c.stage("vault"), c.stage("index"), c.stage("doors")})
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"doors", "index", "vault"}, c.ended); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(began); took != time.Minute+3*time.Second {
			t.Errorf("took %s: stages were not ended one after the other", took)
		}
	})
}

func TestStageThatFailsStopsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c crew
		broken := errors.New("broken")
		err := runStages(t.Context(), []stage{
			c.stage("vault"), {"policy", func(context.Context) error { return broken }}, c.stage("doors"),
		})
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		if !slices.Equal(c.ended, []string{"doors", "vault"}) {
			t.Errorf("ended %v", c.ended)
		}
	})
}

func TestStageThatEndsByItselfIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if err := runStages(t.Context(), []stage{{"vault", func(context.Context) error { return nil }}}); err == nil {
			t.Error("a part that stopped working went unnoticed")
		}
	})
}

func TestStageThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		let := make(chan struct{})
		began := time.Now()
		err := runStages(ctx, []stage{{"doors", func(context.Context) error { <-let; return nil }}})
		if err == nil || time.Since(began) != hardStop {
			t.Errorf("got %v after %s, want an error after %s", err, time.Since(began), hardStop)
		}
		close(let)
	})
}
