package wire

import (
	"context"

	"fovea/clinical"
)

// DeviceNames knows what people call the devices that the ledger names. It asks once for each person, and is not safe
// for concurrent use.
type DeviceNames struct {
	list  func(context.Context, clinical.PersonID) ([]AppPassword, error)
	known map[clinical.PersonID]map[string]string
}

// NewDeviceNames returns the names of the devices that list lists of a person.
func NewDeviceNames(list func(context.Context, clinical.PersonID) ([]AppPassword, error)) *DeviceNames {
	return &DeviceNames{list: list, known: map[clinical.PersonID]map[string]string{}}
}

// Of returns the name of the device that an entry of the ledger has of a caller: the owner's own, and empty where it is
// no device of theirs, or none any more.
func (n *DeviceNames) Of(ctx context.Context, c clinical.Caller) (string, error) {
	if c.Device == "" || c.Person.IsZero() {
		return "", nil
	}
	names := n.known[c.Person]
	if names == nil {
		names = map[string]string{}
		all, err := n.list(ctx, c.Person)
		if err != nil {
			return "", err
		}
		for _, p := range all {
			names[p.Ledger] = p.Device
		}
		n.known[c.Person] = names
	}
	return names[c.Device], nil
}
