package arch_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestTheTreeKeepsItsLaws(t *testing.T) {
	files, err := sources(os.DirFS(filepath.Join("..", "..")))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("read %d files only; the walk does not see the tree", len(files))
	}
	for _, fault := range faults(files) {
		t.Error(fault)
	}
}

func TestEveryNameInTheMapIsARoom(t *testing.T) {
	rooms := rooms()
	check := func(where, names string) {
		for _, name := range strings.Fields(names) {
			if _, known := rooms[name]; !known {
				t.Errorf("%s names %s, which is not a room", where, name)
			}
		}
	}
	for room, allowed := range rooms {
		check(room, allowed)
	}
	for room, allowed := range visits() {
		check("visits", room)
		check(room, allowed)
	}
	for library, owner := range owners() {
		if owner != "*" {
			check(library, owner)
		}
	}
	check("guests", guests)
	check("programs", programs())
}

// The arrows of the map, said once more as the laws they stand for, so that an edit of the map cannot undo them.
func TestTheMapItselfKeepsTheLaws(t *testing.T) {
	rooms := rooms()
	siblings := []string{"ingest", "vault", "index", "policy", "darkroom", "measure"}
	for _, room := range siblings {
		for _, other := range siblings {
			if has(rooms[room], other) {
				t.Errorf("siblings: %s may import %s", room, other)
			}
		}
	}
	for room, allowed := range rooms {
		if room != "server" && !strings.HasPrefix(room, "server/") {
			continue
		}
		for _, behind := range []string{"vault", "index"} {
			if slices.ContainsFunc(strings.Fields(allowed), func(to string) bool {
				return to == behind || strings.HasPrefix(to, behind+"/")
			}) {
				t.Errorf("doors: %s may import %s", room, behind)
			}
		}
	}
	if rooms["clinical"] != "" {
		t.Errorf("the vocabulary may import %s", rooms["clinical"])
	}
}

// Each fixture plants one fault in an otherwise lawful file.
func TestAPlantedFaultIsFound(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{
			"a door that names the vault", "server/webdav/tree.go",
			`package webdav; import _ "fovea/vault"`,
			"server/webdav/tree.go: may not import vault",
		},
		{
			"a test of a door that names the vault", "server/api/api_test.go",
			`package api_test; import _ "fovea/vault"`,
			"server/api/api_test.go: may not import vault",
		},
		{
			"a sibling", "ingest/keep.go",
			`package ingest; import _ "fovea/index"`,
			"ingest/keep.go: may not import index",
		},
		{
			"the vocabulary with a library", "clinical/id.go",
			`package clinical; import _ "golang.org/x/sync/errgroup"`,
			"clinical/id.go: may not import golang.org/x/sync/errgroup, which belongs to *",
		},
		{
			"a second owner of Badger", "index/store.go",
			`package index; import _ "github.com/dgraph-io/badger/v4"`,
			"index/store.go: may not import github.com/dgraph-io/badger/v4, which belongs to vault/badgerstore",
		},
		{
			"a library without owner", "index/leftpad.go",
			`package index; import _ "example.org/leftpad"`,
			"index/leftpad.go: imports example.org/leftpad, which has no owner in internal/arch/rooms_test.go",
		},
		{
			"a folder nobody decided on", "util/util.go",
			`package util`,
			"util/util.go: folder util is not in the map of internal/arch/rooms_test.go",
		},
		{
			"a third kind of program", "vault/main.go",
			`package main`,
			"vault/main.go: package main outside cmd/fovea desktop internal/accept",
		},
		{
			"a program that is imported", "internal/testenv/system.go",
			`package testenv; import _ "fovea/cmd/fovea"`,
			"internal/testenv/system.go: imports the program cmd/fovea",
		},
		{
			"a test that skips", "vault/put_test.go",
			"package vault_test\nimport \"testing\"\nfunc TestPut(t *testing.T) { t.Skip() }",
			"vault/put_test.go:3: t.Skip: only internal/testenv may skip a test",
		},
		{
			"a test that sleeps", "vault/put_test.go",
			"package vault_test\nimport \"time\"\nfunc wait() { time.Sleep(1) }",
			"vault/put_test.go:3: time.Sleep: wait on a channel or a deadline, or test in a synctest bubble",
		},
		{
			"a package that reads the environment", "darkroom/render.go",
			"package darkroom\nimport \"os\"\nfunc threads() string { return os.Getenv(\"N\") }",
			"darkroom/render.go:3: os.Getenv: packages get Options by value; programs read the environment",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files, err := sources(fstest.MapFS{
				tt.file:            {Data: []byte(tt.text)},
				"ingest/watch.go":  {Data: []byte(`package ingest; import (_ "fovea/clinical"; _ "github.com/fsnotify/fsnotify")`)},
				"testdata/junk.go": {Data: []byte(`not Go`)},
				".cache/x/junk.go": {Data: []byte(`not Go`)},
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.want}, faults(files)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
