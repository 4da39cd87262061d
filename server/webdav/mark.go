package webdav

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"fovea/clinical"
)

// watermark puts into a picture who has received it.
type watermark interface {
	// Name names what the copies of a caller carry, and is never empty: under one name the same picture has the same
	// bytes, for ever.
	Name(clinical.Caller) string
	// Mark returns the content as the caller is to have it: Room bytes of it, which listings have told before anything is
	// marked. It is read from what is served, which stops when the picture is withdrawn, and closing it closes that.
	Mark(context.Context, clinical.Caller, *clinical.Served) (clinical.Content, error)
}

// markOf names the mark on the copies that a caller gets of a set, empty where they get the pictures as they are. The
// papers of a set are made of the pictures as they are, for all its readers.
func (h *Handler) markOf(c clinical.Caller, f clinical.Folder) (string, error) {
	switch {
	case !f.Set.Watermark:
		return "", nil
	case h.marks == nil:
		return "", clinical.Errorf(clinical.Internal, "webdav: set %s is to be marked, and nobody marks", f.Set.ID)
	default:
		return h.marks.Name(c), nil
	}
}

// open opens a picture, and marks it where that is owed.
func (h *Handler) open(ctx context.Context, c clinical.Caller, n node) (*clinical.Served, error) {
	served, err := h.gate.OpenInSet(ctx, c, n.set, n.asset)
	if err != nil || !served.Watermark {
		return served, err
	}
	content, err := h.marked(ctx, c, served)
	if err != nil {
		return nil, errors.Join(err, served.Close())
	}
	served.Content, served.ETag = content, markedTag(served.ETag, h.marks.Name(c))
	return served, nil
}

func (h *Handler) marked(ctx context.Context, c clinical.Caller, served *clinical.Served) (clinical.Content, error) {
	if h.marks == nil {
		return nil, clinical.Errorf(clinical.Internal, "webdav: asset %s is to be marked, and nobody marks", served.Asset)
	}
	content, err := h.marks.Mark(ctx, c, served)
	if err == nil && content.Size() != served.Room {
		err = clinical.Errorf(clinical.Internal, "webdav: mark asset %s: it became %d bytes, and %d were told", served.Asset, content.Size(), served.Room)
	}
	return content, err
}

// markedTag is the entity tag of a rendition's copy under the name of a mark; without one it is the rendition's own.
// That is the gate's keyed hash of the rendition, under a key that does not rotate, so it is a key for the name.
func markedTag(tag, name string) string {
	if name == "" {
		return tag
	}
	mac := hmac.New(sha256.New, []byte(tag))
	mac.Write([]byte(name))
	return `"` + hex.EncodeToString(mac.Sum(nil)) + `"`
}
