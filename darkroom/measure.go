package darkroom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/jpeg"
	"slices"
	"strings"

	"fovea/clinical"
	"fovea/darkroom/faces"
	"fovea/darkroom/gauge"
)

const (
	// maxOthers is how many pictures one is compared with, and maxOther how large
	// each may be, in bytes: a thumbnail is a tenth of that.
	maxOthers = 6
	maxOther  = 96 << 10
)

// MeasureOptions say what is looked for in a picture besides its figures.
type MeasureOptions struct {
	// Others are thumbnails, as JPEG, that the picture is compared with. Those
	// beyond the sixth, or larger than 96 KiB, are passed over.
	Others [][]byte
	// Faces asks whether there are any. It takes as long as all the rest.
	Faces bool
}

// Measured is what was measured of a picture.
type Measured struct {
	Width, Height int // of the upright original, which recipes are measured in
	Figures       gauge.Figures
	Alike         []float64 // how much it shows the same as each of the others; 0: not compared
	Sought        bool      // it was searched for faces: not where this program has no networks
	Faces         int       // that nobody would doubt
}

// Measure measures the pixels of src as [Renderer.Edit] decodes them: in the same
// children, at full size. Nothing of the picture comes back but figures. Errors
// are Render's.
func (r *Renderer) Measure(ctx context.Context, src Source, opt MeasureOptions, background bool) (Measured, error) {
	if src.Size > maxSource {
		return Measured{}, undecodable(errors.New("too large to hold in memory"))
	}
	ask := &measuring{Faces: opt.Faces}
	at := make([]int, 0, maxOthers) // where each of the others stands in opt
	for i, b := range opt.Others {
		if len(b) > 0 && len(b) <= maxOther && len(at) < maxOthers {
			ask.Others, at = append(ask.Others, b), append(at, i)
		}
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := r.develop(limited, src, instruction{Measure: ask}, background)
	if err != nil {
		return Measured{}, blame(ctx, err)
	}
	if got.status == statusUnreadable {
		return Measured{}, undecodable(errRaster)
	}
	m, err := got.measured(len(at))
	if err != nil {
		return Measured{}, err
	}
	alike := make([]float64, len(opt.Others))
	for i, v := range m.Alike {
		alike[at[i]] = v
	}
	m.Alike = alike
	return m, nil
}

// develop decodes src and carries do out on its pixels.
func (r *Renderer) develop(ctx context.Context, src Source, do instruction, background bool) (outcome, error) {
	do.Orientation = 1
	if isRaw(src.MIME) {
		preview, o, err := r.preview(ctx, src, background)
		if err != nil {
			return outcome{}, err
		}
		src, do.Orientation = preview, o
	}
	if strings.HasPrefix(src.MIME, "video/") || r.vips() {
		return r.chain(ctx, src, do, background)
	}
	return inProcess(ctx, do, func() (*raster, error) { return decodeGo(src) })
}

// measuring is what a child is asked to measure.
type measuring struct {
	Others [][]byte `json:",omitempty"`
	Faces  bool     `json:",omitempty"`
}

// measure measures an upright picture.
func (m *measuring) measure(ctx context.Context, p *raster) (outcome, error) {
	out := Measured{Width: p.w, Height: p.h}
	small := p
	if w, h := fit(float64(p.w), float64(p.h), gauge.MaxSide); w != p.w || h != p.h {
		small = p.cut(box{0, 0, p.w, p.h}, w, h)
	}
	out.Figures = gauge.Measure(p.picture(), small.picture())
	if len(m.Others) > 0 {
		w, h := fit(float64(small.w), float64(small.h), ThumbnailSize)
		out.Alike = m.compare(small.cut(box{0, 0, small.w, small.h}, w, h))
	}
	if m.Faces {
		var err error
		if out.Sought, out.Faces, err = seek(ctx, small); err != nil {
			return outcome{}, err
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return outcome{}, clinical.Errorf(clinical.Internal, "darkroom: measure: %w", err)
	}
	return outcome{status: statusDone, w: p.w, h: p.h, jpeg: text}, nil
}

// compare tells how much each of the others shows the same as p.
func (m *measuring) compare(p *raster) []float64 {
	out := make([]float64, len(m.Others))
	for i, b := range m.Others {
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(b))
		if err != nil || max(cfg.Width, cfg.Height) > int(ThumbnailSize) {
			continue
		}
		if img, err := jpeg.Decode(bytes.NewReader(b)); err == nil {
			out[i] = gauge.Alike(p.picture(), rasterOf(img).picture())
		}
	}
	return out
}

// seek counts the faces that nobody would doubt: a suggestion is made of four in
// ten pictures of feet, and would say nothing.
func seek(ctx context.Context, p *raster) (sought bool, n int, err error) {
	detector, err := faces.New()
	if clinical.KindOf(err) == clinical.Unavailable { // built without networks
		return false, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	found, err := detector.Find(ctx, p.rgba())
	for _, one := range found {
		if one.Level == clinical.ToMask {
			n++
		}
	}
	return err == nil, n, err
}

func (p *raster) picture() gauge.Picture { return gauge.Picture{Width: p.w, Height: p.h, RGB: p.pix} }

// measured judges what was measured of a picture that was compared with others.
// It may come from a child that the picture took over: what is no figure is
// refused.
func (o outcome) measured(others int) (Measured, error) {
	var m Measured
	d := json.NewDecoder(bytes.NewReader(o.jpeg))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil || o.status != statusDone {
		return Measured{}, clinical.Errorf(clinical.Internal, "darkroom: measure: answer %d of %d bytes", o.status, len(o.jpeg))
	}
	q := m.Figures
	shares := slices.Concat(m.Alike, q.Light.Burnt[:], q.Light.Black[:], []float64{q.Light.Median, q.Light.Low, q.Light.High, q.Light.White, q.Light.Dark})
	widths := []float64{q.Blur, q.Smear, q.Still}
	within := func(list []float64, most float64) bool {
		return !slices.ContainsFunc(list, func(v float64) bool { return v < 0 || v > most })
	}
	if !within(shares, 1.001) || !within(widths, gauge.MaxSide) || m.Faces < 0 || m.Width != o.w || m.Height != o.h ||
		m.Width <= 0 || m.Height <= 0 || (others > 0 && len(m.Alike) != others) {
		return Measured{}, clinical.Errorf(clinical.Internal, "darkroom: measure: absurd answer")
	}
	return m, nil
}
