package webdav

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxSegment is longer than any name on the drive, in bytes once it is composed.
const maxSegment = 255

// maxDepth is one more segment than the deepest picture has, for what clients leave beside it.
const maxDepth = 4

// location is a path below a prefix, taken apart: decoded, NFC, each part a plain name.
type location struct {
	segments []string
	slash    bool // a slash at its end: only a folder can be meant
}

// parsePath takes apart an escaped path below Prefix.
func parsePath(escaped string) (location, bool) { return parseUnder(Prefix, maxDepth, escaped) }

// parseUnder takes apart an escaped path below a prefix, of at most depth parts. It splits before it decodes, so that an escaped slash stays inside its
// segment, where it is refused; and it refuses what cleaning would turn into another path.
func parseUnder(prefix string, depth int, escaped string) (location, bool) {
	rest, ok := strings.CutPrefix(escaped, prefix)
	if !ok || (rest != "" && rest[0] != '/') {
		return location{}, false
	}
	rest = strings.TrimPrefix(rest, "/")
	if rest == "" {
		return location{slash: true}, true
	}
	var at location
	if rest, ok = strings.CutSuffix(rest, "/"); ok {
		at.slash = true
	}
	for part := range strings.SplitSeq(rest, "/") {
		name, err := url.PathUnescape(part)
		if err == nil {
			// Finder sends names decomposed, which makes them longer; the drive's own names are composed.
			name = norm.NFC.String(name)
		}
		if err != nil || !plainName(name) || len(at.segments) == depth {
			return location{}, false
		}
		at.segments = append(at.segments, name)
	}
	return at, true
}

// plainName reports whether name can be a file's name anywhere.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= maxSegment && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' })
}

// last returns the last segment, empty at the root.
func (l location) last() string {
	if len(l.segments) == 0 {
		return ""
	}
	return l.segments[len(l.segments)-1]
}

// litter reports whether the path is one of those that desktops probe for in every folder. They are never there, and
// saying so must cost nothing.
func (l location) litter() bool {
	name := l.last()
	return strings.HasPrefix(name, "._") || slices.ContainsFunc(
		[]string{".DS_Store", "Thumbs.db", "desktop.ini"},
		func(known string) bool { return strings.EqualFold(known, name) },
	)
}

// marker reports whether the path is one of the empty files that tell a desktop not to crawl the drive for its search
// and its thumbnails. They can be opened everywhere and are listed nowhere.
func (l location) marker() bool {
	return !l.slash && (l.last() == ".metadata_never_index" || l.last() == ".ql_disablethumbnails")
}
