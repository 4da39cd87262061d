package darkroom_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"

	"fovea/clinical"
	"fovea/darkroom"
)

// space is a colour space of three primaries in XYZ under D50, as ICC profiles
// hold them, and a tone curve.
type space struct {
	primaries [3][3]float64 // X, Y, Z of red, green, blue
	gamma     float64       // 0: sRGB's curve
}

// Primaries after ICC's own published profiles (Display P3, Adobe RGB 1998, sRGB).
func spaces() map[string]space {
	return map[string]space{
		"Display P3": {[3][3]float64{{0.51512, 0.24120, -0.00105}, {0.29198, 0.69225, 0.04189}, {0.15710, 0.06657, 0.78407}}, 0},
		"Adobe RGB":  {[3][3]float64{{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}}, 563.0 / 256},
	}
}

func sRGB() space {
	return space{[3][3]float64{{0.43607, 0.22249, 0.01392}, {0.38515, 0.71687, 0.09708}, {0.14307, 0.06061, 0.71410}}, 0}
}

func (s space) decode(v float64) float64 {
	switch {
	case s.gamma != 0:
		return math.Pow(v, s.gamma)
	case v <= 0.04045:
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// lab is CIE L*a*b* under D50 of a colour, 0 to 1 each.
func (s space) lab(c [3]float64) [3]float64 {
	white := [3]float64{0.9642, 1, 0.8249}
	var f [3]float64
	for i := range f {
		v := 0.0
		for k := range c {
			v += s.primaries[k][i] * s.decode(c[k])
		}
		if v /= white[i]; v > 216.0/24389 {
			f[i] = math.Cbrt(v)
		} else {
			f[i] = (24389.0/27*v + 16) / 116
		}
	}
	return [3]float64{116*f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])}
}

// profile is an ICC display profile of the space, version 2.1, whose description
// names a patient.
func (s space) profile() []byte {
	fixed := func(v float64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(int32(math.Round(v*65536)))) }
	xyz := func(v [3]float64) []byte {
		return append(append(append([]byte("XYZ \x00\x00\x00\x00"), fixed(v[0])...), fixed(v[1])...), fixed(v[2])...)
	}
	curve := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01")
	if s.gamma != 0 {
		curve = binary.BigEndian.AppendUint16(curve, uint16(math.Round(s.gamma*256)))
	} else {
		curve = []byte("curv\x00\x00\x00\x00\x00\x00\x04\x00")
		for i := range 1024 {
			curve = binary.BigEndian.AppendUint16(curve, uint16(math.Round(s.decode(float64(i)/1023)*65535)))
		}
	}
	desc := binary.BigEndian.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(planted)+1))
	desc = append(append(desc, planted...), make([]byte, 80)...)
	tags := []struct {
		name string
		data []byte
	}{
		{"desc", desc},
		{"cprt", []byte("text\x00\x00\x00\x00none\x00")},
		{"wtpt", xyz([3]float64{0.9642, 1, 0.8249})},
		{"rXYZ", xyz(s.primaries[0])},
		{"gXYZ", xyz(s.primaries[1])},
		{"bXYZ", xyz(s.primaries[2])},
		{"rTRC", curve},
		{"gTRC", curve},
		{"bTRC", curve},
	}
	at := 128 + 4 + 12*len(tags)
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var data []byte
	for _, tag := range tags {
		table = append(table, tag.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(at+len(data)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(tag.data)))
		data = append(data, tag.data...)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
	}
	head := make([]byte, 128)
	binary.BigEndian.PutUint32(head, uint32(at+len(data)))
	copy(head[8:], "\x02\x10\x00\x00mntrRGB XYZ ")
	copy(head[36:], "acsp")
	copy(head[68:], append(append(fixed(0.9642), fixed(1)...), fixed(0.8249)...))
	return append(append(head, table...), data...)
}

// patchColours are skin, blood, slough, necrosis, drape and greys, all of which
// sRGB can show.
func patchColours() [][3]float64 {
	return [][3]float64{
		{0.82, 0.62, 0.52}, {0.45, 0.30, 0.22}, {0.62, 0.20, 0.18}, {0.78, 0.72, 0.42}, {0.14, 0.12, 0.11}, {0.30, 0.52, 0.45}, {0.5, 0.5, 0.5}, {0.95, 0.95, 0.95},
	}
}

const patchSide = 48

func chart(bits int) image.Image {
	img := image.NewRGBA64(image.Rect(0, 0, patchSide*len(patchColours()), patchSide))
	for x := range img.Rect.Dx() {
		c := patchColours()[x/patchSide]
		for y := range patchSide {
			var v [3]uint16
			for i := range v {
				v[i] = uint16(math.Round(c[i] * 65535))
				if bits == 8 {
					v[i] = uint16(math.Round(c[i]*255)) * 257
				}
			}
			img.SetRGBA64(x, y, color.RGBA64{v[0], v[1], v[2], 65535})
		}
	}
	return img
}

