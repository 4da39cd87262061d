package policy_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/policy"
)

// question is one line of a story that is answered with yes or no, and the
// hospital as the story has it by then.
type question struct {
	story, where string
	snap         *policy.Snapshot
	ask          policy.Request
	yes          bool
	masked       bool // yes, by the flattened copy
	rule         string
	why          clinical.Reason
}

// fault says how a decision differs from what the table says; empty: it does
// not.
func (q question) fault(got clinical.Decision) string {
	switch {
	case got.Permit && !q.yes:
		return "permitted"
	case !got.Permit && q.yes:
		return fmt.Sprintf("no, by %s: %s", got.Rule, policy.Words(got.Reason))
	case got.Permit && q.masked != (got.Rendition == clinical.Masked || got.Rendition == clinical.MaskedThumbnail):
		return fmt.Sprintf("as %s", got.Rendition)
	case !got.Permit && (got.Rule != q.rule || got.Reason != q.why):
		return fmt.Sprintf("by %s because %s", got.Rule, got.Reason)
	default:
		return ""
	}
}

// story is one section of decisions.txtar: changes to the invented hospital,
// and what is asked of it.
type story struct {
	t     *testing.T
	where string
	site  policy.Site
	d     clinical.Delta
	now   time.Time
	snap  *policy.Snapshot // of d; nil: d has changed
	asked []question
}

