package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// demoStarts: the demo prints ready, writes a complete demo.json for its owner alone, refuses other interfaces and
// DATA that it did not make, and keeps everything when it is stopped and started.
func demoStarts(ctx context.Context, tr *trial) (string, error) {
	began := time.Now()
	if _, err := tr.seed(ctx); err != nil {
		return "", err
	}
	made := time.Since(began)
	if err := tr.refusals(ctx); err != nil {
		return "", err
	}
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	if err := complete(h); err != nil {
		return "", err
	}
	before, err := h.picture(ctx)
	if err != nil {
		return "", err
	}
	if err := errors.Join(h.stop(), h.start(ctx)); err != nil {
		return "", err
	}
	// Search follows the journal from where it was; the drive is there at once.
	var after whole
	began = time.Now()
	err = until(ctx, 30*time.Second, "everything is there after a restart", func(ctx context.Context) (bool, error) {
		var err error
		after, err = h.picture(ctx)
		return after == before, err
	})
	if err != nil {
		return "", fmt.Errorf("%w: %d pictures of %d are found, %d of %d mounted", err, after.found, before.found, after.mounted, before.mounted)
	}
	figure := fmt.Sprintf("made in %.0f s; %d pictures, %d on the drive, found %.1f s after a restart", made.Seconds(), after.found, after.mounted, time.Since(began).Seconds())
	return figure, nil
}

// rendered waits until what the owners of the published sets are told is admitted is on the student's drive.
func (h *hospital) rendered(ctx context.Context) error {
	return until(ctx, 2*time.Minute, "the demo's sets are on the drive", func(ctx context.Context) (bool, error) {
		mounted := 0
		for _, s := range h.demo.Sets {
			files, err := h.as("yuki").list(ctx, folder(s.Name))
			if errors.Is(err, errGone) {
				continue
			}
			if err != nil {
				return false, err
			}
			var page struct {
				Admitted int `json:"admitted"`
			}
			if err := h.as(s.Owner).call(ctx, http.MethodGet, "/api/v1/sets/"+s.ID, nil, &page); err != nil {
				return false, err
			}
			if len(files) != page.Admitted {
				return false, fmt.Errorf("%d of %d pictures of a set are on the drive", len(files), page.Admitted)
			}
			mounted += len(files)
		}
		return mounted > 0, nil
	})
}

// whole is what a hospital shows, in numbers.
type whole struct {
	found, sets, mounted int
	etags                string
}

func (h *hospital) picture(ctx context.Context) (whole, error) {
	var w whole
	var errs error
	for _, p := range h.demo.Patients {
		for _, login := range []string{"henri", "nora"} {
			found, err := h.as(login).pictures(ctx, p.ID)
			w.found += len(found)
			errs = errors.Join(errs, err)
		}
	}
	yuki := h.as("yuki")
	for _, s := range h.demo.Sets {
		files, err := yuki.list(ctx, folder(s.Name))
		if errors.Is(err, errGone) {
			continue
		}
		errs = errors.Join(errs, err)
		w.sets++
		w.mounted += len(files)
		w.etags += etags(files)
	}
	if errs == nil && (w.found == 0 || w.mounted == 0) {
		errs = fmt.Errorf("the demo shows %d pictures, %d of them on the student's drive", w.found, w.mounted)
	}
	return w, errs
}

// refusals: each of these starts has to end by itself with a message.
func (tr *trial) refusals(ctx context.Context) error {
	foreign := filepath.Join(tr.dir, "foreign")
	if err := os.Mkdir(foreign, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(foreign, "thesis.txt"), []byte("mine"), 0o600); err != nil {
		return err
	}
	fresh := filepath.Join(tr.dir, "never-made")
	for name, args := range map[string][]string{
		"every interface": {"--data", fresh, "serve", "--demo", "--listen", "0.0.0.0:29943"},
		"a name":          {"--data", fresh, "serve", "--demo", "--listen", "localhost.example:29943"},
		"foreign DATA":    {"--data", foreign, "serve", "--demo", "--listen", "127.0.0.1:29943"},
	} {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		out, err := exec.CommandContext(ctx, tr.fovea, args...).CombinedOutput() //nolint:gosec // the program under trial
		cancel()
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok || exit.ExitCode() != 2 {
			return fmt.Errorf("--demo on %s was not refused with exit code 2: %w: %s", name, err, out)
		}
	}
	if _, err := os.Stat(fresh); err == nil {
		return errors.New("a refused demo made a DATA folder")
	}
	left, err := os.ReadDir(foreign)
	if err == nil && len(left) != 1 {
		err = errors.New("a refused demo wrote into foreign DATA")
	}
	return err
}

// everyRole: somebody of each role, with what they sign in and mount with.
func everyRole(people []demoPerson) error {
	roles := map[string]int{}
	for _, p := range people {
		roles[p.Role]++
		if p.ID == "" || p.Login == "" || len(p.Password) < 10 || p.AppPassword == "" {
			return fmt.Errorf("demo.json says too little of %q", p.Login)
		}
	}
	for role, least := range map[string]int{"photographer": 1, "clinician": 1, "educator": 2, "student": 1, "governance": 1, "admin": 1} {
		if roles[role] < least {
			return fmt.Errorf("demo.json names %d people of role %s", roles[role], role)
		}
	}
	return nil
}

// complete checks demo.json against what its format says is in it.
func complete(h *hospital) error {
	info, err := os.Stat(filepath.Join(h.dir, "demo.json"))
	if err != nil {
		return err
	}
	if info.Mode().Perm() != 0o600 {
		return fmt.Errorf("demo.json has mode %v", info.Mode())
	}
	d := h.demo
	if err := everyRole(d.People); err != nil {
		return err
	}
	for _, s := range d.Studios {
		if _, err := os.Stat(s.Folder); err != nil || len(s.Rules) == 0 || len(s.Ticket) == 0 {
			return fmt.Errorf("demo.json says too little of %s: %w", s.ID, err)
		}
	}
	for _, p := range d.Patients {
		if p.ID == "" || p.Family == "" || p.System == "" || p.Number == "" {
			return fmt.Errorf("demo.json says too little of patient %q", p.Key)
		}
	}
	for _, s := range d.Sets {
		if s.ID == "" || s.Path == "" {
			return fmt.Errorf("demo.json says too little of set %q", s.Name)
		}
	}
	if d.Format != "demo/1" || len(d.Studios) != 2 || len(d.Patients) != 12 || len(d.Jobs) == 0 || len(d.Grants) == 0 || len(d.Sets) == 0 {
		return fmt.Errorf("demo.json is not whole: %s, %d studios, %d patients, %d jobs, %d grants, %d sets",
			d.Format, len(d.Studios), len(d.Patients), len(d.Jobs), len(d.Grants), len(d.Sets))
	}
	return nil
}
