package clinical

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Quality is what was measured of one original's pixels when it was kept:
// figures, from which no pixel can be guessed. It is sealed like its picture and
// measured again by a newer Program. Only [Quality.Advise] judges it, and nobody
// is refused anything for it.
type Quality struct {
	Asset      AssetID
	Rev        uint64
	Patient    PatientID `json:",omitzero"` // the picture's owner, for the key
	Source     BlobID    `json:",omitzero"` // the original that was measured
	Program    uint32    `json:",omitempty"`
	MeasuredAt time.Time `json:",omitzero"`
	Failed     Reason    `json:",omitempty"` // why there are no figures

	// Width and Height are those of the upright original in pixels, which recipes
	// are measured in: of a raw file its largest preview, of a video its poster.
	Width  int `json:",omitempty"`
	Height int `json:",omitempty"`

	// Blur is the standard deviation of the Gaussian that makes edges as wide as
	// the sharpest ones are, in pixels of the picture at 2048 or its own size; Smear
	// and Still the same of the edges in the direction in which they are widest and
	// narrowest. Edges says that there were enough to tell.
	Edges bool    `json:",omitempty"`
	Blur  float64 `json:",omitempty"`
	Smear float64 `json:",omitempty"`
	Still float64 `json:",omitempty"`
	// Usual is the median Blur of the studio's latest pictures; 0: too few.
	Usual float64 `json:",omitempty"`

	// Median, Low and High are sRGB values from 0 to 1 below which a half, a
	// twentieth and nineteen twentieths of the pixels lie.
	Median float64 `json:",omitempty"`
	Low    float64 `json:",omitempty"`
	High   float64 `json:",omitempty"`
	// Burnt and Black are the shares of pixels whose red, green and blue are at
	// their upper and lower end, White and Dark those where all three are.
	Burnt [3]float64 `json:",omitzero"`
	Black [3]float64 `json:",omitzero"`
	White float64    `json:",omitempty"`
	Dark  float64    `json:",omitempty"`

	// Like is another picture of the same burst that shows nearly the same, and
	// Likeness their correlation, 0 to 1.
	Like     AssetID `json:",omitzero"`
	Likeness float64 `json:",omitempty"`

	// Sought says that somebody looked for faces, and Faces how many there are that
	// nobody would doubt.
	Sought bool `json:",omitempty"`
	Faces  int  `json:",omitempty"`
}

// The codes of advice.
const (
	AdviceSoft    Reason = "soft"     // may be out of focus
	AdviceMoved   Reason = "moved"    // camera or patient may have moved
	AdviceDark    Reason = "dark"     // nothing in it is light
	AdviceBright  Reason = "bright"   // nothing in it is dark
	AdviceBurnt   Reason = "burnt"    // a channel holds nothing at its upper end
	AdviceBlack   Reason = "black"    // a channel holds nothing at its lower end
	AdviceAlike   Reason = "alike"    // nearly the same as another of the burst
	AdviceNoScale Reason = "no-scale" // the view asks for one and none is drawn
	AdviceNoFace  Reason = "no-face"  // the view is of a face and none is found
)

// The limits beyond which something is worth a look. docs/quality.md has the
// figures of real pictures on either side of them.
const (
	limitBlur = 1.6  // pixels
	overUsual = 1.5  // times what is usual
	limitDark = 0.28 // of 1: dark skin that fills the frame reaches 0.3 when it is well exposed
	limitPale = 0.5  // of 1
	limitLost = 0.05 // of all pixels
	limitDeep = 0.25 // of all pixels
	// LikenessLimit is the correlation from which two frames of a burst are nearly
	// the same.
	LikenessLimit = 0.8
	movedAtLeast  = 2.0 // times: how much wider edges are in one direction than in another
)

// Advice is something about a picture that is worth a look while it can still be
// taken again: a code, a figure, and the limit that it is beyond. It never stops
// anything.
type Advice struct {
	Code  Reason
	Value float64 // in the unit of its code: pixels, share of 1, correlation, faces
	Limit float64
	Usual float64 // what is usual in the studio; 0: not known
	Like  AssetID // AdviceAlike: the other picture
}

