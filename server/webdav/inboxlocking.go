package webdav

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"time"
)

// maxOwner is the largest description of a lock's owner, in bytes.
const maxOwner = 4 << 10

// lock answers LOCK: a new lock, or the refreshing of one.
func (in *inbox) lock(ctx context.Context, v *visit) {
	if !v.writable(v.at) {
		return
	}
	want, refresh, err := in.wantedLock(v)
	switch {
	case errors.Is(err, errTooLarge):
		plain(v.w, http.StatusRequestEntityTooLarge, "The request is too large.")
		return
	case err != nil:
		plain(v.w, http.StatusBadRequest, "The request is not a LOCK as RFC 4918 describes it.")
		return
	}
	t := v.at.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	if refresh {
		in.refresh(v, want)
		return
	}
	status, ok := in.lockable(ctx, v, want)
	if !ok {
		return
	}
	if err := t.locks.add(want); err != nil {
		in.spoilt(v, err)
		return
	}
	v.w.Header().Set("Lock-Token", "<"+want.token+">")
	in.sayLock(v, status, want)
}

// wantedLock reads a LOCK. Without a body it is to refresh a lock.
func (in *inbox) wantedLock(v *visit) (want *lock, refresh bool, err error) {
	want = &lock{root: v.at.key(), deep: true, person: v.caller.Person, lease: lease(v.Header.Get("Timeout"))}
	switch depth := v.Header.Get("Depth"); {
	case depth == "0":
		want.deep = false
	case depth != "" && !strings.EqualFold(depth, "infinity"):
		return nil, false, errBody
	}
	p, err := openBody(v.w, v.Request, "lockinfo")
	if errors.Is(err, errBody) && v.ContentLength == 0 {
		return want, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	return want, false, p.lockinfo(want)
}

// lockinfo reads the children of a lockinfo element (RFC 4918, 14.11).
func (p *parser) lockinfo(want *lock) error {
	var scope, kind string
	for {
		e, err := p.next()
		if err != nil {
			return err
		}
		if e == nil {
			break
		}
		switch kindOf(e.Name) {
		case "lockscope":
			scope, err = p.only()
		case "locktype":
			kind, err = p.only()
		case "owner":
			want.owner, err = p.fragment()
		default:
			err = p.skip()
		}
		if err != nil {
			return err
		}
	}
	if (scope != "exclusive" && scope != "shared") || kind != "write" {
		return errBody
	}
	if len(want.owner) > maxOwner {
		return errTooLarge
	}
	want.shared = scope == "shared"
	return p.end()
}

// only reads to the end of an element and returns the name of the last DAV: element in it.
func (p *parser) only() (name string, err error) {
	for {
		e, err := p.next()
		if err != nil || e == nil {
			return name, err
		}
		name = kindOf(e.Name)
		if err := p.skip(); err != nil {
			return "", err
		}
	}
}

// refresh gives the locks that the request submits their time anew.
func (in *inbox) refresh(v *visit, want *lock) {
	locks := v.at.tray.locks
	for _, token := range v.cond.tokens {
		l := locks.held(token, v.at.key(), v.caller.Person)
		if l == nil || !v.holds() {
			continue
		}
		l.lease = want.lease
		locks.extend(l)
		in.sayLock(v, http.StatusOK, l)
		return
	}
	plain(v.w, http.StatusPreconditionFailed, "There is no such lock.")
}

// lockable makes sure that a path may be locked, and makes an empty file where nothing is (RFC 4918, 7.3). It answers,
// and reports false, where that cannot be.
func (in *inbox) lockable(ctx context.Context, v *visit, want *lock) (status int, ok bool) {
	t := v.at.tray
	it := t.find(v.at.names)
	parent := t.find(v.at.parent().names)
	switch {
	case it == nil && (parent == nil || !parent.Folder):
		plain(v.w, http.StatusConflict, "The folder is not there.")
		return 0, false
	case it == nil && v.at.slash:
		absent(v.w)
		return 0, false
	case !v.may(it):
		return 0, false
	case t.busy(v.at.key(), false):
		taking(v.w)
		return 0, false
	}
	if l := t.locks.conflict(want); l != nil {
		v.locked(l.root)
		return 0, false
	}
	if it != nil {
		return http.StatusOK, true
	}
	if t.clash(v.at, nil) {
		clashing(v.w)
		return 0, false
	}
	if !v.may(nil, touch{key: v.at.key(), entry: true}) {
		return 0, false
	}
	now := in.now().UTC().Truncate(time.Second)
	empty := &item{ID: fresh(), MIME: typeOf(v.Request), Tag: newTag(), Modified: now, Created: now}
	err := t.room(1, 0)
	if err == nil {
		err = t.place(ctx, parent, path.Base(v.at.key()), empty)
	}
	if err != nil {
		in.spoilt(v, err)
		return 0, false
	}
	return http.StatusCreated, true
}

// sayLock answers with a lock.
func (in *inbox) sayLock(v *visit, status int, l *lock) {
	v.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	v.w.WriteHeader(status)
	b := append([]byte(xml.Header), `<D:prop xmlns:D="DAV:"><D:lockdiscovery>`...)
	b = append(v.at.tray.appendLock(b, l), `</D:lockdiscovery></D:prop>`...)
	_, _ = v.w.Write(b) // the client may have gone away
}

// appendLock writes an activelock element.
func (t *tray) appendLock(b []byte, l *lock) []byte {
	return l.append(b, t.href(strings.Split(l.root, "/")), t.inbox.now())
}

// unlock answers UNLOCK.
func (in *inbox) unlock(_ context.Context, v *visit) {
	_, _ = io.Copy(io.Discard, io.LimitReader(v.Body, maxBody))
	token := strings.TrimSpace(v.Header.Get("Lock-Token"))
	token, opened := strings.CutPrefix(token, "<")
	token, closed := strings.CutSuffix(token, ">")
	if !opened || !closed {
		plain(v.w, http.StatusBadRequest, "Say in Lock-Token which lock is meant.")
		return
	}
	t := v.at.tray
	t.mu.Lock()
	defer t.mu.Unlock()
	t.locks.expire()
	l := t.locks.by[token]
	switch {
	case l == nil || !l.covers(v.at.key()):
		plain(v.w, http.StatusConflict, "There is no such lock here.")
	case l.person != v.caller.Person:
		plain(v.w, http.StatusForbidden, "The lock is somebody else's.")
	case !v.holds():
		plain(v.w, http.StatusPreconditionFailed, "It is not as the request says any more.")
	default:
		t.locks.remove(l)
		t.stirred = in.now()
		v.w.WriteHeader(http.StatusNoContent)
	}
}
