package policy

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"maps"
	"slices"
	"strings"

	"fovea/clinical"
)

// A patient's code is 160 random bits on the paper that the patient takes
// home. Whoever holds it can withdraw what it names and do nothing else: it
// shows no picture, no name and no number, and it never widens anything.

const secretBytes = 20

// crockford is the alphabet of what is read from paper: no I, L, O, U.
func crockford() *base32.Encoding {
	return base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
}

// writeSecret writes a secret in eight groups of four.
func writeSecret(raw [secretBytes]byte) string {
	text := crockford().EncodeToString(raw[:])
	var groups []string
	for i := 0; i < len(text); i += 4 {
		groups = append(groups, text[i:i+4])
	}
	return strings.Join(groups, "-")
}

// readSecret reads what somebody typed or scanned: in either case, with or
// without dashes, and with the letters that look like digits taken for them.
func readSecret(text string) ([]byte, bool) {
	if len(text) > 4*secretBytes {
		return nil, false
	}
	text = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
	raw, err := crockford().DecodeString(text)
	return raw, err == nil && len(raw) == secretBytes
}

// IssueCode makes a code with which the patient, or who speaks for them, can
// withdraw the consents named, or everything beyond care where none is. The
// secret is returned once; what is kept is its hash.
func (g *Gate) IssueCode(ctx context.Context, c clinical.Caller, patient clinical.PatientID, grants []clinical.GrantID) (string, error) {
	var raw [secretBytes]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", clinical.Errorf(clinical.Unavailable, "policy: no random bits: %w", err)
	}
	_, err := g.carryOut(ctx, c, true, func(snap *Snapshot) (clinical.Change, error) {
		a, err := g.actor(snap, c)
		if err != nil {
			return clinical.Change{}, err
		}
		return a.issueCode(patient, grants, sha256.Sum256(raw[:]))
	})
	if err != nil {
		return "", err
	}
	return writeSecret(raw), nil
}

func (a *act) issueCode(patient clinical.PatientID, grants []clinical.GrantID, hash [32]byte) (clinical.Change, error) {
	if !recordsConsent(a.person.Role) {
		return clinical.Change{}, a.allow()
	}
	sh := a.snap.subject(patient)
	if !sh.alive() {
		return clinical.Change{}, clinical.ErrNotFound
	}
	if len(grants) > maxAct {
		return clinical.Change{}, invalid("too-many", "A code names at most 2,000 consents. Name none to mean all of them.")
	}
	for _, id := range grants {
		if !slices.ContainsFunc(sh.grants, func(g *grant) bool { return g.ID == id }) {
			return clinical.Change{}, clinical.ErrNotFound
		}
	}
	c := a.change(clinical.ActCodeIssued, "")
	c.Patient = patient // and not the record that stands for it: the two may be parted again
	c.Codes = []clinical.PatientCode{{
		ID: clinical.Mint[clinical.PatientCode](a.g.opt.Mint), Patient: c.Patient, Grants: slices.Clone(grants),
		Hash: hash, IssuedBy: a.person.ID, IssuedAt: a.now,
	}}
	return c, nil
}

func (a *act) revokeCode(cmd clinical.RevokeCode) (clinical.Change, error) {
	if !recordsConsent(a.person.Role) {
		return clinical.Change{}, a.allow()
	}
	old, ok := a.snap.codes.get(cmd.Code)
	switch {
	case !ok:
		return clinical.Change{}, clinical.ErrNotFound
	case !old.UsedAt.IsZero() || !old.Revoked.IsZero():
		return clinical.Change{}, conflict("code-over", "This code was used or revoked already. Nothing is left to do.")
	}
	code := *old
	code.Revoked = a.now
	c := a.change(clinical.ActCodeRevoked, "")
	c.Patient, c.Codes = code.Patient, []clinical.PatientCode{code}
	return c, nil
}

