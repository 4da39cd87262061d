package ingest_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/ingest"
	"fovea/internal/testenv"
)

func inspect(t testing.TB, b []byte, name string) ingest.Inspection {
	t.Helper()
	in, err := ingest.Inspect(bytes.NewReader(b), int64(len(b)), name)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func cameraFiles(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testenv.Data(t, "cameras"), "*.*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no camera files: %v", err)
	}
	out := map[string][]byte{}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(p)] = b
	}
	return out
}

func TestEveryCameraFileIsWholeOrRefusedWithATrueReason(t *testing.T) {
	for name, b := range cameraFiles(t) {
		in := inspect(t, b, name)
		var want clinical.Reason
		switch {
		case strings.HasSuffix(name, ".nef"): // JPEGs under a raw format's name
			want = "type-lies"
		case strings.HasSuffix(name, ".heif"): // crafted to break a reader: any reason will do
			want = in.Reason
		}
		if in.Reason != want {
			t.Errorf("%s: reason %q, want %q (%s %dx%d, end %d of %d)", name, in.Reason, want, in.MIME, in.Width, in.Height, in.End, in.Size)
		}
		if want == "" && (in.Width == 0 || in.End > in.Size) {
			t.Errorf("%s: %dx%d, end %d of %d", name, in.Width, in.Height, in.End, in.Size)
		}
	}
}

func TestTruncatedFilesAreNoticedWhereverTheyAreCut(t *testing.T) {
	for name, b := range cameraFiles(t) {
		in := inspect(t, b, name)
		if !in.Fit() || in.End != in.Size { // a tail may go missing unnoticed
			continue
		}
		for _, part := range []int{1, 3, 7, 9} {
			cut := b[:len(b)*part/10]
			if got := inspect(t, cut, name); got.Fit() {
				t.Errorf("%s cut to %d %%: passes as whole", name, part*10)
			}
		}
	}
}

func TestBytesAfterAWholeJPEGAreKeptAndNoFault(t *testing.T) {
	b := []byte("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x12\xff\x00\x34\xff\xd9")
	in := inspect(t, append(b, "PK\x03\x04 a ZIP begins"...), "x.jpg")
	if !in.Fit() || in.End != int64(len(b)) || in.Width != 32 || in.Height != 16 {
		t.Errorf("%+v", in)
	}
}

// png builds a PNG that claims to be w by h and has n bytes of pixels.
func png(w, h uint32, n int, end bool) []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		_ = binary.Write(&b, binary.BigEndian, uint32(len(data)))
		b.WriteString(name)
		b.Write(data)
		_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(append([]byte(name), data...)))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	chunk("IHDR", append(head, 8, 2, 0, 0, 0))
	chunk("IDAT", make([]byte, n))
	if end {
		chunk("IEND", nil)
	}
	return b.Bytes()
}

func TestHostileFilesGetTheirReason(t *testing.T) {
	tests := []struct {
		what, name string
		b          []byte
		want       clinical.Reason
	}{
		{"no bytes", "a.jpg", nil, "empty"},
		{"one byte", "a.jpg", []byte{0xff}, "type-unknown"},
		{"text", "a.jpg", []byte("DUPONT, Jean\n"), "type-unknown"},
		{"a program", "a.jpg", []byte("\x7fELF\x02\x01\x01"), "type-unknown"},
		{"pixel bomb", "a.png", png(30000, 30000, 100, true), "too-many-pixels"},
		{"no pixels", "a.png", png(0, 10, 100, true), "unreadable"},
		{"unfinished PNG", "a.png", png(10, 10, 100, false), "truncated"},
		{"whole PNG", "a.png", png(10, 10, 100, true), ""},
		{"PNG named JPEG", "a.jpg", png(10, 10, 100, true), "type-lies"},
		{"whole PNG, no name", "", png(10, 10, 100, true), ""},
		{"JPEG header only", "a.jpg", []byte("\xff\xd8\xff\xe0"), "truncated"},
		{"JPEG of two pictures' starts", "a.jpg", []byte("\xff\xd8\xff\xd8\xff\xd9"), "unreadable"},
		{"TIFF that points outside", "a.tif", []byte("II*\x00\xff\xff\xff\xff"), "truncated"},
		{"TIFF that points at itself", "a.tif", []byte("II*\x00\x08\x00\x00\x00\x01\x00\x4a\x01\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00\x00"), "too-many-pixels"},
		{"boxes larger than the file", "a.mp4", []byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\x7f\xff\xff\xffmdat"), "truncated"},
		{"box smaller than itself", "a.mp4", []byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\x00\x00\x00\x02mdat"), "unreadable"},
	}
	for _, tt := range tests {
		if got := inspect(t, tt.b, tt.name); got.Reason != tt.want {
			t.Errorf("%s: reason %q, want %q", tt.what, got.Reason, tt.want)
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(png(10, 10, 10, true))
	f.Add([]byte("\xff\xd8\xff\xda\x00\x02\xff\xd9"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x11\x00\x04\xff\xff\xff\xff\x00\x00\x00\x08"))
	f.Add([]byte("\x00\x00\x00\x10ftypheic\x00\x00\x00\x00\x00\x00\x00\x20meta\x00\x00\x00\x00\x00\x00\x00\x14iloc\x02\x00\x00\x00\x44\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := inspect(t, b, "x")
		if in.Fit() && (in.End <= 0 || in.End > in.Size || in.MIME == "") {
			t.Errorf("fit, but %+v", in)
		}
	})
}

func BenchmarkInspect(b *testing.B) {
	data := cameraFiles(b)["jpg-Nikon-D90.jpg"]
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		inspect(b, data, "x.jpg")
	}
}
