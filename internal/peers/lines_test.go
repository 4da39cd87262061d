//go:build peers

package peers_test

import (
	"fmt"
	"io"
	"testing"
	"time"
)

// line is one of the table: a figure, what it must be, and what it aims at.
type line struct {
	what      string
	figure    float64
	unit      string
	must, aim float64 // 0: there is none
	most      bool    // the figure is to be at most that, not at least
}

func (l line) reaches(bound float64) string {
	if (l.most && l.figure <= bound) || (!l.most && l.figure >= bound) {
		return "ok"
	}
	return "short"
}

// bound prints one of the two, with how it is kept.
func (l line) bound(b float64) string {
	if b == 0 {
		return "–"
	}
	sign := "≥"
	if l.most {
		sign = "≤"
	}
	return fmt.Sprintf("%s%s %s", sign, number(b), l.reaches(b))
}

// number prints three digits that count.
func number(f float64) string {
	if f >= 100 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.3g", f)
}

// measured is what a run has measured.
type measured struct {
	took        map[string]map[string][]time.Duration // by metric and server, round by round
	perEntry    map[string]float64                    // bytes
	memory      map[string]int64                      // bytes
	private     map[string]int64                      // of it not of files, as it is now
	after       int64                                 // bytes that came after a withdrawal, at most
	credentials time.Duration
	passed      int // tests of litmus
}

// ratio is the median, over the rounds, of how long one takes divided by how long the other takes.
func (m *measured) ratio(metric, server, beside string) float64 {
	return m.across(metric, server, metric, beside)
}

func (m *measured) across(metric, server, other, beside string) float64 {
	var all []float64
	for round, took := range m.took[metric][server] {
		all = append(all, float64(took)/float64(m.took[other][beside][round]))
	}
	return median(all)
}

// lines is the table.
func (m *measured) lines() []line {
	const us = "fovea"
	rate := func(metric, beside string) float64 { return m.ratio(metric, beside, us) }
	return []line{
		{list1000 + ", time / xnet", m.ratio(list1000, us, "xnet"), "×", 0.40, 0.10, true},
		{list10000 + ", time / xnet", m.ratio(list10000, us, "xnet"), "×", 0.35, 0.10, true},
		{"bytes of an entry, allprop", m.perEntry[us], "B", 500, 400, true},
		{getLarge + ", rate / xnet", rate(getLarge, "xnet"), "×", 0.60, 0.85, false},
		{getLarge + ", rate / rclone", rate(getLarge, "rclone"), "×", 2, 0, false},
		{getTLS + ", rate / plain", m.across(getLarge, us, getTLS, us), "×", 0.35, 0.50, false},
		{getMany + ", rate / xnet", rate(getMany, "xnet"), "×", 0.45, 0.6, false},
		{getMany + ", rate / rclone", rate(getMany, "rclone"), "×", 1.3, 0, false},
		{getRange + ", time / xnet", m.ratio(getRange, us, "xnet"), "×", 3, 2, true},
		{"peak memory, 12,000 entries listed", float64(m.memory[us]) / 1e6, "MB", 200, 96, true},
		{"bytes after a withdrawal, most", float64(m.after) / 1024, "KiB", 1024, 256, true},
		{"credentials of a request", float64(m.credentials.Nanoseconds()) / 1000, "µs", 50, 5, true},
		{"litmus on the inbox, tests of 104", float64(m.passed), "", 104, 0, false},
	}
}

// print writes the table of promises, and then what every server took.
func (m *measured) print(w io.Writer, servers []string) {
	row := func(format string, cells ...any) { _, _ = fmt.Fprintf(w, format+"\n", cells...) }
	row("\n%-44s %12s  %-16s %s", "", "figure", "must", "aim")
	for _, l := range m.lines() {
		row("%-44s %12s  %-16s %s", l.what, number(l.figure)+" "+l.unit, l.bound(l.must), l.bound(l.aim))
	}
	head := fmt.Sprintf("%-28s", "median of the rounds")
	for _, s := range servers {
		head += fmt.Sprintf(" %22s", s)
	}
	row("\n%s", head)
	for _, metric := range metrics() {
		text := fmt.Sprintf("%-28s", metric.name)
		for _, s := range servers {
			if len(m.took[metric.name][s]) == 0 {
				text += fmt.Sprintf(" %22s", "–")
				continue
			}
			text += fmt.Sprintf(" %22s", fmt.Sprintf("%.2f ms (%.2f×)", median(m.took[metric.name][s]).Seconds()*1000, m.over(metric, s)))
		}
		row("%s", text)
	}
	for what, of := range map[string]func(string) string{
		"bytes of an entry": func(s string) string { return fmt.Sprintf("%.0f", m.perEntry[s]) },
		"peak memory (now private)": func(s string) string {
			return fmt.Sprintf("%.0f (%.0f) MB", float64(m.memory[s])/1e6, float64(m.private[s])/1e6)
		},
	} {
		text := fmt.Sprintf("%-28s", what)
		for _, s := range servers {
			text += fmt.Sprintf(" %22s", of(s))
		}
		row("%s", text)
	}
}

// over is how long a server takes over the time that the peer of all ratios does; with a metric of ours alone, over ours
// in plain.
func (m *measured) over(metric metric, server string) float64 {
	if metric.ours {
		return m.across(metric.name, server, getLarge, server)
	}
	return m.ratio(metric.name, server, "xnet")
}

// TestALineSaysWhetherItIsReached is about the table itself.
func TestALineSaysWhetherItIsReached(t *testing.T) {
	for _, tt := range []struct {
		line      line
		must, aim string
	}{
		{line{figure: 0.2, must: 0.4, aim: 0.1, most: true}, "≤0.4 ok", "≤0.1 short"},
		{line{figure: 0.7, must: 0.6, aim: 0.85}, "≥0.6 ok", "≥0.85 short"},
		{line{figure: 1.9, must: 2}, "≥2 short", "–"},
	} {
		if must, aim := tt.line.bound(tt.line.must), tt.line.bound(tt.line.aim); must != tt.must || aim != tt.aim {
			t.Errorf("%+v: %s, %s, want %s, %s", tt.line, must, aim, tt.must, tt.aim)
		}
	}
}