// Codes returns a patient's codes, newest first, for those who issue them.
// Nothing in them opens anything: the secret is not kept.
func (g *Gate) Codes(_ context.Context, c clinical.Caller, patient clinical.PatientID) ([]clinical.PatientCode, error) {
	snap, p, _, err := g.patient(c, patient)
	if err != nil {
		return nil, err
	}
	if !recordsConsent(p.Role) {
		return nil, clinical.ErrNotFound
	}
	var out []clinical.PatientCode
	snap.codes.each(func(_ clinical.CodeID, code *clinical.PatientCode) bool {
		if snap.samePatient(code.Patient, patient) {
			one := *code
			one.Hash = [32]byte{}
			out = append(out, one)
		}
		return true
	})
	slices.SortFunc(out, func(a, b clinical.PatientCode) int { return b.ID.Compare(a.ID) })
	return out, nil
}

// code finds the code of a secret. One that is unknown, malformed, used or
// revoked is NotFound, all alike; the hash is made and compared for each, so
// that they take as long.
func (s *Snapshot) code(secret string) (*clinical.PatientCode, bool) {
	raw, ok := readSecret(secret)
	hash := sha256.Sum256(raw)
	none := &clinical.PatientCode{}
	found := none
	if id, known := s.secrets.get(keyOf(hash)); known {
		found, _ = s.codes.get(id)
	}
	same := subtle.ConstantTimeCompare(found.Hash[:], hash[:]) == 1
	return found, ok && same && found.UsedAt.IsZero() && found.Revoked.IsZero()
}

// CodeOpens reports whether a secret is a code that can be used. It is for doors that limit how often somebody tries:
// nothing is noted.
func (g *Gate) CodeOpens(secret string) (bool, error) {
	snap, err := g.snapshot()
	if err != nil {
		return false, err
	}
	_, ok := snap.code(secret)
	return ok, nil
}

// CodeToPrint returns a secret as it is written on the patient's copy of a
// consent, or of none where grant is zero. It is Invalid where it is not a code
// that can be used, is another patient's, or does not withdraw this consent:
// nobody takes home a code that opens nothing.
func (g *Gate) CodeToPrint(_ context.Context, c clinical.Caller, patient clinical.PatientID, grant clinical.GrantID, secret string) (string, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return "", err
	}
	if !recordsConsent(p.Role) {
		return "", clinical.ErrNotFound
	}
	code, ok := snap.code(secret)
	covers := grant.IsZero() || len(code.Grants) == 0 || slices.Contains(code.Grants, grant)
	if !ok || !covers || !snap.samePatient(code.Patient, patient) {
		return "", invalid("code", "This code does not withdraw this consent: it is mistyped, another patient's, used or revoked. Issue one, and print it as it is shown.")
	}
	raw, _ := readSecret(secret)
	return writeSecret([secretBytes]byte(raw)), nil
}

// CodeShows says what a code would withdraw, in words that name nobody. It
// changes nothing.
func (g *Gate) CodeShows(_ context.Context, c clinical.Caller, secret string) (clinical.CodeView, error) {
	snap, err := g.snapshot()
	if err != nil {
		return clinical.CodeView{}, err
	}
	c = byPatient(c)
	code, ok := snap.code(secret)
	e := g.event(clinical.ActPatientSeen, c)
	e.Patient = code.Patient
	if !ok {
		e = g.event(clinical.ActDenied, c)
		e.Denied, e.Rule = true, noSuchCode
		g.opt.Recorder.NoteLater(e)
		return clinical.CodeView{}, clinical.ErrNotFound
	}
	g.opt.Recorder.NoteLater(e)
	view := clinical.CodeView{IssuedAt: code.IssuedAt}
	for _, one := range snap.ofCode(code) {
		given := one.ValidFrom
		if given.IsZero() {
			given = one.RecordedAt
		}
		shown := clinical.CodeConsent{Purposes: one.Purposes, Audience: one.Audience, NamedUse: one.NamedUse, Given: given, Expires: one.Expires}
		if l, ok := snap.lesions.get(one.Covers.Lesion); ok {
			shown.Place = &clinical.Place{Site: l.Site, Side: l.Laterality}
		}
		view.Consents = append(view.Consents, shown)
	}
	return view, nil
}

