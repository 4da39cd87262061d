package pages

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/policy"
)

// rail is what governance looks at, with where one is.
type rail struct {
	Here  string
	Links []link
}

// railOf lists the pages of governance that the person may open.
func railOf(v *visit) rail {
	r := rail{Here: v.r.URL.Path}
	for _, at := range []string{"/recalls", "/erasures", "/releases", "/governance/explain"} {
		if strings.HasPrefix(r.Here, at) {
			r.Here = at
		}
	}
	if v.person.Role == clinical.Governance {
		r.Links = []link{
			{"/governance", "At a glance"},
			{"/recalls", "Withdrawals"},
			{"/erasures", "Erasure requests"},
			{"/governance/glasses", "Broken glass"},
			{"/releases", "Releases"},
			{"/worklist", "Coming up"},
			{"/governance/reached", "Who had this picture"},
			{"/governance/subjects", "Who is in this picture"},
		}
	}
	if v.person.Role == clinical.Governance || v.person.Role == clinical.Admin {
		r.Links = append(r.Links, link{"/governance/saw", "Who saw what"})
	}
	if v.person.Role == clinical.Governance {
		r.Links = append(r.Links, link{"/governance/explain", "Explain"})
	}
	if v.person.Role == clinical.Governance || v.person.Role == clinical.Admin {
		r.Links = append(r.Links, link{"/governance/rules", "Rules"})
	}
	return r
}

// leads reports whether somebody answers for governance.
func leads(p clinical.Person) bool {
	return p.Role == clinical.Governance || slices.Contains(p.Leads, clinical.GovernanceLead)
}

// governs are the pages and acts of governance and of what leaves.
func (d *door) governs() map[string]func(*visit) error {
	return map[string]func(*visit) error{
		"GET /governance":                d.glance,
		"GET /governance/rules":          d.rules,
		"POST /governance/rules":         d.again(d.rules, d.tryRules),
		"GET /governance/explain":        d.explain,
		"GET /governance/reached":        d.reached,
		"GET /governance/subjects":       d.subjects,
		"POST /governance/subjects":      d.again(d.subjects, d.changeSubjects),
		"GET /governance/saw":            d.saw,
		"POST /governance/saw":           d.again(d.saw, d.saw),
		"GET /governance/glasses":        d.glasses,
		"POST /glasses/{id}/review":      d.again(d.glasses, d.act(reviewGlass)),
		"GET /holds/{id}/trace":          d.trace,
		"GET /recalls":                   d.recalls,
		"GET /recalls/{id}":              d.recall,
		"GET /recalls/{id}/certificate":  d.certificateOf,
		"GET /erasures":                  d.erasures,
		"GET /erasures/{id}":             d.erasure,
		"POST /erasures/{id}":            d.again(d.erasure, d.ask("erase", decideErasure)),
		"GET /erasures/{id}/certificate": d.erasureCertificate,
		"POST /patients/{id}/erasures":   d.again(d.erasureForm, d.act(requestErasure)),
		"GET /patients/{id}/erasure":     d.erasureForm,
		"GET /worklist":                  d.worklistPage,
		"POST /patients/{id}/keep":       d.again(d.worklistPage, d.act(keepUntil)),
		"GET /releases":                  d.releases,
		"GET /releases/{id}":             d.release,
		"POST /releases/new":             d.releaseForm,
		"POST /releases":                 d.again(d.releaseForm, d.makeRelease),
		"POST /releases/{id}/deliver":    d.again(d.release, d.act(deliverRelease)),
		"POST /releases/{id}/end":        d.again(d.release, d.act(endRelease)),
		"POST /releases/{id}/file":       d.again(d.release, d.releaseFile),
	}
}

