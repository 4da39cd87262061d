package testenv_test

import (
	"os"
	"path/filepath"
	"testing"

	"fovea/internal/testenv"
)

// outcome runs a test of its own and notes how Data ended it.
type outcome struct {
	testing.TB
	skipped, failed bool
}

func (o *outcome) Helper() {}

func (o *outcome) Skipf(string, ...any) { o.skipped = true }

func (o *outcome) Fatalf(string, ...any) { o.failed = true }

func TestMissingDataSkipsAtHomeAndFailsInCI(t *testing.T) {
	t.Setenv("FOVEA_TESTDATA", t.TempDir())

	t.Setenv("CI", "")
	home := &outcome{TB: t}
	testenv.Data(home, "cameras")
	if !home.skipped || home.failed {
		t.Errorf("at home: skipped %t failed %t, want skipped", home.skipped, home.failed)
	}

	t.Setenv("CI", "true")
	ci := &outcome{TB: t}
	testenv.Data(ci, "cameras")
	if ci.skipped || !ci.failed {
		t.Errorf("in CI: skipped %t failed %t, want failed", ci.skipped, ci.failed)
	}
}

func TestDataThatIsThereIsReturned(t *testing.T) {
	base := t.TempDir()
	want := filepath.Join(base, "cameras", "one.jpg")
	if err := os.MkdirAll(filepath.Dir(want), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FOVEA_TESTDATA", base)
	if got := testenv.Data(t, "cameras", "one.jpg"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDataLiesBesideTheRepositoryUnlessSaidOtherwise(t *testing.T) {
	t.Setenv("FOVEA_TESTDATA", "")
	t.Setenv("CI", "")
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(wd, "..", "..", "..", "shared", "data")
	if got := testenv.Data(&outcome{TB: t}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
