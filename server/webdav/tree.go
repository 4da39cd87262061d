package webdav

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"fovea/clinical"
)

// partSize is how many items of a set a folder holds. Windows refuses folder replies of 1,000,000 bytes and more.
const partSize = 1000

// maxFile is the largest picture on the drive; Windows refuses downloads of 50,000,000 bytes and more.
const maxFile = 47 << 20

// node is what a path names: the root, a set, a further part of a set, a picture, or a paper.
type node struct {
	row
	set      clinical.SetID
	asset    clinical.AssetID // of a picture
	paper    *paper           // of captions and contact sheets
	shows    clinical.Folder  // what a paper shows
	children iter.Seq[row]    // of a folder
}

// row is what a listing says of one folder or file.
type row struct {
	parent   string // escaped path of the folder it is in, with a slash at its end
	name     string
	folder   bool
	size     int64
	used     int64 // bytes of what is in a folder
	free     int64 // bytes that may still be written into it: none on a read-only drive
	mime     string
	etag     string
	modified time.Time
	created  time.Time
}

// resolve finds what a path names for the caller. What is absent and what is refused are the same NotFound, of which the
// gate hears.
func (h *Handler) resolve(ctx context.Context, r *request) (node, error) {
	n, err := h.find(ctx, r)
	if s := r.path.segments; len(s) > 0 && clinical.KindOf(err) == clinical.NotFound && err != nil {
		name := ""
		if len(s) > 1 {
			name = s[len(s)-1]
		}
		h.gate.Missed(r.caller, s[0], name)
	}
	return n, err
}

func (h *Handler) find(ctx context.Context, r *request) (node, error) {
	segments := r.path.segments
	if r.path.marker() {
		return marker(r.path), nil
	}
	if len(segments) == 0 {
		return h.root(ctx, r)
	}
	set, err := h.findSet(ctx, r, segments[0])
	if err != nil {
		return node{}, err
	}
	folder, err := h.gate.Folder(ctx, r.caller, set.ID, clinical.Mount)
	if err != nil {
		return node{}, err
	}
	name, err := h.markOf(r.caller, folder)
	if err != nil {
		return node{}, err
	}
	v := view{desk: h.desk, caller: r.caller, folder: folder, mark: name, path: Prefix + "/" + escape(set.Name) + "/"}
	switch len(segments) {
	case 1:
		return v.top(ctx), nil
	case 2:
		if part, ok := partNumber(segments[1]); ok {
			return v.part(ctx, part)
		}
		return v.file(ctx, 0, segments[1], r.path.slash)
	case 3:
		if part, ok := partNumber(segments[1]); ok {
			return v.file(ctx, part, segments[2], r.path.slash)
		}
	}
	return node{}, clinical.ErrNotFound
}

// root is the folder of the sets. It asks for each set's folder, because a set that the caller owns may not be on any
// drive, and because a set's own time moves when what is in it does.
func (h *Handler) root(ctx context.Context, r *request) (node, error) {
	sets, err := h.sets(ctx, r)
	if err != nil {
		return node{}, err
	}
	parent, name := Prefix[:strings.LastIndexByte(Prefix, '/')+1], Prefix[strings.LastIndexByte(Prefix, '/')+1:]
	root := node{row: row{parent: parent, name: name, folder: true}}
	rows := make([]row, 0, len(sets))
	for _, set := range sets {
		folder, err := h.gate.Folder(ctx, r.caller, set.ID, clinical.Mount)
		if refused(err) {
			continue
		}
		if err != nil {
			return node{}, err
		}
		rows = append(rows, setRow(folder))
		root.used += rows[len(rows)-1].used
		if folder.Modified.After(root.modified) {
			root.modified = folder.Modified
		}
	}
	if root.modified.IsZero() {
		root.modified = h.since
	}
	root.children = slices.Values(rows)
	return root, nil
}

// sets returns the sets within the reach of the caller's credentials.
func (h *Handler) sets(ctx context.Context, r *request) ([]clinical.TeachingSet, error) {
	sets, err := h.gate.Sets(ctx, r.caller)
	if err != nil || r.reach == nil {
		return sets, err
	}
	return slices.DeleteFunc(slices.Clone(sets), func(s clinical.TeachingSet) bool {
		return !slices.Contains(r.reach, s.ID)
	}), nil
}

func (h *Handler) findSet(ctx context.Context, r *request, name string) (clinical.TeachingSet, error) {
	sets, err := h.sets(ctx, r)
	if err != nil {
		return clinical.TeachingSet{}, err
	}
	for _, set := range sets {
		if norm.NFC.String(set.Name) == name {
			return set, nil
		}
	}
	return clinical.TeachingSet{}, clinical.ErrNotFound
}

