package pages

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

// aligner lays a picture over an earlier one of the same patient, both of which
// the gate serves the caller for care.
type aligner interface {
	Align(ctx context.Context, c clinical.Caller, asset clinical.AssetID, how wire.Align) (wire.Alignment, error)
}

// mostPlaces is how many places can be pointed at in each of two pictures.
const mostPlaces = 8

// comparison is two pictures of one patient, the earlier first.
type comparison struct {
	Patient       clinical.Patient
	Of            clinical.AssetID // the picture that the page is about
	Before, After clinical.Shown
	Days          int
	Others        []clinical.Shown // what else it can be compared with, in order of time
	Laid          wire.Alignment
	Refused       string // why nobody tried
	Style         string // where the style sheet is that lays one over the other
	Hand          *pointing
	Points        url.Values // what was pointed at, for a link back
}

// Share is the stated error as a share of the picture, in percent.
func (c comparison) Share() string {
	return fmt.Sprintf("%.1f", 100*c.Laid.Error/float64(max(1, c.Laid.Before.Width, c.Laid.Before.Height)))
}

// Shows is where a browser finds one of the pictures.
func (comparison) Shows(s clinical.Shown) string { return pictureOf(s) }

// With is the other of the two.
func (c comparison) With() clinical.AssetID {
	if c.Of == c.After.Asset.ID {
		return c.Before.Asset.ID
	}
	return c.After.Asset.ID
}

// Steps are the places of an edge that can be moved, in twentieths.
func (comparison) Steps() []int {
	out := make([]int, 21)
	for i := range out {
		out[i] = i
	}
	return out
}

// Region is the outline of what agrees, as an SVG polygon has it.
func (c comparison) Region() string {
	var b strings.Builder
	for _, p := range c.Laid.Region {
		_, _ = fmt.Fprintf(&b, "%.0f,%.0f ", p.X, p.Y) // a Builder has no errors
	}
	return strings.TrimSpace(b.String())
}

// compare shows a picture beside and over another of the same patient.
func (d *door) compare(v *visit) error {
	id, err := pathID[clinical.Asset](v.r)
	if err != nil {
		return err
	}
	c, err := d.compared(v, id)
	if err != nil {
		return err
	}
	if c.With().IsZero() {
		return d.show(v, "compare", "Before and after", c)
	}
	points, err := pointed(v.r, c.Before, c.After)
	if err != nil {
		return err
	}
	c.Points = points.values()
	if v.r.FormValue("hand") != "" && v.r.FormValue("do") != "lay" {
		c.Hand = &points
		return d.show(v, "compare", "Before and after", c)
	}
	how := wire.Align{Onto: c.Before.Asset.ID}
	if v.r.FormValue("do") == "lay" {
		how.Points = points.pairs()
	}
	if err := d.lay(v, &c, how); err != nil {
		return err
	}
	return d.show(v, "compare", "Before and after", c)
}

// lay asks for the alignment, or says why there is none.
func (d *door) lay(v *visit, c *comparison, how wire.Align) error {
	if d.Aligner == nil {
		c.Refused = "This server aligns no pictures."
		return nil
	}
	got, err := d.Aligner.Align(v.ctx, v.caller, c.After.Asset.ID, how)
	if kind := clinical.KindOf(err); err != nil && (kind == clinical.Unavailable || kind == clinical.Conflict) {
		_, c.Refused = said(err)
		return nil
	}
	if err != nil {
		return err
	}
	c.Laid = got
	if got.Accepted {
		c.Style = "/compare.css?" + url.Values{
			"before": {dimensions(got.Before)}, "after": {dimensions(got.After)}, "matrix": {numbers(got.Matrix)},
		}.Encode()
	}
	return nil
}

