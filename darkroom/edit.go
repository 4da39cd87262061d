package darkroom

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/internal/sandbox"
)

// The recipes of Edit, by the decoder under it; see recipeVips. What happens
// after decoding is the same on every machine.
const (
	recipeEditVips uint32 = 102
	recipeEditGo   uint32 = 1101
)

// EditOptions say how an edited picture is wanted.
type EditOptions struct {
	// Asset is what the picture is of; with the recipe it decides over noise.
	Asset clinical.AssetID
	// Size is the longer side at most, 0 for as large as it is.
	Size Size
	// Masked fills the recipe's masks. Without it they are left out: a picture for
	// those who treat the patient.
	Masked     bool
	Background bool // at low priority
}

// EditOf returns what a kind of flattened copy asks for; false for kinds that
// need no recipe. The caller adds Asset.
func EditOf(k clinical.RenditionKind) (EditOptions, bool) {
	switch k {
	case clinical.MaskedThumbnail:
		return EditOptions{Size: ThumbnailSize, Masked: true}, true
	case clinical.MaskedScreen:
		return EditOptions{Size: ScreenSize, Masked: true}, true
	case clinical.Masked:
		return EditOptions{Size: TeachingSize, Masked: true}, true
	case clinical.MaskedFull:
		return EditOptions{Masked: true}, true
	default:
		return EditOptions{}, false
	}
}

// WithChild returns a Renderer that edits in confined children too: program, an
// absolute path, started with args, must call [Child]. Without it the pixels of
// an edited picture, and raw files, are held in this process.
func (r *Renderer) WithChild(program string, args ...string) *Renderer {
	if r.box == nil { // there is nothing to confine it
		return r
	}
	return &Renderer{box: r.box, child: program, childArgs: args}
}

// EditRecipe is the number of what Edit does to a picture besides its recipe.
func (r *Renderer) EditRecipe() uint32 {
	if r.vips() {
		return recipeEditVips
	}
	return recipeEditGo
}

// Edit makes an upright sRGB JPEG of src as recipe says, no larger than src, and
// with nothing but pixels in it. Of what a mask covers, nothing enters any step
// but the first, which fills it.
//
// A recipe that does not fit src is Invalid with a reason that begins with
// recipe-; other errors are Render's.
func (r *Renderer) Edit(ctx context.Context, src Source, recipe clinical.Recipe, opt EditOptions) (Picture, error) {
	if src.Size > maxSource || opt.Size < 0 {
		return Picture{}, undecodable(errors.New("too large to hold in memory"))
	}
	do := instruction{Recipe: recipe, Asset: opt.Asset, Size: opt.Size, Masked: opt.Masked}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := r.develop(limited, src, do, opt.Background)
	if err != nil {
		return Picture{}, blame(ctx, err)
	}
	return got.picture(do)
}

// chain decodes in one child and edits in the next.
func (r *Renderer) chain(ctx context.Context, src Source, do instruction, background bool) (outcome, error) {
	decoder, err := r.decoder(src)
	if err != nil {
		return outcome{}, err
	}
	pixels, w := io.Pipe()
	decoder.Output, decoder.Background = w, background
	decoded := make(chan error, 1)
	go func() {
		_, err := r.box.Run(ctx, decoder)
		_ = w.Close() // a stream that ends early is told by what reads it
		decoded <- err
	}()
	got, err := r.finish(ctx, do, pixels, background)
	_ = pixels.Close()
	failed := <-decoded
	switch {
	case err != nil:
		return outcome{}, err
	case got.status == statusUnreadable && failed != nil && !errors.Is(failed, sandbox.ErrOutput):
		return outcome{}, failed
	case got.status == statusDone && failed != nil:
		return outcome{}, failed
	}
	return got, nil
}

// decoder is the child that writes src as a PPM: libvips upright and in sRGB at
// its full size, ffmpeg the first frame of a video.
func (r *Renderer) decoder(src Source) (sandbox.Command, error) {
	limits := sandbox.Limits{CPU: time.Minute, Memory: 3 << 30, File: 1 << 30, Output: 3*MaxPixels + 64, Input: maxSource}
	if strings.HasPrefix(src.MIME, "video/") {
		if r.box == nil || !r.box.Has(ffmpegPath) {
			return sandbox.Command{}, undecodable(sandbox.ErrMissing)
		}
		return sandbox.Command{Path: ffmpegPath, Args: posterArgs("ppm"), Input: sandbox.File(src), Limits: limits}, nil
	}
	head := peeked(src)
	if err := fitsPixels(head); err != nil {
		return sandbox.Command{}, err
	}
	return sandbox.Command{
		Path: vipsPath, Args: vipsArgs(head, 10*maxSide, ".ppm[strip,background=255]"), // larger than any picture: nothing is scaled
		Env: vipsEnv(), Input: sandbox.Stream(head), Limits: limits,
	}, nil
}

