package webdav

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strings"
)

const (
	maxProps     = 64       // dead properties of one file
	maxPropsSize = 16 << 10 // bytes of all of them
)

// deadProperty is one that a client set and the drive only keeps (RFC 4918, 4).
type deadProperty struct {
	Name xml.Name
	Lang string `json:",omitempty"` // xml:lang
	XML  string `json:",omitempty"` // the value: namespaces declared where they are used
}

// propfind answers PROPFIND.
func (in *inbox) propfind(_ context.Context, v *visit) {
	asked, ok := asking(v.w, v.Request)
	if !ok {
		return
	}
	t := v.at.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	it := v.found()
	if it == nil {
		return
	}
	if it.Folder && !finite(v.Request) {
		finiteDepth(v.w)
		return
	}
	s := speech{tray: t, asked: asked, brief: minimal(v.Header)}
	b := s.append([]byte(xml.Header+`<D:multistatus xmlns:D="DAV:">`), it, v.at.names)
	if it.Folder && v.Header.Get("Depth") == "1" {
		for _, child := range it.sorted() {
			b = s.append(b, child, append(slices.Clone(v.at.names), child.Name))
		}
	}
	multistatus(v.w, append(b, `</D:multistatus>`...))
}

// multistatus sends a whole multistatus.
func multistatus(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(http.StatusMultiStatus)
	_, _ = w.Write(body) // the client may have gone away
}

// speech is what one PROPFIND says of each item.
type speech struct {
	tray  *tray
	asked question
	brief bool
}

// The live properties that only a writable drive has.
const (
	lockDiscovery = "lockdiscovery"
	supportedLock = "supportedlock"
)

// append writes the response about one item.
func (s *speech) append(b []byte, it *item, names []string) []byte {
	r := s.tray.rowOf(it, names)
	b = appendEscaped(append(append(b, `<D:response><D:href>`...), r.parent...), r.name)
	if r.folder {
		b = append(b, '/')
	}
	b = append(b, `</D:href>`...)
	wanted, absent := s.wanted(it, &r)
	if len(wanted) > 0 || len(absent) == 0 || s.brief {
		b = append(b, `<D:propstat><D:prop>`...)
		for _, name := range wanted {
			b = s.appendValue(b, name, it, &r, names)
		}
		b = append(b, `</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>`...)
	}
	if !s.brief {
		b = append(b, missing(absent)...)
	}
	return append(b, `</D:response>`...)
}

// wanted divides what is asked into what the item has and what it has not.
func (s *speech) wanted(it *item, r *row) (has, lacks []xml.Name) {
	dav := func(local string) xml.Name { return xml.Name{Space: davSpace, Local: local} }
	if s.asked.all || s.asked.only {
		for live := range properties {
			if live.of(r.folder) && live.listed() {
				has = append(has, dav(propertyNames()[live]))
			}
		}
		has = append(has, dav(lockDiscovery), dav(supportedLock))
		for _, p := range it.Props {
			has = append(has, p.Name)
		}
	}
	for _, name := range s.asked.names {
		live, known := liveProperty(name)
		known = (known && live.of(r.folder)) || name == dav(lockDiscovery) || name == dav(supportedLock) || it.prop(name) >= 0
		switch {
		case !known:
			lacks = append(lacks, name)
		case !slices.Contains(has, name):
			has = append(has, name)
		}
	}
	return has, lacks
}

func (s *speech) appendValue(b []byte, name xml.Name, it *item, r *row, names []string) []byte {
	if s.asked.only {
		return appendProp(b, deadProperty{Name: name})
	}
	if i := it.prop(name); i >= 0 {
		return appendProp(b, it.Props[i])
	}
	if live, known := liveProperty(name); known {
		return r.appendProperty(b, live)
	}
	if name.Local == supportedLock {
		b = append(b, `<D:supportedlock>`...)
		for _, scope := range []string{"exclusive", "shared"} {
			b = append(b, `<D:lockentry><D:lockscope><D:`+scope+`/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`...)
		}
		return append(b, `</D:supportedlock>`...)
	}
	b = append(b, `<D:lockdiscovery>`...)
	for _, l := range s.tray.locks.on(strings.Join(names, "/")) {
		b = s.tray.appendLock(b, l)
	}
	return append(b, `</D:lockdiscovery>`...)
}

// appendProp writes a property with its value.
func appendProp(b []byte, p deadProperty) []byte {
	b = append(append(b, '<'), p.Name.Local...)
	b = append(appendAttribute(append(b, ` xmlns="`...), p.Name.Space), '"')
	if p.Lang != "" {
		b = append(appendAttribute(append(b, ` xml:lang="`...), p.Lang), '"')
	}
	if p.XML == "" {
		return append(b, `/>`...)
	}
	return append(append(append(append(append(b, '>'), p.XML...), `</`...), p.Name.Local...), '>')
}

// prop returns where a dead property is, -1 where it is not.
func (it *item) prop(name xml.Name) int {
	return slices.IndexFunc(it.Props, func(p deadProperty) bool { return p.Name == name })
}

