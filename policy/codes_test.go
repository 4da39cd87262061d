package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// home is a patient's phone: nobody who signed in.
func home() clinical.Caller {
	return clinical.Caller{Person: human("greta"), Operator: "root", Door: clinical.DoorAPI, Remote: "198.51.100.7"}
}

func (h *house) code(login string, grants ...clinical.GrantID) string {
	h.t.Helper()
	secret, err := h.IssueCode(h.t.Context(), as(login), patient("adult"), grants)
	if err != nil {
		h.t.Fatal(err)
	}
	return secret
}

// A patient takes home no code that opens nothing, or another's.
func TestACopyCarriesACodeThatWithdrawsItsConsent(t *testing.T) {
	h := newHouse(t, wounds())
	this, other := clinicaltest.ID[clinical.Grant]("this"), clinicaltest.ID[clinical.Grant]("other")
	all := h.code("paula")
	for _, typed := range []string{all, strings.ToLower(strings.ReplaceAll(all, "-", ""))} {
		if got, err := h.CodeToPrint(t.Context(), as("nina"), patient("adult"), this, typed); err != nil || got != all {
			t.Errorf("%q, %v, want %q", got, err, all)
		}
	}
	said := func(name string, who string, of clinical.PatientID, secret string, want clinical.Kind) {
		t.Helper()
		if got, err := h.CodeToPrint(t.Context(), as(who), of, this, secret); clinical.KindOf(err) != want || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	said("another patient's", "nina", patient("child"), all, clinical.Invalid)
	said("nobody's", "nina", patient("adult"), strings.Repeat("K8GZ-", 7)+"K8GZ", clinical.Invalid)
	said("not a code", "nina", patient("adult"), "AAAA-BBBB", clinical.Invalid)
	said("to a student", "stella", patient("adult"), all, clinical.NotFound)
	given := clinicaltest.ID[clinical.Grant]("teaching")
	narrow := h.code("paula", given)
	said("of another consent", "nina", patient("adult"), narrow, clinical.Invalid)
	if _, err := h.CodeToPrint(t.Context(), as("nina"), patient("adult"), given, narrow); err != nil {
		t.Errorf("of this very consent: %v", err)
	}
	if _, err := h.CodeToPrint(t.Context(), as("nina"), patient("adult"), other, all); err != nil {
		t.Errorf("of everything: %v", err)
	}
	if _, err := h.WithdrawByCode(t.Context(), home(), all); err != nil {
		t.Fatal(err)
	}
	said("used", "nina", patient("adult"), all, clinical.Invalid)
}

func TestPatientWithdrawsByTheirOwnCode(t *testing.T) {
	h := newHouse(t, wounds())
	secret := h.code("paula")
	if len(secret) != 39 || strings.Trim(secret, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-") != "" {
		t.Fatalf("a secret of %d characters", len(secret))
	}
	for _, c := range h.journal.entries {
		for _, code := range c.Codes {
			if code.Hash == [32]byte{} || code.Patient != patient("adult") {
				t.Errorf("kept %+v", code)
			}
		}
	}
	typed := strings.ToLower(strings.ReplaceAll(secret, "-", " "))
	view, err := h.CodeShows(t.Context(), home(), typed)
	want := clinical.CodeView{IssuedAt: h.now(), Consents: []clinical.CodeConsent{{
		Purposes: []clinical.Purpose{clinical.P2}, Audience: clinical.A3, Given: clinicaltest.Now().Add(-time.Hour),
	}}}
	if diff := cmp.Diff(want, view); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Error("showing withdrew")
	}
	c, err := h.WithdrawByCode(t.Context(), home(), typed)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 0 {
		t.Errorf("still listed: %v", got)
	}
	if c.Caller.Door != clinical.DoorPatient || !c.Caller.Person.IsZero() || c.Caller.Operator != "" || c.Caller.Remote == "" {
		t.Errorf("in the ledger as %+v", c.Caller)
	}
	if r := c.Recalls[0]; r.Code != c.Codes[0].ID || !r.By.IsZero() || len(c.Tasks) != 0 {
		t.Errorf("recall %+v, tasks %+v", r, c.Tasks)
	}
}

