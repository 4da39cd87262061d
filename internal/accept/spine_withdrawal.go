package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"time"
)

// mostAfter is how many bytes of a download may still come after its withdrawal.
const mostAfter = 1 << 20

// withdrawnWithinOneRequest: classified, allowed and published a picture is on the drive; withdrawn it is absent from
// the next request on the same connection; a download under way is cut; allowed again it has its path and ETag back.
func withdrawnWithinOneRequest(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 7, "henri")
	if err != nil {
		return "", err
	}
	noise, err := noisy(2000, 1500)
	if err != nil {
		return "", err
	}
	found, err := h.land(ctx, p, []file{{"DSC_0001.JPG", noise}})
	if err != nil {
		return "", err
	}
	const set = "Acceptance withdrawal"
	grant, e, err := h.appears(ctx, p, found, set)
	if err != nil {
		return "", err
	}
	yuki := h.as("yuki")
	whole, err := yuki.ask(ctx, http.MethodGet, e.path)
	if err != nil || whole.status != http.StatusOK || whole.header.Get("ETag") != e.etag {
		return "", fmt.Errorf("before the withdrawal: %s: %w", whole, err)
	}
	cut, err := h.cutInMidDownload(ctx, e, func() error { return h.as("henri").withdraw(ctx, p.ID, grant) })
	if err != nil {
		return "", err
	}
	reused, err := yuki.reused(ctx, e.path)
	if err != nil {
		return "", err
	}
	if err := yuki.absent(ctx, e.path, e.etag); err != nil {
		return "", err
	}
	if files, err := yuki.list(ctx, folder(set)); len(files) != 0 || (err != nil && !errors.Is(err, errGone)) {
		return "", fmt.Errorf("a listing after the withdrawal has %d files: %w", len(files), err)
	}
	if err := h.backAgain(ctx, p, found, set, e); err != nil {
		return "", err
	}
	figure := fmt.Sprintf("withdrawal took %d ms; %d KiB more of a download of %d KiB; same path and ETag when allowed again", cut.took.Milliseconds(), cut.after>>10, cut.of>>10)
	if cut.after > mostAfter {
		return figure, fmt.Errorf("more than 1 MiB came after the withdrawal")
	}
	if !reused {
		return figure, errors.New("the connection did not stay alive")
	}
	return figure, nil
}

// appears takes a picture through the acts of a person, one by one: only after the last it is on the drive.
func (h *hospital) appears(ctx context.Context, p demoPatient, found []picture, set string) (grant string, e entry, err error) {
	if err := h.classify(ctx, ids(found)); err != nil {
		return "", e, err
	}
	if grant, err = h.allow(ctx, p.ID, ids(found)); err != nil {
		return "", e, err
	}
	yuki := h.as("yuki")
	if files, err := yuki.list(ctx, folder(set)); !errors.Is(err, errGone) {
		return "", e, fmt.Errorf("before it was published the set has %d files: %w", len(files), err)
	}
	if _, err := h.publish(ctx, set, ids(found)); err != nil {
		return "", e, err
	}
	files, err := yuki.listed(ctx, set, len(found))
	for _, f := range files {
		e = f
	}
	return grant, e, err
}

// noisy is a picture that stays large however it is compressed.
func noisy(w, h int) ([]byte, error) {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h))) //nolint:gosec // noise in a picture
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32())
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	return b.Bytes(), err
}

// cut is what became of a download: how many bytes came after the withdrawal was answered, of how many in all, and how
// long the withdrawal took.
type cut struct {
	after, of int64
	took      time.Duration
}

// cutInMidDownload begins to read a picture, withdraws it, and reads on until the end.
func (h *hospital) cutInMidDownload(ctx context.Context, e entry, withdraw func() error) (c cut, err error) {
	yuki := h.alone("yuki")
	defer yuki.close()
	r, err := yuki.request(ctx, http.MethodGet, e.path, http.NoBody)
	if err != nil {
		return c, err
	}
	res, err := yuki.http.Do(r)
	if err != nil {
		return c, err
	}
	defer func() { _ = res.Body.Close() }()
	c.of = res.ContentLength
	if res.StatusCode != http.StatusOK || c.of < mostAfter+(1<<19) {
		return c, fmt.Errorf("a download to cut: status %d, %d bytes are too few", res.StatusCode, c.of)
	}
	if _, err := io.CopyN(io.Discard, res.Body, 16<<10); err != nil {
		return c, err
	}
	began := time.Now()
	if err := withdraw(); err != nil {
		return c, err
	}
	c.took = time.Since(began)
	c.after, err = io.Copy(io.Discard, res.Body)
	if err == nil {
		return c, errors.New("a download under way was not cut")
	}
	return c, nil
}

// reused asks once more and reports whether that went over the connection that was there.
func (c *client) reused(ctx context.Context, path string) (bool, error) {
	same := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { same = i.Reused }})
	a, err := c.ask(ctx, http.MethodGet, path)
	if err == nil && a.status != http.StatusNotFound {
		err = fmt.Errorf("the first request after the withdrawal is answered: %s", a)
	}
	return same, err
}

// backAgain allows the picture again: the same path and ETag, and the tombstone until then.
func (h *hospital) backAgain(ctx context.Context, p demoPatient, found []picture, set string, before entry) error {
	if _, err := h.allow(ctx, p.ID, ids(found)); err != nil {
		return err
	}
	files, err := h.as("yuki").listed(ctx, set, 1)
	if err != nil {
		return fmt.Errorf("allowed again: %w", err)
	}
	if after, ok := files[before.name]; !ok || after.path != before.path || after.etag != before.etag {
		return fmt.Errorf("allowed again it is %+v, it was %+v", files, before)
	}
	return nil
}
