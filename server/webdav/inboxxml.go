package webdav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// xmlSpace is the namespace of the prefix xml, which needs no declaration.
const xmlSpace = "http://www.w3.org/XML/1998/namespace"

// openBody reads a body whose root is the DAV: element of a name, and stands inside it.
func openBody(w http.ResponseWriter, r *http.Request, root string) (*parser, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, err
	}
	p := &parser{decoder: xml.NewDecoder(bytes.NewReader(body))}
	e, err := p.next()
	if err != nil {
		return nil, err
	}
	if e == nil || kindOf(e.Name) != root {
		return nil, errBody
	}
	return p, nil
}

// end checks that nothing follows the root.
func (p *parser) end() error {
	if second, err := p.next(); err != nil || second != nil {
		return errBody
	}
	return nil
}

// langOf returns an element's own xml:lang.
func langOf(e *xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "lang" && (a.Name.Space == xmlSpace || a.Name.Space == "xml") {
			return a.Value
		}
	}
	return ""
}

// fragment reads to the end of the element that the parser stands in and returns what was in it, with every namespace
// declared where it is used, so that it means the same wherever it is put.
func (p *parser) fragment() (string, error) {
	var b []byte
	var open []string
	for {
		token, err := p.decoder.Token()
		if err != nil {
			return "", errors.Join(errBody, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if err := p.declare(&token); err != nil {
				return "", err
			}
			b = appendStart(b, &token)
			open = append(open, token.Name.Local)
		case xml.EndElement:
			if len(open) == 0 {
				return string(b), nil
			}
			b = append(append(append(b, `</`...), open[len(open)-1]...), '>')
			open = open[:len(open)-1]
		case xml.CharData:
			b = appendAttribute(b, string(token))
		case xml.Directive:
			return "", errBody
		}
	}
}

// appendStart writes a start tag.
func appendStart(b []byte, e *xml.StartElement) []byte {
	b = append(append(b, '<'), e.Name.Local...)
	b = append(appendAttribute(append(b, ` xmlns="`...), e.Name.Space), '"')
	prefixes := 0
	for _, a := range e.Attr {
		switch {
		case a.Name.Space == "xmlns" || (a.Name.Space == "" && a.Name.Local == "xmlns"):
			continue
		case a.Name.Space == "":
			b = append(b, ' ')
		case a.Name.Space == xmlSpace || a.Name.Space == "xml":
			b = append(b, ` xml:`...)
		default:
			prefixes++
			prefix := "n" + strconv.Itoa(prefixes)
			b = append(appendAttribute(append(b, ` xmlns:`+prefix+`="`...), a.Name.Space), `" `+prefix+`:`...)
		}
		b = append(append(b, a.Name.Local...), `="`...)
		b = append(appendAttribute(b, a.Value), '"')
	}
	return append(b, '>')
}

// appendAttribute writes s so that it may stand as an attribute's value and as character data.
func appendAttribute(b []byte, s string) []byte {
	out := bytes.NewBuffer(b)
	_ = xml.EscapeText(out, []byte(s)) // a bytes.Buffer takes everything
	return out.Bytes()
}
