package webdav_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"
)

// response is one response of a multistatus, with its properties by "namespace name".
type response struct {
	path    string // decoded
	found   map[string]string
	missing map[string]bool
}

type rawMultistatus struct {
	XMLName   xml.Name `xml:"DAV: multistatus"`
	Responses []struct {
		Href     string `xml:"DAV: href"`
		Propstat []struct {
			Status string `xml:"DAV: status"`
			Prop   struct {
				Inner []struct {
					XMLName xml.Name
					Text    string `xml:",chardata"`
					Nested  []struct {
						XMLName xml.Name
					} `xml:",any"`
				} `xml:",any"`
			} `xml:"DAV: prop"`
		} `xml:"DAV: propstat"`
	} `xml:"DAV: response"`
}

// readMultistatus reads a whole answer; anything behind its end, or an end that is not there, is a fault.
func readMultistatus(body []byte) ([]response, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	var raw rawMultistatus
	if err := decoder.Decode(&raw); err != nil {
		return nil, err
	}
	if token, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("behind the end: %v %v", token, err)
	}
	var out []response
	for _, r := range raw.Responses {
		path, err := url.PathUnescape(r.Href)
		if err != nil {
			return nil, err
		}
		one := response{path: path, found: map[string]string{}, missing: map[string]bool{}}
		for _, stat := range r.Propstat {
			for _, p := range stat.Prop.Inner {
				name := p.XMLName.Space + " " + p.XMLName.Local
				text := p.Text
				for _, n := range p.Nested {
					text += "<" + n.XMLName.Local + ">"
				}
				switch stat.Status {
				case "HTTP/1.1 200 OK":
					one.found[name] = text
				case "HTTP/1.1 404 Not Found":
					one.missing[name] = true
				default:
					return nil, fmt.Errorf("status %q", stat.Status)
				}
			}
		}
		out = append(out, one)
	}
	return out, nil
}

func parseMultistatus(tb testing.TB, body []byte) []response {
	tb.Helper()
	out, err := readMultistatus(body)
	if err != nil {
		tb.Fatalf("multistatus: %v\n%.2000s", err, body)
	}
	return out
}
