package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
	"fovea/internal/demo"
)

// demoMark is the file by which DATA is known to be the demo's own; it says
// how far the demo came.
const demoMark = "demo"

const (
	demoBegun = "begun\n"
	demoReady = "ready\n"
)

// demoPlaces are the folders of a demo: DATA, and beside it what belongs to
// the studios and to the person who tries it.
type demoPlaces struct {
	data    string
	studios string // watch folders
	walk    string // files to drop, by shoot
	json    string
}

func placesFor(data string) (demoPlaces, error) {
	abs, err := filepath.Abs(data)
	if err != nil {
		return demoPlaces{}, clinical.Errorf(clinical.Invalid, "demo: %w", err)
	}
	beside := abs + "-demo"
	return demoPlaces{data: abs, studios: filepath.Join(beside, "studios"), walk: filepath.Join(beside, "walk"), json: filepath.Join(filepath.Dir(abs), "demo.json")}, nil
}

// serveDemo makes the invented hospital on first start and serves it.
func (e *env) serveDemo(listen string) error {
	if listen == "" {
		listen = "127.0.0.1:8443"
	}
	if ap, err := netip.ParseAddrPort(listen); err != nil || !ap.Addr().IsLoopback() {
		return clinical.Refuse(clinical.Invalid, "demo-listen", "The demo has known passwords and listens on loopback only. Use --listen 127.0.0.1:8443, or make a real DATA with fovea init.")
	}
	data := e.cli.Data
	if data == "" {
		data = "./var"
	}
	at, err := placesFor(data)
	if err != nil {
		return err
	}
	fresh, err := at.claim()
	if err != nil {
		return err
	}
	world := demo.New(time.Now(), time.Local) //nolint:gosmopolitan // the demo lives where its reader does
	cfg := at.config(world, listen)
	if err := cfg.check(); err != nil {
		return err
	}
	for _, st := range cfg.Studios {
		if err := os.MkdirAll(st.Folder, 0o700); err != nil {
			return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
		}
	}
	if fresh {
		if _, err := initData(e.ctx, cfg, nil, quiet(e.stderr)); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(at.data+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "demo: log: %w", err)
	}
	started := func(ctx context.Context, s *system) error {
		if fresh {
			put(e.stdout, "Drawing pictures and taking them through the studios' folders; this takes a minute, once.")
			if err := (&seeder{system: s, world: world, at: at, listen: listen}).run(ctx); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(at.data, demoMark), []byte(demoReady), 0o600); err != nil {
				return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
			}
		}
		return at.tell(e.stdout, listen)
	}
	return errors.Join(serve(e.ctx, cfg, e.stdout, log, started), log.Close())
}

// claim takes DATA for the demo: an empty or absent folder, or one it made
// before. A demo that was stopped while it was being made begins anew.
func (at demoPlaces) claim() (fresh bool, err error) {
	mark, err := os.ReadFile(filepath.Join(at.data, demoMark))
	switch {
	case err == nil && string(mark) == demoReady:
		return false, nil
	case err == nil && string(mark) == demoBegun:
		if err := errors.Join(os.RemoveAll(at.data), os.RemoveAll(filepath.Dir(at.studios)), os.RemoveAll(at.json)); err != nil {
			return false, clinical.Errorf(clinical.Unavailable, "demo: begin anew: %w", err)
		}
	case errors.Is(err, fs.ErrNotExist):
		if entries, err := os.ReadDir(at.data); err == nil && len(entries) > 0 {
			return false, clinical.Refuse(clinical.Invalid, "demo-data", "This DATA folder was not made by the demo. Name another with --data, or an empty one.")
		}
	case err != nil:
		return false, clinical.Refuse(clinical.Invalid, "demo-data", "This DATA folder cannot be read or was not made by the demo. Name another with --data.")
	}
	if err := os.MkdirAll(at.data, 0o700); err != nil {
		return false, clinical.Errorf(clinical.Unavailable, "demo: %w", err)
	}
	return true, os.WriteFile(filepath.Join(at.data, demoMark), []byte(demoBegun), 0o600)
}

