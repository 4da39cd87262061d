package webdav

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"fovea/clinical"
)

// receiptsName is the folder in which an inbox says what became of its files.
const receiptsName = "_receipts"

// item is a file or folder that waits in an inbox. What of it has a name in capitals is what the shelf keeps.
type item struct {
	ID       string
	Studio   clinical.StudioID
	Parent   string // ID; empty: the inbox's own folder
	Name     string
	Folder   bool   `json:",omitempty"`
	Blob     string `json:",omitempty"` // its bytes on the stage; empty: Text is all there is
	Text     string `json:",omitempty"` // of a receipt
	Size     int64  `json:",omitempty"`
	MIME     string `json:",omitempty"`
	Tag      string `json:",omitempty"` // entity tag of a file: new with every writing
	Modified time.Time
	Created  time.Time
	Placed   time.Time      // when it got its name and folder
	Props    []deadProperty `json:",omitempty"`

	in map[string]*item // of a folder
}

// tray is one studio's inbox. Everything in it is touched with mu held; the shelf is written to before memory is.
type tray struct {
	inbox  *inbox
	studio clinical.StudioID

	mu      sync.Mutex
	root    *item
	locks   *locks
	items   int
	bytes   int64
	waiting map[string]*arrival // uploads under way, by the name of their bytes
	changed time.Time           // when something was last written
	stirred time.Time           // when an upload or a lock last ended and left nothing
	held    time.Time           // since when something that is whole has been waiting; zero: nothing has
	hurried bool                // what the studio is being given was taken from under somebody who does not stop writing
	retry   time.Time           // nothing is taken before
	tidied  time.Time           // when tidy last looked
	handed  map[string]bool     // IDs of what the studio is being given
	unread  map[string]int      // in how many deliveries an item's bytes could not be read, by its ID
}

func newTray(in *inbox, s clinical.StudioID) *tray {
	t := &tray{
		inbox: in, studio: s, locks: newLocks(in.now), waiting: map[string]*arrival{}, handed: map[string]bool{}, unread: map[string]int{}, changed: in.now(),
		root: &item{Folder: true, Studio: s, Modified: in.h.since, Created: in.h.since, in: map[string]*item{}},
	}
	t.root.in[receiptsName] = &item{
		ID: receiptsName, Name: receiptsName, Folder: true, Studio: s, Modified: in.h.since, Created: in.h.since, in: map[string]*item{},
	}
	return t
}

