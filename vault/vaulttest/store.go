package vaulttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/vault"
)

func runStore(t *testing.T, d Driver) {
	for name, test := range map[string]func(*testing.T, Driver){
		"MissingKeyIsNotFound":          missingKey,
		"ValuesAreCopies":               valuesAreCopies,
		"EmptyAndLargeValuesAreKept":    unusualValues,
		"FailedUpdateWritesNothing":     failedUpdate,
		"UpdateReadsWhatItWrote":        readsOwnWrites,
		"ScanIsOrderedWithinItsPrefix":  scanOrder,
		"ScanStops":                     scanStops,
		"ScanWithinScanOfAnUpdate":      scanWithinScan,
		"UpdateEmptiesAPrefix":          emptyPrefix,
		"ViewIsOneMoment":               viewIsOneMoment,
		"UpdatesRunOneAtATime":          oneUpdate,
		"ReadersNeverSeeHalfAnUpdate":   concurrentReaders,
		"CancelledContextWritesNothing": cancelled,
		"EndedTransactionIsRefused":     endedTransaction,
		"AcknowledgedIsDurable":         durable,
		"AnythingWrittenReadsBack":      model,
		"FreeIsWithinTotal":             free,
		"ClosedIsUnavailable":           closed,
	} {
		t.Run(name, func(t *testing.T) { test(t, d) })
	}
}

func missingKey(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	set(t, s, "b", "1")
	must(t, "view", s.View(t.Context(), func(r vault.Reader) error {
		for _, key := range []string{"a", "b\x00", "bb", "c"} {
			_, err := r.Get([]byte(key))
			wantKind(t, "get "+strconv.Quote(key), err, clinical.NotFound)
		}
		return nil
	}))
	must(t, "delete a missing key", s.Update(t.Context(), func(x vault.Txn) error { return x.Delete([]byte("zz")) }))
}

func valuesAreCopies(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	key, value := []byte("key"), []byte("value")
	must(t, "update", s.Update(t.Context(), func(x vault.Txn) error {
		err := x.Set(key, value)
		key[0], value[0] = 'X', 'X'
		return err
	}))
	must(t, "view", s.View(t.Context(), func(r vault.Reader) error {
		got, err := r.Get([]byte("key"))
		if err != nil {
			return err
		}
		got[0] = 'Y'
		return r.Scan(nil, nil, func(k, v []byte) (bool, error) {
			if string(k) != "key" || string(v) != "value" {
				t.Errorf("stored as %q=%q", k, v)
			}
			k[0], v[0] = 'Z', 'Z'
			return true, nil
		})
	}))
	if got := get(t, s, "key"); got != "value" {
		t.Errorf("value became %q", got)
	}
}

func unusualValues(t *testing.T, d Driver) {
	m := d(t)
	s, _ := open(t, m)
	long := string(Bytes(1, 1<<20))
	values := map[string]string{
		"empty": "", "zero": "\x00", "large": long, "threshold": long[:4096], "above": long[:4097],
		"\x00": "zero key", "\xff\xff": "high key", string(Bytes(2, 500)): "long key",
	}
	for k, v := range values {
		set(t, s, k, v)
	}
	s, _ = reopen(t, m, s)
	for k, v := range values {
		if got := get(t, s, k); got != v {
			t.Errorf("key %.10q: %d bytes came back, want %d", k, len(got), len(v))
		}
	}
	err := s.Update(t.Context(), func(x vault.Txn) error { return x.Set(nil, []byte("v")) })
	wantKind(t, "empty key", err, clinical.Invalid)
}

func failedUpdate(t *testing.T, d Driver) {
	m := d(t)
	s, _ := open(t, m)
	set(t, s, "kept", "1", "deleted", "1")
	change := func(x vault.Txn) {
		must(t, "set", x.Set([]byte("kept"), []byte("2")))
		must(t, "set", x.Set([]byte("new"), []byte("2")))
		must(t, "delete", x.Delete([]byte("deleted")))
	}
	sentinel := errors.New("no")
	err := s.Update(t.Context(), func(x vault.Txn) error {
		change(x)
		return fmt.Errorf("wrapped: %w", sentinel)
	})
	if !errors.Is(err, sentinel) {
		t.Errorf("the error of f was lost: %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of f was lost")
			}
		}()
		_ = s.Update(t.Context(), func(x vault.Txn) error {
			change(x)
			panic("no")
		})
	}()
	for range 2 {
		if got := get(t, s, "kept") + get(t, s, "deleted") + get(t, s, "new"); got != "11<none>" {
			t.Errorf("an update that failed left %q", got)
		}
		s, _ = reopen(t, m, s)
	}
	set(t, s, "kept", "3") // still writes
}

