package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"io"
	"iter"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/exchange/paper"
	"fovea/server/webdav"
)

const (
	// cellSide is the longer side of a picture on a contact sheet, in pixels: 200 dpi where it is 4 cm wide.
	cellSide = 320
	// maxCells bounds the pictures that are kept small for the next sheet, in bytes.
	maxCells = 24 << 20
	// maxServed is the largest picture that is taken onto a contact sheet, in bytes.
	maxServed = 47 << 20
)

// cells keeps the pictures of contact sheets small, by their entity tags: a sheet is drawn anew whenever anything on it
// changes, and most of it is then what it was.
type cells struct {
	mu   sync.Mutex
	kept map[string][]byte
	size int
}

// papers are what the drive lays beside the pictures of a set.
func (c *config) papers() webdav.Papers {
	small := &cells{kept: map[string][]byte{}}
	return webdav.Papers{
		Captions: paper.Captions,
		ContactSheet: func(w io.Writer, f clinical.Folder, open func(clinical.Entry) (io.ReadCloser, error)) error {
			// Without a date: a sheet is true for as long as the drive gives it, not only at the time of its drawing.
			contact := paper.Contact{Set: f.Set, Pictures: small.pictures(f.Entries, open)}
			return paper.ContactSheet(w, contact, c.issuer("", time.Time{}))
		},
	}
}

// pictures opens entries one after the other. A picture that cannot be read leaves its name and caption.
func (s *cells) pictures(entries []clinical.Entry, open func(clinical.Entry) (io.ReadCloser, error)) iter.Seq2[paper.Picture, error] {
	return func(yield func(paper.Picture, error) bool) {
		for _, e := range entries {
			p := paper.Picture{Name: e.Name, Caption: e.Caption}
			b, err := s.picture(e, open)
			if clinical.KindOf(err) == clinical.Corrupt {
				b, err = nil, nil
			}
			if b != nil {
				p.Content = bytes.NewReader(b)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// picture opens one entry, which asks the gate, and returns it small.
func (s *cells) picture(e clinical.Entry, open func(clinical.Entry) (io.ReadCloser, error)) ([]byte, error) {
	r, err := open(e)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // nothing was written
	if b := s.get(e.ETag); b != nil {
		return b, nil
	}
	b, err := shrinkJPEG(io.LimitReader(r, maxServed))
	if err != nil {
		return nil, err
	}
	s.put(e.ETag, b)
	return b, nil
}

func (s *cells) get(etag string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[etag]
}

func (s *cells) put(etag string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size+len(b) > maxCells {
		clear(s.kept)
		s.size = 0
	}
	s.kept[etag] = b
	s.size += len(b)
}

// noted remembers the error of a reader, which a decoder hides.
type noted struct {
	io.Reader
	err error
}

// Read reads, and notes why it cannot.
func (n *noted) Read(p []byte) (int, error) {
	k, err := n.Reader.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return k, err
}

// shrinkJPEG returns a rendition, which the darkroom made, at the size of a cell. One that does not decode is Corrupt.
func shrinkJPEG(r io.Reader) ([]byte, error) {
	from := &noted{Reader: r}
	full, err := jpeg.Decode(from)
	if from.err != nil {
		return nil, from.err
	}
	if err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "a rendition for a contact sheet does not decode")
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, shrink(full, cellSide), &jpeg.Options{Quality: 80}); err != nil {
		return nil, clinical.Errorf(clinical.Internal, "a picture for a contact sheet: %w", err)
	}
	return out.Bytes(), nil
}

// shrink averages whole pixels into one, so that the longer side comes to at most side. A picture that is not a colour
// JPEG stays as large as it is: the darkroom makes none.
func shrink(in image.Image, side int) image.Image {
	from, colour := in.(*image.YCbCr)
	step := (max(in.Bounds().Dx(), in.Bounds().Dy()) + side - 1) / side
	if !colour || step <= 1 {
		return in
	}
	b := from.Bounds()
	out := image.NewYCbCr(image.Rect(0, 0, max(1, b.Dx()/step), max(1, b.Dy()/step)), image.YCbCrSubsampleRatio444)
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			part := image.Rect(0, 0, step, step).Add(image.Pt(b.Min.X+x*step, b.Min.Y+y*step)).Intersect(b)
			i := out.YOffset(x, y)
			out.Y[i], out.Cb[i], out.Cr[i] = mean(from, part)
		}
	}
	return out
}

// mean is the mean colour of a part of a picture; of its chroma, which is stored coarser, every other sample counts.
func mean(in *image.YCbCr, part image.Rectangle) (luma, blue, red uint8) {
	var y, cb, cr, n, m int
	for row := part.Min.Y; row < part.Max.Y; row++ {
		at := in.YOffset(part.Min.X, row)
		for _, v := range in.Y[at : at+part.Dx()] {
			y += int(v)
		}
		n += part.Dx()
		if (row-part.Min.Y)%2 != 0 {
			continue
		}
		for x := part.Min.X; x < part.Max.X; x += 2 {
			c := in.COffset(x, row)
			cb, cr, m = cb+int(in.Cb[c]), cr+int(in.Cr[c]), m+1
		}
	}
	return uint8(y / n), uint8(cb / m), uint8(cr / m)
}
