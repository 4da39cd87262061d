package arch_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The walk through the code is worth reading only while it is true.
func TestThePathOfAPhotoNamesWhatExists(t *testing.T) {
	tree := os.DirFS(filepath.Join("..", ".."))
	paths, err := allPaths(tree)
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(tree, "docs/path-of-a-photo.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z_/]+(?:/|\\.go|\\.txtar)|[a-z]+(?:/[a-z_]+)+(?:\\.go|\\.txtar)?)`")
	found := named.FindAllStringSubmatch(string(text), -1)
	if len(found) < 30 {
		t.Fatalf("found %d names only; the pattern does not see them", len(found))
	}
	for _, m := range found {
		want := "/" + strings.TrimSuffix(m[1], "/") + "\n"
		if !strings.Contains(paths, want) {
			t.Errorf("docs/path-of-a-photo.md names %s, which is not in the tree", m[1])
		}
	}
}

// allPaths lists every file and folder, each between a slash and a newline.
func allPaths(tree fs.FS) (string, error) {
	var all strings.Builder
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		all.WriteString("/" + name + "\n")
		if d.IsDir() && d.Name() != "testdata" {
			return skipFolder(name)
		}
		return nil
	})
	return all.String(), err
}

// A reader finds what concerns them by the two lines at the head of each change.
func TestChangesSayTheirKindAndForWhom(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "changelog", "*", "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no change is there: %v", err)
	}
	head := regexp.MustCompile(`^Kind: (new|better|mended|security|removed)\nFor: \S.*\n\n\S`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !head.Match(text) {
			t.Errorf("%s does not begin as changelog/README.md says", filepath.Base(f))
		}
	}
}
