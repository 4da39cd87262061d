package main

import (
	"bytes"
	"strings"
	"testing"

	"fovea/server/wire"
)

// Who saw what is told with the device's name, else with the beginning of the ledger's, and with the program.
func TestEntriesOfTheLedgerNameTheDevice(t *testing.T) {
	var out bytes.Buffer
	new(env).writeEvents(&out, []wire.Recorded{
		{Act: "asset.served", Name: "Yuki", Door: "webdav", Device: "0123456789abcdef", Called: "lecture laptop", Agent: "rclone/v1.70.3"},
		{Act: "asset.viewed", Name: "Nora", Door: "pages", Device: "fedcba9876543210"},
		{Act: "asset.viewed", Door: "cli"},
	})
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{"\tDEVICE\tPROGRAM\t", "\twebdav\tlecture laptop\trclone/v1.70.3\t", "\tpages\tfedcba98\t–\t", "\tcli\t–\t–\t"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, without %q", i, lines[i], want)
		}
	}
}
