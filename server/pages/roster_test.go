package pages

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fovea/clinical"
)

func TestARosterFileIsTakenWhole(t *testing.T) {
	sent := func(list string) (string, error) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		file, err := w.CreateFormFile("file", "roster.csv")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write([]byte(list))
		_ = w.Close()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sets/x/roster", &body)
		r.Header.Set("Content-Type", w.FormDataContentType())
		text, err := rosterText(r)
		if len(r.MultipartForm.File["file"]) != 1 {
			t.Fatal("the file is not in the form")
		}
		return text, err
	}
	line := "emil" + strings.Repeat(" ", 508)
	if text, err := sent(line + "\nstella"); err != nil || !strings.HasSuffix(text, "stella") {
		t.Errorf("a file that fits: %d bytes, %v", len(text), err)
	}
	if text, err := sent(strings.Repeat(line+"\n", 1100) + "stella"); clinical.ReasonOf(err) != "roster-size" {
		t.Errorf("a file that does not: %d bytes, %v", len(text), err)
	}
}
