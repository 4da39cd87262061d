package ingest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"golang.org/x/text/unicode/norm"

	"fovea/clinical"
	"fovea/ingest"
)

// ticketed is a studio whose whole folder has one patient's ticket.
func ticketed(t *testing.T) (*world, clinical.Patient) {
	t.Helper()
	w := newWorld(t, ingest.RuleTicket)
	p := w.patient(numberA)
	w.job("26-0001", p, 0)
	w.drop("ticket.json", ticketFor("26-0001"))
	return w, p
}

func TestNamesOfEveryKindAreKeptAndShownPlain(t *testing.T) {
	for _, tt := range []struct{ what, name, shown string }{
		{"newline", "a\nb.jpg", "a\uFFFDb.jpg"},
		{"leading dash", "-rf.jpg", "-rf.jpg"},
		{"255 bytes", strings.Repeat("x", 251) + ".jpg", strings.Repeat("x", 251) + ".jpg"},
		{"composed", "Zoé.jpg", "Zoé.jpg"},
		{"decomposed", norm.NFD.String("Zoé.jpg"), "Zoé.jpg"},
		{"right to left", "a\u202Egpj.exe.jpg", "a\uFFFDgpj.exe.jpg"},
		{"not UTF-8", "a\xff\xfe.jpg", "a\uFFFD.jpg"},
		{"shell", "$(reboot);'\"`.jpg", "$(reboot);'\"`.jpg"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w, p := ticketed(t)
				b := w.shot(tt.name, exposure{At: day()})
				w.run(time.Minute)
				if diff := cmp.Diff([]string{"filed " + p.ID.String()}, w.vault.holds(b)); diff != "" {
					t.Fatalf("-want +got:\n%s", diff)
				}
				if got := w.vault.all()[0].Name; got != tt.shown {
					t.Errorf("shown as %q, want %q", got, tt.shown)
				}
				if left := w.left(); len(left) != 0 {
					t.Errorf("left: %q", left)
				}
			})
		})
	}
}

// pngOf returns a PNG that claims a size, and a byte of pixels.
func pngOf(width, height uint32) []byte {
	chunk := func(kind string, data []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b = append(append(b, kind...), data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 0, 0, 0, 0)), chunk("IDAT", []byte{0}), chunk("IEND", nil))
}

func TestFilesThatAreNotFitGoToQuarantineWithTheirReason(t *testing.T) {
	for _, tt := range []struct {
		name string
		file func(w *world, name string) []byte
		want clinical.Reason
	}{
		{"lies.jpg", func(w *world, n string) []byte { return w.drop(n, pngOf(8, 8)) }, "type-lies"},
		{"notes.txt", func(w *world, n string) []byte { return w.drop(n, []byte("Dear colleague")) }, "type-unknown"},
		{"zip.jpg", func(w *world, n string) []byte { return w.drop(n, []byte("PK\x03\x04 zip in disguise")) }, "type-unknown"},
		{"bomb.png", func(w *world, n string) []byte { return w.drop(n, pngOf(30000, 30000)) }, "too-many-pixels"},
		{"cut.jpg", func(w *world, n string) []byte {
			b := picture(w.t, exposure{At: day()})
			return w.drop(n, b[:len(b)-9])
		}, "truncated"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w, _ := ticketed(t)
				b := tt.file(w, tt.name)
				w.run(2 * time.Minute)
				if diff := cmp.Diff(map[string]clinical.Reason{tt.name: tt.want}, w.reasons()); diff != "" {
					t.Fatalf("-want +got:\n%s", diff)
				}
				if len(w.vault.holds(b)) != 1 {
					t.Errorf("its bytes are not kept")
				}
				text, err := os.ReadFile(filepath.Join(w.folder, "_quarantine", tt.name+".reason.txt"))
				if err != nil || !strings.Contains(string(text), ingest.Words(tt.want)) {
					t.Errorf("reason file says %q (%v)", text, err)
				}
				if strings.Contains(string(text), "9434765919") || strings.Contains(string(text), "26-0001") {
					t.Error("reason file names the patient")
				}
				if left := w.left(); len(left) != 1 {
					t.Errorf("left: %q", left)
				}
			})
		})
	}
}

