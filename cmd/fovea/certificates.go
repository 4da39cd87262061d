package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"fovea/clinical"
	"fovea/exchange/paper"
	"fovea/server/wire"
)

// edition reads which one is wanted; the one that names nobody unless said otherwise.
func edition(how wire.Paper) paper.Edition {
	if how.Edition == paper.ForGovernance.String() {
		return paper.ForGovernance
	}
	return paper.ForPatient
}

// Certificate writes what a recall certifies.
func (d *desk) Certificate(ctx context.Context, c clinical.Caller, id clinical.RecallID, how wire.Paper, w io.Writer) error {
	withdrawal, err := d.withdrawal(ctx, c, id, edition(how))
	if err != nil {
		return err
	}
	cert, err := paper.NewCertificate(withdrawal, edition(how), d.s.cfg.issuer(how.Language, time.Now()))
	if err != nil {
		return err
	}
	return d.issue(ctx, w, issuing{c, []clinical.PatientID{withdrawal.Recall.Patient}}, func(w io.Writer) error {
		if how.JSON {
			return cert.WriteJSON(w)
		}
		return cert.WritePDF(w)
	})
}

// issuing is to whom a paper goes, and whose it is: a record, or several.
type issuing struct {
	to clinical.Caller
	of []clinical.PatientID
}

// issue hands a paper over once the ledger has the hash of its bytes, under each
// record: it can then be proven that this very paper, with everything it says,
// came from here. Every paper says when it was made, so none is issued twice.
func (d *desk) issue(ctx context.Context, w io.Writer, to issuing, write func(io.Writer) error) error {
	b, err := printed(write)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	for _, patient := range to.of {
		err = d.s.vault.Note(ctx, clinical.Event{
			At: time.Now(), Act: clinical.ActPaperIssued, Caller: to.to, Patient: patient, SHA256: hex.EncodeToString(sum[:]),
		})
		if err != nil {
			return err
		}
	}
	_, err = w.Write(b)
	return err
}

// withdrawal gathers what a certificate is made from, as far as the caller may
// know of it.
func (d *desk) withdrawal(ctx context.Context, c clinical.Caller, id clinical.RecallID, e paper.Edition) (paper.Withdrawal, error) {
	var out paper.Withdrawal
	var err error
	gate := d.s.gate
	if e == paper.ForGovernance {
		if out.Tasks, err = gate.RecallTasks(ctx, c, id); err == nil {
			out.Recall, err = gate.Recall(ctx, c, id)
		}
		if err == nil {
			out.People, err = gate.People(ctx, c)
		}
		if err == nil {
			out.Sets, err = gate.Sets(ctx, c)
		}
		if err == nil {
			out.Releases, err = gate.Releases(ctx, c)
		}
		if err == nil {
			out.Again, err = gate.GivenAgain(c, id)
		}
	} else {
		var got clinical.Certified
		got, err = gate.Certified(ctx, c, id)
		out = withoutNames(got)
	}
	if err != nil {
		return out, err
	}
	out.Patient, out.Grants, err = d.whose(ctx, c, out.Recall)
	if err != nil {
		return out, err
	}
	if !out.Recall.Settled.IsZero() {
		out.Proof, err = d.proof(ctx, out.Recall.Seq)
	}
	return out, err
}

// withoutNames is what the patient's copy is made from.
func withoutNames(c clinical.Certified) paper.Withdrawal {
	return paper.Withdrawal{Recall: c.Recall, Tasks: c.Tasks, People: c.People, Sets: c.Sets, Releases: c.Releases, Again: c.Again}
}

// whose finds the patient and the consents of a recall; neither where the record
// is gone.
func (d *desk) whose(ctx context.Context, c clinical.Caller, r clinical.Recall) (clinical.Patient, []clinical.Grant, error) {
	p, err := d.s.gate.Patient(ctx, c, r.Patient)
	if clinical.KindOf(err) == clinical.NotFound {
		return clinical.Patient{}, nil, nil
	}
	if err != nil {
		return p, nil, err
	}
	all, err := d.s.gate.Grants(ctx, c, r.Patient)
	return p, slices.DeleteFunc(all, func(g clinical.Grant) bool { return !slices.Contains(r.Grants, g.ID) }), err
}

