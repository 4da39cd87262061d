package epr_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/exchange/epr"
)

// What the record took of a patient who is erased is cancelled without a name,
// and named to the operator until the record confirms.
func TestPicturesOfAnErasedPatientAreRemovedAndCancelledWithoutAName(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg", "arm")
	s.round()
	s.drop(r.ID.String() + ".csv") // the record has it
	r.Ended, s.erased = s.clock, true
	s.restart()
	s.round()
	want(t, s.names(), []string{".R.sent", "R.cancel.csv", "R.cancel.pdf"})
	number := r.ID.String() + ".cancel"
	s.isNameless(number)
	want(t, s.outside(), epr.FaultUnconfirmed)
	s.write(number+".ack", "")
	s.round()
	want(t, s.names(), []string{})
	want(t, s.outside(), clinical.Reason(""))
}

// The record acknowledges late what it had collected before the patient was
// erased. That answers the delivery, not its cancellation, which it has not
// collected: that stays, and so does its name before the operator.
func TestALateReceiptOfADeliveryDoesNotConfirmItsCancellation(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg", "arm")
	s.round()
	s.drop(r.ID.String() + ".csv") // the record has collected it, and is still importing
	r.Ended, s.erased = s.clock, true
	s.restart()
	s.round()
	s.write(r.ID.String()+".ack", "imported 2 images")
	s.round()
	s.restart()
	s.round()
	want(t, s.names(), []string{".R.sent", "R.ack", "R.cancel.csv", "R.cancel.pdf"})
	want(t, s.outside(), epr.FaultUnconfirmed)
	s.drop(r.ID.String() + ".cancel.csv")
	s.write(r.ID.String()+".cancel.ack", "removed")
	s.round()
	want(t, s.names(), []string{})
	want(t, s.outside(), clinical.Reason(""))
}

// A cancellation that waits for the record loses the patient's name when the
// patient is erased.
func TestWhatWaitsInTheFolderLosesTheNameOfAnErasedPatient(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	s.round()
	s.drop(r.ID.String() + ".csv")
	r.Ended = s.clock
	old := s.due("old", "arm")
	old.Delivered = s.clock
	fix := s.due("fix", "arm")
	fix.Kind, fix.Corrects = clinical.EPRCorrection, old.ID
	s.round()
	want(t, s.row(r.ID.String() + ".cancel")["family"], "Fontaine")
	want(t, s.row(fix.ID.String())["family"], "Fontaine")
	s.erased = true
	s.restart()
	s.round()
	s.isNameless(r.ID.String() + ".cancel")
	s.isNameless(fix.ID.String())
}

// isNameless checks that a cancellation says what to remove and why, and not
// whose it is.
func (s *site) isNameless(number string) {
	s.Helper()
	row := s.row(number)
	want(s.T, row["action"]+row["family"]+row["given"]+row["born"]+row["id:hospital"], "cancel")
	text := s.text(number + ".pdf")
	for _, not := range []string{"FONTAINE", "8014552K", "Patient ", "Né(e) le", "de ce patient"} {
		if strings.Contains(text, not) {
			s.Errorf("%q in the notice of an erased patient's pictures: %s", not, text)
		}
	}
	for _, wanted := range []string{"-001.jpg", "effacées de notre archive le 2026-11-23"} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), wanted) {
			s.Errorf("no %q in the notice of an erased patient's pictures: %s", wanted, text)
		}
	}
}

// outside is what the operator is told.
func (s *site) outside() clinical.Reason {
	s.Helper()
	all, err := epr.Left(s.Context(), s.register, s.memory)
	if err != nil || len(all) > 1 {
		s.Fatalf("%+v, %v", all, err)
	}
	if len(all) == 0 {
		return ""
	}
	return all[0].Reason
}

// While nobody looks at the folder, what lies there of a patient who was erased
// or of a delivery that ended is named all the same.
func TestWhatWasTakenBackIsNamedBeforeAnybodyLooksAtTheFolder(t *testing.T) {
	for name, meanwhile := range map[string]func(*site, *clinical.Release){
		"erased":                 func(s *site, _ *clinical.Release) { s.erased = true },
		"ended":                  func(s *site, r *clinical.Release) { r.Ended = s.clock },
		"refiled":                func(s *site, r *clinical.Release) { s.refiled = r.Assets[1] },
		"gone from the register": func(s *site, _ *clinical.Release) { s.releases = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			r := s.due("one", "leg", "arm")
			s.round()
			want(t, s.outside(), clinical.Reason(""))
			meanwhile(s, r)
			want(t, s.outside(), epr.FaultUnseen)
		})
	}
}

