package webdav_test

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
)

// queued is how much the kernel holds of what was written to a connection and has not been acknowledged, in bytes
// (proc_net_tcp of the kernel's documentation).
func queued(t *testing.T, c *net.TCPConn) int {
	t.Helper()
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	ours := fmt.Sprintf(":%04X", c.LocalAddr().(*net.TCPAddr).Port)
	theirs := fmt.Sprintf(":%04X", c.RemoteAddr().(*net.TCPAddr).Port)
	for line := range strings.Lines(string(table)) {
		at := strings.Fields(line) // number, local and remote address, state, queues to send and received
		if !strings.HasSuffix(at[1], ours) || !strings.HasSuffix(at[2], theirs) {
			continue
		}
		sending, _, _ := strings.Cut(at[4], ":")
		n, err := strconv.ParseInt(sending, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	t.Fatal("the connection is not there")
	return 0
}

// What the kernel still holds of a picture is past recall once it is withdrawn, so it is little, however slow the client.
func TestLittleOfAPictureIsPastRecall(t *testing.T) {
	for _, transport := range []string{"plain", "tls", "h2"} {
		t.Run(transport, func(t *testing.T) {
			d, withdraw := largeDrive()
			server, l, done := serve(t, d, transport)
			open(t, server, "/dav/teaching/Wounds/000013-Ulcer.jpg")
			stalled(t, l)
			if n := queued(t, l.last.Load()); n > 256<<10 {
				t.Errorf("%d bytes wait in the kernel, want at most 256 KiB", n)
			} else {
				t.Logf("%d bytes wait in the kernel", n)
			}
			withdraw()
			<-done
		})
	}
}
