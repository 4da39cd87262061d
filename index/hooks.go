package index

import (
	"path/filepath"
	"strings"
	"sync"

	bleveapi "github.com/blevesearch/bleve_index_api"

	"fovea/clinical"
)

// registry knows the key of every open index by its folder. Bleve's hooks are process-wide and are told nothing but a
// file's path, so the one table they look it up in has to be process-wide too (docs/decisions/0401-search-hooks.md).
type registry struct {
	mu    sync.RWMutex
	hooks sync.Once
	keys  map[string][32]byte // absolute folder of a generation → its key
}

//nolint:gochecknoglobals // Bleve's hooks are process-wide and so is what they dispatch by: decision 0401
var sealed = registry{keys: map[string][32]byte{}}

// register makes dir, which must be absolute, sealed under key. A folder that is already open is Conflict: two
// writers would destroy it.
func (r *registry) register(dir string, key [32]byte) error {
	r.hooks.Do(func() {
		bleveapi.WriterHook = r.writer
		bleveapi.ReaderHook = r.reader
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.keys[dir]; ok {
		return clinical.Errorf(clinical.Conflict, "index: this folder is already open in this process")
	}
	r.keys[dir] = key
	return nil
}

func (r *registry) forget(dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.keys, dir)
}

// key returns the key of the folder that holds path. A path in no registered folder is Corrupt: nothing may be read
// or written in plain by accident.
func (r *registry) key(path string) ([32]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if k, ok := r.keys[dir]; ok {
			return k, nil
		}
		if strings.HasSuffix(dir, string(filepath.Separator)) || dir == "." {
			return [32]byte{}, clinical.Errorf(clinical.Corrupt, "index: a file outside every open index")
		}
	}
}

// writer is Bleve's WriterHook: context is the path of the file to be written.
func (r *registry) writer(context []byte) (string, func([]byte) []byte, error) {
	key, err := r.key(string(context))
	if err != nil {
		return "", nil, err
	}
	id, seal := newSealID(key), sealer
	if filepath.Base(string(context)) == rootFile {
		// Bleve writes a snapshot that it loaded once more under its old number, with a new writer, and leaves in place
		// what the new one lacks, such as an empty set of deletions. All writers of this file therefore share one seal.
		id, seal = rootSealID(key), sharedSealer
	}
	aead, err := fileSeal(id, key)
	if err != nil {
		return "", nil, err
	}
	return id, seal(aead, id), nil
}

// reader is Bleve's ReaderHook. Bytes in memory have neither id nor path and pass as they are; a file without an id
// is one that we did not write.
func (r *registry) reader(id string, context []byte) (func([]byte) ([]byte, error), error) {
	if id == "" && context == nil {
		return func(b []byte) ([]byte, error) { return b, nil }, nil
	}
	key, err := r.key(string(context))
	if err != nil {
		return nil, err
	}
	aead, err := fileSeal(id, key)
	if err != nil {
		return nil, err
	}
	return opener(aead, id), nil
}
