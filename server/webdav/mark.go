package webdav

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"fovea/clinical"
)

// watermark puts into a picture who has received it.
type watermark interface {
	// Name names what the copies of a caller carry: under one name the same picture has the same bytes, for ever. Empty:
	// this caller's pictures leave as they are.
	Name(clinical.Caller) string
	// Mark returns the content as the caller is to have it, and as long as it was: listings have said how long before
	// anything is marked. It is read from what is served, which stops when the picture is withdrawn, and closing it closes
	// that.
	Mark(context.Context, clinical.Caller, *clinical.Served) (clinical.Content, error)
}

// marking is a gate whose pictures are marked on their way out. Everything behind it, listings, entity tags and contact
// sheets, knows no others.
type marking struct {
	gate
	watermark watermark
}

// Folder returns a set with the entity tags that its pictures have once they are marked.
func (m marking) Folder(ctx context.Context, c clinical.Caller, id clinical.SetID, ch clinical.Channel) (clinical.Folder, error) {
	f, err := m.gate.Folder(ctx, c, id, ch)
	name := m.watermark.Name(c)
	if err != nil || name == "" {
		return f, err
	}
	f.Entries = slices.Clone(f.Entries)
	for i := range f.Entries {
		f.Entries[i].ETag = markedTag(f.Entries[i].ETag, name)
	}
	return f, nil
}

// OpenInSet opens a picture and marks it.
func (m marking) OpenInSet(ctx context.Context, c clinical.Caller, set clinical.SetID, asset clinical.AssetID) (*clinical.Served, error) {
	served, err := m.gate.OpenInSet(ctx, c, set, asset)
	return m.mark(ctx, c, served, err)
}

// DrawInSet opens a picture for a paper and marks it.
func (m marking) DrawInSet(ctx context.Context, c clinical.Caller, set clinical.SetID, asset clinical.AssetID) (*clinical.Served, error) {
	served, err := m.gate.DrawInSet(ctx, c, set, asset)
	return m.mark(ctx, c, served, err)
}

func (m marking) mark(ctx context.Context, c clinical.Caller, served *clinical.Served, err error) (*clinical.Served, error) {
	name := m.watermark.Name(c)
	if err != nil || name == "" {
		return served, err
	}
	content, err := m.watermark.Mark(ctx, c, served)
	if err != nil {
		return nil, errors.Join(err, served.Close())
	}
	if content.Size() != served.Size() {
		return nil, errors.Join(clinical.Errorf(clinical.Internal, "webdav: mark asset %s: it became %d bytes of %d",
			served.Asset, content.Size(), served.Size()), content.Close())
	}
	served.Content, served.ETag = content, markedTag(served.ETag, name)
	return served, nil
}

// markedTag is the entity tag of a rendition's marked copy. The gate's own tag is a keyed hash of the rendition, under a
// key that does not rotate, so it is a key for the name.
func markedTag(tag, name string) string {
	mac := hmac.New(sha256.New, []byte(tag))
	mac.Write([]byte(name))
	return `"` + hex.EncodeToString(mac.Sum(nil)) + `"`
}
