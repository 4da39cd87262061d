package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// way is how a release of a kind leaves: who makes one, for how large an
// audience it counts, and in which forms, the usual first.
type way struct {
	roles    []clinical.Role
	audience clinical.Audience
	formats  []clinical.ReleaseFormat
}

// wayOf returns the way of a kind; false: nobody makes such a release.
func wayOf(k clinical.ReleaseKind) (way, bool) {
	both := []clinical.Role{clinical.Photographer, clinical.Clinician}
	all := []clinical.Role{clinical.Photographer, clinical.Clinician, clinical.Governance}
	packed := []clinical.ReleaseFormat{clinical.EncryptedZIP}
	switch k {
	case clinical.SubjectAccess:
		return way{all, clinical.A5, []clinical.ReleaseFormat{clinical.EncryptedZIP, clinical.PrintPDF, clinical.Evidential}}, true
	case clinical.ToSolicitor, clinical.ToPolice, clinical.ToCourt:
		return way{all, clinical.A5, []clinical.ReleaseFormat{clinical.Evidential, clinical.EncryptedZIP, clinical.PrintPDF}}, true
	case clinical.PrintOut:
		return way{both, clinical.A0, []clinical.ReleaseFormat{clinical.PrintPDF, clinical.EncryptedZIP}}, true
	case clinical.ToJournal, clinical.ToConference:
		return way{both, clinical.A5, packed}, true
	case clinical.ToStudy, clinical.ToDevice:
		return way{both, clinical.A5, packed}, true
	case clinical.ToPublic:
		return way{both, clinical.A6, packed}, true
	default:
		return way{audience: clinical.A0}, false
	}
}

// useOf is the use for which the pictures of a release are opened.
func useOf(r *clinical.Release) clinical.Use {
	w, _ := wayOf(r.Kind)
	u := clinical.Use{Purpose: r.Kind.Purpose(), Audience: w.audience, Channel: clinical.Download}
	switch {
	case r.Kind == clinical.ToPublic:
		u.Channel = clinical.Online
	case r.Format == clinical.PrintPDF:
		u.Channel = clinical.Print
	}
	return u
}

// renditionOf is what leaves by a kind: evidence and the patient's own copy are
// the untouched original, everything else is the teaching copy.
func renditionOf(k clinical.ReleaseKind) clinical.RenditionKind {
	if k.Purpose() == clinical.P6 {
		return clinical.Original
	}
	return clinical.Teaching
}

// makeRelease puts pictures into the register. Nothing leaves yet, but every
// picture has to be one that may.
func (a *act) makeRelease(cmd clinical.MakeRelease) (clinical.Change, error) {
	in := cmd.Release
	w, known := wayOf(in.Kind)
	switch {
	case !known:
		return clinical.Change{}, invalid("release-kind", "Choose what the pictures leave for: subject-access, solicitor, police, court, print, journal, conference, research, online or device.")
	case !slices.Contains(w.roles, a.person.Role):
		return clinical.Change{}, a.allow()
	}
	r := clinical.Release{
		ID: in.ID, Kind: in.Kind, Authority: strings.TrimSpace(in.Authority), Recipient: strings.TrimSpace(in.Recipient),
		Assets: slices.Clone(in.Assets), Rendition: renditionOf(in.Kind), Format: cmp.Or(in.Format, w.formats[0]), UseBy: in.UseBy,
		By: a.person.ID, At: a.now,
	}
	if r.ID.IsZero() {
		r.ID = clinical.Mint[clinical.Release](a.g.opt.Mint)
	}
	if _, ok := a.snap.releases.get(r.ID); ok {
		return clinical.Change{}, conflict("exists", "This release is in the register already. A release is never edited: end it and make a new one.")
	}
	if in.Rendition != "" && in.Rendition != r.Rendition {
		return clinical.Change{}, invalid("rendition", "This form of the picture does not leave for this purpose. Leave the choice out.")
	}
	if err := a.checkRelease(r, w); err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActReleaseMade, r.Authority)
	c.Event.Assets, c.Use = r.Assets, useOf(&r)
	if err := a.releasable(&r); err != nil {
		return c, err
	}
	if err := a.stillsLeave(&r); err != nil {
		return c, err
	}
	c.Patient = r.Patient
	c.Releases = []clinical.Release{r}
	return c, a.permitted(r)
}

// checkRelease checks what a release says of itself.
func (a *act) checkRelease(r clinical.Release, w way) error {
	const long = 300
	unique := make(map[clinical.AssetID]bool, len(r.Assets))
	for _, id := range r.Assets {
		unique[id] = true
	}
	switch {
	case r.Authority == "" || len(r.Authority) > long:
		return invalid("no-authority", "Write what the release rests on: the order, the request or the agreement, in at most 300 bytes.")
	case r.Recipient == "" || len(r.Recipient) > long:
		return invalid("no-recipient", "Write who receives the pictures, in at most 300 bytes. For a publication or an event, write it as the consent names it.")
	case !slices.Contains(w.formats, r.Format):
		return invalid("release-format", "Pictures do not leave in this form for this purpose. Choose another form.")
	case len(r.Assets) == 0 || len(r.Assets) > maxAct:
		return invalid("pictures", "Between 1 and 2,000 pictures are released at once. Choose some.")
	case len(unique) != len(r.Assets):
		return invalid("pictures", "A picture is named twice. Leave it out once.")
	case r.Kind == clinical.ToConference && r.UseBy.IsZero():
		return invalid("use-by", "Copies for a conference end with it. Write the event's last day.")
	case !r.UseBy.IsZero() && !a.now.Before(r.UseBy.End(a.snap.site.Zone)):
		return invalid("use-by", "This day is past. Correct it.")
	default:
		return nil
	}
}

