package badgerstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Badger writes two kinds of log with one layout (its value.go and
// memtable.go, version 4): *.vlog hold large values, *.mem the records that
// are not in a table yet. After 20 bytes of header come entries, back to back:
//
//	meta 1 | user meta 1 | key length, value length, expiry as varints | key | value | CRC-32C of all before, big endian
//
// A key ends with 8 bytes of version, the same for all of one transaction. A
// log that is being written is longer than its entries, and zero behind them.
const (
	logHeader    = 20
	maxEntryHead = 22
	maxLogKey    = 1 << 16
	versionLen   = 8
	windowSize   = 1 << 20
	sector       = 512 // the least that a disk writes whole

	metaPointer = 1 << 1 // the value says where in a value log the value is
	metaEnd     = 1 << 7 // the last entry of a transaction
	endKey      = "!badger!txn"
)

// logFile reads a log through a window of bounded size. It neither maps the
// file, where a bad sector would be a fault, nor reads it whole.
type logFile struct {
	file   *os.File
	name   string
	size   int64
	window []byte
	at     int64 // offset of window
	table  *crc32.Table
}

func openLog(path, name string) (*logFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("badgerstore: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("badgerstore: %w", err), f.Close())
	}
	return &logFile{file: f, name: name, size: info.Size(), table: crc32.MakeTable(crc32.Castagnoli)}, nil
}

func (l *logFile) close() error { return l.file.Close() }

// bytes returns n bytes at off, fewer at the end of the file. n is at most
// windowSize. The bytes are valid until the next call.
func (l *logFile) bytes(off, n int64) ([]byte, error) {
	if off >= l.size {
		return nil, nil
	}
	n = min(n, l.size-off)
	if off < l.at || off+n > l.at+int64(len(l.window)) {
		if l.window == nil {
			l.window = make([]byte, 0, windowSize)
		}
		l.window = l.window[:min(windowSize, l.size-off)]
		if _, err := l.file.ReadAt(l.window, off); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("badgerstore: read log %s: %w", l.name, err)
		}
		l.at = off
	}
	return l.window[off-l.at:][:n], nil
}

// entry is one good entry, or what a bad one claims to be.
type entry struct {
	start, end int64 // end is 0 when not even the lengths make sense
	meta       byte
	key        []byte // without the version
	version    uint64
	value      []byte // its first 32 bytes
}

func (e entry) endsTransaction() bool { return e.meta&metaEnd != 0 && string(e.key) == endKey }

// entry reads the entry at off and reports whether it verifies.
func (l *logFile) entry(off int64) (entry, bool, error) {
	e := entry{start: off}
	headBytes, err := l.bytes(off, maxEntryHead)
	if err != nil {
		return e, false, err
	}
	h, ok := parseEntryHead(headBytes)
	if !ok {
		return e, false, nil
	}
	e.meta = h.meta
	e.end = off + h.len + h.key + h.value + crc32.Size
	if e.end > l.size {
		return e, false, nil
	}
	key, err := l.bytes(off+h.len, h.key)
	if err != nil {
		return e, false, err
	}
	e.key = bytes.Clone(key[:h.key-versionLen])
	// Badger stores the complement, so that the newest version sorts first.
	e.version = ^binary.BigEndian.Uint64(key[h.key-versionLen:])
	value, err := l.bytes(off+h.len+h.key, min(h.value, 32))
	if err != nil {
		return e, false, err
	}
	e.value = bytes.Clone(value)
	good, err := l.verifies(e)
	return e, good, err
}

type entryHead struct {
	meta            byte
	len, key, value int64
}

