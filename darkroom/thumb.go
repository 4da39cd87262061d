package darkroom

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/bep/imagemeta"

	"fovea/clinical"
	"fovea/darkroom/coarse"
)

// suits reports whether a picture of size can be made of the JPEG that b begins
// with from the means of its blocks: then nobody sees a difference, and it takes
// a fraction of decoding it.
func suits(b []byte, size Size) bool {
	w, h, ok := coarse.Suits(b)
	return ok && max(w, h) >= coarse.Step*int(size) && int64(w)*int64(h) <= MaxPixels
}

// coarsely makes a small picture in an editing child. ok is false where that is
// not the way: the picture is of another kind, or damaged, which libvips bears.
// src stands at its beginning then.
func (r *Renderer) coarsely(ctx context.Context, src Source, turn int, size Size, background bool) (out []byte, ok bool, err error) {
	again, seekable := src.Reader.(io.Seeker)
	if r.child == "" || !seekable {
		return nil, false, nil
	}
	head := peeked(src)
	b, err := head.Peek(head.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, clinical.Errorf(clinical.Unavailable, "darkroom: read original: %w", err)
	}
	got := outcome{status: statusUnreadable}
	if suits(b, size) {
		if got, err = r.coarseChild(ctx, head, turn, size, background); err != nil {
			return nil, false, blame(ctx, err)
		}
	}
	if got.status == statusDone {
		return got.jpeg, true, nil
	}
	if _, err := again.Seek(0, io.SeekStart); err != nil {
		return nil, false, clinical.Errorf(clinical.Unavailable, "darkroom: read original: %w", err)
	}
	return nil, false, nil
}

func (r *Renderer) coarseChild(ctx context.Context, body *bufio.Reader, turn int, size Size, background bool) (outcome, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.ask(limited, instruction{Coarse: true, Size: size, Orientation: turn}, body, background)
}

// coarse makes a small picture of a JPEG that suits.
func (do instruction) coarse(in io.Reader) (got outcome, err error) {
	defer func() {
		if recover() != nil {
			got, err = outcome{status: statusUnreadable}, nil
		}
	}()
	b, err := readAll(in)
	if err != nil {
		return outcome{}, err
	}
	if !suits(b, do.Size) {
		return outcome{status: statusUnreadable}, nil
	}
	img, err := coarse.Decode(b)
	if err != nil {
		return outcome{status: statusUnreadable}, nil
	}
	w, h, _ := coarse.Suits(b)
	p := rasterOf(img)
	ow, oh := fit(float64(w), float64(h), do.Size)
	p = p.narrowed(box{0, 0, p.w, p.h}, float64(w)/coarse.Step, ow).flattened(float64(h)/coarse.Step, oh)
	p = p.upright(orientation(b, imagemeta.JPEG)).upright(do.Orientation)
	got.jpeg, err = encode(p.rgba(), do.Size)
	return got, err
}
