package arch_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "fovea/"

// source is one parsed file of the tree.
type source struct {
	name string // slash-separated, from the root of the tree
	room string // its folder
	test bool
	file *ast.File
	set  *token.FileSet
}

// at says where in the file a node stands.
func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.name, s.set.Position(n.Pos()).Line)
}

// imports returns the paths the file imports.
func (s source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// sources parses every Go file under the root of the tree, leaving out what git or go would not look at either.
func sources(tree fs.FS) ([]source, error) {
	var all []source
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipFolder(name)
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		s := source{name: name, room: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), set: token.NewFileSet()}
		s.file, err = parser.ParseFile(s.set, name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, s)
		return nil
	})
	return all, err
}

func skipFolder(name string) error {
	base := path.Base(name)
	if name == "." {
		return nil
	}
	if strings.HasPrefix(base, ".") || slices.Contains([]string{"node_modules", "testdata", "var", "bin"}, base) {
		return fs.SkipDir
	}
	return nil
}

// faults returns what in the files breaks a law, sorted.
func faults(files []source) []string {
	var found []string
	for _, s := range files {
		allowed, known := rooms()[s.room]
		if !known {
			found = append(found, s.name+": folder "+s.room+" is not in the map of internal/arch/rooms_test.go")
			continue
		}
		if (s.file.Name.Name == "main") && !has(programs(), s.room) {
			found = append(found, s.name+": package main outside "+programs())
		}
		if s.test {
			allowed += " " + guests + " " + visits()[s.room]
		}
		for _, imp := range s.imports() {
			if fault := importFault(s, imp, allowed); fault != "" {
				found = append(found, s.name+": "+fault)
			}
		}
		found = append(found, callFaults(s)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func importFault(s source, imp, allowed string) string {
	to, ours := strings.CutPrefix(imp, module)
	switch {
	case ours && has(programs(), to):
		return "imports the program " + to
	case ours && s.test && (to == s.room || strings.HasPrefix(to, s.room+"/")):
		return ""
	case ours && !has(allowed, to):
		return "may not import " + to
	case ours || !strings.Contains(strings.Split(imp, "/")[0], "."):
		return ""
	case s.test && covers(testLibraries, imp):
		return ""
	}
	for library, owner := range owners() {
		if !covers(library, imp) {
			continue
		}
		if has(owner, s.room) || owner == "*" && s.room != "clinical" {
			return ""
		}
		return "may not import " + imp + ", which belongs to " + owner
	}
	return "imports " + imp + ", which has no owner in internal/arch/rooms_test.go"
}

// callFaults finds calls that no file, or no test, may make: they are told by name alone.
func callFaults(s source) []string {
	var found []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		on, ok := call.X.(*ast.Ident)
		if !ok {
			return true
		}
		what := on.Name + "." + call.Sel.Name
		switch {
		case has("Skip Skipf SkipNow", call.Sel.Name) && has("t b f tb", on.Name) && s.room != "internal/testenv":
			found = append(found, s.at(n)+": "+what+": only internal/testenv may skip a test")
		case what == "time.Sleep" && s.test:
			found = append(found, s.at(n)+": "+what+": wait on a channel or a deadline, or test in a synctest bubble")
		case has("os.Getenv os.LookupEnv os.Environ", what) && !s.test && !mayReadEnvironment(s.room):
			found = append(found, s.at(n)+": "+what+": packages get Options by value; programs read the environment")
		}
		return true
	})
	return found
}

func mayReadEnvironment(room string) bool {
	return has(programs(), room) || room == "internal/testenv" || room == "internal/mounts"
}

// has reports whether the word is among the space-separated words.
func has(words, word string) bool { return slices.Contains(strings.Fields(words), word) }

// covers reports whether a library of the space-separated list holds the imported path: the path itself, one below it,
// or one of its major versions.
func covers(libraries, imp string) bool {
	for _, library := range strings.Fields(libraries) {
		if imp == library || strings.HasPrefix(imp, library+"/") {
			return true
		}
	}
	return false
}