// Advise says what of a picture is worth a look. scaled says that the version in
// which it is shown has a scale bar.
func (q Quality) Advise(a Asset, scaled bool) []Advice {
	if a.IDShot || a.Form || a.State.Gone() || q.Failed != "" {
		return nil
	}
	out := []Advice{}
	add := func(beyond bool, one Advice) {
		if beyond {
			out = append(out, one)
		}
	}
	if q.Program != 0 && !strings.HasPrefix(a.Original.MIME, "video/") { // of a video its first frame was measured, for its size
		out = append(out, q.sharpness()...)
		add(q.High < limitDark, Advice{Code: AdviceDark, Value: q.High, Limit: limitDark})
		add(q.Low > limitPale, Advice{Code: AdviceBright, Value: q.Low, Limit: limitPale})
		// What is white or black altogether is mostly paper, cloth or background.
		burnt, black := slices.Max(q.Burnt[:])-q.White, slices.Max(q.Black[:])-q.Dark
		add(burnt > limitLost, Advice{Code: AdviceBurnt, Value: burnt, Limit: limitLost})
		add(black > limitDeep, Advice{Code: AdviceBlack, Value: black, Limit: limitDeep})
		add(!q.Like.IsZero() && q.Likeness >= LikenessLimit, Advice{Code: AdviceAlike, Value: q.Likeness, Limit: LikenessLimit, Like: q.Like})
		add(a.View.Face() && q.Sought && q.Faces == 0, Advice{Code: AdviceNoFace, Value: 0, Limit: 1})
	}
	add(a.View.ScaleInFrame && !scaled, Advice{Code: AdviceNoScale, Value: 0, Limit: 1})
	return out
}

// sharpness compares edges with what can be told and with what is usual: a
// microscope's pictures are soft every day.
func (q Quality) sharpness() []Advice {
	limit := max(limitBlur, overUsual*q.Usual)
	switch {
	case !q.Edges:
		return nil
	case q.Smear > limit && q.Smear > movedAtLeast*q.Still:
		return []Advice{{Code: AdviceMoved, Value: q.Smear, Limit: limit, Usual: q.Usual}}
	case q.Blur > limit:
		return []Advice{{Code: AdviceSoft, Value: q.Blur, Limit: limit, Usual: q.Usual}}
	}
	return nil
}

// Face reports whether a view is of a whole face, as its code or site says in one
// of the languages of this program.
func (v View) Face() bool {
	whole := false
	for _, w := range strings.FieldsFunc(strings.ToLower(v.Code+" "+v.Site), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch w {
		case "face", "facial", "visage", "cara", "rostro":
			whole = true
		case "close", "closeup", "detail", "détail", "detalle", "macro", "part", "partial", "half", "upper", "lower",
			"eye", "eyes", "œil", "oeil", "yeux", "ojo", "ojos", "mouth", "bouche", "boca", "nose", "nez", "nariz",
			"ear", "oreille", "oreja", "lip", "lips", "lèvres", "labios", "cheek", "joue", "mejilla", "forehead", "frente", "chin", "menton", "mentón":
			return false
		}
	}
	return whole
}

// Upright returns the size of a picture as it is looked at and as recipes are
// measured in, in pixels; zero where nobody knows yet. What was measured of the
// pixels is right. Until then a camera's own statement stands in for a picture
// whose stored pixels it is about; those of a raw file are its sensor's, and
// those of a video lie as the camera was held.
func (q Quality) Upright(a Asset) (width, height int) {
	if q.Width > 0 && q.Height > 0 && q.Source == a.Original.ID {
		return q.Width, q.Height
	}
	switch a.Original.MIME {
	case "image/jpeg", "image/png", "image/tiff":
	default:
		return 0, 0
	}
	c := a.Capture
	if c.Orientation >= 5 && c.Orientation <= 8 { // EXIF: a quarter turn
		return c.Height, c.Width
	}
	return c.Width, c.Height
}
