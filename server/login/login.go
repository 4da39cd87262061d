package login

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"fovea/clinical"
	"fovea/server/guard"
)

// shelf keeps small sealed values by key. Get is NotFound where there is none; Put is durable when it returns.
type shelf interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
	Each(ctx context.Context, f func(key string, value []byte) error) error
}

// people knows everybody. Logins are lower case.
type people interface {
	Person(login string) (clinical.Person, bool)
	PersonByID(clinical.PersonID) (clinical.Person, bool)
}

// recorder writes to the ledger, off the request's path.
type recorder interface{ NoteLater(clinical.Event) }

// Options say what a Door works with. Shelf, People, Recorder and Key are needed.
type Options struct {
	Shelf    shelf
	People   people
	Recorder recorder
	Key      [32]byte // for the HMACs of secrets; must not change, or every device and session is forgotten
	Now      func() time.Time
	Rand     io.Reader
	// Ledger returns how the ledger names a device or a session; nil: it does not.
	Ledger   func(id string) string
	Zone     *time.Location // in which a person's last day ends; nil: UTC
	Log      *slog.Logger
	Idle     time.Duration // a session ends after so long without a request; 0: 30 minutes
	Absolute time.Duration // a session ends after so long; 0: 12 hours
	Days     int           // an app password is good for so many days at most; 0: 365
	Cost     Cost          // of a password's hash; zero: as OWASP advises
}

// Door knows who asks. It is safe for concurrent use.
type Door struct {
	o        Options
	guesses  guard.Throttle
	hashing  chan struct{} // as many slots as hashes may be worked out at once
	decoy    hash          // checked where there is no login, so that it takes as long
	mu       sync.RWMutex
	sessions map[[32]byte]*session
	devices  map[[32]byte]*device
	// writing is held while the shelf and memory are brought in line, so that what was ended meanwhile is not put back.
	writing sync.Mutex
}

// New returns a Door with the sessions and devices that are on the shelf.
func New(ctx context.Context, o Options) (*Door, error) {
	d := &Door{o: o.withDefaults(), hashing: make(chan struct{}, 2)}
	d.sessions, d.devices = map[[32]byte]*session{}, map[[32]byte]*device{}
	var err error
	if d.decoy, err = d.hash(ctx, "a password that nobody has"); err != nil {
		return nil, err
	}
	if err := d.o.Shelf.Each(ctx, d.restore); err != nil {
		return nil, clinical.Errorf(clinical.KindOf(err), "login: read the shelf: %w", err)
	}
	return d, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Ledger == nil {
		o.Ledger = func(string) string { return "" }
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Idle == 0 {
		o.Idle = 30 * time.Minute
	}
	if o.Absolute == 0 {
		o.Absolute = 12 * time.Hour
	}
	if o.Days == 0 {
		o.Days = 365
	}
	if o.Cost == (Cost{}) {
		o.Cost = owasp()
	}
	return o
}

// restore takes one value from the shelf into memory. Passwords stay where they are.
func (d *Door) restore(key string, value []byte) error {
	kind, _, _ := strings.Cut(key, "/")
	switch kind {
	case "session":
		s, err := decode[session](value)
		if err == nil {
			d.sessions[s.Sum] = s
		}
		return err
	case "device":
		v, err := decode[device](value)
		if err == nil {
			d.devices[v.Sum] = v
		}
		return err
	default:
		return nil
	}
}

// Run writes down, once a minute, when sessions and devices were last used, and forgets those that have ended, until
// ctx ends; then it does so a last time.
func (d *Door) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			d.tidy(last)
			return nil
		case <-tick.C:
			d.tidy(ctx)
		}
	}
}

// record is what is kept on the shelf and in memory.
type record interface {
	key() string
	stored() any
}

// tidy brings the shelf in line with memory.
func (d *Door) tidy(ctx context.Context) {
	now := d.o.Now()
	d.guesses.Tidy(now)
	var changed []record
	d.mu.Lock()
	for _, s := range d.sessions {
		if s.ended(now, d.o.Idle, d.o.Absolute) {
			s.over.Store(true)
		}
		if s.dirty.Swap(false) || s.over.Load() {
			changed = append(changed, s)
		}
	}
	for _, v := range d.devices {
		if now.After(v.Expires.AddDate(0, 1, 0)) { // listed for a month after it expired
			v.over.Store(true)
		}
		if v.dirty.Swap(false) || v.over.Load() {
			changed = append(changed, v)
		}
	}
	d.mu.Unlock()
	for _, r := range changed {
		d.check(ctx, d.save(ctx, r))
	}
}

// save writes down a session or a device. One that is over goes from the shelf, and then from memory.
func (d *Door) save(ctx context.Context, r record) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if d.holds(r) {
		return d.put(ctx, r.key(), r.stored())
	}
	if err := d.o.Shelf.Delete(ctx, r.key()); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch r := r.(type) {
	case *session:
		delete(d.sessions, r.Sum)
	case *device:
		delete(d.devices, r.Sum)
	}
	return nil
}

func (d *Door) holds(r record) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	switch r := r.(type) {
	case *session:
		return d.sessions[r.Sum] == r && !r.over.Load()
	case *device:
		return d.devices[r.Sum] == r && !r.over.Load()
	default:
		return false
	}
}

// check logs what no request waits for.
func (d *Door) check(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		d.o.Log.ErrorContext(ctx, "login: tidy the shelf", "err", err)
	}
}

// format is the version of every value on the shelf.
const format = 1

// envelope is how a value lies on the shelf.
type envelope struct {
	Version int             `json:"v"`
	Value   json.RawMessage `json:"value"`
}

func (d *Door) put(ctx context.Context, key string, value any) error {
	inner, err := json.Marshal(value)
	if err != nil {
		return clinical.Errorf(clinical.Internal, "login: encode: %w", err)
	}
	outer, err := json.Marshal(envelope{format, inner})
	if err != nil {
		return clinical.Errorf(clinical.Internal, "login: encode: %w", err)
	}
	return d.o.Shelf.Put(ctx, key, outer)
}

func decode[T any](value []byte) (*T, error) {
	var outer envelope
	if err := json.Unmarshal(value, &outer); err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "login: a value on the shelf cannot be read: %w", err)
	}
	if outer.Version != format {
		return nil, clinical.Errorf(clinical.Corrupt, "login: a value on the shelf has version %d, this program reads %d", outer.Version, format)
	}
	out := new(T)
	if err := json.Unmarshal(outer.Value, out); err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "login: a value on the shelf cannot be read: %w", err)
	}
	return out, nil
}

// sum is what is kept of a secret.
func (d *Door) sum(kind, secret string) [32]byte {
	h := hmac.New(sha256.New, d.o.Key[:])
	_, _ = io.WriteString(h, kind) // a hash takes everything
	_, _ = h.Write([]byte{0})
	_, _ = io.WriteString(h, secret)
	return [32]byte(h.Sum(nil))
}

// random returns n random bytes.
func (d *Door) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(d.o.Rand, b); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "login: no random bits: %w", err)
	}
	return b, nil
}

// newID names a session or a device in ledgers and lists. It opens nothing.
func (d *Door) newID() (string, error) {
	b, err := d.random(8)
	return hex.EncodeToString(b), err
}