func readsOwnWrites(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	set(t, s, "a", "1", "b", "1", "c", "1")
	must(t, "update", s.Update(t.Context(), func(x vault.Txn) error {
		must(t, "delete", x.Delete([]byte("a")))
		must(t, "set", x.Set([]byte("b"), []byte("2")))
		must(t, "set", x.Set([]byte("d"), []byte("2")))
		_, err := x.Get([]byte("a"))
		wantKind(t, "get what was deleted", err, clinical.NotFound)
		got, err := x.Get([]byte("d"))
		if err != nil || string(got) != "2" {
			t.Errorf("d reads %q, %v", got, err)
		}
		all, err := pairs(x, "", "")
		if diff := cmp.Diff([]string{"b=2", "c=1", "d=2"}, all); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		// Written last counts.
		must(t, "set", x.Set([]byte("a"), []byte("3")))
		must(t, "delete", x.Delete([]byte("d")))
		return err
	}))
	must(t, "view", s.View(t.Context(), func(r vault.Reader) error {
		all, err := pairs(r, "", "")
		if diff := cmp.Diff([]string{"a=3", "b=2", "c=1"}, all); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	}))
}

func scanOrder(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	set(t, s, "p/b", "2", "p/a", "1", "p/\xff", "5", "p/b\x00", "3", "p", "0", "o/\xff\xff", "x", "p0", "y", "p/c", "4")
	for _, c := range []struct {
		prefix, from string
		want         []string
	}{
		{"p/", "", []string{"p/a=1", "p/b=2", "p/b\x00=3", "p/c=4", "p/\xff=5"}},
		{"p/", "b", []string{"p/b=2", "p/b\x00=3", "p/c=4", "p/\xff=5"}},
		{"p/", "bb", []string{"p/c=4", "p/\xff=5"}},
		{"p/\xff", "", []string{"p/\xff=5"}},
		{"p/", "\xff\xff", nil},
		{"p/b", "", []string{"p/b=2", "p/b\x00=3"}},
		{"", "p/c", []string{"p/c=4", "p/\xff=5", "p0=y"}},
		{"q", "", nil},
	} {
		check := func(r vault.Reader) error {
			got, err := pairs(r, c.prefix, c.from)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("prefix %q from %q (-want +got):\n%s", c.prefix, c.from, diff)
			}
			return err
		}
		must(t, "view", s.View(t.Context(), check))
		must(t, "update", s.Update(t.Context(), func(x vault.Txn) error { return check(x) }))
	}
}

func scanStops(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	set(t, s, "a", "1", "b", "2", "c", "3")
	sentinel := errors.New("enough")
	check := func(r vault.Reader) {
		seen := 0
		err := r.Scan(nil, nil, func(_, _ []byte) (bool, error) {
			seen++
			return seen < 2, nil
		})
		if err != nil || seen != 2 {
			t.Errorf("stopped after %d, %v", seen, err)
		}
		err = r.Scan(nil, nil, func(_, _ []byte) (bool, error) { return true, sentinel })
		if !errors.Is(err, sentinel) {
			t.Errorf("the error of f was lost: %v", err)
		}
	}
	must(t, "view", s.View(t.Context(), func(r vault.Reader) error { check(r); return nil }))
	must(t, "update", s.Update(t.Context(), func(x vault.Txn) error { check(x); return nil }))
}

