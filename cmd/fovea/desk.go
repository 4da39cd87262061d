package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/exchange/fhir"
	"fovea/exchange/pack"
	"fovea/exchange/paper"
	"fovea/internal/sandbox"
	"fovea/server/wire"
)

// desk makes what leaves as a file: what the gate lets out for a caller is
// handed to exchange, with the ledger's proof from the vault. It serves both the
// API and the pages.
type desk struct {
	s *system

	packing queue // one copy is made at a time: it lies in memory
	drawing queue
	outbox  *outbox

	mu        sync.Mutex
	packer    *pack.Packer
	passwords map[handover]wire.ReleasePassword
}

// handover is one person's copy of a release.
type handover struct {
	release clinical.ReleaseID
	person  clinical.PersonID
}

func newDesk(s *system) *desk {
	return &desk{
		s: s, packing: newQueue(1, packingWait), drawing: newQueue(drawers, drawingWait), outbox: newOutbox(&s.cfg),
		passwords: map[handover]wire.ReleasePassword{},
	}
}

// passwordFor is how long a copy may be made with a password that was shown.
const passwordFor = time.Hour

// consentForm prints a form: empty, with a patient's name and the pictures of
// the latest session, or as the patient's copy of what was decided. It leaves
// the pictures open, also beside an error.
func (d *desk) consentForm(ctx context.Context, c clinical.Caller, f wire.PrintForm, w io.Writer) (may permit, err error) {
	var out paper.FormToFill
	if !f.Grant.IsZero() {
		all, err := d.s.gate.Grants(ctx, c, f.Patient)
		if err != nil {
			return may, err
		}
		i := slices.IndexFunc(all, func(g clinical.Grant) bool { return g.ID == f.Grant })
		if i < 0 {
			return may, clinical.ErrNotFound
		}
		out.Grant = &all[i]
	}
	if !f.Patient.IsZero() {
		if err := d.formPictures(ctx, c, f.Patient, formOf{&out, &may}); err != nil {
			return may, err
		}
	}
	if f.Code != "" {
		if f.Code, err = d.s.gate.CodeToPrint(ctx, c, f.Patient, f.Grant, f.Code); err != nil {
			return may, err
		}
		out.Copy.Secret = f.Code
		if f.URL == "" {
			f.URL = d.s.withdrawal(f.Code)
		}
		out.Copy.URL = f.URL
	}
	err = paper.WriteForm(w, out, d.s.cfg.issuer(f.Language, time.Now()))
	return may, err
}

// Password makes the password of the copy that the caller fetches next.
func (d *desk) Password(ctx context.Context, c clinical.Caller, id clinical.ReleaseID) (wire.ReleasePassword, error) {
	r, err := d.s.gate.Release(ctx, c, id)
	switch {
	case err != nil:
		return wire.ReleasePassword{}, err
	case r.By != c.Person:
		return wire.ReleasePassword{}, clinical.ErrNotFound
	case r.Format == clinical.PrintPDF:
		return wire.ReleasePassword{}, clinical.Refuse(clinical.Invalid, "no-password-needed", "Pages to print have no password. Fetch them.")
	}
	secret, err := pack.Password(rand.Reader)
	if err != nil {
		return wire.ReleasePassword{}, err
	}
	now := time.Now()
	p := wire.ReleasePassword{Password: secret, Expires: now.Add(passwordFor).UTC()}
	d.mu.Lock()
	defer d.mu.Unlock()
	for k, old := range d.passwords {
		if !now.Before(old.Expires) {
			delete(d.passwords, k)
		}
	}
	d.passwords[handover{id, c.Person}] = p
	return p, nil
}

// Release writes the copy of a release, under the password that was shown. It is
// good for one copy, and kept no longer; who is told to come back has it still.
func (d *desk) Release(ctx context.Context, c clinical.Caller, id clinical.ReleaseID, w io.Writer) error {
	d.mu.Lock()
	p := d.passwords[handover{id, c.Person}]
	delete(d.passwords, handover{id, c.Person})
	d.mu.Unlock()
	if !time.Now().Before(p.Expires) {
		p.Password = ""
	}
	err := d.HandOver(ctx, c, id, p.Password, w)
	if clinical.ReasonOf(err) == "busy" && p.Password != "" {
		d.mu.Lock()
		defer d.mu.Unlock()
		if _, newer := d.passwords[handover{id, c.Person}]; !newer {
			d.passwords[handover{id, c.Person}] = p
		}
	}
	return err
}

