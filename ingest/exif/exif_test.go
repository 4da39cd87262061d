package exif_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fovea/ingest/exif"
	"fovea/internal/sandbox"
	"fovea/internal/testenv"
)

func open(t testing.TB, opt exif.Options) *exif.Reader {
	t.Helper()
	sb, err := sandbox.Open(t.Context(), sandbox.Options{AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	opt.Sandbox = sb
	r, err := exif.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func read(t testing.TB, r *exif.Reader, path string) (exif.Metadata, error) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return r.Read(t.Context(), bytes.NewReader(b), int64(len(b)), strings.TrimPrefix(filepath.Ext(path), "."))
}

// direct is exiftool run by hand: the authority.
func direct(t *testing.T, path string) map[string]any {
	t.Helper()
	out, _ := exec.Command("/usr/bin/exiftool", "-j", "-n", path).Output() // its status tells of damaged files too
	var answer []map[string]any
	if err := json.Unmarshal(out, &answer); err != nil || len(answer) != 1 {
		t.Fatalf("exiftool by hand on %s: %v", filepath.Base(path), err)
	}
	return answer[0]
}

func TestEveryCameraAgreesWithExiftoolRunByHand(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Data(t, "cameras"), "*.*"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d camera files, %v", len(files), err)
	}
	r := open(t, exif.Options{})
	dated := 0
	for _, f := range files {
		m, err := read(t, r, f)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
			continue
		}
		d := direct(t, f)
		str := func(tag string) string {
			if d[tag] == nil {
				return ""
			}
			return strings.TrimSpace(fmt.Sprint(d[tag]))
		}
		check := func(what string, got, want any) {
			if got != want {
				t.Errorf("%s: %s = %v, exiftool says %v", filepath.Base(f), what, got, want)
			}
		}
		if want := str("DateTimeOriginal"); want != "" && !strings.HasPrefix(want, "0000") {
			dated++
			check("date", m.Captured.Wall.Format("2006:01:02 15:04:05"), want[:19])
			check("date's tag", m.Captured.Tag, "DateTimeOriginal")
			if off := str("OffsetTimeOriginal"); off != "" {
				check("offset", m.Captured.At(time.UTC).Format("-07:00"), off)
			}
			if sub := str("SubSecTimeOriginal"); sub != "" {
				check("fraction", m.Captured.Wall.Nanosecond() > 0, strings.Trim(sub, "0") != "")
			}
		} else if want := str("CreateDate"); want != "" && !strings.HasPrefix(want, "0000") && m.Captured.Tag == "CreateDate" {
			check("date", m.Captured.Wall.Format("2006:01:02 15:04:05"), want[:19])
		}
		check("make", m.Make, str("Make"))
		check("model", m.Model, str("Model"))
		check("type", m.MIME, str("MIMEType"))
		check("width", strconv.Itoa(m.Width), strings.TrimPrefix(fmt.Sprint(orZero(d["ImageWidth"])), ""))
		if o := str("Orientation"); o != "" {
			check("orientation", strconv.Itoa(m.Orientation), o)
		} else {
			check("orientation", m.Orientation, 0)
		}
	}
	if dated < 40 {
		t.Errorf("only %d files had a capture date", dated)
	}
}

func orZero(v any) any {
	if v == nil {
		return 0
	}
	return v
}

