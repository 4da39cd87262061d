package ingest

import (
	"errors"
	"io"

	"fovea/clinical"
)

// looked is what a file's content says it is.
type looked struct {
	mime   string
	ext    string
	video  bool
	reason clinical.Reason // why it cannot be filed; empty: whole and known
}

// incomplete reports whether what is missing may still come.
func (l looked) incomplete() bool { return l.reason == reasonTruncated || l.reason == reasonEmpty }

// look inspects the container of an open file.
func (s *station) look(src *source) (looked, error) {
	in, err := Inspect(src.file, src.size, src.name())
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return looked{}, errChanged
	}
	if err != nil {
		return looked{}, fileError("read file", err)
	}
	return looked{mime: in.MIME, ext: in.Ext(), video: in.Video, reason: in.Reason}, nil
}
