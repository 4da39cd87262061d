package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// watch looks in every way that people have for frames that are shown under a patient whose they are not. A
// photographer's Arrivals are not among the ways: there a run that waits is shown to be judged.
type watch struct {
	h        *hospital
	owner    map[string]demoPatient // whose each frame is, by SHA-256
	patients map[string]demoPatient // by ID
	sums     map[string]string      // SHA-256 of each asset that was ever seen, by ID
	under    map[sighting]string    // who saw what under whom, and where
	drives   string                 // what was on the drives before
	looks    int
}

// sighting is an asset that is shown under a patient.
type sighting struct{ asset, patient string }

// watching begins to watch over the frames of owner.
func (h *hospital) watching(ctx context.Context, owner map[string]demoPatient) (*watch, error) {
	w := &watch{h: h, owner: owner, patients: map[string]demoPatient{}, sums: map[string]string{}, under: map[sighting]string{}}
	for _, p := range owner {
		w.patients[p.ID] = p
	}
	var err error
	w.drives, err = w.mounted(ctx)
	return w, err
}

// look looks once, as a photographer, the clinician who treats, another one, and whoever has a drive.
func (w *watch) look(ctx context.Context) error {
	w.looks++
	waiting, err := w.h.as("lea").arrivals(ctx)
	if err != nil {
		return err
	}
	w.know(waiting.Quarantine)
	for _, r := range waiting.Runs {
		w.know(r.Assets)
	}
	for _, login := range []string{"lea", "henri", "nora"} {
		c := w.h.as(login)
		if _, err := w.library(ctx, c, ""); err != nil {
			return err
		}
		for _, p := range w.patients {
			if err := errors.Join(w.asked(ctx, c, p), w.page(ctx, c, p)); err != nil {
				return err
			}
		}
	}
	drives, err := w.mounted(ctx)
	if err == nil && drives != w.drives {
		err = fmt.Errorf("a drive changed though nothing was released: %s, before: %s", drives, w.drives)
	}
	return errors.Join(err, w.wrong())
}

// lingering is how many looks more there are once a folder is empty, because search follows a moment later.
const lingering = 20

// taken looks until the studio's folder holds no frame any more, and then on for a while.
func (w *watch) taken(ctx context.Context) error {
	err := until(ctx, 3*time.Minute, "all frames have left the folder", func(ctx context.Context) (bool, error) {
		if err := w.look(ctx); err != nil {
			return true, err
		}
		left, err := filepath.Glob(filepath.Join(w.h.studio(studioA), "*.JPG"))
		return len(left) == 0, err
	})
	for n := 0; n < lingering && err == nil; n++ {
		err = w.look(ctx)
	}
	return err
}

func (w *watch) know(all []picture) {
	for _, a := range all {
		w.sums[a.ID] = a.SHA256
	}
}

// saw notes pictures that are shown under a patient.
func (w *watch) saw(c *client, where, patient string, all []picture) {
	w.know(all)
	for _, a := range all {
		w.under[sighting{a.ID, patient}] = c.who.Login + " on " + where + ", " + a.State
	}
}

// wrong reports every way in which a frame was ever shown under another patient. What an asset is may be known only later.
func (w *watch) wrong() error {
	ways := map[string]bool{}
	for s, who := range w.under {
		if right, ok := w.owner[w.sums[s.asset]]; ok && right.ID != s.patient {
			ways[fmt.Sprintf("a frame of %s is shown under %s to %s", right.Key, w.patients[s.patient].Key, who)] = true
		}
	}
	if len(ways) == 0 {
		return nil
	}
	return errors.New(strings.Join(slices.Sorted(maps.Keys(ways)), "; "))
}

// library looks through what a person finds with words, or without any: each result says whose it is.
func (w *watch) library(ctx context.Context, c *client, words string) ([]picture, error) {
	found, err := c.search(ctx, url.Values{"q": {words}, "sort": {"newest"}, "limit": {"500"}})
	for _, a := range found.Items {
		if a.Patient != "" {
			w.saw(c, "a search of the library", a.Patient, []picture{a})
		}
	}
	return found.Items, err
}

// asked searches by patient, and by the patient's name and number as anybody types them.
func (w *watch) asked(ctx context.Context, c *client, p demoPatient) error {
	all, err := c.pictures(ctx, p.ID)
	w.saw(c, "a search by patient", p.ID, all)
	_, nameErr := w.library(ctx, c, byName(p))
	_, numberErr := w.library(ctx, c, p.Number)
	return errors.Join(err, nameErr, numberErr)
}

// byName is the patient's name so that search takes no other for it.
func byName(p demoPatient) string { return `"` + p.Family + `"` }

// rests waits until who treats them finds nobody else's frame by the name of a patient. Words are found a moment after the
// record they stand in has changed.
func (w *watch) rests(ctx context.Context) error {
	return until(ctx, 20*time.Second, "a name finds its own patient's frames only", func(ctx context.Context) (bool, error) {
		for _, p := range w.patients {
			found, err := w.library(ctx, w.h.as("henri"), byName(p))
			if err != nil {
				return false, err
			}
			for _, a := range found {
				if right, ok := w.owner[a.SHA256]; ok && right.ID != p.ID {
					return false, fmt.Errorf("%s finds a frame of %s", p.Key, right.Key)
				}
			}
		}
		return true, nil
	})
}

// shownAt finds the pictures of a page for people.
var shownAt = regexp.MustCompile(`/pictures/([0-9A-Z]{26})`)

// page opens the patient's page, as programs and as people read it.
func (w *watch) page(ctx context.Context, c *client, p demoPatient) error {
	var page struct {
		Sessions []struct {
			Assets []picture `json:"assets"`
		} `json:"sessions"`
	}
	err := c.call(ctx, http.MethodGet, "/api/v1/patients/"+p.ID, nil, &page)
	if err != nil && !isAbsent(err) {
		return err
	}
	for _, s := range page.Sessions {
		w.saw(c, "the patient's page", p.ID, s.Assets)
	}
	a, askErr := c.ask(ctx, http.MethodGet, "/patients/"+p.ID)
	if askErr != nil {
		return askErr
	}
	if want := map[bool]int{true: http.StatusNotFound, false: http.StatusOK}[isAbsent(err)]; a.status != want {
		return fmt.Errorf("the patient's page for %s: status %d, not %d as the API", c.who.Login, a.status, want)
	}
	for _, id := range shownAt.FindAllSubmatch(a.body, -1) {
		w.under[sighting{string(id[1]), p.ID}] = c.who.Login + " on the patient's page for people"
	}
	return nil
}

// mounted is what is on the drives of those who mount one, in one text.
func (w *watch) mounted(ctx context.Context) (string, error) {
	var b strings.Builder
	for _, login := range []string{"yuki", "grace", "henri", "lea"} {
		files, err := w.h.as(login).list(ctx, "/dav/teaching/")
		if err != nil && !errors.Is(err, errGone) {
			return "", fmt.Errorf("the drive of %s: %w", login, err)
		}
		b.WriteString(login + "\n" + etags(files))
	}
	return b.String(), nil
}
