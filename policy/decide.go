package policy

import (
	"time"

	"fovea/clinical"
)

// Request asks for one picture.
type Request struct {
	Person clinical.PersonID
	Use    clinical.Use
	// Set is the teaching set through which the picture is asked for. Where it
	// is zero and the purpose is teaching, any set that reaches the person will
	// do.
	Set   clinical.SetID
	Asset clinical.AssetID
	// Rendition is what is wanted; empty: what the use is served by default, or
	// its flattened copy.
	Rendition clinical.RenditionKind
	// Flat is set where the flattened copy of Rendition will do as well.
	Flat bool
	// Search is set when pictures are looked for across patients, rather than
	// on the patient's own page or in a set.
	Search bool
	// Release is the one release by which the picture is to leave: no other
	// speaks for it. Where it is zero any open one of the asker's will do. The
	// deliverer to the patient record, who is nobody, always names it.
	Release clinical.ReleaseID
	Now     time.Time
}

// Permitted is the rule that Decide names when no rule objects.
const Permitted = "permitted"

// ThroughGlass is the rule that Decide names where no rule objects because the
// asker broke the glass.
const ThroughGlass = "break-glass"

// Decide says whether the picture may leave as requested, and if not which
// rule objects first. It is pure and total: the same snapshot and request give
// the same decision, and what nobody thought of is denied.
func Decide(s *Snapshot, r Request) clinical.Decision {
	m := newMatter(s, r)
	if m == nil {
		return deny("0-state", "absent")
	}
	m.anybody = m.delivers()
	if r.Use.Purpose != clinical.P2 || !r.Set.IsZero() {
		return m.decide()
	}
	return m.decideAnySet()
}

// Admits says what Decide would say to any reader whom the set reaches, on a
// mounted drive within the set's dates: the rules about the asker are left
// out. It is what a set's owner is told about each item.
func Admits(s *Snapshot, id clinical.SetID, asset clinical.AssetID, now time.Time) clinical.Decision {
	st, ok := s.sets.get(id)
	if !ok {
		return deny("2-set", "no-set")
	}
	m := newMatter(s, Request{Use: mountOf(st), Set: id, Asset: asset, Now: now})
	if m == nil {
		return deny("0-state", "absent")
	}
	if m.item == nil {
		return deny("2-set", "not-in-set")
	}
	m.anybody = true
	return m.decide()
}

// mountOf is the use for which a set is mounted.
func mountOf(s *set) clinical.Use {
	return clinical.Use{Purpose: s.Purpose, Audience: s.Audience, Channel: clinical.Mount}
}

func deny(rule string, why clinical.Reason) clinical.Decision {
	return clinical.Decision{Rule: rule, Reason: why}
}

// matter is one request with everything that the rules look at, and the clock
// that notes when time alone may change the answer.
type matter struct {
	snap    *Snapshot
	req     Request
	anybody bool // leave out the rules about the asker
	person  *clinical.Person
	pic     *picture
	f       *frame
	shown   [1]*shard // backs people where nobody else is in the picture
	people  []*shard  // everybody who may be recognised, the owner first
	set     *set
	item    *item
	only    clinical.ReleaseID // of several releases the one that is asked about
	release *clinical.Release
	kind    clinical.RenditionKind
	level   clinical.Identifiability
	clock   clock

	pretend bool // as if the asker held a ticket to the patient's pictures
	glass   bool // a ticket opened it

	consentKnown bool
	consentFault clinical.Reason
}

// newMatter gathers what is known; nil: no such picture.
func newMatter(s *Snapshot, r Request) *matter {
	pic, ok := s.pictures.get(r.Asset)
	if !ok {
		return nil
	}
	m := &matter{snap: s, req: r, clock: clock{now: r.Now}}
	m.person, _ = s.people.get(r.Person)
	m.of(pic)
	m.in(r.Set)
	return m
}

// of turns the matter to a picture.
func (m *matter) of(pic *picture) {
	if m.f != pic.frame {
		m.shown[0] = m.snap.subject(pic.frame.patient)
		m.people = m.shown[:]
		if pic.frame.subjects != "" {
			m.people = []*shard{m.shown[0]}
			pic.frame.eachSubject(func(id clinical.PatientID) { m.people = append(m.people, m.snap.subject(id)) })
		}
	}
	m.pic, m.f = pic, pic.frame
	m.plain()
	m.release, m.only, m.item, m.glass = nil, m.req.Release, nil, false
	m.consentKnown, m.consentFault = false, ""
}

// plain turns the matter to the picture itself, in the rendition wanted.
func (m *matter) plain() {
	k := m.req.Rendition
	if k == "" {
		k = served(m.req.Use)[0]
	}
	m.as(k)
}

func (m *matter) as(k clinical.RenditionKind) {
	m.kind, m.consentKnown = k, false
	switch k {
	case clinical.Original: // it still has what the camera wrote into it
		m.level = clinical.I0
	case clinical.Masked, clinical.MaskedThumbnail, clinical.MaskedScreen, clinical.MaskedFull:
		m.level = m.f.cleared
	default:
		m.level = m.f.level()
	}
}

// flattened returns the kind that shows the same with its masks filled in;
// empty: there is none.
func flattened(k clinical.RenditionKind) clinical.RenditionKind {
	switch k {
	case clinical.Teaching:
		return clinical.Masked
	case clinical.Thumbnail:
		return clinical.MaskedThumbnail
	case clinical.Screen:
		return clinical.MaskedScreen
	default:
		return ""
	}
}

