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
	// maxUnsent is how many copies, and how many papers, are kept for receivers that have not had all of them; maxUnsentEach
	// how many of them one person waits for, those to be made included. A copy is at most as large as what pack takes, so
	// this bounds the disk that slow receivers take.
	maxUnsent     = 16
	maxUnsentEach = 3
	// slowest is how fast a receiver takes what is sent at the least, in bytes a second, and grace what anybody has beside:
	// who is slower loses the place to somebody else.
	slowest = 256 << 10
	grace   = 2 * time.Minute
	// piece is how much of a copy goes out before it is asked again whether it may, in bytes.
	piece = 256 << 10
)

// queue lets so many do something at once as it has places, and keeps so much of what was made for who is slow.
type queue struct {
	places chan struct{}
	wait   time.Duration // until who waits is told to come back
	unsent *unsent
}

func newQueue(places int, wait time.Duration) queue {
	return queue{make(chan struct{}, places), wait, &unsent{asked: map[clinical.PersonID]int{}}}
}

// unsent counts what is made for persons and has not all been taken by them.
type unsent struct {
	mu    sync.Mutex
	asked map[clinical.PersonID]int // to be made or kept
	kept  int
}

// ask counts what is to be made for a person, until release.
func (u *unsent) ask(p clinical.PersonID) (release func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.asked[p] >= maxUnsentEach {
		return nil, comeLater()
	}
	u.asked[p]++
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.asked[p]--; u.asked[p] == 0 {
			delete(u.asked, p)
		}
	}, nil
}

// keep counts what is kept for anybody, until release.
func (u *unsent) keep() (release func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kept >= maxUnsent {
		return nil, comeLater()
	}
	u.kept++
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.kept--
	}, nil
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
	dir     string
	minFree int64 // bytes of the disk

	mu    sync.Mutex
	stage *sealedStage
}

func newOutbox(cfg *config) *outbox {
	return &outbox{dir: filepath.Join(cfg.Data, "outbox"), minFree: int64(cfg.Space.MinFreeMB) << 20}
}

// open makes the stage. Where that failed the next one tries again.
func (o *outbox) open() (*sealedStage, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stage != nil {
		return o.stage, nil
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // it never fails: crypto/rand
	// Only what another process left is there: DATA has one at a time.
	if err := os.RemoveAll(o.dir); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "empty the outbox: %w", err)
	}
	stage, err := newSealedStage(o.dir, key, o.minFree)
	if err != nil {
		return nil, err
	}
	o.stage = stage
	return stage, nil
}

// keep has something made, sealed as it comes, and returns it to be sent.
func (o *outbox) keep(ctx context.Context, made func(io.Writer) error) (clinical.Content, error) {
	stage, err := o.open()
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

// permit is until when what was made may be had.
type permit struct {
	of    []*clinical.Served // the pictures in it, open; withdrawn, each ends it
	still func() error       // says NotFound once it is over; nil where of tells
}

// holds asks.
func (p permit) holds() error {
	for _, one := range p.of {
		select {
		case <-one.Gone:
			return clinical.ErrNotFound
		default:
		}
	}
	if p.still == nil {
		return nil
	}
	return p.still()
}

// permitted reads for as long as it may be had.
type permitted struct {
	ctx  context.Context //nolint:containedctx // of the request that reads
	from io.Reader
	permit
}

// Read reads a piece, or says that a picture was withdrawn.
func (p permitted) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, clinical.Errorf(clinical.Unavailable, "send a copy: %w", err)
	}
	if err := p.holds(); err != nil {
		return 0, err
	}
	return p.from.Read(b[:min(len(b), piece)])
}

// parcel is what is made for one person and sent to them.
type parcel struct {
	person clinical.PersonID
	queue  queue
	// make writes it, and returns until when it may be had, also beside an error.
	make func(io.Writer) (permit, error)
}

// send makes a parcel once it is its turn, lets the next one have its turn, and only then hands it to whoever waits for
// it, however slowly they take it, if not for ever. A picture that is withdrawn meanwhile ends it.
func (o *outbox) send(ctx context.Context, w io.Writer, p parcel) (err error) {
	answered, err := p.queue.unsent.ask(p.person)
	if err != nil {
		return err
	}
	defer answered()
	leave, err := p.queue.enter(ctx)
	if err != nil {
		return err
	}
	sent, err := p.queue.unsent.keep()
	if err != nil {
		leave()
		return err
	}
	defer sent()
	var may permit
	content, err := o.keep(ctx, func(w io.Writer) error {
		var err error
		may, err = p.make(w)
		return err
	})
	leave()
	defer func() {
		for _, one := range may.of {
			err = errors.Join(err, one.Close())
		}
	}()
	if err != nil {
		return err
	}
	defer content.Close() //nolint:errcheck // nothing was written
	ctx, cancel := context.WithTimeout(ctx, grace+time.Duration(content.Size()/slowest)*time.Second)
	defer cancel()
	_, err = io.CopyBuffer(w, permitted{ctx, content, may}, make([]byte, piece))
	return err
}
