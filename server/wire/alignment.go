package wire

import "fovea/clinical"

// Align asks for a picture to be laid over an earlier one.
type Align struct {
	Onto   clinical.AssetID `json:"onto" doc:"the earlier picture, of the same patient"`
	Points []PointPair      `json:"points,omitempty" maxItems:"8" doc:"three to eight places that a person says are the same in both; absent: they are found"`
}

// PointPair is one place in two pictures, in pixels of their upright originals
// from the left upper corner.
type PointPair struct {
	Before clinical.Point `json:"before" doc:"in the earlier picture"`
	After  clinical.Point `json:"after" doc:"in the picture that is laid over it"`
}

// Alignment is how a picture lies over an earlier one, or why that is not known.
// Lengths are in pixels of the earlier picture's upright original.
type Alignment struct {
	Asset    clinical.AssetID `json:"asset" doc:"the picture that is laid over the other"`
	Onto     clinical.AssetID `json:"onto" doc:"the earlier picture"`
	Accepted bool             `json:"accepted"`
	Reason   clinical.Reason  `json:"reason,omitempty" doc:"why it is not"`
	Words    string           `json:"words" doc:"the verdict, and what to do next"`
	ByHand   bool             `json:"by_hand" doc:"from places that a person pointed at"`
	// Matrix is nine numbers, row by row, and none where it is refused: a place
	// x, y of the picture lies at (m0x+m1y+m2)/w, (m3x+m4y+m5)/w of the earlier,
	// w = m6x+m7y+m8. Places are counted from the left upper corner.
	Matrix    []float64        `json:"matrix,omitempty" doc:"3 × 3, row by row: takes places of the picture to the same ones of the earlier, in pixels of both upright originals"`
	Region    []clinical.Point `json:"region,omitempty" doc:"the outline, in the earlier picture, of what agrees; nothing is known of what lies outside"`
	Error     float64          `json:"error" doc:"19 of 20 places of the region lie within it, in pixels"`
	Residual  float64          `json:"residual" doc:"root mean square of what agreeing details miss by, in pixels"`
	Matches   int              `json:"matches" doc:"details that look alike, or places that were given"`
	Agreeing  int              `json:"agreeing" doc:"those that one map explains"`
	Spread    float64          `json:"spread" doc:"the region's share of what both show"`
	Overlap   float64          `json:"overlap" doc:"what both show, as a share of the smaller"`
	Parts     int              `json:"parts" doc:"parts of the region of which the pixels were compared"`
	Alike     int              `json:"alike" doc:"parts most alike where they are laid"`
	Elsewhere int              `json:"elsewhere" doc:"parts more alike beside it"`
	Before    PixelSize        `json:"before" doc:"of the earlier picture, upright"`
	After     PixelSize        `json:"after" doc:"of the picture, upright"`
}

// PixelSize is how large a picture is, in pixels.
type PixelSize struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}
