package webdav

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"fovea/clinical"
)

// put answers PUT: it seals the body and only then lets the name be seen. An upload that is cut off leaves what was
// there before.
func (in *inbox) put(ctx context.Context, v *visit) {
	switch {
	case !v.writable(v.at):
		return
	case v.Header.Get("Content-Range") != "":
		plain(v.w, http.StatusBadRequest, "Send the whole file.")
		return
	case !strings.EqualFold(cmp.Or(v.Header.Get("Content-Encoding"), "identity"), "identity"):
		plain(v.w, http.StatusUnsupportedMediaType, "Send the file as it is.")
		return
	case v.at.slash:
		plain(v.w, http.StatusMethodNotAllowed, "A folder cannot be written to.")
		return
	}
	name, body := fresh(), bufio.NewReader(v.Body)
	coming := in.begin(v, name)
	if coming == nil {
		return
	}
	defer in.end(v.at.tray, name)
	blob, size := "", int64(0)
	if _, err := body.Peek(1); coming.said > 0 || !errors.Is(err, io.EOF) {
		blob = name
		if size, err = in.o.Stage.Seal(ctx, blob, &arriving{r: body, tray: v.at.tray, of: coming}); err != nil {
			in.cut(v, err)
			return
		}
	}
	if !in.lasts(v) {
		return
	}
	in.commit(ctx, v, name, &item{ID: fresh(), Blob: blob, Size: size, MIME: typeOf(v.Request)})
}

// lasts reports whether what let an upload in still stands at its end, which may be an hour later; it answers where not.
func (in *inbox) lasts(v *visit) bool {
	caller, reach, err := in.h.auth.Mount(v.Request)
	if err != nil {
		in.h.refuse(v.w, v.Request, err)
		return false
	}
	person, known := in.deliverer(caller, reach)
	if !known || !person.In(v.at.tray.studio) {
		absent(v.w)
		return false
	}
	return true
}

// begin checks a PUT before its body is read, and reserves what it says that it takes. It answers, and returns nil, where
// nothing can be written.
func (in *inbox) begin(v *visit, blob string) *arrival {
	t := v.at.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	it, ok := v.target()
	if !ok || !v.may(it, v.touching(it)) {
		return nil
	}
	said := announced(v.Request)
	coming := &arrival{names: v.at.names, said: said, reserved: said, since: in.now()}
	if said > in.o.MaxFile {
		oversized(v.w)
		return nil
	}
	if err := t.room(1, said); err != nil {
		in.spoilt(v, err)
		return nil
	}
	t.waiting[blob] = coming
	return coming
}

// end forgets an upload that was under way, and notes where it left nothing: whoever sent it may send it again.
func (in *inbox) end(t *tray, blob string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting[blob] == nil {
		return // its file is in its place
	}
	delete(t.waiting, blob)
	t.stirred = in.now()
	select {
	case in.sweep <- struct{}{}:
	default:
	}
}

// cut answers for an upload that did not come to its end.
func (in *inbox) cut(v *visit, err error) {
	switch {
	case errors.Is(err, errTooLarge):
		oversized(v.w)
	case errors.Is(err, errSlow):
		plain(v.w, http.StatusRequestTimeout, "The file came too slowly. Send it again over a better line.")
	case v.Context().Err() != nil, errors.Is(err, errCut):
		plain(v.w, http.StatusBadRequest, "The file did not come whole. Send it again.")
	default:
		in.spoilt(v, err)
	}
}

// oversized answers for a file that is larger than one may be.
func oversized(w http.ResponseWriter) {
	plain(w, http.StatusRequestEntityTooLarge, "The file is too large for this inbox.")
}

