package policy

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fovea/clinical"
)

// visible reads pictures that the asker sees for care.
func (a *act) visible(ctx context.Context, ids []clinical.AssetID) ([]clinical.Asset, error) {
	return a.read(ctx, ids, func(pic *picture) error {
		if !a.sees(pic.id) {
			return clinical.ErrNotFound
		}
		if a.held(pic) {
			return conflict("on-hold", onHold)
		}
		return nil
	})
}

// classify says what is in the pictures of a session, or in those named.
func (a *act) classify(ctx context.Context, cmd clinical.ClassifyAssets) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer); err != nil {
		return clinical.Change{}, err
	}
	const all = clinical.Known | clinical.Face | clinical.Intimate | clinical.Safeguarding | clinical.VIP
	switch {
	case !cmd.Sensitivity.Has(clinical.Known) || cmd.Sensitivity&^all != 0:
		return clinical.Change{}, invalid("sensitivity", "Say what is in the pictures: face, intimate, safeguarding or vip, or plain for none.")
	case cmd.NoIdentifyingFeature && cmd.Sensitivity&(clinical.Face|clinical.Intimate) != 0:
		return clinical.Change{}, invalid("identifying", "A face or an intimate picture cannot pass as having no identifying feature. Leave that out.")
	case cmd.Session.IsZero() == (len(cmd.Assets) == 0):
		return clinical.Change{}, invalid("pictures", "Name either a session or pictures. Choose one of the two.")
	}
	ids := cmd.Assets
	if !cmd.Session.IsZero() {
		if ids = a.ofSession(cmd.Session); len(ids) == 0 {
			return clinical.Change{}, clinical.ErrNotFound
		}
	}
	assets, err := a.visible(ctx, ids)
	if err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActClassified, cmd.Reason)
	for i := range assets {
		as := &assets[i]
		if err := a.reclassifies(as, cmd); err != nil {
			return clinical.Change{}, err
		}
		if cmd.Sensitivity != as.Sensitivity { // who attested the flattened copy was told otherwise
			as.Cleared = clinical.NoIdentifiability
		}
		if cmd.Sensitivity.Has(clinical.Safeguarding) && !as.Sensitivity.Has(clinical.Safeguarding) {
			a.tellOfGuarded(&c, as.Patient)
		}
		as.Sensitivity, as.NoIdentifyingFeature = cmd.Sensitivity, cmd.NoIdentifyingFeature && !as.IDShot
		as.ClassifiedBy, as.ReviewedBy = a.person.ID, clinical.PersonID{}
		as.ReviewedAt = time.Time{}
		c.Patient = as.Patient
	}
	keep(&c, assets)
	return c, nil
}

// reclassifies tests what a picture is said to show against what it was said to
// show before.
func (a *act) reclassifies(as *clinical.Asset, cmd clinical.ClassifyAssets) error {
	lowers := as.Sensitivity&^cmd.Sensitivity&^clinical.Known != 0
	switch {
	case as.State == clinical.Quarantined:
		return conflict("quarantined", "These pictures have no patient yet. File them first.")
	case lowers && cmd.Reason == "":
		return invalid("no-reason", "Taking a flag away needs a reason, which goes into the record. Write one.")
	case as.Sensitivity.Has(clinical.Safeguarding) && !cmd.Sensitivity.Has(clinical.Safeguarding) && !a.second(as):
		return forbid("second-person", "A second person takes the safeguarding flag away, with a reason. Ask a colleague.")
	case cmd.NoIdentifyingFeature && as.Masked:
		return conflict("masked", "Something in one of these pictures is masked, so there is something to hide. Save a version without masks first.")
	default:
		return nil
	}
}

// second reports whether somebody else than the asker said what is in the
// picture.
func (a *act) second(as *clinical.Asset) bool {
	return !as.ClassifiedBy.IsZero() && as.ClassifiedBy != a.person.ID
}

