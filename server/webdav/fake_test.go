package webdav_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/server/webdav"
)

// fakeGate is a gate over pictures in memory. What it shows is one immutable snapshot behind one pointer, as the real
// gate's is.
type fakeGate struct {
	mu    sync.Mutex // of writers
	world atomic.Pointer[world]
	// fails makes every answer this error.
	fails atomic.Pointer[error]
	calls atomic.Int64
	// hides takes an entry from one reader; nil: nothing from nobody.
	hides func(clinical.PersonID, string) bool
	// opened is called for every picture that is opened, before it is.
	opened func(clinical.PersonID, clinical.AssetID)
	// drawn is called before a picture is drawn on a paper.
	drawn func()
	// missed is called for what is asked for in vain.
	missed func(folder, name string)
}

type world struct{ sets []*fakeSet }

type fakeSet struct {
	folder   clinical.Folder
	pictures map[clinical.AssetID]*picture
}

// picture is a file's content: bytes, or a pattern of any size.
type picture struct {
	data    []byte
	size    int64
	etag    string
	noStore bool
	gone    chan struct{}
}

func newGate() *fakeGate {
	g := &fakeGate{}
	g.world.Store(&world{})
	return g
}

func id[K any](parts ...any) clinical.ID[K] {
	sum := sha256.Sum256(fmt.Append(nil, parts...))
	return clinical.ID[K](sum[:16])
}

func day(n int) time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

// addSet makes a set of entries called after names, each with content made from its name.
func (g *fakeGate) addSet(name string, names ...string) clinical.SetID {
	set := &fakeSet{pictures: map[clinical.AssetID]*picture{}}
	set.folder.Set = clinical.TeachingSet{ID: id[clinical.TeachingSet](name), Name: name, CreatedAt: day(0)}
	set.folder.Modified = day(1)
	for i, n := range names {
		set.add(i, n, &picture{data: bytes.Repeat([]byte(n), 100)})
	}
	g.change(func(w *world) { w.sets = append(w.sets, set) })
	return set.folder.Set.ID
}

func (s *fakeSet) add(position int, name string, p *picture) {
	asset := id[clinical.Asset](s.folder.Set.ID, name)
	if p.data != nil {
		p.size = int64(len(p.data))
	}
	p.etag = fmt.Sprintf("%q", asset.String())
	p.gone = make(chan struct{})
	s.pictures[asset] = p
	s.folder.Entries = append(s.folder.Entries, clinical.Entry{
		Item: id[clinical.SetItem](asset), Asset: asset, Position: position, Name: name, Size: p.size,
		MIME: "image/jpeg", ETag: p.etag, Modified: day(2), Created: day(2),
	})
}

// grown is how much longer a marked copy is.
const grown = 7

// markSet has a set's pictures marked from now on.
func (g *fakeGate) markSet(set clinical.SetID) {
	g.change(func(w *world) {
		s := w.find(set)
		s.folder.Set.Watermark = true
		for i := range s.folder.Entries {
			s.folder.Entries[i].Size += grown
		}
	})
}

// change publishes a new world made from a copy of the old one.
func (g *fakeGate) change(edit func(*world)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := &world{}
	for _, s := range g.world.Load().sets {
		c := *s
		c.folder.Entries = slices.Clone(s.folder.Entries)
		next.sets = append(next.sets, &c)
	}
	edit(next)
	g.world.Store(next)
}

// withdraw takes a picture out of a set and then cuts its streams. It returns once both are so.
func (g *fakeGate) withdraw(set clinical.SetID, name string) {
	var gone chan struct{}
	g.change(func(w *world) {
		s := w.find(set)
		s.folder.Entries = slices.DeleteFunc(s.folder.Entries, func(e clinical.Entry) bool {
			if e.Name == name {
				gone = s.pictures[e.Asset].gone
			}
			return e.Name == name
		})
		s.folder.Modified = s.folder.Modified.Add(time.Second)
	})
	if gone != nil {
		close(gone)
	}
}

