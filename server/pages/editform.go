package pages

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

// draft is a recipe as the form has it: shapes that are not ticked are in it,
// and will not be saved.
type draft struct {
	clinical.Recipe // all but masks and marks
	Masks           []maskRow
	Marks           []markRow
}

// maskRow is one mask as the form has it.
type maskRow struct {
	clinical.Mask
	On bool
}

// markRow is one annotation as the form has it.
type markRow struct {
	clinical.Mark
	On bool
}

// Width and Height are of an ellipse before it is turned, in pixels.
func (r maskRow) Width() float64 { return 2 * r.Radii.X }

// Height is Width's neighbour.
func (r maskRow) Height() float64 { return 2 * r.Radii.Y }

// Places are the points of a polygon or a stroke as a field holds them.
func (r maskRow) Places() string { return places(r.Points) }

// Places are an annotation's points as a field holds them.
func (r markRow) Places() string { return places(r.Points) }

// decimal writes a number as a field holds it.
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func places(points []clinical.Point) string {
	out := make([]string, len(points))
	for i, p := range points {
		out[i] = decimal(p.X) + "," + decimal(p.Y)
	}
	return strings.Join(out, " ")
}

// draftOf is a version in the form.
func draftOf(r clinical.Recipe) draft {
	out := draft{Recipe: r}
	for _, m := range r.Masks {
		out.Masks = append(out.Masks, maskRow{m, true})
	}
	for _, m := range r.Marks {
		out.Marks = append(out.Marks, markRow{m, true})
	}
	return out
}

// recipe is what the draft says: what is ticked.
func (f draft) recipe() clinical.Recipe {
	r := f.Recipe
	r.Masks, r.Marks = nil, nil
	for _, m := range f.Masks {
		if m.On {
			r.Masks = append(r.Masks, m.Mask)
		}
	}
	for _, m := range f.Marks {
		if m.On {
			r.Marks = append(r.Marks, m.Mark)
		}
	}
	return r
}

// Corners are a chart's corner patches as a field holds them.
func (f draft) Corners() string {
	if f.Tone.Chart == nil {
		return ""
	}
	return places(f.Tone.Chart.Corners[:])
}

// Patch is the grey patch as a field holds it.
func (f draft) Patch() string {
	if f.Tone.White == nil || f.Tone.White.Patch == nil {
		return ""
	}
	p := *f.Tone.White.Patch
	return decimal(p.Min.X) + "," + decimal(p.Min.Y) + "," + decimal(p.Max.X-p.Min.X) + "," + decimal(p.Max.Y-p.Min.Y)
}

// Line is the line along a ruler as a field holds it.
func (f draft) Line() string {
	if f.Scale == nil {
		return ""
	}
	return places([]clinical.Point{f.Scale.From, f.Scale.To})
}

// Measured is what was measured of light, for the form to send back.
func (f draft) Measured() string {
	b, err := json.Marshal(clinical.Tone{White: f.Tone.White, Matrix: f.Tone.Matrix, Chart: f.Tone.Chart})
	if err != nil {
		return ""
	}
	return string(b)
}

// draftIn reads the form. The fields may say anything: what is wrong is told,
// and everything that can be shown again comes back.
func draftIn(r *http.Request) (draft, error) {
	if err := form(r); err != nil {
		return draft{}, err
	}
	f := r.PostForm
	out := draft{Recipe: clinical.NewRecipe()}
	wrong := &firstFault{}
	var err error
	out.Masks, err = masksIn(f, wrong)
	if err != nil {
		return out, err
	}
	if out.Marks, err = marksIn(f, wrong); err != nil {
		return out, err
	}
	out.Turn = int(wrong.number(f, "turn"))
	out.Side = clinical.Laterality(f.Get("side"))
	out.Frame = frameIn(f, wrong)
	out.Tone = toneIn(f, wrong)
	out.Scale = scaleIn(f, wrong)
	return out, wrong.err
}

// firstFault keeps the first thing that a form has wrong.
type firstFault struct{ err error }

func (w *firstFault) note(err error) {
	if w.err == nil {
		w.err = err
	}
}

// number reads a field; empty is nought.
func (w *firstFault) number(f url.Values, field string) float64 {
	s := strings.TrimSpace(f.Get(field))
	if s == "" {
		return 0
	}
	v, err := wire.Numbers(s, 1)
	if err != nil {
		w.note(clinical.Refuse(clinical.Invalid, "number", "One of the numbers is none. Correct it, or empty its field."))
		return 0
	}
	return v[0]
}

// same tests that every field of a list of rows arrived as often.
func same(f url.Values, n, most int, fields ...string) error {
	for _, field := range fields {
		if len(f[field]) != n || n > most {
			return clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Send it again.")
		}
	}
	return nil
}

// mostRows is more than a recipe may have masks or marks, ticked or not.
const mostRows = 256

func masksIn(f url.Values, wrong *firstFault) ([]maskRow, error) {
	n := len(f["shape"])
	if err := same(f, n, mostRows, "x", "y", "width", "height", "angle", "points", "radius", "score", "cause", "fill"); err != nil {
		return nil, err
	}
	var out []maskRow
	for i := range n {
		row := maskRow{On: slices.Contains(f["use"], strconv.Itoa(i))}
		m, err := maskIn(f, i)
		if err != nil && row.On {
			wrong.note(err)
		}
		row.Mask = m
		out = append(out, row)
	}
	return out, nil
}

