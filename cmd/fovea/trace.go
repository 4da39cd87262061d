package main

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/darkroom/watermark"
	"fovea/server/wire"
)

// traceMost is how many pictures a leak is traced in, those that look most like
// it.
const traceMost = 5

// suspect is a picture that a leak may show, in one form that drives are served.
type suspect struct {
	clinical.Handed
	rendition []byte
	likeness  float64
}

// leakSide is how large a leak is looked at, in pixels: twice a rendition.
const leakSide = 2 * darkroom.TeachingSize

// leaked decodes a stranger's picture, in a child where there is one.
func (d *desk) leaked(ctx context.Context, b []byte) (*image.Gray, error) {
	if err := d.s.openPipeline(ctx); err != nil {
		return nil, err
	}
	p, err := d.s.shrink.Brightness(ctx, darkroom.Source{Reader: bytes.NewReader(b), Size: int64(len(b))}, leakSide)
	if clinical.ReasonOf(err) == darkroom.ReasonUndecodable {
		return nil, clinical.Refuse(clinical.Invalid, watermark.ReasonUnreadable, "This is no picture that can be read. Save it as JPEG, PNG or WebP, and try again.")
	}
	return p, err
}

// Trace finds whose copy a leaked picture was made from.
func (d *desk) Trace(ctx context.Context, c clinical.Caller, q wire.TraceQuery, file []byte) (wire.Traced, error) {
	none := wire.Traced{Copies: []wire.TracedCopy{}}
	handed, err := d.s.gate.Handed(ctx, c, q.Set, q.Patient)
	if err != nil {
		return none, err
	}
	leave, err := d.drawing.enter(ctx)
	if err != nil {
		return none, err
	}
	defer leave()
	leak, err := d.leaked(ctx, file)
	if err != nil {
		return none, err
	}
	var likely []suspect
	for _, h := range handed {
		found, err := d.compare(ctx, c, h, leak)
		if err != nil {
			return none, err
		}
		likely = append(likely, found...)
		slices.SortStableFunc(likely, func(a, b suspect) int { return cmp.Compare(b.likeness, a.likeness) })
		likely = likely[:min(len(likely), traceMost)]
	}
	none.Pictures = len(handed)
	for _, s := range likely {
		found, err := d.traceIn(ctx, s, leak)
		if err != nil || len(found.Copies) > 0 {
			found.Pictures = len(handed)
			return found, err
		}
		none.Likeness = max(none.Likeness, found.Likeness)
	}
	return none, nil
}

// compare says how much a leak looks like a picture in each of its forms.
func (d *desk) compare(ctx context.Context, c clinical.Caller, h clinical.Handed, leak image.Image) (out []suspect, err error) {
	forms, err := d.s.gate.OpenToTrace(ctx, c, h.Asset)
	defer func() {
		for _, form := range forms {
			_ = form.Close() // it was only read
		}
	}()
	for _, form := range forms {
		s := suspect{Handed: h}
		if s.rendition, err = io.ReadAll(form); err != nil {
			return nil, err
		}
		if s.likeness, err = watermark.Likeness(ctx, leak, s.rendition); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, err
}

// traceIn looks for the marks of all the drives that were served a picture.
func (d *desk) traceIn(ctx context.Context, s suspect, leak image.Image) (wire.Traced, error) {
	out := wire.Traced{Asset: s.Asset, Copies: []wire.TracedCopy{}}
	drives := map[watermark.Mark]*wire.TracedCopy{}
	var candidates []watermark.Mark
	for _, e := range s.To {
		mark := markOf(e.Caller) // the ledger's name of the device is what is marked
		if drives[mark] == nil {
			drives[mark] = &wire.TracedCopy{Person: e.Caller.Person, Device: e.Caller.Device, Entry: e.Leaf, First: e.At}
			candidates = append(candidates, mark)
		}
		drives[mark].Last = e.At
	}
	found, err := d.s.marks.marker.Trace(ctx, leak, s.rendition, s.Asset, candidates)
	if err != nil {
		return out, err
	}
	out.Likeness, out.Drives = found.Likeness, len(candidates)
	for _, m := range found.Certain {
		one := *drives[m.Mark]
		one.Score, one.False = m.Score, m.False
		if p, ok := d.s.gate.PersonByID(one.Person); ok {
			one.Login = p.Login
		}
		out.Copies = append(out.Copies, one)
	}
	return out, nil
}

type traceCmd struct {
	File    string `arg:"" help:"The leaked picture: JPEG, PNG or WebP." type:"existingfile"`
	Set     string `help:"It may be of this set (name or ID)."`
	Patient string `help:"It may be of this patient: ID, or SYSTEM:NUMBER."`
}

// Help teaches.
func (traceCmd) Help() string {
	return "Compares a picture that turned up where it should not be with what drives were served, and names the drive whose marked copy it was made from, " +
		"with the ledger's entry. For governance; that it was asked is in the ledger, too. It is slow: name the set or the patient where you can.\n\nExample:\n" +
		"  fovea --as olu trace leaked.jpg --patient hospital:8014552K"
}

func (x traceCmd) Run(e *env) error {
	f, err := os.Open(x.File)
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "file", "The file cannot be read. Check its path.")
	}
	defer func() { _ = f.Close() }() // it was only read
	return e.with(func(c *client) error {
		q := url.Values{}
		if err := (auditWhoCmd{Set: x.Set, Patient: x.Patient}).about(e, c, q); err != nil {
			return err
		}
		var found wire.Traced
		r := call{method: http.MethodPost, path: "/api/v1/trace?" + q.Encode(), body: f, kind: "application/octet-stream"}
		if err := c.send(e.ctx, r, &found); err != nil {
			return err
		}
		return e.answer(found, func(w io.Writer) { e.writeTraced(w, found) })
	})
}

func (e *env) writeTraced(w io.Writer, t wire.Traced) {
	if len(t.Copies) == 0 {
		put(w, "No mark of a drive is found for certain: compared with %d pictures, likeness %.2f. That does not say that nobody passed it on.", t.Pictures, t.Likeness)
		return
	}
	put(w, "picture %s, likeness %.2f, served to %d drives", t.Asset, t.Likeness, t.Drives)
	put(w, "WHO\tDEVICE\tSCORE\tFALSE\tENTRY\tFIRST\tLAST")
	for _, m := range t.Copies {
		who := m.Login
		if who == "" {
			who = "(not known any more)"
		}
		put(w, "%s\t%s\t%.1f\t%.1g\t%d\t%s\t%s", who, m.Device, m.Score, m.False, m.Entry, e.stamp(m.First), e.stamp(m.Last))
	}
}