// ofSession returns the pictures of a session that the asker sees.
func (a *act) ofSession(id clinical.SessionID) []clinical.AssetID {
	s, ok := a.snap.sessions.get(id)
	if !ok {
		return nil
	}
	var ids []clinical.AssetID
	for _, pic := range a.snap.shard(s.Patient).pictures {
		if pic.frame.session == id && !pic.frame.state.Gone() && a.sees(pic.id) {
			ids = append(ids, pic.id)
		}
	}
	return ids
}

// review records a second person's word that nothing identifies the patient.
func (a *act) review(ctx context.Context, cmd clinical.ReviewAssets) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer, clinical.Clinician); err != nil {
		return clinical.Change{}, err
	}
	assets, err := a.visible(ctx, cmd.Assets)
	if err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActReviewed, cmd.Reason)
	for i := range assets {
		as := &assets[i]
		switch {
		case as.Identifiability() != clinical.I1:
			return clinical.Change{}, invalid("identifying", "Only a classified picture said to have no identifying feature is reviewed. Classify it first.")
		case as.ClassifiedBy == a.person.ID:
			return clinical.Change{}, forbid("second-person", "You classified this picture yourself. Ask a second person to review it.")
		}
		as.ReviewedBy, as.ReviewedAt = a.person.ID, a.now
		c.Patient = as.Patient
	}
	keep(&c, assets)
	return c, nil
}

// describe edits the catalogue entry of one picture.
func (a *act) describe(ctx context.Context, cmd clinical.DescribeAsset) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer, clinical.Clinician); err != nil {
		return clinical.Change{}, err
	}
	assets, err := a.visible(ctx, []clinical.AssetID{cmd.Asset})
	if err != nil {
		return clinical.Change{}, err
	}
	as := &assets[0]
	if err := current(cmd.Rev, as.Rev); err != nil {
		return clinical.Change{}, err
	}
	if as.Sensitivity.Has(clinical.Safeguarding) && !addsOnly(as, cmd) {
		return clinical.Change{}, conflict("safeguarding", "What is written beside a safeguarding picture is evidence and stays. Add to it.")
	}
	if cmd.Caption != nil {
		as.Caption = strings.TrimSpace(*cmd.Caption)
	}
	if cmd.Keywords != nil {
		as.Keywords = keywords(*cmd.Keywords)
	}
	if cmd.View != nil {
		as.View = *cmd.View
	}
	if cmd.Lesion != nil {
		if l, ok := a.snap.lesions.get(*cmd.Lesion); !cmd.Lesion.IsZero() && (!ok || !a.snap.samePatient(l.Patient, as.Patient)) {
			return clinical.Change{}, invalid("lesion", "This lesion is another patient's. Choose one of this patient's.")
		}
		as.Lesion = *cmd.Lesion
	}
	if len(as.Caption) > 2000 || !utf8.ValidString(as.Caption) || len(as.Keywords) > 100 {
		return clinical.Change{}, invalid("description", "A caption has at most 2,000 bytes and a picture at most 100 keywords. Shorten it.")
	}
	c := a.change(clinical.ActDescribed, "")
	c.Patient = as.Patient
	keep(&c, assets)
	return c, nil
}

// addsOnly reports whether a description keeps every word that is there.
func addsOnly(as *clinical.Asset, cmd clinical.DescribeAsset) bool {
	switch {
	case cmd.Caption != nil && !strings.HasPrefix(strings.TrimSpace(*cmd.Caption), as.Caption):
		return false
	case cmd.View != nil && as.View != clinical.View{} && *cmd.View != as.View:
		return false
	case cmd.Lesion != nil && !as.Lesion.IsZero() && *cmd.Lesion != as.Lesion:
		return false
	case cmd.Keywords != nil:
		kept := keywords(*cmd.Keywords)
		return !slices.ContainsFunc(as.Keywords, func(w string) bool { return !slices.Contains(kept, w) })
	default:
		return true
	}
}

