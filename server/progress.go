package server

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// piece is how much a client must take within the limit of progress. A client on a slow line is served to the end; one
// that has stopped reading is cut.
const piece = 32 << 10

// reply is what handlers write to: it moves the deadline with every piece that leaves, and keeps count for the log.
type reply struct {
	http.ResponseWriter
	control  *http.ResponseController
	progress time.Duration
	h2       bool
	body     *incoming // of the request, nil where it has none
	status   int
	bytes    int64

	mu  sync.Mutex
	set time.Time // a handler's own deadline, which is final
}

func newReply(w http.ResponseWriter, r *http.Request, progress time.Duration) *reply {
	p := &reply{ResponseWriter: w, control: http.NewResponseController(w), progress: progress, h2: r.ProtoMajor >= 2}
	if !p.h2 {
		p.arm() // the deadline of the connection's last request may have passed while it idled
	}
	return p
}

// arm gives the client time for the next piece. Where there is no connection, as in tests of a handler, nothing does.
func (p *reply) arm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set.IsZero() {
		_ = p.control.SetWriteDeadline(time.Now().Add(p.progress))
	}
}

// disarm lets a stream wait for its handler. On HTTP/2 a deadline cuts a stream that has nothing to write, too; on
// HTTP/1 it only ever cuts a write.
func (p *reply) disarm() {
	if !p.h2 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set.IsZero() {
		_ = p.control.SetWriteDeadline(time.Time{})
	}
}

// SetWriteDeadline sets a handler's own deadline, which no progress moves any more.
func (p *reply) SetWriteDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set = t
	return p.control.SetWriteDeadline(t)
}

// Unwrap lets http.ResponseController reach the connection.
func (p *reply) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// WriteHeader notes the status.
func (p *reply) WriteHeader(status int) {
	if p.status == 0 && status >= http.StatusOK {
		p.begin(status)
	}
	p.ResponseWriter.WriteHeader(status)
}

// begin notes the status of an answer that starts. Before net/http sends it on HTTP/1 it reads what the handler left of
// the body, so that the client is not cut off while it still sends; it must not wait for that longer than the answer's
// own deadline.
func (p *reply) begin(status int) {
	p.status = status
	if p.body != nil && !p.h2 && !p.body.ended {
		_ = p.control.SetReadDeadline(time.Now().Add(min(p.progress/2, time.Second)))
	}
}

// Write sends b piece by piece.
func (p *reply) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.begin(http.StatusOK)
	}
	defer p.disarm()
	total := 0
	for {
		next := b[:min(len(b), piece)]
		p.arm()
		n, err := p.ResponseWriter.Write(next)
		total += n
		p.bytes += int64(n)
		if b = b[len(next):]; err != nil || len(b) == 0 {
			return total, err
		}
	}
}

// Flush sends what is buffered.
func (p *reply) Flush() { _ = p.FlushError() }

// FlushError sends what is buffered and says whether that could be done.
func (p *reply) FlushError() error {
	defer p.disarm()
	p.arm()
	return p.control.Flush()
}

// incoming is a request's body whose deadline moves with every piece that comes.
type incoming struct {
	io.ReadCloser
	control  *http.ResponseController
	progress time.Duration
	h2       bool
	ended    bool // all of it has been read
}

// receive puts an incoming in the place of a request's body, where it has one.
func (p *reply) receive(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	p.body = &incoming{ReadCloser: r.Body, control: p.control, progress: p.progress, h2: p.h2}
	if !p.h2 {
		p.body.arm()
	}
	r.Body = p.body
}

// arm gives the client time for the next piece. Where there is no connection, as in tests of a handler, nothing does.
func (b *incoming) arm() { _ = b.control.SetReadDeadline(time.Now().Add(b.progress)) }

func (b *incoming) disarm() { _ = b.control.SetReadDeadline(time.Time{}) }

// Read waits for the next piece. Between two calls the handler may take its time. On HTTP/1 the deadline stays until
// the end has come, because net/http itself reads what a handler leaves; on HTTP/2 it must not, because there it cuts
// a stream that nobody reads from, too.
func (b *incoming) Read(p []byte) (int, error) {
	b.arm()
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || errors.Is(err, io.EOF)
	if b.ended || b.h2 {
		b.disarm()
	}
	return n, err
}
