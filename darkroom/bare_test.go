package darkroom_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/darkroom"
	"fovea/darkroom/watermark"
	"fovea/internal/sandbox"
	"fovea/internal/testenv"
)

const exiftool = "/usr/bin/exiftool"

// planted is what stands for a patient's name in every corner of a file.
const planted = "DUPONT-7731-ADELE"

// plant writes the name into a file: byte by byte into a JPEG, by exiftool into
// the rest. A file that exiftool does not write is used as it is.
func plant(t *testing.T, box *sandbox.Sandbox, b []byte) []byte {
	t.Helper()
	if len(b) > 4 && b[0] == 0xff && b[1] == 0xd8 {
		var head []byte
		for _, s := range []struct {
			marker byte
			body   string
		}{
			{0xe1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + planted + "</x:xmpmeta>"},
			{0xed, "Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x16\x1c\x02\x69\x00\x11" + planted},
			{0xeb, "JP\x00\x01\x00\x00\x00\x01\x00\x00\x00\x30jumb\x00\x00\x00\x28c2pa" + planted},
			{0xfe, planted},
		} {
			n := len(s.body) + 2
			head = append(append(head, 0xff, s.marker, byte(n>>8), byte(n)), s.body...)
		}
		out := append([]byte{0xff, 0xd8}, head...)
		return append(append(out, b[2:]...), planted...)
	}
	out, err := box.Run(t.Context(), sandbox.Command{
		Path: exiftool, Args: []string{
			"-q", "-m", "-o", "-", "-ImageDescription=" + planted, "-XMP-dc:Title=" + planted, "-Artist=" + planted, "-Comment=" + planted, sandbox.DataPath,
		}, Input: sandbox.File(bytes.NewReader(b)),
	})
	if err != nil || !bytes.Contains(out, []byte(planted)) {
		return b
	}
	return out
}

// markedForm ends the name of a copy that is marked for one reader: alone of all
// it has a comment, of zeros, which makes its length what was told.
const markedForm = "marked"

// Everything that is shown to people beyond care is made by Edit or Render. A
// reader that shares no code with either finds nothing in it but what a picture
// cannot be without.
func TestNoRenditionOfAnyCameraFileTellsAnythingButPixels(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Data(t, "cameras"), "*.*"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	box, err := sandbox.Open(t.Context(), sandbox.Options{AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	way, folder := editors(t)["children"], t.TempDir()
	marker, err := watermark.New(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	made, spoilt := 0, 0
	for i, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b = plant(t, box, b)
		if bytes.Contains(b, []byte(planted)) {
			spoilt++
		}
		recipe := clinical.NewRecipe()
		recipe.Masks = []clinical.Mask{{Shape: clinical.MaskBrush, Points: []clinical.Point{pt(20, 20)}, Radius: 15, Fill: clinical.FillNoise, Cause: clinical.HidesOther}}
		opt := darkroom.EditOptions{Asset: clinicaltest.ID[clinical.Asset]("bare"), Size: sizes()[i%len(sizes())], Masked: true}
		p, err := way.Edit(t.Context(), source(b, mimeOf(f)), recipe, opt)
		if clinical.ReasonOf(err) == darkroom.ReasonUndecodable {
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(f), err)
		}
		made++
		if err := darkroom.Bare(p.JPEG); err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
		shown, err := way.Render(t.Context(), source(b, mimeOf(f)), darkroom.TeachingSize, false)
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(f), err)
		}
		var marked bytes.Buffer
		if err := marker.Embed(&marked, shown.JPEG, opt.Asset, watermark.Mark{1}); err != nil {
			t.Fatalf("%s: %v", filepath.Base(f), err)
		}
		for form, copied := range map[string][]byte{"edited": p.JPEG, "shown": shown.JPEG, markedForm: marked.Bytes()} {
			for _, part := range []string{planted, planted[:6], "Exif", "http://", "ICC_PROFILE", "jumb", "Photoshop"} {
				if bytes.Contains(copied, []byte(part)) {
					t.Errorf("%s, %s: holds %q", filepath.Base(f), form, part)
				}
			}
			if err := os.WriteFile(filepath.Join(folder, filepath.Base(f)+"."+form+".jpg"), copied, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if made < 45 || spoilt < 50 {
		t.Errorf("%d rendered, %d with a name in them, of %d", made, spoilt, len(files))
	}
	foreign(t, folder, 3*made)
}

// foreign reads a folder of pictures with exiftool and fails for every tag that
// is more than a JPEG's own description.
func foreign(t *testing.T, folder string, want int) {
	t.Helper()
	box, err := sandbox.Open(t.Context(), sandbox.Options{AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	out, err := box.Run(t.Context(), sandbox.Command{
		Path: exiftool, Args: []string{"-json", "-G1", "-a", "-U", "-ee", folder}, Binds: []sandbox.Bind{sandbox.Bind(folder)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	if err := json.Unmarshal(out, &all); err != nil || len(all) != want {
		t.Fatalf("%d files read, %v", len(all), err)
	}
	for _, tags := range all {
		for tag := range tags {
			group, _, _ := strings.Cut(tag, ":")
			switch group {
			case "SourceFile", "ExifTool", "System", "JFIF", "Composite":
			case "File":
				switch tag {
				case "File:FileType", "File:FileTypeExtension", "File:MIMEType", "File:ImageWidth", "File:ImageHeight",
					"File:EncodingProcess", "File:BitsPerSample", "File:ColorComponents", "File:YCbCrSubSampling":
				case "File:Comment":
					name, text := fmt.Sprint(tags["SourceFile"]), fmt.Sprint(tags[tag])
					if !strings.HasSuffix(name, "."+markedForm+".jpg") || strings.Trim(text, "\x00") != "" {
						t.Errorf("%s: %s %q", name, tag, text)
					}
				default:
					t.Errorf("%v: %s", tags["SourceFile"], tag)
				}
			default:
				t.Errorf("%v: %s", tags["SourceFile"], tag)
			}
			if tag == "ExifTool:Warning" || tag == "ExifTool:Error" {
				t.Errorf("%v: %v", tags["SourceFile"], tags[tag])
			}
		}
	}
}
