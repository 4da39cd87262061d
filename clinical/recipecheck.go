package clinical

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a recipe.
const (
	maxMasks     = 64
	maxMarks     = 64
	maxPoints    = 8192 // of all masks and marks together
	maxMarkText  = 120  // characters
	minFrame     = 16.0 // pixels
	maxRuler     = 5000 // mm
	minGain      = 1.0 / 8
	maxGain      = 8.0
	maxMatrix    = 8.0
	frameMargin  = 0.5 // pixels by which a screen's rounding may put a corner outside
	maxPictureXY = 1 << 20
	maxClick     = 200 // pixels
	maxDeltaE    = 200 // more than any two colours differ
)

// Check tells whether r can be applied to an upright original of width × height
// pixels. It believes nothing: every number, count and text is looked at. A
// refusal is Invalid, has a reason beginning with recipe-, and says in words
// what to do.
func (r Recipe) Check(width, height int) error {
	if width <= 0 || height <= 0 || width > maxPictureXY || height > maxPictureXY {
		return Refuse(Invalid, "recipe-picture", "The picture has no usable size. Render it first, then edit it.")
	}
	if r.Version != RecipeVersion {
		return Refuse(Invalid, "recipe-version", "These edits are of another version. Update this program and open them again.")
	}
	c := canvas{float64(width), float64(height)}
	for _, check := range []func(canvas) error{r.checkTurn, r.checkSize, r.checkFrame, r.checkTone, r.checkMasks, r.checkMarks, r.checkScale} {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

// canvas is the upright original's size in pixels.
type canvas struct{ w, h float64 }

// near tells whether p is a number and not farther than one picture away.
func (c canvas) near(p Point) bool {
	return p.X >= -c.w && p.X <= 2*c.w && p.Y >= -c.h && p.Y <= 2*c.h
}

// holds tells whether p is in the picture.
func (c canvas) holds(p Point) bool {
	return p.X >= -frameMargin && p.X <= c.w+frameMargin && p.Y >= -frameMargin && p.Y <= c.h+frameMargin
}

// within is false for NaN.
func within(v, low, high float64) bool { return v >= low && v <= high }

func (r Recipe) checkTurn(canvas) error {
	switch r.Turn {
	case 0, 90, 180, 270:
	default:
		return Refuse(Invalid, "recipe-turn", "A picture is turned by quarters. Choose 0, 90, 180 or 270 degrees, and straighten for less.")
	}
	switch r.Side {
	case LateralityUnknown, Right, Left, BothSides:
		return nil
	case Unpaired:
	}
	return Refuse(Invalid, "recipe-side", "A picture can be labelled R, L or B. Choose one of these, or no side.")
}

func (r Recipe) checkSize(canvas) error {
	points := 0
	for _, m := range r.Masks {
		points += len(m.Points)
	}
	for _, m := range r.Marks {
		points += len(m.Points)
	}
	if len(r.Masks) > maxMasks || len(r.Marks) > maxMarks || points > maxPoints {
		return Refuse(Invalid, "recipe-too-large", fmt.Sprintf(
			"At most %d masks, %d marks and %d points can be saved. Remove some and save again.", maxMasks, maxMarks, maxPoints))
	}
	return nil
}

func (r Recipe) checkFrame(c canvas) error {
	f := r.Frame
	if f == nil {
		return nil
	}
	if !within(f.Angle, -45, 45) {
		return Refuse(Invalid, "recipe-frame", "A picture is straightened by at most 45 degrees. Turn it by a quarter first.")
	}
	if !within(f.Width, minFrame, 2*maxPictureXY) || !within(f.Height, minFrame, 2*maxPictureXY) {
		return Refuse(Invalid, "recipe-frame", fmt.Sprintf("A crop is at least %.0f pixels wide and high. Draw it larger.", minFrame))
	}
	sin, cos := math.Sincos(f.Angle * math.Pi / 180)
	for _, s := range [][2]float64{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} {
		x, y := s[0]*f.Width/2, s[1]*f.Height/2
		if !c.holds(Point{f.Centre.X + x*cos - y*sin, f.Centre.Y + x*sin + y*cos}) {
			return Refuse(Invalid, "recipe-frame", "The crop reaches beyond the picture. Move it inside, or make it smaller.")
		}
	}
	return nil
}

func (r Recipe) checkTone(c canvas) error {
	t := r.Tone
	if !within(t.Exposure, -4, 4) || !within(t.Contrast, -1, 1) {
		return Refuse(Invalid, "recipe-tone", "Exposure goes from −4 to 4 EV, contrast from −1 to 1. Choose values between these.")
	}
	if w := t.White; w != nil {
		for _, g := range w.Gains {
			if !within(g, minGain, maxGain) {
				return Refuse(Invalid, "recipe-tone", "The grey patch is too far from grey. Take the white balance from another place.")
			}
		}
		if p := w.Patch; p != nil && !(c.holds(p.Min) && c.holds(p.Max) && p.Min.X < p.Max.X && p.Min.Y < p.Max.Y) {
			return Refuse(Invalid, "recipe-tone", "The grey patch lies outside the picture. Take the white balance again.")
		}
	}
	return t.checkChart(c)
}

func (t Tone) checkChart(c canvas) error {
	if t.Matrix != nil {
		for _, v := range t.Matrix {
			if !within(v, -maxMatrix, maxMatrix) {
				return Refuse(Invalid, "recipe-tone", "The colour chart gives impossible colours. Mark its corners again.")
			}
		}
	}
	if t.Chart == nil {
		return nil
	}
	if t.Matrix == nil || !within(t.Chart.Before, 0, maxDeltaE) || !within(t.Chart.After, 0, maxDeltaE) {
		return Refuse(Invalid, "recipe-tone", "The colours of the chart were not measured. Mark its corners again.")
	}
	for _, p := range t.Chart.Corners {
		if !c.holds(p) {
			return Refuse(Invalid, "recipe-tone", "The colour chart leaves the picture. Mark its corners again.")
		}
	}
	return nil
}

func (r Recipe) checkMasks(c canvas) error {
	for i, m := range r.Masks {
		if problem := m.problem(c); problem != "" {
			return Refuse(Invalid, "recipe-mask", fmt.Sprintf("Mask %d %s", i+1, problem))
		}
	}
	return nil
}

// problem says what is wrong with a mask and what to do, "" when nothing is.
func (m Mask) problem(c canvas) string {
	switch m.Fill {
	case FillSolid, FillNoise:
	default:
		return "has an unknown fill. Choose solid or noise; blur and pixelation can be undone."
	}
	switch m.Cause {
	case HidesFace, HidesEyes, HidesTattoo, HidesJewellery, HidesLabel, HidesBackground, HidesOther:
	default:
		return "does not say what it hides. Choose a cause."
	}
	if !within(m.Suggested, 0, 1) {
		return "has a confidence that is none. Draw it again."
	}
	for _, p := range m.Points {
		if !c.near(p) {
			return "reaches too far outside the picture. Draw it again."
		}
	}
	low, high, ok := m.bounds(c)
	switch {
	case !ok:
		return "has no usable shape. Draw it again."
	case high.X <= 0 || high.Y <= 0 || low.X >= c.w || low.Y >= c.h:
		return "lies outside the picture and hides nothing. Move it, or remove it."
	}
	return ""
}

// bounds returns the corners of a box around the mask, and whether its fields
// are those of its shape and make one.
func (m Mask) bounds(c canvas) (low, high Point, ok bool) {
	reach := 2 * max(c.w, c.h)
	switch m.Shape {
	case MaskEllipse:
		r := max(m.Radii.X, m.Radii.Y)
		ok = within(m.Radii.X, 0.5, reach) && within(m.Radii.Y, 0.5, reach) && within(m.Angle, -180, 180) &&
			c.near(m.Centre) && len(m.Points) == 0 && m.Radius == 0
		return Point{m.Centre.X - r, m.Centre.Y - r}, Point{m.Centre.X + r, m.Centre.Y + r}, ok
	case MaskPolygon:
		ok = len(m.Points) >= 3 && m.Radius == 0
	case MaskBrush:
		ok = len(m.Points) >= 1 && within(m.Radius, 0.5, reach)
	}
	if !ok || m.Centre != (Point{}) || m.Radii != (Point{}) || m.Angle != 0 {
		return low, high, false
	}
	low, high = m.Points[0], m.Points[0]
	for _, p := range m.Points {
		low = Point{min(low.X, p.X), min(low.Y, p.Y)}
		high = Point{max(high.X, p.X), max(high.Y, p.Y)}
	}
	r := m.Radius
	return Point{low.X - r, low.Y - r}, Point{high.X + r, high.Y + r}, true
}

func (r Recipe) checkMarks(c canvas) error {
	for i, m := range r.Marks {
		if problem := m.problem(c); problem != "" {
			return Refuse(Invalid, "recipe-mark", fmt.Sprintf("Mark %d %s", i+1, problem))
		}
	}
	return nil
}

// problem says what is wrong with a mark and what to do, "" when nothing is.
func (m Mark) problem(c canvas) string {
	for _, p := range m.Points {
		if !c.near(p) {
			return "lies too far outside the picture. Draw it again."
		}
	}
	switch m.Ink {
	case White, Black, Yellow, Cyan:
	default:
		return "has an unknown colour. Choose white, black, yellow or cyan."
	}
	var shaped bool
	switch m.Kind {
	case MarkArrow:
		shaped = len(m.Points) == 2 && m.Points[0] != m.Points[1] && m.Text == ""
	case MarkOutline:
		shaped = len(m.Points) >= 2 && m.Text == ""
	case MarkText:
		if !legible(m.Text) {
			return fmt.Sprintf("needs a text of 1 to %d printable characters on one line. Shorten or retype it.", maxMarkText)
		}
		shaped = len(m.Points) == 1
	}
	if !shaped {
		return "has no usable shape. Draw it again."
	}
	return ""
}

// legible tells whether s is one short line without control, bidirectional or
// private characters.
func legible(s string) bool {
	if !utf8.ValidString(s) || strings.TrimSpace(s) == "" || utf8.RuneCountInString(s) > maxMarkText {
		return false
	}
	return strings.IndexFunc(s, func(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError }) < 0
}

func (r Recipe) checkScale(c canvas) error {
	s := r.Scale
	if s == nil {
		return nil
	}
	if !c.holds(s.From) || !c.holds(s.To) {
		return Refuse(Invalid, "recipe-scale", "The line along the ruler leaves the picture. Draw it again.")
	}
	if !within(math.Hypot(s.To.X-s.From.X, s.To.Y-s.From.Y), 8, 4*maxPictureXY) {
		return Refuse(Invalid, "recipe-scale", "The line along the ruler is too short to measure. Draw it along more of the ruler.")
	}
	if !within(s.LengthMM, 0.1, maxRuler) {
		return Refuse(Invalid, "recipe-scale", "The length on the ruler is between 0.1 and 5000 mm. Type what the ruler says.")
	}
	if !within(s.ClickPX, 0, maxClick) {
		return Refuse(Invalid, "recipe-scale", "The ends of the line along the ruler are too uncertain. Draw it again, larger on the screen.")
	}
	if s.BarMM != 0 && !slices.ContainsFunc(BarLengths(), func(tenths int) bool { return s.BarMM == float64(tenths)/10 }) {
		return Refuse(Invalid, "recipe-scale", "A bar is 1, 2 or 5 times a power of ten long, from 0.1 to 5000 mm. Choose one of these, or none.")
	}
	switch s.Corner {
	case LowerLeft, LowerRight, UpperLeft, UpperRight:
		return nil
	}
	return Refuse(Invalid, "recipe-scale", "The scale bar has no place. Choose a corner.")
}
