package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/policy"
	"fovea/server/wire"
)

// looked is one thing that a second person looks for, and what they can answer.
type looked struct {
	Code        clinical.Feature
	Words, Hint string
	Maskable    bool
}

// Field is the name of the answer in the form.
func (l looked) Field() string { return "found-" + strings.ReplaceAll(string(l.Code), " ", "-") }

// lookedFor are the things, in the order in which they are answered.
func lookedFor(w reviewWords) []looked {
	var out []looked
	for _, f := range clinical.Features() {
		out = append(out, looked{f, w.Looked[f][0], w.Looked[f][1], f != clinical.RareFinding})
	}
	return out
}

type reviewPage struct {
	editPage
	R             reviewWords
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
	w := reviewWordsIn(p.Lang)
	r := reviewPage{editPage: p, R: w, Version: p.Edits.Versions[p.Asset.Edit-1], Own: shown.By == v.caller.Person, Looked: lookedFor(w)}
	sum, err := d.copyOfVersion(v, &r)
	if err != nil {
		return err
	}
	if r.SHA256 != "" && !r.Own && v.impact == nil {
		impact, err := d.Gate.Simulate(v.ctx, v.caller, clinical.AttestEdit{
			Asset: p.Asset.ID, Version: p.Asset.Edit, SHA256: sum, Level: clinical.I1, Found: supposed(shown.Recipe),
		})
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
	return d.show(v, "review", w.Title, r)
}

// supposed is what a second person finds who finds everything in order.
func supposed(r clinical.Recipe) clinical.Checklist {
	out := clinical.Checklist{}
	for _, f := range clinical.Features() {
		out[f] = clinical.FoundNone
		if slices.ContainsFunc(r.Masks, func(m clinical.Mask) bool { return clinical.Feature(m.Cause) == f }) {
			out[f] = clinical.FoundMasked
		}
	}
	return out
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
	for _, l := range lookedFor(englishReview()) {
		if answer := v.r.PostFormValue(l.Field()); answer != "" {
			cmd.Found[l.Code] = clinical.Finding(answer)
		}
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
