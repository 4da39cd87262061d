package darkroom

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"  // and its decoder
	_ "image/png" // decoder
	"io"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/internal/sandbox"
)

const (
	vipsPath   = "/usr/bin/vipsthumbnail"
	ffmpegPath = "/usr/bin/ffmpeg"
	quality    = 85 // of pictures that are made smaller
	// qualityFull is for pictures that are shown at 1:1.
	qualityFull = 95
	// patience bounds one child. A picture that takes longer is no picture.
	patience = 90 * time.Second
)

// The recipes: a rendition's bits are the same for the same original and the
// same recipe. The engines differ in the last bit, so each has its own number.
const (
	recipeVips  uint32 = 2    // libvips alone
	recipeChild uint32 = 3    // libvips, and an editing child for what is coarse
	recipeGo    uint32 = 1002 // Go alone
)

// errNoOutput: the child ended well and said nothing.
var errNoOutput = errors.New("no output")

// Picture is a rendition's bytes and its dimensions, upright, in pixels.
type Picture struct {
	JPEG          []byte
	Width, Height int
	// SourceWidth and SourceHeight are those of the upright original, which
	// recipes are measured in. Edit sets them, Render does not.
	SourceWidth, SourceHeight int
}

// Source is an original to render. Size is in bytes, MIME as sniffed.
type Source struct {
	io.Reader
	Size int64
	MIME string
}

// Renderer makes pictures. It may be used by many goroutines.
type Renderer struct {
	box       *sandbox.Sandbox // nil: pure Go
	child     string           // program that edits, "" for this process
	childArgs []string
}

// NewRenderer returns a Renderer that decodes in children of box. With a nil
// box, or without libvips on this machine, it decodes in this process, which
// knows fewer formats (JPEG, PNG, TIFF), no colour profiles, and costs ten times
// the memory.
func NewRenderer(box *sandbox.Sandbox) *Renderer { return &Renderer{box: box} }

// Recipe is the number of what this Renderer does to a picture.
func (r *Renderer) Recipe() uint32 {
	switch {
	case !r.vips():
		return recipeGo
	case r.child != "":
		return recipeChild
	}
	return recipeVips
}

func (r *Renderer) vips() bool { return r.box != nil && r.box.Has(vipsPath) }

// Render makes an upright sRGB JPEG of src that fits size × size pixels and is
// never larger than src. background runs it at low priority. An original that no
// decoder can read is Invalid with ReasonUndecodable; what may pass by waiting
// (a busy machine, the end of ctx) is anything else.
func (r *Renderer) Render(ctx context.Context, src Source, size Size, background bool) (Picture, error) {
	if src.Size > maxSource || size <= 0 {
		return Picture{}, undecodable(errors.New("too large to hold in memory"))
	}
	turn := 1
	switch {
	case strings.HasPrefix(src.MIME, "video/"):
		poster, err := r.poster(ctx, src, background)
		if err != nil {
			return Picture{}, err
		}
		src = Source{Reader: bytes.NewReader(poster), Size: int64(len(poster)), MIME: "image/png"}
	case isRaw(src.MIME):
		preview, o, err := r.preview(ctx, src, background)
		if err != nil {
			return Picture{}, blame(ctx, err)
		}
		turn, src = o, preview
	}
	out, err := r.shrunk(ctx, src, turn, size, background)
	if err != nil {
		return Picture{}, err
	}
	return checked(out, size)
}

// shrunk makes the JPEG of a still picture that is turned besides what it says
// itself.
func (r *Renderer) shrunk(ctx context.Context, src Source, turn int, size Size, background bool) ([]byte, error) {
	out, ok, err := r.coarsely(ctx, src, turn, size, background)
	switch {
	case ok || err != nil:
		return out, err
	case r.vips():
		out, err = r.thumbnail(ctx, src, size, background)
	default:
		out, err = renderGo(src, size)
	}
	if err != nil {
		return nil, err
	}
	return upright(out, turn, size)
}

// vipsArgs are the arguments with which vipsthumbnail makes a picture of size of
// its standard input. Colours are converted to sRGB by the embedded profile before
// the profile is stripped: without it, a Display P3 picture turns pale. A picture
// without a profile is said to be sRGB; left unsaid, libvips converts it from a
// space of its own, and saturated colours shift by up to a quarter. Of a grey
// picture it must not be said: libvips would refuse it.
func vipsArgs(head *bufio.Reader, size int, out string) []string {
	n := strconv.Itoa(size)
	args := []string{"stdin", "--size", n + "x" + n + ">", "--eprofile", "srgb", "-o", out}
	if b, err := head.Peek(head.Size()); (err == nil || errors.Is(err, io.EOF)) && !grey(b) {
		args = append(args, "--iprofile", "srgb")
	}
	return args
}

