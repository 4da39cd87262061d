package nn_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fovea/darkroom/faces/nn"
)

// networks are the files that the detector runs.
func networks() []string {
	return []string{
		"face_detection_back_256x256_barracuda.onnx", "face_detection_short_range.tflite", "face_detection_full_range.tflite",
	}
}

// network reads a file that scripts/setup has fetched.
func network(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("..", "models", name))
	if err != nil {
		tb.Fatalf("%v: run scripts/setup models", err)
	}
	return data
}

func read(name string, data []byte) (*nn.Model, error) {
	if strings.HasSuffix(name, ".onnx") {
		return nn.ReadONNX(data)
	}
	return nn.ReadTFLite(data)
}

// pattern fills an input with what the expected outputs were computed from.
func pattern(v []float32) {
	for i := range v {
		v[i] = float32(i*7919%255)/127.5 - 1
	}
}

// testdata/outputs.json has the first five and last three numbers of every
// output, of the ONNX file by onnxruntime 1.27.0, of the others by an interpreter
// of dot products that shares nothing with this one.
func TestOtherInterpretersComputeTheSame(t *testing.T) {
	var want map[string][][]float64
	text, err := os.ReadFile("testdata/outputs.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range networks() {
		m, err := read(name, network(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		run := m.NewRun()
		pattern(run.Input())
		run.Do()
		for i, w := range want[name] {
			out := run.Output(i)
			got := slices.Concat(out[:5], out[len(out)-3:])
			for k := range w {
				if math.Abs(float64(got[k])-w[k]) > 1e-4*(1+math.Abs(w[k])) {
					t.Errorf("%s, output %d: %v, want %v", name, i, got, w)
					break
				}
			}
		}
	}
}

func TestARunAllocatesNothingAndRepeatsItself(t *testing.T) {
	for _, name := range networks() {
		m, err := read(name, network(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		run := m.NewRun()
		pattern(run.Input())
		run.Do()
		first := slices.Clone(run.Output(0))
		if n := testing.AllocsPerRun(2, run.Do); n != 0 {
			t.Errorf("%s: %g allocations a run", name, n)
		}
		if !slices.Equal(run.Output(0), first) {
			t.Errorf("%s: the same input gave other numbers", name)
		}
	}
}

// A file cut anywhere, or with a byte changed anywhere, is refused or runs.
func TestADamagedFileIsRefusedOrRuns(t *testing.T) {
	for _, name := range networks() {
		data := network(t, name)
		for i := range 24 {
			at := i * i * len(data) / (24 * 24)
			if i < 12 { // the first bytes have most of the structure of one format, the last of the other
				at = min(i*29, len(data)-1)
			}
			damaged := slices.Clone(data)
			damaged[at] ^= byte(1 + i%255)
			attempt(t, name, damaged)
			attempt(t, name, data[:at])
			attempt(t, name, append(slices.Clone(data[:at]), data[min(at+7, len(data)):]...))
			damaged[len(damaged)-1-at%4096] ^= 0xff
			attempt(t, name, damaged)
		}
	}
}

// attempt reads data; a refusal is of ErrModel, and what is taken can be run.
func attempt(t *testing.T, name string, data []byte) {
	t.Helper()
	m, err := read(name, data)
	if err != nil {
		if !errors.Is(err, nn.ErrModel) || m != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return
	}
	if m.Input().Len() > 1<<18 {
		return // as large as the networks at most; more only takes longer
	}
	run := m.NewRun()
	run.Do()
	if len(m.Outputs()) == 0 {
		t.Fatalf("%s: taken without an output", name)
	}
}

// The fuzzer changes three places of a real network; the bytes between are of no
// interest, and too many for it to find the others among them.
func fuzz(f *testing.F, name string) {
	f.Helper()
	data := network(f, name)
	f.Add(uint32(0), uint32(0), uint32(0), []byte{1}, uint32(len(data)))
	f.Add(uint32(4), uint32(len(data)-40), uint32(len(data)/2), []byte{0xff, 0xff, 0xff, 0x7f}, uint32(len(data)))
	f.Add(uint32(12), uint32(300), uint32(900), []byte{0}, uint32(len(data)/3))
	f.Fuzz(func(t *testing.T, a, b, c uint32, with []byte, length uint32) {
		damaged := slices.Clone(data[:min(int(length), len(data))])
		for _, at := range []uint32{a, b, c} {
			if len(damaged) > 0 {
				copy(damaged[int(at)%len(damaged):], with)
			}
		}
		attempt(t, name, damaged)
	})
}

func FuzzTFLite(f *testing.F) { fuzz(f, networks()[1]) }

func FuzzONNX(f *testing.F) { fuzz(f, networks()[0]) }

func BenchmarkRun(b *testing.B) {
	for _, name := range networks() {
		m, err := read(name, network(b, name))
		if err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		b.Run(strings.TrimPrefix(name, "face_detection_"), func(b *testing.B) {
			run := m.NewRun()
			pattern(run.Input())
			b.ReportAllocs()
			for b.Loop() {
				run.Do()
			}
		})
	}
}
