package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sys/unix"

	"fovea/clinical"
	"fovea/server/wire"
)

// answer prints v as JSON, or as the words that text writes.
func (e *env) answer(v any, text func(w io.Writer)) error {
	if e.cli.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
	text(w)
	return w.Flush()
}

// said prints what an act came to.
func (e *env) said(r wire.Result, format string, args ...any) error {
	return e.answer(r, func(w io.Writer) { put(w, format, args...) })
}

// put writes one line; a failing terminal is not the command's failure.
func put(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }

// act sends one command and prints its result.
func (e *env) act(path string, in any, done string) error {
	return e.with(func(c *client) error { return e.tell(c, path, in, done) })
}

// tell is act where there is a client already.
func (e *env) tell(c *client, path string, in any, done string) error {
	var r wire.Result
	if err := c.post(e.ctx, path, in, &r); err != nil {
		return err
	}
	return e.said(r, "%s (%s).", done, strings.Join(r.IDs, " "))
}

// long runs an operator's act and shows its progress where a person watches.
func (e *env) long(c *client, path string, in any, what string) (json.RawMessage, error) {
	res, err := c.raw(e.ctx, call{method: http.MethodPost, path: path, in: in})
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	bar := progressbar.NewOptions(-1, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(e.stderr),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(watched(e.stderr)))
	defer func() { _ = bar.Finish() }()
	dec := json.NewDecoder(res.Body)
	for {
		var p struct {
			wire.Progress
			Report json.RawMessage `json:"report"`
		}
		if err := dec.Decode(&p); err != nil {
			return nil, clinical.Refuse(clinical.Unavailable, "cut-short", "It was stopped before this was finished. Start the command again: it goes on where it was.")
		}
		switch {
		case p.End:
			return p.Report, p.Err()
		case p.Total > 0:
			bar.ChangeMax(p.Total)
		}
		_ = bar.Set(p.Done)
	}
}

// writeWhole writes a file whole or not at all, its owner's alone: a key that is
// cut off by a full disk or a power cut is none for ever.
func writeWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".fovea-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// watched reports whether what is written to w appears on a terminal.
func watched(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
