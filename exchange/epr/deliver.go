package epr

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"slices"

	"fovea/clinical"
	"fovea/exchange/paper"
)

// deliver writes the pictures, the document, and last the index row, by which
// the record learns that the others are there.
func (f *Follower) deliver(ctx context.Context, d *folder, r clinical.Release) error {
	r, served, err := f.gate.OpenRelease(ctx, f.caller(), r.ID)
	if err != nil {
		return err
	}
	defer closeAll(served)
	page, err := f.gate.EPRPage(ctx, f.caller(), r.ID)
	if err != nil {
		return err
	}
	refiled := func(s *clinical.Served) bool { return shown(page, s.Asset).ID.IsZero() }
	if page.Patient.ID.IsZero() || slices.ContainsFunc(served, refiled) {
		return clinical.ErrNotFound // between the two questions
	}
	if err := f.remember(ctx, r.ID, stay{Pictures: len(served)}); err != nil {
		return err
	}
	line := row{
		number: r.ID.String(), delivery: r.ID, action: actionNew, page: page, document: r.ID.String() + ".pdf", written: f.opt.Now(),
	}
	for i, s := range served {
		if err := ctx.Err(); err != nil {
			return clinical.Errorf(clinical.Unavailable, "epr: deliver: %w", err)
		}
		if s.MIME != "image/jpeg" {
			return clinical.Errorf(clinical.Invalid, "epr: deliver: asset %s is no JPEG", s.Asset)
		}
		h := sha256.New()
		if err := d.put(picture(r.ID, i), func(w io.Writer) error { return copyAll(io.MultiWriter(w, h), s) }); err != nil {
			return err
		}
		line.pictures = append(line.pictures, picture(r.ID, i))
		line.sums = append(line.sums, hex.EncodeToString(h.Sum(nil)))
	}
	if err := d.put(line.document, func(w io.Writer) error { return f.document(w, r, page, served) }); err != nil {
		return err
	}
	return f.finish(d, line)
}

// copyAll copies a picture from its beginning.
func copyAll(w io.Writer, s *clinical.Served) error {
	if err := rewind(s); err != nil {
		return err
	}
	n, err := io.Copy(w, s.Content)
	if err == nil && n != s.Size() {
		err = clinical.Errorf(clinical.Corrupt, "epr: asset %s has %d bytes, not %d", s.Asset, n, s.Size())
	}
	return err
}

// finish makes the files durable, then the row, then the marker.
func (f *Follower) finish(d *folder, line row) error {
	if err := d.sync(); err != nil {
		return err
	}
	fill := func(w io.Writer) error { return line.writeTo(w, f.opt.Columns, f.opt.Comma) }
	if err := d.put(line.number+".csv", fill); err != nil {
		return err
	}
	if err := d.mark(line.delivery); err != nil {
		return err
	}
	return d.sync()
}

// document draws the PDF of a delivery.
func (f *Follower) document(w io.Writer, r clinical.Release, page clinical.PatientPage, served []*clinical.Served) error {
	l := f.opt.Issuer.Language
	return f.print(w, page, paper.Album{
		Title:    pick(l, "Clinical photographs", "Photographies médicales", "Fotografías clínicas"),
		Pictures: drawn(r, page, served),
	})
}