// finish edits a stream of pixels, in a child where there is one.
func (r *Renderer) finish(ctx context.Context, do instruction, pixels io.Reader, background bool) (outcome, error) {
	if r.child == "" {
		return inProcess(ctx, do, func() (*raster, error) { return readPPM(pixels) })
	}
	return r.ask(ctx, do, pixels, background)
}

// ask has a child carry out an instruction on what body holds.
func (r *Renderer) ask(ctx context.Context, do instruction, body io.Reader, background bool) (outcome, error) {
	head, err := do.encode()
	if err != nil {
		return outcome{}, err
	}
	out, err := r.box.Run(ctx, sandbox.Command{
		Path: r.child, Args: r.childArgs, Binds: []sandbox.Bind{sandbox.Bind(r.child)}, Env: []string{"GOMAXPROCS=1", "GOTRACEBACK=none"},
		Input:      sandbox.Stream(io.MultiReader(bytes.NewReader(head), body)),
		Limits:     sandbox.Limits{CPU: time.Minute, Memory: 4 << 30, Output: 256 << 20, Input: maxSource + 2*maxInstruction},
		Background: background,
	})
	if err != nil {
		return outcome{}, err
	}
	return decodeOutcome(out)
}

// inProcess edits here.
func inProcess(ctx context.Context, do instruction, read func() (*raster, error)) (got outcome, err error) {
	defer func() {
		if recover() != nil { // a decoder's fault is the picture's fault
			got, err = outcome{}, undecodable(errors.New("decoder failed"))
		}
	}()
	p, err := read()
	if err != nil && !errors.Is(err, errRaster) {
		return outcome{}, err
	}
	if err != nil {
		return outcome{status: statusUnreadable}, nil
	}
	return do.carryOut(ctx, p)
}

// instruction is what an editing child is told, before it is given pixels.
type instruction struct {
	// Raw asks for no edit: a raw file of this type follows, and its preview is
	// the answer, with its orientation in the place of a width.
	Raw string
	// Coarse asks for no edit either, but for a picture of Size of the JPEG that
	// follows.
	Coarse bool
	// Measure asks for figures of the picture in the place of any.
	Measure *measuring
	// Grey asks for the brightness of the picture, fitted into Size.
	Grey        bool
	Recipe      clinical.Recipe
	Asset       clinical.AssetID
	Size        Size
	Masked      bool
	Orientation int // EXIF orientation that the pixels still need
}

// carryOut edits p.
func (do instruction) carryOut(ctx context.Context, p *raster) (outcome, error) {
	p = p.upright(do.Orientation)
	if do.Measure != nil {
		return do.Measure.measure(ctx, p)
	}
	if do.Grey {
		return do.brightness(p), nil
	}
	got := outcome{w: p.w, h: p.h}
	if fits := do.Recipe.Check(p.w, p.h) == nil; !fits { // why not is found again by who reads the answer
		got.status = statusMisfit
		return got, nil
	}
	if do.Masked {
		text, err := do.Recipe.Encode()
		if err != nil {
			return outcome{}, err
		}
		p.hide(do.Recipe.Masks, noiseSeed(do.Asset, text))
	}
	v := look(p.w, p.h, do.Recipe, do.Size)
	p, err := v.see(p).turned(v.turn)
	if err != nil {
		return outcome{}, err
	}
	p.tone(do.Recipe.Tone)
	if err := p.annotate(do.Recipe, v); err != nil {
		return outcome{}, err
	}
	got.jpeg, err = encode(p.rgba(), do.Size)
	return got, err
}

// How an edit ended.
const (
	statusDone       = 0
	statusUnreadable = 1 // the pixels are no picture
	statusMisfit     = 2 // the recipe does not fit the picture
)

// outcome is what an editing child answers.
type outcome struct {
	status byte
	w, h   int // of the upright original, in pixels
	jpeg   []byte
}

