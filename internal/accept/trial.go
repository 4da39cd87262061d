package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// trial is one run of accept: its folder, the hospital that is copied for each promise, and what was measured.
type trial struct {
	options
	dir string
	// One of the two once the demo was made, or could not be.
	seeded   *hospital
	unseeded error
	running  []*hospital // of the promise that is being tried
	made     int

	mu       sync.Mutex
	promise  string
	peak     int64 // bytes of RssAnon
	peakedIn string
}

func newTrial(_ context.Context, o options) (*trial, error) {
	if _, err := os.Stat(o.fovea); err != nil {
		return nil, fmt.Errorf("no program to try: %w", err)
	}
	dir, err := os.MkdirTemp("", "fovea-accept-")
	if err != nil {
		return nil, err
	}
	return &trial{options: o, dir: dir}, nil
}

func (tr *trial) remove(stderr io.Writer) {
	if tr.keep {
		_, _ = fmt.Fprintln(stderr, "accept: everything is in", tr.dir)
		return
	}
	if err := os.RemoveAll(tr.dir); err != nil {
		_, _ = fmt.Fprintln(stderr, "accept:", err)
	}
}

// try runs one promise and ends the hospitals that it started. One that cannot be stopped breaks the promise.
func (tr *trial) try(ctx context.Context, p promise) (figure string, err error) {
	tr.mu.Lock()
	tr.promise = p.name
	tr.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	figure, err = p.try(ctx, tr)
	for _, h := range tr.running {
		if broken := h.stop(); broken != nil {
			err = errors.Join(err, broken)
		}
		if err == nil && !tr.keep {
			err = os.RemoveAll(h.dir)
		}
	}
	tr.running = nil
	return figure, err
}

// saw notes how much anonymous memory a program uses.
func (tr *trial) saw(rss int64) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if rss > tr.peak {
		tr.peak, tr.peakedIn = rss, tr.promise
	}
}

// seed makes the demo once and stops it; every promise gets a copy of its own.
func (tr *trial) seed(ctx context.Context) (*hospital, error) {
	if tr.seeded != nil || tr.unseeded != nil {
		return tr.seeded, tr.unseeded
	}
	h := &hospital{tr: tr, dir: filepath.Join(tr.dir, "seed")}
	err := os.Mkdir(h.dir, 0o700)
	if err == nil {
		err = h.start(ctx)
	}
	if err == nil {
		err = h.rendered(ctx)
	}
	err = errors.Join(err, h.stop())
	if err != nil {
		tr.unseeded = fmt.Errorf("make the demo: %w", err)
		return nil, tr.unseeded
	}
	tr.seeded = h
	return h, nil
}

// hospital starts the program on a fresh copy of the demo.
func (tr *trial) hospital(ctx context.Context) (*hospital, error) {
	h, err := tr.copied(ctx, func(string) error { return nil })
	if err != nil {
		return nil, err
	}
	return h, h.start(ctx)
}

// copied copies the demo without starting it. prepare may make the empty DATA folder something else first.
func (tr *trial) copied(ctx context.Context, prepare func(data string) error) (*hospital, error) {
	from, err := tr.seed(ctx)
	if err != nil {
		return nil, err
	}
	return tr.copyOf(ctx, from, prepare)
}

// copyOf copies a hospital that does not run.
func (tr *trial) copyOf(ctx context.Context, from *hospital, prepare func(data string) error) (*hospital, error) {
	tr.made++
	h := &hospital{tr: tr, from: from.dir, dir: filepath.Join(tr.dir, fmt.Sprintf("%02d-%s", tr.made, tr.promise))}
	tr.running = append(tr.running, h)
	if err := os.MkdirAll(h.data(), 0o700); err != nil {
		return nil, err
	}
	if err := prepare(h.data()); err != nil {
		return nil, err
	}
	// The value logs are sparse: copied without their holes they would fill a small disk.
	cmd := exec.CommandContext(ctx, "cp", "-a", "--sparse=always", from.dir+"/.", h.dir) //nolint:gosec // our own folders
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy the demo: %w: %s", err, out)
	}
	return h, nil
}
