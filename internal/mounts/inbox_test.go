//go:build mounts

package mounts_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fovea/internal/testenv"
)

const (
	inbox        = "/dav/inbox/studio-b/"
	photographer = "lea"
	each         = 50 // files that every client delivers
	// A bad line is cut so often, each time after so many bytes.
	cutTimes = 3
	cutAfter = 700_000
)

// delivery is a folder of files on a photographer's computer, on its way to a patient.
type delivery struct {
	name  string // of the folder
	dir   string
	files []string          // names, in order
	sums  map[string]string // by name
	place place

	patient string
}

// carriers are the ways in which files come into an inbox. Each has to bring the whole folder, and may take a few
// attempts where the line is bad.
func carriers() map[string]func(*testing.T, delivery) {
	return map[string]func(*testing.T, delivery){
		"davfs2":            byDavfs2,
		"rclone":            byRclone,
		"gio":               byGio,
		"cadaver":           byCadaver,
		"davfs2-over-a-cut": overBadLine(byDavfs2),
		"rclone-over-a-cut": overBadLine(byRclone),
		"curl-over-a-cut":   overBadLine(byCurl),
	}
}

// TestFiftyFilesAreDeliveredOnce lets every client deliver 50 pictures of real cameras and clinics, one after the other
// into one studio's inbox before that has settled, some over a connection that is cut in the middle: each file is taken
// exactly once, with its bytes, for its patient; its receipt says so; and it has left the inbox.
func TestFiftyFilesAreDeliveredOnce(t *testing.T) {
	d := demoOf(t)
	real := realFiles(t)
	names := slices.Sorted(maps.Keys(carriers()))
	if len(real) < each*len(names) {
		t.Fatalf("there are %d files, %d are to be delivered", len(real), each*len(names))
	}
	t.Cleanup(func() { d.complains(t) })
	sent := map[string]delivery{}
	for i, name := range names {
		var mine []string
		for k := range each {
			mine = append(mine, real[k*len(names)+i])
		}
		it := pack(t, d, name, mine, i)
		t.Run(name, func(t *testing.T) {
			from := time.Now()
			carriers()[name](t, it)
			t.Attr("sent", fmt.Sprintf("%d files in %.1f s", each, time.Since(from).Seconds()))
		})
		sent[name] = it
	}
	began := time.Now()
	for _, name := range names {
		t.Run(name+"-taken", func(t *testing.T) { arrives(t, d, sent[name]) })
	}
	t.Attr("taken", fmt.Sprintf("%d files %.1f s after the last was sent", each*len(names), time.Since(began).Seconds()))
}

// realFiles are pictures that cameras and clinics took, those of cameras first.
func realFiles(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"cameras/jpg-*.jpg", "faces/*.jpg", "wounds/*/*.jpg"} {
		found, err := filepath.Glob(filepath.Join(testenv.Data(t), filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(file string) bool {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := checksum(b)
		twice := seen[sum] || len(b) > 4<<20
		seen[sum] = true
		return twice
	})
}

// patient registers a new one, with the number of that order.
func (d *demo) patient(t *testing.T, nth int) (id string) {
	t.Helper()
	var made struct {
		IDs []string `json:"ids"`
	}
	d.call(t, photographer, "POST /api/v1/patients", map[string]any{
		"family": fmt.Sprintf("Inboxson%c", 'A'+nth), "given": "Trial", "born": "1970-01-02", "sex": "F",
		"identifiers": []map[string]string{{"system": d.Patients[0].System, "value": number(nth)}},
	}, &made)
	if len(made.IDs) != 1 {
		t.Fatalf("registering a patient made %q", made.IDs)
	}
	return made.IDs[0]
}

// number is one that the demo's hospital gives.
func number(nth int) string { return fmt.Sprintf("%07dZ", 9700000+nth) }

// pack lays files into a folder with the ticket that says whose they are.
func pack(t *testing.T, d *demo, name string, files []string, nth int) delivery {
	t.Helper()
	it := delivery{name: name, dir: filepath.Join(t.TempDir(), name), sums: map[string]string{}, patient: d.patient(t, nth)}
	if err := os.Mkdir(it.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		as := fmt.Sprintf("%s-%04d.JPG", name, i+1)
		write(t, filepath.Join(it.dir, as), string(b), 0o600)
		it.files, it.sums[as] = append(it.files, as), checksum(b)
	}
	ticket, err := json.Marshal(map[string]any{
		"fovea": "ticket/1", "photographer": photographer, "patient": map[string]string{"system": d.Patients[0].System, "number": number(nth)},
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(it.dir, "ticket.json"), string(ticket), 0o600)
	it.place = place{url: d.URL + inbox, ca: d.ca, device: d.device(t, photographer), write: true}
	return it
}

// overBadLine delivers over a line that is cut, and insists that it was.
func overBadLine(by func(*testing.T, delivery)) func(*testing.T, delivery) {
	return func(t *testing.T, it delivery) {
		l := badLine(t, it.place.url, cutTimes, cutAfter)
		it.place.url = l.url
		by(t, it)
		if l.cut(cutTimes) == 0 {
			t.Error("the line was never cut")
		}
		t.Attr("cut", fmt.Sprint(l.cut(cutTimes)))
	}
}

func byDavfs2(t *testing.T, it delivery) {
	at := string(davfs2(t, it.place))
	to := filepath.Join(at, it.name)
	persist(t, func() error {
		if err := os.Mkdir(to, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		for _, name := range append([]string{"ticket.json"}, it.files...) {
			b, err := os.ReadFile(filepath.Join(it.dir, name))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(to, name), b, 0o644); err != nil {
				return err
			}
		}
		return nil
	})
	unmount(t, at) // which waits until all of it is sent
}

func byRclone(t *testing.T, it delivery) {
	args := append([]string{"copy", it.dir, ":webdav:" + it.name, "--retries", "1", "--low-level-retries", "1"}, it.place.remote(t, t.TempDir())...)
	persist(t, func() error { return run(exec.CommandContext(t.Context(), "rclone", args...)) })
}

func byGio(t *testing.T, it delivery) {
	g := gvfs(t, it.place)
	args := []string{"copy", filepath.Join(it.dir, "ticket.json")}
	for _, name := range it.files {
		args = append(args, filepath.Join(it.dir, name))
	}
	if err := errors.Join(run(g.command("mkdir", g.at(it.name))), run(g.command(append(args, g.at(it.name)+"/")...))); err != nil {
		t.Fatal(err)
	}
}

func byCadaver(t *testing.T, it delivery) {
	lines := []string{"mkcol " + it.name, "cd " + it.name, "lcd " + it.dir, "put ticket.json", "mput *.JPG"}
	if out, err := newCadaver(t, it.place).does(lines...); err != nil {
		t.Fatalf("cadaver: %v: %s", err, out)
	}
}

func byCurl(t *testing.T, it delivery) {
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	write(t, ca, string(it.place.ca), 0o600)
	curl := func(args ...string) error {
		cmd := exec.CommandContext(t.Context(), "curl", append([]string{"--silent", "--show-error", "--fail", "--cacert", ca, "--config", "-"}, args...)...)
		cmd.Stdin = strings.NewReader(fmt.Sprintf("user = \"%s:%s\"\n", it.place.device.Login, it.place.device.Secret))
		return run(cmd)
	}
	to := it.place.url + it.name + "/"
	if err := curl("--request", "MKCOL", to); err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{"ticket.json"}, it.files...) {
		persist(t, func() error { return curl("--upload-file", filepath.Join(it.dir, name), to) })
	}
}

func run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd.Args[0], err, out)
	}
	return nil
}

