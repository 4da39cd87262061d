package index

import (
	"math"
	"slices"
	"time"

	"fovea/clinical"
)

// The facets, and the order in which entry.facets holds the single-valued ones.
const (
	facetView = iota
	facetSite
	facetSpecialty
	facetStudio
	facetYear
	singles
	facetKeyword = singles
	facetCount   = singles + 1
)

func facetNames() [facetCount]string {
	return [facetCount]string{"view", "site", "specialty", "studio", "year", "keyword"}
}

// entry is a row in memory: texts and IDs as small numbers. 0 is "none" everywhere.
type entry struct {
	asset    clinical.AssetID
	rev      uint64
	joined   joined
	taken    int64 // Unix ms; math.MinInt64: not stated
	patient  uint32
	survivor uint32
	session  uint32
	job      uint32
	facets   [singles]uint32
	keywords []uint32
	live     bool
}

// names numbers the values of one column, from 1, and never forgets one.
type names[K comparable] struct {
	of    map[K]uint32
	value []K
}

func newNames[K comparable]() names[K] { return names[K]{of: map[K]uint32{}, value: make([]K, 1)} }

func (n *names[K]) number(k K) uint32 {
	var zero K
	if k == zero {
		return 0
	}
	if i, ok := n.of[k]; ok {
		return i
	}
	i := uint32(len(n.value))
	n.of[k] = i
	n.value = append(n.value, k)
	return i
}

// columns are every row by ordinal: what hits are narrowed, ordered and counted by. One writer, many readers, under
// the lock of the generation that owns them.
type columns struct {
	entries   []entry
	live      int
	facets    [facetCount]names[string]
	patients  names[clinical.PatientID]
	sessions  names[clinical.SessionID]
	jobs      names[clinical.JobID]
	byPatient map[uint32][]uint32 // patient or survivor → ordinals; may hold stale ones
	byJob     map[uint32][]uint32
}

func newColumns() *columns {
	c := &columns{
		patients: newNames[clinical.PatientID](), sessions: newNames[clinical.SessionID](), jobs: newNames[clinical.JobID](),
		byPatient: map[uint32][]uint32{}, byJob: map[uint32][]uint32{},
	}
	for i := range c.facets {
		c.facets[i] = newNames[string]()
	}
	return c
}

func (c *columns) put(r row) {
	for int(r.ordinal) >= len(c.entries) {
		c.entries = append(c.entries, entry{})
	}
	old := &c.entries[r.ordinal]
	e := entry{
		asset: r.asset, rev: r.rev, joined: r.joined, taken: math.MinInt64, live: true,
		patient: c.patients.number(r.patient), survivor: c.patients.number(r.survivor),
		session: c.sessions.number(r.session), job: c.jobs.number(r.job),
	}
	if !r.taken.IsZero() {
		e.taken = r.taken.UnixMilli()
	}
	for i, v := range [singles]string{r.view, r.site, r.specialty, r.studio, r.year} {
		e.facets[i] = c.facets[i].number(v)
	}
	for _, k := range r.keywords {
		e.keywords = append(e.keywords, c.facets[facetKeyword].number(k))
	}
	if !old.live {
		c.live++
	}
	link(c.byPatient, e.patient, old.patient, r.ordinal)
	link(c.byPatient, e.survivor, old.survivor, r.ordinal)
	link(c.byJob, e.job, old.job, r.ordinal)
	*old = e
}

// link notes ordinal under key unless it was there before.
func link(by map[uint32][]uint32, key, before, ordinal uint32) {
	if key != 0 && key != before {
		by[key] = append(by[key], ordinal)
	}
}

func (c *columns) drop(ordinal uint32) {
	if int(ordinal) < len(c.entries) && c.entries[ordinal].live {
		c.entries[ordinal] = entry{}
		c.live--
	}
}

// at returns the live entry of ordinal, or nil.
func (c *columns) at(ordinal uint32) *entry {
	if int(ordinal) >= len(c.entries) || !c.entries[ordinal].live {
		return nil
	}
	return &c.entries[ordinal]
}

// narrowing is a Query's restrictions in the columns' own numbers.
type narrowing struct {
	none     bool // a wanted value that no row has: nothing can match
	patient  uint32
	session  uint32
	studio   uint32
	from, to int64
	terms    []wanted
}

type wanted struct {
	facet  int
	values []uint32
}

// narrow resolves q against the columns. An unknown facet is Invalid.
func (c *columns) narrow(q clinical.Query) (narrowing, error) {
	n := narrowing{from: math.MinInt64, to: math.MaxInt64}
	known := func(i uint32, asked bool) uint32 {
		n.none = n.none || (asked && i == 0)
		return i
	}
	n.patient = known(c.patients.of[q.Patient], !q.Patient.IsZero())
	n.session = known(c.sessions.of[q.Session], !q.Session.IsZero())
	n.studio = known(c.facets[facetStudio].of[string(q.Studio)], q.Studio != "")
	n.from, n.to = bounds(q.Taken.From, q.Taken.To)
	for name, values := range q.Terms {
		facet, err := facetNumber(name)
		if err != nil {
			return narrowing{}, err
		}
		if len(values) == 0 {
			continue
		}
		w := wanted{facet: facet}
		for _, v := range values {
			if i := c.facets[facet].of[v]; i != 0 {
				w.values = append(w.values, i)
			}
		}
		n.none = n.none || len(w.values) == 0
		n.terms = append(n.terms, w)
	}
	return n, nil
}

// bounds are the half-open range in Unix ms. Where a bound is asked for, a picture without capture time is outside.
func bounds(from, to time.Time) (lo, hi int64) {
	lo, hi = math.MinInt64, math.MaxInt64
	if !from.IsZero() {
		lo = ceilMilli(from)
	}
	if !to.IsZero() {
		hi = ceilMilli(to)
		lo = max(lo, math.MinInt64+1)
	}
	return lo, hi
}

// ceilMilli rounds up, so that a row at the same millisecond falls on the right side of a finer bound.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

func facetNumber(name string) (int, error) {
	if i := slices.Index(facetSlice(), name); i >= 0 {
		return i, nil
	}
	return 0, clinical.Refuse(clinical.Invalid, "facet", "The facets are keyword, view, site, specialty, studio and year. Choose among these.")
}

func facetSlice() []string {
	n := facetNames()
	return n[:]
}

// admits reports whether e fits every restriction.
func (n *narrowing) admits(e *entry) bool {
	switch {
	case n.none,
		n.patient != 0 && e.patient != n.patient && e.survivor != n.patient,
		n.session != 0 && e.session != n.session,
		n.studio != 0 && e.facets[facetStudio] != n.studio,
		e.taken < n.from || e.taken >= n.to:
		return false
	}
	for _, w := range n.terms {
		if !w.has(e) {
			return false
		}
	}
	return true
}

func (w wanted) has(e *entry) bool {
	if w.facet != facetKeyword {
		return slices.Contains(w.values, e.facets[w.facet])
	}
	return slices.ContainsFunc(e.keywords, func(k uint32) bool { return slices.Contains(w.values, k) })
}
