//go:build mounts

package mounts_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Two sets of the demo and who reads them. The first has pictures of two patients; one of them withdraws, and allows
// again what was taken back.
const (
	set        = "Pigmented lesions"
	otherSet   = "Leg ulcers"
	withdraws  = "benoit"
	theirs     = "Naevus " // what the labels of their pictures begin with
	readerName = "yuki"
)

func TestDavfs2ListsReadsAndLosesWhatIsWithdrawn(t *testing.T) {
	d := demoOf(t)
	follows(t, d, davfs2(t, d.teaching(d.device(t, readerName))))
}

func TestRcloneWithoutCacheListsReadsAndLosesWhatIsWithdrawn(t *testing.T) {
	d := demoOf(t)
	follows(t, d, rclone(t, d.teaching(d.device(t, readerName)), "off"))
}

func TestRcloneWithFullCacheListsReadsAndLosesWhatIsWithdrawn(t *testing.T) {
	d := demoOf(t)
	follows(t, d, rclone(t, d.teaching(d.device(t, readerName)), "full"))
}

func TestGioListsReadsAndLosesWhatIsWithdrawn(t *testing.T) {
	d := demoOf(t)
	follows(t, d, gvfs(t, d.teaching(d.device(t, readerName))))
}

func TestCadaverListsReadsAndLosesWhatIsWithdrawn(t *testing.T) {
	d := demoOf(t)
	follows(t, d, newCadaver(t, d.teaching(d.device(t, readerName))))
}

// TestRevokedAppPasswordFailsOnTheNextRequest revokes the password of a device that is connected: the next picture that
// its client asks the server for is not given.
func TestRevokedAppPasswordFailsOnTheNextRequest(t *testing.T) {
	d := demoOf(t)
	connect := map[string]func(*testing.T, place) client{
		"davfs2":                func(t *testing.T, p place) client { return davfs2(t, p) },
		"rclone":                func(t *testing.T, p place) client { return rclone(t, p, "off") },
		"rclone with its cache": func(t *testing.T, p place) client { return rclone(t, p, "full") },
		"gio":                   func(t *testing.T, p place) client { return gvfs(t, p) },
		"cadaver":               func(t *testing.T, p place) client { return newCadaver(t, p) },
	}
	for name, of := range connect {
		t.Run(name, func(t *testing.T) {
			device := d.device(t, readerName)
			c := of(t, d.teaching(device))
			list := pictures(t, c, otherSet)
			if len(list) < 2 {
				t.Fatalf("it lists %q", list)
			}
			if _, err := c.read(otherSet, list[0]); err != nil {
				t.Fatal(err)
			}
			d.revoke(t, device)
			if b, err := c.read(otherSet, list[1]); err == nil {
				t.Errorf("a picture of %d bytes was read with a revoked password", len(b))
			}
		})
	}
}

// TestAWrongPasswordOpensNothing connects with the password of another device's that has one character wrong.
func TestAWrongPasswordOpensNothing(t *testing.T) {
	d := demoOf(t)
	device := d.device(t, readerName)
	last := byte('0')
	if device.Secret[len(device.Secret)-1] == last {
		last = '1'
	}
	device.Secret = device.Secret[:len(device.Secret)-1] + string(last)
	p := d.teaching(device)
	t.Run("davfs2", func(t *testing.T) {
		at, out, err := mountDavfs2(t, p)
		if err == nil {
			names, _ := at.names("")
			t.Errorf("it is mounted and shows %q: %s", names, out)
		}
	})
	t.Run("rclone", func(t *testing.T) {
		if names, err := rclone(t, p, "off").names(""); err == nil {
			t.Errorf("it shows %q", names)
		}
	})
	t.Run("gio", func(t *testing.T) {
		if out, err := newGio(t, p).connect(device.Secret); err == nil {
			t.Errorf("it is connected: %s", out)
		}
	})
	t.Run("cadaver", func(t *testing.T) {
		if names, err := newCadaver(t, p).names(""); err == nil {
			t.Errorf("it shows %q", names)
		}
	})
}