// config is the demo's own: two studios outside DATA, and short waits.
func (at demoPlaces) config(w demo.World, listen string) config {
	cfg := config{Data: at.data, Listen: listen, Zone: time.Local.String(), Sandbox: "warn", Policy: policyYAML{VerbalTeaching: true}} //nolint:gosmopolitan // as above
	if cfg.Zone == "Local" {
		cfg.Zone = "UTC"
	}
	for _, r := range w.Rules {
		cfg.Identifiers = append(cfg.Identifiers, identifierYAML{System: r.System, Label: r.Label, Pattern: r.Pattern, Check: string(r.Check)})
	}
	for _, s := range w.Studios {
		cfg.Studios = append(cfg.Studios, studioYAML{
			ID: string(s.ID), Name: s.Name, Folder: at.folder(s.ID), Specialty: string(s.Specialty), Rules: s.Rules, Dispose: "done",
		})
	}
	cfg.Timing = timingYAML{Quiet: duration(8 * time.Second), Poll: duration(2 * time.Second)}
	return cfg
}

func (at demoPlaces) folder(s clinical.StudioID) string { return filepath.Join(at.studios, string(s)) }

// drop draws a shoot and then writes its files into dir: whole, each under a
// name that ingest passes over until it is complete, the ticket first.
func drop(dir string, s demo.Shoot) error {
	drawn := make([][]byte, len(s.Frames))
	var draw errgroup.Group
	for i, f := range s.Frames {
		draw.Go(func() (err error) {
			drawn[i], err = f.Draw()
			return err
		})
	}
	if err := draw.Wait(); err != nil {
		return err
	}
	dir = filepath.Join(dir, s.Folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
	}
	write := func(name string, b []byte) error {
		part := filepath.Join(dir, name+".part")
		if err := os.WriteFile(part, b, 0o600); err != nil {
			return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
		}
		return os.Rename(part, filepath.Join(dir, name))
	}
	if s.Ticket {
		b, err := s.TicketJSON()
		if err != nil {
			return err
		}
		if err := write("ticket.json", b); err != nil {
			return err
		}
	}
	for i, f := range s.Frames {
		if err := write(f.Name, drawn[i]); err != nil {
			return err
		}
	}
	return nil
}

// tell prints logins, mounts and what to try.
func (at demoPlaces) tell(w interface{ Write([]byte) (int, error) }, listen string) error {
	d, err := at.read()
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nSign in at %s (trust %s, or accept the warning)\n\n", d.URL, d.CAFile)
	for _, p := range d.People {
		fmt.Fprintf(&b, "  %-8s %-22s %s\n", p.Login, p.Password, p.Role)
	}
	host, port, _ := strings.Cut(listen, ":")
	grace := d.person("yuki")
	fmt.Fprintf(&b, `
Mount the teaching sets as the student (login %s, app password %s):
  Linux    rclone mount :webdav: /mnt/fovea --webdav-url %s/dav/teaching/ --webdav-user %s --webdav-pass "$(rclone obscure %s)" --ca-cert %s --read-only
           mount -t davfs -o ro %s/dav/teaching/ /mnt/fovea
  Windows  net use * \\%s@SSL@%s\dav\teaching /user:%s %s
  macOS    Finder, Go, Connect to Server: %s/dav/teaching/

What to try (docs/demo.md has each step in full):
  1 print a job sheet            Today, Print sheet, or: fovea --data %s --as lea job list
  2 three patients, one ID shot missing: copy the files of %s/* into %s,
    wait ten seconds, open Arrivals as lea, confirm two runs, mend the quarantine
  3 classify and release         open a patient as lea, tick pictures, classify, add to a set
  4 the same set as nora, yuki and olu
  5 refile a wrong patient       while the drive is mounted
  6 withdraw in mid-download     the drive loses it within one request
  7 verify the log offline       fovea --data %s audit export log && fovea audit verify log

Everything is also in %s. Stop with Ctrl-C; starting again keeps everything.
`, grace.Login, grace.AppPassword, d.URL, grace.Login, grace.AppPassword, d.CAFile, d.URL, host, port, grace.Login, grace.AppPassword, d.URL,
		at.data, at.walk, at.folder("studio-a"), at.data, at.json)
	_, err = w.Write([]byte(b.String()))
	return err
}
