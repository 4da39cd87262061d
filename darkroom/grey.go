package darkroom

import (
	"context"
	"errors"
	"image"

	"fovea/clinical"
)

// Brightness returns how bright a stranger's picture is, upright, of at most size
// pixels along its longer side. It is decoded as [Renderer.Edit] decodes: where
// there are children, nothing of it but these levels comes back. Errors are
// Render's.
func (r *Renderer) Brightness(ctx context.Context, src Source, size Size) (*image.Gray, error) {
	if src.Size > maxSource || size <= 0 {
		return nil, undecodable(errors.New("too large to hold in memory"))
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := r.develop(limited, src, instruction{Grey: true, Size: size}, false)
	if err != nil {
		return nil, blame(ctx, err)
	}
	switch {
	case got.status == statusUnreadable:
		return nil, undecodable(errRaster)
	case got.status != statusDone, got.w <= 0, got.h <= 0, max(got.w, got.h) > int(size), len(got.jpeg) != got.w*got.h:
		return nil, clinical.Errorf(clinical.Internal, "darkroom: brightness: absurd answer")
	}
	return &image.Gray{Pix: got.jpeg, Stride: got.w, Rect: image.Rect(0, 0, got.w, got.h)}, nil
}

// brightness answers with a level for each pixel, in the place of a JPEG.
func (do instruction) brightness(p *raster) outcome {
	w, h := fit(float64(p.w), float64(p.h), do.Size)
	p = p.cut(box{0, 0, p.w, p.h}, w, h)
	pix := make([]byte, w*h)
	for i := range pix {
		r, g, b := uint32(p.pix[3*i]), uint32(p.pix[3*i+1]), uint32(p.pix[3*i+2])
		pix[i] = byte((19595*r + 38470*g + 7471*b + 1<<15) >> 16) // JFIF: 0.299, 0.587, 0.114
	}
	return outcome{w: w, h: h, jpeg: pix}
}
