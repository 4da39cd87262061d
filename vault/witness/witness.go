package witness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// Options say for which logs a witness signs, and where it remembers what.
type Options struct {
	// Dir keeps the latest cosigned checkpoint of each log, and what did not fit.
	Dir      string
	Cosigner *ledger.Cosigner
	Logs     []string         // public keys of the logs
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: nothing is logged
}

// Witness cosigns checkpoints. It is an http.Handler of the submission prefix.
type Witness struct {
	o    Options
	logs map[string]string // origin → key
	mux  *http.ServeMux

	mu      sync.Mutex // one submission at a time is compared, kept and answered
	alarmed map[string]time.Time
}

const (
	alarmEvery  = time.Hour // the log is told of one log's splits
	evidenceMax = 16        // contradictions that are kept of one log: one convicts
)

// New checks the options and makes the folder.
func New(o Options) (*Witness, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Cosigner == nil || len(o.Logs) == 0 {
		return nil, clinical.Errorf(clinical.Invalid, "witness: no key, or no log to sign for")
	}
	w := &Witness{o: o, logs: map[string]string{}, mux: http.NewServeMux(), alarmed: map[string]time.Time{}}
	for _, key := range o.Logs {
		origin, err := ledger.KeyOrigin(key)
		if err != nil {
			return nil, clinical.Errorf(clinical.Invalid, "witness: %w", err)
		}
		if w.logs[origin] != "" {
			return nil, clinical.Errorf(clinical.Invalid, "witness: two keys for the log %s", origin)
		}
		w.logs[origin] = key
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "witness: make folder: %w", err)
	}
	w.mux.HandleFunc("POST /add-checkpoint", w.add)
	return w, nil
}

// ServeHTTP answers POST /add-checkpoint.
func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.mux.ServeHTTP(rw, r) }

// Refusal is why a checkpoint was not cosigned.
type Refusal struct {
	Status int   // as the protocol has it
	Size   int64 // of the latest that was; only with 409
	// Split is set when a checkpoint with a good signature contradicts what was
	// cosigned: there are two histories.
	Split bool
	What  string
}

func (r *Refusal) Error() string { return "witness: " + r.What }

