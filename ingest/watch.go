package ingest

import (
	"github.com/fsnotify/fsnotify"
)

// watch tells a station that something moved in its folder, sooner than the
// next look would. It is a convenience: network shares send no events, events
// get lost, and nothing but a look at the folder is ever believed.
type watch struct {
	w       *fsnotify.Watcher
	root    string
	folders map[string]bool
	done    chan struct{}
}

// newWatch starts a watch that rings the station's bell. Where the system gives
// no watcher there are no events, and the looks remain.
func newWatch(s *station) *watch {
	w := &watch{root: s.studio.Folder, folders: map[string]bool{}, done: make(chan struct{})}
	if s.in.opt.NoEvents {
		close(w.done)
		return w
	}
	var err error
	if w.w, err = fsnotify.NewWatcher(); err != nil {
		s.in.opt.Log.Warn("ingest: no file events, looking at intervals", "studio", s.studio.ID)
		w.w = nil
		close(w.done)
		return w
	}
	go w.listen(s)
	return w
}

// listen ends when close closes the watcher.
func (w *watch) listen(s *station) {
	defer close(w.done)
	for {
		select {
		case _, ok := <-w.w.Events:
			if !ok {
				return
			}
			s.nudge()
		case _, ok := <-w.w.Errors:
			if !ok {
				return
			}
			s.nudge() // events were lost: look
		}
	}
}

// follow watches the root and the given folders and forgets those that are gone.
func (w *watch) follow(folders []string) {
	if w.w == nil {
		return
	}
	now := map[string]bool{"": true}
	for _, f := range folders {
		now[f] = true
	}
	for f := range w.folders {
		if !now[f] {
			_ = w.w.Remove(w.path(f))
		}
	}
	for f := range now {
		if !w.folders[f] && w.w.Add(w.path(f)) != nil {
			delete(now, f) // tried again at the next look
		}
	}
	w.folders = now
}

// lost forgets every watch: the folder went away, and what comes back under its
// name is another.
func (w *watch) lost() {
	if w.w == nil {
		return
	}
	for f := range w.folders {
		_ = w.w.Remove(w.path(f))
	}
	w.folders = map[string]bool{}
}

func (w *watch) path(rel string) string { return w.root + "/" + rel }

// close ends the watch and waits for its goroutine.
func (w *watch) close() {
	if w.w != nil {
		_ = w.w.Close()
	}
	<-w.done
}