func jpegWith(t *testing.T, img image.Image, profile []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	body := append([]byte("ICC_PROFILE\x00\x01\x01"), profile...)
	n := len(body) + 2
	return append(append([]byte{0xff, 0xd8, 0xff, 0xe2, byte(n >> 8), byte(n)}, body...), b.Bytes()[2:]...)
}

// tiff16 is an uncompressed TIFF of 16 bits per channel (TIFF 6.0) with a profile.
func tiff16(img image.Image, profile []byte) []byte {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	var pixels []byte
	for y := range h {
		for x := range w {
			r, g, b, _ := img.At(x, y).RGBA()
			for _, v := range [3]uint32{r, g, b} {
				pixels = binary.LittleEndian.AppendUint16(pixels, uint16(v))
			}
		}
	}
	const entries = 11
	extra := 8 + 2 + 12*entries + 4
	at := extra + 8 + len(profile) + len(profile)%2
	out := binary.LittleEndian.AppendUint32([]byte("II*\x00"), 8)
	out = binary.LittleEndian.AppendUint16(out, entries)
	for _, e := range [entries][4]uint32{
		{256, 4, 1, uint32(w)},
		{257, 4, 1, uint32(h)},
		{258, 3, 3, uint32(extra)},
		{259, 3, 1, 1},
		{262, 3, 1, 2},
		{273, 4, 1, uint32(at)},
		{277, 3, 1, 3},
		{278, 4, 1, uint32(h)},
		{279, 4, 1, uint32(len(pixels))},
		{284, 3, 1, 1},
		{34675, 7, uint32(len(profile)), uint32(extra + 8)},
	} {
		out = binary.LittleEndian.AppendUint16(out, uint16(e[0]))
		out = binary.LittleEndian.AppendUint16(out, uint16(e[1]))
		out = binary.LittleEndian.AppendUint32(out, e[2])
		out = binary.LittleEndian.AppendUint32(out, e[3])
	}
	out = append(out, 0, 0, 0, 0, 16, 0, 16, 0, 16, 0, 0, 0)
	out = append(out, profile...)
	out = append(out, make([]byte, len(profile)%2)...)
	return append(out, pixels...)
}

// ΔE is CIE 1976, under D50; 2.3 is about what a person can just see.
func TestColoursOfWiderSpacesComeOutAsTheyWere(t *testing.T) {
	r := editors(t)["children"]
	for name, s := range spaces() {
		for form, src := range map[string]darkroom.Source{
			"JPEG":           source(jpegWith(t, chart(8), s.profile()), "image/jpeg"),
			"TIFF of 16 bit": source(tiff16(chart(16), s.profile()), "image/tiff"),
		} {
			p, err := r.Edit(t.Context(), src, clinical.NewRecipe(), darkroom.EditOptions{})
			if err != nil {
				t.Fatalf("%s %s: %v", name, form, err)
			}
			if bytes.Contains(p.JPEG, []byte(planted)) || darkroom.Bare(p.JPEG) != nil {
				t.Errorf("%s %s: the profile's text came along", name, form)
			}
			shown, worst, without := decode(t, p), 0.0, 0.0
			for i, c := range patchColours() {
				red, green, blue, _ := shown.At(i*patchSide+patchSide/2, patchSide/2).RGBA()
				got := sRGB().lab([3]float64{float64(red) / 65535, float64(green) / 65535, float64(blue) / 65535})
				want := s.lab(c)
				worst = max(worst, math.Hypot(got[0]-want[0], math.Hypot(got[1]-want[1], got[2]-want[2])))
				pale := sRGB().lab(c)
				without = max(without, math.Hypot(pale[0]-want[0], math.Hypot(pale[1]-want[1], pale[2]-want[2])))
			}
			t.Logf("%s %s: ΔE at most %.2f; ignoring the profile %.1f", name, form, worst, without)
			if worst > 2.3 {
				t.Errorf("%s %s: ΔE %.2f", name, form, worst)
			}
		}
	}
}

// Most cameras write sRGB and no profile: not a level may change by being read.
func TestAPictureWithoutAProfileKeepsItsColours(t *testing.T) {
	src := lossless(t, chart(8))
	for way, r := range editors(t) {
		shown := decode(t, edit(t, r, src, clinical.NewRecipe(), darkroom.EditOptions{}))
		plain, err := r.Render(t.Context(), source(src, "image/png"), darkroom.TeachingSize, false)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range patchColours() {
			for what, img := range map[string]image.Image{"edited": shown, "rendered": decode(t, plain)} {
				red, green, blue, _ := img.At(i*patchSide+patchSide/2, patchSide/2).RGBA()
				for k, v := range []uint32{red, green, blue} {
					if math.Abs(float64(v)/257-255*c[k]) > 2.5 { // a JPEG's own rounding
						t.Errorf("%s, %s: patch %d channel %d is %.1f, was %.1f", way, what, i, k, float64(v)/257, 255*c[k])
					}
				}
			}
		}
	}
}
