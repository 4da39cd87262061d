package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// entry is what a listing of the drive says of one file or folder.
type entry struct {
	path string // as it came, escaped
	name string
	etag string
	size string
}

// multistatus is a reply to PROPFIND, as RFC 4918 has it.
type multistatus struct {
	XMLName   xml.Name   `xml:"DAV: multistatus"`
	Responses []response `xml:"DAV: response"`
}

type response struct {
	Href     string `xml:"DAV: href"`
	Propstat []struct {
		Status string `xml:"DAV: status"`
		Prop   struct {
			ETag   string `xml:"DAV: getetag"`
			Length string `xml:"DAV: getcontentlength"`
		} `xml:"DAV: prop"`
	} `xml:"DAV: propstat"`
}

func (r response) entry() (e entry, err error) {
	e.path = r.Href
	for _, p := range r.Propstat {
		if strings.Contains(p.Status, " 200 ") {
			e.etag, e.size = p.Prop.ETag, p.Prop.Length
		}
	}
	plain, err := url.PathUnescape(strings.TrimSuffix(e.path, "/"))
	e.name = plain[strings.LastIndexByte(plain, '/')+1:]
	return e, err
}

// folder is the path of a set on the drive.
func folder(set string) string { return "/dav/teaching/" + url.PathEscape(set) + "/" }

// errGone is the answer to a folder that is not there, or not for this person.
var errGone = errors.New("the drive says 404")

// list reads a folder of the drive and all the folders of further parts in it: pictures by name, without the papers. A reply that is not
// exactly one well-formed document is an error.
func (c *client) list(ctx context.Context, path string) (map[string]entry, error) {
	r, err := c.request(ctx, "PROPFIND", path, http.NoBody, "Depth", "1")
	if err != nil {
		return nil, err
	}
	a, err := c.send(r)
	if err != nil {
		return nil, err
	}
	if a.status == http.StatusNotFound {
		return nil, errGone
	}
	if a.status != http.StatusMultiStatus {
		return nil, fmt.Errorf("PROPFIND: %s", a)
	}
	m, err := wellFormed(a.body)
	if err != nil {
		return nil, fmt.Errorf("PROPFIND is not well-formed: %w", err)
	}
	out := map[string]entry{}
	for _, res := range m.Responses {
		if res.Href == path || len(res.Propstat) == 0 {
			continue
		}
		e, err := res.entry()
		if err != nil {
			return nil, err
		}
		switch {
		case strings.HasSuffix(e.path, ".jpg"):
			out[e.name] = e
		case strings.HasSuffix(e.path, "/"):
			part, err := c.list(ctx, e.path)
			if err != nil && !errors.Is(err, errGone) {
				return nil, err
			}
			maps.Copy(out, part)
		}
	}
	return out, nil
}

// wellFormed parses all of a reply: nothing may follow the document.
func wellFormed(b []byte) (m multistatus, err error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&m); err != nil {
		return m, err
	}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		if text, ok := t.(xml.CharData); !ok || len(bytes.TrimSpace(text)) > 0 {
			return m, errors.New("something follows the document")
		}
	}
}

// listed waits until a set has exactly n files on a person's drive.
func (c *client) listed(ctx context.Context, set string, n int) (map[string]entry, error) {
	var files map[string]entry
	err := until(ctx, time.Minute+time.Duration(n)*time.Second, fmt.Sprintf("%d files are on the drive", n), func(ctx context.Context) (bool, error) {
		var err error
		files, err = c.list(ctx, folder(set))
		if errors.Is(err, errGone) {
			return n == 0, nil
		}
		return len(files) == n, err
	})
	if err != nil {
		err = fmt.Errorf("%w; there are %d", err, len(files))
	}
	return files, err
}

// never is a name in the folder of path that never existed.
func never(path string) string {
	return path[:strings.LastIndexByte(path, '/')+1] + "999999-Never%20there.jpg"
}

// absent reports an error unless path answers every way of asking as a name that never existed does.
func (c *client) absent(ctx context.Context, path, etag string) error {
	ways := [][]string{
		{http.MethodGet},
		{http.MethodHead},
		{http.MethodGet, "Range", "bytes=0-1023"},
		{http.MethodGet, "If-None-Match", etag},
		{http.MethodHead, "If-None-Match", "*"},
		{http.MethodGet, "If-Match", etag},
		{http.MethodGet, "If-Range", etag, "Range", "bytes=10-"},
		{http.MethodGet, "If-Modified-Since", time.Now().UTC().Format(http.TimeFormat)},
		{"PROPFIND", "Depth", "0"},
		{http.MethodOptions},
	}
	for _, way := range ways {
		got, err := c.ask(ctx, way[0], path, way[1:]...)
		if err != nil {
			return err
		}
		want, err := c.ask(ctx, way[0], never(path), way[1:]...)
		if err != nil {
			return err
		}
		if way[0] != http.MethodOptions && got.status != http.StatusNotFound {
			return fmt.Errorf("%v is answered: %s", way, got)
		}
		if !got.same(want) {
			return fmt.Errorf("%v can be told from a name that never existed: %s, not %s", way, got, want)
		}
	}
	return nil
}

// etags is a listing in one text: names and ETags, in order.
func etags(files map[string]entry) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b.WriteString(name + " " + files[name].etag + "\n")
	}
	return b.String()
}
