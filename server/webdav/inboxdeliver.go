package webdav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
)

const (
	// glimpse is how often the inboxes are looked at.
	glimpse = time.Second
	// again is how long an inbox waits after a studio could not take a file.
	again = 15 * time.Second
	// asideFor is how long a desktop's own files stay.
	asideFor = 10 * time.Minute
	// ticketLife is how long a job ticket waits for its pictures: never until the next day.
	ticketLife = 12 * time.Hour
	// tries is in how many deliveries a file may turn out not to be readable before the others go without it.
	tries = 3
	// ceaseless is for how many times Options.Patience those wait who are held up by somebody who does not stop writing.
	ceaseless = 6
	// maxReceipts is how many receipts an inbox keeps.
	maxReceipts = 4000
	// maxReceipt is how much one says, in bytes.
	maxReceipt = 4 << 10
)

// run opens the inboxes and takes what settles in them, until ctx ends.
func (in *inbox) run(ctx context.Context) error {
	if len(in.o.Studios) == 0 {
		return nil
	}
	if err := in.load(ctx); err != nil {
		return err
	}
	alive, there := in.alive(), map[string]bool{}
	err := in.o.Stage.Keep(ctx, func(name string) bool {
		there[name] = true
		return alive(name)
	})
	if err != nil {
		return err
	}
	for _, t := range in.trays {
		if err := t.missing(ctx, there); err != nil {
			return err
		}
	}
	close(in.loaded)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		in.clean(ctx)
		return nil
	})
	for _, studio := range in.o.Studios {
		g.Go(func() error {
			in.trays[studio].run(ctx)
			return nil
		})
	}
	return g.Wait()
}

// missing drops the files whose bytes are not on the stage any more.
func (t *tray) missing(ctx context.Context, there map[string]bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var gone [][]string
	t.each(func(names []string, it *item) {
		if it.Blob != "" && !there[it.Blob] {
			gone = append(gone, names)
		}
	})
	for _, names := range gone {
		t.inbox.log.ErrorContext(ctx, "webdav: the bytes of an upload are gone", "studio", t.studio, "upload", t.find(names).ID)
		err := t.receipt(ctx, names, "The server has this file no more. If nothing below says that it was kept, send it again.")
		if err == nil {
			err = t.take(ctx, t.find(names[:len(names)-1]), t.find(names))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// clean removes sealed bytes that are nobody's any more.
func (in *inbox) clean(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-in.sweep:
			if err := in.o.Stage.Keep(ctx, in.alive()); err != nil && ctx.Err() == nil {
				in.log.ErrorContext(ctx, "webdav: remove uploads", "err", err)
			}
		}
	}
}

func (t *tray) run(ctx context.Context) {
	tick := time.NewTicker(glimpse)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := t.deliver(ctx); err != nil && ctx.Err() == nil {
			t.inbox.log.WarnContext(ctx, "webdav: inbox waits", "studio", t.studio, "err", err)
			t.mu.Lock()
			t.retry = t.inbox.now().Add(again)
			t.mu.Unlock()
		}
	}
}

// parcel is a file that is ready to be taken.
type parcel struct {
	names []string
	item  item // as it was when it was found ready
	lost  bool // it could not be read again and again
}

func (p parcel) name() string { return strings.Join(p.names, "/") }

// deliver gives the studio everything that has settled, in one piece: which picture is whose may be said by another.
func (t *tray) deliver(ctx context.Context) error {
	ready, beside, since := t.ready()
	if len(ready) == 0 {
		return t.tidy(ctx)
	}
	taken, fault := t.inbox.o.Receiver.Receive(ctx, t.studio, t.uploads(slices.Concat(ready, beside)))
	untaken := slices.DeleteFunc(slices.Clone(ready), func(p parcel) bool {
		_, ok := taken[p.name()]
		return ok
	})
	// What was taken and cannot be settled stays handed over, and is handed over again.
	defer t.handBack(slices.Concat(untaken, beside))
	for _, p := range ready {
		if is, ok := taken[p.name()]; ok {
			if err := t.settle(ctx, p, since, t.words(is)); err != nil {
				return errors.Join(fault, err)
			}
		}
	}
	if err := t.giveUp(ctx, ready, since); err != nil {
		return errors.Join(fault, err)
	}
	for _, p := range beside {
		if p.lost || !slices.ContainsFunc(ready, p.covers) || !t.spare(p) {
			continue
		}
		if err := t.settle(ctx, p, since, "Used to file the pictures beside it."); err != nil {
			return errors.Join(fault, err)
		}
	}
	if fault != nil {
		return fault
	}
	t.mu.Lock()
	t.held = time.Time{}
	t.mu.Unlock()
	return t.tidy(ctx)
}

