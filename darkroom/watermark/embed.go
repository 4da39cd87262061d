package watermark

import (
	"bufio"
	"bytes"
	"io"
	"slices"

	"fovea/clinical"
)

// Room is what a rendition has room for.
type Room struct {
	// Length is how many bytes every marked copy of the rendition has, whatever
	// the mark.
	Length int
	// Blocks is how many blocks of 32×32 pixels a mark is spread over. Marked
	// copies of a rendition with 0 (smaller than 32 pixels, black or white all
	// over) hold its pixels alone.
	Blocks int
}

// plan is everything about embedding that does not depend on the mark.
type plan struct {
	*header
	*work
	pattern *pattern
	thin    int // how thinly a mark is spread at first
	length  int // of every marked copy
	blocks  int // that carry at that thinning
}

// Measure reads how long the marked copies of a rendition are, and how much of
// a mark they hold. A rendition is a baseline JPEG in grey or YCbCr; anything
// else is Invalid with ReasonUnmarkable.
func Measure(rendition []byte) (Room, error) {
	p, err := newPlan(rendition, new(work))
	if err != nil {
		return Room{}, err
	}
	return Room{Length: p.length, Blocks: p.blocks}, nil
}

// Embed writes to dst the copy of a rendition that belongs to mark: always
// [Room].Length bytes, and the same bytes for the same arguments, on every
// machine. It decides everything before the first byte is written, so that an
// error of Kind Invalid leaves dst untouched; other errors are dst's own. It
// holds about three times the rendition in memory, reused between calls.
func (m *Marker) Embed(dst io.Writer, rendition []byte, asset clinical.AssetID, mark Mark) error {
	w, pooled := m.works.Get().(*work)
	if !pooled {
		w = new(work)
	}
	defer m.works.Put(w)
	p, err := newPlan(rendition, w)
	if err != nil {
		return err
	}
	across, down := p.grid()
	w.chosen = slices.Grow(w.chosen[:0], across*down)[:across*down]
	m.signer(asset).signs(w.chosen, mark)
	pad, err := p.settle()
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(dst, 32<<10)
	if _, err := buffered.Write(p.header.bytes(pad)); err != nil {
		return err
	}
	if err := w.write(buffered); err != nil {
		return err
	}
	return buffered.Flush()
}

// settle makes the marked stream and returns how much of the declared length it
// leaves. The bound allows for more stuffing than real pictures need, not for
// all that there could be; where the stream exceeds it the mark is thinned, at
// last to nothing, which was measured to fit.
func (p *plan) settle() (pad int, err error) {
	for thin := p.thin; thin <= unmarked; thin++ {
		p.emit(p.pattern, thin)
		if pad = p.length - p.header.size() - p.work.length(); pad >= minPad && pad <= maxPad {
			return pad, nil
		}
	}
	return 0, clinical.Errorf(clinical.Internal, "watermark: the unmarked picture exceeds its own measure")
}

// minPad is a comment segment of no bytes.
const minPad = 4

// newPlan reads a rendition and bounds the length of its marked copies.
func newPlan(rendition []byte, w *work) (*plan, error) {
	h, scan, err := parse(rendition)
	if err != nil {
		return nil, err
	}
	if err := w.index(h, scan); err != nil {
		return nil, err
	}
	p := &plan{header: h, work: w, pattern: newPattern(h.step[h.comps[0].quantiser])}
	w.emit(p.pattern, unmarked)
	plain, stuffed := w.length(), bytes.Count(w.out, []byte{0xff})
	fixed := h.size() + 2*(len(w.intervals)-1)
	for p.thin = 0; p.thin <= unmarked; p.thin++ {
		least, most := p.bounds()
		most += stuffed + stuffed/2 + 256
		p.length = max(fixed+most, h.size()+plain) + minPad
		if p.length-fixed-least <= maxPad {
			p.blocks = p.carrying()
			return p, nil
		}
	}
	return nil, unmarkable("too large")
}

// bounds adds up the shortest and the longest stream that any mark can give at
// the plan's thinning, in bytes before stuffing. Only DC differences vary, and
// each by no more than the limits of its cell and of the one before.
func (p *plan) bounds() (least, most int) {
	table := standardDC()
	first := 0
	for i, in := range p.intervals {
		var value, limit [4]int
		start := uint32(0)
		if i > 0 {
			start = p.intervals[i-1].bits
		}
		low, high := 0, 0
		for n := first; n < in.cells; n++ {
			c := &p.cells[n]
			low += int(c.dc - start)
			high += int(c.dc - start)
			reach := 0
			if carries(c.block, p.thin) {
				reach = int(c.limit)
			}
			diff, spread := int(c.value)-value[c.comp], reach+limit[c.comp]
			if diff < 0 {
				diff = -diff
			}
			low += table.cost(category(max(0, diff-spread)))
			high += table.cost(category(diff + spread))
			value[c.comp], limit[c.comp] = int(c.value), reach
			start = c.ac
		}
		rest := int(in.tail - start)
		least += (low + rest + 7) / 8
		most += (high + rest + 7) / 8
		first = in.cells
	}
	return least, most
}

// carrying counts the blocks that carry: those with half of their cells at least.
func (p *plan) carrying() (blocks int) {
	across, down := p.grid()
	if p.pattern.empty() {
		return 0
	}
	free := make([]uint8, across*down)
	for i := range p.cells {
		if c := &p.cells[i]; c.limit > 0 && carries(c.block, p.thin) {
			if free[c.block]++; free[c.block] == cells/2 {
				blocks++
			}
		}
	}
	return blocks
}
