package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"fovea/clinical"
	"fovea/server/guard"
)

// slow takes the first bytes of what is sent, and then nothing until it is let go on.
type slow struct {
	got         bytes.Buffer
	began, goOn chan struct{}
}

func newSlow() *slow { return &slow{began: make(chan struct{}), goOn: make(chan struct{})} }

// Write takes a piece.
func (s *slow) Write(b []byte) (int, error) {
	if s.got.Len() == 0 {
		close(s.began)
	}
	n, err := s.got.Write(b)
	<-s.goOn
	return n, err
}

// madeOf returns a parcel of size random bytes.
func madeOf(person byte, q queue, size int) (parcel, []byte) {
	content := make([]byte, size)
	_, _ = rand.Read(content)
	return parcel{clinical.PersonID{person}, q, func(w io.Writer) (permit, error) {
		_, err := w.Write(content)
		return permit{}, err
	}}, content
}

func TestASlowReceiverIsInNobodysWay(t *testing.T) {
	dir := t.TempDir()
	out, q := newOutbox(&config{Data: dir}), newQueue(1, time.Minute)
	first, second := newSlow(), &bytes.Buffer{}
	one, big := madeOf(1, q, 3<<20)
	two, small := madeOf(2, q, 1000)
	sent := make(chan error)
	go func() { sent <- out.send(t.Context(), first, one) }()
	<-first.began
	if err := out.send(t.Context(), second, two); err != nil || !bytes.Equal(second.Bytes(), small) {
		t.Errorf("while the first takes its time: %d bytes, %v", second.Len(), err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "outbox")); err != nil || len(left) != 0 {
		t.Errorf("a copy has a name while it is sent: %v, %v", left, err)
	}
	close(first.goOn)
	if err := <-sent; err != nil || !bytes.Equal(first.got.Bytes(), big) {
		t.Errorf("the slow one has %d bytes, %v", first.got.Len(), err)
	}
	if q.unsent.kept != 0 || len(q.unsent.asked) != 0 {
		t.Errorf("%d are unsent", q.unsent.kept)
	}
}

func TestSlowReceiversKeepNoMoreThanTheirShare(t *testing.T) {
	out, q := newOutbox(&config{Data: t.TempDir()}), newQueue(1, time.Minute)
	sent := make(chan error)
	var all []*slow
	begin := func(person byte) {
		s := newSlow()
		all = append(all, s)
		p, _ := madeOf(person, q, 10)
		go func() { sent <- out.send(t.Context(), s, p) }()
		<-s.began
	}
	refused := func(person byte) bool {
		p, _ := madeOf(person, q, 10)
		err := out.send(t.Context(), io.Discard, p)
		_, later := errors.AsType[*guard.Wait](err)
		return later && clinical.KindOf(err) == clinical.Unavailable && clinical.ReasonOf(err) == "busy"
	}
	for range maxUnsentEach {
		begin(1)
	}
	// Papers have room of their own.
	sheets := newQueue(1, time.Minute)
	sheet, _ := madeOf(1, sheets, 10)
	if err := out.send(t.Context(), io.Discard, sheet); err != nil {
		t.Errorf("slow copies are in the way of a sheet: %v", err)
	}
	if !refused(1) || refused(2) {
		t.Errorf("one person's share is not one person's: %d unsent", q.unsent.kept)
	}
	for n := byte(2); q.unsent.kept < maxUnsent; n++ {
		begin(n)
	}
	if !refused(100) {
		t.Errorf("%d are unsent, and still there is room", q.unsent.kept)
	}
	for _, s := range all {
		close(s.goOn)
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
	if refused(1) {
		t.Error("afterwards there is no room")
	}
}

// Who waits for their turn takes nobody's room.
func TestWhoWaitsIsNotCountedAsUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, q := newOutbox(&config{Data: t.TempDir()}), newQueue(1, time.Minute)
		leave, err := q.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		const many = maxUnsent + 4
		sent := make(chan error)
		for n := range byte(many) {
			p, _ := madeOf(n, q, 10)
			go func() { sent <- out.send(t.Context(), io.Discard, p) }()
		}
		synctest.Wait()
		leave()
		for range many {
			if err := <-sent; err != nil {
				t.Errorf("who waited is told %v", err)
			}
		}
	})
}

