package epr

import (
	"encoding/hex"
	"io"

	"fovea/clinical"
)

// Fault is how an error of the file system is told.
func Fault(err error) error { return fault("write", err) }

// WriteRow writes names, sums and number of a delivery of so many pictures.
func WriteRow(w io.Writer, id clinical.ReleaseID, many int) error {
	r := row{number: id.String(), delivery: id}
	for i := range many {
		r.pictures, r.sums = append(r.pictures, picture(id, i)), append(r.sums, hex.EncodeToString(make([]byte, 32)))
	}
	return r.writeTo(w, []string{"pictures", "sha256", "count"}, ',')
}
