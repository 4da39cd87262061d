package demo

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"time"

	"golang.org/x/image/draw"

	"fovea/clinical"
)

// Kind is what a picture shows.
type Kind string

// The kinds of picture.
const (
	LegUlcer    Kind = "leg-ulcer"
	FootUlcer   Kind = "foot-ulcer"
	HandBurn    Kind = "hand-burn"
	ArmScar     Kind = "arm-scar"
	ThighGraft  Kind = "thigh-graft"
	TrunkNaevus Kind = "trunk-naevus"
	TrunkRash   Kind = "trunk-rash"
	Label       Kind = "label" // an ID shot: Options.Payload as a code, Options.Lines beside it
)

// Scenes returns the kinds that show skin.
func Scenes() []Kind {
	return []Kind{LegUlcer, FootUlcer, HandBurn, ArmScar, ThighGraft, TrunkNaevus, TrunkRash}
}

// Options are what surrounds a picture.
type Options struct {
	Taken       time.Time // the true instant, in the zone that the camera is set to
	Camera      Camera
	Orientation int  // EXIF 1…8, how the camera was held; 0 is 1. Shown upright, the picture is the same
	Height      int  // px of the upright picture, which is 4:3; 0: 900. 240…3000
	Ruler       bool // a ruler lies in the frame
	// Skin is a tone from 1 (light) to 6 (dark); 0: the seed's. Close is how near the camera stands, 1 (0 is 1) to 2,
	// with the finding in the middle. Healed is how far the finding has gone back, 0 to 1. With the same seed these
	// make pictures of one person on several days.
	Skin    int
	Close   float64
	Healed  float64
	Payload string
	Lines   []string // at most 8 lines of at most 32 characters
}

const (
	defaultHeight         = 900
	minHeight, maxHeight  = 240, 3000
	quality               = 91
	maxLines, maxLineRune = 8, 32
	maxPayload            = 300
)

// Picture draws a picture and returns it as a camera would have written it: a JPEG with EXIF. The same arguments
// give the same bytes. Options out of bounds and unknown kinds are Invalid.
func Picture(kind Kind, seed uint64, o Options) ([]byte, error) {
	if o.Orientation == 0 {
		o.Orientation = 1
	}
	if o.Height == 0 {
		o.Height = defaultHeight
	}
	if o.Orientation < 1 || o.Orientation > 8 || o.Height < minHeight || o.Height > maxHeight || o.Height%2 != 0 {
		return nil, clinical.Errorf(clinical.Invalid, "demo: orientation is 1 to 8, height an even %d to %d", minHeight, maxHeight)
	}
	if o.Close == 0 {
		o.Close = 1
	}
	if o.Skin < 0 || o.Skin > len(tones()) || o.Close < 1 || o.Close > 2 || o.Healed < 0 || o.Healed > 1 {
		return nil, clinical.Errorf(clinical.Invalid, "demo: skin is 0 to 6, close 1 to 2, healed 0 to 1")
	}
	upright, err := frame(kind, seed, o)
	if err != nil {
		return nil, err
	}
	stored := turn(upright, o.Orientation)
	app1, err := exif(o, stored.Bounds().Dx(), stored.Bounds().Dy())
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, stored, &jpeg.Options{Quality: quality}); err != nil {
		return nil, clinical.Errorf(clinical.Internal, "demo: encode: %w", err)
	}
	b := out.Bytes()
	return append(append(bytes.Clone(b[:2]), app1...), b[2:]...), nil // SOI, APP1, the rest
}

// frame draws the upright picture.
func frame(kind Kind, seed uint64, o Options) (*image.RGBA, error) {
	r := rand.New(rand.NewPCG(seed, 0xF07EA)) //nolint:gosec // G404: the same seed draws the same picture
	w := o.Height * 4 / 3
	if kind == Label {
		img, err := paperLabel(r, w, o)
		if err != nil {
			return nil, err
		}
		grain(img, noise(seed)+77, 2.2)
		return img, nil
	}
	if !known(kind) {
		return nil, clinical.Errorf(clinical.Invalid, "demo: no picture of this kind")
	}
	// The scene is soft and is drawn at half size; ruler and grain are sharp and come after.
	half := compose(kind, r, o).render(w/2, o.Height/2)
	img := image.NewRGBA(image.Rect(0, 0, w, o.Height))
	draw.CatmullRom.Scale(img, img.Bounds(), half, half.Bounds(), draw.Src, nil)
	if o.Ruler {
		ruler(img, r, o.Close)
	}
	grain(img, noise(seed)+77, 4)
	return img, nil
}

func known(kind Kind) bool {
	for _, k := range Scenes() {
		if k == kind {
			return true
		}
	}
	return false
}

// grain is the noise of a sensor and the fall-off of a lens towards the corners.
func grain(img *image.RGBA, n noise, sigma float64) {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	for y := range h {
		dy := float64(y)/float64(h) - 0.5
		for x := range w {
			dx := float64(x)/float64(w) - 0.5
			fall := 1 - 0.28*(dx*dx+dy*dy)
			i := img.PixOffset(x, y)
			luma := sigma * 3.4 * (n.corner(int32(x), int32(y)) + n.corner(int32(x), int32(y)+9000) - 1)
			for k := range 3 {
				chroma := sigma * (n.corner(int32(x)+int32(k)*5003, int32(y)+333) - 0.5)
				img.Pix[i+k] = uint8(min(255, max(0, float64(img.Pix[i+k])*fall+luma+chroma)))
			}
		}
	}
}

// turn lays the upright picture out as a camera held so that orientation results would store it (TIFF 6.0,
// Orientation).
func turn(upright *image.RGBA, orientation int) *image.RGBA {
	if orientation == 1 {
		return upright
	}
	w, h := upright.Bounds().Dx(), upright.Bounds().Dy()
	sw, sh := w, h
	if orientation >= 5 {
		sw, sh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, sw, sh))
	for y := range sh {
		for x := range sw {
			ux, uy := uprightAt(orientation, x, y, sw, sh)
			copy(out.Pix[out.PixOffset(x, y):][:4], upright.Pix[upright.PixOffset(ux, uy):][:4])
		}
	}
	return out
}

// uprightAt is where the stored pixel x, y of a picture sw × sh stands when shown.
func uprightAt(orientation, x, y, sw, sh int) (ux, uy int) {
	switch orientation {
	case 2:
		return sw - 1 - x, y
	case 3:
		return sw - 1 - x, sh - 1 - y
	case 4:
		return x, sh - 1 - y
	case 5:
		return y, x
	case 6: // stored row 0 is the right side when shown
		return sh - 1 - y, x
	case 7:
		return sh - 1 - y, sw - 1 - x
	case 8: // stored row 0 is the left side when shown
		return y, sw - 1 - x
	default:
		return x, y
	}
}
