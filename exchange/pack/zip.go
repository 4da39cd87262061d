package pack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"path"
	"strings"
	"syscall"
	"time"

	"fovea/clinical"
	"fovea/internal/sandbox"
)

// File is one file of a package. Content yields exactly Size bytes and is read
// once.
type File struct {
	Name     string // slash-separated, relative; nothing about a patient
	Size     int64  // bytes
	Modified time.Time
	Content  io.Reader
}

// Options bound a package.
type Options struct {
	// Largest is how many bytes of files one ZIP may hold; default 1 GiB. While
	// it is made, twice as much memory is in use.
	Largest int64
	// CPU bounds the child's processor time; default 10 minutes.
	CPU time.Duration
}

// Packer makes encrypted ZIPs. It has no state and may be used by many
// goroutines; how many at once is the caller's to bound.
type Packer struct {
	box *sandbox.Sandbox
	opt Options
}

const (
	sevenZip = "/usr/bin/7zz"
	grace    = 2 * time.Second
)

// New returns a Packer. It is Unavailable where 7zip is not installed, and where
// children are not confined: the plaintext would lie on a disk.
func New(box *sandbox.Sandbox, opt Options) (*Packer, error) {
	if opt.Largest <= 0 {
		opt.Largest = 1 << 30
	}
	if opt.CPU <= 0 {
		opt.CPU = 10 * time.Minute
	}
	switch {
	case !box.Confined():
		return nil, clinical.Refuse(clinical.Unavailable, "unconfined",
			"Encrypted copies need bubblewrap on this server. Ask its operator to allow user namespaces.")
	case !box.Has(sevenZip):
		return nil, clinical.Refuse(clinical.Unavailable, "no-7zip", "Encrypted copies need the Debian package 7zip. Ask the server's operator to install it.")
	}
	return &Packer{box: box, opt: opt}, nil
}

// script reads the password's line, then a tar file; the archive goes to the
// standard output once it is whole. 7zz asks for the password twice and is
// answered through a pipe: neither it nor sh puts it on a command line.
const script = `set -eu
umask 077
IFS= read -r password
mkdir /tmp/in
tar -x -f - --no-same-owner --no-same-permissions -C /tmp/in
cd /tmp/in
printf '%s\n%s\n' "$password" "$password" | 7zz a -tzip -mem=AES256 -mx=0 -mcu=on -bso0 -bsp0 -bse0 -p /tmp/out.zip .
exec cat /tmp/out.zip`

// ZIP writes files to w as a ZIP whose contents AES-256 encrypts (WinZip AE-2,
// names readable) under password. The first error of the files, such as a
// picture that was withdrawn, ends it with nothing written. Invalid: the files
// are too large together, or a name or the password cannot be used.
func (p *Packer) ZIP(ctx context.Context, w io.Writer, password string, files iter.Seq2[File, error]) error {
	if len(password) < 12 || strings.ContainsFunc(password, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return clinical.Errorf(clinical.Invalid, "pack: zip: password unfit")
	}
	argv, err := p.box.Argv(sandbox.Command{
		Path: "/usr/bin/sh", Args: []string{"-c", script}, Background: true,
		Limits: sandbox.Limits{CPU: p.opt.CPU, File: 2*p.opt.Largest + 64<<20},
	})
	if err != nil {
		return clinical.Errorf(clinical.Internal, "pack: zip: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the sandbox's own command line, with nothing of the caller in it
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.Stdout = w
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = grace
	in, err := cmd.StdinPipe()
	if err != nil {
		return clinical.Errorf(clinical.Internal, "pack: zip: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return clinical.Errorf(clinical.Internal, "pack: zip: %w", err)
	}
	fed := p.feed(in, password, files)
	if fed != nil {
		cancel() // before its input ends, so that the child never takes a part for the whole
	}
	_ = in.Close()
	return verdict(ctx, fed, cmd.Wait())
}

// errStopped is a child that ended before it had read its input: it will say why
// by its exit status.
var errStopped = errors.New("pack: child stopped reading")

// feed writes the password and the files to the child.
func (p *Packer) feed(in io.Writer, password string, files iter.Seq2[File, error]) error {
	if _, err := io.WriteString(in, password+"\n"); err != nil {
		return errStopped
	}
	t := tar.NewWriter(in)
	left := p.opt.Largest
	seen := map[string]bool{}
	for f, err := range files {
		if err != nil {
			return err
		}
		if !fit(f.Name) || seen[f.Name] {
			return clinical.Errorf(clinical.Invalid, "pack: zip: file name unfit or there twice")
		}
		seen[f.Name] = true
		if left -= f.Size; left < 0 || f.Size < 0 {
			return clinical.Refuse(clinical.Invalid, "too-large", "The pictures are too large for one file. Divide the release.")
		}
		head := tar.Header{Name: f.Name, Size: f.Size, Mode: 0o600, ModTime: f.Modified, Typeflag: tar.TypeReg}
		if err := t.WriteHeader(&head); err != nil {
			return errStopped
		}
		if err := feedOne(t, f); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return errStopped
	}
	return nil
}

// feedOne copies one file, telling a fault of its reader from one of the child.
func feedOne(t io.Writer, f File) error {
	r := &source{r: f.Content}
	n, err := io.Copy(t, io.LimitReader(r, f.Size))
	switch {
	case r.err != nil:
		return r.err
	case err != nil:
		return errStopped
	case n != f.Size:
		return clinical.Errorf(clinical.Corrupt, "pack: zip: a file has %d bytes, not %d", n, f.Size)
	}
	return nil
}

// source remembers what its reader failed with.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// fit reports whether a name stays inside the package and on every system.
func fit(name string) bool {
	return name != "" && len(name) <= 100 && path.Clean(name) == name && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "..") &&
		!strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`\:*?"<>|`, r) })
}

// verdict names the one cause of a failure, the most telling first.
func verdict(ctx context.Context, fed, ended error) error {
	switch {
	case fed != nil && !errors.Is(fed, errStopped):
		return fed
	case ended == nil && fed == nil:
		return nil
	case fed == nil && ctx.Err() != nil:
		return clinical.Errorf(clinical.Unavailable, "pack: zip: %w", ctx.Err())
	}
	var exit *exec.ExitError
	if ended == nil || errors.As(ended, &exit) {
		return clinical.Errorf(clinical.Internal, "pack: zip: %w", errors.Join(fed, ended))
	}
	return fmt.Errorf("pack: zip: write: %w", ended)
}
