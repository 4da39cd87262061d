package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// diskSize is that of the small disk: the guard keeps 576 MiB for the store, 64 MiB of which a withdrawal may use.
	diskSize = 1400 << 20
	// diskLeft is what is left when it is full: too little for pictures, enough for a withdrawal.
	diskLeft = 545 << 20
)

// fullDiskPausesAndResumes: on a full disk acts are answered with 507 and the folder is paused, with the files where
// they lie; a withdrawal still works; once there is space again everything goes on by itself.
func fullDiskPausesAndResumes(ctx context.Context, tr *trial) (_ string, err error) {
	h, err := tr.copied(ctx, func(data string) error {
		return syscall.Mount("tmpfs", data, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", diskSize))
	})
	if h != nil {
		defer func() { err = errors.Join(err, h.stop(), syscall.Unmount(h.data(), 0)) }()
	}
	if err != nil {
		return "", fmt.Errorf("a small disk (this needs root): %w", err)
	}
	if err := h.start(ctx); err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 14, "henri")
	if err != nil {
		return "", err
	}
	ballast := filepath.Join(h.data(), "ballast")
	if err := fill(ballast); err != nil {
		return "", err
	}
	files, err := small(5, 14)
	if err != nil {
		return "", err
	}
	folder, err := h.drop(studioA, append([]file{ticketFor(p, nil)}, files...))
	if err != nil {
		return "", err
	}
	if err := h.paused(ctx, folder, files); err != nil {
		return "", err
	}
	if err := os.Remove(ballast); err != nil {
		return "", err
	}
	began := time.Now()
	err = until(ctx, 2*time.Minute, "the files are taken in once there is space", func(ctx context.Context) (bool, error) {
		found, err := h.as("lea").pictures(ctx, p.ID)
		return len(found) == len(files), err
	})
	if err == nil {
		err = h.unharmed(ctx, 0)
	}
	return fmt.Sprintf("507, folder paused, withdrawal done; %d files taken in %.1f s after there was space", len(files), time.Since(began).Seconds()), err
}

// fill writes a file until diskLeft is left.
func fill(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	block := make([]byte, 1<<20)
	for {
		var fs syscall.Statfs_t
		if err := syscall.Statfs(filepath.Dir(path), &fs); err != nil {
			return err
		}
		free := int64(fs.Bavail) * fs.Bsize
		if free <= diskLeft {
			return f.Close()
		}
		if _, err := f.Write(block[:min(int64(len(block)), free-diskLeft+4096)]); err != nil {
			return err
		}
	}
}

// paused: on the full disk.
func (h *hospital) paused(ctx context.Context, folder string, files []file) error {
	lea := h.as("lea")
	err := until(ctx, time.Minute, "the log says that the folder is paused", func(context.Context) (bool, error) {
		b, err := os.ReadFile(h.log())
		return bytes.Contains(b, []byte(`"state":"paused"`)) && bytes.Contains(b, []byte(`"disk-full"`)), err
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(folder, f.name)); err != nil {
			return fmt.Errorf("a file left its folder while the disk was full: %w", err)
		}
	}
	_, err = lea.act(ctx, "/api/v1/patients", map[string]any{
		"family": "Nospace", "given": "Now", "born": "1970-01-02", "sex": "F",
		"identifiers": []map[string]string{{"system": "hospital", "value": "9999999Z"}},
	})
	if r, ok := errors.AsType[*refused](err); !ok || r.answer.status != http.StatusInsufficientStorage {
		return fmt.Errorf("an act on a full disk is not answered with 507: %w", err)
	}
	if err := h.as("henri").withdraw(ctx, h.known("moreau").ID, ""); err != nil {
		return fmt.Errorf("a withdrawal on a full disk: %w", err)
	}
	return h.healthy(ctx)
}
