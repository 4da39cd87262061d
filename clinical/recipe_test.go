package clinical_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
)

// full is a recipe that uses every section.
func full() clinical.Recipe {
	r := clinical.NewRecipe()
	r.Turn = 90
	r.Frame = &clinical.Frame{Centre: clinical.Point{X: 500, Y: 400}, Width: 600, Height: 400, Angle: -7.25}
	r.Tone = clinical.Tone{
		Exposure: 0.5, Contrast: -0.25,
		White:  &clinical.WhiteBalance{Gains: [3]float64{1.1, 1, 0.9}, Patch: &clinical.Rect{Min: clinical.Point{X: 1, Y: 2}, Max: clinical.Point{X: 30, Y: 40}}},
		Matrix: &[9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1},
		Chart: &clinical.Chart{
			Corners: [4]clinical.Point{{X: 600, Y: 500}, {X: 700, Y: 500}, {X: 700, Y: 560}, {X: 600, Y: 560}}, Before: 7.25, After: 1.5,
		},
	}
	r.Masks = []clinical.Mask{
		{Shape: clinical.MaskEllipse, Centre: clinical.Point{X: 300, Y: 300}, Radii: clinical.Point{X: 40, Y: 60}, Angle: 12, Fill: clinical.FillSolid, Cause: clinical.HidesFace, Suggested: 0.83},
		{Shape: clinical.MaskPolygon, Points: []clinical.Point{{X: 10, Y: 10}, {X: 90, Y: 20}, {X: 40, Y: 80}}, Fill: clinical.FillNoise, Cause: clinical.HidesTattoo},
		{Shape: clinical.MaskBrush, Points: []clinical.Point{{X: 700, Y: 700}, {X: 720, Y: 705}}, Radius: 12, Fill: clinical.FillSolid, Cause: clinical.HidesLabel},
	}
	r.Marks = []clinical.Mark{
		{Kind: clinical.MarkArrow, Points: []clinical.Point{{X: 100, Y: 100}, {X: 200, Y: 220}}, Ink: clinical.Yellow},
		{Kind: clinical.MarkText, Points: []clinical.Point{{X: 100, Y: 90}}, Text: "Ulcère médial", Ink: clinical.White},
		{Kind: clinical.MarkOutline, Points: []clinical.Point{{X: 400, Y: 400}, {X: 480, Y: 410}, {X: 440, Y: 470}}, Ink: clinical.Cyan},
	}
	r.Scale = &clinical.ScaleBar{From: clinical.Point{X: 50, Y: 700}, To: clinical.Point{X: 450, Y: 705}, LengthMM: 100, Corner: clinical.LowerRight, BarMM: 20, ClickPX: 1.5}
	r.Side = clinical.Left
	return r
}

func TestRecipeIsTheSameAfterSavingAndReading(t *testing.T) {
	for _, r := range []clinical.Recipe{clinical.NewRecipe(), full()} {
		if err := r.Check(1000, 800); err != nil {
			t.Fatal(err)
		}
		b, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := clinical.ParseRecipe(b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r, back); d != "" {
			t.Error(d)
		}
		again, err := back.Encode()
		if err != nil || !bytes.Equal(b, again) {
			t.Errorf("encoded twice differs: %v", err)
		}
	}
}

