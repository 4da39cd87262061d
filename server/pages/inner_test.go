package pages

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"fovea/clinical"
)

// TryDraft reads a form and, where its recipe fits a picture, puts it into the
// form again: it has to come back the same.
func TryDraft(t *testing.T, body string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	one, err := draftIn(r)
	if err != nil {
		return
	}
	recipe := one.recipe()
	if recipe.Check(6000, 4000) != nil {
		return
	}
	if _, err := recipe.Encode(); err != nil {
		t.Fatalf("fits, and cannot be saved: %v", err)
	}
	if again := draftOf(recipe).recipe(); len(clinical.DiffRecipes(recipe, again)) > 0 {
		t.Fatal("the form changes what was saved")
	}
	for _, m := range draftOf(recipe).Masks {
		if back, err := pointsIn(m.Places()); err != nil || len(back) != len(m.Points) {
			t.Fatalf("points of a mask: %v", err)
		}
	}
}

// Every word of every language is there: a catalogue lacks none.
func TestNoWordOfTheEditPageIsMissing(t *testing.T) {
	english := reflect.ValueOf(englishEdit())
	for lang, words := range map[string]editWords{"fr": frenchEdit(), "es": spanishEdit(), "en": englishEdit()} {
		v := reflect.ValueOf(words)
		for i := range v.NumField() {
			name, field := v.Type().Field(i).Name, v.Field(i)
			if field.IsZero() || (field.Kind() == reflect.Slice || field.Kind() == reflect.Map) && field.Len() != english.Field(i).Len() {
				t.Errorf("%s: %s is missing", lang, name)
			}
		}
		for i, tool := range words.ToolList {
			if e := englishEdit().ToolList[i]; tool.ID != e.ID || tool.Key != e.Key || tool.Name == "" || tool.Hint == "" {
				t.Errorf("%s: tool %s", lang, e.ID)
			}
		}
		for _, s := range clinical.Sections() {
			if !strings.Contains(reflect.ValueOf(words.Parts).String()+partValues(words), string(s)) {
				t.Errorf("%s: no word for %s", lang, s)
			}
		}
	}
}

func TestNoWordOfTheReviewPageIsMissing(t *testing.T) {
	for lang, words := range map[string]reviewWords{"fr": frenchReview(), "es": spanishReview(), "en": englishReview()} {
		v := reflect.ValueOf(words)
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%s: %s is missing", lang, v.Type().Field(i).Name)
			}
		}
		for _, l := range lookedFor(words) {
			if l.Words == "" || l.Hint == "" {
				t.Errorf("%s: no word for %s", lang, l.Code)
			}
		}
	}
}

func partValues(w editWords) string {
	var b strings.Builder
	for _, p := range w.Parts {
		b.WriteString(p.Value + " ")
	}
	return b.String()
}

// What the browser is told is what the server computes: gains, exposure and
// matrix on light, contrast on levels.
func TestTheFilterIsTheRecipesTone(t *testing.T) {
	f := filterOf(clinical.Tone{Exposure: 1, Contrast: 1, White: &clinical.WhiteBalance{Gains: [3]float64{0.5, 1, 2}}, Matrix: &[9]float64{1, 0, 0.25, 0, 1, 0, 0, 0, 1}})
	if f.Matrix != "1.00000 0.00000 1.00000 0 0 0.00000 2.00000 0.00000 0 0 0.00000 0.00000 4.00000 0 0 0 0 0 1 0" || f.Slope != "2.00000" || f.Intercept != "-0.50000" {
		t.Errorf("%+v", f)
	}
	if f := filterOf(clinical.Tone{}); f.Slope != "1.00000" || f.Intercept != "0.00000" || !strings.HasPrefix(f.Matrix, "1.00000 0.00000") {
		t.Errorf("no tone: %+v", f)
	}
}