// keywords tidies and sorts, each once.
func keywords(list []string) []string {
	out := make([]string, 0, len(list))
	for _, w := range list {
		if w = strings.Join(strings.Fields(w), " "); w != "" && len(w) <= 100 && utf8.ValidString(w) {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// refile corrects a wrong patient. The pictures leave every set, inherit no
// consent, and wait to be classified anew; what is known to be in them stays
// known.
func (a *act) refile(ctx context.Context, cmd clinical.RefileAssets) (clinical.Change, error) {
	if err := a.allow(clinical.Photographer, clinical.Governance); err != nil {
		return clinical.Change{}, err
	}
	if err := reasoned(cmd.Reason); err != nil {
		return clinical.Change{}, err
	}
	to := a.snap.root(cmd.To)
	if !a.snap.shard(to).alive() {
		return clinical.Change{}, clinical.ErrNotFound
	}
	runs := map[clinical.RunID]int{}
	assets, err := a.read(ctx, cmd.Assets, func(pic *picture) error {
		switch state := pic.frame.state; {
		case state == clinical.Quarantined && a.sees(pic.id):
			return conflict("quarantined", "These pictures have no patient yet. File them from quarantine.")
		case state != clinical.Filed && state != clinical.Provisional, a.person.Role != clinical.Governance && !a.sees(pic.id):
			return clinical.ErrNotFound
		case pic.frame.form:
			return clinical.ErrNotFound
		case a.held(pic):
			return conflict("on-hold", onHold)
		case pic.frame.sensitivity.Has(clinical.Safeguarding) && a.person.Role != clinical.Governance:
			return forbid("safeguarding", "A safeguarding picture is moved to another patient by governance. Ask them.")
		case a.snap.samePatient(pic.frame.patient, to):
			return invalid("same-patient", "Some of these pictures are this patient's already. Leave them out.")
		}
		if pic.frame.state == clinical.Provisional && !pic.frame.idShot {
			runs[pic.frame.run]++
		}
		return nil
	})
	if err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActRefiled, cmd.Reason)
	c.Patient = to
	wrong := map[clinical.PatientID][]clinical.AssetID{}
	for i := range assets {
		wrong[assets[i].Patient] = append(wrong[assets[i].Patient], assets[i].ID)
		a.unlink(&c, &assets[i], to)
	}
	for patient, ids := range wrong { // they were shown as somebody's whose they are not
		a.takeBack(&c, a.recall(clinical.RecallRefile, patient, nil, ids))
	}
	a.sitting(&c, assets, to, clinical.JobID{})
	keep(&c, assets)
	a.shrink(&c, runs)
	return c, nil
}

// unlink takes a picture away from everything of the wrong patient.
func (a *act) unlink(c *clinical.Change, as *clinical.Asset, to clinical.PatientID) {
	as.Subjects = without(as.Subjects, to)
	as.Patient, as.State, as.Reason, as.FiledAt = to, clinical.Filed, "", a.now
	as.Job, as.Encounter, as.Lesion, as.Run = clinical.JobID{}, clinical.EncounterID{}, clinical.LesionID{}, clinical.RunID{}
	as.Name = ""                  // it may name the wrong patient
	as.Edit, as.Masked = 0, false // and so may what was written into it
	unclassify(as)
	ids, _ := a.snap.members.get(as.ID)
	for _, id := range ids {
		st, ok := a.snap.sets.get(id)
		if !ok {
			continue
		}
		for _, it := range st.items {
			if it.Asset == as.ID && !it.Removed {
				gone := it.SetItem
				gone.Removed = true
				c.Items = append(c.Items, gone)
			}
		}
	}
}

// unclassify has a picture classified anew. Its flags stay: they only narrow.
func unclassify(as *clinical.Asset) {
	as.Sensitivity &^= clinical.Known
	as.NoIdentifyingFeature, as.ClassifiedBy, as.ReviewedBy = false, clinical.PersonID{}, clinical.PersonID{}
	as.ReviewedAt, as.Cleared = time.Time{}, clinical.NoIdentifiability
}
