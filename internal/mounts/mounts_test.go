//go:build mounts

package mounts_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Two sets of the demo and who reads them. The first has pictures of two patients; one of them withdraws, and allows
// again what was taken back when the test is over.
const (
	set        = "Pigmented lesions"
	otherSet   = "Leg ulcers"
	withdraws  = "benoit"
	theirs     = "Naevus " // what the labels of their pictures begin with
	readerName = "yuki"
)

func TestDavfs2ListsReadsAndLosesWhatIsWithdrawn(t *testing.T) {
	d := demoOf(t)
	dir := davfs2(t, d, d.device(t))
	lists(t, d, dir)
	loses(t, d, dir)
}

func TestRcloneWithoutCacheListsReadsAndLosesWhatIsWithdrawn(t *testing.T) {
	d := demoOf(t)
	dir := rclone(t, d, d.device(t), "off")
	lists(t, d, dir)
	loses(t, d, dir)
}

func TestRcloneWithFullCacheListsReadsAndLosesWhatIsWithdrawn(t *testing.T) {
	d := demoOf(t)
	dir := rclone(t, d, d.device(t), "full")
	lists(t, d, dir)
	loses(t, d, dir)
}

func TestRevokedAppPasswordFailsOnTheNextRequestOfDavfs2(t *testing.T) {
	d := demoOf(t)
	device := d.device(t)
	fails(t, d, davfs2(t, d, device), device)
}

func TestRevokedAppPasswordFailsOnTheNextRequestOfRclone(t *testing.T) {
	d := demoOf(t)
	device := d.device(t)
	fails(t, d, rclone(t, d, device, "off"), device)
}

func TestNothingIsWrittenThroughAMount(t *testing.T) {
	d := demoOf(t)
	dir := rclone(t, d, d.device(t), "off")
	before := d.list(t, otherSet)
	if err := os.WriteFile(filepath.Join(dir, otherSet, "mine.jpg"), []byte("mine"), 0o600); err == nil {
		t.Error("a file was written")
	}
	for name := range before {
		if err := os.Remove(filepath.Join(dir, otherSet, name)); err == nil {
			t.Errorf("%s was removed", name)
		}
		break
	}
	if after := d.list(t, otherSet); len(after) != len(before) {
		t.Errorf("the set has %d pictures, it had %d", len(after), len(before))
	}
}

// lists compares the set as it is mounted with what the server says over HTTPS: the same names and the same bytes.
func lists(t *testing.T, d *demo, dir string) {
	t.Helper()
	want := d.list(t, set)
	got := names(t, filepath.Join(dir, set))
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("the mount lists %q, the server %d pictures", got, len(want))
	}
	for _, name := range got {
		path, ok := want[name]
		if !ok {
			t.Errorf("the mount lists %q, which the server does not", name)
			continue
		}
		mounted, err := os.ReadFile(filepath.Join(dir, set, name))
		if err != nil {
			t.Errorf("read %s: %v", name, err)
			continue
		}
		status, served := d.get(t, path)
		if status != http.StatusOK || checksum(mounted) != checksum(served) {
			t.Errorf("%s: %d bytes through the mount, status %d and %d bytes over HTTPS", name, len(mounted), status, len(served))
		}
	}
	for _, name := range []string{"captions.csv", "contact-sheet.pdf"} {
		until(t, name+" is read as the server has it", func() bool {
			mounted, err := os.ReadFile(filepath.Join(dir, set, name))
			status, served := d.get(t, "/dav/teaching/"+url.PathEscape(set)+"/"+name)
			return err == nil && status == http.StatusOK && len(served) > 0 && checksum(mounted) == checksum(served)
		})
	}
	t.Attr("read", fmt.Sprintf("%d pictures with the right checksums", len(got)))
}

// loses withdraws a patient's consent. Over HTTPS the pictures are gone at once; the mount loses them as soon as its
// client looks again, in listings and for whoever still knows a name. The others stay.
func loses(t *testing.T, d *demo, dir string) {
	t.Helper()
	before := d.list(t, set)
	d.withdraw(t, withdraws)
	began := time.Now()
	after := d.list(t, set)
	gone := map[string]bool{}
	for name, path := range before {
		if _, still := after[name]; still {
			continue
		}
		gone[name] = true
		if !strings.Contains(name, theirs) {
			t.Errorf("%s went with the consent of %s", name, withdraws)
		}
		if status, _ := d.get(t, path); status != http.StatusNotFound {
			t.Errorf("%s is answered with %d after the withdrawal", name, status)
		}
	}
	if len(gone) == 0 || len(after) == 0 {
		t.Fatalf("the withdrawal took %d pictures and left %d", len(gone), len(after))
	}
	until(t, "the mount lists what the server lists", func() bool {
		got := names(t, filepath.Join(dir, set))
		for _, name := range got {
			if gone[name] {
				return false
			}
		}
		return len(got) == len(after)
	})
	for name := range gone {
		// For as long as the kernel remembers the name, a second as mounted here, a client that keeps files may still give its
		// copy, and one that keeps none an I/O error; then there is no such file.
		until(t, name+" is not read any more", func() bool {
			_, err := os.ReadFile(filepath.Join(dir, set, name))
			return err != nil
		})
	}
	took := time.Since(began)
	for name := range after {
		if _, err := os.ReadFile(filepath.Join(dir, set, name)); err != nil {
			t.Errorf("%s stays allowed: %v", name, err)
		}
	}
	t.Attr("gone", fmt.Sprintf("%d of them %.1f s after their withdrawal", len(gone), took.Seconds()))
}

// fails revokes a mounted device's password: the next picture that the mount asks the server for is not given.
func fails(t *testing.T, d *demo, dir string, dev device) {
	t.Helper()
	list := names(t, filepath.Join(dir, otherSet))
	if len(list) < 2 {
		t.Fatalf("the mount lists %q", list)
	}
	if _, err := os.ReadFile(filepath.Join(dir, otherSet, list[0])); err != nil {
		t.Fatal(err)
	}
	d.revoke(t, dev)
	if b, err := os.ReadFile(filepath.Join(dir, otherSet, list[1])); err == nil {
		t.Errorf("a picture of %d bytes was read with a revoked password", len(b))
	}
}

// names are the pictures in a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatalf("list the mount: %v", err)
	}
	var out []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".jpg") {
			out = append(out, e.Name())
		}
	}
	return out
}
