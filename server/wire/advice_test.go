package wire_test

import (
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/server/wire"
)

func TestEveryAdviceHasWordsAndItsFiguresInEveryLanguage(t *testing.T) {
	seen := map[string]bool{}
	for code, figures := range map[clinical.Reason][2]string{
		clinical.AdviceSoft: {"3.5", "1.6"}, clinical.AdviceMoved: {"3.5", "1.6"}, clinical.AdviceDark: {"31 %", "40 %"},
		clinical.AdviceBright: {"31 %", "40 %"}, clinical.AdviceBurnt: {"31 %", "40 %"}, clinical.AdviceBlack: {"31 %", "40 %"},
		clinical.AdviceAlike: {"0.31", "0.40"}, clinical.AdviceNoScale: {}, clinical.AdviceNoFace: {},
	} {
		for _, lang := range []string{"en", "fr", "es"} {
			a := clinical.Advice{Code: code, Value: 0.31, Limit: 0.4}
			if code == clinical.AdviceSoft || code == clinical.AdviceMoved {
				a = clinical.Advice{Code: code, Value: 3.52, Limit: 1.6, Usual: 1.04}
				figures = [2]string{"3.5 px", "1.6 px"}
			}
			words := wire.AdviceWords(a, lang)
			plain := words
			if lang != "en" {
				plain = strings.ReplaceAll(words, ",", ".")
			}
			if seen[words] || words == string(code) || strings.ContainsAny(words, "{}") || !strings.Contains(plain, figures[0]) || !strings.Contains(plain, figures[1]) {
				t.Errorf("%s in %s: %q", code, lang, words)
			}
			if a.Usual > 0 && !strings.Contains(plain, "1.0") {
				t.Errorf("%s in %s does not say what is usual: %q", code, lang, words)
			}
			seen[words] = true
		}
	}
	if got := wire.AdviceWords(clinical.Advice{Code: "of-tomorrow"}, "fr"); got != "of-tomorrow" {
		t.Errorf("unknown advice: %q", got)
	}
}
