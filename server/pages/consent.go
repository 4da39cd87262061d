package pages

import (
	"cmp"
	"net/http"
	"strings"

	"fovea/clinical"
	"fovea/policy"
)

// consentPage asks for one consent with all that belongs to it.
type consentPage struct {
	Patient   clinical.Patient
	Sheets    []clinical.SessionPage
	Lesions   []clinical.Lesion
	Draft     clinical.Grant // what the form begins with
	Paper     int            // the level of a paper form; 0: none
	Replaces  []clinical.Grant
	Refusals  int
	Child     bool
	Purposes  []clinical.Purpose
	Audiences []clinical.Audience
	Ways      []way
	Languages []choice
	Prints    bool // a blank form can be printed
}

// consentForm shows the form; ?level= begins it as a paper form of that level,
// ?lesion= as a consent for one lesion.
func (d *door) consentForm(v *visit) error {
	id, err := pathID[clinical.Patient](v.r)
	if err != nil || !recordsConsent(v.person.Role) {
		return clinical.ErrNotFound
	}
	page, err := d.Gate.PatientPage(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	p := consentPage{
		Patient: page.Patient, Sheets: page.Sessions, Lesions: page.Lesions, Replaces: supersedable(page.Grants), Languages: languages(), Ways: wayChoices(),
		Audiences: audiences(), Prints: d.Papers.ConsentForm != nil, Child: !page.Patient.AdultAt(d.Now(), d.Zone),
		Purposes: []clinical.Purpose{clinical.P0, clinical.P1, clinical.P2, clinical.P2b, clinical.P3, clinical.P4, clinical.P5, clinical.P7},
	}
	for _, g := range page.Grants {
		if g.Status == clinical.GrantRefused {
			p.Refusals++
		}
	}
	p.Draft = clinical.Grant{
		Status: clinical.GrantGiven, Mode: clinical.Electronic, Purposes: []clinical.Purpose{clinical.P2}, Audience: clinical.A3,
		Level: clinical.I1, Channels: clinical.ViewOnScreen | clinical.Mount, Capacity: clinical.AdultCapacity,
	}
	if p.Child {
		p.Draft.Capacity = clinical.Parental
	}
	if n := strings.Index("0123", v.r.FormValue("level")); n > 0 && len(v.r.FormValue("level")) == 1 {
		// The one named use is written on the form itself.
		paper, err := policy.PaperLevel(n, "–")
		if err != nil {
			return err
		}
		capacity := p.Draft.Capacity
		p.Draft, p.Paper = paper[len(paper)-1], n
		p.Draft.NamedUse, p.Draft.Capacity = "", capacity
	}
	for _, l := range page.Lesions {
		if l.ID.String() == v.r.FormValue("lesion") {
			p.Draft.Covers.Lesion = l.ID
		}
	}
	return d.show(v, "consent", "Record a consent", p)
}

// recordsConsent reports whether a role records what a patient agrees to.
func recordsConsent(r clinical.Role) bool {
	switch r {
	case clinical.Photographer, clinical.Clinician, clinical.Nurse, clinical.Governance:
		return true
	default:
		return false
	}
}

// text is a field of one line.
func text(r *http.Request, field string) string { return strings.TrimSpace(r.PostFormValue(field)) }

// recordConsent records a consent, or says what it would change.
func (d *door) recordConsent(v *visit) error {
	g, err := d.grantOf(v.r)
	if err != nil {
		return err
	}
	cmd := clinical.RecordConsent{Grant: g}
	if v.r.PostFormValue("teaching") != "" {
		if cmd.Further, err = onTheSameForm(g); err != nil {
			return err
		}
	}
	if v.r.PostFormValue("try") != "" {
		return d.tried(v, cmd, d.consentForm)
	}
	return d.do(v, cmd, "/patients/"+g.Patient.String()+"?done=consent")
}

// onTheSameForm is the consent to teaching that a form of level 3 holds beside
// the one to publication: by the same person, of the same pictures.
func onTheSameForm(g clinical.Grant) ([]clinical.Grant, error) {
	all, err := policy.PaperLevel(2, "")
	for i, level := range all {
		all[i] = g
		all[i].Purposes, all[i].Audience, all[i].Channels = level.Purposes, level.Audience, level.Channels
		all[i].NamedUse, all[i].Supersedes = "", clinical.GrantID{}
	}
	return all, err
}

// tried shows a form again, with what it would change.
func (d *door) tried(v *visit, cmd clinical.Command, view func(*visit) error) error {
	impact, err := d.Gate.Simulate(v.ctx, v.caller, cmd)
	if err != nil {
		return err
	}
	v.impact, v.typed = &impact, v.r.PostForm
	return view(v)
}

// grantOf reads the form of a consent. What the rules of the record ask of it
// is the gate's to say.
func (d *door) grantOf(r *http.Request) (clinical.Grant, error) {
	id, err := pathID[clinical.Patient](r)
	if err != nil {
		return clinical.Grant{}, err
	}
	if err := form(r); err != nil {
		return clinical.Grant{}, err
	}
	g := clinical.Grant{
		Patient: id, Status: clinical.GrantStatus(r.PostFormValue("status")), Mode: clinical.Mode(r.PostFormValue("mode")),
		Capacity: clinical.Capacity(r.PostFormValue("capacity")), Temporary: r.PostFormValue("temporary") != "",
		Giver: text(r, "giver"), Relationship: text(r, "relationship"), SecondGiver: text(r, "second"), Assent: clinical.Assent(r.PostFormValue("assent")),
		Witness: text(r, "witness"), Interpreter: text(r, "interpreter"), Language: text(r, "language"), FormVersion: text(r, "version"),
		NamedUse: text(r, "use"), Study: text(r, "study"), Ethics: text(r, "ethics"), IntimateBeyondA2: r.PostFormValue("intimate") != "",
		TakenBeforePhoto: r.PostFormValue("before") != "", ImagesShown: r.PostFormValue("shown") != "", CopyGiven: r.PostFormValue("copy") != "",
	}
	if g.FormVersion == policy.LegacyForm {
		g.FormVersion = "" // an import's mark, not a form's
	}
	for _, code := range r.PostForm["purpose"] {
		var p clinical.Purpose
		if err := p.UnmarshalText([]byte(code)); err != nil {
			return g, err
		}
		g.Purposes = append(g.Purposes, p)
	}
	if err := g.Channels.UnmarshalText([]byte(strings.Join(r.PostForm["channel"], ","))); err != nil {
		return g, err
	}
	if err := fill(r, map[string]interface{ UnmarshalText([]byte) error }{
		"audience": &g.Audience, "level": &g.Level, "expires": &g.Expires, "review": &g.ReviewAt, "supersedes": &g.Supersedes,
	}); err != nil {
		return g, err
	}
	return g, d.coverOf(r, &g)
}

// coverOf reads which pictures a consent is about: those ticked, else a
// lesion, a session or a course of treatment.
func (d *door) coverOf(r *http.Request, g *clinical.Grant) error {
	var from, until, valid clinical.Date
	if err := fill(r, map[string]interface{ UnmarshalText([]byte) error }{"coursefrom": &from, "courseuntil": &until, "from": &valid}); err != nil {
		return err
	}
	g.ValidFrom = valid.Start(d.Zone)
	if len(r.PostForm["asset"]) > 0 {
		ids, err := chosen[clinical.Asset](r, "asset")
		g.Covers.Assets = ids
		return err
	}
	if text, ok := strings.CutPrefix(r.PostFormValue("cover"), "lesion/"); ok {
		lesion, err := clinical.ParseID[clinical.Lesion](text)
		if err != nil {
			return clinical.ErrNotFound
		}
		g.Covers.Lesion = lesion
		return nil
	}
	if r.PostFormValue("cover") != "course" {
		return fill(r, map[string]interface{ UnmarshalText([]byte) error }{"cover": &g.Covers.Session})
	}
	if until.IsZero() {
		return clinical.Refuse(clinical.Invalid, "course", "Consent for a course of treatment needs its end. Write the last day.")
	}
	g.Covers.CourseFrom, g.Covers.CourseUntil = from.Start(d.Zone), until.End(d.Zone)
	return nil
}

// markInError says that a consent was never given as it was recorded.
func markInError(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Grant](r)
	return clinical.MarkInError{Grant: id, Reason: text(r, "reason")}, back(r, "/patients", "mistaken"), err
}

// consentWords says what one of a patient's consents is for, to whom, and of
// which pictures.
func (d *door) consentWords(v *visit, patient clinical.PatientID, id clinical.GrantID) (string, error) {
	grants, err := d.Gate.Grants(v.ctx, v.caller, patient)
	if err != nil {
		return "", err
	}
	lesions, err := d.Gate.Lesions(v.ctx, v.caller, patient)
	if err != nil {
		return "", err
	}
	for _, g := range grants {
		if g.ID == id {
			return cmp.Or(purposes(g.Purposes), "Everything beyond care") + " to " + audience(g.Audience) + "; " + covers(g, lesions), nil
		}
	}
	return "", nil
}
