package pages

import (
	"cmp"
	"context"
	"math"
	"net/http"
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

// meter measures colours in a picture that the gate serves the caller for care.
type meter interface {
	Chart(ctx context.Context, c clinical.Caller, asset clinical.AssetID, corners [4]clinical.Point) (wire.ChartFit, error)
	Grey(ctx context.Context, c clinical.Caller, asset clinical.AssetID, patch clinical.Rect) (wire.Grey, error)
}

// The largest sizes at which a picture is drawn to be edited, in CSS pixels, on
// a wide screen and on a narrow one. They are fixed: a click comes back in
// them.
const (
	wideCanvas, wideCanvasHigh     = 824, 640
	narrowCanvas, narrowCanvasHigh = 648, 520
)

// canvas is a picture to click on, at one size. Field is what a click comes as.
type canvas struct {
	Field, Class  string
	Width, Height int
	Click         float64 // one of its pixels, in pixels of the picture
}

// canvases are both sizes; app.css shows the one for which there is room.
func canvases(width, height int) []canvas {
	var out []canvas
	for _, c := range []canvas{{"at", "at-large", wideCanvas, wideCanvasHigh, 1}, {"near", "at-small", narrowCanvas, narrowCanvasHigh, 1}} {
		shrink := min(1, float64(c.Width)/float64(width), float64(c.Height)/float64(height))
		c.Width, c.Height, c.Click = max(1, int(float64(width)*shrink)), max(1, int(float64(height)*shrink)), math.Ceil(10/shrink)/10
		out = append(out, c)
	}
	return out
}

type editPage struct {
	clinical.Shown
	W             editWords
	Lang          string
	Patient       clinical.Patient
	Edits         wire.Edits
	Base          int
	Width, Height int // of the upright original
	Canvases      []canvas
	Picture       string // what is drawn under the masks; "": a browser cannot show it
	Draft         draft
	Searched      bool   // detectors looked
	NoFinder      string // what they did not look for, and why
	Measures      bool   // this server measures colours
	Saved         []savedVersion
	Causes        []clinical.MaskCause
	Reviewable    bool
	Beside        []clinical.Shown // the patient's other pictures
}

// Letters is how high numbers are drawn, in pixels of the picture.
func (p editPage) Letters() int { return max(p.Width, p.Height, 32) / 32 }

// EyeBar reports whether only eyes are hidden where a face would be: no masking.
func (p editPage) EyeBar() bool {
	hides := func(c clinical.MaskCause) bool {
		return slices.ContainsFunc(p.Draft.Masks, func(m maskRow) bool { return m.On && m.Cause == c })
	}
	return hides(clinical.HidesEyes) && !hides(clinical.HidesFace)
}

// PerMM says how large the picture is where its ruler lies; "": nothing does.
func (p editPage) PerMM() string {
	if s := p.Draft.Scale; s != nil && s.LengthMM > 0 {
		return p.W.perMM(*s)
	}
	return ""
}

// savedVersion is a version with what it changed.
type savedVersion struct {
	wire.Version
	Head    bool     // no other was made from it, and others were not either
	Changes []string // since the version it was made from
}

// savedVersions says what each version changed, the newest first.
func savedVersions(all clinical.Edits, on wire.Edits, w editWords) []savedVersion {
	var out []savedVersion
	for _, v := range on.Versions {
		out = append(out, savedVersion{
			Version: v, Head: len(on.Heads) > 1 && slices.Contains(on.Heads, v.Number),
			Changes: w.changes(recipeOf(all, v.Base), v.Recipe),
		})
	}
	slices.Reverse(out)
	return out
}

// edits reports whether somebody with the role may edit a picture; the gate
// decides.
func edits(r clinical.Role) bool { return r == clinical.Photographer || r == clinical.Clinician }

// edit is a picture with its masks, and its versions.
func (d *door) edit(v *visit) error {
	p, all, err := d.editOf(v)
	if err != nil {
		return err
	}
	p.Base = p.Asset.Edit
	if n, err := strconv.Atoi(v.r.FormValue("base")); err == nil && n >= 0 && n <= len(all.Versions) {
		p.Base = n
	}
	look := false
	if v.r.Method == http.MethodPost {
		if err := d.redraw(v, &p); err != nil {
			return err
		}
		look = v.r.PostFormValue("do") == "faces"
	} else {
		p.Draft = draftOf(recipeOf(all, p.Base))
		look = len(p.Draft.Masks) == 0 && p.Base == 0
	}
	if look {
		if err := d.suggest(v, &p); err != nil {
			return err
		}
	}
	if p.Beside, err = d.beside(v, p.Asset); err != nil {
		return err
	}
	return d.show(v, "edit", p.W.Title, p)
}

// redraw shows the form again with what it asks for: another shape, or a colour
// measured. What cannot be measured is said, and the form stays as it is.
func (d *door) redraw(v *visit, p *editPage) error {
	var wrong error
	if p.Draft, wrong = draftIn(v.r); wrong == nil {
		p.add(v.r)
		wrong = d.measure(v, p)
	}
	switch clinical.KindOf(wrong) {
	case clinical.Invalid, clinical.Conflict, clinical.Unavailable:
		if v.status == 0 {
			v.status, v.fault = said(wrong)
		}
		if v.typed == nil {
			v.typed = v.r.PostForm
		}
		return nil
	default:
		return wrong
	}
}

// measure takes colours from where the form says.
func (d *door) measure(v *visit, p *editPage) error {
	do := v.r.PostFormValue("do")
	if do != "grey" && do != "chart" || d.Meter == nil {
		return nil
	}
	if do == "grey" {
		patch, err := wire.Box(v.r.PostFormValue("patch"))
		if err != nil {
			return err
		}
		got, err := d.Meter.Grey(v.ctx, v.caller, p.Asset.ID, patch)
		if err != nil {
			return err
		}
		p.Draft.Tone = got.Tone(p.Draft.Tone, patch)
		return nil
	}
	corners, err := wire.Corners(v.r.PostFormValue("corners"))
	if err != nil {
		return err
	}
	got, err := d.Meter.Chart(v.ctx, v.caller, p.Asset.ID, corners)
	if err != nil {
		return err
	}
	p.Draft.Tone = got.Tone(p.Draft.Tone, corners)
	return nil
}

// beside are the patient's other pictures that may be edited, those of the same
// sitting first.
func (d *door) beside(v *visit, as clinical.Asset) ([]clinical.Shown, error) {
	if as.Patient.IsZero() || as.Edit == 0 {
		return nil, nil
	}
	page, err := d.Gate.PatientPage(v.ctx, v.caller, as.Patient)
	if clinical.KindOf(err) == clinical.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var first, rest []clinical.Shown
	for _, s := range page.Sessions {
		for _, one := range s.Shown {
			switch {
			case one.Asset.ID == as.ID || one.Asset.State != clinical.Filed || one.Asset.IDShot || one.Asset.Form || one.Asset.Sensitivity.Has(clinical.Safeguarding):
			case one.Asset.Session == as.Session:
				first = append(first, one)
			default:
				rest = append(rest, one)
			}
		}
	}
	all := slices.Concat(first, rest)
	return all[:min(len(all), mostBeside)], nil
}

// mostBeside is how many pictures edits can be copied to from one page.
const mostBeside = 24

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
		Shown: one, Edits: wire.ToEdits(all, one.Asset, d.name), Reviewable: one.Asset.Edit > 0, Lang: language(v), Measures: d.Meter != nil,
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
	p.Picture = pictureOf(one)
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

// add adds the shape that the form asks for: where the picture was clicked on,
// or in its middle.
func (p *editPage) add(r *http.Request) {
	at := clinical.Point{X: float64(p.Width) / 2, Y: float64(p.Height) / 2}
	do := r.PostFormValue("do")
	asked := do == "add" || do == "addmark"
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
		return
	}
	part := map[string]float64{"small": .03, "large": .15}[r.PostFormValue("size")]
	radius := max(1, math.Round(cmp.Or(part, .07)*float64(max(p.Width, p.Height))))
	if do == "addmark" {
		p.Draft.Marks = append(p.Draft.Marks, markRow{On: true, Mark: newMark(clinical.MarkKind(r.PostFormValue("newmark")), at, radius)})
		return
	}
	m := clinical.Mask{Shape: clinical.MaskEllipse, Fill: clinical.FillSolid, Cause: clinical.HidesFace}
	switch clinical.MaskShape(r.PostFormValue("newshape")) {
	case clinical.MaskPolygon:
		m.Shape = clinical.MaskPolygon
		m.Points = around(at, radius)
	case clinical.MaskBrush:
		m.Shape, m.Radius = clinical.MaskBrush, max(1, math.Round(radius/2))
		m.Points = []clinical.Point{{X: at.X - radius, Y: at.Y}, {X: at.X + radius, Y: at.Y}}
	default:
		m.Centre, m.Radii = at, clinical.Point{X: radius, Y: math.Round(radius * 1.25)}
	}
	p.Draft.Masks = append(p.Draft.Masks, maskRow{On: true, Mask: m})
}

