package policy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// ward is a set of n pictures of the adult, each with a consent of its own.
func ward(n int) clinical.Delta {
	d := clinical.Delta{Sets: []clinical.TeachingSet{clinicaltest.Set("ward")}}
	for i := range n {
		name := fmt.Sprint("picture ", i)
		g := teaching(name, "adult")
		g.Covers = clinical.Cover{Assets: []clinical.AssetID{asset(name)}}
		d.Assets = append(d.Assets, clinicaltest.Picture(name, "adult"))
		d.Grants = append(d.Grants, g)
		d.Items = append(d.Items, clinicaltest.Item("ward", name, i+1))
		d.Renditions = append(d.Renditions, clinicaltest.Slide(name))
	}
	return d
}

// Readers list and open while consents are withdrawn one by one and pictures
// arrive. Whatever begins after a withdrawal returned does not see it.
func TestWithdrawalsRaceReaders(t *testing.T) {
	const pictures = 60
	h := newHouse(t, ward(pictures))
	h.run()
	var withdrawn [pictures]atomic.Bool
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				var before [pictures]bool
				for i := range withdrawn {
					before[i] = withdrawn[i].Load()
				}
				f, err := h.Folder(ctx, as("stella"), set("ward"), clinical.Mount)
				if err != nil {
					t.Error(err)
					return
				}
				listed := map[clinical.AssetID]bool{}
				for _, e := range f.Entries {
					listed[e.Asset] = true
				}
				for i, was := range before {
					if was && listed[asset(fmt.Sprint("picture ", i))] {
						t.Errorf("picture %d is listed after its withdrawal", i)
					}
				}
			}
		})
		wg.Go(func() {
			buf := make([]byte, 4096)
			for i := 0; ctx.Err() == nil; i = (i + 1) % pictures {
				was := withdrawn[i].Load()
				served, err := h.OpenInSet(ctx, as("stella"), set("ward"), asset(fmt.Sprint("picture ", i)))
				if err != nil {
					if !errors.Is(err, clinical.ErrNotFound) {
						t.Error(err)
					}
					continue
				}
				if was {
					t.Errorf("picture %d opens after its withdrawal", i)
				}
				for err == nil {
					was = withdrawn[i].Load()
					var n int
					n, err = served.Read(buf)
					if n > 0 && was {
						t.Errorf("picture %d gives %d bytes after its withdrawal", i, n)
					}
				}
				if !errors.Is(err, io.EOF) && !errors.Is(err, clinical.ErrNotFound) {
					t.Error(err)
				}
				if err := served.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() { // ingest goes on beside it
		for i := 0; ctx.Err() == nil && i < 200; i++ {
			h.write(clinical.Delta{Assets: []clinical.Asset{clinicaltest.Picture(fmt.Sprint("late ", i), "child")}})
		}
	})
	for i := range pictures {
		h.do("nina", clinical.WithdrawConsent{Grant: clinicaltest.ID[clinical.Grant](fmt.Sprint("picture ", i))})
		withdrawn[i].Store(true)
	}
	stop()
	wg.Wait()
	if got := h.names("stella", set("ward"), clinical.Mount); len(got) != 0 {
		t.Errorf("at the end %d are listed", len(got))
	}
}

// A nudge comes to those whose scope holds what changed, and to nobody else.
func TestNudgesGoWhereTheScopeIs(t *testing.T) {
	h := newHouse(t, wounds())
	h.run()
	clara, oscar, stella := h.Subscribe(t.Context(), as("clara")), h.Subscribe(t.Context(), as("oscar")), h.Subscribe(t.Context(), as("stella"))
	c := h.do("nina", clinical.WithdrawConsent{Patient: patient("adult")})
	for who, nudges := range map[string]<-chan uint64{"clara": clara, "stella": stella} {
		select {
		case seq := <-nudges:
			if seq < c.Seq {
				t.Errorf("%s: nudged with %d, committed %d", who, seq, c.Seq)
			}
		default:
			t.Errorf("%s: no nudge", who)
		}
	}
	select {
	case <-oscar:
		t.Error("oscar learns that something changed")
	default:
	}
	ctx, cancel := context.WithCancel(t.Context())
	more := h.Subscribe(ctx, as("clara"))
	cancel()
	select {
	case _, open := <-more:
		if open {
			t.Error("a nudge after the end")
		}
	case <-time.After(10 * time.Second):
		t.Error("the channel stays open after its context")
	}
}

// What others commit reaches the gate through the journal.
func TestGateFollowsTheJournal(t *testing.T) {
	h := newHouse(t, wounds())
	h.run()
	nudges := h.Subscribe(t.Context(), as("stella"))
	refusal := clinical.Grant{ID: clinicaltest.ID[clinical.Grant]("no"), Patient: patient("adult"), Status: clinical.GrantRefused}
	h.write(clinical.Delta{Grants: []clinical.Grant{refusal}})
	select {
	case <-nudges:
	case <-time.After(10 * time.Second):
		t.Fatal("the gate does not follow")
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("listed %v", got)
	}
}
