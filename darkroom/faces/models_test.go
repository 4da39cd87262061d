package faces

import (
	"strings"
	"testing"
	"testing/fstest"

	"fovea/clinical"
)

func TestWithoutNetworksWhatToRunIsSaid(t *testing.T) {
	_, err := open(fstest.MapFS{"models/SHA256SUMS": {}})
	if clinical.KindOf(err) != clinical.Unavailable || !strings.Contains(err.Error(), "scripts/setup models") {
		t.Errorf("%v, want unavailable and what to run", err)
	}
}

func TestANetworkThatWasNotPinnedIsRefused(t *testing.T) {
	sums, err := files.ReadFile("models/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	network, err := files.ReadFile("models/" + shortFile)
	if err != nil {
		t.Fatalf("%v: run scripts/setup models", err)
	}
	network[len(network)/2] ^= 1
	_, err = open(fstest.MapFS{"models/SHA256SUMS": {Data: sums}, "models/" + shortFile: {Data: network}})
	if clinical.KindOf(err) != clinical.Corrupt {
		t.Errorf("%v, want corrupt", err)
	}
}
