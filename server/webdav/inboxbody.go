package webdav

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"fovea/clinical"
)

// reserve is in what steps room is reserved for an upload that does not say how large it is, in bytes.
const reserve = 1 << 20

// An upload may take as long as it needs, if it comes at least this fast after a while of grace.
const (
	graceTime = time.Minute
	leastRate = 8 << 10 // bytes in a second
)

// errSlow is what reading an upload fails with that comes too slowly.
var errSlow = clinical.Errorf(clinical.Unavailable, "webdav: an upload comes too slowly")

// errCut is what reading an upload fails with that does not come whole.
var errCut = clinical.Errorf(clinical.Invalid, "webdav: an upload was cut off")

// errFull is what reading an upload fails with once there is no room for it.
var errFull = clinical.Refuse(clinical.Unavailable, "inbox-full", "There is no room in this inbox right now.")

// arrival is an upload under way.
type arrival struct {
	names    []string // where it is to go
	said     int64    // bytes that it has, 0 where that was not said
	reserved int64    // bytes for which there is room
	since    time.Time
}

// announced is how large a request says that its body is, 0 where it does not. Finder sends its files in chunks and says
// their length in a header of its own.
func announced(r *http.Request) int64 {
	if r.ContentLength >= 0 {
		return r.ContentLength
	}
	said, err := strconv.ParseInt(r.Header.Get("X-Expected-Entity-Length"), 10, 64)
	if err != nil {
		return 0
	}
	return max(said, 0)
}

// arriving is the body of an upload. Room for it is reserved as it arrives, so that several that do not say how large
// they are go side by side.
type arriving struct {
	r    io.Reader
	tray *tray
	of   *arrival
	read int64
}

// Read reads, as long as there is room and it goes on.
func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	a.read += int64(n)
	if err != nil && (a.read < a.of.said || !errors.Is(err, io.EOF)) {
		return 0, errCut
	}
	if a.read > a.tray.inbox.o.MaxFile {
		return 0, errTooLarge
	}
	if late := a.tray.inbox.now().Sub(a.of.since) - graceTime; late > 0 && a.read < int64(late.Seconds()*leastRate) {
		return 0, errSlow
	}
	if a.read > a.of.reserved {
		if err := a.tray.enlarge(a.of, a.read); err != nil {
			return 0, err
		}
	}
	return n, err
}

// enlarge reserves room for an upload: for a step ahead, or where that is not free for what has come.
func (t *tray) enlarge(a *arrival, to int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	ahead := min((to+reserve-1)/reserve*reserve, t.inbox.o.MaxFile)
	if t.room(0, ahead-a.reserved) == nil {
		a.reserved = ahead
		return nil
	}
	if err := t.room(0, to-a.reserved); err != nil {
		return err
	}
	a.reserved = to
	return nil
}