func scanWithinScan(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	set(t, s, "a/1", "x", "a/2", "y", "b/x", "1", "b/y", "2")
	nested := func(r vault.Reader) error {
		var got []string
		err := r.Scan([]byte("a/"), nil, func(_, value []byte) (bool, error) {
			inner, err := pairs(r, "b/"+string(value), "")
			got = append(got, inner...)
			return true, err
		})
		if diff := cmp.Diff([]string{"b/x=1", "b/y=2"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	}
	must(t, "view", s.View(t.Context(), nested))
	must(t, "update", s.Update(t.Context(), func(x vault.Txn) error { return nested(x) }))
}

func emptyPrefix(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	const many = 1000
	must(t, "update", s.Update(t.Context(), func(x vault.Txn) error {
		for i := range many {
			if err := x.Set(fmt.Appendf(nil, "p/%04d", i), []byte("v")); err != nil {
				return err
			}
		}
		return x.Set([]byte("q"), []byte("v"))
	}))
	deleted := 0
	must(t, "update", s.Update(t.Context(), func(x vault.Txn) error {
		return x.Scan([]byte("p/"), nil, func(key, _ []byte) (bool, error) {
			deleted++
			return true, x.Delete(bytes.Clone(key))
		})
	}))
	must(t, "view", s.View(t.Context(), func(r vault.Reader) error {
		left, err := pairs(r, "", "")
		if deleted != many || len(left) != 1 {
			t.Errorf("deleted %d of %d, left %d", deleted, many, len(left))
		}
		return err
	}))
}

func viewIsOneMoment(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	set(t, s, "a", "1", "b", "1")
	must(t, "view", s.View(t.Context(), func(r vault.Reader) error {
		must(t, "update beside a view", s.Update(t.Context(), func(x vault.Txn) error {
			if err := x.Set([]byte("a"), []byte("2")); err != nil {
				return err
			}
			// A view beside the update sees nothing of it.
			if got := get(t, s, "a"); got != "1" {
				t.Errorf("a view within an update sees %q", got)
			}
			return x.Delete([]byte("b"))
		}))
		all, err := pairs(r, "", "")
		if diff := cmp.Diff([]string{"a=1", "b=1"}, all); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	}))
	if got := get(t, s, "a") + get(t, s, "b"); got != "2<none>" {
		t.Errorf("a later view sees %q", got)
	}
}

func oneUpdate(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	set(t, s, "n", "0")
	const writers, times = 6, 15
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range times {
				err := s.Update(t.Context(), func(x vault.Txn) error {
					b, err := x.Get([]byte("n"))
					if err != nil {
						return err
					}
					n, err := strconv.Atoi(string(b))
					if err != nil {
						return err
					}
					return x.Set([]byte("n"), strconv.AppendInt(nil, int64(n+1), 10))
				})
				if err != nil {
					t.Errorf("update: %v", err)
				}
			}
		})
	}
	all.Wait()
	if got, want := get(t, s, "n"), strconv.Itoa(writers*times); got != want {
		t.Errorf("counted to %s, want %s", got, want)
	}
}

func concurrentReaders(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	set(t, s, "x/1", "0", "x/2", "0")
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				err := s.View(t.Context(), func(r vault.Reader) error {
					one, err := r.Get([]byte("x/1"))
					if err != nil {
						return err
					}
					return r.Scan([]byte("x/"), nil, func(k, v []byte) (bool, error) {
						if !bytes.Equal(v, one) {
							return false, fmt.Errorf("%s is %s beside %s", k, v, one)
						}
						return true, nil
					})
				})
				if err != nil {
					t.Errorf("view: %v", err)
					return
				}
			}
		})
	}
	for i := range 60 {
		n := strconv.Itoa(i)
		set(t, s, "x/1", n, "x/2", n)
	}
	close(stop)
	readers.Wait()
}

func cancelled(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Update(ctx, func(x vault.Txn) error { return x.Set([]byte("a"), []byte("1")) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("update: %v", err)
	}
	if err := s.View(ctx, func(vault.Reader) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("view: %v", err)
	}
	if got := get(t, s, "a"); got != "<none>" {
		t.Errorf("wrote %q", got)
	}
	// One that waits for its turn gives up with its context.
	waiting, giveUp := context.WithCancel(t.Context())
	must(t, "update", s.Update(t.Context(), func(vault.Txn) error {
		done := make(chan error)
		go func() { done <- s.Update(waiting, func(vault.Txn) error { return nil }) }()
		giveUp()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("update in the queue: %v", err)
		}
		return nil
	}))
}

