package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// search is what somebody looked for in the library. It may be a patient's name, so no address holds it, where
// browsers, proxies and logs keep it: an address holds a ticket that leads to it, for whoever typed it alone.
type search struct {
	person clinical.PersonID
	text   string
}

const (
	// searchTime is how long a search is remembered: as long as a session can last.
	searchTime = 12 * time.Hour
	// maxSearch is how long one may be, in bytes.
	maxSearch = 512
)

// find takes what was typed into the library's field, and leads to what is found.
func (d *door) find(v *visit) error {
	if err := form(v.r); err != nil {
		return err
	}
	to := url.Values{}
	for _, name := range append([]string{"sort"}, facets()...) {
		if value := v.r.PostFormValue(name); value != "" {
			to.Set(name, value)
		}
	}
	typed := strings.TrimSpace(v.r.PostFormValue("q"))
	if len(typed) > maxSearch {
		return clinical.Refuse(clinical.Invalid, "search-long", "This is too long to look for. Type fewer words.")
	}
	if typed != "" {
		now := d.Now()
		to.Set("s", d.searches.Issue(search{v.caller.Person, typed}, now.Add(searchTime), now))
	}
	target := url.URL{Path: "/library", RawQuery: to.Encode()}
	http.Redirect(v.w, v.r, target.String(), http.StatusSeeOther)
	return nil
}

// typed is what the ticket in an address leads to. What is lost is empty, and said.
func (d *door) typed(v *visit) string {
	if inAddress(v) {
		return ""
	}
	ticket := v.r.URL.Query().Get("s")
	if ticket == "" {
		return ""
	}
	found, ok := d.searches.Find(ticket, d.Now())
	if !ok || found.person != v.caller.Person {
		v.status, v.fault = http.StatusNotFound, "What was looked for here is not remembered any more. Type it again."
		return ""
	}
	return found.text
}

// inAddress says so where somebody wrote what they look for into an address.
func inAddress(v *visit) bool {
	if !slices.ContainsFunc(v.r.URL.Query()["q"], func(q string) bool { return q != "" }) {
		return false
	}
	v.status, v.fault = http.StatusBadRequest, "A name or a number does not belong in an address, where it is kept. Type it into the field: from there it is not."
	return true
}
