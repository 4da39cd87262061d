package badgerstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fovea/clinical"
)

// LogState is what a log looks like.
type LogState uint8

// The states of a log.
const (
	LogClean   LogState = iota // every entry verifies to the end
	LogTorn                    // ends in a write that was not completed, so nobody was told that it is kept
	LogDamaged                 // an entry that was durable does not verify
)

func (s LogState) String() string {
	switch s {
	case LogClean:
		return "clean"
	case LogTorn:
		return "torn"
	default:
		return "damaged"
	}
}

// LogFault is where a log first does not verify.
type LogFault struct {
	File   string // within the folder
	State  LogState
	Offset int64 // of the first entry that does not verify
	After  int   // entries behind it that do
}

func damaged(f LogFault) error {
	return &clinical.Error{
		Kind: clinical.Corrupt, Reason: "log-damaged",
		Public: "A log of the vault is damaged. Nothing was opened or changed. Run: fovea fsck --repair-log",
		Err:    fmt.Errorf("badgerstore: log %s is damaged at offset %d, %d good entries follow", f.File, f.Offset, f.After),
	}
}

// CheckLogs walks every log in dir, also those that were closed in good order,
// and returns the ones that are torn or damaged. The store must not be open.
func CheckLogs(ctx context.Context, dir string) ([]LogFault, error) {
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	faults, err := checkLogs(ctx, dir, everyLog)
	return faults, errors.Join(err, lock.Close())
}

// choice says which of the logs in a folder are meant.
type choice uint8

const (
	everyLog      choice = iota
	allButNewest         // value logs that nothing is appended to any more
	newestAndOpen        // the newest value log, and those not marked closed
)

