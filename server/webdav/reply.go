package webdav

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// flushAt is how much of a listing is gathered before it is written.
const flushAt = 32 << 10

// plan is a question worked out once for files and once for folders, so that each row only appends.
type plan struct {
	only  bool // names without values
	kinds [2]answer
}

// answer is what a plan says of a file, or of a folder.
type answer struct {
	valued  []property
	missing string // the propstat of what is not there, ready to send
}

// newPlan works out a question; brief leaves out what is not there.
func newPlan(asked question, brief bool) plan {
	return plan{only: asked.only, kinds: [2]answer{newAnswer(asked, brief, false), newAnswer(asked, brief, true)}}
}

func newAnswer(asked question, brief, folder bool) answer {
	var a answer
	for live := range properties {
		if live.of(folder) && ((asked.only && live.listed()) || (asked.all && live.volunteered(folder))) {
			a.valued = append(a.valued, live)
		}
	}
	var absent []xml.Name
	for _, name := range asked.names {
		live, known := liveProperty(name)
		switch {
		case !known || !live.of(folder):
			absent = append(absent, name)
		case !slices.Contains(a.valued, live):
			a.valued = append(a.valued, live)
		}
	}
	if !brief {
		a.missing = missing(absent)
	}
	return a
}

// answer returns what the plan says of a row.
func (p *plan) answer(r *row) *answer {
	if r.folder {
		return &p.kinds[1]
	}
	return &p.kinds[0]
}

// missing renders the propstat of properties that are not there.
func missing(names []xml.Name) string {
	if len(names) == 0 {
		return ""
	}
	var b bytes.Buffer
	b.WriteString(`<D:propstat><D:prop>`)
	for _, name := range names {
		if name.Space == davSpace {
			b.WriteString(`<D:` + name.Local + `/>`)
			continue
		}
		b.WriteString(`<` + name.Local + ` xmlns="`)
		_ = xml.EscapeText(&b, []byte(name.Space)) // a bytes.Buffer takes everything
		b.WriteString(`"/>`)
	}
	b.WriteString(`</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>`)
	return b.String()
}

// reply streams the multistatus of a node and, at Depth 1, of its children. All of it comes from one snapshot, so
// nothing can vanish while it is written.
func (h *Handler) reply(w http.ResponseWriter, r *http.Request, n node, p plan) {
	deep := n.children != nil && r.Header.Get("Depth") == "1"
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(http.StatusMultiStatus)
	pooled := h.listings.get()
	defer h.listings.put(pooled)
	buf := append(*pooled, xml.Header+`<D:multistatus xmlns:D="DAV:">`...)
	buf = p.append(buf, &n.row)
	if deep {
		for child := range n.children {
			buf = p.append(buf, &child)
			if len(buf) < flushAt {
				continue
			}
			if _, err := w.Write(buf); err != nil { //nolint:gosec // names are escaped as XML, and no page is made of them
				return // the client went away
			}
			buf = buf[:0]
		}
	}
	buf = append(buf, `</D:multistatus>`...)
	_, _ = w.Write(buf) //nolint:gosec // escaped as above; the client may have gone away
	*pooled = buf
}

// append renders one response.
func (p *plan) append(b []byte, r *row) []byte {
	b = append(append(b, `<D:response><D:href>`...), r.parent...)
	b = appendEscaped(b, r.name)
	if r.folder {
		b = append(b, '/')
	}
	b = append(b, `</D:href>`...)
	a := p.answer(r)
	if len(a.valued) > 0 || a.missing == "" {
		b = append(b, `<D:propstat><D:prop>`...)
		for _, live := range a.valued {
			if p.only {
				b = append(append(append(b, `<D:`...), propertyNames()[live]...), `/>`...)
			} else {
				b = r.appendProperty(b, live)
			}
		}
		b = append(b, `</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>`...)
	}
	b = append(b, a.missing...)
	return append(b, `</D:response>`...)
}

func (r *row) appendProperty(b []byte, p property) []byte {
	switch p {
	case creationDate:
		created := r.created
		if created.IsZero() {
			created = r.modified
		}
		b = append(b, `<D:creationdate>`...)
		b = created.UTC().AppendFormat(b, time.RFC3339)
		return append(b, `</D:creationdate>`...)
	case displayName:
		b = appendText(append(b, `<D:displayname>`...), r.name)
		return append(b, `</D:displayname>`...)
	case contentLength:
		b = strconv.AppendInt(append(b, `<D:getcontentlength>`...), r.size, 10)
		return append(b, `</D:getcontentlength>`...)
	case contentType:
		b = appendText(append(b, `<D:getcontenttype>`...), r.mime)
		return append(b, `</D:getcontenttype>`...)
	case entityTag:
		b = appendText(append(b, `<D:getetag>`...), r.etag)
		return append(b, `</D:getetag>`...)
	case lastModified:
		b = append(b, `<D:getlastmodified>`...)
		b = r.modified.UTC().AppendFormat(b, http.TimeFormat)
		return append(b, `</D:getlastmodified>`...)
	case quotaUsed:
		b = strconv.AppendInt(append(b, `<D:quota-used-bytes>`...), r.used, 10)
		return append(b, `</D:quota-used-bytes>`...)
	case quotaFree:
		b = strconv.AppendInt(append(b, `<D:quota-available-bytes>`...), r.free, 10)
		return append(b, `</D:quota-available-bytes>`...)
	default:
		if r.folder {
			return append(b, `<D:resourcetype><D:collection/></D:resourcetype>`...)
		}
		return append(b, `<D:resourcetype/>`...)
	}
}

// appendText writes s as XML character data. Quotation marks may stay as they are there.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == '&':
			b = append(b, `&amp;`...)
		case c == '<':
			b = append(b, `&lt;`...)
		case c == '>':
			b = append(b, `&gt;`...)
		case (c < ' ' && c != '\t') || c == 0xFFFE || c == 0xFFFF || (c == utf8.RuneError && size == 1):
			b = append(b, "\uFFFD"...)
		default:
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return b
}

// escape writes a name as one segment of a path.
func escape(name string) string { return string(appendEscaped(nil, name)) }

// appendEscaped keeps the unreserved characters of RFC 3986 alone, so that no client has anything to misread.
func appendEscaped(b []byte, name string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