// glance is what waits for governance.
func (d *door) glance(v *visit) error {
	if v.person.Role != clinical.Governance {
		return clinical.ErrNotFound
	}
	glasses, err := d.Gate.Glasses(v.ctx, v.caller)
	if err != nil {
		return err
	}
	erasures, err := d.Gate.Erasures(v.ctx, v.caller)
	if err != nil {
		return err
	}
	releases, err := d.Gate.Releases(v.ctx, v.caller)
	if err != nil {
		return err
	}
	work, err := d.Gate.Worklist(v.ctx, v.caller, 30)
	if err != nil {
		return err
	}
	tasks, err := d.Gate.Tasks(v.ctx, v.caller)
	if err != nil {
		return err
	}
	p := glancePage{Rail: railOf(v)}
	for _, g := range glasses {
		p.Reviews += count(g.ReviewedAt.IsZero())
	}
	for _, e := range erasures {
		p.Erasures += count(e.Outcome == "")
	}
	for _, r := range releases {
		p.Releases += count(r.Delivered.IsZero() && r.OpenAt(d.Now(), d.Zone))
		p.Faults += count(r.Fault != "" && r.Ended.IsZero())
	}
	for _, t := range tasks {
		p.Tasks += count(!t.Done())
	}
	p.Work = len(work)
	return d.show(v, "glance", "Governance", p)
}