// drawn are the plates of a document, the further ones by name alone.
func drawn(r clinical.Release, page clinical.PatientPage, served []*clinical.Served) iter.Seq2[paper.Picture, error] {
	return func(yield func(paper.Picture, error) bool) {
		for i, s := range served {
			a := shown(page, s.Asset)
			p := paper.Picture{Name: picture(r.ID, i), Caption: caption(a), Side: a.View.Laterality}
			if i < plates {
				if err := rewind(s); err != nil {
					yield(p, err)
					return
				}
				p.Content = s.Content
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func shown(page clinical.PatientPage, id clinical.AssetID) clinical.Asset {
	for _, s := range page.Sessions {
		for _, x := range s.Shown {
			if x.Asset.ID == id {
				return x.Asset
			}
		}
	}
	return clinical.Asset{}
}

// caption says what a picture shows: the view, then the photographer's words.
func caption(a clinical.Asset) string {
	if a.View.Code == "" || a.Caption == "" {
		return a.View.Code + a.Caption
	}
	return a.View.Code + ". " + a.Caption
}

// print draws an album under the patient's name.
func (f *Follower) print(w io.Writer, page clinical.PatientPage, a paper.Album) error {
	l := f.opt.Issuer.Language
	p := page.Patient
	a.Facts = append(a.Facts, [2]string{pick(l, "Patient", "Patient", "Paciente"), p.DisplayName()},
		[2]string{pick(l, "Born", "Né(e) le", "Fecha de nacimiento"), p.Born.String()})
	for _, i := range p.Identifiers {
		a.Facts = append(a.Facts, [2]string{i.System, i.Value})
	}
	if len(page.Sessions) > 0 {
		s := page.Sessions[0]
		a.Facts = append(a.Facts, [2]string{pick(l, "Taken", "Prises le", "Tomadas el"), stamp(s.Session.Began)},
			[2]string{pick(l, "Job", "Demande", "Solicitud"), s.Job.Number},
			[2]string{pick(l, "Department", "Service", "Servicio"), string(s.Session.Specialty)})
	}
	a.Facts = slices.DeleteFunc(a.Facts, func(fact [2]string) bool { return fact[1] == "" })
	by := f.opt.Issuer
	by.Now = f.opt.Now()
	return paper.Print(w, a, by)
}

// correct writes the cancellation of pictures that had been delivered to the
// wrong patient's record: a notice without pictures, and a row that names the
// files of the earlier delivery.
func (f *Follower) correct(ctx context.Context, d *folder, r clinical.Release) error {
	old, err := f.gate.Release(ctx, f.caller(), r.Corrects)
	if err != nil {
		return err
	}
	page, err := f.patientOf(ctx, r.ID)
	if err == nil {
		err = f.remember(ctx, r.ID, stay{})
	}
	if err == nil {
		err = f.cancel(d, page, row{number: r.ID.String(), delivery: r.ID, corrects: old.ID, pictures: namesIn(old, r.Assets)})
	}
	if err != nil {
		return err
	}
	return f.remember(ctx, r.ID, stay{Nameless: page.Patient.ID.IsZero()})
}

// namesIn are the file names that assets had in a delivery.
func namesIn(old clinical.Release, assets []clinical.AssetID) []string {
	var out []string
	for _, a := range assets {
		if i := slices.Index(old.Assets, a); i >= 0 {
			out = append(out, picture(old.ID, i))
		}
	}
	return out
}

func (f *Follower) cancel(d *folder, page clinical.PatientPage, line row) error {
	line.action, line.page, line.document, line.written = actionCancel, page, line.number+".pdf", f.opt.Now()
	l := f.opt.Issuer.Language
	words := append([]string{f.notice(page.Patient, line.corrects)}, line.pictures...)
	var pdf bytes.Buffer
	err := f.print(&pdf, page, paper.Album{
		Title:    pick(l, "Correction: remove these pictures", "Correction : retirer ces images", "Corrección: retirar estas imágenes"),
		Words:    words,
		Pictures: func(func(paper.Picture, error) bool) {},
	})
	if err != nil {
		return err
	}
	if err := d.put(line.document, func(w io.Writer) error { _, err := w.Write(pdf.Bytes()); return err }); err != nil {
		return err
	}
	return f.finish(d, line)
}

// notice says why pictures are to be removed from the record, and no more than
// is known: of what a delivery of a patient showed, some may be theirs still.
func (f *Follower) notice(p clinical.Patient, of clinical.ReleaseID) string {
	l := f.opt.Issuer.Language
	if !p.ID.IsZero() {
		return fmt.Sprintf(pick(l,
			"The pictures below were delivered to this record as %s. Not all of them belong here: they were filed under a wrong patient, or were erased since. Remove them and every copy of them, and confirm. Those that do belong here are delivered again.",
			"Les images ci-dessous ont été remises à ce dossier sous le numéro %s. Elles n’y ont pas toutes leur place : classées sous un autre patient, ou effacées depuis. Supprimez-les avec toutes leurs copies et confirmez. Celles qui y ont leur place sont remises de nouveau.",
			"Las imágenes siguientes se entregaron a esta historia como %s. No todas corresponden a ella: se archivaron bajo otro paciente o se suprimieron después. Elimínelas con todas sus copias y confírmelo. Las que sí le corresponden se entregan de nuevo."), of)
	}
	if p.Erased.IsZero() {
		return fmt.Sprintf(pick(l,
			"The pictures below were delivered to the patient record as %s. They were erased from our record since. Remove them and every copy of them, and confirm.",
			"Les images ci-dessous ont été remises au dossier du patient sous le numéro %s. Elles ont été effacées de notre archive depuis. Supprimez-les avec toutes leurs copies et confirmez.",
			"Las imágenes siguientes se entregaron a la historia clínica como %s. Desde entonces se suprimieron de nuestro archivo. Elimínelas con todas sus copias y confírmelo."), of)
	}
	return fmt.Sprintf(pick(l,
		"The pictures below were delivered to the patient record as %s. They were erased from our record on %s. Remove them and every copy of them, and confirm.",
		"Les images ci-dessous ont été remises au dossier du patient sous le numéro %s. Elles ont été effacées de notre archive le %s. Supprimez-les avec toutes leurs copies et confirmez.",
		"Las imágenes siguientes se entregaron a la historia clínica como %s. Se suprimieron de nuestro archivo el %s. Elimínelas con todas sus copias y confírmelo."), of, stamp(p.Erased))
}

func pick(l paper.Language, en, fr, es string) string {
	switch l {
	case paper.French:
		return fr
	case paper.Spanish:
		return es
	default:
		return en
	}
}