// ready returns what is to be taken now, what lies beside it (job tickets, and what is lost), and when the inbox was last
// written to. Everything waits for what is not whole, as that may say whose the others are, but for no longer than
// Patience; somebody who does not stop writing is waited for longer.
func (t *tray) ready() (files, beside []parcel, since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, o := t.inbox.now(), &t.inbox.o
	files, beside, whole := t.finished()
	if len(files) == 0 {
		t.held = time.Time{}
		return nil, nil, t.changed
	}
	if t.held.IsZero() {
		t.held = now
	}
	waited := now.Sub(t.held)
	whole = whole && len(t.waiting) == 0 && !now.Before(t.stirred.Add(o.Settle))
	calm := t.quiet() && (whole || waited >= o.Patience)
	if now.Before(t.retry) || !(calm || waited >= ceaseless*o.Patience) {
		return nil, nil, t.changed
	}
	if whole {
		t.held = time.Time{} // from now on they wait for the studio, and whoever comes then is waited for anew
	}
	t.hurried = !t.quiet()
	t.hand(slices.Concat(files, beside))
	return files, beside, t.changed
}

// quiet reports whether nothing was written for a while. The caller holds mu.
func (t *tray) quiet() bool { return !t.inbox.now().Before(t.changed.Add(t.inbox.o.Settle)) }

// finished returns the files that are whole, what lies beside them, and whether there are no others. The caller holds mu.
func (t *tray) finished() (files, beside []parcel, whole bool) {
	whole = true
	t.each(func(names []string, it *item) {
		if it.Folder || aside(it.Name) {
			return
		}
		if t.unfinished(names, it) {
			whole = false
			return
		}
		p := parcel{names: names, item: *it, lost: t.unread[it.ID] >= tries}
		if ticket(it.Name) || p.lost {
			beside = append(beside, p)
			return
		}
		files = append(files, p)
	})
	return files, beside, whole
}

// unfinished reports whether somebody may still be writing a file: it is locked, or empty, which is how some clients
// begin. The caller holds mu.
func (t *tray) unfinished(names []string, it *item) bool {
	young := t.inbox.now().Sub(it.Modified) < t.inbox.o.Patience
	return it.Blob == "" && young || t.locks.any(strings.Join(names, "/"))
}

// each visits everything but the receipts, folders before what is in them, in the order of names.
func (t *tray) each(visit func(names []string, it *item)) {
	var walk func(names []string, it *item)
	walk = func(names []string, it *item) {
		for _, c := range it.sorted() {
			if len(names) == 0 && c.Name == receiptsName {
				continue
			}
			at := append(slices.Clone(names), c.Name)
			visit(at, c)
			walk(at, c)
		}
	}
	walk(nil, t.root)
}

// aside reports whether a file is a desktop's own, which nobody waits for.
func aside(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") ||
		slices.Contains([]string{"thumbs.db", "desktop.ini"}, strings.ToLower(name))
}

// ticket reports whether a file may say whose the files beside and below it are: it goes with them, not alone.
func ticket(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, ".json") || strings.HasSuffix(lower, ".csv")
}

// covers reports whether a ticket may be about another file (docs/formats/ticket.md).
func (p parcel) covers(other parcel) bool {
	folder := len(p.names) - 1
	return len(other.names) > folder && slices.Equal(p.names[:folder], other.names[:folder])
}

// spare reports whether nothing that waits in the inbox, or is on its way into it, can still need a ticket.
func (t *tray) spare(p parcel) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	spare := !t.hurried
	for _, a := range t.waiting {
		spare = spare && !p.covers(parcel{names: a.names})
	}
	t.each(func(names []string, it *item) {
		if !it.Folder && !ticket(it.Name) && !aside(it.Name) && p.covers(parcel{names: names}) {
			spare = false
		}
	})
	return spare
}

// uploads are parcels as a studio is given them.
func (t *tray) uploads(parcels []parcel) []Upload {
	out := make([]Upload, 0, len(parcels))
	for _, p := range parcels {
		out = append(out, Upload{
			Name: p.name(), Size: p.item.Size, Modified: p.item.Modified, Lost: p.lost,
			Open: func(ctx context.Context) (clinical.Content, error) { return t.open(ctx, p.item) },
		})
	}
	return out
}

// open reads a file from the stage and takes note where that fails.
func (t *tray) open(ctx context.Context, it item) (clinical.Content, error) {
	if it.Blob == "" {
		return nothing{strings.NewReader("")}, nil
	}
	failed := sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.unread[it.ID]++
	})
	c, err := t.inbox.o.Stage.Open(ctx, it.Blob)
	if err != nil {
		if ctx.Err() == nil {
			failed()
		}
		return nil, err
	}
	return &doubted{c, failed}, nil
}

// doubted is content whose failures are noted.
type doubted struct {
	clinical.Content
	failed func()
}

// Read reads, and notes a failure.
func (d *doubted) Read(p []byte) (int, error) {
	n, err := d.Content.Read(p)
	return n, d.note(err)
}

// ReadAt reads, and notes a failure.
func (d *doubted) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.Content.ReadAt(p, off)
	return n, d.note(err)
}

func (d *doubted) note(err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		d.failed()
	}
	return err
}

