package clinical

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Section is a part of a recipe that is compared and pasted as a whole.
type Section string

// The sections.
const (
	SectionTurn  Section = "turn"
	SectionFrame Section = "frame"
	SectionTone  Section = "tone"
	SectionMasks Section = "masks"
	SectionMarks Section = "marks"
	SectionScale Section = "scale"
	SectionSide  Section = "side"
)

// Sections returns every section, in the order in which people are told.
func Sections() []Section {
	return []Section{SectionTurn, SectionFrame, SectionTone, SectionMasks, SectionMarks, SectionScale, SectionSide}
}

// RecipeChange is one section in which two recipes differ, in words for people.
// The words quote no text of a mark.
type RecipeChange struct {
	Section Section `json:"section"`
	Words   string  `json:"words"`
}

// DiffRecipes lists the sections in which b differs from a.
func DiffRecipes(a, b Recipe) []RecipeChange {
	var out []RecipeChange
	for _, s := range Sections() {
		if same(a.section(s), b.section(s)) {
			continue
		}
		was, is := a.describe(s), b.describe(s)
		words := is + "; before: " + was
		if was == is {
			words = is + ", changed"
		}
		out = append(out, RecipeChange{s, words})
	}
	return out
}

// section is what a section holds, for comparing.
func (r Recipe) section(s Section) any {
	switch s {
	case SectionTurn:
		return r.Turn
	case SectionFrame:
		return r.Frame
	case SectionTone:
		return r.Tone
	case SectionMasks:
		return append([]Mask{}, r.Masks...)
	case SectionMarks:
		return append([]Mark{}, r.Marks...)
	case SectionScale:
		return r.Scale
	default:
		return r.Side
	}
}

// same compares as saved. What cannot be saved is the same as nothing.
func same(a, b any) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(x, y)
}

func (r Recipe) describe(s Section) string {
	switch s {
	case SectionTurn:
		if r.Turn == 0 {
			return "not turned"
		}
		return fmt.Sprintf("turned %d° clockwise", r.Turn)
	case SectionFrame:
		if r.Frame == nil {
			return "whole picture"
		}
		return fmt.Sprintf("cropped to %.0f × %.0f pixels, straightened by %.1f°", r.Frame.Width, r.Frame.Height, r.Frame.Angle)
	case SectionTone:
		return r.Tone.describe()
	case SectionMasks:
		names := make([]string, 0, len(r.Masks))
		for _, m := range r.Masks {
			names = append(names, string(m.Cause))
		}
		return tally("masks", names)
	case SectionMarks:
		names := make([]string, 0, len(r.Marks))
		for _, m := range r.Marks {
			names = append(names, string(m.Kind))
		}
		return tally("marks", names)
	case SectionScale:
		if r.Scale == nil {
			return "no scale bar"
		}
		perMM, off := r.Scale.PerMM()
		return fmt.Sprintf("scale bar from a line of %g mm, %s: %.2f ± %.2f pixels per mm", r.Scale.LengthMM, r.Scale.Corner, perMM, off)
	default:
		if r.Side == LateralityUnknown {
			return "no side label"
		}
		return "side label " + string(r.Side)
	}
}

func (t Tone) describe() string {
	var parts []string
	if t.Exposure != 0 {
		parts = append(parts, fmt.Sprintf("exposure %+.2f EV", t.Exposure))
	}
	if t.Contrast != 0 {
		parts = append(parts, fmt.Sprintf("contrast %+.2f", t.Contrast))
	}
	if t.White != nil {
		parts = append(parts, "white balance from a grey patch")
	}
	if t.Matrix != nil {
		words := "colours from a chart"
		if c := t.Chart; c != nil {
			words += fmt.Sprintf(" (ΔE %.1f, before %.1f)", c.After, c.Before)
		}
		parts = append(parts, words)
	}
	if len(parts) == 0 {
		return "light and colour as taken"
	}
	return strings.Join(parts, ", ")
}

// tally counts names: "masks: 2 face, 1 tattoo".
func tally(what string, names []string) string {
	if len(names) == 0 {
		return "no " + what
	}
	slices.Sort(names)
	var parts []string
	for len(names) > 0 {
		n := 1
		for n < len(names) && names[n] == names[0] {
			n++
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, names[0]))
		names = names[n:]
	}
	return what + ": " + strings.Join(parts, ", ")
}

// Paste returns r with the named sections of from, a recipe of another picture.
// Masks, marks, scale and side say something of one body in one place: they are
// Invalid unless both pictures are of one patient, which the caller knows. The
// result must be checked against its own picture.
func (r Recipe) Paste(from Recipe, sections []Section, samePatient bool) (Recipe, error) {
	known := Sections()
	for _, s := range sections {
		if ofOneBody := s == SectionMasks || s == SectionMarks || s == SectionScale || s == SectionSide; ofOneBody && !samePatient {
			return Recipe{}, Refuse(Invalid, "recipe-paste",
				"Masks, marks, scale and side are never copied between patients. Choose other sections, or draw these on this picture.")
		}
		if !slices.Contains(known, s) {
			return Recipe{}, Refuse(Invalid, "recipe-paste", "There is no such part of an edit. Choose among turn, frame, tone, masks, marks, scale and side.")
		}
	}
	for _, s := range sections {
		switch s {
		case SectionTurn:
			r.Turn = from.Turn
		case SectionFrame:
			r.Frame = from.Frame
		case SectionTone:
			r.Tone = from.Tone
			if w := from.Tone.White; w != nil { // the patch lies in the other picture
				r.Tone.White = &WhiteBalance{Gains: w.Gains}
			}
			r.Tone.Chart = nil // and so does the chart
		case SectionMasks:
			r.Masks = slices.Clone(from.Masks)
		case SectionMarks:
			r.Marks = slices.Clone(from.Marks)
		case SectionScale:
			r.Scale = from.Scale
		case SectionSide:
			r.Side = from.Side
		}
	}
	return r, nil
}