// What was written is remembered apart from the folder: whatever became of the
// marker, nothing of a delivery that ended while the server was down stays.
func TestWhatEndedWhileTheServerWasDownIsTakenBack(t *testing.T) {
	for name, meanwhile := range map[string]func(*site, *clinical.Release){
		"row and marker gone": func(s *site, r *clinical.Release) {
			s.drop(r.ID.String() + ".csv")
			s.drop("." + r.ID.String() + ".sent")
		},
		"pictures in the middle": func(s *site, r *clinical.Release) {
			s.drop(r.ID.String() + "-001.jpg")
			s.drop(r.ID.String() + "-002.jpg")
		},
		"gone from the register": func(s *site, r *clinical.Release) { s.releases = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			r := s.due("one", "leg", "arm", "foot", "hand")
			s.round()
			id := r.ID.String()
			meanwhile(s, r)
			r.Ended, s.erased = s.clock, true
			s.restart()
			s.round()
			for _, n := range s.names() {
				if strings.HasPrefix(n, id) || strings.HasSuffix(n, ".jpg") {
					t.Errorf("left behind: %s", n)
				}
			}
		})
	}
}

// What cannot be removed is tried again, and named until it is gone.
func TestWhatCannotBeRemovedIsNamedUntilItIsGone(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	s.round()
	block := filepath.Join(s.dir, r.ID.String()+"-001.jpg")
	s.drop(r.ID.String() + "-001.jpg")
	if err := os.MkdirAll(filepath.Join(block, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.Ended = s.clock
	s.round()
	want(t, s.outside(), epr.FaultLeft)
	s.restart()
	s.round()
	want(t, s.outside(), epr.FaultLeft)
	if err := os.RemoveAll(filepath.Join(block, "in the way")); err != nil {
		t.Fatal(err)
	}
	s.round()
	want(t, s.outside(), clinical.Reason(""))
	want(t, s.names(), []string{})
}

// A marker that somebody removed is made again: neither is the fault told each
// round, nor the session delivered once more.
func TestAMarkerThatIsRemovedBeginsTheWaitAnew(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	s.round()
	for range 5 {
		s.drop("." + r.ID.String() + ".sent")
		s.round()
	}
	want(t, s.names(), []string{".R.sent", "R-001.jpg", "R.csv", "R.pdf"})
	if r.Attempts != 0 || len(s.did) != 0 {
		t.Errorf("told %d times: %+v", r.Attempts, s.did)
	}
	s.clock = s.clock.Add(25 * time.Hour)
	s.round()
	want(t, r.Fault, epr.FaultIdle)
}

// What was collected and answered before the marker was written is delivered.
func TestAnAnswerToWhatHasNoMarkerYetCounts(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	s.round()
	s.drop("." + r.ID.String() + ".sent")
	s.drop(r.ID.String() + ".csv")
	s.write(r.ID.String()+".ack", "DOC-1")
	s.restart()
	s.round()
	want(t, r.Receipt, "DOC-1")
	want(t, s.names(), []string{})
}

// A document or a picture that nobody remembers is cleared like the rest.
func TestALoneDocumentIsCleared(t *testing.T) {
	s := newSite(t, nil)
	r := s.due("one", "leg")
	r.Ended = s.clock
	s.write(r.ID.String()+".pdf", "half")
	s.round()
	want(t, s.names(), []string{})
}

// shelf outlives a follower, as the vault's does.
type shelf map[string][]byte

func (s shelf) Put(_ context.Context, key string, value []byte) error { s[key] = value; return nil }

func (s shelf) Delete(_ context.Context, key string) error { delete(s, key); return nil }

func (s shelf) Each(_ context.Context, f func(string, []byte) error) error {
	for k, v := range s {
		if err := f(k, v); err != nil {
			return err
		}
	}
	return nil
}
