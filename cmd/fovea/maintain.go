package main

import (
	"encoding/json"
	"io"
	"maps"
	"runtime"
	"slices"
)

type fsckCmd struct {
	Deep bool `help:"Decrypt and hash everything as well."`
}

// Help teaches.
func (fsckCmd) Help() string {
	return "Quick: every record, manifest, chunk, key and ledger entry is where it should be. Deep: every byte is decrypted and hashed as well.\n" +
		"It names what it finds by ID and reason code, and ends with exit code 6 when something is corrupt."
}

func (x fsckCmd) Run(e *env) error {
	path := "/api/v1/admin/fsck"
	if x.Deep {
		path += "?deep=true"
	}
	return e.report(path, "checking")
}

type reindexCmd struct{}

func (reindexCmd) Run(e *env) error { return e.report("/api/v1/admin/reindex", "indexing") }

// report runs an operator's act and prints its report.
func (e *env) report(path, what string) error {
	return e.with(func(c *client) error {
		raw, err := e.long(c, path, struct{}{}, what)
		if len(raw) > 0 && string(raw) != "null" {
			var v any
			if jsonErr := json.Unmarshal(raw, &v); jsonErr == nil {
				_ = e.answer(v, func(w io.Writer) { writeReport(w, v) })
			}
		}
		return err
	})
}

// writeReport prints a report's top-level values, one a line.
func writeReport(w io.Writer, v any) {
	m, ok := v.(map[string]any)
	if !ok {
		put(w, "%v", v)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		put(w, "%s\t%v", k, m[k])
	}
}

type versionCmd struct{}

func (versionCmd) Run(e *env) error {
	return e.answer(map[string]string{"version": version, "go": runtime.Version()}, func(w io.Writer) {
		put(w, "fovea %s (%s)", version, runtime.Version())
	})
}
