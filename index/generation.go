package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	bleveapi "github.com/blevesearch/bleve_index_api"

	"fovea/clinical"
)

// A generation is one Bleve index in a folder of its own and the columns read from it. Rebuild makes the next one
// beside it and then moves the pointer.
type generation struct {
	dir   string
	bleve bleve.Index

	mu      sync.RWMutex // guards columns and cursor
	columns *columns
	cursor  uint64 // as stored

	held sync.WaitGroup // searches under way
}

const (
	pointerFile    = "current"
	pointerVersion = 1
	cursorVersion  = 1
	cursorKey      = "fovea.cursor"
)

var generationName = regexp.MustCompile(`^g[0-9]{6}$`)

// begin makes the next empty generation, which nothing points to yet.
func (x *Index) begin() (*generation, error) {
	names, err := generations(x.dir)
	if err != nil {
		return nil, err
	}
	n := 1
	for _, name := range names {
		if i, err := strconv.Atoi(name[1:]); err == nil && i >= n {
			n = i + 1
		}
	}
	x.mu.Lock()
	key := x.key
	x.mu.Unlock()
	dir := filepath.Join(x.dir, fmt.Sprintf("g%06d", n))
	if err := sealed.register(dir, key); err != nil {
		return nil, err
	}
	// Documents are analysed by documentOf, so the mapping maps nothing.
	b, err := bleve.NewUsing(dir, bleve.NewIndexMapping(), scorch.Name, scorch.Name, config())
	if err != nil {
		sealed.forget(dir)
		return nil, clinical.Errorf(clinical.Unavailable, "index: begin: %w", err)
	}
	return &generation{dir: dir, bleve: b, columns: newColumns()}, nil
}

// config keeps one snapshot: what is deleted leaves with the next merge, and nothing rolls back to it.
func config() map[string]any { return map[string]any{"numSnapshotsToKeep": 1} }

func openGeneration(dir string, key [32]byte) (*generation, error) {
	if err := verifyFiles(dir); err != nil {
		return nil, err
	}
	if err := sealed.register(dir, key); err != nil {
		return nil, err
	}
	b, err := bleve.OpenUsing(dir, map[string]any{"bolt_timeout": "1s"})
	if err != nil {
		sealed.forget(dir)
		if strings.Contains(err.Error(), "timeout") {
			return nil, clinical.Errorf(clinical.Conflict, "index: another process has it open")
		}
		return nil, clinical.Errorf(clinical.Corrupt, "index: open: %w", err)
	}
	g := &generation{dir: dir, bleve: b, columns: newColumns()}
	if err := g.load(); err != nil {
		return nil, closeAfter(g, err)
	}
	return g, nil
}

// load reads the cursor and every live row.
func (g *generation) load() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = clinical.Errorf(clinical.Corrupt, "index: a stored segment cannot be read")
		}
	}()
	stored, err := g.bleve.GetInternal([]byte(cursorKey))
	if err != nil {
		return failed(err)
	}
	if g.cursor, err = decodeCursor(stored); err != nil {
		return err
	}
	reader, err := g.reader()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	snapshot, ok := reader.(*scorch.IndexSnapshot)
	if !ok {
		return clinical.Errorf(clinical.Internal, "index: a reader of another kind")
	}
	for _, s := range snapshot.Segments() {
		if err := g.loadSegment(s); err != nil {
			return err
		}
	}
	return nil
}

func (g *generation) loadSegment(s *scorch.SegmentSnapshot) error {
	live := s.DocNumbersLive().Iterator()
	for live.HasNext() {
		var stored []byte
		err := s.VisitDocument(uint64(live.Next()), func(field string, _ byte, value []byte, _ []uint64) bool {
			if field == fieldRow {
				stored = append(stored, value...)
			}
			return true
		})
		if err != nil {
			return failed(err)
		}
		r, err := decodeRow(stored)
		if err != nil {
			return err
		}
		g.columns.put(r)
	}
	return nil
}

// reader is one consistent view of the documents.
func (g *generation) reader() (bleveapi.IndexReader, error) {
	low, err := g.bleve.Advanced()
	if err != nil {
		return nil, failed(err)
	}
	r, err := low.Reader()
	if err != nil {
		return nil, failed(err)
	}
	return r, nil
}

// batch is what one write changes: documents, rows and the cursor, together or not at all.
type batch struct {
	docs []*document.Document
	rows []row
	gone []uint32
	seq  uint64
}

// write stores b durably and then shows it.
func (g *generation) write(b batch) error {
	low := g.bleve.NewBatch()
	for _, d := range b.docs {
		if err := low.IndexAdvanced(d); err != nil {
			return failed(err)
		}
	}
	for _, o := range b.gone {
		low.Delete(docID(o))
	}
	low.SetInternal([]byte(cursorKey), encodeCursor(b.seq))
	if err := g.bleve.Batch(low); err != nil {
		return clinical.Errorf(clinical.Unavailable, "index: write: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range b.rows {
		g.columns.put(r)
	}
	for _, o := range b.gone {
		g.columns.drop(o)
	}
	g.cursor = b.seq
	return nil
}

func (g *generation) hold()    { g.held.Add(1) }
func (g *generation) release() { g.held.Done() }

// close waits for the searches under way. Nobody may acquire g any more.
func (g *generation) close() error {
	g.held.Wait()
	err := g.bleve.Close()
	sealed.forget(g.dir)
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "index: close: %w", err)
	}
	return nil
}

func encodeCursor(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{cursorVersion}, seq)
}

func decodeCursor(b []byte) (uint64, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(b) != 9 || b[0] != cursorVersion {
		return 0, clinical.Errorf(clinical.Corrupt, "index: a stored cursor is malformed")
	}
	return binary.BigEndian.Uint64(b[1:]), nil
}

// verifyFiles compares each segment with the checksum at its end, so that a damaged one is met here and not by a
// merge in the background.
func verifyFiles(dir string) error {
	segments, err := filepath.Glob(filepath.Join(dir, "store", "*.zap"))
	if err != nil {
		return clinical.Errorf(clinical.Internal, "index: list segments: %w", err)
	}
	for _, name := range segments {
		if err := verifyFile(name); err != nil {
			return err
		}
	}
	return nil
}

func verifyFile(name string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "index: open a segment: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "index: look at a segment: %w", err)
	}
	if info.Size() < 4 {
		return clinical.Errorf(clinical.Corrupt, "index: segment %s is cut short", filepath.Base(name))
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.LimitReader(f, info.Size()-4)); err != nil {
		return clinical.Errorf(clinical.Unavailable, "index: read a segment: %w", err)
	}
	var want [4]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return clinical.Errorf(clinical.Unavailable, "index: read a segment: %w", err)
	}
	if sum.Sum32() != binary.BigEndian.Uint32(want[:]) {
		return clinical.Errorf(clinical.Corrupt, "index: segment %s does not match its checksum", filepath.Base(name))
	}
	return nil
}
