package policy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fovea/clinical"
)

// RosterOverAudience is the Rule of a set's event whose roster is larger than
// its audience: a warning, since nobody who is rostered is locked out.
const RosterOverAudience = "roster-over-audience"

func (a *act) createSet(cmd clinical.CreateSet) (clinical.Change, error) {
	if err := a.allow(clinical.Educator, clinical.Clinician, clinical.Photographer); err != nil {
		return clinical.Change{}, err
	}
	in := cmd.Set
	s := clinical.TeachingSet{
		ID: in.ID, Name: in.Name, Title: in.Title, Purpose: in.Purpose, Audience: in.Audience, Owner: a.person.ID,
		Specialty: in.Specialty, Roster: in.Roster, Cohorts: in.Cohorts, From: in.From, Until: in.Until, CreatedAt: a.now, NextNumber: step(),
		Watermark: in.Watermark,
	}
	if s.ID.IsZero() {
		s.ID = clinical.Mint[clinical.TeachingSet](a.g.opt.Mint)
	}
	if _, ok := a.snap.sets.get(s.ID); ok {
		return clinical.Change{}, conflict("exists", "This set is there already. Change it instead.")
	}
	if s.Purpose == clinical.NoPurpose {
		s.Purpose = clinical.P2
	}
	if s.Name == "" {
		s.Name = cleanName(s.Title, maxSetName)
	}
	if s.Title == "" {
		s.Title = s.Name
	}
	return a.setChange(clinical.ActSetCreated, s)
}

// changeSet replaces title, audience, roster, cohorts, dates and whether copies
// are marked, and nothing else.
func (a *act) changeSet(cmd clinical.ChangeSet) (clinical.Change, error) {
	st, err := a.ownSet(cmd.Set.ID)
	if err != nil {
		return clinical.Change{}, err
	}
	if err := current(cmd.Set.Rev, st.Rev); err != nil {
		return clinical.Change{}, err
	}
	s := st.TeachingSet
	s.Title, s.Audience, s.From, s.Until = cmd.Set.Title, cmd.Set.Audience, cmd.Set.From, cmd.Set.Until
	s.Roster, s.Cohorts, s.Watermark = cmd.Set.Roster, cmd.Set.Cohorts, cmd.Set.Watermark
	wider := s.Audience > st.Audience || st.Watermark && !s.Watermark
	if wider && s.Status == clinical.SetPublished {
		s.PublishedBy = a.person.ID // the second person agreed to a smaller audience, and to marked copies
	}
	if wider && s.SubmittedAt.After(s.PublishedAt) { // nor to this one who was asked
		s.SubmittedBy, s.SubmittedAt = clinical.PersonID{}, time.Time{}
		if s.Status == clinical.SetSubmitted {
			s.Status = clinical.SetDraft
		}
	}
	return a.setChange(clinical.ActSetChanged, s)
}

// setChange checks a set and makes its change.
func (a *act) setChange(what clinical.Act, s clinical.TeachingSet) (clinical.Change, error) {
	s.Title = strings.TrimSpace(s.Title)
	s.Roster, s.Cohorts = roster(s.Roster), cohorts(s.Cohorts)
	if err := a.checkSet(s); err != nil {
		return clinical.Change{}, err
	}
	c := a.change(what, "")
	c.Set, c.Sets = s.ID, []clinical.TeachingSet{s}
	if AudienceFor(a.most(s), a.snap.site.Limits) > s.Audience {
		c.Rule = RosterOverAudience
	}
	return c, nil
}

// roster names everybody once.
func roster(list []clinical.PersonID) []clinical.PersonID {
	out := slices.Clone(list)
	slices.SortFunc(out, clinical.PersonID.Compare)
	return slices.Compact(out)
}

// cohorts names everybody in them once.
func cohorts(list []clinical.Cohort) []clinical.Cohort {
	out := slices.Clone(list)
	for i := range out {
		out[i].Name, out[i].People = strings.TrimSpace(out[i].Name), roster(out[i].People)
	}
	return out
}

func checkCohorts(list []clinical.Cohort) error {
	seen := map[string]bool{}
	for _, c := range list {
		switch {
		case c.Name == "" || len(c.Name) > 100 || !utf8.ValidString(c.Name) || seen[strings.ToLower(c.Name)]:
			return invalid("cohort", "Each cohort has a name of its own, of at most 100 bytes. Write it.")
		case !c.From.IsZero() && !c.Until.IsZero() && c.Until.Before(c.From):
			return invalid("dates", "The term of a cohort ends before it begins. Correct the dates.")
		}
		seen[strings.ToLower(c.Name)] = true
	}
	return nil
}

