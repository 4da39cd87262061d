package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFiguresAreReadFromTheBenchmarkItself(t *testing.T) {
	const out = `goos: linux
pkg: fovea/index
BenchmarkSearch/upTo5000-2         	       3	 396557692 ns/op	      4378 most-hits	        27.94 p99-ms
BenchmarkSearch/matchAll-16        	      12	  90433236 ns/op	     90000 most-hits	        10.00 p99-ms
BenchmarkSearchOther/matchAll-16   	      12	  1 ns/op
PASS
`
	want := map[string]map[string]float64{
		"upTo5000": {"ns/op": 396557692, "most-hits": 4378, "p99-ms": 27.94},
		"matchAll": {"ns/op": 90433236, "most-hits": 90000, "p99-ms": 10},
	}
	if diff := cmp.Diff(want, measured("Search", []byte(out))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	const whole = "BenchmarkLedger-2 \t 1\t 9153000000 ns/op\t 8.30 own-µs\nBenchmarkLedgerOther-2 1 1 ns/op\n"
	want = map[string]map[string]float64{"": {"ns/op": 9153000000, "own-µs": 8.3}}
	if diff := cmp.Diff(want, measured("Ledger", []byte(whole))); diff != "" {
		t.Errorf("a benchmark without parts: -want +got:\n%s", diff)
	}
}

func TestOnlyAPassedTestCountsAsPassed(t *testing.T) {
	const out = `{"Action":"run","Test":"TestA"}
{"Action":"attr","Test":"TestA","Key":"read","Value":"7 pictures"}
{"Action":"output","Test":"TestB","Output":"what was wrong\n"}
{"Action":"pass","Test":"TestA"}
{"Action":"fail","Test":"TestB"}
{"Action":"skip","Test":"TestC"}
`
	v, err := verdictsOf([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	if !v.passed["TestA"] || v.passed["TestB"] || v.passed["TestC"] || v.passed["TestD"] {
		t.Errorf("passed: %v", v.passed)
	}
	if v.stated["TestA"]["read"] != "7 pictures" || v.output["TestB"] != "what was wrong\n" {
		t.Errorf("stated %v, output %q", v.stated, v.output)
	}
	if _, err := verdictsOf([]byte("FAIL fovea/internal/mounts [build failed]\n")); err == nil {
		t.Error("what is no event was read as one")
	}
}
