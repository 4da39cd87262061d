package webdav

import (
	"net/http"
	"sync"

	"fovea/clinical"
)

// perDevice is how many requests of one device may be under way. Desktops mount with fewer than ten, rclone and
// synchronizers with a few dozen.
const perDevice = 64

// devices counts the requests that each device has under way, so that one mount cannot take the place of the others.
type devices struct {
	each int
	mu   sync.Mutex
	by   map[string]int
}

func newDevices(each int) *devices {
	if each == 0 {
		each = perDevice
	}
	return &devices{each: each, by: map[string]int{}}
}

// enter counts a request until leave is called, or refuses it.
func (d *devices) enter(c clinical.Caller) (leave func(), ok bool) {
	key := c.Person.String() + "/" + c.Device
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.by[key] >= d.each {
		return nil, false
	}
	d.by[key]++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.by[key]--; d.by[key] == 0 {
			delete(d.by, key)
		}
	}, true
}

// crowded answers a device that has as much under way as it may. Its connection stays: closing it would cost both sides
// another handshake.
func crowded(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	plain(w, http.StatusTooManyRequests, "This device has too many requests under way. Wait a moment, then try again.")
}
