package policy_test

import (
	"fovea/clinical"
	"fovea/clinical/clinicaltest"
)

// picture is a filed picture with flags; one with a face identifies.
func picture(name, of string, flags clinical.Sensitivity) clinical.Asset {
	a := clinicaltest.Picture(name, of)
	a.Sensitivity = flags
	a.NoIdentifyingFeature = flags == clinical.Plain
	return a
}

func teaching(name, of string) clinical.Grant { return clinicaltest.Teaching(name, of) }
