package login

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"fovea/clinical"
)

// Cost is what a password's hash costs.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// owasp is the cost that the OWASP Password Storage Cheat Sheet advises for argon2id.
func owasp() Cost { return Cost{Memory: 19 << 10, Passes: 2, Threads: 1} }

// hash is what is kept of a password.
type hash struct {
	Cost
	Salt []byte
	Sum  []byte
}

const (
	saltSize    = 16
	hashSize    = 32
	minPassword = 10 // characters
	maxPassword = 1024
	// hashWait is how long a sign-in waits for others to be hashed before it is told to come back.
	hashWait = 10 * time.Second
)

// hash works out a new hash of a password.
func (d *Door) hash(ctx context.Context, password string) (hash, error) {
	salt, err := d.random(saltSize)
	if err != nil {
		return hash{}, err
	}
	h := hash{Cost: d.o.Cost, Salt: salt}
	h.Sum, err = d.argon(ctx, h, password)
	return h, err
}

// matches reports whether password is the one of h.
func (d *Door) matches(ctx context.Context, h hash, password string) (bool, error) {
	sum, err := d.argon(ctx, h, password)
	return err == nil && subtle.ConstantTimeCompare(sum, h.Sum) == 1, err
}

// argon works out a hash once fewer than two others are: each takes 19 MiB and tens of milliseconds of a core.
func (d *Door) argon(ctx context.Context, h hash, password string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	select {
	case d.hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, clinical.Errorf(clinical.Unavailable, "login: too many sign-ins at once: %w", ctx.Err())
	}
	defer func() { <-d.hashing }()
	return argon2.IDKey([]byte(password), h.Salt, h.Passes, h.Memory, h.Threads, hashSize), nil
}

func passwordKey(person clinical.PersonID) string { return "password/" + person.String() }

// SetPassword gives a person a password and ends their sessions. Whose request it is comes from Seen.
func (d *Door) SetPassword(ctx context.Context, person clinical.PersonID, password string) error {
	p, ok := d.o.People.PersonByID(person)
	if !ok {
		return clinical.ErrNotFound
	}
	if err := d.inPerson(ctx); err != nil {
		return err
	}
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return clinical.Refuse(clinical.Invalid, "password-short", "A password has at least 10 characters. Choose a longer one.")
	case len(password) > maxPassword:
		return clinical.Refuse(clinical.Invalid, "password-long", "A password has at most 1,024 bytes. Choose a shorter one.")
	case strings.EqualFold(password, p.Login) || strings.EqualFold(password, p.Name):
		return clinical.Refuse(clinical.Invalid, "password-name", "A name is no password. Choose another.")
	}
	h, err := d.hash(ctx, password)
	if err != nil {
		return err
	}
	if err := d.put(ctx, passwordKey(person), h); err != nil {
		return clinical.Errorf(clinical.KindOf(err), "login: keep the password of %s: %w", person, err)
	}
	d.note(ctx, clinical.Event{Act: clinical.ActPasswordSet, Note: "of " + person.String()})
	return d.endSessions(ctx, person)
}

// check reports whether a login and a password belong together. Nobody can tell from the time it takes whether there
// is such a login.
func (d *Door) checkPassword(ctx context.Context, login, password string) (clinical.Person, bool, error) {
	person, known := d.o.People.Person(login)
	value, err := d.o.Shelf.Get(ctx, passwordKey(person.ID))
	h := &d.decoy
	switch {
	case err == nil && known:
		if h, err = decode[hash](value); err != nil {
			return person, false, err
		}
	case err != nil && clinical.KindOf(err) != clinical.NotFound:
		return person, false, clinical.Errorf(clinical.KindOf(err), "login: read a password: %w", err)
	default:
		known = false
	}
	same, err := d.matches(ctx, *h, password)
	if err != nil || !same || !known || !person.ActiveAt(d.o.Now(), d.o.Zone) {
		return person, false, err
	}
	if h.Cost != d.o.Cost {
		d.rehash(ctx, person.ID, password)
	}
	return person, true, nil
}

// rehash keeps a password at today's cost. Where that fails the old hash stays good.
func (d *Door) rehash(ctx context.Context, person clinical.PersonID, password string) {
	h, err := d.hash(ctx, password)
	if err == nil {
		err = d.put(ctx, passwordKey(person), h)
	}
	d.check(ctx, err)
}