// load takes in what the shelf kept of every inbox.
func (in *inbox) load(ctx context.Context) error {
	kept := map[clinical.StudioID]map[string][]*item{} // by studio and parent
	var strays []string
	err := in.o.Shelf.Each(ctx, func(key string, value []byte) error {
		it := &item{}
		if err := json.Unmarshal(value, it); err != nil || it.ID != key {
			return clinical.Errorf(clinical.Corrupt, "webdav: a record of an inbox does not read")
		}
		if in.trays[it.Studio] == nil {
			in.others[it.Blob] = true
			return nil // of a studio that is not configured now, and may be again
		}
		if kept[it.Studio] == nil {
			kept[it.Studio] = map[string][]*item{}
		}
		kept[it.Studio][it.Parent] = append(kept[it.Studio][it.Parent], it)
		return nil
	})
	if err != nil {
		return err
	}
	for studio, children := range kept {
		t := in.trays[studio]
		strays = append(strays, t.adopt(t.root, children)...)
		if receipts := t.root.in[receiptsName]; len(children[receiptsName]) > 0 {
			strays = append(strays, t.adopt(receipts, children)...)
		}
		for _, lost := range children { // their folder is gone: a removal that was cut short
			for _, it := range lost {
				strays = append(strays, it.ID)
			}
		}
	}
	for _, id := range strays {
		if err := in.o.Shelf.Delete(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// adopt hangs the children of a folder, and theirs, into the tree. Of two with one name the newer stays, which is what
// an overwriting that was cut short leaves; it returns the IDs of the others.
func (t *tray) adopt(folder *item, children map[string][]*item) (strays []string) {
	mine := children[folder.ID]
	delete(children, folder.ID)
	slices.SortFunc(mine, func(a, b *item) int { return cmp.Or(b.Placed.Compare(a.Placed), cmp.Compare(a.ID, b.ID)) })
	for _, it := range mine {
		if folder.in[it.Name] != nil {
			strays = append(strays, it.ID)
			continue
		}
		if it.Folder {
			it.in = map[string]*item{}
		}
		folder.in[it.Name] = it
		t.items, t.bytes = t.items+1, t.bytes+it.Size
		if it.Folder {
			strays = append(strays, t.adopt(it, children)...)
		}
	}
	return strays
}

// find returns what is at a path, nil where nothing is.
func (t *tray) find(names []string) *item {
	it := t.root
	for _, n := range names {
		if it = it.in[n]; it == nil {
			return nil
		}
	}
	return it
}

// href is the escaped path of names, without a slash at its end.
func (t *tray) href(names []string) string {
	path := InboxPrefix + "/" + escape(string(t.studio))
	for _, n := range names {
		path += "/" + escape(n)
	}
	return path
}

// row is what the folder of the inboxes says of this one.
func (t *tray) row() row {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rowOf(t.root, nil)
}

// rowOf is what a listing says of an item at a path.
func (t *tray) rowOf(it *item, names []string) row {
	r := row{
		name: it.Name, folder: it.Folder, size: it.Size, mime: it.MIME, etag: it.Tag, modified: it.Modified, created: it.Created,
	}
	if len(names) == 0 {
		r.name, r.parent = string(t.studio), InboxPrefix+"/"
	} else {
		r.parent = t.href(names[:len(names)-1]) + "/"
	}
	if it.Folder {
		r.used, r.free = t.bytes, max(0, t.inbox.o.MaxBytes-t.bytes)
	}
	return r
}

// sorted returns what is in a folder in the order of its names.
func (it *item) sorted() []*item {
	return slices.SortedFunc(maps.Values(it.in), func(a, b *item) int { return strings.Compare(a.Name, b.Name) })
}

// within counts an item and everything in it.
func (it *item) within() (items int, bytes int64) {
	items, bytes = 1, it.Size
	for _, c := range it.in {
		n, b := c.within()
		items, bytes = items+n, bytes+b
	}
	return items, bytes
}

// save keeps an item's record.
func (t *tray) save(ctx context.Context, it *item) error {
	value, err := json.Marshal(it)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "webdav: record of an inbox: %w", err)
	}
	return t.inbox.o.Shelf.Put(ctx, it.ID, value)
}

// touched notes that something was written.
func (t *tray) touched(folder *item) {
	t.changed = t.inbox.now()
	folder.Modified = t.changed.UTC().Truncate(time.Second)
}

// room refuses what does not fit any more. The caller holds mu.
func (t *tray) room(items int, bytes int64) error {
	taken := t.bytes + bytes
	for _, a := range t.waiting {
		taken += a.reserved
	}
	if t.items+items > t.inbox.o.MaxItems || taken > t.inbox.o.MaxBytes {
		return errFull
	}
	return nil
}

// place puts an item, which is in no folder, into one, in place of what has its name there. The caller has asked for
// room and holds mu.
func (t *tray) place(ctx context.Context, folder *item, name string, it *item) error {
	old := folder.in[name]
	it.Parent, it.Name, it.Studio, it.Placed = folder.ID, name, t.studio, t.inbox.now()
	if err := t.save(ctx, it); err != nil {
		return err
	}
	n, b := it.within()
	t.items, t.bytes = t.items+n, t.bytes+b
	folder.in[name] = it
	t.touched(folder)
	if old != nil {
		return t.drop(ctx, old)
	}
	return nil
}

// take removes an item from its folder for good: its record first, as what is not in memory must not come back.
func (t *tray) take(ctx context.Context, folder, it *item) error {
	if err := t.inbox.o.Shelf.Delete(ctx, it.ID); err != nil {
		return err
	}
	delete(folder.in, it.Name)
	t.touched(folder)
	return t.drop(ctx, it)
}

// clash reports whether something else in a folder has a name that differs in upper and lower case alone: on many disks
// they are one. What is except may have it. The caller holds mu.
func (t *tray) clash(a at, except *item) bool {
	folder, name := t.find(a.parent().names), a.names[len(a.names)-1]
	if folder == nil || folder.in[name] != nil {
		return false
	}
	for other, it := range folder.in {
		if it != except && strings.EqualFold(other, name) {
			return true
		}
	}
	return false
}

// clashing answers for a name that is taken but for upper and lower case.
func clashing(w http.ResponseWriter) {
	plain(w, http.StatusConflict, "A name is here that differs in upper and lower case alone.")
}

// drop forgets an item, and everything in it, that is in no folder any more. Its own record goes first: what a stop
// leaves of the rest is in no folder, and load clears it away.
func (t *tray) drop(ctx context.Context, it *item) error {
	n, b := it.within()
	t.items, t.bytes = t.items-n, t.bytes-b
	orphans := map[string]bool{}
	if it.blobs(orphans); len(orphans) > 0 {
		select {
		case t.inbox.sweep <- struct{}{}:
		default:
		}
	}
	return t.dropRecords(ctx, it)
}

func (t *tray) dropRecords(ctx context.Context, it *item) error {
	delete(t.unread, it.ID)
	if err := t.inbox.o.Shelf.Delete(ctx, it.ID); err != nil {
		return err
	}
	for _, c := range it.in {
		if err := t.dropRecords(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// copyOf copies an item, and what is in it where deep, as one that is in no folder yet. Sealed bytes are shared.
func (t *tray) copyOf(ctx context.Context, it *item, deep bool) (*item, error) {
	c := *it
	c.ID, c.Props, c.in = fresh(), slices.Clone(it.Props), nil
	c.Created = t.inbox.now().UTC().Truncate(time.Second)
	if !it.Folder {
		c.Tag = newTag()
		return &c, nil
	}
	c.in = map[string]*item{}
	for _, child := range it.sorted() {
		if !deep {
			break
		}
		inner, err := t.copyOf(ctx, child, true)
		if err != nil {
			return nil, err
		}
		inner.Parent = c.ID
		c.in[inner.Name] = inner
		if err := t.save(ctx, inner); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

// newTag returns an entity tag that was never used.
func newTag() string { return `"` + fresh() + `"` }

// alive reports the names of sealed bytes that somebody still needs, as of when it is first asked: by then the stage has
// listed what it has, and whatever came later is not on that list.
func (in *inbox) alive() func(name string) bool {
	used := sync.OnceValue(func() map[string]bool {
		used := maps.Clone(in.others)
		for _, t := range in.trays {
			t.mu.Lock()
			t.root.blobs(used)
			for name := range t.waiting {
				used[name] = true
			}
			t.mu.Unlock()
		}
		return used
	})
	return func(name string) bool { return used()[name] }
}

func (it *item) blobs(used map[string]bool) {
	if it.Blob != "" {
		used[it.Blob] = true
	}
	for _, c := range it.in {
		c.blobs(used)
	}
}