// compared finds both pictures, and what else there is to choose from.
func (d *door) compared(v *visit, id clinical.AssetID) (comparison, error) {
	one, err := d.Gate.Asset(v.ctx, v.caller, id)
	if err != nil {
		return comparison{}, err
	}
	if one.Asset.Patient.IsZero() || !comparable(one.Asset) {
		return comparison{}, clinical.ErrNotFound
	}
	page, err := d.Gate.PatientPage(v.ctx, v.caller, one.Asset.Patient)
	if err != nil {
		return comparison{}, err
	}
	c := comparison{Of: id, Patient: page.Patient, After: one}
	for _, s := range page.Sessions {
		for _, o := range s.Shown {
			if o.Asset.ID != id && comparable(o.Asset) {
				c.Others = append(c.Others, o)
			}
		}
	}
	slices.SortStableFunc(c.Others, func(a, b clinical.Shown) int { return a.Asset.Capture.At.Compare(b.Asset.Capture.At) })
	other := predecessor(one, c.Others)
	if with := v.r.FormValue("with"); with != "" {
		other = slices.IndexFunc(c.Others, func(o clinical.Shown) bool { return o.Asset.ID.String() == with })
		if other < 0 {
			return c, clinical.ErrNotFound
		}
	}
	if other < 0 {
		return c, nil
	}
	c.Before = c.Others[other]
	if c.Before.Asset.Capture.At.After(one.Asset.Capture.At) {
		c.Before, c.After = one, c.Before
	}
	first := clinical.DateOf(c.Before.Asset.Capture.At.In(d.Zone)).Start(d.Zone)
	c.Days = int(clinical.DateOf(c.After.Asset.Capture.At.In(d.Zone)).Start(d.Zone).Sub(first).Hours()+12) / 24 // a day has 23 to 25 hours
	return c, nil
}

// comparable tells whether a picture is one of the body, filed.
func comparable(a clinical.Asset) bool {
	return a.State == clinical.Filed && !a.IDShot && !a.Form && strings.HasPrefix(a.Original.MIME, "image/")
}

// predecessor is the picture to compare with where nobody said: of the same
// lesion or else the same view, the last before, or else the first after.
func predecessor(one clinical.Shown, others []clinical.Shown) int {
	best, most := -1, math.Inf(-1)
	for i, o := range others {
		score := 0.0
		if !one.Asset.Lesion.IsZero() && o.Asset.Lesion == one.Asset.Lesion {
			score += 4
		}
		if one.Asset.View.Code != "" && o.Asset.View.Code == one.Asset.View.Code {
			score += 2
		}
		apart := one.Asset.Capture.At.Sub(o.Asset.Capture.At).Hours()
		if apart >= 0 {
			score++
		}
		if score -= min(math.Abs(apart)/1e6, 0.9); score > most {
			best, most = i, score
		}
	}
	return best
}

// pointing is what a person has pointed at in two pictures, to lay one over the
// other by hand.
type pointing struct {
	Before, After hand
	Full          bool // both have the same number of places, and enough
}

// hand is one picture to point at, with the places in pixels of its upright
// original.
type hand struct {
	Shown         clinical.Shown
	Picture       string
	Width, Height int
	Canvases      []canvas
	Points        []clinical.Point
}

// The largest sizes at which a picture is drawn to be pointed at, in CSS pixels.
const wideHand, narrowHand = 620, 320

// pointed reads the places of the form, and the click that it came with.
func pointed(r *http.Request, before, after clinical.Shown) (pointing, error) {
	if err := form(r); err != nil {
		return pointing{}, err
	}
	p := pointing{Before: handOf(before, "b"), After: handOf(after, "a")}
	for name, side := range map[string]*hand{"before": &p.Before, "after": &p.After} {
		for _, text := range r.Form[name] {
			x, y, _ := strings.Cut(text, ",")
			at, err := pointAt(x, y)
			if err != nil || len(side.Points) == mostPlaces {
				return p, clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Send it again.")
			}
			side.Points = append(side.Points, at)
		}
		side.click(r)
	}
	if undo := r.FormValue("do"); undo == "undo" {
		longer := &p.Before
		if len(p.After.Points) >= len(p.Before.Points) {
			longer = &p.After
		}
		longer.Points = longer.Points[:max(0, len(longer.Points)-1)]
	}
	p.Full = len(p.Before.Points) == len(p.After.Points) && len(p.Before.Points) >= 3
	return p, nil
}

