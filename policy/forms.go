package policy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"

	"fovea/clinical"
)

// keeper seals bytes and commits them together with the change that is made of
// them.
type keeper interface {
	Put(context.Context, clinical.Owner, io.Reader, func(clinical.Blob) (clinical.Change, error)) (clinical.Change, error)
}

// maxForm is how large the scan of a form may be.
const maxForm = 50 << 20

// KeepForm keeps the scan of the paper form beside a consent, sealed under the
// patient's key: a PDF, JPEG, PNG or TIFF of at most 50 MB. A consent has one
// form, and it is never replaced. Who records consent keeps its form.
func (g *Gate) KeepForm(ctx context.Context, c clinical.Caller, id clinical.GrantID, r io.Reader) (clinical.Change, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return clinical.Change{}, err
	}
	if g.opt.Keeper == nil {
		return clinical.Change{}, clinical.Refuse(clinical.Unavailable, "no-keeper", "Nothing can be kept at the moment. Try again in a moment.")
	}
	a := &act{g: g, snap: snap, caller: c, person: p, now: g.opt.Now()}
	old, err := a.formless(id)
	if err != nil {
		g.refused(c, clinical.Change{}, err)
		return clinical.Change{}, err
	}
	scan := &head{r: io.LimitReader(r, maxForm+1)}
	asset := clinical.Mint[clinical.Asset](g.opt.Mint)
	owner := clinical.Owner{Patient: old.Patient, Asset: asset}
	done, err := g.opt.Keeper.Put(context.WithoutCancel(ctx), owner, scan, func(b clinical.Blob) (clinical.Change, error) {
		if ctx.Err() != nil { // half of a scan is none
			return clinical.Change{}, clinical.Errorf(clinical.Unavailable, "policy: keep a form: %w", ctx.Err())
		}
		return a.keepForm(old.Grant, asset, b, scan.kind())
	})
	if err != nil {
		return clinical.Change{}, notKept(err)
	}
	g.apply(done)
	return done, nil
}

// notKept says why a scan could not be kept.
func notKept(err error) error {
	if dup, ok := errors.AsType[*clinical.Duplicate](err); ok {
		return &clinical.Error{
			Kind: clinical.Conflict, Reason: "duplicate", Err: dup,
			Public: "This scan is kept beside another consent of this patient already. Scan the right form.",
		}
	}
	if clinical.KindOf(err) == clinical.Conflict {
		return &clinical.Error{Kind: clinical.Conflict, Reason: "changed-meanwhile", Err: err, Public: changedMeanwhile}
	}
	return err
}

// formless returns a consent that the asker may keep a form for, and that has
// none yet.
func (a *act) formless(id clinical.GrantID) (*grant, error) {
	old, ok := a.snap.grants.get(id)
	if !ok {
		return nil, clinical.ErrNotFound
	}
	own := old.RecordedBy == a.person.ID
	if !own && (!recordsConsent(a.person.Role) || !a.snap.meets(a.person, a.snap.subject(old.Patient), a.now)) {
		return nil, clinical.ErrNotFound
	}
	if !old.FormBlob.IsZero() {
		return nil, conflict("form-kept", "This consent has its form already. Record a new consent where the patient signed another.")
	}
	return old, nil
}

// keepForm makes the change: the scan is kept as an asset that is no picture.
func (a *act) keepForm(g clinical.Grant, id clinical.AssetID, b clinical.Blob, mime string) (clinical.Change, error) {
	switch {
	case mime == "":
		return clinical.Change{}, invalid("form-kind", "A form is a PDF, JPEG, PNG or TIFF. Scan it as one of these.")
	case b.Size > maxForm:
		return clinical.Change{}, invalid("form-size", "A form has at most 50 MB. Scan it in a lower resolution.")
	}
	b.MIME, g.FormBlob = mime, b.ID
	c := a.change(clinical.ActFormKept, "")
	c.Patient, c.Grant, c.Event.Assets = g.Patient, g.ID, []clinical.AssetID{id}
	c.Grants = []clinical.Grant{g}
	c.Delta.Assets = []clinical.Asset{{
		ID: id, State: clinical.Filed, Patient: g.Patient, Original: b, Form: true, KeptAt: a.now, FiledAt: a.now,
	}}
	return c, nil
}

// head passes bytes on and remembers the first of them.
type head struct {
	r     io.Reader
	first []byte
}

