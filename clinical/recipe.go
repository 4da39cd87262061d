package clinical

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
)

// RecipeVersion is the version of the recipe format that this program writes
// and reads (docs/formats/recipe.md).
const RecipeVersion = 1

// maxRecipe is the longest recipe that is read, in bytes of JSON.
const maxRecipe = 512 << 10

// Recipe is every edit of one picture, as data. Applied to the original it gives
// the edited picture, the same bits on every machine; the original stays as it
// is. Its steps are fixed and done in this order, whatever the order of the
// editing: masks, frame, turn, tone, marks, scale bar, side.
//
// All coordinates are pixels of the upright original (EXIF orientation applied,
// for a raw file its largest preview, for a video its poster): x to the right,
// y down, 0,0 the upper left corner of the upper left pixel. Nothing in a recipe
// mirrors a picture: left stays left.
//
// The zero Recipe is invalid; [NewRecipe] changes nothing. A Recipe from outside
// is worth nothing before [Recipe.Check].
type Recipe struct {
	Version int        `json:"version"`
	Turn    int        `json:"turn,omitempty"`  // degrees clockwise: 0, 90, 180, 270
	Frame   *Frame     `json:"frame,omitempty"` // nil: the whole picture
	Tone    Tone       `json:"tone,omitzero"`
	Masks   []Mask     `json:"masks,omitempty"`
	Marks   []Mark     `json:"marks,omitempty"`
	Scale   *ScaleBar  `json:"scale,omitempty"`
	Side    Laterality `json:"side,omitempty"` // R, L or B, written into the picture; empty: nothing is
}

// NewRecipe returns the recipe that changes nothing.
func NewRecipe() Recipe { return Recipe{Version: RecipeVersion} }

// Point is a place in the upright original, in pixels.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Rect is an upright rectangle in the upright original, in pixels.
type Rect struct {
	Min Point `json:"min"` // upper left
	Max Point `json:"max"` // lower right
}

