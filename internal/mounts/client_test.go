//go:build mounts

package mounts_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// client is a program that shows a part of the drive to a person.
type client interface {
	// names are those of everything in a folder, "" being where the client is connected.
	names(folder string) ([]string, error)
	read(folder, name string) ([]byte, error)
}

// place is what a client is connected to: a folder of the drive on a server, with the credentials of a device.
type place struct {
	url    string // with a slash at its end
	ca     []byte
	device device
	write  bool // it is mounted for writing too
}

// teaching is the teaching drive for a device.
func (d *demo) teaching(dev device) place {
	return place{url: d.URL + "/dav/teaching/", ca: d.ca, device: dev}
}

// mount is a folder at which a client has mounted the drive.
type mount string

func (m mount) names(folder string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(string(m), folder))
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (m mount) read(folder, name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(m), folder, name))
}

// davfs2 mounts a place. Its own caches are as short as it allows.
func davfs2(t *testing.T, p place) mount {
	t.Helper()
	at, out, err := mountDavfs2(t, p)
	if err != nil {
		t.Fatalf("mount -t davfs: %v: %s", err, out)
	}
	return at
}

func mountDavfs2(t *testing.T, p place) (at mount, out []byte, err error) {
	t.Helper()
	dir := open(t)
	ca, secrets, conf := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "secrets"), filepath.Join(dir, "davfs2.conf")
	cache, folder := filepath.Join(dir, "cache"), filepath.Join(dir, "mount")
	if err := errors.Join(os.Mkdir(folder, 0o755), os.Mkdir(cache, 0o755), os.Chmod(cache, 0o777)); err != nil { // davfs2 is not root there
		t.Fatal(err)
	}
	options, locks := "ro,conf="+conf, "0"
	if p.write {
		options, locks = "conf="+conf, "1"
	}
	write(t, ca, string(p.ca), 0o644)
	write(t, secrets, fmt.Sprintf("%s %s %s\n", p.url, p.device.Login, p.device.Secret), 0o600)
	write(t, conf, "trust_ca_cert "+ca+"\nsecrets "+secrets+"\ncache_dir "+cache+"\n"+
		"buf_size 64\nuse_locks "+locks+"\ndir_refresh 1\nfile_refresh 0\nask_auth 0\ndelay_upload 0\nretry 2\nmax_retry 4\n", 0o600)
	out, err = exec.CommandContext(t.Context(), "mount", "-t", "davfs", "-o", options, p.url, folder).CombinedOutput()
	t.Cleanup(func() { unmount(t, folder) })
	return mount(folder), out, err
}

// remote is what a program named rclone is told of a place.
func (p place) remote(t *testing.T, dir string) []string {
	t.Helper()
	ca := filepath.Join(dir, "ca.pem")
	write(t, ca, string(p.ca), 0o644)
	obscured, err := exec.CommandContext(t.Context(), "rclone", "obscure", p.device.Secret).Output()
	if err != nil {
		t.Fatalf("rclone obscure: %v", err)
	}
	return []string{
		"--config", filepath.Join(dir, "none.conf"), "--webdav-url", p.url, "--webdav-user", p.device.Login,
		"--webdav-pass", strings.TrimSpace(string(obscured)), "--webdav-vendor", "other", "--ca-cert", ca,
	}
}

// rclone mounts a place, keeping what it reads on disk as mode says.
func rclone(t *testing.T, p place, mode string) mount {
	t.Helper()
	dir := open(t)
	at := filepath.Join(dir, "mount")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("rclone", append([]string{
		"mount", ":webdav:", at, "--read-only", "--dir-cache-time", "1s", "--attr-timeout", "1s",
		"--vfs-cache-mode", mode, "--cache-dir", filepath.Join(dir, "cache"), "--retries", "1", "--low-level-retries", "1",
	}, p.remote(t, dir)...)...)
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
	return mount(at)
}

// gio is GNOME's own client, gvfs, in a desktop session of its own.
type gio struct {
	t   *testing.T
	url string // davs://...
	env []string
}

// newGio starts a session in which the server's authority is trusted as the machine's own are. It is not connected yet.
func newGio(t *testing.T, p place) *gio {
	t.Helper()
	dir := open(t)
	g := &gio{t: t, url: strings.Replace(p.url, "https://", "davs://"+p.device.Login+"@", 1)}
	session := trusting(t, p, dir, "dbus-run-session", "--", "sh", "-c", `echo "$DBUS_SESSION_BUS_ADDRESS"; exec cat`)
	home := []string{"HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "GIO_USE_VOLUME_MONITOR=unix", "GVFS_DISABLE_FUSE=1", "LC_ALL=C.UTF-8"}
	session.Env = append(session.Environ(), home...)
	input, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = session.Wait() // the programs that it had started end with it, in whatever way they do
	})
	var address string
	if _, err := fmt.Fscanln(output, &address); err != nil {
		t.Fatalf("dbus-run-session says no address: %v", err)
	}
	g.env = append([]string{"DBUS_SESSION_BUS_ADDRESS=" + address}, home...)
	return g
}

