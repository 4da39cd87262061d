package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

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
	epr     string // where the patient record collects
	json    string
}

func placesFor(data string) (demoPlaces, error) {
	abs, err := filepath.Abs(data)
	if err != nil {
		return demoPlaces{}, clinical.Errorf(clinical.Invalid, "demo: %w", err)
	}
	beside := abs + "-demo"
	return demoPlaces{data: abs, studios: filepath.Join(beside, "studios"), walk: filepath.Join(beside, "walk"), epr: filepath.Join(beside, "epr"), json: filepath.Join(filepath.Dir(abs), "demo.json")}, nil
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
	if fresh {
		if err := at.lay(e.ctx, cfg, quiet(e.stderr)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(at.epr, 0o700); err != nil {
		return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
	}
	log, err := os.OpenFile(at.data+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "demo: log: %w", err)
	}
	started := func(ctx context.Context, s *system) error {
		if fresh {
			put(e.stdout, "Drawing pictures and taking them through the studios' folders; this takes half a minute, once.")
			seed := &seeder{system: s, world: world, at: at}
			if err := seed.run(ctx); err != nil {
				return err
			}
		}
		return at.open(e.stdout, s.address)
	}
	return errors.Join(serve(e.ctx, cfg, e.stdout, log, started), log.Close())
}

// open marks the demo as made and tells where it answers, which is not where it was told to listen when the system
// chose the port.
func (at demoPlaces) open(w io.Writer, address string) error {
	if err := at.mark(demoReady); err != nil {
		return err
	}
	if err := at.moved(address); err != nil {
		return err
	}
	return at.tell(w, address)
}

// lay makes DATA and the studios' folders.
func (at demoPlaces) lay(ctx context.Context, cfg config, log *slog.Logger) error {
	for _, st := range cfg.Studios {
		if err := os.MkdirAll(st.Folder, 0o700); err != nil {
			return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
		}
	}
	_, err := initData(ctx, cfg, nil, log)
	return err
}

// mark notes how far the demo came.
func (at demoPlaces) mark(how string) error {
	if err := os.WriteFile(filepath.Join(at.data, demoMark), []byte(how), 0o600); err != nil {
		return clinical.Errorf(clinical.Unavailable, "demo: %w", err)
	}
	return nil
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
	return true, at.mark(demoBegun)
}

// config is the demo's own: two studios and the patient record's folder outside
// DATA, and short waits.
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
	cfg.Site = siteYAML{Name: "Northgate Hospital", Contact: "Olu Bright, information governance, extension 5100"}
	if _, port, err := net.SplitHostPort(listen); err == nil && port != "0" {
		cfg.Site.URL = "https://" + listen // on a port that is chosen later no code can be printed
	}
	cfg.EPR = eprYAML{Folder: at.epr}
	cfg.Timing = timingYAML{Quiet: duration(8 * time.Second), Poll: duration(2 * time.Second)}
	return cfg
}

func (at demoPlaces) folder(s clinical.StudioID) string { return filepath.Join(at.studios, string(s)) }
