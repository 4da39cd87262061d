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
	Name    string            // what the person calls it
	Sets    []clinical.SetID  `json:",omitempty"` // nil: all that the person has
	Inbox   clinical.StudioID `json:",omitempty"` // it opens this studio's inbox and nothing else
	Issued  time.Time
	Expires time.Time
	Used    time.Time `json:",omitzero"`  // as of the last tidying
	From    *from     `json:",omitempty"` // likewise

	used  atomic.Int64 // Unix nanoseconds, coarse; 0: as stored
	from  atomic.Pointer[from]
	dirty atomic.Bool
	over  atomic.Bool // it opens nothing any more, and stays until the shelf has forgotten it, which is tried again and again
}

// from is where a request came from, and by which program as it says.
type from struct{ Remote, Agent string }

// whole reports whether a device may do all that its person may.
func (v *device) whole() bool { return v.Sets == nil && v.Inbox == "" }

func (v *device) key() string { return "device/" + v.ID }

func (v *device) lastUsed() time.Time {
	if at := v.used.Load(); at != 0 {
		return time.Unix(0, at).UTC()
	}
	return v.Used
}

func (v *device) lastFrom() from {
	if at := cmp.Or(v.from.Load(), v.From); at != nil {
		return *at
	}
	return from{}
}

// touch notes a use and reports whether it is the first for a while.
func (v *device) touch(now time.Time, caller clinical.Caller) bool {
	if at := (from{caller.Remote, caller.Agent}); at != v.lastFrom() {
		v.from.Store(&at)
		v.dirty.Store(true)
	}
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
		ID: v.ID, Sum: v.Sum, Person: v.Person, Name: v.Name, Sets: v.Sets, Inbox: v.Inbox, Issued: v.Issued, Expires: v.Expires,
		Used: v.lastUsed(), From: cmp.Or(v.from.Load(), v.From),
	}
}

func (d *Door) wire(v *device) wire.AppPassword {
	at := v.lastFrom()
	return wire.AppPassword{
		ID: v.ID, Person: v.Person, Device: v.Name, Sets: v.Sets, Inbox: v.Inbox, Issued: v.Issued, Expires: v.Expires,
		LastUsed: v.lastUsed(), LastAddress: at.Remote, LastAgent: at.Agent, Ledger: d.o.Ledger(v.ID),
	}
}

// IssueAppPassword makes a password for one device of a person: for all their sets where sets is empty, which also
// opens the API; else for those sets on the drive alone. 0 days, and more than the site allows, mean as many as the
// site allows. The secret is in the answer and nowhere else.
func (d *Door) IssueAppPassword(ctx context.Context, person clinical.PersonID, name string, sets []clinical.SetID, days int) (wire.AppPassword, error) {
	v := &device{Person: person, Name: name}
	if len(sets) > 0 {
		v.Sets = slices.Clone(sets)
	}
	return d.issue(ctx, v, days)
}

// IssueInboxPassword makes a password for one device that delivers to a studio: it opens that studio's inbox on the
// drive and nothing else. The person works there. All else is as with IssueAppPassword.
func (d *Door) IssueInboxPassword(ctx context.Context, person clinical.PersonID, name string, studio clinical.StudioID, days int) (wire.AppPassword, error) {
	if p, ok := d.o.People.PersonByID(person); ok && !p.In(studio) {
		return wire.AppPassword{}, clinical.Refuse(clinical.Invalid, "not-in-studio", "The person does not work in this studio. Name one of theirs.")
	}
	return d.issue(ctx, &device{Person: person, Name: name, Inbox: studio}, days)
}

// inPerson is Forbidden where the request comes by an app password: whoever found one would otherwise make another
// that outlasts it.
func (d *Door) inPerson(ctx context.Context) error {
	by := Seen(ctx)
	if by.Device == "" || !slices.ContainsFunc(d.devicesOf(by.Person), func(v *device) bool { return v.ID == by.Device }) {
		return nil
	}
	return clinical.Refuse(clinical.Forbidden, "by-device", "An app password makes no passwords. Sign in with your own, then try again.")
}

func (d *Door) issue(ctx context.Context, v *device, days int) (wire.AppPassword, error) {
	p, ok := d.o.People.PersonByID(v.Person)
	if !ok {
		return wire.AppPassword{}, clinical.ErrNotFound
	}
	if err := d.inPerson(ctx); err != nil {
		return wire.AppPassword{}, err
	}
	v.Name = strings.TrimSpace(v.Name)
	if v.Name == "" || len(v.Name) > 80 {
		return wire.AppPassword{}, clinical.Refuse(clinical.Invalid, "device-name", "Say in at most 80 letters which device it is for.")
	}
	if len(d.devicesOf(p.ID)) >= maxDevices {
		return wire.AppPassword{}, clinical.Refuse(clinical.Conflict, "device-many", "There are 50 app passwords already. Revoke one that is not used any more.")
	}
	if days <= 0 || days > d.o.Days {
		days = d.o.Days
	}
	secret, err := d.secret()
	if err != nil {
		return wire.AppPassword{}, err
	}
	if v.ID, err = d.newID(); err != nil {
		return wire.AppPassword{}, err
	}
	now := d.o.Now().UTC().Truncate(time.Second)
	v.Sum, v.Issued, v.Expires = d.sum("device", secret), now, now.AddDate(0, 0, days)
	if err := d.put(ctx, v.key(), v.stored()); err != nil {
		return wire.AppPassword{}, clinical.Errorf(clinical.KindOf(err), "login: keep an app password: %w", err)
	}
	d.mu.Lock()
	d.devices[v.Sum] = v
	d.mu.Unlock()
	d.note(ctx, clinical.Event{Act: clinical.ActAppIssued, Note: "device " + v.ID + " of " + p.ID.String()})
	out := d.wire(v)
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
	out := make([]byte, 0, 3*secretSize)
	for _, c := range []byte(secret) {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		switch c {
		case '-', ' ':
			continue
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		out = append(out, c)
	}
	return string(out)
}

// AppPasswords lists the devices of a person, newest first, without secrets.
func (d *Door) AppPasswords(_ context.Context, person clinical.PersonID) ([]wire.AppPassword, error) {
	out := []wire.AppPassword{}
	for _, v := range d.devicesOf(person) {
		out = append(out, d.wire(v))
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
// where the person has no such device. Any other error says that it may be good again after a restart: it stays in the
// list, and is tried again with every tidying and whenever it is asked for.
func (d *Door) RevokeAppPassword(ctx context.Context, person clinical.PersonID, id string) error {
	for _, v := range d.devicesOf(person) {
		if v.ID != id {
			continue
		}
		if !v.over.Swap(true) {
			d.note(ctx, clinical.Event{Act: clinical.ActAppRevoked, Note: "device " + v.ID + " of " + person.String()})
		}
		if err := d.save(ctx, v); err != nil {
			return clinical.Errorf(clinical.KindOf(err), "login: revoke app password %s: %w", id, err)
		}
		return nil
	}
	return clinical.ErrNotFound
}
