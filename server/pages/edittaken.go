package pages

import (
	"context"
	"net/http"

	"fovea/clinical"
)

// drawer draws a picture as it was taken, upright, of those that the gate serves
// the caller for care.
type drawer interface {
	Taken(ctx context.Context, c clinical.Caller, asset clinical.AssetID) ([]byte, error)
}

// pictureOf is where a browser finds a picture as it was taken: the file where it
// reads that, else one that the server draws of it; nothing where there is none
// yet, or none can be made.
func pictureOf(s clinical.Shown) string {
	switch s.Asset.Original.MIME {
	case "image/jpeg", "image/png", "image/webp", "image/gif":
		return "/img/" + s.Asset.ID.String() + "/original"
	}
	if s.Thumb {
		return "/pictures/" + s.Asset.ID.String() + "/taken.jpg"
	}
	return ""
}

// taken draws what no browser reads: what telephones and studios file as HEIC,
// TIFF or raw.
func (d *door) taken(v *visit) error {
	id, err := pathID[clinical.Asset](v.r)
	if err != nil {
		return err
	}
	if d.Drawer == nil {
		http.Redirect(v.w, v.r, "/img/"+id.String()+"/thumb-256", http.StatusSeeOther)
		return nil
	}
	b, err := d.Drawer.Taken(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	_, _ = v.w.Write(b) // who asked may be gone
	return nil
}