// Add cosigns the checkpoint of a submission and returns the signature line,
// once it is kept as the latest. A *Refusal says why not; whatever contradicts
// the latest is kept beside it as evidence.
func (w *Witness) Add(_ context.Context, s ledger.Submission) ([]byte, error) {
	origin := ledger.OriginOf(s.Checkpoint)
	key, known := w.logs[origin]
	if !known {
		return nil, &Refusal{Status: http.StatusNotFound, What: "unknown log"}
	}
	c, text, err := ledger.StripCheckpoint(s.Checkpoint, key)
	if err != nil {
		return nil, &Refusal{Status: http.StatusForbidden, What: "not signed by the log"}
	}
	s.Checkpoint = text // what is kept has to open again, whatever stood behind it
	if s.Old > c.Size {
		return nil, &Refusal{Status: http.StatusBadRequest, What: "old size above the checkpoint's"}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last, err := w.last(origin, key)
	if err != nil {
		return nil, err
	}
	if err := fits(s, last, c); err != nil {
		if err.Split {
			w.accuse(origin, s, err)
		}
		return nil, err
	}
	line, err := w.o.Cosigner.Cosign(s.Checkpoint, w.o.Now())
	if err != nil {
		return nil, err
	}
	return line, w.keep(origin+".checkpoint", append(append([]byte(nil), s.Checkpoint...), line...))
}

// fits reports whether c may be cosigned after last.
func fits(s ledger.Submission, last, c ledger.Checkpoint) *Refusal {
	switch {
	case c.Size == last.Size && last.Size > 0 && c.Root != last.Root:
		return &Refusal{Status: http.StatusConflict, Size: last.Size, Split: true, What: "two histories of the same size"}
	case s.Old != last.Size:
		return &Refusal{Status: http.StatusConflict, Size: last.Size, What: "old size is not of the latest checkpoint"}
	case last.Size == 0 && len(s.Proof) > 0:
		return &Refusal{Status: http.StatusUnprocessableEntity, What: "a proof from nothing"}
	case last.Size == 0:
		return nil
	case c == last && len(s.Proof) > 0:
		return &Refusal{Status: http.StatusUnprocessableEntity, What: "a proof that it extends itself"}
	}
	if err := ledger.CheckConsistency(last, c, s.Proof); err != nil {
		return &Refusal{Status: http.StatusUnprocessableEntity, Split: true, What: "the checkpoint does not extend the latest"}
	}
	return nil
}

// last returns the latest cosigned checkpoint of a log; of size 0: none was.
func (w *Witness) last(origin, key string) (ledger.Checkpoint, error) {
	text, err := os.ReadFile(w.path(origin + ".checkpoint"))
	if errors.Is(err, os.ErrNotExist) {
		return ledger.Checkpoint{Origin: origin}, nil
	}
	if err != nil {
		return ledger.Checkpoint{}, clinical.Errorf(clinical.Unavailable, "witness: latest checkpoint: %w", err)
	}
	c, err := ledger.OpenCheckpoint(text, key)
	if err == nil {
		_, err = ledger.CheckCosignature(text, w.o.Cosigner.Key())
	}
	if err != nil {
		// Forgetting it would be to sign a second history.
		return ledger.Checkpoint{}, clinical.Errorf(clinical.Corrupt, "witness: latest checkpoint of %s: %w", origin, err)
	}
	return c, nil
}

// accuse keeps what contradicts the latest checkpoint, and tells the operator:
// once an hour, however often it comes.
func (w *Witness) accuse(origin string, s ledger.Submission, why *Refusal) {
	sum := sha256.Sum256(s.Checkpoint)
	name := fmt.Sprintf("%s.split-%s", origin, hex.EncodeToString(sum[:8]))
	kept, err := filepath.Glob(strings.TrimSuffix(w.path(origin+".x"), "x") + "split-*")
	if err == nil && len(kept) < evidenceMax && !slices.Contains(kept, w.path(name)) {
		err = w.keep(name, s.Encode())
	}
	now := w.o.Now()
	if last := w.alarmed[origin]; !last.IsZero() && now.Sub(last) < alarmEvery {
		return
	}
	w.alarmed[origin] = now
	w.o.Log.Error("witness: SPLIT VIEW: this log signed what does not follow from what was cosigned. Keep the evidence off the log's machine, "+
		"ask the log's owner at once, by telephone, which store was put back or copied, and trust no export of that log before it is explained",
		"log", origin, "why", why.What, "evidence", w.path(name), "kept", err == nil, "again", alarmEvery)
}

// path returns where a name is kept; origins have slashes.
func (w *Witness) path(name string) string {
	ext := filepath.Ext(name)
	sum := sha256.Sum256([]byte(name[:len(name)-len(ext)]))
	return filepath.Join(w.o.Dir, hex.EncodeToString(sum[:8])+ext)
}

// keep replaces a file as one step, durably.
func (w *Witness) keep(name string, data []byte) error {
	path := w.path(name)
	tmp, err := os.CreateTemp(w.o.Dir, ".witness-*")
	if err == nil {
		_, err = tmp.Write(data)
		err = errors.Join(err, tmp.Sync(), tmp.Close())
		if err == nil {
			err = os.Rename(tmp.Name(), path)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}
	if err == nil {
		err = syncFolder(w.o.Dir)
	}
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "witness: keep: %w", err)
	}
	return nil
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (w *Witness) add(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, ledger.MaxSubmission))
	if err != nil {
		http.Error(rw, "too long", http.StatusBadRequest)
		return
	}
	s, err := ledger.DecodeSubmission(body)
	if err != nil {
		http.Error(rw, "does not read", http.StatusBadRequest)
		return
	}
	line, err := w.Add(r.Context(), s)
	refusal, refused := errors.AsType[*Refusal](err)
	switch {
	case refused && refusal.Status == http.StatusConflict:
		rw.Header().Set("Content-Type", sizeType)
		rw.WriteHeader(refusal.Status)
		_, _ = fmt.Fprintf(rw, "%d\n", refusal.Size)
	case refused:
		http.Error(rw, refusal.What, refusal.Status)
	case err != nil:
		w.o.Log.Error("witness: cannot cosign", "error", err)
		http.Error(rw, "not now", http.StatusInternalServerError)
	default:
		_, _ = rw.Write(line)
	}
}

// sizeType is the media type of the size that a conflict answers with.
const sizeType = "text/x.tlog.size"
