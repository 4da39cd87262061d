package index

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fovea/clinical"
)

// currentGeneration reads the pointer: one line, "fovea-index VERSION NAME". An absent pointer, and one of an older
// version, is no generation yet; a newer version is Invalid.
func currentGeneration(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, pointerFile))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", clinical.Errorf(clinical.Unavailable, "index: read the pointer: %w", err)
	}
	var version int
	var name string
	if _, err := fmt.Sscanf(string(b), "fovea-index %d %s\n", &version, &name); err != nil || !generationName.MatchString(name) {
		return "", clinical.Errorf(clinical.Corrupt, "index: the pointer is malformed")
	}
	switch {
	case version > pointerVersion:
		return "", clinical.Errorf(clinical.Invalid, "index: written by a newer version (%d, this one knows %d)", version, pointerVersion)
	case version < pointerVersion:
		return "", nil
	}
	if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return name, nil
}

// point makes name the current generation, durably.
func point(dir, name string) (err error) {
	defer func() {
		if err != nil {
			err = clinical.Errorf(clinical.Unavailable, "index: write the pointer: %w", err)
		}
	}()
	tmp, err := os.CreateTemp(dir, pointerFile+"-*")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(tmp, "fovea-index %d %s\n", pointerVersion, name)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, pointerFile))
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// generations lists the generations in dir, the unfinished ones included.
func generations(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		return nil, clinical.Errorf(clinical.Unavailable, "index: list the folder: %w", err)
	}
	var names []string
	for _, e := range entries {
		if generationName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// removeOthers deletes what a crash or a rebuild left beside the current generation.
func removeOthers(dir, current string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "index: list the folder: %w", err)
	}
	for _, e := range entries {
		stray := generationName.MatchString(e.Name()) && e.Name() != current
		if stray || strings.HasPrefix(e.Name(), pointerFile+"-") {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return clinical.Errorf(clinical.Unavailable, "index: remove an old generation: %w", err)
			}
		}
	}
	return nil
}
