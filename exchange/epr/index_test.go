package epr_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/exchange/epr"
)

// The row names every picture of the largest delivery, with its sum.
func TestTheRowOfALargeDeliveryIsWhole(t *testing.T) {
	const many = 2000
	var b bytes.Buffer
	if err := epr.WriteRow(&b, clinicaltest.ID[clinical.Release]("large"), many); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(strings.Fields(lines[1][0])) != many || len(strings.Fields(lines[1][1])) != many || lines[1][2] != "2000" {
		t.Errorf("cut short: %v", err)
	}
}

func TestColumnsAreTheSitesChoice(t *testing.T) {
	s := newSite(t, func(o *epr.Options) { o.Columns, o.Comma = []string{"id:ins", "delivery", "count", "written"}, ';' })
	r := s.due("one", "leg")
	s.round()
	b, err := os.ReadFile(filepath.Join(s.dir, r.ID.String()+".csv"))
	if err != nil || !strings.HasPrefix(string(b), "id:ins;delivery;count;written\r\n261034432100104;"+r.ID.String()+";1;") {
		t.Errorf("%q, %v", b, err)
	}
	for _, columns := range [][]string{{"delivery", "name"}, {"id:"}} {
		if _, err := epr.New(s.register, epr.Options{Folder: s.dir, Columns: columns}); clinical.ReasonOf(err) != "epr-columns" {
			t.Errorf("%v: %v", columns, err)
		}
	}
	if _, err := epr.New(s.register, epr.Options{}); !errors.Is(err, clinical.ErrInvalid) {
		t.Errorf("no folder: %v", err)
	}
}
