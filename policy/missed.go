package policy

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"fovea/clinical"
)

// What a drive or a page shows its reader is all that they can open there, so
// what is asked for by a name that is not shown never comes to a decision. The
// ledger hears of it here.

// noReach is the rule that the ledger names for a set that does not reach who
// asks for its folder, noNeed where they need not know of a patient or picture,
// and noRole for what is another role's to ask.
const (
	noReach = "2-set"
	noNeed  = "2-need-to-know"
	noRole  = "1-role"
)

// missing is who asked for what in vain, with what.
type missing struct {
	person clinical.PersonID
	device string
	set    clinical.SetID
	asset  clinical.AssetID
}

// Missed notes that the caller asked a mounted drive in vain for the folder of
// a set, or for the picture of a name in it, once a minute for each: that they
// were denied it, if it is there. A name that is nothing's is not noted; a
// drive is asked for many.
func (g *Gate) Missed(c clinical.Caller, folder, name string) {
	snap, p, err := g.ready(c)
	if err != nil {
		return
	}
	snap.sets.each(func(_ clinical.SetID, st *set) bool {
		if norm.NFC.String(st.Name) != folder {
			return true
		}
		if !snap.reaches(p, st, clinical.Mount, g.opt.Now()) {
			g.unreached(c, st, clinical.Mount)
			return false
		}
		g.withheld(c, snap, st, name)
		return false
	})
}

// withheld notes that a picture of a set was asked for that the caller is not
// shown.
func (g *Gate) withheld(c clinical.Caller, snap *Snapshot, st *set, name string) {
	if !strings.HasSuffix(name, ".jpg") || !unicode.IsDigit(rune(name[0])) {
		return
	}
	for _, it := range st.items {
		if FileName(it.Number, it.Label) != name {
			continue
		}
		d := Decide(snap, Request{Person: c.Person, Use: mountOf(st), Set: st.ID, Asset: it.Asset, Rendition: clinical.Teaching, Flat: true, Now: g.opt.Now()})
		if !d.Permit {
			g.deny(missing{c.Person, c.Device, st.ID, it.Asset}, c, mountOf(st), d.Rule)
		}
	}
}

// unreached notes that a set was asked for that does not reach the caller.
// Whose set it is knows that it is there.
func (g *Gate) unreached(c clinical.Caller, st *set, ch clinical.Channel) {
	if st.Owner != c.Person {
		u := mountOf(st)
		u.Channel = ch
		g.deny(missing{person: c.Person, device: c.Device, set: st.ID}, c, u, noReach)
	}
}

// deny notes a denial, once a minute.
func (g *Gate) deny(of missing, c clinical.Caller, u clinical.Use, rule string) {
	now := g.opt.Now()
	if g.missed.lately(of, now) {
		return
	}
	g.missed.hear(of, now)
	e := g.event(clinical.ActDenied, c)
	e.Use, e.Set, e.Denied, e.Rule = u, of.set, true, rule
	if !of.asset.IsZero() {
		e.Assets = []clinical.AssetID{of.asset}
	}
	g.opt.Recorder.NoteLater(e)
}
