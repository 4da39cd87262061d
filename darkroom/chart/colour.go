package chart

import "math"

// named is a patch as it is made.
type named struct {
	name  string
	lab   [3]float64 // CIE L*a*b*, D50, 2°
	light [3]float64 // the same in linear sRGB; below 0 where sRGB cannot show it
}

// reference is the ColorChecker Classic, row by row: X-Rite, New color
// specifications for ColorChecker SG and Classic charts, of charts made from
// November 2014 on. Older ones differ from it by CIEDE2000 0.8 on average.
func reference() []named {
	out := []named{
		{name: "dark skin", lab: [3]float64{37.54, 14.37, 14.92}},
		{name: "light skin", lab: [3]float64{64.66, 19.27, 17.50}},
		{name: "blue sky", lab: [3]float64{49.32, -3.82, -22.54}},
		{name: "foliage", lab: [3]float64{43.46, -12.74, 22.72}},
		{name: "blue flower", lab: [3]float64{54.94, 9.61, -24.79}},
		{name: "bluish green", lab: [3]float64{70.48, -32.26, -0.37}},
		{name: "orange", lab: [3]float64{62.73, 35.83, 56.50}},
		{name: "purplish blue", lab: [3]float64{39.43, 10.75, -45.17}},
		{name: "moderate red", lab: [3]float64{50.57, 48.64, 16.67}},
		{name: "purple", lab: [3]float64{30.10, 22.54, -20.87}},
		{name: "yellow green", lab: [3]float64{71.77, -24.13, 58.19}},
		{name: "orange yellow", lab: [3]float64{71.51, 18.24, 67.37}},
		{name: "blue", lab: [3]float64{28.37, 15.42, -49.80}},
		{name: "green", lab: [3]float64{54.38, -39.72, 32.27}},
		{name: "red", lab: [3]float64{42.43, 51.05, 28.62}},
		{name: "yellow", lab: [3]float64{81.80, 2.67, 80.41}},
		{name: "magenta", lab: [3]float64{50.63, 51.28, -14.12}},
		{name: "cyan", lab: [3]float64{49.57, -29.71, -28.32}},
		{name: "white", lab: [3]float64{95.19, -1.03, 2.93}},
		{name: "neutral 8", lab: [3]float64{81.29, -0.57, 0.44}},
		{name: "neutral 6.5", lab: [3]float64{66.89, -0.75, -0.06}},
		{name: "neutral 5", lab: [3]float64{50.76, -0.13, 0.14}},
		{name: "neutral 3.5", lab: [3]float64{35.63, -0.46, -0.48}},
		{name: "black", lab: [3]float64{20.64, 0.07, -0.46}},
	}
	toRGB, _ := inverted(toXYZ())
	for i, r := range out {
		out[i].light = apply(toRGB, xyz(r.lab))
	}
	return out
}

// toXYZ is linear sRGB (IEC 61966-2-1) in XYZ under D50, adapted by Bradford's
// cone responses; a row's sum is D50's white.
func toXYZ() [9]float64 {
	return [9]float64{
		0.4360747, 0.3850649, 0.1430804,
		0.2225045, 0.7168786, 0.0606169,
		0.0139322, 0.0971045, 0.7141733,
	}
}

func white() [3]float64 { return apply(toXYZ(), [3]float64{1, 1, 1}) }

// luminance is Y of linear sRGB.
func luminance(c [3]float64) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }

// linear is the light of an sRGB value, 0 to 1.
func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// The limits of CIE L*'s straight part (CIE 15).
const (
	labEdge  = 216.0 / 24389
	labSlope = 24389.0 / 27
)

// lab is CIE L*a*b* under D50 of linear sRGB.
func lab(c [3]float64) [3]float64 {
	v, w := apply(toXYZ(), c), white()
	var f [3]float64
	for i := range f {
		if t := v[i] / w[i]; t > labEdge {
			f[i] = math.Cbrt(t)
		} else {
			f[i] = (labSlope*t + 16) / 116
		}
	}
	return [3]float64{116*f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])}
}

