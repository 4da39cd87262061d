package webdav

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"fovea/clinical"
)

// copyBuffer is how much of a picture is read and written at a time: a chunk of the vault.
const copyBuffer = 64 << 10

// get answers GET and HEAD.
func (h *Handler) get(ctx context.Context, w http.ResponseWriter, r *request) {
	n, err := h.resolve(ctx, r)
	switch {
	case err != nil:
		h.fail(w, r.Request, err)
	case n.folder:
		plain(w, http.StatusOK, "This is a drive. Connect to this address from your file manager to see what is in it.")
	case n.paper != nil:
		h.servePaper(ctx, w, r, n)
	case n.asset.IsZero():
		h.serveMarker(w, r, n)
	default:
		h.servePicture(ctx, w, r, n)
	}
}

func (h *Handler) serveMarker(w http.ResponseWriter, r *request, n node) {
	w.Header().Set("Content-Type", n.mime)
	w.Header().Set("ETag", n.etag)
	http.ServeContent(w, r.Request, "", n.modified, strings.NewReader(""))
}

// servePicture sends a picture, or the part of it that a range asks for.
func (h *Handler) servePicture(ctx context.Context, w http.ResponseWriter, r *request, n node) {
	served, err := h.open(ctx, r.caller, n)
	if err != nil {
		h.fail(w, r.Request, err)
		return
	}
	defer func() {
		if err := served.Close(); err != nil {
			h.log.ErrorContext(ctx, "webdav: close", "asset", served.Asset.String(), "err", err)
		}
	}()
	if served.Size() > maxFile {
		absent(w)
		return
	}
	header := w.Header()
	header.Set("Content-Type", served.MIME)
	header.Set("ETag", served.ETag)
	if served.NoStore {
		header.Set("Cache-Control", "private, no-cache, no-store")
	}
	oneRange(r.Header)
	out := &stream{ResponseWriter: w, gone: served.Gone, h: h, r: r, asset: served.Asset}
	stop := out.watch()
	defer stop()
	var content io.ReadSeeker = served.Content
	if brief(r.Header.Get("Range")) {
		content = io.NewSectionReader(served.Content, 0, served.Size())
	}
	http.ServeContent(out, r.Request, "", served.Modified, content)
}

// briefRange is how much of a picture is read where it lies, and not streamed from there: a stream fetches far ahead,
// which is right for the whole and several times too much for a piece.
const briefRange = 256 << 10

// brief reports whether a Range header asks for one short range.
func brief(header string) bool {
	from, to, ok := strings.Cut(strings.TrimPrefix(header, "bytes="), "-")
	if !ok {
		return false
	}
	last, err := strconv.ParseInt(to, 10, 64)
	if err != nil {
		return false
	}
	if from == "" {
		return last <= briefRange // of the end
	}
	first, err := strconv.ParseInt(from, 10, 64)
	return err == nil && last-first < briefRange
}

// oneRange makes what a Range header asks for one range of bytes, or nothing: several are a way to ask for much with
// little, and no file manager does; a unit that the drive does not have is ignored (RFC 9110, 14.2). The last 0 bytes
// become a range behind the end: both are unsatisfiable (14.1.2), and net/http only says so of the latter.
func oneRange(header http.Header) {
	asked := header.Get("Range")
	unit, ranges, _ := strings.Cut(asked, "=")
	if asked == "" || unit != "bytes" || strings.Contains(ranges, ",") {
		header.Del("Range")
		return
	}
	if suffix, ok := strings.CutPrefix(strings.TrimSpace(ranges), "-"); ok && suffix != "" && strings.Trim(suffix, "0") == "" {
		header.Set("Range", "bytes="+strconv.FormatInt(math.MaxInt64, 10)+"-")
	}
}

// stream is a picture on its way to a client. Once the picture is withdrawn nothing more of it is written and the
// connection, or the HTTP/2 stream, is cut: an answer that merely ended would look complete to some.
type stream struct {
	http.ResponseWriter
	gone  <-chan struct{}
	h     *Handler
	r     *request
	asset clinical.AssetID
}

// watch cuts a write that the client lets wait while the picture is withdrawn. The returned function ends the watch.
func (s *stream) watch() (stop func()) {
	if s.gone == nil {
		return func() {}
	}
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-s.gone:
			// An hour ago is past on every clock. A writer that cannot have deadlines is cut by its next Write.
			_ = http.NewResponseController(s.ResponseWriter).SetWriteDeadline(time.Now().Add(-time.Hour))
		case <-done:
		}
	})
	return func() {
		close(done)
		watcher.Wait()
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Write sends p, or cuts the stream.
func (s *stream) Write(p []byte) (int, error) {
	select {
	case <-s.gone:
		panic(http.ErrAbortHandler)
	default:
	}
	n, err := s.ResponseWriter.Write(p)
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away, or the watch cut it off
	}
	return n, nil
}

// ReadFrom sends what src holds, chunk by chunk, and cuts the stream where src fails: its headers have promised more.
func (s *stream) ReadFrom(src io.Reader) (int64, error) {
	pooled := s.h.chunks.get()
	defer s.h.chunks.put(pooled)
	buf := (*pooled)[:copyBuffer]
	var total int64
	for {
		n, err := src.Read(buf)
		if n > 0 {
			written, _ := s.Write(buf[:n])
			total += int64(written)
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			if clinical.KindOf(err) != clinical.NotFound {
				s.h.log.ErrorContext(s.r.Context(), "webdav: read", "asset", s.asset.String(), "err", err)
			}
			panic(http.ErrAbortHandler)
		}
	}
}