// trickle takes a piece a minute.
type trickle struct{ got int }

func (s *trickle) Write(b []byte) (int, error) {
	s.got += len(b)
	<-time.After(time.Minute)
	return len(b), nil
}

func TestWhoIsTooSlowLosesTheirPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, q := newOutbox(&config{Data: t.TempDir()}), newQueue(1, time.Minute)
		p, content := madeOf(1, q, 3<<20)
		var w trickle
		if err := out.send(t.Context(), &w, p); clinical.KindOf(err) != clinical.Unavailable || w.got == len(content) {
			t.Errorf("%d bytes, %v", w.got, err)
		}
		if q.unsent.kept != 0 || len(q.unsent.asked) != 0 {
			t.Error("it is counted still")
		}
	})
}

// A disk that was full or away for a while is no reason to send nothing until the next start.
func TestAnOutboxThatCouldNotBeOpenedIsTriedAgain(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, q := newOutbox(&config{Data: data}), newQueue(1, time.Minute)
	one, content := madeOf(1, q, 10)
	var w bytes.Buffer
	if err := out.send(t.Context(), &w, one); err == nil {
		t.Fatal("a file is no folder")
	}
	if err := os.Remove(data); err != nil {
		t.Fatal(err)
	}
	if err := out.send(t.Context(), &w, one); err != nil || !bytes.Equal(w.Bytes(), content) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestWhatFailsWhileItIsMadeSendsNothing(t *testing.T) {
	dir := t.TempDir()
	out, q := newOutbox(&config{Data: dir}), newQueue(1, time.Minute)
	var w bytes.Buffer
	err := out.send(t.Context(), &w, parcel{clinical.PersonID{1}, q, func(w io.Writer) (permit, error) {
		_, err := w.Write(make([]byte, 1<<20))
		return permit{}, errors.Join(err, clinical.ErrNotFound)
	}})
	if clinical.KindOf(err) != clinical.NotFound || w.Len() != 0 {
		t.Errorf("%d bytes, %v", w.Len(), err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "outbox")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	one, content := madeOf(1, q, 10)
	if err := out.send(t.Context(), &w, one); err != nil || !bytes.Equal(w.Bytes(), content) {
		t.Errorf("the next one: %v", err)
	}
}

// A picture that is withdrawn while a copy of it is sent ends the copy.
func TestACopyEndsWithTheLeaveToHaveIt(t *testing.T) {
	out, q := newOutbox(&config{Data: t.TempDir()}), newQueue(1, time.Minute)
	gone := make(chan struct{})
	p, content := madeOf(1, q, 3<<20)
	fill := p.make
	p.make = func(w io.Writer) (permit, error) {
		_, err := fill(w)
		return permit{of: []*clinical.Served{{Content: empty{}, Gone: gone}}}, err
	}
	w := newSlow()
	sent := make(chan error)
	go func() { sent <- out.send(t.Context(), w, p) }()
	<-w.began
	close(gone)
	close(w.goOn)
	if err := <-sent; clinical.KindOf(err) != clinical.NotFound || w.got.Len() > piece || w.got.Len() == len(content) {
		t.Errorf("%d bytes were sent, %v", w.got.Len(), err)
	}
}

// empty is a picture without a byte.
type empty struct{ *bytes.Reader }

// Size is none.
func (empty) Size() int64 { return 0 }

// Close closes nothing.
func (empty) Close() error { return nil }

func TestTheWaitForAPlaceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, packingWait)
		leave, err := q.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = q.enter(t.Context())
		wait, later := errors.AsType[*guard.Wait](err)
		if !later || wait.RetryAfter() != comeBack || clinical.KindOf(err) != clinical.Unavailable || time.Since(began) != packingWait {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := q.enter(ctx); clinical.KindOf(err) != clinical.Unavailable || time.Since(began) != packingWait+time.Second {
			t.Errorf("who has left waits on: %v", err)
		}
		leave()
		if leave, err = q.enter(t.Context()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		leave()
	})
}
