package pages

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

// finder looks in a picture that the gate serves the caller for care for what may
// say who it is.
type finder interface {
	Suggest(ctx context.Context, c clinical.Caller, asset clinical.AssetID) (wire.Suggestions, error)
}

// The largest sizes at which a picture is drawn to be masked, in CSS pixels, on
// a wide screen and on a narrow one. They are fixed: a click comes back in
// them.
const (
	wideCanvas, wideCanvasHigh     = 1016, 760
	narrowCanvas, narrowCanvasHigh = 600, 600
)

// canvas is a picture to click on, at one size. Field is what a click comes as.
type canvas struct {
	Field, Class  string
	Width, Height int
}

// canvases are both sizes; app.css shows the one for which there is room.
func canvases(width, height int) []canvas {
	var out []canvas
	for _, c := range []canvas{{"at", "at-large", wideCanvas, wideCanvasHigh}, {"near", "at-small", narrowCanvas, narrowCanvasHigh}} {
		shrink := min(1, float64(c.Width)/float64(width), float64(c.Height)/float64(height))
		c.Width, c.Height = max(1, int(float64(width)*shrink)), max(1, int(float64(height)*shrink))
		out = append(out, c)
	}
	return out
}

// maskRow is one mask as the form has it.
type maskRow struct {
	clinical.Mask
	On    bool
	Drawn int // of a shape that cannot be changed here: its number in the version it comes from, from 1; 0: an ellipse
}

// Width and Height are of an ellipse before it is turned, in pixels.
func (r maskRow) Width() float64 { return 2 * r.Radii.X }

// Height is Width's neighbour.
func (r maskRow) Height() float64 { return 2 * r.Radii.Y }

// Number writes a coordinate as a field holds it.
func (maskRow) Number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

type editPage struct {
	clinical.Shown
	Patient       clinical.Patient
	Edits         wire.Edits
	Base          int
	Width, Height int // of the upright original
	Canvases      []canvas
	Picture       string // what is drawn under the masks; "": a browser cannot show it
	Rows          []maskRow
	Searched      bool   // detectors looked
	NoFinder      string // what they did not look for, and why
	Others        []clinical.RecipeChange
	Causes        []clinical.MaskCause
	Reviewable    bool
}

// Letters is how high numbers are drawn, in pixels of the picture.
func (p editPage) Letters() int { return max(p.Width, p.Height, 32) / 32 }

// edits reports whether somebody with the role may edit a picture; the gate
// decides.
func edits(r clinical.Role) bool { return r == clinical.Photographer || r == clinical.Clinician }

// edit is a picture with its masks, and its versions.
func (d *door) edit(v *visit) error {
	p, all, err := d.editOf(v)
	if err != nil {
		return err
	}
	base := v.r.FormValue("base")
	p.Base = p.Asset.Edit
	if n, err := strconv.Atoi(base); err == nil && n >= 0 && n <= len(all.Versions) {
		p.Base = n
	}
	recipe := recipeOf(all, p.Base)
	without := recipe
	without.Masks = nil
	p.Others = clinical.DiffRecipes(clinical.NewRecipe(), without)
	look := false
	if v.r.Method == http.MethodPost {
		if p.Rows, err = masksIn(v.r, recipe); err != nil && v.status == 0 {
			return err
		}
		p.Rows = append(p.Rows, p.added(v.r)...)
		look = v.r.PostFormValue("do") == "faces"
	} else {
		p.Rows = rowsFrom(recipe)
		look = len(p.Rows) == 0 && p.Base == 0
	}
	if look {
		if err := d.suggest(v, &p); err != nil {
			return err
		}
	}
	return d.show(v, "edit", "Mask a picture", p)
}

