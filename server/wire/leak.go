package wire

import (
	"time"

	"fovea/clinical"
)

// TraceQuery says where a leaked picture may come from; stating neither asks
// about all that drives were served.
type TraceQuery struct {
	Set     clinical.SetID     `query:"set"`
	Patient clinical.PatientID `query:"patient"`
}

// Traced is what a leaked picture tells.
type Traced struct {
	Asset    clinical.AssetID `json:"asset,omitzero" doc:"the picture that it shows; absent: none that drives were served"`
	Likeness float64          `json:"likeness" doc:"of its details, 1 for the same picture"`
	Pictures int              `json:"pictures" doc:"that it was compared with"`
	Drives   int              `json:"drives" doc:"that were served the picture"`
	Copies   []TracedCopy     `json:"copies" doc:"whose marks it carries for certain, the clearest first"`
}

// TracedCopy is a drive whose copy a leak was made from.
type TracedCopy struct {
	Person clinical.PersonID `json:"person,omitzero"`
	Login  string            `json:"login,omitempty"`
	Device string            `json:"device,omitempty" doc:"the drive's app password, as the ledger names it"`
	Score  float64           `json:"score" doc:"in standard deviations of an innocent drive's"`
	False  float64           `json:"false" doc:"bounds the probability that any innocent drive scores as much"`
	Entry  uint64            `json:"entry" doc:"the ledger's first entry of what the drive was served"`
	First  time.Time         `json:"first"`
	Last   time.Time         `json:"last"`
}
