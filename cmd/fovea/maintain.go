package main

import (
	"encoding/json"
	"io"
	"runtime"
	"strconv"
	"time"

	"fovea/clinical"
	"fovea/vault/badgerstore"
)

type fsckCmd struct {
	Deep      bool `help:"Decrypt and hash everything as well."`
	RepairLog bool `help:"First mend a damaged log of the store, which refuses to open; nothing is cut off."`
}

// Help teaches.
func (fsckCmd) Help() string {
	return "Quick: every record, manifest, chunk, key and ledger entry is where it should be. Deep: every byte is decrypted and hashed as well.\n" +
		"It names what it finds by ID and reason code, and ends with exit code 6 when something is corrupt.\n\n" +
		"With --repair-log, which needs the server stopped, the logs as they were stay in DATA/store/damaged."
}

// checked is what fsck found, and what it mended before.
type checked struct {
	inspected
	Repair *badgerstore.Repair `json:",omitempty"`
}

func (x fsckCmd) Run(e *env) error {
	var out checked
	if x.RepairLog {
		cfg, err := e.cli.settings()
		if err != nil {
			return err
		}
		mended, err := badgerstore.RepairLogs(e.ctx, cfg.storeOptions(quiet(e.stderr)))
		if clinical.ReasonOf(err) == "data-locked" {
			return held(cfg)
		}
		if err != nil {
			return err
		}
		out.Repair = &mended
	}
	path := "/api/v1/admin/fsck"
	if x.Deep {
		path += "?deep=true"
	}
	return e.with(func(c *client) error {
		raw, err := e.long(c, path, struct{}{}, "checking")
		if err != nil {
			return err
		}
		if err := json.Unmarshal(raw, &out.inspected); err != nil {
			return clinical.Errorf(clinical.Internal, "fsck report: %w", err)
		}
		if err := e.answer(out, func(w io.Writer) { out.write(w, e.stamp) }); err != nil || out.Clean() {
			return err
		}
		return clinical.Refuse(clinical.Corrupt, "fsck", "Something kept is damaged: see above. Keep the machine as it is and restore those from a backup.")
	})
}

// write says it in words.
func (r checked) write(w io.Writer, stamp func(time.Time) string) {
	if m := r.Repair; m != nil && len(m.Faults) == 0 {
		put(w, "No log is damaged.")
	} else if m != nil {
		put(w, "%s mended: %s rescued, %s unreadable, %s not replayed.", count(len(m.Faults), "log"),
			count(m.Rescued, "value"), count(m.Unreadable, "value"), count(m.Transactions, "transaction"))
		if m.Kept != "" {
			put(w, "The logs as they were lie in %s.", m.Kept)
		}
	}
	put(w, "Checked %s, %s of the journal and %s of the ledger.",
		count(r.Records, "record"), count(r.Entries, "entry"), count(r.Leaves, "entry"))
	put(w, "Checked %s (originals and renditions) and %s, of which %d destroyed for good.", count(r.Blobs, "picture"), count(r.Slots, "key"), r.Destroyed)
	if r.Verified > 0 {
		put(w, "Decrypted and hashed %s, %s.", count(r.Verified, "picture"), count(r.VerifiedBytes, "byte"))
	}
	if r.Unreferenced > 0 {
		put(w, "%s left by writers that were interrupted; they are swept after a day.", count(r.Unreferenced, "piece"))
	}
	r.inspected.outside(w, stamp)
	if r.Clean() {
		put(w, "All is whole.")
		return
	}
	put(w, "%s:", count(r.Faults, "fault"))
	for _, f := range r.Findings {
		put(w, "  %s\t%s\t%s", f.What, f.ID, f.Reason)
	}
}

// count says how many of something there are.
func count[N int | int64](n N, what string) string {
	s := strconv.FormatInt(int64(n), 10) + " " + what
	switch {
	case n == 1:
		return s
	case what == "entry":
		return s[:len(s)-1] + "ies"
	}
	return s + "s"
}

type reindexCmd struct{}

// Help teaches.
func (reindexCmd) Help() string {
	return "The index holds nothing that the vault does not: it may be thrown away at any time. While it is built, searches use the old one."
}

func (reindexCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		raw, err := e.long(c, "/api/v1/admin/reindex", struct{}{}, "indexing")
		if err != nil {
			return err
		}
		var n indexed
		if err := json.Unmarshal(raw, &n); err != nil {
			return clinical.Errorf(clinical.Internal, "reindex report: %w", err)
		}
		return e.answer(n, func(w io.Writer) { put(w, "%s indexed.", count(n.Pictures, "picture")) })
	})
}

type renditionsCmd struct {
	Drop renditionsDropCmd `cmd:"" help:"Give up the bytes of every small and masked copy; a server makes them again."`
}

type renditionsDropCmd struct{}

// Help teaches.
func (renditionsDropCmd) Help() string {
	return "Every rendition can be made again from its original and its recipe, bit by bit the same as long as the program that made it is. Their space is free after a day. A running server begins at once, and makes what is asked for first; the log names what came out otherwise."
}

func (renditionsDropCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		raw, err := e.long(c, "/api/v1/admin/renditions/drop", struct{}{}, "dropping")
		if err != nil {
			return err
		}
		var n droppedRenditions
		if err := json.Unmarshal(raw, &n); err != nil {
			return clinical.Errorf(clinical.Internal, "renditions report: %w", err)
		}
		return e.answer(n, func(w io.Writer) { put(w, "%s dropped.", count(n.Dropped, "rendition")) })
	})
}

type versionCmd struct{}

func (versionCmd) Run(e *env) error {
	return e.answer(map[string]string{"version": version, "go": runtime.Version()}, func(w io.Writer) {
		put(w, "fovea %s (%s)", version, runtime.Version())
	})
}
