package webdav

import (
	"io"
	"net/http"
	"strconv"

	"fovea/clinical"
)

// reserve is in what steps room is reserved for an upload that does not say how large it is, in bytes.
const reserve = 1 << 20

// errFull is what reading an upload fails with once there is no room for it.
var errFull = clinical.Refuse(clinical.Unavailable, "inbox-full", "There is no room in this inbox right now.")

// arrival is an upload under way.
type arrival struct {
	names    []string // where it is to go
	reserved int64    // bytes for which there is room
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

// Read reads, as long as there is room.
func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	a.read += int64(n)
	if a.read > a.tray.inbox.o.MaxFile {
		return 0, errTooLarge
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