// table reads testdata/decisions.txtar.
func table(t *testing.T) []question {
	t.Helper()
	text, err := os.ReadFile("testdata/decisions.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all []question
	for _, f := range txtar.Parse(text).Files {
		s := &story{t: t, site: policy.Site{Zone: clinicaltest.Zone(), Limits: policy.Limits{VerbalTeaching: true}}, d: clinicaltest.Hospital(), now: clinicaltest.Now()}
		for i, line := range strings.Split(string(f.Data), "\n") {
			s.where = fmt.Sprintf("%s, line %d: %s", f.Name, i+1, line)
			line, _, _ = strings.Cut(line, "#")
			if words := strings.Fields(line); len(words) > 0 {
				s.line(words)
			}
		}
		for i := range s.asked {
			s.asked[i].story = f.Name
		}
		all = append(all, s.asked...)
	}
	return all
}

// TestDecisions reads the table of testdata/decisions.txtar. Every rule has to
// object somewhere in it, and every reason that a rule can give has words.
func TestDecisions(t *testing.T) {
	seen := map[string]bool{}
	for _, q := range table(t) {
		got := policy.Decide(q.snap, q.ask)
		if fault := q.fault(got); fault != "" {
			t.Errorf("%s: %s", q.where, fault)
		}
		seen[got.Rule], seen[string(got.Reason)] = true, true
	}
	for _, code := range append(policy.RuleCodes(), policy.ThroughGlass) {
		if !seen[code] {
			t.Errorf("no decision in the table is made by rule %s", code)
		}
	}
	for _, why := range policy.Reasons() {
		if !seen[string(why)] {
			t.Errorf("no decision in the table is refused because %s", why)
		}
	}
}

func (s *story) line(words []string) {
	o := options{s: s, m: map[string]string{}}
	for _, w := range words[min(2, len(words)):] {
		k, v, _ := strings.Cut(w, "=")
		o.m[k] = v
	}
	if !s.happens(words, o) && !s.exists(words, o) {
		s.ask(words, o)
		o.done()
		return
	}
	o.done()
	s.snap = nil
}

// happens reads what befalls the hospital that is there.
func (s *story) happens(words []string, o options) bool {
	switch words[0] {
	case "now":
		s.now = s.instant(words[1])
	case "site":
		s.rule(words[1])
	case "person":
		s.person(words[1], o)
	case "patient":
		s.patient(words[1], o)
	case "encounter":
		e := find(s, s.d.Encounters, func(e *clinical.Encounter) bool { return e.ID == clinicaltest.ID[clinical.Encounter](words[1]) })
		e.Opened, e.Closed = o.time("opened", e.Opened), o.time("closed", e.Closed)
	case "session":
		v := find(s, s.d.Sessions, func(v *clinical.Session) bool { return v.ID == clinicaltest.ID[clinical.Session](words[1]) })
		v.Photographer = human(o.word("photographer"))
	case "job":
		s.job(words[1], o)
	default:
		return false
	}
	return true
}

// exists reads what a story adds.
func (s *story) exists(words []string, o options) bool {
	switch words[0] {
	case "picture":
		s.picture(words[1], o)
	case "consent":
		s.consent(words[1], o)
	case "family":
		s.d.Tasks = append(s.d.Tasks, clinical.Task{
			ID: clinicaltest.ID[clinical.Task](s.where), Kind: clinical.FamilyConsult, Patient: patient(o.word("of")),
			DoneAt: o.time("at", clinicaltest.Now()), Answer: clinical.Answer(words[1]),
		})
	case "glass":
		s.d.Glasses = append(s.d.Glasses, clinical.BreakGlass{
			ID: clinicaltest.ID[clinical.BreakGlass](s.where), Person: human(words[1]), Patient: patient(o.word("of")),
			At: o.time("at", clinicaltest.Now()), Until: o.time("until", clinicaltest.Now().Add(time.Hour)),
		})
	case "hold":
		h := clinical.Hold{
			ID: clinicaltest.ID[clinical.Hold](s.where), Kind: clinical.HoldKind(words[1]),
			Assets: o.assets("pictures"), LiftedAt: o.time("lifted", time.Time{}),
		}
		if of, ok := o.get("of"); ok {
			h.Patient = patient(of)
		}
		s.d.Holds = append(s.d.Holds, h)
	case "set":
		s.set(words[1], o)
	case "release":
		s.d.Releases = append(s.d.Releases, clinical.Release{
			ID: clinicaltest.ID[clinical.Release](s.where), Kind: clinical.ReleaseKind(words[1]), Authority: o.word("authority"), Recipient: o.word("to"),
			Format: clinical.ReleaseFormat(cmp.Or(o.word("format"), string(clinical.Evidential))), Assets: o.assets("pictures"), UseBy: o.date("until"), By: human(o.word("by")), Ended: o.time("ended", time.Time{}),
		})
	default:
		return false
	}
	return true
}

// rule sets one of the site's limits.
func (s *story) rule(name string) {
	s.t.Helper()
	switch name {
	case "both-parents":
		s.site.Limits.BothParents = true
	case "no-verbal-teaching":
		s.site.Limits.VerbalTeaching = false
	case "students-print-nothing":
		s.site.Roles = policy.Roles{{Role: clinical.Student, Purpose: clinical.P2}: clinical.ViewOnScreen}
	case "clinicians-publish-online":
		s.site.Roles = policy.Roles{{Role: clinical.Clinician, Purpose: clinical.P5}: clinical.Online}
	default:
		s.t.Fatalf("%s: what is %q?", s.where, name)
	}
}

// ask is: WHO PURPOSE AUDIENCE CHANNEL PICTURE [in=SET] [as=RENDITION] [search] ANSWER [RULE REASON].
func (s *story) ask(words []string, o options) {
	s.t.Helper()
	u := clinical.Use{}
	for _, err := range []error{
		u.Purpose.UnmarshalText([]byte(words[1])), u.Audience.UnmarshalText([]byte(words[2])), u.Channel.UnmarshalText([]byte(words[3])),
	} {
		if err != nil && words[1] != "-" {
			s.t.Fatalf("%s: %v", s.where, err)
		}
	}
	r := policy.Request{
		Person: human(words[0]), Use: u, Asset: asset(words[4]), Now: s.now,
		Rendition: clinical.RenditionKind(o.word("as")), Search: o.has("search"),
	}
	if in, ok := o.get("in"); ok {
		r.Set = set(in)
	}
	if s.snap == nil {
		s.snap = policy.NewSnapshot(s.site).With(s.now, s.d)
	}
	want := slices.IndexFunc(words, func(w string) bool { return w == "yes" || w == "no" })
	q := question{where: s.where, snap: s.snap, ask: r}
	switch {
	case want < 0, words[want] == "no" && len(words) != want+3, words[want] == "yes" && len(words) > want+2:
		s.t.Fatalf("%s: neither yes, nor no with a rule and a reason", s.where)
	case words[want] == "yes":
		q.yes, q.masked = true, len(words) == want+2 && words[want+1] == "masked"
	default:
		q.rule, q.why = words[want+1], clinical.Reason(words[want+2])
	}
	s.asked = append(s.asked, q)
	clear(o.m)
}

func (s *story) person(login string, o options) {
	p := find(s, s.d.People, func(p *clinical.Person) bool { return p.Login == login })
	p.TermEnds = o.date("ends")
	p.Disabled, p.Shared = o.has("disabled"), o.has("shared")
}

func (s *story) patient(name string, o options) {
	p := find(s, s.d.Patients, func(p *clinical.Patient) bool { return p.ID == patient(name) })
	if into, ok := o.get("into"); ok {
		p.MergedInto = patient(into)
	}
	if team, ok := o.get("team"); ok {
		p.NamedTeam = []clinical.PersonID{human(team)}
	}
	p.Deceased = p.Deceased || o.has("deceased")
}

func (s *story) job(name string, o options) {
	j := find(s, s.d.Jobs, func(j *clinical.Job) bool { return j.ID == clinicaltest.ID[clinical.Job](name) })
	if v, ok := o.get("photographer"); ok {
		j.Photographer = clinical.PersonID{}
		if v != "any" {
			j.Photographer = human(v)
		}
	}
	if v, ok := o.get("status"); ok {
		j.Status = clinical.JobStatus(v)
	}
	j.FiledAt = o.time("filed", j.FiledAt)
}

func (s *story) picture(name string, o options) {
	a := clinicaltest.Picture(name, "adult")
	if of, ok := o.get("of"); ok {
		a = clinicaltest.Picture(name, of)
	}
	if v, ok := o.get("flags"); ok {
		flags, err := clinical.ParseSensitivity(strings.Split(v, ","))
		if err != nil {
			s.t.Fatalf("%s: %v", s.where, err)
		}
		a.Sensitivity, a.NoIdentifyingFeature = flags, flags&(clinical.Face|clinical.Intimate) == 0
	}
	if o.has("unclassified") {
		a.Sensitivity, a.NoIdentifyingFeature = 0, false
	}
	if o.has("identifies") {
		a.NoIdentifyingFeature = false
	}
	if v, ok := o.get("cleared"); ok {
		a.Edit, a.Masked, a.NoIdentifyingFeature = 1, true, false
		if err := a.Cleared.UnmarshalText([]byte(v)); err != nil {
			s.t.Fatalf("%s: %v", s.where, err)
		}
	}
	if v, ok := o.get("state"); ok {
		a.State = clinical.AssetState(v)
		if a.State == clinical.Quarantined {
			a.Patient, a.Session, a.Job = clinical.PatientID{}, clinical.SessionID{}, clinical.JobID{}
		}
	}
	if also, ok := o.get("also"); ok {
		a.Subjects = []clinical.PatientID{patient(also)}
	}
	a.IDShot, a.Form = o.has("id-shot"), o.has("form")
	a.Capture.At = o.time("taken", a.Capture.At)
	if a.KeptAt.Before(a.Capture.At) {
		a.KeptAt = a.Capture.At
	}
	if v, ok := o.get("lesion"); ok {
		a.Lesion = clinicaltest.ID[clinical.Lesion](v)
	}
	if v, ok := o.get("session"); ok {
		a.Session = clinicaltest.ID[clinical.Session](v)
	}
	s.d.Assets = append(s.d.Assets, a)
}

func (s *story) consent(status string, o options) {
	g := clinicaltest.Teaching(s.where, "adult")
	if of, ok := o.get("of"); ok {
		g = clinicaltest.Teaching(s.where, of)
	}
	g.Status = clinical.GrantStatus(status)
	o.parse("for", func(v string) error {
		g.Purposes = nil
		for p := range strings.SplitSeq(v, ",") {
			var purpose clinical.Purpose
			if err := purpose.UnmarshalText([]byte(p)); err != nil {
				return err
			}
			g.Purposes = append(g.Purposes, purpose)
		}
		return nil
	})
	o.parse("to", func(v string) error { return g.Audience.UnmarshalText([]byte(v)) })
	o.parse("level", func(v string) error { return g.Level.UnmarshalText([]byte(v)) })
	o.parse("by", func(v string) error { return g.Channels.UnmarshalText([]byte(v)) })
	o.parse("mode", func(v string) error { g.Mode = clinical.Mode(v); return nil })
	o.parse("capacity", func(v string) error { g.Capacity = clinical.Capacity(v); return nil })
	o.parse("use", func(v string) error { g.NamedUse = v; return nil })
	g.Study, g.Ethics, g.SecondGiver, g.Relationship = o.word("study"), o.word("ethics"), o.word("second"), o.word("relationship")
	o.parse("witness", func(v string) error { g.Witness = v; return nil })
	g.Expires, g.ReviewAt = o.date("ends"), o.date("review")
	g.ValidFrom, g.RecordedAt = o.time("from", g.ValidFrom), o.time("recorded", g.RecordedAt)
	g.ImagesShown, g.IntimateBeyondA2 = o.has("shown"), o.has("intimate-to-all")
	if o.has("dissent") {
		g.Assent = clinical.Dissented
	}
	o.parse("covers", func(v string) error {
		what, rest, _ := strings.Cut(v, ":")
		g.Covers = clinical.Cover{All: what == "all"}
		switch what {
		case "pictures":
			for name := range strings.SplitSeq(rest, ",") {
				g.Covers.Assets = append(g.Covers.Assets, asset(name))
			}
		case "session":
			g.Covers.Session = clinicaltest.ID[clinical.Session](rest)
		case "lesion":
			g.Covers.Lesion = clinicaltest.ID[clinical.Lesion](rest)
		case "course":
			from, until, _ := strings.Cut(rest, "..")
			g.Covers.CourseFrom, g.Covers.CourseUntil = s.instant(from), s.instant(until)
		}
		return nil
	})
	s.d.Grants = append(s.d.Grants, g)
}

func (s *story) set(name string, o options) {
	st := clinicaltest.Set(name)
	o.parse("for", func(v string) error { return st.Audience.UnmarshalText([]byte(v)) })
	o.parse("status", func(v string) error { st.Status = clinical.SetStatus(v); return nil })
	o.parse("published-by", func(v string) error { st.PublishedBy = human(v); return nil })
	o.parse("purpose", func(v string) error { return st.Purpose.UnmarshalText([]byte(v)) })
	st.From, st.Until = o.date("from"), o.date("until")
	if o.has("draft") {
		st.Status, st.PublishedAt = clinical.SetDraft, time.Time{}
	}
	st.SubmittedAt = o.time("submitted", time.Time{})
	if term, ok := o.get("term"); ok { // of stella's year
		from, until, _ := strings.Cut(term, "..")
		st.Cohorts = []clinical.Cohort{{Name: "Year 3", From: s.date(from), Until: s.date(until), People: st.Roster}}
		st.Roster = nil
	}
	s.d.Sets = append(s.d.Sets, st)
	added := o.time("added", clinicaltest.Now().Add(-20*time.Minute))
	holds, _ := o.get("holds")
	for i, name := range strings.Split(holds, ",") {
		it := clinicaltest.Item(st.Name, name, i+10)
		it.AddedAt = added
		s.d.Items = append(s.d.Items, it)
	}
}

func (s *story) instant(v string) time.Time {
	s.t.Helper()
	for _, layout := range []string{"2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, v, clinicaltest.Zone()); err == nil {
			return t
		}
	}
	s.t.Fatalf("%s: %q is no instant", s.where, v)
	return time.Time{}
}