// picture judges an outcome. It may come from a child that a picture took over:
// nothing in it is believed.
func (o outcome) picture(do instruction) (Picture, error) {
	switch o.status {
	case statusDone:
		size := do.Size
		if size == 0 {
			size = maxSide
		}
		pic, err := checked(o.jpeg, size)
		pic.SourceWidth, pic.SourceHeight = o.w, o.h
		return pic, err
	case statusMisfit:
		if err := do.Recipe.Check(o.w, o.h); err != nil {
			return Picture{}, err
		}
	case statusUnreadable:
		return Picture{}, undecodable(errRaster)
	}
	return Picture{}, clinical.Errorf(clinical.Internal, "darkroom: edit: answer %d", o.status)
}

// instructionMark begins what an editing child reads; its digit is the version
// of both sides' protocol.
const instructionMark = "fovea darkroom 2\n"

// maxInstruction is more than the longest recipe, in bytes.
const maxInstruction = 1 << 20

// outcomeHead is status, width and height, in bytes.
const outcomeHead = 9

func (do instruction) encode() ([]byte, error) {
	text, err := json.Marshal(do)
	if err != nil {
		return nil, clinical.Refuse(clinical.Invalid, "recipe-unreadable", "These edits cannot be read. Open the picture again and repeat them.")
	}
	if len(text) > maxInstruction {
		return nil, clinical.Refuse(clinical.Invalid, "recipe-too-large", "These edits are too many. Remove some masks or marks.")
	}
	b := binary.BigEndian.AppendUint32([]byte(instructionMark), uint32(len(text)))
	return append(b, text...), nil
}

func decodeOutcome(b []byte) (outcome, error) {
	if len(b) < outcomeHead {
		return outcome{}, clinical.Errorf(clinical.Internal, "darkroom: edit: no answer")
	}
	w, h := binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:])
	if w > MaxPixels || h > MaxPixels {
		return outcome{}, clinical.Errorf(clinical.Internal, "darkroom: edit: absurd answer")
	}
	return outcome{b[0], int(w), int(h), b[outcomeHead:]}, nil
}

// findPreview answers with a raw file's preview.
func findPreview(mime string, in io.Reader) (outcome, error) {
	preview, o, err := rawPreview(Source{Reader: in, MIME: mime})
	switch {
	case clinical.ReasonOf(err) == ReasonUndecodable:
		return outcome{status: statusUnreadable}, nil
	case err != nil:
		return outcome{}, err
	}
	return outcome{w: o, jpeg: preview}, nil
}

// Child is the whole of an editing child: it reads an instruction and a picture
// from in and answers on out. It opens nothing and knows nothing else.
func Child(ctx context.Context, in io.Reader, out io.Writer) error {
	do, err := readInstruction(in)
	if err != nil {
		return err
	}
	got, err := do.answer(ctx, in)
	if err != nil {
		return err
	}
	head := binary.BigEndian.AppendUint32([]byte{got.status}, uint32(got.w))
	head = binary.BigEndian.AppendUint32(head, uint32(got.h))
	if _, err := out.Write(head); err != nil {
		return clinical.Errorf(clinical.Unavailable, "darkroom: answer: %w", err)
	}
	if _, err := out.Write(got.jpeg); err != nil {
		return clinical.Errorf(clinical.Unavailable, "darkroom: answer: %w", err)
	}
	return nil
}

// answer does as it is told with what in holds.
func (do instruction) answer(ctx context.Context, in io.Reader) (outcome, error) {
	switch {
	case do.Raw != "":
		return findPreview(do.Raw, in)
	case do.Coarse:
		return do.coarse(in)
	}
	return inProcess(ctx, do, func() (*raster, error) { return readPPM(in) })
}

func readInstruction(in io.Reader) (instruction, error) {
	head := make([]byte, len(instructionMark)+4)
	if _, err := io.ReadFull(in, head); err != nil || string(head[:len(instructionMark)]) != instructionMark {
		return instruction{}, clinical.Errorf(clinical.Invalid, "darkroom: no instruction of this version")
	}
	n := binary.BigEndian.Uint32(head[len(instructionMark):])
	if n > maxInstruction {
		return instruction{}, clinical.Errorf(clinical.Invalid, "darkroom: instruction too long")
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(in, text); err != nil {
		return instruction{}, clinical.Errorf(clinical.Invalid, "darkroom: instruction cut short")
	}
	var do instruction
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&do); err != nil {
		return instruction{}, clinical.Errorf(clinical.Invalid, "darkroom: instruction cannot be read")
	}
	return do, nil
}
