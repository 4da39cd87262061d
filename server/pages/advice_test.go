package pages_test

import (
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// What was measured is said where a picture is looked at, in the reader's
// language, and stops nothing.
func TestAdviceIsReadWherePicturesAreLookedAt(t *testing.T) {
	h, door := open(t)
	h.Commit(clinical.Delta{Qualities: []clinical.Quality{
		{Asset: clinicaltest.ID[clinical.Asset]("leg"), Program: 1, Edges: true, Blur: 3.5, Usual: 1, High: 0.8, Low: 0.1},
		{Asset: clinicaltest.ID[clinical.Asset]("waits"), Program: 1, Edges: true, Blur: 4.25, High: 0.2, Low: 0.1},
		{Asset: clinicaltest.ID[clinical.Asset]("hand"), Program: 1, Edges: true, Blur: 0.5, High: 0.8, Low: 0.1},
	}})
	h.Settle()
	ask := func(who, path, lang string) string {
		return h.Ask(door, who, "GET", path, "", "Accept-Language", lang).Body.String()
	}
	leg := "/pictures/" + id[clinical.Asset]("leg")
	for lang, want := range map[string]string{
		"en": "spread over 3.5 px; up to 1.6 px is sharp (1.0 is usual here)", "fr": "s’étalent sur 3,5 px", "es-ES,es;q=0.9": "ocupan 3,5 px",
	} {
		if page := ask("paula", leg, lang); !strings.Contains(page, want) {
			t.Errorf("%s: the picture's page does not say %q", lang, want)
		}
	}
	if page := ask("paula", "/pictures/"+id[clinical.Asset]("hand"), "en"); strings.Contains(page, "Worth a look") {
		t.Error("advice about a picture in order")
	}
	arrivals := ask("paula", "/arrivals", "en")
	for _, want := range []string{"4.2 px", "light parts reach 20 % only", "nothing is refused for it"} {
		if !strings.Contains(arrivals, want) {
			t.Errorf("arrivals do not say %q", want)
		}
	}
	for _, who := range []string{"stella", "edith"} {
		if page := ask(who, leg, "en"); strings.Contains(page, "Worth a look") {
			t.Errorf("%s is told what a picture lacks", who)
		}
	}
}
