package darkroom

import "math"

// A Go compiler may join x*y+z into one operation that rounds once (arm64 does,
// amd64 does from GOAMD64=v3 on), and package math has assembly of its own on
// some machines. Either changes the last bit of a result, and then the bytes of a
// picture. What decides over pixels is therefore computed with the functions
// below, and a product that is added to something is written mul(x, y): an
// explicit conversion forbids the joining (Go specification, "Floating-point
// operators"). Halving and other powers of two are exact, joined or not, and are
// written as they are.

// mul is x*y, rounded.
func mul(x, y float64) float64 { return float64(x * y) }

// sincos returns sine and cosine of an angle in degrees, |degrees| ≤ 360.
func sincos(degrees float64) (sin, cos float64) {
	quarter := math.Floor(degrees/90 + 0.5)
	x := mul(degrees-mul(90, quarter), math.Pi/180) // |x| ≤ π/4
	square := mul(x, x)
	s, c := 1.0, 1.0
	for k := 22.0; k >= 2; k -= 2 {
		s = 1 - mul(square/mul(k, k+1), s)
		c = 1 - mul(square/mul(k-1, k), c)
	}
	s = mul(x, s)
	switch (int(quarter)%4 + 4) % 4 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	default:
		return -c, s
	}
}

// exp2 returns 2 to the power of x.
func exp2(x float64) float64 {
	whole := math.Floor(x)
	f := mul(x-whole, math.Ln2)
	sum := 1.0
	for k := 24.0; k >= 1; k-- {
		sum = 1 + mul(f/k, sum)
	}
	return math.Ldexp(sum, int(whole))
}

// log2 returns the logarithm of x > 0 to base 2.
func log2(x float64) float64 {
	frac, exp := math.Frexp(x)
	z := (frac - 1) / (frac + 1) // ln frac = 2 artanh z, −1/3 ≤ z ≤ 0
	square := mul(z, z)
	sum := 0.0
	for k := 41.0; k >= 1; k -= 2 {
		sum = 1/k + mul(square, sum)
	}
	return float64(exp) + mul(mul(2, z), sum)/math.Ln2
}

// pow returns x to the power of y for x ≥ 0.
func pow(x, y float64) float64 {
	if x <= 0 {
		return 0
	}
	return exp2(mul(y, log2(x)))
}

// linear is the light of an sRGB value, both 0 to 1 (IEC 61966-2-1).
func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return pow((v+0.055)/1.055, 2.4)
}

// gamma is the sRGB value of light, both 0 to 1 (IEC 61966-2-1).
func gamma(v float64) float64 {
	if v <= 0.0031308 {
		return mul(12.92, v)
	}
	return mul(1.055, pow(v, 1/2.4)) - 0.055
}