// Frame is what is cut out: a rectangle of Width × Height pixels around Centre
// that lies askew by Angle degrees clockwise, −45 to 45, and is shown upright.
// What is shown turns the other way: a positive Angle straightens a picture that
// leans to the right.
type Frame struct {
	Centre Point   `json:"centre"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
	Angle  float64 `json:"angle,omitempty"`
}

// Tone is what happens to light and colour. The zero Tone changes nothing.
type Tone struct {
	Exposure float64       `json:"exposure,omitempty"` // EV, −4 to 4, in linear light
	Contrast float64       `json:"contrast,omitempty"` // −1 to 1: slope 2^Contrast about middle grey of sRGB
	White    *WhiteBalance `json:"white,omitempty"`
	Matrix   *[9]float64   `json:"matrix,omitempty"` // row by row, linear sRGB to linear sRGB, from a colour chart
	Chart    *Chart        `json:"chart,omitempty"`  // what Matrix was fitted on; rendering does not look at it
}

// Chart is where a chart of 24 patches lies in the picture, and what fitting
// Tone.Matrix on it came to.
type Chart struct {
	// Corners are the middles of its corner patches: dark skin, bluish green,
	// black, white, which is clockwise.
	Corners [4]Point `json:"corners"`
	// Before and After are the mean colour differences of its patches from what
	// they are (CIEDE2000), in the picture as taken and with Matrix.
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// WhiteBalance multiplies red, green and blue in linear light, each by 1/8 to 8.
type WhiteBalance struct {
	Gains [3]float64 `json:"gains"`
	Patch *Rect      `json:"patch,omitempty"` // the grey that Gains were measured on; rendering does not look at it
}

// MaskShape is the form of a masked region.
type MaskShape string

// The shapes.
const (
	MaskEllipse MaskShape = "ellipse" // Centre, Radii, Angle
	MaskPolygon MaskShape = "polygon" // Points, closed; filled by the non-zero rule
	MaskBrush   MaskShape = "brush"   // a stroke through Points, Radius wide to each side
)

// MaskFill is what stands in the place of masked pixels. There is no blur and no
// pixelation: both can be undone.
type MaskFill string

// The fills.
const (
	FillSolid MaskFill = "solid"
	FillNoise MaskFill = "noise" // from the recipe and the asset's ID alone
)

// MaskCause says what a mask hides.
type MaskCause string

// The causes.
const (
	HidesFace       MaskCause = "face"
	HidesEyes       MaskCause = "eyes" // alone it makes nobody anonymous
	HidesTattoo     MaskCause = "tattoo"
	HidesJewellery  MaskCause = "jewellery"
	HidesLabel      MaskCause = "label"
	HidesBackground MaskCause = "background"
	HidesOther      MaskCause = "other"
)

// Mask is a region whose pixels are replaced before anything else is done. Every
// pixel that the shape touches is masked whole.
type Mask struct {
	Shape  MaskShape `json:"shape"`
	Centre Point     `json:"centre,omitzero"`
	Radii  Point     `json:"radii,omitzero"` // half the width and half the height before Angle
	Angle  float64   `json:"angle,omitempty"`
	Points []Point   `json:"points,omitempty"`
	Radius float64   `json:"radius,omitempty"`
	Fill   MaskFill  `json:"fill"`
	Cause  MaskCause `json:"cause"`
	// Suggested is a detector's confidence, 0 to 1, where a mask was proposed by
	// one; 0 where a person drew it.
	Suggested float64 `json:"suggested,omitempty"`
}

// MarkKind is the form of an annotation.
type MarkKind string

// The kinds of marks.
const (
	MarkArrow   MarkKind = "arrow"   // Points: tail, head
	MarkText    MarkKind = "text"    // Points: where its first line begins, on the base line
	MarkOutline MarkKind = "outline" // Points: a closed line
)

// Ink is the colour of a mark.
type Ink string

// The inks, distinguishable on skin and by most colour-blind people.
const (
	White  Ink = "white"
	Black  Ink = "black"
	Yellow Ink = "yellow"
	Cyan   Ink = "cyan"
)

// Mark is drawn on the picture and moves and turns with it; text stays upright.
type Mark struct {
	Kind   MarkKind `json:"kind"`
	Points []Point  `json:"points"`
	Text   string   `json:"text,omitempty"`
	Ink    Ink      `json:"ink"`
}

// Corner is where a scale bar is shown.
type Corner string

// The corners.
const (
	LowerLeft  Corner = "lower-left"
	LowerRight Corner = "lower-right"
	UpperLeft  Corner = "upper-left"
	UpperRight Corner = "upper-right"
)

// ScaleBar says that the line From–To, drawn along a ruler, is LengthMM
// millimetres long. The bar that is shown is a round length of its own.
type ScaleBar struct {
	From     Point   `json:"from"`
	To       Point   `json:"to"`
	LengthMM float64 `json:"length_mm"`
	Corner   Corner  `json:"corner"`
	// BarMM is how long the bar is that is shown: 1, 2 or 5 times a power of ten.
	// 0, and one that takes more than four fifths of the width: the longest that
	// takes at most a quarter.
	BarMM float64 `json:"bar_mm,omitempty"`
	// ClickPX is how far each end may be off along the ruler, in pixels of the
	// original, one standard deviation: one pixel of the screen that it was drawn
	// on. 0: 2 pixels.
	ClickPX float64 `json:"click_px,omitempty"`
}

// usualClick is ScaleBar.ClickPX where nobody says.
const usualClick = 2.0

// PerMM returns how many pixels of the original a millimetre is where the ruler
// lies, and by how much that may be off, one standard deviation: both ends err
// by ClickPX, each for itself. What the ruler's own marks and a plane that leans
// away from the camera add is not in it.
func (s ScaleBar) PerMM() (pixels, deviation float64) {
	click := s.ClickPX
	if click == 0 {
		click = usualClick
	}
	return math.Hypot(s.To.X-s.From.X, s.To.Y-s.From.Y) / s.LengthMM, math.Sqrt2 * click / s.LengthMM
}

// BarLengths returns the lengths that a bar may have, in tenths of a millimetre.
func BarLengths() []int {
	return []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000}
}

// ParseRecipe reads a recipe and refuses a newer version, an unknown field and
// anything after the value. It does not know the picture: Check follows.
func ParseRecipe(b []byte) (Recipe, error) {
	if len(b) > maxRecipe {
		return Recipe{}, Refuse(Invalid, "recipe-too-large", "These edits are too many to save. Remove some masks or marks and save again.")
	}
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err == nil && head.Version > RecipeVersion {
		return Recipe{}, Refuse(Invalid, "recipe-version", "These edits were made by a newer program. Update this one and open them again.")
	}
	var r Recipe
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Recipe{}, unreadableRecipe()
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Recipe{}, unreadableRecipe()
	}
	return r, nil
}

// unreadableRecipe quotes nothing: a text in it may name somebody.
func unreadableRecipe() error {
	return Refuse(Invalid, "recipe-unreadable", "These edits cannot be read. Open the picture again and repeat them.")
}

// Encode writes a checked recipe as JSON, the same bytes for the same recipe.
// NaN and infinities, which Check refuses, have no form and are Invalid.
func (r Recipe) Encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, unreadableRecipe()
	}
	return b, nil
}
