package clinical_test

import (
	"fmt"
	"strings"
	"testing"

	"fovea/clinical"
)

func rules() map[string]clinical.IdentifierRule {
	return map[string]clinical.IdentifierRule{
		"nhs":   {System: "nhs", Label: "NHS number", Check: clinical.Mod11},
		"ins":   {System: "ins", Label: "INS", Pattern: `[1-478][0-9]{4}(?:[0-9]{2}|2A|2B)[0-9]{8}`, Check: clinical.INSKey},
		"luhn":  {System: "card", Check: clinical.Luhn},
		"local": {System: "hospital", Label: "hospital number", Pattern: `[A-Z][0-9]{6}`},
	}
}

// 943 476 5919 is the example of the NHS Data Dictionary; 9434765870 is of the
// range kept for tests. 2 55 08 14 168 025 38 is the example on the sample of
// the French carte Vitale, and 79927398713 the classic one for Luhn's.
func TestCheckDigits(t *testing.T) {
	for _, tt := range []struct {
		rule, number string
		want         string // normalised; empty: refused
	}{
		{"nhs", "943 476 5919", "9434765919"},
		{"nhs", "943-476-5870", "9434765870"},
		{"nhs", "9434765918", ""},
		{"nhs", "9434765991", ""}, // two digits swapped
		{"nhs", "943476591", ""},
		{"nhs", "94347659190", ""},
		{"nhs", "", ""},
		{"ins", "2 55 08 14 168 025 38", "255081416802538"},
		{"ins", "255081416802539", ""},
		{"ins", "2 55 08 2a 168 025 " + insKey(2550819168025), "255082A168025" + insKey(2550819168025)},
		{"ins", "2 55 08 2B 168 025 " + insKey(2550818168025), "255082B168025" + insKey(2550818168025)},
		{"ins", "255082C16802538", ""},
		{"luhn", "79927398713", "79927398713"},
		{"luhn", "79927398710", ""},
		{"luhn", "0", ""},
		{"local", "h 123456", "H123456"},
		{"local", "H12345", ""},
		{"local", "H123456\n", ""},
	} {
		got, err := rules()[tt.rule].Parse(tt.number)
		if got.Value != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s %q: %q, %v; want %q", tt.rule, tt.number, got.Value, err, tt.want)
		}
		if err != nil && (clinical.KindOf(err) != clinical.Invalid || tt.number != "" && len(tt.number) > 2 && strings.Contains(err.Error(), tt.number)) {
			t.Errorf("%s: %v", tt.rule, err)
		}
	}
}

// insKey is the key of 13 digits, in which Corsica is already replaced.
func insKey(body int64) string { return fmt.Sprintf("%02d", 97-body%97) }

func TestIdentifierKeepsItsValueToItself(t *testing.T) {
	i := clinical.Identifier{System: "nhs", Value: "9434765919"}
	p := clinical.Patient{ID: clinical.PatientID{1}, Family: "Secret", Identifiers: []clinical.Identifier{i}}
	for _, text := range []string{fmt.Sprint(i), fmt.Sprintf("%+v %#v %s", i, i, i), fmt.Sprintf("%v %+v %#v", p, p, p), i.LogValue().String(), p.LogValue().String()} {
		if strings.Contains(text, "9434") || strings.Contains(text, "Secret") {
			t.Errorf("printed %s", text)
		}
	}
}

func FuzzIdentifier(f *testing.F) {
	f.Add("943 476 5919")
	f.Add("255082A16802538")
	f.Add("79927398713")
	f.Add("h 123456")
	f.Fuzz(func(t *testing.T, s string) {
		for name, r := range rules() {
			got, err := r.Parse(s)
			if err != nil {
				if got != (clinical.Identifier{}) {
					t.Errorf("%s: an error and a number", name)
				}
				continue
			}
			again, err := r.Parse(got.Value)
			if err != nil || again != got {
				t.Errorf("%s: %q parses once only: %v", name, s, err)
			}
			if got.Value == "" || got.Value != r.Normalise(got.Value) {
				t.Errorf("%s: %q is not normalised", name, s)
			}
		}
	})
}
