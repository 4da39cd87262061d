package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// mountTest is a test of internal/mounts that lists, reads and withdraws, and the client that it mounts with.
type mountTest struct{ name, client string }

func mountTests() []mountTest {
	return []mountTest{
		{"TestDavfs2ListsReadsAndLosesWhatIsWithdrawn", "davfs2"},
		{"TestRcloneWithoutCacheListsReadsAndLosesWhatIsWithdrawn", "rclone"},
		{"TestRcloneWithFullCacheListsReadsAndLosesWhatIsWithdrawn", "rclone with its cache"},
		{"TestGioListsReadsAndLosesWhatIsWithdrawn", "gio"},
		{"TestCadaverListsReadsAndLosesWhatIsWithdrawn", "cadaver"},
	}
}

// bulkTests are tests of internal/mounts about much at once, and the attribute that each states.
func bulkTests() []struct{ name, states string } {
	return []struct{ name, states string }{
		{"TestFiftyFilesAreDeliveredOnce", "taken"},
		{"TestDavfs2ListsTenThousandPictures", "listed"},
	}
}

// realClientsMount: davfs2, rclone, gio and cadaver reach the drive over TLS, list a set, read it with the right checksums,
// lose what is withdrawn, and have it back when it is allowed again; they deliver into an inbox, also over a line that is
// cut; and davfs2 lists 10,000 pictures. It is internal/mounts that tries it, on the program under trial.
func realClientsMount(ctx context.Context, tr *trial) (string, error) {
	if why := cannotMount(); why != "" {
		return "cannot be tried here: " + why, errUntried
	}
	out, runErr := tr.gotest(ctx, "-tags=mounts", "-json", "-timeout=10m", "./internal/mounts", "-fovea="+tr.fovea)
	v, err := verdictsOf(out)
	var said []string
	for _, t := range mountTests() {
		a := v.stated[t.name]
		if !v.passed[t.name] || a["read"] == "" || a["gone"] == "" || a["back"] == "" {
			err = errors.Join(err, fmt.Errorf("%s does not: %s", t.client, v.output[t.name]))
			continue
		}
		said = append(said, fmt.Sprintf("%s reads %s, loses %s, has them back %s", t.client, a["read"], a["gone"], a["back"]))
	}
	for _, t := range bulkTests() {
		if !v.passed[t.name] || v.stated[t.name][t.states] == "" {
			err = errors.Join(err, fmt.Errorf("%s fails: %s", t.name, v.output[t.name]))
			continue
		}
		said = append(said, t.states+" "+v.stated[t.name][t.states])
	}
	return strings.Join(said, "; "), errors.Join(runErr, err) // the others of its tests have to pass too
}

// cannotMount is what this machine lacks for a mount, in words; empty: nothing.
func cannotMount() string {
	if os.Geteuid() != 0 {
		return "mounting needs root"
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return "mounting needs /dev/fuse"
	}
	for _, program := range []string{"mount.davfs", "rclone", "gio", "dbus-run-session", "cadaver"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Sprintf("%s is not installed", program)
		}
	}
	return ""
}
