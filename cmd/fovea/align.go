package main

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"io"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/darkroom/align"
	"fovea/policy"
	"fovea/server/wire"
)

// aligner lays pictures over earlier ones, one pair at a time: both lie in memory
// meanwhile. It takes its turn with the finder.
type aligner struct{ *finder }

// drawn is a picture as it is compared, and how large its upright original is.
type drawn struct {
	image.Image
	width, height int
}

// Align lays a picture over an earlier one of the same patient. Both are served
// to the caller for care, or neither is there.
func (a aligner) Align(ctx context.Context, c clinical.Caller, asset clinical.AssetID, how wire.Align) (wire.Alignment, error) {
	if asset == how.Onto {
		return wire.Alignment{}, clinical.Refuse(clinical.Invalid, "align-same", "A picture is not compared with itself. Choose another one of the same patient.")
	}
	if err := a.s.openPipeline(ctx); err != nil {
		return wire.Alignment{}, err
	}
	after, err := a.s.gate.Open(ctx, c, policy.OpenRequest{Use: clinical.Care(), Asset: asset, Kind: clinical.Original})
	if err != nil {
		return wire.Alignment{}, err
	}
	defer func() { _ = after.Close() }()
	before, err := a.s.gate.Open(ctx, c, policy.OpenRequest{Use: clinical.Care(), Asset: how.Onto, Kind: clinical.Original})
	if err != nil {
		return wire.Alignment{}, err
	}
	defer func() { _ = before.Close() }()
	if err := a.ofOnePatient(ctx, c, asset, how.Onto); err != nil {
		return wire.Alignment{}, err
	}
	leave, err := a.turns.enter(ctx)
	if err != nil {
		return wire.Alignment{}, err
	}
	defer leave()
	size := darkroom.ScreenSize
	if len(how.Points) > 0 { // only their sizes are asked for
		size = darkroom.ThumbnailSize
	}
	earlier, err := a.draw(ctx, before, size)
	if err != nil {
		return wire.Alignment{}, err
	}
	later, err := a.draw(ctx, after, size)
	if err != nil {
		return wire.Alignment{}, err
	}
	out, err := lay(ctx, earlier, later, how.Points)
	out.Asset, out.Onto = asset, how.Onto
	return out, err
}

// ofOnePatient refuses pictures of two patients. Whoever asks is served both.
func (a aligner) ofOnePatient(ctx context.Context, c clinical.Caller, ids ...clinical.AssetID) error {
	var whose clinical.PatientID
	for _, id := range ids {
		one, err := a.s.gate.Asset(ctx, c, id)
		if err != nil {
			return err
		}
		if one.Asset.State != clinical.Filed || one.Asset.Patient.IsZero() {
			return clinical.Refuse(clinical.Conflict, "align-unfiled", "One of these pictures is not filed yet. File it first: only pictures of one patient are laid over each other.")
		}
		page, err := a.s.gate.PatientPage(ctx, c, one.Asset.Patient) // records that were merged are one patient
		if err != nil {
			return err
		}
		if !whose.IsZero() && whose != page.Patient.ID {
			return clinical.Refuse(clinical.Conflict, "align-patients", "These pictures are of two patients, and are not laid over each other. Choose another one of the same patient.")
		}
		whose = page.Patient.ID
	}
	return nil
}

// draw makes an upright picture of an original, in the confined children that
// make all pictures.
func (a aligner) draw(ctx context.Context, served *clinical.Served, size darkroom.Size) (drawn, error) {
	src := darkroom.Source{Reader: io.NewSectionReader(served, 0, served.Size()), Size: served.Size(), MIME: served.MIME}
	// The recipe that changes nothing gives the upright original: what recipes are measured in.
	pic, err := a.s.shrink.Edit(ctx, src, clinical.NewRecipe(), darkroom.EditOptions{Asset: served.Asset, Size: size})
	if err != nil {
		if clinical.ReasonOf(err) == darkroom.ReasonUndecodable {
			err = &clinical.Error{
				Kind: clinical.Conflict, Reason: darkroom.ReasonUndecodable, Err: err,
				Public: "No decoder makes a picture of one of these files, so it cannot be laid over another. The originals are kept whole.",
			}
		}
		return drawn{}, err
	}
	img, err := jpeg.Decode(bytes.NewReader(pic.JPEG))
	if err != nil {
		return drawn{}, clinical.Errorf(clinical.Internal, "align: decode what was rendered: %w", err)
	}
	return drawn{img, pic.SourceWidth, pic.SourceHeight}, nil
}