// proppatch answers PROPPATCH: all of it is done or nothing (RFC 4918, 9.2).
func (in *inbox) proppatch(ctx context.Context, v *visit) {
	patches, err := readPatches(v.w, v.Request)
	switch {
	case errors.Is(err, errTooLarge):
		plain(v.w, http.StatusRequestEntityTooLarge, "The request is too large.")
		return
	case err != nil:
		plain(v.w, http.StatusBadRequest, "The request is not a PROPPATCH as RFC 4918 describes it.")
		return
	case !v.writable(v.at):
		return
	}
	t := v.at.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	it := v.found()
	if it == nil {
		return
	}
	if !v.may(it, touch{key: v.at.key()}) {
		return
	}
	verdict := it.judge(patches)
	if verdict == nil {
		before := it.Props
		it.Props = patched(before, patches)
		if err := t.save(ctx, it); err != nil {
			it.Props = before
			in.spoilt(v, err)
			return
		}
		t.touched(t.find(v.at.parent().names))
	}
	v.sayPatched(t.rowOf(it, v.at.names), patches, verdict)
}

// sayPatched answers a PROPPATCH: what became of each of its steps, all done where there is no verdict.
func (v *visit) sayPatched(r row, patches []patch, verdict []string) {
	b := append([]byte(xml.Header), `<D:multistatus xmlns:D="DAV:"><D:response><D:href>`...)
	b = appendEscaped(append(b, r.parent...), r.name)
	if r.folder {
		b = append(b, '/')
	}
	b = append(b, `</D:href>`...)
	for i, p := range patches {
		status := "200 OK"
		if verdict != nil {
			status = verdict[i]
		}
		b = appendProp(append(b, `<D:propstat><D:prop>`...), deadProperty{Name: p.Name})
		b = append(b, `</D:prop><D:status>HTTP/1.1 `+status+`</D:status></D:propstat>`...)
	}
	multistatus(v.w, append(b, `</D:response></D:multistatus>`...))
}

// patch is one step of a PROPPATCH.
type patch struct {
	deadProperty
	remove bool
}

// judge returns, where a PROPPATCH cannot be done, the status of each of its steps.
func (it *item) judge(patches []patch) []string {
	verdict, bad := make([]string, len(patches)), false
	for i, p := range patches {
		verdict[i] = "424 Failed Dependency"
		if p.Name.Space == davSpace { // what is in there is ours or nobody's
			verdict[i], bad = "403 Forbidden", true
		}
	}
	if after := patched(it.Props, patches); !bad && (len(after) > maxProps || sizeOf(after) > maxPropsSize) {
		for i := range verdict {
			verdict[i] = "507 Insufficient Storage"
		}
		return verdict
	}
	if !bad {
		return nil
	}
	return verdict
}

func sizeOf(props []deadProperty) (n int) {
	for _, p := range props {
		n += len(p.Name.Space) + len(p.Name.Local) + len(p.Lang) + len(p.XML)
	}
	return n
}

// patched returns properties after the steps, in their order.
func patched(props []deadProperty, patches []patch) []deadProperty {
	props = slices.Clone(props)
	for _, p := range patches {
		i := slices.IndexFunc(props, func(q deadProperty) bool { return q.Name == p.Name })
		switch {
		case p.remove && i >= 0:
			props = slices.Delete(props, i, i+1)
		case p.remove:
		case i >= 0:
			props[i] = p.deadProperty
		default:
			props = append(props, p.deadProperty)
		}
	}
	return props
}

// readPatches reads a propertyupdate element (RFC 4918, 14.19).
func readPatches(w http.ResponseWriter, r *http.Request) ([]patch, error) {
	p, err := openBody(w, r, "propertyupdate")
	if err != nil {
		return nil, err
	}
	var patches []patch
	for {
		e, err := p.next()
		if err != nil {
			return nil, err
		}
		if e == nil {
			break
		}
		kind := kindOf(e.Name)
		if kind != "set" && kind != "remove" {
			if err := p.skip(); err != nil {
				return nil, err
			}
			continue
		}
		if patches, err = p.patches(patches, kind == "remove"); err != nil {
			return nil, err
		}
	}
	if len(patches) == 0 {
		return nil, errBody
	}
	return patches, p.end()
}

// patches reads the children of a set or remove element: one prop element.
func (p *parser) patches(patches []patch, remove bool) ([]patch, error) {
	for {
		e, err := p.next()
		if err != nil || e == nil {
			return patches, err
		}
		if kindOf(e.Name) != "prop" {
			if err := p.skip(); err != nil {
				return nil, err
			}
			continue
		}
		for {
			e, err := p.next()
			if err != nil {
				return nil, err
			}
			if e == nil {
				break
			}
			one := patch{remove: remove, deadProperty: deadProperty{Name: e.Name, Lang: langOf(e)}}
			if one.XML, err = p.fragment(); err != nil {
				return nil, err
			}
			patches = append(patches, one)
		}
	}
}