func (w *world) find(set clinical.SetID) *fakeSet {
	for _, s := range w.sets {
		if s.folder.Set.ID == set {
			return s
		}
	}
	return nil
}

func (g *fakeGate) failure() error {
	g.calls.Add(1)
	if err := g.fails.Load(); err != nil {
		return *err
	}
	return nil
}

func (g *fakeGate) Sets(context.Context, clinical.Caller) ([]clinical.TeachingSet, error) {
	if err := g.failure(); err != nil {
		return nil, err
	}
	var out []clinical.TeachingSet
	for _, s := range g.world.Load().sets {
		out = append(out, s.folder.Set)
	}
	return out, nil
}

func (g *fakeGate) Folder(_ context.Context, caller clinical.Caller, set clinical.SetID, c clinical.Channel) (clinical.Folder, error) {
	if err := g.failure(); err != nil {
		return clinical.Folder{}, err
	}
	s := g.world.Load().find(set)
	if s == nil || c != clinical.Mount || s.folder.Set.Status == clinical.SetClosed {
		return clinical.Folder{}, clinical.ErrNotFound
	}
	f := s.folder
	if g.hides != nil {
		f.Entries = slices.DeleteFunc(slices.Clone(f.Entries), func(e clinical.Entry) bool { return g.hides(caller.Person, e.Name) })
	}
	return f, nil
}

func (g *fakeGate) OpenInSet(_ context.Context, caller clinical.Caller, set clinical.SetID, asset clinical.AssetID) (*clinical.Served, error) {
	if err := g.failure(); err != nil {
		return nil, err
	}
	if g.opened != nil {
		g.opened(caller.Person, asset)
	}
	return g.open(set, asset)
}

func (g *fakeGate) Missed(_ clinical.Caller, folder, name string) {
	if g.missed != nil {
		g.missed(folder, name)
	}
}

func (g *fakeGate) DrawInSet(_ context.Context, _ clinical.Caller, set clinical.SetID, asset clinical.AssetID) (*clinical.Served, error) {
	if err := g.failure(); err != nil {
		return nil, err
	}
	if g.drawn != nil {
		g.drawn()
	}
	return g.open(set, asset)
}

func (g *fakeGate) ServeInSet(ctx context.Context, caller clinical.Caller, set clinical.SetID, assets []clinical.AssetID) error {
	for _, asset := range assets {
		if _, err := g.OpenInSet(ctx, caller, set, asset); err != nil {
			return err
		}
	}
	return nil
}

func (g *fakeGate) open(set clinical.SetID, asset clinical.AssetID) (*clinical.Served, error) {
	s := g.world.Load().find(set)
	if s == nil || !slices.ContainsFunc(s.folder.Entries, func(e clinical.Entry) bool { return e.Asset == asset }) {
		return nil, clinical.ErrNotFound
	}
	p := s.pictures[asset]
	served := &clinical.Served{
		Content: p.open(), Asset: asset, MIME: "image/jpeg", ETag: p.etag, Modified: day(2), Gone: p.gone,
	}
	served.NoStore = p.noStore
	if s.folder.Set.Watermark {
		served.Watermark, served.Room = true, p.size+grown
	}
	return served, nil
}

// content reads a picture and, as the gate's does, fails with NotFound once it is withdrawn.
type content struct {
	*io.SectionReader
	gone chan struct{}
}

// pattern is endless bytes that say where they are.
type pattern struct{}

func (pattern) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		p[i] = byte((off + int64(i)) >> 3)
	}
	return len(p), nil
}

func (p *picture) open() clinical.Content {
	var source io.ReaderAt = pattern{}
	if p.data != nil {
		source = bytes.NewReader(p.data)
	}
	return &content{SectionReader: io.NewSectionReader(source, 0, p.size), gone: p.gone}
}

func (c *content) Read(p []byte) (int, error) {
	select {
	case <-c.gone:
		return 0, clinical.ErrNotFound
	default:
		return c.SectionReader.Read(p)
	}
}

func (c *content) ReadAt(p []byte, off int64) (int, error) {
	select {
	case <-c.gone:
		return 0, clinical.ErrNotFound
	default:
		return c.SectionReader.ReadAt(p, off)
	}
}