// lay lays one picture over another, by points where there are some.
func lay(ctx context.Context, before, after drawn, points []wire.PointPair) (wire.Alignment, error) {
	out := wire.Alignment{
		Before: wire.PixelSize{Width: before.width, Height: before.height}, After: wire.PixelSize{Width: after.width, Height: after.height}, ByHand: len(points) > 0,
	}
	across, down := float64(before.width)/float64(before.Bounds().Dx()), float64(before.height)/float64(before.Bounds().Dy())
	var got align.Result
	if out.ByHand {
		var pairs []align.Pair
		for _, p := range points {
			pairs = append(pairs, align.Pair{Before: align.Place(p.Before), After: align.Place(p.After)})
		}
		got = align.ByHand(image.Pt(before.width, before.height), image.Pt(after.width, after.height), pairs)
		across, down = 1, 1
	} else {
		var err error
		if got, err = align.Find(ctx, before, after); err != nil {
			return out, err
		}
		shrunk := align.Homography{float64(after.Bounds().Dx()) / float64(after.width), 0, 0, 0, float64(after.Bounds().Dy()) / float64(after.height), 0, 0, 0, 1}
		got.Matrix = align.Homography{across, 0, 0, 0, down, 0, 0, 0, 1}.After(got.Matrix).After(shrunk)
	}
	large := max(across, down)
	out.Accepted, out.Reason, out.Words = got.Accepted(), got.Reason, alignWords(got.Reason)
	out.Matches, out.Agreeing, out.Spread, out.Overlap = got.Matches, got.Agreeing, got.Spread, got.Overlap
	out.Parts, out.Alike, out.Elsewhere = got.Parts, got.Alike, got.Elsewhere
	if !out.Accepted {
		return out, nil
	}
	out.Matrix, out.Error, out.Residual = got.Matrix[:], got.Error*large, got.Residual*large
	for _, p := range got.Region {
		out.Region = append(out.Region, clinical.Point{X: p.X * across, Y: p.Y * down})
	}
	return out, nil
}

// alignWords say a verdict for a person, and what to do next.
func alignWords(r clinical.Reason) string {
	const byHand = " Align by hand: point at three or four places that are the same in both."
	switch r {
	case "":
		return "The pictures are aligned. Look whether what did not change lies on itself before you judge what did."
	case align.ReasonSmall:
		return "A picture is too small, or too narrow, to find details in it." + byHand
	case align.ReasonFew:
		return "Too few details are the same in both pictures." + byHand
	case align.ReasonNarrow:
		return "The details that both pictures share lie in one small part of them, as on a ruler or a label." + byHand
	case align.ReasonAside:
		return "What both pictures share lies beside the middle, as a floor or a couch does." + byHand
	case align.ReasonImplausible:
		return "The pictures were taken from too different places." + byHand
	case align.ReasonUnconfirmed:
		return "Details were found, but the pictures are not alike where they would lie." + byHand
	case align.ReasonInexact:
		return "The body is bent or turned too differently in the two pictures for one to lie on the other." + byHand
	case align.ReasonMirrored:
		return "The places are in mirrored order. No picture is mirrored here: check which place belongs to which."
	default:
		return "These places do not say how one picture lies on the other. Take three to eight, far apart and not in a line, and point at each in both pictures."
	}
}

type alignCmd struct {
	Asset  string   `arg:"" help:"Asset ID of the later picture."`
	Onto   string   `arg:"" help:"Asset ID of the earlier one, of the same patient."`
	Points []string `name:"point" help:"A place that is the same in both, in pixels of the upright originals: in the earlier and in the later picture. Three to eight of them, instead of looking for details." placeholder:"X,Y=X,Y" sep:"none"`
}

// Help teaches.
func (alignCmd) Help() string {
	return "Says how a follow-up lies over its predecessor: nine numbers that take a place of the later picture to the same one of the earlier, and within how many pixels. Nothing is changed or kept, and no picture is ever mirrored. Where too little is the same in both, it says so and why; pointing at three or four places does instead.\n\nExamples:\n" +
		"  fovea --as carl align 01J…LATER 01J…EARLIER\n" +
		"  fovea --as carl align 01J…LATER 01J…EARLIER --point 310,220=402,250 --point 900,240=1010,310 --point 500,800=530,860"
}

func (x alignCmd) Run(e *env) error {
	var in wire.Align
	if err := in.Onto.UnmarshalText([]byte(x.Onto)); err != nil {
		return err
	}
	for _, text := range x.Points {
		p, err := pointPair(text)
		if err != nil {
			return err
		}
		in.Points = append(in.Points, p)
	}
	return e.with(func(c *client) error {
		var got wire.Alignment
		if err := c.post(e.ctx, "/api/v1/assets/"+x.Asset+"/alignment", in, &got); err != nil {
			return err
		}
		return e.answer(got, func(w io.Writer) {
			if !got.Accepted {
				put(w, "not aligned\t%s", got.Reason)
				put(w, "why\t%s", got.Words)
			} else {
				put(w, "aligned\twithin %.1f px of %d × %d", got.Error, got.Before.Width, got.Before.Height)
				for i := range 3 {
					put(w, "%s\t%s", []string{"matrix", "", ""}[i], strings.Join(numbers(got.Matrix[3*i:3*i+3]), "  "))
				}
			}
			put(w, "details\t%d agree, around %.0f %% of what both show", got.Agreeing, 100*got.Spread)
			if got.Parts > 0 {
				put(w, "pixels\t%d of %d parts are most alike there, %d beside it", got.Alike, got.Parts, got.Elsewhere)
			}
		})
	})
}

func numbers(all []float64) (out []string) {
	for _, v := range all {
		out = append(out, strconv.FormatFloat(v, 'g', 8, 64))
	}
	return out
}

// pointPair reads X,Y=X,Y.
func pointPair(text string) (p wire.PointPair, err error) {
	before, after, found := strings.Cut(text, "=")
	texts := []string{before, after}
	for i, at := range []*clinical.Point{&p.Before, &p.After} {
		x, y, comma := strings.Cut(texts[i], ",")
		var wrong error
		at.X, err = strconv.ParseFloat(x, 64)
		at.Y, wrong = strconv.ParseFloat(y, 64)
		found = found && comma && err == nil && wrong == nil
	}
	if !found {
		return p, clinical.Refuse(clinical.Invalid, "align-point", "A place is written as in --point 310,220=402,250: in the earlier picture, then in the later.")
	}
	return p, nil
}
