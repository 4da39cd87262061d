package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

// changeRecipe reads the recipe in a file, or begins a new one, and writes what
// change makes of it.
func (e *env) changeRecipe(path string, change func(*clinical.Recipe) error) error {
	r := clinical.NewRecipe()
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return clinical.Refuse(clinical.Invalid, "file", "The recipe cannot be read. Check its path.")
	default:
		if r, err = clinical.ParseRecipe(b); err != nil {
			return err
		}
	}
	if err := change(&r); err != nil {
		return err
	}
	if b, err = r.Encode(); err != nil {
		return err
	}
	return e.writeFile(path, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

type editChartCmd struct {
	Asset   string `arg:"" help:"Asset ID."`
	Corners string `required:"" help:"Middles of the corner patches dark skin, bluish green, black, white: x,y,x,y,x,y,x,y in pixels of the upright picture."`
	Recipe  string `help:"Put the colours into this recipe; one that is there keeps the rest." placeholder:"FILE"`
}

// Help teaches.
func (editChartCmd) Help() string {
	return "The chart is a ColorChecker Classic of 24 patches in the frame. The fit takes the place of white balance and exposure, and says how far the patches are from what they are, before and after (mean CIEDE2000).\n\nExample:\n" +
		"  fovea --as mia edit chart 01J… --corners '812,400,1512,410,1500,850,805,840' --recipe tone.json"
}

func (x editChartCmd) Run(e *env) error {
	corners, err := wire.Corners(x.Corners)
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		var fit wire.ChartFit
		if err := c.get(e.ctx, "/api/v1/assets/"+x.Asset+"/chart?corners="+url.QueryEscape(x.Corners), &fit); err != nil {
			return err
		}
		if x.Recipe != "" {
			if err := e.changeRecipe(x.Recipe, func(r *clinical.Recipe) error { r.Tone = fit.Tone(r.Tone, corners); return nil }); err != nil {
				return err
			}
		}
		return e.answer(fit, func(w io.Writer) {
			put(w, "PATCH\tBEFORE\tAFTER")
			for _, p := range fit.Patches {
				put(w, "%s\t%.1f\t%.1f", p.Name, p.Before, p.After)
			}
			put(w, "mean\t%.2f\t%.2f", fit.Before, fit.After)
		})
	})
}

type editGreyCmd struct {
	Asset  string `arg:"" help:"Asset ID."`
	Patch  string `required:"" help:"The grey patch: left,top,width,height in pixels of the upright picture."`
	Recipe string `help:"Put the white balance into this recipe; one that is there keeps the rest." placeholder:"FILE"`
}

// Help teaches.
func (editGreyCmd) Help() string {
	return "The patch is a part of a grey card, or of something else that is grey. It becomes grey and stays as bright as it is.\n\nExample:\n" +
		"  fovea --as mia edit grey 01J… --patch 300,200,80,60 --recipe tone.json"
}

func (x editGreyCmd) Run(e *env) error {
	patch, err := wire.Box(x.Patch)
	if err != nil {
		return err
	}
	return e.with(func(c *client) error {
		var grey wire.Grey
		if err := c.get(e.ctx, "/api/v1/assets/"+x.Asset+"/grey?patch="+url.QueryEscape(x.Patch), &grey); err != nil {
			return err
		}
		if x.Recipe != "" {
			if err := e.changeRecipe(x.Recipe, func(r *clinical.Recipe) error { r.Tone = grey.Tone(r.Tone, patch); return nil }); err != nil {
				return err
			}
		}
		return e.answer(grey, func(w io.Writer) {
			put(w, "gains\t%.3f %.3f %.3f", grey.Gains[0], grey.Gains[1], grey.Gains[2])
			put(w, "cast before\t%.1f", grey.Cast)
		})
	})
}

type editScaleCmd struct {
	Recipe string  `arg:"" help:"The recipe to put the scale into; one that is there keeps the rest." placeholder:"FILE"`
	Line   string  `required:"" help:"A line along a ruler: x,y,x,y in pixels of the upright picture."`
	Mm     float64 `required:"" help:"How long the line is, in millimetres."`
	Corner string  `default:"lower-right" enum:"lower-left,lower-right,upper-left,upper-right" help:"Where the bar is drawn."`
	Bar    float64 `help:"How long the bar is, in millimetres: 1, 2 or 5 times a power of ten; 0: what fits."`
	Click  float64 `help:"By how many pixels each end may be off; 0: 2."`
}

