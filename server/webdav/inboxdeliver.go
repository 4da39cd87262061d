package webdav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
)

const (
	// glimpse is how often the inboxes are looked at.
	glimpse = time.Second
	// again is how long an inbox waits after a studio could not take a file.
	again = 15 * time.Second
	// maxTicket is the largest job ticket that is handed over beside a file, in bytes.
	maxTicket = 1 << 20
	// emptyFor is how long a file may stay empty: some clients make one first and fill it then.
	emptyFor = 10 * time.Minute
	// maxReceipts is how many receipts an inbox keeps.
	maxReceipts = 1000
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
	if err := in.o.Stage.Keep(ctx, in.alive()); err != nil {
		return err
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
}

// deliver gives the studio everything that has settled. Files go in the order of their names, which is the order in
// which a camera wrote them; once something new is written the rest waits until that has settled too.
func (t *tray) deliver(ctx context.Context) error {
	ready, since := t.ready()
	for _, p := range ready {
		if err := ctx.Err(); err != nil {
			return err
		}
		if t.movedSince(since) {
			return nil
		}
		outcome, reason, err := t.give(ctx, p)
		if err != nil {
			return err
		}
		if since, err = t.settle(ctx, p, since, t.words(outcome, reason)); err != nil {
			return err
		}
	}
	return t.tidy(ctx, len(ready) > 0)
}

func (t *tray) movedSince(since time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.changed.Equal(since)
}

// ready returns what may be taken, and when the inbox was last written to.
func (t *tray) ready() ([]parcel, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.inbox.now()
	if now.Before(t.changed.Add(t.inbox.o.Settle)) || now.Before(t.retry) || len(t.waiting) > 0 {
		return nil, t.changed
	}
	var out []parcel
	t.each(func(names []string, it *item) {
		empty := it.Blob == "" && now.Sub(it.Modified) < emptyFor
		if !it.Folder && !empty && !aside(it.Name) && !ticket(it.Name) && !t.locks.any(strings.Join(names, "/")) {
			out = append(out, parcel{names: names, item: *it})
		}
	})
	return out, t.changed
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

// ticket reports whether a file may say whose the files beside it are: it goes with them, not alone.
func ticket(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, ".json") || strings.HasSuffix(lower, ".csv")
}

// give hands one file over.
func (t *tray) give(ctx context.Context, p parcel) (clinical.Outcome, clinical.Reason, error) {
	u := Upload{Studio: t.studio, Name: p.item.Name, Size: p.item.Size, Modified: p.item.Modified, Content: strings.NewReader("")}
	var err error
	if u.Beside, err = t.beside(ctx, p.names); err != nil {
		return "", "", err
	}
	if p.item.Blob == "" {
		return t.inbox.o.Receiver.Receive(ctx, u)
	}
	content, err := t.inbox.o.Stage.Open(ctx, p.item.Blob)
	if err != nil {
		return "", "", err
	}
	u.Content = content
	outcome, reason, err := t.inbox.o.Receiver.Receive(ctx, u)
	return outcome, reason, errors.Join(err, content.Close())
}

// beside reads the job tickets in a file's folder that may be for it (docs/formats/ticket.md).
func (t *tray) beside(ctx context.Context, names []string) (map[string][]byte, error) {
	blobs, last := map[string]string{}, len(names)-1
	t.mu.Lock()
	if folder := t.find(names[:last]); folder != nil {
		for _, name := range []string{"ticket.json", "ticket.csv", names[last] + ".json"} {
			if it := folder.in[name]; it != nil && !it.Folder && it.Blob != "" && it.Size <= maxTicket {
				blobs[name] = it.Blob
			}
		}
	}
	t.mu.Unlock()
	out := map[string][]byte{}
	for name, blob := range blobs {
		content, err := t.inbox.o.Stage.Open(ctx, blob)
		if err != nil {
			return nil, err
		}
		out[name], err = io.ReadAll(content)
		if err := errors.Join(err, content.Close()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// settle takes a file that was handed over out of the inbox and leaves a receipt. A file that was written anew
// meanwhile stays. What this changes itself does not count as writing; it returns the time that then holds for since.
func (t *tray) settle(ctx context.Context, p parcel, since time.Time, text string) (time.Time, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	quiet := t.changed.Equal(since)
	err := t.receipt(ctx, p.item.Name, text)
	folder := t.find(p.names[:len(p.names)-1])
	if folder != nil && err == nil {
		if it := folder.in[p.item.Name]; it != nil && it.Tag == p.item.Tag {
			err = t.take(ctx, folder, it)
		}
	}
	if quiet {
		t.changed = since
	}
	return since, err
}

// words is what a receipt says.
func (t *tray) words(o clinical.Outcome, r clinical.Reason) string {
	switch o {
	case clinical.OutcomeKept:
		return "Kept. It is in the library and need not be sent again."
	case clinical.OutcomeDuplicate:
		return "Kept before: this very file is there already."
	case clinical.OutcomeQuarantined:
		return "Kept, and waiting for a person.\n\n" + t.inbox.o.Explain(r) + "\n\nReason: " + string(r)
	default:
		return "Not kept.\n\n" + t.inbox.o.Explain(r) + "\n\nReason: " + string(r)
	}
}

// receipt writes what became of a file under its name, above what became of earlier ones of that name. The caller holds
// mu.
func (t *tray) receipt(ctx context.Context, name, text string) error {
	folder, now := t.root.in[receiptsName], t.inbox.now()
	text = fmt.Sprintf("%s\n\n%s\n%s\n", name, text, now.In(t.inbox.o.Zone).Format("2006-01-02 15:04:05 -07:00"))
	for len(folder.in) >= maxReceipts {
		oldest := slices.MinFunc(folder.sorted(), func(a, b *item) int { return a.Placed.Compare(b.Placed) })
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

// tidy removes what nobody waits for: tickets that were used, desktops' own files, old receipts, and folders that have
// been empty and unused for long. A file that may be somebody's picture stays until it was taken.
func (t *tray) tidy(ctx context.Context, delivered bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, since := t.inbox.now(), t.changed
	if now.Before(since.Add(t.inbox.o.Settle)) || len(t.waiting) > 0 || (!delivered && now.Sub(t.tidied) < time.Minute) {
		return nil
	}
	t.tidied = now
	var gone [][]string
	t.each(func(names []string, it *item) {
		if t.spent(names, it, delivered) && !t.locks.any(strings.Join(names, "/")) {
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
func (t *tray) spent(names []string, it *item, delivered bool) bool {
	switch {
	case it.Folder:
		return len(it.in) == 0 && t.old(it)
	case aside(it.Name):
		return t.inbox.now().Sub(it.Modified) >= emptyFor
	default:
		return ticket(it.Name) && delivered && t.alone(names)
	}
}

// old reports whether an item has been as it is for as long as such things are kept.
func (t *tray) old(it *item) bool {
	return t.inbox.now().Sub(it.Placed) >= t.inbox.o.Keep && t.inbox.now().Sub(it.Modified) >= t.inbox.o.Keep
}

// discard removes an item, with a receipt where it was a ticket. The caller holds mu.
func (t *tray) discard(ctx context.Context, names []string) error {
	folder := t.find(names[:len(names)-1])
	it := folder.in[names[len(names)-1]]
	if !it.Folder && ticket(it.Name) {
		if err := t.receipt(ctx, it.Name, "Used to file the pictures beside it."); err != nil {
			return err
		}
	}
	return t.take(ctx, folder, it)
}

// alone reports whether a ticket lies in a folder with nothing that it could still be for. The caller holds mu.
func (t *tray) alone(names []string) bool {
	for _, it := range t.find(names[:len(names)-1]).in {
		if !it.Folder && !ticket(it.Name) && !aside(it.Name) {
			return false
		}
	}
	return true
}
