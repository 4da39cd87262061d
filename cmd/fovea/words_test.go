package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// commands are all there are, as a person types them: "set change".
func commands(t *testing.T) []string {
	t.Helper()
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(n *kong.Node, path string)
	walk = func(n *kong.Node, path string) {
		for _, child := range n.Children {
			name := strings.TrimSpace(path + " " + child.Name)
			if len(child.Children) == 0 {
				out = append(out, name)
			}
			walk(child, name)
		}
	}
	walk(parser.Model.Node, "")
	return out
}

// TestEveryCommandThatIsAdvisedExists reads what pages, messages and help texts
// tell people to type.
func TestEveryCommandThatIsAdvisedExists(t *testing.T) {
	known := commands(t)
	advice := regexp.MustCompile(`\bfovea (?:--(?:as|config|data) [^ ]+ |--json )*([a-z][a-z-]*)(?: ([a-z-]+))?`)
	var files []string
	for _, pattern := range []string{"../../server/pages/templates/*.html", "../../server/*/*.go", "../../policy/*.go", "*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	quoted := regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"")
	advised := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{string(b)}
		if strings.HasSuffix(file, ".go") {
			texts = quoted.FindAllString(string(b), -1)
		}
		for _, text := range texts {
			for _, m := range advice.FindAllStringSubmatch(text, -1) {
				advised++
				two := m[1] + " " + m[2]
				family := func(k string) bool { return strings.HasPrefix(k, two+" ") }
				if !slices.Contains(known, m[1]) && !slices.Contains(known, two) && !slices.ContainsFunc(known, family) {
					t.Errorf("%s advises %q, which does not exist", file, m[0])
				}
			}
		}
	}
	if advised < 10 {
		t.Errorf("only %d pieces of advice were found; the test proves little", advised)
	}
}
