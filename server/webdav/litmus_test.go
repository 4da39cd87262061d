//go:build litmus

package webdav_test

import (
	"fmt"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestLitmus lets the protocol's own test suite (Debian's litmus) at an inbox, over TLS. The last of its http tests,
// which is about Expect: 100-continue, it leaves out over TLS; so that suite runs without TLS too.
func TestLitmus(t *testing.T) {
	d := newInboxDrive(t, time.Hour, nil)
	secure, plain := httptest.NewTLSServer(d), httptest.NewServer(d)
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	for _, tt := range []struct {
		suite  string
		server *httptest.Server
		want   int
	}{
		{"basic", secure, 16},
		{"copymove", secure, 13},
		{"props", secure, 30},
		{"locks", secure, 41},
		{"http", secure, 3},
		{"http", plain, 4},
	} {
		t.Run(tt.suite, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "litmus", "-k", tt.server.URL+"/dav/inbox/derm/", "student", "x")
			cmd.Env = append(cmd.Environ(), "TESTS="+tt.suite)
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			want := fmt.Sprintf("of %d tests run: %d passed, 0 failed", tt.want, tt.want)
			if err != nil || !strings.Contains(string(out), want) || strings.Contains(string(out), "WARNING") {
				t.Errorf("%v, want %q\n%s", err, want, out)
			}
			t.Attr("litmus", fmt.Sprintf("%s %d/%d", tt.suite, tt.want, tt.want))
		})
	}
}
