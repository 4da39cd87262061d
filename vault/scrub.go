package vault

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io"

	"github.com/minio/sio"
	"github.com/zeebo/blake3"

	"fovea/clinical"
)

// deep decrypts and hashes every blob, in the order of their IDs.
func (f *fsck) deep(ctx context.Context) error {
	var ids []clinical.BlobID
	err := f.v.opt.Store.View(ctx, func(r Reader) error {
		return r.Scan([]byte{prefixManifest}, f.opt.After[:], func(key, _ []byte) (bool, error) {
			if id := clinical.BlobID(key[1:]); id != f.opt.After {
				ids = append(ids, id)
			}
			return true, ctx.Err()
		})
	})
	if err != nil {
		return err
	}
	last := f.opt.After
	for _, id := range ids {
		size, err := f.v.scrub(ctx, id)
		if ctx.Err() == nil && err == nil && f.opt.Progress != nil {
			if err := f.opt.Progress(ctx, id, size); err != nil {
				f.report.Next = last
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			f.report.Next = last
			return err
		}
		last = id
		if err == nil {
			f.report.Verified++
			f.report.VerifiedBytes += size
		} else if f.stillNamed(ctx, id) {
			f.report.add("blob", id.String(), "content-"+reasonFor(err))
		}
	}
	return nil
}

// scrub reads a blob once and compares stored bytes and plaintext with the
// manifest.
func (v *Vault) scrub(ctx context.Context, id clinical.BlobID) (int64, error) {
	f, dek, err := v.openManifest(ctx, id)
	if err != nil {
		return 0, err
	}
	stored, err := blake3.NewKeyed(v.secrets.scrub[:])
	if err != nil {
		return 0, clinical.Errorf(clinical.Internal, "vault: hash: %w", err)
	}
	in := io.TeeReader(io.NewSectionReader(v.sealedBytes(ctx, id, f.Sealed), 0, f.Sealed), stored)
	plain, err := sio.DecryptReader(in, v.sioConfig(dek))
	if err != nil {
		return 0, clinical.Errorf(clinical.Internal, "vault: open blob %s: %w", id, err)
	}
	content := sha256.New()
	n, err := io.Copy(content, plain)
	if err != nil {
		return n, clinical.Errorf(clinical.Corrupt, "vault: blob %s: %w", id, err)
	}
	same := subtle.ConstantTimeCompare(content.Sum(nil), f.Content[:]) & subtle.ConstantTimeCompare(stored.Sum(nil), f.Stored[:])
	if n != f.Size || same != 1 {
		return n, clinical.Errorf(clinical.Corrupt, "vault: blob %s is not what was put", id)
	}
	return n, nil
}
