package pages

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fovea/clinical"
)

// tool is one way to work on the picture, with its key.
type tool struct{ ID, Key, Name, Hint string }

// editWords is what stands on the pages on which a picture is edited, and on
// those on which a second person looks at its copy.
type editWords struct {
	Title, ThePicture, FromVersion, FromOriginal, StageEdit, StageSave, StageLook string
	Tools, NoFlip, Keys, DrawAgain, NoSize, NoPicture, ClickAlt, ClickHint        string
	Fit, Before, Undo                                                             string

	Masks, Mask, EyeBar, NoFinder, LookedForFaces, MissesSome, NoMasks, NoBlur string
	Shape, Ellipse, Polygon, Brush, Size, Small, Middle, Large                 string
	AddMask, FindFaces, Suggested, Remove, Hides, By, Solid, Noise             string
	MiddleX, MiddleY, WidthWord, HeightWord, Angle, Points, Radius             string

	Tone, Exposure, Contrast, WhiteFrom, ChartFrom, WasBefore                  string
	GreyPatch, PatchHint, Chart, ChartHint, Measure                            string
	Crop, Turn, Side, NoSide, Straighten, CropHint                             string
	Scale, RulerLine, LengthMM, Bar, BarFits, Corner, ScaleHint, PerMillimetre string
	Marks, Kind, Arrow, TextWord, Outline, AddMark, MarkHint, Ink              string

	Save, Note, SaveHint, SaveVersion, WhatIf                                             string
	Versions, EachStays, SideBySide, ShownNow, Head, Recognisable, NotAttested, BeginFrom string
	NoChange, LookAtCopy, BeginOriginal, NoVersions                                       string
	CopyTo, CopyWhat, NoCode, OtherPicture, NeverAcross, CopyButton                       string

	Waiting, WaitingLead, NoWaiting, NoWaitingMore, Oldest, Newest, Since, Patient, Who, What string

	ToolList             []tool
	Corners, Inks, Parts []choice
	Causes               map[clinical.MaskCause]string
	Was                  string // between what is and what was
}

func editWordsIn(lang string) editWords {
	switch lang {
	case "fr":
		return frenchEdit()
	case "es":
		return spanishEdit()
	default:
		return englishEdit()
	}
}

// CauseName says what a mask hides.
func (w editWords) CauseName(c clinical.MaskCause) string { return w.Causes[c] }

// ShapeName names a mask's form.
func (w editWords) ShapeName(s clinical.MaskShape) string {
	return map[clinical.MaskShape]string{clinical.MaskEllipse: w.Ellipse, clinical.MaskPolygon: w.Polygon, clinical.MaskBrush: w.Brush}[s]
}

// MarkName names an annotation.
func (w editWords) MarkName(k clinical.MarkKind) string {
	return map[clinical.MarkKind]string{clinical.MarkArrow: w.Arrow, clinical.MarkText: w.TextWord, clinical.MarkOutline: w.Outline}[k]
}

// perMM says how large a picture is, and how sure that is.
func (w editWords) perMM(s clinical.ScaleBar) string {
	perMM, off := s.PerMM()
	if perMM == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f ± %.2f %s (%.1f %%)", perMM, off, w.PerMillimetre, 100*off/perMM)
}

// changes says in what a recipe differs from the one before, quoting no text of
// an annotation.
func (w editWords) changes(before, now clinical.Recipe) []string {
	var out []string
	for _, c := range clinical.DiffRecipes(before, now) {
		name := string(c.Section)
		if i := slices.IndexFunc(w.Parts, func(p choice) bool { return p.Value == name }); i >= 0 {
			name = w.Parts[i].Words
		}
		is, was := w.section(now, c.Section), w.section(before, c.Section)
		if is == was {
			out = append(out, name+": "+is)
			continue
		}
		out = append(out, name+": "+is+w.Was+was)
	}
	return out
}

// section is one part of a recipe in a few words; a dash where it does nothing.
func (w editWords) section(r clinical.Recipe, s clinical.Section) string {
	const none = "–"
	switch s {
	case clinical.SectionTurn:
		return strconv.Itoa(r.Turn) + "°"
	case clinical.SectionFrame:
		if r.Frame == nil {
			return none
		}
		return fmt.Sprintf("%.0f × %.0f px, %.1f°", r.Frame.Width, r.Frame.Height, r.Frame.Angle)
	case clinical.SectionTone:
		return w.light(r.Tone, none)
	case clinical.SectionMasks:
		return counted(r.Masks, none, func(m clinical.Mask) string { return w.Causes[m.Cause] })
	case clinical.SectionMarks:
		return counted(r.Marks, none, func(m clinical.Mark) string { return w.MarkName(m.Kind) })
	case clinical.SectionScale:
		if r.Scale == nil {
			return none
		}
		return w.perMM(*r.Scale)
	default:
		if r.Side == clinical.LateralityUnknown {
			return none
		}
		return string(r.Side)
	}
}

func (w editWords) light(t clinical.Tone, none string) string {
	var out []string
	if t.Exposure != 0 {
		out = append(out, fmt.Sprintf("%s %+.2f", w.Exposure, t.Exposure))
	}
	if t.Contrast != 0 {
		out = append(out, fmt.Sprintf("%s %+.2f", w.Contrast, t.Contrast))
	}
	if t.White != nil {
		out = append(out, w.WhiteFrom)
	}
	if t.Matrix != nil {
		out = append(out, w.ChartFrom)
		if c := t.Chart; c != nil {
			out[len(out)-1] += fmt.Sprintf(" (ΔE %.1f)", c.After)
		}
	}
	if len(out) == 0 {
		return none
	}
	return strings.Join(out, ", ")
}

// counted names shapes, each with how many there are.
func counted[T any](all []T, none string, name func(T) string) string {
	var order []string
	n := map[string]int{}
	for _, one := range all {
		word := name(one)
		if n[word]++; n[word] == 1 {
			order = append(order, word)
		}
	}
	if len(order) == 0 {
		return none
	}
	for i, word := range order {
		order[i] = strconv.Itoa(n[word]) + " × " + word
	}
	return strings.Join(order, ", ")
}