// proof takes the ledger's proof of a change apart for paper.
func (d *desk) proof(ctx context.Context, seq uint64) (paper.Proof, error) {
	text, err := d.s.vault.ProveSeq(ctx, seq)
	if err != nil {
		return paper.Proof{}, err
	}
	return paper.ProofOf(seq, text, d.s.vault.AuditKey())
}

// OwnCertificate writes the patient's edition for who has just withdrawn, by a
// code or for a patient whom they do not treat: one certificate for each record
// that the withdrawal reached, with what became of it by now.
func (d *desk) OwnCertificate(ctx context.Context, ch clinical.Change, how wire.Paper, w io.Writer) error {
	if len(ch.Recalls) == 0 {
		return clinical.ErrNotFound
	}
	proof, err := d.proof(ctx, ch.Seq)
	if err != nil {
		return err
	}
	by := d.s.cfg.issuer(how.Language, time.Now())
	var all []paper.Certificate
	to := issuing{to: ch.Caller}
	recalls, err := d.s.gate.CertifiedOwn(ctx, ch)
	if err != nil {
		return err
	}
	for _, got := range recalls {
		of := withoutNames(got)
		of.Proof = proof
		for _, g := range ch.Grants {
			if slices.Contains(of.Recall.Grants, g.ID) {
				of.Grants = append(of.Grants, g)
			}
		}
		cert, err := paper.NewCertificate(of, paper.ForPatient, by)
		if err != nil {
			return err
		}
		all, to.of = append(all, cert), append(to.of, got.Recall.Patient)
	}
	return d.issue(ctx, w, to, func(w io.Writer) error { return paper.WriteCertificates(w, all) })
}

// Proof writes the ledger's proof of the act behind a recall.
func (d *desk) Proof(ctx context.Context, c clinical.Caller, id clinical.RecallID, w io.Writer) error {
	r, err := d.s.gate.Recall(ctx, c, id)
	if err != nil {
		return err
	}
	if r.Settled.IsZero() {
		return clinical.Refuse(clinical.Unavailable, "not-settled", "Who had these pictures is still being found. Try again in a moment.")
	}
	text, err := d.s.vault.ProveSeq(ctx, r.Seq)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// ErasureCertificate writes what became of a request to erase.
func (d *desk) ErasureCertificate(ctx context.Context, c clinical.Caller, id clinical.ErasureID, how wire.Paper, w io.Writer) error {
	all, err := d.s.gate.Erasures(ctx, c)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(e clinical.Erasure) bool { return e.ID == id })
	if i < 0 {
		return clinical.ErrNotFound
	}
	out := paper.Erasing{Erasure: all[i]}
	p, err := d.s.gate.Patient(ctx, c, out.Erasure.Patient)
	switch clinical.KindOf(err) {
	case clinical.NotFound: // erased with the rest
	default:
		if err != nil {
			return err
		}
		out.Patient = p
	}
	if edition(how) == paper.ForGovernance {
		if err = d.s.gate.ErasureNames(c, out.Erasure); err != nil {
			return err
		}
		if out.People, err = d.s.gate.People(ctx, c); err != nil {
			return err
		}
	}
	if seq := out.Erasure.DecidedSeq(); seq != 0 {
		if out.Proof, err = d.proof(ctx, seq); err != nil {
			return err
		}
	}
	now := time.Now()
	if out.Index, err = d.s.indexKey(ctx, out.Erasure, now); err != nil {
		return err
	}
	cert, err := paper.NewErasureCertificate(out, edition(how), d.s.cfg.issuer(how.Language, now))
	if err != nil {
		return err
	}
	return d.issue(ctx, w, issuing{c, []clinical.PatientID{out.Erasure.Patient}}, func(w io.Writer) error {
		if how.JSON {
			return cert.WriteJSON(w)
		}
		return cert.WritePDF(w)
	})
}
