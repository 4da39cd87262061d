package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/policy"
	"fovea/server/wire"
)

// looked is one thing that a second person looks for.
type looked struct{ Code, Words, Hint string }

// lookedFor are the things, in the order in which they are ticked.
func lookedFor() []looked {
	return []looked{
		{"face", "Face", "whole, in part, from the side, in a mirror or a window"},
		{"eyes", "Eyes", "alone, too"},
		{"tattoo", "Tattoos, scars, birthmarks", "that somebody would know"},
		{"jewellery", "Jewellery and clothes", "a ring, a necklace, a uniform"},
		{"label", "Labels and screens", "names, numbers, barcodes, a wristband"},
		{"background", "Background", "people, a room, a photograph on a wall"},
		{"rare finding", "The finding itself", "so rare, or so well known, that it names the patient"},
	}
}

type reviewPage struct {
	editPage
	Version       wire.Version
	SHA256        string // of the flattened copy; "": it is being made
	Size          int64
	Width, Height int // of the copy
	Own           bool
	Looked        []looked
	Impact        *clinical.Impact // of attesting I1
	Cannot        string           // why it cannot be attested
}

// review is the flattened copy at its full size, for a second person.
func (d *door) review(v *visit) error {
	p, all, err := d.editOf(v)
	if err != nil {
		return err
	}
	shown, ok := all.Version(p.Asset.Edit)
	if !ok {
		return clinical.ErrNotFound
	}
	r := reviewPage{editPage: p, Version: p.Edits.Versions[p.Asset.Edit-1], Own: shown.By == v.caller.Person, Looked: lookedFor()}
	sum, err := d.copyOfVersion(v, &r)
	if err != nil {
		return err
	}
	if r.SHA256 != "" && !r.Own && v.impact == nil {
		impact, err := d.Gate.Simulate(v.ctx, v.caller, clinical.AttestEdit{Asset: p.Asset.ID, Version: p.Asset.Edit, SHA256: sum, Level: clinical.I1})
		switch clinical.KindOf(err) {
		case clinical.Conflict, clinical.Forbidden:
			_, r.Cannot = said(err)
		default:
			if err != nil {
				return err
			}
			r.Impact = &impact
		}
	}
	return d.show(v, "review", "Look at the copy", r)
}

// copyOfVersion says what the second person attests: the copy that the gate
// serves, by its hash. A copy that is not made yet is none.
func (d *door) copyOfVersion(v *visit, r *reviewPage) (sum [32]byte, err error) {
	served, err := d.Gate.Open(v.ctx, v.caller, policy.OpenRequest{Use: clinical.Care(), Asset: r.Asset.ID, Kind: clinical.MaskedFull})
	if clinical.KindOf(err) == clinical.NotFound {
		return sum, nil
	}
	if err != nil {
		return sum, err
	}
	defer func() { _ = served.Close() }()
	h := sha256.New()
	if r.Size, err = io.Copy(h, io.NewSectionReader(served, 0, served.Size())); err != nil {
		return sum, err
	}
	h.Sum(sum[:0])
	r.SHA256, r.Width, r.Height = hex.EncodeToString(sum[:]), served.Width, served.Height
	return sum, nil
}

// attest records what a second person found.
func (d *door) attest(v *visit) error {
	id, err := pathID[clinical.Asset](v.r)
	if err != nil {
		return err
	}
	if err := form(v.r); err != nil {
		return err
	}
	version, err := strconv.Atoi(v.r.PostFormValue("version"))
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "form", "The form did not arrive whole. Send it again.")
	}
	in := wire.AttestEdit{SHA256: v.r.PostFormValue("sha256"), Level: v.r.PostFormValue("level"), Words: text(v.r, "words")}
	cmd, err := in.Clinical(id, version)
	if err != nil {
		return err
	}
	var ticked []string
	for _, l := range lookedFor() {
		for _, code := range v.r.PostForm["looked"] {
			if code == l.Code {
				ticked = append(ticked, code)
			}
		}
	}
	if len(ticked) < len(lookedFor()) && cmd.Level != clinical.I0 {
		return clinical.Refuse(clinical.Invalid, "checklist", "Tick everything that you looked for. What nobody looked for is not attested.")
	}
	if len(ticked) > 0 && (cmd.Words != "" || cmd.Level != clinical.I2) { // I2 asks for words of one's own
		cmd.Words = strings.TrimSpace("Looked for: " + strings.Join(ticked, ", ") + ". " + cmd.Words)
	}
	if v.r.PostFormValue("do") == "try" {
		return d.tried(v, cmd, d.review)
	}
	next := "attested"
	if cmd.Level == clinical.I0 {
		next = "recognisable"
	}
	return d.do(v, cmd, "/pictures/"+id.String()+"/edit?done="+next)
}