func TestNothingButRegularFilesIsOpened(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t)
		outside := filepath.Join(t.TempDir(), "secret.jpg")
		if err := os.WriteFile(outside, picture(t, exposure{At: day(), Salt: 99}), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, make := range map[string]func(path string) error{
			"link.jpg":   func(p string) error { return os.Symlink(outside, p) },
			"folderlink": func(p string) error { return os.Symlink(filepath.Dir(outside), p) },
			"pipe.jpg":   func(p string) error { return unix.Mkfifo(p, 0o600) },
			"socket.jpg": func(p string) error { return unix.Mknod(p, unix.S_IFSOCK|0o600, 0) },
		} {
			if err := make(filepath.Join(w.folder, name)); err != nil {
				t.Fatal(err)
			}
		}
		w.shot("real.jpg", exposure{At: day()})
		w.run(2 * time.Minute)
		if got := w.vault.all(); len(got) != 1 || got[0].Name != "real.jpg" {
			t.Errorf("kept %d assets", len(got))
		}
		r := w.receipts()
		if len(r) != 1 {
			t.Fatalf("%d receipts", len(r))
		}
		want := map[clinical.Reason]int{"link": 2, "not-a-file": 2, "ticket": 1}
		if diff := cmp.Diff(want, r[0].Reasons); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestTwentyLevelsAreReadAndNoMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, p := ticketed(t)
		deep := strings.Repeat("d/", 20)
		b := w.shot(deep+"1.jpg", exposure{At: day()})
		w.shot(deep+"d/2.jpg", exposure{At: day()})
		w.run(time.Minute)
		if diff := cmp.Diff([]string{"filed " + p.ID.String()}, w.vault.holds(b)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if got := w.left(); len(got) != 1 || got[0] != deep+"d/2.jpg" {
			t.Errorf("left: %q", got)
		}
	})
}

