package webdav

import (
	"net/http"
	"strings"
)

// What a studio is being given stays as it is, where it is, until it is known what became of it: the studio reads whose
// a picture is from where it lies and from the tickets beside it, and what it kept is not read back or sent on from here.

// hand notes what is given to the studio now. The caller holds mu.
func (t *tray) hand(parcels []parcel) {
	for _, p := range parcels {
		t.handed[p.item.ID] = true
	}
}

// handBack notes what is the sender's again.
func (t *tray) handBack(parcels []parcel) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range parcels {
		delete(t.handed, p.item.ID)
	}
}

// busy reports whether what is on a path is being given to the studio: where deep also something below it, and where the
// path is a ticket's something that the ticket is about. The caller holds mu.
func (t *tray) busy(key string, deep bool) bool {
	if len(t.handed) == 0 {
		return false
	}
	names := strings.Split(key, "/")
	it := t.find(names)
	if last := len(names) - 1; ticket(names[last]) && (it == nil || !it.Folder) {
		it, deep = t.find(names[:last]), true
	}
	return it != nil && t.handedIn(it, deep)
}

func (t *tray) handedIn(it *item, deep bool) bool {
	if t.handed[it.ID] {
		return true
	}
	if deep {
		for _, c := range it.in {
			if t.handedIn(c, true) {
				return true
			}
		}
	}
	return false
}

// taking answers for what is being given to the studio.
func taking(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	plain(w, http.StatusLocked, "The studio is taking this right now. Look into the receipts in a moment.")
}