// releasable checks that the asker knows of the pictures, and that those of
// safeguarding leave as evidence alone. It notes whose they are.
func (a *act) releasable(r *clinical.Release) error {
	for i, id := range r.Assets {
		pic, ok := a.snap.pictures.get(id)
		if !ok || pic.frame.state != clinical.Filed || a.person.Role != clinical.Governance && !a.sees(id) {
			return clinical.ErrNotFound
		}
		owner := a.snap.root(pic.frame.patient)
		switch {
		case i == 0:
			r.Patient = owner
		case r.Patient != owner:
			r.Patient = clinical.PatientID{}
		}
		m := newMatter(a.snap, Request{Person: a.person.ID, Asset: id, Use: useOf(r), Now: a.now})
		if !m.f.sensitivity.Has(clinical.Safeguarding) && !(m.f.sensitivity.Has(clinical.Intimate) && m.showsChild()) {
			continue
		}
		if r.Format != clinical.Evidential || a.person.Role != clinical.Governance && !m.named() {
			return forbid("safeguarding", "Pictures of safeguarding, and intimate pictures of children, leave as evidence alone, by a named person or governance. Choose the evidential form, or ask governance.")
		}
	}
	return nil
}

// permitted is Forbidden unless every picture may leave by the release, with
// how many may not and why.
func (a *act) permitted(r clinical.Release) error {
	next := a.snap.With(a.now, clinical.Delta{Releases: []clinical.Release{r}})
	why := map[clinical.Reason]int{}
	refused := 0
	for _, id := range r.Assets {
		d := Decide(next, Request{Person: r.By, Use: useOf(&r), Asset: id, Rendition: r.Rendition, Flat: true, Release: r.ID, Now: a.now})
		if !d.Permit {
			why[d.Reason]++
			refused++
		}
	}
	if refused == 0 {
		return nil
	}
	reasons := make([]clinical.Reason, 0, len(why))
	for one := range why {
		reasons = append(reasons, one)
	}
	slices.SortFunc(reasons, func(a, b clinical.Reason) int { return cmp.Or(why[b]-why[a], cmp.Compare(a, b)) })
	text := fmt.Sprintf("%d of %d pictures may not leave.", refused, len(r.Assets))
	for _, one := range reasons {
		text += fmt.Sprintf(" %d: %s", why[one], Words(one))
	}
	return forbid("not-releasable", text)
}

// governanceEvidence reports whether governance hands out what a release of its
// own names as evidence or as the patient's own copy. It sees none of it on a
// screen.
func (m *matter) governanceEvidence() bool {
	return m.person.Role == clinical.Governance && m.req.Use.Purpose == clinical.P6 &&
		m.req.Use.Channel&(clinical.Download|clinical.Print) != 0 && m.findRelease() != nil
}

// ownRelease returns a release that the asker may settle: their own, anybody's
// to governance, and deliveries to the patient record to the deliverer alone.
func (a *act) ownRelease(id clinical.ReleaseID) (*clinical.Release, error) {
	r, ok := a.snap.releases.get(id)
	if !ok {
		return nil, clinical.ErrNotFound
	}
	mine := !r.By.IsZero() && r.By == a.person.ID || a.person.Role == clinical.Governance
	if toEPR(r.Kind) {
		mine = a.person.Role == clinical.Exchange
	}
	switch {
	case !mine:
		return nil, clinical.ErrNotFound
	case !a.open(r):
		return nil, conflict("release-over", "This release has ended. Make a new one.")
	default:
		return r, nil
	}
}

func (a *act) deliverRelease(cmd clinical.DeliverRelease) (clinical.Change, error) {
	old, err := a.ownRelease(cmd.Release)
	if err != nil {
		return clinical.Change{}, err
	}
	if !old.Delivered.IsZero() {
		return clinical.Change{}, conflict("delivered", "This was handed over already. Nothing is left to do.")
	}
	if err := brief(cmd.Receipt); err != nil {
		return clinical.Change{}, err
	}
	r := *old
	r.Delivered, r.DeliveredBy, r.Receipt, r.Fault, r.RetryAt = a.now, a.person.ID, strings.TrimSpace(cmd.Receipt), "", time.Time{}
	c := a.releaseChange(clinical.ActReleaseDelivered, r, "")
	if r.Kind == clinical.ToConference { // what was carried there is destroyed when it is over
		a.raise(&c, clinical.Task{
			Kind: clinical.DestroyCopy, For: r.By, Assets: r.Assets, Release: r.ID, Due: r.UseBy.End(a.snap.site.Zone),
		})
	}
	if s, ok := a.snap.sessions.get(r.Session); ok && r.Kind == clinical.EPRDelivery {
		if j, ok := a.snap.jobs.get(s.Job); ok && j.Status == clinical.JobFiled {
			done := *j
			done.Status = clinical.JobDelivered
			c.Jobs = []clinical.Job{done}
		}
	}
	return c, nil
}

func (a *act) endRelease(cmd clinical.EndRelease) (clinical.Change, error) {
	why := strings.TrimSpace(cmd.Reason)
	if err := cmp.Or(reasoned(why), brief(why)); err != nil {
		return clinical.Change{}, err
	}
	old, err := a.ownRelease(cmd.Release)
	if err != nil {
		return clinical.Change{}, err
	}
	r := *old
	r.Ended, r.EndedBy, r.Why = a.now, a.person.ID, why
	return a.releaseChange(clinical.ActReleaseEnded, r, why), nil
}

// releaseChange begins the change that settles a release.
func (a *act) releaseChange(what clinical.Act, r clinical.Release, why string) clinical.Change {
	c := a.change(what, why)
	c.Patient, c.Event.Assets, c.Use, c.Releases = r.Patient, r.Assets, useOf(&r), []clinical.Release{r}
	return c
}
