package webdav

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"
	"log/slog"
	"maps"
	"sync"
	"time"

	"fovea/clinical"
)

// The papers that lie beside the pictures of a folder.
const (
	captionsName = "captions.csv"
	sheetName    = "contact-sheet.pdf"
)

const (
	// maxPapers bounds what is kept ready, in bytes; what was not asked for longest goes first.
	maxPapers = 64 << 20
	// maxOrders is how many contact sheets wait to be drawn. Beyond it a listing does without.
	maxOrders = 64
	// glance is how long a listing waits for a contact sheet that it is the first to want.
	glance = time.Second
	// patience is how long somebody who asks for a contact sheet by its name waits for it.
	patience = 30 * time.Second
	// tellEvery is how long the ranges and repetitions of a download count as the one that the ledger heard of, as it is
	// with pictures.
	tellEvery = time.Minute
	// pause is how long a contact sheet that could not be drawn is not tried again.
	pause = time.Minute
	// idle is how long a paper is kept that nobody asks for; at most twice that.
	idle = 10 * time.Minute
)

// Papers makes the papers of a folder from what one reader sees in it; a nil function leaves its paper out.
type Papers struct {
	// Captions writes the file names and captions of entries.
	Captions func(w io.Writer, entries []clinical.Entry) error
	// ContactSheet draws the entries of a folder. A picture's bytes come from open, which asks the gate, and are closed
	// once they are drawn; NotFound from it means that the reader sees something else by now, and ends the drawing.
	ContactSheet func(w io.Writer, folder clinical.Folder, open func(clinical.Entry) (io.ReadCloser, error)) error
}

// edition is one paper of what a reader sees in a folder: whoever sees the same has the same papers.
type edition struct {
	name string
	view [sha256.Size]byte
}

// paper is one that is being made or is ready.
type paper struct {
	edition
	done  chan struct{} // closed once it is made
	data  []byte        // nil: it could not be made
	etag  string
	again time.Time // not made: when to try again
	used  uint64    // when it was last asked for, by the count of askings
	// noStore is set when a picture on it must not be stored by the client.
	noStore bool
	// told is when the ledger last heard that a device received it; nil: nothing is to be told.
	told map[reader]time.Time
}

// reader is a device of somebody's.
type reader struct {
	person clinical.PersonID
	device string
}

// order asks for a contact sheet.
type order struct {
	paper  *paper
	caller clinical.Caller
	folder clinical.Folder // its entries are those of one part
}

// desk keeps papers ready.
type desk struct {
	make   Papers
	gate   printer
	log    *slog.Logger
	now    func() time.Time
	orders chan order

	mu    sync.Mutex
	kept  map[edition]*paper
	size  int
	asked uint64
}

func newDesk(o Options) *desk {
	return &desk{
		make: o.Papers, gate: o.Gate, log: o.Log, now: o.Now,
		orders: make(chan order, maxOrders), kept: map[edition]*paper{},
	}
}

// run draws what is ordered, one sheet after the other, until ctx ends.
func (d *desk) run(ctx context.Context) {
	tick := time.NewTicker(idle)
	defer tick.Stop()
	var mark uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			mark = d.tidy(mark)
		case o := <-d.orders:
			d.draw(ctx, o)
		}
	}
}

// tidy drops the papers that nobody has asked for since the asking numbered mark, and returns the next mark.
func (d *desk) tidy(mark uint64) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	for at, p := range d.kept {
		if p.data != nil && p.used <= mark {
			delete(d.kept, at)
			d.size -= len(p.data)
		}
	}
	return d.asked
}

// draw makes one contact sheet.
func (d *desk) draw(ctx context.Context, o order) {
	var out bytes.Buffer
	noStore := false
	err := d.make.ContactSheet(&out, o.folder, func(e clinical.Entry) (io.ReadCloser, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		served, err := d.gate.DrawInSet(ctx, o.caller, o.folder.Set.ID, e.Asset)
		if err != nil {
			return nil, err
		}
		noStore = noStore || served.NoStore
		return served, nil
	})
	if err != nil && clinical.KindOf(err) != clinical.NotFound && ctx.Err() == nil {
		d.log.ErrorContext(ctx, "webdav: contact sheet", "set", o.folder.Set.ID.String(), "err", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	defer close(o.paper.done)
	switch {
	case clinical.KindOf(err) == clinical.NotFound || ctx.Err() != nil:
		delete(d.kept, o.paper.edition) // the reader sees something else by now
		return
	case err != nil || out.Len() > maxFile:
		o.paper.again = d.now().Add(pause)
		return
	}
	o.paper.noStore = noStore
	o.paper.told = map[reader]time.Time{}
	d.fill(o.paper, out.Bytes())
}

// fill gives a paper its bytes and makes room for them. The caller holds mu.
func (d *desk) fill(p *paper, data []byte) {
	sum := sha256.New()
	sum.Write(p.view[:])
	sum.Write(data)
	p.data, p.etag = data, `"`+base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:18])+`"`
	for d.size += len(data); d.size > maxPapers && d.forget(p); {
	}
}