func endedTransaction(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	var kept vault.Txn
	must(t, "update", s.Update(t.Context(), func(x vault.Txn) error {
		kept = x
		return nil
	}))
	if err := kept.Set([]byte("a"), []byte("1")); err == nil {
		t.Error("set after the end")
	}
	if err := kept.Delete([]byte("a")); err == nil {
		t.Error("delete after the end")
	}
	if got := get(t, s, "a"); got != "<none>" {
		t.Errorf("wrote %q", got)
	}
}

func durable(t *testing.T, d Driver) {
	m := d(t)
	s, _ := open(t, m)
	for round := range 3 {
		for i := range 20 {
			set(t, s, fmt.Sprintf("%d/%d", round, i), strconv.Itoa(i))
		}
		must(t, "delete", s.Update(t.Context(), func(x vault.Txn) error { return x.Delete(fmt.Appendf(nil, "%d/0", round)) }))
		s, _ = reopen(t, m, s)
	}
	must(t, "view", s.View(t.Context(), func(r vault.Reader) error {
		all, err := pairs(r, "", "")
		if len(all) != 3*19 {
			t.Errorf("%d records are left of %d", len(all), 3*19)
		}
		return err
	}))
}

// model compares random transactions with a map.
func model(t *testing.T, d Driver) {
	m := d(t)
	s, _ := open(t, m)
	r := rand.New(rand.NewPCG(1, 2))
	want := map[string]string{}
	for step := range 120 {
		next := maps.Clone(want)
		fail := r.IntN(4) == 0
		sentinel := errors.New("no")
		err := s.Update(t.Context(), func(x vault.Txn) error {
			for range r.IntN(8) {
				key := fmt.Sprintf("%c/%d", 'a'+rune(r.IntN(3)), r.IntN(30))
				if r.IntN(3) == 0 {
					delete(next, key)
					must(t, "delete", x.Delete([]byte(key)))
					continue
				}
				next[key] = string(Bytes(r.Uint64(), r.IntN(6000)))
				must(t, "set", x.Set([]byte(key), []byte(next[key])))
			}
			if fail {
				return sentinel
			}
			return nil
		})
		if fail != errors.Is(err, sentinel) {
			t.Fatalf("step %d: %v", step, err)
		}
		if !fail {
			want = next
		}
		if step%40 == 39 {
			s, _ = reopen(t, m, s)
		}
	}
	var wanted []string
	for _, k := range slices.Sorted(maps.Keys(want)) {
		wanted = append(wanted, k+"="+want[k])
	}
	must(t, "view", s.View(t.Context(), func(r vault.Reader) error {
		got, err := pairs(r, "", "")
		if !slices.Equal(wanted, got) {
			t.Errorf("%d records differ from the %d written", len(got), len(wanted))
		}
		return err
	}))
}

func free(t *testing.T, d Driver) {
	s, _ := open(t, d(t))
	space, err := s.Free()
	if err != nil || space.Total == 0 || space.Free > space.Total {
		t.Errorf("free %+v, %v", space, err)
	}
}

func closed(t *testing.T, d Driver) {
	s, b := open(t, d(t))
	must(t, "close", s.Close())
	must(t, "close again", s.Close())
	ctx := t.Context()
	wantKind(t, "view", s.View(ctx, func(vault.Reader) error { return nil }), clinical.Unavailable)
	wantKind(t, "update", s.Update(ctx, func(vault.Txn) error { return nil }), clinical.Unavailable)
	_, err := b.PutBlob(ctx, ID(1), bytes.NewReader(nil))
	wantKind(t, "put", err, clinical.Unavailable)
	_, err = b.ReadBlobAt(ctx, ID(1), make([]byte, 1), 0)
	wantKind(t, "read", err, clinical.Unavailable)
	wantKind(t, "delete", b.DeleteBlob(ctx, ID(1)), clinical.Unavailable)
	wantKind(t, "each", b.EachBlob(ctx, nil), clinical.Unavailable)
}