// maskIn reads the fields of one mask: an ellipse's, or the points of another
// shape.
func maskIn(f url.Values, i int) (clinical.Mask, error) {
	m := clinical.Mask{
		Shape: clinical.MaskShape(f["shape"][i]), Cause: clinical.MaskCause(f["cause"][i]), Fill: clinical.MaskFill(f["fill"][i]),
	}
	fields := map[string]*float64{"score": &m.Suggested}
	var err error
	switch m.Shape {
	case clinical.MaskEllipse:
		fields["x"], fields["y"], fields["width"], fields["height"], fields["angle"] = &m.Centre.X, &m.Centre.Y, &m.Radii.X, &m.Radii.Y, &m.Angle
	case clinical.MaskBrush:
		fields["radius"] = &m.Radius
		m.Points, err = pointsIn(f["points"][i])
	case clinical.MaskPolygon:
		m.Points, err = pointsIn(f["points"][i])
	}
	for name, into := range fields {
		v, wrong := wire.Numbers(f[name][i], 1)
		if wrong != nil {
			err = clinical.Refuse(clinical.Invalid, "mask", "A mask needs a place and a size in pixels. Correct its numbers, or take its tick away.")
			continue
		}
		*into = v[0]
	}
	m.Radii.X, m.Radii.Y = m.Radii.X/2, m.Radii.Y/2
	return m, err
}

func marksIn(f url.Values, wrong *firstFault) ([]markRow, error) {
	n := len(f["mkind"])
	if err := same(f, n, mostRows, "mpoints", "mtext", "mink"); err != nil {
		return nil, err
	}
	var out []markRow
	for i := range n {
		row := markRow{On: slices.Contains(f["muse"], strconv.Itoa(i))}
		points, err := pointsIn(f["mpoints"][i])
		if err != nil && row.On {
			wrong.note(err)
		}
		row.Mark = clinical.Mark{Kind: clinical.MarkKind(f["mkind"][i]), Points: points, Ink: clinical.Ink(f["mink"][i])}
		if row.Kind == clinical.MarkText {
			row.Text = strings.TrimSpace(f["mtext"][i])
		}
		out = append(out, row)
	}
	return out, nil
}

// mostPoints is how many points are read of one shape.
const mostPoints = 8192

// pointsIn reads "x,y x,y …".
func pointsIn(s string) ([]clinical.Point, error) {
	fields := strings.Fields(s)
	if len(fields) > mostPoints {
		return nil, clinical.Refuse(clinical.Invalid, "recipe-too-large", "This shape has too many points. Draw it again with fewer.")
	}
	out := make([]clinical.Point, 0, len(fields))
	for _, one := range fields {
		v, err := wire.Numbers(one, 2)
		if err != nil {
			return out, clinical.Refuse(clinical.Invalid, "points", "Points are written as x,y with a blank between them, in pixels of the picture. Correct them, or take the tick away.")
		}
		out = append(out, clinical.Point{X: v[0], Y: v[1]})
	}
	return out, nil
}

// frameIn reads the crop; no width: none.
func frameIn(f url.Values, wrong *firstFault) *clinical.Frame {
	if strings.TrimSpace(f.Get("fw")) == "" {
		return nil
	}
	return &clinical.Frame{
		Centre: clinical.Point{X: wrong.number(f, "fx"), Y: wrong.number(f, "fy")},
		Width:  wrong.number(f, "fw"), Height: wrong.number(f, "fh"), Angle: wrong.number(f, "fangle"),
	}
}

// toneIn reads light and colour. What was measured comes back as it was sent.
func toneIn(f url.Values, wrong *firstFault) clinical.Tone {
	var t clinical.Tone
	if s := f.Get("measured"); s != "" {
		r, err := clinical.ParseRecipe([]byte(`{"version":1,"tone":` + s + `}`))
		if err != nil {
			wrong.note(err)
		}
		t = r.Tone
	}
	if f.Get("keepwhite") == "" {
		t.White = nil
	}
	if f.Get("keepchart") == "" {
		t.Matrix, t.Chart = nil, nil
	}
	t.Exposure, t.Contrast = wrong.number(f, "exposure"), wrong.number(f, "contrast")
	return t
}

// scaleIn reads the scale bar; no line: none.
func scaleIn(f url.Values, wrong *firstFault) *clinical.ScaleBar {
	line := strings.TrimSpace(f.Get("line"))
	if line == "" {
		return nil
	}
	v, err := wire.Numbers(line, 4)
	if err != nil {
		wrong.note(err)
		return nil
	}
	return &clinical.ScaleBar{
		From: clinical.Point{X: v[0], Y: v[1]}, To: clinical.Point{X: v[2], Y: v[3]}, LengthMM: wrong.number(f, "mm"),
		Corner: clinical.Corner(f.Get("corner")), BarMM: wrong.number(f, "bar"), ClickPX: math.Max(0, wrong.number(f, "click")),
	}
}
