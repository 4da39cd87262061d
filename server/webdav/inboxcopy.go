package webdav

import (
	"context"
	"net/http"
	"path"
	"strings"

	"fovea/clinical"
)

// errand is a COPY or MOVE, taken apart.
type errand struct {
	move bool
	deep bool
	over bool // what is there may be overwritten
	to   at
}

// copyOrMove answers COPY and MOVE.
func (in *inbox) copyOrMove(ctx context.Context, v *visit) {
	e, ok := in.errand(v)
	if !ok {
		return
	}
	t := v.at.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	it := v.found()
	if it == nil {
		return
	}
	folder, old := t.find(e.to.parent().names), t.find(e.to.names)
	if folder == nil || !folder.Folder {
		plain(v.w, http.StatusConflict, "The folder that it is to go to is not there.")
		return
	}
	if t.clash(e.to, e.renamed(it)) {
		clashing(v.w)
		return
	}
	if old != nil && !e.over {
		plain(v.w, http.StatusPreconditionFailed, "Something is there already.")
		return
	}
	if t.busy(v.at.key(), true) {
		taking(v.w)
		return
	}
	touches := []touch{{key: e.to.key(), deep: true, entry: old == nil}}
	if e.move {
		touches = append(touches, touch{key: v.at.key(), deep: true, entry: true})
	}
	if !v.may(it, touches...) {
		return
	}
	before := t.bytes
	if err := t.carry(ctx, v.at, e, it); err != nil {
		in.spoilt(v, err)
		return
	}
	v.noteCarried(e, old, t.bytes-before)
	if old != nil {
		v.w.WriteHeader(http.StatusNoContent)
		return
	}
	v.w.WriteHeader(http.StatusCreated)
}

// renamed is what goes from its name, nil for a copy.
func (e errand) renamed(it *item) *item {
	if e.move {
		return it
	}
	return nil
}

// noteCarried tells the ledger what a COPY or MOVE wrote over, and what a COPY brought: more is how many bytes the inbox
// has more than before.
func (v *visit) noteCarried(e errand, old *item, more int64) {
	var gone int64
	if old != nil {
		_, gone = old.within()
		v.note(clinical.ActUploadRemoved, gone)
	}
	if !e.move {
		v.note(clinical.ActUploaded, more+gone)
	}
}

// errand reads the headers of a COPY or MOVE, or answers and reports false.
func (in *inbox) errand(v *visit) (errand, bool) {
	e := errand{move: v.Method == "MOVE", deep: true, over: !strings.EqualFold(strings.TrimSpace(v.Header.Get("Overwrite")), "F")}
	destination := v.Header.Get("Destination")
	if destination == "" {
		plain(v.w, http.StatusBadRequest, "Say in Destination where it is to go.")
		return e, false
	}
	person, _ := in.o.People.PersonByID(v.caller.Person)
	to, ok := in.resource(v.Request, destination, person)
	switch depth := v.Header.Get("Depth"); {
	case !ok, to.tray != v.at.tray:
		plain(v.w, http.StatusBadGateway, "It can only go somewhere in the same inbox.")
		return e, false
	case depth == "0" && !e.move:
		e.deep = false
	case depth != "" && !strings.EqualFold(depth, "infinity"):
		plain(v.w, http.StatusBadRequest, "The Depth is 0 or infinity, and infinity to move.")
		return e, false
	}
	e.to = to
	if !v.writable(v.at) || !v.writable(to) {
		return e, false
	}
	from, key := v.at.key(), to.key()
	if from == key || below(from, key) || below(key, from) {
		plain(v.w, http.StatusForbidden, "It cannot go into, onto or above itself.")
		return e, false
	}
	return e, true
}

// carry copies or moves an item to where an errand says. The caller holds mu.
func (t *tray) carry(ctx context.Context, from at, e errand, it *item) error {
	folder, name := t.find(e.to.parent().names), path.Base(e.to.key())
	if !e.move {
		n, b := it.within()
		if !e.deep {
			n, b = 1, it.Size
		}
		if err := t.room(n, b); err != nil {
			return err
		}
		c, err := t.copyOf(ctx, it, e.deep)
		if err != nil {
			return err
		}
		return t.place(ctx, folder, name, c)
	}
	was, parent := *it, t.find(from.parent().names)
	n, b := it.within()
	delete(parent.in, was.Name)
	t.items, t.bytes = t.items-n, t.bytes-b
	if err := t.place(ctx, folder, name, it); err != nil {
		if folder.in[name] != it { // nothing was changed
			it.Parent, it.Name, it.Placed = was.Parent, was.Name, was.Placed
			parent.in[was.Name] = it
			t.items, t.bytes = t.items+n, t.bytes+b
		}
		return err
	}
	t.touched(parent)
	t.locks.clear(from.key())
	return nil
}