func TestUnknownUsedAndRevokedCodesAreAlike(t *testing.T) {
	h := newHouse(t, wounds())
	used, revoked := h.code("paula"), h.code("nina")
	if _, err := h.WithdrawByCode(t.Context(), home(), used); err != nil {
		t.Fatal(err)
	}
	codes, err := h.Codes(t.Context(), as("paula"), patient("adult"))
	if err != nil || len(codes) != 2 || codes[0].Hash != [32]byte{} {
		t.Fatalf("codes %+v, %v", codes, err)
	}
	h.do("clara", clinical.RevokeCode{Code: codes[0].ID})
	for name, secret := range map[string]string{
		"used": used, "revoked": revoked, "unknown": "0000-0000-0000-0000-0000-0000-0000-0000", "empty": "", "nonsense": "withdraw",
		"an ID": codes[0].ID.String(), "long": strings.Repeat("0", 4000),
	} {
		if _, err := h.CodeShows(t.Context(), home(), secret); err != error(clinical.ErrNotFound) {
			t.Errorf("%s: shows %v", name, err)
		}
		if _, err := h.WithdrawByCode(t.Context(), home(), secret); err != error(clinical.ErrNotFound) {
			t.Errorf("%s: withdraws %v", name, err)
		}
	}
}

func TestCodeOnlyEverTightens(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{teaching("second", "adult")}})
	first := clinicaltest.ID[clinical.Grant]("teaching")
	one, all := h.code("paula", first), h.code("paula")
	c, err := h.WithdrawByCode(t.Context(), home(), one)
	if err != nil || len(c.Grants) != 1 || c.Grants[0].ID != first || c.Grants[0].Status != clinical.GrantWithdrawn {
		t.Fatalf("withdrew %+v, %v", c.Grants, err)
	}
	if got := h.names("stella", set("wounds"), clinical.Mount); len(got) != 1 {
		t.Errorf("the other consent went too: %v", got)
	}
	h.do("nina", clinical.WithdrawConsent{Patient: patient("adult"), Reason: "said so on the ward"})
	view, err := h.CodeShows(t.Context(), home(), all)
	if err != nil || len(view.Consents) != 0 {
		t.Errorf("nothing stands, and it shows %+v, %v", view, err)
	}
	c, err = h.WithdrawByCode(t.Context(), home(), all)
	if err != nil || len(c.Grants)+len(c.Recalls) != 0 || c.Codes[0].UsedAt.IsZero() {
		t.Errorf("what is so already: %+v, %v", c.Delta, err)
	}
	h.do("paula", clinical.RecordConsent{Grant: teaching("again", "adult")})
	if _, err := h.WithdrawByCode(t.Context(), home(), all); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("a used code withdraws a later consent: %v", err)
	}
}

// Who agreed on paper weeks before somebody typed it in reads the day they
// remember.
func TestACodeShowsTheDayOnWhichThePatientAgreed(t *testing.T) {
	paper := teaching("paper", "adult")
	paper.ValidFrom = clinicaltest.Now().AddDate(0, 0, -20)
	h := newHouse(t, clinical.Delta{Grants: []clinical.Grant{paper}})
	view, err := h.CodeShows(t.Context(), home(), h.code("paula"))
	if err != nil || len(view.Consents) != 1 || !view.Consents[0].Given.Equal(paper.ValidFrom) {
		t.Errorf("%+v, %v", view, err)
	}
}

