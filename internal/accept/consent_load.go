package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	readers     = 32
	readPace    = 40 * time.Millisecond // between two pieces of a throttled download
	readPiece   = 16 << 10
	bigOnes     = 8 // pictures of the set that take long to download
	withdrawals = 100
	// mostWithdrawal is how long the slowest withdrawal in a hundred may take.
	mostWithdrawal = 250 * time.Millisecond
)

// load is a race whose readers also download, slowly.
type load struct {
	*race
	set     string // its ID
	entries map[string]entry
	big     []string // assets
	alone   []string // assets that have a consent of their own, in the order in which it is withdrawn

	mu       sync.Mutex
	asked    int // requests that were begun after a withdrawal of what they asked for had been answered
	cut      int
	mostLeft int64 // bytes of a download that came after its withdrawal
	largest  int64
	listings int
	laid     time.Duration // until all pictures were on the drive
	errs     error
}

// withdrawnUnderLoad: while 32 readers list a set of 1,000 pictures and download from it, each as fast as a bad line,
// every request that is begun after a withdrawal was answered is told that there is nothing, and downloads end.
func withdrawnUnderLoad(ctx context.Context, tr *trial) (string, error) {
	l, err := newLoad(ctx, tr)
	if err != nil {
		return "", err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	for range readers {
		work.Go(func() {
			if err := l.read(ctx); err != nil && ctx.Err() == nil {
				l.fault(err)
				stop()
			}
		})
	}
	took, err := l.withdrawAll(ctx)
	l.fault(err)
	stop()
	work.Wait()
	if l.errs != nil || len(took) == 0 {
		return "", l.errs
	}
	slices.Sort(took)
	p99 := took[(len(took)*99-1)/100]
	figure := fmt.Sprintf("%d withdrawals raced %d readers (%d listings) of %d pictures: %d of %d later requests see them gone, %d downloads of up to %.1f MB cut, at most %d KiB more, p99 %d ms, median %d ms (at most %d); from folder to drive in %.0f s",
		len(took), readers, l.listings, len(l.entries), l.asked, l.asked, l.cut, float64(l.largest)/1e6, l.mostLeft>>10, p99.Milliseconds(), took[len(took)/2].Milliseconds(), mostWithdrawal.Milliseconds(), l.laid.Seconds())
	switch {
	case l.mostLeft > mostAfter:
		return figure, errors.New("more than 1 MiB of a download came after its withdrawal")
	case l.cut == 0 || l.asked < withdrawals:
		return figure, errors.New("too little was under way to show anything")
	case p99 > mostWithdrawal:
		return figure, errSlow
	}
	return figure, nil
}

// newLoad publishes a set of the size under trial: most of it on one consent, the rest each on its own.
func newLoad(ctx context.Context, tr *trial) (*load, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return nil, err
	}
	l := &load{race: &race{h: h, set: "Acceptance load", names: map[string]string{}, grant: map[string]string{}, gone: map[string]time.Time{}}}
	if l.patient, err = h.patient(ctx, 0, "henri"); err != nil {
		return nil, err
	}
	files, big, err := mixed(tr.shelf)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	found, err := h.land(ctx, l.patient, files)
	if err != nil {
		return nil, err
	}
	var small []string
	for _, p := range found {
		if big[p.SHA256] {
			l.big = append(l.big, p.ID)
		} else {
			small = append(small, p.ID)
		}
	}
	if err := l.release(ctx, small); err != nil {
		return nil, err
	}
	if l.entries, err = h.as("yuki").listed(ctx, l.race.set, len(found)); err != nil {
		return nil, err
	}
	l.laid = time.Since(began)
	items, err := h.items(ctx, l.set)
	for id, i := range items {
		l.names[id] = i.file()
	}
	return l, err
}

// mixed draws n files, some of which are large as teaching pictures, too: those are returned by SHA-256.
func mixed(n int) (files []file, big map[string]bool, err error) {
	if files, err = small(max(n-bigOnes, withdrawals), 0); err != nil {
		return nil, nil, err
	}
	noise, err := noisy(2048, 2048)
	big = map[string]bool{}
	for i := range bigOnes {
		text := fmt.Sprintf("picture %d", i)
		comment := append([]byte{0xff, 0xfe, 0, byte(len(text) + 2)}, text...)
		f := file{fmt.Sprintf("BIG_%04d.JPG", i), slices.Concat(noise[:2], comment, noise[2:])}
		files, big[f.sum()] = append(files, f), true
	}
	return files, big, err
}

// release classifies all pictures, allows them and publishes them. The large ones, and as many others as are still
// wanted, each have a consent of their own.
func (l *load) release(ctx context.Context, small []string) error {
	single := withdrawals - len(l.big)
	l.alone = slices.Concat(l.big, small[:single])
	rand.Shuffle(len(l.alone), func(i, j int) { l.alone[i], l.alone[j] = l.alone[j], l.alone[i] }) //nolint:gosec // in any order
	all := slices.Concat(l.big, small)
	for part := range slices.Chunk(all, 500) {
		if err := l.h.classify(ctx, part); err != nil {
			return err
		}
	}
	for _, id := range l.alone {
		var err error
		if l.grant[id], err = l.h.allow(ctx, l.patient.ID, []string{id}); err != nil {
			return err
		}
	}
	if _, err := l.h.allow(ctx, l.patient.ID, small[single:]); err != nil {
		return err
	}
	var err error
	l.set, err = l.h.publish(ctx, l.race.set, all)
	return err
}