// checkLogs walks the logs that are chosen. What Badger keeps in memory (.mem)
// is walked always: it is short and never closed.
func checkLogs(ctx context.Context, dir string, which choice) ([]LogFault, error) {
	logs, err := listLogs(dir)
	if err != nil {
		return nil, err
	}
	closed, err := readClosed(dir)
	if err != nil {
		return nil, err
	}
	w := walk{pointed: map[uint32]int64{}}
	var faults []LogFault
	for i, l := range logs {
		size, isClosed := closed[l.name]
		if which == newestAndOpen && isClosed && size == l.size && !l.newest {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		fault, err := w.check(dir, logs[i])
		if err != nil {
			return nil, err
		}
		if isClosed && l.size < size {
			// It was whole when it was closed, and has been cut since.
			fault.State, fault.Offset = LogDamaged, l.size
		}
		if fault.State != LogClean {
			faults = append(faults, fault)
		}
	}
	return faults, nil
}

// logInfo is a log in the folder.
type logInfo struct {
	name   string
	number uint32
	size   int64
	memory bool // *.mem
	newest bool // of its kind: the one that may end in a torn write
}

// listLogs returns the memory logs, oldest first, then the value logs.
func listLogs(dir string) ([]logInfo, error) {
	var logs []logInfo
	for _, ext := range []string{".mem", ".vlog"} {
		paths, err := filepath.Glob(filepath.Join(dir, "*"+ext))
		if err != nil {
			return nil, fmt.Errorf("badgerstore: list logs: %w", err)
		}
		var kind []logInfo
		for _, p := range paths {
			name := filepath.Base(p)
			number, err := strconv.ParseUint(strings.TrimSuffix(name, ext), 10, 32)
			if err != nil {
				continue
			}
			info, err := os.Stat(p)
			if err != nil {
				return nil, fmt.Errorf("badgerstore: list logs: %w", err)
			}
			kind = append(kind, logInfo{name: name, number: uint32(number), size: info.Size(), memory: ext == ".mem"})
		}
		slices.SortFunc(kind, func(a, b logInfo) int { return int(a.number) - int(b.number) })
		if len(kind) > 0 {
			kind[len(kind)-1].newest = true
		}
		logs = append(logs, kind...)
	}
	return logs, nil
}

// walk carries from the memory logs to the value logs how far into each of
// those a committed record points: so far it was durable.
type walk struct{ pointed map[uint32]int64 }

// tail is what was found behind the first entry that does not verify.
type tail struct {
	entries  int
	versions map[uint64]struct{}
	sound    bool // some gap has no sector of zeros: no torn write looks like that
}

// check walks one log.
func (w *walk) check(dir string, l logInfo) (LogFault, error) {
	fault := LogFault{File: l.name}
	f, err := openLog(filepath.Join(dir, l.name), l.name)
	if err != nil {
		return fault, err
	}
	defer func() { _ = f.close() }() // read only
	bad, err := w.goodUntil(f, l)
	if err != nil {
		return fault, err
	}
	end, err := f.dataEnd(bad.start)
	if err != nil {
		return fault, err
	}
	committed := !l.memory && w.pointed[l.number] > bad.start
	if end == bad.start && !committed {
		return fault, nil
	}
	fault.Offset, fault.State = bad.start, LogTorn
	after, err := f.tailOf(bad, end)
	if err != nil {
		return fault, err
	}
	fault.After = after.entries
	// A memory log is synced at every transaction, a value log once for all
	// that are under way.
	unsynced := commits
	if l.memory {
		unsynced = 1
	}
	if committed || after.sound || len(after.versions) > unsynced || !l.newest {
		fault.State = LogDamaged
	}
	return fault, nil
}

// goodUntil walks the entries that verify and returns the first that does not.
func (w *walk) goodUntil(f *logFile, l logInfo) (entry, error) {
	pending := map[uint32]int64{}
	for off := int64(logHeader); ; {
		e, good, err := f.entry(off)
		if err != nil || !good {
			return e, err
		}
		off = e.end
		if !l.memory {
			continue
		}
		switch {
		case e.endsTransaction():
			maps.Copy(w.pointed, pending)
		case e.meta&metaPointer != 0 && len(e.value) == 12:
			// As Badger lays it out: file, length, offset.
			number := binary.NativeEndian.Uint32(e.value)
			end := int64(binary.NativeEndian.Uint32(e.value[4:])) + int64(binary.NativeEndian.Uint32(e.value[8:]))
			pending[number] = max(end, pending[number], w.pointed[number])
		}
	}
}

// tailOf looks at what lies between the bad entry and the end of the data.
func (l *logFile) tailOf(bad entry, end int64) (tail, error) {
	t := tail{versions: map[uint64]struct{}{}}
	gap := func(from, to int64) error {
		hole, err := l.hasHole(from, to)
		t.sound = t.sound || !hole
		return err
	}
	err := l.after(bad, end, func(e entry, from int64) error {
		t.entries++
		t.versions[e.version] = struct{}{}
		if from < e.start {
			return gap(from, e.start)
		}
		return nil
	})
	if err == nil && t.entries == 0 {
		err = gap(bad.start, max(end, bad.end))
	}
	return t, err
}

// behind finds the first good entry behind the bad one at from. The end of a
// transaction has no prefix of ours that could be searched for; where the head
// of the bad entry is sound it says where that lies.
func (l *logFile) behind(from, end int64) (entry, bool, error) {
	e, found, err := l.resync(from, end)
	if err != nil {
		return entry{}, false, err
	}
	bad, _, err := l.entry(from)
	if err != nil || bad.end <= from || bad.end >= end || (found && e.start <= bad.end) {
		return e, found, err
	}
	next, good, err := l.entry(bad.end)
	if err != nil || !good {
		return e, found, err
	}
	return next, true, nil
}

// after calls visit for each good entry behind the bad one. What is bad before
// it begins at from; from is the entry's own start where nothing is.
func (l *logFile) after(bad entry, end int64, visit func(e entry, from int64) error) error {
	from := bad.start
	for {
		e, found, err := l.behind(from, end)
		if err != nil || !found {
			return err
		}
		for good := true; good; {
			if err := visit(e, from); err != nil {
				return err
			}
			from = e.end
			if e, good, err = l.entry(from); err != nil {
				return err
			}
		}
	}
}
