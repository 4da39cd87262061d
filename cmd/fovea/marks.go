package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"sync"

	"fovea/clinical"
	"fovea/darkroom/watermark"
)

const (
	// markPurpose names the key of the marks. It is the same for the life of the
	// vault: with another one no mark would be found again.
	markPurpose = "watermark"
	// maxCopies is how many bytes of marked copies are kept for the ranges that
	// are read of them next.
	maxCopies = 64 << 20
	// copyChunk is how much of a marked copy leaves between two looks at whether
	// it still may.
	copyChunk = 64 << 10
)

// marks marks what leaves by mounted drives with whose drive it is.
type marks struct {
	marker *watermark.Marker
	device func(id string) string // as the ledger names it
	slots  chan struct{}          // copies that are made at once

	mu   sync.Mutex
	kept []copyOf // least lately used first
	size int
}

// copyOf is one reader's copy of a rendition.
type copyOf struct {
	asset clinical.AssetID
	tag   string // of the rendition
	mark  watermark.Mark
	data  []byte
}

func newMarks(key [32]byte, device func(id string) string) (*marks, error) {
	marker, err := watermark.New(key[:])
	return &marks{marker: marker, device: device, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}, err
}

// markOf is the mark of a drive whose device is named as the ledger does with
// everything that it is served, or of the person without one.
func markOf(c clinical.Caller) watermark.Mark {
	text := "device\x00" + c.Device
	if c.Device == "" {
		text = "person\x00" + c.Person.String()
	}
	sum := sha256.Sum256([]byte("mark of a drive, 1\x00" + text))
	return watermark.Mark(sum[:])
}

// markOf is the mark of a caller's drive.
func (m *marks) markOf(c clinical.Caller) watermark.Mark {
	if c.Device != "" {
		c.Device = m.device(c.Device)
	}
	return markOf(c)
}

// Name names a caller's mark.
func (m *marks) Name(c clinical.Caller) string {
	mark := m.markOf(c)
	return hex.EncodeToString(mark[:])
}

// Mark returns the caller's copy of what is served. It is made when the first
// byte of it is read.
func (m *marks) Mark(ctx context.Context, c clinical.Caller, served *clinical.Served) (clinical.Content, error) {
	from := served.Content
	of := copyOf{asset: served.Asset, tag: served.ETag, mark: m.markOf(c)}
	return &markedCopy{from: from, size: served.Room, load: sync.OnceValues(func() (*bytes.Reader, error) {
		data, err := m.copy(ctx, of, from)
		if err == nil && int64(len(data)) != served.Room {
			err = clinical.Errorf(clinical.Internal, "mark asset %s: %d bytes, and %d were told", of.asset, len(data), served.Room)
		}
		return bytes.NewReader(data), err
	})}, nil
}

// copy makes a copy, or finds it among those that were made lately.
func (m *marks) copy(ctx context.Context, of copyOf, from clinical.Content) ([]byte, error) {
	if data := m.find(of); data != nil {
		return data, nil
	}
	select {
	case m.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, clinical.Errorf(clinical.Unavailable, "mark: wait: %w", ctx.Err())
	}
	defer func() { <-m.slots }()
	if data := m.find(of); data != nil { // made while this one waited
		return data, nil
	}
	plain, err := io.ReadAll(io.NewSectionReader(from, 0, from.Size()))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := m.marker.Embed(&out, plain, of.asset, of.mark); err != nil {
		return nil, err
	}
	of.data = out.Bytes()
	m.keep(of)
	return of.data, nil
}

func (m *marks) find(of copyOf) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, k := range m.kept {
		if k.asset == of.asset && k.mark == of.mark && k.tag == of.tag {
			m.kept = append(append(m.kept[:i:i], m.kept[i+1:]...), k)
			return k.data
		}
	}
	return nil
}

func (m *marks) keep(of copyOf) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = append(m.kept, of)
	for m.size += len(of.data); m.size > maxCopies; {
		m.size -= len(m.kept[0].data)
		m.kept[0].data = nil
		m.kept = m.kept[1:]
	}
}

// markedCopy is a marked copy on its way out. Whether it still may leave is asked
// of what was served, before and after every chunk.
type markedCopy struct {
	from clinical.Content
	size int64
	load func() (*bytes.Reader, error)
	at   int64
}

func (c *markedCopy) Size() int64 { return c.size }

func (c *markedCopy) Close() error { return c.from.Close() }

// Seek moves to where the next Read begins; nothing is made for it.
func (c *markedCopy) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, clinical.Errorf(clinical.Invalid, "mark: seek before the start")
	}
	c.at = offset
	return offset, nil
}

// Read gives at most one chunk.
func (c *markedCopy) Read(p []byte) (int, error) {
	n, err := c.chunk(p[:min(len(p), copyChunk)], c.at)
	c.at += int64(n)
	return n, err
}

// ReadAt fills p, a chunk at a time.
func (c *markedCopy) ReadAt(p []byte, off int64) (done int, err error) {
	for done < len(p) && err == nil {
		var n int
		n, err = c.chunk(p[done:min(len(p), done+copyChunk)], off+int64(done))
		done += n
	}
	return done, err
}

func (c *markedCopy) chunk(p []byte, off int64) (int, error) {
	if err := c.still(); err != nil {
		return 0, err
	}
	data, err := c.load()
	if err != nil {
		return 0, err
	}
	n, err := data.ReadAt(p, off)
	if gone := c.still(); gone != nil {
		clear(p[:n])
		return 0, gone
	}
	if n > 0 {
		err = nil // its end is what the next read finds
	}
	return n, err
}

// still asks whether what was served may be read on: a read of nothing decides
// as any other does.
func (c *markedCopy) still() error {
	if _, err := c.from.Read(nil); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