// most returns how many readers a set has on the day on which most have it:
// cohorts whose terms do not meet are not added up.
func (a *act) most(s clinical.TeachingSet) int {
	days := []clinical.Date{{}} // before every term
	for _, c := range s.Cohorts {
		days = append(days, c.From)
	}
	most := 0
	for _, day := range days {
		then := s
		then.Cohorts = slices.DeleteFunc(slices.Clone(s.Cohorts), func(c clinical.Cohort) bool {
			return day.Before(c.From) || !c.Until.IsZero() && c.Until.Before(day)
		})
		most = max(most, len(then.Readers()))
	}
	return most
}

func (a *act) checkSet(s clinical.TeachingSet) error {
	switch {
	case nameFault(s.Name, maxSetName) != "":
		return invalid("set-name", "This cannot be the name of a folder: "+nameFault(s.Name, maxSetName)+". Choose another.")
	case a.nameTaken(s):
		return conflict("set-name-taken", "Another set has this name. Choose another.")
	case len(s.Title) > 300 || s.Title == "":
		return invalid("set-title", "A set needs a title of at most 300 bytes. Write it.")
	case s.Purpose != clinical.P2:
		return invalid("set-purpose", "A set is for teaching. Other uses go out as a release.")
	case s.Audience < clinical.A1 || s.Audience > clinical.A5:
		return invalid("set-audience", "Say how many at most are shown the set at once. Choose an audience from A1 to A5.")
	case !s.From.IsZero() && !s.Until.IsZero() && s.Until.Before(s.From):
		return invalid("dates", "This set ends before it begins. Correct the dates.")
	}
	if err := checkCohorts(s.Cohorts); err != nil {
		return err
	}
	for _, id := range s.Readers() {
		if p, ok := a.snap.people.get(id); !ok || !a.snap.channels(p.Role, clinical.P2).Has(clinical.ViewOnScreen) {
			return invalid("roster", "Somebody on the roster is not known, or is not one to be taught. Take them off.")
		}
	}
	return nil
}

func (a *act) nameTaken(s clinical.TeachingSet) bool {
	taken := false
	key := func(n string) string { return strings.ToLower(norm.NFKC.String(n)) }
	a.snap.sets.each(func(id clinical.SetID, o *set) bool {
		taken = id != s.ID && key(o.Name) == key(s.Name)
		return !taken
	})
	return taken
}

// ownSet returns a set of the asker's; somebody else's is NotFound.
func (a *act) ownSet(id clinical.SetID) (*set, error) {
	st, ok := a.snap.sets.get(id)
	if !ok || st.Owner != a.person.ID {
		return nil, clinical.ErrNotFound
	}
	if st.Status == clinical.SetClosed {
		return nil, conflict("set-closed", "This set is closed. Make a new one.")
	}
	return st, nil
}

// step is how far the number of the next item jumps: never regular, so that a
// gap in a listing says nothing.
func step() int { return 2 + rand.IntN(17) } //nolint:gosec // not a secret: it only has to be irregular

// lastNumber keeps names at six digits.
const lastNumber = 999_999

// addToSet adds pictures to a set: its owner what teaching would admit or they
// see for care, photographers and clinicians what they see for care.
func (a *act) addToSet(cmd clinical.AddToSet) (clinical.Change, error) {
	st, err := a.openSet(cmd.Set)
	if err != nil {
		return clinical.Change{}, err
	}
	switch {
	case len(cmd.Assets) == 0 || len(cmd.Assets) > maxAct:
		return clinical.Change{}, invalid("pictures", "Between 1 and 2,000 pictures are added at once. Choose some.")
	case len(cmd.Labels) > 0 && len(cmd.Labels) != len(cmd.Assets):
		return clinical.Change{}, invalid("labels", "There are not as many labels as pictures. Give one for each, or none.")
	}
	s := st.TeachingSet
	s.NextNumber = max(s.NextNumber, 1)
	c := a.change(clinical.ActSetItemsAdded, "")
	c.Set, c.Event.Assets = s.ID, cmd.Assets
	held := make(map[clinical.AssetID]bool, len(st.items))
	for _, it := range st.items {
		held[it.Asset] = held[it.Asset] || !it.Removed
	}
	second := s.Audience >= clinical.A4
	for i, id := range cmd.Assets {
		label := ""
		if len(cmd.Labels) > 0 {
			label = cmd.Labels[i]
		}
		it, needs, err := a.newItem(st, id, label)
		if err != nil {
			return clinical.Change{}, err
		}
		if held[id] { // said to those alone who see the picture
			return clinical.Change{}, conflict("in-set", "One of these pictures is in the set already. Leave it out.")
		}
		held[id] = true
		if s.NextNumber > lastNumber {
			return clinical.Change{}, conflict("set-full", "This set has used up its numbers. Make a new one.")
		}
		it.Number = s.NextNumber
		s.NextNumber += step()
		second = second || needs
		c.Items = append(c.Items, it)
	}
	alone := s.PublishedBy == s.Owner || s.PublishedBy == s.SubmittedBy
	if alone && s.Owner == a.person.ID && !second && !a.pending(st) && s.Status == clinical.SetPublished {
		// Nothing here asks for a second person, so the owner publishes it with the act. Where a second person
		// published, their word is not lent to what they have not seen: it may be found to show a face tomorrow.
		s.PublishedAt = a.now
	}
	c.Sets = []clinical.TeachingSet{s}
	return c, nil
}

