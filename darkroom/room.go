package darkroom

import (
	"fovea/clinical"
	"fovea/darkroom/watermark"
)

// room measures how long the marked copies of a picture on a drive are. The
// others of a picture are marked for nobody, and one that cannot be is not shown
// where a mark is owed.
func (f *Follower) room(kind clinical.RenditionKind, jpeg []byte) int {
	if !onDrives(kind) {
		return 0
	}
	r, err := watermark.Measure(jpeg)
	if err != nil {
		f.opt.Log.Warn("rendition cannot be marked", "kind", kind, "err", err)
		return 0
	}
	return r.Length
}

// onDrives reports whether a rendition is what sets show on a mounted drive.
func onDrives(kind clinical.RenditionKind) bool {
	return kind == clinical.Teaching || kind == clinical.Masked
}

// unmeasured reports whether nobody knows how long a rendition's marked copies
// are: it is from an earlier version of the program.
func unmeasured(r clinical.Rendition) bool { return onDrives(r.Kind) && r.Room == 0 }