// noSuchCode is the rule that the ledger names for a secret that opens nothing.
const noSuchCode = "patient-code"

// byPatient is a caller that is the patient and nobody who signed in.
func byPatient(c clinical.Caller) clinical.Caller {
	return clinical.Caller{Door: clinical.DoorPatient, Remote: c.Remote, Agent: c.Agent}
}

// ofCode returns the consents that a code withdraws and that still stand: those
// that it names, under whichever record they are by now, and those that took
// their places since; or all beyond care of the record it was issued for, and of
// those merged with it for as long as they are.
func (s *Snapshot) ofCode(code *clinical.PatientCode) []*grant {
	var out []*grant
	for _, id := range s.successors(code.Grants) {
		if g, ok := s.grants.get(id); ok && stands(g.Grant) {
			out = append(out, g)
		}
	}
	if len(code.Grants) > 0 {
		return out
	}
	for _, g := range s.subject(code.Patient).grants {
		if beyondCare(g.Grant) && stands(g.Grant) {
			out = append(out, g)
		}
	}
	return out
}

// successors returns the consents and whatever took their places, each once.
func (s *Snapshot) successors(ids []clinical.GrantID) []clinical.GrantID {
	out := slices.Clone(ids)
	for i := 0; i < len(out); i++ {
		next, _ := s.renewed.get(out[i]) // of whichever record: one renewed while merged is the other's once they are parted
		for _, id := range next {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// stands reports whether there is something left to withdraw.
func stands(g clinical.Grant) bool {
	return g.Status == clinical.GrantGiven || g.Status == clinical.GrantPending || g.Status == clinical.GrantRequested
}

func beyondCare(g clinical.Grant) bool {
	return slices.ContainsFunc(g.Purposes, func(p clinical.Purpose) bool { return p != clinical.P0 })
}

// WithdrawByCode withdraws what a code names, as WithdrawConsent does, and uses
// the code up. Where nothing stands any more the code is used up all the same:
// what the patient asked for is so. A code that is used is NotFound like one
// that never was.
func (g *Gate) WithdrawByCode(ctx context.Context, c clinical.Caller, secret string) (clinical.Change, error) {
	c = byPatient(c)
	return g.carryOut(ctx, c, false, func(snap *Snapshot) (clinical.Change, error) {
		a := &act{g: g, snap: snap, caller: c, person: &clinical.Person{}, now: g.opt.Now()}
		return a.withdrawByCode(secret)
	})
}

func (a *act) withdrawByCode(secret string) (clinical.Change, error) {
	code, ok := a.snap.code(secret)
	if !ok {
		return clinical.Change{}, clinical.ErrNotFound
	}
	const why = "by the patient's code"
	c := a.change(clinical.ActConsentWithdrawn, why)
	c.Patient = code.Patient
	used := *code
	used.UsedAt = a.now
	c.Codes = []clinical.PatientCode{used}
	records := map[clinical.PatientID][]clinical.GrantID{}
	for _, g := range a.snap.ofCode(code) {
		over := g.Grant
		over.Status, over.WithdrawnAt, over.WithdrawalReason = clinical.GrantWithdrawn, a.now, why
		c.Grants = append(c.Grants, over)
		record := a.snap.root(g.Patient)
		records[record] = append(records[record], g.ID)
	}
	for _, record := range slices.SortedFunc(maps.Keys(records), clinical.PatientID.Compare) {
		r := a.recall(clinical.RecallWithdrawal, record, records[record], nil)
		r.Code = code.ID
		a.takeBack(&c, r)
	}
	return c, nil
}