// pending reports whether a published set has items that wait to be published.
func (a *act) pending(st *set) bool {
	return st.joinedAfter(st.PublishedAt)
}

// joinedAfter reports whether a set has items that were added after an instant.
func (s *set) joinedAfter(t time.Time) bool {
	return slices.ContainsFunc(s.items, func(it *item) bool { return !it.Removed && it.AddedAt.After(t) })
}

// openSet returns a set to which the asker may add.
func (a *act) openSet(id clinical.SetID) (*set, error) {
	st, ok := a.snap.sets.get(id)
	if !ok || st.Owner != a.person.ID && !contributes(a.person) {
		return nil, clinical.ErrNotFound
	}
	if st.Status == clinical.SetClosed {
		return nil, conflict("set-closed", "This set is closed. Make a new one.")
	}
	return st, nil
}

// contributes reports whether the person may add to sets that are not theirs.
func contributes(p *clinical.Person) bool {
	return p.Role == clinical.Photographer || p.Role == clinical.Clinician
}

// mayAdd reports whether the person may add to a set of somebody else's.
func mayAdd(p *clinical.Person, s *clinical.TeachingSet) bool {
	return contributes(p) && s.Status != clinical.SetClosed
}

// newItem checks one picture and its label, and whether it asks for a second
// person.
func (a *act) newItem(st *set, id clinical.AssetID, label string) (clinical.SetItem, bool, error) {
	pic, ok := a.snap.pictures.get(id)
	if !ok || pic.frame.state != clinical.Filed || !a.sees(id) && !(st.Owner == a.person.ID && a.admitted(st, pic)) {
		return clinical.SetItem{}, false, clinical.ErrNotFound
	}
	if pic.frame.idShot {
		return clinical.SetItem{}, false, invalid("id-shot", "An ID shot shows who the patient is and never leaves care. Leave it out.")
	}
	if label != "" && nameFault(label, maxLabel) != "" {
		return clinical.SetItem{}, false, invalid("label", "This cannot be part of a file name: "+nameFault(label, maxLabel)+". Choose another label.")
	}
	if a.namesPatient(pic, label) {
		if !a.sees(id) { // who may not know whose picture it is learns no name by trying: the ledger hears of it
			a.g.tried(a.caller, id)
		}
		return clinical.SetItem{}, false, invalid("label-patient", "This label has the patient's name or number in it. Choose another.")
	}
	m := newMatter(a.snap, Request{Asset: id, Now: a.now})
	m.set = st
	return clinical.SetItem{
		ID: clinical.Mint[clinical.SetItem](a.g.opt.Mint), Set: st.ID, Asset: id, Label: label, AddedBy: a.person.ID, AddedAt: a.now,
	}, m.needsSecond(), nil
}

// tried notes that a label was refused to somebody who does not see whose
// picture it is.
func (g *Gate) tried(c clinical.Caller, id clinical.AssetID) {
	e := g.event(clinical.ActDenied, c)
	e.Denied, e.Rule, e.Assets = true, "label-patient", []clinical.AssetID{id}
	g.opt.Recorder.NoteLater(e)
}

// admitted reports whether the rules about the picture let it into the set.
func (a *act) admitted(st *set, pic *picture) bool {
	m := newMatter(a.snap, Request{Use: mountOf(st), Asset: pic.id, Now: a.now})
	m.anybody = true
	return m.decide().Permit
}

// namesPatient reports whether a label holds a name or number of somebody in
// the picture, under any of their records and in any spelling.
func (a *act) namesPatient(pic *picture, label string) bool {
	m := newMatter(a.snap, Request{Asset: pic.id, Now: a.now})
	for _, sh := range m.people {
		for _, id := range a.snap.family(sh.id) {
			if p := a.snap.shard(id).patient; p != nil && names(p, label) {
				return true
			}
		}
	}
	return false
}

