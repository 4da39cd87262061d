//go:build litmus

package webdav_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRcloneDeliversAFolder lets a real rclone copy 50 files into an inbox, and again into a folder of it: the studio gets
// them all, whole, and nothing sealed stays.
func TestRcloneDeliversAFolder(t *testing.T) {
	d := newInboxDrive(t, 500*time.Millisecond, nil)
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	for i := range 50 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("IMG_%04d.JPG", i)), []byte(strings.Repeat(fmt.Sprint(i), 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secret, err := exec.CommandContext(t.Context(), "rclone", "obscure", "x").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{":webdav:", ":webdav:Monday/card 1"} {
		out, err := exec.CommandContext(t.Context(), "rclone", "copy", dir, to, "--config", filepath.Join(t.TempDir(), "none.conf"), "--webdav-url",
			server.URL+derm, "--webdav-user", "student", "--webdav-pass", strings.TrimSpace(string(secret)), "--webdav-vendor", "other").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	eventually(t, "all are taken", func() bool { return len(d.studio.all()) == 100 && d.stage.count() == 0 })
	got := map[string]int{}
	for _, f := range d.studio.all() {
		got[path.Base(f.Name)+f.Content]++
	}
	if len(got) != 50 {
		t.Errorf("%d different files were taken, want 50", len(got))
	}
}