func TestFuzzedFilesNeitherCrashNorHangNorLeak(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Data(t, "cameras", "fuzzed"), "*"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d fuzzed files, %v", len(files), err)
	}
	r := open(t, exif.Options{Renew: 25})
	for _, f := range files[:2] {
		_, _ = read(t, r, f)
	}
	before := descriptors(t)
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := w; i < len(files); i += 3 {
				if _, err := read(t, r, files[i]); err != nil && !errors.Is(err, exif.ErrUnreadable) {
					t.Errorf("%s: %v", filepath.Base(files[i]), err)
				}
			}
		})
	}
	wg.Wait()
	if after := descriptors(t); after > before+8 { // the second instance holds a few of its own
		t.Errorf("descriptors grew from %d to %d", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

func TestCloseLeavesNoProcessNoFolderNoDescriptor(t *testing.T) {
	_ = open(t, exif.Options{}).Close() // the runtime's own descriptors are open now
	before := descriptors(t)
	r := open(t, exif.Options{})
	if _, err := r.Read(t.Context(), strings.NewReader("x"), 1, ""); err != nil && !errors.Is(err, exif.ErrUnreadable) {
		t.Fatal(err)
	}
	if len(children(t)) == 0 {
		t.Fatal("no child while open")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if c := children(t); len(c) != 0 {
		t.Errorf("children after Close: %v", c)
	}
	if after := descriptors(t); after > before {
		t.Errorf("descriptors grew from %d to %d", before, after)
	}
	left, err := filepath.Glob(fmt.Sprintf("/dev/shm/fovea-exif-%d-*", os.Getpid()))
	if err != nil || len(left) != 0 {
		t.Errorf("folders left: %v %v", left, err)
	}
	if _, err := r.Read(t.Context(), strings.NewReader("x"), 1, ""); !errors.Is(err, exif.ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
}

// children are the direct children of this process.
func children(t *testing.T) []int {
	t.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, f := range tasks {
		b, _ := os.ReadFile(f)
		for _, w := range strings.Fields(string(b)) {
			if pid, err := strconv.Atoi(w); err == nil {
				out = append(out, pid)
			}
		}
	}
	return out
}

func TestNewlineInNamesAndValuesRunsNothing(t *testing.T) {
	mark := filepath.Join("/dev/shm", "fovea-attack-"+strconv.Itoa(os.Getpid()))
	attack := "x\n-if\nsystem('touch " + mark + "')\n-execute\n"
	r := open(t, exif.Options{})
	pic := jpegWith(t, attack)
	m, err := r.Read(t.Context(), bytes.NewReader(pic), int64(len(pic)), attack)
	if err != nil {
		t.Fatal(err)
	}
	if m.Caption != "" {
		t.Errorf("a caption with line ends was taken: %q", m.Caption)
	}
	if m.Make != "Testcam" {
		t.Errorf("Make = %q", m.Make)
	}
	if _, err := os.Stat(mark); err == nil {
		_ = os.Remove(mark)
		t.Fatal("the caption ran a program")
	}
}

// jpegWith builds a JPEG whose EXIF holds caption and a maker.
func jpegWith(t *testing.T, caption string) []byte {
	t.Helper()
	var tiff bytes.Buffer
	put := func(v ...any) {
		for _, x := range v {
			if err := binary.Write(&tiff, binary.BigEndian, x); err != nil {
				t.Fatal(err)
			}
		}
	}
	maker := []byte("Testcam\x00")
	text := append([]byte(caption), 0)
	put([]byte("MM\x00\x2a"), uint32(8), uint16(2))
	at := uint32(8 + 2 + 2*12 + 4)
	put(uint16(0x010e), uint16(2), uint32(len(text)), at)
	put(uint16(0x010f), uint16(2), uint32(len(maker)), at+uint32(len(text)))
	put(uint32(0), text, maker)
	body := append([]byte("Exif\x00\x00"), tiff.Bytes()...)
	out := []byte{0xff, 0xd8, 0xff, 0xe1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}
	out = append(out, body...)
	return append(out, 0xff, 0xd9)
}

func TestKilledChildHeals(t *testing.T) {
	r := open(t, exif.Options{Instances: 1})
	pic := jpegWith(t, "hello")
	for range 3 {
		for _, pid := range children(t) { // idle: dies between two requests
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		m, err := r.Read(t.Context(), bytes.NewReader(pic), int64(len(pic)), "jpg")
		if err != nil || m.Caption != "hello" {
			t.Fatalf("after a kill: %q, %v", m.Caption, err)
		}
	}
}

// hang is a stand-in for exiftool that never answers.
func hang(t *testing.T) (string, []sandbox.Bind) {
	t.Helper()
	dir := t.TempDir()
	p := filepath.Join(dir, "exiftool")
	if err := os.WriteFile(p, []byte("#!/bin/sh\nread -r a; exec /usr/bin/sleep 1000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return p, []sandbox.Bind{sandbox.Bind(dir)}
}

func TestHangingChildIsKilledAtTheDeadline(t *testing.T) {
	p, binds := hang(t)
	r := open(t, exif.Options{Program: p, Binds: binds, Timeout: 200 * time.Millisecond, Instances: 1})
	for range 2 {
		start := time.Now()
		_, err := r.Read(t.Context(), strings.NewReader("x"), 1, "jpg")
		if !errors.Is(err, exif.ErrTimeout) {
			t.Errorf("err = %v, want ErrTimeout", err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("took %v", d)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Read(ctx, strings.NewReader("x"), 1, "jpg"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v, want the caller's deadline", err)
	}
}

func TestChildKilledInMidRequestIsNoticed(t *testing.T) {
	p, binds := hang(t)
	r := open(t, exif.Options{Program: p, Binds: binds, Timeout: time.Minute, Instances: 1})
	done := make(chan error, 1)
	go func() {
		_, err := r.Read(t.Context(), strings.NewReader("x"), 1, "jpg")
		done <- err
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for {
		select {
		case <-tick.C:
			for _, pid := range children(t) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		case err := <-done: // twice killed: the file is blamed, the reader lives
			if !errors.Is(err, exif.ErrUnreadable) && !strings.Contains(fmt.Sprint(err), "child") {
				t.Fatalf("err = %v", err)
			}
			return
		case <-end:
			t.Fatal("the reader waits for a dead child")
		}
	}
}

func TestRefusesASpoolFolderOnDisk(t *testing.T) {
	sb, err := sandbox.Open(t.Context(), sandbox.Options{AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = exif.Open(t.Context(), exif.Options{Sandbox: sb, Spool: "/usr"})
	if !errors.Is(err, exif.ErrNotMemory) {
		t.Errorf("Open on a disk = %v, want ErrNotMemory", err)
	}
}

func TestTooLargeFileIsRefusedUnread(t *testing.T) {
	r := open(t, exif.Options{MaxFile: 10})
	if _, err := r.Read(t.Context(), strings.NewReader("x"), 11, ""); !errors.Is(err, exif.ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
}

func TestStrayFoldersOfDeadProcessesGo(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "stray-test-") //nolint:usetesting // it has to be in memory
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	r := open(t, exif.Options{Spool: dir})
	used, err := filepath.Glob(filepath.Join(dir, "fovea-exif-*"))
	if err != nil || len(used) != 1 {
		t.Fatalf("the reader uses %v, %v; want one folder", used, err)
	}
	// In a container a killed process and the next have the same number.
	mine := filepath.Join(dir, fmt.Sprintf("fovea-exif-%d-1", os.Getpid()))
	other := filepath.Join(dir, "unrelated")
	for _, d := range []string{mine, other} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(mine, "picture.jpg"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := exif.Stray(dir); err != nil {
		t.Fatal(err)
	}
	for d, want := range map[string]bool{used[0]: true, mine: false, other: true} {
		if _, err := os.Stat(d); (err == nil) != want {
			t.Errorf("%s: there = %v, want %v", filepath.Base(d), err == nil, want)
		}
	}
	if err := os.RemoveAll(used[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(t.Context(), strings.NewReader("nothing"), 7, ""); err != nil && !errors.Is(err, exif.ErrUnreadable) {
		t.Errorf("without its folder: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "fovea-exif-*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func BenchmarkRead(b *testing.B) {
	r := open(b, exif.Options{})
	f := filepath.Join(testenv.Data(b, "cameras"), "jpg-Nikon-D90.jpg")
	for b.Loop() {
		if _, err := read(b, r, f); err != nil {
			b.Fatal(err)
		}
	}
}