func (l *load) fault(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = errors.Join(l.errs, err)
}

// withdrawAll takes the consents back, one after the other, and asks for each picture at once in every way.
func (l *load) withdrawAll(ctx context.Context) (took []time.Duration, err error) {
	henri, yuki := l.h.as("henri"), l.h.alone("yuki")
	defer yuki.close()
	pace := time.NewTicker(60 * time.Millisecond)
	defer pace.Stop()
	for _, id := range l.alone {
		began := time.Now()
		if err := henri.withdraw(ctx, l.patient.ID, l.grant[id]); err != nil {
			return took, err
		}
		took = append(took, time.Since(began))
		l.race.mu.Lock()
		l.gone[id] = time.Now()
		l.race.mu.Unlock()
		if err := l.nothing(ctx, yuki, id); err != nil {
			return took, err
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
			return took, ctx.Err()
		}
	}
	return took, nil
}

// nothing asks for a picture that was withdrawn, in each way that a drive asks.
func (l *load) nothing(ctx context.Context, c *client, id string) error {
	e := l.entries[l.names[id]]
	for _, way := range [][]string{
		{http.MethodGet}, {http.MethodHead}, {http.MethodGet, "Range", "bytes=4096-8191"}, {http.MethodGet, "If-None-Match", e.etag}, {"PROPFIND", "Depth", "0"},
	} {
		a, err := c.ask(ctx, way[0], e.path, way[1:]...)
		if err != nil {
			return err
		}
		if a.status != http.StatusNotFound {
			return fmt.Errorf("%v after the withdrawal is answered: %d", way, a.status)
		}
		l.mu.Lock()
		l.asked++
		l.mu.Unlock()
	}
	return nil
}

// read is one reader: it lists the set, downloads a large picture and asks for some others, again and again.
func (l *load) read(ctx context.Context) error {
	c := l.h.alone("yuki")
	defer c.close()
	for ctx.Err() == nil {
		if err := l.looks(ctx, c); err != nil {
			return err
		}
		if err := l.download(ctx, c, l.big[rand.IntN(len(l.big))]); err != nil { //nolint:gosec // whichever
			return err
		}
		for range 4 {
			if err := l.probe(ctx, c, l.alone[rand.IntN(len(l.alone))]); err != nil { //nolint:gosec // whichever
				return err
			}
		}
	}
	return nil
}

// looks lists the set and searches the reply for what was withdrawn before it was asked for. That replies are well-formed
// is tried elsewhere, with fewer readers.
func (l *load) looks(ctx context.Context, c *client) error {
	l.race.mu.Lock()
	gone := maps.Clone(l.gone)
	l.race.mu.Unlock()
	a, err := c.ask(ctx, "PROPFIND", folder(l.race.set), "Depth", "1")
	if err != nil {
		return err
	}
	if a.status != http.StatusMultiStatus {
		return fmt.Errorf("PROPFIND: %s", a)
	}
	for id := range gone {
		if bytes.Contains(a.body, []byte(l.entries[l.names[id]].path)) {
			return errors.New("a picture was withdrawn before a listing that names it")
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(gone) > 0 {
		l.asked++
	}
	l.listings++
	return nil
}

// goneSince is when the withdrawal of a picture was answered.
func (l *load) goneSince(id string) time.Time {
	l.race.mu.Lock()
	defer l.race.mu.Unlock()
	return l.gone[id]
}

// probe asks for one picture.
func (l *load) probe(ctx context.Context, c *client, id string) error {
	gone := !l.goneSince(id).IsZero()
	a, err := c.ask(ctx, http.MethodHead, l.entries[l.names[id]].path)
	if err != nil {
		return err
	}
	return l.judged(a.status, gone)
}

// judged counts a request whose picture had, or had not, been withdrawn before it was begun.
func (l *load) judged(status int, gone bool) error {
	if gone && status != http.StatusNotFound {
		return fmt.Errorf("a picture was withdrawn before a request that is answered: %d", status)
	}
	if status != http.StatusOK && status != http.StatusNotFound {
		return fmt.Errorf("a request is answered: %d", status)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if gone {
		l.asked++
	}
	return nil
}

// download reads one picture as over a bad line, and counts what comes after its withdrawal.
func (l *load) download(ctx context.Context, c *client, id string) error {
	gone := !l.goneSince(id).IsZero()
	r, err := c.request(ctx, http.MethodGet, l.entries[l.names[id]].path, http.NoBody)
	if err != nil {
		return err
	}
	res, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if err := l.judged(res.StatusCode, gone); err != nil || res.StatusCode != http.StatusOK {
		return err
	}
	pace := time.NewTicker(readPace)
	defer pace.Stop()
	after := int64(0)
	for {
		n, err := io.CopyN(io.Discard, res.Body, readPiece)
		if !l.goneSince(id).IsZero() {
			after += n
		}
		if err != nil {
			l.ended(res.ContentLength, after, errors.Is(err, io.EOF))
			return nil
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// ended notes how a download did.
func (l *load) ended(size, after int64, whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.largest, l.mostLeft = max(l.largest, size), max(l.mostLeft, after)
	if !whole {
		l.cut++
	}
}