// grey reports whether the picture that b begins has no colours.
func grey(b []byte) bool {
	const colourType = 25 // in the first chunk of a PNG
	if bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) && len(b) > colourType {
		return b[colourType]&2 == 0
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(b))
	return err == nil && (cfg.ColorModel == color.GrayModel || cfg.ColorModel == color.Gray16Model)
}

// thumbnail runs libvips.
func (r *Renderer) thumbnail(ctx context.Context, src Source, size Size, background bool) ([]byte, error) {
	head := peeked(src)
	if err := fitsPixels(head); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := r.box.Run(limited, sandbox.Command{
		Path:       vipsPath,
		Args:       vipsArgs(head, int(size), ".jpg[Q="+strconv.Itoa(size.quality())+",strip,background=255]"),
		Env:        vipsEnv(),
		Input:      sandbox.Stream(head),
		Limits:     sandbox.Limits{CPU: time.Minute, Memory: 3 << 30, File: 1 << 30, Output: 256 << 20, Input: maxSource},
		Background: background,
	})
	if err == nil && len(out) == 0 {
		err = errNoOutput
	}
	return out, blame(ctx, err)
}

// poster takes the first frame of a video, upright.
func (r *Renderer) poster(ctx context.Context, src Source, background bool) ([]byte, error) {
	if r.box == nil || !r.box.Has(ffmpegPath) {
		return nil, undecodable(sandbox.ErrMissing)
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := r.box.Run(limited, sandbox.Command{
		Path:       ffmpegPath,
		Args:       posterArgs("png"),
		Input:      sandbox.File(src),
		Limits:     sandbox.Limits{CPU: time.Minute, Memory: 3 << 30, Output: 256 << 20, Input: maxSource},
		Background: background,
	})
	if err == nil && len(out) == 0 {
		err = errNoOutput
	}
	return out, blame(ctx, err)
}

// posterArgs make ffmpeg write the first frame of the input, upright, as a
// picture of 8 bits.
func posterArgs(codec string) []string {
	return []string{
		"-v", "quiet", "-nostdin", "-threads", "1", "-protocol_whitelist", "file,pipe",
		"-i", sandbox.DataPath, "-map", "0:v:0", "-frames:v", "1", "-f", "image2pipe", "-pix_fmt", "rgb24", "-c:v", codec, "pipe:1",
	}
}

func vipsEnv() []string { return []string{"VIPS_BLOCK_UNTRUSTED=1", "VIPS_CONCURRENCY=1"} }

// peeked lets fitsPixels see the beginning of src.
func peeked(src io.Reader) *bufio.Reader { return bufio.NewReaderSize(src, 512<<10) }

// blame sorts a child's end: what the picture did to it, and what is no fault of
// the picture.
func blame(ctx context.Context, err error) error {
	var exit *sandbox.ExitError
	var told *clinical.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil: // we are stopping
	case errors.As(err, &told):
		return err
	case errors.As(err, &exit), errors.Is(err, sandbox.ErrDeadline), errors.Is(err, sandbox.ErrOutput), errors.Is(err, errNoOutput):
		return undecodable(err)
	}
	return clinical.Errorf(clinical.Unavailable, "darkroom: render: %w", err)
}

// fitsPixels refuses a picture whose header claims too many pixels, before any
// of them is decoded. Formats whose header is not known here are bounded by the
// child's memory.
func fitsPixels(head *bufio.Reader) error {
	b, err := head.Peek(head.Size())
	if err != nil && !errors.Is(err, io.EOF) && len(b) == 0 {
		return clinical.Errorf(clinical.Unavailable, "darkroom: read original: %w", err)
	}
	cfg, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err == nil && int64(cfg.Width)*int64(cfg.Height) > MaxPixels {
		return undecodable(errors.New("too many pixels"))
	}
	return nil
}

// upright turns a JPEG of a size by an EXIF orientation and encodes it again.
func upright(b []byte, orientation int, size Size) ([]byte, error) {
	if orientation <= 1 {
		return b, nil
	}
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, undecodable(nil)
	}
	return encode(orient(img, orientation), size)
}

// quality is that of a JPEG of a size, which 0 does not bound.
func (s Size) quality() int {
	if s == 0 || s == FullSize {
		return qualityFull
	}
	return quality
}

func encode(img image.Image, size Size) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: size.quality()}); err != nil {
		return nil, fmt.Errorf("darkroom: encode: %w", err)
	}
	return out.Bytes(), nil
}