func TestNothingIsWrittenThroughAMount(t *testing.T) {
	d := demoOf(t)
	dir := string(rclone(t, d.teaching(d.device(t, readerName)), "off"))
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

// follows lets a client list and read a set, takes pictures away by their patient's withdrawal, and gives them back.
func follows(t *testing.T, d *demo, c client) {
	t.Helper()
	began := time.Now()
	lists(t, d, c)
	allow := loses(t, d, c)
	regains(t, d, c, allow)
	t.Attr("took", fmt.Sprintf("%.1f s", time.Since(began).Seconds()))
}

// lists compares the set as the client shows it with what the server says over HTTPS: the same names and the same bytes.
func lists(t *testing.T, d *demo, c client) {
	t.Helper()
	want := d.list(t, set)
	got := pictures(t, c, set)
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("the client lists %q, the server %d pictures", got, len(want))
	}
	for _, name := range got {
		path, ok := want[name]
		if !ok {
			t.Errorf("the client lists %q, which the server does not", name)
			continue
		}
		same(t, d, c, name, path)
	}
	for _, name := range []string{"captions.csv", "contact-sheet.pdf"} {
		until(t, name+" is read as the server has it", func() bool {
			shown, err := c.read(set, name)
			status, served := d.get(t, "/dav/teaching/"+url.PathEscape(set)+"/"+name)
			return err == nil && status == http.StatusOK && len(served) > 0 && checksum(shown) == checksum(served)
		})
	}
	t.Attr("read", fmt.Sprintf("%d pictures with the right checksums", len(got)))
}

// same compares one picture of the set with what the server serves.
func same(t *testing.T, d *demo, c client, name, path string) {
	t.Helper()
	shown, err := c.read(set, name)
	if err != nil {
		t.Errorf("read %s: %v", name, err)
		return
	}
	status, served := d.get(t, path)
	if status != http.StatusOK || checksum(shown) != checksum(served) {
		t.Errorf("%s: %d bytes through the client, status %d and %d bytes over HTTPS", name, len(shown), status, len(served))
	}
}

// loses withdraws a patient's consent. Over HTTPS the pictures are gone at once; the client loses them as soon as it
// looks again, in listings and for whoever still knows a name. The others stay. What it returns gives the consent again.
func loses(t *testing.T, d *demo, c client) (allow func()) {
	t.Helper()
	before := d.list(t, set)
	allow = d.withdraw(t, withdraws)
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
	until(t, "the client lists what the server lists", func() bool {
		got := pictures(t, c, set)
		return len(got) == len(after) && !slices.ContainsFunc(got, func(name string) bool { return gone[name] })
	})
	for name := range gone {
		// For as long as the kernel remembers the name, a second as mounted here, a client that keeps files may still give its
		// copy, and one that keeps none an I/O error; then there is no such file.
		until(t, name+" is not read any more", func() bool {
			_, err := c.read(set, name)
			return err != nil
		})
	}
	took := time.Since(began)
	for name := range after {
		if _, err := c.read(set, name); err != nil {
			t.Errorf("%s stays allowed: %v", name, err)
		}
	}
	t.Attr("gone", fmt.Sprintf("%d of them %.1f s after their withdrawal", len(gone), took.Seconds()))
	return allow
}

// regains gives the consent again: the client shows under their old names what it had lost.
func regains(t *testing.T, d *demo, c client, allow func()) {
	t.Helper()
	lost := d.list(t, set)
	allow()
	began := time.Now()
	back := d.list(t, set)
	if len(back) <= len(lost) {
		t.Fatalf("allowed again the set has %d pictures, it had %d", len(back), len(lost))
	}
	until(t, "the client lists again what is allowed again", func() bool {
		got := pictures(t, c, set)
		return len(got) == len(back) && !slices.ContainsFunc(got, func(name string) bool { return back[name] == "" })
	})
	for name, path := range back {
		if lost[name] == "" {
			until(t, name+" is read again", func() bool {
				_, err := c.read(set, name)
				return err == nil
			})
			same(t, d, c, name, path)
		}
	}
	t.Attr("back", fmt.Sprintf("%.1f s after they were allowed again", time.Since(began).Seconds()))
}

// pictures are those in a folder, as the client lists it.
func pictures(t *testing.T, c client, folder string) []string {
	t.Helper()
	names, err := c.names(folder)
	if err != nil {
		t.Fatalf("list %q: %v", folder, err)
	}
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, ".jpg") })
}
