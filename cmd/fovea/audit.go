package main

import (
	"errors"
	"io"
	"maps"
	"os"
	"slices"

	"fovea/clinical"
	"fovea/vault/ledger"
)

type auditCmd struct {
	Who     auditWhoCmd     `cmd:"" help:"Who saw, changed or was denied what: of a patient, a picture, a person or a set."`
	Reached auditReachedCmd `cmd:"" help:"Everybody who ever had a picture, and how."`

	Export auditExportCmd `cmd:"" help:"Write the whole ledger, pseudonyms only, to a file."`
	Verify auditVerifyCmd `cmd:"" help:"Verify an export: needs nothing but the file, on any machine."`

	Consistent  auditConsistentCmd  `cmd:"" help:"Verify that a later export contains all of an earlier one: needs the two files only."`
	Proof       auditProofCmd       `cmd:"" help:"Prove one change: a file that verifies with the ledger's public key alone."`
	Witness     auditWitnessCmd     `cmd:"" help:"Cosign another Fovea's ledger: on another machine, without DATA."`
	VerifyProof auditVerifyProofCmd `cmd:"" name:"verify-proof" help:"Verify a proof: needs the file and the key, on any machine."`
}

type auditExportCmd struct {
	Out string `arg:"" help:"File to write."`
}

func (x auditExportCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		err := e.writeFile(x.Out, func(w io.Writer) error { return c.get(e.ctx, "/api/v1/admin/audit", w) })
		if err != nil {
			return err
		}
		return e.written(x.Out)
	})
}

type auditVerifyCmd struct {
	File string   `arg:"" help:"An export." type:"existingfile"`
	Key  []string `help:"The ledger's public key as you noted it down. Without it the key inside the export is believed." placeholder:"VKEY"`
	Seen []string `help:"A signed checkpoint that left the machine earlier; the export must contain what it covers. Repeat." placeholder:"FILE" type:"existingfile"`
}

// Help teaches.
func (auditVerifyCmd) Help() string {
	return "Recomputes the Merkle tree over every entry and checks each signed checkpoint. One flipped bit is found, and its entry named. " +
		"Needs no server and no DATA: run it on any machine.\n\nExample:\n  fovea audit verify ledger.export --key 'fovea+1a2b3c4d+…'"
}

func (x auditVerifyCmd) Run(e *env) error {
	trust := ledger.Trust{Keys: x.Key}
	for _, path := range x.Seen {
		b, err := os.ReadFile(path)
		if err != nil {
			return clinical.Refuse(clinical.Invalid, "file", "A checkpoint cannot be read. Check its path.")
		}
		trust.Seen = append(trust.Seen, b)
	}
	f, err := openExport(x.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sum, err := ledger.Verify(f, trust)
	if err != nil {
		return unverified(err)
	}
	return e.answer(sum, func(w io.Writer) {
		put(w, "verified\t%d entries, %d checkpoints, %d denied", sum.Size, sum.Checkpoints, sum.Denied)
		put(w, "from\t%s to %s", e.stamp(sum.First), e.stamp(sum.Last))
		put(w, "root\t%s", sum.Root)
		put(w, "key\t%s", sum.Key)
		if !sum.Pinned {
			put(w, "note\tthe key is the export's own: give --key to know that it is yours")
		}
		for _, act := range slices.Sorted(maps.Keys(sum.Acts)) {
			put(w, "  %s\t%d", act, sum.Acts[act])
		}
	})
}

func openExport(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, clinical.Refuse(clinical.Invalid, "file", "The export cannot be read. Check its path.")
	}
	return f, nil
}

// unverified tells an export that is at fault from one that cannot be read.
func unverified(err error) error {
	if _, ok := errors.AsType[*ledger.Fault](err); ok {
		return &clinical.Error{
			Kind: clinical.Corrupt, Reason: "audit-fault", Err: err,
			Public: "The export does not verify: " + err.Error() + ". Ask for a new export; if it fails too, the log was changed.",
		}
	}
	return clinical.Errorf(clinical.Invalid, "read the export: %w", err)
}