func find[T any](s *story, list []T, same func(*T) bool) *T {
	s.t.Helper()
	for i := range list {
		if same(&list[i]) {
			return &list[i]
		}
	}
	s.t.Fatalf("%s: nobody and nothing of this name", s.where)
	return nil
}

// options are the k=v words of a line; each has to be asked for.
type options struct {
	s *story
	m map[string]string
}

func (o options) get(k string) (string, bool) {
	v, ok := o.m[k]
	if ok {
		delete(o.m, k)
	}
	return v, ok
}

func (o options) word(k string) string {
	v, _ := o.get(k)
	return v
}

func (o options) has(k string) bool {
	_, ok := o.get(k)
	return ok
}

func (o options) parse(k string, f func(string) error) {
	o.s.t.Helper()
	if v, ok := o.get(k); ok {
		if err := f(v); err != nil {
			o.s.t.Fatalf("%s: %v", o.s.where, err)
		}
	}
}

func (o options) date(k string) clinical.Date {
	o.s.t.Helper()
	v, _ := o.get(k)
	return o.s.date(v)
}

func (s *story) date(v string) clinical.Date {
	s.t.Helper()
	d, err := clinical.ParseDate(v)
	if err != nil {
		s.t.Fatalf("%s: %v", s.where, err)
	}
	return d
}

func (o options) time(k string, otherwise time.Time) time.Time {
	o.s.t.Helper()
	if v, ok := o.get(k); ok {
		if v == "never" {
			return time.Time{}
		}
		return o.s.instant(v)
	}
	return otherwise
}

func (o options) assets(k string) []clinical.AssetID {
	v, ok := o.get(k)
	if !ok {
		return nil
	}
	var out []clinical.AssetID
	for name := range strings.SplitSeq(v, ",") {
		out = append(out, asset(name))
	}
	return out
}

// done fails where a word was not understood.
func (o options) done() {
	o.s.t.Helper()
	for k := range o.m {
		o.s.t.Fatalf("%s: what is %q?", o.s.where, k)
	}
}
