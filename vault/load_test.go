package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/badgerstore"
)

// onDisk is newBench on a Badger store below the returned folder, which also
// holds the keys.
func onDisk(tb testing.TB) (*bench, string) {
	tb.Helper()
	dir := tb.TempDir()
	s, err := badgerstore.Open(tb.Context(), badgerstore.Options{Dir: filepath.Join(dir, "store")})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	b := &bench{mint: clinical.NewMinter(nil, nil)}
	b.photo = clinical.Mint[clinical.Person](b.mint)
	if err := vault.CreateKeyFile(filepath.Join(dir, "key")); err != nil {
		tb.Fatal(err)
	}
	b.opt = vault.Options{Dir: filepath.Join(dir, "keys"), Keys: vault.KeyFile(filepath.Join(dir, "key")), Store: s, Blobs: s}
	b.Vault, _, err = vault.Init(tb.Context(), b.opt)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = b.Close() })
	return b, dir
}

func TestFourWritersAndThirtyTwoReadersAgree(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *bench{
		"memory": newBench,
		"badger": func(tb testing.TB) *bench { b, _ := onDisk(tb); return b },
	} {
		t.Run(name, func(t *testing.T) { writeAndRead(t, make(t)) })
	}
}

func writeAndRead(t *testing.T, b *bench) {
	const writers, readers, each = 4, 32, 12
	shared := b.patient(t, "0")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	kept := make(chan clinical.Asset, writers*each)
	var write errgroup.Group
	for w := range writers {
		write.Go(func() error {
			for i := range each {
				a, err := b.keep(ctx, b.owner(shared.ID), bytes.NewReader(picture(90_000+i, byte(w*each+i))))
				if err != nil {
					return err
				}
				kept <- a
				b.NoteLater(b.event(clinical.ActListed))
				if i%4 == 3 {
					a.State = clinical.Discarded
					if _, err := b.Commit(ctx, clinical.Change{Event: b.event(clinical.ActDiscarded), Delta: clinical.Delta{Assets: []clinical.Asset{a}}}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	var read errgroup.Group
	for range readers {
		read.Go(func() error { return b.followTo(ctx, writers*(each+each/4)) })
	}
	if err := write.Wait(); err != nil {
		t.Fatal(err)
	}
	close(kept)
	for a := range kept {
		if err := b.Verify(ctx, a.Original.ID); err != nil && !errors.Is(err, clinical.ErrNotFound) {
			t.Error(err)
		}
	}
	if err := read.Wait(); err != nil {
		t.Error(err)
	}
	r, err := b.Fsck(t.Context(), vault.FsckOptions{Deep: true})
	if err != nil || !r.Clean() {
		t.Errorf("fsck: %v, %v", r.Findings, err)
	}
	if want := int64(writers * each * 3 / 4); r.Verified != want {
		t.Errorf("%d pictures are left, want %d", r.Verified, want)
	}
}

// followTo reads the journal, and the bytes of what it meets, until so many
// changes after the first two went by.
func (b *bench) followTo(ctx context.Context, changes int) error {
	last := uint64(0)
	for last < uint64(2+changes) {
		list, err := b.Changes(ctx, last, 7)
		if err != nil {
			return err
		}
		for _, c := range list {
			if c.Seq != last+1 {
				return fmt.Errorf("entry %d follows %d", c.Seq, last)
			}
			last = c.Seq
			for _, a := range c.Delta.Assets {
				if err := b.Verify(ctx, a.Original.ID); err != nil && !errors.Is(err, clinical.ErrNotFound) {
					return err
				}
			}
		}
	}
	return nil
}

func TestOfManyWhoChangeOneRecordExactlyOneWinsEachTime(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	var won, lost atomic.Int64
	var group errgroup.Group
	for i := range 16 {
		group.Go(func() error {
			mine := p
			mine.Given = fmt.Sprint(i)
			_, err := b.Commit(t.Context(), clinical.Change{Event: b.event(clinical.ActPatientChanged), Delta: clinical.Delta{Patients: []clinical.Patient{mine}}})
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, clinical.ErrConflict):
				lost.Add(1)
			default:
				return err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if won.Load() != 1 || lost.Load() != 15 {
		t.Errorf("%d won and %d lost, want 1 and 15", won.Load(), lost.Load())
	}
}

func TestNothingOfAPatientIsInPlainOnDisk(t *testing.T) {
	b, dir := onDisk(t)
	p := b.patient(t, "9434765919")
	jpeg := append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00 a picture of a varicose ulcer "), picture(300_000, 1)...)
	a := b.mustKeep(t, b.owner(p.ID), jpeg)
	b.rendition(t, a, jpeg[:2000])
	e := b.event(clinical.ActViewed)
	e.Patient, e.Note = p.ID, "called by Professor Higgins"
	if err := b.Note(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if err := b.Shelf("sessions").Put(t.Context(), "eliza.doolittle", []byte("secret-session")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.opt.Store.Close(); err != nil {
		t.Fatal(err)
	}
	words := []string{"Doolittle", "DOOLITTLE", "Eliza", "doolittle", "9434765919", "varicose", "Higgins", "JFIF", "sessions", "secret-session", "patient.added", "hospital"}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		for _, w := range words {
			if strings.Contains(string(data), w) {
				t.Errorf("%s holds %q in plain", filepath.Base(path), w)
			}
		}
		return err
	})
	if err != nil || files < 4 {
		t.Fatalf("looked at %d files: %v", files, err)
	}
}