// HandOver writes the copy of a release under a password.
func (d *desk) HandOver(ctx context.Context, c clinical.Caller, id clinical.ReleaseID, password string, w io.Writer) error {
	r, err := d.s.gate.Release(ctx, c, id)
	if err != nil {
		return err
	}
	if !r.OpenAt(time.Now(), d.s.cfg.zone) {
		return clinical.ErrNotFound
	}
	if r.Format != clinical.PrintPDF && r.By == c.Person && password == "" {
		return clinical.Refuse(clinical.Conflict, "no-password", "The copy is encrypted. Ask for its password first: it is shown once, by a request of its own.")
	}
	return d.outbox.send(ctx, w, parcel{c.Person, d.packing, func(w io.Writer) (permit, error) {
		r, served, err := d.s.gate.OpenRelease(ctx, c, id)
		if err != nil {
			return permit{}, err
		}
		return permit{of: served}, d.handOver(ctx, c, r, served, copyTo{password, w})
	}})
}

// copyTo is where a copy goes.
type copyTo struct {
	password string
	w        io.Writer
}

func (d *desk) handOver(ctx context.Context, c clinical.Caller, r clinical.Release, served []*clinical.Served, to copyTo) error {
	by := d.s.cfg.issuer("", time.Now())
	pictures := make([]pack.Picture, 0, len(served))
	for _, one := range served {
		a, err := d.s.vault.Asset(ctx, one.Asset) // the gate has just let it out
		if err != nil {
			return err
		}
		pictures = append(pictures, pack.Picture{Served: one, Asset: a})
	}
	switch r.Format {
	case clinical.PrintPDF:
		return pack.Print(to.w, r, by.Site, pictures, by)
	case clinical.EncryptedZIP:
		packer, err := d.open(ctx)
		if err != nil {
			return err
		}
		return packer.ZIP(ctx, to.w, to.password, pack.Copy(r, pictures, by))
	case clinical.Evidential:
		bundle, err := d.bundle(ctx, c, r, pictures)
		if err != nil {
			return err
		}
		packer, err := d.open(ctx)
		if err != nil {
			return err
		}
		return packer.ZIP(ctx, to.w, to.password, pack.Evidence(bundle, by))
	default:
		return clinical.ErrNotFound
	}
}

// bundle gathers what goes beside the originals of an evidential copy.
func (d *desk) bundle(ctx context.Context, c clinical.Caller, r clinical.Release, pictures []pack.Picture) (pack.Bundle, error) {
	out := pack.Bundle{Release: r, Pictures: pictures}
	var err error
	if out.Events, err = d.s.gate.Custody(ctx, c, r.ID); err != nil {
		return out, err
	}
	if out.People, err = d.s.gate.People(ctx, c); err != nil {
		return out, err
	}
	seqs := []uint64{r.Rev} // the release, and what was last recorded of each picture
	for _, p := range pictures {
		seqs = append(seqs, p.Asset.Rev)
	}
	for _, e := range out.Events { // and how each came here, and under whom
		if e.Seq != 0 && keeps(e.Act) {
			seqs = append(seqs, e.Seq)
		}
	}
	slices.Sort(seqs)
	for _, seq := range slices.Compact(seqs) {
		proof, err := d.proof(ctx, seq)
		if err != nil {
			return out, err
		}
		out.Proofs = append(out.Proofs, proof)
	}
	proof, err := d.listed(ctx, c, r, pack.Exhibits(pictures))
	out.Proofs = append(out.Proofs, proof)
	return out, err
}

// listed proves that the ledger has the hash of a list of exhibits. It gets it
// the first time that the list is handed over.
func (d *desk) listed(ctx context.Context, c clinical.Caller, r clinical.Release, exhibits []byte) (paper.Proof, error) {
	sum := sha256.Sum256(exhibits)
	digest := hex.EncodeToString(sum[:])
	text, err := d.s.vault.ProvePaper(ctx, digest)
	if clinical.KindOf(err) == clinical.NotFound {
		err = d.s.vault.Note(ctx, clinical.Event{
			At: time.Now(), Act: clinical.ActPaperIssued, Caller: c, Patient: r.Patient, Assets: r.Assets, SHA256: digest,
		})
		if err == nil {
			text, err = d.s.vault.ProvePaper(ctx, digest)
		}
	}
	if err != nil {
		return paper.Proof{}, err
	}
	return paper.ProofOf(0, text, d.s.vault.AuditKey())
}

