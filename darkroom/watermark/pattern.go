package watermark

// A block is 32×32 pixels of luma: a 4×4 grid of transform blocks, its cells.
const (
	cellSize    = 8
	blockCells  = 4
	blockSize   = cellSize * blockCells
	cells       = blockCells * blockCells
	frequencies = 8
)

// How deep the pattern goes. A DC unit is an eighth of a grey level over its
// cell.
const (
	// depth is the amplitude of each frequency of a block's 4×4 grid, in DC
	// units, before rounding to the rendition's quantiser.
	depth = 11
	// budget is the most energy that a mark may put into a block, in squared DC
	// units, which are squared grey levels summed over its pixels: a mean squared
	// error of 1.6 or 46 dB below white. Rounding two decoded pictures to whole
	// grey levels adds at most half a decibel to it.
	budget = 16 * blockSize * blockSize / 10
)

// The deepest change of a cell by how busy it is, in DC units. The eye finds the
// edge of a flat patch at half a grey level and loses two in texture.
const (
	flatDepth    = 6
	middleDepth  = 10
	textureDepth = 16
)

// How busy a cell is: bits of its coefficients beside the DC value.
const (
	middleBits  = 16
	textureBits = 48
)

// margin is how far from black and white a cell's mean must be, in DC units, for
// a change not to be clipped, or to be seen as a dirty white.
const margin = 5 * cellSize

// basis returns the frequencies: products of two of the first three functions of
// the 4-point DCT, but the constant one. Fixed point, 1<<15 is one: the marked
// bytes are then the same on every processor.
func basis() [frequencies][cells]int64 {
	lines := [3][blockCells]int64{
		{16384, 16384, 16384, 16384},
		{21407, 8867, -8867, -21407},
		{16384, -16384, -16384, 16384},
	}
	var out [frequencies][cells]int64
	for k := range out {
		across, down := lines[(k+1)%3], lines[(k+1)/3]
		for c := range cells {
			out[k][c] = across[c%blockCells] * down[c/blockCells] >> 15
		}
	}
	return out
}

// pattern is the change of every cell, in steps of the quantiser, for each of
// the 256 ways to choose eight signs.
type pattern [1 << frequencies][cells]int8

// newPattern rounds the pattern to a quantiser of step DC units, and lowers its
// depth until no choice of signs exceeds the budget. A quantiser so coarse that
// one step does gives a pattern of zeros.
func newPattern(step int) *pattern {
	waves := basis()
	for deep := int64(depth); deep > 0; deep-- {
		p := new(pattern)
		if p.fill(&waves, deep, int64(step)) <= budget {
			return p
		}
	}
	return new(pattern)
}

// fill computes the pattern and returns the energy of its strongest block.
func (p *pattern) fill(waves *[frequencies][cells]int64, deep, step int64) (most int64) {
	deepest := int64(steps(textureDepth, int(step)))
	for signs := range p {
		var energy int64
		for c := range cells {
			var sum int64
			for k := range waves {
				if signs>>k&1 == 1 {
					sum += waves[k][c]
				} else {
					sum -= waves[k][c]
				}
			}
			n := min(max(rounded(sum*deep, step<<15), -deepest), deepest)
			p[signs][c] = int8(n)
			energy += n * step * n * step
		}
		most = max(most, energy)
	}
	return most
}

// empty tells whether the pattern changes nothing.
func (p *pattern) empty() bool { return *p == pattern{} }

// rounded divides to the nearest whole number, halves away from zero.
func rounded(a, b int64) int64 {
	if a < 0 {
		return -((-a + b/2) / b)
	}
	return (a + b/2) / b
}

// steps is a depth in steps of the quantiser: at least one, or there would be no
// mark on a coarsely quantised picture, whose own steps are as visible.
func steps(units, step int) int { return min(max(1, (units+step/2)/step), 127) }

// limit is how many steps a cell may be changed: the fewer the flatter it is,
// none where it would be clipped.
func limit(value, step, busy int) int8 {
	if mean := value * step; mean < -128*cellSize+margin || mean > 127*cellSize-margin {
		return 0
	}
	switch {
	case busy < middleBits:
		return int8(steps(flatDepth, step))
	case busy < textureBits:
		return int8(steps(middleDepth, step))
	default:
		return int8(steps(textureDepth, step))
	}
}
