package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

type editCmd struct {
	List    editListCmd    `cmd:"" help:"List the versions of a picture: who made them, who attested, which is shown."`
	Suggest editSuggestCmd `cmd:"" help:"Look for faces, text and codes, and write them as masks to check and to save."`
	Save    editSaveCmd    `cmd:"" help:"Add a version, from a recipe, and show the picture in it."`
	Diff    editDiffCmd    `cmd:"" help:"Say in what a version differs from another."`
	Show    editShowCmd    `cmd:"" help:"Write the flattened copy of the version that is shown, at full size, and say its SHA-256."`
	Chart   editChartCmd   `cmd:"" help:"Fit colours on a chart of 24 patches in the frame."`
	Grey    editGreyCmd    `cmd:"" help:"Take the white balance from a grey patch in the frame."`
	Scale   editScaleCmd   `cmd:"" help:"Put a scale bar into a recipe, from a line along a ruler in the frame."`
	Paste   editPasteCmd   `cmd:"" help:"Copy parts of a version to other pictures."`
	Waiting editWaitingCmd `cmd:"" help:"List the copies that wait for you to look at."`
	Attest  editAttestCmd  `cmd:"" help:"Say as a second person what the flattened copy still shows."`
}

// Help teaches.
func (editCmd) Help() string {
	return "A recipe is every edit of a picture, as data; the original stays as it is. What a mask covers is in no copy. Sets show the flattened copy of a version once a second person has attested it.\n\nExamples:\n" +
		"  fovea --as mia edit suggest 01J… --recipe masks.json\n" +
		"  fovea --as mia edit chart 01J… --corners '812,400,1512,410,1500,850,805,840' --recipe masks.json\n" +
		"  fovea edit scale masks.json --line 210,900,1410,905 --mm 50\n" +
		"  fovea --as mia edit save 01J… masks.json --note 'face masked'\n" +
		"  fovea --as carl edit show 01J… copy.jpg\n" +
		"  fovea --as carl edit attest 01J… copy.jpg --version 1 --level I1 --found face=masked,eyes=masked,tattoo=none,jewellery=none,label=none,background=none,rare-finding=none"
}

func editsOf(asset string) string { return "/api/v1/assets/" + asset + "/edits" }

type editListCmd struct {
	Asset string `arg:"" help:"Asset ID."`
}

func (x editListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		var all wire.Edits
		if err := c.get(e.ctx, editsOf(x.Asset), &all); err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "VERSION\tFROM\tBY\tAT\tMASKS\tATTESTED\tNOTE")
			for _, v := range all.Versions {
				mark, said := "", "by nobody"
				if v.Number == all.Shown {
					mark = " (shown)"
				}
				if a := v.Attested; a != nil {
					said = a.Level + " by " + a.Name + ", " + e.stamp(a.At)
				}
				put(w, "%d%s\t%d\t%s\t%s\t%d\t%s\t%s", v.Number, mark, v.Base, v.Name, e.stamp(v.At), len(v.Recipe.Masks), said, v.Note)
			}
			switch {
			case all.Shown == 0:
				put(w, "The picture is shown as it was taken.")
			case all.Cleared == "":
				put(w, "No set shows a flattened copy: version %d has to be attested by a second person.", all.Shown)
			default:
				put(w, "Where the picture may not be shown, its flattened copy counts as %s.", all.Cleared)
			}
		})
	})
}

type editSuggestCmd struct {
	Asset  string `arg:"" help:"Asset ID."`
	Recipe string `help:"Write a recipe that masks what was found." placeholder:"FILE"`
	All    bool   `help:"Mask what is only suggested too."`
	Fill   string `default:"solid" enum:"solid,noise" help:"What masks are filled with: solid or noise."`
}

// Help teaches.
func (editSuggestCmd) Help() string {
	return "Nothing is masked or released by this: look at the picture, correct the recipe, add what no detector finds (tattoos, jewellery, the background), then save it. What a text or a code says is not told. The figures of a scale are listed and never masked.\n\nExample:\n" +
		"  fovea --as mia edit suggest 01J… --recipe masks.json"
}

func (x editSuggestCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		var found wire.Suggestions
		if err := c.get(e.ctx, "/api/v1/assets/"+x.Asset+"/suggestions", &found); err != nil {
			return err
		}
		if x.Recipe != "" {
			if err := x.write(e, found); err != nil {
				return err
			}
		}
		return e.answer(found, func(w io.Writer) {
			put(w, "KIND\tLEVEL\tSCORE\tLEFT\tTOP\tWIDTH\tHEIGHT")
			for _, f := range found.Found {
				put(w, "%s\t%s\t%.2f\t%d\t%d\t%d\t%d", f.Kind, f.Level, f.Score, f.X, f.Y, f.Width, f.Height)
			}
			put(w, "%s in a picture of %d × %d px. Detectors miss some: look yourself.", count(len(found.Found), "suggestion"), found.Width, found.Height)
			for _, u := range found.Unseen {
				put(w, "%s", u.Why)
			}
		})
	})
}