func TestEveryFieldOfARecipeIsRefusedWhenAbsurd(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	tests := map[string]struct {
		spoil  func(*clinical.Recipe)
		reason clinical.Reason
	}{
		"no version":             {func(r *clinical.Recipe) { r.Version = 0 }, "recipe-version"},
		"newer":                  {func(r *clinical.Recipe) { r.Version = 2 }, "recipe-version"},
		"turn by 45":             {func(r *clinical.Recipe) { r.Turn = 45 }, "recipe-turn"},
		"turn by -90":            {func(r *clinical.Recipe) { r.Turn = -90 }, "recipe-turn"},
		"unpaired side":          {func(r *clinical.Recipe) { r.Side = clinical.Unpaired }, "recipe-side"},
		"side of nobody":         {func(r *clinical.Recipe) { r.Side = "X" }, "recipe-side"},
		"frame askew":            {func(r *clinical.Recipe) { r.Frame.Angle = 45.1 }, "recipe-frame"},
		"frame of NaN":           {func(r *clinical.Recipe) { r.Frame.Width = nan }, "recipe-frame"},
		"frame nowhere":          {func(r *clinical.Recipe) { r.Frame.Centre.X = nan }, "recipe-frame"},
		"frame angle NaN":        {func(r *clinical.Recipe) { r.Frame.Angle = nan }, "recipe-frame"},
		"frame too small":        {func(r *clinical.Recipe) { r.Frame.Height = 1 }, "recipe-frame"},
		"frame outside":          {func(r *clinical.Recipe) { r.Frame.Centre.X = 900 }, "recipe-frame"},
		"frame corner outside":   {func(r *clinical.Recipe) { r.Frame.Width, r.Frame.Height = 1000, 790 }, "recipe-frame"},
		"exposure":               {func(r *clinical.Recipe) { r.Tone.Exposure = 4.5 }, "recipe-tone"},
		"exposure NaN":           {func(r *clinical.Recipe) { r.Tone.Exposure = nan }, "recipe-tone"},
		"contrast":               {func(r *clinical.Recipe) { r.Tone.Contrast = -inf }, "recipe-tone"},
		"gain of nought":         {func(r *clinical.Recipe) { r.Tone.White.Gains[1] = 0 }, "recipe-tone"},
		"gain NaN":               {func(r *clinical.Recipe) { r.Tone.White.Gains[1] = nan }, "recipe-tone"},
		"patch outside":          {func(r *clinical.Recipe) { r.Tone.White.Patch.Max.X = 1001 }, "recipe-tone"},
		"patch inside out":       {func(r *clinical.Recipe) { r.Tone.White.Patch.Max.X = 0 }, "recipe-tone"},
		"matrix":                 {func(r *clinical.Recipe) { r.Tone.Matrix[4] = inf }, "recipe-tone"},
		"chart without a matrix": {func(r *clinical.Recipe) { r.Tone.Matrix = nil }, "recipe-tone"},
		"chart outside":          {func(r *clinical.Recipe) { r.Tone.Chart.Corners[2].X = 1001 }, "recipe-tone"},
		"chart of NaN":           {func(r *clinical.Recipe) { r.Tone.Chart.Corners[0].Y = nan }, "recipe-tone"},
		"chart that differs":     {func(r *clinical.Recipe) { r.Tone.Chart.Before = 201 }, "recipe-tone"},
		"chart measured NaN":     {func(r *clinical.Recipe) { r.Tone.Chart.After = nan }, "recipe-tone"},
		"mask without a shape":   {func(r *clinical.Recipe) { r.Masks[0].Shape = "" }, "recipe-mask"},
		"mask blurred":           {func(r *clinical.Recipe) { r.Masks[0].Fill = "blur" }, "recipe-mask"},
		"mask without a cause":   {func(r *clinical.Recipe) { r.Masks[0].Cause = "" }, "recipe-mask"},
		"mask confidence":        {func(r *clinical.Recipe) { r.Masks[0].Suggested = 1.1 }, "recipe-mask"},
		"mask confidence NaN":    {func(r *clinical.Recipe) { r.Masks[0].Suggested = nan }, "recipe-mask"},
		"mask centre NaN":        {func(r *clinical.Recipe) { r.Masks[0].Centre.Y = nan }, "recipe-mask"},
		"mask radius inf":        {func(r *clinical.Recipe) { r.Masks[0].Radii.Y = inf }, "recipe-mask"},
		"mask radius nought":     {func(r *clinical.Recipe) { r.Masks[0].Radii.X = 0 }, "recipe-mask"},
		"mask angle":             {func(r *clinical.Recipe) { r.Masks[0].Angle = nan }, "recipe-mask"},
		"ellipse with points":    {func(r *clinical.Recipe) { r.Masks[0].Points = r.Masks[1].Points }, "recipe-mask"},
		"polygon with a centre":  {func(r *clinical.Recipe) { r.Masks[1].Centre.X = 1 }, "recipe-mask"},
		"polygon of two":         {func(r *clinical.Recipe) { r.Masks[1].Points = r.Masks[1].Points[:2] }, "recipe-mask"},
		"polygon with NaN":       {func(r *clinical.Recipe) { r.Masks[1].Points[2].X = nan }, "recipe-mask"},
		"polygon far away":       {func(r *clinical.Recipe) { r.Masks[1].Points[2].X = 1e300 }, "recipe-mask"},
		"mask that hides naught": {func(r *clinical.Recipe) { r.Masks[0].Centre.X = -200 }, "recipe-mask"},
		"brush without points":   {func(r *clinical.Recipe) { r.Masks[2].Points = nil }, "recipe-mask"},
		"brush without width":    {func(r *clinical.Recipe) { r.Masks[2].Radius = 0 }, "recipe-mask"},
		"brush NaN":              {func(r *clinical.Recipe) { r.Masks[2].Radius = nan }, "recipe-mask"},
		"too many masks":         {func(r *clinical.Recipe) { r.Masks = make([]clinical.Mask, 65) }, "recipe-too-large"},
		"too many marks":         {func(r *clinical.Recipe) { r.Marks = make([]clinical.Mark, 65) }, "recipe-too-large"},
		"too many points":        {func(r *clinical.Recipe) { r.Masks[1].Points = make([]clinical.Point, 9000) }, "recipe-too-large"},
		"arrow of a point":       {func(r *clinical.Recipe) { r.Marks[0].Points[1] = r.Marks[0].Points[0] }, "recipe-mark"},
		"arrow NaN":              {func(r *clinical.Recipe) { r.Marks[0].Points[1].X = nan }, "recipe-mark"},
		"arrow with a text":      {func(r *clinical.Recipe) { r.Marks[0].Text = "x" }, "recipe-mark"},
		"ink":                    {func(r *clinical.Recipe) { r.Marks[0].Ink = "red" }, "recipe-mark"},
		"kind":                   {func(r *clinical.Recipe) { r.Marks[0].Kind = "script" }, "recipe-mark"},
		"text empty":             {func(r *clinical.Recipe) { r.Marks[1].Text = " " }, "recipe-mark"},
		"text long":              {func(r *clinical.Recipe) { r.Marks[1].Text = strings.Repeat("é", 121) }, "recipe-mark"},
		"text of two lines":      {func(r *clinical.Recipe) { r.Marks[1].Text = "a\nb" }, "recipe-mark"},
		"text turned round":      {func(r *clinical.Recipe) { r.Marks[1].Text = "a\u202eb" }, "recipe-mark"},
		"text not UTF-8":         {func(r *clinical.Recipe) { r.Marks[1].Text = "a\xff" }, "recipe-mark"},
		"ruler outside":          {func(r *clinical.Recipe) { r.Scale.To.X = 1010 }, "recipe-scale"},
		"ruler a point":          {func(r *clinical.Recipe) { r.Scale.To = r.Scale.From }, "recipe-scale"},
		"ruler NaN":              {func(r *clinical.Recipe) { r.Scale.To.X = nan }, "recipe-scale"},
		"ruler length":           {func(r *clinical.Recipe) { r.Scale.LengthMM = 0 }, "recipe-scale"},
		"ruler length NaN":       {func(r *clinical.Recipe) { r.Scale.LengthMM = nan }, "recipe-scale"},
		"ruler of a wild hand":   {func(r *clinical.Recipe) { r.Scale.ClickPX = 201 }, "recipe-scale"},
		"ruler of no hand":       {func(r *clinical.Recipe) { r.Scale.ClickPX = nan }, "recipe-scale"},
		"bar of no round length": {func(r *clinical.Recipe) { r.Scale.BarMM = 3 }, "recipe-scale"},
		"bar without end":        {func(r *clinical.Recipe) { r.Scale.BarMM = inf }, "recipe-scale"},
		"bar NaN":                {func(r *clinical.Recipe) { r.Scale.BarMM = nan }, "recipe-scale"},
		"ruler corner":           {func(r *clinical.Recipe) { r.Scale.Corner = "" }, "recipe-scale"},
	}
	for name, tt := range tests {
		r := full()
		tt.spoil(&r)
		err := r.Check(1000, 800)
		if clinical.KindOf(err) != clinical.Invalid || clinical.ReasonOf(err) != tt.reason {
			t.Errorf("%s: %v, reason %q; want %q", name, err, clinical.ReasonOf(err), tt.reason)
		} else if !strings.HasSuffix(err.Error(), ".") {
			t.Errorf("%s: %q does not end in words for a person", name, err)
		}
	}
	for _, size := range [][2]int{{0, 800}, {1000, -1}, {1 << 30, 5}} {
		if err := full().Check(size[0], size[1]); clinical.ReasonOf(err) != "recipe-picture" {
			t.Errorf("size %v: %v", size, err)
		}
	}
}

