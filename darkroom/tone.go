package darkroom

import (
	"math"

	"fovea/clinical"
)

// light is how finely light is counted: 1 is white.
const light = 1 << 16

// tone changes light and colour of every pixel: gains and exposure in linear
// light, the matrix, back to sRGB, contrast there. Nothing is measured on the
// picture.
func (p *raster) tone(t clinical.Tone) {
	if t.Exposure == 0 && t.Contrast == 0 && t.White == nil && t.Matrix == nil {
		return
	}
	in, out := toLight(t), fromLight(t.Contrast)
	var m *[9]int64
	if t.Matrix != nil {
		m = new([9]int64)
		for i, v := range t.Matrix {
			m[i] = int64(math.Floor(mul(v, light) + 0.5))
		}
	}
	for i := 0; i+2 < len(p.pix); i += 3 {
		r, g, b := in[0][p.pix[i]], in[1][p.pix[i+1]], in[2][p.pix[i+2]]
		if m != nil {
			r, g, b = (m[0]*r+m[1]*g+m[2]*b)>>16, (m[3]*r+m[4]*g+m[5]*b)>>16, (m[6]*r+m[7]*g+m[8]*b)>>16
		}
		p.pix[i] = out[min(max(r, 0), light)]
		p.pix[i+1] = out[min(max(g, 0), light)]
		p.pix[i+2] = out[min(max(b, 0), light)]
	}
}

// toLight is the light of each level of red, green and blue after gain and
// exposure. It may be more than white.
func toLight(t clinical.Tone) *[3][256]int64 {
	gains := [3]float64{1, 1, 1}
	if t.White != nil {
		gains = t.White.Gains
	}
	exposure := exp2(t.Exposure)
	var out [3][256]int64
	for c := range out {
		factor := mul(mul(gains[c], exposure), light)
		for v := range out[c] {
			out[c][v] = int64(math.Floor(mul(linear(float64(v)/255), factor) + 0.5))
		}
	}
	return &out
}

// fromLight is the level of each light, with contrast.
func fromLight(contrast float64) *[light + 1]byte {
	slope := exp2(contrast)
	out := new([light + 1]byte)
	for i := range out {
		v := 0.5 + mul(gamma(float64(i)/light)-0.5, slope)
		out[i] = byte(math.Floor(mul(min(max(v, 0), 1), 255) + 0.5))
	}
	return out
}