// gvfs connects to a place.
func gvfs(t *testing.T, p place) *gio {
	t.Helper()
	g := newGio(t, p)
	if out, err := g.connect(p.device.Secret); err != nil {
		t.Fatalf("gio mount: %v: %s", err, out)
	}
	return g
}

func (g *gio) connect(secret string) ([]byte, error) {
	cmd := g.command("mount", g.url)
	cmd.Stdin = strings.NewReader(secret + "\n")
	return cmd.CombinedOutput()
}

func (g *gio) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(g.t.Context(), "timeout", append([]string{"60", "gio"}, args...)...)
	cmd.Env = append(cmd.Environ(), g.env...)
	return cmd
}

func (g *gio) at(elem ...string) string {
	for i := range elem {
		elem[i] = url.PathEscape(elem[i])
	}
	return g.url + strings.Join(elem, "/")
}

func (g *gio) names(folder string) ([]string, error) {
	out, err := g.command("list", g.at(folder)).Output()
	return strings.Split(strings.TrimSpace(string(out)), "\n"), err
}

func (g *gio) read(folder, name string) ([]byte, error) {
	return g.command("cat", g.at(folder, name)).Output()
}

// cadaver is the client that is typed at; each use is a session of its own.
type cadaver struct {
	t   *testing.T
	p   place
	dir string
}

func newCadaver(t *testing.T, p place) *cadaver {
	t.Helper()
	c := &cadaver{t: t, p: p, dir: open(t)}
	at, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(c.dir, ".netrc"), fmt.Sprintf("machine %s login %s password %s\n", at.Hostname(), p.device.Login, p.device.Secret), 0o600)
	return c
}

// does runs commands as they would be typed and returns what it says.
func (c *cadaver) does(lines ...string) (string, error) {
	cmd := trusting(c.t, c.p, c.dir, "cadaver", c.p.url)
	cmd.Env = append(cmd.Environ(), "HOME="+c.dir, "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\nquit\n")
	out, err := cmd.CombinedOutput()
	if err == nil && (strings.Contains(string(out), "failed") || strings.Contains(string(out), "Could not")) {
		err = errors.New("cadaver says that it failed")
	}
	return string(out), err
}

func (c *cadaver) names(folder string) ([]string, error) {
	out, err := c.does(fmt.Sprintf("ls %q", folder))
	var names []string
	_, list, listed := strings.Cut(out, "': succeeded.")
	if !listed {
		return nil, errors.Join(err, fmt.Errorf("cadaver lists nothing: %s", out))
	}
	for line := range strings.Lines(list) {
		// Its columns: "Coll:" before a folder, the name, the size, month, day and time.
		line = strings.TrimPrefix(strings.TrimSpace(line), "Coll:")
		if words := strings.Fields(line); len(words) > 4 && strings.Contains(words[len(words)-1], ":") && !strings.Contains(line, "dav:") {
			name := strings.TrimSpace(line)
			for range 4 {
				name = strings.TrimSpace(name[:strings.LastIndexByte(name, ' ')])
			}
			names = append(names, name)
		}
	}
	return names, err
}

func (c *cadaver) read(folder, name string) ([]byte, error) {
	to := filepath.Join(c.dir, "got")
	if err := os.RemoveAll(to); err != nil {
		return nil, err
	}
	if out, err := c.does(fmt.Sprintf("get %q %q", folder+"/"+name, to)); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(to)
}

// trusting returns a command that sees the machine as it is, but that the authority of the place is trusted on it: as
// update-ca-certificates does it, for this command alone.
func trusting(t *testing.T, p place, dir string, args ...string) *exec.Cmd {
	t.Helper()
	const machines = "/etc/ssl/certs/ca-certificates.crt"
	those, err := os.ReadFile(machines)
	if err != nil {
		t.Fatal(err)
	}
	all := filepath.Join(dir, "ca-certificates.crt")
	write(t, all, string(those)+string(p.ca), 0o644)
	return exec.CommandContext(t.Context(), "unshare", append([]string{
		"--mount", "sh", "-c", `mount --bind "$0" ` + machines + ` && exec timeout 300 "$@"`, all,
	}, args...)...)
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
