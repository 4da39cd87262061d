package main

import (
	"bytes"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/server/wire"
)

func TestARowWithoutAPersonSaysNoWay(t *testing.T) {
	var out bytes.Buffer
	rows := []wire.Reach{
		{Role: clinical.Student, Channel: clinical.Mount},
		{Role: clinical.Clinician, Channel: clinical.ViewOnScreen, Person: clinical.PersonID{1}, Purpose: clinical.P0},
		{Role: clinical.Student, Channel: clinical.ViewOnScreen, Person: clinical.PersonID{2}, Purpose: clinical.P2},
	}
	new(env).writeReach(&out, rows, map[clinical.PersonID]string{{}: "-", {1}: "carl", {2}: "stella"})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 || !strings.HasSuffix(lines[1], "\t-") || !strings.HasSuffix(lines[2], "\tcare") || !strings.HasSuffix(lines[3], "\tlibrary, P2") {
		t.Errorf("a student's drive is no care, a clinician's screen is:\n%s", out.String())
	}
}

func TestAPictureWithoutFlagsSaysSo(t *testing.T) {
	for want, flags := range map[string][]string{"none": nil, "face intimate": {"face", "intimate"}} {
		if got := flagWords(flags); got != want {
			t.Errorf("%v reads %q, want %q", flags, got, want)
		}
	}
}