func TestTicketsThatCannotBeBelieved(t *testing.T) {
	for _, tt := range []struct {
		name, file, ticket string
		want               clinical.Reason
	}{
		{"10 MB", "ticket.json", `{"fovea":"ticket/1","caption":"` + strings.Repeat("x", 10<<20) + `"}`, "ticket-too-large"},
		{"not JSON", "ticket.json", `job 26-0001`, "ticket-invalid"},
		{"another version", "ticket.json", `{"fovea":"ticket/2","job":"26-0001"}`, "ticket-invalid"},
		{"unknown field", "ticket.json", `{"fovea":"ticket/1","job":"26-0001","patientt":"x"}`, "ticket-invalid"},
		{"two values", "ticket.json", `{"fovea":"ticket/1","job":"26-0001"}{}`, "ticket-invalid"},
		{"not UTF-8", "ticket.csv", "file,job\n,26-\xff0001\n", "ticket-invalid"},
		{"unknown column", "ticket.csv", "file,job,shoe\n,26-0001,42\n", "ticket-invalid"},
		{"a file twice", "ticket.csv", "file,job\n1.jpg,26-0001\n1.jpg,26-0001\n", "ticket-invalid"},
		{"side", "ticket.json", `{"fovea":"ticket/1","job":"26-0001","view":{"laterality":"left"}}`, "ticket-invalid"},
		{"names nobody", "ticket.json", `{"fovea":"ticket/1","caption":"ulcer"}`, "unidentified"},
		{"unknown job", "ticket.json", `{"fovea":"ticket/1","job":"26-0404"}`, "unknown-job"},
		{"check digit", "ticket.json", `{"fovea":"ticket/1","patient":{"system":"nhs","number":"943 476 5910"}}`, "check-digit"},
		{"form", "ticket.json", `{"fovea":"ticket/1","patient":{"number":"DUPONT"}}`, "identifier-form"},
		{"unknown patient", "ticket.json", `{"fovea":"ticket/1","patient":{"number":"987 654 3210"}}`, "unknown-patient"},
		{"job and number disagree", "ticket.json", `{"fovea":"ticket/1","job":"26-0001","patient":{"number":"` + numberB + `"}}`, "sources-disagree"},
		{"photographer", "ticket.json", `{"fovea":"ticket/1","job":"26-0001","photographer":"nobody"}`, "ticket-photographer"},
		{"lesion", "ticket.json", `{"fovea":"ticket/1","job":"26-0001","lesion":"ulcer, medial"}`, "ticket-lesion"},
		{"own ticket against the folder's", "1.jpg.json", `{"fovea":"ticket/1","patient":{"number":"` + numberB + `"}}`, "sources-disagree"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, ingest.RuleTicket)
				w.job("26-0001", w.patient(numberA), 0)
				w.patient(numberB)
				if tt.file == "1.jpg.json" {
					w.drop("ticket.json", ticketFor("26-0001"))
				}
				w.drop(tt.file, []byte(tt.ticket))
				w.shot("1.jpg", exposure{At: day()})
				w.run(time.Minute)
				if diff := cmp.Diff(map[string]clinical.Reason{"1.jpg": tt.want}, w.reasons()); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

func TestFileLargerThanTheLimitStaysWhereItIs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RuleTicket)
		w.opt.MaxFile = 1 << 10
		w.drop("film.mp4", make([]byte, 1<<10+1))
		w.run(time.Minute)
		if diff := cmp.Diff([]string{"_quarantine/film.mp4.reason.txt", "film.mp4"}, w.left()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if err := os.Remove(filepath.Join(w.folder, "film.mp4")); err != nil {
			t.Fatal(err)
		}
		w.run(time.Minute)
		if left := w.left(); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	})
}

func TestEmptyFileIsExplainedUntilItIsCopiedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ingest.RulePattern)
		w.patient(numberA)
		name := "P9434765919_1.jpg"
		w.drop(name, nil)
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(2 * time.Minute)
			if diff := cmp.Diff([]string{name, "_quarantine/" + name + ".reason.txt"}, w.left()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			w.shot(name, exposure{At: day()})
			<-time.After(2 * time.Minute)
		})
		if left := w.left(); len(left) != 0 || len(w.vault.all()) != 1 {
			t.Errorf("left %q, kept %d", left, len(w.vault.all()))
		}
		w.receipts()
	})
}

func TestLitterAndPartialUploadsAreLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t)
		for _, n := range []string{"._1.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", "~1.jpg", "1.jpg~", "x.tmp", "x.crdownload", ".1.jpg.Xa81k2"} {
			w.drop(n, []byte("litter"))
		}
		whole := picture(t, exposure{At: day()})
		w.drop("1.jpg.part", whole[:40])
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(10 * time.Second)
			w.drop("1.jpg.part", whole)
			if err := os.Rename(filepath.Join(w.folder, "1.jpg.part"), filepath.Join(w.folder, "1.jpg")); err != nil {
				t.Fatal(err)
			}
			<-time.After(2 * time.Minute)
		})
		if got := w.vault.all(); len(got) != 1 || got[0].State != clinical.Filed {
			t.Errorf("kept %d assets, quarantine %v", len(got), w.reasons())
		}
		want := clinical.LandingCounts{Found: 11, Kept: 1, Ignored: 10}
		if r := w.receipts(); len(r) != 1 || r[0].LandingCounts != want {
			t.Errorf("receipts %+v, want %+v", r, want)
		}
	})
}