// write writes a recipe that masks what was found.
func (x editSuggestCmd) write(e *env, found wire.Suggestions) error {
	r := clinical.NewRecipe()
	for _, f := range found.Found {
		if f.Hides() && (x.All || f.Level == "auto") {
			r.Masks = append(r.Masks, f.Mask(clinical.MaskFill(x.Fill)))
		}
	}
	b, err := r.Encode()
	if err != nil {
		return err
	}
	return e.writeFile(x.Recipe, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

type editSaveCmd struct {
	Asset string `arg:"" help:"Asset ID."`
	File  string `arg:"" help:"A recipe in JSON; - reads it from standard input."`
	Base  int    `help:"The version it was made from; 0: the original." default:"0"`
	Note  string `help:"A word on it for the list of versions."`
}

// Help teaches.
func (editSaveCmd) Help() string {
	return "Sets that showed the version before lose the picture until a second person has attested this one. With --simulate it says which.\n\nExamples:\n" +
		"  fovea --as mia edit save 01J… masks.json\n  fovea --as mia --simulate edit save 01J… masks.json --base 1"
}

func (x editSaveCmd) Run(e *env) error {
	b, err := x.read(e.stdin)
	if err != nil {
		return err
	}
	r, err := clinical.ParseRecipe(b)
	if err != nil {
		return err
	}
	return e.act(editsOf(x.Asset), wire.SaveEdit{Base: x.Base, Recipe: r, Note: x.Note}, "Saved; a second person looks at it now")
}

func (x editSaveCmd) read(stdin io.Reader) ([]byte, error) {
	var b []byte
	var err error
	if x.File == "-" {
		b, err = io.ReadAll(io.LimitReader(stdin, 4<<20))
	} else {
		b, err = os.ReadFile(x.File)
	}
	if err != nil {
		return nil, clinical.Refuse(clinical.Invalid, "file", "The recipe cannot be read. Check its path.")
	}
	return b, nil
}

type editDiffCmd struct {
	Asset   string `arg:"" help:"Asset ID."`
	Version int    `arg:"" help:"Number of the version."`
	From    int    `help:"The version to compare with; 0: the original." default:"0"`
}

func (x editDiffCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		var d wire.RecipeDiff
		if err := c.get(e.ctx, fmt.Sprintf("%s/%d/diff?from=%d", editsOf(x.Asset), x.Version, x.From), &d); err != nil {
			return err
		}
		return e.answer(d, func(w io.Writer) {
			for _, change := range d.Changes {
				put(w, "%s\t%s", change.Section, change.Words)
			}
			if len(d.Changes) == 0 {
				put(w, "They are the same.")
			}
		})
	})
}

type editShowCmd struct {
	Asset string `arg:"" help:"Asset ID."`
	Out   string `arg:"" help:"File to write."`
}

// Help teaches.
func (editShowCmd) Help() string {
	return "The server makes the copy as soon as a version is saved. Look at it at 100 %, all of it, for faces, eyes, tattoos, jewellery, labels, what stands behind, and for a finding so rare that it names the patient.\n\nExample:\n" +
		"  fovea --as carl edit show 01J… copy.jpg"
}

func (x editShowCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		sum := sha256.New()
		err := e.writeFile(x.Out, func(w io.Writer) error {
			return c.get(e.ctx, "/img/"+x.Asset+"/"+string(clinical.MaskedFull), io.MultiWriter(w, sum))
		})
		if err != nil {
			return err
		}
		out := struct {
			File   string `json:"file"`
			SHA256 string `json:"sha256"`
		}{x.Out, hex.EncodeToString(sum.Sum(nil))}
		return e.answer(out, func(w io.Writer) {
			put(w, "Written to %s.", x.Out)
			put(w, "sha256\t%s", out.SHA256)
		})
	})
}

type editAttestCmd struct {
	Asset   string            `arg:"" help:"Asset ID."`
	Copy    string            `arg:"" help:"The copy that you looked at, as fovea edit show wrote it; or its SHA-256."`
	Version int               `required:"" help:"Number of the version that it is of."`
	Level   string            `required:"" enum:"I0,I1,I2" help:"I1: no identifying feature. I2: nobody could tell whose it is, a rare finding included. I0: still recognisable."`
	Found   map[string]string `mapsep:"," placeholder:"THING=WHAT,…" help:"What you found of each: face, eyes, tattoo, jewellery, label, background, rare-finding; none, masked or shown. Owed whole, but for I0."`
	Words   string            `help:"What you looked for; owed for I2."`
}

// Help teaches.
func (editAttestCmd) Help() string {
	return "Whoever made a version cannot attest it. Sets whose consent allows no more than this level show the copy from then on; with --simulate it says which. No detector answers for you: none says that there is nothing of the kind in the picture, masked that there was and the copy shows nothing of it, shown that it still does.\n\nExample:\n" +
		"  fovea --as carl edit attest 01J… copy.jpg --version 1 --level I2 --words 'a common finding' \\\n" +
		"    --found face=masked,eyes=masked,tattoo=none,jewellery=none,label=masked,background=none,rare-finding=none"
}

func (x editAttestCmd) Run(e *env) error {
	sum := strings.ToLower(x.Copy)
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
		b, err := os.ReadFile(x.Copy)
		if err != nil {
			return clinical.Refuse(clinical.Invalid, "file", "The copy cannot be read. Fetch it with fovea edit show, look at it, and name its file.")
		}
		digest := sha256.Sum256(b)
		sum = hex.EncodeToString(digest[:])
	}
	found, err := x.found()
	if err != nil {
		return err
	}
	in := wire.AttestEdit{SHA256: sum, Level: x.Level, Found: found, Words: x.Words}
	return e.act(editsOf(x.Asset)+"/"+strconv.Itoa(x.Version)+"/attest", in, "Attested")
}

// found is the checklist as it was typed. A thing that nobody asked for is
// refused: most often it is one that was misspelt, and would be missing.
func (x editAttestCmd) found() (wire.Checklist, error) {
	list := clinical.Checklist{}
	for thing, what := range x.Found {
		list[clinical.Feature(strings.ReplaceAll(thing, "-", " "))] = clinical.Finding(what)
	}
	if !list.Valid() {
		return wire.Checklist{}, clinical.Refuse(clinical.Invalid, "checklist",
			"Say what you found as face=masked,eyes=none and so on, of: "+clinical.FeatureWords(clinical.Features())+". Each is none, masked or shown.")
	}
	return wire.ToChecklist(list), nil
}
