package wire

import (
	"math"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
)

// ChartFit is what fitting colours on a chart came to. Nothing is changed by it:
// the matrix goes into a recipe's tone, in the place of white balance and
// exposure.
type ChartFit struct {
	Matrix  [9]float64   `json:"matrix" doc:"row by row, linear sRGB to linear sRGB"`
	Before  float64      `json:"before" doc:"mean colour difference of the patches from what they are, as taken (CIEDE2000)"`
	After   float64      `json:"after" doc:"the same, corrected"`
	Patches []ChartPatch `json:"patches"`
}

// ChartPatch is one patch's difference from what it is.
type ChartPatch struct {
	Name   string  `json:"name"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// Tone returns what the fit makes of a recipe's tone: contrast stays, white
// balance and exposure are in the matrix.
func (f ChartFit) Tone(t clinical.Tone, corners [4]clinical.Point) clinical.Tone {
	return clinical.Tone{
		Contrast: t.Contrast, Matrix: &f.Matrix,
		Chart: &clinical.Chart{Corners: corners, Before: hundredths(f.Before), After: hundredths(f.After)},
	}
}

func hundredths(v float64) float64 { return math.Round(100*v) / 100 }

// Grey is a white balance from a grey patch. Nothing is changed by it.
type Grey struct {
	Gains [3]float64 `json:"gains" doc:"of red, green and blue in linear light"`
	Cast  float64    `json:"cast" doc:"how far the patch was from grey (CIEDE2000)"`
}

// Tone returns what the balance makes of a recipe's tone. A matrix from a chart
// balances already, so it goes.
func (g Grey) Tone(t clinical.Tone, patch clinical.Rect) clinical.Tone {
	return clinical.Tone{Exposure: t.Exposure, Contrast: t.Contrast, White: &clinical.WhiteBalance{Gains: g.Gains, Patch: &patch}}
}

// Scale is how large a picture is where its ruler lies.
type Scale struct {
	PixelsPerMM float64 `json:"pixels_per_mm" doc:"of the upright original"`
	Deviation   float64 `json:"deviation" doc:"one standard deviation of it, from where the ends of the line were set"`
}

// ToScale converts for the wire; nil: there is none.
func ToScale(s *clinical.ScaleBar) *Scale {
	if s == nil {
		return nil
	}
	perMM, off := s.PerMM()
	return &Scale{perMM, off}
}

// PasteEdit takes parts of another picture's version.
type PasteEdit struct {
	From    clinical.AssetID   `json:"from" doc:"the picture to copy from"`
	Version int                `json:"version" minimum:"1" doc:"its version"`
	Parts   []clinical.Section `json:"parts" minItems:"1" maxItems:"7" doc:"turn, frame, tone, masks, marks, scale, side; the last four never go to another patient"`
}

// WaitingCopy is a picture whose flattened copy waits for a second person.
type WaitingCopy struct {
	Asset   clinical.AssetID   `json:"asset"`
	Patient clinical.PatientID `json:"patient,omitzero"`
	Version int                `json:"version"`
	By      clinical.PersonID  `json:"by" doc:"who made the version, and so cannot attest it"`
	Name    string             `json:"name,omitempty" doc:"of that person"`
	At      time.Time          `json:"at"`
	Masks   int                `json:"masks"`
	Note    string             `json:"note,omitempty"`
}

// ToWaitingCopy converts for the wire; name says who somebody is.
func ToWaitingCopy(name func(clinical.PersonID) string) func(clinical.Unseen) WaitingCopy {
	return func(u clinical.Unseen) WaitingCopy {
		return WaitingCopy{Asset: u.Asset, Patient: u.Patient, Version: u.Version, By: u.By, Name: name(u.By), At: u.At, Masks: u.Masks, Note: u.Note}
	}
}

// Numbers reads n numbers with commas or blanks between them: the places that
// a person marked in a picture.
func Numbers(s string, n int) ([]float64, error) {
	fields := strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' || c == ';' })
	out := make([]float64, 0, n)
	for _, f := range fields[:min(len(fields), n+1)] {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, unnumbered(n)
		}
		out = append(out, v)
	}
	if len(out) != n {
		return nil, unnumbered(n)
	}
	return out, nil
}

func unnumbered(n int) error {
	return clinical.Refuse(clinical.Invalid, "numbers", "Give "+strconv.Itoa(n)+" numbers in pixels of the upright picture, with commas between them.")
}

// Corners reads the middles of a chart's corner patches: x,y four times.
func Corners(s string) ([4]clinical.Point, error) {
	v, err := Numbers(s, 8)
	if err != nil {
		return [4]clinical.Point{}, err
	}
	return [4]clinical.Point{{X: v[0], Y: v[1]}, {X: v[2], Y: v[3]}, {X: v[4], Y: v[5]}, {X: v[6], Y: v[7]}}, nil
}

// Box reads a rectangle: left, top, width, height.
func Box(s string) (clinical.Rect, error) {
	v, err := Numbers(s, 4)
	if err != nil {
		return clinical.Rect{}, err
	}
	return clinical.Rect{Min: clinical.Point{X: v[0], Y: v[1]}, Max: clinical.Point{X: v[0] + v[2], Y: v[1] + v[3]}}, nil
}