// editOf gathers what both pages of a picture's versions show.
func (d *door) editOf(v *visit) (editPage, clinical.Edits, error) {
	id, err := pathID[clinical.Asset](v.r)
	if err != nil {
		return editPage{}, clinical.Edits{}, err
	}
	all, err := d.Gate.Edits(v.ctx, v.caller, id)
	if err != nil {
		return editPage{}, all, err
	}
	one, err := d.Gate.Asset(v.ctx, v.caller, id)
	if err != nil {
		return editPage{}, all, err
	}
	if !edits(v.person.Role) || one.Asset.State != clinical.Filed {
		return editPage{}, all, clinical.ErrNotFound
	}
	p := editPage{
		Shown: one, Edits: wire.ToEdits(all, one.Asset, d.name), Reviewable: one.Asset.Edit > 0,
		Causes: []clinical.MaskCause{
			clinical.HidesFace, clinical.HidesEyes, clinical.HidesTattoo, clinical.HidesJewellery, clinical.HidesLabel, clinical.HidesBackground, clinical.HidesOther,
		},
	}
	p.W = editWordsIn(p.Lang)
	p.Saved = savedVersions(all, p.Edits, p.W)
	p.Width, p.Height = one.Width, one.Height
	if p.Width > 0 && p.Height > 0 {
		p.Canvases = canvases(p.Width, p.Height)
	}
	switch mime := one.Asset.Original.MIME; {
	case mime == "image/jpeg" || mime == "image/png" || mime == "image/webp" || mime == "image/gif":
		p.Picture = "/img/" + id.String() + "/original"
	case one.Thumb && one.Asset.Edit == 0:
		p.Picture = "/img/" + id.String() + "/thumb-256"
	}
	if !one.Asset.Patient.IsZero() {
		p.Patient, err = d.met(v, one.Asset.Patient)
	}
	return p, all, err
}

// recipeOf is the recipe of a version; that of 0 changes nothing.
func recipeOf(all clinical.Edits, version int) clinical.Recipe {
	if v, ok := all.Version(version); ok {
		return v.Recipe
	}
	return clinical.NewRecipe()
}

// rowsFrom are the masks of a version.
func rowsFrom(r clinical.Recipe) []maskRow {
	out := make([]maskRow, 0, len(r.Masks))
	for i, m := range r.Masks {
		row := maskRow{Mask: m, On: true}
		if m.Shape != clinical.MaskEllipse {
			row.Drawn = i + 1
		}
		out = append(out, row)
	}
	return out
}

// masksIn reads the masks of the form; base is the recipe that it began from.
func masksIn(r *http.Request, base clinical.Recipe) ([]maskRow, error) {
	if err := form(r); err != nil {
		return nil, err
	}
	f := r.PostForm
	n := len(f["drawn"])
	for _, field := range []string{"x", "y", "width", "height", "angle", "score", "cause", "fill"} {
		if len(f[field]) != n {
			return nil, clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Send it again.")
		}
	}
	var out []maskRow
	var wrong error
	for i := range n {
		row := maskRow{On: slices.Contains(f["use"], strconv.Itoa(i))}
		drawn, err := strconv.Atoi(f["drawn"][i])
		switch {
		case err != nil || drawn < 0 || drawn > len(base.Masks):
			return nil, clinical.Refuse(clinical.Conflict, "base", "The version that this was made from is not there. Open the picture again and repeat.")
		case drawn > 0:
			row.Drawn, row.Mask = drawn, base.Masks[drawn-1]
		default:
			if row.Mask, err = ellipseOf(f, i); err != nil && row.On {
				wrong = err
			}
		}
		row.Cause, row.Fill = clinical.MaskCause(f["cause"][i]), clinical.MaskFill(f["fill"][i])
		out = append(out, row)
	}
	return out, wrong
}

// ellipseOf reads the numbers of one mask.
func ellipseOf(f url.Values, i int) (clinical.Mask, error) {
	m := clinical.Mask{Shape: clinical.MaskEllipse}
	var wrong error
	for name, into := range map[string]*float64{
		"x": &m.Centre.X, "y": &m.Centre.Y, "width": &m.Radii.X, "height": &m.Radii.Y, "angle": &m.Angle, "score": &m.Suggested,
	} {
		n, err := strconv.ParseFloat(f[name][i], 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			wrong = clinical.Refuse(clinical.Invalid, "mask", "A mask needs a place and a size in pixels. Correct its numbers, or take its tick away.")
			continue
		}
		*into = n
	}
	m.Radii.X, m.Radii.Y = m.Radii.X/2, m.Radii.Y/2
	return m, wrong
}