// xyz is the inverse of lab's second half.
func xyz(c [3]float64) [3]float64 {
	y := (c[0] + 16) / 116
	out := [3]float64{y + c[1]/500, y, y - c[2]/200}
	for i, w := range white() {
		if cube := out[i] * out[i] * out[i]; cube > labEdge {
			out[i] = w * cube
		} else {
			out[i] = w * (116*out[i] - 16) / labSlope
		}
	}
	return out
}

// ciede2000 is the colour difference of two colours in L*a*b* (Sharma, Wu and
// Dalal, Color Research and Application 30, 2005).
func ciede2000(p, q [3]float64) float64 {
	power7 := func(c float64) float64 { return math.Sqrt(math.Pow(c, 7) / (math.Pow(c, 7) + math.Pow(25, 7))) }
	g := 0.5 * (1 - power7((math.Hypot(p[1], p[2])+math.Hypot(q[1], q[2]))/2))
	a1, a2 := (1+g)*p[1], (1+g)*q[1]
	c1, c2 := math.Hypot(a1, p[2]), math.Hypot(a2, q[2])
	h1, h2 := hue(a1, p[2]), hue(a2, q[2])
	turn, mean := h2-h1, (h1+h2)/2
	switch {
	case c1*c2 == 0:
		turn, mean = 0, h1+h2
	case math.Abs(h1-h2) > 180:
		turn -= math.Copysign(360, turn)
		if mean += 180; mean >= 360 {
			mean -= 360
		}
	}
	dL, dC, dH := q[0]-p[0], c2-c1, 2*math.Sqrt(c1*c2)*sinOf(turn/2)
	l, c := (p[0]+q[0])/2, (c1+c2)/2
	t := 1 - 0.17*cosOf(mean-30) + 0.24*cosOf(2*mean) + 0.32*cosOf(3*mean+6) - 0.20*cosOf(4*mean-63)
	fifty := (l - 50) * (l - 50)
	sL, sC, sH := 1+0.015*fifty/math.Sqrt(20+fifty), 1+0.045*c, 1+0.015*c*t
	rotate := -2 * power7(c) * sinOf(60*math.Exp(-math.Pow((mean-275)/25, 2)))
	dL, dC, dH = dL/sL, dC/sC, dH/sH
	return math.Sqrt(dL*dL + dC*dC + dH*dH + rotate*dC*dH)
}

func sinOf(degrees float64) float64 { return math.Sin(degrees * math.Pi / 180) }
func cosOf(degrees float64) float64 { return math.Cos(degrees * math.Pi / 180) }

// hue is the angle of a colour, 0 to 360 degrees; 0 where there is none.
func hue(a, b float64) float64 {
	h := math.Atan2(b, a) * 180 / math.Pi
	if h < 0 {
		h += 360
	}
	return h
}

func apply(m [9]float64, v [3]float64) [3]float64 {
	return [3]float64{
		m[0]*v[0] + m[1]*v[1] + m[2]*v[2],
		m[3]*v[0] + m[4]*v[1] + m[5]*v[2],
		m[6]*v[0] + m[7]*v[1] + m[8]*v[2],
	}
}

func times(a, b [9]float64) (out [9]float64) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				out[3*i+j] += a[3*i+k] * b[3*k+j]
			}
		}
	}
	return out
}

// inverted is a matrix's inverse by its cofactors; false: it has none worth
// having.
func inverted(m [9]float64) ([9]float64, bool) {
	cof := [9]float64{
		m[4]*m[8] - m[5]*m[7], m[2]*m[7] - m[1]*m[8], m[1]*m[5] - m[2]*m[4],
		m[5]*m[6] - m[3]*m[8], m[0]*m[8] - m[2]*m[6], m[2]*m[3] - m[0]*m[5],
		m[3]*m[7] - m[4]*m[6], m[1]*m[6] - m[0]*m[7], m[0]*m[4] - m[1]*m[3],
	}
	det := m[0]*cof[0] + m[1]*cof[3] + m[2]*cof[6]
	size := 0.0
	for _, v := range m {
		size = max(size, math.Abs(v))
	}
	if !(math.Abs(det) > 1e-9*size*size*size) {
		return m, false
	}
	for i := range cof {
		cof[i] /= det
	}
	return cof, true
}