// around is a square about a place.
func around(at clinical.Point, r float64) []clinical.Point {
	return []clinical.Point{{X: at.X - r, Y: at.Y - r}, {X: at.X + r, Y: at.Y - r}, {X: at.X + r, Y: at.Y + r}, {X: at.X - r, Y: at.Y + r}}
}

// newMark is an annotation at a place, to be moved by its numbers.
func newMark(kind clinical.MarkKind, at clinical.Point, size float64) clinical.Mark {
	m := clinical.Mark{Kind: kind, Ink: clinical.Yellow}
	switch kind {
	case clinical.MarkText:
		m.Points = []clinical.Point{at}
	case clinical.MarkOutline:
		m.Points = around(at, size)
	default:
		m.Kind, m.Points = clinical.MarkArrow, []clinical.Point{{X: at.X - 2*size, Y: at.Y - 2*size}, at}
	}
	return m
}

// suggest adds what detectors find to mask, what they are sure of ticked, but
// nothing that is masked already.
func (d *door) suggest(v *visit, p *editPage) error {
	if d.Finder == nil {
		p.NoFinder = p.W.NoFinder
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
		if !slices.ContainsFunc(p.Draft.Masks, func(r maskRow) bool { return inside(r.Mask, m.Centre) }) {
			p.Draft.Masks = append(p.Draft.Masks, maskRow{Mask: m, On: f.Level == "auto"})
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
	base, err := strconv.Atoi(v.r.PostFormValue("base"))
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Send it again.")
	}
	drawn, err := draftIn(v.r)
	if err != nil {
		return err
	}
	cmd := clinical.SaveEdit{Asset: id, Base: base, Recipe: drawn.recipe(), Note: text(v.r, "note")}
	if do == "try" {
		return d.tried(v, cmd, d.edit)
	}
	return d.do(v, cmd, "/pictures/"+id.String()+"/edit?done=edited")
}

// pasteEdit copies parts of the version that is shown to other pictures. The
// first that does not take them ends it; those before keep theirs.
func (d *door) pasteEdit(v *visit) error {
	from, err := pathID[clinical.Asset](v.r)
	if err != nil {
		return err
	}
	if err := form(v.r); err != nil {
		return err
	}
	var to []clinical.AssetID
	if len(v.r.PostForm["asset"]) > 0 {
		if to, err = chosen[clinical.Asset](v.r, "asset"); err != nil {
			return err
		}
	}
	if other := text(v.r, "other"); other != "" {
		id, err := clinical.ParseID[clinical.Asset](other)
		if err != nil {
			return clinical.Refuse(clinical.Invalid, "pictures", "This is no picture's reference. Copy it from the picture's page.")
		}
		to = append(to, id)
	}
	version, err := strconv.Atoi(v.r.PostFormValue("version"))
	if err != nil || len(to) == 0 {
		return clinical.Refuse(clinical.Invalid, "pictures", "Choose the pictures to copy to.")
	}
	var parts []clinical.Section
	for _, p := range v.r.PostForm["part"] {
		parts = append(parts, clinical.Section(p))
	}
	for _, id := range to {
		if _, err := d.Gate.Do(v.ctx, v.caller, clinical.PasteEdit{Asset: id, From: from, Version: version, Parts: parts}); err != nil {
			return err
		}
	}
	http.Redirect(v.w, v.r, "/pictures/"+from.String()+"/edit?done=pasted", http.StatusSeeOther)
	return nil
}