// added is the mask that the form asks for besides: where the picture was
// clicked on, or in its middle.
func (p *editPage) added(r *http.Request) []maskRow {
	at := clinical.Point{X: float64(p.Width) / 2, Y: float64(p.Height) / 2}
	asked := r.PostFormValue("do") == "add"
	for _, c := range p.Canvases {
		x, errX := strconv.Atoi(r.PostFormValue(c.Field + ".x"))
		y, errY := strconv.Atoi(r.PostFormValue(c.Field + ".y"))
		if errX == nil && errY == nil {
			asked, at = true, clinical.Point{
				X: math.Round(float64(x) * float64(p.Width) / float64(c.Width)), Y: math.Round(float64(y) * float64(p.Height) / float64(c.Height)),
			}
		}
	}
	if !asked || p.Width == 0 {
		return nil
	}
	part := map[string]float64{"small": .03, "large": .15}[r.PostFormValue("size")]
	radius := max(1, math.Round(cmp.Or(part, .07)*float64(max(p.Width, p.Height))))
	return []maskRow{{On: true, Mask: clinical.Mask{
		Shape: clinical.MaskEllipse, Centre: at, Radii: clinical.Point{X: radius, Y: math.Round(radius * 1.25)}, Fill: clinical.FillSolid, Cause: clinical.HidesFace,
	}}}
}

// suggest adds what detectors find to mask, what they are sure of ticked, but
// nothing that is masked already.
func (d *door) suggest(v *visit, p *editPage) error {
	if d.Finder == nil {
		p.NoFinder = "This server looks for no faces. Mark them by hand."
		return nil
	}
	found, err := d.Finder.Suggest(v.ctx, v.caller, p.Asset.ID)
	if kind := clinical.KindOf(err); err != nil && (kind == clinical.Unavailable || kind == clinical.Conflict) {
		_, p.NoFinder = said(err)
		return nil
	}
	if err != nil {
		return err
	}
	p.Searched = true
	for _, u := range found.Unseen {
		p.NoFinder = strings.TrimSpace(p.NoFinder + " " + u.Why)
	}
	for _, f := range found.Found {
		if !f.Hides() {
			continue
		}
		m := f.Mask(clinical.FillSolid)
		m.Suggested = math.Round(m.Suggested*1000) / 1000
		for _, n := range []*float64{&m.Centre.X, &m.Centre.Y, &m.Radii.X, &m.Radii.Y} {
			*n = math.Round(*n)
		}
		if !slices.ContainsFunc(p.Rows, func(r maskRow) bool { return inside(r.Mask, m.Centre) }) {
			p.Rows = append(p.Rows, maskRow{Mask: m, On: f.Level == "auto"})
		}
	}
	return nil
}

// inside tells whether an ellipse covers a point.
func inside(m clinical.Mask, at clinical.Point) bool {
	if m.Shape != clinical.MaskEllipse || m.Radii.X <= 0 || m.Radii.Y <= 0 {
		return false
	}
	x, y := (at.X-m.Centre.X)/m.Radii.X, (at.Y-m.Centre.Y)/m.Radii.Y
	return x*x+y*y < 1
}

// saveEdit saves what the form says as a new version, says what that would do,
// or draws it.
func (d *door) saveEdit(v *visit) error {
	if err := form(v.r); err != nil {
		return err
	}
	do := v.r.PostFormValue("do")
	if do != "save" && do != "try" {
		return d.edit(v)
	}
	id, err := pathID[clinical.Asset](v.r)
	if err != nil {
		return err
	}
	all, err := d.Gate.Edits(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	base, err := strconv.Atoi(v.r.PostFormValue("base"))
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Send it again.")
	}
	recipe := recipeOf(all, base)
	rows, err := masksIn(v.r, recipe)
	if err != nil {
		return err
	}
	recipe.Masks = nil
	for _, r := range rows {
		if r.On {
			recipe.Masks = append(recipe.Masks, r.Mask)
		}
	}
	cmd := clinical.SaveEdit{Asset: id, Base: base, Recipe: recipe, Note: text(v.r, "note")}
	if do == "try" {
		return d.tried(v, cmd, d.edit)
	}
	return d.do(v, cmd, "/pictures/"+id.String()+"/edit?done=edited")
}
