package webdav_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/server/webdav"
)

// memShelf is a shelf in memory.
type memShelf struct {
	mu   sync.Mutex
	kept map[string][]byte
	// fails makes every writing this error.
	fails error
}

func (s *memShelf) Put(_ context.Context, key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails == nil {
		s.kept[key] = bytes.Clone(value)
	}
	return s.fails
}

func (s *memShelf) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails == nil {
		delete(s.kept, key)
	}
	return s.fails
}

func (s *memShelf) Each(_ context.Context, f func(string, []byte) error) error {
	s.mu.Lock()
	kept := maps.Clone(s.kept)
	s.mu.Unlock()
	for k, v := range kept {
		if err := f(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *memShelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

func (s *memShelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

// memStage is a stage in memory; what it is not to do is leave anything behind.
type memStage struct {
	mu      sync.Mutex
	kept    map[string][]byte
	damaged string // what cannot be read
	// before is called before what is kept is listed; nil: nothing is.
	before func()
}

type memContent struct{ *bytes.Reader }

func (memContent) Close() error { return nil }

// damaged does not verify once it is read.
type damaged struct{ memContent }

func (damaged) Read([]byte) (int, error) { return 0, clinical.ErrCorrupt }

func (s *memStage) Seal(_ context.Context, name string, r io.Reader) (int64, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[name] = b
	return int64(len(b)), nil
}

func (s *memStage) Open(_ context.Context, name string) (clinical.Content, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.kept[name]
	if !ok {
		return nil, clinical.ErrNotFound
	}
	if name == s.damaged {
		return damaged{memContent{bytes.NewReader(b)}}, nil
	}
	return memContent{bytes.NewReader(b)}, nil
}

func (s *memStage) Keep(_ context.Context, alive func(string) bool) error {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before != nil {
		before()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.kept, func(name string, _ []byte) bool { return !alive(name) })
	return nil
}

func (s *memStage) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

// taken is a file that a fakeStudio received.
type taken struct {
	Studio  clinical.StudioID
	Name    string
	Content string
	Tickets string // names of the job tickets that came with it
}

// fakeStudio keeps what it is given, quarantines what is called lost, does not take what is called stuck, and fails
// while it is told to.
type fakeStudio struct {
	mu    sync.Mutex
	got   []taken
	fails error
	// during is called while a file is being taken; nil: nothing is.
	during func()
}

func (f *fakeStudio) Receive(ctx context.Context, studio clinical.StudioID, uploads []webdav.Upload) (map[string]webdav.Taken, error) {
	out := map[string]webdav.Taken{}
	var tickets []string
	var files []taken
	var stuck error
	for _, u := range uploads {
		if u.Lost {
			continue
		}
		b, err := readUpload(ctx, u)
		if err != nil {
			return out, err
		}
		out[u.Name] = webdav.Taken{Outcome: clinical.OutcomeKept}
		switch name := path.Base(u.Name); {
		case strings.HasSuffix(name, ".json"):
			tickets = append(tickets, u.Name)
			out[u.Name] = webdav.Taken{Outcome: clinical.OutcomeIgnored, Reason: "ticket"}
			continue
		case name == "lost.jpg":
			out[u.Name] = webdav.Taken{Outcome: clinical.OutcomeQuarantined, Reason: "no-patient"}
		case name == "stuck.jpg":
			delete(out, u.Name)
			stuck = clinical.ErrUnavailable
			continue
		}
		files = append(files, taken{Studio: studio, Name: u.Name, Content: string(b)})
	}
	if f.during != nil {
		f.during()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails != nil {
		return nil, f.fails
	}
	for _, file := range files {
		file.Tickets = strings.Join(tickets, " ")
		f.got = append(f.got, file)
	}
	return out, stuck
}

func readUpload(ctx context.Context, u webdav.Upload) ([]byte, error) {
	c, err := u.Open(ctx)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(c)
	if int64(len(b)) != u.Size {
		err = errors.Join(err, clinical.ErrCorrupt)
	}
	return b, errors.Join(err, c.Close())
}

func (f *fakeStudio) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fails = err
}

func (f *fakeStudio) all() []taken {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]taken(nil), f.got...)
}

// fakeLedger keeps what it is told.
type fakeLedger struct {
	mu     sync.Mutex
	events []clinical.Event
}

func (l *fakeLedger) NoteLater(e clinical.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// fakePeople works in studios: student, who is a studio's account here, in derm, and narrow in derm and vascular.
type fakePeople struct{}

func (fakePeople) PersonByID(p clinical.PersonID) (clinical.Person, bool) {
	switch p {
	case id[clinical.Person]("student"):
		return clinical.Person{ID: p, Role: clinical.StudioAccount, Studios: []clinical.StudioID{"derm"}}, true
	case id[clinical.Person]("narrow"):
		return clinical.Person{ID: p, Role: clinical.Photographer, Studios: []clinical.StudioID{"derm", "vascular"}}, true
	default:
		return clinical.Person{}, false
	}
}

// inboxDrive is a drive with inboxes.
type inboxDrive struct {
	*drive
	shelf  *memShelf
	stage  *memStage
	studio *fakeStudio
	ledger *fakeLedger
	stop   func()
}

// newInboxDrive runs a drive whose inboxes settle after a while. Its parts may be those of one that was stopped.
func newInboxDrive(tb testing.TB, settle time.Duration, before *inboxDrive) *inboxDrive {
	tb.Helper()
	d := &inboxDrive{
		shelf: &memShelf{kept: map[string][]byte{}}, stage: &memStage{kept: map[string][]byte{}}, studio: &fakeStudio{}, ledger: &fakeLedger{},
	}
	if before != nil {
		d.shelf, d.stage, d.studio = before.shelf, before.stage, before.studio
	}
	g, a := newGate(), &fakeAuth{}
	h := webdav.New(webdav.Options{Gate: g, Auth: a, Inbox: webdav.InboxOptions{
		Studios: []clinical.StudioID{"derm", "vascular"}, People: fakePeople{}, Shelf: d.shelf, Stage: d.stage, Receiver: d.studio, Recorder: d.ledger,
		Explain:  func(r clinical.Reason) string { return "It says: " + string(r) + "." },
		MaxBytes: 64 << 20, MaxFile: 32 << 20, MaxItems: 500, Settle: settle, Patience: 3 * settle,
	}})
	d.drive = &drive{Handler: h, gate: g, auth: a}
	ctx, stop := context.WithCancel(tb.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := h.Run(ctx); err != nil {
			tb.Errorf("the drive ended: %v", err)
		}
	})
	d.stop = sync.OnceFunc(func() {
		stop()
		running.Wait()
	})
	tb.Cleanup(d.stop)
	eventually(tb, "the inbox opens", func() bool { return d.ask("PROPFIND", "/dav/inbox/derm/", "", "Depth: 0").Code == 207 })
	return d
}

// eventually waits for something that others are about to do.
func eventually(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	for late := time.After(20 * time.Second); !done(); {
		select {
		case <-late:
			tb.Fatalf("not in time: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
