package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"fovea/internal/demo"
)

// badInputDoesNoHarm: whatever lies in a watch folder, each file is kept, in quarantine with a reason, or ignored with
// a reason; the program is none the worse.
func badInputDoesNoHarm(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 12, "henri")
	if err != nil {
		return "", err
	}
	warm, err := small(2, 12)
	if err != nil {
		return "", err
	}
	if _, err := h.land(ctx, p, warm); err != nil {
		return "", err
	}
	fds, err := h.descriptors()
	if err != nil {
		return "", err
	}
	before, err := h.receipts(studioB, nil)
	if err != nil {
		return "", err
	}
	n, err := h.dropBad(p)
	if err != nil {
		return "", err
	}
	all, err := h.accounted(ctx, studioB, before.names, n)
	sum := all.sum
	if err != nil {
		return sum.String(), err
	}
	_, quarantined, err := h.fate(ctx, p.ID)
	if err != nil {
		return "", err
	}
	err = errors.Join(h.explained(studioB, slices.Collect(maps.Values(quarantined))), h.unharmed(ctx, fds))
	if sum.Found != n {
		err = errors.Join(err, fmt.Errorf("%d things were dropped, receipts say %s", n, sum))
	}
	why := 0
	for _, times := range all.reasons {
		why += times
	}
	if why < sum.Quarantined+sum.Ignored {
		err = errors.Join(err, fmt.Errorf("%d reasons for %d in quarantine and %d ignored", why, sum.Quarantined, sum.Ignored))
	}
	return sum.String(), err
}

// dropBad drops everything bad there is and returns how many things that were.
func (h *hospital) dropBad(p demoPatient) (n int, err error) {
	names, err := badNames()
	if err != nil {
		return 0, err
	}
	bodies, err := badBodies()
	if err != nil {
		return 0, err
	}
	ticket := ticketFor(p, nil)
	for _, files := range [][]file{append(names, ticket), append(bodies, ticket), {
		{"DSC_0001.JPG", append(bytes.Clone(names[0].body), 0)}, // in a folder whose ticket is too large
		{"ticket.json", append(bytes.TrimSuffix(ticket.body, []byte("}")), append(bytes.Repeat([]byte(" "), 10<<20), '}')...)},
	}} {
		if _, err := h.drop(studioB, files); err != nil {
			return 0, err
		}
		n += len(files)
	}
	special, err := h.dropSpecial(p, names[0].body)
	return n + special, err
}

// badNames are good pictures with names that trouble programs.
func badNames() ([]file, error) {
	names := []string{
		"plain.jpg", "new\nline.jpg", "-rf.jpg", "--help.jpg", strings.Repeat("n", 251) + ".jpg",
		"e\u0301clair.jpg", "\u00e9clair 2.jpg", "\u202egpj.exe.jpg", "bad\xff\xfeutf8.jpg", " leading.jpg", "trailing .jpg",
		"semi;colon$(id).jpg", "quote'\"`.jpg", "%s%n.jpg", "back\\slash.jpg", "tab\there.jpg", "..jpg.jpg", "\u200b.jpg",
	}
	var files []file
	for i, name := range names {
		b, err := demo.Picture(demo.ArmScar, uint64(100+i), demo.Options{Height: 240, Taken: time.Now().Add(-time.Duration(i) * time.Hour)})
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, b})
	}
	return files, nil
}

// badBodies are files that are not what they say.
func badBodies() ([]file, error) {
	whole, err := demo.Picture(demo.LegUlcer, 200, demo.Options{Height: 480, Taken: time.Now().Add(-time.Hour)})
	if err != nil {
		return nil, err
	}
	var little bytes.Buffer
	if err := png.Encode(&little, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		return nil, err
	}
	huge, err := hugePNG(30000)
	return []file{
		{"empty.jpg", nil},
		{"truncated.jpg", whole[:len(whole)*2/3]},
		{"header-only.jpg", whole[:4]},
		{"really-png.jpg", little.Bytes()},
		{"really-jpeg.png", append(bytes.Clone(whole), 0)},
		{"really-text.jpg", []byte("MZ this is no picture at all\n")},
		{"really-html.tif", []byte("<script>alert(1)</script>")},
		{"zeros.jpg", make([]byte, 1<<20)},
		{"huge.png", huge},
		{"program.exe", []byte("MZ\x90\x00")},
		{"Thumbs.db", []byte{0xD0, 0xCF, 0x11, 0xE0}},
		{"._DSC_0001.JPG", []byte{0, 5, 22, 7}},
	}, err
}

// hugePNG is a valid black PNG of side × side pixels in little space.
func hugePNG(side int) ([]byte, error) {
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	row := make([]byte, 1+(side+7)/8)
	for range side {
		if _, err := z.Write(row); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(side))
	head = binary.BigEndian.AppendUint32(head, uint32(side))
	head = append(head, 1, 0, 0, 0, 0) // one bit of grey
	b := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range []struct {
		kind string
		data []byte
	}{{"IHDR", head}, {"IDAT", pixels.Bytes()}, {"IEND", nil}} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(chunk.data)))
		from := len(b)
		b = append(append(b, chunk.kind...), chunk.data...)
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[from:]))
	}
	return b, nil
}

// dropSpecial drops what is no file: a link out of the folder, a link to a folder, a FIFO, a socket's kind of name, and
// folders in one another, 19 and 22 deep.
func (h *hospital) dropSpecial(p demoPatient, body []byte) (n int, err error) {
	dir, err := h.drop(studioB, []file{ticketFor(p, nil)})
	if err != nil {
		return 0, err
	}
	outside := filepath.Join(h.dir, "outside.jpg")
	err = errors.Join(
		os.WriteFile(outside, body, 0o600),
		os.Symlink(outside, filepath.Join(dir, "link.jpg")),
		os.Symlink("/etc/passwd", filepath.Join(dir, "passwd.jpg")),
		syscall.Mkfifo(filepath.Join(dir, "fifo.jpg"), 0o600),
	)
	n = 4 // the ticket is one
	for _, depth := range []int{18, 24} {
		deep := filepath.Join(dir, fmt.Sprintf("to-%d", depth)) // two levels deep already
		for i := range depth - 2 {
			deep = filepath.Join(deep, fmt.Sprint(i))
		}
		// No two alike: a duplicate is another outcome.
		err = errors.Join(err, os.MkdirAll(deep, 0o700), os.WriteFile(filepath.Join(deep, "deep.jpg"), append(bytes.Clone(body), byte(depth)), 0o600))
		n++
	}
	return n, err
}