func pointAt(x, y string) (clinical.Point, error) {
	px, err := strconv.ParseFloat(x, 64)
	py, wrong := strconv.ParseFloat(y, 64)
	return clinical.Point{X: px, Y: py}, cmp.Or(err, wrong)
}

// handOf is a picture to point at; field is what a click comes as.
func handOf(s clinical.Shown, field string) hand {
	h := hand{Shown: s}
	h.Width, h.Height = upright(s)
	h.Picture = pictureOf(s)
	if h.Width <= 0 || h.Height <= 0 {
		return h
	}
	for _, c := range []canvas{
		{Field: field + "w", Class: "at-large", Width: wideHand, Height: wideHand}, {Field: field + "n", Class: "at-small", Width: narrowHand, Height: narrowHand},
	} {
		shrink := min(1, float64(c.Width)/float64(h.Width), float64(c.Height)/float64(h.Height))
		c.Width, c.Height = max(1, int(float64(h.Width)*shrink)), max(1, int(float64(h.Height)*shrink))
		h.Canvases = append(h.Canvases, c)
	}
	return h
}

// click adds the place that was clicked on.
func (h *hand) click(r *http.Request) {
	for _, c := range h.Canvases {
		x, errX := strconv.Atoi(r.FormValue(c.Field + ".x"))
		y, errY := strconv.Atoi(r.FormValue(c.Field + ".y"))
		if errX == nil && errY == nil && len(h.Points) < mostPlaces {
			h.Points = append(h.Points, clinical.Point{
				X: math.Round((float64(x) + .5) * float64(h.Width) / float64(c.Width)), Y: math.Round((float64(y) + .5) * float64(h.Height) / float64(c.Height)),
			})
		}
	}
}

// Radius is how large a place is drawn, in pixels of the picture.
func (h hand) Radius() int { return max(h.Width, h.Height) / 40 }

// Cross is a place as lines of an SVG path.
func (h hand) Cross(p clinical.Point) string {
	r := float64(h.Radius())
	return fmt.Sprintf("M%.0f %.0fH%.0fM%.0f %.0fV%.0f", p.X-r, p.Y, p.X+r, p.X, p.Y-r, p.Y+r)
}

// Next is the number of the place that is pointed at next.
func (h hand) Next() int { return len(h.Points) + 1 }

// Number is how places are counted.
func (hand) Number(i int) int { return i + 1 }

// Text is a place as a field holds it.
func (hand) Text(p clinical.Point) string { return text64(p.X) + "," + text64(p.Y) }

func (p pointing) values() url.Values {
	out := url.Values{}
	for _, at := range p.Before.Points {
		out.Add("before", p.Before.Text(at))
	}
	for _, at := range p.After.Points {
		out.Add("after", p.After.Text(at))
	}
	return out
}

// pairs are the places that are there in both.
func (p pointing) pairs() (out []wire.PointPair) {
	for i := range min(len(p.Before.Points), len(p.After.Points)) {
		out = append(out, wire.PointPair{Before: p.Before.Points[i], After: p.After.Points[i]})
	}
	return out
}

// upright is how large a picture is, upright: as measured, or as its camera says.
func upright(s clinical.Shown) (int, int) {
	if s.Width > 0 && s.Height > 0 {
		return s.Width, s.Height
	}
	w, h := s.Asset.Capture.Width, s.Asset.Capture.Height
	if o := s.Asset.Capture.Orientation; o >= 5 && o <= 8 { // EXIF: a quarter turn
		w, h = h, w
	}
	return w, h
}

func dimensions(s wire.PixelSize) string { return strconv.Itoa(s.Width) + "x" + strconv.Itoa(s.Height) }

func text64(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) }

func numbers(all []float64) string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = text64(v)
	}
	return strings.Join(out, ",")
}
