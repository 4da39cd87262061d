package clinical

// Handed is a picture that mounted drives were served, and the ledger's entries
// of that.
type Handed struct {
	Asset AssetID
	To    []Recorded
}
