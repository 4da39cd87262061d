package wire

import (
	"encoding/hex"
	"time"

	"fovea/clinical"
)

// Edits are the versions of one picture, oldest first.
type Edits struct {
	Asset clinical.AssetID `json:"asset"`
	// Shown is the number of the version in which the picture is shown.
	Shown    int       `json:"shown" doc:"number of the version in which the picture is shown; 0: as it was taken"`
	Cleared  string    `json:"cleared,omitempty" doc:"how far the flattened copy of that version identifies, as a second person attested: I1 or I2; absent: nobody did, or the picture was classified again since, and no set shows it"`
	Heads    []int     `json:"heads" doc:"versions that no other was made from; two are two people's answers"`
	Versions []Version `json:"versions"`
}

// Version is one way in which a picture was edited.
type Version struct {
	Number   int               `json:"number"`
	Base     int               `json:"base" doc:"the version it was made from; 0: the original"`
	Recipe   clinical.Recipe   `json:"recipe" doc:"every edit, from the original; see docs/formats/recipe.md"`
	By       clinical.PersonID `json:"by,omitzero"`
	Name     string            `json:"name,omitempty" doc:"of the person"`
	At       time.Time         `json:"at,omitzero"`
	Note     string            `json:"note,omitempty"`
	Scale    *Scale            `json:"scale,omitempty" doc:"from the recipe's scale; absent: it has none"`
	Attested *Attestation      `json:"attested,omitempty" doc:"absent: nobody has looked at the flattened copy"`
}

// Attestation is a second person's word on a flattened copy.
type Attestation struct {
	By     clinical.PersonID `json:"by"`
	Name   string            `json:"name,omitempty" doc:"of the person"`
	At     time.Time         `json:"at"`
	SHA256 string            `json:"sha256" doc:"of the flattened copy at full size that was looked at, in hex"`
	Level  string            `json:"level" doc:"I1 no identifying feature, I2 anonymised, I0 still recognisable"`
	Found  Checklist         `json:"found,omitzero" doc:"absent in attestations from before it was asked for"`
	Words  string            `json:"words,omitempty"`
}

// ToEdits converts for the wire; name says who somebody is.
func ToEdits(e clinical.Edits, as clinical.Asset, name func(clinical.PersonID) string) Edits {
	out := Edits{Asset: e.Asset, Shown: as.Edit, Heads: append([]int{}, e.Heads()...), Versions: []Version{}}
	if as.Cleared.Valid() {
		out.Cleared = as.Cleared.String()
	}
	for i, v := range e.Versions {
		one := Version{Number: i + 1, Base: v.Base, Recipe: v.Recipe, By: v.By, Name: name(v.By), At: v.At, Note: v.Note, Scale: ToScale(v.Recipe.Scale)}
		if a := v.Attested; a != nil {
			one.Attested = &Attestation{
				By: a.By, Name: name(a.By), At: a.At, SHA256: hex.EncodeToString(a.SHA256[:]), Level: a.Level.String(), Found: ToChecklist(a.Found), Words: a.Words,
			}
		}
		out.Versions = append(out.Versions, one)
	}
	return out
}

// SaveEdit adds a version to a picture's edits and shows the picture in it.
type SaveEdit struct {
	Base   int             `json:"base,omitempty" minimum:"0" doc:"the version it was made from; absent: the original"`
	Recipe clinical.Recipe `json:"recipe"`
	Note   string          `json:"note,omitempty" maxLength:"500"`
}

// AttestEdit is a second person's word on the flattened copy of a version.
type AttestEdit struct {
	SHA256 string `json:"sha256" minLength:"64" maxLength:"64" doc:"of the flattened copy that was looked at, in hex"`
	Level  string `json:"level" enum:"I0,I1,I2" doc:"I1 no identifying feature, I2 anonymised, I0 still recognisable"`
	// Found is owed whole unless the level is I0.
	Found Checklist `json:"found,omitzero"`
	Words string    `json:"words,omitempty" maxLength:"4000" doc:"what was looked for; owed for I2"`
}

// Checklist is what a person found who looked for each of these in a flattened
// copy. Absent: they did not say.
type Checklist struct {
	Face       string `json:"face,omitempty" enum:"none,masked,shown" doc:"whole, in part, from the side, mirrored"`
	Eyes       string `json:"eyes,omitempty" enum:"none,masked,shown" doc:"alone, too"`
	Tattoo     string `json:"tattoo,omitempty" enum:"none,masked,shown" doc:"scars and birthmarks, too"`
	Jewellery  string `json:"jewellery,omitempty" enum:"none,masked,shown" doc:"clothes, too"`
	Label      string `json:"label,omitempty" enum:"none,masked,shown" doc:"names, numbers, barcodes, wristbands, screens"`
	Background string `json:"background,omitempty" enum:"none,masked,shown" doc:"people, a room, a photograph on a wall"`
	Rare       string `json:"rareFinding,omitempty" enum:"none,shown" doc:"what the picture is of, so rare or so well known that it names the patient; shown goes with I1, not with I2"`
}