func parseEntryHead(b []byte) (entryHead, bool) {
	if len(b) < 5 {
		return entryHead{}, false
	}
	h := entryHead{meta: b[0], len: 2}
	lengths := [3]uint64{}
	for i := range lengths {
		v, n := binary.Uvarint(b[h.len:])
		if n <= 0 {
			return entryHead{}, false
		}
		lengths[i] = v
		h.len += int64(n)
	}
	if lengths[0] <= versionLen || lengths[0] > maxLogKey || lengths[1] >= 1<<32 {
		return entryHead{}, false
	}
	h.key, h.value = int64(lengths[0]), int64(lengths[1])
	return h, true
}

// verifies compares the checksum of e, piece by piece.
func (l *logFile) verifies(e entry) (bool, error) {
	sum := uint32(0)
	for off := e.start; off < e.end-crc32.Size; {
		b, err := l.bytes(off, min(windowSize, e.end-crc32.Size-off))
		if err != nil {
			return false, err
		}
		sum = crc32.Update(sum, l.table, b)
		off += int64(len(b))
	}
	want, err := l.bytes(e.end-crc32.Size, crc32.Size)
	if err != nil {
		return false, err
	}
	return sum == binary.BigEndian.Uint32(want), nil
}

// dataEnd returns the offset behind the last byte that is not zero, at least
// from. Holes of the file are not read.
func (l *logFile) dataEnd(from int64) (int64, error) {
	end := from
	for off := from; off < l.size; {
		next, err := unix.Seek(int(l.file.Fd()), off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break // nothing but a hole from here on
		}
		if err == nil {
			off = max(off, next)
		}
		b, err := l.bytes(off, windowSize)
		if err != nil {
			return 0, err
		}
		if n := len(bytes.TrimRight(b, "\x00")); n > 0 {
			end = off + int64(n)
		}
		off += int64(len(b))
	}
	return end, nil
}

// hasHole reports whether a sector that lies between from and to, or the part
// of one that does, holds nothing but zeros: what a write leaves that did not
// reach the disk. Flipped bits leave no such sector.
func (l *logFile) hasHole(from, to int64) (bool, error) {
	if to > l.size {
		return true, nil
	}
	for off := from; off < to; {
		next := min((off/sector+1)*sector, to)
		b, err := l.bytes(off, next-off)
		if err != nil {
			return false, err
		}
		whole := next-off == sector || next == to
		if whole && len(bytes.TrimRight(b, "\x00")) == 0 {
			return true, nil
		}
		off = next
	}
	return false, nil
}

// resync finds the first good entry at or after off by looking for the
// prefixes of our keys. Without one it returns found == false.
func (l *logFile) resync(off, end int64) (e entry, found bool, err error) {
	var block []byte
	for at := max(off, logHeader); at < end; at += blockStep {
		b, err := l.bytes(at, min(windowSize, end-at))
		if err != nil {
			return entry{}, false, err
		}
		block = append(block[:0], b...) // trying an entry moves the window
		for i := 2; i < len(block); i++ {
			next := bytes.IndexByte(block[i:], '|')
			if next < 0 {
				break
			}
			i += next
			// No entry of ours expires, so that 0 lies before the key.
			if block[i-2] != 0 || bytes.IndexByte([]byte("rbho"), block[i-1]) < 0 {
				continue
			}
			if e, found, err = l.entryBefore(at+int64(i)-1, off); err != nil || found {
				return e, found, err
			}
		}
	}
	return entry{}, false, nil
}

// blockStep lets blocks overlap by what comes before the bar of a prefix.
const blockStep = windowSize - 2

// entryBefore tries the entries, not before least, whose key begins at key.
func (l *logFile) entryBefore(key, least int64) (entry, bool, error) {
	// The lengths take two to eight bytes.
	for n := int64(5); n <= 11 && key-n >= least; n++ {
		b, err := l.bytes(key-n, n)
		if err != nil {
			return entry{}, false, err
		}
		h, ok := parseEntryHead(b)
		if !ok || h.len != n {
			continue
		}
		e, good, err := l.entry(key - n)
		if err != nil || good {
			return e, good, err
		}
	}
	return entry{}, false, nil
}
