package main

import (
	"cmp"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fovea/clinical"
	"fovea/exchange/epr"
	"fovea/exchange/paper"
	"fovea/policy"
)

// siteYAML is what papers say of the hospital.
type siteYAML struct {
	Name     string `yaml:"name"`
	Contact  string `yaml:"contact"`  // whom a patient may ask, with telephone or address
	Language string `yaml:"language"` // of papers that nobody asked for in another
	URL      string `yaml:"url"`      // https, as patients reach the server: for withdrawal codes
}

// roleYAML is one entry in which the site differs from policy.DefaultRoles.
type roleYAML struct {
	Role     string   `yaml:"role"`
	Purpose  string   `yaml:"purpose"`
	Channels []string `yaml:"channels"` // none: not at all
}

// retentionYAML is the site's retention schedule.
type retentionYAML struct {
	Jurisdiction string              `yaml:"jurisdiction"`
	Rules        []retentionRuleYAML `yaml:"rules"`
}

type retentionRuleYAML struct {
	Jurisdiction  string `yaml:"jurisdiction"`
	Specialty     string `yaml:"specialty"`
	Years         int    `yaml:"years"`
	ChildAge      int    `yaml:"childAge"`
	DeceasedYears int    `yaml:"deceasedYears"`
}

// eprYAML is the folder that the hospital's patient record collects from.
type eprYAML struct {
	Folder    string   `yaml:"folder"` // empty: nothing is delivered
	Sign      string   `yaml:"sign"`   // file that has to be there: the share is mounted
	Columns   []string `yaml:"columns"`
	Separator string   `yaml:"separator"`
	Group     bool     `yaml:"groupReadable"` // files are 0640 instead of 0600
	Poll      duration `yaml:"poll"`
	Patience  duration `yaml:"patience"`
}

// checkSite finds the faults of what concerns papers, roles, retention and the
// patient record.
func (c *config) checkSite(fault func(string, ...any)) {
	if u, err := url.Parse(c.Site.URL); c.Site.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "") {
		fault("site: url %q is not an address such as https://pictures.hospital.example", c.Site.URL)
	}
	if c.Site.Language != "" && !slices.Contains(paper.Languages(), paper.Language(c.Site.Language)) {
		fault("site: language is en, fr or es, not %q", c.Site.Language)
	}
	roles, err := c.roles()
	if err == nil {
		err = roles.Check()
	}
	if err != nil {
		fault("policy: roles: %s", err)
	}
	for i, r := range c.Retention.Rules {
		if r.Years <= 0 || r.ChildAge < 0 || r.DeceasedYears < 0 {
			fault("retention: rule %d needs years above 0, and no number below", i+1)
		}
	}
	if c.EPR.Folder == "" {
		return
	}
	if within(c.EPR.Folder, c.Data) || within(c.Data, c.EPR.Folder) {
		fault("epr: the folder and DATA must not lie in one another")
	}
	if utf8.RuneCountInString(c.EPR.Separator) > 1 {
		fault("epr: separator is one character, not %q", c.EPR.Separator)
	}
	if _, err := epr.New(nil, c.deliveries()); err != nil {
		fault("epr: %s", err)
	}
}

// roles converts the entries of the policy section.
func (c *config) roles() (policy.Roles, error) {
	out := policy.Roles{}
	for _, r := range c.Policy.Roles {
		var purpose clinical.Purpose
		if err := purpose.UnmarshalText([]byte(r.Purpose)); err != nil {
			return nil, fmt.Errorf("%q is not a purpose from P0 to P7", r.Purpose)
		}
		var channels clinical.Channel
		if err := channels.UnmarshalText([]byte(strings.Join(r.Channels, ","))); len(r.Channels) > 0 && err != nil {
			return nil, fmt.Errorf("%q is not among view, mount, download, print and online", strings.Join(r.Channels, ","))
		}
		out[policy.RoleUse{Role: clinical.Role(r.Role), Purpose: purpose}] = channels
	}
	return out, nil
}

// schedule converts the retention section.
func (c *config) schedule() policy.Schedule {
	out := policy.Schedule{Jurisdiction: c.Retention.Jurisdiction}
	for _, r := range c.Retention.Rules {
		out.Rules = append(out.Rules, policy.RetentionRule{
			Jurisdiction: r.Jurisdiction, Specialty: clinical.Specialty(r.Specialty), Years: r.Years, ChildAge: r.ChildAge, DeceasedYears: r.DeceasedYears,
		})
	}
	return out
}

// issuer is who prints, in the language asked for or the site's.
func (c *config) issuer(language string, now time.Time) paper.Issuer {
	return paper.Issuer{
		Site: cmp.Or(c.Site.Name, "Fovea"), Contact: c.Site.Contact, Language: paper.LanguageOf(cmp.Or(language, c.Site.Language)),
		Zone: c.zone, Now: now,
	}
}

// deliveries converts the epr section.
func (c *config) deliveries() epr.Options {
	folder, err := filepath.Abs(c.EPR.Folder)
	if err != nil {
		folder = c.EPR.Folder
	}
	comma, _ := utf8.DecodeRuneInString(cmp.Or(c.EPR.Separator, ","))
	out := epr.Options{
		Folder: folder, Sign: c.EPR.Sign, Columns: c.EPR.Columns, Comma: comma, Issuer: c.issuer("", time.Time{}),
		Poll: time.Duration(c.EPR.Poll), Patience: time.Duration(c.EPR.Patience),
	}
	if c.EPR.Group {
		out.Mode = 0o640
	}
	return out
}
