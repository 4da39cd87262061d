package testenv_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server"
	"fovea/server/wire"
)

// For how long TestStorm blows; make test-storm says 30 s.
var stormFor = flag.Duration("storm", 3*time.Second, "for how long TestStorm asks, withdraws and grants")

// The set of TestStorm.
const stormSet = "storm"

// The world of TestStorm: one picture of each patient, in one set.
const (
	stormPictures = 40
	stormReaders  = 28 // connections that read, every second of them HTTP/2
	stormWriters  = 4  // connections that withdraw and grant, each for patients of its own
)

// states are what a picture was during a time: any of allowed, changing and withdrawn.
type states uint8

const (
	allowed   states = 1 << iota // from the answer to a grant until its withdrawal is asked for
	changing                     // while a request to withdraw or to grant is under way
	withdrawn                    // from the answer to a withdrawal until a grant is asked for
)

// stormPicture is a picture of the model.
type stormPicture struct {
	name    string // on the drive
	patient clinical.PatientID
	sitting clinical.SessionID
	slide   []byte
	tag     string

	mu    sync.Mutex
	steps []stormStep
}

// stormStep says what a picture is from an instant on.
type stormStep struct {
	at uint64
	is states
}

// turn says what the picture is from now on. The instant is taken with mu held, so that nobody judges by an earlier one
// what the model does not know yet.
func (p *stormPicture) turn(clock *atomic.Uint64, is states) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, stormStep{clock.Add(1), is})
}

// during returns everything that the picture was from one instant to another.
func (p *stormPicture) during(from, to uint64) (was states) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.steps) - 1; i >= 0; i-- {
		if p.steps[i].at > to {
			continue
		}
		was |= p.steps[i].is
		if p.steps[i].at <= from {
			break
		}
	}
	return was
}

// storm is a server under test with the model of what it must answer.
type storm struct {
	*drivehouse
	pictures []*stormPicture
	clock    atomic.Uint64
	counts   sync.Map // *atomic.Int64 by what was seen
}