// Of a consent for one lesion its giver reads where that is, in the department's words, and not what it is.
func TestACodeShowsWhereTheOneLesionIs(t *testing.T) {
	h := newHouse(t, clinical.Delta{})
	made := h.do("clara", clinical.OpenLesion{Lesion: clinical.Lesion{Patient: patient("adult"), Label: "carcinoma", Site: "lower leg", Laterality: clinical.Left}})
	one := teaching("one", "adult")
	one.ID, one.Covers = clinical.GrantID{}, clinical.Cover{Lesion: made.Lesions[0].ID}
	h.do("nina", clinical.RecordConsent{Grant: one})
	view, err := h.CodeShows(t.Context(), home(), h.code("paula"))
	if err != nil || len(view.Consents) != 1 {
		t.Fatalf("%+v, %v", view, err)
	}
	if diff := cmp.Diff(&clinical.Place{Site: "lower leg", Side: clinical.Left}, view.Consents[0].Place); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A button pressed twice, or by two people, withdraws once.
func TestCodeIsUsedOnce(t *testing.T) {
	h := newHouse(t, wounds())
	secret := h.code("paula")
	const pressed = 16
	answers := make(chan error, pressed)
	for range pressed {
		go func() {
			_, err := h.WithdrawByCode(t.Context(), home(), secret)
			answers <- err
		}()
	}
	made := 0
	for range pressed {
		switch err := <-answers; {
		case err == nil:
			made++
		case !errors.Is(err, clinical.ErrNotFound):
			t.Errorf("pressed again: %v", err)
		}
	}
	if recalls := len(h.journal.all.Recalls); made != 1 || recalls != 1 {
		t.Errorf("withdrawn %d times, with %d recalls", made, recalls)
	}
}

// A code keeps its word when the records it was issued under are merged, and
// when they are taken apart again.
func TestCodeOutlivesAMergeAndItsUndoing(t *testing.T) {
	h := newHouse(t, wounds())
	named, all := h.code("paula", clinicaltest.ID[clinical.Grant]("teaching")), h.code("paula")
	h.do("greta", clinical.MergePatients{From: patient("adult"), Into: patient("coming-of-age"), Reason: "one person"})
	for _, secret := range []string{named, all} {
		if view, err := h.CodeShows(t.Context(), home(), secret); err != nil || len(view.Consents) != 1 {
			t.Errorf("after the merge it shows %+v, %v", view, err)
		}
	}
	under := h.code("paula", clinicaltest.ID[clinical.Grant]("teaching"))
	h.do("greta", clinical.UnmergePatients{Patient: patient("adult"), Reason: "two people"})
	c, err := h.WithdrawByCode(t.Context(), home(), under)
	if err != nil || len(c.Grants) != 1 || len(c.Recalls) != 1 || len(c.Recalls[0].Assets) != 1 {
		t.Errorf("after its undoing: %+v, %v", c.Delta, err)
	}
}

// A code that was issued while two records were one is that record's for which
// it was issued, and withdraws what it names wherever that is once they are
// parted.
func TestCodeIssuedWhileMergedIsItsOwnRecordsAfterwards(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{teaching("theirs", "deceased")}})
	first := clinicaltest.ID[clinical.Grant]("teaching")
	h.do("greta", merge("adult", "deceased"))
	all, named := h.code("paula"), h.code("paula", first)
	renewed := teaching("", "adult")
	renewed.ID, renewed.Supersedes, renewed.Capacity, renewed.Giver = clinical.GrantID{}, first, clinical.DeceasedCapacity, "Invented Brother"
	next := h.do("nina", clinical.RecordConsent{Grant: renewed}).Grants
	h.do("greta", part("adult"))
	c, err := h.WithdrawByCode(t.Context(), home(), named)
	if err != nil || len(c.Grants) != 1 || c.Grants[0].ID != next[1].ID {
		t.Fatalf("a code that names a consent withdrew %+v, %v", c.Grants, err)
	}
	if len(c.Recalls) != 1 || c.Recalls[0].Patient != next[1].Patient || c.Recalls[0].Code != c.Codes[0].ID {
		t.Errorf("recalled %+v", c.Recalls)
	}
	own := teaching("", "adult")
	own.ID = clinical.GrantID{}
	of := h.do("nina", clinical.RecordConsent{Grant: own}).Grants[0].ID
	c, err = h.WithdrawByCode(t.Context(), home(), all)
	if err != nil || len(c.Grants) != 1 || c.Grants[0].ID != of || c.Codes[0].Patient != patient("adult") {
		t.Errorf("a code that names none withdrew %+v, %v", c.Grants, err)
	}
}

func TestCodesAreIssuedByThoseWhoRecordConsent(t *testing.T) {
	h := newHouse(t, wounds(), clinical.Delta{Grants: []clinical.Grant{teaching("theirs", "child")}})
	for who, want := range map[string]bool{
		"paula": true, "clara": true, "nina": true, "greta": true, "edith": false, "stella": false, "adam": false,
	} {
		if _, err := h.IssueCode(t.Context(), as(who), patient("adult"), nil); (err == nil) != want {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := h.IssueCode(t.Context(), as("paula"), patient("adult"), []clinical.GrantID{clinicaltest.ID[clinical.Grant]("theirs")}); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("another patient's consent: %v", err)
	}
	if _, err := h.IssueCode(t.Context(), as("paula"), patient("nobody"), nil); !errors.Is(err, clinical.ErrNotFound) {
		t.Errorf("nobody's: %v", err)
	}
}
