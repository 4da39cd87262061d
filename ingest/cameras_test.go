package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/ingest"
	"fovea/internal/testenv"
)

// Real camera files, and files made to break readers: each is filed whole or
// quarantined for a reason that has words, and none is left or lost.
func TestEveryCameraFileGetsItsOutcome(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.*", "fuzzed/*"} {
		found, err := filepath.Glob(filepath.Join(testenv.Data(t, "cameras"), pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	bubble(t, func(t *testing.T) {
		w, _ := ticketed(t)
		for n, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			w.drop(fmt.Sprintf("%d/%s", n, filepath.Base(f)), b)
		}
		w.run(5 * time.Minute)
		known := map[clinical.Reason]bool{}
		for _, r := range ingest.Reasons() {
			known[r] = true
		}
		filed := 0
		for _, a := range w.vault.all() {
			if a.State == clinical.Filed {
				filed++
				if a.Original.MIME == "" {
					t.Errorf("%s is filed without a type", a.Name)
				}
			} else if !known[a.Reason] {
				t.Errorf("%s: %s %q", a.Name, a.State, a.Reason)
			}
		}
		total := 0
		for _, r := range w.receipts() {
			total += r.Found
		}
		if total != len(files)+1 || filed < 50 {
			t.Errorf("%d accounted for of %d and a ticket, %d filed; reasons %v", total, len(files), filed, w.reasons())
		}
		for _, left := range w.left() {
			if !strings.HasPrefix(left, "_quarantine") {
				t.Errorf("left: %q", left)
			}
		}
	})
}
