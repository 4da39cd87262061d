package main

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"fovea/internal/demo"
)

// A picture whose file no drive could show, as Windows refuses 50,000,000 bytes, is on the drive all the same: small
// enough, whole, and as large as its listing says.
func TestAPictureTooLargeForADriveIsThereSmaller(t *testing.T) {
	const most, long = 47 << 20, 2048
	h := newHouse(t)
	h.start()
	h.populate()
	b, err := demo.Picture(demo.LegUlcer, 1, demo.Options{
		Taken: time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC), Height: 1600, Camera: demo.Camera{Make: "Canon", Model: "EOS", Serial: "1"},
	})
	h.check(err)
	large := commented(b, most+1<<20)
	h.drop(map[string][]byte{"IMG_A.JPG": large})
	h.eventually("kept", func() bool { return len(h.assets()) == 1 })
	if size := h.assets()["IMG_A.JPG"].Original.Size; size != int64(len(large)) || size <= most {
		t.Fatalf("the original has %d bytes, want %d", size, len(large))
	}

	folder := h.release()
	h.eventually("on the drive", func() bool { return len(h.listing("stanislaus", folder)) == 1 })
	picture := h.listing("stanislaus", folder)[0]
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		res, body := h.ask(t.Context(), "stanislaus", method, picture)
		if res.StatusCode != http.StatusOK || res.ContentLength <= 0 || res.ContentLength > most {
			t.Fatalf("%s: %s, %d bytes", method, res.Status, res.ContentLength)
		}
		if method == http.MethodHead {
			continue
		}
		shown, err := jpeg.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("what was read is no picture: %v", err)
		}
		if size := shown.Bounds().Size(); max(size.X, size.Y) != long {
			t.Errorf("it is %v, want the longer side to be %d", size, long)
		}
		if _, listed := h.ask(t.Context(), "stanislaus", "PROPFIND", picture, "Depth", "0"); !bytes.Contains(listed, []byte("<D:getcontentlength>"+strconv.Itoa(len(body))+"<")) {
			t.Errorf("the listing has another size than the %d bytes read:\n%s", len(body), listed)
		}
	}
}

// commented is a JPEG file with comments that make it larger than size.
func commented(file []byte, size int) []byte {
	const most = 1<<16 - 1 // of a segment, its length included
	segment := append([]byte{0xFF, 0xFE}, binary.BigEndian.AppendUint16(nil, most)...)
	segment = append(segment, bytes.Repeat([]byte{'.'}, most-2)...)
	return slices.Concat(file[:2], bytes.Repeat(segment, size/len(segment)+1), file[2:])
}