// refused reports whether err means that the caller does not see it, as opposed to that nobody can tell.
func refused(err error) bool {
	kind := clinical.KindOf(err)
	return err != nil && (kind == clinical.NotFound || kind == clinical.Forbidden)
}

// marker is an empty file.
func marker(l location) node {
	parent := Prefix + "/"
	for _, s := range l.segments[:len(l.segments)-1] {
		parent += escape(s) + "/"
	}
	// A fixed time: a marker is the same file for everybody, for ever.
	return node{row: row{
		parent: parent, name: l.last(), mime: "application/octet-stream", etag: `"0"`, modified: time.Unix(0, 0).UTC(),
	}}
}

// view is one set as one caller sees it now.
type view struct {
	desk   *desk
	caller clinical.Caller
	folder clinical.Folder
	mark   string // of the copies that the caller gets; empty: they get the pictures as they are
	path   string // escaped, with a slash at its end
}

func setRow(f clinical.Folder) row {
	r := row{parent: Prefix + "/", name: f.Set.Name, folder: true, modified: f.Modified, created: f.Set.CreatedAt}
	for i := range f.Entries {
		if e := &f.Entries[i]; shown(e) {
			r.used += e.Size
		}
	}
	return r
}

// top is the set's own folder: the first partSize items that were ever added, and a folder for each further part of
// which something is visible.
func (v view) top(ctx context.Context) node {
	n := node{row: setRow(v.folder), set: v.folder.Set.ID}
	n.children = func(yield func(row) bool) {
		for r := range v.files(ctx, 0) {
			if !yield(r) {
				return
			}
		}
		for _, part := range v.parts() {
			if !yield(v.partRow(part)) {
				return
			}
		}
	}
	return n
}

// parts returns the further parts of which something is visible, in order.
func (v view) parts() []int {
	var parts []int
	for i := range v.folder.Entries {
		if e := &v.folder.Entries[i]; shown(e) && e.Position >= partSize {
			parts = append(parts, e.Position/partSize)
		}
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// part is the folder of items partSize·number and on. Without a visible item it is not there.
func (v view) part(ctx context.Context, number int) (node, error) {
	if !slices.Contains(v.parts(), number) {
		return node{}, clinical.ErrNotFound
	}
	n := node{row: v.partRow(number), set: v.folder.Set.ID}
	n.children = v.files(ctx, number)
	return n, nil
}

func (v view) partRow(number int) row {
	r := row{
		parent: v.path, name: partName(number), folder: true,
		modified: v.folder.Modified, created: v.folder.Set.CreatedAt,
	}
	for i := range v.folder.Entries {
		if e := &v.folder.Entries[i]; e.Position/partSize == number && shown(e) {
			r.used += e.Size
		}
	}
	return r
}

// partPath is the escaped path of a part, with a slash at its end.
func (v view) partPath(part int) string {
	if part == 0 {
		return v.path
	}
	return v.path + partName(part) + "/"
}

// files lists the visible pictures of one part in the owner's order, and then its papers.
func (v view) files(ctx context.Context, part int) iter.Seq[row] {
	return func(yield func(row) bool) {
		parent := v.partPath(part)
		for i := range v.folder.Entries {
			e := &v.folder.Entries[i]
			if e.Position/partSize == part && shown(e) && !yield(v.picture(e, parent)) {
				return
			}
		}
		for r := range v.papers(ctx, part) {
			if !yield(r) {
				return
			}
		}
	}
}

// file finds a picture or a paper by its name.
func (v view) file(ctx context.Context, part int, name string, slash bool) (node, error) {
	if slash {
		return node{}, clinical.ErrNotFound
	}
	if name == captionsName || name == sheetName {
		return v.paper(ctx, part, name)
	}
	for i := range v.folder.Entries {
		e := &v.folder.Entries[i]
		if e.Position/partSize == part && e.Name == name && shown(e) {
			return node{row: v.picture(e, v.partPath(part)), set: v.folder.Set.ID, asset: e.Asset}, nil
		}
	}
	return node{}, clinical.ErrNotFound
}

// shown reports whether the drive can carry e at all.
func shown(e *clinical.Entry) bool { return e.Size <= maxFile }

func (v view) picture(e *clinical.Entry, parent string) row {
	return row{
		parent: parent, name: e.Name, size: e.Size, mime: e.MIME, etag: markedTag(e.ETag, v.mark),
		modified: e.Modified, created: e.Created,
	}
}

// partName names a part by the order of its making; the set's own folder is part 1.
func partName(number int) string {
	digits := strconv.Itoa(number + 1)
	return "part-" + strings.Repeat("0", max(0, 3-len(digits))) + digits
}

// partNumber is the inverse of partName; no other spelling of a number is taken.
func partNumber(name string) (int, bool) {
	digits, ok := strings.CutPrefix(name, "part-")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 2 || partName(n-1) != name {
		return 0, false
	}
	return n - 1, true
}
