package paper_test

import (
	"bytes"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/exchange/paper"
)

func album(t *testing.T, facts [][2]string, caption string) string {
	t.Helper()
	var b bytes.Buffer
	a := paper.Album{Title: "Clinical photographs", Facts: facts, Pictures: all(paper.Picture{Name: "a.jpg", Caption: caption, Content: bytes.NewReader(photo(t, 40, 30))})}
	if err := paper.Print(&b, a, issuer(paper.English)); err != nil {
		t.Fatal(err)
	}
	return text(t, b.Bytes())
}

// What the fonts cannot print is marked, and the paper says what the mark means.
func TestALetterThatCannotBePrintedIsMarkedAndExplained(t *testing.T) {
	const note = "stands for a letter or an accent that this paper cannot print"
	for name, want := range map[string]string{
		"محمد":           "\uFFFD\uFFFD\uFFFD\uFFFD",
		"Nguyễn":         "Nguyê\uFFFDn",
		"שרה":            "\uFFFD\uFFFD\uFFFD",
		"王秀英":            "\uFFFD\uFFFD\uFFFD",
		"Ana \U0001F600": "Ana \uFFFD",
	} {
		got := album(t, [][2]string{{"Patient", name}}, "")
		mustHold(t, got, want, note)
	}
	for _, name := range []string{"Ștefan Őry Žižek", "Αλέξης Παπαδόπουλος", "Юрий Ёлкин", "e\u0301te\u0301", "O’Brien \u202eevil"} {
		if got := album(t, [][2]string{{"Patient", name}}, ""); strings.Contains(got, note) || strings.Contains(got, "\uFFFD") {
			t.Errorf("%q: %s", name, got)
		}
	}
}

// A caption that does not fit below its picture goes on behind it; one without
// end is bounded, and says so.
func TestALongCaptionIsWholeOrSaysThatItIsNot(t *testing.T) {
	long := strings.Repeat("ulcère médial exsudatif ", 400) + "DERNIER MOT"
	mustHold(t, album(t, nil, long), "continued on the next page", "DERNIER MOT")
	mustHold(t, album(t, nil, strings.Repeat("x", 10_000)+"END"), "continued on the next page", "END")
	got := album(t, nil, strings.Repeat("line\n", 5_000)+"END")
	mustHold(t, got, "shortened here; the record has the whole caption")
	if n := strings.Count(got, "\f"); n > 12 {
		t.Errorf("%d pages", n)
	}
}

func TestACaptionInACellShowsThatItIsShortened(t *testing.T) {
	var b bytes.Buffer
	c := paper.Contact{
		Set:      clinical.TeachingSet{Title: "Wounds", Purpose: clinical.P2},
		Pictures: all(paper.Picture{Name: "a.jpg", Caption: strings.Repeat("ulcère médial exsudatif ", 40) + "王", Content: bytes.NewReader(photo(t, 40, 30))}),
	}
	if err := paper.ContactSheet(&b, c, issuer(paper.English)); err != nil {
		t.Fatal(err)
	}
	mustHold(t, text(t, b.Bytes()), "ulcère médial exsudatif", "…", "stands for a letter")
}