// persist tries again, as a person does whose line was cut: once for every cut, and once more.
func persist(t *testing.T, attempt func() error) {
	t.Helper()
	var err error
	for range cutTimes + 1 {
		if err = attempt(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// arrives waits until a delivery has left the inbox and checks what became of it.
func arrives(t *testing.T, d *demo, it delivery) {
	t.Helper()
	within(t, 2*time.Minute, it.name+" has left the inbox", func() bool {
		return len(d.waiting(t, it.name)) == 0
	})
	receipts := d.waiting(t, "_receipts")
	for _, name := range it.files {
		if !slices.Contains(receipts, name+".txt") {
			t.Errorf("%s has no receipt", name)
			continue
		}
		status, b, err := d.ask(photographer, http.MethodGet, inbox+"_receipts/"+url.PathEscape(name)+".txt", nil)
		if err != nil || status != http.StatusOK || !strings.Contains(string(b), "Kept") || strings.Count(string(b), "\n"+"Kept") > 1 {
			t.Errorf("the receipt of %s: status %d, %v: %s", name, status, err, b)
		}
	}
	times := map[string]int{}
	within(t, time.Minute, "all are found", func() bool {
		clear(times)
		for _, sum := range d.kept(t, it.patient) {
			times[sum]++
		}
		return len(times) >= len(it.files)
	})
	for name, sum := range it.sums {
		if times[sum] != 1 {
			t.Errorf("%s is kept %d times", name, times[sum])
		}
	}
	if len(times) != len(it.files) {
		t.Errorf("%d pictures of the patient are there, %d were delivered", len(times), len(it.files))
	}
}

// waiting are the names of what is in a folder of the inbox.
func (d *demo) waiting(t *testing.T, folder string) []string {
	t.Helper()
	status, b, err := d.ask(photographer, "PROPFIND", inbox+folder+"/", nil, "Depth", "1")
	if status == http.StatusNotFound {
		return nil
	}
	var m struct {
		Hrefs []string `xml:"response>href"`
	}
	if err == nil {
		err = xml.Unmarshal(b, &m)
	}
	if err != nil || status != http.StatusMultiStatus {
		t.Fatalf("PROPFIND: status %d: %v", status, err)
	}
	var names []string
	for _, href := range m.Hrefs {
		if plain, err := url.PathUnescape(href); err == nil && !strings.HasSuffix(plain, "/") {
			names = append(names, path.Base(plain))
		}
	}
	return names
}

// kept are the checksums of the pictures that are filed under a patient.
func (d *demo) kept(t *testing.T, patient string) []string {
	t.Helper()
	var found struct {
		Items []struct {
			SHA256 string `json:"sha256"`
		} `json:"items"`
	}
	q := url.Values{"patient": {patient}, "limit": {"500"}}
	d.call(t, photographer, "GET /api/v1/search?"+q.Encode(), nil, &found)
	sums := make([]string, 0, len(found.Items))
	for _, p := range found.Items {
		sums = append(sums, p.SHA256)
	}
	return sums
}
