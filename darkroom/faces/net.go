package faces

import (
	"io/fs"
	"math"

	"fovea/clinical"
	"fovea/darkroom/faces/nn"
)

// net is one of the networks with what its outputs mean: for each anchor, a
// logit that there is a face, and where its box lies from there.
type net struct {
	model   *nn.Model
	side    int // of the square that goes in, in pixels
	anchors []anchor
	scores  []int // outputs, which follow one another along the anchors
	boxes   []int
}

// anchor is a point of the input as shares of its side.
type anchor struct{ x, y float32 }

// grid is so many anchors at each point of side × side.
type grid struct{ side, each int }

// boxColumns is the width of a row of boxes: centre and size, then six landmarks
// that are not used.
const boxColumns = 16

// open lays the network out and its anchors, one grid after the other.
func (n *net) open(files fs.FS, file string, grids ...grid) error {
	model, err := load(files, file)
	if err != nil {
		return err
	}
	n.model, n.side = model, model.Input().W
	for _, g := range grids {
		for i := range g.side * g.side {
			at := anchor{(float32(i%g.side) + 0.5) / float32(g.side), (float32(i/g.side) + 0.5) / float32(g.side)}
			for range g.each {
				n.anchors = append(n.anchors, at)
			}
		}
	}
	return n.check(file)
}

// check refuses a network whose outputs are not those of the anchors.
func (n *net) check(file string) error {
	out := n.model.Outputs()
	rows := [2]int{}
	for kind, list := range [2][]int{n.scores, n.boxes} {
		for _, i := range list {
			if i >= len(out) || out[i].Cols != [2]int{1, boxColumns}[kind] {
				return clinical.Errorf(clinical.Corrupt, "faces: %s has other outputs", file)
			}
			rows[kind] += out[i].Rows
		}
	}
	in := n.model.Input()
	if rows != [2]int{len(n.anchors), len(n.anchors)} || in != (nn.Shape{H: n.side, W: n.side, C: 3}) {
		return clinical.Errorf(clinical.Corrupt, "faces: %s has other anchors", file)
	}
	return nil
}

// sight is what a network sees in its input: a box as shares of the side, and
// how sure it is, from 0 to 1.
type sight struct {
	x, y, w, h float64 // centre and size
	score      float64
}

// see computes the network on the run's input and returns what scores at least
// least, appended to dst.
func (n *net) see(run *nn.Run, least float64, dst []sight) []sight {
	run.Do()
	threshold := float32(math.Log(least / (1 - least)))
	first := 0
	for k, out := range n.scores {
		logits, boxes := run.Output(out), run.Output(n.boxes[k])
		for i, logit := range logits {
			if logit < threshold {
				continue
			}
			b, at := boxes[i*boxColumns:], n.anchors[first+i]
			side := float64(n.side)
			dst = append(dst, sight{
				x: float64(at.x) + float64(b[0])/side, y: float64(at.y) + float64(b[1])/side,
				w: float64(b[2]) / side, h: float64(b[3]) / side,
				score: 1 / (1 + exp(-float64(logit))),
			})
		}
		first += len(logits)
	}
	return dst
}

// exp is e to the power of x. That of package math differs in its last bit from
// one processor to the next; this one has a single order of single steps. Beyond
// what a score can tell apart, x counts as ±100.
func exp(x float64) float64 {
	x = min(max(x, -100), 100)
	halvings := math.Floor(float64(x/math.Ln2) + 0.5)
	rest := x - float64(halvings*math.Ln2) // at most half of ln 2
	sum := 1.0
	for i := 14.0; i > 0; i-- {
		sum = 1 + float64(rest*sum/i)
	}
	return math.Ldexp(sum, int(halvings))
}
