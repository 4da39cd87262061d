package pages

import (
	"cmp"
	"slices"

	"fovea/clinical"
)

// setCard is a set as the list shows it.
type setCard struct {
	Set   clinical.TeachingSet
	Mine  bool
	Adds  bool // not the caller's, but they may add to it
	Waits bool // for the caller to publish
}

func (d *door) sets(v *visit) error {
	all, err := d.Gate.Sets(v.ctx, v.caller)
	if err != nil {
		return err
	}
	readers, err := d.readers(v)
	if err != nil {
		return err
	}
	role := v.person.Role
	contributes := role == clinical.Photographer || role == clinical.Clinician
	cards := make([]setCard, 0, len(all))
	for _, s := range all {
		mine := s.Owner == v.caller.Person
		cards = append(cards, setCard{
			Set: s, Mine: mine, Adds: !mine && contributes && s.Status != clinical.SetClosed,
			Waits: !mine && s.Status != clinical.SetClosed && s.SubmittedAt.After(s.PublishedAt) && s.SubmittedBy != v.caller.Person && role != clinical.Student,
		})
	}
	return d.show(v, "sets", "Sets", struct {
		Cards   []setCard
		People  []clinical.Person
		Makes   bool
		Teaches bool
		Role    clinical.Role
	}{cards, readers, role == clinical.Educator || contributes, role == clinical.Educator || role == clinical.Student, role})
}

// readers are the people whom the caller may put on a roster.
func (d *door) readers(v *visit) ([]clinical.Person, error) {
	people, err := d.Gate.People(v.ctx, v.caller)
	if err != nil && clinical.KindOf(err) != clinical.Forbidden {
		return nil, err
	}
	return slices.DeleteFunc(people, func(p clinical.Person) bool {
		return !slices.Contains([]clinical.Role{clinical.Student, clinical.Educator, clinical.Clinician, clinical.Photographer, clinical.Nurse}, p.Role) || p.ID == v.caller.Person
	}), nil
}

// reason is why some items of a set are hidden.
type reason struct {
	Words string
	Count int
	Items []clinical.ItemReport
}

type setPage struct {
	Set              clinical.TeachingSet
	Items            []clinical.ItemReport // admitted, in order
	Reasons          []reason              // the others, most frequent first
	Admitted, Hidden int
	Withdrawn        int
	Share            int
	Mine, Publishes  bool
	Submits          bool
	Seconds          bool // the caller would publish as the second person
	Removes          bool
	Pictures         bool // the caller sees the admitted ones; governance decides on the words alone
	Owner            clinical.Person
	Roster           []clinical.Person
	Cohorts          []cohortRow // who reads, by term
	Lately           bool        // with when each last read
	List             string      // the readers as a list to correct
	Sheet            bool        // there is a contact sheet to take along
	Explains         bool
	Changes          bool              // the caller may change audience, dates and readers
	Others           []clinical.Person // who may be put on the roster, and is not
	Audiences        []clinical.Audience
}

// set shows the owner who will see what and why; to a reader, what is there.
func (d *door) set(v *visit) error {
	id, err := pathID[clinical.TeachingSet](v.r)
	if err != nil {
		return err
	}
	set, report, err := d.Gate.SetReport(v.ctx, v.caller, id)
	if clinical.KindOf(err) == clinical.NotFound && err != nil {
		return d.reader(v, id)
	}
	if err != nil {
		return err
	}
	p := setPage{Set: set, Mine: set.Owner == v.caller.Person, Pictures: v.person.Role != clinical.Governance}
	p.tell(report)
	p.mayAct(v)
	if err := d.setReaders(v, &p, report); err != nil {
		return err
	}
	return d.show(v, "set", set.Name, p)
}

