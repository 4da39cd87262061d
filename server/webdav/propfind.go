package webdav

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxBody is the largest PROPFIND body read. Real ones have a few hundred bytes.
const maxBody = 64 << 10

// maxAsked is the largest sum of the names of properties that one request may ask for and that the drive does not
// have. Each of them comes back once per file, so this is what bounds how much a small question can make us say.
const maxAsked = 4 << 10

// davSpace is the namespace of RFC 4918.
const davSpace = "DAV:"

// property is one of the live properties that the drive has.
type property uint8

const (
	creationDate property = iota
	displayName
	contentLength
	contentType
	entityTag
	lastModified
	resourceType
	quotaUsed
	quotaFree
	properties // how many there are
)

// propertyNames are the names of the live properties in DAV:, by property.
func propertyNames() [properties]string {
	return [properties]string{
		"creationdate", "displayname", "getcontentlength", "getcontenttype", "getetag", "getlastmodified", "resourcetype",
		"quota-used-bytes", "quota-available-bytes",
	}
}

// of reports whether a file, or a folder, has the property.
func (p property) of(folder bool) bool {
	switch p {
	case creationDate, displayName, lastModified, resourceType:
		return true
	case quotaUsed, quotaFree:
		return folder
	default:
		return !folder
	}
}

// listed reports whether the property is in an answer to propname. Quotas (RFC 4331) are for whoever asks for them.
func (p property) listed() bool { return p != quotaUsed && p != quotaFree }

// volunteered reports whether the property is in an answer to allprop. Of a file, a name that is in its path already
// and a second time are not: a thousand of them are a tenth of what Windows takes in one listing (decision 0701).
func (p property) volunteered(folder bool) bool {
	return p.listed() && (folder || (p != creationDate && p != displayName))
}

// question is what a PROPFIND body asks: the values of some properties, or the names of all.
type question struct {
	all   bool       // every property the drive has, and those of names
	only  bool       // names, without values
	names []xml.Name // without doubles
}

// The faults of a PROPFIND body.
var (
	errTooLarge = errors.New("webdav: the body is too large")
	errBody     = errors.New("webdav: the body is not a propfind element")
)

// propfind answers PROPFIND.
func (h *Handler) propfind(ctx context.Context, w http.ResponseWriter, r *request) {
	h.answer(w, r.Request, func() (node, error) { return h.resolve(ctx, r) })
}

// answer answers PROPFIND about the node that find returns.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, find func() (node, error)) {
	asked, ok := asking(w, r)
	if !ok {
		return
	}
	n, err := find()
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if n.folder && !finite(r) {
		finiteDepth(w)
		return
	}
	h.reply(w, r, n, newPlan(asked, minimal(r.Header)))
}

// asking reads what a PROPFIND asks, or answers it and reports false.
func asking(w http.ResponseWriter, r *http.Request) (question, bool) {
	asked, err := readQuestion(w, r)
	depth := r.Header.Get("Depth")
	known := slices.ContainsFunc([]string{"", "0", "1", "infinity"}, func(d string) bool { return strings.EqualFold(d, depth) })
	switch {
	case errors.Is(err, errTooLarge):
		plain(w, http.StatusRequestEntityTooLarge, "The request is too large.")
	case err != nil:
		plain(w, http.StatusBadRequest, "The request is not a PROPFIND as RFC 4918 describes it.")
	case !known:
		plain(w, http.StatusBadRequest, "The Depth is one of 0, 1 and infinity.")
	default:
		return asked, true
	}
	return question{}, false
}

// finite reports whether a listing of one folder at most is wanted.
func finite(r *http.Request) bool {
	return r.Header.Get("Depth") == "0" || r.Header.Get("Depth") == "1"
}

// finiteDepth says that the drive is not listed in one piece (RFC 4918, 9.1).
func finiteDepth(w http.ResponseWriter) {
	w.Header().Set("Content-Type", `application/xml; charset=utf-8`)
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, xml.Header+`<D:error xmlns:D="DAV:"><D:propfind-finite-depth/></D:error>`)
}

// minimal reports whether the client does not care for the properties that are not there (RFC 8144, and Microsoft's
// Brief header before it).
func minimal(header http.Header) bool {
	return strings.EqualFold(header.Get("Brief"), "t") || slices.ContainsFunc(header.Values("Prefer"), func(v string) bool {
		return strings.Contains(strings.ToLower(v), "return=minimal")
	})
}

