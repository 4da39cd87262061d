package gauge

// The levels from which on a channel holds nothing more: JPEG's rounding moves
// them a little away from the ends.
const (
	burntFrom  = 253
	blackUntil = 2
)

// Light is how light a picture is, in sRGB values from 0 to 1, and how much of it
// holds nothing, in shares of all pixels.
type Light struct {
	Median float64 // of all pixels
	Low    float64 // a twentieth is darker
	High   float64 // a twentieth is lighter
	// Burnt and Black are the shares whose red, green and blue lie at the upper
	// and the lower end, White and Dark those where all three do: paper and
	// cloth, often meant.
	Burnt, Black [3]float64
	White, Dark  float64
}

func light(p Picture) Light {
	var levels [256]int
	var burnt, black [3]int
	white, dark := 0, 0
	for i := 0; i+2 < len(p.RGB); i += 3 {
		px := p.RGB[i : i+3 : i+3]
		levels[(218*int(px[0])+732*int(px[1])+74*int(px[2]))>>10]++
		high, low := 0, 0
		for c, v := range px {
			if v >= burntFrom {
				burnt[c]++
				high++
			} else if v <= blackUntil {
				black[c]++
				low++
			}
		}
		if high == 3 {
			white++
		} else if low == 3 {
			dark++
		}
	}
	n := float64(max(1, p.Width*p.Height))
	at := func(share float64) float64 {
		seen := 0
		for v, count := range levels {
			if seen += count; float64(seen) >= share*n {
				return float64(v) / 255
			}
		}
		return 1
	}
	l := Light{Median: at(0.5), Low: at(0.05), High: at(0.95), White: float64(white) / n, Dark: float64(dark) / n}
	for c := range 3 {
		l.Burnt[c], l.Black[c] = float64(burnt[c])/n, float64(black[c])/n
	}
	return l
}
