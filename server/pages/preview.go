package pages

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"fovea/clinical"
)

// toneFilter is a recipe's tone as the numbers of an SVG filter: what a browser
// shows before the server has rendered it.
type toneFilter struct {
	Matrix           string // on linear light: gains, exposure and the chart's matrix
	Slope, Intercept string // on sRGB values: contrast
}

func filterOf(t clinical.Tone) toneFilter {
	m := [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}
	if t.Matrix != nil {
		m = *t.Matrix
	}
	gains := [3]float64{1, 1, 1}
	if t.White != nil {
		gains = t.White.Gains
	}
	rows := make([]string, 3)
	for i := range rows {
		for j := range 3 {
			rows[i] += fmt.Sprintf("%.5f ", m[3*i+j]*gains[j]*math.Exp2(t.Exposure))
		}
		rows[i] += "0 0"
	}
	slope := math.Exp2(t.Contrast)
	return toneFilter{strings.Join(rows, " ") + " 0 0 0 1 0", fmt.Sprintf("%.5f", slope), fmt.Sprintf("%.5f", 0.5-0.5*slope)}
}

// Middle is where a mask's number stands; nil where the mask has no place.
func (r maskRow) Middle() *clinical.Point {
	if r.Shape == clinical.MaskEllipse {
		return &r.Centre
	}
	if len(r.Points) == 0 {
		return nil
	}
	var sum clinical.Point
	for _, p := range r.Points {
		sum.X, sum.Y = sum.X+p.X, sum.Y+p.Y
	}
	n := float64(len(r.Points))
	return &clinical.Point{X: math.Round(sum.X / n), Y: math.Round(sum.Y / n)}
}

// Head is an annotation's last point: an arrow's head, a text's beginning.
func (r markRow) Head() *clinical.Point {
	if len(r.Points) == 0 {
		return nil
	}
	return &r.Points[len(r.Points)-1]
}

// scenery is what the templates of an edited picture ask for.
func scenery() template.FuncMap {
	return template.FuncMap{
		"decimal": decimal, "tonefilter": filterOf,
		"twice": func(v float64) float64 { return 2 * v },
		"turns": func() []int { return []int{0, 90, 180, 270} },
		"bars": func() []string {
			var out []string
			for _, tenths := range clinical.BarLengths() {
				out = append(out, decimal(float64(tenths)/10))
			}
			return out
		},
		"blankmask": func() maskRow {
			return maskRow{On: true, Mask: clinical.Mask{Shape: clinical.MaskEllipse, Fill: clinical.FillSolid, Cause: clinical.HidesFace}}
		},
		"blankmark": func() markRow {
			return markRow{On: true, Mark: clinical.Mark{Kind: clinical.MarkText, Ink: clinical.Yellow}}
		},
	}
}
