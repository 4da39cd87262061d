package webdav

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fovea/clinical"
)

// errIf is the fault of an If header.
var errIf = errors.New("webdav: the If header does not read")

// condition is what an If header says (RFC 4918, 10.4): one of its lists must hold.
type condition struct {
	lists  []list
	tokens []string // every lock token in it that is submitted by being there
}

// list holds if all of its terms do.
type list struct {
	tagged  bool
	foreign bool // it is about a resource that is not in this person's inboxes
	at      at   // where tagged
	terms   []term
}

// term is about a lock or an entity tag.
type term struct {
	not         bool
	token, etag string
}

// condition reads the If header of a request.
func (in *inbox) condition(r *http.Request, p clinical.Person) (condition, error) {
	var c condition
	rest := strings.TrimSpace(strings.Join(r.Header.Values("If"), " "))
	var tag list
	bare := len(r.Header.Values("If")) > 0 // nothing, or a tag, without a list behind it
	for rest != "" {
		var err error
		switch rest[0] {
		case '<':
			if tag.tagged && bare {
				return c, errIf
			}
			bare = true
			var resource string
			if resource, rest, err = until(rest[1:], '>'); err != nil {
				return c, err
			}
			place, ok := in.resource(r, resource, p)
			tag = list{tagged: true, foreign: !ok, at: place}
		case '(':
			bare = false
			l := tag
			if rest, err = l.read(rest[1:]); err != nil {
				return c, err
			}
			c.lists = append(c.lists, l)
			c.tokens = append(c.tokens, l.tokens()...)
		default:
			return c, errIf
		}
		rest = strings.TrimSpace(rest)
	}
	if bare {
		return c, errIf
	}
	return c, nil
}

// tokens are the lock tokens that a list submits.
func (l *list) tokens() (tokens []string) {
	for _, t := range l.terms {
		if t.token != "" && !t.not {
			tokens = append(tokens, t.token)
		}
	}
	return tokens
}

// until splits s behind the first end.
func until(s string, end byte) (before, after string, err error) {
	i := strings.IndexByte(s, end)
	if i < 0 {
		return "", "", errIf
	}
	return s[:i], s[i+1:], nil
}

// read reads the terms of a list up to its closing parenthesis.
func (l *list) read(s string) (rest string, err error) {
	for {
		s = strings.TrimSpace(s)
		if strings.HasPrefix(s, ")") && len(l.terms) > 0 {
			return s[1:], nil
		}
		var t term
		if len(s) > 3 && strings.EqualFold(s[:3], "Not") {
			t.not, s = true, strings.TrimSpace(s[3:])
		}
		switch {
		case strings.HasPrefix(s, "<"):
			t.token, s, err = until(s[1:], '>')
		case strings.HasPrefix(s, "["):
			t.etag, s, err = until(s[1:], ']')
		default:
			err = errIf
		}
		if err != nil || (t.token == "" && t.etag == "") {
			return "", errIf
		}
		l.terms = append(l.terms, t)
	}
}

// resource finds what an address in a header of a request names in the person's inboxes.
func (in *inbox) resource(r *http.Request, address string, p clinical.Person) (at, bool) {
	u, err := url.Parse(address)
	if err != nil || !here(u, r.Host) || u.RawQuery != "" || u.Fragment != "" {
		return at{}, false
	}
	l, ok := parseUnder(InboxPrefix, inboxDepth, u.EscapedPath())
	if !ok {
		return at{}, false
	}
	return in.place(l, p)
}

// here reports whether an address is on the host that was asked: a path alone, or a whole URL. A port that goes without
// saying may be said.
func here(u *url.URL, host string) bool {
	if u.Scheme == "" && u.Host == "" {
		return true
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		return false
	}
	usual := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return strings.EqualFold(strings.TrimSuffix(u.Host, usual), strings.TrimSuffix(host, usual))
}

// holds reports whether the If header is true, or there is none. The caller holds the tray's mu.
func (v *visit) holds() bool {
	return len(v.cond.lists) == 0 || slices.ContainsFunc(v.cond.lists, v.listHolds)
}

func (v *visit) listHolds(l list) bool {
	about := v.at
	if l.tagged {
		about = l.at
	}
	if about.tray != v.at.tray {
		l.foreign = true // what another inbox holds is nothing to rest on here
	}
	for _, t := range l.terms {
		if v.termHolds(about, t, l.foreign) == t.not {
			return false
		}
	}
	return true
}

func (v *visit) termHolds(about at, t term, foreign bool) bool {
	switch {
	case foreign:
		return false
	case t.token != "":
		return about.tray.locks.held(t.token, about.key(), v.caller.Person) != nil
	default:
		it := about.tray.find(about.names)
		return it != nil && it.Tag != "" && it.Tag == t.etag
	}
}

// tagged reports whether the headers If-Match and If-None-Match let a request go on (RFC 9110, 13). it is nil where
// nothing is.
func (v *visit) tagged(it *item) bool {
	tag := ""
	if it != nil {
		tag = it.Tag
	}
	if want := v.Header.Values("If-Match"); len(want) > 0 && !matches(want, tag, it != nil) {
		return false
	}
	unwanted := v.Header.Values("If-None-Match")
	return len(unwanted) == 0 || !matches(unwanted, tag, it != nil)
}

// matches reports whether one of the tags in a header is tag; a star is anything that exists.
func matches(header []string, tag string, exists bool) bool {
	for _, h := range header {
		for one := range strings.SplitSeq(h, ",") {
			one = strings.TrimSpace(one)
			if (one == "*" && exists) || (tag != "" && one == tag) {
				return true
			}
		}
	}
	return false
}

// may answers, and reports false, where the request's conditions do not hold (412), or a lock or a delivery stands
// in its way (423). it is what the conditions are about. The caller holds the tray's mu.
func (v *visit) may(it *item, touches ...touch) bool {
	if !v.holds() || !v.tagged(it) {
		plain(v.w, http.StatusPreconditionFailed, "It is not as the request says any more.")
		return false
	}
	for _, t := range touches {
		if v.at.tray.busy(t.key, t.deep) {
			taking(v.w)
			return false
		}
		if !v.at.tray.locks.allows(t, v.caller.Person, v.cond.tokens) {
			v.locked(t.key)
			return false
		}
	}
	return true
}

// locked answers that somebody holds a lock.
func (v *visit) locked(key string) {
	v.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	v.w.WriteHeader(http.StatusLocked)
	body := append([]byte(nil), `<?xml version="1.0" encoding="UTF-8"?><D:error xmlns:D="DAV:"><D:lock-token-submitted><D:href>`...)
	body = append(body, v.at.tray.href(strings.Split(key, "/"))...)
	body = append(body, `</D:href></D:lock-token-submitted></D:error>`...)
	_, _ = v.w.Write(body) // the client may have gone away
}
