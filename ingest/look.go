package ingest

import (
	"net/http"

	"fovea/clinical"
)

// looked is what a file's content says it is.
type looked struct {
	mime   string
	ext    string
	reason clinical.Reason // why it cannot be filed; empty: whole and known
}

// look inspects the container of an open file.
func (s *station) look(src *source) (looked, error) {
	var head [512]byte
	n, _ := src.reader().Read(head[:])
	return looked{mime: http.DetectContentType(head[:n]), ext: "jpg"}, nil
}
