package webdav

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// InboxPrefix is the path above the studios' inboxes, without a slash at its end.
const InboxPrefix = "/dav/inbox"

// inboxDepth is how many folders deep an inbox may be, its studio included.
const inboxDepth = 12

// allowInbox names the methods that an inbox answers, for the Allow header.
const allowInbox = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"

// people knows who works in which studio.
type people interface {
	PersonByID(clinical.PersonID) (clinical.Person, bool)
}

// shelf keeps the inbox's own records: small sealed values, durable when Put returns.
type shelf interface {
	Put(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
	Each(ctx context.Context, f func(key string, value []byte) error) error
}

// stage keeps the bytes of uploads. They are sealed before they are anywhere but in memory.
type stage interface {
	// Seal keeps all of r under a name that was never used before, durable when it returns, and says how much it was.
	// Unavailable means that there is no room.
	Seal(ctx context.Context, name string, r io.Reader) (int64, error)
	Open(ctx context.Context, name string) (clinical.Content, error)
	// Keep lists what is kept, and then removes what is under a name that is not alive. It does not ask before it has
	// listed: what is sealed meanwhile stays.
	Keep(ctx context.Context, alive func(name string) bool) error
}

// recorder writes the ledger.
type recorder interface{ NoteLater(clinical.Event) }

// Upload is a file on its way from an inbox to a studio.
type Upload struct {
	Name     string // path in the inbox, with slashes between
	Size     int64
	Modified time.Time
	// Open reads it from the stage, as often as that is needed.
	Open func(context.Context) (clinical.Content, error)
	// Lost says that nobody can read it any more: it is there to be reckoned with, and is not taken.
	Lost bool
}

// Taken is what became of an upload: it is kept, or it was never wanted.
type Taken struct {
	Outcome clinical.Outcome
	Reason  clinical.Reason
}

// receiver takes files into studios.
type receiver interface {
	// Receive takes uploads as what lies in one folder, job tickets among them, and says by name what became of each,
	// also beside an error. One that it does not speak of was not taken and may be given again.
	Receive(ctx context.Context, studio clinical.StudioID, uploads []Upload) (map[string]Taken, error)
}

// InboxOptions say what the studios' inboxes work with. Zero limits take the defaults named.
type InboxOptions struct {
	Studios  []clinical.StudioID // none: there are no inboxes
	People   people
	Shelf    shelf
	Stage    stage
	Receiver receiver
	Recorder recorder
	// Explain returns what a person reads about a reason.
	Explain func(clinical.Reason) string
	Zone    *time.Location // of the times in receipts

	MaxFile  int64         // bytes of one file; 2 GiB
	MaxBytes int64         // bytes that wait in one inbox; 16 GiB
	MaxItems int           // files and folders in one inbox, receipts included; 10,000
	Settle   time.Duration // for how long an inbox is left alone before its files are taken; 30 s
	Patience time.Duration // for how long the others wait for a file that is locked or still empty; 10 min
	Keep     time.Duration // how long receipts, and folders that nobody uses, stay; 7 days
}

func (o InboxOptions) withDefaults() InboxOptions {
	if o.MaxFile == 0 {
		o.MaxFile = 2 << 30
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 16 << 30
	}
	if o.MaxItems == 0 {
		o.MaxItems = 10_000
	}
	if o.Settle == 0 {
		o.Settle = 30 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Minute
	}
	if o.Keep == 0 {
		o.Keep = 7 * 24 * time.Hour
	}
	if o.Explain == nil {
		o.Explain = func(r clinical.Reason) string { return string(r) }
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return o
}

// inbox is the writable half of the drive.
type inbox struct {
	o      InboxOptions
	h      *Handler
	log    *slog.Logger
	now    func() time.Time
	trays  map[clinical.StudioID]*tray
	others map[string]bool // sealed bytes of studios that are not configured
	loaded chan struct{}   // closed once what was kept is in memory
	sweep  chan struct{}   // receives when sealed files may have become nobody's
}

func newInbox(h *Handler, o Options) *inbox {
	in := &inbox{
		o: o.Inbox.withDefaults(), h: h, log: o.Log, now: o.Now, trays: map[clinical.StudioID]*tray{}, others: map[string]bool{},
		loaded: make(chan struct{}), sweep: make(chan struct{}, 1),
	}
	for _, s := range in.o.Studios {
		in.trays[s] = newTray(in, s)
	}
	return in
}

// at is a place in an inbox that a request names.
type at struct {
	tray  *tray
	names []string // from the inbox's own folder
	slash bool
}

// key is the path within the inbox, empty for the inbox itself.
func (a at) key() string { return strings.Join(a.names, "/") }

// parent is the folder above; it is meaningless for the inbox itself.
func (a at) parent() at { return at{tray: a.tray, names: a.names[:len(a.names)-1]} }

// visit is one request to an inbox.
type visit struct {
	*http.Request
	w      http.ResponseWriter
	caller clinical.Caller
	at     at
	cond   condition // what its If header says
}

// ServeHTTP answers one request.
func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("DAV", "1, 2")
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allowInbox)
		w.WriteHeader(http.StatusOK)
		return
	}
	act := in.acts()[r.Method]
	if act == nil {
		w.Header().Set("Allow", allowInbox)
		w.Header().Set("Connection", "close")
		plain(w, http.StatusMethodNotAllowed, "An inbox does not answer this method.")
		return
	}
	caller, reach, err := in.h.auth.Mount(r)
	if err != nil {
		in.h.refuse(w, r, err)
		return
	}
	leave, ok := in.h.devices.enter(caller)
	if !ok {
		crowded(w)
		return
	}
	defer leave()
	person, known := in.deliverer(caller, reach)
	if !known {
		absent(w)
		return
	}
	select {
	case <-in.loaded:
	default:
		in.h.fail(w, r, clinical.Errorf(clinical.Unavailable, "webdav: the inbox is being opened"))
		return
	}
	place, ok := in.find(w, r, person)
	if !ok {
		return
	}
	v := &visit{Request: r, w: w, caller: caller, at: place}
	if v.cond, err = in.condition(r, person); err != nil {
		plain(w, http.StatusBadRequest, "The If header is not as RFC 4918 describes it.")
		return
	}
	act(r.Context(), v)
}