func (c *content) Close() error { return nil }

// fakeAuth knows one user, one user with a narrow credential, and one address that has tried too often.
type fakeAuth struct {
	narrow  []clinical.SetID
	revoked atomic.Bool // the one user's credentials
	few     atomic.Bool // they are good for no set
}

type tooMany struct{}

func (tooMany) Error() string             { return "too many" }
func (tooMany) RetryAfter() time.Duration { return 1500 * time.Millisecond }

func (a *fakeAuth) Mount(r *http.Request) (clinical.Caller, []clinical.SetID, error) {
	login, _, _ := r.BasicAuth()
	caller := clinical.Caller{Person: id[clinical.Person](login), Door: clinical.DoorWebDAV, Device: r.Header.Get("Test-Device"), Agent: r.UserAgent()}
	switch login {
	case "student":
		if a.revoked.Load() {
			return clinical.Caller{}, nil, errors.New("revoked")
		}
		if a.few.Load() {
			return caller, []clinical.SetID{}, nil
		}
		return caller, nil, nil
	case "narrow":
		return caller, a.narrow, nil
	case "guesser":
		return clinical.Caller{}, nil, fmt.Errorf("login: %w", tooMany{})
	case "nobody-knows":
		return clinical.Caller{}, nil, clinical.ErrUnavailable
	default:
		return clinical.Caller{}, nil, errors.New("no such login")
	}
}

// drive is a handler on its gate.
type drive struct {
	http.Handler
	gate *fakeGate
	auth *fakeAuth
}

func newDrive() *drive { return newDriveWith(webdav.Options{}) }

func newDriveWith(o webdav.Options) *drive {
	g, a := newGate(), &fakeAuth{}
	o.Gate, o.Auth = g, a
	return &drive{Handler: webdav.New(o), gate: g, auth: a}
}

// newPaperDrive is a drive that runs and lays papers into its folders: names and captions, and all the bytes of all the
// pictures.
func newPaperDrive(tb testing.TB) *drive {
	tb.Helper()
	g, a := newGate(), &fakeAuth{}
	h := webdav.New(webdav.Options{Gate: g, Auth: a, Papers: webdav.Papers{Captions: fakeCaptions, ContactSheet: fakeSheet}})
	ctx, stop := context.WithCancel(tb.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = h.Run(ctx) })
	tb.Cleanup(func() {
		stop()
		running.Wait()
	})
	return &drive{Handler: h, gate: g, auth: a}
}

func fakeCaptions(w io.Writer, entries []clinical.Entry) error {
	for _, e := range entries {
		if _, err := fmt.Fprintln(w, e.Name, e.Caption); err != nil {
			return err
		}
	}
	return nil
}

func fakeSheet(w io.Writer, f clinical.Folder, open func(clinical.Entry) (io.ReadCloser, error)) error {
	for _, e := range f.Entries {
		r, err := open(e)
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}

// ask sends one request without a network. Headers are "Name: value".
func (d *drive) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.SetBasicAuth("student", "x")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// list asks for a folder at Depth 1 and returns the decoded hrefs below it, in order.
func (d *drive) list(tb testing.TB, target string) []string {
	tb.Helper()
	w := d.ask("PROPFIND", target, "", "Depth: 1")
	if w.Code != http.StatusMultiStatus {
		tb.Fatalf("PROPFIND %s: %d", target, w.Code)
	}
	var out []string
	for _, r := range parseMultistatus(tb, w.Body.Bytes())[1:] {
		out = append(out, r.path)
	}
	return out
}

// thousand returns n names of items.
func thousand(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%06d-Lesion %d.jpg", 7*i+13, i)
	}
	return names
}

func fingerprint(w *httptest.ResponseRecorder) string {
	var b bytes.Buffer
	fmt.Fprintln(&b, w.Code)
	_ = w.Header().Write(&b)
	_ = binary.Write(&b, binary.BigEndian, w.Body.Bytes())
	return b.String()
}
