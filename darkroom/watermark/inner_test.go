package watermark

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fovea/clinical"
	"fovea/darkroom/plane"
)

// textured is a grey picture of noise at several scales.
func textured(w, h int) *image.Gray {
	random := rand.New(rand.NewPCG(1, 2))
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		x, y := float64(i%w), float64(i/w)
		v := 128 + 40*math.Sin(x/37+y/91) + 20*math.Sin(x/11)*math.Cos(y/13) + 6*random.NormFloat64()
		img.Pix[i] = uint8(min(max(v, 0), 255))
	}
	return img
}

func encoded(t *testing.T, img image.Image, quality int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func planned(t *testing.T, rendition []byte) *plan {
	t.Helper()
	p, err := newPlan(rendition, new(work))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func testMarker(t *testing.T) *Marker {
	t.Helper()
	m, err := New(bytes.Repeat([]byte{7}, minKey))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func numbered(n int) (m Mark) {
	binary.BigEndian.PutUint64(m[8:], uint64(n))
	return m
}

// A million innocent marks against the evidence of four leaks: what Hoeffding's bound promises is kept, and the score
// is what its documentation says.
func TestInnocentMarksScoreLikeNoise(t *testing.T) {
	const each = 250_000
	m := testMarker(t)
	rendition := encoded(t, textured(384, 288), 85)
	var asset clinical.AssetID
	var above [8]int
	var sum, squares, most float64
	for leak := range 4 {
		var served bytes.Buffer
		if err := m.Embed(&served, rendition, asset, numbered(leak)); err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(&served)
		if err != nil {
			t.Fatal(err)
		}
		saved, err := jpeg.Decode(bytes.NewReader(encoded(t, img, []int{85, 75, 50, 30}[leak])))
		if err != nil {
			t.Fatal(err)
		}
		again, err := read(saved)
		if err != nil {
			t.Fatal(err)
		}
		p := planned(t, rendition)
		e := p.gather(plane.Of(textured(384, 288), planeSide), again, affine{0: 1, 4: 1})
		signs, from := make([]byte, e.blocks), m.signer(asset)
		if from.signs(signs, numbered(leak)); e.score(signs) < 10 {
			t.Errorf("leak %d: its own mark scores %.1f", leak, e.score(signs))
		}
		for n := range each {
			from.signs(signs, numbered(1000+leak*each+n))
			score := e.score(signs)
			sum, squares, most = sum+score, squares+score*score, max(most, score)
			for z := range above {
				if score > float64(z) {
					above[z]++
				}
			}
		}
	}
	n := 4.0 * each
	mean, deviation := sum/n, math.Sqrt(squares/n)
	t.Logf("mean %.4f, deviation %.4f, greatest %.2f, above each whole score %v", mean, deviation, most, above)
	if math.Abs(mean) > 0.01 || math.Abs(deviation-1) > 0.01 {
		t.Errorf("mean %.4f, deviation %.4f, want 0 and 1", mean, deviation)
	}
	for z, count := range above {
		if bound := math.Exp(-float64(z*z) / 2); float64(count) > n*bound+5 {
			t.Errorf("%d of %.0f score above %d, the bound is %.1f", count, n, z, n*bound)
		}
	}
}

// The bound on the length allows for what real pictures need in stuffing. Where that is not enough the mark is thinned,
// at last to nothing, and the length is kept.
func TestAMarkThatDoesNotFitIsThinned(t *testing.T) {
	p := planned(t, encoded(t, textured(256, 256), 85))
	across, down := p.grid()
	p.chosen = make([]byte, across*down)
	testMarker(t).signer(clinical.AssetID{}).signs(p.chosen, Mark{})
	var lengths [unmarked + 1]int
	for thin := range lengths {
		p.emit(p.pattern, thin)
		lengths[thin] = p.header.size() + p.work.length()
	}
	least, most := slices.Min(lengths[:]), slices.Max(lengths[:])
	if least == most {
		t.Fatal("all strengths take the same room; the test shows nothing")
	}
	for p.length = most + minPad; p.length >= least; p.length-- {
		first := slices.IndexFunc(lengths[:], func(n int) bool { return n+minPad <= p.length })
		pad, err := p.settle()
		if (err == nil) != (first >= 0) {
			t.Fatalf("declared %d of %v: %v", p.length, lengths, err)
		}
		if got := p.header.size() + p.work.length() + pad; err == nil && (got != p.length || got-pad != lengths[first]) {
			t.Fatalf("declared %d of %v: %d bytes with %d of comment", p.length, lengths, got, pad)
		}
	}
}

func TestThePatternKeepsItsBudgetAtEveryQuality(t *testing.T) {
	for step := 1; step <= 255; step++ {
		p := newPattern(step)
		for signs := range p {
			energy := 0
			for _, n := range p[signs] {
				energy += int(n) * step * int(n) * step
			}
			if energy > budget {
				t.Fatalf("step %d: energy %d", step, energy)
			}
		}
		if p.empty() != (step > 40) {
			t.Errorf("step %d: empty is %v", step, p.empty())
		}
	}
}

// recoded writes a grey JPEG anew: with restart markers and another Huffman table, as other encoders do.
func recoded(t *testing.T, b []byte, restart int) []byte {
	t.Helper()
	h, scan, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	w := new(work)
	if err := w.index(h, scan); err != nil {
		t.Fatal(err)
	}
	// Twelve codes of four bits, in another order.
	table, err := newHuffman([16]byte{3: 12}, []byte{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0})
	if err != nil {
		t.Fatal(err)
	}
	var bits bitWriter
	var before int
	w.ends = nil
	for i := range w.cells {
		if i > 0 && i%restart == 0 {
			bits.align()
			w.ends = append(w.ends, len(bits.out))
			before = 0
		}
		end := w.intervals[0].tail
		if i+1 < len(w.cells) {
			end = w.cells[i+1].dc
		}
		bits.difference(table, int(w.cells[i].value)-before)
		before = int(w.cells[i].value)
		bits.copy(w.raw, w.cells[i].ac, end)
	}
	bits.align()
	w.out, w.ends = bits.out, append(w.ends, len(bits.out))
	h.restart = restart
	head := h.bytes(0)
	standard := standardDC()
	old := append(standard.counts[:], standard.symbols...)
	fresh := append(table.counts[:], table.symbols...)
	if !bytes.Contains(head, old) {
		t.Fatal("no standard table")
	}
	out := bytes.NewBuffer(bytes.Replace(head, old, fresh, 1))
	if err := w.write(out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOtherEncodersRestartsAndTables(t *testing.T) {
	plain := encoded(t, textured(200, 136), 85)
	odd := recoded(t, plain, 7)
	want, err := jpeg.Decode(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	got, err := jpeg.Decode(bytes.NewReader(odd))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want.(*image.Gray).Pix, got.(*image.Gray).Pix) {
		t.Fatal("the fixture differs from what it was made of")
	}
	var a, b bytes.Buffer
	m := testMarker(t)
	if err := m.Embed(&a, plain, clinical.AssetID{}, Mark{1}); err != nil {
		t.Fatal(err)
	}
	if err := m.Embed(&b, odd, clinical.AssetID{}, Mark{1}); err != nil {
		t.Fatal(err)
	}
	if room, err := Measure(odd); err != nil || b.Len() != room.Length {
		t.Errorf("%d bytes, declared %d, %v", b.Len(), room.Length, err)
	}
	want, _ = jpeg.Decode(&a)
	if got, err = jpeg.Decode(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want.(*image.Gray).Pix, got.(*image.Gray).Pix) {
		t.Error("the same picture, coded in two ways, is marked in two ways")
	}
}

func TestAColourPictureKeepsItsColours(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 128, 96))
	for y := range 96 {
		for x := range 128 {
			img.Set(x, y, color.RGBA{uint8(60 + x), uint8(200 - y), uint8(90 + x/2 + y/3), 255})
		}
	}
	rendition := encoded(t, img, 85)
	var out bytes.Buffer
	if err := testMarker(t).Embed(&out, rendition, clinical.AssetID{}, Mark{}); err != nil {
		t.Fatal(err)
	}
	before, err := jpeg.Decode(bytes.NewReader(rendition))
	if err != nil {
		t.Fatal(err)
	}
	after, err := jpeg.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	a, b := before.(*image.YCbCr), after.(*image.YCbCr)
	if !bytes.Equal(a.Cb, b.Cb) || !bytes.Equal(a.Cr, b.Cr) {
		t.Error("chroma has changed")
	}
	if bytes.Equal(a.Y, b.Y) {
		t.Error("luma has not")
	}
}
