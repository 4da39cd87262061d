package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"fovea/clinical"
)

type serveCmd struct {
	Demo   bool   `help:"Show the whole path on invented patients and drawn pictures; refuses any other interface than loopback and any DATA that it did not make."`
	Listen string `help:"Address to listen on." placeholder:"HOST:PORT"`
}

// Help teaches.
func (serveCmd) Help() string {
	return "Examples:\n  fovea serve --demo --data ./var --listen 127.0.0.1:8443\n  fovea --config /etc/fovea.yaml serve\n\n" +
		"It prints \"ready https://…\" once it answers. SIGTERM stops it: doors first, the vault last. SIGHUP reads the certificate anew."
}

func (x serveCmd) Run(e *env) error {
	if x.Demo {
		return e.serveDemo(x.Listen)
	}
	cfg, err := e.cli.load()
	if err != nil {
		return err
	}
	if x.Listen != "" {
		cfg.Listen = x.Listen
		if err := cfg.check(); err != nil {
			return err
		}
	}
	return serve(e.ctx, cfg, e.stdout, e.stderr, nil)
}

// serve runs the whole system until ctx ends. started, which may be nil, is
// called once the doors answer, before "ready" is printed.
func serve(ctx context.Context, cfg config, stdout, stderr io.Writer, started func(context.Context, *system) error) error {
	boundMemory()
	sys, err := openSystem(ctx, cfg, logger(stderr))
	if clinical.ReasonOf(err) == "data-locked" {
		return held(cfg)
	}
	if err != nil {
		return err
	}
	if err := sys.openServer(ctx); err != nil {
		return errors.Join(err, sys.close())
	}
	if err := cfg.remember(); err != nil {
		return errors.Join(err, sys.close())
	}
	announce := stage{"start", func(ctx context.Context) error {
		var address string
		select {
		case <-ctx.Done():
			return nil
		case address = <-sys.listening:
		}
		if started != nil {
			if err := started(ctx, sys); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(stdout, "ready https://%s\n", address); err != nil {
			return err
		}
		return sys.reloadOnHangup(ctx)
	}}
	return errors.Join(runStages(ctx, append(sys.serving(), announce)), sys.close())
}

// memoryAim is how much memory, in bytes, the collector works to stay below: a
// burst of large pictures is collected sooner instead of doubling the heap.
const memoryAim = 300 << 20

// boundMemory sets the aim, unless GOMEMLIMIT already did.
func boundMemory() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryAim)
	}
}

// shown is the address to print: the configured one, or the one that the system
// chose where the configuration leaves the port to it.
func shown(configured string, at net.Addr) string {
	if _, port, err := net.SplitHostPort(configured); err == nil && port == "0" {
		return at.String()
	}
	return configured
}

// reloadOnHangup reads the certificate anew at each SIGHUP until ctx ends.
func (s *system) reloadOnHangup(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			if err := s.doors.Reload(); err != nil {
				s.log.ErrorContext(ctx, "certificate not reloaded; the old one stays in use", "err", err)
			}
		}
	}
}

// logger writes one line of JSON an event to the operator: IDs only.
func logger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// quiet is the logger of a command: only what went wrong.
func quiet(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelError}))
}
