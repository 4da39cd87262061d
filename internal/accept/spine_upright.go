package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"path"
	"strings"
	"time"
)

// mostDifference is how much two thumbnails of the same scene may differ, of 255 on average. The test pictures were each
// scaled and compressed on their own; one that is turned or mirrored differs by 40 and more.
const mostDifference = 16

// orientationsComeOutUpright: of a scene photographed in all eight EXIF orientations, all thumbnails look alike.
func orientationsComeOutUpright(ctx context.Context, tr *trial) (string, error) {
	all, _, err := tr.filesIn("orientation")
	if err != nil {
		return "", err
	}
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 4, "henri")
	if err != nil {
		return "", err
	}
	var files []file
	scene := map[string]string{} // by sum
	for _, f := range all {
		if name, number, ok := strings.Cut(strings.TrimSuffix(f.name, path.Ext(f.name)), "_"); ok && len(number) == 1 {
			files, scene[f.sum()] = append(files, f), name
		}
	}
	found, err := h.land(ctx, p, files)
	if err != nil {
		return "", err
	}
	first := map[string]image.Image{}
	worst := 0.0
	for _, a := range found {
		img, err := h.thumbnail(ctx, a.ID)
		if err != nil {
			return "", err
		}
		name := scene[a.SHA256]
		if first[name] == nil {
			first[name] = img
			continue
		}
		d, err := difference(first[name], img)
		if err != nil {
			return "", fmt.Errorf("%s with orientation %d: %w", name, a.Orientation, err)
		}
		worst = max(worst, d)
	}
	if len(found) < 8 {
		return "", fmt.Errorf("only %d pictures to compare", len(found))
	}
	if worst > mostDifference {
		err = errors.New("some are not upright")
	}
	return fmt.Sprintf("%d pictures, at most %.1f of 255 apart", len(found), worst), err
}

// thumbnail waits until there is one.
func (h *hospital) thumbnail(ctx context.Context, asset string) (img image.Image, err error) {
	lea := h.as("lea")
	err = until(ctx, time.Minute, "there is a thumbnail", func(ctx context.Context) (bool, error) {
		a, err := lea.ask(ctx, http.MethodGet, "/img/"+asset+"/thumb-256")
		if err != nil || a.status != http.StatusOK {
			return false, fmt.Errorf("%s: %w", a, err)
		}
		img, err = jpeg.Decode(bytes.NewReader(a.body))
		return err == nil, err
	})
	return img, err
}

// difference is the mean of how far two pictures are apart, pixel by pixel, of 255.
func difference(a, b image.Image) (float64, error) {
	if a.Bounds().Size() != b.Bounds().Size() {
		return 0, fmt.Errorf("one is %v, the other %v", a.Bounds().Size(), b.Bounds().Size())
	}
	sum, n := 0.0, 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r1, g1, b1, _ := a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y).RGBA()
			r2, g2, b2, _ := b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y).RGBA()
			sum += apart(r1, r2) + apart(g1, g2) + apart(b1, b2)
			n += 3
		}
	}
	return sum / float64(n) / 257, nil
}

func apart(a, b uint32) float64 { return max(float64(a), float64(b)) - min(float64(a), float64(b)) }