// mayAct says what the person may do with the set as it stands.
func (p *setPage) mayAct(v *visit) {
	waits := p.Set.SubmittedAt.After(p.Set.PublishedAt)
	open := p.Set.Status != clinical.SetClosed
	fresh := p.Set.Status != clinical.SetPublished || p.pending()
	p.Seconds = open && !p.Mine && waits && p.Set.SubmittedBy != v.caller.Person
	p.Publishes = open && (p.Mine && !waits && fresh || p.Seconds)
	p.Submits = open && p.Mine && !waits && fresh
	p.Changes = open && p.Mine
	p.Removes = open && (p.Mine || v.person.Role == clinical.Governance || p.Seconds)
	p.Explains = p.Mine || v.person.Role == clinical.Governance
	p.Audiences = []clinical.Audience{clinical.A1, clinical.A2, clinical.A3, clinical.A4}
	if !slices.Contains(p.Audiences, p.Set.Audience) {
		p.Audiences = append(p.Audiences, p.Set.Audience)
	}
}

// setReaders says who reads the set, and who might.
func (d *door) setReaders(v *visit, p *setPage, report []clinical.ItemReport) error {
	p.Owner, _ = d.Gate.PersonByID(p.Set.Owner)
	for _, id := range p.Set.Roster {
		if who, ok := d.Gate.PersonByID(id); ok {
			p.Roster = append(p.Roster, who)
		}
	}
	p.List, p.Sheet = d.rosterList(p.Set), d.Papers.ContactSheet != nil && p.Pictures
	var err error
	if p.Changes {
		if p.Others, err = d.readers(v); err != nil {
			return err
		}
		p.Others = slices.DeleteFunc(p.Others, func(who clinical.Person) bool { return slices.Contains(p.Set.Roster, who.ID) })
	}
	if !p.Explains {
		return nil
	}
	var had []clinical.AssetID
	if p.Lately = v.r.URL.Query().Get("read") != ""; p.Lately {
		for _, r := range report {
			had = append(had, r.Item.Asset)
		}
	}
	p.Cohorts, err = d.readersOf(v, p.Set, had)
	return err
}

// tell sorts what a set's items are told about, by reason.
func (p *setPage) tell(report []clinical.ItemReport) {
	for _, r := range report {
		if r.Decision.Permit {
			p.Admitted++
			p.Items = append(p.Items, r)
			continue
		}
		p.Hidden++
		if r.Withdrawn {
			p.Withdrawn++
		}
		at := slices.IndexFunc(p.Reasons, func(x reason) bool { return x.Words == r.Words })
		if at < 0 {
			p.Reasons = append(p.Reasons, reason{Words: r.Words})
			at = len(p.Reasons) - 1
		}
		p.Reasons[at].Count++
		p.Reasons[at].Items = append(p.Reasons[at].Items, r)
	}
	slices.SortStableFunc(p.Reasons, func(a, b reason) int { return cmp.Compare(b.Count, a.Count) })
	if len(report) > 0 {
		p.Share = p.Admitted * 100 / len(report)
	}
}

// pending reports whether something waits to be published with the rest.
func (p *setPage) pending() bool {
	return slices.ContainsFunc(p.Reasons, func(r reason) bool {
		why := r.Items[0].Decision.Reason
		return why == "not-yet-published" || why == "second-person"
	})
}

// reader shows a set as its drive does; to somebody who may only add, its name.
func (d *door) reader(v *visit, id clinical.SetID) error {
	folder, err := d.Gate.Folder(v.ctx, v.caller, id, clinical.ViewOnScreen)
	if err == nil {
		return d.show(v, "reader", folder.Set.Name, struct {
			clinical.Folder
			Adds, Sheet bool
		}{folder, false, d.Papers.ContactSheet != nil})
	}
	sets, serr := d.addable(v)
	if serr != nil {
		return serr
	}
	at := slices.IndexFunc(sets, func(s clinical.TeachingSet) bool { return s.ID == id })
	if at < 0 {
		return err
	}
	return d.show(v, "reader", sets[at].Name, struct {
		clinical.Folder
		Adds, Sheet bool
	}{clinical.Folder{Set: sets[at]}, true, false})
}