func TestGrowingFileIsKeptOnceAndWhole(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t)
		whole := picture(t, exposure{At: day()})
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			for n := range 6 {
				w.drop("slow.jpg", whole[:len(whole)*(n+1)/6])
				<-time.After(20 * time.Second) // longer than settling: only the container tells
			}
			<-time.After(time.Minute)
		})
		if got := w.vault.all(); len(got) != 1 || len(w.vault.holds(whole)) != 1 {
			t.Errorf("kept %d assets, quarantine %v", len(got), w.reasons())
		}
	})
}

func TestShareThatGoesAwayIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t)
		away := w.folder + " away"
		if err := os.Rename(w.folder, away); err != nil {
			t.Fatal(err)
		}
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Minute)
			if s := in.Status()[0]; s.State != ingest.StateNotReached || s.Reason != "not-reached" {
				t.Errorf("status %+v", s)
			}
			if err := os.Rename(away, w.folder); err != nil {
				t.Fatal(err)
			}
			w.shot("1.jpg", exposure{At: day()})
			<-time.After(time.Minute)
			if s := in.Status()[0]; s.State != ingest.StateQuiet || s.Receipt.Kept != 1 {
				t.Errorf("status %+v", s)
			}
		})
		if got := w.vault.all(); len(got) != 1 {
			t.Errorf("kept %d assets", len(got))
		}
	})
}

func TestFullVaultPausesTheFolderAndResumes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t)
		full := true
		w.vault.fault = func(_ int, what string) error {
			if full && (what == "put" || what == "commit") {
				return &clinical.Error{Kind: clinical.Unavailable, Reason: "disk-full", Err: fmt.Errorf("fake vault: full")}
			}
			return nil
		}
		b := w.shot("1.jpg", exposure{At: day()})
		in, err := ingest.New(w.opt)
		if err != nil {
			t.Fatal(err)
		}
		w.during(in, func() {
			<-time.After(time.Minute)
			if s := in.Status()[0]; s.State != ingest.StatePaused || s.Reason != "disk-full" || s.Waiting != 1 {
				t.Errorf("status %+v", s)
			}
			if len(w.left()) != 2 {
				t.Errorf("left: %q", w.left())
			}
			w.vault.mu.Lock()
			full = false
			w.vault.mu.Unlock()
			<-time.After(time.Minute)
		})
		if len(w.vault.holds(b)) != 1 || len(w.left()) != 0 {
			t.Errorf("kept %d, left %q", len(w.vault.holds(b)), w.left())
		}
	})
}

func TestSourceStaysWhenWhatWasKeptDoesNotReadBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t)
		w.vault.fault = func(_ int, what string) error {
			if what == "verify" {
				return clinical.Errorf(clinical.Corrupt, "fake vault: damaged")
			}
			return nil
		}
		b := w.shot("1.jpg", exposure{At: day()})
		w.run(2 * time.Minute)
		if got, err := os.ReadFile(filepath.Join(w.folder, "1.jpg")); err != nil || !bytes.Equal(got, b) {
			t.Errorf("source is gone: %v", err)
		}
		w.vault.fault = nil
		w.run(2 * time.Minute)
		if len(w.vault.holds(b)) != 1 || len(w.left()) != 0 {
			t.Errorf("kept %d times, left %q", len(w.vault.holds(b)), w.left())
		}
	})
}

// Events only make things quicker, and here nothing else does: the next look is
// an hour away.
func TestEventsMakeAFolderNoticed(t *testing.T) {
	w, _ := ticketed(t)
	w.opt.NoEvents = false
	w.opt.Timing = ingest.Timing{Settle: 5 * time.Millisecond, Poll: time.Hour, Quiet: time.Hour}
	in, err := ingest.New(w.opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	w.during(in, func() {
		for _, name := range []string{"1.jpg", "new folder/2.jpg"} {
			head := w.vault.head()
			w.shot(name, exposure{At: day()})
			if _, err := w.vault.Changes(ctx, head, 1); err != nil {
				t.Errorf("%s was not noticed: %v", name, err)
			}
		}
	})
}