// forget drops the ready paper that was not asked for longest, but for one, and reports whether there was any. The
// caller holds mu.
func (d *desk) forget(spared *paper) bool {
	var oldest *paper
	for _, p := range d.kept {
		if p != spared && p.data != nil && (oldest == nil || p.used < oldest.used) {
			oldest = p
		}
	}
	if oldest == nil {
		return false
	}
	delete(d.kept, oldest.edition)
	d.size -= len(oldest.data)
	return true
}

// maxEditions is how many papers are remembered at all, those that could not be made included.
const maxEditions = 4096

// find returns the paper of an edition, new where there is none or its making failed a while ago. The caller holds mu.
func (d *desk) find(at edition) (p *paper, fresh bool) {
	d.asked++
	p = d.kept[at]
	if p != nil && (p.again.IsZero() || d.now().Before(p.again)) {
		p.used = d.asked
		return p, false
	}
	if len(d.kept) >= maxEditions {
		for e, old := range d.kept {
			if !old.again.IsZero() {
				delete(d.kept, e)
			}
		}
	}
	p = &paper{edition: at, done: make(chan struct{}), used: d.asked}
	d.kept[at] = p
	return p, true
}

// captions returns captions.csv for a folder as it is viewed, nil where it is left out.
func (d *desk) captions(ctx context.Context, f clinical.Folder, view [sha256.Size]byte) *paper {
	if d.make.Captions == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p, fresh := d.find(edition{captionsName, view})
	if !fresh {
		return ready(p)
	}
	defer close(p.done)
	var out bytes.Buffer
	if err := d.make.Captions(&out, f.Entries); err != nil {
		d.log.ErrorContext(ctx, "webdav: captions", "set", f.Set.ID.String(), "err", err)
		p.again = d.now().Add(pause)
		return nil
	}
	d.fill(p, out.Bytes())
	return p
}

// sheet returns the contact sheet that is ordered, and orders it where there is none. It waits for one that is being
// drawn: as long as the first, or any later, asker may. Pending means that it was not there by then; nil without it,
// that there is none.
func (d *desk) sheet(ctx context.Context, o order, view [sha256.Size]byte, wait waits) (p *paper, pending bool) {
	if d.make.ContactSheet == nil {
		return nil, false
	}
	d.mu.Lock()
	p, fresh := d.find(edition{sheetName, view})
	if fresh {
		o.paper = p
		select {
		case d.orders <- o:
		default:
			delete(d.kept, p.edition)
			d.mu.Unlock()
			return nil, true
		}
	}
	d.mu.Unlock()
	if fresh {
		wait.later = wait.first
	}
	if !within(ctx, p.done, wait.later) {
		return nil, true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return ready(p), false
}

// waits is how long somebody waits for a sheet: who is the first to ask for it, and who finds it ordered.
type waits struct{ first, later time.Duration }

// ready returns p if it could be made. The caller holds mu.
func ready(p *paper) *paper {
	if p.data == nil {
		return nil
	}
	return p
}

// within waits for done, and reports whether it came in time.
func within(ctx context.Context, done <-chan struct{}, wait time.Duration) bool {
	select {
	case <-done:
		return true
	default:
	}
	if wait <= 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}

// tell asks the gate, for a reader who is about to have a contact sheet, so that it decides on every picture on it and
// the ledger knows; once a minute for each device and edition. A sheet that is drawn for its size in a listing is
// nobody's yet.
func (d *desk) tell(ctx context.Context, c clinical.Caller, p *paper, f clinical.Folder) error {
	to, now := reader{c.Person, c.Device}, d.now()
	d.mu.Lock()
	at, known := p.told[to]
	told := p.told == nil || known && now.Sub(at) < tellEvery && !now.Before(at)
	d.mu.Unlock()
	if told {
		return nil
	}
	on := make([]clinical.AssetID, 0, len(f.Entries))
	for i := range f.Entries {
		on = append(on, f.Entries[i].Asset)
	}
	if err := d.gate.ServeInSet(ctx, c, f.Set.ID, on); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(p.told, func(_ reader, at time.Time) bool { return now.Sub(at) >= tellEvery })
	p.told[to] = now
	return nil
}

// sum sums up everything that the papers of a folder show.
func sum(f clinical.Folder) [sha256.Size]byte {
	h := sha256.New()
	var buf []byte
	put := func(texts ...string) {
		for _, t := range texts {
			buf = append(binary.BigEndian.AppendUint64(buf, uint64(len(t))), t...)
		}
		if len(buf) >= copyBuffer/2 {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	put(f.Set.ID.String(), f.Set.Name, f.Set.Title, f.Set.Purpose.String(), f.Set.Audience.String(), f.Set.Until.String())
	for i := range f.Entries {
		e := &f.Entries[i]
		put(string(e.Asset[:]), e.Name, e.Caption, e.ETag)
	}
	h.Write(buf)
	return [sha256.Size]byte(h.Sum(nil))
}
