package vault

import (
	"bytes"
	"unicode"

	"fovea/clinical"
)

// claim is a value that only one record may have: a patient's number, a job's
// number, a login, a set's folder name, one owner's bytes, a landed file.
type claim struct {
	key    []byte // opaque
	holder [16]byte
	digest bool // a second holder is a Duplicate, not a Conflict
}

// The spaces in which values are unique. Append-only: they are hashed.
const (
	spaceIdentifier = "identifier"
	spaceJob        = "job-number"
	spaceLogin      = "login"
	spaceSet        = "set-name"
	spaceLanding    = "landing-source"
)

func (v *Vault) uniqueKey(space string, parts ...string) []byte {
	list := [][]byte{[]byte(space)}
	for _, p := range parts {
		list = append(list, []byte(p))
	}
	sum := keyed(v.secrets.unique, list...)
	return append([]byte{prefixUnique}, sum[:]...)
}

// digestKey is keyed by the owner, so that the same bytes under two owners
// look unrelated and destroying the owner's key leaves noise.
func digestKey(o *ownerKeys, sha [32]byte) []byte {
	sum := keyed(o.digest, sha[:])
	return append([]byte{prefixUnique}, sum[:]...)
}

// claims returns what the record claims in its present state.
func (v *Vault) claims(r record) ([]claim, error) {
	one := func(key []byte) []claim { return []claim{{key: key, holder: r.id}} }
	switch x := r.body.(type) {
	case *clinical.Patient:
		var out []claim
		for _, i := range x.Identifiers {
			out = append(out, claim{key: v.uniqueKey(spaceIdentifier, i.System, i.Value), holder: r.id})
		}
		return out, nil
	case *clinical.Job:
		if x.Number != "" {
			return one(v.uniqueKey(spaceJob, x.Number)), nil
		}
	case *clinical.Person:
		if x.Login != "" {
			return one(v.uniqueKey(spaceLogin, x.Login)), nil
		}
	case *clinical.TeachingSet:
		if x.Name != "" {
			return one(v.uniqueKey(spaceSet, fold(x.Name))), nil
		}
	case *clinical.Landing:
		if x.Source != "" {
			return one(v.uniqueKey(spaceLanding, x.Source)), nil
		}
	case *clinical.Asset:
		return v.digestClaim(r, x)
	}
	return nil, nil
}

func (v *Vault) digestClaim(r record, a *clinical.Asset) ([]claim, error) {
	if a.State.Gone() || a.Original.SHA256 == [32]byte{} || r.owner == "" {
		return nil, nil
	}
	o, err := v.keys.owner(r.owner)
	if err != nil {
		return nil, err
	}
	return []claim{{key: digestKey(o, a.Original.SHA256), holder: r.id, digest: true}}, nil
}

// fold maps every rune to the smallest of those that differ from it in case
// alone (Unicode simple folding).
func fold(s string) string {
	out := make([]rune, 0, len(s))
	for _, c := range s {
		least := c
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		out = append(out, least)
	}
	return string(out)
}

// holder returns who holds a claimed key; the zero ID is nobody.
func (v *Vault) holder(r Reader, key []byte) ([16]byte, error) {
	value, err := r.Get(key)
	if isNotFound(err) {
		return [16]byte{}, nil
	}
	if err != nil {
		return [16]byte{}, err
	}
	plain, err := v.boxes.unique.open(key, value)
	if err != nil {
		return [16]byte{}, err
	}
	if len(plain) != 16 {
		return [16]byte{}, clinical.Errorf(clinical.Corrupt, "vault: unique key of %d bytes", len(plain))
	}
	return [16]byte(plain), nil
}

// settleClaims writes what the change gives up and takes: Conflict or Duplicate
// where somebody else has it. What one record of a change gives up another of
// the same change may take.
func (v *Vault) settleClaims(r Reader, p *plan) error {
	holders := map[string][16]byte{} // as the change leaves them
	for _, c := range p.given {
		holders[string(c.key)] = [16]byte{}
		p.del(c.key)
	}
	for _, c := range p.wanted {
		who, known := holders[string(c.key)]
		if !known {
			var err error
			if who, err = v.holder(r, c.key); err != nil {
				return err
			}
		}
		if who != [16]byte{} && who != c.holder {
			if c.digest {
				return &clinical.Duplicate{Asset: who}
			}
			return clinical.Refuse(clinical.Conflict, "taken", "Another record has this number or name already. Look that record up, or choose another one.")
		}
		holders[string(c.key)] = c.holder
		value, err := v.boxes.unique.seal(c.key, c.holder[:])
		if err != nil {
			return err
		}
		p.set(c.key, value)
	}
	return nil
}

func claimed(list []claim, key []byte) bool {
	for _, c := range list {
		if bytes.Equal(c.key, key) {
			return true
		}
	}
	return false
}
