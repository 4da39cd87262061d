//go:build mounts

package mounts_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"fovea/internal/testenv"
)

// guide is what is read: docs/mounting-linux.md.
const guide = "../../docs/mounting-linux.md"

// steps are the parts of the guide that are run, in its order, and how it shows that each has worked. $SET is a folder of
// the teaching drive, and the checks compare it with what the server lists and serves.
func steps() []struct{ name, check string } {
	const whole = `[ "$(ls "%[1]s/$SET" | grep -c jpg$)" = "$PICTURES" ] && [ "$(sha256sum < "%[1]s/$SET/$ONE")" = "$SUM  -" ]`
	return []struct{ name, check string }{
		{"trust", `openssl verify ca.pem`},
		{"gio", `[ "$(gio list "davs://LOGIN@HOST:8443/dav/teaching/$SET" | grep -c jpg$)" = "$PICTURES" ]`},
		{"rclone", fmt.Sprintf(whole, "$HOME/teaching") + ` && fusermount -u ~/teaching`},
		{"bearer", `rclone lsf teaching-token: | grep -F "$SET"`},
		{"davfs2", fmt.Sprintf(whole, "/mnt/teaching") + ` && ! touch /mnt/teaching/mine && umount /mnt/teaching`},
		{"cadaver", `echo ls | cadaver https://HOST:8443/dav/teaching/ | grep -F "$SET"`},
		{"inbox", `[ "$(rclone lsf inbox:CARD | grep -c JPG$)" = 3 ]`},
		{"inbox-davfs2", `[ "$(rclone lsf inbox:CARD-2 | grep -c JPG$)" = 3 ]`},
		{"inbox-curl", `rclone lsf inbox: | grep IMG_0001.JPG`},
	}
}

// TestTheGuideWorksAsItIsWritten runs every command of the Linux guide, in its order, on a machine of its own: /etc, /usr,
// /var and /mnt are this machine's until the guide changes them, and as they were when it is over.
func TestTheGuideWorksAsItIsWritten(t *testing.T) {
	d := demoOf(t)
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, found := range regexp.MustCompile("(?s)<!-- run: ([a-z0-9-]+) -->\n```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks[found[1]] = found[2]
	}
	if n := strings.Count(string(text), "```sh"); n != len(blocks) || n != len(steps()) {
		t.Fatalf("the guide has %d pieces of commands, of which %d say that they are run, and %d are", n, len(blocks), len(steps()))
	}
	dir := open(t)
	card(t, filepath.Join(dir, "CARD"))
	write(t, filepath.Join(dir, "ca.pem"), string(d.ca), 0o644)
	var script strings.Builder
	for _, s := range steps() {
		run := blocks[s.name]
		if s.name == "gio" {
			run = strings.Replace(run, "gio mount", "echo APP-PASSWORD | gio mount", 1) // it asks
		}
		login := readerName
		if strings.HasPrefix(s.name, "inbox") {
			login = photographer
		}
		secret := d.device(t, login).Secret
		if s.name == "inbox-curl" { // which goes by the file of the part before, and that is the reader's
			fmt.Fprintln(&script, "rm ~/.netrc; echo 'machine HOST login "+login+" password "+secret+"' > ~/.netrc")
		}
		fmt.Fprintf(&script, "echo '== %s'\n%s%s || { echo 'FAILED %[1]s'; exit 1; }\n", s.name, run, s.check)
		filled := strings.NewReplacer("LOGIN", login, "APP-PASSWORD", secret).Replace(script.String())
		script.Reset()
		script.WriteString(filled)
	}
	at, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.NewReplacer("HOST:8443", at.Host, "HOST", at.Hostname(), "STUDIO", "studio-b").Replace(script.String())
	began := time.Now()
	said, err := d.onItsOwn(t, dir, whole)
	if err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	t.Attr("run", fmt.Sprintf("%d parts in %.1f s", len(blocks), time.Since(began).Seconds()))
}

// onItsOwn runs a script as root on a machine that is this one until the script changes it.
func (d *demo) onItsOwn(t *testing.T, dir, script string) ([]byte, error) {
	t.Helper()
	var one, path string
	pictures := d.list(t, set)
	for one, path = range pictures {
		break
	}
	_, served := d.get(t, path)
	const before = `set -eu
sudo() { "$@"; }
mount -t tmpfs none "$LAYERS"
for at in etc usr var mnt; do
  mkdir -p "$LAYERS/$at.new" "$LAYERS/$at.work"
  mount -t overlay overlay -o "lowerdir=/$at,upperdir=$LAYERS/$at.new,workdir=$LAYERS/$at.work" "/$at"
done
cd "$HOME"
`
	layers := filepath.Join(dir, "layers")
	if err := os.Mkdir(layers, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "timeout", "120", "dbus-run-session", "--", "bash", "-c", before+script)
	cmd.Env = append(cmd.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir, "LAYERS="+layers, "LC_ALL=C.UTF-8", "GIO_USE_VOLUME_MONITOR=unix",
		"GVFS_DISABLE_FUSE=1", "SET="+set, fmt.Sprintf("PICTURES=%d", len(pictures)), "ONE="+one, "SUM="+checksum(served))
	return cmd.CombinedOutput()
}

// card is a folder of files as a camera leaves them.
func card(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		b, err := os.ReadFile(testenv.Data(t, "orientation", fmt.Sprintf("landscape_%d.jpg", i+1)))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("IMG_%04d.JPG", i+1)), string(b), 0o644)
	}
}