func (in *inbox) acts() map[string]func(context.Context, *visit) {
	return map[string]func(context.Context, *visit){
		http.MethodGet: in.get, http.MethodHead: in.get, methodPropfind: in.propfind, "PROPPATCH": in.proppatch,
		http.MethodPut: in.put, "MKCOL": in.mkcol, http.MethodDelete: in.remove, "COPY": in.copyOrMove, "MOVE": in.copyOrMove,
		"LOCK": in.lock, "UNLOCK": in.unlock,
	}
}

// found returns what the request names, or answers that nothing is there and returns nil. The caller holds the tray's mu.
func (v *visit) found() *item {
	it := v.at.tray.find(v.at.names)
	if it == nil || (v.at.slash && !it.Folder) {
		absent(v.w)
		return nil
	}
	return it
}

// note tells the ledger what became of a file that has no picture's ID yet: not by its name, which may be a patient's.
func (v *visit) note(act clinical.Act, size int64) {
	in := v.at.tray.inbox
	in.o.Recorder.NoteLater(clinical.Event{
		At: in.now(), Act: act, Caller: v.caller, Count: int(size), Note: "inbox of studio " + string(v.at.tray.studio),
	})
}

// deliverer returns who put or would put files into inboxes, and false where that is nobody who may.
func (in *inbox) deliverer(c clinical.Caller, reach []clinical.SetID) (clinical.Person, bool) {
	person, known := in.o.People.PersonByID(c.Person)
	return person, known && reach == nil && delivers(person)
}

// delivers reports whether a person may put files into the inboxes of their studios.
func delivers(p clinical.Person) bool {
	return p.Role == clinical.StudioAccount || p.Role == clinical.Photographer
}

// place finds the inbox that a path is in, if it is one of the person's.
func (in *inbox) place(l location, p clinical.Person) (at, bool) {
	if len(l.segments) == 0 {
		return at{}, false
	}
	studio := clinical.StudioID(l.segments[0])
	t := in.trays[studio]
	if t == nil || !p.In(studio) {
		return at{}, false
	}
	return at{tray: t, names: l.segments[1:], slash: l.slash}, true
}

