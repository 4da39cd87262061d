//go:build mounts

package mounts_test

import (
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/webdav"
)

// TestDavfs2ListsTenThousandPictures lists a set of 10,000 pictures of 500 patients, folder by folder: none is missing,
// none is there twice, no folder has more than a thousand, and what is read is what was kept.
func TestDavfs2ListsTenThousandPictures(t *testing.T) {
	demoOf(t) // which says what is missing for a mount
	const many, folders = 10_000, 10
	h := testenv.NewHouse(t)
	content := func(nth int) []byte {
		if nth%1000 != 500 {
			return fmt.Append(nil, "picture ", nth)
		}
		return []byte(strings.Repeat(fmt.Sprint("picture ", nth), 20_000))
	}
	testenv.NewLecture(t, h.Vault, many, content).Publish("Wounds", many)
	h.Settle()
	server := httptest.NewTLSServer(webdav.New(webdav.Options{Gate: h.Gate, Auth: h.Login, Now: clinicaltest.Now}))
	t.Cleanup(server.Close)
	issued, err := h.Login.IssueAppPassword(t.Context(), clinicaltest.ID[clinical.Person]("stella"), "davfs2", nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	at := davfs2(t, place{
		url: server.URL + "/dav/teaching/", ca: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		device: device{Secret: issued.Secret, Login: "stella"},
	})
	began := time.Now()
	seen := map[string]string{}
	in := []string{"Wounds"}
	for part := 2; part <= folders; part++ {
		in = append(in, fmt.Sprintf("Wounds/part-%03d", part))
	}
	for _, folder := range in {
		list := pictures(t, at, folder)
		if len(list) != many/folders {
			t.Errorf("%s has %d pictures", folder, len(list))
		}
		for _, name := range list {
			if before, twice := seen[name]; twice {
				t.Errorf("%s is in %s and in %s", name, before, folder)
			}
			seen[name] = folder
		}
	}
	took := time.Since(began)
	if len(seen) != many {
		t.Errorf("%d pictures are listed, there are %d", len(seen), many)
	}
	for nth := 500; nth < many; nth += 1000 {
		read := false
		for name, folder := range seen {
			if strings.HasPrefix(name, fmt.Sprintf("%06d-", nth+1)) {
				got, err := at.read(folder, name)
				read = err == nil && checksum(got) == checksum(content(nth))
				if !read {
					t.Errorf("%s: %d bytes, %v", path.Join(folder, name), len(got), err)
				}
			}
		}
		if !read {
			t.Errorf("picture %d is not read", nth)
		}
	}
	t.Attr("listed", fmt.Sprintf("%d pictures in %d folders in %.1f s", len(seen), len(in), took.Seconds()))
}
