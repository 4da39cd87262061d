package clinical

// Sureness is how sure a detector is of what it found in a picture. There is
// nothing below ToConfirm.
type Sureness uint8

// How sure: a person decides of both.
const (
	ToConfirm Sureness = iota + 1 // to be confirmed by a person
	ToMask                        // to be painted over until a person says otherwise
)

// String returns suggest or auto.
func (s Sureness) String() string {
	switch s {
	case ToConfirm:
		return "suggest"
	case ToMask:
		return "auto"
	default:
		return "none"
	}
}
