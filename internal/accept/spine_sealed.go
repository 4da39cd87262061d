package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"

	"fovea/internal/demo"
)

// secrets are the words that must be nowhere: of patients, and of what is said about their pictures.
func (h *hospital) secrets() map[string]bool {
	words := map[string]bool{}
	add := func(text string) {
		for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(w) >= 6 {
				words[w] = true
			}
		}
	}
	for _, p := range h.demo.Patients {
		for _, text := range []string{p.Family, p.Given, p.Number} {
			add(text)
		}
	}
	// The ticket examples of demo.json, and the captions of everything else that was dropped.
	for _, s := range h.demo.Studios {
		var t struct {
			Files map[string]struct {
				Caption string `json:"caption"`
			} `json:"files"`
		}
		if err := json.Unmarshal(s.Ticket, &t); err == nil {
			for _, f := range t.Files {
				add(f.Caption)
			}
		}
	}
	for _, s := range demo.New(time.Now(), time.UTC).Shoots {
		for _, f := range s.Frames {
			add(f.Caption)
		}
	}
	return words
}

// nothingInPlain: no file under DATA and no log holds a patient's name or number, a word of a caption, or a JPEG.
func nothingInPlain(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	// What is shown must not leave traces either: searches, listings, a picture, a refusal.
	if _, err := h.picture(ctx); err != nil {
		return "", err
	}
	for _, p := range h.demo.Patients {
		q := map[string][]string{"q": {p.Family + " " + p.Number}}
		if _, err := h.as("henri").search(ctx, q); err != nil {
			return "", err
		}
		_, _, _ = h.cli(ctx, "--as", "henri", "patient", "show", p.System+":"+p.Number) // found or refused: neither is logged
	}
	words := h.secrets()
	if err := h.stop(); err != nil {
		return "", err
	}
	var seen int64
	files := 0
	look := func(path string) error {
		n, err := plain(path, words)
		seen, files = seen+n, files+1
		return err
	}
	err = filepath.WalkDir(h.data(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return look(path)
	})
	err = errors.Join(err, look(h.log()))
	figure := fmt.Sprintf("%d words and JPEG headers sought in %d MiB of %d files: none", len(words), seen>>20, files)
	if err == nil && (len(words) < 40 || seen < 1<<20) {
		err = errors.New("too little was sought or looked at")
	}
	return figure, err
}

// The places between data and holes in a file; see lseek(2).
const (
	seekData = 3
	seekHole = 4
)

// plain looks through the parts of a file that are not holes, and returns how many bytes these were.
func plain(path string, words map[string]bool) (seen int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	for at := int64(0); ; {
		from, err := f.Seek(at, seekData)
		if errors.Is(err, syscall.ENXIO) { // no data from here on
			return seen, nil
		}
		if err != nil {
			return seen, err
		}
		to, err := f.Seek(from, seekHole)
		if err != nil {
			return seen, err
		}
		b, err := io.ReadAll(io.NewSectionReader(f, from, to-from))
		if err != nil {
			return seen, err
		}
		if what := found(b, words); what != "" {
			return seen, fmt.Errorf("%s holds %s in plain", filepath.Base(path), what)
		}
		seen += to - from
		at = to
	}
}

// found names what of the forbidden is in b. It does not repeat the word.
func found(b []byte, words map[string]bool) string {
	for w := range words {
		if bytes.Contains(b, []byte(w)) || bytes.Contains(b, []byte(strings.ToLower(w))) {
			return fmt.Sprintf("a word of %d letters beginning with %.2s", len([]rune(w)), w)
		}
	}
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte{0xFF, 0xD8, 0xFF})
		if i < 0 {
			return ""
		}
		at += i
		head := b[at:min(at+12, len(b))]
		if bytes.Contains(head, []byte("JFIF")) || bytes.Contains(head, []byte("Exif")) {
			return "a JPEG"
		}
		at++
	}
}