// in turns the matter to a set.
func (m *matter) in(id clinical.SetID) {
	m.set, m.item = nil, nil
	if id.IsZero() {
		return
	}
	m.set, _ = m.snap.sets.get(id)
	if m.set == nil {
		return
	}
	for _, it := range m.set.items {
		if it.Asset == m.pic.id && !it.Removed {
			m.item = it
			return
		}
	}
}

// owner is the patient whose picture it is.
func (m *matter) owner() *shard { return m.people[0] }

// decide asks the table. Where a release lets the picture out and none is
// named, each of the asker's is asked about by itself: what one journal was
// promised lets nothing go to another.
func (m *matter) decide() clinical.Decision {
	if !m.req.Release.IsZero() || !byRelease(m.req.Use.Purpose) || m.person == nil {
		return m.ask()
	}
	var near clinical.ReleaseID
	d, found := clinical.Decision{}, false
	list, _ := m.snap.released.get(m.pic.id)
	for _, r := range list {
		if d.Permit || r.By != m.person.ID || r.Kind.Purpose() != m.req.Use.Purpose {
			continue
		}
		m.turn(r.ID)
		if got := m.ask(); !found || got.Permit || got.Rule >= d.Rule {
			d, near, found = got, r.ID, true
		}
	}
	m.turn(near)
	if !found {
		return m.ask()
	}
	d.Until = m.clock.next
	return d
}

// turn turns the matter to one release.
func (m *matter) turn(id clinical.ReleaseID) {
	m.only, m.release, m.consentKnown = id, nil, false
}

// ask asks about the picture, and where that may not be shown about its
// flattened copy. Of two objections it names the one to the picture.
func (m *matter) ask() clinical.Decision {
	m.plain()
	d := m.table()
	if d.Permit || !m.f.cleared.Valid() || m.req.Rendition != "" && !m.req.Flat || flattened(m.kind) == "" {
		return d
	}
	m.as(flattened(m.kind))
	if flat := m.table(); flat.Permit {
		return flat
	}
	m.plain()
	d.Until = m.clock.next
	return d
}

// table asks every rule in turn. All of them are asked even after one has
// objected, so that the clock has seen every instant that matters.
func (m *matter) table() clinical.Decision {
	d := clinical.Decision{Permit: true, Rule: Permitted}
	for i := range m.snap.rules {
		r := &m.snap.rules[i]
		if m.anybody && r.asker {
			continue
		}
		if why := r.objects(m); why != "" && d.Permit {
			d = deny(r.code, why)
		}
	}
	if d.Permit {
		d.Obligations = m.obligations()
		if m.glass {
			d.Rule = ThroughGlass
		}
	}
	d.Until = m.clock.next
	return d
}

// decideAnySet permits where one of the sets that hold the picture does, and
// stays with it. Of several objections it names the one that came closest.
func (m *matter) decideAnySet() clinical.Decision {
	var near clinical.SetID
	m.in(near)
	d := m.decide()
	ids, _ := m.snap.members.get(m.pic.id)
	for _, id := range ids {
		m.in(id)
		m.consentKnown = false
		if got := m.decide(); got.Permit || got.Rule >= d.Rule {
			d, near = got, id
		}
		if d.Permit {
			break
		}
	}
	m.in(near)
	d.Until = m.clock.next
	return d
}

func (m *matter) obligations() clinical.Obligations {
	u := m.req.Use
	leaves := u.Channel&(clinical.Download|clinical.Print|clinical.Online) != 0
	return clinical.Obligations{
		Watermark:      m.set != nil && marks(m.set, u.Channel),
		Rendition:      m.kind,
		NoStore:        m.level == clinical.I0 || u.Purpose == clinical.P0,
		LogBeforeBytes: leaves || m.glass || m.level == clinical.I0 && m.kind != clinical.Thumbnail,
	}
}

// clock notes the instants at which time alone may change a decision.
type clock struct {
	now  time.Time
	next time.Time // the first still ahead; zero: none
	last time.Time // the last that has passed; zero: none
}

// past reports whether t has come, and notes it. The zero t never comes.
func (c *clock) past(t time.Time) bool {
	switch {
	case t.IsZero():
		return false
	case t.After(c.now):
		if c.next.IsZero() || t.Before(c.next) {
			c.next = t
		}
		return false
	default:
		if t.After(c.last) {
			c.last = t
		}
		return true
	}
}

// served lists the renditions that a use may take, the default first. Only
// care and evidence ever see an original.
func served(u clinical.Use) []clinical.RenditionKind {
	onScreen := u.Channel == clinical.ViewOnScreen
	switch u.Purpose {
	case clinical.P0:
		if onScreen {
			return []clinical.RenditionKind{
				clinical.Original, clinical.Teaching, clinical.Thumbnail, clinical.Screen, clinical.Full,
				clinical.Masked, clinical.MaskedThumbnail, clinical.MaskedScreen, clinical.MaskedFull,
			}
		}
		return []clinical.RenditionKind{clinical.Original, clinical.Teaching}
	case clinical.P6:
		return []clinical.RenditionKind{clinical.Original}
	default:
		if onScreen {
			return []clinical.RenditionKind{
				clinical.Teaching, clinical.Thumbnail, clinical.Screen, clinical.Masked, clinical.MaskedThumbnail, clinical.MaskedScreen,
			}
		}
		return []clinical.RenditionKind{clinical.Teaching, clinical.Masked}
	}
}
