//go:build peers

package peers_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"
)

var rounds = flag.Int("rounds", 12, "how often each server is asked for each metric")

// TestMain is the test, or in a child a server.
func TestMain(m *testing.M) {
	what := flag.String("serve", "", "be this server instead: fovea, xnet")
	dir := flag.String("in", "", "what it serves")
	flag.Parse()
	if *what == "" {
		m.Run()
		return
	}
	if err := serving(*what, *dir); err != nil {
		panic(err)
	}
}

// TestTheDriveBesideItsPeers measures every line of the table in one run.
func TestTheDriveBesideItsPeers(t *testing.T) {
	w, credentials := build(t)
	m := &measured{
		credentials: credentials, took: map[string]map[string][]time.Duration{}, perEntry: map[string]float64{},
		memory: map[string]int64{}, private: map[string]int64{},
	}
	us := fovea(t, w)
	all := []*peer{us, xnet(t, w), apache(t, w), nginx(t, w), rclone(t, w)}
	var names []string
	for _, p := range all { // first, as what they have read meanwhile would count
		names = append(names, p.name)
		p.list(t, "All")
		p.list(t, "All")
		m.memory[p.name], m.private[p.name] = p.peak(t, "VmHWM"), p.peak(t, "RssAnon")
		l := p.list(t, "Thousand")
		m.perEntry[p.name] = float64(l.bytes) / float64(l.entries)
	}
	began := time.Now()
	for round := -1; round < *rounds; round++ { // the first is to warm up, and does not count
		for _, metric := range metrics() {
			if m.took[metric.name] == nil {
				m.took[metric.name] = map[string][]time.Duration{}
			}
			for i := range all {
				p := all[(i+round+len(all))%len(all)] // who comes first changes too
				if metric.ours && p != us {
					continue
				}
				if took := metric.take(t, p); round >= 0 {
					m.took[metric.name][p.name] = append(m.took[metric.name][p.name], took)
				}
			}
		}
	}
	took := time.Since(began)
	for range 5 {
		m.after = max(m.after, withdrawn(t, us))
	}
	m.passed = litmus(t)
	_, _ = fmt.Fprintf(t.Output(), "%d rounds in %.0f s", *rounds, took.Seconds())
	m.print(t.Output(), names)
	for _, l := range m.lines() {
		t.Attr("line", fmt.Sprintf("%s: %s %s; must %s; aim %s", l.what, number(l.figure), l.unit, l.bound(l.must), l.bound(l.aim)))
	}
}

// litmus lets the protocol's own test suite at an inbox, over TLS, as make test-litmus does, and returns how many of its
// tests pass; those of its http suite count as they pass in plain.
func litmus(t *testing.T) (passed int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-tags", "litmus", "-count=1", "-v", "-run", "^TestLitmus$", "./server/webdav")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Logf("litmus: %v\n%s", err, out)
	}
	best := map[string]int{}
	for _, found := range regexp.MustCompile(`ATTR\s+\S+ litmus (\w+) (\d+)/\d+`).FindAllStringSubmatch(string(out), -1) {
		n, err := strconv.Atoi(found[2])
		if err != nil {
			t.Fatal(err)
		}
		best[found[1]] = max(best[found[1]], n)
	}
	for _, n := range best {
		passed += n
	}
	return passed
}
