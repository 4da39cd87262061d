package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// promise is one thing that is said of the program. try returns a figure that a reader can judge, and an error where
// the promise is broken, could not be tried, or (errSlow) is short of its figure only.
type promise struct {
	name string
	try  func(ctx context.Context, tr *trial) (figure string, err error)
}

// table is the promises by capability.
func table() map[string][]promise { return map[string][]promise{"spine": spine()} }

// spine is the path of a photo, from a studio's folder to the drives that its patient allows.
func spine() []promise {
	return []promise{
		{"demo", demoStarts},
		{"cameras", camerasAgree},
		{"fuzzed", fuzzedFilesDoNoHarm},
		{"upright", orientationsComeOutUpright},
		{"search", onlyThoseWhoTreatFind},
		{"doors", refusedIsAbsent},
		{"walk", nobodyUnderAnotherPatient},
		{"withdrawal", withdrawnWithinOneRequest},
		{"refile", refiledOnALiveMount},
		{"race", listingsRaceWithdrawals},
		{"kill", killedAtAnyInstant},
		{"sealed", nothingInPlain},
		{"bad-input", badInputDoesNoHarm},
		{"share", shareGoesAndComesBack},
		{"full-disk", fullDiskPausesAndResumes},
		{"audit", logProvesItAll},
		{"throughput", bulkIsTakenIn},
		{"memory", memoryStaysBounded},
	}
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
