package clinical_test

import (
	"slices"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

func TestAdviceBeginsAtItsLimit(t *testing.T) {
	other := clinicaltest.ID[clinical.Asset]("other")
	fine := clinical.Quality{Program: 1, Edges: true, Blur: 1.6, Smear: 1.6, Median: 0.4, Low: 0.5, High: 0.28, Sought: true, Faces: 1}
	filed := clinical.Asset{State: clinical.Filed, Original: clinical.Blob{MIME: "image/jpeg"}}
	for name, c := range map[string]struct {
		change func(*clinical.Quality)
		about  func(*clinical.Asset)
		scaled bool
		want   []clinical.Reason
	}{
		"at every limit":                    {},
		"soft":                              {change: func(q *clinical.Quality) { q.Blur = 1.61 }, want: []clinical.Reason{clinical.AdviceSoft}},
		"soft as everything here is":        {change: func(q *clinical.Quality) { q.Blur, q.Usual = 3, 2 }},
		"softer than everything here":       {change: func(q *clinical.Quality) { q.Blur, q.Usual = 3.1, 2 }, want: []clinical.Reason{clinical.AdviceSoft}},
		"soft where nobody can tell":        {change: func(q *clinical.Quality) { q.Blur, q.Edges = 5, false }},
		"moved":                             {change: func(q *clinical.Quality) { q.Smear, q.Still = 2, 0.9 }, want: []clinical.Reason{clinical.AdviceMoved}},
		"wide everywhere":                   {change: func(q *clinical.Quality) { q.Blur, q.Smear, q.Still = 2, 2, 1.8 }, want: []clinical.Reason{clinical.AdviceSoft}},
		"dark":                              {change: func(q *clinical.Quality) { q.High = 0.27 }, want: []clinical.Reason{clinical.AdviceDark}},
		"bright":                            {change: func(q *clinical.Quality) { q.Low = 0.51 }, want: []clinical.Reason{clinical.AdviceBright}},
		"red burnt":                         {change: func(q *clinical.Quality) { q.Burnt[0] = 0.06 }, want: []clinical.Reason{clinical.AdviceBurnt}},
		"white paper":                       {change: func(q *clinical.Quality) { q.Burnt, q.White = [3]float64{0.34, 0.3, 0.3}, 0.3 }},
		"blue blocked up":                   {change: func(q *clinical.Quality) { q.Black[2] = 0.26 }, want: []clinical.Reason{clinical.AdviceBlack}},
		"black cloth":                       {change: func(q *clinical.Quality) { q.Black, q.Dark = [3]float64{0.6, 0.6, 0.6}, 0.6 }},
		"alike":                             {change: func(q *clinical.Quality) { q.Like, q.Likeness = other, 0.8 }, want: []clinical.Reason{clinical.AdviceAlike}},
		"hardly alike":                      {change: func(q *clinical.Quality) { q.Like, q.Likeness = other, 0.79 }},
		"a face that is there":              {about: func(a *clinical.Asset) { a.View.Code = "FACE-ANT" }},
		"no face":                           {change: func(q *clinical.Quality) { q.Faces = 0 }, about: func(a *clinical.Asset) { a.View.Site = "Visage" }, want: []clinical.Reason{clinical.AdviceNoFace}},
		"nobody looked for a face":          {change: func(q *clinical.Quality) { q.Faces, q.Sought = 0, false }, about: func(a *clinical.Asset) { a.View.Code = "FACE" }},
		"a part of a face":                  {change: func(q *clinical.Quality) { q.Faces = 0 }, about: func(a *clinical.Asset) { a.View.Code = "FACE EYES" }},
		"a surface":                         {change: func(q *clinical.Quality) { q.Faces = 0 }, about: func(a *clinical.Asset) { a.View.Site = "surface" }},
		"no scale, not yet measured":        {change: func(q *clinical.Quality) { *q = clinical.Quality{} }, about: func(a *clinical.Asset) { a.View.ScaleInFrame = true }, want: []clinical.Reason{clinical.AdviceNoScale}},
		"a scale":                           {about: func(a *clinical.Asset) { a.View.ScaleInFrame = true }, scaled: true},
		"a video's first frame":             {change: func(q *clinical.Quality) { q.High, q.Blur = 0, 9 }, about: func(a *clinical.Asset) { a.Original.MIME = "video/mp4" }},
		"an ID shot":                        {change: func(q *clinical.Quality) { q.Blur = 9 }, about: func(a *clinical.Asset) { a.IDShot = true }},
		"what was destroyed":                {change: func(q *clinical.Quality) { q.Blur = 9 }, about: func(a *clinical.Asset) { a.State = clinical.Erased }},
		"what no decoder reads":             {change: func(q *clinical.Quality) { q.Blur, q.Failed = 9, "undecodable" }},
		"of two things the sharpness first": {change: func(q *clinical.Quality) { q.Blur, q.High = 3, 0.1 }, want: []clinical.Reason{clinical.AdviceSoft, clinical.AdviceDark}},
	} {
		q, a := fine, filed
		if c.change != nil {
			c.change(&q)
		}
		if c.about != nil {
			c.about(&a)
		}
		var got []clinical.Reason
		for _, one := range q.Advise(a, c.scaled) {
			got = append(got, one.Code)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTheMeasuredSizeGoesBeforeTheCameras(t *testing.T) {
	for name, c := range map[string]struct {
		mime     string
		measured bool
		turned   int
		w, h     int
	}{
		"a JPEG by its camera":     {mime: "image/jpeg", w: 4000, h: 3000},
		"a JPEG held upright":      {mime: "image/jpeg", turned: 6, w: 3000, h: 4000},
		"a JPEG that was measured": {mime: "image/jpeg", turned: 6, measured: true, w: 1200, h: 800},
		"a raw file by its camera": {mime: "image/x-nikon-nef"},
		"a raw file, measured":     {mime: "image/x-nikon-nef", turned: 8, measured: true, w: 1200, h: 800},
		"a video by its camera":    {mime: "video/quicktime"},
		"HEIC by its camera":       {mime: "image/heic", turned: 6},
	} {
		a := clinical.Asset{Original: clinical.Blob{ID: clinicaltest.ID[clinical.Blob]("it"), MIME: c.mime}, Capture: clinical.Capture{Width: 4000, Height: 3000, Orientation: c.turned}}
		q := clinical.Quality{Source: clinicaltest.ID[clinical.Blob]("another"), Width: 7, Height: 5}
		if c.measured {
			q = clinical.Quality{Source: a.Original.ID, Width: 1200, Height: 800}
		}
		if w, h := q.Upright(a); w != c.w || h != c.h {
			t.Errorf("%s: %d × %d, want %d × %d", name, w, h, c.w, c.h)
		}
	}
}