func readQuestion(w http.ResponseWriter, r *http.Request) (question, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return question{}, errTooLarge
	}
	if err != nil {
		return question{}, err
	}
	return parseQuestion(body)
}

// parseQuestion reads a propfind element (RFC 4918, 14.20). An empty body asks for all properties. Elements it does
// not know are passed over, as the RFC asks; a DOCTYPE, a prefix without a namespace and a second root are not.
func parseQuestion(body []byte) (question, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return question{all: true}, nil
	}
	p := parser{decoder: xml.NewDecoder(bytes.NewReader(body))}
	root, err := p.next()
	if err != nil {
		return question{}, err
	}
	if root == nil || root.Name != (xml.Name{Space: davSpace, Local: "propfind"}) {
		return question{}, errBody
	}
	asked, err := p.propfind()
	if err != nil {
		return question{}, err
	}
	if second, err := p.next(); err != nil || second != nil {
		return question{}, errBody
	}
	return asked, nil
}

// parser walks through elements and checks what encoding/xml lets pass.
type parser struct {
	decoder *xml.Decoder
	spaces  []string // every namespace declared so far
}

// next returns the start of the next element, or nil at the end of the element it is in, or of the document.
func (p *parser) next() (*xml.StartElement, error) {
	for {
		token, err := p.decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, errors.Join(errBody, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			return &token, p.declare(&token)
		case xml.EndElement:
			return nil, nil
		case xml.Directive:
			return nil, errBody
		}
	}
}

// declare notes the namespaces that an element declares and checks that its own is one of them: encoding/xml takes a
// prefix that stands for nothing as the namespace itself.
func (p *parser) declare(e *xml.StartElement) error {
	for _, a := range e.Attr {
		prefixed := a.Name.Space == "xmlns"
		if prefixed && a.Value == "" {
			return errBody
		}
		if prefixed || a.Name == (xml.Name{Local: "xmlns"}) {
			p.spaces = append(p.spaces, a.Value)
		}
	}
	if e.Name.Space != "" && !slices.Contains(p.spaces, e.Name.Space) {
		return errBody
	}
	if strings.Contains(e.Name.Local, ":") {
		return errBody
	}
	return nil
}

// propfind reads the children of the root: exactly one of propname, allprop (with or without include) and prop.
func (p *parser) propfind() (question, error) {
	var asked question
	var kinds int
	var include bool
	for {
		e, err := p.next()
		if err != nil {
			return question{}, err
		}
		if e == nil {
			break
		}
		switch kindOf(e.Name) {
		case "propname":
			kinds, asked.only = kinds+1, true
			err = p.skip()
		case "allprop":
			kinds, asked.all = kinds+1, true
			err = p.skip()
		case "prop":
			kinds++
			asked.names, err = p.names(asked.names)
		case "include":
			include = true
			asked.names, err = p.names(asked.names)
		default:
			err = p.skip()
		}
		if err != nil {
			return question{}, err
		}
	}
	if kinds != 1 || (include && !asked.all) {
		return question{}, errBody
	}
	return asked, nil
}

// kindOf returns the local name of a DAV: element, nothing for one of another namespace.
func kindOf(name xml.Name) string {
	if name.Space != davSpace {
		return ""
	}
	return name.Local
}

// skip passes over the rest of the element that it is in.
func (p *parser) skip() error {
	if err := p.decoder.Skip(); err != nil {
		return errors.Join(errBody, err)
	}
	return nil
}

// names reads the names of the children of a prop or include element.
func (p *parser) names(names []xml.Name) ([]xml.Name, error) {
	size := 0
	for {
		e, err := p.next()
		if err != nil || e == nil {
			return names, err
		}
		if !slices.Contains(names, e.Name) {
			names = append(names, e.Name)
		}
		if _, live := liveProperty(e.Name); !live {
			if size += len(e.Name.Space) + len(e.Name.Local); size > maxAsked {
				return nil, errTooLarge
			}
		}
		if err := p.skip(); err != nil {
			return nil, err
		}
	}
}

// liveProperty finds the property that the drive has under a name.
func liveProperty(name xml.Name) (property, bool) {
	if name.Space != davSpace {
		return 0, false
	}
	i := slices.Index(namesOfProperties(), name.Local)
	return property(max(i, 0)), i >= 0
}

func namesOfProperties() []string {
	names := propertyNames()
	return names[:]
}
