package webdav

import (
	"bytes"
	"context"
	"iter"
	"net/http"

	"fovea/clinical"
)

// errDrawing says that a contact sheet is not ready yet.
var errDrawing = clinical.Errorf(clinical.Unavailable, "webdav: the contact sheet is being drawn")

// of returns the folder with the entries of one part alone.
func (v view) of(part int) clinical.Folder {
	f := v.folder
	in := func(e *clinical.Entry) bool { return e.Position/partSize == part && shown(e) }
	whole := true
	for i := range f.Entries {
		whole = whole && in(&f.Entries[i])
	}
	if whole {
		return f
	}
	f.Entries = nil
	for i := range v.folder.Entries {
		if e := &v.folder.Entries[i]; in(e) {
			f.Entries = append(f.Entries, *e)
		}
	}
	return f
}

// papers lists the papers of one part, where there is something that they could show. A contact sheet is listed once it
// is drawn: its size is not known before.
func (v view) papers(ctx context.Context, part int) iter.Seq[row] {
	return func(yield func(row) bool) {
		f := v.of(part)
		if len(f.Entries) == 0 {
			return
		}
		shows := sum(f)
		if p := v.desk.captions(ctx, f, shows); p != nil && !yield(v.paperRow(p, part)) {
			return
		}
		if p, _ := v.desk.sheet(ctx, order{caller: v.caller, folder: f}, shows, waits{first: glance}); p != nil {
			yield(v.paperRow(p, part))
		}
	}
}

func (v view) paperRow(p *paper, part int) row {
	mime := "text/csv; charset=utf-8"
	if p.name == sheetName {
		mime = "application/pdf"
	}
	return row{
		parent: v.partPath(part), name: p.name, size: int64(len(p.data)), mime: mime, etag: p.etag,
		modified: v.folder.Modified, created: v.folder.Set.CreatedAt,
	}
}

// paper finds a paper by its name, and waits for a contact sheet that is being drawn.
func (v view) paper(ctx context.Context, part int, name string) (node, error) {
	f := v.of(part)
	if len(f.Entries) == 0 {
		return node{}, clinical.ErrNotFound
	}
	shows := sum(f)
	var p *paper
	pending := false
	if name == captionsName {
		p = v.desk.captions(ctx, f, shows)
	} else {
		p, pending = v.desk.sheet(ctx, order{caller: v.caller, folder: f}, shows, waits{first: patience, later: patience})
	}
	switch {
	case pending:
		return node{}, errDrawing
	case p == nil:
		return node{}, clinical.ErrNotFound
	}
	return node{row: v.paperRow(p, part), set: f.Set.ID, paper: p, shows: f}, nil
}

// servePaper sends a paper for as long as its reader sees what is on it.
func (h *Handler) servePaper(ctx context.Context, w http.ResponseWriter, r *request, n node) {
	if r.Method == http.MethodGet {
		if err := h.desk.tell(ctx, r.caller, n.paper, n.shows); err != nil {
			h.fail(w, r.Request, err)
			return
		}
	}
	header := w.Header()
	header.Set("Content-Type", n.mime)
	header.Set("ETag", n.etag)
	if n.paper.noStore {
		header.Set("Cache-Control", "private, no-cache, no-store")
	}
	oneRange(r.Header)
	out := &stream{ResponseWriter: w, h: h, r: r}
	http.ServeContent(out, r.Request, "", n.modified, &watched{Reader: bytes.NewReader(n.paper.data), still: func() error {
		return h.stillShows(ctx, r, n.shows)
	}})
}

// stillShows reports, by NotFound, that a reader no longer sees just what was in a folder.
func (h *Handler) stillShows(ctx context.Context, r *request, was clinical.Folder) error {
	now, err := h.gate.Folder(ctx, r.caller, was.Set.ID, clinical.Mount)
	if err != nil {
		return err
	}
	v := view{folder: now}
	f := v.of(was.Entries[0].Position / partSize)
	if len(f.Entries) == len(was.Entries) && &f.Entries[0] == &was.Entries[0] {
		return nil // the same snapshot
	}
	if sum(f) != sum(was) {
		return clinical.ErrNotFound
	}
	return nil
}

// watched reads a paper and asks, before each piece, whether its reader still sees what is on it.
type watched struct {
	*bytes.Reader
	still func() error
}

// Read reads a piece.
func (p *watched) Read(b []byte) (int, error) {
	if err := p.still(); err != nil {
		return 0, err
	}
	return p.Reader.Read(b)
}