func (l *Checklist) answers() map[clinical.Feature]*string {
	return map[clinical.Feature]*string{
		clinical.Feature(clinical.HidesFace): &l.Face, clinical.Feature(clinical.HidesEyes): &l.Eyes, clinical.Feature(clinical.HidesTattoo): &l.Tattoo,
		clinical.Feature(clinical.HidesJewellery): &l.Jewellery, clinical.Feature(clinical.HidesLabel): &l.Label, clinical.Feature(clinical.HidesBackground): &l.Background,
		clinical.RareFinding: &l.Rare,
	}
}

// ToChecklist converts for the wire.
func ToChecklist(c clinical.Checklist) Checklist {
	var out Checklist
	for feature, into := range out.answers() {
		*into = string(c[feature])
	}
	return out
}

// Clinical converts from the wire; an answer that is not given is not there.
func (l Checklist) Clinical() clinical.Checklist {
	out := clinical.Checklist{}
	for feature, answer := range l.answers() {
		if *answer != "" {
			out[feature] = clinical.Finding(*answer)
		}
	}
	return out
}

// Clinical converts from the wire.
func (a AttestEdit) Clinical(asset clinical.AssetID, version int) (clinical.AttestEdit, error) {
	out := clinical.AttestEdit{Asset: asset, Version: version, Found: a.Found.Clinical(), Words: a.Words}
	sum, err := hex.DecodeString(a.SHA256)
	if err != nil || len(sum) != len(out.SHA256) {
		return out, clinical.Refuse(clinical.Invalid, "sha256", "The SHA-256 of the copy is 64 digits of hex. Copy it whole.")
	}
	copy(out.SHA256[:], sum)
	return out, out.Level.UnmarshalText([]byte(a.Level))
}

// RecipeDiff lists the sections in which two versions of a picture differ.
type RecipeDiff struct {
	Changes []clinical.RecipeChange `json:"changes"`
}

// Suggestions are what detectors found in a picture that may say who it is, the
// surest of each kind first. Nothing is masked by them: a person decides.
type Suggestions struct {
	Width  int          `json:"width" doc:"of the upright original, in pixels"`
	Height int          `json:"height" doc:"of the upright original, in pixels"`
	Found  []Suggestion `json:"found"`
	Unseen []NotLooked  `json:"notLookedFor" doc:"what nobody looked for, or not everywhere, and why"`
}

// NotLooked is a kind of thing that no detector looked for.
type NotLooked struct {
	Kind string `json:"kind" enum:"face,text"`
	Why  string `json:"why"`
}

// Suggestion is a face or a part of one, a block of text, a code for machines, or
// the figures of a scale, in pixels of the upright original. What a text or a code
// says is not told, and kept nowhere.
type Suggestion struct {
	Kind   string  `json:"kind" enum:"face,code,text,scale" doc:"scale: figures as on a ruler, which name nobody"`
	X      int     `json:"x" doc:"left edge"`
	Y      int     `json:"y" doc:"upper edge"`
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Score  float64 `json:"score" doc:"0 to 1"`
	Level  string  `json:"level" enum:"suggest,auto" doc:"auto: to be masked until a person says otherwise; suggest: a person decides"`
	Turn   int     `json:"turn,omitempty" doc:"degrees clockwise by which to turn the picture for the face or the text to be upright"`
}

// Hides reports whether there is something to mask: everything but a scale, which
// what is measured needs.
func (s Suggestion) Hides() bool { return s.Kind != "scale" }

// Mask is an ellipse around what was found. A face gets room for hair and chin,
// which a box around eyes, nose and mouth leaves out.
func (s Suggestion) Mask(fill clinical.MaskFill) clinical.Mask {
	room, cause := labelRoom, clinical.HidesLabel
	if s.Kind == "face" {
		room, cause = faceRoom, clinical.HidesFace
	}
	w, h := float64(s.Width), float64(s.Height)
	return clinical.Mask{
		Shape:  clinical.MaskEllipse,
		Centre: clinical.Point{X: float64(s.X) + w/2, Y: float64(s.Y) + h/2},
		Radii:  clinical.Point{X: w * room / 2, Y: h * room / 2},
		Fill:   fill, Cause: cause, Suggested: s.Score,
	}
}

// How much larger than its box a suggested mask is: √2 covers the box to its
// corners.
const (
	faceRoom  = 1.7 // hair and chin
	labelRoom = 1.5 // the rim of the label
)
