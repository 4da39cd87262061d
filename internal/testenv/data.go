// Package testenv gives tests what they need around them: the shared test pictures, and a whole system in a folder.
//
// It is the only place of the tree that may skip a test, and only for one reason: the test pictures, which are not
// ours to copy into the repository, are not on this machine. Where CI=true they have to be there, and their absence
// fails the test. Start reading at Data.
package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Data returns the path of a file or folder of the test data: elem joined under FOVEA_TESTDATA, or, where that is not
// set, under ../shared/data beside the repository.
//
// A path that does not exist skips the test and says what was missing. Where the environment says CI=true it fails
// the test instead: there, nothing is left out silently.
func Data(tb testing.TB, elem ...string) string {
	tb.Helper()
	base, err := dataFolder()
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	path := filepath.Join(append([]string{base}, elem...)...)
	_, err = os.Stat(path)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		tb.Fatalf("testenv: test data %s is not here: %v", filepath.Join(elem...), err)
	default:
		tb.Skipf("testenv: skipped, test data %s is not here; set FOVEA_TESTDATA to the folder that holds it",
			filepath.Join(elem...))
	}
	return path
}

func dataFolder() (string, error) {
	if set := os.Getenv("FOVEA_TESTDATA"); set != "" {
		return set, nil
	}
	root, err := repository()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "..", "shared", "data"), nil
}

// repository walks up from the working directory, which go test sets to the folder of the tested package, to the
// folder that holds go.mod.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("find the repository: no go.mod above the working directory")
		}
		dir = up
	}
}
