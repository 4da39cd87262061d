package main

import (
	"bytes"
	"context"
	"io"

	"fovea/clinical"
	"fovea/server/webdav"
	"fovea/server/wire"
)

// press is the desk as the doors have it: few papers are drawn at once, whichever door asks for them, and the wait for
// one is bounded.
type press struct{ *desk }

// drawn draws a paper into memory, and only then hands it to whoever waits for it.
func (d *desk) drawn(ctx context.Context, w io.Writer, draw func(io.Writer) error) error {
	paper, err := d.drawnBytes(ctx, draw)
	if err == nil {
		_, err = w.Write(paper)
	}
	return err
}

func (d *desk) drawnBytes(ctx context.Context, draw func(io.Writer) error) ([]byte, error) {
	leave, err := d.drawing.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var b bytes.Buffer
	err = draw(&b)
	return b.Bytes(), err
}

// Certificate writes what a recall certifies.
func (p press) Certificate(ctx context.Context, c clinical.Caller, id clinical.RecallID, how wire.Paper, w io.Writer) error {
	return p.drawn(ctx, w, func(w io.Writer) error { return p.desk.Certificate(ctx, c, id, how, w) })
}

// OwnCertificate writes the patient's edition for a withdrawal by code.
func (p press) OwnCertificate(ctx context.Context, ch clinical.Change, how wire.Paper, w io.Writer) error {
	return p.drawn(ctx, w, func(w io.Writer) error { return p.desk.OwnCertificate(ctx, ch, how, w) })
}

// ErasureCertificate writes what became of a request to erase.
func (p press) ErasureCertificate(ctx context.Context, c clinical.Caller, id clinical.ErasureID, how wire.Paper, w io.Writer) error {
	return p.drawn(ctx, w, func(w io.Writer) error { return p.desk.ErasureCertificate(ctx, c, id, how, w) })
}

// ConsentForm prints a form.
func (p press) ConsentForm(ctx context.Context, c clinical.Caller, f wire.PrintForm, w io.Writer) error {
	return p.outbox.send(ctx, w, parcel{c.Person, p.drawing, func(w io.Writer) (permit, error) {
		return p.consentForm(ctx, c, f, w)
	}})
}

// ContactSheet prints a set as the caller sees it on screen.
func (p press) ContactSheet(ctx context.Context, c clinical.Caller, id clinical.SetID, w io.Writer) error {
	return p.outbox.send(ctx, w, parcel{c.Person, p.drawing, func(w io.Writer) (permit, error) {
		return p.contactSheet(ctx, c, id, w)
	}})
}

// JobSheet draws a job's paper.
func (p press) JobSheet(j clinical.Job, of clinical.Patient) ([]byte, error) {
	return p.drawnBytes(context.Background(), func(w io.Writer) error {
		sheet, err := p.s.sheet(j, of)
		if err == nil {
			_, err = w.Write(sheet)
		}
		return err
	})
}

// onDrive has the drive's papers wait for their turn among all the others, until ctx ends.
func (p press) onDrive(ctx context.Context, papers webdav.Papers) webdav.Papers {
	draw := papers.ContactSheet
	papers.ContactSheet = func(w io.Writer, f clinical.Folder, open func(clinical.Entry) (io.ReadCloser, error)) error {
		leave, err := p.drawing.enter(ctx)
		if err != nil {
			return err
		}
		defer leave()
		return draw(w, f, open)
	}
	return papers
}
