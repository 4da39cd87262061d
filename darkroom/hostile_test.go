package darkroom_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/internal/sandbox"
	"fovea/internal/testenv"
)

// beHostile does as a child what a bug in a decoder could be made to do.
func beHostile(what string, args []string) bool {
	switch what {
	case spyArg:
		answer(spy(args))
	case idleArg:
		_, _ = io.Copy(io.Discard, os.Stdin)
		select {}
	case hungryArg:
		var all [][]byte
		for {
			b := make([]byte, 64<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			all = append(all, b)
			if len(all) > 1<<20 {
				return true
			}
		}
	case liarArg:
		_, _ = os.Stdout.Write([]byte("\x00\x00\x00\x00\x10\x00\x00\x00\x10" + planted))
	case crashedArg:
		panic(planted)
	default:
		return false
	}
	return true
}

// answer says a number as the height of a picture, which is all that a child can
// say.
func answer(n int) {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8+n)), nil)
	head := binary.BigEndian.AppendUint32([]byte{0}, 8)
	_, _ = os.Stdout.Write(append(binary.BigEndian.AppendUint32(head, 8), b.Bytes()...))
}

// leftBehind is a file beside the program.
func leftBehind() string { return filepath.Join(filepath.Dir(os.Args[0]), "left-behind") }

// spy tries what must not be possible and returns what was, a bit each.
func spy(args []string) int {
	found := 0
	got := func(bit int, is bool) {
		if is {
			found |= 1 << bit
		}
	}
	_, err := os.ReadFile(args[0]) // the key file
	got(0, err == nil)
	_, err = os.ReadDir(args[1]) // another picture's spool
	got(1, err == nil)
	c, err := (&net.Dialer{Timeout: 2 * time.Second}).Dial("tcp", args[2]) // the server's own door
	got(2, err == nil)
	if c != nil {
		_ = c.Close()
	}
	_, err = os.ReadFile("/etc/passwd")
	got(3, err == nil)
	_ = os.WriteFile(leftBehind(), nil, 0o600) // may succeed, in a folder of its own that goes with it
	others, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range others { // the memory of whoever holds the keys
		environ, err := os.ReadFile(filepath.Join(p, "environ"))
		got(5, err == nil && bytes.Contains(environ, []byte("FOVEA_SECRET")))
	}
	u, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: args[3], Net: "unix"}) // the administrator's door
	got(6, err == nil)
	if u != nil {
		_ = u.Close()
	}
	return found
}

func hostile(t *testing.T, args ...string) (*darkroom.Renderer, *sandbox.Sandbox) {
	t.Helper()
	box, err := sandbox.Open(t.Context(), sandbox.Options{AllowUnconfined: true})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return darkroom.NewRenderer(box).WithChild(self, args...), box
}

func TestAChildThatAPictureTookOverReachesNothing(t *testing.T) {
	folder := t.TempDir()
	key := filepath.Join(folder, "key")
	if err := os.WriteFile(key, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FOVEA_SECRET", "1")
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	socket := filepath.Join(t.TempDir(), "s")
	local, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	args := []string{key, folder, tcp.Addr().String(), socket}
	if here := spy(args); here&0b1000111 != 0b1000111 {
		t.Fatalf("the spy is no good: unconfined it reaches %b", here)
	}
	if err := os.Remove(leftBehind()); err != nil {
		t.Fatal(err)
	}
	r, box := hostile(t, append([]string{spyArg}, args...)...)
	p, err := r.Edit(t.Context(), source(lossless(t, scene(40, 40, 1)), "image/png"), clinical.NewRecipe(), darkroom.EditOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !box.Confined() {
		t.Log("no namespaces on this machine: nothing is confined")
		return
	}
	if p.Height != 8 {
		t.Errorf("the child reached %b", p.Height-8)
	}
	if _, err := os.Stat(leftBehind()); err == nil {
		t.Error("the child left something behind")
	}
}

func TestAChildThatMisbehavesCostsOnePictureAndIsReplaced(t *testing.T) {
	src := lossless(t, scene(300, 200, 1))
	for name, arg := range map[string]string{"eats memory": hungryArg, "lies": liarArg, "crashes": crashedArg} {
		r, _ := hostile(t, arg)
		_, err := r.Edit(t.Context(), source(src, "image/png"), clinical.NewRecipe(), darkroom.EditOptions{})
		if err == nil || strings.Contains(err.Error(), planted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	r, _ := hostile(t, idleArg)
	if _, err := r.Edit(ctx, source(src, "image/png"), clinical.NewRecipe(), darkroom.EditOptions{}); clinical.KindOf(err) != clinical.Unavailable {
		t.Errorf("never ends: %v", err)
	}
	edit(t, editors(t)["children"], src, clinical.NewRecipe(), darkroom.EditOptions{})
}

// A bomb says that it is larger than any picture, a polyglot is a web page too,
// and a fuzzed file may be anything.
func TestHostilePicturesAreRefusedOrComeOutBare(t *testing.T) {
	bomb := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x75\x30\x00\x00\x75\x30\x08\x02\x00\x00\x00")
	page := append(picture(t, 64, 64), "<html><script>alert(1)</script>PK\x03\x04"+planted...)
	cases := map[string][]byte{"bomb": bomb, "polyglot": page, "nothing": nil, "a script": []byte("#!/bin/sh\n"), "a PPM that lies": []byte("P6 90000 90000 255\n")}
	files, err := filepath.Glob(filepath.Join(testenv.Data(t, "cameras", "fuzzed"), "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no fuzzed files", err)
	}
	for _, f := range files {
		if cases[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	for way, r := range editors(t) {
		done := 0
		for name, b := range cases {
			if way == "child" || way == "children" && done >= 20 {
				continue // one way with children is enough for all, a share of it for the other
			}
			done++
			p, err := r.Edit(t.Context(), source(b, "image/jpeg"), clinical.NewRecipe(), darkroom.EditOptions{Size: darkroom.ThumbnailSize})
			switch {
			case err == nil && darkroom.Bare(p.JPEG) != nil:
				t.Errorf("%s: %s: not bare", way, name)
			case err != nil && clinical.ReasonOf(err) != darkroom.ReasonUndecodable:
				t.Errorf("%s: %s: %v", way, name, err)
			}
		}
	}
}

func FuzzChildReadsAnything(f *testing.F) {
	f.Add([]byte("fovea darkroom 1\n\x00\x00\x00\x02{}P6 2 2 255\n............"))
	f.Add([]byte("fovea darkroom 1\n\x00\x00\x00\x1c{\"Recipe\":{\"version\":1}}    P5 2 2 255\n...."))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		if err := darkroom.Child(t.Context(), bytes.NewReader(b), &out); err == nil && out.Len() < 9 {
			t.Fatal("no answer")
		}
	})
}

// 24 million pixels pass from one child to the next; this process sees its own
// small buffers and the JPEG that comes out.
func TestThisProcessHoldsNoPixels(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 6000, 4000), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = uint8(i / 6000)
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 100, 150
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	r := editors(t)["children"]
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := r.Edit(t.Context(), source(b.Bytes(), "image/jpeg"), clinical.NewRecipe(), darkroom.EditOptions{Size: darkroom.TeachingSize})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20+20*uint64(len(p.JPEG)) {
		t.Errorf("%d MiB were allocated for a picture of 24 megapixels", used>>20)
	}
}