type glancePage struct {
	Rail                                             rail
	Reviews, Erasures, Releases, Faults, Tasks, Work int
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// ruleRow is a rule with why it may object.
type ruleRow struct {
	clinical.RuleAnswer
	Group string
}

// roleRow is what a role may use pictures for.
type roleRow struct {
	Role clinical.Role
	Ways []string // by purpose
}

type rulesPage struct {
	Rail     rail
	Rules    []ruleRow
	Purposes []clinical.Purpose
	Roles    []roleRow
	Limits   policy.Limits
	Preface  string
	Stories  []policy.Story
}

// rules shows the table by which everything is decided, and the stories that
// prove it.
func (d *door) rules(v *visit) error {
	limits, roles, err := d.Gate.SiteRules(v.ctx, v.caller)
	if err != nil {
		return err
	}
	p := rulesPage{Rail: railOf(v), Limits: limits, Purposes: clinical.Purposes()}
	groups := []string{"How far the picture has come", "Use, person and role", "Need to know", "What is in the picture", "Consent", "Holds"}
	last := ""
	for _, r := range policy.Table() {
		row := ruleRow{RuleAnswer: r}
		if n, err := strconv.Atoi(r.Rule[:1]); err == nil && n < len(groups) && groups[n] != last {
			row.Group, last = groups[n], groups[n]
		}
		p.Rules = append(p.Rules, row)
	}
	for _, r := range clinical.Roles() {
		row := roleRow{Role: r}
		for _, use := range p.Purposes {
			row.Ways = append(row.Ways, ways(roles[policy.RoleUse{Role: r, Purpose: use}]))
		}
		p.Roles = append(p.Roles, row)
	}
	p.Preface, p.Stories = policy.Stories()
	return d.show(v, "rules", "Rules", p)
}

// tryRules says what other limits would do, and changes nothing: the rules
// themselves are changed where the site is configured.
func (d *door) tryRules(v *visit) error {
	limits, roles, err := d.Gate.SiteRules(v.ctx, v.caller)
	if err != nil {
		return err
	}
	if err := form(v.r); err != nil {
		return err
	}
	for field, into := range map[string]*int{
		"group": &limits.SmallGroup, "cohort": &limits.Cohort, "days": &limits.JobDays, "ending": &limits.EndingDays,
	} {
		n, err := strconv.Atoi(cmp.Or(text(v.r, field), "0"))
		if err != nil || n < 1 || n > 10_000 {
			return clinical.Refuse(clinical.Invalid, "limits", "Each limit is a whole number from 1 to 10,000. Correct it.")
		}
		*into = n
	}
	limits.VerbalTeaching, limits.BothParents = v.r.PostFormValue("verbal") != "", v.r.PostFormValue("both") != ""
	impact, err := d.Gate.SimulateRules(v.ctx, v.caller, limits, roles)
	if err != nil {
		return err
	}
	v.impact, v.typed = &impact, v.r.PostForm
	return d.rules(v)
}

// explainPage asks the rules a question.
type explainPage struct {
	Rail      rail
	Governs   bool
	Query     url.Values
	People    []clinical.Person
	Purposes  []clinical.Purpose
	Audiences []clinical.Audience
	Ways      []way
	Set       clinical.TeachingSet
	Asked     bool
	Answer    clinical.Explanation
	Who       clinical.Person
	Lesion    clinical.Lesion // that the picture shows, for governance
	Named     int             // people who can be recognised in it
}

// explain answers why somebody may, or may not, see a picture for a use, rule
// by rule. A set's owner asks about the own set's items.
func (d *door) explain(v *visit) error {
	q := v.r.URL.Query()
	for field, usual := range map[string]string{"purpose": "P2", "audience": "A3", "channel": "mount"} {
		if q.Get(field) == "" {
			q.Set(field, usual)
		}
	}
	p := explainPage{
		Rail: railOf(v), Governs: v.person.Role == clinical.Governance, Query: q, Purposes: clinical.Purposes(), Audiences: audiences(), Ways: wayChoices(),
	}
	var set clinical.SetID
	if text := q.Get("set"); text != "" {
		if err := set.UnmarshalText([]byte(text)); err != nil {
			return clinical.ErrNotFound
		}
		s, _, err := d.Gate.SetReport(v.ctx, v.caller, set)
		if err != nil {
			return err
		}
		p.Set = s
	}
	if !p.Governs && (p.Set.ID.IsZero() || p.Set.Owner != v.caller.Person) {
		return clinical.ErrNotFound
	}
	if err := d.whoMayBeAsked(v, &p); err != nil {
		return err
	}
	if q.Get("picture") != "" {
		if err := d.explainIt(v, &p); err != nil {
			return err
		}
	}
	return d.show(v, "explain", "Explain", p)
}

func (d *door) whoMayBeAsked(v *visit, p *explainPage) error {
	people, err := d.Gate.People(v.ctx, v.caller)
	if err != nil && clinical.KindOf(err) != clinical.Forbidden {
		return err
	}
	p.People = slices.DeleteFunc(people, func(one clinical.Person) bool {
		return !p.Set.ID.IsZero() && !p.Set.Reaches(one.ID)
	})
	return nil
}

func (d *door) explainIt(v *visit, p *explainPage) error {
	ask, ok := askedOf(p.Query)
	if !ok {
		v.status, v.fault = http.StatusBadRequest, "A picture is named by its 26 letters and digits, which stand on its page and in a set's table. Copy it from there."
		return nil
	}
	ask.Set = p.Set.ID
	answer, err := d.Gate.Explain(v.ctx, v.caller, ask)
	if err != nil {
		return err
	}
	p.Answer, p.Asked = answer, true
	p.Who, _ = d.Gate.PersonByID(ask.Person)
	if !p.Governs {
		return nil
	}
	named, lesion, err := d.Gate.Named(v.ctx, v.caller, ask.Asset)
	if err != nil && clinical.KindOf(err) != clinical.NotFound {
		return err
	}
	p.Named, p.Lesion = len(named), lesion
	return nil
}

// askedOf reads a question to the rules; false: it is not written right.
func askedOf(q url.Values) (clinical.Question, bool) {
	ask := clinical.Question{Kind: clinical.Teaching, Use: clinical.Use{Channel: clinical.Mount}}
	err := fillFrom(q, map[string]interface{ UnmarshalText([]byte) error }{
		"picture": &ask.Asset, "person": &ask.Person, "purpose": &ask.Use.Purpose, "audience": &ask.Use.Audience, "channel": &ask.Use.Channel,
	})
	switch ask.Use.Purpose {
	case clinical.P0, clinical.P1:
		ask.Kind = clinical.Thumbnail
	case clinical.P6:
		ask.Kind = clinical.Original
	default:
	}
	return ask, err == nil
}

// fillFrom reads an address's values into what knows its own text; absent ones stay.
func fillFrom(q url.Values, into map[string]interface{ UnmarshalText([]byte) error }) error {
	for field, value := range into {
		if text := strings.TrimSpace(q.Get(field)); text != "" {
			if err := value.UnmarshalText([]byte(text)); err != nil {
				return err
			}
		}
	}
	return nil
}