// giveUp says of the files that could not be read again and again that the others go without them. They stay where they
// are: only who sent them knows whether they can be sent again.
func (t *tray) giveUp(ctx context.Context, ready []parcel, since time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range ready {
		if t.unread[p.item.ID] < tries {
			continue
		}
		t.inbox.log.ErrorContext(ctx, "webdav: an upload cannot be read", "studio", t.studio, "upload", p.item.ID)
		quiet := t.changed.Equal(since)
		err := t.receipt(ctx, p.names, "Not kept: the server cannot read it any more. Send it again, and tell your administrator.")
		if quiet {
			t.changed = since
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nothing is the content of an empty file.
type nothing struct{ *strings.Reader }

// Close closes nothing.
func (nothing) Close() error { return nil }

// settle takes a file that was handed over out of the inbox and leaves a receipt. What this changes itself does not
// count as writing.
func (t *tray) settle(ctx context.Context, p parcel, since time.Time, text string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	quiet := t.changed.Equal(since)
	err := t.receipt(ctx, p.names, text)
	folder := t.find(p.names[:len(p.names)-1])
	if folder != nil && err == nil {
		if it := folder.in[p.item.Name]; it != nil && it.ID == p.item.ID {
			err = t.take(ctx, folder, it)
		}
	}
	if err == nil {
		delete(t.handed, p.item.ID)
	}
	if quiet {
		t.changed = since
	}
	return err
}

// words is what a receipt says.
func (t *tray) words(is Taken) string {
	switch is.Outcome {
	case clinical.OutcomeKept:
		return "Kept. It is in the library and need not be sent again."
	case clinical.OutcomeDuplicate:
		return "Kept before: this very file is there already."
	case clinical.OutcomeQuarantined:
		return "Kept, and waiting for a person.\n\n" + t.inbox.o.Explain(is.Reason) + "\n\nReason: " + string(is.Reason)
	default:
		return "Not kept.\n\n" + t.inbox.o.Explain(is.Reason) + "\n\nReason: " + string(is.Reason)
	}
}

// receipt writes what became of a file under its name, above what became of earlier ones of that name. The caller holds
// mu.
func (t *tray) receipt(ctx context.Context, names []string, text string) error {
	folder, now, name := t.root.in[receiptsName], t.inbox.now(), names[len(names)-1]
	text = fmt.Sprintf("%s\n\n%s\n%s\n", strings.Join(names, "/"), text, now.In(t.inbox.o.Zone).Format("2006-01-02 15:04:05 -07:00"))
	for len(folder.in) >= maxReceipts {
		oldest := slices.MinFunc(slices.Collect(maps.Values(folder.in)), func(a, b *item) int { return a.Placed.Compare(b.Placed) })
		if err := t.take(ctx, folder, oldest); err != nil {
			return err
		}
	}
	file := clip(name, maxSegment-len(".txt")) + ".txt"
	if earlier := folder.in[file]; earlier != nil {
		text = clip(text+"\n"+earlier.Text, maxReceipt)
	}
	at := now.UTC().Truncate(time.Second)
	return t.place(ctx, folder, file, &item{
		ID: fresh(), Text: text, Size: int64(len(text)), MIME: "text/plain; charset=utf-8", Tag: newTag(), Modified: at, Created: at,
	})
}

// clip cuts s to at most n bytes, between runes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// tidy removes what nobody waits for: desktops' own files, tickets that nothing came for, old receipts, and folders that
// have been empty and unused for long. A file that may be somebody's picture stays until it was taken.
func (t *tray) tidy(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, since := t.inbox.now(), t.changed
	if !t.quiet() || len(t.waiting) > 0 || now.Sub(t.tidied) < time.Minute {
		return nil
	}
	t.tidied = now
	var gone [][]string
	t.each(func(names []string, it *item) {
		if t.spent(it) && !t.locks.any(strings.Join(names, "/")) {
			gone = append(gone, names)
		}
	})
	for _, r := range t.root.in[receiptsName].sorted() {
		if t.old(r) {
			gone = append(gone, []string{receiptsName, r.Name})
		}
	}
	for _, names := range gone {
		if err := t.discard(ctx, names); err != nil {
			return err
		}
	}
	t.changed = since
	return nil
}

// spent reports whether nobody waits for an item any more. The caller holds mu.
func (t *tray) spent(it *item) bool {
	age := t.inbox.now().Sub(it.Modified)
	switch {
	case it.Folder:
		return len(it.in) == 0 && t.old(it)
	case aside(it.Name):
		return age >= asideFor
	default:
		return ticket(it.Name) && age >= ticketLife
	}
}

// old reports whether an item has been as it is for as long as such things are kept.
func (t *tray) old(it *item) bool {
	return t.inbox.now().Sub(it.Placed) >= t.inbox.o.Keep && t.inbox.now().Sub(it.Modified) >= t.inbox.o.Keep
}

// discard removes an item, with a receipt where it may have been a ticket. The caller holds mu.
func (t *tray) discard(ctx context.Context, names []string) error {
	folder := t.find(names[:len(names)-1])
	it := folder.in[names[len(names)-1]]
	if !it.Folder && ticket(it.Name) {
		if err := t.receipt(ctx, names, "Removed. No picture came for it in 12 hours."); err != nil {
			return err
		}
	}
	return t.take(ctx, folder, it)
}