func TestRecipeTextThatIsNoneIsRefusedWithoutQuotingIt(t *testing.T) {
	for name, text := range map[string]string{
		"unknown field":          `{"version":1,"blur":3}`,
		"unknown field in mask":  `{"version":1,"masks":[{"shape":"ellipse","dupont":1}]}`,
		"something after":        `{"version":1} {}`,
		"NaN":                    `{"version":1,"tone":{"exposure":NaN}}`,
		"a number out of bounds": `{"version":1,"tone":{"exposure":1e999}}`,
		"words":                  `DUPONT`,
		"nothing":                ``,
		"an array":               `[]`,
		"a long matrix":          `{"version":1,"turn":"dupont"}`,
		"long":                   `{"version":1` + strings.Repeat(" ", 600<<10) + `}`,
		"newer":                  `{"version":2,"dupont":true}`,
	} {
		_, err := clinical.ParseRecipe([]byte(text))
		if clinical.KindOf(err) != clinical.Invalid || clinical.ReasonOf(err) == "" || strings.Contains(strings.ToLower(err.Error()), "dupont") {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := full()
	r.Tone.Exposure = math.NaN()
	if _, err := r.Encode(); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("NaN encoded: %v", err)
	}
}

func TestDiffNamesEachChangedSectionInWordsAndQuotesNoText(t *testing.T) {
	none, all := clinical.NewRecipe(), full()
	if d := clinical.DiffRecipes(all, full()); len(d) != 0 {
		t.Errorf("equal recipes differ: %v", d)
	}
	got := clinical.DiffRecipes(none, all)
	want := []clinical.RecipeChange{
		{Section: "turn", Words: "turned 90° clockwise; before: not turned"},
		{Section: "frame", Words: "cropped to 600 × 400 pixels, straightened by -7.2°; before: whole picture"},
		{Section: "tone", Words: "exposure +0.50 EV, contrast -0.25, white balance from a grey patch, colours from a chart (ΔE 1.5, before 7.2); before: light and colour as taken"},
		{Section: "masks", Words: "masks: 1 face, 1 label, 1 tattoo; before: no masks"},
		{Section: "marks", Words: "marks: 1 arrow, 1 outline, 1 text; before: no marks"},
		{Section: "scale", Words: "scale bar from a line of 100 mm, lower-right: 4.00 ± 0.02 pixels per mm; before: no scale bar"},
		{Section: "side", Words: "side label L; before: no side label"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	moved := full()
	moved.Masks[0].Centre.X++
	got = clinical.DiffRecipes(all, moved)
	want = []clinical.RecipeChange{{Section: "masks", Words: "masks: 1 face, 1 label, 1 tattoo, changed"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestNothingOfABodyIsPastedAcrossPatients(t *testing.T) {
	for _, s := range clinical.Sections() {
		body := s == clinical.SectionMasks || s == clinical.SectionMarks || s == clinical.SectionScale || s == clinical.SectionSide
		got, err := clinical.NewRecipe().Paste(full(), []clinical.Section{s}, false)
		if body != (clinical.ReasonOf(err) == "recipe-paste") {
			t.Errorf("%s across patients: %v", s, err)
		}
		if d := clinical.DiffRecipes(clinical.NewRecipe(), got); err == nil && (len(d) != 1 || d[0].Section != s) {
			t.Errorf("%s: pasted %v", s, d)
		}
		got, err = clinical.NewRecipe().Paste(full(), []clinical.Section{s}, true)
		if d := clinical.DiffRecipes(clinical.NewRecipe(), got); err != nil || len(d) != 1 || d[0].Section != s {
			t.Errorf("%s within a patient: %v, %v", s, d, err)
		}
	}
	got, err := clinical.NewRecipe().Paste(full(), []clinical.Section{clinical.SectionTone}, true)
	if err != nil || got.Tone.White == nil || got.Tone.White.Patch != nil || got.Tone.Matrix == nil || got.Tone.Chart != nil {
		t.Errorf("the grey patch or the chart of another picture came along, or its colours did not: %v", err)
	}
	if _, err := clinical.NewRecipe().Paste(full(), []clinical.Section{"flip"}, true); clinical.ReasonOf(err) != "recipe-paste" {
		t.Errorf("unknown section: %v", err)
	}
}

// What a screen sends may be anything: it is refused or it is a recipe that
// survives saving.
func FuzzRecipe(f *testing.F) {
	b, err := full().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":1,"masks":[{"shape":"brush","points":[{"x":1,"y":1}],"radius":1,"fill":"solid","cause":"face"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := clinical.ParseRecipe(b)
		if err != nil || r.Check(1000, 800) != nil {
			return
		}
		one, err := r.Encode()
		if err != nil {
			t.Fatalf("checked, but cannot be saved: %v", err)
		}
		back, err := clinical.ParseRecipe(one)
		if err != nil || back.Check(1000, 800) != nil {
			t.Fatalf("saved, but cannot be read: %v", err)
		}
		two, _ := json.Marshal(back)
		if !bytes.Equal(one, two) {
			t.Fatal("changed by saving")
		}
	})
}

// A line of 400 pixels along 100 mm, each end off by 1½ pixels: √2·1.5 pixels in
// 400, which is 0.53 % of 4 pixels a millimetre.
func TestAScaleSaysByHowMuchItMayBeOff(t *testing.T) {
	s := clinical.ScaleBar{From: clinical.Point{X: 50, Y: 700}, To: clinical.Point{X: 450, Y: 700}, LengthMM: 100, ClickPX: 1.5}
	perMM, off := s.PerMM()
	if perMM != 4 || math.Abs(off-0.0212132) > 1e-6 {
		t.Errorf("%g ± %g pixels per mm, want 4 ± 0.0212", perMM, off)
	}
	s.ClickPX = 0 // nobody said
	if _, off := s.PerMM(); math.Abs(off-0.0282843) > 1e-6 {
		t.Errorf("± %g where nobody says, want two pixels' worth", off)
	}
	// What 10,000 hands that err so measure scatters by as much as is said.
	r := rand.New(rand.NewPCG(1, 2))
	sum, squares := 0.0, 0.0
	for range 10000 {
		one := s
		one.From.X, one.From.Y, one.To.X, one.To.Y = 50+2*r.NormFloat64(), 700+2*r.NormFloat64(), 450+2*r.NormFloat64(), 700+2*r.NormFloat64()
		v, _ := one.PerMM()
		sum, squares = sum+v, squares+v*v
	}
	if scatter := math.Sqrt(squares/10000 - sum/10000*sum/10000); math.Abs(scatter/0.0282843-1) > 0.03 {
		t.Errorf("hands scatter by %g, said was 0.0283", scatter)
	}
}
