// Package faces finds faces in clinical photographs, so that they are covered
// before a picture is released.
//
// It works in two stages. One network proposes, on the picture as it is and with
// half its size of black around it, each turned by 0, 90, 180 and 270 degrees:
// patients lie, cameras are held anyhow, and a face that fills the frame is too
// large for the network unless something stands around it. Then every proposal
// is cut out upright, at two sizes, and judged by three networks; its score is
// their mean. A network alone finds as much but is fooled by four in ten close-up
// pictures of skin; the three together are not.
//
// There are two thresholds, because a missed face cannot be taken back while a
// false one costs a click. What reaches [clinical.ToConfirm] is shown for a person to
// confirm; what reaches [clinical.ToMask] is painted over before anybody has asked.
// Neither releases anything: that is for a person who has looked.
//
// The package finds faces and parts of faces. It does not look for tattoos,
// jewellery or labels, recognises nobody, keeps nothing of a picture, and makes
// no claim for children or for any tone of skin, for which it has not been
// measured. docs/faces.md has the figures and what is missed.
//
// Start reading at [Detector.Find].
package faces

import (
	"context"
	"image"
	"io/fs"
	"math"
	"sync"

	"fovea/clinical"
	"fovea/darkroom/faces/nn"
)

// Found is one face, or a part of one.
type Found struct {
	Box   image.Rectangle // in pixels of the picture that was given, within its bounds
	Score float64         // mean of the three networks, 0 to 1
	Level clinical.Sureness
	Turn  int // degrees by which to turn the picture clockwise for the face to be upright: 0, 90, 180, 270
}

// Detector finds faces. It is safe for concurrent use.
type Detector struct {
	nets [3]*net   // in the order in which they judge, the cheapest first
	desk sync.Pool // of *desk
}

// back is where the proposing network stands among the nets.
const back = 2

// New reads the networks that the program was built with. Where it was built
// without them the error is clinical.Unavailable and says what to run.
func New() (*Detector, error) { return open(files) }

func open(files fs.FS) (*Detector, error) {
	d := &Detector{nets: [3]*net{
		{scores: []int{1}, boxes: []int{0}},
		{scores: []int{1}, boxes: []int{0}},
		{scores: []int{0, 1}, boxes: []int{2, 3}},
	}}
	coarse := []grid{{16, 2}, {8, 6}}
	if err := d.nets[0].open(files, shortFile, coarse...); err != nil {
		return nil, err
	}
	if err := d.nets[1].open(files, fullFile, grid{48, 1}); err != nil {
		return nil, err
	}
	if err := d.nets[back].open(files, backFile, coarse...); err != nil {
		return nil, err
	}
	return d, nil
}

// maxPixels is the largest picture that is looked at, that of package darkroom.
const maxPixels = 150_000_000

// Find returns the faces of a picture, the surest first. The picture is upright:
// its EXIF orientation has been applied. It is only read.
//
// It takes one processor, some 25 MB beside the picture, and the time of eight
// looks and of at most 160 judgements: docs/benchmarks.md tells how long. It ends
// early, with the context's error, when ctx does. The same pixels give the same
// findings on every machine.
//
// A picture without pixels, or with too many, is clinical.Invalid.
func (d *Detector) Find(ctx context.Context, upright image.Image) ([]Found, error) {
	b := upright.Bounds()
	if b.Empty() || b.Dx() > maxPixels/b.Dy() {
		return nil, clinical.Errorf(clinical.Invalid, "faces: picture of %d × %d pixels", b.Dx(), b.Dy())
	}
	c, factor := shrink(upright)
	work, ok := d.desk.Get().(*desk)
	if !ok {
		work = d.newDesk()
	}
	defer d.desk.Put(work)
	work.picture = newPicture(c)
	defer func() { work.picture = nil }()
	found, err := work.find(ctx)
	if err != nil {
		return nil, err
	}
	return report(found, b, float64(factor)), nil
}

// report turns candidates into findings in pixels of the picture given.
func report(all []candidate, bounds image.Rectangle, factor float64) []Found {
	var found []Found
	for _, c := range all {
		level := clinical.ToConfirm
		if c.score >= autoScore {
			level = clinical.ToMask
		}
		r := image.Rect(
			int(math.Floor(c.x0*factor)), int(math.Floor(c.y0*factor)), int(math.Ceil(c.x1*factor)), int(math.Ceil(c.y1*factor)),
		).Add(bounds.Min).Intersect(bounds)
		if !r.Empty() {
			found = append(found, Found{r, c.score, level, 90 * c.turn})
		}
	}
	return found
}

// desk is what one search needs. It belongs to one goroutine at a time.
type desk struct {
	nets    [3]*net
	runs    [3]*nn.Run
	mixes   []mix
	sights  []sight
	picture picture
}

func (d *Detector) newDesk() *desk {
	w := &desk{nets: d.nets}
	side := 0
	for i, n := range d.nets {
		w.runs[i] = n.model.NewRun()
		side = max(side, n.side)
	}
	w.mixes = make([]mix, 2*side)
	return w
}
