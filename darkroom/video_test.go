package darkroom_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/internal/sandbox"
	"fovea/internal/testenv"
)

// A video of a camera with place and date, one that has a name planted, and one
// that the test makes with sound, chapters and a title.
func TestAVideoIsCopiedWithoutWhatItTells(t *testing.T) {
	box, err := sandbox.Open(t.Context(), sandbox.Options{AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	r := darkroom.NewRenderer(box)
	b, err := os.ReadFile(testenv.Data(t, "cameras", "mov-with-gps.mov"))
	if err != nil {
		t.Fatal(err)
	}
	made, err := box.Run(t.Context(), sandbox.Command{
		Path: "/usr/bin/ffmpeg", Args: []string{
			"-v", "quiet", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=2", "-f", "lavfi", "-i", "sine=duration=2",
			"-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-metadata", "title=" + planted, "-metadata:s:v", "handler_name=" + planted,
			"-metadata", "creation_time=2026-01-01T00:00:00Z", "-f", "mp4", "-movflags", "frag_keyframe+empty_moov", "pipe:1",
		},
	})
	if err != nil || !bytes.Contains(made, []byte(planted)) || !bytes.Contains(made, []byte("x264")) {
		t.Fatalf("%d bytes, %v", len(made), err)
	}
	for name, src := range map[string][]byte{"camera": b, "planted": plant(t, box, b), "made": made} {
		out, err := r.Remux(t.Context(), source(src, "video/quicktime"), false)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if darkroom.BareVideo(src) == nil {
			t.Errorf("%s: the original passes for bare", name)
		}
		for _, part := range []string{planted, "x264", "Apple", "\xa9xyz", "GPS"} {
			if bytes.Contains(out, []byte(part)) {
				t.Errorf("%s: holds %q", name, part)
			}
		}
		nothingTold(t, box, name, out)
		again, err := r.Remux(t.Context(), source(src, "video/quicktime"), true)
		if err != nil || !bytes.Equal(out, again) {
			t.Errorf("%s: copied twice differs: %v", name, err)
		}
		if p, err := r.Render(t.Context(), source(out, "video/mp4"), darkroom.ThumbnailSize, false); err != nil || p.Width < 100 {
			t.Errorf("%s: the copy has no picture: %v", name, err)
		}
	}
	if _, err := r.Remux(t.Context(), source([]byte("no video"), "video/mp4"), false); clinical.KindOf(err) != clinical.Invalid {
		t.Errorf("no video: %v", err)
	}
}

// nothingTold has exiftool, which shares no code with ffprobe and BareVideo, read
// a video: whatever it finds is about the frames.
func nothingTold(t *testing.T, box *sandbox.Sandbox, name string, b []byte) {
	t.Helper()
	text, err := box.Run(t.Context(), sandbox.Command{
		Path: "/usr/bin/exiftool", Args: []string{"-j", "-a", "-u", "-G", "-ee3", "-"}, Input: sandbox.Stream(bytes.NewReader(b)),
	})
	if err != nil {
		t.Fatal(name, err)
	}
	var found []map[string]any
	if err := json.Unmarshal(text, &found); err != nil || len(found) != 1 || len(found[0]) < 10 {
		t.Fatalf("%s: exiftool found %d things, %v", name, len(found), err)
	}
	for tag, value := range found[0] {
		said := fmt.Sprint(value)
		dated := !strings.HasPrefix(tag, "File:") && strings.Contains(tag, "Date") && said != "0000:00:00 00:00:00"
		told := regexp.MustCompile(`GPS|Make|Model|Software|Title|Comment|Author|Artist|Location|Description|Keywords|Copyright|Encoder|Chapter|Album|Serial`).MatchString(tag)
		if dated || told && tag != "QuickTime:HandlerDescription" && tag != "QuickTime:CompressorName" || strings.Contains(said, planted) {
			t.Errorf("%s: exiftool reads %s: %s", name, tag, said)
		}
	}
}