// find finds what a request is about, or answers it and reports false.
func (in *inbox) find(w http.ResponseWriter, r *http.Request, p clinical.Person) (at, bool) {
	where, ok := parseUnder(InboxPrefix, inboxDepth, r.URL.EscapedPath())
	switch {
	case !ok && slices.Contains([]string{http.MethodPut, "MKCOL", "LOCK"}, r.Method):
		plain(w, http.StatusForbidden, "This name cannot be used here: it is too long or too deep, or has a character that no file should have in its name.")
		return at{}, false
	case ok && len(where.segments) == 0:
		in.root(w, r, p)
		return at{}, false
	}
	place, found := in.place(where, p)
	if !ok || !found {
		absent(w)
	}
	return place, ok && found
}

// root answers for the folder of the inboxes, which nobody writes to.
func (in *inbox) root(w http.ResponseWriter, r *http.Request, p clinical.Person) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		plain(w, http.StatusOK, "This is a drive. Connect to this address from your file manager to deliver files to your studio.")
	case methodPropfind:
		folder := row{parent: InboxPrefix[:strings.LastIndexByte(InboxPrefix, '/')+1], name: "inbox", folder: true, modified: in.h.since}
		n := node{row: folder, children: func(yield func(row) bool) {
			for _, studio := range in.o.Studios {
				if p.In(studio) && !yield(in.trays[studio].row()) {
					return
				}
			}
		}}
		in.h.answer(w, r, func() (node, error) { return n, nil })
	default:
		w.Header().Set("Allow", allow)
		w.Header().Set("Connection", "close")
		plain(w, http.StatusForbidden, "Put files into a studio's own folder.")
	}
}

// get sends a file that still waits, or a receipt.
func (in *inbox) get(ctx context.Context, v *visit) {
	t := v.at.tray
	t.mu.Lock()
	it := v.found()
	if it == nil {
		t.mu.Unlock()
		return
	}
	is, busy := *it, t.handed[it.ID]
	t.mu.Unlock()
	if busy {
		taking(v.w)
		return
	}
	if is.Folder {
		plain(v.w, http.StatusOK, "This is a drive. Connect to this address from your file manager to deliver files to your studio.")
		return
	}
	header := v.w.Header()
	header.Set("Content-Type", is.MIME)
	header.Set("ETag", is.Tag)
	// What somebody uploaded must not run as a page of this server.
	header.Set("Content-Disposition", "attachment")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	header.Set("Cache-Control", "private, no-cache, no-store")
	oneRange(v.Header)
	if is.Blob != "" && v.Method == http.MethodGet {
		v.note(clinical.ActUploadRead, is.Size)
	}
	if is.Blob == "" {
		http.ServeContent(v.w, v.Request, "", is.Modified, strings.NewReader(is.Text))
		return
	}
	content, err := in.o.Stage.Open(ctx, is.Blob)
	if err != nil {
		in.h.fail(v.w, v.Request, err)
		return
	}
	defer func() {
		if err := content.Close(); err != nil {
			in.log.ErrorContext(ctx, "webdav: close an upload", "err", err)
		}
	}()
	http.ServeContent(v.w, v.Request, "", is.Modified, content)
}

// fresh returns 128 random bits as text.
func fresh() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails: crypto/rand
	return hex.EncodeToString(b[:])
}

// writable answers, and reports false, where nothing may be written: the inbox itself and its receipts.
func (v *visit) writable(a at) bool {
	if len(a.names) == 0 || a.names[0] == receiptsName {
		plain(v.w, http.StatusForbidden, "This folder is the server's. Put files beside it.")
		return false
	}
	return true
}

// spoilt answers for a record that could not be kept.
func (in *inbox) spoilt(v *visit, err error) {
	if reason := clinical.ReasonOf(err); reason == "disk-full" || reason == "inbox-full" {
		plain(v.w, http.StatusInsufficientStorage, "There is no room right now. Wait until what is here has been taken.")
		return
	}
	in.h.fail(v.w, v.Request, err)
}
