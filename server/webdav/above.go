package webdav

import (
	"net/http"
	"slices"
	"strings"

	"fovea/clinical"
)

// above is the folder that the drive and the inboxes are in.
const above = "/dav"

// Above reports whether a path names one of the folders above the drive, through which Windows walks from the root
// before it mounts.
func Above(path string) bool { return slices.Contains([]string{"/", above, above + "/"}, path) }

// walk answers PROPFIND about a folder above the drive, for who has credentials. Nothing is in it but the way to what
// they may open.
func (h *Handler) walk(w http.ResponseWriter, r *http.Request, c clinical.Caller, reach []clinical.SetID) {
	folder := func(parent, name string) row {
		return row{parent: parent, name: name, folder: true, modified: h.since}
	}
	top, in := folder("", ""), []row{folder("/", above[1:])}
	if r.URL.Path != "/" {
		top = in[0]
		in = []row{folder(above+"/", strings.TrimPrefix(Prefix, above+"/"))}
		if h.inbox.opens(c, reach) {
			in = append(in, folder(above+"/", strings.TrimPrefix(InboxPrefix, above+"/")))
		}
	}
	h.answer(w, r, func() (node, error) { return node{row: top, children: slices.Values(in)}, nil })
}

// opens reports whether the folder of the inboxes opens for a caller's credentials.
func (in *inbox) opens(c clinical.Caller, reach []clinical.SetID) bool {
	if len(in.trays) == 0 || reach != nil {
		return false
	}
	person, known := in.o.People.PersonByID(c.Person)
	return known && delivers(person)
}
