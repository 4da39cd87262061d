package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/server/guard"
)

const (
	// packingWait and drawingWait are how long somebody waits until a copy or a paper of theirs is made.
	packingWait = time.Minute
	drawingWait = 30 * time.Second
	// comeBack is when to try again who waited in vain.
	comeBack = 30 * time.Second
	// drawers is how many papers are drawn at once.
	drawers = 2
	// maxUnsent is how many copies are kept for receivers that have not had all of them, and maxUnsentEach how many of them
	// for one person. A copy is at most as large as what pack takes, so this bounds the disk that slow receivers take.
	maxUnsent     = 16
	maxUnsentEach = 3
	// piece is how much of a copy goes out before it is asked again whether it may, in bytes.
	piece = 256 << 10
)

// queue lets so many do something at once as it has places.
type queue struct {
	places chan struct{}
	wait   time.Duration // until who waits is told to come back
}

func newQueue(places int, wait time.Duration) queue {
	return queue{make(chan struct{}, places), wait}
}

// enter waits for a place; leave gives it back.
func (q queue) enter(ctx context.Context) (leave func(), err error) {
	timer := time.NewTimer(q.wait)
	defer timer.Stop()
	select {
	case q.places <- struct{}{}:
		return func() { <-q.places }, nil
	case <-timer.C:
		return nil, comeLater()
	case <-ctx.Done():
		return nil, clinical.Errorf(clinical.Unavailable, "wait for a place: %w", ctx.Err())
	}
}

// comeLater says that too many others are being served.
func comeLater() error {
	return guard.Later(comeBack, clinical.Refuse(clinical.Unavailable, "busy", "Others are being served right now. Try again in a minute."))
}

// outbox keeps what was made until its receiver has it: sealed, under a key that is in memory alone, in files that have
// no name any more while they are sent. What a stop of the program leaves is noise.
type outbox struct {
	stage func() (*sealedStage, error)

	mu     sync.Mutex
	unsent map[clinical.PersonID]int
	total  int
}

func newOutbox(cfg *config) *outbox {
	return &outbox{unsent: map[clinical.PersonID]int{}, stage: sync.OnceValues(func() (*sealedStage, error) {
		var key [32]byte
		_, _ = rand.Read(key[:]) // it never fails: crypto/rand
		dir := filepath.Join(cfg.Data, "outbox")
		// Only what another process left is there: DATA has one at a time.
		if err := os.RemoveAll(dir); err != nil {
			return nil, clinical.Errorf(clinical.Unavailable, "empty the outbox: %w", err)
		}
		return newSealedStage(dir, key, int64(cfg.Space.MinFreeMB)<<20)
	})}
}

// hold counts what is kept for a person, until release.
func (o *outbox) hold(p clinical.PersonID) (release func(), err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.total >= maxUnsent || o.unsent[p] >= maxUnsentEach {
		return nil, comeLater()
	}
	o.total++
	o.unsent[p]++
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.total--
		if o.unsent[p]--; o.unsent[p] == 0 {
			delete(o.unsent, p)
		}
	}, nil
}

// keep has something made, sealed as it comes, and returns it to be sent.
func (o *outbox) keep(ctx context.Context, made func(io.Writer) error) (clinical.Content, error) {
	stage, err := o.stage()
	if err != nil {
		return nil, err
	}
	from, to := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = to.CloseWithError(made(to)) // it returns nil
	}()
	name := rand.Text()
	_, err = stage.Seal(ctx, name, from)
	_ = from.CloseWithError(io.ErrClosedPipe) // so that what is being made ends where it could not be kept
	<-done
	if err != nil {
		return nil, err
	}
	content, err := stage.Open(ctx, name)
	return content, errors.Join(err, os.Remove(filepath.Join(stage.dir, name)))
}

// permitted reads for as long as every picture in what is read may be had.
type permitted struct {
	ctx  context.Context //nolint:containedctx // of the request that reads
	from io.Reader
	of   []*clinical.Served
}

// Read reads a piece, or says that a picture was withdrawn.
func (p permitted) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, clinical.Errorf(clinical.Unavailable, "send a copy: %w", err)
	}
	for _, one := range p.of {
		select {
		case <-one.Gone:
			return 0, clinical.ErrNotFound
		default:
		}
	}
	return p.from.Read(b[:min(len(b), piece)])
}

// parcel is what is made for one person and sent to them.
type parcel struct {
	person clinical.PersonID
	queue  queue
	// make writes it, and returns the pictures in it, open, also beside an error.
	make func(io.Writer) ([]*clinical.Served, error)
}

// send makes a parcel once it is its turn, lets the next one have its turn, and only then hands it to whoever waits for
// it, however slowly they take it. A picture that is withdrawn meanwhile ends it.
func (o *outbox) send(ctx context.Context, w io.Writer, p parcel) (err error) {
	release, err := o.hold(p.person)
	if err != nil {
		return err
	}
	defer release()
	leave, err := p.queue.enter(ctx)
	if err != nil {
		return err
	}
	var of []*clinical.Served
	content, err := o.keep(ctx, func(w io.Writer) error {
		var err error
		of, err = p.make(w)
		return err
	})
	leave()
	defer func() {
		for _, one := range of {
			err = errors.Join(err, one.Close())
		}
	}()
	if err != nil {
		return err
	}
	defer content.Close() //nolint:errcheck // nothing was written
	_, err = io.CopyBuffer(w, permitted{ctx, content, of}, make([]byte, piece))
	return err
}