func (s *storm) count(what string) {
	n, _ := s.counts.LoadOrStore(what, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

func (s *storm) counted(what string) int64 {
	if n, ok := s.counts.Load(what); ok {
		return n.(*atomic.Int64).Load()
	}
	return 0
}

// newStorm makes a set in which every picture is another patient's, who allows it.
func newStorm(t *testing.T) *storm {
	t.Helper()
	h := testenv.NewHouse(t)
	h.Commit(clinical.Delta{Sets: []clinical.TeachingSet{clinicaltest.Set(stormSet)}})
	s := &storm{}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range stormPictures {
		name := fmt.Sprint("Storm", i)
		p := &stormPicture{patient: clinicaltest.ID[clinical.Patient](name), sitting: clinicaltest.ID[clinical.Session](name)}
		// From a few bytes, which leave with their header, to more than a connection holds.
		p.slide = make([]byte, 1+rnd.IntN(300_000))
		for j := range p.slide {
			p.slide[j] = byte(rnd.Uint32())
		}
		keepSlide(t, h, exhibit{stormSet, name, i + 1, p.slide})
		p.turn(&s.clock, allowed)
		s.pictures = append(s.pictures, p)
	}
	h.Settle()
	s.drivehouse = serveHouse(t, h, server.Limits{Rate: 1e6, Burst: 1e6})
	c := s.client("stella", "first look", false)
	rows, _, err := s.listing(t.Context(), c)
	if err != nil || len(rows) != stormPictures {
		t.Fatalf("%d pictures are listed: %v", len(rows), err)
	}
	for i, r := range rows {
		s.pictures[i].name, s.pictures[i].tag = path.Base(r.path), r.tag
		if r.size != len(s.pictures[i].slide) {
			t.Fatalf("%s is listed with %d bytes of %d", r.path, r.size, len(s.pictures[i].slide))
		}
	}
	return s
}

// listed is a file in a listing.
type listed struct {
	path, tag string
	size      int
}

const stormFolder = "/dav/teaching/" + stormSet + "/"

// listing asks for the folder and reads what is listed in it. An answer that is not one whole document is an error.
func (s *storm) listing(ctx context.Context, c *client) ([]listed, answer, error) {
	a, err := c.ask(ctx, "PROPFIND", stormFolder, "", "Depth", "1")
	if err != nil {
		return nil, a, err
	}
	if a.cut != nil || a.status != http.StatusMultiStatus {
		return nil, a, fmt.Errorf("a listing: %d, %w", a.status, errors.Join(a.cut))
	}
	var doc struct {
		Responses []struct {
			Href string `xml:"href"`
			Prop struct {
				Size int    `xml:"getcontentlength"`
				Tag  string `xml:"getetag"`
			} `xml:"propstat>prop"`
		} `xml:"response"`
	}
	d := xml.NewDecoder(bytes.NewReader(a.body))
	if err := d.Decode(&doc); err != nil {
		return nil, a, fmt.Errorf("a listing: %w", err)
	}
	if t, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, a, fmt.Errorf("behind a listing: %v, %w", t, err)
	}
	var rows []listed
	for _, r := range doc.Responses[1:] {
		href, err := url.PathUnescape(r.Href)
		if err != nil {
			return nil, a, err
		}
		rows = append(rows, listed{href, r.Prop.Tag, r.Prop.Size})
	}
	return rows, a, nil
}

// TestStorm has 32 connections list, read, read ranges of, ask conditionally for, withdraw and allow again 40 patients'
// pictures at a real server over TLS, half of them over HTTP/2, and compares every answer with a model. What an answer
// may be follows from what its picture was between the asking and the last byte:
//
//   - only allowed: it shows the picture, every byte right, and is not cut;
//   - only withdrawn: it is as if there never had been one;
//   - anything else: either of the two, or cut off; but never a wrong byte.
func TestStorm(t *testing.T) {
	s := newStorm(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var blowing sync.WaitGroup
	blow := func(what string, act func() error) {
		blowing.Go(func() {
			for ctx.Err() == nil {
				if err := act(); err != nil && ctx.Err() == nil {
					t.Errorf("%s: %v", what, err)
					stop()
				}
			}
		})
	}
	for i := range stormReaders {
		c, rnd := s.client("stella", fmt.Sprint("reader ", i), i%2 == 1), rand.New(rand.NewPCG(3, uint64(i)))
		blow(fmt.Sprint("reader ", i), func() error { return s.look(ctx, c, rnd) })
	}
	for i := range stormWriters {
		writer, nurse := s.client("paula", fmt.Sprint("paula ", i), i%2 == 1), s.client("nina", fmt.Sprint("nina ", i), i%2 == 1)
		rnd, round := rand.New(rand.NewPCG(4, uint64(i))), 0
		blow(fmt.Sprint("writer ", i), func() error {
			round++
			return s.change(ctx, writer, nurse, s.pictures[i+stormWriters*rnd.IntN(stormPictures/stormWriters)], round)
		})
	}
	s.blowFor(ctx, *stormFor)
	stop()
	blowing.Wait()
	report := ""
	s.counts.Range(func(what, n any) bool {
		report += fmt.Sprintf("%v %d, ", what, n.(*atomic.Int64).Load())
		return true
	})
	t.Log(report)
	t.Attr("storm", fmt.Sprintf("%d answers, %d changes", s.counted("judged"), s.counted("changed")))
	if lacking := s.lacking(); len(lacking) > 0 {
		t.Errorf("in all the storm there was no answer of these kinds: %q", lacking)
	}
}

// blowFor waits for a while, and, on a busy machine, until there was an answer of every kind.
func (s *storm) blowFor(ctx context.Context, d time.Duration) {
	began := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if took := time.Since(began); took > d+time.Minute || (took > d && len(s.lacking()) == 0) {
			return
		}
	}
}

// lacking returns the kinds of answers that there have not been.
func (s *storm) lacking() (kinds []string) {
	for _, kind := range []string{"changed", "must show", "must not show", "200", "206", "207", "304", "a listing that must show", "a listing that must not show"} {
		if s.counted(kind) == 0 {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// change withdraws a consent, or gives a new one where it was withdrawn.
func (s *storm) change(ctx context.Context, writer, nurse *client, p *stormPicture, round int) error {
	p.mu.Lock()
	was := p.steps[len(p.steps)-1].is
	p.mu.Unlock()
	select { // long enough for some answers to lie wholly in a time without a change
	case <-time.After(20 * time.Millisecond):
	case <-ctx.Done():
		return nil
	}
	at := "/api/v1/patients/" + p.patient.String()
	next, by, body := withdrawn, nurse, any(wire.Withdraw{Reason: "the storm"})
	if was == withdrawn {
		name := fmt.Sprint(p.name, " ", round)
		grant := allowing(p.patient, p.sitting, name)
		next, by, body = allowed, writer, any(wire.ToGrant(grant))
		at += "/consents"
	} else {
		at += "/withdrawals"
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	p.turn(&s.clock, changing)
	a, err := by.ask(ctx, http.MethodPost, at, string(text), "Content-Type", "application/json")
	if err != nil {
		return err // the storm is over
	}
	if a.cut != nil || a.status/100 != 2 {
		return fmt.Errorf("a change: %d %s %w", a.status, a.body, errors.Join(a.cut))
	}
	p.turn(&s.clock, next)
	s.count("changed")
	return nil
}

// look asks one thing and judges the answer.
func (s *storm) look(ctx context.Context, c *client, rnd *rand.Rand) error {
	kind := rnd.IntN(8)
	if kind == 0 {
		return s.judgeListing(ctx, c)
	}
	p := s.pictures[rnd.IntN(len(s.pictures))]
	method, body, headers := http.MethodGet, "", []string(nil)
	want := answer{status: http.StatusOK, body: p.slide}
	switch kind {
	case 1:
		method, want.body = http.MethodHead, nil
	case 2:
		headers, want.status, want.body = []string{"If-None-Match", p.tag}, http.StatusNotModified, nil
	case 3:
		headers = []string{"If-None-Match", `"another"`}
	case 4, 5:
		from := rnd.IntN(len(p.slide))
		to := min(len(p.slide)-1, from+rnd.IntN(64<<10))
		headers = []string{"Range", fmt.Sprintf("bytes=%d-%d", from, to), "If-Range", p.tag}
		want.status, want.body = http.StatusPartialContent, p.slide[from:to+1]
	case 6:
		method, want.status, want.body = "PROPFIND", http.StatusMultiStatus, nil
		headers = []string{"Depth", "0"}
	}
	begin := s.clock.Add(1)
	a, err := c.ask(ctx, method, stormFolder+url.PathEscape(p.name), body, headers...)
	if err != nil {
		return err // the storm is over
	}
	was := p.during(begin, s.clock.Add(1))
	s.count("judged")
	if err := s.judge(a, was, want); err != nil {
		return fmt.Errorf("%s %v, of a picture that was %03b: %w", method, headers, was, err)
	}
	if a.status/100 != 2 && a.status != http.StatusNotModified {
		return nil
	}
	s.count(fmt.Sprint(a.status))
	if method == "PROPFIND" {
		if !bytes.Contains(a.body, fmt.Appendf(nil, "<D:getcontentlength>%d<", len(p.slide))) || !bytes.Contains(a.body, []byte(p.tag)) {
			return fmt.Errorf("a PROPFIND: %s", a.body)
		}
	} else if a.header.Get("ETag") != p.tag {
		return fmt.Errorf("the tag is %s and was %s", a.header.Get("ETag"), p.tag)
	}
	return nil
}

// judge compares an answer about one picture with what it has to be.
func (s *storm) judge(a answer, was states, want answer) error {
	if was == allowed {
		s.count("must show")
	}
	if was == withdrawn {
		s.count("must not show")
	}
	switch {
	case a.cut != nil:
		s.count("cut")
		if was == allowed {
			return fmt.Errorf("it was cut off: %w", a.cut)
		}
		if was == withdrawn && a.status != 0 {
			return fmt.Errorf("%d bytes of it came", len(a.body))
		}
		if want.body != nil && !bytes.HasPrefix(want.body, a.body) {
			return errors.New("a wrong byte came before it was cut off")
		}
	case a.status == http.StatusNotFound:
		if was == allowed {
			return errors.New("it is not there")
		}
	case a.status != want.status:
		return fmt.Errorf("status %d, want %d or 404: %s", a.status, want.status, a.body)
	case was == withdrawn:
		return errors.New("it is there")
	case want.body != nil && !bytes.Equal(a.body, want.body):
		return fmt.Errorf("%d bytes, want %d, and not the same", len(a.body), len(want.body))
	}
	return nil
}

// judgeListing asks for the folder and compares what is in it with the model.
func (s *storm) judgeListing(ctx context.Context, c *client) error {
	begin := s.clock.Add(1)
	rows, _, err := s.listing(ctx, c)
	if err != nil {
		return err
	}
	end := s.clock.Add(1)
	there := map[string]listed{}
	for _, r := range rows {
		there[path.Base(r.path)] = r
	}
	for _, p := range s.pictures {
		r, shown := there[p.name]
		delete(there, p.name)
		switch was := p.during(begin, end); {
		case !shown && was == allowed:
			return fmt.Errorf("%s is missing in a listing", p.name)
		case shown && was == withdrawn:
			return fmt.Errorf("%s is in a listing", p.name)
		case shown && (r.tag != p.tag || r.size != len(p.slide)):
			return fmt.Errorf("listed as %+v", r)
		case was == allowed:
			s.count("a listing that must show")
		case was == withdrawn:
			s.count("a listing that must not show")
		}
		s.count("judged")
	}
	if len(there) > 0 {
		return fmt.Errorf("%d strangers in a listing", len(there))
	}
	return nil
}