func (h *head) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.first = append(h.first, p[:min(n, 512-len(h.first))]...)
	return n, err
}

// kind is what the bytes are; empty: none that a form comes in.
func (h *head) kind() string {
	if bytes.HasPrefix(h.first, []byte("II*\x00")) || bytes.HasPrefix(h.first, []byte("MM\x00*")) {
		return "image/tiff"
	}
	if mime := http.DetectContentType(h.first); slices.Contains([]string{"application/pdf", "image/jpeg", "image/png"}, mime) {
		return mime
	}
	return ""
}

// Form opens the scan of a consent's form to those who read the patient's
// consent: who treats the patient, the photographer of a job, who recorded it,
// and governance. It is noted before the first byte. A consent without a form,
// and one that is not theirs to read, are NotFound.
func (g *Gate) Form(ctx context.Context, c clinical.Caller, id clinical.GrantID) (*clinical.Served, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	if !g.readsForm(snap, p.ID, id) {
		e := g.event(clinical.ActDenied, c)
		e.Grant, e.Denied, e.Use, e.Rule = id, true, clinical.Care(), noNeed
		g.opt.Recorder.NoteLater(e)
		return nil, clinical.ErrNotFound
	}
	of, _ := snap.grants.get(id)
	a, err := g.formOf(ctx, snap, of)
	if err != nil {
		return nil, err
	}
	content, err := g.opt.Opener.Open(ctx, a.Original.ID)
	if err != nil {
		return nil, hidden(err)
	}
	e := g.event(clinical.ActViewed, c)
	e.Grant, e.Patient, e.Assets, e.Use = id, of.Patient, []clinical.AssetID{a.ID}, clinical.Care()
	if err := g.note(ctx, e, true); err != nil {
		return nil, errors.Join(err, content.Close())
	}
	return &clinical.Served{
		Content: &formContent{Content: content, allowed: func() bool {
			now, err := g.snapshot()
			return err == nil && g.readsForm(now, p.ID, id)
		}},
		Asset: a.ID, MIME: a.Original.MIME, ETag: snap.etag(a.Original.SHA256), Modified: a.KeptAt,
		Obligations: clinical.Obligations{Rendition: clinical.Original, NoStore: true, LogBeforeBytes: true},
		Gone:        make(chan struct{}), // it ends with its reads
	}, nil
}

// formOf finds the asset that a consent's form is kept as.
func (g *Gate) formOf(ctx context.Context, snap *Snapshot, of *grant) (clinical.Asset, error) {
	for _, pic := range snap.shard(of.Patient).pictures {
		if !pic.frame.form || pic.frame.state.Gone() {
			continue
		}
		a, err := g.opt.Reader.Asset(ctx, pic.id)
		if err != nil {
			return clinical.Asset{}, hidden(err)
		}
		if a.Original.ID == of.FormBlob {
			return a, nil
		}
	}
	return clinical.Asset{}, clinical.ErrNotFound
}

// readsForm reports whether a person may read the form of a consent now.
func (g *Gate) readsForm(snap *Snapshot, who clinical.PersonID, id clinical.GrantID) bool {
	p, ok := snap.people.get(who)
	of, known := snap.grants.get(id)
	now := g.opt.Now()
	if !ok || !known || of.FormBlob.IsZero() || !p.ActiveAt(now, snap.site.Zone) {
		return false
	}
	sh := snap.subject(of.Patient)
	switch p.Role {
	case clinical.Governance:
		return true
	case clinical.Clinician, clinical.Nurse:
		if sh.patient != nil && sh.patient.Vip {
			return slices.Contains(sh.patient.NamedTeam, p.ID)
		}
		return of.RecordedBy == p.ID || snap.treats(p, sh, now)
	case clinical.Photographer:
		return of.RecordedBy == p.ID || slices.ContainsFunc(sh.jobs, func(j *clinical.Job) bool { return j.Photographer == p.ID })
	default:
		return false
	}
}

// formContent gives bytes out for as long as the form is its reader's.
type formContent struct {
	clinical.Content
	allowed func() bool
}

func (f *formContent) Read(p []byte) (int, error) {
	if !f.allowed() {
		return 0, clinical.ErrNotFound
	}
	return f.Content.Read(p[:min(len(p), chunk)])
}

func (f *formContent) ReadAt(p []byte, off int64) (int, error) {
	if !f.allowed() {
		return 0, clinical.ErrNotFound
	}
	return f.Content.ReadAt(p, off)
}
