package policy

import (
	"strings"

	"fovea/clinical"
)

// moving reports whether an original is a video. A mask hides a place, and faces
// in a video move on: what is made of one recipe is its first frame alone. Until
// every frame can be masked no flattened copy of a video counts, and none leaves.
func moving(a *clinical.Asset) bool { return strings.HasPrefix(a.Original.MIME, "video/") }

// stillOnly refuses to take the masks of one frame for those of a video.
func stillOnly() error {
	return conflict("video-frames", "Fovea does not mask videos: a mask covers one place, and faces move. Take a still picture of the video, file it, and mask that.")
}

// stillsLeave refuses a release of a video in any form but the original, save to
// those who treat the patient: what would leave is its first frame.
func (a *act) stillsLeave(r *clinical.Release) error {
	if r.Rendition == clinical.Original || r.Kind.Purpose() == clinical.P0 {
		return nil
	}
	for _, id := range r.Assets {
		if pic, ok := a.snap.pictures.get(id); ok && pic.frame.moving {
			return conflict("video-frames", "A video does not leave without what identifies: Fovea does not mask its frames. Take a still picture of it, file that, and release it in the video's place.")
		}
	}
	return nil
}
