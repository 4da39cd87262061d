package vault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"fovea/clinical"
)

// KeyWrapper keeps the root key from whoever has the disk alone: a key file, a
// passphrase, a key service.
type KeyWrapper interface {
	// Name is the stable name of the method, stored beside what it wrapped.
	Name() string
	// Wrap returns key so that only Unwrap gives it back.
	Wrap(ctx context.Context, key []byte) ([]byte, error)
	// Unwrap fails with Forbidden where the file or passphrase is another one.
	Unwrap(ctx context.Context, wrapped []byte) ([]byte, error)
}

// Recovery is how the root key is found again when key file or passphrase are
// lost. Each of the two recipients opens it alone; keep them apart and offline.
type Recovery struct {
	Recipients []string
	// Identities are the secrets of the recipients that Init made itself, in
	// their order; they are stored nowhere.
	Identities []string
}

// recoveries is the number of recovery recipients.
const recoveries = 2

// passphraseWork is the scrypt work factor: 2^17 takes 128 MiB and about half
// a second, once when a vault is opened.
const passphraseWork = 17

type identityFile struct{ path string }

// KeyFile wraps with the age X25519 identity in the file at path, which must
// be a regular file that nobody but its owner may read or write.
func KeyFile(path string) KeyWrapper { return identityFile{path} }

// CreateKeyFile makes a new identity at path, mode 0600. A file that exists
// already is a Conflict.
func CreateKeyFile(path string) error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "vault: make key file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return clinical.Errorf(clinical.Conflict, "vault: make key file: %w", err)
	}
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "vault: make key file: %w", err)
	}
	_, err = io.WriteString(f, "# Fovea key file. Without it, or a recovery identity, the vault cannot be read.\n"+id.String()+"\n")
	if err = errors.Join(err, f.Sync(), f.Close(), syncFolder(filepath.Dir(path))); err != nil {
		return clinical.Errorf(clinical.Unavailable, "vault: make key file: %w", err)
	}
	return nil
}

func (identityFile) Name() string { return "age-x25519" }

func (k identityFile) Wrap(_ context.Context, key []byte) ([]byte, error) {
	id, err := k.identity()
	if err != nil {
		return nil, err
	}
	return ageSeal(key, id.Recipient())
}

func (k identityFile) Unwrap(_ context.Context, wrapped []byte) ([]byte, error) {
	id, err := k.identity()
	if err != nil {
		return nil, err
	}
	return ageOpen(wrapped, id)
}

func (k identityFile) identity() (*age.X25519Identity, error) {
	info, err := os.Lstat(k.path)
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: key file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, clinical.Refuse(clinical.Forbidden, "key-file-mode",
			"The key file may be read by others. Run chmod 600 on it, and think about who has read it.")
	}
	text, err := os.ReadFile(k.path)
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: key file: %w", err)
	}
	defer clear(text)
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil || len(ids) != 1 {
		return nil, clinical.Errorf(clinical.Invalid, "vault: key file: want exactly one age identity")
	}
	id, ok := ids[0].(*age.X25519Identity)
	if !ok {
		return nil, clinical.Errorf(clinical.Invalid, "vault: key file: want an X25519 identity")
	}
	return id, nil
}

type passphrase struct{ text string }

// Passphrase wraps with a passphrase (scrypt). An empty one is refused when it
// is used.
func Passphrase(text string) KeyWrapper { return passphrase{text} }

func (passphrase) Name() string { return "age-scrypt" }

// String and GoString keep the passphrase out of formatted text.
func (passphrase) String() string { return "[redacted]" }

// GoString is String.
func (passphrase) GoString() string { return "[redacted]" }

func (p passphrase) Wrap(_ context.Context, key []byte) ([]byte, error) {
	r, err := age.NewScryptRecipient(p.text)
	if err != nil {
		return nil, clinical.Errorf(clinical.Invalid, "vault: passphrase: %w", err)
	}
	r.SetWorkFactor(passphraseWork)
	return ageSeal(key, r)
}

func (p passphrase) Unwrap(_ context.Context, wrapped []byte) ([]byte, error) {
	id, err := age.NewScryptIdentity(p.text)
	if err != nil {
		return nil, clinical.Errorf(clinical.Invalid, "vault: passphrase: %w", err)
	}
	id.SetMaxWorkFactor(passphraseWork)
	return ageOpen(wrapped, id)
}

func ageSeal(plain []byte, to age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "vault: wrap key: %w", err)
	}
	return out.Bytes(), nil
}

func ageOpen(sealed []byte, by age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), by)
	if _, other := errors.AsType[*age.NoIdentityMatchError](err); other {
		return nil, clinical.Refuse(clinical.Forbidden, "wrong-key",
			"This key file or passphrase does not open the vault. Use the one it was made with, or a recovery identity.")
	}
	if err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "vault: unwrap key: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err != nil {
		return nil, clinical.Errorf(clinical.Corrupt, "vault: unwrap key: %w", err)
	}
	return plain, nil
}

// completeRecovery makes identities for the recipients that were not given and
// checks the ones that were.
func completeRecovery(given []string) (Recovery, error) {
	if len(given) > recoveries {
		return Recovery{}, clinical.Errorf(clinical.Invalid, "vault: %d recovery recipients, there are %d", len(given), recoveries)
	}
	r := Recovery{Recipients: append([]string(nil), given...)}
	for len(r.Recipients) < recoveries {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return Recovery{}, clinical.Errorf(clinical.Unavailable, "vault: make recovery identity: %w", err)
		}
		r.Recipients = append(r.Recipients, id.Recipient().String())
		r.Identities = append(r.Identities, id.String())
	}
	if strings.EqualFold(r.Recipients[0], r.Recipients[1]) {
		return Recovery{}, clinical.Errorf(clinical.Invalid, "vault: the recovery recipients are one and the same")
	}
	return r, nil
}