func (a *act) removeFromSet(cmd clinical.RemoveFromSet) (clinical.Change, error) {
	st, ok := a.snap.sets.get(cmd.Set)
	if !ok || st.Owner != a.person.ID && a.person.Role != clinical.Governance && !maySecond(a.person, &st.TeachingSet) {
		return clinical.Change{}, clinical.ErrNotFound
	}
	c := a.change(clinical.ActSetItemsRemoved, "")
	c.Set = st.ID
	for _, it := range st.items {
		if slices.Contains(cmd.Items, it.ID) && !it.Removed {
			gone := it.SetItem
			gone.Removed = true
			c.Items = append(c.Items, gone)
			c.Event.Assets = append(c.Event.Assets, it.Asset)
		}
	}
	if len(c.Items) == 0 {
		return clinical.Change{}, clinical.ErrNotFound
	}
	return c, nil
}

// submitSet asks a second person to publish. What is published stays so.
func (a *act) submitSet(cmd clinical.SubmitSet) (clinical.Change, error) {
	st, err := a.ownSet(cmd.Set)
	if err != nil {
		return clinical.Change{}, err
	}
	s := st.TeachingSet
	s.SubmittedBy, s.SubmittedAt = a.person.ID, a.now
	if s.Status == clinical.SetDraft {
		s.Status = clinical.SetSubmitted
	}
	c := a.change(clinical.ActSetSubmitted, "")
	c.Set, c.Sets = s.ID, []clinical.TeachingSet{s}
	return c, nil
}

// publishSet puts a set on its roster's drives: a second person where anything
// in it asks for one, else its owner may too.
func (a *act) publishSet(cmd clinical.PublishSet) (clinical.Change, error) {
	st, ok := a.snap.sets.get(cmd.Set)
	if !ok {
		return clinical.Change{}, clinical.ErrNotFound
	}
	owner := st.Owner == a.person.ID
	waits := st.SubmittedAt.After(st.PublishedAt)
	second := waits && !owner && st.SubmittedBy != a.person.ID && (seconds(a.person.Role) || a.person.Role == clinical.Governance)
	switch {
	case !owner && !second:
		return clinical.Change{}, clinical.ErrNotFound
	case st.Status == clinical.SetClosed:
		return clinical.Change{}, conflict("set-closed", "This set is closed. Make a new one.")
	case cmd.Rev != 0 && cmd.Rev != st.Rev:
		return clinical.Change{}, conflict("changed-meanwhile", changedMeanwhile)
	case second && st.joinedAfter(st.SubmittedAt):
		return clinical.Change{}, conflict("set-changed", "Pictures joined this set after it was submitted. Ask its owner to submit it again, then look at it again.")
	case !second && a.needsSecond(st):
		return clinical.Change{}, forbid("second-person", "A face, an intimate or child picture, or a large audience needs a second person. Submit the set, and ask a colleague to publish it.")
	case !st.Until.IsZero() && st.Until.Before(a.snap.dayOf(a.now)):
		return clinical.Change{}, invalid("dates", "The last day of this set is past. Change its dates first.")
	}
	s := st.TeachingSet
	s.Status, s.PublishedBy, s.PublishedAt = clinical.SetPublished, a.person.ID, a.now
	if owner {
		s.SubmittedBy = a.person.ID
	}
	c := a.change(clinical.ActSetPublished, "")
	c.Set, c.Sets = s.ID, []clinical.TeachingSet{s}
	for _, it := range st.items {
		if !it.Removed {
			c.Event.Assets = append(c.Event.Assets, it.Asset)
		}
	}
	return c, nil
}

// needsSecond reports whether anything in the set asks for a second person.
// What nobody has classified is hidden until it is, and then decides by itself.
func (a *act) needsSecond(st *set) bool {
	if st.Audience >= clinical.A4 {
		return true
	}
	for _, it := range st.items {
		m := newMatter(a.snap, Request{Asset: it.Asset, Now: a.now})
		if it.Removed || m == nil || !m.f.sensitivity.Has(clinical.Known) {
			continue
		}
		m.set = st
		if m.needsSecond() {
			return true
		}
	}
	return false
}

func (a *act) closeSet(cmd clinical.CloseSet) (clinical.Change, error) {
	st, ok := a.snap.sets.get(cmd.Set)
	if !ok || st.Owner != a.person.ID && a.person.Role != clinical.Governance {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if st.Status == clinical.SetClosed {
		return clinical.Change{}, conflict("set-closed", "This set is closed already. Nothing is left to do.")
	}
	s := st.TeachingSet
	s.Status = clinical.SetClosed
	c := a.change(clinical.ActSetClosed, "")
	c.Set, c.Sets = s.ID, []clinical.TeachingSet{s}
	return c, nil
}
