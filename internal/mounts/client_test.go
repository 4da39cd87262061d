//go:build mounts

package mounts_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// davfs2 mounts the drive read-only and returns where. Its own caches are as short as it allows.
func davfs2(t *testing.T, d *demo, dev device) string {
	t.Helper()
	dir := open(t)
	ca, secrets, conf := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "secrets"), filepath.Join(dir, "davfs2.conf")
	url := d.URL + "/dav/teaching/"
	cache := filepath.Join(dir, "cache")
	if err := errors.Join(os.Mkdir(cache, 0o755), os.Chmod(cache, 0o777)); err != nil { // davfs2 is not root there
		t.Fatal(err)
	}
	write(t, ca, string(d.ca), 0o644)
	write(t, secrets, fmt.Sprintf("%s %s %s\n", url, readerName, dev.Secret), 0o600)
	write(t, conf, "trust_ca_cert "+ca+"\nsecrets "+secrets+"\ncache_dir "+cache+"\n"+
		"buf_size 64\nuse_locks 0\ndir_refresh 1\nfile_refresh 0\nask_auth 0\n", 0o600)
	at := filepath.Join(dir, "mount")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "mount", "-t", "davfs", "-o", "ro,conf="+conf, url, at).CombinedOutput()
	if err != nil {
		t.Fatalf("mount -t davfs: %v: %s", err, out)
	}
	t.Cleanup(func() { unmount(t, at) })
	return at
}

// rclone mounts the drive read-only, keeping what it reads on disk as mode says, and returns where.
func rclone(t *testing.T, d *demo, dev device, mode string) string {
	t.Helper()
	dir := open(t)
	ca, at := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "mount")
	write(t, ca, string(d.ca), 0o644)
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	obscured, err := exec.CommandContext(t.Context(), "rclone", "obscure", dev.Secret).Output()
	if err != nil {
		t.Fatalf("rclone obscure: %v", err)
	}
	cmd := exec.Command("rclone", "mount", ":webdav:", at, "--config", filepath.Join(dir, "none.conf"),
		"--webdav-url", d.URL+"/dav/teaching/", "--webdav-user", readerName, "--webdav-pass", strings.TrimSpace(string(obscured)),
		"--ca-cert", ca, "--read-only", "--dir-cache-time", "1s", "--attr-timeout", "1s", "--vfs-cache-mode", mode,
		"--cache-dir", filepath.Join(dir, "cache"), "--retries", "1", "--low-level-retries", "1")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		unmount(t, at)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
			t.Error("rclone did not end with its mount")
		}
		if t.Failed() {
			t.Logf("rclone: %s", said.String())
		}
	})
	until(t, "rclone has mounted", func() bool { return mounted(t, at) })
	return at
}

// open is a folder that the user whom davfs2 becomes may enter.
func open(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fovea-mounts-") //nolint:usetesting // only root may enter what t.TempDir makes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if mounted(t, filepath.Join(dir, "mount")) {
			t.Errorf("%s is still mounted", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// mounted reports whether something is mounted at a folder.
func mounted(t *testing.T, at string) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(b), " "+at+" ")
}

// unmount ends a mount in the client's own way, and by force where that does not work.
func unmount(t *testing.T, at string) {
	t.Helper()
	if !mounted(t, at) {
		return
	}
	if out, err := exec.Command("umount", at).CombinedOutput(); err != nil {
		t.Errorf("umount: %v: %s", err, out)
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount by force: %v", err)
		}
	}
}