// Help teaches.
func (editScaleCmd) Help() string {
	return "Says how many pixels a millimetre is where the ruler lies, and by how much that may be off: the longer the line, the surer.\n\nExample:\n" +
		"  fovea edit scale marks.json --line 210,900,1410,905 --mm 50 --bar 20"
}

func (x editScaleCmd) Run(e *env) error {
	at, err := wire.Numbers(x.Line, 4)
	if err != nil {
		return err
	}
	bar := clinical.ScaleBar{
		From: clinical.Point{X: at[0], Y: at[1]}, To: clinical.Point{X: at[2], Y: at[3]}, LengthMM: x.Mm,
		Corner: clinical.Corner(x.Corner), BarMM: x.Bar, ClickPX: x.Click,
	}
	bounds := clinical.NewRecipe() // the picture's own size is not known here: it is tested when the recipe is saved
	bounds.Scale = &bar
	if err := bounds.Check(largestPicture, largestPicture); err != nil {
		return err
	}
	if err := e.changeRecipe(x.Recipe, func(r *clinical.Recipe) error { r.Scale = &bar; return nil }); err != nil {
		return err
	}
	scale := wire.ToScale(&bar)
	return e.answer(scale, func(w io.Writer) {
		put(w, "%.2f ± %.2f pixels per mm (%.1f %%)", scale.PixelsPerMM, scale.Deviation, 100*scale.Deviation/scale.PixelsPerMM)
	})
}

// largestPicture is longer than any picture that is edited, in pixels.
const largestPicture = 1 << 20

type editPasteCmd struct {
	From    string   `arg:"" help:"Asset to copy from."`
	To      []string `arg:"" help:"Assets to copy to."`
	Version int      `required:"" help:"The version to copy from."`
	Part    []string `required:"" enum:"turn,frame,tone,masks,marks,scale,side" help:"What to copy; again for more."`
}

// Help teaches.
func (editPasteCmd) Help() string {
	return "Each picture gets a version of its own. Masks, marks, scale and side say something of one body and are never copied to another patient.\n\nExample:\n" +
		"  fovea --as mia edit paste 01J… 01K… 01L… --version 2 --part tone"
}

func (x editPasteCmd) Run(e *env) error {
	from, err := clinical.ParseID[clinical.Asset](x.From)
	if err != nil {
		return err
	}
	in := wire.PasteEdit{From: from, Version: x.Version}
	for _, p := range x.Part {
		in.Parts = append(in.Parts, clinical.Section(p))
	}
	return e.with(func(c *client) error {
		for i, to := range x.To {
			if err := e.tell(c, editsOf(to)+"/paste", in, "Copied"); err != nil {
				if i > 0 {
					return fmt.Errorf("after %s: %w", count(i, "picture"), err)
				}
				return err
			}
		}
		return nil
	})
}

type editWaitingCmd struct {
	Newest bool `help:"The newest first; the longest waiting otherwise."`
}

// Help teaches.
func (editWaitingCmd) Help() string {
	return "Pictures whose masks a second person has to look at: you, never whoever made them.\n\nExample:\n  fovea --as carl edit waiting"
}

func (x editWaitingCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.WaitingCopy](e.ctx, c, "/api/v1/reviews")
		if err != nil {
			return err
		}
		if x.Newest {
			for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
				all[i], all[j] = all[j], all[i]
			}
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "SINCE\tASSET\tVERSION\tBY\tMASKS\tNOTE")
			for _, u := range all {
				put(w, "%s\t%s\t%d\t%s\t%d\t%s", e.stamp(u.At), u.Asset, u.Version, u.Name, u.Masks, strings.ReplaceAll(u.Note, "\n", " "))
			}
			put(w, "%s for you.", strings.TrimSpace(count(len(all), "picture")))
		})
	})
}
