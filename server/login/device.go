package login

import (
	"cmp"
	"context"
	"encoding/base32"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

const (
	secretSize = 26 // characters of 5 bits: 130 bits
	groupSize  = 5  // characters between two dashes, for who has to type them
	maxDevices = 50 // of one person
	// coarse is how finely a device's last use is known.
	coarse = time.Hour
)

// alphabet is Crockford's: no letter that looks like another or like a digit.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// device is a program of somebody's that holds an app password.
type device struct {
	ID      string
	Sum     [32]byte // of the secret
	Person  clinical.PersonID
	Name    string           // what the person calls it
	Sets    []clinical.SetID `json:",omitempty"` // nil: all that the person has
	Issued  time.Time
	Expires time.Time
	Used    time.Time `json:",omitzero"` // as of the last tidying

	used  atomic.Int64 // Unix nanoseconds, coarse; 0: as stored
	dirty atomic.Bool
}

func (v *device) key() string { return "device/" + v.ID }

func (v *device) lastUsed() time.Time {
	if at := v.used.Load(); at != 0 {
		return time.Unix(0, at).UTC()
	}
	return v.Used
}

// touch notes a use and reports whether it is the first for a while.
func (v *device) touch(now time.Time) bool {
	last := v.lastUsed()
	if now.Before(last.Add(coarse)) {
		return false
	}
	before := v.used.Load()
	first := v.used.CompareAndSwap(before, now.UnixNano())
	v.dirty.Store(true)
	return first
}

func (v *device) stored() any {
	return &device{
		ID: v.ID, Sum: v.Sum, Person: v.Person, Name: v.Name, Sets: v.Sets, Issued: v.Issued, Expires: v.Expires,
		Used: v.lastUsed(),
	}
}

func (v *device) wire() wire.AppPassword {
	return wire.AppPassword{
		ID: v.ID, Person: v.Person, Device: v.Name, Sets: v.Sets, Issued: v.Issued, Expires: v.Expires, LastUsed: v.lastUsed(),
	}
}

// IssueAppPassword makes a password for one device of a person: for all their sets where sets is empty, which also
// opens the API; else for those sets on the drive alone. 0 days, and more than the site allows, mean as many as the
// site allows. The secret is in the answer and nowhere else.
func (d *Door) IssueAppPassword(ctx context.Context, person clinical.PersonID, name string, sets []clinical.SetID, days int) (wire.AppPassword, error) {
	p, ok := d.o.People.PersonByID(person)
	if !ok {
		return wire.AppPassword{}, clinical.ErrNotFound
	}
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 80 {
		return wire.AppPassword{}, clinical.Refuse(clinical.Invalid, "device-name", "Say in at most 80 letters which device it is for.")
	}
	if len(d.devicesOf(person)) >= maxDevices {
		return wire.AppPassword{}, clinical.Refuse(clinical.Conflict, "device-many", "There are 50 app passwords already. Revoke one that is not used any more.")
	}
	if days <= 0 || days > d.o.Days {
		days = d.o.Days
	}
	secret, err := d.secret()
	if err != nil {
		return wire.AppPassword{}, err
	}
	id, err := d.newID()
	if err != nil {
		return wire.AppPassword{}, err
	}
	now := d.o.Now().UTC().Truncate(time.Second)
	v := &device{
		ID: id, Sum: d.sum("device", secret), Person: person, Name: name, Issued: now, Expires: now.AddDate(0, 0, days),
	}
	if len(sets) > 0 {
		v.Sets = slices.Clone(sets)
	}
	d.mu.Lock()
	d.devices[v.Sum] = v
	d.mu.Unlock()
	if err := d.save(ctx, v); err != nil {
		return wire.AppPassword{}, clinical.Errorf(clinical.KindOf(err), "login: keep an app password: %w", err)
	}
	d.note(ctx, clinical.Event{Act: clinical.ActAppIssued, Note: "device " + v.ID + " of " + person.String()})
	out := v.wire()
	out.Login, out.Secret = p.Login, grouped(secret)
	return out, nil
}

// secret returns secretSize random characters.
func (d *Door) secret() (string, error) {
	raw, err := d.random((secretSize*5 + 7) / 8)
	if err != nil {
		return "", err
	}
	text := base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(raw)
	return text[:secretSize], nil
}

func grouped(secret string) string {
	var groups []string
	for part := range slices.Chunk([]byte(secret), groupSize) {
		groups = append(groups, string(part))
	}
	return strings.Join(groups, "-")
}

// normal undoes what a person who types a secret may do to it: dashes, spaces, small letters, and the letters that
// the alphabet leaves out because they look like digits.
func normal(secret string) string {
	if len(secret) > 3*secretSize {
		return ""
	}
	return strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(secret))
}

// AppPasswords lists the devices of a person, newest first, without secrets.
func (d *Door) AppPasswords(_ context.Context, person clinical.PersonID) ([]wire.AppPassword, error) {
	out := []wire.AppPassword{}
	for _, v := range d.devicesOf(person) {
		out = append(out, v.wire())
	}
	slices.SortFunc(out, func(a, b wire.AppPassword) int {
		return cmp.Or(b.Issued.Compare(a.Issued), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (d *Door) devicesOf(person clinical.PersonID) []*device {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []*device
	for _, v := range d.devices {
		if v.Person == person {
			out = append(out, v)
		}
	}
	return out
}

// RevokeAppPassword ends a device's password: its next request is refused, on a connection that is open too. NotFound
// where the person has no such device.
func (d *Door) RevokeAppPassword(ctx context.Context, person clinical.PersonID, id string) error {
	for _, v := range d.devicesOf(person) {
		if v.ID != id {
			continue
		}
		d.mu.Lock()
		delete(d.devices, v.Sum)
		d.mu.Unlock()
		d.note(ctx, clinical.Event{Act: clinical.ActAppRevoked, Note: "device " + v.ID + " of " + person.String()})
		if err := d.save(ctx, v); err != nil {
			return clinical.Errorf(clinical.KindOf(err), "login: revoke app password %s: %w", id, err)
		}
		return nil
	}
	return clinical.ErrNotFound
}
