package webdav_test

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// queued is how much the kernel holds of what was written to a connection and has not been acknowledged, in bytes.
func queued(t *testing.T, c *net.TCPConn) int {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	var asked error
	if err := raw.Control(func(fd uintptr) { n, asked = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }); err != nil || asked != nil {
		t.Fatal(err, asked)
	}
	return n
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