// keeps reports whether an act took a picture in, or said whose it is.
func keeps(a clinical.Act) bool {
	switch a {
	case clinical.ActAssetKept, clinical.ActAssetQuarantined, clinical.ActRunConfirmed, clinical.ActRunResolved,
		clinical.ActQuarantineFiled, clinical.ActRefiled:
		return true
	default:
		return false
	}
}

// open makes the packer, once.
func (d *desk) open(ctx context.Context) (*pack.Packer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.packer != nil {
		return d.packer, nil
	}
	box, err := sandbox.Open(ctx, sandbox.Options{AllowUnconfined: d.s.cfg.Sandbox == "warn"})
	if err != nil {
		return nil, err
	}
	d.packer, err = pack.New(box, pack.Options{})
	return d.packer, err
}

// ExportConsents writes a patient's consents as a FHIR Bundle.
func (d *desk) ExportConsents(ctx context.Context, c clinical.Caller, patient clinical.PatientID, w io.Writer) error {
	all, err := d.s.gate.Grants(ctx, c, patient)
	if err != nil {
		return err
	}
	return fhir.WriteBundle(w, all, d.s.cfg.zone)
}

// ImportConsents records the consents of a Bundle that are not recorded yet and
// still stand. Each is decided by the gate, as one that is typed in.
func (d *desk) ImportConsents(ctx context.Context, c clinical.Caller, patient clinical.PatientID, r io.Reader) ([]wire.Imported, error) {
	if me, ok := d.s.gate.PersonByID(c.Person); !ok || (me.Role != clinical.Governance && me.Role != clinical.Admin) {
		return nil, clinical.Refuse(clinical.Forbidden, "role", "Consents are taken over by governance. Ask them, or record the consent by hand.")
	}
	there, err := d.s.gate.Grants(ctx, c, patient)
	if err != nil {
		return nil, err
	}
	all, err := fhir.ReadBundle(r)
	if err != nil {
		return nil, err
	}
	// In the order in which they were given: what came later speaks last.
	slices.SortStableFunc(all, func(a, b clinical.Grant) int { return a.RecordedAt.Compare(b.RecordedAt) })
	out := make([]wire.Imported, 0, len(all))
	for _, g := range all {
		if g.Patient != patient {
			return nil, clinical.Refuse(clinical.Invalid, "other-patient", "A consent of this file is another patient's. Nothing was recorded: choose the right file.")
		}
	}
	for _, g := range all {
		one := wire.Imported{ID: g.ID, Status: g.Status}
		err := d.takeOver(ctx, c, g, there)
		switch clinical.KindOf(err) {
		case clinical.Invalid, clinical.Conflict, clinical.Forbidden, clinical.NotFound:
			one.Reason, one.Words = clinical.ReasonOf(err), words(err)
		default:
			if err != nil {
				return nil, err
			}
			one.Done = true
		}
		out = append(out, one)
	}
	return out, nil
}

// takeOver records one consent, unless it is there or stands no more.
func (d *desk) takeOver(ctx context.Context, c clinical.Caller, g clinical.Grant, there []clinical.Grant) error {
	if slices.ContainsFunc(there, func(o clinical.Grant) bool { return o.ID == g.ID }) {
		return clinical.Refuse(clinical.Conflict, "exists", "This consent is recorded here already.")
	}
	switch g.Status {
	case clinical.GrantGiven, clinical.GrantRefused, clinical.GrantRequested, clinical.GrantPending:
	default:
		return clinical.Refuse(clinical.Invalid, "over", "This consent stands no more, and permits nothing. It stays with who exported it.")
	}
	g.Rev, g.FormBlob, g.Supersedes = 0, clinical.BlobID{}, clinical.GrantID{} // of the other vault
	_, err := d.s.gate.Do(ctx, c, clinical.RecordConsent{Grant: g})
	return err
}

// words are what a person may be told of an error.
func words(err error) string {
	if e, ok := errors.AsType[*clinical.Error](err); ok && e.Public != "" {
		return e.Public
	}
	return clinical.KindOf(err).String()
}

// printed has a paper written into memory.
func printed(write func(io.Writer) error) ([]byte, error) {
	var b bytes.Buffer
	err := write(&b)
	return b.Bytes(), err
}
