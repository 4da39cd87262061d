package faces

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"strings"

	"fovea/clinical"
	"fovea/darkroom/faces/nn"
)

// files holds the networks, where `scripts/setup models` has fetched them, and
// the sums that they must have, which are always there.
//
//go:embed models
var files embed.FS

// The networks, by the names that they have in their packages.
const (
	backFile  = "face_detection_back_256x256_barracuda.onnx"
	shortFile = "face_detection_short_range.tflite"
	fullFile  = "face_detection_full_range.tflite"
)

// load returns a network whose bytes are the pinned ones.
func load(files fs.FS, name string) (*nn.Model, error) {
	data, err := fs.ReadFile(files, "models/"+name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, clinical.Errorf(clinical.Unavailable,
			"faces: this program was built without %s: run `scripts/setup models`, then build it again", name)
	}
	if err != nil {
		return nil, clinical.Errorf(clinical.Internal, "faces: read %s: %w", name, err)
	}
	if got := sha256.Sum256(data); !pinned(files, name, hex.EncodeToString(got[:])) {
		return nil, clinical.Errorf(clinical.Corrupt,
			"faces: %s is not the file that was pinned: remove it, run `scripts/setup models`, then build again", name)
	}
	read := nn.ReadTFLite
	if strings.HasSuffix(name, ".onnx") {
		read = nn.ReadONNX
	}
	model, err := read(data)
	if err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "faces: %s: %w", name, err)
	}
	return model, nil
}

// pinned reports whether a line of SHA256SUMS gives the file this sum.
func pinned(files fs.FS, name, sum string) bool {
	list, err := fs.ReadFile(files, "models/SHA256SUMS")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(list)) {
		if strings.TrimSpace(line) == sum+"  "+name {
			return true
		}
	}
	return false
}
