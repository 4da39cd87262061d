package chart

import (
	"math"
	"testing"
)

// Pairs of the test data of Sharma, Wu and Dalal (2005), those that tell wrong
// hues and wrong means apart among them.
func TestColourDifferenceIsThePublishedOne(t *testing.T) {
	for _, tt := range []struct {
		p, q [3]float64
		want float64
	}{
		{[3]float64{50, 2.6772, -79.7751}, [3]float64{50, 0, -82.7485}, 2.0425},
		{[3]float64{50, 3.1571, -77.2803}, [3]float64{50, 0, -82.7485}, 2.8615},
		{[3]float64{50, -1.3802, -84.2814}, [3]float64{50, 0, -82.7485}, 1.0000},
		{[3]float64{50, 0, 0}, [3]float64{50, -1, 2}, 2.3669},
		{[3]float64{50, -1, 2}, [3]float64{50, 0, 0}, 2.3669},
		{[3]float64{50, 2.49, -0.001}, [3]float64{50, -2.49, 0.0009}, 7.1792},
		{[3]float64{50, 2.49, -0.001}, [3]float64{50, -2.49, 0.0011}, 7.2195},
		{[3]float64{50, -0.001, 2.49}, [3]float64{50, 0.0009, -2.49}, 4.8045},
		{[3]float64{50, -0.001, 2.49}, [3]float64{50, 0.0011, -2.49}, 4.7461},
		{[3]float64{50, 2.5, 0}, [3]float64{50, 0, -2.5}, 4.3065},
		{[3]float64{50, 2.5, 0}, [3]float64{73, 25, -18}, 27.1492},
		{[3]float64{50, 2.5, 0}, [3]float64{61, -5, 29}, 22.8977},
		{[3]float64{50, 2.5, 0}, [3]float64{56, -27, -3}, 31.9030},
		{[3]float64{50, 2.5, 0}, [3]float64{50, 3.2972, 0}, 1.0000},
		{[3]float64{60.2574, -34.0099, 36.2677}, [3]float64{60.4626, -34.1751, 39.4387}, 1.2644},
		{[3]float64{63.0109, -31.0961, -5.8663}, [3]float64{62.8187, -29.7946, -4.0864}, 1.2630},
		{[3]float64{22.7233, 20.0904, -46.6940}, [3]float64{23.0331, 14.9730, -42.5619}, 2.0373},
		{[3]float64{90.9257, -0.5406, -0.9208}, [3]float64{88.6381, -0.8985, -0.7239}, 1.5381},
		{[3]float64{6.7747, -0.2908, -2.4247}, [3]float64{5.8714, -0.0985, -2.2286}, 0.6377},
		{[3]float64{2.0776, 0.0795, -1.1350}, [3]float64{0.9033, -0.0636, -0.5514}, 0.9082},
	} {
		if got := ciede2000(tt.p, tt.q); math.Abs(got-tt.want) > 5e-5 {
			t.Errorf("%v to %v: %.4f, want %.4f", tt.p, tt.q, got, tt.want)
		}
	}
}

// The sRGB levels that are printed beside the patches are of the charts before
// 2014 and end where sRGB does: a patch that was mistyped would be farther off.
func TestReferenceIsTheChartInBothColourSpaces(t *testing.T) {
	srgb := [24][3]float64{
		{115, 82, 68},
		{194, 150, 130},
		{98, 122, 157},
		{87, 108, 67},
		{133, 128, 177},
		{103, 189, 170},
		{214, 126, 44},
		{80, 91, 166},
		{193, 90, 99},
		{94, 60, 108},
		{157, 188, 64},
		{224, 163, 46},
		{56, 61, 150},
		{70, 148, 73},
		{175, 54, 60},
		{231, 199, 31},
		{187, 86, 149},
		{8, 133, 161},
		{243, 243, 242},
		{200, 200, 200},
		{160, 160, 160},
		{122, 122, 121},
		{85, 85, 85},
		{52, 52, 52},
	}
	sum := 0.0
	for k, ref := range reference() {
		if back := lab(ref.light); ciede2000(back, ref.lab) > 1e-3 {
			t.Errorf("%s: %v after there and back, was %v", ref.name, back, ref.lab)
		}
		var c [3]float64
		for i := range c {
			c[i] = linear(srgb[k][i] / 255)
		}
		d := ciede2000(lab(c), ref.lab)
		if sum += d; d > 4.5 { // cyan lies outside sRGB
			t.Errorf("%s: %.2f from what is printed", ref.name, d)
		}
	}
	if mean := sum / 24; mean > 2 {
		t.Errorf("%.2f on average from what is printed", mean)
	}
}

// Draw returns what the tests outside draw a chart by: linear sRGB, row by row.
func Draw() [][3]float64 {
	var out [][3]float64
	for _, r := range reference() {
		out = append(out, r.light)
	}
	return out
}
