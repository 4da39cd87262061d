package darkroom

import (
	"strings"
	"testing"
)

// A child that a picture took over may say what it likes: what is no figure is
// never recorded.
func TestAbsurdFiguresAreRefused(t *testing.T) {
	good := `{"Width":40,"Height":30,"Figures":{"Blur":0.5,"Edges":true,"Smear":1,"Still":0.5,"Light":{"Median":0.4,"Low":0.1,"High":0.9,` +
		`"Burnt":[0,0,0.1],"Black":[0,0,0],"White":0,"Dark":0}},"Alike":[0.9,0],"Sought":true,"Faces":1}`
	told := func(text string) error {
		_, err := outcome{status: statusDone, w: 40, h: 30, jpeg: []byte(text)}.measured(2)
		return err
	}
	if err := told(good); err != nil {
		t.Fatal(err)
	}
	for was, lie := range map[string]string{
		`"Blur":0.5`: `"Blur":-1`, `"Smear":1`: `"Smear":1e300`, `"Median":0.4`: `"Median":4`, `[0,0,0.1]`: `[0,0,-0.1]`,
		`[0.9,0]`: `[0.9,0,0]`, `"Alike":[0.9,0],`: ``, `"Faces":1`: `"Faces":-1`, `"Width":40`: `"Width":41`,
		`"Sought":true`: `"Name":"Doolittle"`, `0.9,0]`: `0.9,1e999]`, `{"Width"`: `["Width"`,
	} {
		text := strings.Replace(good, was, lie, 1)
		if text == good {
			t.Fatalf("%s is not in the answer", was)
		}
		if told(text) == nil {
			t.Errorf("believed: %s", lie)
		}
	}
	if _, err := (outcome{status: 9, w: 40, h: 30, jpeg: []byte(good)}).measured(2); err == nil {
		t.Error("believed an unknown end")
	}
}
