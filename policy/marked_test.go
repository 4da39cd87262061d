package policy_test

import (
	"context"
	"errors"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// TestADriveOwesAMarkWhereTheSetSaysSo: mounts of marked sets, and nothing else;
// what cannot be marked is neither listed nor opened there.
func TestADriveOwesAMarkWhereTheSetSaysSo(t *testing.T) {
	for name, tt := range map[string]struct {
		marked bool
		room   int
		listed bool
	}{
		"plain": {false, 0, true}, "plain, measured": {false, 420_000, true}, "marked": {true, 420_000, true}, "marked, without room": {true, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := wounds()
			d.Sets[0].Watermark = tt.marked
			slide := clinicaltest.Slide("leg")
			slide.Room = tt.room
			d.Renditions = []clinical.Rendition{slide}
			h := newHouse(t, d)
			h.run()
			if got := len(h.names("stella", set("wounds"), clinical.Mount)) == 1; got != tt.listed {
				t.Errorf("listed: %v", got)
			}
			served, err := h.OpenInSet(t.Context(), as("stella"), set("wounds"), asset("leg"))
			if !tt.listed {
				if !errors.Is(err, clinical.ErrNotFound) {
					t.Errorf("opened: %v", err)
				}
				return
			}
			if err != nil || served.Watermark != tt.marked || served.Room != int64(tt.room) {
				t.Fatalf("%+v, %v", served, err)
			}
			screen := policy.OpenRequest{Use: clinical.Use{Channel: clinical.ViewOnScreen}, Set: set("wounds"), Asset: asset("leg"), Kind: clinical.Teaching}
			if served, err := h.Open(t.Context(), as("stella"), screen); err != nil || served.Watermark {
				t.Errorf("on screen: %v", err)
			}
		})
	}
}

// maker makes whatever it is asked for, of one version.
type maker struct {
	edit  int
	fails error
	asked []clinical.RenditionKind
}

func (m *maker) Ensure(_ context.Context, id clinical.AssetID, kind clinical.RenditionKind) (clinical.Rendition, error) {
	m.asked = append(m.asked, kind)
	return clinical.Rendition{
		ID: clinicaltest.ID[clinical.Rendition]("made"), Asset: id, Kind: kind, Edit: m.edit, Width: 1024, Height: 768,
		Blob: clinical.Blob{ID: clinicaltest.ID[clinical.Blob]("made"), Size: 9, SHA256: [32]byte{1}, MIME: "image/jpeg"},
	}, m.fails
}

// TestWhatIsNotThereIsMadeForWhoMaySeeIt, and for nobody else; what was made of
// another version than the one decided on is not served.
func TestWhatIsNotThereIsMadeForWhoMaySeeIt(t *testing.T) {
	open := func(m *maker, login string, kind clinical.RenditionKind) (*clinical.Served, error) {
		h := newHouseMaking(t, m, wounds())
		h.run()
		return h.Open(t.Context(), as(login), policy.OpenRequest{Use: clinical.Care(), Asset: asset("leg"), Kind: kind})
	}
	for _, kind := range []clinical.RenditionKind{clinical.Screen, clinical.Full} {
		m := &maker{}
		if served, err := open(m, "clara", kind); err != nil || served.Width != 1024 || len(m.asked) != 1 || m.asked[0] != kind {
			t.Errorf("%s: %+v, %v, asked for %v", kind, served, err, m.asked)
		}
	}
	for name, tt := range map[string]struct {
		maker maker
		login string
		kind  clinical.RenditionKind
		want  error
		asked int
	}{
		"stranger":        {maker{}, "oscar", clinical.Screen, clinical.ErrNotFound, 0},
		"student":         {maker{}, "stella", clinical.Full, clinical.ErrNotFound, 0},
		"another version": {maker{edit: 1}, "clara", clinical.Screen, clinical.ErrNotFound, 1},
		"no such kind":    {maker{}, "clara", "poster", clinical.ErrNotFound, 0},
		"undecodable":     {maker{fails: clinical.Refuse(clinical.Invalid, "undecodable", "")}, "clara", clinical.Screen, clinical.ErrNotFound, 1},
		"busy":            {maker{fails: clinical.Errorf(clinical.Unavailable, "busy")}, "clara", clinical.Screen, clinical.ErrUnavailable, 1},
	} {
		if _, err := open(&tt.maker, tt.login, tt.kind); !errors.Is(err, tt.want) || len(tt.maker.asked) != tt.asked {
			t.Errorf("%s: %v, asked for %v", name, err, tt.maker.asked)
		}
	}
}
