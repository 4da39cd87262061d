package clinical

// Laterality is the patient's side. The zero Laterality is not stated.
type Laterality string

// The sides (DICOM Image Laterality (0020,0062)).
const (
	LateralityUnknown Laterality = ""
	Right             Laterality = "R"
	Left              Laterality = "L"
	BothSides         Laterality = "B"
	Unpaired          Laterality = "U"
)

// Phase says when, relative to an operation, the picture was taken.
type Phase string

// The phases.
const (
	PhaseUnknown Phase = ""
	PreOp        Phase = "pre"
	IntraOp      Phase = "intra"
	PostOp       Phase = "post"
)

// View is the standard view a picture shows, as medical photographers code it.
type View struct {
	Code         string     `json:",omitempty"` // such as L-LEG ANT
	Site         string     `json:",omitempty"` // body site
	Laterality   Laterality `json:",omitempty"`
	Ratio        string     `json:",omitempty"` // reproduction ratio such as 1:10 (Westminster)
	DistanceMM   int        `json:",omitempty"` // lens to subject, where no ratio is used
	Position     string     `json:",omitempty"` // such as standing, supine
	Phase        Phase      `json:",omitempty"`
	ScaleInFrame bool       `json:",omitempty"` // the view asks for a ruler or marker
}
