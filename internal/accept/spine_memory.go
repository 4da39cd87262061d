package main

import (
	"context"
	"fmt"
)

// mostMemory is the most anonymous memory the program may use.
const mostMemory = 400 << 20

// memoryStaysBounded: the most anonymous memory that the program was seen to use in any of the trials before.
func memoryStaysBounded(ctx context.Context, tr *trial) (string, error) {
	tr.mu.Lock()
	none := tr.peak == 0
	tr.mu.Unlock()
	if none { // tried alone: at least the demo is looked at
		if _, err := tr.hospital(ctx); err != nil {
			return "", err
		}
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	figure := fmt.Sprintf("at most %d MiB of anonymous memory, in %s (at most %d)", tr.peak>>20, tr.peakedIn, mostMemory>>20)
	if tr.peak > mostMemory {
		return figure, errSlow
	}
	return figure, nil
}
