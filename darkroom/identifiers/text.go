package identifiers

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"fovea/internal/sandbox"
)

const (
	tesseract = "/usr/bin/tesseract"
	sparse    = "11" // its page segmentation: as much text as possible, in no order
)

// patience bounds the four looks for text at one picture together.
const patience = 40 * time.Second

// word is what is kept of a word that was read: where it lies, how sure the
// engine is, and what it is made of. Its letters are dropped as soon as they are
// counted.
type word struct {
	box             image.Rectangle // in the picture that was read
	sure            float64         // 0 to 1
	letters, digits int
	others          int  // characters that are neither
	measure         bool // it could stand on a ruler: a number up to 300, or a unit
	date            bool // figures and two strokes between them
}

// read runs the engine once over a picture.
func (f *Finder) read(ctx context.Context, img *image.Gray) ([]word, error) {
	out, err := f.box.Run(ctx, sandbox.Command{
		Path: f.program,
		Args: []string{"stdin", "stdout", "--psm", sparse, "--dpi", "150", "-l", "eng", "tsv"},
		Env:  []string{"OMP_THREAD_LIMIT=1"},
		Input: sandbox.Stream(io.MultiReader(
			strings.NewReader(fmt.Sprintf("P5\n%d %d\n255\n", img.Rect.Dx(), img.Rect.Dy())), bytes.NewReader(img.Pix))),
		Limits: sandbox.Limits{CPU: patience, Memory: 2 << 30, File: 1 << 20, Output: 8 << 20, Input: maxPixels + 64},
	})
	if err != nil {
		return nil, err
	}
	words := parse(out)
	clear(out)
	return words, nil
}

// parse reads the engine's table, one word a line.
func parse(table []byte) []word {
	var words []word
	for line := range bytes.Lines(table) {
		cells := bytes.SplitN(bytes.TrimRight(line, "\r\n"), []byte("\t"), 12)
		if len(cells) != 12 || string(cells[0]) != "5" {
			continue
		}
		var n [4]int
		ok := true
		for i := range n {
			v, err := strconv.Atoi(string(cells[6+i]))
			n[i], ok = v, ok && err == nil && v >= 0 && v <= maxPixels
		}
		sure, err := strconv.ParseFloat(string(cells[10]), 64)
		if !ok || err != nil || !(sure >= 0 && sure <= 100) {
			continue
		}
		w := word{box: image.Rect(n[0], n[1], n[0]+n[2], n[1]+n[3]), sure: sure / 100}
		w.count(cells[11])
		words = append(words, w)
	}
	return words
}

func (w *word) count(text []byte) {
	for _, r := range string(text) {
		switch {
		case unicode.IsLetter(r):
			w.letters++
		case unicode.IsDigit(r):
			w.digits++
		default:
			w.others++
		}
	}
	w.date = dated(text)
	w.measure = onRuler(strings.ToLower(string(bytes.Trim(text, ".,|-_"))))
}

// dated reports whether a word has the shape of a date: three numbers of two or
// four figures with strokes, points or dashes between them.
func dated(word []byte) bool {
	parts := bytes.FieldsFunc(word, func(r rune) bool { return r == '/' || r == '.' || r == '-' })
	figures := 0
	for _, p := range parts {
		if _, err := strconv.Atoi(string(p)); err != nil || len(p) > 4 {
			return false
		}
		figures += len(p)
	}
	return len(parts) == 3 && figures >= 5
}

// onRuler reports whether a word can stand on a ruler: a unit, a whole number up
// to 50, or a round one up to 300.
func onRuler(word string) bool {
	switch word {
	case "cm", "mm", "in", "inch":
		return true
	}
	n, err := strconv.Atoi(word)
	return err == nil && len(word) <= 3 && n >= 0 && (n <= 50 || n <= 300 && n%10 == 0)
}