// commit puts an uploaded file into its place, if that is still as it was.
func (in *inbox) commit(ctx context.Context, v *visit, name string, it *item) {
	t := v.at.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	old, ok := v.target()
	if !ok || !v.may(old, v.touching(old)) {
		return
	}
	now := in.now().UTC()
	it.Tag, it.Modified, it.Created = newTag(), now.Truncate(time.Second), now.Truncate(time.Second)
	status := http.StatusCreated
	if old != nil {
		status, it.Props, it.Created = http.StatusNoContent, old.Props, old.Created
	}
	if err := t.place(ctx, t.find(v.at.parent().names), path.Base(v.at.key()), it); err != nil {
		in.spoilt(v, err)
		return
	}
	delete(t.waiting, name)
	v.note(clinical.ActUploaded, it.Size)
	v.w.Header().Set("ETag", it.Tag)
	v.w.WriteHeader(status)
}

// target finds what a file is about to be written over, nil where that is nothing; it answers, and reports false, where
// no file can be written. The caller holds the tray's mu.
func (v *visit) target() (*item, bool) {
	t := v.at.tray
	parent := t.find(v.at.parent().names)
	if parent == nil || !parent.Folder {
		plain(v.w, http.StatusConflict, "The folder is not there.")
		return nil, false
	}
	if t.clash(v.at, nil) {
		clashing(v.w)
		return nil, false
	}
	it := t.find(v.at.names)
	if it != nil && it.Folder {
		plain(v.w, http.StatusMethodNotAllowed, "A folder is in its place.")
		return nil, false
	}
	return it, true
}

// touching is what writing does to the request's own path, where it is or is not yet.
func (v *visit) touching(it *item) touch { return touch{key: v.at.key(), entry: it == nil} }

// typeOf is the media type of an upload: as said, or as its name says.
func typeOf(r *http.Request) string {
	said, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && said != "application/x-www-form-urlencoded" {
		return said
	}
	if known := mime.TypeByExtension(path.Ext(r.URL.Path)); known != "" {
		return known
	}
	return "application/octet-stream"
}

// mkcol answers MKCOL.
func (in *inbox) mkcol(ctx context.Context, v *visit) {
	if len(v.at.names) == 0 || v.at.key() == receiptsName {
		plain(v.w, http.StatusMethodNotAllowed, "It is there already.")
		return
	}
	if !v.writable(v.at) {
		return
	}
	if n, _ := io.ReadFull(v.Body, make([]byte, 1)); n > 0 {
		plain(v.w, http.StatusUnsupportedMediaType, "A folder is made without a body.")
		return
	}
	t := v.at.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	parent := t.find(v.at.parent().names)
	switch {
	case t.find(v.at.names) != nil:
		plain(v.w, http.StatusMethodNotAllowed, "It is there already.")
		return
	case parent == nil || !parent.Folder:
		plain(v.w, http.StatusConflict, "The folder above is not there.")
		return
	case t.clash(v.at, nil):
		clashing(v.w)
		return
	case !v.may(nil, v.touching(nil)):
		return
	}
	now := in.now().UTC().Truncate(time.Second)
	it := &item{ID: fresh(), Folder: true, Modified: now, Created: now, in: map[string]*item{}}
	err := t.room(1, 0)
	if err == nil {
		err = t.place(ctx, parent, path.Base(v.at.key()), it)
	}
	if err != nil {
		in.spoilt(v, err)
		return
	}
	v.w.WriteHeader(http.StatusCreated)
}

// remove answers DELETE. Receipts may be removed, one by one.
func (in *inbox) remove(ctx context.Context, v *visit) {
	receipt := len(v.at.names) == 2 && v.at.names[0] == receiptsName
	if !receipt && !v.writable(v.at) {
		return
	}
	t := v.at.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	it := v.found()
	if it == nil {
		return
	}
	if depth := v.Header.Get("Depth"); it.Folder && depth != "" && !strings.EqualFold(depth, "infinity") {
		plain(v.w, http.StatusBadRequest, "A folder is removed with all that is in it.")
		return
	}
	if !v.may(it, touch{key: v.at.key(), deep: true, entry: true}) {
		return
	}
	t.locks.clear(v.at.key())
	_, size := it.within()
	if err := t.take(ctx, t.find(v.at.parent().names), it); err != nil {
		in.spoilt(v, err)
		return
	}
	if !receipt {
		v.note(clinical.ActUploadRemoved, size)
	}
	v.w.WriteHeader(http.StatusNoContent)
}
